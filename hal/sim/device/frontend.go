package device

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"stationbox/hal/sim/world"
)

// The mains front end's frame, little endian:
//
//	 0  A5 5A     sync
//	 2  u8        version = 1
//	 3  u8        flags: bit 0 clipped, bit 1 self test failed, bit 2 samples lost before
//	 4  u16       number of the frame, wraps
//	 6  u8 u8     slow channel, 0
//	 8  u16       its value, FFFF invalid
//	10  20×i16    samples at 8000 S/s; volts = sample × full scale / 32768
//	50  u16       CRC-16/CCITT-FALSE over 2..49
const (
	frameLen       = 52
	frameSamples   = world.BlockLen
	flagClipped    = 1
	flagSelfTest   = 2
	flagOverrun    = 4
	maxBurst       = 100  // frames sent at once after a stall: 250 ms
	maxUnread      = 4000 // bytes unread at which the terminal counts no further: 190 ms
	maxOver        = 1200 // bytes sent beyond that before all is dropped: 60 ms more
	lateBurst      = 60   // frames that a late front end saves up: 150 ms
	saturatedVolts = 300  // where a clipped front end clips
)

// FrontEndOpts are the options of NewFrontEnd.
type FrontEndOpts struct {
	FullScale int    // volts at sample 32768, default 800
	Seed      uint64 // of the faults
}

// FrontEnd is the mains front end: it streams the wave of the line side and a
// slow channel with each frame. It never waits for its reader: what is not read
// or not sent in time is lost and flagged.
type FrontEnd struct {
	knob
	world     *world.World
	port      Port
	rng       *rand.Rand
	fullScale float64
	next      uint64 // first sample not sent
	seq       uint16
	lost      bool // the next frame says that samples were lost
	over      int  // bytes sent since the reader was seen to be maxUnread behind
	frozen    int16
	samples   [frameSamples]float32
	out       []byte
	frames    atomic.Uint64
	dropped   atomic.Uint64
}

// backlog is what a port can tell and do about bytes that nobody reads.
type backlog interface {
	Pending() int
	Drop()
}

// NewFrontEnd returns a front end at port; its Tick belongs to the ticks of
// world.World.Run. Its own faults: clipped (ADC saturates at 300 V), selftest,
// overrun (every 40th frame is lost), frozen (the same sample for ever); late
// saves up 150 ms and sends it in one burst.
func NewFrontEnd(w *world.World, port Port, o FrontEndOpts) *FrontEnd {
	f := &FrontEnd{
		world: w, port: port, fullScale: float64(o.FullScale),
		rng: rand.New(rand.NewPCG(o.Seed, 0xfe)), next: w.Count(),
		out: make([]byte, 0, maxBurst*frameLen),
	}
	if o.FullScale == 0 {
		f.fullScale = 800
	}
	f.knob = newKnob("frontend", plug(port), append(wireKinds(), "clipped", "overrun", "selftest", "frozen")...)
	return f
}

// Tick sends the frames that are due, after a stall at most 250 ms of them in
// one burst. It belongs to one goroutine.
func (f *FrontEnd) Tick() {
	kind := f.FaultName()
	due := int(min((f.world.Count()-f.next)/frameSamples, math.MaxInt32))
	if due == 0 || kind == "late" && due < lateBurst {
		return
	}
	if due > maxBurst {
		f.skip(due - maxBurst)
		due = maxBurst
	}
	f.dropUnread(due * frameLen)
	f.out = f.out[:0]
	for range due {
		f.frame(kind)
	}
	f.send(kind)
}

// dropUnread forgets what the firmware has left unread when that, with n bytes
// more, is beyond 250 ms: a reader that comes back shall not take old samples
// for new ones.
func (f *FrontEnd) dropUnread(n int) {
	b, ok := f.port.(backlog)
	if !ok || b.Pending() <= maxUnread {
		f.over = 0
		return
	}
	if f.over += n; f.over > maxOver {
		b.Drop()
		f.over, f.lost = 0, true
	}
}

