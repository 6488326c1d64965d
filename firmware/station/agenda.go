package station

import (
	"encoding/json"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/schedule"
)

// calendar knows the occasions.
type calendar interface {
	Between(from, to time.Time) []firmware.Occasion
	Alarm(now time.Time) (firmware.Occasion, bool)
}

// timekeeper knows what time it is and how far to trust it.
type timekeeper interface {
	Plan() clock.Plan
	Status() clock.Status
	Mono() time.Duration
}

// kindMakeUp and kindEmergency are records of what people added to the calendar:
// a row of it, and an occasion before all others, whose empty ID calls it off.
const (
	kindMakeUp    = "make_up"
	kindEmergency = "emergency"
)

// emergencyNote is the data of a kindEmergency record.
type emergencyNote struct {
	firmware.Occasion
	LengthMS int64  `json:"length_ms"`
	By       string `json:"by,omitempty"`
}

// agenda is the calendar of the files with what people added.
type agenda struct {
	files *schedule.Schedule

	mu   sync.Mutex
	full *schedule.Schedule
}

func newAgenda(files *schedule.Schedule) *agenda { return &agenda{files: files, full: files} }

// add makes the calendar anew with what m remembers.
func (a *agenda) add(m *memory) {
	full := a.files.With(m.makeUps...)
	if m.emergency.ID != "" {
		full = full.WithEmergency(m.emergency)
	}
	a.mu.Lock()
	a.full = full
	a.mu.Unlock()
}

func (a *agenda) now() *schedule.Schedule {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.full
}

// Between is calendar.
func (a *agenda) Between(from, to time.Time) []firmware.Occasion { return a.now().Between(from, to) }

// Alarm is calendar.
func (a *agenda) Alarm(now time.Time) (firmware.Occasion, bool) { return a.now().Alarm(now) }

// remember takes in a record about the calendar.
func (m *memory) remember(r firmware.Record) {
	switch r.Kind {
	case kindMakeUp:
		var e schedule.Entry
		if json.Unmarshal(r.Data, &e) == nil && e.ID != "" && len(m.makeUps) < maxMakeUps {
			m.makeUps = append(m.makeUps, e)
		}
	case kindEmergency:
		var n emergencyNote
		if json.Unmarshal(r.Data, &n) == nil {
			n.Duration = time.Duration(n.LengthMS) * time.Millisecond
			m.emergency = n.Occasion
		}
	}
}

// maxMakeUps bounds the make-up lessons that are remembered.
const maxMakeUps = 1000

// course is the occasion that counts, over jumps of the clock and emergencies.
type course struct {
	held     firmware.Occasion // under way: no jump of the clock moves it
	began    time.Duration     // monotonic time of its start
	last     time.Duration     // monotonic time of the round before
	relative string            // occasion of the one relative showing of this power-on
	caughtUp bool              // what was missed while the box was off is on record
}

// longest is how far back a station looks for lessons that it slept through.
const longest = 62 * 24 * time.Hour

// current is the occasion that counts now: an emergency, or what is under way, or
// what the plan allows to begin.
func (s *showing) current(now time.Time) (firmware.Occasion, bool) {
	mono := s.clock.Mono()
	step := mono - s.course.last
	s.course.last = mono
	if o, ok := s.cal.Alarm(now); ok && s.alarming(o) {
		s.course.began += step // the lesson stands still meanwhile
		return o, true
	}
	if o, ok := s.underway(now, mono); ok {
		return o, true
	}
	plan := s.clock.Plan()
	switch plan.Mode {
	case clock.ByWaiting:
		return firmware.Occasion{}, false
	case clock.ByRelative:
		return s.relative(now, mono, plan)
	}
	return s.onTime(now)
}

// alarming says whether an emergency has still to be shown, or put away when
// nothing else waits for the equipment.
func (s *showing) alarming(o firmware.Occasion) bool {
	h := s.mem.lessons[o.ID]
	return !h.Ended || !h.CooledDown && s.course.held.ID == ""
}

// underway is the occasion that has begun, with its start where it was on the
// monotonic clock, until everything is off again.
func (s *showing) underway(now time.Time, mono time.Duration) (firmware.Occasion, bool) {
	o := s.course.held
	h := s.mem.lessons[o.ID]
	if o.ID == "" || h.Ended && h.CooledDown {
		s.course.held = firmware.Occasion{}
		return firmware.Occasion{}, false
	}
	o.Start = now.Add(s.course.began - mono)
	return o, true
}

// hold keeps what has begun.
func (s *showing) hold(now time.Time, o firmware.Occasion) {
	if h := s.mem.lessons[o.ID]; h.Started && s.course.held.ID != o.ID && !schedule.IsEmergency(o) {
		s.course.held, s.course.began = o, s.clock.Mono()-now.Sub(o.Start)
	}
}

// relative is the next lesson of the plan, some time after power-on: once.
func (s *showing) relative(now time.Time, mono time.Duration, plan clock.Plan) (firmware.Occasion, bool) {
	for _, o := range s.cal.Between(now, now.Add(longest)) {
		h := s.mem.lessons[o.ID]
		if s.course.relative == "" && !h.Started && !h.Ended {
			s.course.relative = o.ID
		}
		if o.ID == s.course.relative {
			return plan.Move(o, now, mono), !h.Ended || !h.CooledDown
		}
	}
	return firmware.Occasion{}, false
}

// onTime is the earliest occasion whose time has begun and which is not over, or
// one that still cools down. What was missed on the way goes on record.
func (s *showing) onTime(now time.Time) (firmware.Occasion, bool) {
	lead := max(s.times.Ready, s.times.WarmUp, s.times.Bell, s.times.Preload)
	back := now.Add(-24 * time.Hour)
	if !s.course.caughtUp && s.mem.first.Before(back) {
		back = later(s.mem.first, now.Add(-longest))
	}
	s.course.caughtUp = true
	var cooling firmware.Occasion
	found := false
	for _, o := range s.cal.Between(back, now.Add(lead)) {
		h := s.mem.lessons[o.ID]
		if !h.Ended {
			if now.Sub(o.Start) > s.times.LateLimit+o.Duration && !h.Started {
				s.missed(o)
				continue
			}
			return o, true
		}
		if !h.CooledDown && now.Sub(o.Start) < 24*time.Hour {
			cooling, found = o, true
		}
	}
	return cooling, found
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
