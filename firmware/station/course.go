package station

import (
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
)

// course is the occasion that counts, over jumps of the clock and emergencies.
// Its times are of the monotonic clock.
type course struct {
	held     firmware.Occasion // begun and not ended: no jump of the clock moves it
	began    time.Duration     // its start
	cooling  []cooling         // ended, and something is still on; the newest is the last
	last     time.Duration     // this round
	seen     time.Time         // newest time before boot at which the plan could be followed
	adrift   time.Duration     // for how long the box had been on since, not knowing the time
	since    time.Time         // lessons are ours since then, at the earliest that any clock said
	planned  time.Duration     // last round in which the clock was good for the plan
	caughtUp bool              // and there was one: what was missed before is on record

	waited string // occasion that the plan waits for

	alarm      firmware.Occasion // emergency, until it has ended
	alarmBegan time.Duration
	alarmOff   bool // called off

	relative firmware.Occasion // the one relative showing of this power-on
	searched time.Duration     // for it
}

// cooling is an occasion that has ended and when.
type cooling struct {
	firmware.Occasion
	ended time.Duration
}

const (
	// longest is how far a station looks for lessons: back for those that it slept
	// through, ahead for one to show when it does not know the time.
	longest = 62 * 24 * time.Hour
	// recent is how old something under way may be for a station that comes back.
	recent = 24 * time.Hour
	// mostCooling bounds what is remembered of it.
	mostCooling = 8
	// searchEvery is how often a calendar without any lesson is searched for one.
	searchEvery = 10 * time.Second
)

// restore takes up what the journal says is under way, when the program starts.
func (s *showing) restore(now time.Time) {
	mono := s.clock.Mono()
	s.course = course{last: mono, seen: s.mem.lived.Good, adrift: s.mem.lived.Adrift, searched: mono - searchEvery}
	if !s.mem.lived.Known {
		s.course.seen = s.mem.newest
	}
	c := &s.course
	if o := s.mem.emergency; o.ID != "" {
		past := now.Sub(o.Start)
		if h := s.mem.lessons[o.ID]; !h.Ended && past >= 0 && past < max(o.Duration, recent) {
			c.alarm, c.alarmBegan = o, mono-past
		} else {
			s.cools(now, o, h)
		}
	}
	for _, o := range s.cal.Between(now.Add(-recent), now.Add(longest)) {
		h := s.mem.lessons[o.ID]
		moved := s.mem.relative == o.ID
		if h.Started && !h.Ended && near(now, h.StartedAt, recent) {
			if moved {
				o.Start = h.StartedAt
			}
			c.held, c.began = o, mono-max(now.Sub(o.Start), 0)
		}
		if moved && (c.held.ID == o.ID || h.Ended && near(now, h.EndedAt, time.Hour)) {
			c.relative = o
		}
		s.cools(now, o, h)
	}
}

func near(a, b time.Time, within time.Duration) bool { return a.Sub(b).Abs() < within }

// cools remembers an occasion that has ended while something may be on. An end
// that the clock puts into the future was long enough ago for the last words; one
// that was noted in this very round is none of them.
func (s *showing) cools(now time.Time, o firmware.Occasion, h lesson.History) {
	if !h.Ended || h.CooledDown || !near(now, h.EndedAt, recent) {
		return
	}
	past := now.Sub(h.EndedAt)
	switch {
	case past < -time.Second:
		past = s.times.Closing
	case past < 0:
		past = 0
	}
	c := &s.course
	c.cooling = append(c.cooling, cooling{o, c.last - past})
	c.cooling = c.cooling[max(0, len(c.cooling)-mostCooling):]
}

// current is the occasion that counts now: an emergency, or what is under way, or
// what the plan allows to begin. What only cools down comes last: its equipment
// is the guard's to hold, and nothing need wait for it.
func (s *showing) current(now time.Time) (firmware.Occasion, bool) {
	mono := s.clock.Mono()
	step := mono - s.course.last
	s.course.last = mono
	if o := s.course.alarm; o.ID != "" {
		if !s.course.held.IsLive() {
			s.course.began += step // the lesson stands still meanwhile
		}
		o.Start = now.Add(s.course.alarmBegan - mono)
		return o, true
	}
	if o := s.course.held; o.ID != "" {
		o.Start = now.Add(s.course.began - mono)
		return o, true
	}
	if o, ok := s.planned(now, mono); ok {
		return o, true
	}
	return s.coolest(now)
}

