package power_test

import (
	"cmp"
	"fmt"
	"time"

	"stationbox/firmware/power"
)

// past is what a judge remembers over minutes and restarts: trips, latches, what
// is owed, and integrals of its own of the curve. Where the core's written leak
// is a quarter, the integral that must trip leaks a third and the one that may
// trip a fifth, so neither shares a number with the core.
type past struct {
	at      time.Duration
	owed    time.Duration   // the moment before which nothing may close
	tripped []time.Duration // moments of trips, cleared by a reset
	locked  bool            // a person must come for the trips,
	welded  bool            // for the weld,
	fails   int             // or for three closings that failed
	lived   bool            // contacts have shown closed since the closing
	shed    bool            // an under-voltage tripped and the contactor stayed closed
	started time.Duration   // when the contactor or a load was ordered closed last
	must    [power.MaxStages]time.Duration
	may     [power.MaxStages]time.Duration
	beyond  [power.MaxStages]bool
}

func (j *judge) minutes(in *power.Input, o *power.Orders) string {
	p := &j.past
	p.at += in.Elapsed
	if o.N >= len(o.Events) {
		return fmt.Sprintf("I13: %d events in one step", o.N)
	}
	j.integrate(in)
	broken := cmp.Or(j.person(in, o), j.opening(in, o), j.closing(in, o), j.turns(in, o), j.chatter(o))
	j.remember(in, o)
	return broken
}

// person is the technician who ends latches, never without a wish and never one
// that is still there.
func (j *judge) person(in *power.Input, o *power.Orders) string {
	p := &j.past
	for _, e := range o.Events[:o.N] {
		if e.Kind != power.EventReset {
			continue
		}
		if !in.Reset || p.welded && live(in) {
			return fmt.Sprintf("I8: a reset, asked for %v, welded %v", in.Reset, p.welded)
		}
		p.welded, p.locked, p.fails, p.tripped = false, false, 0, nil
	}
	return ""
}

func live(in *power.Input) bool {
	return in.Aux == power.ContactClosed || in.Feed == power.ContactClosed
}

// integrate keeps both integrals while the contactor is ordered closed.
func (j *judge) integrate(in *power.Input) {
	p, s := &j.past, &in.Sense
	for i, st := range j.stages {
		if !j.before.Contactor {
			p.must[i], p.may[i], p.beyond[i] = 0, 0, false
			continue
		}
		surely := s.Known && (st.Over > 0 && s.MV >= int32(st.Over)*1000 || st.Under > 0 && s.MV < int32(st.Under)*1000)
		if s.Known {
			p.beyond[i] = surely || st.Over > 0 && s.MV >= int32(st.Over)*999
		}
		p.must[i] = max(0, p.must[i]-s.Span/3)
		if surely {
			p.must[i] = min(p.must[i]+s.Span+s.Span/3, st.After+20*time.Millisecond)
		}
		if p.beyond[i] {
			p.may[i] = min(p.may[i]+s.Span, st.After+20*time.Millisecond)
		} else {
			p.may[i] = max(0, p.may[i]-s.Span/5)
		}
		if j.good >= j.s.GoodTime+j.s.Slot {
			p.must[i] = 0 // shedding ends, and with it what led to it
		}
	}
}

// chatter is I1b: the time beyond a limit counts in pieces too. An under-voltage
// may leave a lamp on.
func (j *judge) chatter(o *power.Orders) string {
	for i, st := range j.stages {
		if st.Over > 0 && j.before.Contactor && o.Contactor && j.past.must[i] >= st.After+15*time.Millisecond {
			return fmt.Sprintf("I1b: %+v passed in pieces and still closed", st)
		}
	}
	return ""
}

// opening is I2: the contactor opens for the reason that is told, and the reason
// is there.
func (j *judge) opening(in *power.Input, o *power.Orders) string {
	for _, e := range o.Events[:o.N] {
		if e.Kind != power.EventOpen {
			continue
		}
		reason := false
		switch e.Cause {
		case power.CauseInstant:
			reason = in.Sense.Instant || j.past.beyond[0]
		case power.CauseOver:
			reason = j.due(true)
		case power.CauseOutage:
			reason = j.due(false) || j.givenUp(e.Cause, in)
		case power.CauseUnder:
			reason = j.past.shed && j.before.Relays == 0 || j.due(false)
		case power.CauseSamples:
			reason = j.unseen > 100*time.Millisecond || j.missed > 100*time.Millisecond
		case power.CausePins:
			reason = in.Failed
		case power.CauseNotClosing, power.CauseDropped:
			reason = !live(in)
		case power.CauseHigh, power.CauseLow:
			reason = j.givenUp(e.Cause, in)
		}
		if !reason {
			return fmt.Sprintf("I2: opened by %v, which is not so", e.Cause.Word())
		}
	}
	return ""
}

// givenUp says whether a closing is given up for a cause: its mains has turned bad
// before the contacts have moved.
func (j *judge) givenUp(c power.Cause, in *power.Input) bool {
	if j.past.lived || !in.Sense.Known {
		return false
	}
	switch mv := in.Sense.MV; c {
	case power.CauseOutage:
		return mv < 22_000
	case power.CauseLow:
		return mv < 190_000
	default:
		return mv > 250_000
	}
}

// due says whether an over-voltage stage, or an under-voltage one, may be spent.
func (j *judge) due(over bool) bool {
	for i, st := range j.stages {
		if over == (st.Over > 0) && j.past.beyond[i] && j.past.may[i] >= st.After-15*time.Millisecond {
			return true
		}
	}
	return false
}

