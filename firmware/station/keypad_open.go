package station

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"
	"periph.io/x/conn/v3/physic"

	"stationbox/firmware/config"
	"stationbox/firmware/station/internal/fault"
	"stationbox/hal"
	"stationbox/hal/evdev"
	"stationbox/hal/expander"
	"stationbox/hal/gpioline"
	"stationbox/hal/indicator"
	"stationbox/hal/panel"
)

// keypadNeeds is what a keypad is made with.
type keypadNeeds struct {
	doors  *Doors
	faults *fault.Book
	log    *slog.Logger
	tick   func() time.Time
}

// openKeypad opens what the configuration names. A pin chip that is not there is an
// error, because a station without pins has no panel at all; an input device or an
// I2C bus may be plugged in later.
func openKeypad(cfg *config.Config, n keypadNeeds) (*keypad, error) {
	k := &keypad{lights: indicator.New(nil, nil), faults: n.faults, log: n.log}
	if p := cfg.Panel; len(p.Rows)+len(p.Pins) > 0 || p.Lamp != "" || p.Buzzer != "" {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		bank, err := gpioline.Open(ctx, cfg.GPIO.Chip, "station")
		if err != nil {
			return nil, fmt.Errorf("gpio.chip %s: %w: see that the pins' driver or server is there", cfg.GPIO.Chip, err)
		}
		k.bank = bank
	}
	if err := k.build(cfg.Panel, n); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

func (k *keypad) build(cfg config.Panel, n keypadNeeds) error {
	lamp, err := k.output(cfg.Lamp)
	if err != nil {
		return err
	}
	buzzer, err := k.output(cfg.Buzzer)
	if err != nil {
		return err
	}
	k.lights = indicator.New(lamp, buzzer)
	opts := panel.Opts{Now: n.tick, Edges: gpioline.Monotonic}
	if k.panel, err = k.open(cfg, n.doors, opts); err != nil {
		return err
	}
	if cfg.CardReader == "" {
		return nil
	}
	dev, err := evdev.New(cfg.CardReader, evdev.Opts{Open: n.doors.Input})
	if err != nil {
		return fmt.Errorf("panel.card_reader: %w", err)
	}
	k.cards = panel.NewCards(dev, opts)
	return nil
}

// open makes the panel, nil if there is none.
func (k *keypad) open(cfg config.Panel, doors *Doors, opts panel.Opts) (panel.Panel, error) {
	switch cfg.Kind {
	case "matrix":
		return k.matrix(cfg, opts)
	case "usb":
		dev, err := evdev.New(cfg.Device, evdev.Opts{Open: doors.Input})
		if err != nil {
			return nil, fmt.Errorf("panel.device: %w", err)
		}
		return panel.NewUSB(dev, opts), nil
	case "buttons", "one":
		bank, err := k.contacts(cfg, opts)
		if err != nil {
			return nil, err
		}
		if cfg.Kind == "one" {
			return panel.NewOne(bank, opts)
		}
		return panel.NewButtons(bank, opts)
	}
	return nil, nil
}

func (k *keypad) matrix(cfg config.Panel, opts panel.Opts) (panel.Panel, error) {
	if len(cfg.Expander) > 0 {
		chips, err := k.chips(cfg)
		if err != nil {
			return nil, err
		}
		m, err := expander.NewMatrix(k.bus, chips[0], expander.Opts{Now: opts.Now})
		if err != nil {
			return nil, fmt.Errorf("panel.expander: %w", err)
		}
		return panel.NewPolledMatrix(m, opts)
	}
	var rows [4]gpio.PinIn
	var cols [4]gpio.PinOut
	for i := range 4 {
		row, err := k.bank.Pin(cfg.Rows[i])
		if err != nil {
			return nil, fmt.Errorf("panel.rows: %w", err)
		}
		col, err := k.bank.Pin(cfg.Cols[i])
		if err != nil {
			return nil, fmt.Errorf("panel.cols: %w", err)
		}
		rows[i], cols[i] = row, col
	}
	return panel.NewMatrix(rows, cols, opts)
}

// contacts are those of single buttons, at pins or expanders.
func (k *keypad) contacts(cfg config.Panel, opts panel.Opts) (panel.Bank, error) {
	if len(cfg.Expander) == 0 {
		var pins []gpio.PinIn
		for _, name := range cfg.Pins {
			p, err := k.bank.Pin(name)
			if err != nil {
				return nil, fmt.Errorf("panel.pins: %w", err)
			}
			pins = append(pins, p)
		}
		return panel.NewPinBank(pins, opts)
	}
	chips, err := k.chips(cfg)
	if err != nil {
		return nil, err
	}
	return expander.New(k.bus, chips, expander.Opts{Now: opts.Now})
}

// chips are the port expanders of a panel; k.bus is theirs.
func (k *keypad) chips(cfg config.Panel) ([]expander.Chip, error) {
	chips := make([]expander.Chip, len(cfg.Expander))
	for i, s := range cfg.Expander {
		c, err := expander.ParseChip(s)
		if err != nil {
			return nil, fmt.Errorf("panel.expander: %w", err)
		}
		chips[i] = c
	}
	k.bus = &i2cBus{name: cfg.Bus}
	return chips, nil
}

// output opens an output pin; "" is none.
func (k *keypad) output(name string) (gpio.PinOut, error) {
	if name == "" {
		return nil, nil
	}
	p, err := k.bank.Pin(name)
	if err != nil {
		return nil, fmt.Errorf("panel: %w", err)
	}
	return p, nil
}

// i2cBus is an I2C bus that is opened when it is first used, so that one that is not
// there, or not yet, keeps nobody waiting.
type i2cBus struct {
	name string

	mu   sync.Mutex
	bus  i2c.BusCloser // nil: not open
	shut bool
}

// String returns the name of the bus.
func (b *i2cBus) String() string { return "i2c " + b.name }

// Tx does one transaction; without a bus it is hal.ErrGone.
func (b *i2cBus) Tx(addr uint16, w, r []byte) error {
	bus, err := b.open()
	if err != nil {
		return fmt.Errorf("i2c %s: %w: %w", b.name, err, hal.ErrGone)
	}
	return bus.Tx(addr, w, r)
}

// SetSpeed is refused: the speed is that of the bus, for all who use it.
func (b *i2cBus) SetSpeed(physic.Frequency) error { return hal.ErrRefused }

var errShut = errors.New("closed")

func (b *i2cBus) open() (i2c.Bus, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut {
		return nil, errShut
	}
	if b.bus == nil {
		bus, err := i2creg.Open(b.name)
		if err != nil {
			return nil, err
		}
		b.bus = bus
	}
	return b.bus, nil
}

// Close closes the bus for good; a nil bus has nothing to close.
func (b *i2cBus) Close() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bus := b.bus
	b.bus, b.shut = nil, true
	if bus == nil {
		return nil
	}
	return bus.Close()
}
