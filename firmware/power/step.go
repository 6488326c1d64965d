package power

import "time"

// step is one Step in progress.
type step struct {
	p  *Plan
	in *Input
	State
	Orders
}

// Step returns the State after in, and what is to be done now. It is pure and
// allocates nothing. It must be called for every frame, and at least every few
// milliseconds without one.
func (p *Plan) Step(s State, in Input) (State, Orders) {
	x := step{p: p, in: &in, State: s}
	x.age()
	x.cool()
	x.watchMains()
	x.chargeStages()
	if in.Reset {
		x.reset()
	}
	if x.Commanded() {
		x.whileClosed()
	} else {
		x.whileOpen()
	}
	x.switchLoads()
	x.Orders.Contactor = x.Commanded()
	x.Pulse = x.Orders.Contactor && in.Sense.Fresh && !in.Failed
	return x.State, x.Orders
}

// tell queues an event.
func (x *step) tell(e Event) {
	if x.N < len(x.Events) {
		x.Events[x.N] = e
		x.N++
	}
}

func (x *step) say(kind Kind, cause Cause) { x.tell(Event{Kind: kind, Cause: cause, Load: -1}) }

// age lets the time pass.
func (x *step) age() {
	dt := x.in.Elapsed
	x.Wait = max(0, x.Wait-dt)
	x.OnGap = min(day, x.OnGap+dt)
	x.OffGap = min(day, x.OffGap+dt)
	for i, age := range x.State.Trips {
		if age > 0 {
			x.State.Trips[i] = age + dt
		}
		if age+dt > tripHour {
			x.State.Trips[i] = 0
		}
	}
}

// inBand says whether the voltage is known and in the good band.
func (x *step) inBand() bool {
	s := &x.in.Sense
	return s.Known && !s.Instant && s.MV >= x.p.goodLow && s.MV <= x.p.goodHigh
}

// watchMains keeps the time of good mains and the time of blindness. A voltage
// that is unknown for a moment neither counts nor breaks the good time; blindness
// breaks it.
func (x *step) watchMains() {
	x.Unseen += x.in.Elapsed
	switch {
	case x.blind():
		x.Good = 0
	case x.inBand():
		x.Good = min(x.p.goodTime, x.Good+x.in.Elapsed)
	case x.in.Sense.Known, x.in.Sense.Instant:
		x.Good = 0
	}
}

// blind says whether the samples have been missing for too long. The drive holds
// for longer than that, so that a contactor which fell off in the meantime is
// never pulsed back on.
func (x *step) blind() bool { return x.Unseen > x.p.stale }

// seen notes a fresh voltage, after blind has been judged.
func (x *step) seen() bool { return x.in.Sense.Fresh && x.in.Sense.Known }

// chargeStages integrates time beyond each limit, with leak. While the voltage
// is unknown, what was beyond stays beyond.
func (x *step) chargeStages() {
	if !x.Commanded() {
		x.Beyond, x.Charge = 0, [MaxStages]time.Duration{}
		return
	}
	s := &x.in.Sense
	for i := range x.p.nLimits {
		l, bit := &x.p.limits[i], uint16(1)<<i
		if s.Known {
			x.Beyond &^= bit
			if l.over && s.MV >= l.mv || !l.over && s.MV < l.mv {
				x.Beyond |= bit
			}
		}
		if x.Beyond&bit != 0 {
			x.Charge[i] = min(x.Charge[i]+s.Span, l.after+cycle)
			continue
		}
		x.Charge[i] = max(0, x.Charge[i]-s.Span/leak)
	}
}

// spent returns the stage that is used up now, the strongest reason first.
func (x *step) spent() (cause Cause, ok bool) {
	for i := range x.p.nLimits {
		l := &x.p.limits[i]
		if l.quick && x.in.Sense.Instant {
			return l.cause, true
		}
		if x.Beyond&(1<<i) == 0 || x.Charge[i] < l.after || l.quick && !x.in.Sense.Known {
			continue
		}
		if x.Shed && l.cause == CauseUnder {
			continue
		}
		if !ok || l.over || l.outage {
			cause, ok = l.cause, true
		}
		if l.over {
			return cause, true
		}
	}
	return cause, ok
}

