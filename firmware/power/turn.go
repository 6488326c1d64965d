package power

import "time"

// gather fills in the Input.
func (l *Loop) gather(f *Frame, elapsed time.Duration, now time.Time) {
	in := &l.in
	in.Elapsed, l.nNews = elapsed, 0
	l.sinceMV += elapsed
	for i := range l.slow {
		l.slow[i].age += elapsed
	}
	if f == nil {
		in.Sense = l.sampler.Silence(elapsed)
	} else {
		in.Sense = l.sampler.Take(f, elapsed)
		l.supply.Take(f)
		if !f.Failed && int(f.Channel) < len(l.slow) {
			l.slow[f.Channel] = slowValue{raw: f.Value, known: f.Value != SlowInvalid}
		}
	}
	if in.Sense.Known {
		l.lastMV, l.sinceMV = in.Sense, 0
	}
	var since time.Time
	in.Aux, since = l.eyes.contact(now)
	in.Feed = l.feed()
	l.tell(l.travels.see(in.Aux, since, now))
	l.tell(l.arrester.take(&l.slow[SlowArrester], &l.slow[SlowStrikes], elapsed))
	in.Failed = l.failing > pinsGone || l.eyes.gone(now)
	l.gatherLoads(now)
}

// feed is the voltage behind the contactor as a contact.
func (l *Loop) feed() Contact {
	v := l.slow[SlowFeed]
	switch {
	case !v.known || v.age > slowStale:
		return ContactUnknown
	case v.raw > liveAbove:
		return ContactClosed
	case v.raw < deadBelow:
		return ContactOpen
	}
	return ContactUnknown
}

func (l *Loop) gatherLoads(now time.Time) {
	w := l.wish.Load()
	fresh := now.Sub(w.at) <= displaysGood
	failed := l.hands.failed.Load()
	for i := range l.load {
		in := LoadInput{Wanted: w.loads[i], Failed: failed&(1<<i) != 0}
		if fresh {
			in.Report = w.reports[i]
		}
		if c := l.load[i].Channel; c >= SlowLoad1 && c <= SlowLoad4 {
			v := l.slow[c]
			in.Known, in.Current = v.known && v.age <= slowStale, int32(v.raw)
		}
		l.in.Loads[i] = in
	}
	l.in.Stay = l.arrester.stay()
	if w.storm {
		l.in.Stay = CauseStorm
	}
	l.in.Reset = w.reset > l.reset
	if l.in.Reset {
		l.reset = w.reset
		l.travels.renew()
	}
}

// show hands the result to the reporter.
func (l *Loop) show(o *Orders, now time.Time) {
	w := l.wish.Load()
	quality, disturbed := l.supply.next(l.in.Elapsed)
	l.mu.Lock()
	s := &l.snap
	if disturbed {
		l.postLocked(quality, now)
		l.box.note(quality, l.queueN, &l.state)
	}
	news := o.N > 0 || disturbed || l.nNews > 0 || s.state.Phase != l.state.Phase || s.wishSeq != w.seq
	for _, e := range o.Events[:o.N] {
		l.postLocked(e, now)
		l.box.note(e, l.queueN, &l.state)
		if e.Kind == EventTrip {
			s.trips++
		}
	}
	for _, e := range l.news[:l.nNews] {
		l.postLocked(e, now)
		l.box.note(e, l.queueN, &l.state)
	}
	s.state, s.at, s.sense, s.known = l.state, now, l.lastMV, l.sinceMV <= l.plan.stale
	s.aux, s.loads, s.wishSeq, s.reset = l.in.Aux, l.in.Loads, w.seq, l.reset
	s.arrester, s.travels, s.feed, s.frontEnd = l.arrester, l.travels, l.slow[SlowFeed], l.sampler.Failed
	l.mu.Unlock()
	if news {
		l.nudge()
	}
}

// post queues one event from outside the core.
func (l *Loop) post(e Event, at time.Time) {
	l.mu.Lock()
	l.postLocked(e, at)
	l.mu.Unlock()
	l.nudge()
}

func (l *Loop) postLocked(e Event, at time.Time) {
	l.queue[l.queueN%queueRoom] = queued{e, at}
	l.queueN++
}

func (l *Loop) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *Loop) snapshot() snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.snap
}
