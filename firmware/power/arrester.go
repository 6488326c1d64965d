package power

import "time"

// arresterSilence is how long the arrester may say nothing before nothing is
// known of it.
const arresterSilence = 5 * time.Second

// arrester follows the remote contact of the surge arrester and counts its
// strikes. A relay cannot stop a surge, the arrester does; what can be done is to
// see when it is worn out and, if the owner wants it, to stay off without it.
type arrester struct {
	hold    bool // do not close with an arrester that has failed, or is unknown
	open    bool
	known   bool          // it has spoken within arresterSilence
	silence time.Duration // since it spoke
	strikes uint32        // ever, over restarts
	count   uint16        // of the front end
	counted bool          // count means something
}

// take looks at the slow values after a step of elapsed. It returns what to tell.
func (a *arrester) take(contact, strikes *slowValue, elapsed time.Duration) (Event, bool) {
	a.silence = min(day, a.silence+elapsed)
	if contact.known && contact.age == 0 {
		a.silence = 0
	}
	a.known = a.silence <= arresterSilence
	if e, ok := a.strike(strikes); ok {
		return e, true
	}
	if !contact.known || contact.age != 0 || (contact.raw == 1) == a.open {
		return Event{}, false
	}
	a.open = contact.raw == 1
	cause := CauseArresterOK
	if a.open {
		cause = CauseArresterOpen
	}
	return Event{Kind: EventArrester, Cause: cause, Load: -1}, true
}

// strike counts. A counter that is smaller than before began anew with its front
// end; one that is seen first may hold strikes of long ago, and is no news.
func (a *arrester) strike(v *slowValue) (Event, bool) {
	if !v.known || v.age != 0 {
		return Event{}, false
	}
	before, counted := a.count, a.counted
	a.count, a.counted = v.raw, true
	if !counted || v.raw == before {
		return Event{}, false
	}
	if v.raw > before {
		a.strikes += uint32(v.raw - before)
	} else {
		a.strikes += uint32(v.raw)
	}
	return Event{Kind: EventStrike, Load: -1, Count: a.strikes}, v.raw != 0
}

// stay is the reason not to be closed, if any.
func (a *arrester) stay() Cause {
	switch {
	case !a.hold:
		return CauseNone
	case a.known && a.open:
		return CauseArresterOpen
	case !a.known:
		return CauseArresterUnknown
	}
	return CauseNone
}
