package clock

import (
	"time"

	"stationbox/firmware"
)

// Rule is what the schedule does while the clock is not trusted, by the
// configuration.
type Rule string

// The rules.
const (
	Wait     Rule = "wait"     // nothing begins by itself
	Relative Rule = "relative" // one lesson begins a set time after power-on
)

// relativeLate is how late a relative showing may still begin: after that the
// people have gone, and a station that loses trust in the evening must not begin
// what was meant for the morning.
const relativeLate = 15 * time.Minute

// Plan is what the schedule may do now.
type Plan struct {
	// Mode is "clock": by the time shown; "wait": begin nothing; "relative":
	// begin the next lesson of the plan at Start.
	Mode PlanMode
	// Start is when the relative showing begins, in monotonic time since power-on.
	Start time.Duration
	// Reason says on screen and console why it is not by the clock: a key of the
	// text catalogue, "" by the clock.
	Reason string
}

// PlanMode is one word of a Plan.
type PlanMode string

// The modes.
const (
	ByClock    PlanMode = "clock"
	ByWaiting  PlanMode = "wait"
	ByRelative PlanMode = "relative"
)

// Decide says what the schedule may do with a clock like st, by rule. booted is
// the monotonic time of power-on (0 on the box) and after the time from there to
// a relative showing. Something that has begun is not its business: a lesson
// that runs goes on whatever becomes of the clock.
func Decide(st Status, need time.Duration, rule Rule, booted, mono, after time.Duration) Plan {
	switch {
	case st.Enough(need):
		return Plan{Mode: ByClock}
	case rule != Relative:
		return Plan{Mode: ByWaiting, Reason: "clock.plan.wait"}
	case mono > booted+after+relativeLate:
		return Plan{Mode: ByWaiting, Reason: "clock.plan.over"}
	}
	return Plan{Mode: ByRelative, Start: booted + after, Reason: "clock.plan.relative"}
}

// Move returns o as the relative showing of p: the next lesson of the plan after
// the time shown that has no history, with its start moved to p.Start as the
// clock at now and mono sees it. Its ID stays, so that it is shown once only,
// also when the clock turns out to be right later. Ask again at every round: a
// clock that is set in the middle moves the start along.
func (p Plan) Move(o firmware.Occasion, now time.Time, mono time.Duration) firmware.Occasion {
	o.Start = now.Add(p.Start - mono)
	return o
}
