package compare

import (
	"fmt"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/hal/sim/eye"
)

// What ours must hold to. Of fewer than 100 starts the 99th of 100 is the last.
const (
	limit95  = 15 * time.Millisecond
	limit99  = 20 * time.Millisecond
	limitMax = 40 * time.Millisecond
	limitGap = frameTime // the last frame of a film may stand for two frames, not more
)

// blindMost is how long the eye may have been shut around a moment for it to
// count, whoever it is about.
const blindMost = 10 * time.Millisecond

// us is who is judged; the others are only measured.
const us = "ours"

// patience is how late a first picture may come.
const patience = 10 * time.Second

// Start is how one showing started.
type Start struct {
	Who     string   `json:"who"`
	LateMS  *float64 `json:"late_ms"`  // first new picture less its moment; null: none came that moved
	BlindMS float64  `json:"blind_ms"` // it may have come by so much earlier
	Early   int      `json:"early"`    // pictures of the film that moved before the moment
	Busy    float64  `json:"machine_busy"`
	Unseen  bool     `json:"not_judged"` // the eye was shut for too long
	Why     string   `json:"why,omitempty"`
}

// judgeStart fills in what the steps of the screen say of a start at that moment
// of that film.
func (s *Start) judgeStart(at time.Time, steps []eye.Step, film, frames int) {
	var first *eye.Step
	held := -1
	for i, st := range steps {
		k, f, ok := coded(st.Frame, frames)
		switch {
		case !ok || k != film:
		case st.At.Before(at):
			if f > 0 {
				s.Early++
			}
			held = f
		case first == nil && f != held:
			first = &steps[i]
		case first != nil && st.Frame != first.Frame && s.LateMS == nil: // it goes on
			late := report.Milliseconds(first.At.Sub(at))
			s.LateMS, s.BlindMS, s.Unseen = &late, report.Milliseconds(first.Blind), first.Blind > blindMost
		}
	}
}

// started says whether there is all that judgeStart needs.
func started(at time.Time, film, frames int) func([]eye.Step) bool {
	return func(steps []eye.Step) bool {
		var s Start
		s.judgeStart(at, steps, film, frames)
		return s.LateMS != nil
	}
}

// Gap is what was between a film and the next.
type Gap struct {
	Who     string   `json:"who"`
	HoldMS  *float64 `json:"hold_ms"`  // how long the last picture stood beyond its time; null: the next film was not seen to follow
	BlankMS float64  `json:"blank_ms"` // nothing or something else on the screen, from the middle of one film to that of the next
	Lost    int      `json:"lost"`     // pictures at the end of one and at the beginning of the other that were not seen
	BlindMS float64  `json:"blind_ms"` // HoldMS may be off by so much
	Busy    float64  `json:"machine_busy"`
	Unseen  bool     `json:"not_judged"` // the eye was shut for too long
	Why     string   `json:"why,omitempty"`
}

// series reads the steps of a screen on which so many films follow each other.
type series struct {
	frames int
	gaps   []Gap
	film   int       // on the screen, or the last that was; -1 before the first
	frame  int       // of it
	last   eye.Step  // the last picture of film that was seen
	blank  time.Time // since when there is none; zero: there is one
}

// judgeSeries returns the gaps between so many films, all of them, missed ones
// too. A film is known by its number: one that is left out is missed with both its
// gaps, one that comes back is a foreign picture.
func judgeSeries(who string, steps []eye.Step, count, frames int) []Gap {
	s := series{frames: frames, gaps: make([]Gap, count-1), film: -1}
	for i := range s.gaps {
		s.gaps[i].Who = who
	}
	for _, st := range steps {
		s.step(st)
	}
	return s.gaps
}

func (s *series) step(st eye.Step) {
	film, frame, ok := coded(st.Frame, s.frames)
	if !ok || film < s.film || film > len(s.gaps) {
		if s.film >= 0 && s.blank.IsZero() {
			s.blank = st.At
		}
		return
	}
	if !s.blank.IsZero() {
		s.note(st.At.Sub(s.blank), film)
		s.blank = time.Time{}
	}
	if film == s.film+1 && s.film >= 0 {
		s.follows(&s.gaps[s.film], st, frame)
	}
	s.film, s.frame, s.last = film, frame, st
}

// follows notes how a film follows the one before.
func (s *series) follows(g *Gap, st eye.Step, frame int) {
	hold := report.Milliseconds(st.At.Sub(s.last.At) - frameTime)
	blind := max(st.Blind, s.last.Blind)
	g.HoldMS, g.BlindMS, g.Unseen = &hold, report.Milliseconds(blind), blind > blindMost
	g.Lost = s.frames - 1 - s.frame + frame
}

// note adds a blank before a picture of film to the gap that is nearest.
func (s *series) note(d time.Duration, film int) {
	at := s.film
	if film == s.film && s.frame < s.frames/2 {
		at--
	}
	if at >= 0 && at < len(s.gaps) {
		s.gaps[at].BlankMS += report.Milliseconds(d)
	}
}

