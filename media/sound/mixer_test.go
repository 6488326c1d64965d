package sound

import (
	"encoding/binary"
	"math"
	"testing"
)

func level(n int, v int16) Clip {
	c := make(Clip, n)
	for i := range c {
		c[i] = v
	}
	return c
}

// left fills n samples and returns the left channel; the right must be equal.
func left(t *testing.T, m *mixer, n int) []int16 {
	t.Helper()
	out := make([]byte, 4*n)
	m.fill(out)
	c := make([]int16, n)
	for i := range c {
		c[i] = int16(binary.LittleEndian.Uint16(out[4*i:]))
		if r := int16(binary.LittleEndian.Uint16(out[4*i+2:])); r != c[i] {
			t.Fatalf("sample %d: left %d, right %d", i, c[i], r)
		}
	}
	return c
}

func TestMixerAddsVoicesAndQueuesSpeech(t *testing.T) {
	var m mixer
	m.turn(true)
	m.say(level(2, 100))
	m.say(nil)
	m.say(level(2, 200))
	m.play(level(3, 10))
	m.play(level(1, 1))
	for i, want := range []int16{111, 110, 210, 200, 0, 0} {
		if got := left(t, &m, 1)[0]; got != want {
			t.Errorf("sample %d is %d, want %d", i, got, want)
		}
	}
	if busy, dropped := m.busy(); busy || dropped != 0 {
		t.Errorf("busy %v, dropped %d", busy, dropped)
	}
}

// TestMixerNeverClips: what is too loud together is turned down, and what comes a
// second later is as loud as ever.
func TestMixerNeverClips(t *testing.T) {
	var m mixer
	m.turn(true)
	loud := make(Clip, Rate/10)
	for i := range loud {
		loud[i] = int16(30000 * (1 - 2*(i/24%2)))
	}
	for range 3 {
		m.play(loud)
	}
	for i, v := range left(t, &m, len(loud)) {
		if want := ceiling; math.Abs(math.Abs(float64(v))-want) > 3 || (v > 0) != (loud[i] > 0) {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
	_ = left(t, &m, Rate)
	m.play(loud[:100])
	if v := left(t, &m, 100)[50]; math.Abs(float64(v)) < 29980 {
		t.Errorf("still turned down: %d", v)
	}
}

func TestMixerIsBounded(t *testing.T) {
	var m mixer
	m.play(Clip{1}) // no device yet
	m.turn(true)
	for range 100 {
		m.play(Clip{1})
		m.say(Clip{1})
	}
	if _, dropped := m.busy(); dropped != 1+100-mostVoices+100-mostQueued {
		t.Errorf("dropped %d", dropped)
	}
	m.turn(false)
	if c := left(t, &m, 1); c[0] != 0 {
		t.Errorf("sound of before an unplug is played late: %v", c)
	}
}

func TestFillAllocatesNothing(t *testing.T) {
	var m mixer
	m.turn(true)
	m.play(level(1<<20, 1))
	m.say(level(1<<20, 1))
	out := make([]byte, 4*480)
	if n := testing.AllocsPerRun(100, func() { m.fill(out) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSynthesisedSounds(t *testing.T) {
	for name, c := range map[string]Clip{"ok": beepOK(), "no": beepNo(), "bell": strikes()} {
		peak, jump := 0, 0
		for i, v := range c {
			peak = max(peak, int(v), -int(v))
			if i > 0 {
				jump = max(jump, int(v)-int(c[i-1]), int(c[i-1])-int(v))
			}
		}
		if peak < 6000 || peak > 31000 {
			t.Errorf("%s: peak %d", name, peak)
		}
		if edge := max(int(c[0]), int(c[len(c)-1])); edge > 300 || jump > 12000 {
			t.Errorf("%s: clicks: edge %d, jump %d", name, edge, jump)
		}
	}
}
