// Package contact reads a volt-free contact or an open-collector output to
// ground: a mains-present module, the signals of a UPS. The line has a pull-up;
// closed pulls it low. A wire that is cut therefore reads open: wire a contact so
// that open is the worse of its two meanings.
//
// It decides nothing and does not debounce: who reads it knows how long a change
// must last.
package contact

import (
	"fmt"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// Contact is one input.
type Contact struct {
	name string
	pin  gpio.PinIn
}

// leveler is an input that knows when it does not know, like gpioline.Pin.
type leveler interface{ Level() (gpio.Level, error) }

// New takes the line of the contact called name as an input with pull-up.
func New(name string, pin gpio.PinIn) (*Contact, error) {
	if pin == nil {
		return nil, fmt.Errorf("contact %s: no pin: %w", name, hal.ErrGone)
	}
	if err := pin.In(gpio.PullUp, gpio.NoEdge); err != nil {
		return nil, fmt.Errorf("contact %s: %w", name, err)
	}
	return &Contact{name: name, pin: pin}, nil
}

// On says whether the contact is closed, bounded as gpioline says. With an error
// nothing is known. A nil Contact returns hal.ErrGone.
func (c *Contact) On() (bool, error) {
	if c == nil {
		return false, fmt.Errorf("contact: %w", hal.ErrGone)
	}
	p, ok := c.pin.(leveler)
	if !ok {
		return c.pin.Read() == gpio.Low, nil
	}
	l, err := p.Level()
	if err != nil {
		return false, fmt.Errorf("contact %s: %w", c.name, err)
	}
	return l == gpio.Low, nil
}
