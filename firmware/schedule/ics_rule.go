package schedule

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// refusal is why an event is not taken in: a sentence of the text catalogue.
type refusal struct {
	key  string
	args []any
}

// Error returns the key; people get the sentence.
func (r *refusal) Error() string { return r.key }

func refuse(key string, args ...any) error { return &refusal{key, args} }

// recurrence is an RRULE as far as rows can hold it.
type recurrence struct {
	freq      string
	interval  int
	count     int
	until     string
	days      []Monthly // BYDAY; Nth 0: every such day
	monthDays []int
	position  int
	weekStart time.Weekday
}

// parseRecurrence reads "FREQ=WEEKLY;BYDAY=MO,TH". What it cannot keep it
// refuses, rather than showing lessons on other days than the calendar says.
func parseRecurrence(s string) (recurrence, error) {
	r := recurrence{interval: 1, weekStart: time.Monday}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(s, ";") {
		name, value, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(part)), "=")
		if name == "" && value == "" {
			continue
		}
		if seen[name] || !r.set(name, value) {
			return r, refuse("schedule.ics.rule", "got", short(part))
		}
		seen[name] = true
	}
	if r.freq == "" || r.count > 0 && r.until != "" {
		return r, refuse("schedule.ics.rule", "got", short(s))
	}
	return r, nil
}

func (r *recurrence) set(name, value string) (ok bool) {
	switch name {
	case "FREQ":
		r.freq = value
		return value == "DAILY" || value == "WEEKLY" || value == "MONTHLY"
	case "INTERVAL":
		r.interval, ok = number(value, 1, 400)
		return ok
	case "COUNT":
		r.count, ok = number(value, 1, 5000)
		return ok
	case "UNTIL":
		r.until = value
		return value != ""
	case "BYSETPOS":
		r.position, ok = number(value, -5, 5)
		return ok && r.position != 0
	case "WKST":
		r.weekStart, ok = weekday(value)
		return ok
	case "BYMONTHDAY":
		for v := range strings.SplitSeq(value, ",") {
			n, ok := number(v, -31, 31)
			if !ok || n == 0 {
				return false
			}
			r.monthDays = append(r.monthDays, n)
		}
		return true
	case "BYDAY":
		for v := range strings.SplitSeq(value, ",") {
			m, ok := byDay(v)
			if !ok {
				return false
			}
			r.days = append(r.days, m)
		}
		return true
	}
	return false
}

func number(s string, low, high int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= low && n <= high
}

func weekday(s string) (time.Weekday, bool) {
	i := slices.Index(dayWords[:], s)
	return time.Weekday(max(i, 0)), i >= 0
}

// byDay reads "MO", "1MO" or "-1FR".
func byDay(s string) (Monthly, bool) {
	if len(s) < 2 {
		return Monthly{}, false
	}
	day, ok := weekday(s[len(s)-2:])
	m := Monthly{Weekday: day}
	if ok && len(s) > 2 {
		m.Nth, ok = number(s[:len(s)-2], -5, 5)
		ok = ok && m.Nth != 0
	}
	return m, ok
}

// apply puts the rule into e, whose first day is first. shift is how many days
// the station's date is ahead of the one the rule was written for.
func (r recurrence) apply(e *Entry, first Date, shift int) error {
	e.From, e.Every = first, r.interval
	if e.Every == 1 {
		e.Every = 0
	}
	var ok bool
	switch r.freq {
	case "DAILY":
		ok = r.daily(e)
	case "WEEKLY":
		ok = r.weekly(e, first, shift)
	default:
		ok = r.monthly(e, first) && shift == 0
	}
	if !ok {
		return refuse("schedule.ics.rule", "got", r.freq)
	}
	probe := newRow(*e)
	if on := plainDay(first); !probe.byRule(&on) {
		return refuse("schedule.ics.first")
	}
	return nil
}

// daily is every day, or each so many weeks on one day.
func (r recurrence) daily(e *Entry) bool {
	if len(r.monthDays) > 0 || r.position != 0 {
		return false
	}
	switch {
	case r.interval == 1 && len(r.days) > 0:
		return weekdays(e, r.days, 0)
	case r.interval == 1:
		e.Days = []time.Weekday{0, 1, 2, 3, 4, 5, 6}
		return true
	case r.interval%7 == 0 && len(r.days) == 0:
		e.Days, e.Every = []time.Weekday{e.From.Weekday()}, r.interval/7
		if e.Every == 1 {
			e.Every = 0
		}
		return true
	}
	return false
}

func (r recurrence) weekly(e *Entry, first Date, shift int) bool {
	if len(r.monthDays) > 0 || r.position != 0 {
		return false
	}
	if len(r.days) == 0 {
		e.Days = []time.Weekday{first.Weekday()}
		return true
	}
	if !weekdays(e, r.days, shift) {
		return false
	}
	// Our weeks begin on Monday. That matters when weeks are left out and the
	// days of one turn would fall into two of our weeks.
	sunday := slices.Contains(e.Days, time.Sunday)
	same := r.weekStart == time.Monday || r.weekStart == time.Sunday && !sunday
	return r.interval == 1 || len(e.Days) == 1 || same && shift == 0
}

// weekdays fills Days from a BYDAY without numbers.
func weekdays(e *Entry, days []Monthly, shift int) bool {
	for _, m := range days {
		if m.Nth != 0 {
			return false
		}
		d := time.Weekday((int(m.Weekday) + shift + 7) % 7)
		if !slices.Contains(e.Days, d) {
			e.Days = append(e.Days, d)
		}
	}
	slices.Sort(e.Days)
	return true
}

func (r recurrence) monthly(e *Entry, first Date) bool {
	switch {
	case len(r.days) > 0 && len(r.monthDays) > 0:
		return false
	case r.position != 0 && (len(r.days) != 1 || r.days[0].Nth != 0):
		return false
	case r.position != 0: // "BYDAY=MO;BYSETPOS=1" is the first Monday
		e.Monthly = []Monthly{{Nth: r.position, Weekday: r.days[0].Weekday}}
	case len(r.days) > 0:
		for _, m := range r.days {
			if m.Nth != 0 {
				e.Monthly = append(e.Monthly, m)
				continue
			}
			for nth := 1; nth <= 5; nth++ {
				e.Monthly = append(e.Monthly, Monthly{Nth: nth, Weekday: m.Weekday})
			}
		}
	case len(r.monthDays) > 0:
		for _, n := range r.monthDays {
			e.Monthly = append(e.Monthly, Monthly{Day: n})
		}
	default:
		_, _, n := first.Civil()
		e.Monthly = []Monthly{{Day: n}}
	}
	return true
}

// plainDay is a day without clocks and holidays.
func plainDay(d Date) day { return (&Schedule{zone: time.UTC}).day(d) }

// lastOf returns the date of the count-th time the rule of e falls, e.From
// included.
func lastOf(e Entry, count int) (Date, bool) {
	const years = 20 // longer than the box lives
	r := newRow(e)
	for d := e.From; d < e.From+years*366; d++ {
		if on := plainDay(d); r.byRule(&on) {
			if count--; count == 0 {
				return d, true
			}
		}
	}
	return 0, false
}
