package tuner

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// Lock is how far the receiver has come, a set of bits.
type Lock byte

// The steps to a lock.
const (
	Signal  Lock = 1 << iota // something above the noise
	Carrier                  // of the right rate
	Viterbi                  // the inner code is stable
	Sync                     // the packets are found
	Full                     // everything works
	TimedOut
	Restarted // the receiver was reset
)

// Locked says whether everything works.
func (l Lock) Locked() bool { return l&Full != 0 }

// String returns the steps: "signal, carrier"; nothing is "no signal".
func (l Lock) String() string {
	var on []string
	for i, word := range []string{"signal", "carrier", "viterbi", "sync", "lock", "timed out", "restarted"} {
		if l&(1<<i) != 0 {
			on = append(on, word)
		}
	}
	if on == nil {
		return "no signal"
	}
	return strings.Join(on, ", ")
}

// Decibel is a ratio or, of a level, a power against 1 mW.
type Decibel float64

// Share is a part of what a receiver calls everything, 0 to 1. Two receivers do not
// mean the same by it.
type Share float64

// Scale says what a Value is.
type Scale byte

// The scales.
const (
	Missing     Scale = iota // not measured, or not now
	InDecibels               // a measurement
	Relative                 // only to be compared with the same receiver's
	Implausible              // the driver says decibels which cannot be
)

// Value is one statistic of the receiver.
type Value struct {
	Scale    Scale
	Decibels Decibel // when Scale is InDecibels
	Share    Share   // when Scale is Relative
}

// DB returns the decibels and whether they are a measurement.
func (v Value) DB() (Decibel, bool) { return v.Decibels, v.Scale == InDecibels }

// String returns v with its unit.
func (v Value) String() string {
	switch v.Scale {
	case InDecibels:
		return fmt.Sprintf("%.1fdB", float64(v.Decibels))
	case Relative:
		return fmt.Sprintf("%.0f%%", 100*float64(v.Share))
	case Implausible:
		return "implausible"
	}
	return "unknown"
}

// Count is how many of how many were wrong since the receiver was tuned.
type Count struct {
	Known         bool
	Errors, Total uint64
}

// Status is how well the receiver receives.
type Status struct {
	Lock   Lock
	Level  Value // in dBm at the receiver, -120 to 0
	CNR    Value // carrier to noise, -10 to 40 dB; Missing without a carrier
	Raw    Count // bits before the inner code
	Bits   Count // bits behind it
	Blocks Count // packets that could not be repaired
}

// The ranges in thousandths of a dB. A satellite receiver takes -65 to -25 dBm, and
// 40 MHz of noise alone are -98 dBm; the best links have 25 dB of C/N. Drivers were
// seen that mark a random number of 32 bits as decibels while they have no lock.
const (
	leastLevel, mostLevel = -120_000, -1
	leastCNR, mostCNR     = -10_000, 40_000
)

// Status asks the receiver once.
func (t *Tuner) Status(ctx context.Context) (hal.Reading[Status], error) {
	return do(ctx, t, "status", t.opts.Timeout, func(_ context.Context, k Kernel) (hal.Reading[Status], error) {
		at := t.opts.Now()
		s, err := statusOf(k)
		if err != nil {
			return hal.Reading[Status]{}, err
		}
		return hal.Reading[Status]{Value: s, At: at}, nil
	})
}

func statusOf(k Kernel) (Status, error) {
	lock, err := lockOf(k)
	if err != nil {
		return Status{}, err
	}
	ask := []property{
		{cmd: propLevel}, {cmd: propCNR}, {cmd: propPreErrors}, {cmd: propPreBits},
		{cmd: propPostErrors}, {cmd: propPostBits}, {cmd: propBadBlocks}, {cmd: propBlocks},
	}
	b := machine.encode(ask)
	if err := k.Properties(machine.getProperties(), b, len(ask)); err != nil {
		return Status{}, err
	}
	return machine.status(lock, b), nil
}

// status reads the eight statistics in b.
func (w word) status(lock Lock, b []byte) Status {
	s := Status{
		Lock:   lock,
		Level:  value(w.stat(b, 0), leastLevel, mostLevel),
		Raw:    count(w.stat(b, 2), w.stat(b, 3)),
		Bits:   count(w.stat(b, 4), w.stat(b, 5)),
		Blocks: count(w.stat(b, 6), w.stat(b, 7)),
	}
	if lock&(Carrier|Full) != 0 {
		s.CNR = value(w.stat(b, 1), leastCNR, mostCNR)
	}
	return s
}

func value(s stat, least, most int64) Value {
	switch {
	case s.scale == scaleDB && (s.value < least || s.value > most):
		return Value{Scale: Implausible}
	case s.scale == scaleDB:
		return Value{Scale: InDecibels, Decibels: Decibel(s.value) / 1000}
	case s.scale == scaleRelative && s.value >= 0 && s.value <= 0xFFFF:
		return Value{Scale: Relative, Share: Share(s.value) / 0xFFFF}
	case s.scale == scaleNone:
		return Value{}
	}
	return Value{Scale: Implausible}
}

func count(wrong, all stat) Count {
	if wrong.scale != scaleCounter || all.scale != scaleCounter || wrong.value < 0 || all.value < wrong.value {
		return Count{}
	}
	return Count{Known: true, Errors: uint64(wrong.value), Total: uint64(all.value)}
}

func lockOf(k Kernel) (Lock, error) {
	var b [4]byte
	if err := k.Struct(readStatus, b[:]); err != nil {
		return 0, err
	}
	return Lock(binary.NativeEndian.Uint32(b[:]) & 0x7F), nil
}

// Info is what the driver says about the receiver.
type Info struct {
	Name                     string
	Version                  string // of the kernel's interface, "5.11"
	Satellite, Satellite2    bool   // DVB-S, DVB-S2
	Lowest, Highest          physic.Frequency
	SlowestRate, FastestRate int // symbols a second
}

// Info asks what the receiver is.
func (t *Tuner) Info(ctx context.Context) (Info, error) {
	return do(ctx, t, "information", t.opts.Timeout, func(_ context.Context, k Kernel) (Info, error) {
		b := make([]byte, sizeInfo)
		if err := k.Struct(getInfo, b); err != nil {
			return Info{}, err
		}
		i := decodeInfo(b)
		v := machine.encode([]property{{cmd: propVersion}})
		if err := k.Properties(machine.getProperties(), v, 1); err != nil {
			return Info{}, err
		}
		n := machine.data(v, 0)
		i.Version = fmt.Sprintf("%d.%d", n>>8, n&0xFF)
		systems, err := enumerate(k)
		i.Satellite, i.Satellite2 = containsByte(systems, sysDVBS), containsByte(systems, sysDVBS2)
		return i, err
	})
}

// enumerate asks for the systems that the receiver has.
func enumerate(k Kernel) ([]byte, error) {
	b := machine.encode([]property{{cmd: propSystems}})
	if err := k.Properties(machine.getProperties(), b, 1); err != nil {
		return nil, err
	}
	return machine.list(b, 0), nil
}

func containsByte(b []byte, x byte) bool { return bytes.IndexByte(b, x) >= 0 }
