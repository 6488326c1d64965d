package power

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Settings are the limits and times of a guard. Zero values take the defaults.
type Settings struct {
	GoodLow, GoodHigh int           // V rms, default 190 and 250
	GoodTime          time.Duration // default 60s
	Slot              time.Duration // of this village: added to whatever is waited for, default 0
	MinOff            time.Duration // default 60s
	MaxTrips          int           // within an hour, 1..MaxTrips, default 5
	Stale             time.Duration // default 100ms
	MoveTime          time.Duration // order to auxiliary contact, default 300ms
	Stages            []Stage       // default DefaultStages; without an outage stage that of the default is added
	Loads             []Load        // at most MaxLoads, in the order of switching on
}

// Stage is definite time: it opens the contactor when the one-cycle rms stays
// at or above Over, or below Under, for After. Exactly one of them is not zero;
// V rms. An over-voltage stage of less than one cycle also looks at the
// quadrature envelope. An under-voltage stage of 22 V or less is an outage,
// which is no trip.
type Stage struct {
	Over, Under int
	After       time.Duration
}

// Load is one relay-switched load.
type Load struct {
	Name      string
	Channel   int           // current channel of the front end, 1..4; 0 none
	OnDelay   time.Duration // after the load before it
	Operate   time.Duration // order to closed contact of its relay, default OperateTime
	Release   time.Duration // order to open contact of its relay, default ReleaseTime
	Lamp      bool
	StandbyMA int
	CoolTime  time.Duration
	AlwaysOn  bool
}

// DefaultStages returns the default curve for 220 V: above what ITIC asks to
// ride through, and faster than EN 50550 (IEC 63052) asks to trip.
func DefaultStages() []Stage {
	return []Stage{
		{Over: 340},
		{Over: 300, After: 200 * time.Millisecond},
		{Over: 275, After: 500 * time.Millisecond},
		{Over: 264, After: 3 * time.Second},
		{Under: 176, After: 10 * time.Second},
		{Under: 154, After: 500 * time.Millisecond},
		outageStage,
	}
}

// outageStage is the mains that went away: no trip, and not counted as one.
var outageStage = Stage{Under: outageBelow, After: 100 * time.Millisecond}

// table is the whole curve: the stages of st or the default ones, with an outage.
func (st Settings) table() []Stage {
	if len(st.Stages) == 0 {
		return DefaultStages()
	}
	if slices.ContainsFunc(st.Stages, Stage.outage) {
		return st.Stages
	}
	return append(slices.Clip(st.Stages), outageStage)
}

func (s Stage) outage() bool { return s.Under > 0 && s.Under <= outageBelow }

// Fixed parts of the plan.
const (
	cycle       = 20 * time.Millisecond
	outageBelow = 22 // V
	leak        = 4  // a stage forgets this many times slower than it charges
	calmAfter   = 200 * time.Millisecond
	offGap      = 500 * time.Millisecond // between two loads switched off by wish
	weldExtra   = 200 * time.Millisecond // the hardware holds the drive up to 300 ms after the last pulse
	tripHour    = time.Hour
	strike      = 2 * time.Second // a lamp that burns for less than this is not hot
	maxBackoff  = 3               // the minimum-off time doubles at most this often
	maxNoClose  = 3
	day         = 24 * time.Hour
	// lead is taken off every stage: a sliding one-cycle rms needs 3 to 18 ms to
	// cross a limit after a step, and the time counts from the step.
	lead = 12500 * time.Microsecond
)

// limit is a Stage in the units of Step.
type limit struct {
	mv     int32
	over   bool
	outage bool
	quick  bool // shorter than a cycle: the envelope may trip it
	after  time.Duration
	cause  Cause
}

// loadPlan is a Load in the units of Step.
type loadPlan struct {
	lamp      bool
	alwaysOn  bool
	standbyMA int32
	onDelay   time.Duration
	coolTime  time.Duration
}

// Plan is a checked Settings. It never changes.
type Plan struct {
	goodLow, goodHigh int32
	goodTime          time.Duration // with the slot
	slot              time.Duration
	minOff            time.Duration
	stale             time.Duration
	moveTime          time.Duration
	maxTrips          int
	limits            [MaxStages]limit
	nLimits           int
	instantMV         int32 // 0: no quick stage
	loads             [MaxLoads]loadPlan
	nLoads            int
}

