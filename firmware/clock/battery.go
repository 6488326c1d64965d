package clock

import (
	"errors"
	"time"

	"stationbox/hal"
)

// HardwareClock is the battery clock of the board. Its errors are words of hal.
type HardwareClock interface {
	Time() (time.Time, error) // whole seconds, up to one second before the truth
	SetTime(time.Time) error  // to the second, which begins now
	// Battery says that the time was lost or the battery is empty, or that it is
	// low; an error means that the chip cannot tell.
	Battery() (empty, low bool, err error)
}

// The outcomes of the battery test.
const (
	batteryUntested = ""
	batteryOK       = "ok"
	batteryLow      = "low"
	batteryDead     = "dead"
)

// Why a battery is dead: keys of the text catalogue.
const (
	causeFlag    = "clock.battery.flag"    // the chip says that it lost the time
	causeStopped = "clock.battery.stopped" // the driver says that the time is invalid
	causeDefault = "clock.battery.default" // it reads what chips read after power-on
	causeBehind  = "clock.battery.behind"  // it reads earlier than what was known before
)

// rtcMemory is what is known of the hardware clock over power cuts: how it
// compared with a good time.
type rtcMemory struct {
	At      time.Time     `json:"at,omitzero"`           // truth at the last comparison; zero: never compared
	Offset  time.Duration `json:"offset_ns,omitempty"`   // clock minus truth then
	Bound   time.Duration `json:"bound_ns,omitempty"`    // ± of Offset
	PPB     int64         `json:"ppb,omitempty"`         // it runs fast by so many parts per billion
	PPBErr  int64         `json:"ppb_err,omitempty"`     // ± of PPB; 0: not measured yet
	Battery string        `json:"battery,omitempty"`     // outcome of the newest test
	Cause   string        `json:"cause,omitempty"`       // why it is dead
	Base    time.Time     `json:"base,omitzero"`         // truth at the comparison from which drift is measured
	BaseOff time.Duration `json:"base_offset,omitempty"` // and the offset then
	BaseErr time.Duration `json:"base_error,omitempty"`
}

// Drift is measured over a day at least: a reading is exact to a second only.
const (
	driftSpan    = 24 * time.Hour
	driftMost    = 50_000                 // ppb: a worse measurement says nothing
	halfSecond   = 500 * time.Millisecond // a reading is on average so much behind
	readingBound = time.Second            // half a second of reading and of calling
	// unknownRTC is the error of a clock that was never compared with a good time:
	// it may keep local time instead of UTC.
	unknownRTC = 24 * time.Hour
	// batteryProof is how long the power must have been away for a right time to
	// prove that the battery kept it.
	batteryProof = 2 * time.Minute
)

// sound keeps out what would overflow.
func (r *rtcMemory) sound() bool {
	small := func(d, most time.Duration) bool { return d > -most && d < most }
	return small(r.Offset, 24*time.Hour) && small(r.BaseOff, 24*time.Hour) && small(r.Bound, boundMost) && small(r.BaseErr, boundMost) &&
		r.Bound >= 0 && r.BaseErr >= 0 && r.PPB > -1e7 && r.PPB < 1e7 && r.PPBErr >= 0 && r.PPBErr <= driftMost &&
		(r.At.IsZero() || believable(r.At)) && (r.Base.IsZero() || believable(r.Base))
}

// rate is how far the clock may run away, in parts per million.
func (r *rtcMemory) rate() int64 {
	drift := max(r.PPB, -r.PPB) + r.PPBErr
	return max(crystal, drift/1000+20)
}

// observation makes a word of what the clock read at mono.
func (r *rtcMemory) observation(read time.Time, mono time.Duration) Observation {
	o := Observation{Source: RTC, Wall: read.Add(halfSecond), Bound: unknownRTC, Mono: mono}
	if r.At.IsZero() {
		return o
	}
	o.Wall = o.Wall.Add(-r.Offset)
	alone := max(0, o.Wall.Sub(r.At))
	o.Bound = min(r.Bound+readingBound+grown(alone, r.rate()), boundMost)
	return o
}

// reading is the hardware clock as it was found after power-on.
type reading struct {
	wall       time.Time
	err        error
	empty, low bool
	mono       time.Duration
}

// test judges the battery after a power cut by what the clock read, and returns
// the outcome with its cause. known is what was shown before the cut.
func (r *rtcMemory) test(got reading, known, built time.Time) (verdict, cause string) {
	o := r.observation(got.wall, got.mono)
	if r.At.IsZero() {
		o.Bound = readingBound
	}
	behind := !known.IsZero() && o.Wall.Add(o.Bound+readingBound).Before(known)
	switch {
	case errors.Is(got.err, hal.ErrGarbled):
		return batteryDead, causeStopped
	case got.err != nil:
		return r.Battery, r.Cause // not there or busy: nothing was tested
	case got.empty:
		return batteryDead, causeFlag
	case got.wall.Before(written) || got.wall.Before(built.Add(-readingBound)):
		return batteryDead, causeDefault
	case behind:
		return batteryDead, causeBehind
	case got.low:
		return batteryLow, ""
	case r.Battery == batteryDead && got.wall.Sub(known) < batteryProof:
		return r.Battery, r.Cause // a warm start proves nothing
	}
	return batteryOK, ""
}

// compare takes in that the clock read at a moment of which the truth ± bound is
// known, and measures the drift since the base. moved says that somebody else may
// have set it meanwhile.
func (r *rtcMemory) compare(read, truth time.Time, bound time.Duration, moved bool) {
	r.At, r.Offset, r.Bound = truth, read.Add(halfSecond).Sub(truth), bound+readingBound
	span := truth.Sub(r.Base)
	if moved || r.Base.IsZero() || span < 0 {
		r.Base, r.BaseOff, r.BaseErr = r.At, r.Offset, r.Bound
		return
	}
	if span < driftSpan {
		return
	}
	perBillion := func(d time.Duration) int64 { return int64(float64(d) / float64(span) * 1e9) }
	if e := perBillion(r.Bound+r.BaseErr) + 1; e <= driftMost {
		r.PPB, r.PPBErr = perBillion(r.Offset-r.BaseOff), e
	}
}
