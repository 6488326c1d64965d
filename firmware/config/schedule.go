package config

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Calendar is what the rows of the schedule are read with.
type Calendar struct {
	Holidays       string `toml:"holidays"` // "china" (default): the shipped list; the path of a CSV file; "" for none
	File           string `toml:"file"`     // calendar file (.ics) whose events are rows too; "" for none
	Target         int    `toml:"target"`   // minutes of study in a month, default 245
	MakeUpFrom     string `toml:"make_up_from"`
	MakeUpUntil    string `toml:"make_up_until"`    // make-up lessons lie between these times of day, default 08:00 and 22:00
	MakeUpHolidays bool   `toml:"make_up_holidays"` // also on holidays
}

// Entry is a row of the schedule. It is held on the weekdays of Days or on the
// Monthly days, and on Dates besides.
type Entry struct {
	ID       string   `toml:"id"` // letters, digits, dashes; unique
	Title    string   `toml:"title"`
	Days     []string `toml:"days"`     // "mon" … "sun"
	Monthly  string   `toml:"monthly"`  // "5", "last", "first mon", "last fri"; several with commas
	Dates    []string `toml:"dates"`    // "2026-12-01"
	From     string   `toml:"from"`     // first date of Days and Monthly; "" for no bound
	Until    string   `toml:"until"`    // last date of them, included
	Except   []string `toml:"except"`   // not on these dates
	Every    int      `toml:"every"`    // each so many weeks or months, counted from From; default 1
	At       string   `toml:"at"`       // "19:30" or "19:30:15", in the station's zone
	File     string   `toml:"file"`     // in the library
	Duration Duration `toml:"duration"` // slot; 0: the length of the file
	Holiday  string   `toml:"holiday"`  // "play" (default), "skip" or "only"; Dates are held in any case
	Priority int      `toml:"priority"` // 0 (default) … 9; the higher wins an overlap
	Kind     string   `toml:"kind"`     // "study" (default), "film" or "live"
	URL      string   `toml:"url"`      // where a live programme comes from; File is shown while it does not come
	Program  int      `toml:"program"`  // number of the programme in the stream; 0: the first, or the channel's of a dish
	Record   bool     `toml:"record"`   // keep the live programme as a film
	Counts   bool     `toml:"counts"`   // towards the monthly target, default true

	Line int `toml:"-"` // of the file
}

// MonthDay is one day of each month.
type MonthDay struct {
	Day     int // 1..31, -1 for the last; 0: Nth counts
	Nth     int // 1..5, -1 for the last
	Weekday time.Weekday
}

// MonthDays returns the days of Monthly, and false when one is none.
func (e Entry) MonthDays() ([]MonthDay, bool) {
	if strings.TrimSpace(e.Monthly) == "" {
		return nil, true
	}
	var out []MonthDay
	for word := range strings.SplitSeq(e.Monthly, ",") {
		d, ok := monthDay(strings.TrimSpace(word))
		if !ok {
			return nil, false
		}
		out = append(out, d)
	}
	return out, true
}

func monthDay(s string) (MonthDay, bool) {
	if s == "last" {
		return MonthDay{Day: -1}, true
	}
	if n, err := strconv.Atoi(s); err == nil {
		return MonthDay{Day: n}, n >= 1 && n <= 31
	}
	which, name, _ := strings.Cut(s, " ")
	nth := index([]string{"first", "second", "third", "fourth", "fifth"}, which) + 1
	if which == "last" {
		nth = -1
	}
	day := index(dayNames(), strings.TrimSpace(name))
	return MonthDay{Nth: nth, Weekday: time.Weekday((day + 1) % 7)}, nth != 0 && day >= 0
}

// Day reads a date of the file, "2026-12-01", as midnight in UTC. The time is
// zero for "", and ok is false when s is no date.
func Day(s string) (t time.Time, ok bool) {
	if s == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil && t.Year() >= 1971
}

// DayClock reads a time of day of the file as the time since midnight.
func DayClock(s string) (time.Duration, bool) { return Entry{At: s}.Clock() }

// weekly says whether the row is held in every week alike.
func (e Entry) weekly() bool {
	return e.Monthly == "" && len(e.Dates) == 0 && len(e.Except) == 0 && e.From == "" && e.Until == "" && e.Every <= 1 && e.Holiday == "play"
}

