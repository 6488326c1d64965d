package hal

import "fmt"

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
