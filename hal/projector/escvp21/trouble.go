package escvp21

import (
	"fmt"

	"stationbox/hal"
)

// Trouble is a code that the projector answers to ERR?.
type Trouble uint8

// NoTrouble means that nothing is wrong.
const NoTrouble Trouble = 0

// String returns the guide's words for t.
func (t Trouble) String() string {
	words := map[Trouble]string{
		0x00: "none", 0x01: "fan", 0x03: "lamp fails to light", 0x04: "high temperature", 0x06: "lamp",
		0x07: "lamp cover open", 0x08: "cinema filter", 0x09: "capacitor", 0x0A: "auto iris", 0x0B: "subsystem",
		0x0C: "low air flow", 0x0D: "air flow sensor", 0x0E: "ballast", 0x0F: "shutter", 0x10: "Peltier cooler",
		0x11: "pump", 0x12: "static iris", 0x13: "power supply", 0x14: "exhaust shutter", 0x15: "obstacle",
		0x16: "interface board", 0x17: "stack communication", 0x18: "I2C",
	}
	if w, ok := words[t]; ok {
		return w
	}
	return fmt.Sprintf("error %02X", uint8(t))
}

// parts names the part that t is about, none for NoTrouble. Low air flow is
// nearly always a clogged filter.
func (t Trouble) parts() []string {
	switch t {
	case NoTrouble:
		return nil
	case 0x01:
		return []string{hal.PartFan}
	case 0x03, 0x06, 0x0E:
		return []string{hal.PartLamp}
	case 0x04:
		return []string{hal.PartTemperature}
	case 0x07:
		return []string{hal.PartCover}
	case 0x0C:
		return []string{hal.PartFilter}
	}
	return []string{hal.PartOther}
}