func (c *checker) calendar() {
	k := &c.cfg.Calendar
	if k.Holidays != "" && k.Holidays != "china" {
		c.abs(&k.Holidays)
		c.exists("calendar.holidays", k.Holidays, false)
	}
	if k.File != "" {
		c.abs(&k.File)
		c.exists("calendar.file", k.File, false)
	}
	c.ints("calendar.target", k.Target, 0, 10000)
	from, okFrom := DayClock(k.MakeUpFrom)
	until, okUntil := DayClock(k.MakeUpUntil)
	c.clock("calendar.make_up_from", k.MakeUpFrom, okFrom)
	c.clock("calendar.make_up_until", k.MakeUpUntil, okUntil)
	if okFrom && okUntil && from >= until {
		c.bad("calendar.make_up_until", say("config.window"), phrase{})
	}
}

func (c *checker) clock(key, got string, ok bool) {
	if !ok {
		c.bad(key, say("config.at", "got", strconv.Quote(got)), say("config.at.hint"))
	}
}

// recurrence checks on which days a row is held, weekdays aside.
func (c *checker) recurrence(key string, e Entry) {
	c.dates(key+".dates", e.Dates)
	c.dates(key+".except", e.Except)
	from, okFrom := c.date(key+".from", e.From)
	until, okUntil := c.date(key+".until", e.Until)
	if okFrom && okUntil && !from.IsZero() && !until.IsZero() && until.Before(from) {
		c.bad(key+".until", say("config.until", "got", e.Until, "from", e.From), phrase{})
	}
	c.ints(key+".every", e.Every, 1, 52)
	if e.Every > 1 && e.From == "" {
		c.bad(key+".every", say("config.every"), say("config.every.hint"))
	}
	c.monthly(key+".monthly", e)
	c.choice(key+".holiday", e.Holiday, "play", "skip", "only")
	if (e.Holiday == "skip" || e.Holiday == "only") && c.cfg.Calendar.Holidays == "" {
		c.bad(key+".holiday", say("config.holiday"), say("config.holiday.hint"))
	}
	c.ints(key+".priority", e.Priority, 0, 9)
	c.choice(key+".kind", e.Kind, "study", "film", "live")
	if e.File != "" && !filepath.IsLocal(e.File) && !filepath.IsAbs(e.File) {
		c.bad(key+".file", say("config.outside", "got", strconv.Quote(e.File)), phrase{})
	}
}

func (c *checker) monthly(key string, e Entry) {
	days, ok := e.MonthDays()
	if !ok {
		c.bad(key, say("config.monthly", "got", strconv.Quote(e.Monthly)), say("config.monthly.hint"))
		return
	}
	if len(days) > 0 && len(e.Days) > 0 {
		c.bad(key, say("config.monthly_days"), say("config.monthly_days.hint"))
	}
	for _, d := range days {
		if (d.Day == 0) != (days[0].Day == 0) {
			c.bad(key, say("config.monthly_mixed"), say("config.monthly_days.hint"))
		}
	}
}

func (c *checker) dates(key string, list []string) {
	seen := map[string]bool{}
	for i, s := range list {
		name := row(key, i)
		if s == "" {
			c.bad(name, say("config.date", "got", `""`), say("config.date.hint"))
		}
		c.date(name, s)
		if seen[s] {
			c.bad(name, say("config.day_twice", "got", strconv.Quote(s)), say("config.twice.hint"))
		}
		seen[s] = true
	}
}

func (c *checker) date(key, s string) (time.Time, bool) {
	t, ok := Day(s)
	if ok {
		return t, true
	}
	hint := say("config.date.hint")
	m := regexp.MustCompile(`^(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?$`).FindStringSubmatch(strings.TrimSpace(s))
	if m != nil {
		guess := m[1] + "-" + strings.Repeat("0", 2-len(m[2])) + m[2] + "-" + strings.Repeat("0", 2-len(m[3])) + m[3]
		if _, ok := Day(guess); ok {
			hint = say("config.did_you_mean", "want", strconv.Quote(guess))
		}
	}
	c.bad(key, say("config.date", "got", strconv.Quote(s)), hint)
	return t, false
}
