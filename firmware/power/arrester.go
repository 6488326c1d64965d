package power

import "time"

const (
	arresterSilence = 5 * time.Second  // it may say nothing for this long before nothing is known of it
	arresterCalm    = 10 * time.Minute // a contact that comes and goes must be in order for this long
	strikesAtOnce   = 20               // that are told one by one; then their sum, once a minute
)

// arrester follows the remote contact of the surge arrester and counts its
// strikes. A relay cannot stop a surge, the arrester does; what can be done is to
// see when it is worn out and, if the owner wants it, to stay off without it.
type arrester struct {
	hold    bool // do not close with an arrester that has failed, or is unknown
	open    bool
	known   bool          // it has spoken within arresterSilence
	silence time.Duration // since it spoke
	calm    time.Duration // in order without a break
	strikes uint32        // ever, over restarts
	count   uint16        // of the front end
	counted bool          // count means something
	told    uint32        // of strikes
	room    int           // strikes that may be told now
	since   time.Duration // room last grew
}

// take looks at the slow values after a step of elapsed. It returns what to tell.
func (a *arrester) take(contact, strikes *slowValue, elapsed time.Duration) (Event, bool) {
	a.silence, a.calm = min(day, a.silence+elapsed), min(day, a.calm+elapsed)
	spoke := contact.known && contact.age == 0 && contact.raw <= 1
	if spoke {
		a.silence = 0
	}
	a.known = a.silence <= arresterSilence
	if e, ok := a.strike(strikes, elapsed); ok {
		return e, true
	}
	if spoke && contact.raw == 1 {
		a.calm = 0
	}
	if !spoke || (contact.raw == 1) == a.open {
		return Event{}, false
	}
	a.open = contact.raw == 1
	cause := CauseArresterOK
	if a.open {
		cause = CauseArresterOpen
	}
	return Event{Kind: EventArrester, Cause: cause, Load: -1}, true
}

// newArrester returns one that has said nothing yet.
func newArrester(hold bool, strikes uint32) arrester {
	return arrester{hold: hold, strikes: strikes, told: strikes, silence: day, calm: day, room: strikesAtOnce}
}

// strike counts. A counter that is smaller than before began anew with its front
// end; one that is seen first may hold strikes of long ago, and is no news. A
// contact that chatters must fill neither card nor journal.
func (a *arrester) strike(v *slowValue, elapsed time.Duration) (Event, bool) {
	if a.since += elapsed; a.since >= time.Minute {
		a.since, a.room = 0, min(a.room+1, strikesAtOnce)
	}
	if v.known && v.age == 0 {
		a.add(v.raw)
	}
	if a.told == a.strikes || a.room == 0 {
		return Event{}, false
	}
	a.room--
	a.told = a.strikes
	return Event{Kind: EventStrike, Load: -1, Count: a.strikes}, true
}

// add takes in the front end's counter.
func (a *arrester) add(count uint16) {
	switch {
	case !a.counted:
	case count >= a.count:
		a.strikes += uint32(count - a.count)
	default:
		a.strikes += uint32(count)
	}
	a.count, a.counted = count, true
}

// stay is the reason not to be closed, if any.
func (a *arrester) stay() Cause {
	switch {
	case !a.hold:
		return CauseNone
	case !a.known:
		return CauseArresterUnknown
	case a.open || a.calm < arresterCalm:
		return CauseArresterOpen
	}
	return CauseNone
}
