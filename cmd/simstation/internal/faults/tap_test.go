package faults

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"stationbox/hal/sim/wire"
)

// frames makes n good frames with different numbers and samples.
func frames(n int) []byte {
	var b []byte
	for i := range n {
		f := [frameLen]byte{0xA5, 0x5A, 1, 0, byte(i), 0, byte(i % 8)}
		for j := 10; j < 50; j++ {
			f[j] = byte(i*7 + j)
		}
		b = append(b, seal(&f)...)
	}
	return b
}

// good says whether f has the right CRC, found bit by bit from the polynomial.
func good(f []byte) bool {
	var rest uint32 = 0xFFFF
	for _, x := range f[2:50] {
		for bit := 7; bit >= 0; bit-- {
			in := rest>>15 ^ uint32(x>>bit)&1
			rest = rest << 1 & 0xFFFF
			if in != 0 {
				rest ^= 0x1021
			}
		}
	}
	return uint16(rest) == binary.LittleEndian.Uint16(f[50:])
}

func newTap() *tap {
	return &tap{now: func() time.Duration { return time.Second }, rng: rand.New(rand.NewPCG(1, 2)), nth: 1}
}

func TestTapFlows(t *testing.T) {
	for _, tt := range []struct {
		name string
		flow flow
		n    int
		want int // frames of ten
		good int // of them with the right CRC
	}{
		{"flowing", flowing, 0, 10, 10},
		{"silent", silent, 0, 0, 0},
		{"replayed", replayed, 0, 10, 10},
		{"repeated", repeated, 0, 10, 10},
		{"stuck", stuck, -5000, 10, 10},
		{"noisy", noisy, 0, 10, 0},
		{"gappy", gappy, 5, 8, 8},
		{"spotty", spotty, 5, 10, 8},
	} {
		p := newTap()
		last := p.spoil(frames(1))
		p.set(tt.flow, tt.n)
		got := slices.Collect(slices.Chunk(p.spoil(frames(10)), frameLen))
		sound := 0
		for _, f := range got {
			if good(f) {
				sound++
			}
		}
		if len(got) != tt.want || sound != tt.good {
			t.Errorf("%s: %d frames, %d of them good", tt.name, len(got), sound)
		}
		for _, f := range got {
			samples := f[10:50]
			switch {
			case tt.flow == replayed && !bytes.Equal(f, last),
				tt.flow == repeated && (!bytes.Equal(samples, last[10:50]) || f[4] != got[f[4]][4]),
				tt.flow == stuck && int16(binary.LittleEndian.Uint16(samples[38:])) != -5000:
				t.Errorf("%s: % x", tt.name, f)
			}
		}
	}
}

func TestTapSpoilsOnce(t *testing.T) {
	p := newTap()
	p.once(2, 2, 1, []byte("rubbish"))
	in := frames(8)
	out := p.spoil(in)
	rest, ok := bytes.CutPrefix(out, []byte("rubbish"))
	if !ok || good(rest[:frameLen]) || good(rest[frameLen:2*frameLen]) {
		t.Fatalf("rubbish and two bad frames first: %q", out[:20])
	}
	if !bytes.HasSuffix(rest, in[5*frameLen:]) {
		t.Error("the last three frames did not come through")
	}
	if cut := len(rest) - 5*frameLen; cut < 1 || cut >= frameLen {
		t.Errorf("%d bytes of a cut frame", cut)
	}
	if p.lastGood() != time.Second {
		t.Error("the good frames were not noted")
	}
}

func TestLiar(t *testing.T) {
	for _, tt := range []struct {
		lie    lie
		closed bool
		no, nc bool // contact closed: low
	}{
		{honest, true, true, false}, {honest, false, false, true},
		{saysClosed, false, true, false}, {saysOpen, true, false, true},
		{saysOther, true, false, true}, {saysOther, false, true, false},
		{bothOpen, true, false, false}, {bothClosed, false, true, true},
	} {
		l := &liar{no: "A", nc: "B", truth: func() bool { return tt.closed }, touch: func() {}}
		l.tick()
		l.tell(tt.lie)
		put := make([]wire.Level, 2)
		l.Resolve(nil, put)
		if (put[0] == wire.Low) != tt.no || (put[1] == wire.Low) != tt.nc {
			t.Errorf("lie %d of closed %v: %v", tt.lie, tt.closed, put)
		}
	}
}
