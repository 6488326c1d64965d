package schedule

import (
	"slices"
	"time"

	"stationbox/firmware"
)

// row is an Entry made ready to be asked of many days.
type row struct {
	Entry
	mask   uint8 // of Days, Sunday is bit 0
	dates  []Date
	except []Date
	every  int
}

func newRow(e Entry) row {
	r := row{Entry: e, every: max(e.Every, 1), dates: slices.Clone(e.Dates), except: slices.Clone(e.Except)}
	for _, d := range e.Days {
		r.mask |= 1 << d
	}
	slices.Sort(r.dates)
	slices.Sort(r.except)
	return r
}

// day is what all rows need to know of one date.
type day struct {
	date        Date
	year        int
	month       time.Month
	number      int // of the month
	last        int // number of the month's last day
	weekday     time.Weekday
	midnight    time.Time
	plain       bool // no clock is changed on it or near it
	exists      bool // not left out by the zone
	holiday     Holiday
	isHoliday   bool
	wholeMonths int
}

func (s *Schedule) day(d Date) day {
	y, m, n := d.Civil()
	out := day{date: d, year: y, month: m, number: n, weekday: d.Weekday(), wholeMonths: y*12 + int(m) - 1}
	out.last = time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	out.midnight = time.Date(y, m, n, 0, 0, 0, 0, s.zone)
	const near = 3 * time.Hour
	begins, ends := out.midnight.ZoneBounds()
	out.plain = (begins.IsZero() || out.midnight.Sub(begins) >= near) && (ends.IsZero() || ends.Sub(out.midnight) >= 24*time.Hour+near)
	// Samoa had no 30 December 2011.
	out.exists = out.plain || time.Date(y, m, n, 12, 0, 0, 0, s.zone).Day() == n
	out.holiday, out.isHoliday = s.holidays.off(d)
	return out
}

// written says whether the date stands in the row itself.
func (r *row) written(d Date) bool { return has(r.dates, d) }

func has(sorted []Date, d Date) bool {
	if len(sorted) == 0 {
		return false
	}
	_, ok := slices.BinarySearch(sorted, d)
	return ok
}

// falls says whether the row is to be held on d, exceptions and holidays aside.
func (r *row) falls(d *day) bool {
	return r.byRule(d) || r.written(d.date)
}

// byRule is falls without the dates that are written out.
func (r *row) byRule(d *day) bool {
	if d.date < r.From || r.Until != 0 && d.date > r.Until {
		return false
	}
	if r.mask&(1<<d.weekday) != 0 && (r.every == 1 || (d.date.week()-r.From.week())%r.every == 0) {
		return true
	}
	for _, m := range r.Monthly {
		if m.on(d) && (r.every == 1 || (d.wholeMonths-r.From.month())%r.every == 0) {
			return true
		}
	}
	return false
}

func (m Monthly) on(d *day) bool {
	switch {
	case m.Day > 0:
		return d.number == m.Day
	case m.Day < 0:
		return d.number == d.last+1+m.Day
	case m.Weekday != d.weekday:
		return false
	case m.Nth > 0:
		return (d.number-1)/7+1 == m.Nth
	}
	return -(d.last-d.number)/7-1 == m.Nth
}

// occasion returns the occasion of r on d.
func (r *row) occasion(d *day, zone *time.Location) firmware.Occasion {
	id := r.ID
	if r.MakesUp == "" {
		id += d.suffix()
	}
	return firmware.Occasion{ID: id, Title: r.Title, File: r.File, Start: d.moment(r.At, zone), Duration: r.Duration, Live: r.Live}
}

// suffix is "-2026-11-23".
func (d *day) suffix() string {
	if d.year < 0 || d.year > 9999 {
		return "-" + d.date.String()
	}
	b := [11]byte{'-', 0, 0, 0, 0, '-', 0, 0, '-', 0, 0}
	digits(b[1:5], d.year)
	digits(b[6:8], int(d.month))
	digits(b[9:11], d.number)
	return string(b[:])
}

func digits(b []byte, n int) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

// moment returns when the clock shows at on d. Where the clocks skip it, the
// lesson starts on that date still, at most the gap earlier or later; where it
// comes twice, it starts once, at the first.
func (d *day) moment(at time.Duration, zone *time.Location) time.Time {
	if d.plain {
		return d.midnight.Add(at)
	}
	start := time.Date(d.year, d.month, d.number, int(at/time.Hour), int(at%time.Hour/time.Minute), int(at%time.Minute/time.Second), int(at%time.Second), zone)
	for start.Day() != d.number { // before a gap at midnight
		start = start.Add(30 * time.Minute)
	}
	return first(start)
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
