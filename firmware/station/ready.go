package station

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/lesson"
	"stationbox/hal"
)

// readyNote is the data of the record of a ready check: one item a question, a
// cause for each "no".
type readyNote struct {
	Round lesson.Round   `json:"round"`
	OK    bool           `json:"ok"`
	Items []lesson.Check `json:"items"`
}

// kindReady is the record of a ready check.
const kindReady = "ready_check"

// patience is how long a ready check waits for what must answer first: the
// equipment after the loads were asked for, and a day before the film, which is
// read to its last byte.
const (
	patience     = 20 * time.Second
	filmPatience = 10 * time.Minute
)

// A "no" of the day before is spoken between these hours only.
const (
	dayFrom  = 8
	dayUntil = 21
)

// readiness asks all questions of the round that is due, once for each lesson,
// and tells the result by record, voice and faults. The faults are the lesson's:
// what was not asked stays as it was, and they end with it.
func (s *showing) readiness(now time.Time, o firmware.Occasion, f lesson.Facts) {
	for _, ahead := range s.ahead(now, o) {
		which, due := lesson.Due(now, ahead, s.times, s.mem.lessons[ahead.ID])
		if !due || which == lesson.DayBefore && s.busy() || !s.answered(now, which, ahead, f) {
			continue
		}
		n := readyNote{Round: which, Items: lesson.Ready(which, ahead, s.times, s.readyFacts(which, ahead, f))}
		n.OK = lesson.AllOK(n.Items)
		s.prover.prepare(ahead.File)
		s.note(kindReady, ahead.ID, n)
		for _, it := range n.Items {
			s.faults.Set(!it.OK, readyFault+it.Name, ahead.ID, "cause", it.Cause)
		}
		s.tell(now, which, n.OK, ahead.ID == o.ID)
	}
}

// readyFault begins the codes of the faults that a ready check finds.
const readyFault = "fault.ready."

// tell speaks the result. A day before nobody is there to be told that all is
// well, and none is woken; of a lesson that waits for another nothing is said into
// that one's film.
func (s *showing) tell(now time.Time, which lesson.Round, ok, current bool) {
	day := now.Hour() >= dayFrom && now.Hour() < dayUntil
	switch {
	case which == lesson.DayBefore && (ok || !day), which == lesson.Soon && !current:
	case ok:
		s.say("ready-ok")
	default:
		s.say("ready-not-ok")
	}
}

// ahead are the occasions that may have a check due: the one that counts now, and
// every ten seconds those of the next day.
func (s *showing) ahead(now time.Time, o firmware.Occasion) []firmware.Occasion {
	var list []firmware.Occasion
	if o.ID != "" {
		list = append(list, o)
	}
	tick := s.tick()
	if s.clock.Plan().Mode != clock.ByClock || tick.Sub(s.looked) < 10*time.Second {
		return list
	}
	s.looked = tick
	for _, next := range s.cal.Between(now, now.Add(lesson.Ahead)) {
		if next.ID != o.ID {
			list = append(list, next)
		}
	}
	return list
}

// answered says whether what is asked has had the time to answer, which it has not
// when the program has only just started. The film is compared with what it was at
// the round before, so that is remembered only when the round is over.
func (s *showing) answered(now time.Time, which lesson.Round, o firmware.Occasion, f lesson.Facts) bool {
	film := s.shelf.film(o.File, s.prover.film(o.File))
	ready := f.GuardKnown && s.desk.outcome().up
	if film.There && (film.Readable == lesson.Unasked || which == lesson.DayBefore && !s.shelf.knows(o.File)) {
		s.prover.read(o.File)
		ready = false
	}
	waited := func(due time.Duration) time.Duration {
		return min(now.Sub(o.Start.Add(-due)), s.tick().Sub(s.booted))
	}
	if which == lesson.DayBefore {
		return ready || waited(lesson.Ahead) >= filmPatience
	}
	signal, _ := s.dish.SignalFor(which, o)
	ready = ready && f.MainsGood && signal != lesson.No
	for _, d := range f.Displays {
		ready = ready && d != hal.DisplayUnknown && d != hal.DisplayOff
	}
	return ready || waited(s.times.Ready) >= patience || !now.Before(o.Start.Add(-s.times.Preload))
}

func (s *showing) readyFacts(which lesson.Round, o firmware.Occasion, f lesson.Facts) lesson.ReadyFacts {
	out := lesson.ReadyFacts{GuardKnown: f.GuardKnown, Film: s.shelf.film(o.File, s.prover.film(o.File)), Lit: f.MainsGood, Members: s.roll.members().Len(),
		Player: lesson.Of(s.desk.outcome().up), Clock: lesson.Of(s.clock.Status().Level == clock.Good), Disk: lesson.Of(s.diskFree() > 64<<20)}
	if g, ok := s.guard.Status().Fresh(s.tick(), guardAge); ok {
		out.MainsGood = lesson.Of(f.MainsGood)
		if which == lesson.DayBefore {
			out.MainsGood = lesson.Of(g.MainsOK && g.State != firmware.GuardTrip && g.State != firmware.GuardOff)
		}
		switch g.State {
		case firmware.GuardLockout, firmware.GuardWeld, firmware.GuardNoClose:
			out.GuardFault = g.Cause
		}
	}
	out.Dish, out.Sun = s.dish.SignalFor(which, o)
	for i, sc := range s.screens {
		out.Screens = append(out.Screens, lesson.ReadyScreen{Name: sc.name, State: f.Displays[i]})
	}
	return out
}

// diskFree returns the free bytes where the journal is, 0 when they cannot be told.
func (s *showing) diskFree() uint64 {
	var st unix.Statfs_t
	if err := unix.Statfs(s.stateDir, &st); err != nil {
		s.log.Warn("disk", "err", fmt.Errorf("statfs %s: %w", s.stateDir, err))
		return 0
	}
	return st.Bavail * uint64(st.Bsize)
}