// skip loses n frames.
func (f *FrontEnd) skip(n int) {
	f.next += uint64(n) * frameSamples
	f.seq += uint16(n)
	f.lost = true
	f.dropped.Add(uint64(n))
}

// frame appends the next frame to out.
func (f *FrontEnd) frame(kind string) {
	if kind == "overrun" && f.seq%40 == 39 {
		f.skip(1)
		return
	}
	if f.world.Samples(f.next, f.samples[:]) == 0 {
		f.skip(1)
		return
	}
	at := len(f.out)
	channel, value := f.slow()
	b := append(f.out, 0xA5, 0x5A, 1, 0, byte(f.seq), byte(f.seq>>8), channel, 0, byte(value), byte(value>>8))
	clipped := false
	for _, v := range f.samples {
		s, c := f.convert(float64(v), kind)
		clipped = clipped || c
		b = append(b, byte(s), byte(uint16(s)>>8))
	}
	b[at+3] = f.flags(clipped, kind)
	b = binary.LittleEndian.AppendUint16(b, ccittFalse(b[at+2:]))
	if kind == "garbled" && f.rng.IntN(4) == 0 {
		b[at+f.rng.IntN(frameLen)] ^= 1 << f.rng.IntN(8)
	}
	f.out = b
	f.next += frameSamples
	f.seq++
	f.frames.Add(1)
}

// convert is the ADC.
func (f *FrontEnd) convert(volts float64, kind string) (sample int16, clipped bool) {
	switch kind {
	case "frozen":
		return f.frozen, false
	case "clipped":
		if math.Abs(volts) > saturatedVolts {
			volts, clipped = math.Copysign(saturatedVolts, volts), true
		}
	}
	x := math.Round(volts * 32768 / f.fullScale)
	if x > math.MaxInt16 || x < math.MinInt16 {
		x, clipped = min(max(x, math.MinInt16), math.MaxInt16), true
	}
	f.frozen = int16(x)
	return f.frozen, clipped
}

func (f *FrontEnd) flags(clipped bool, kind string) byte {
	var flags byte
	if clipped {
		flags |= flagClipped
	}
	if kind == "selftest" {
		flags |= flagSelfTest
	}
	if f.lost {
		flags |= flagOverrun
		f.lost = false
	}
	return flags
}

// slow returns the channel of this frame: 0 load-side volts in 0.1 V, 1..4 load
// currents in mA, 5 arrester contact, 6 temperature in 0.1 K, 7 version, 8 strikes
// of the arrester.
func (f *FrontEnd) slow() (channel byte, value uint16) {
	channel = byte(f.seq % 9)
	s := f.world.Slow()
	switch channel {
	case 0:
		return channel, scaled(s.LoadVolts, 10)
	case 1, 2, 3, 4:
		return channel, scaled(s.Amps[channel-1], 1000)
	case 5:
		if s.ArresterBad {
			return channel, 1
		}
		return channel, 0
	case 6:
		return channel, scaled(s.RoomC+273.15, 10)
	case 8:
		return channel, s.Strikes
	}
	return channel, 0x0100
}

// scaled returns v in steps of 1/by; FFFE is the most, FFFF would be invalid.
func scaled(v, by float64) uint16 {
	return uint16(min(max(math.Round(v*by), 0), 0xFFFE))
}

func (f *FrontEnd) send(kind string) {
	switch kind {
	case "silent", "unplugged":
		f.lost = true
		return
	case "cut":
		f.out = f.out[:max(0, len(f.out)-frameLen/2)]
	}
	if _, err := f.port.Write(f.out); err != nil {
		f.lost = true
	}
}

// ccittFalse is CRC-16/CCITT-FALSE, bit by bit.
func ccittFalse(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, x := range b {
		crc ^= uint16(x) << 8
		for range 8 {
			carry := crc & 0x8000
			crc <<= 1
			if carry != 0 {
				crc ^= 0x1021
			}
		}
	}
	return crc
}

// String describes f.
func (f *FrontEnd) String() string {
	return fmt.Sprintf("frontend: %d frames, %d dropped, %s each, fault %s", f.frames.Load(), f.dropped.Load(), time.Duration(world.Step), f.FaultName())
}
