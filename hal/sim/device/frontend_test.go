package device

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"stationbox/hal/sim/world"
)

// decoded is one frame as the test reads it, by the frame's description.
type decoded struct {
	flags   byte
	seq     uint16
	channel byte
	value   uint16
	samples [20]int16
}

// decode reads whole good frames and counts the bytes that are not of one.
func decode(b []byte) (frames []decoded, rubbish int) {
	for len(b) >= 52 {
		if b[0] != 0xA5 || b[1] != 0x5A || b[2] != 1 || crcByTable(b[2:50]) != binary.LittleEndian.Uint16(b[50:]) {
			b, rubbish = b[1:], rubbish+1
			continue
		}
		d := decoded{flags: b[3], seq: binary.LittleEndian.Uint16(b[4:]), channel: b[6], value: binary.LittleEndian.Uint16(b[8:])}
		for i := range d.samples {
			d.samples[i] = int16(binary.LittleEndian.Uint16(b[10+2*i:]))
		}
		frames, b = append(frames, d), b[52:]
	}
	return frames, rubbish + len(b)
}

// crcByTable is the same CRC made in another way: by division of the message
// polynomial, a byte at a time through a computed table.
func crcByTable(b []byte) uint16 {
	var table [256]uint16
	for i := range table {
		r := uint32(i) << 8
		for range 8 {
			r <<= 1
			if r&0x10000 != 0 {
				r ^= 0x11021
			}
		}
		table[i] = uint16(r)
	}
	crc := uint16(0xFFFF)
	for _, x := range b {
		crc = crc<<8 ^ table[byte(crc>>8)^x]
	}
	return crc
}

// stream lets the front end run for n steps of the world.
func stream(w *world.World, f *FrontEnd, n int) {
	for range n {
		w.DriveEdge(w.Time())
		w.Advance(w.Time() + world.Step)
		f.Tick()
	}
}

func rms(frames []decoded) float64 {
	sum, n := 0.0, 0
	for _, f := range frames {
		for _, s := range f.samples {
			v := float64(s) * 800 / 32768
			sum, n = sum+v*v, n+1
		}
	}
	return math.Sqrt(sum / float64(n))
}

func TestFrontEndStreamsTheWave(t *testing.T) {
	w := powered(t, world.Opts{RoomC: 20})
	w.ProjectorPower(true)
	hold(w, 35*time.Second)
	port := &memory{}
	f := NewFrontEnd(w, port, FrontEndOpts{})
	stream(w, f, 400)
	frames, rubbish := decode(port.take())
	if len(frames) != 400 || rubbish != 0 {
		t.Fatalf("%d frames, %d bytes of rubbish in a second", len(frames), rubbish)
	}
	slow := map[byte]uint16{}
	for i, d := range frames {
		if int(d.seq) != i || d.flags != 0 {
			t.Fatalf("frame %d: %+v", i, d)
		}
		slow[d.channel] = d.value
	}
	if v := rms(frames); math.Abs(v-220) > 0.5 {
		t.Errorf("%.2f V rms", v)
	}
	want := map[byte]uint16{0: 2200, 1: 3, 2: 1150, 3: 100, 4: 0, 5: 0, 6: 2932, 7: 0x0100}
	for channel, value := range want {
		if got := slow[channel]; math.Abs(float64(got)-float64(value)) > 5 {
			t.Errorf("slow channel %d: %d, want %d", channel, got, value)
		}
	}
}

func TestFrontEndAfterAStall(t *testing.T) {
	w := powered(t, world.Opts{})
	port := &memory{}
	f := NewFrontEnd(w, port, FrontEndOpts{})
	stream(w, f, 4)
	w.Advance(w.Time() + 200*time.Millisecond)
	f.Tick()
	frames, _ := decode(port.take())
	if len(frames) != 84 || frames[83].seq != 83 || frames[4].flags != 0 {
		t.Errorf("after 200 ms: %d frames, want 84 without loss", len(frames))
	}
	w.Advance(w.Time() + 600*time.Millisecond)
	f.Tick()
	frames, _ = decode(port.take())
	if len(frames) != 100 || frames[0].seq != 84+140 || frames[0].flags != flagOverrun || frames[1].flags != 0 {
		t.Errorf("after 600 ms: %d frames, first %+v; want 100, the first flagged, 140 numbers lost", len(frames), frames[0])
	}
}

