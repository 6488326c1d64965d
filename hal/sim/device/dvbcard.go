package device

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal/sim/world"
)

// DVBCardOpts are the options of NewDVBCard.
type DVBCardOpts struct {
	// LowMHz and HighMHz are the oscillators of the LNB, changed by the tone; HighMHz
	// 0 means one. The default is 9750 and 10600. Above what is received, 5150, the
	// LNB mirrors.
	LowMHz, HighMHz int
	// Port is where a DiSEqC switch has the LNB, 1 to 4; 0 means no switch.
	Port int
	// Terrestrial is a receiver that cannot do satellites at all.
	Terrestrial bool
	// NoWhole is a receiver that cannot hand out a whole carrier.
	NoWhole bool
	Now     func() time.Time // of the broadcaster; nil means time.Now
	Seed    uint64           // of the noise
}

// DVBCard is a satellite receiver with its LNB behind the device files of the
// kernel, as a driver sees them through Open, with the structures laid out by
// itself. It has the bad habits that drivers were seen to have: without a lock its
// level is a random number marked as decibels, and for a moment after tuning it
// still tells the lock of before.
//
// Its kinds:
//
//	no_stats    the driver has no statistics
//	relative    they are shares of something
//	damaged     every section has a wrong bit
//	overflow    sections get lost
//	loose       every table of a PID comes, whatever was asked for
//	mute        locked, and nothing comes
//	scrambled   what is not a table needs a key
//	slipped     there is no lock until the receiver is tuned anew
//	lnb_stuck   the LNB is dead until it was without voltage
//	jammed      there is no lock until the frontend was closed
//	busy        another program has the frontend
//	hangs       requests do not come back
//	unplugged   the receiver is gone
type DVBCard struct {
	knob
	dish *world.Dish
	opts DVBCardOpts

	lock    sync.Mutex
	mended  chan struct{} // closed when a hang ends
	rng     *rand.Rand
	voltage uintptr
	tone    uintptr
	port    int // that the switch has been told, 0: none
	frames  []string
	props   map[uint32]uint32
	tuned   time.Time // zero: never
	was     bool      // locked before that
	files   int       // open ones
	stuck   string    // what goes on until something is done about it
	drift   int       // kHz
	loss    float64   // dB of the level
	sends   map[uint16]*transmission
	taps    []*DVBFile // of packets
	dvr     *DVBFile   // nil: not open
}

// NewDVBCard returns a receiver on the cable of dish.
func NewDVBCard(dish *world.Dish, o DVBCardOpts) *DVBCard {
	if o.LowMHz == 0 {
		o.LowMHz, o.HighMHz = 9750, 10600
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &DVBCard{
		dish: dish, opts: o, voltage: voltOff, tone: lnbToneOff, mended: make(chan struct{}),
		rng: rand.New(rand.NewPCG(o.Seed, 0xd5b)), props: map[uint32]uint32{}, sends: map[uint16]*transmission{},
	}
	c.knob = newKnob("tuner", c.changed, "no_stats", "relative", "damaged", "overflow", "loose", "mute", "scrambled",
		"slipped", "lnb_stuck", "jammed", "busy", "hangs", "unplugged")
	return c
}

// changed ends a hang, and begins what goes on by itself.
func (c *DVBCard) changed(kind string) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.stuck = kind
	close(c.mended)
	c.mended = make(chan struct{})
	return nil
}

// cured ends what that remedy helps against; c.lock is held.
func (c *DVBCard) cured(kind string) {
	if c.stuck == kind {
		c.stuck = "none"
	}
}

// Open opens a device file, whose name ends in frontend0, demux0 or dvr0. The dvr can be
// open once.
func (c *DVBCard) Open(name string) (*DVBFile, error) {
	kind := name[strings.LastIndexByte(name, '/')+1:]
	fault := c.FaultName()
	if fault == "unplugged" || kind != "frontend0" && kind != "demux0" && kind != "dvr0" {
		return nil, unix.ENOENT
	}
	if fault == "busy" && kind == "frontend0" {
		return nil, unix.EBUSY
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	f := &DVBFile{card: c, demux: kind == "demux0", closed: make(chan struct{})}
	if kind == "dvr0" {
		if c.dvr != nil {
			return nil, unix.EBUSY
		}
		f.ring.most, c.dvr = dvrDefault, f
	}
	c.files++
	return f, nil
}

// Files returns how many files are open.
func (c *DVBCard) Files() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.files
}

// The words of the cable, as the kernel numbers them.
const (
	volt13, volt18, voltOff = 0, 1, 2
	lnbToneOn, lnbToneOff   = 0, 1
)

// Cable returns what is on it and the frames that the switch has heard.
func (c *DVBCard) Cable() (volts int, tone bool, frames []string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	volts = map[uintptr]int{volt13: 13, volt18: 18}[c.voltage]
	return volts, c.tone == lnbToneOn, append(frames, c.frames...)
}

// lockAfter is how long the receiver needs, stale how long it tells the past.
const (
	dvbLockAfter = 300 * time.Millisecond
	dvbStale     = 120 * time.Millisecond
	dvbThreshold = 5.8
)

// reception is what comes down the cable; c.lock is held.
func (c *DVBCard) reception() (b *world.Bird, t *world.Carrier, dB float64) {
	if c.tuned.IsZero() || c.voltage == voltOff || c.opts.Port != c.port || c.loss > deafAt ||
		slices.Contains([]string{"slipped", "lnb_stuck", "jammed"}, c.stuck) {
		return nil, nil, 0
	}
	oscillator := c.opts.LowMHz
	if c.opts.HighMHz != 0 && c.tone == lnbToneOn {
		oscillator = c.opts.HighMHz
	}
	cable := int(c.props[dtvFrequency])
	sky := oscillator*1000 + cable
	if oscillator < 6000 {
		sky = oscillator*1000 - cable
	}
	return c.dish.Hears(sky+c.drift, c.voltage == volt18, int(c.props[dtvRate]), c.props[dtvSystem] == 6)
}

// locked says whether the receiver tells a lock; c.lock is held.
func (c *DVBCard) locked() bool {
	since := time.Since(c.tuned)
	if c.was && since < dvbStale {
		return true
	}
	_, t, dB := c.reception()
	return t != nil && dB >= dvbThreshold && since >= dvbLockAfter
}

// sections returns what is sent on pid, c.lock is held.
func (c *DVBCard) sections(pid uint16) [][]byte {
	b, t, _ := c.reception()
	if !c.locked() || t == nil {
		return nil
	}
	if list, ok := c.sent(t, pid); ok {
		return list
	}
	now := c.opts.Now()
	switch pid {
	case 0x00:
		return [][]byte{broadcastPAT(t)}
	case 0x10:
		return [][]byte{broadcastNIT(b)}
	case 0x11:
		other := broadcastSDT(&world.Carrier{Stream: t.Stream + 1})
		other = longSection(0x46, t.Stream+1, other[8:len(other)-4]...)
		return [][]byte{other, broadcastSDT(t)}
	case 0x14:
		return [][]byte{broadcastTDT(now), broadcastTOT(now)}
	}
	return nil
}

// String describes c.
func (c *DVBCard) String() string {
	volts, tone, _ := c.Cable()
	c.lock.Lock()
	defer c.lock.Unlock()
	return fmt.Sprintf("tuner: %d V, tone %v, locked %v, fault %s", volts, tone, c.locked(), c.FaultName())
}
