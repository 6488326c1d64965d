package live

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// ticks is n frames of a stream, as one piece.
func ticks(m *mux, n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, m.tick(i)...)
	}
	return b
}

// ticks2 is the frames from one to another, a piece each.
func ticks2(m *mux, from, to int) (all [][]byte) {
	for i := range to {
		if b := m.tick(i); i >= from {
			all = append(all, b)
		}
	}
	return all
}

// run feeds pieces and returns what comes out.
func (d *demux) run(pieces ...[]byte) (out []byte, entries int) {
	for _, b := range pieces {
		d.feed(b, func(p []byte, f frame) {
			out = append(out, p...)
			if f.entry {
				entries++
			}
		})
	}
	return out, entries
}

func TestAProgrammeIsRead(t *testing.T) {
	d := newDemux(0)
	out, entries := d.run(ticks(newMux(), 100))
	if d.frames != 100 || d.lost != 0 || d.garbage != 0 || entries != 4 || !d.picture || d.number != 7 {
		t.Errorf("%+v, %d entries", d.counts, entries)
	}
	if !isTS(out) || len(out) < 200*packetSize {
		t.Errorf("%d bytes out", len(out))
	}
	// What comes out is a stream of its own, and can be begun at any point.
	again := newDemux(7)
	if _, n := again.run(out); n != 4 || again.frames != 100 || again.lost != 0 {
		t.Errorf("read again: %+v", again.counts)
	}
	head := d.head()
	late, _ := d.run(ticks2(newMux(), 100, 130)...)
	again = newDemux(0)
	if _, n := again.run(head, late); n != 2 || again.frames != 30 || again.lost != 0 {
		t.Errorf("begun later: %+v, %d entries", again.counts, n)
	}
}

func TestOtherProgrammesStayOut(t *testing.T) {
	a, b := newMux(), newMux()
	b.number, b.pmtPID, b.video, b.audio = 8, 0x200, 0x201, 0x202
	var all []byte
	for i := range 100 {
		if i%25 == 0 {
			all = append(all, a.pat(7, 8)...)
			all = append(append(all, a.pmt()...), b.pmt()...)
		}
		all = append(all, a.frame(a.video, uint64(i)*3600, true)...)
		all = append(all, b.frame(b.video, uint64(i/2)*3600, true)...)
	}
	d := newDemux(8)
	out, _ := d.run(all)
	if d.frames != 50 || d.lost != 0 {
		t.Errorf("%+v", d.counts)
	}
	only := newDemux(0)
	only.run(out)
	if only.number != 8 || only.packets > 110 {
		t.Errorf("out: programme %d, %+v", only.number, only.counts)
	}
	if d := newDemux(9); true {
		if d.run(all); d.number != 0 || d.frames != 0 {
			t.Errorf("programme 9: %+v", d.counts)
		}
	}
}

func TestLossesAreCounted(t *testing.T) {
	m := newMux()
	b := ticks(m, 50)
	for _, gone := range []int{1, 3, 10} {
		d := newDemux(0)
		at := 60 * packetSize
		d.run(b[:at], b[at+gone*packetSize:])
		if d.lost != uint64(gone) {
			t.Errorf("%d gone, %d counted", gone, d.lost)
		}
	}
	d := newDemux(0)
	at := 60 * packetSize
	if d.run(b[:at], b[at-packetSize:]); d.lost != 0 || d.frames != 50 { // sent twice, as is allowed
		t.Errorf("%+v", d.counts)
	}
	damaged := bytes.Clone(b)
	damaged[60*packetSize+1] |= 0x80
	d = newDemux(0)
	if d.run(damaged); d.lost != 2 { // damaged, and missing behind it
		t.Errorf("%+v", d.counts)
	}
}

