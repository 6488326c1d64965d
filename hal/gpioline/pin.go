package gpioline

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/pin"
)

// line is what a backend does for one line. Errors come without the pin's name.
type line interface {
	in(c inConfig) error
	out(l gpio.Level) error
	post(l gpio.Level) error
	level() (gpio.Level, error)
	setOpenDrain(on bool)
	setRestore(on bool)
	free() error
	// close is free for good: later calls return hal.ErrGone.
	close() error
}

// inConfig is everything that an input is requested with.
type inConfig struct {
	pull     gpio.Pull
	edge     gpio.Edge
	debounce time.Duration
}

// maxDebounce is what fits the kernel's 32 bits of microseconds.
const maxDebounce = time.Duration(1<<32-1) * time.Microsecond

var errNoPWM = errors.New("line has no PWM")

// What a Pin was last asked to be, for Func. The line itself is never asked.
const (
	unused int32 = iota
	isIn
	isOutLow
	isOutHigh
)

// Pin is one line and implements periph's gpio.PinIO and pin.PinFunc. Several
// goroutines may use it, but edges go to only one of several waiters.
type Pin struct {
	name   string
	number int
	chip   string
	line   line
	queue  *queue

	use  atomic.Int32
	pull atomic.Int32
}

var (
	_ gpio.PinIO  = (*Pin)(nil)
	_ pin.PinFunc = (*Pin)(nil)
)

// fail names the pin and what was asked in err.
func (p *Pin) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("gpio %s %s: %s: %w", p.chip, p.name, what, err)
}

// In makes the line an input with the given pull and edge detection, in one
// step. It forgets queued edges and ends a waiting WaitForEdge. With
// gpio.PullNoChange the pull stays what the chip has; on a pin server it is off.
func (p *Pin) In(pull gpio.Pull, edge gpio.Edge) error { return p.InDebounced(pull, edge, 0) }

// InDebounced is In with a debounce time, 0 to about 71 minutes, rounded down to
// microseconds: a change counts when it has lasted so long. It is done by the
// chip, the kernel or the pin server; a level that bounces gives one edge.
func (p *Pin) InDebounced(pull gpio.Pull, edge gpio.Edge, d time.Duration) error {
	if d < 0 || d > maxDebounce {
		return p.fail("in", fmt.Errorf("debounce %v out of range", d))
	}
	if pull > gpio.PullUp || edge < gpio.NoEdge || edge > gpio.BothEdges {
		return p.fail("in", fmt.Errorf("pull %v, edge %v: not known", pull, edge))
	}
	if err := p.line.in(inConfig{pull: pull, edge: edge, debounce: d}); err != nil {
		return p.fail("in", err)
	}
	p.use.Store(isIn)
	p.pull.Store(int32(pull))
	return nil
}

// Out makes the line an output at level l. The first Out has l in the request
// itself: the line is never at the other level in between.
//
//   - error: the level is what it was, or l; command again. hal.ErrRefused: the
//     line is held by another consumer. hal.ErrGone: no such line, or the server
//     or chip is not there.
//   - time-out (pin server, CallTimeout): hal.ErrSilent; the server may still
//     carry it out later.
//   - lost pin server: the server lets the line go, to its pull (default down).
//     It stays so until the next Out, unless Restore was asked.
//   - panic, kill, end of the process: the kernel lets the line go. Mainline
//     kernels make it an input; Raspberry Pi OS keeps the last level unless
//     booted with dtparam=strict_gpiod.
//   - hang of the process: the level stays. Hardware must watch.
//   - power loss, reset: the chip's reset state, an input with its boot-time
//     pull (Raspberry Pi: down on GPIO9 to GPIO27).
func (p *Pin) Out(l gpio.Level) error {
	if err := p.line.out(l); err != nil {
		return p.fail("out", err)
	}
	p.setOut(l)
	return nil
}

// Post is Out for levels that are repeated anyway, like the pulses of a
// contactor: on an output that is held it does not wait for a pin server to
// confirm, and an error shows at one of the next calls. It returns hal.ErrSilent
// while too many confirmations are outstanding. A kernel line, and a line not
// yet held, do the same as with Out. It allocates nothing.
func (p *Pin) Post(l gpio.Level) error {
	if err := p.line.post(l); err != nil {
		return p.fail("out", err)
	}
	p.setOut(l)
	return nil
}

