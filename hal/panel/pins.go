package panel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// PinBank is a bank of contacts between GPIO pins and ground; the pins pull up. A pin
// that cannot be read makes its own contact unknown.
type PinBank struct {
	pins []pinContact
	now  func() time.Time
}

type pinContact struct {
	pin   gpio.PinIn
	ready bool
	again time.Time // not before
	err   error
}

// NewPinBank prepares a bank of pins and touches none yet. No pin, more than
// MaxButtons or a missing one is an error.
func NewPinBank(pins []gpio.PinIn, opts Opts) (*PinBank, error) {
	if len(pins) < 1 || len(pins) > MaxButtons {
		return nil, fmt.Errorf("panel: %d pins: want 1 to %d", len(pins), MaxButtons)
	}
	b := &PinBank{now: opts.filled().Now}
	for i, p := range pins {
		if p == nil {
			return nil, fmt.Errorf("panel: button %d: no pin: %w", i+1, hal.ErrGone)
		}
		b.pins = append(b.pins, pinContact{pin: p})
	}
	return b, nil
}

// Inputs is how many pins there are.
func (b *PinBank) Inputs() int { return len(b.pins) }

// Read looks at all pins; see Bank.
func (b *PinBank) Read(ctx context.Context) (closed, known uint64, err error) {
	var errs []error
	for i := range b.pins {
		if ctx.Err() != nil {
			return 0, 0, ctx.Err()
		}
		l, err := b.pins[i].read(b.now)
		if err != nil {
			errs = append(errs, fmt.Errorf("button %d: %w", i+1, err))
			continue
		}
		known |= 1 << i
		if l == gpio.Low {
			closed |= 1 << i
		}
	}
	return closed, known, errors.Join(errs...)
}

// read takes the pin if need be and reads it.
func (c *pinContact) read(now func() time.Time) (l gpio.Level, err error) {
	if c.err != nil && now().Before(c.again) {
		return gpio.High, c.err
	}
	if !c.ready {
		err = c.pin.In(gpio.PullUp, gpio.NoEdge)
	}
	if err == nil {
		c.ready = true
		l, err = level(c.pin)
	}
	if c.err = err; err != nil {
		c.ready, c.again = false, now().Add(retryAfter)
	}
	return l, err
}
