package station

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
	"stationbox/hal"
)

// readyNote is the data of the record of a ready check: one item a question, a
// cause for each "no".
type readyNote struct {
	OK    bool        `json:"ok"`
	Items []readyItem `json:"items"`
}

type readyItem struct {
	Name  string `json:"name"` // power, tv, projector, film, player, sound, clock, disk
	OK    bool   `json:"ok"`
	Cause string `json:"cause,omitempty"` // a key of the text catalogue
}

// kindReady is the record of a ready check.
const kindReady = "ready_check"

// patience is how long the ready check waits for the equipment to answer after
// the loads were asked for.
const patience = 20 * time.Second

// readiness asks all questions once for each lesson, when the equipment has had
// time to answer, and tells the result by record, voice and faults.
func (s *showing) readiness(now time.Time, o firmware.Occasion, ord lesson.Orders, f lesson.Facts) {
	early := ord.Phase == lesson.ReadyCheck || ord.Phase == lesson.WarmUp || ord.Phase == lesson.RollCall
	if s.checked != nil || !early || s.mem.lessons[o.ID].Started {
		return
	}
	begun := o.Start.Add(-s.times.Ready)
	answered := f.GuardKnown && f.MainsGood
	for _, d := range f.Displays {
		answered = answered && d != hal.DisplayUnknown && d != hal.DisplayOff
	}
	if !answered && now.Sub(begun) < patience && now.Before(o.Start.Add(-s.times.Preload)) {
		return
	}
	n := s.check(now, o, f)
	s.mu.Lock()
	s.checked = &n
	s.mu.Unlock()
	s.note(kindReady, o.ID, n)
	for _, it := range n.Items {
		s.faults.set(!it.OK, "fault.ready."+it.Name, "", "cause", it.Cause)
	}
	if n.OK {
		s.say("ready-ok")
		return
	}
	s.say("ready-not-ok")
}

func (s *showing) check(now time.Time, o firmware.Occasion, f lesson.Facts) readyNote {
	n := readyNote{OK: true}
	item := func(name string, ok bool, cause string) {
		if ok {
			cause = ""
		}
		n.OK = n.OK && ok
		n.Items = append(n.Items, readyItem{name, ok, cause})
	}
	item("power", f.GuardKnown && f.MainsGood, powerCause(f))
	for i, sc := range s.screens {
		item(sc.name, f.Displays[i] != hal.DisplayUnknown && f.Displays[i] != hal.DisplayOff && f.Displays[i] != hal.DisplayFault, "ready.cause.display_"+f.Displays[i].String())
	}
	item("film", f.FileOK, lesson.CauseNoFile)
	item("player", s.desk.outcome().up, lesson.CauseNoPlayer)
	item("clock", now.Year() >= 2026 && now.Year() < 2100, "ready.cause.clock")
	item("disk", s.diskFree() > 64<<20, "ready.cause.disk")
	return n
}

func powerCause(f lesson.Facts) string {
	if !f.GuardKnown {
		return lesson.CauseNoGuard
	}
	return lesson.CauseNoMains
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
