package week

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/journal"
)

// ending is how a lesson ended, on record.
type ending struct {
	Cause    string `json:"cause"`
	PlayedMS int64  `json:"played_ms"`
	Relative bool   `json:"relative"`
}

const missed = "lesson.cause.missed"

// verdict is what the judge has against a week, a sentence each.
type verdict []string

func (j *verdict) object(format string, args ...any) { *j = append(*j, fmt.Sprintf(format, args...)) }

// judge looks at what the world, the player and the journal saw.
func (v *village) judge(lessons []lessonOf) verdict {
	var j verdict
	s := v.world.Snapshot().Projector
	if s.HotStrikes > 0 {
		j.object("the lamp was struck hot %d times", s.HotStrikes)
	}
	v.judgeCuts(&j)
	found := v.endings(&j)
	for _, l := range lessons {
		v.judgeLesson(&j, l, found[l.id])
	}
	v.judgeLit(&j, lessons)
	return j
}

// endings reads how lessons ended.
func (v *village) endings(j *verdict) map[string][]ending {
	found := map[string][]ending{}
	err := journal.Read(filepath.Join(v.dir, "state", "journal"), func(r firmware.Record) error {
		if r.Kind != firmware.KindLesson {
			return nil
		}
		var e ending
		if err := json.Unmarshal(r.Data, &e); err != nil {
			return err
		}
		found[r.Lesson] = append(found[r.Lesson], e)
		return nil
	})
	if err != nil {
		j.object("journal: %v", err)
	}
	return found
}

// judgeLesson wants one record with a cause; played, whole and at its time unless
// something excuses it.
func (v *village) judgeLesson(j *verdict, l lessonOf, ends []ending) {
	start := v.truth.at(l.start)
	switch {
	case len(ends) == 0:
		j.object("%s: silently missed", l.id)
		return
	case slices.ContainsFunc(ends[:len(ends)-1], func(e ending) bool { return e.Cause != missed }):
		j.object("%s: ended %d times: %+v", l.id, len(ends), ends)
	}
	// A clock that lied may have given it up before its time.
	last := ends[len(ends)-1]
	if last.Cause == "" {
		j.object("%s: no cause", l.id)
	}
	from, until := start.Add(-40*time.Minute), start.Add(l.length+20*time.Minute)
	if last.Cause != "lesson.cause.played" {
		if !v.excused(from, until, true) {
			j.object("%s: %s, and nothing excuses it", l.id, last.Cause)
		}
		return
	}
	var whole time.Duration
	first := time.Time{}
	for _, f := range v.film {
		if near := f.from.After(from.Add(-30*time.Hour)) && f.from.Before(until.Add(30*time.Hour)); filepath.Base(f.what) != l.file || !near && !last.Relative {
			continue
		}
		if first.IsZero() && !f.from.Before(start.Add(-2*time.Minute)) {
			first = f.from
		}
		whole += f.until.Sub(f.from)
	}
	if whole < l.length-11*time.Second { // a cut may cost what was not yet on the card
		j.object("%s: played, it says, but only %v of %v were shown", l.id, whole, l.length)
	}
	const slack = 3 * time.Second // of a hardware clock
	if late := first.Sub(start); (late < -slack || late > slack) && !v.excused(from, start.Add(5*time.Second), false) && !last.Relative {
		j.object("%s: began %v after its time, and nothing excuses it", l.id, late)
	}
	if !last.Relative && !v.litAt(start.Add(time.Minute)) && !v.excused(from, start.Add(time.Minute), false) {
		j.object("%s: a minute into it no display was on", l.id)
	}
}

// excused says whether a trouble touches a stretch; one that costs the lesson is
// asked for, or any but that of a single display.
func (v *village) excused(from, until time.Time, costs bool) bool {
	for _, t := range v.troubles {
		if t.from.Before(until) && t.until.After(from) && (t.costs || !costs && t.what != "tv" && t.what != "projector") {
			return true
		}
	}
	return false
}

func (v *village) litAt(t time.Time) bool {
	for _, s := range v.lit {
		if !s.from.After(t) && (s.until.IsZero() || s.until.After(t)) {
			return true
		}
	}
	return false
}

// judgeCuts wants mains taken from a hot lamp only by an outage, an over-voltage or
// the death of the guard.
func (v *village) judgeCuts(j *verdict) {
	for _, at := range v.cuts {
		ok := false
		for _, t := range v.troubles {
			ok = ok || t.what != "tv" && t.what != "projector" && t.what != "station killed" && !at.Before(t.from.Add(-time.Second)) && at.Before(t.until)
		}
		if !ok {
			j.object("mains was taken from the hot lamp at %s", v.truth.clock(at))
		}
	}
}

// judgeLit wants no display on but around a lesson, as planned or as shown.
func (v *village) judgeLit(j *verdict, lessons []lessonOf) {
	var may []span
	for _, l := range lessons {
		start := v.truth.at(l.start)
		may = append(may, span{from: start.Add(-40 * time.Minute), until: start.Add(l.length + 20*time.Minute)})
	}
	for _, f := range v.film {
		may = append(may, span{from: f.from.Add(-40 * time.Minute), until: f.until.Add(5 * time.Minute)})
	}
	for _, t := range v.troubles {
		if t.what == "projector" { // it may not hear that it is to go off
			may = append(may, span{from: t.from, until: t.until.Add(3 * time.Minute)})
		}
	}
	for _, s := range v.lit {
		if s.until.IsZero() {
			j.object("a display was left on since %s", v.truth.clock(s.from))
			continue
		}
		if at, bad := outside(s, may); bad {
			j.object("a display was on from %s to %s, outside a lesson at %s", v.truth.clock(s.from), v.truth.clock(s.until), v.truth.clock(at))
		}
	}
}

// outside returns the first moment of s that no span of may covers.
func outside(s span, may []span) (time.Time, bool) {
	at := s.from
	for moved := true; moved && at.Before(s.until); {
		moved = false
		for _, m := range may {
			if !m.from.After(at) && m.until.After(at) {
				at, moved = m.until, true
			}
		}
	}
	return at, at.Before(s.until)
}
