package device

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// I2C is a bus with chips on it, in this process.
type I2C struct {
	mu    sync.Mutex
	chips map[uint16]*Expander
	stall time.Duration
}

var _ i2c.Bus = (*I2C)(nil)

// NewI2C returns a bus without chips.
func NewI2C() *I2C { return &I2C{chips: map[uint16]*Expander{}} }

// String returns "sim-i2c".
func (b *I2C) String() string { return "sim-i2c" }

// SetSpeed does nothing.
func (b *I2C) SetSpeed(physic.Frequency) error { return nil }

// Stall makes the next transaction take d longer, as when its process has no turn.
func (b *I2C) Stall(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stall = d
}

// Tx is one transaction. Nobody at addr is EREMOTEIO, as with the Pi's controller.
func (b *I2C) Tx(addr uint16, w, r []byte) error {
	b.mu.Lock()
	stall := b.stall
	b.stall = 0
	c := b.chips[addr]
	b.mu.Unlock()
	time.Sleep(stall + time.Duration(len(w)+len(r)+1)*90*time.Microsecond) // 9 bits at 100 kHz
	if c == nil {
		return unix.EREMOTEIO
	}
	return c.tx(w, r)
}

// ExpanderOpts are the options of NewExpander.
type ExpanderOpts struct {
	PCF8574 bool // else an MCP23017
	Addr    uint16
	Seed    uint64 // of inputs that float
	// Rise is how long a pin that is let go takes to be high again, on a long cable.
	Rise time.Duration
}

// Expander is a port expander with a push button between each of its pins and
// ground, and contacts between pins. Its faults: silent (nobody answers), shorted (a line of the bus is stuck
// low: all that is read is 0).
type Expander struct {
	knob
	opts ExpanderOpts

	state   sync.Mutex
	rng     *rand.Rand
	regs    [0x16]byte // of an MCP23017, by the numbers of the map after a reset
	latch   byte       // of a PCF8574
	pointer byte
	pressed uint16        // one bit a pin: port A, port B
	joined  [16]uint16    // pins that contacts join to a pin
	fell    [16]time.Time // when a pin was last held low
}

// NewExpander puts a chip on bus.
func NewExpander(bus *I2C, o ExpanderOpts) *Expander {
	x := &Expander{opts: o, rng: rand.New(rand.NewPCG(o.Seed, 0x23017))}
	x.knob = newKnob(fmt.Sprintf("expander%02x", o.Addr), nil, "silent", "shorted")
	x.Glitch()
	bus.mu.Lock()
	defer bus.mu.Unlock()
	bus.chips[o.Addr] = x
	return x
}

// Glitch takes the chip's power away for a moment: registers are as after a reset.
func (x *Expander) Glitch() {
	x.state.Lock()
	defer x.state.Unlock()
	x.regs = [0x16]byte{0: 0xFF, 1: 0xFF}
	x.latch = 0xFF
}

// Scramble writes into one register of an MCP23017, as a spark on the bus would.
func (x *Expander) Scramble(reg, value byte) {
	x.state.Lock()
	defer x.state.Unlock()
	x.regs[reg] = value
}

// Push presses or lets go of a button: pins 0 to 7 are port A, 8 to 15 port B.
func (x *Expander) Push(pin int, down bool) {
	x.state.Lock()
	defer x.state.Unlock()
	if down {
		x.pressed |= 1 << pin
		return
	}
	x.pressed &^= 1 << pin
}

// Join closes or opens a contact between two pins.
func (x *Expander) Join(a, b int, closed bool) {
	x.state.Lock()
	defer x.state.Unlock()
	if closed {
		x.joined[a] |= 1 << b
		x.joined[b] |= 1 << a
		return
	}
	x.joined[a] &^= 1 << b
	x.joined[b] &^= 1 << a
}

// sinks are the pins that the chip itself pulls low.
func (x *Expander) sinks() uint16 {
	if x.opts.PCF8574 {
		return uint16(^x.latch)
	}
	return ^(uint16(x.regs[0]) | uint16(x.regs[1])<<8) &^ (uint16(x.regs[0x14]) | uint16(x.regs[0x15])<<8)
}

// low are the pins that are low, by a button, the chip, or what contacts join them
// to; also those that have not risen yet.
func (x *Expander) low() uint16 {
	low := x.pressed | x.sinks()
	for range 16 {
		for pin, joined := range x.joined {
			if joined&low != 0 {
				low |= 1 << pin
			}
		}
	}
	now := time.Now()
	for pin := range x.fell {
		switch bit := uint16(1) << pin; {
		case low&bit != 0:
			x.fell[pin] = now
		case now.Sub(x.fell[pin]) < x.opts.Rise:
			low |= bit
		}
	}
	return low
}

// String describes x.
func (x *Expander) String() string {
	return fmt.Sprintf("%s, fault %s", x.Name(), x.FaultName())
}

func (x *Expander) tx(w, r []byte) error {
	switch x.FaultName() {
	case "silent":
		return unix.EREMOTEIO
	case "shorted":
		clear(r)
		return nil
	}
	x.state.Lock()
	defer x.state.Unlock()
	x.low() // until now
	if x.opts.PCF8574 {
		for _, b := range w {
			x.latch = b
		}
		for i := range r {
			r[i] = ^byte(x.low())
		}
		return nil
	}
	if len(w) > 0 {
		x.pointer = w[0]
		for _, b := range w[1:] {
			x.write(b)
		}
	}
	for i := range r {
		r[i] = x.read()
	}
	return nil
}

// register is where the pointer points, and on to the next; ok is false where there
// is no register.
func (x *Expander) register() (reg int, ok bool) {
	p := x.pointer
	x.pointer++
	if x.regs[0x0A]&0x80 != 0 { // IOCON.BANK: port A from 00, port B from 10
		return int(p&0x0F)*2 + int(p>>4&1), p&0x0F < 0x0B && p < 0x20
	}
	if x.pointer == 0x16 {
		x.pointer = 0
	}
	return int(p), p < 0x16
}

func (x *Expander) write(b byte) {
	reg, ok := x.register()
	if !ok {
		return
	}
	switch reg {
	case 0x0A, 0x0B: // one register at two addresses
		x.regs[0x0A], x.regs[0x0B] = b, b
	case 0x12, 0x13: // a write to a port goes to its latch
		x.regs[reg+2] = b
	case 0x0E, 0x0F, 0x10, 0x11: // read only
	default:
		x.regs[reg] = b
	}
}

func (x *Expander) read() byte {
	reg, ok := x.register()
	if !ok {
		return 0
	}
	if reg != 0x12 && reg != 0x13 {
		return x.regs[reg]
	}
	port := reg - 0x12
	in, up, low := x.regs[port], x.regs[0x0C+port], byte(x.low()>>(8*port))
	floating := byte(x.rng.Uint32()) &^ up
	level := (up | floating) &^ low
	return (level&in | x.regs[0x14+port]&^in) ^ x.regs[2+port]&in
}