func (s *showing) planned(now time.Time, mono time.Duration) (firmware.Occasion, bool) {
	switch plan := s.clock.Plan(); plan.Mode {
	case clock.ByWaiting:
		return firmware.Occasion{}, false
	case clock.ByRelative:
		return s.relative(now, mono, plan)
	}
	return s.onTime(now)
}

// hold keeps what has begun until it has ended, and then until its loads are off.
func (s *showing) hold(now time.Time, o firmware.Occasion) {
	c, h := &s.course, s.mem.lessons[o.ID]
	switch {
	case o.ID == "":
	case h.Ended:
		if c.held.ID == o.ID {
			c.held = firmware.Occasion{}
		}
		if c.alarm.ID == o.ID {
			c.alarm = firmware.Occasion{}
		}
		if _, known := s.ended(o.ID); !known {
			s.cools(now, o, h)
		}
	case h.Started && c.held.ID != o.ID && c.alarm.ID != o.ID:
		c.held, c.began = o, s.clock.Mono()-now.Sub(o.Start)
	}
}

// ended is when an occasion that cools down has ended.
func (s *showing) ended(id string) (time.Duration, bool) {
	for _, o := range s.course.cooling {
		if o.ID == id {
			return o.ended, true
		}
	}
	return 0, false
}

// coolest is the newest occasion that still cools down.
func (s *showing) coolest(now time.Time) (firmware.Occasion, bool) {
	c := &s.course
	for n := len(c.cooling) - 1; n >= 0; n-- {
		o := c.cooling[n]
		if h := s.mem.lessons[o.ID]; h.Ended && !h.CooledDown && c.last-o.ended < recent {
			return o.Occasion, true
		}
		c.cooling = c.cooling[:n]
	}
	return firmware.Occasion{}, false
}

// history is what is remembered of an occasion. Its end is told by the monotonic
// clock: a clock that is set must not light a display again, nor take its mains.
func (s *showing) history(now time.Time, id string) lesson.History {
	h := s.mem.lessons[id]
	if ended, ok := s.ended(id); ok {
		h.EndedAt = now.Add(ended - s.course.last)
	}
	return h
}

// alarm takes in that an emergency was ordered or called off. One at a time: a new
// one ends the old.
func (s *showing) alarm() {
	c, o := &s.course, s.mem.emergency
	switch {
	case o.ID == "":
		c.alarmOff = true
		return
	case o.ID == c.alarm.ID:
		return
	case c.alarm.ID != "":
		s.end(c.alarm, lesson.Orders{End: lesson.CauseStopped})
	}
	c.alarm, c.alarmBegan, c.alarmOff = o, s.clock.Mono(), false
}

// stopped says whether o is an emergency that was called off or whose time is over.
func (s *showing) stopped(o firmware.Occasion) bool {
	c := &s.course
	over := c.alarm.Duration > 0 && c.last-c.alarmBegan >= c.alarm.Duration
	return o.ID != "" && o.ID == c.alarm.ID && (c.alarmOff || over)
}

// timesFor are the spans around o. An emergency is not too late before a day has
// passed: it is ended by its order. A live lesson is joined for as long as it lasts,
// and received a minute before.
func (s *showing) timesFor(o firmware.Occasion) lesson.Times {
	t := s.times
	switch {
	case schedule.IsEmergency(o):
		t.LateLimit = recent
	case o.IsLive():
		t.LateLimit, t.Preload = o.Duration, max(t.Preload, livePreload)
	}
	return t
}

// livePreload is how long before its start a live programme is received.
const livePreload = time.Minute

