package contactor

import (
	"fmt"
	"sync/atomic"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// Relay switches one load, behind the contactor: high is on. It is not a safety
// device; that is the contactor, which takes every load with it.
type Relay struct {
	name string
	pin  gpio.PinOut
	want atomic.Bool
}

// NewRelay takes the line of the load called name as an output at low, with no
// other level before: the load is off.
//
// The output in every case:
//   - nil pin: NewRelay returns an error.
//   - error or time-out of Set: on or off is unknown; On tells, Set again.
//   - lost pin server: the line falls to its pull, off, and stays off until Set,
//     also when the server is back (On returns an error until then).
//   - panic or kill of the process: the kernel lets the line go: off; a Raspberry
//     Pi OS kernel without strict_gpiod keeps it as it was, but the contactor falls.
//   - power loss, reset, boot: off, by the pull-down that the wiring needs.
func NewRelay(name string, pin gpio.PinOut) (*Relay, error) {
	if pin == nil {
		return nil, fmt.Errorf("relay %s: no pin: %w", name, hal.ErrGone)
	}
	r := &Relay{name: name, pin: pin}
	if err := pin.Out(gpio.Low); err != nil {
		return nil, fmt.Errorf("relay %s: %w", name, err)
	}
	return r, nil
}

// Set switches the load and reads the line back where the pin can be read. After
// any error the state is unknown; the caller says it again. A line that reads
// otherwise than commanded (short circuit, wrong wiring) wraps hal.ErrRefused. A
// nil Relay returns hal.ErrGone.
func (r *Relay) Set(on bool) error {
	if r == nil {
		return fmt.Errorf("relay: %w", hal.ErrGone)
	}
	r.want.Store(on)
	if err := r.pin.Out(gpio.Level(on)); err != nil {
		return fmt.Errorf("relay %s: %w", r.name, err)
	}
	is, err := r.On()
	if err != nil {
		return err
	}
	if is != on {
		return fmt.Errorf("relay %s: line reads %v after %v: %w", r.name, gpio.Level(is), gpio.Level(on), hal.ErrRefused)
	}
	return nil
}

// On reads the commanded level back from the line: whether the coil has its
// command, not whether the load has mains; the current tells that. An error means
// unknown. A pin that cannot be read gives what was last commanded.
func (r *Relay) On() (bool, error) {
	if r == nil {
		return false, fmt.Errorf("relay: %w", hal.ErrGone)
	}
	p, ok := r.pin.(leveler)
	if !ok {
		return r.want.Load(), nil
	}
	l, err := p.Level()
	if err != nil {
		return false, fmt.Errorf("relay %s: %w", r.name, err)
	}
	return bool(l), nil
}

// Commanded returns what Set was last called with, false before.
func (r *Relay) Commanded() bool { return r != nil && r.want.Load() }

// Name returns the name of the load.
func (r *Relay) Name() string {
	if r == nil {
		return ""
	}
	return r.name
}
