package schedule

import (
	"slices"
	"strings"
	"time"
)

// MakeUpOpts says where make-up lessons may be. The zero value is right.
type MakeUpOpts struct {
	From       time.Duration // since 00:00, not earlier; default 08:00
	Until      time.Duration // since 00:00, over by then; default 22:00
	Gap        time.Duration // free before and after; default 15m
	Notice     time.Duration // from now to the earliest; default 2h
	Back       int           // days back within which a miss is made up for; default 31
	Ahead      int           // days ahead; default 31
	OnHolidays bool
	Lengths    Lengths // nil knows none
}

func (o MakeUpOpts) filled() MakeUpOpts {
	set := func(v *time.Duration, def time.Duration) {
		if *v == 0 {
			*v = def
		}
	}
	set(&o.From, 8*time.Hour)
	set(&o.Until, 22*time.Hour)
	set(&o.Gap, 15*time.Minute)
	set(&o.Notice, 2*time.Hour)
	if o.Back == 0 {
		o.Back = 31
	}
	if o.Ahead == 0 {
		o.Ahead = 31
	}
	return o
}

// Proposal is a make-up lesson that somebody may accept.
type Proposal struct {
	ID       string // of the make-up: "party-2026-11-23-makeup"
	Of       string // ID of the occasion that was missed
	Title    string
	File     string
	Cause    string // of the miss, a key of the text catalogue
	Missed   time.Time
	Start    time.Time // zero when no place is free
	Duration time.Duration

	counts bool
	kind   string
}

// Row returns the row that the calendar gets when the proposal is accepted.
func (p Proposal) Row() Entry {
	h, m, sec := p.Start.Clock()
	at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second
	return Entry{ID: p.ID, Title: p.Title, File: p.File, Dates: []Date{DateOf(p.Start)}, At: at, Duration: p.Duration,
		Kind: p.kind, Uncounted: !p.counts, MakesUp: p.Of}
}

// maxProposals bounds what MakeUps returns.
const maxProposals = 20

// unknownLength is the place kept for a lesson whose length nobody knows.
const unknownLength = time.Hour

// MakeUps proposes a time for every lesson that was not shown whole, was not
// made up for yet, and for which no make-up stands in the calendar; the oldest
// first. It looks for the weekday and time that the lesson had, then for its
// time on any day, then for any half hour: within the windows, off holidays, not
// beside another lesson, and before the end of this month when there is such a
// place, because the quota counts by months.
func (s *Schedule) MakeUps(results []Result, now time.Time, o MakeUpOpts) []Proposal {
	o = o.filled()
	now = now.In(s.zone)
	f := finder{s: s, o: o, now: now}
	f.busy = s.occupied(now, now.AddDate(0, 0, o.Ahead+1), o.Lengths)
	var out []Proposal
	for _, r := range s.missed(results, now, o.Back) {
		p, ok := s.propose(r, o.Lengths)
		if !ok {
			continue
		}
		if p.Start, ok = f.place(p); ok {
			f.busy = append(f.busy, Span{From: p.Start, To: p.Start.Add(p.Duration)})
		}
		out = append(out, p)
		if len(out) == maxProposals {
			break
		}
	}
	return out
}

// missed returns the results that ask for a make-up, by time.
func (s *Schedule) missed(results []Result, now time.Time, back int) []Result {
	made := map[string]bool{}
	for _, r := range s.rows {
		made[r.MakesUp] = true
	}
	for _, r := range results {
		if r.Cause == causePlayed {
			made[r.ID] = true
			made[strings.TrimSuffix(r.ID, makeUpSuffix)] = true
		}
	}
	var out []Result
	for _, r := range results {
		old := r.Scheduled.Before(now.AddDate(0, 0, -back))
		if made[r.ID] || r.Cause == "" || old || r.Scheduled.After(now) {
			continue
		}
		made[r.ID] = true
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b Result) int { return a.Scheduled.Compare(b.Scheduled) })
	return out
}

// propose turns a miss into a proposal without a time. A missed make-up is
// proposed again under its own ID; an emergency is not made up for, and neither
// is a lesson of which nothing is known any more.
func (s *Schedule) propose(r Result, lengths Lengths) (Proposal, bool) {
	e, known := s.Entry(r.entry())
	if !known {
		e = Entry{Title: r.Title, File: r.File}
	}
	if e.live() { // nobody sends it again: what was kept of it, by the record, is a film
		e.File, e.Kind = r.File, KindStudy
	}
	if e.File == "" || r.emergency() {
		return Proposal{}, false
	}
	p := Proposal{ID: r.ID + makeUpSuffix, Of: r.ID, Title: e.Title, File: e.File, Cause: r.Cause, Missed: r.Scheduled.In(s.zone), counts: !e.Uncounted, kind: e.Kind}
	if of, again := strings.CutSuffix(r.ID, makeUpSuffix); again {
		p.ID, p.Of = r.ID, of
	}
	length := time.Duration(r.LengthMS) * time.Millisecond
	p.Duration = max(lengths.of(e.Duration, e.File, 0), length.Truncate(time.Second))
	if p.Duration == 0 {
		p.Duration = unknownLength
	}
	return p, true
}

// occupied returns the spans of the slots that are held.
func (s *Schedule) occupied(from, to time.Time, lengths Lengths) []Span {
	var busy []Span
	for _, c := range s.Plan(from.Add(-max(s.longest, unknownLength)), to) {
		if c.Held() {
			start := c.Occasion.Start
			busy = append(busy, Span{From: start, To: start.Add(lengths.of(c.Occasion.Duration, c.Occasion.File, unknownLength))})
		}
	}
	return busy
}

// finder looks for free places.
type finder struct {
	s    *Schedule
	o    MakeUpOpts
	now  time.Time
	busy []Span
}

// place returns the first time that suits best.
func (f *finder) place(p Proposal) (time.Time, bool) {
	today := DateOf(f.now)
	year, month, _ := today.Civil()
	monthEnd := NewDate(year, month+1, 1) - 1
	h, m, sec := p.Missed.Clock()
	usual := []time.Duration{time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second}
	var grid []time.Duration
	for at := f.o.From; at <= f.o.Until; at += 30 * time.Minute {
		grid = append(grid, at)
	}
	horizon := today + Date(f.o.Ahead)
	for _, last := range []Date{min(monthEnd, horizon), horizon} {
		for _, try := range []struct {
			weekday bool
			times   []time.Duration
		}{{true, usual}, {false, usual}, {false, grid}} {
			for d := today; d <= last; d++ {
				if try.weekday && d.Weekday() != p.Missed.Weekday() {
					continue
				}
				if t, ok := f.free(d, try.times, p.Duration); ok {
					return t, true
				}
			}
		}
	}
	return time.Time{}, false
}

// free returns the first of times on d at which length fits.
func (f *finder) free(d Date, times []time.Duration, length time.Duration) (time.Time, bool) {
	on := f.s.day(d)
	if !on.exists || on.isHoliday && !f.o.OnHolidays {
		return time.Time{}, false
	}
	for _, at := range times {
		start := on.moment(at, f.s.zone)
		if at < f.o.From || at+length > f.o.Until || start.Before(f.now.Add(f.o.Notice)) {
			continue
		}
		want := Span{From: start.Add(-f.o.Gap), To: start.Add(length + f.o.Gap)}
		if !slices.ContainsFunc(f.busy, want.overlaps) {
			return start, true
		}
	}
	return time.Time{}, false
}
