package display

import (
	"errors"
	"fmt"
	"time"

	"stationbox/hal"
)

// Current is what the display draws and what that proves. The zero value proves
// nothing.
type Current struct {
	// MA returns the newest current in mA, and false when it is not known.
	MA func() (int64, bool)
	// On is the current in mA from which the display is surely on; 0: the current
	// is no proof.
	On int64
	// Standby is the current in mA up to which it is surely in standby.
	Standby int64
}

// draw is what the current says.
type draw int

const (
	drawUnknown draw = iota
	drawStandby
	drawBetween
	drawOn
)

func (c Current) draw() draw {
	if c.On <= 0 || c.MA == nil {
		return drawUnknown
	}
	ma, ok := c.MA()
	switch {
	case !ok:
		return drawUnknown
	case ma >= c.On:
		return drawOn
	case ma <= c.Standby:
		return drawStandby
	}
	return drawBetween
}

// errContradiction is what a lamp earns that says it burns and draws nothing, or
// the other way round: nobody knows, so nobody commands it.
var errContradiction = errors.New("answer and current contradict each other")

// judge joins what the display says with what it draws. A TV is believed less
// than its current; a lamp that is not known to be cold is taken for hot:
// cooling is what nobody disturbs. recent says that the lamp was lit within its
// time of cooling.
func judge(said hal.DisplayState, err error, d draw, lamp, recent bool) (hal.DisplayState, string, error) {
	if err != nil || said == hal.DisplayUnknown {
		switch d {
		case drawOn:
			return hal.DisplayOn, ByWatts, nil
		case drawStandby:
			return hal.DisplayStandby, ByWatts, nil
		}
		return hal.DisplayUnknown, "", err
	}
	switch {
	case said == hal.DisplayOn && d == drawStandby && lamp:
		return hal.DisplayUnknown, "", fmt.Errorf("says on, draws as in standby: %w", errContradiction)
	case said == hal.DisplayOn && d == drawStandby:
		return hal.DisplayStandby, ByWatts, nil
	case said == hal.DisplayStandby && d == drawOn && lamp:
		return hal.DisplayCooling, ByWatts, nil
	case said == hal.DisplayStandby && d == drawOn:
		return hal.DisplayOn, ByWatts, nil
	case said == hal.DisplayStandby && d == drawBetween && lamp && recent:
		return hal.DisplayCooling, ByWatts, nil
	}
	return said, ByReply, nil
}

// lit says that there is light, or soon will be.
func lit(s hal.DisplayState) bool { return s == hal.DisplayOn || s == hal.DisplayWarming }

// within says whether t is known and less than d ago. What is yet to come, by a
// clock that was wrong, is not.
func within(t, now time.Time, d time.Duration) bool {
	age := now.Sub(t)
	return !t.IsZero() && age >= 0 && age < d
}

// errUnmeasured is a state that the current does not tell.
var errUnmeasured = fmt.Errorf("the current tells neither on nor standby: %w", hal.ErrSilent)

// State is what the current alone proves, on or standby, for a remote control that
// must know before it presses a key that toggles. Else it is hal.ErrSilent.
func (c Current) State() (hal.DisplayState, error) {
	switch c.draw() {
	case drawOn:
		return hal.DisplayOn, nil
	case drawStandby:
		return hal.DisplayStandby, nil
	}
	return hal.DisplayUnknown, errUnmeasured
}
