package mains_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal/mains"
)

type golden struct {
	seq, flags, channel, value int
	frame                      []byte
}

func goldenFrames(t testing.TB) []golden {
	t.Helper()
	f, err := os.Open("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []golden
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		var g golden
		var text string
		if _, err := fmt.Sscan(s.Text(), &g.seq, &g.flags, &g.channel, &g.value, &text); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		if g.frame, err = hex.DecodeString(text); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	return all
}

// encode builds a frame; its check sum is computed bit by bit, not by the
// decoder's table.
func encode(seq uint16, samples [20]int16) []byte {
	b := []byte{0xA5, 0x5A, 1, 0}
	b = binary.LittleEndian.AppendUint16(b, seq)
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, 2300)
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return binary.LittleEndian.AppendUint16(b, slowCRC(b[2:]))
}

func slowCRC(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		for bit := 7; bit >= 0; bit-- {
			in := uint16(c) >> bit & 1
			out := crc >> 15
			crc <<= 1
			if in != out {
				crc ^= 0x1021
			}
		}
	}
	return crc
}

func decodeAll(d *mains.Decoder, b []byte) []mains.Frame {
	var all []mains.Frame
	d.Feed(b, func(f mains.Frame) { all = append(all, f) })
	return all
}

func TestGoldenFrames(t *testing.T) {
	d := mains.NewDecoder(800)
	frames := goldenFrames(t)
	for i, g := range frames {
		got := decodeAll(d, g.frame)
		if len(got) != 1 {
			t.Fatalf("frame %d: decoded %d frames", i, len(got))
		}
		f := got[0]
		if int(f.Seq) != g.seq || int(f.Flags) != g.flags || int(f.Channel) != g.channel || int(f.Value) != g.value {
			t.Errorf("frame %d = %+v, want %+v", i, f, g)
		}
	}
	if c := d.Counters(); c.Good != uint64(len(frames)) || c.Garbled != 0 || c.Lost != 65535-6 {
		t.Errorf("counters = %+v", c)
	}
	first := decodeAll(mains.NewDecoder(0), frames[0].frame)[0]
	if first.Samples[0] != 0 || first.Samples[19] != 9044 { // 325.27 V × sin(2π × 50 × 19/8000)
		t.Errorf("samples = %v", first.Samples)
	}
}

func TestCounts(t *testing.T) {
	a, b, c := encode(1, [20]int16{}), encode(2, [20]int16{}), encode(3, [20]int16{})
	bad := bytes.Clone(b)
	bad[20] ^= 4
	other := bytes.Clone(b)
	other[2] = 9
	binary.LittleEndian.PutUint16(other[50:], slowCRC(other[2:50]))
	for _, tc := range []struct {
		name   string
		stream [][]byte
		seqs   []uint16
		lost   int
		want   mains.Counters
	}{
		{"clean", [][]byte{a, b, c}, []uint16{1, 2, 3}, 0, mains.Counters{Good: 3}},
		{"one missing", [][]byte{a, c}, []uint16{1, 3}, 1, mains.Counters{Good: 2, Lost: 1}},
		{"noise between", [][]byte{a, {1, 0xA5, 0xA5, 3}, b}, []uint16{1, 2}, 0, mains.Counters{Good: 2, Garbled: 1, Skipped: 4}},
		{"cut frame", [][]byte{a, b[:30], c}, []uint16{1, 3}, 1, mains.Counters{Good: 2, Garbled: 1, Skipped: 30, Lost: 1}},
		{"bad check sum", [][]byte{a, bad, c}, []uint16{1, 3}, 1, mains.Counters{Good: 2, Garbled: 1, Skipped: 52, Lost: 1}},
		{"sync before a frame", [][]byte{{0xA5, 0x5A}, a, b}, []uint16{1, 2}, 0, mains.Counters{Good: 2, Garbled: 1, Skipped: 2}},
		{"another version", [][]byte{a, other, c}, []uint16{1, 3}, 1, mains.Counters{Good: 2, Unknown: 1, Lost: 1}},
		{"wraps", [][]byte{encode(65535, [20]int16{}), encode(0, [20]int16{})}, []uint16{65535, 0}, 0, mains.Counters{Good: 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := mains.NewDecoder(800)
			var seqs []uint16
			lost := 0
			for _, f := range decodeAll(d, bytes.Join(tc.stream, nil)) {
				seqs = append(seqs, f.Seq)
				lost += f.Lost
			}
			if fmt.Sprint(seqs) != fmt.Sprint(tc.seqs) || lost != tc.lost || d.Counters() != tc.want {
				t.Errorf("seqs %v lost %d %+v; want %v %d %+v", seqs, lost, d.Counters(), tc.seqs, tc.lost, tc.want)
			}
		})
	}
}

