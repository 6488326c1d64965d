package power

import "time"

// What the travel of the contactor is judged by.
const (
	travelBase  = 8                     // movements that make what is usual
	travelFresh = 15 * time.Millisecond // since the last pulse, for an opening to be learned
	travelLimit = time.Second           // a movement that takes longer is no movement: weld or no-close
	travelSlack = 20 * time.Millisecond // a look at the contact and the hold of the drive vary by less
)

// Travel is what is learned of one direction of the contactor: from the order to
// the auxiliary contact. It is comparable, and durable as it stands.
type Travel struct {
	N      int           `json:"n"`         // movements seen, at most travelBase
	Usual  time.Duration `json:"usual_ns"`  // mean of the first of them
	Recent time.Duration `json:"recent_ns"` // smoothed, a quarter for the newest
	Slow   bool          `json:"slow"`      // Recent is a quarter and 20 ms above Usual
}

// learn takes one movement in, and says whether Slow has changed.
func (t *Travel) learn(d time.Duration) bool {
	if t.N < travelBase {
		t.N++
		t.Usual += (d - t.Usual) / time.Duration(t.N)
		t.Recent = t.Usual
		return false
	}
	t.Recent += (d - t.Recent) / 4
	limit := t.Usual + t.Usual/4 + travelSlack
	if t.Slow {
		limit = t.Usual + t.Usual/8 + travelSlack/2 // once told, it must be clearly better
	}
	was := t.Slow
	t.Slow = t.Recent > limit
	return t.Slow != was
}

// valid says whether t can have been written by learn.
func (t *Travel) valid() bool {
	return t.N >= 0 && t.N <= travelBase && t.Usual >= 0 && t.Usual <= travelLimit && t.Recent >= 0 && t.Recent <= travelLimit
}

// travels watches the movements of the contactor beside the core, which judges
// whether it moved at all. Drift comes long before a weld: worn contacts and a
// tired spring open later.
type travels struct {
	Closing, Opening Travel

	waits   Contact // the contact that is awaited; ContactUnknown: none
	ordered time.Time
}

// renew forgets what was usual: a person has been there, perhaps with a new
// contactor.
func (t *travels) renew() { t.Closing, t.Opening = Travel{}, Travel{} }

// order begins the watch of a movement at now.
func (t *travels) order(closed bool, now time.Time) {
	t.waits, t.ordered = ContactOpen, now
	if closed {
		t.waits = ContactClosed
	}
}

// see takes a look at the auxiliary contact, which has been as it is since, and
// returns an event when a direction became slow or is no longer.
func (t *travels) see(aux Contact, since, now time.Time) (Event, bool) {
	if t.waits == ContactUnknown {
		return Event{}, false
	}
	took := since.Sub(t.ordered) - lookFast/2 // seen between two looks
	switch {
	case aux == t.waits && took > 0:
	case now.Sub(t.ordered) > travelLimit:
		t.waits = ContactUnknown
		return Event{}, false
	default:
		return Event{}, false
	}
	way, slow := &t.Closing, CauseClosingSlow
	if t.waits == ContactOpen {
		way, slow = &t.Opening, CauseOpening
	}
	t.waits = ContactUnknown
	if took > travelLimit || !way.learn(took) {
		return Event{}, false
	}
	if !way.Slow {
		slow = CauseTravelOK
	}
	return Event{Kind: EventTravel, Cause: slow, Load: -1, Lasted: took}, true
}
