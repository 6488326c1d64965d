package device

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DVBFile is an open device file of a DVBCard.
type DVBFile struct {
	card   *DVBCard
	demux  bool
	closed chan struct{}
	shut   sync.Once

	// Under the card's lock.
	pid, at int // what is filtered, and the next section of it
	table   byte
	mask    byte
	started bool
	next    time.Time
	lost    bool // EOVERFLOW was told
	ring    dvrRing
}

// The layout of struct dtv_property on this machine.
const (
	pointerBytes = int(unsafe.Sizeof(uintptr(0)))
	propBytes    = 4 + 3*4 + (32 + 4 + 3*4 + pointerBytes) + 4
	propUnion    = 4 + 3*4
)

// The properties that the card understands.
const (
	dtvTune, dtvClear         = 1, 2
	dtvFrequency              = 3
	dtvRate                   = 8
	dtvSystem                 = 17
	dtvVersion, dtvSystems    = 35, 44
	dtvStatFirst              = 62
	dtvStatLast               = 69
	sectionEvery              = 200 * time.Millisecond
	dvbCarrier, dvbEverything = 0x03, 0x1F
)

// gone waits while the card hangs and says why nothing works.
func (f *DVBFile) gone() error {
	for {
		select {
		case <-f.closed:
			return unix.ENODEV
		default:
		}
		f.card.lock.Lock()
		mended := f.card.mended
		f.card.lock.Unlock()
		switch f.card.FaultName() {
		case "unplugged":
			return unix.ENODEV
		case "hangs":
			<-mended
			continue
		}
		return nil
	}
}

// Value does a request with a number.
func (f *DVBFile) Value(request uint32, value uintptr) error {
	if err := f.gone(); err != nil {
		return err
	}
	c := f.card
	c.lock.Lock()
	defer c.lock.Unlock()
	switch request {
	case 0x6f42:
		c.tone = value
	case 0x6f43:
		c.voltage = value
		if value == voltOff {
			c.port = 0
			c.cured("lnb_stuck")
		}
	case 0x6f41:
		c.frames = append(c.frames, fmt.Sprintf("burst %c", 'A'+rune(value)))
	case 0x6f2d, 0x6f29, 0x6f2a:
		switch {
		case !f.demux && (c.dvr != f || request != 0x6f2d):
			return unix.ENOTTY
		case c.dvr == f:
			f.ring.most = int(value)
		}
	case 0x6f3e:
		return unix.EOPNOTSUPP
	default:
		return unix.ENOTTY
	}
	return nil
}

// Struct does a request with a structure.
func (f *DVBFile) Struct(request uint32, arg []byte) error {
	if err := f.gone(); err != nil {
		return err
	}
	c := f.card
	c.lock.Lock()
	defer c.lock.Unlock()
	if want := int(request >> 16 & 0x3FFF); want != len(arg) {
		return unix.EFAULT
	}
	switch {
	case request == 0x80046f45:
		binary.NativeEndian.PutUint32(arg, c.status())
	case request == 0x80a86f3d:
		c.describe(arg)
	case request == 0x40076f3f:
		c.switched(arg)
	case request == 0x403c6f2b && f.demux:
		f.filter(arg)
	case request == 0x40146f2c && f.demux:
		return f.tap(arg)
	default:
		return unix.ENOTTY
	}
	return nil
}

// status is fe_status; c.lock is held.
func (c *DVBCard) status() uint32 {
	if c.locked() {
		return dvbEverything
	}
	if _, t, dB := c.reception(); t != nil && dB > 2 {
		return dvbCarrier
	}
	return 0
}

func (c *DVBCard) describe(arg []byte) {
	copy(arg, "Model receiver")
	for at, v := range map[int]uint32{132: 950_000, 136: 2_150_000, 148: 1_000_000, 152: 45_000_000} {
		binary.NativeEndian.PutUint32(arg[at:], v)
	}
}

// switched obeys a DiSEqC frame, when the switch has voltage and hears no tone.
func (c *DVBCard) switched(arg []byte) {
	frame := arg[:min(int(arg[6]), 6)]
	c.frames = append(c.frames, fmt.Sprintf("% X", frame))
	if c.voltage != voltOff && c.tone == lnbToneOff && len(frame) == 4 && frame[2] == 0x38 && c.opts.Port > 0 {
		c.port = 1 + int(frame[3]>>2&3)
	}
}

func (f *DVBFile) filter(arg []byte) {
	f.pid = int(binary.NativeEndian.Uint16(arg))
	f.table, f.mask = arg[2], arg[2+16]
	f.started = binary.NativeEndian.Uint32(arg[56:])&4 != 0
	f.next = time.Now().Add(sectionEvery)
}

