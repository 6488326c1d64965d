package sound

import (
	"testing"
	"time"
)

// TestMicrophoneForgets: a minute of levels is all that there is, and of samples
// nothing but a sum.
func TestMicrophoneForgets(t *testing.T) {
	m := Listen(MicOpts{Now: time.Now})
	loud := make([]byte, 2*levelBlock+2)
	for i := range loud {
		loud[i] = byte(i)
	}
	for range 700 {
		m.hear(loud[:300])
		m.hear(loud[300:])
	}
	all := m.Since(0)
	if len(all) != mostLevels || all[len(all)-1].N != 700 || all[0].N != 101 || cap(m.levels) > 2*mostLevels {
		t.Errorf("%d levels, %d to %d", len(all), all[0].N, all[len(all)-1].N)
	}
	if n := testing.AllocsPerRun(100, func() { m.hear(loud) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestBlockDoesNotSpanDevices: half a block of one device is not added to another's.
func TestBlockDoesNotSpanDevices(t *testing.T) {
	m := Listen(MicOpts{})
	loud, quiet := make([]byte, levelBlock), make([]byte, 2*levelBlock) // half a block, and a whole
	for i := range loud {
		loud[i] = 0x40
	}
	m.hear(loud)
	m.note("", false, errMute)
	m.note("other", true, nil)
	m.hear(quiet)
	if l := m.Since(0); len(l) != 1 || l[0].DBFS != floorDBFS {
		t.Errorf("%+v", l)
	}
}
