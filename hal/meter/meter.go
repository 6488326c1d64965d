// Package meter reads an energy meter: the slow second witness beside the mains
// front end. It promises that a value outside what the meter can measure is an
// error and never a number. It keeps no value and does not notice a meter that
// repeats itself: whoever holds the readings does. Two kinds of meter are known:
// PZEM answers when it is asked, Stream (CSE7766, HLW8032) talks unasked.
//
// # PZEM-004T v3 and "v4"
//
// Modbus RTU at 9600 8N1. Function 04 from register 0, ten words:
//
//	0 voltage 0.1 V   1,2 current 1 mA   3,4 power 0.1 W   5,6 energy 1 Wh
//	7 frequency 0.1 Hz   8 power factor 0.01   9 alarm FFFF or 0000
//
// Pairs are low word first. The measuring side is fed by the mains: without
// mains it is silent. It measures 80 to 260 V only, so it cannot be the witness
// of an over-voltage. Source: PZEM-004T V3.0 user manual, sections 2.3 and 2.4;
// register names as in mandulaj/PZEM-004T-v30.
package meter

import (
	"context"
	"fmt"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// ErrRange means that the meter is at an end of its range or beyond, so that
// its number cannot be true. It is hal.ErrGarbled.
var ErrRange = fmt.Errorf("out of the meter's range: %w", hal.ErrGarbled)

// Measurement is one answer of a meter. The ranges are those of a PZEM; a Stream
// has its own.
type Measurement struct {
	// Voltage is rms, above 80 V and below 260 V.
	Voltage physic.ElectricPotential
	// Current is rms, 0 to 100 A.
	Current physic.ElectricCurrent
	// Power is the active power, 0 to 23 kW and more.
	Power physic.Power
	// Energy is counted since the last reset, at most 9999.99 kWh. The meter counts
	// on beyond what physic.Energy can hold, which ends at 2562 kWh.
	Energy WattHours
	// Frequency is 45 to 65 Hz; 0 of a meter that does not measure it.
	Frequency physic.Frequency
	// PowerFactor is in hundredths, 0 to 100.
	PowerFactor int
	// Alarm says that Power is above the meter's own alarm threshold, if it has one.
	Alarm bool
}

// WattHours is an amount of energy in Wh.
type WattHours uint32

// String returns e with its unit.
func (e WattHours) String() string { return fmt.Sprintf("%dWh", uint32(e)) }

// Bus reads registers of a Modbus slave; *modbus.Client is one.
type Bus interface {
	ReadInput(ctx context.Context, unit uint8, start, count uint16) ([]uint16, error)
	ResetEnergy(ctx context.Context, unit uint8) error
}

// PZEM is a PZEM-004T meter.
type PZEM struct {
	bus  Bus
	unit int
}

// NewPZEM returns the meter with the given address: 1 to 247, or 248 for the
// only one on its line. Another address makes every call fail.
func NewPZEM(bus Bus, address int) *PZEM { return &PZEM{bus: bus, unit: address} }

// Read asks for one measurement. The meter refreshes its values every 200 ms.
// Errors: hal.ErrSilent (also when there is no mains), hal.ErrGarbled, ErrRange,
// hal.ErrGone, or a *modbus.Exception.
func (p *PZEM) Read(ctx context.Context) (Measurement, error) {
	if err := p.checkAddress(); err != nil {
		return Measurement{}, err
	}
	words, err := p.bus.ReadInput(ctx, uint8(p.unit), 0, pzemWords)
	if err != nil {
		return Measurement{}, fmt.Errorf("meter: %w", err)
	}
	m, err := decodePZEM(words)
	if err != nil {
		return Measurement{}, fmt.Errorf("meter: unit %d: %w", p.unit, err)
	}
	return m, nil
}

// ResetEnergy sets the energy counter to zero. Its errors are those of Read.
func (p *PZEM) ResetEnergy(ctx context.Context) error {
	if err := p.checkAddress(); err != nil {
		return err
	}
	if err := p.bus.ResetEnergy(ctx, uint8(p.unit)); err != nil {
		return fmt.Errorf("meter: reset of energy: %w", err)
	}
	return nil
}

func (p *PZEM) checkAddress() error {
	if p.unit < 1 || p.unit > 248 {
		return fmt.Errorf("meter: address %d: not 1 to 248", p.unit)
	}
	return nil
}

// pzemWords is how many registers a measurement has.
const pzemWords = 10

// The ends of the measuring range in the raw units of the registers. A voltage
// at an end is refused too: a meter that sticks there looks like one that is right.
const (
	minVoltage, maxVoltage     = 800, 2600
	minFrequency, maxFrequency = 450, 650
	maxCurrent                 = 100_000
	maxPower                   = 300_000
	maxEnergy                  = 9_999_990
)

func decodePZEM(w []uint16) (Measurement, error) {
	if len(w) != pzemWords {
		return Measurement{}, fmt.Errorf("%d words: %w", len(w), hal.ErrGarbled)
	}
	current, power, energy := long(w[1:]), long(w[3:]), long(w[5:])
	m := Measurement{
		Voltage:     physic.ElectricPotential(w[0]) * 100 * physic.MilliVolt,
		Current:     physic.ElectricCurrent(current) * physic.MilliAmpere,
		Power:       physic.Power(power) * 100 * physic.MilliWatt,
		Energy:      WattHours(energy),
		Frequency:   physic.Frequency(w[7]) * 100 * physic.MilliHertz,
		PowerFactor: int(w[8]),
		Alarm:       w[9] == 0xFFFF,
	}
	switch {
	case w[0] <= minVoltage || w[0] >= maxVoltage:
		return Measurement{}, fmt.Errorf("voltage %v: %w", m.Voltage, ErrRange)
	case w[7] < minFrequency || w[7] > maxFrequency:
		return Measurement{}, fmt.Errorf("frequency %v: %w", m.Frequency, ErrRange)
	case current > maxCurrent:
		return Measurement{}, fmt.Errorf("current %v: %w", m.Current, ErrRange)
	case power > maxPower || energy > maxEnergy:
		return Measurement{}, fmt.Errorf("power %v, energy %v: %w", m.Power, m.Energy, ErrRange)
	case w[8] > 100 || w[9] != 0 && w[9] != 0xFFFF:
		return Measurement{}, fmt.Errorf("power factor %d, alarm %#04x: %w", w[8], w[9], hal.ErrGarbled)
	}
	return m, nil
}

// long joins a pair of words, the low one first.
func long(w []uint16) uint32 { return uint32(w[0]) | uint32(w[1])<<16 }
