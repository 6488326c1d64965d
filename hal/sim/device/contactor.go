package device

import (
	"fmt"
	"sync/atomic"

	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// ContactorOpts names the pins of the contactor and the relays.
type ContactorOpts struct {
	Drive  string
	AuxNO  string   // contact to ground, closed with the main contacts; "" not wired
	AuxNC  string   // mirror contact to ground, closed when they are open; "" not wired
	Relays []string // in the order of the world's loads; high closes
}

// Contactor wires the world's contactor and load relays to pins: each edge of
// the drive counts, the auxiliary contacts pull their pins to ground.
type Contactor struct {
	knob
	world  *world.World
	opts   ContactorOpts
	closed atomic.Bool
	touch  func()
}

// NewContactor wires the contactor to pins; its Tick belongs to the ticks of
// world.World.Run. Its faults: welded, no_close, silent (both auxiliary wires
// are cut).
func NewContactor(w *world.World, pins *wire.Pins, o ContactorOpts) *Contactor {
	c := &Contactor{world: w, opts: o}
	c.closed.Store(w.Snapshot().Contactor.Closed)
	c.knob = newKnob("contactor", c.fail, "welded", "no_close", "silent")
	c.touch = pins.Attach(c)
	pins.Watch(o.Drive, func(bool) { w.DriveEdge(w.Clock()) })
	for i, pin := range o.Relays {
		if pin != "" {
			pins.Watch(pin, func(high bool) { w.SetRelay(i, high) })
		}
	}
	return c
}

func (c *Contactor) fail(kind string) error {
	f := world.ContactorOK
	switch kind {
	case "welded":
		f = world.Welded
	case "no_close":
		f = world.NoClose
	}
	c.world.SetContactorFault(f)
	c.touch()
	return nil
}

// Tick lets the auxiliary contacts follow the main contacts.
func (c *Contactor) Tick() {
	if closed := c.world.ContactorClosed(); c.closed.Swap(closed) != closed {
		c.touch()
	}
}

// Pins returns the auxiliary contacts that are wired.
func (c *Contactor) Pins() []string {
	var pins []string
	for _, pin := range []string{c.opts.AuxNO, c.opts.AuxNC} {
		if pin != "" {
			pins = append(pins, pin)
		}
	}
	return pins
}

// Resolve puts the auxiliary contacts on their pins.
func (c *Contactor) Resolve(_ []wire.Drive, put []wire.Level) {
	closed, cut := c.closed.Load(), c.FaultName() == "silent"
	for i, pin := range c.Pins() {
		put[i] = wire.Float
		if !cut && closed == (pin == c.opts.AuxNO) {
			put[i] = wire.Low
		}
	}
}

// String describes c.
func (c *Contactor) String() string {
	s := c.world.Snapshot().Contactor
	return fmt.Sprintf("contactor: closed %v, driven %v, %d moves, fault %s", s.Closed, s.Driven, s.Moves, c.FaultName())
}
