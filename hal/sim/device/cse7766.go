package device

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"stationbox/hal/sim/world"
)

// CSE7766Opts are the options of NewCSE7766.
type CSE7766Opts struct {
	// DividerMOhm is the upper part of the voltage divider over 1 kΩ: default 1, as
	// a CSE7766 has it; 1.88 makes it an HLW8032.
	DividerMOhm float64
	// MainsFed makes the chip silent below 80 V, and count from 0 after that;
	// without it the station feeds the chip, which then says that there is no voltage.
	MainsFed bool
	Baud     int    // paces the frames, default 4800; negative: at once
	Seed     uint64 // of the gain error and the faults
}

// CSE7766 is a metering chip on the line side of the contactor, a CSE7766 or an
// HLW8032: every 105 ms it says what it measures and hears nothing.
//
//	55 5A kV kV kV tV tV tV kI kI kI tI tI tI kP kP kP tP tP tP adj CF CF sum
//
// Voltage is k/t V behind 1 MΩ, current k/t A through 1 mΩ, power k/t W, a pulse
// in CF k µJ; big endian. A cycle that grows too long sets a bit of the state F0.
type CSE7766 struct {
	serial
	world    *world.World
	scale    float64
	mainsFed bool
	gain     float64
	frames   atomic.Int64

	// Of the goroutine in Run alone.
	zeroWh float64 // when CF was 0
	frozen []byte  // what a frozen chip goes on saying
}

// The constants of the chip, as in published frames, and its range.
const (
	chipK, chipKI, chipKP = 191200, 16140, 5364000
	chipMaxVolts          = 495   // behind 1 MΩ
	chipMinVolts          = 0.5   // behind 1 MΩ
	chipNoise             = 0.046 // A that it sees without a load
	chipMinWatts          = 5     // below, the power cycle is not finished in time
	chipLongCycle         = 0xFEFF01
	chipPause             = 50 * time.Millisecond
)

// NewCSE7766 returns a metering chip at port. Its own faults are frozen: the
// values stand, and saturated: it says the end of its range.
func NewCSE7766(w *world.World, port Port, o CSE7766Opts) *CSE7766 {
	c := &CSE7766{world: w, scale: o.DividerMOhm, mainsFed: o.MainsFed}
	if c.scale <= 0 {
		c.scale = 1
	}
	c.port, c.baud = port, max(0, o.Baud)
	if o.Baud == 0 {
		c.baud = 4800
	}
	c.rng = rand.New(rand.NewPCG(o.Seed, 0x7766))
	c.gain = 1 + 0.004*(c.rng.Float64()-0.5)
	c.knob = newKnob("meter", plug(port), append(wireKinds(), "frozen", "saturated")...)
	return c
}

// Run talks until ctx ends. A frame takes 55 ms on the line, of which send
// paces 50: it counts ten bits a character, but even parity makes eleven.
func (c *CSE7766) Run(ctx context.Context) error {
	rest := chipPause + 5*time.Millisecond
	if c.baud == 0 {
		rest = chipPause + 55*time.Millisecond
	}
	for sleep(ctx, rest) {
		if frame := c.frame(c.world.Snapshot()); frame != nil {
			c.send(ctx, frame)
			c.frames.Add(1)
		}
	}
	return nil
}

// frame returns what the chip says now, nil for nothing.
func (c *CSE7766) frame(snap world.Snapshot) []byte {
	if c.mainsFed && snap.Mains.Volts < meterMinVolts {
		c.zeroWh = snap.EnergyWh
		return nil
	}
	if c.FaultName() == "frozen" && c.frozen != nil {
		return c.frozen
	}
	c.frozen = c.measured(snap)
	return c.frozen
}

// measured encodes what is to be seen in snap.
func (c *CSE7766) measured(snap world.Snapshot) []byte {
	volts := min(snap.Mains.Volts*c.gain/c.scale, chipMaxVolts)
	if c.FaultName() == "saturated" {
		volts = chipMaxVolts
	}
	watts := snap.TotalWatts * c.gain / c.scale
	state, adj := byte(0x55), byte(0x71)
	if volts < chipMinVolts {
		state, adj = 0xFA, 0x01
	} else if watts < chipMinWatts {
		state, adj = 0xF2, 0x61
	}
	pulses := int64((snap.EnergyWh - c.zeroWh) * c.gain * 3600 / (chipKP * 1e-6 * c.scale))
	adj |= byte(pulses>>16&1) << 7
	b := []byte{state, 0x5A}
	b = threeBytes(b, chipK, cycle(chipK, volts))
	b = threeBytes(b, chipKI, cycle(chipKI, max(snap.TotalAmps*c.gain, chipNoise)))
	b = threeBytes(b, chipKP, cycle(chipKP, watts))
	b = append(b, adj, byte(pulses>>8), byte(pulses))
	return append(b, byteSum(b[2:]))
}

// cycle is the time in µs that stands for value.
func cycle(k, value float64) uint32 {
	return uint32(min(math.Floor(k/max(value, 1e-9)), chipLongCycle))
}

// threeBytes appends each of values as three bytes.
func threeBytes(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = append(b, byte(v>>16), byte(v>>8), byte(v))
	}
	return b
}

func byteSum(b []byte) (sum byte) {
	for _, x := range b {
		sum += x
	}
	return sum
}

// String describes c.
func (c *CSE7766) String() string {
	return fmt.Sprintf("meter: %d frames, fault %s", c.frames.Load(), c.FaultName())
}
