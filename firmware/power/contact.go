package power

import "time"

// evidence is what contact and voltage say together of a contactor that is
// ordered closed: one of them is enough for closed, and the voltage stands in
// for an auxiliary contact that is unknown.
func (x *step) evidence() Contact {
	if x.live() {
		return ContactClosed
	}
	if x.in.Aux == ContactOpen {
		return ContactOpen
	}
	return x.in.Feed
}

// live says whether anything shows that the contactor is closed.
func (x *step) live() bool {
	return x.in.Aux == ContactClosed || x.in.Feed == ContactClosed
}

// watchContact supervises a contactor that is ordered closed, and moves on
// through the phases while it is.
func (x *step) watchContact() {
	if x.evidence() == ContactClosed {
		x.Move = 0
		if !x.Confirmed {
			x.Confirmed, x.OnGap, x.NoCloses = true, 0, 0
		}
		x.nextClosed()
		return
	}
	if x.Confirmed && x.evidence() == ContactUnknown {
		x.nextClosed() // the protection does not need the contact; the next closing does
		return
	}
	if x.Confirmed && !x.inBand() {
		x.Move = 0 // a coil drops in a dip; the curve decides, not the contact
		x.nextClosed()
		return
	}
	x.Move += x.in.Elapsed
	if x.Move <= x.p.moveTime {
		return
	}
	cause := CauseNotClosing
	if x.Confirmed {
		cause = CauseDropped
	}
	x.say(EventNoClose, cause)
	x.open(NoClose, cause)
	x.NoCloses = min(x.NoCloses+1, maxNoClose)
	x.Latched = x.NoCloses >= maxNoClose
}

// nextClosed chooses among the phases of a closed contactor.
func (x *step) nextClosed() {
	if x.Shed {
		x.shed()
		return
	}
	if x.in.Stay != CauseNone {
		x.retire()
		return
	}
	switch {
	case x.Alarm:
		x.Phase, x.Cause = RideThrough, x.bandCause()
	case x.Phase == RideThrough, x.Phase == Closing && x.started():
		x.Phase, x.Cause = Closed, CauseNone
	case x.Phase == Closing:
		x.Cause = CauseStarting
	}
}

// retire ends in order what must not stay closed: when the last load is off, the
// lamps cooled, the contactor opens. When the reason ends before that, the loads
// start again one by one.
func (x *step) retire() {
	x.Phase, x.Cause = Closing, x.in.Stay
	if x.anyOn() {
		return
	}
	x.open(Off, x.in.Stay)
}

// shed ends the time in which an under-voltage keeps only cooling lamps on: when
// the last one is off the contactor opens, when the mains has been good for
// long enough everything comes back, but not after too many trips and not when
// all is to stay off.
func (x *step) shed() {
	x.Phase, x.Cause = RideThrough, CauseShed
	if x.Good >= x.p.goodTime && x.TripCount() < x.p.maxTrips && x.in.Stay == CauseNone {
		x.Shed, x.Phase, x.Cause, x.OnGap = false, Closing, CauseStarting, 0
		x.Charge = [MaxStages]time.Duration{}
		return
	}
	if x.anyOn() {
		return
	}
	x.open(Trip, CauseUnder)
}

// whileOpen watches an open contactor and decides when it may close.
func (x *step) whileOpen() {
	x.watchWeld()
	if x.in.Stay != CauseNone {
		x.Wait = max(x.Wait, x.p.slot) // a storm ends for a whole town at once
	}
	blind := x.blind()
	if x.seen() {
		x.Unseen = 0
	}
	switch x.Phase {
	case Off, Qualify, Blind:
		x.waitOpen(blind)
	case Trip:
		if x.Wait == 0 {
			x.Phase = Off
		}
	case NoClose:
		if x.Wait == 0 && !x.Latched {
			x.Phase = Off
		}
	}
}

// watchWeld latches when the contactor stays closed against the order.
func (x *step) watchWeld() {
	if !x.live() {
		x.Move = 0
		return
	}
	x.Move = min(day, x.Move+x.in.Elapsed)
	x.Wait = max(x.Wait, x.p.minOff+x.p.slot) // it counts from the opening, not from the order
	if x.Phase == Weld || x.Move <= x.p.moveTime+weldExtra {
		return
	}
	x.say(EventWeld, CauseWelded)
	x.Phase, x.Cause, x.Latched = Weld, CauseWelded, true
}

// waitOpen is Off, Qualify and Blind: it names the reason to stay open, or
// closes.
func (x *step) waitOpen(blind bool) {
	switch {
	case blind:
		if x.Phase != Blind {
			x.say(EventBlind, CauseSamples)
		}
		x.Phase, x.Cause = Blind, CauseSamples
	case x.Phase == Blind && !x.seen(), !x.in.Sense.Known:
	case !x.inBand():
		x.leaveBlind()
		x.Phase, x.Cause = Off, x.badCause()
	default:
		x.leaveBlind()
		x.Phase, x.Cause = Qualify, x.openCause()
		if x.Cause == CauseNone {
			x.close()
		}
	}
}

func (x *step) leaveBlind() {
	if x.Phase == Blind {
		x.say(EventSeen, CauseNone)
	}
}

// badCause says what is wrong with the mains.
func (x *step) badCause() Cause {
	switch s := &x.in.Sense; {
	case s.MV < outageBelow*1000:
		return CauseOutage
	case s.MV < x.p.goodLow:
		return CauseLow
	}
	return CauseHigh
}

// openCause is the reason not to close though mains is good, or none.
func (x *step) openCause() Cause {
	switch {
	case x.in.Failed:
		return CausePins
	case x.in.Stay != CauseNone:
		return x.in.Stay
	case x.Wait > 0:
		return CauseMinOff
	case x.Good < x.p.goodTime:
		return CauseGoodTime
	case x.in.Aux == ContactUnknown:
		return CauseAux
	case x.live():
		return CauseWelded // not yet latched
	case !x.seen():
		return CauseSamples
	}
	return CauseNone
}

func (x *step) close() {
	x.say(EventClose, CauseGoodTime)
	x.Phase, x.Cause = Closing, CauseStarting
	x.Confirmed, x.Move = false, 0
	x.calmDown()
}

// reset ends what waits for a person. It shortens no minimum-off time.
func (x *step) reset() {
	waits := x.Phase == Lockout || x.Phase == NoClose || x.Phase == Weld && !x.live()
	if !waits {
		return
	}
	x.say(EventReset, CauseTechnician)
	x.Phase, x.Cause, x.Latched, x.NoCloses, x.Move = Trip, CauseMinOff, false, 0, 0
	x.State.Trips = [MaxTrips]time.Duration{} // a weld may have hidden a lock-out
	if x.Wait == 0 {
		x.Phase = Off
	}
}
