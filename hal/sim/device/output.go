package device

import (
	"fmt"
	"sync/atomic"

	"stationbox/hal/sim/wire"
)

// Output is something that an output pin switches: a lamp, a buzzer.
type Output struct {
	knob
	on      atomic.Bool
	changes atomic.Int64
}

// NewOutput wires an output called name to pin; high is on. It has no faults.
func NewOutput(pins *wire.Pins, name, pin string) *Output {
	o := &Output{knob: newKnob(name, nil)}
	o.on.Store(pins.Level(pin))
	pins.Watch(pin, func(high bool) {
		o.on.Store(high)
		o.changes.Add(1)
	})
	return o
}

// On reports whether it is on.
func (o *Output) On() bool { return o.on.Load() }

// Changes returns how often it was switched.
func (o *Output) Changes() int { return int(o.changes.Load()) }

// String describes o.
func (o *Output) String() string { return fmt.Sprintf("%s: on %v", o.name, o.On()) }
