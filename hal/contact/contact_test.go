package contact_test

import (
	"errors"
	"testing"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
	"stationbox/hal/contact"
)

// plain is an input of somebody else's.
type plain struct {
	gpio.PinIn
	level gpio.Level
}

func (p *plain) In(gpio.Pull, gpio.Edge) error { return nil }
func (p *plain) Read() gpio.Level              { return p.level }

// wire is a pin that can be gone.
type wire struct {
	plain
	gone   bool
	pull   gpio.Pull
	refuse bool
}

func (w *wire) In(pull gpio.Pull, _ gpio.Edge) error {
	if w.refuse {
		return hal.ErrRefused
	}
	w.pull = pull
	return nil
}

func (w *wire) Level() (gpio.Level, error) {
	if w.gone {
		return gpio.Low, hal.ErrGone
	}
	return w.Read(), nil
}

func TestClosedPullsLow(t *testing.T) {
	w := &wire{}
	c, err := contact.New("present", w)
	if err != nil || w.pull != gpio.PullUp {
		t.Fatalf("New: %v, pull %v", err, w.pull)
	}
	for _, level := range []gpio.Level{gpio.Low, gpio.High, gpio.Low} {
		w.level = level
		if on, err := c.On(); on != (level == gpio.Low) || err != nil {
			t.Errorf("line %v: %v, %v", level, on, err)
		}
	}
	w.gone = true
	if on, err := c.On(); on || !errors.Is(err, hal.ErrGone) {
		t.Errorf("gone: %v, %v", on, err)
	}
}

func TestPlainPin(t *testing.T) {
	pin := &plain{level: gpio.Low}
	c, err := contact.New("plain", pin)
	if err != nil {
		t.Fatal(err)
	}
	pin.level = gpio.High
	if on, err := c.On(); on || err != nil {
		t.Errorf("open: %v, %v", on, err)
	}
}

func TestNothingThere(t *testing.T) {
	if _, err := contact.New("none", nil); !errors.Is(err, hal.ErrGone) {
		t.Errorf("nil pin: %v", err)
	}
	if _, err := contact.New("held", &wire{refuse: true}); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("held pin: %v", err)
	}
	var c *contact.Contact
	if on, err := c.On(); on || !errors.Is(err, hal.ErrGone) {
		t.Errorf("nil contact: %v, %v", on, err)
	}
}