// whileClosed is everything that may open the contactor, worst first.
func (x *step) whileClosed() {
	x.alarm()
	blind := x.blind()
	if x.seen() {
		x.Unseen = 0
	}
	cause, spent := x.spent()
	switch {
	case spent && cause != CauseUnder:
		x.trip(cause)
	case blind:
		x.say(EventBlind, CauseSamples)
		x.open(Blind, CauseSamples)
	case x.in.Failed:
		x.open(Off, CausePins)
	case spent:
		x.trip(cause)
	case !x.Confirmed && x.in.Sense.Known && !x.inBand():
		x.open(Off, x.badCause()) // a closing is given up: the drive may still hold for its time, the loads are open
	default:
		x.watchContact()
	}
}

// alarm follows the mains outside its good band.
func (x *step) alarm() {
	s := &x.in.Sense
	if x.Alarm {
		x.Lasted = min(day, x.Lasted+x.in.Elapsed)
	}
	if s.Instant {
		x.worst(s.PeakMV)
	}
	if !s.Known {
		return
	}
	if x.inBand() {
		x.Calm += x.in.Elapsed
		if x.Alarm && x.Calm >= calmAfter {
			x.tell(Event{Kind: EventMainsGood, Cause: x.bandCause(), Load: -1, MV: x.Extreme, Lasted: max(0, x.Lasted-x.Calm)})
			x.calmDown()
		}
		return
	}
	x.Calm = 0
	x.worst(s.MV)
}

// worst begins an Alarm or notes how bad it is: the rms farther outside.
func (x *step) worst(v int32) {
	if !x.Alarm {
		x.Alarm, x.Extreme, x.Calm = true, v, 0
		x.tell(Event{Kind: EventMainsBad, Cause: x.bandCause(), Load: -1, MV: v})
	}
	low, high := x.p.goodLow-x.Extreme, x.Extreme-x.p.goodHigh
	if x.p.goodLow-v > max(low, high) || v-x.p.goodHigh > max(low, high) {
		x.Extreme = v
	}
}

func (x *step) bandCause() Cause {
	if x.Extreme > x.p.goodHigh {
		return CauseHigh
	}
	return CauseLow
}

func (x *step) calmDown() { x.Alarm, x.Calm, x.Lasted, x.Extreme = false, 0, 0, 0 }

// trip obeys a used-up stage.
func (x *step) trip(cause Cause) {
	mv, lasted := x.Extreme, x.Lasted
	if cause == CauseOutage {
		x.tell(Event{Kind: EventOutage, Cause: cause, Load: -1, MV: mv, Lasted: lasted})
		x.open(Off, cause)
		return
	}
	x.tell(Event{Kind: EventTrip, Cause: cause, Load: -1, MV: mv, Lasted: lasted})
	x.countTrip()
	if cause == CauseUnder && x.hotLoad() {
		x.Shed, x.Move = true, 0
		return
	}
	x.open(Trip, cause)
}

// countTrip notes a trip now.
func (x *step) countTrip() {
	copy(x.State.Trips[1:], x.State.Trips[:MaxTrips-1])
	x.State.Trips[0] = 1
}

// open is the only way from closed to open: contactor and all relays at once,
// the relays being the faster second contacts, and the minimum-off time begins.
// A trip opens now, or earlier and a lamp had to cool since: what it owes is owed
// whatever opens in the end.
func (x *step) open(phase Phase, cause Cause) {
	tripped := phase == Trip || x.Shed
	x.tell(Event{Kind: EventOpen, Cause: cause, Load: -1, MV: x.Extreme, Lasted: x.Lasted})
	for i := x.p.nLoads - 1; i >= 0; i-- {
		x.loadOff(i, cause)
	}
	x.Phase, x.Cause = phase, cause
	x.Wait = max(x.Wait, x.p.minOff+x.p.slot)
	x.Confirmed, x.Shed, x.Move = false, false, 0
	x.Beyond, x.Charge = 0, [MaxStages]time.Duration{}
	x.calmDown()
	if tripped {
		x.backOff()
	}
	for i := range x.N {
		x.Events[i].Wait = x.Wait
	}
}

// backOff makes the minimum-off time longer with every trip of the hour, and
// locks out after too many.
func (x *step) backOff() {
	n := x.TripCount()
	x.Wait = max(x.Wait, x.p.minOff<<min(max(n-1, 0), maxBackoff)+x.p.slot)
	if n >= x.p.maxTrips {
		x.Phase, x.Cause = Lockout, CauseTrips
		x.say(EventLockout, CauseTrips)
	}
}

// Stop is the last Step of a guard that ends: everything opens.
func (p *Plan) Stop(s State) (State, Orders) {
	x := step{p: p, in: &Input{}, State: s}
	if x.Commanded() {
		x.open(Off, CauseStopping)
	}
	return x.State, x.Orders
}
