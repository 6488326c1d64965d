package lesson

import (
	"time"

	"stationbox/firmware"
	"stationbox/hal"
)

// Step is one moment of a rehearsal: from At on, Orders are in force.
type Step struct {
	At     time.Time
	Orders Orders
}

// Equipment is what a rehearsal assumes of the things around the lesson.
type Equipment struct {
	WarmUp   time.Duration // displays wanted to picture
	CoolDown time.Duration // displays no longer wanted to loads off
	Length   time.Duration // of the film
}

// Rehearse plays the occasion through Decide, second by second with faultless
// equipment, and returns each change of the orders. Nothing is touched. It ends
// when the lesson is done, or a day after its start if it never is.
func Rehearse(o firmware.Occasion, t Times, e Equipment) []Step {
	var steps []Step
	var h History
	var lit, dark time.Time // since when the displays are, or are no longer, wanted
	first := o.Start.Add(-t.lead() - time.Second)
	for now := first; now.Before(o.Start.Add(24 * time.Hour)); now = now.Add(time.Second) {
		f := Facts{GuardKnown: true, MainsGood: true, FileOK: true, PlayerUp: true, Loaded: true, Length: e.Length}
		f.Displays = []hal.DisplayState{rehearsed(now, lit, dark, e)}
		f.Complete = h.Started && now.Sub(h.StartedAt) >= e.Length
		f.LoadsOff = h.Ended && !dark.IsZero() && now.Sub(dark) >= e.CoolDown
		ord := Decide(now, o, t, h, f)
		if len(steps) == 0 || steps[len(steps)-1].Orders != ord {
			steps = append(steps, Step{now, ord})
		}
		h.RollOpened = h.RollOpened || ord.Roll
		if ord.Run && !h.Started {
			h.Started, h.StartedAt = true, now
		}
		if ord.End != "" {
			h.Ended, h.EndedAt = true, now
		}
		if ord.Displays && lit.IsZero() {
			lit = now
		}
		if !ord.Displays && !lit.IsZero() && dark.IsZero() {
			dark = now
		}
		if ord.Phase == Done {
			break
		}
	}
	return steps
}

func rehearsed(now, lit, dark time.Time, e Equipment) hal.DisplayState {
	switch {
	case lit.IsZero():
		return hal.DisplayStandby
	case dark.IsZero() && now.Sub(lit) >= e.WarmUp:
		return hal.DisplayOn
	case dark.IsZero():
		return hal.DisplayWarming
	}
	return hal.DisplayCooling
}
