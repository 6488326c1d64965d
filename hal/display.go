package hal

import (
	"fmt"
	"time"
)

// DisplayState is what a TV or a projector says of itself, never what was
// last sent to it.
type DisplayState uint8

// The states of a display. Standby means: has mains, answers or is known to be
// mute in standby, shows nothing. Off means: has no mains.
const (
	DisplayUnknown DisplayState = iota
	DisplayOff
	DisplayStandby
	DisplayWarming
	DisplayOn
	DisplayCooling
	DisplayFault
)

var displayNames = [...]string{"unknown", "off", "standby", "warming", "on", "cooling", "fault"}

// String returns the lower-case English name of s, as used in JSON.
func (s DisplayState) String() string {
	if int(s) < len(displayNames) {
		return displayNames[s]
	}
	return fmt.Sprintf("DisplayState(%d)", uint8(s))
}

// MarshalText writes the name of s.
func (s DisplayState) MarshalText() ([]byte, error) {
	if int(s) >= len(displayNames) {
		return nil, fmt.Errorf("display state %d: out of range", uint8(s))
	}
	return []byte(displayNames[s]), nil
}

// UnmarshalText reads a name written by MarshalText; any other text is an error.
func (s *DisplayState) UnmarshalText(b []byte) error {
	for i, name := range displayNames {
		if name == string(b) {
			*s = DisplayState(i)
			return nil
		}
	}
	return fmt.Errorf("display state %q: not one of %v", b, displayNames)
}

// The parts of a display that can be in trouble, as words of the catalogue.
const (
	PartFan         = "fan"
	PartLamp        = "lamp"
	PartTemperature = "temperature"
	PartCover       = "cover"
	PartFilter      = "filter"
	PartOther       = "other"
)

// DisplayDetails is what a display says of its wear and its troubles when it is
// asked. A field that it did not tell, or does not know, is empty: no hours
// are not zero hours.
type DisplayDetails struct {
	// Model is the type or the name, as the display tells it.
	Model string
	// Input is the input selected now, as the protocol calls it.
	Input string
	// LampHours is how long each lamp has burnt, at most 8.
	LampHours []time.Duration
	// FilterHours is how long each air filter has been in use.
	FilterHours []time.Duration
	// Checked says that the display answered the question after its parts.
	// Without it, empty Errors and Warnings mean nothing.
	Checked bool
	// Errors and Warnings are the parts in trouble, PartFan to PartOther, each
	// at most once.
	Errors, Warnings []string
}
