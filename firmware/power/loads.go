package power

// cooled says why the lamp of load i must keep its mains, or CauseNone when it
// is proved cold: standby reported, current at standby, cooling time passed.
func (x *step) cooled(i int) Cause {
	l, in := &x.p.loads[i], &x.in.Loads[i]
	switch {
	case !l.lamp || !x.State.Loads[i].On:
		return CauseNone
	case in.Report != ReportStandby:
		return CauseNoStandby
	case !in.Known:
		return CauseNoCurrent
	case in.Current > l.standbyMA:
		return CauseCurrent
	case x.State.Loads[i].Cool > 0:
		return CauseCooling
	}
	return CauseNone
}

// hotLoad says whether a lamp load is on that must not be cut yet.
func (x *step) hotLoad() bool {
	for i := range x.p.nLoads {
		if x.cooled(i) != CauseNone {
			return true
		}
	}
	return false
}

// cool runs the cooling time of each lamp. It runs while the lamp is certainly
// off: without mains, at standby current, or when the display reports cooling.
// Anything else may be a burning lamp: it stops the time, and starts it anew
// when it lasts long enough for a lamp to strike and warm.
func (x *step) cool() {
	for i := range x.p.nLoads {
		l, in, s := &x.p.loads[i], &x.in.Loads[i], &x.State.Loads[i]
		if s.On {
			s.OnFor = min(day, s.OnFor+x.in.Elapsed)
		}
		if !l.lamp {
			continue
		}
		small := in.Known && in.Current <= l.standbyMA
		dark := in.Report == ReportCooling || small && in.Report != ReportBusy
		if !s.On || dark {
			s.Burn = 0
			s.Cool = max(0, s.Cool-x.in.Elapsed)
			continue
		}
		s.Burn = min(strike, s.Burn+x.in.Elapsed)
		if s.Burn == strike {
			s.Cool = l.coolTime
		}
	}
}

// wanted says whether load i is to be on as far as wishes go.
func (x *step) wanted(i int) bool {
	return !x.Shed && x.in.Stay == CauseNone && (x.in.Loads[i].Wanted || x.p.loads[i].alwaysOn)
}

// anyOn says whether any load is on.
func (x *step) anyOn() bool {
	for i := range x.p.nLoads {
		if x.State.Loads[i].On {
			return true
		}
	}
	return false
}

// switchLoads moves at most one load by one step: off in reverse order, then on
// in order.
func (x *step) switchLoads() {
	defer x.relays()
	for i := range x.p.nLoads {
		if x.in.Loads[i].Failed {
			x.loadOff(i, CausePins)
		}
	}
	if !x.Commanded() || !x.Confirmed {
		for i := range x.p.nLoads {
			x.hold(i, CauseOpen, x.wanted(i))
		}
		return
	}
	for i := x.p.nLoads - 1; i >= 0; i-- {
		if x.State.Loads[i].On && !x.wanted(i) && x.mayGoOff(i) {
			x.loadOff(i, x.offCause())
			return
		}
	}
	x.switchOn()
}

func (x *step) offCause() Cause {
	switch {
	case x.Shed:
		return CauseShed
	case x.in.Stay != CauseNone:
		return x.in.Stay
	}
	return CauseUnwanted
}

// mayGoOff says whether load i may go off now, and notes why not. Loads that are
// shed do not wait for one another.
func (x *step) mayGoOff(i int) bool {
	if why := x.cooled(i); why != CauseNone {
		x.hold(i, why, true)
		return false
	}
	if x.OffGap < offGap && !x.Shed {
		x.hold(i, CauseTurn, true)
		return false
	}
	return true
}

// switchOn starts the first wanted load that is off, when its time has come. A
// hot lamp does not keep the others waiting.
func (x *step) switchOn() {
	turn := true
	for i := range x.p.nLoads {
		s := &x.State.Loads[i]
		if !x.wanted(i) || s.On {
			if x.wanted(i) == s.On {
				s.Held = CauseNone
			}
			continue
		}
		switch {
		case s.Cool > 0:
			x.hold(i, CauseLampHot, true)
		case x.in.Loads[i].Failed:
			x.hold(i, CausePins, true)
		case x.Alarm || !x.inBand() || !x.in.Sense.Fresh:
			x.hold(i, CauseMains, true)
			turn = false
		case !turn || x.OnGap < x.p.loads[i].onDelay:
			x.hold(i, CauseTurn, true)
			turn = false
		default:
			s.On, s.OnFor, s.Held, x.OnGap, turn = true, 0, CauseNone, 0, false
			x.tell(Event{Kind: EventLoadOn, Cause: CauseWanted, Load: int8(i)})
		}
	}
}

// hold notes why load i is not as wanted; a lamp that is kept is told of once.
func (x *step) hold(i int, why Cause, differs bool) {
	s := &x.State.Loads[i]
	if !differs {
		why = CauseNone
	}
	if why.lamp() && !s.Held.lamp() {
		x.tell(Event{Kind: EventHeld, Cause: why, Load: int8(i)})
	}
	s.Held = why
}

// lamp says whether c is about a lamp that must cool.
func (c Cause) lamp() bool { return c >= CauseLampHot && c <= CauseCooling }

// loadOff opens the relay of load i. A lamp keeps the cooling time it has left.
func (x *step) loadOff(i int, cause Cause) {
	s := &x.State.Loads[i]
	if !s.On {
		return
	}
	s.On, s.Burn, s.OnFor, s.Held, x.OffGap = false, 0, 0, CauseNone, 0
	x.tell(Event{Kind: EventLoadOff, Cause: cause, Load: int8(i)})
}

// started says whether every wanted load is on, or waits for what may last.
func (x *step) started() bool {
	for i := range x.p.nLoads {
		s := &x.State.Loads[i]
		if x.wanted(i) && !s.On && !s.Held.lamp() && s.Held != CausePins {
			return false
		}
	}
	return true
}

// relays turns the state of the loads into orders.
func (x *step) relays() {
	x.Relays = 0
	for i := range x.p.nLoads {
		if x.State.Loads[i].On {
			x.Relays |= 1 << i
		}
	}
}
