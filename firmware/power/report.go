package power

import (
	"context"
	"slices"
	"time"

	"stationbox/firmware"
)

// report hands events and statuses to the outlet, at change and every 200 ms.
func (l *Loop) report(ctx context.Context) {
	tick := time.NewTicker(statusTick)
	defer tick.Stop()
	var sent, statuses uint64
	for {
		sent = l.tellEvents(sent)
		statuses++
		l.outlet.Status(l.status(statuses))
		select {
		case <-l.wake:
		case <-tick.C:
		case <-ctx.Done():
			l.tellEvents(sent)
			l.outlet.Status(l.status(statuses + 1))
			return
		}
	}
}

// tellEvents hands over the events after sent and returns how many there were
// ever. An event's Seq is its number.
func (l *Loop) tellEvents(sent uint64) uint64 {
	for {
		l.mu.Lock()
		if l.queueN > sent+queueRoom {
			sent = l.queueN - queueRoom // a gap in Seq tells the station
		}
		if sent == l.queueN {
			l.mu.Unlock()
			return sent
		}
		e := l.queue[sent%queueRoom]
		l.mu.Unlock()
		sent++
		l.outlet.Event(l.words(e, sent))
	}
}

// words turns an event into what the station reads.
func (l *Loop) words(e queued, seq uint64) firmware.GuardEvent {
	g := firmware.GuardEvent{
		Boot: l.opts.Boot, Seq: seq, Wall: e.at, AgoMS: l.now().Sub(e.at).Milliseconds(),
		Kind: e.Kind.String(), Cause: e.Cause.String(), MV: int64(e.MV), LastedMS: e.Lasted.Milliseconds(), Count: int64(e.Count), WaitMS: e.Wait.Milliseconds(),
	}
	if e.Load >= 0 {
		g.Load = l.load[e.Load].Name
	}
	return g
}

// status describes the newest snapshot.
func (l *Loop) status(seq uint64) firmware.GuardStatus {
	s, now := l.snapshot(), l.now()
	st := firmware.GuardStatus{
		Boot: l.opts.Boot, Seq: seq, State: phases[s.state.Phase], Cause: s.state.Cause.String(),
		WaitMS:    l.plan.wait(&s.state).Milliseconds(),
		Contactor: s.state.Commanded(),
		AuxClosed: s.aux == ContactClosed, AuxKnown: s.aux != ContactUnknown,
		Meter: l.meter.status(now), WantSeq: s.wishSeq, Notes: l.notes(&s),
		Loads: make([]firmware.LoadStatus, len(l.load)), Strikes: int64(s.arrester.strikes),
		ClosingMS: s.travels.Closing.Recent.Milliseconds(), OpeningMS: s.travels.Opening.Recent.Milliseconds(),
	}
	if s.feed.known && s.feed.age <= slowStale {
		st.FeedOK, st.FeedMV = true, 100*int64(s.feed.raw)
	}
	present, ups, _ := l.says()
	if present != ContactUnknown {
		lit := present == ContactClosed
		st.Present = &lit
	}
	st.UPS = ups.String()
	st.Reset = s.reset
	// A loop that stands still knows nothing any more.
	if s.known && now.Sub(s.at) <= statusTick {
		st.MainsOK, st.MainsMV = true, int64(s.sense.MV)
		if s.sense.HzKnown {
			st.MainsMHz = int64(s.sense.MHz)
		}
	}
	for i := range st.Loads {
		st.Loads[i] = l.loadStatus(&s, i)
	}
	return st
}

func (l *Loop) loadStatus(s *snapshot, i int) firmware.LoadStatus {
	ls, in := &s.state.Loads[i], &s.loads[i]
	st := firmware.LoadStatus{
		Name: l.load[i].Name, Wanted: in.Wanted || l.load[i].AlwaysOn, On: ls.On, Held: ls.Held.String(),
		OnForMS: ls.OnFor.Milliseconds(), CoolLeftMS: ls.Cool.Milliseconds(),
	}
	if in.Known {
		st.CurrentMA, st.CurrentOK = int64(in.Current), true
	}
	return st
}

// notes are the standing remarks, those of the start first.
func (l *Loop) notes(s *snapshot) []string {
	notes := slices.Clone(l.opts.Notes)
	present, _, opto := l.says()
	for _, n := range []struct {
		on  bool
		key string
	}{
		{l.keeper.lost, NoteMemoryLost},
		{l.keeper.unsafe.Load(), NoteMemoryUnsafe},
		{l.box.failing(), NoteEvents},
		{s.arrester.open, NoteArrester},
		{s.travels.Closing.Slow || s.travels.Opening.Slow, NoteTravel},
		{opto != CauseNone, NoteOpto},
		{!s.known && present == ContactClosed, NoteMainsThere},
		{s.frontEnd, NoteFrontEnd},
		{l.meter.meter == nil, NoteNoMeter},
	} {
		if n.on {
			notes = append(notes, n.key)
		}
	}
	return notes
}

// wait is the time to the next step by itself, 0 when there is none or it is
// not known.
func (p *Plan) wait(s *State) time.Duration {
	switch s.Phase {
	case Trip, NoClose:
		if s.Latched {
			return 0
		}
		return max(s.Wait, p.goodTime-s.Good)
	case Qualify:
		return max(s.Wait, p.goodTime-s.Good)
	case RideThrough:
		if s.Shed {
			return p.goodTime - s.Good
		}
	}
	return 0
}
