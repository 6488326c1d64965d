package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"stationbox/firmware/config"
	"stationbox/firmware/power"
	"stationbox/hal/contact"
	"stationbox/hal/contactor"
	"stationbox/hal/gpioline"
	"stationbox/hal/mains"
	"stationbox/hal/meter"
)

// source gives the guard the frames of the front end.
type source struct{ reader *mains.Reader }

// Next is power.Source.
func (s source) Next(deadline time.Time) (power.Frame, error) {
	f, err := s.reader.Next(deadline)
	if err != nil {
		return power.Frame{}, err
	}
	return power.Frame{
		Samples: f.Samples, Lost: f.Lost,
		Overrun: f.Flags&mains.Overrun != 0, Failed: f.Flags&mains.SelfTest != 0,
		Channel: uint8(f.Channel), Value: f.Value,
	}, nil
}

// slowMeter gives the guard the readings of its meter.
type slowMeter struct {
	meter interface {
		Read(ctx context.Context) (meter.Measurement, error)
	}
}

// Read is power.Meter.
func (s slowMeter) Read(ctx context.Context) (power.MeterReading, error) {
	m, err := s.meter.Read(ctx)
	if errors.Is(err, meter.ErrRange) {
		return power.MeterReading{}, fmt.Errorf("%w: %w", power.ErrMeterRange, err)
	}
	if err != nil {
		return power.MeterReading{}, err
	}
	return power.MeterReading{
		VoltageMV: int64(m.Voltage / physic.MilliVolt),
		CurrentMA: int64(m.Current / physic.MilliAmpere),
		PowerMW:   int64(m.Power / physic.MilliWatt),
		EnergyWh:  int64(m.Energy),
		MHz:       int64(m.Frequency / physic.MilliHertz),
	}, nil
}

// switches are the contactor and the relays of the loads, in their order.
type switches struct {
	drive     *contactor.Contactor
	relays    []power.Relay
	witnesses power.Witnesses
}

// openSwitches takes the pins; every output is off from its first moment.
func openSwitches(bank *gpioline.Bank, cfg *config.Config) (switches, error) {
	sw, err := openWitnesses(bank, cfg)
	if err != nil {
		return sw, err
	}
	for _, l := range cfg.Loads {
		pin, err := bank.Pin(l.Relay)
		if err != nil {
			return sw, fmt.Errorf("load %s: %w", l.Name, err)
		}
		relay, err := contactor.NewRelay(l.Name, pin)
		if err != nil {
			return sw, err
		}
		sw.relays = append(sw.relays, relay)
	}
	c := cfg.Contactor
	drive, err := bank.Pin(c.Drive)
	if err != nil {
		return sw, fmt.Errorf("contactor: drive: %w", err)
	}
	no, err := bank.Pin(c.AuxNO)
	if err != nil {
		return sw, fmt.Errorf("contactor: auxiliary contact NO: %w", err)
	}
	var nc gpio.PinIn
	if c.AuxNC != "" {
		if nc, err = bank.Pin(c.AuxNC); err != nil {
			return sw, fmt.Errorf("contactor: auxiliary contact NC: %w", err)
		}
	}
	sw.drive, err = contactor.New(drive, no, nc, contactor.Opts{})
	return sw, err
}

// opened is a contact that says something by being open.
type opened struct{ contact *contact.Contact }

// On is power.Contacts.
func (o opened) On() (bool, error) {
	closed, err := o.contact.On()
	return !closed && err == nil, err
}

// openWitnesses takes the inputs that are wired.
func openWitnesses(bank *gpioline.Bank, cfg *config.Config) (switches, error) {
	var sw switches
	for _, w := range []struct {
		name, pin string
		to        *power.Contacts
		opens     bool // an open contact is the news
	}{
		{"mains-present", cfg.Mains.Present, &sw.witnesses.Present, false},
		{"ups on battery", cfg.UPS.OnBattery, &sw.witnesses.OnBattery, true},
		{"ups low", cfg.UPS.Low, &sw.witnesses.Low, true},
	} {
		if w.pin == "" {
			continue
		}
		pin, err := bank.Pin(w.pin)
		if err != nil {
			return sw, fmt.Errorf("%s: %w", w.name, err)
		}
		input, err := contact.New(w.name, pin)
		if err != nil {
			return sw, err
		}
		if *w.to = input; w.opens {
			*w.to = opened{input}
		}
	}
	return sw, nil
}