// relative is the next lesson of the plan, some time after power-on: once.
func (s *showing) relative(now time.Time, mono time.Duration, plan clock.Plan) (firmware.Occasion, bool) {
	c := &s.course
	if c.relative.ID == "" && mono-c.searched >= searchEvery {
		c.searched = mono
		for _, o := range s.cal.Between(now, now.Add(longest)) {
			if h := s.mem.lessons[o.ID]; !h.Started && !h.Ended {
				c.relative = o
				break
			}
		}
	}
	return plan.Move(c.relative, now, mono), c.relative.ID != "" && !s.mem.lessons[c.relative.ID].Ended
}

// onTime is the earliest occasion whose time has begun and which is not over.
// What was missed on the way goes on record.
func (s *showing) onTime(now time.Time) (firmware.Occasion, bool) {
	c := &s.course
	if h := s.mem.lessons[c.relative.ID]; !h.Started && !h.Ended {
		c.relative = firmware.Occasion{} // it is shown by the clock now
	}
	lead := max(s.times.Ready, s.times.WarmUp, s.times.Bell, s.times.Preload)
	back := s.lookBack(now, s.clock.Mono())
	var first firmware.Occasion
	for _, o := range s.cal.Between(back, now.Add(lead)) {
		h := s.mem.lessons[o.ID]
		if revived(now, o, h) {
			h = lesson.History{}
			s.mem.lessons[o.ID] = h
			delete(s.mem.phases, o.ID)
		}
		switch {
		case h.Ended:
		case !h.Started && now.Sub(o.Start) > s.patience(o):
			s.missed(o)
		case first.ID == "":
			first = o
		}
	}
	c.waited = first.ID
	return first, first.ID != ""
}

// patience is how long after its start an occasion is still waited for. One that
// is first met after the late limit is met for nothing: it is too late for any
// cause but that.
func (s *showing) patience(o firmware.Occasion) time.Duration {
	late := s.timesFor(o).LateLimit
	if s.course.waited == o.ID {
		return late + o.Duration
	}
	return late
}

// revived says that an occasion that was given up lies ahead again: the clock was
// wrong then, and it gets its chance.
func revived(now time.Time, o firmware.Occasion, h lesson.History) bool {
	return h.Ended && !h.Started && h.EndedAt.After(o.Start) && now.Before(o.Start)
}

// lookBack is how far back occasions are looked at now: a day, and before that to
// the last round in which the plan was followed.
func (s *showing) lookBack(now time.Time, mono time.Duration) time.Time {
	c := &s.course
	back, since := now.Add(-recent), c.seen
	if since.IsZero() {
		since = s.ours(now, mono)
	}
	switch {
	case c.caughtUp:
		back = back.Add(c.planned - mono)
	case since.Before(now):
		back = since.Add(-recent)
	}
	if c.since.IsZero() || since.Before(c.since) {
		c.since = since
	}
	c.planned, c.caughtUp = mono, true
	return later(back, now.Add(-longest))
}

// ours is since when lessons were this station's to show, on a station that has
// never known the time before: since it was switched on, or for as long as it had
// been on until then, and up to a day more for when it was off.
func (s *showing) ours(now time.Time, mono time.Duration) time.Time {
	if s.course.adrift == 0 {
		return now.Add(-mono)
	}
	return now.Add(-mono - s.course.adrift - recent)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// missed writes the record of a lesson that the station slept through, or that came
// while it did not know the time. One of before its newest record, and of which it
// knows nothing, was not its to show: the row is newer than that, or the station is.
func (s *showing) missed(o firmware.Occasion) {
	s.faults.Over(readyFault, o.ID)
	_, begun := s.mem.phases[o.ID]
	if !begun && o.Start.Before(s.course.since) {
		h := s.mem.lessons[o.ID]
		h.Ended, h.CooledDown, h.EndedAt = true, true, o.Start
		s.mem.lessons[o.ID] = h
		return
	}
	s.note(firmware.KindLesson, o.ID, resultNote{Title: o.Title, File: o.File, Scheduled: o.Start, Cause: lesson.CauseMissed, Live: s.aired(o),
		Proof: s.prove(o, lesson.History{}, lesson.CauseMissed, 0, 0)})
	s.note(firmware.KindPhase, o.ID, phaseNote{Phase: lesson.Done, Why: lesson.CauseMissed})
}