// closing is I4 and I8 over everything that happened before.
func (j *judge) closing(in *power.Input, o *power.Orders) string {
	p := &j.past
	switch {
	case !o.Contactor || j.before.Contactor:
		return ""
	case p.at < p.owed:
		return fmt.Sprintf("I4: closed %v before the back-off had passed, %d trips", p.owed-p.at, len(p.tripped))
	case p.locked:
		return fmt.Sprintf("I4: closed though %d trips wait for a person", len(p.tripped))
	case p.welded || p.fails >= 3:
		return fmt.Sprintf("I8: closed though a person must come: welded %v, %d closings failed", p.welded, p.fails)
	case !in.Sense.Fresh || !in.Sense.Known:
		return "I7: closed by a voltage that is not fresh"
	}
	return ""
}

// turns is I6: loads start in order and after their delays, and stop in reverse.
func (j *judge) turns(in *power.Input, o *power.Orders) string {
	start, stop := o.Relays&^j.before.Relays, j.before.Relays&^o.Relays
	wanted := func(i int) bool { return in.Loads[i].Wanted || j.s.Loads[i].AlwaysOn }
	for i, l := range j.s.Loads {
		bit := uint8(1) << i
		if start&bit != 0 && j.past.at-j.past.started < l.OnDelay {
			return fmt.Sprintf("I6: %s started %v after what was before it", l.Name, j.past.at-j.past.started)
		}
		if start&bit != 0 && (!wanted(i) || in.Loads[i].Failed) {
			return "I6: " + l.Name + " started unwanted, or by a relay that failed"
		}
		for k, other := range j.s.Loads {
			off, on := o.Relays&(1<<k) == 0, o.Relays&(1<<k) != 0
			if start&bit != 0 && k < i && off && wanted(k) && !other.Lamp && !in.Loads[k].Failed {
				return fmt.Sprintf("I6: %s started before %s", l.Name, other.Name)
			}
			byWish := stop&bit != 0 && o.Contactor && !in.Loads[i].Failed && !j.past.shed
			if byWish && k > i && on && !wanted(k) && !other.Lamp {
				return fmt.Sprintf("I6: %s stopped before %s", l.Name, other.Name)
			}
		}
	}
	return ""
}

// remember carries the step over.
func (j *judge) remember(in *power.Input, o *power.Orders) {
	p := &j.past
	tripped := false
	for _, e := range o.Events[:o.N] {
		switch e.Kind {
		case power.EventTrip:
			p.tripped, tripped = append(p.tripped, p.at), true
			p.shed = o.Contactor
		case power.EventWeld:
			p.welded = true
		case power.EventNoClose:
			p.fails++
		}
	}
	if o.Contactor && live(in) && !p.lived {
		p.lived, p.fails = true, 0
	}
	switch {
	case o.Contactor && !j.before.Contactor:
		p.lived, p.shed = false, false
	case !o.Contactor && j.before.Contactor:
		p.owe(j, tripped || p.shed)
		p.shed = false
	case o.Relays&^j.before.Relays != 0:
		p.shed = false
	}
	if o.Contactor && (!j.before.Contactor || o.Relays&^j.before.Relays != 0) {
		p.started = p.at
	}
}

// owe is the minimum-off time from now on, doubled by every trip of the hour.
func (p *past) owe(j *judge, tripped bool) {
	n := p.trips()
	off := j.s.MinOff
	if tripped && n > 0 {
		off <<= min(n-1, 3)
		p.locked = n >= j.s.MaxTrips
	}
	p.owed = max(p.owed, p.at+off)
}

// trips is how many trips were surely within the hour.
func (p *past) trips() int {
	n := 0
	for _, at := range p.tripped {
		if p.at-at < time.Hour-time.Second {
			n++
		}
	}
	return n
}

// restart is I11 and I12: everything is off in the state with which a dead guard
// begins again, its trips are counted, its latches and its debts stand, whatever
// the clock says of the time between; only trips grow older by it.
func (j *judge) restart(s *power.State, gone time.Duration) string {
	p := &j.past
	if j.before.Contactor {
		j.open = 0
		p.locked = p.locked || p.trips() >= j.s.MaxTrips
	}
	for i := range p.tripped {
		p.tripped[i] -= gone
	}
	p.owed = max(p.owed, p.at+j.s.MinOff)
	latched := s.Phase == power.Lockout || s.Phase == power.Weld || s.Phase == power.NoClose && s.Latched
	switch {
	case s.Commanded():
		return "I12: closed at the start"
	case s.Wait < p.owed-p.at:
		return fmt.Sprintf("I11: waits %v after a restart; %v was owed", s.Wait, p.owed-p.at)
	case s.TripCount() < p.trips():
		return fmt.Sprintf("I12: %d trips remembered of %d", s.TripCount(), p.trips())
	case (p.locked || p.welded || p.fails >= 3) && !latched:
		return fmt.Sprintf("I12: phase %v; locked %v, welded %v, %d closings failed", s.Phase, p.locked, p.welded, p.fails)
	}
	if p.fails < 3 {
		p.fails = 0
	}
	for i := range j.s.Loads {
		left := j.s.Loads[i].CoolTime - j.dark[i]
		if s.Loads[i].On || j.hot[i] && s.Loads[i].Cool < left {
			return fmt.Sprintf("I12: load %d on %v, hot %v, cools for %v of %v", i, s.Loads[i].On, j.hot[i], s.Loads[i].Cool, left)
		}
		j.strike[i] = 0
	}
	j.before, j.good, j.unseen, p.shed, p.lived = power.Orders{}, 0, 0, false, false
	return ""
}