// NewPlan checks st. Every mistake is in the error.
func NewPlan(st Settings) (*Plan, error) {
	p := &Plan{
		goodLow: mv(either(st.GoodLow, 190)), goodHigh: mv(either(st.GoodHigh, 250)),
		goodTime: either(st.GoodTime, time.Minute) + st.Slot,
		slot:     st.Slot,
		minOff:   either(st.MinOff, time.Minute),
		stale:    either(st.Stale, 100*time.Millisecond),
		moveTime: either(st.MoveTime, 300*time.Millisecond),
		maxTrips: either(st.MaxTrips, 5),
	}
	stages := st.table()
	errs := p.check(len(stages), len(st.Loads))
	if errs != nil {
		return nil, errs
	}
	for _, s := range stages {
		errs = errors.Join(errs, p.addStage(s))
	}
	for _, l := range st.Loads {
		errs = errors.Join(errs, p.addLoad(l))
	}
	if errs != nil {
		return nil, errs
	}
	return p, nil
}

func (p *Plan) check(stages, loads int) error {
	var errs error
	complain := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = errors.Join(errs, fmt.Errorf("guard: "+format, args...))
		}
	}
	complain(p.goodLow >= p.goodHigh, "good band %d…%d mV: upside down", p.goodLow, p.goodHigh)
	complain(p.goodTime < 0 || p.slot < 0 || p.minOff < 0 || p.stale < 0 || p.moveTime < 0, "a time is negative")
	complain(p.maxTrips < 1 || p.maxTrips > MaxTrips, "max_trips %d: not 1…%d", p.maxTrips, MaxTrips)
	complain(stages > MaxStages, "%d stages: at most %d", stages, MaxStages)
	complain(loads > MaxLoads, "%d loads: at most %d", loads, MaxLoads)
	return errs
}

func (p *Plan) addStage(s Stage) error {
	if (s.Over > 0) == (s.Under > 0) || s.Over < 0 || s.Under < 0 || s.After < 0 {
		return fmt.Errorf("guard: stage over %d under %d after %v: exactly one limit, no negative numbers", s.Over, s.Under, s.After)
	}
	l := limit{mv: mv(s.Under), after: max(0, s.After-lead), cause: CauseUnder}
	if s.outage() {
		l.outage, l.cause, l.after = true, CauseOutage, max(0, s.After-lead)
	}
	if s.Over > 0 {
		// A thousandth in hand, so that noise does not decide exactly at the limit.
		l.mv, l.over, l.cause = mv(s.Over)-mv(s.Over)/1000, true, CauseOver
		l.after = max(0, s.After-lead)
		l.quick = s.After < cycle
	}
	if l.over && l.mv <= p.goodHigh || !l.over && l.mv > p.goodLow {
		return fmt.Errorf("guard: stage over %d under %d: inside the good band", s.Over, s.Under)
	}
	if l.quick {
		l.cause, l.after = CauseInstant, 0
		if p.instantMV == 0 || l.mv < p.instantMV {
			p.instantMV = l.mv
		}
	}
	p.limits[p.nLimits] = l
	p.nLimits++
	return nil
}

func (p *Plan) addLoad(l Load) error {
	if l.Lamp && l.Channel == 0 {
		return fmt.Errorf("load %s: a lamp load needs a current channel, its standby must be measured", l.Name)
	}
	if l.OnDelay < 0 || l.CoolTime < 0 || l.StandbyMA < 0 {
		return fmt.Errorf("load %s: a negative number", l.Name)
	}
	p.loads[p.nLoads] = loadPlan{
		lamp: l.Lamp, alwaysOn: l.AlwaysOn, standbyMA: int32(either(l.StandbyMA, 100)),
		onDelay: l.OnDelay, coolTime: l.CoolTime,
	}
	if l.Lamp {
		p.loads[p.nLoads].coolTime = either(l.CoolTime, 90*time.Second)
	}
	p.nLoads++
	return nil
}

// Instant is the rms in mV at which the envelope alarms, 0 for never.
func (p *Plan) Instant() int32 { return p.instantMV }

// Cold is the State at boot: everything off, and the contactor counts as opened
// just now.
func (p *Plan) Cold() State { return State{Phase: Off, Cause: CauseMinOff, Wait: p.minOff + p.slot} }

// Warm is the State of a guard that has been closed for long with all loads
// off, for replaying recordings.
func (p *Plan) Warm() State {
	return State{Phase: Closed, Confirmed: true, Good: p.goodTime, OnGap: day, OffGap: day}
}

func mv(volts int) int32 { return int32(volts) * 1000 }

func either[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
