package mains

import (
	"fmt"

	"periph.io/x/conn/v3/physic"
)

// Channel names the slow value of a frame. Each is refreshed about every 20 ms.
type Channel uint8

// The slow channels of version 1 with the unit of their raw value.
const (
	LoadVoltage  Channel = iota // rms behind the contactor, 0.1 V
	LoadCurrent1                // rms of load 1, 1 mA; loads 2 to 4 follow
	LoadCurrent2
	LoadCurrent3
	LoadCurrent4
	Arrester    // surge arrester's contact: 0 in order, 1 open
	Temperature // of the front end, 0.1 K
	Firmware    // version of the front end's program
	Strikes     // of the surge arrester since the front end started, wraps at 65535
)

// Invalid is the raw slow value that says that there is none.
const Invalid = 0xFFFF

// Slow is a decoded slow value. Exactly the field of its channel is set.
type Slow struct {
	Voltage     physic.ElectricPotential // LoadVoltage, rms
	Load        int                      // LoadCurrent1 to 4: 1 to 4
	Current     physic.ElectricCurrent   // LoadCurrent1 to 4, rms
	Open        bool                     // Arrester: the contact is open, the arrester has failed
	Temperature physic.Temperature       // Temperature
	Version     uint16                   // Firmware
	Strikes     uint16                   // Strikes
}

// Slow decodes the slow value of the frame. False means that the front end has
// no value now, or that the value or its channel is not understood: it is unknown.
func (f *Frame) Slow() (Slow, bool) {
	if f.Value == Invalid {
		return Slow{}, false
	}
	v := int64(f.Value)
	switch f.Channel {
	case LoadVoltage:
		return Slow{Voltage: physic.ElectricPotential(v) * 100 * physic.MilliVolt}, true
	case LoadCurrent1, LoadCurrent2, LoadCurrent3, LoadCurrent4:
		return Slow{Load: int(f.Channel-LoadCurrent1) + 1, Current: physic.ElectricCurrent(v) * physic.MilliAmpere}, true
	case Arrester:
		return Slow{Open: v == 1}, v <= 1
	case Temperature:
		return Slow{Temperature: physic.Temperature(v) * 100 * physic.MilliKelvin}, true
	case Firmware:
		return Slow{Version: f.Value}, true
	case Strikes:
		return Slow{Strikes: f.Value}, true
	}
	return Slow{}, false
}

// String returns a short English name.
func (c Channel) String() string {
	switch {
	case c == LoadVoltage:
		return "load voltage"
	case c <= LoadCurrent4:
		return fmt.Sprintf("load current %d", c-LoadCurrent1+1)
	case c == Arrester:
		return "arrester"
	case c == Temperature:
		return "temperature"
	case c == Firmware:
		return "firmware"
	case c == Strikes:
		return "strikes"
	}
	return fmt.Sprintf("Channel(%d)", uint8(c))
}

// FullScale returns the volts of sample 32768.
func (d *Decoder) FullScale() int { return d.fullScale }

// Volts returns the voltage of a sample.
func (d *Decoder) Volts(sample int16) physic.ElectricPotential {
	return physic.ElectricPotential(int64(sample) * int64(d.fullScale) * int64(physic.Volt) / 32768)
}
