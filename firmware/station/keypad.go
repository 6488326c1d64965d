package station

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/firmware/config"
	"stationbox/hal"
	"stationbox/hal/gpioline"
	"stationbox/hal/indicator"
	"stationbox/hal/panel"
)

// keypad is the villagers' panel: keys, lamp and buzzer on one bank of pins.
type keypad struct {
	bank   *gpioline.Bank // nil when the configuration names no pin
	panel  *panel.Matrix  // nil without rows and columns
	lights *indicator.Indicator
	faults *faults
	log    *slog.Logger
}

// openKeypad opens the pins; a chip that is not there is an error, because a
// station without pins has no panel at all.
func openKeypad(cfg *config.Config, f *faults, log *slog.Logger, now func() time.Time) (*keypad, error) {
	if p := cfg.Panel; len(p.Rows) == 0 && p.Lamp == "" && p.Buzzer == "" {
		return &keypad{lights: indicator.New(nil, nil), faults: f, log: log}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	bank, err := gpioline.Open(ctx, cfg.GPIO.Chip, "station")
	if err != nil {
		return nil, fmt.Errorf("gpio.chip %s: %w: see that the pins' driver or server is there", cfg.GPIO.Chip, err)
	}
	k := &keypad{bank: bank, faults: f, log: log}
	if err := k.build(cfg, now); err != nil {
		return nil, errors.Join(err, bank.Close())
	}
	return k, nil
}

func (k *keypad) build(cfg *config.Config, now func() time.Time) error {
	lamp, err := k.output(cfg.Panel.Lamp)
	if err != nil {
		return err
	}
	buzzer, err := k.output(cfg.Panel.Buzzer)
	if err != nil {
		return err
	}
	k.lights = indicator.New(lamp, buzzer)
	if len(cfg.Panel.Rows) == 0 {
		return nil
	}
	var rows [4]gpio.PinIn
	var cols [4]gpio.PinOut
	for i := range 4 {
		row, err := k.bank.Pin(cfg.Panel.Rows[i])
		if err != nil {
			return fmt.Errorf("panel.rows: %w", err)
		}
		col, err := k.bank.Pin(cfg.Panel.Cols[i])
		if err != nil {
			return fmt.Errorf("panel.cols: %w", err)
		}
		rows[i], cols[i] = row, col
	}
	k.panel, err = panel.NewMatrix(rows, cols, panel.Opts{Now: now, Edges: gpioline.Monotonic})
	return err
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

// Ack answers a recorded press, and ends the standing fault of an earlier one.
func (k *keypad) Ack() {
	if k.lights.Standing() == indicator.Fault {
		k.lights.Show(indicator.Idle)
	}
	k.lights.Show(indicator.Ack)
}

// Reject answers a press that does not count.
func (k *keypad) Reject() { k.lights.Show(indicator.Reject) }

// Fault says that presses cannot be recorded, until the next one is.
func (k *keypad) Fault() { k.lights.Show(indicator.Fault) }

// Close lets the pins go.
func (k *keypad) Close() {
	if k.bank == nil {
		return
	}
	if err := k.bank.Close(); err != nil && !errors.Is(err, hal.ErrGone) {
		k.log.Warn("pins", "err", err)
	}
}

// Run hands every press to roll until ctx ends, and tells what is wrong with the
// keys.
func (k *keypad) Run(ctx context.Context, keys chan<- key) error {
	if k.panel == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	missed := false // and nobody has been told
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			err := k.panel.State()
			cause := ""
			if err != nil {
				cause = err.Error()
			}
			lost := errors.Is(err, hal.ErrGone) || errors.Is(err, hal.ErrSilent)
			k.faults.set(lost, "fault.panel.lost", "", "cause", cause)
			k.faults.set(err != nil && !lost, "fault.panel.stuck", "", "cause", cause)
		case e := <-k.panel.Keys():
			if e.Missed {
				k.log.Warn("presses may have been missed")
			}
			if missed = missed || e.Missed; !missed && !e.Down {
				continue
			}
			if !e.Down {
				e.Rune = 0
			}
			select {
			case keys <- key{e.Rune, e.At, missed}:
				missed = false
			default:
				missed = true
				k.log.Error("presses come faster than the card takes them")
			}
		}
	}
}
