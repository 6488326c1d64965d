// Package schedule is the calendar of the station: it turns the weekly rows of
// the configuration into dated occasions. It is pure: the same rows, zone and
// moment give the same answer after every restart, and nothing depends on
// having been awake at a certain second. It never starts anything.
package schedule

import (
	"fmt"
	"sort"
	"time"

	"stationbox/firmware"
)

// Entry is one weekly row.
type Entry struct {
	ID       string // unique; part of the occasion's ID
	Title    string
	File     string // path of the video
	Days     []time.Weekday
	At       time.Duration // on the wall clock, since 00:00; below 24h
	Duration time.Duration // of the slot; 0 when unknown
}

// Schedule is the calendar of one station. It never changes and may be shared.
type Schedule struct {
	entries []Entry
	zone    *time.Location
}

// New returns the calendar of entries in zone; nil is UTC. The entries are
// taken as checked: unique IDs, At below 24 hours.
func New(entries []Entry, zone *time.Location) *Schedule {
	if zone == nil {
		zone = time.UTC
	}
	return &Schedule{entries: append([]Entry(nil), entries...), zone: zone}
}

// Due returns the occasion whose slot contains now, that is Start <= now < End;
// of several the one that started last. A row of unknown length is due for the
// second of its start only.
func (s *Schedule) Due(now time.Time) (firmware.Occasion, bool) {
	list := s.Around(now, 0, 0)
	if len(list) == 0 {
		return firmware.Occasion{}, false
	}
	return list[len(list)-1], true
}

// Around returns the occasions with Start-before <= now < End+after, by start:
// those that somebody must think of at now. A row of unknown length counts
// with one second.
func (s *Schedule) Around(now time.Time, before, after time.Duration) []firmware.Occasion {
	var list []firmware.Occasion
	for _, o := range s.Between(now.Add(-after-s.longest()), now.Add(before+time.Nanosecond)) {
		if now.Before(o.Start.Add(max(o.Duration, time.Second) + after)) {
			list = append(list, o)
		}
	}
	return list
}

func (s *Schedule) longest() time.Duration {
	longest := time.Second
	for _, e := range s.entries {
		longest = max(longest, e.Duration)
	}
	return longest
}

// Next returns the first occasion that starts after now, and false when there
// is none.
func (s *Schedule) Next(now time.Time) (firmware.Occasion, bool) {
	list := s.Between(now.Add(time.Nanosecond), now.AddDate(0, 0, 9))
	if len(list) == 0 {
		return firmware.Occasion{}, false
	}
	return list[0], true
}

// Between returns the occasions with from <= Start < to, by start and then in
// the order of the rows.
func (s *Schedule) Between(from, to time.Time) []firmware.Occasion {
	var list []firmware.Occasion
	for i := 0; ; i++ {
		day := s.noon(from.In(s.zone), i-1)
		if day.AddDate(0, 0, -2).After(to) { // a zone may skip a day
			break
		}
		for _, e := range s.entries {
			if o, ok := e.on(day.Year(), day.Month(), day.Day(), s.zone); ok && !o.Start.Before(from) && o.Start.Before(to) {
				list = append(list, o)
			}
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Start.Before(list[j].Start) })
	return list
}

// noon returns noon, in UTC, of the date days after t's date, so that no
// change of clocks can push it to another date.
func (s *Schedule) noon(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 12, 0, 0, 0, time.UTC)
}

// on returns the occasion of e on a date. Where the clocks skip At, the lesson
// starts on that date still, at most the gap earlier or later; where At comes
// twice, it starts once, at the first. A date that the zone skips has no lesson.
func (e Entry) on(year int, month time.Month, day int, zone *time.Location) (firmware.Occasion, bool) {
	weekday := time.Date(year, month, day, 12, 0, 0, 0, time.UTC).Weekday()
	if time.Date(year, month, day, 12, 0, 0, 0, zone).Day() != day {
		return firmware.Occasion{}, false // Samoa had no 30 December 2011
	}
	for _, d := range e.Days {
		if d != weekday {
			continue
		}
		at := e.At
		start := time.Date(year, month, day, int(at/time.Hour), int(at%time.Hour/time.Minute), int(at%time.Minute/time.Second), int(at%time.Second), zone)
		for start.Day() != day { // before a gap at midnight
			start = start.Add(30 * time.Minute)
		}
		return firmware.Occasion{
			ID:    fmt.Sprintf("%s-%04d-%02d-%02d", e.ID, year, month, day),
			Title: e.Title, File: e.File, Start: first(start), Duration: e.Duration,
		}, true
	}
	return firmware.Occasion{}, false
}

// first returns the earlier of the two moments that have t's wall clock, when
// clocks are set back. time.Date does not say which one it gives.
func first(t time.Time) time.Time {
	for _, back := range []time.Duration{2 * time.Hour, time.Hour, 30 * time.Minute} {
		if u := t.Add(-back); u.Hour() == t.Hour() && u.Minute() == t.Minute() && u.Day() == t.Day() {
			return u
		}
	}
	return t
}