func TestFramesAreNewOnes(t *testing.T) {
	tests := []struct {
		name string
		pts  []uint64
		want uint64
	}{
		{"forward", []uint64{0, 3600, 7200}, 3},
		{"the same again", []uint64{0, 3600, 3600, 3600}, 2},
		{"out of order", []uint64{3600, 14400, 7200, 10800, 18000}, 3},
		{"over the end of the clock", []uint64{1<<33 - 3600, 0, 3600}, 3},
		{"a sender that began anew", []uint64{900000, 0, 3600}, 3},
		{"back and forth within a second", []uint64{90000, 45000, 90000, 45000}, 1},
	}
	for _, tt := range tests {
		m, d := newMux(), newDemux(0)
		b := append(m.pat(7), m.pmt()...)
		for _, p := range tt.pts {
			b = append(b, m.frame(m.video, p, false)...)
		}
		if d.run(b); d.frames != tt.want {
			t.Errorf("%s: %d frames, want %d", tt.name, d.frames, tt.want)
		}
	}
}

func TestRadioIsJudgedByItsSound(t *testing.T) {
	m, d := newMux(), newDemux(0)
	m.videoType = 0x05 // private sections
	d.run(ticks(m, 30))
	if d.picture || d.clockPID != m.audio || d.frames != 30 {
		t.Errorf("%+v", d.counts)
	}
}

func TestScrambledPicturesAreNoFrames(t *testing.T) {
	m, d := newMux(), newDemux(0)
	m.scrambled = true
	if d.run(ticks(m, 30)); d.frames != 0 || d.scrambled != 30 {
		t.Errorf("%+v", d.counts)
	}
}

func TestADamagedTableIsNotBelieved(t *testing.T) {
	m := newMux()
	good := append(m.pat(7), m.pmt()...)
	for at := 5; at < 5+16; at++ {
		b := bytes.Clone(good)
		b[at] ^= 0x10
		d := newDemux(0)
		if d.run(b); d.number != 0 && d.number != 7 {
			t.Errorf("byte %d: programme %d", at, d.number)
		}
	}
}

// However the bytes are cut, and whatever stands before them, the same comes out.
func TestCutsDoNotMatter(t *testing.T) {
	whole := ticks(newMux(), 60)
	want, _ := newDemux(0).run(whole)
	rapid.Check(t, func(t *rapid.T) {
		noise := rapid.SliceOfN(rapid.ByteMax(0x46), 0, 400).Draw(t, "noise")
		d, rest := newDemux(0), append(noise, whole...)
		var out []byte
		for len(rest) > 0 {
			n := rapid.IntRange(1, min(2000, len(rest))).Draw(t, "piece")
			b, _ := d.run(rest[:n])
			out, rest = append(out, b...), rest[n:]
		}
		if !bytes.Equal(out, want) || d.garbage != uint64(len(noise)) {
			t.Fatalf("%d bytes of %d, %d garbage of %d", len(out), len(want), d.garbage, len(noise))
		}
	})
}

// After any noise the next second of a good stream is read.
func FuzzDemux(f *testing.F) {
	good := ticks(newMux(), 3)
	f.Add(good)
	f.Add(bytes.Repeat([]byte{syncByte}, 1000))
	f.Add(append([]byte("noise"), good...))
	cut := bytes.Clone(good)
	copy(cut[200:], good[3:90])
	f.Add(cut)
	for i := range 8 { // tables with lengths that lie
		b := bytes.Clone(good)
		b[4+1+1+i] ^= 0xff
		f.Add(b)
	}
	rest := ticks(newMux(), 60)
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newDemux(0)
		out, _ := d.run(b)
		if len(out)%packetSize != 0 || len(d.rest) > packetSize {
			t.Fatalf("%d bytes out, %d kept", len(out), len(d.rest))
		}
		was := d.frames
		if d.run(rest); d.frames < was+30 && d.number == 7 && d.pmtPID == 0x100 {
			t.Fatalf("%d frames after noise: %+v", d.frames-was, d.counts)
		}
	})
}

func TestNoiseTakesNoMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := newDemux(0)
	b := make([]byte, 64<<10)
	for range 300 {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		d.run(b)
		if cap(d.rest) > 4096 || cap(d.pat.buf) > 4*mostTable {
			t.Fatalf("kept %d and %d bytes", cap(d.rest), cap(d.pat.buf))
		}
	}
	if d.frames != 0 || d.garbage == 0 {
		t.Errorf("%+v", d.counts)
	}
}