// However the bytes are cut into reads, and whatever noise stands between good
// frames, each good frame comes out once and in order.
func TestEveryGoodFrameComesOutHoweverItIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		n := rapid.IntRange(1, 8).Draw(t, "frames")
		for seq := range n {
			// Noise without a sync byte cannot swallow the frame after it.
			noise := rapid.SliceOfN(rapid.ByteRange(0, 0xA4), 0, 70).Draw(t, "noise")
			stream = append(stream, noise...)
			stream = append(stream, encode(uint16(seq), [20]int16{int16(seq)})...)
		}
		d := mains.NewDecoder(800)
		var got []mains.Frame
		for len(stream) > 0 {
			k := rapid.IntRange(1, len(stream)).Draw(t, "cut")
			got = append(got, decodeAll(d, stream[:k])...)
			stream = stream[k:]
		}
		if len(got) != n {
			t.Fatalf("%d frames, want %d", len(got), n)
		}
		for i, f := range got {
			if int(f.Seq) != i || int(f.Samples[0]) != i || f.Lost != 0 {
				t.Fatalf("frame %d = %+v", i, f)
			}
		}
	})
}

func TestSlowValues(t *testing.T) {
	for _, c := range []struct {
		ch    mains.Channel
		value uint16
		want  mains.Slow
		ok    bool
	}{
		{mains.LoadVoltage, 2301, mains.Slow{Voltage: 230100 * physic.MilliVolt}, true},
		{mains.LoadCurrent1, 1234, mains.Slow{Load: 1, Current: 1234 * physic.MilliAmpere}, true},
		{mains.LoadCurrent4, 0, mains.Slow{Load: 4}, true},
		{mains.Arrester, 0, mains.Slow{}, true},
		{mains.Arrester, 1, mains.Slow{Open: true}, true},
		{mains.Arrester, 2, mains.Slow{Open: false}, false},
		{mains.Temperature, 3031, mains.Slow{Temperature: 303100 * physic.MilliKelvin}, true},
		{mains.Firmware, 7, mains.Slow{Version: 7}, true},
		{mains.LoadVoltage, mains.Invalid, mains.Slow{}, false},
		{mains.Strikes, 12, mains.Slow{Strikes: 12}, true},
		{mains.Channel(9), 1, mains.Slow{}, false},
	} {
		f := mains.Frame{Channel: c.ch, Value: c.value}
		if got, ok := f.Slow(); got != c.want || ok != c.ok {
			t.Errorf("%v %d: %+v, %v; want %+v, %v", c.ch, c.value, got, ok, c.want, c.ok)
		}
	}
}

func TestVolts(t *testing.T) {
	d := mains.NewDecoder(800)
	for _, c := range []struct {
		sample int16
		want   physic.ElectricPotential
	}{{0, 0}, {16384, 400 * physic.Volt}, {-32768, -800 * physic.Volt}} {
		if got := d.Volts(c.sample); got != c.want {
			t.Errorf("Volts(%d) = %v, want %v", c.sample, got, c.want)
		}
	}
}

func TestFeedAllocatesNothing(t *testing.T) {
	d := mains.NewDecoder(800)
	b := bytes.Repeat(encode(0, [20]int16{1, 2, 3}), 10)
	b[77] ^= 1
	n := 0
	count := func(mains.Frame) { n++ }
	if allocs := testing.AllocsPerRun(100, func() { d.Feed(b, count) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if n == 0 {
		t.Error("nothing decoded")
	}
}

func FuzzDecoder(f *testing.F) {
	for _, g := range goldenFrames(f) {
		f.Add(g.frame, uint8(7))
	}
	a, b := encode(1, [20]int16{}), encode(2, [20]int16{-1})
	f.Add(append(a[:30:30], b...), uint8(51))
	f.Add([]byte{0xA5, 0xA5, 0x5A, 0xA5, 0x5A}, uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, cut uint8) {
		whole, pieces := mains.NewDecoder(800), mains.NewDecoder(800)
		want := decodeAll(whole, stream)
		var got []mains.Frame
		for rest := stream; len(rest) > 0; {
			k := min(int(cut)+1, len(rest))
			got = append(got, decodeAll(pieces, rest[:k])...)
			rest = rest[k:]
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || whole.Counters() != pieces.Counters() {
			t.Fatalf("cut into %d: %d frames %+v, whole %d frames %+v", cut+1, len(got), pieces.Counters(), len(want), whole.Counters())
		}
		c := whole.Counters()
		if used := (c.Good+c.Unknown)*mains.FrameSize + c.Skipped + uint64(whole.Pending()); used != uint64(len(stream)) {
			t.Fatalf("%d bytes accounted for, of %d: %+v", used, len(stream), c)
		}
		// After anything, 52 bytes of quiet and a good frame are understood.
		again := decodeAll(whole, append(make([]byte, mains.FrameSize), encode(9, [20]int16{})...))
		if len(again) == 0 || again[len(again)-1].Seq != 9 {
			t.Fatalf("does not find its way back: %+v", again)
		}
	})
}