func TestFrontEndDropsWhatNobodyReads(t *testing.T) {
	w := powered(t, world.Opts{})
	port := &memory{full: true}
	f := NewFrontEnd(w, port, FrontEndOpts{})
	stream(w, f, 1000)
	frames, _ := decode(port.take())
	if len(frames) == 0 || len(frames) > 100 || frames[0].flags != flagOverrun {
		t.Errorf("%d frames pend after 2.5 s without a reader; want at most 250 ms, the first flagged", len(frames))
	}
}

func TestFrontEndFaults(t *testing.T) {
	cases := map[string]func(frames []decoded, rubbish int) bool{
		"silent":  func(f []decoded, r int) bool { return len(f) == 0 && r == 0 },
		"garbled": func(f []decoded, r int) bool { return len(f) > 200 && len(f) < 390 && r > 0 },
		"cut":     func(f []decoded, r int) bool { return len(f) == 0 && r > 0 },
		"late":    func(f []decoded, r int) bool { return len(f) == 360 && r == 0 },
		"clipped": func(f []decoded, r int) bool { return f[10].flags|f[11].flags|f[12].flags|f[13].flags == flagClipped },
		"selftest": func(f []decoded, r int) bool {
			return len(f) == 400 && f[7].flags == flagSelfTest
		},
		"overrun": func(f []decoded, r int) bool { return len(f) == 390 && f[39].flags == flagOverrun && f[39].seq == 40 },
		"frozen":  func(f []decoded, r int) bool { return len(f) == 400 && f[3].samples == f[300].samples },
		"none":    func(f []decoded, r int) bool { return len(f) == 400 && r == 0 },
	}
	for kind, ok := range cases {
		w := powered(t, world.Opts{})
		port := &memory{}
		f := NewFrontEnd(w, port, FrontEndOpts{Seed: 3})
		if err := f.Fault(kind); err != nil {
			t.Fatal(err)
		}
		stream(w, f, 400)
		if frames, rubbish := decode(port.take()); !ok(frames, rubbish) {
			t.Errorf("%s: %d frames, %d bytes of rubbish", kind, len(frames), rubbish)
		}
		if f.FaultName() != kind {
			t.Errorf("fault %q, want %q", f.FaultName(), kind)
		}
	}
}

func TestFrontEndDoesNotAllocate(t *testing.T) {
	w := powered(t, world.Opts{})
	f := NewFrontEnd(w, nullPort{}, FrontEndOpts{})
	to := w.Time()
	if n := testing.AllocsPerRun(100, func() {
		to += world.Step
		w.Advance(to)
		f.Tick()
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func TestFrontEndOverAPTY(t *testing.T) {
	w := world.New(world.Opts{})
	port := newPTY(t)
	f := NewFrontEnd(w, port, FrontEndOpts{})
	c := openClient(t, port.Path())
	stream(w, f, 40) // 2080 bytes
	b := make([]byte, 0, 4096)
	for len(b) < 40*frameLen {
		n, err := c.Read(b[len(b):cap(b)])
		if err != nil {
			t.Fatal(err)
		}
		b = b[:len(b)+n]
	}
	if frames, rubbish := decode(b); len(frames) != 40 || rubbish != 0 {
		t.Errorf("%d frames, %d bytes of rubbish", len(frames), rubbish)
	}
	_ = c.Close()
	stream(w, f, 2000) // nobody reads
	if n := port.Pending(); n > 5200 {
		t.Errorf("%d bytes pend", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	w := world.New(world.Opts{})
	f := NewFrontEnd(w, nullPort{}, FrontEndOpts{})
	for i := range b.N {
		w.Advance(time.Duration(i) * world.Step)
		f.Tick()
	}
}
