// Package schedule is the calendar of the station: it turns the rows of the
// configuration into dated occasions. A row is held weekly, monthly or on dates
// written out, within a range, with exceptions, and by the public holidays,
// which are data. Where rows overlap the higher priority is held and the other
// is skipped, with the reason.
//
// It is pure: the same rows, zone and moment give the same answer after every
// restart, and nothing depends on having been awake at a certain second. It
// never starts anything, and a Schedule never changes: what is added makes
// another one.
//
// A calendar program can be used through RFC 5545 files; see Import and Export.
package schedule

import (
	"slices"
	"time"

	"stationbox/firmware"
)

// HolidayRule says what a public holiday means for a row.
type HolidayRule int

// The rules. Dates that are written out are held whatever the rule.
const (
	PlayOnHolidays HolidayRule = iota
	SkipHolidays
	OnlyHolidays
)

// Kinds of lesson that the calendar itself knows of.
const (
	KindStudy = "study" // the default
	KindFilm  = "film"
	KindLive  = "live" // from the satellite, at its own time
)

// Monthly is one day of each month: the Day of the month, or the Nth Weekday.
// A month that has no such day is left out.
type Monthly struct {
	Day     int // 1..31, or -1 for the last, -2 for the one before …; 0: Nth counts
	Nth     int // 1..5, or -1 for the last …
	Weekday time.Weekday
}

// Entry is one row. It is held on its Days, its Monthly days and its Dates; the
// first two only from From until Until, both included, when these are given.
type Entry struct {
	ID       string // unique; part of the occasion's ID
	Title    string
	File     string // path of the video
	Days     []time.Weekday
	Monthly  []Monthly
	Dates    []Date
	From     Date          // also the first of the weeks or months that Every counts
	Until    Date          // the last day
	Except   []Date        // not on these
	Every    int           // each so many weeks (Days) or months (Monthly); 0 is 1
	At       time.Duration // on the wall clock, since 00:00; below 24h
	Duration time.Duration // of the slot; 0 when unknown

	Holiday   HolidayRule
	Priority  int           // the higher wins an overlap
	Kind      string        // one of the Kind… constants; "" is KindStudy
	Uncounted bool          // its minutes are not study for the quota
	Live      firmware.Live // with KindLive: where it comes from; File is then what is shown while it does not come
	MakesUp   string        // ID of the missed occasion that this row with one date makes up for; its occasion has the row's ID
}

// live says whether the row's lessons come from elsewhere at their own time.
func (e Entry) live() bool { return e.Live.Source != "" }

// Schedule is the calendar of one station. It never changes and may be shared.
type Schedule struct {
	rows     []row
	zone     *time.Location
	holidays *Holidays
	levels   int // different priorities
	longest  time.Duration
}

// New returns the calendar of entries in zone; nil is UTC. The entries are
// taken as checked: unique IDs, At below 24 hours.
func New(entries []Entry, zone *time.Location) *Schedule {
	if zone == nil {
		zone = time.UTC
	}
	s := &Schedule{zone: zone, longest: time.Second}
	priorities := map[int]bool{}
	for _, e := range entries {
		s.rows = append(s.rows, newRow(e))
		s.longest = max(s.longest, e.Duration)
		priorities[e.Priority] = true
	}
	s.levels = len(priorities)
	return s
}

// With returns the calendar with further rows, such as make-up lessons. A row
// with the ID of an older one takes its place.
func (s *Schedule) With(more ...Entry) *Schedule {
	entries := s.Entries()
	for _, e := range more {
		i := slices.IndexFunc(entries, func(old Entry) bool { return old.ID == e.ID })
		if i < 0 {
			entries = append(entries, e)
			continue
		}
		entries[i] = e
	}
	out := New(entries, s.zone)
	out.holidays = s.holidays
	return out
}

// WithHolidays returns the calendar that goes by h; nil knows no holiday.
func (s *Schedule) WithHolidays(h *Holidays) *Schedule {
	out := *s
	out.holidays = h
	return &out
}

// Entries returns the rows in their order.
func (s *Schedule) Entries() []Entry {
	out := make([]Entry, 0, len(s.rows))
	for _, r := range s.rows {
		out = append(out, r.Entry)
	}
	return out
}

// Entry returns the row called id.
func (s *Schedule) Entry(id string) (Entry, bool) {
	for _, r := range s.rows {
		if r.ID == id {
			return r.Entry, true
		}
	}
	return Entry{}, false
}

// Due returns the occasion whose slot contains now, that is Start <= now < End:
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
	for _, o := range s.Between(now.Add(-after-s.longest), now.Add(before+time.Nanosecond)) {
		if now.Before(o.Start.Add(max(o.Duration, time.Second) + after)) {
			list = append(list, o)
		}
	}
	return list
}

// horizon is how far Next looks ahead.
const horizon = 400

// Next returns the first occasion that starts after now, within 400 days, and
// false when there is none.
func (s *Schedule) Next(now time.Time) (firmware.Occasion, bool) {
	from := now.Add(time.Nanosecond)
	for _, days := range []int{9, 70, horizon} {
		to := now.AddDate(0, 0, days)
		if list := s.Between(from, to); len(list) > 0 {
			return list[0], true
		}
		from = to
	}
	return firmware.Occasion{}, false
}

// Between returns the occasions that are held with from <= Start < to, by start
// and then in the order of the rows.
func (s *Schedule) Between(from, to time.Time) []firmware.Occasion {
	var list []firmware.Occasion
	for _, slot := range s.Plan(from, to) {
		if slot.Held() {
			list = append(list, slot.Occasion)
		}
	}
	return list
}
