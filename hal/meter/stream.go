package meter

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// Listener hears a device that talks unasked; *line.Port is one. Listen must
// not hand over what came before the call. Done sees all bytes so far: it
// returns how many of them are enough, 0 for more, or an error that ends it.
type Listener interface {
	Listen(ctx context.Context, done func([]byte) (n int, err error)) ([]byte, error)
}

// StreamOpts are the optional settings of a Stream: what is soldered in front
// of the chip.
type StreamOpts struct {
	// Divider is the upper part of the voltage divider, whose lower part is 1 kΩ.
	// 0 means the circuit of the data sheet: 1 MΩ for a CSE7766, 1.88 MΩ (4 × 470
	// kΩ) for an HLW8032. For a board with a transformer, the value that makes the
	// reading right.
	Divider physic.ElectricResistance
	// Shunt is the resistor in the current's way; 0 means 1 mΩ. For a board with a
	// current transformer, its burden over its ratio.
	Shunt physic.ElectricResistance
	// Now is the clock that tells a new count of pulses from an old one; nil means
	// time.Now.
	Now func() time.Time
}

// Stream is a CSE7766 or an HLW8032, two names of the same interface: a chip
// that says what it measures about ten times a second, unasked, at 4800 baud
// 8E1. A frame is 24 bytes, numbers high byte first:
//
//	0     1    2     5     8     11    14    17    20   21   23
//	+-----+----+-----+-----+-----+-----+-----+-----+----+----+-----+
//	|state| 5A | kV  | tV  | kI  | tI  | kP  | tP  |adj | CF | sum |
//	+-----+----+-----+-----+-----+-----+-----+-----+----+----+-----+
//	            <--------- sum of bytes 2 to 22 ----------->
//
// The k are constants of the chip, the t cycles in µs: the voltage is kV/tV
// volts behind 1 MΩ, the current kI/tI amperes through 1 mΩ, the power kP/tP
// watts, and one pulse counted in CF is kP µJ. State is 55, or AA when the
// constants were never stored, or F with bits: 3 voltage, 2 current, 1 power
// cycle too long to measure, 0 constants damaged. Adj has bit 6 for a finished
// voltage cycle, 5 current, 4 power; bit 7 turns when CF passes 65535.
//
// The sum has only eight bits, so a measurement is taken from two frames in a
// row that agree. Sources: CSE7766 user manual 1.2, sections 3.4 to 3.6;
// HLW8032 user manual 1.3 (pins, registers); frames published by Tasmota and
// electrodragon.com, whose captures have a frame every 105 ms: 50 ms after the
// last, not 50 ms long. Not verified on a chip: that the CSE7766 has the input
// range of the HLW8032, and the meaning of bit 2 alone.
type Stream struct {
	src    Listener
	limits limits
	energy counter
	now    func() time.Time
}

// NewCSE7766 returns the chip that is heard on src.
func NewCSE7766(src Listener, o StreamOpts) *Stream { return newStream(src, o, dividerCSE) }

// NewHLW8032 returns the chip that is heard on src.
func NewHLW8032(src Listener, o StreamOpts) *Stream { return newStream(src, o, dividerHLW) }

// The circuits that the constants of the chips are made for.
const (
	dividerCSE = physic.MegaOhm
	dividerHLW = 1880 * physic.KiloOhm
	shunt      = physic.MilliOhm
)

func newStream(src Listener, o StreamOpts, divider physic.ElectricResistance) *Stream {
	if o.Divider <= 0 {
		o.Divider = divider
	}
	if o.Shunt <= 0 {
		o.Shunt = shunt
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Stream{src: src, now: o.Now, limits: limits{
		volts: float64(o.Divider) / float64(physic.MegaOhm),
		amps:  float64(shunt) / float64(o.Shunt),
	}}
}

// Read waits for two frames that agree and returns what the later one says,
// usually after 0.2 to 0.35 s; bytes from before the call do not count. Energy
// is counted since the Stream was made, and not over more than 10 s without a
// measurement; a restart of the chip makes it wrong by what the largest current
// could have used since the last one. Frequency is 0, because the chip does not
// measure it. Current and Power are 0 when too little flows for the chip to
// tell: about 50 mA and 5 W. Not for use by several goroutines at once.
//
// Errors: hal.ErrSilent when nothing came; hal.ErrGarbled when no two frames
// agreed or the chip has no constants; ErrRange, also when there is no voltage;
// hal.ErrGone.
func (s *Stream) Read(ctx context.Context) (Measurement, error) {
	var f frame
	_, err := s.src.Listen(ctx, func(b []byte) (n int, err error) {
		f, n = agreed(b)
		return n, nil
	})
	if err != nil {
		return Measurement{}, fmt.Errorf("meter: %w", err)
	}
	m, err := s.limits.measure(f)
	if err != nil {
		return Measurement{}, fmt.Errorf("meter: %w", err)
	}
	m.Energy = s.energy.count(f, s.limits, s.now())
	return m, nil
}

// What the chip can tell, as volts and amperes behind 1 MΩ and 1 mΩ: 495 mV and
// 30.9 mV rms at its pins, and a thousandth of that.
const (
	fullVolts, leastVolts = 495.0, 0.495
	fullAmps              = 30.9
)

// limits is the scale of what is in front of the chip.
type limits struct{ volts, amps float64 }

// watts is the most the chip can measure.
func (l limits) watts() float64 { return fullVolts * l.volts * fullAmps * l.amps }

// measure says what f means, all but the energy.
func (l limits) measure(f frame) (Measurement, error) {
	if err := f.trouble(); err != nil {
		return Measurement{}, err
	}
	volts, amps, watts := f.volts(), f.amps(), f.watts()
	if volts >= fullVolts || volts < leastVolts {
		return Measurement{}, fmt.Errorf("voltage %.1fV: %w", volts*l.volts, ErrRange)
	}
	if amps >= fullAmps || watts >= fullVolts*fullAmps {
		return Measurement{}, fmt.Errorf("current %.1fA, power %.0fW: %w", amps*l.amps, watts*l.volts*l.amps, ErrRange)
	}
	factor, ok := powerFactor(volts*amps, watts)
	if !ok {
		return Measurement{}, fmt.Errorf("more power than voltage and current give: %w", hal.ErrGarbled)
	}
	return Measurement{
		Voltage:     physic.ElectricPotential(volts*l.volts*1e3) * physic.MilliVolt,
		Current:     physic.ElectricCurrent(amps*l.amps*1e3) * physic.MilliAmpere,
		Power:       physic.Power(watts*l.volts*l.amps*1e3) * physic.MilliWatt,
		PowerFactor: factor,
	}, nil
}

// powerFactor returns watts/va in hundredths. More than the apparent power
// cannot be, but for the errors of three measurements (5 %) and for a current so
// small that it is mostly noise (10 VA).
func powerFactor(va, watts float64) (hundredths int, ok bool) {
	if watts > 1.05*max(va, 10) {
		return 0, false
	}
	if va <= 0 {
		return 0, true
	}
	return min(100, int(100*watts/va+0.5)), true
}
