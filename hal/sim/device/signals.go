package device

import (
	"fmt"
	"sync/atomic"

	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// signals is a pair of volt-free contacts of a helper beside the mains: they pull
// their pins to ground. What closes them is the mains of the world.
type signals struct {
	knob
	world *world.World
	pins  []string
	live  atomic.Bool
	touch func()
	low   func(live bool, i int) bool // whether pin i is pulled to ground
}

func newSignals(name string, w *world.World, pins *wire.Pins, names []string, low func(s *signals, live bool, i int) bool, kinds ...string) *signals {
	s := &signals{world: w, pins: names}
	s.low = func(live bool, i int) bool { return low(s, live, i) }
	s.live.Store(w.MainsOn())
	s.knob = newKnob(name, func(string) error { s.touch(); return nil }, kinds...)
	s.touch = pins.Attach(s)
	return s
}

// Tick lets the contacts follow the mains; it belongs to the ticks of the world.
func (s *signals) Tick() {
	if live := s.world.MainsOn(); s.live.Swap(live) != live {
		s.touch()
	}
}

// Pins returns the pins that are wired.
func (s *signals) Pins() []string { return s.pins }

// Resolve puts the contacts on their pins.
func (s *signals) Resolve(_ []wire.Drive, put []wire.Level) {
	for i := range s.pins {
		put[i] = wire.Float
		if s.FaultName() != "cut" && s.low(s.live.Load(), i) {
			put[i] = wire.Low
		}
	}
}

// Opto is a mains-present module before the contactor: its output is low while
// there is mains. Its faults: lit and dark (stuck that way), cut (the wire).
type Opto struct{ *signals }

// NewOpto wires a module to pin.
func NewOpto(w *world.World, pins *wire.Pins, pin string) Opto {
	return Opto{newSignals("opto", w, pins, []string{pin}, func(s *signals, live bool, _ int) bool {
		return s.FaultName() == "lit" || live && s.FaultName() != "dark"
	}, "lit", "dark", "cut")}
}

// String describes o.
func (o Opto) String() string {
	return fmt.Sprintf("opto: lit %v, fault %s", o.live.Load(), o.FaultName())
}

// UPS feeds the computer. Its contacts are closed while all is well: the first
// opens on battery, the second when the battery is nearly empty, which here is a
// fault called low that shows while it is on battery; cut is the wire of both.
type UPS struct{ *signals }

// NewUPS wires the two contacts.
func NewUPS(w *world.World, pins *wire.Pins, onBattery, low string) UPS {
	return UPS{newSignals("ups", w, pins, []string{onBattery, low}, func(s *signals, live bool, i int) bool {
		return i == 0 && live || i == 1 && (live || s.FaultName() != "low")
	}, "low", "cut")}
}

// String describes u.
func (u UPS) String() string {
	return fmt.Sprintf("ups: on battery %v, fault %s", !u.live.Load(), u.FaultName())
}
