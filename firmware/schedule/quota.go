package schedule

import (
	"regexp"
	"strings"
	"time"
)

// causePlayed is the cause of a lesson that was shown to its last second, as the
// journal has it.
const causePlayed = "lesson.cause.played"

// MonthlyTarget is the study that is expected of a station in a month. No rule
// that states it was found; it is worked out from the report of one district
// (Hami, 2017: 287 minutes are 117 per cent).
const MonthlyTarget = 245 * time.Minute

// Lengths says how long a video is, and false when that is not known.
type Lengths func(file string) (time.Duration, bool)

// of returns the length of a slot: its own, else that of its file, else unknown.
func (l Lengths) of(duration time.Duration, file string, unknown time.Duration) time.Duration {
	if duration > 0 {
		return duration
	}
	if l != nil {
		if d, ok := l(file); ok && d > 0 {
			return d
		}
	}
	return unknown
}

// Result is how one occasion ended, as the journal has it.
type Result struct {
	ID        string // of the occasion
	Entry     string // of its row; "" is taken from ID
	Title     string
	File      string
	Scheduled time.Time
	Cause     string // a key of the text catalogue
	PlayedMS  int64
	LengthMS  int64 // of the film; 0 when it was never loaded
}

const makeUpSuffix = "-makeup"

// EntryOf returns the ID of the row that an occasion's ID was made of:
// "party" of "party-2026-11-23" and of "party-2026-11-23-makeup".
func EntryOf(id string) string {
	m := regexp.MustCompile(`^(.+)-\d{4,}-\d\d-\d\d(?:` + makeUpSuffix + `)?$`).FindStringSubmatch(id)
	if m == nil {
		return id
	}
	return m[1]
}

func (r Result) emergency() bool { return strings.HasPrefix(r.ID, alarmPrefix) }

func (r Result) entry() string {
	if r.Entry != "" {
		return r.Entry
	}
	return EntryOf(r.ID)
}

// Meter is the study of one month against its target.
type Meter struct {
	Month    string // "2026-11"
	Target   time.Duration
	Done     time.Duration // shown so far
	Planned  time.Duration // still to come in this month; slots of unknown length not in it
	Missing  time.Duration // what neither has been shown nor is planned
	DaysLeft int           // of the month, today included
}

// Quota returns the meter of the month of now. results may hold other months
// and the same occasion twice; the longest showing counts. Emergencies and rows
// that are Uncounted are no study; a row that is gone from the calendar was.
func (s *Schedule) Quota(results []Result, now time.Time, target time.Duration, lengths Lengths) Meter {
	now = now.In(s.zone)
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, s.zone)
	next := first.AddDate(0, 1, 0)
	m := Meter{Month: now.Format("2006-01"), Target: target}
	m.DaysLeft = int(NewDate(now.Year(), now.Month()+1, 1) - DateOf(now))
	shown := map[string]time.Duration{}
	for _, r := range results {
		if !r.Scheduled.Before(first) && r.Scheduled.Before(next) && s.counts(r) {
			shown[r.ID] = max(shown[r.ID], time.Duration(r.PlayedMS)*time.Millisecond)
		}
	}
	for _, d := range shown {
		m.Done += d
	}
	for _, slot := range s.Plan(now.Add(-s.longest), next) {
		_, ended := shown[slot.Occasion.ID]
		if slot.Held() && slot.Counts && !ended && slot.end().After(now) && !slot.Occasion.Start.Before(first) {
			m.Planned += lengths.of(slot.Occasion.Duration, slot.Occasion.File, 0)
		}
	}
	m.Missing = max(0, target-m.Done-m.Planned)
	return m
}

func (s *Schedule) counts(r Result) bool {
	if r.emergency() {
		return false
	}
	e, known := s.Entry(r.entry())
	return !known || !e.Uncounted
}