func (p *Pin) setOut(l gpio.Level) {
	use := isOutLow
	if l {
		use = isOutHigh
	}
	p.use.Store(use)
}

// Level reads the line, input or output, and changes nothing. An error means
// that the level is unknown: line not requested, server gone or silent, or an
// output that was let go when the server went away.
func (p *Pin) Level() (gpio.Level, error) {
	l, err := p.line.level()
	if err != nil {
		return gpio.Low, p.fail("level", err)
	}
	return l, nil
}

// Read is Level without the error, as periph wants it: Low when unknown.
// Whatever decides something uses Level.
func (p *Pin) Read() gpio.Level {
	l, err := p.Level()
	if err != nil {
		return gpio.Low
	}
	return l
}

// WaitForEdge returns true at the next edge, at once if one is queued, and false
// after timeout, or when In, Halt or Close ends the wait. A negative timeout
// waits for ever; 0 only looks. It waits through the absence of a pin server.
func (p *Pin) WaitForEdge(timeout time.Duration) bool {
	_, ok := p.queue.next(timeout)
	return ok
}

// NextEdge is WaitForEdge that says what the edge was: the level after it and
// when, on the clock of Monotonic.
func (p *Pin) NextEdge(timeout time.Duration) (l gpio.Level, at time.Duration, ok bool) {
	e, ok := p.queue.next(timeout)
	return e.Level, e.At, ok
}

// Edges returns the stream of edges that WaitForEdge also draws from: use one of
// the two. It holds the newest 256 and is never closed.
func (p *Pin) Edges() <-chan Edge { return p.queue.ch }

// OpenDrain makes later requests of the line as output open drain: Low drives,
// High lets go. It changes nothing on a line already held. A pin server has no
// such thing: there an open-drain line is driven high.
func (p *Pin) OpenDrain(on bool) { p.line.setOpenDrain(on) }

// Restore asks for an output to be set again to its last level when a pin server
// comes back after it was lost. Without it such a line stays let go, and Level
// an error, until the next Out: nothing switches itself on.
func (p *Pin) Restore(on bool) { p.line.setRestore(on) }

// Halt lets the line go: an output falls to its pull (see Bank.Close for the
// exception) and a waiting WaitForEdge ends. In or Out takes it again.
func (p *Pin) Halt() error {
	err := p.line.free()
	p.queue.reset()
	p.use.Store(unused)
	return p.fail("halt", err)
}

// Name returns the name of the pin, like "GPIO17".
func (p *Pin) Name() string { return p.name }

// String returns the name of the pin.
func (p *Pin) String() string { return p.name }

// Number returns the number of the line on its chip, or the number in its name,
// or -1.
func (p *Pin) Number() int { return p.number }

// Function returns Func as a string.
//
// Deprecated: use Func. It is here because periph's pin.Pin still asks for it.
func (p *Pin) Function() string { return string(p.Func()) }

// Func returns what the pin was last asked to be, without touching the line.
func (p *Pin) Func() pin.Func {
	switch p.use.Load() {
	case isIn:
		return gpio.IN
	case isOutLow:
		return gpio.OUT_LOW
	case isOutHigh:
		return gpio.OUT_HIGH
	}
	return pin.FuncNone
}

// SupportedFuncs returns input and output.
func (p *Pin) SupportedFuncs() []pin.Func { return []pin.Func{gpio.IN, gpio.OUT_LOW, gpio.OUT_HIGH} }

// SetFunc makes the pin an input as it is, or an output at the given level; plain
// gpio.OUT is refused because it names no level.
func (p *Pin) SetFunc(f pin.Func) error {
	switch f {
	case gpio.IN:
		return p.In(gpio.PullNoChange, gpio.NoEdge)
	case gpio.OUT_LOW:
		return p.Out(gpio.Low)
	case gpio.OUT_HIGH:
		return p.Out(gpio.High)
	}
	return p.fail("func", fmt.Errorf("%q: not supported", f))
}

// Pull returns the pull of the last In.
func (p *Pin) Pull() gpio.Pull {
	if p.use.Load() != isIn {
		return gpio.PullNoChange
	}
	return gpio.Pull(p.pull.Load())
}

// DefaultPull returns gpio.PullNoChange: neither kernel nor server tells.
func (p *Pin) DefaultPull() gpio.Pull { return gpio.PullNoChange }

// PWM always returns an error: these lines have none.
func (p *Pin) PWM(gpio.Duty, physic.Frequency) error { return p.fail("pwm", errNoPWM) }