// ended says whether the last of so many films has come to its middle.
func ended(count, frames int) func([]eye.Step) bool {
	return func(steps []eye.Step) bool {
		if len(steps) == 0 {
			return false
		}
		film, frame, ok := coded(steps[len(steps)-1].Frame, frames)
		return ok && film == count-1 && frame > frames/2
	}
}

// StartRow is what the starts of one have in common.
type StartRow struct {
	Who     string         `json:"who"`
	Missing string         `json:"missing,omitempty"` // why there is nothing
	Version string         `json:"version,omitempty"`
	Starts  int            `json:"starts"`  // judged
	Late    *report.Spread `json:"late_ms"` // null: there was no picture
	Missed  int            `json:"without_picture"`
	Early   int            `json:"early"`
	Unseen  int            `json:"not_judged"`
	Blind   float64        `json:"worst_blind_ms"` // of those judged
	Busy    float64        `json:"machine_busy"`   // in the middle
}

func (r *StartRow) sum(starts []Start) {
	var late, busy []float64
	for _, s := range starts {
		if s.Who != r.Who {
			continue
		}
		busy = append(busy, s.Busy)
		r.Early += s.Early
		switch {
		case s.Unseen:
			r.Unseen++
			continue
		case s.LateMS == nil:
			r.Missed++
		default:
			late = append(late, *s.LateMS)
		}
		r.Starts++
		r.Blind = max(r.Blind, s.BlindMS)
	}
	r.Late = report.SpreadOf(late)
	if b := report.SpreadOf(busy); b != nil {
		r.Busy = b.P50
	}
}

// wrong says what ours does not hold to.
func (r StartRow) wrong(wanted int) []string {
	var w []string
	say := func(format string, args ...any) { w = append(w, "start, "+r.Who+": "+fmt.Sprintf(format, args...)) }
	if r.Missed > 0 {
		say("%d without a picture", r.Missed)
	}
	if r.Early > 0 {
		say("%d pictures before their time", r.Early)
	}
	if r.Starts < wanted {
		say("only %d of %d were judged", r.Starts, wanted)
	}
	if r.Late == nil {
		return w
	}
	for _, l := range []struct {
		name string
		is   float64
		most time.Duration
	}{{"p95", r.Late.P95, limit95}, {"p99", r.Late.P99, limit99}, {"max", r.Late.Max, limitMax}} {
		if l.is > report.Milliseconds(l.most) {
			say("%s is %.1f ms, not within %v", l.name, l.is, l.most)
		}
	}
	return w
}

// GapRow is what the gaps of one have in common.
type GapRow struct {
	Who     string         `json:"who"`
	Missing string         `json:"missing,omitempty"`
	Version string         `json:"version,omitempty"`
	Gaps    int            `json:"transitions"` // judged
	Hold    *report.Spread `json:"hold_ms"`
	Blanks  int            `json:"with_blank"` // transitions
	Blank   *report.Spread `json:"blank_ms"`   // of those
	Lost    int            `json:"lost"`       // pictures, all together
	Missed  int            `json:"missed"`     // transitions that did not come
	Unseen  int            `json:"not_judged"`
	Blind   float64        `json:"worst_blind_ms"` // of those judged
	Busy    float64        `json:"machine_busy"`   // in the middle
}

func (r *GapRow) sum(gaps []Gap) {
	var hold, blank, busy []float64
	for _, g := range gaps {
		if g.Who != r.Who {
			continue
		}
		busy = append(busy, g.Busy)
		if g.BlankMS > 0 {
			blank = append(blank, g.BlankMS)
		}
		switch {
		case g.Unseen:
			r.Unseen++
			continue
		case g.HoldMS == nil:
			r.Missed++
		default:
			hold = append(hold, *g.HoldMS)
		}
		r.Gaps++
		r.Lost += g.Lost
		r.Blind = max(r.Blind, g.BlindMS)
	}
	r.Blanks, r.Hold, r.Blank = len(blank), report.SpreadOf(hold), report.SpreadOf(blank)
	if b := report.SpreadOf(busy); b != nil {
		r.Busy = b.P50
	}
}

// wrong says what ours does not hold to.
func (r GapRow) wrong(wanted int) []string {
	var w []string
	say := func(format string, args ...any) { w = append(w, "gap, "+r.Who+": "+fmt.Sprintf(format, args...)) }
	if r.Missed > 0 {
		say("%d transitions did not come", r.Missed)
	}
	if r.Blanks > 0 {
		say("something else on the screen at %d transitions, for %.1f ms at most", r.Blanks, r.Blank.Max)
	}
	if r.Hold != nil && r.Hold.Max > report.Milliseconds(limitGap) {
		say("the last picture stood up to %.1f ms too long, not within %v", r.Hold.Max, limitGap)
	}
	if r.Gaps < wanted {
		say("only %d of %d were judged", r.Gaps, wanted)
	}
	return w
}