// Properties does a request on properties.
func (f *DVBFile) Properties(request uint32, props []byte, count int) error {
	if err := f.gone(); err != nil {
		return err
	}
	size := uint32(2 * pointerBytes)
	if f.demux || len(props) != count*propBytes {
		return unix.EFAULT
	}
	c := f.card
	c.lock.Lock()
	defer c.lock.Unlock()
	for ; len(props) > 0; props = props[propBytes:] {
		cmd, union := binary.NativeEndian.Uint32(props), props[propUnion:propBytes-4]
		switch request {
		case 0x40006f52 | size<<16:
			c.set(cmd, binary.NativeEndian.Uint32(union))
		case 0x80006f53 | size<<16:
			c.get(cmd, union)
		default:
			return unix.ENOTTY
		}
	}
	return nil
}

// set takes one property; c.lock is held.
func (c *DVBCard) set(cmd, data uint32) {
	switch cmd {
	case dtvTune:
		c.tuned = time.Now()
		c.cured("slipped")
	case dtvClear:
		c.was = !c.tuned.IsZero() && c.locked()
	default:
		c.props[cmd] = data
	}
}

// get answers one property; c.lock is held.
func (c *DVBCard) get(cmd uint32, union []byte) {
	switch {
	case cmd == dtvVersion:
		binary.NativeEndian.PutUint32(union, 5<<8|11)
	case cmd == dtvSystems:
		systems := []byte{5, 6}
		if c.opts.Terrestrial {
			systems = []byte{3, 16}
		}
		binary.NativeEndian.PutUint32(union[32:], uint32(copy(union, systems)))
	case cmd >= dtvStatFirst && cmd <= dtvStatLast:
		c.statistic(cmd, union)
	}
}

// power is that of signal and noise together, in dB above the noise of a clear sky: what a
// receiver's level follows.
func power(cnr, noise float64) float64 {
	return noise + 10*math.Log10(1+math.Pow(10, cnr/10))
}

// statistic answers a struct dtv_fe_stats.
func (c *DVBCard) statistic(cmd uint32, union []byte) {
	fault := c.FaultName()
	if fault == "no_stats" {
		return
	}
	_, t, dB := c.reception()
	union[0] = 1
	scale, value := byte(1), int64(math.Round(1000*(dB+0.05*c.rng.NormFloat64())))
	switch {
	case cmd > 63:
		scale, value = 3, 0
		if cmd&1 == 1 {
			value = 1 << 20
		}
	case cmd == 62 && c.locked() && t != nil:
		value = int64(1000 * (-68 + power(dB, c.dish.Noise()) - c.loss))
	case cmd == 62:
		value = -2_554_544_930 + int64(c.rng.IntN(1e6))
	}
	if fault == "relative" && cmd <= 63 {
		scale, value = 2, int64(max(0, min(0xFFFF, dB*3000)))
	}
	union[1] = scale
	binary.NativeEndian.PutUint64(union[2:], uint64(value))
}

// orphan says whether f is a demultiplexer whose receiver is gone: it wakes who
// waits all the time and has nothing to read, as in the kernel.
func (f *DVBFile) orphan() bool { return f.demux && f.card.FaultName() == "unplugged" }

// Read returns a section when it is due, or packets.
func (f *DVBFile) Read(b []byte) (int, error) {
	if f.orphan() {
		return 0, unix.EAGAIN
	}
	if err := f.gone(); err != nil {
		return 0, err
	}
	c := f.card
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.dvr == f {
		return f.packets(b)
	}
	fault := c.FaultName()
	if !f.started || fault == "mute" || time.Now().Before(f.next) {
		return 0, unix.EAGAIN
	}
	f.next = time.Now().Add(sectionEvery)
	if fault == "overflow" && !f.lost {
		f.lost = true
		return 0, unix.EOVERFLOW
	}
	f.lost = false
	all := c.sections(uint16(f.pid))
	for range all {
		s := all[f.at%len(all)]
		f.at++
		if fault != "loose" && (s[0]^f.table)&f.mask != 0 {
			continue
		}
		n := copy(b, s)
		if fault == "damaged" {
			b[n-1] ^= 0x10
		}
		return n, nil
	}
	return 0, unix.EAGAIN
}

// Wait waits for the next section or packet.
func (f *DVBFile) Wait(ctx context.Context) error {
	c := f.card
	if f.ring.most > 0 {
		return f.flows(ctx)
	}
	for {
		if f.orphan() {
			return nil
		}
		if err := f.gone(); err != nil {
			return err
		}
		c.lock.Lock()
		wait, mended := time.Until(f.next), c.mended
		ready := f.started && c.FaultName() != "mute" && c.sections(uint16(f.pid)) != nil
		c.lock.Unlock()
		if wait <= 0 && ready {
			return nil
		}
		timer := time.NewTimer(max(wait, sectionEvery))
		select {
		case <-timer.C:
		case <-mended:
		case <-f.closed:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

// Close closes the file.
func (f *DVBFile) Close() error {
	f.shut.Do(func() {
		close(f.closed)
		f.card.lock.Lock()
		defer f.card.lock.Unlock()
		f.card.files--
		switch {
		case f.card.dvr == f:
			f.card.dvr = nil
		case f.demux:
			f.card.taps = slices.DeleteFunc(f.card.taps, func(t *DVBFile) bool { return t == f })
		default:
			f.card.cured("jammed")
		}
	})
	return nil
}
