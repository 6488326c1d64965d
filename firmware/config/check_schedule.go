package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *checker) lesson() {
	l := c.cfg.Lesson
	c.times("lesson.ready_before", l.ReadyBefore, 0, 12*time.Hour)
	c.times("lesson.bell_before", l.BellBefore, 0, time.Hour)
	c.times("lesson.warm_margin", l.WarmMargin, 0, 10*time.Minute)
	c.times("lesson.late_limit", l.LateLimit, 0, 6*time.Hour)
	if l.BellBefore > l.ReadyBefore {
		c.bad("lesson.bell_before", say("config.bell_ready"), say("config.bell_ready.hint"))
	}
}

func (c *checker) schedule() {
	if len(c.cfg.Schedule) == 0 {
		c.remark("schedule", say("config.no_schedule"), say("config.no_schedule.hint"))
	}
	c.calendar()
	ids := map[string]int{}
	for i, e := range c.cfg.Schedule {
		key := row("schedule", i)
		c.cfg.Schedule[i].Line = c.at(key)
		if c.required(key+".id", e.ID, "party") {
			c.word(key+".id", e.ID)
		}
		if line := ids[e.ID]; line > 0 && e.ID != "" {
			c.bad(key+".id", say("config.id_twice", "got", strconv.Quote(e.ID), "line", line), say("config.id_twice.hint"))
		}
		ids[e.ID] = c.at(key + ".id")
		c.required(key+".title", e.Title, "第一课")
		c.origin(key, e)
		if c.has(key+".days") || len(e.Dates) == 0 && e.Monthly == "" && !c.used[key+".monthly"] && !c.used[key+".dates"] {
			c.days(key+".days", e.Days)
		}
		c.recurrence(key, e)
		c.timeOfDay(key+".at", e)
		c.times(key+".duration", e.Duration, 0, 12*time.Hour)
		for j := range i {
			c.overlap(key, j, i)
		}
	}
}

// origin checks where a lesson comes from: a file, or elsewhere with a file to show
// while it does not come.
func (c *checker) origin(key string, e Entry) {
	if e.Kind != "live" {
		c.required(key+".file", e.File, "lesson.mp4")
		for name, set := range map[string]bool{".url": e.URL != "", ".program": e.Program != 0, ".record": e.Record} {
			if set {
				c.bad(key+name, say("config.live_only"), say("config.live_only.hint"))
			}
		}
		return
	}
	c.ints(key+".program", e.Program, 0, 65535)
	if channel, ok := DishAddress(e.URL); ok {
		c.dishURL(key+".url", channel)
	} else if c.required(key+".url", e.URL, "udp://239.1.2.3:5004") {
		if u, err := url.Parse(e.URL); err != nil || !slices.Contains([]string{"udp", "rtp", "http", "https"}, u.Scheme) || u.Host == "" {
			c.bad(key+".url", say("config.live_url", "got", strconv.Quote(e.URL)), say("config.live_url.hint"))
		}
	}
	if e.Duration == 0 && !c.lost(key+".duration") {
		c.bad(key+".duration", say("config.live_duration"), say("config.live_duration.hint"))
	}
}

func (c *checker) days(key string, days []string) {
	if len(days) == 0 && !c.lost(key) {
		c.bad(key, say("config.days_none"), say("config.days_none.hint"))
	}
	seen := map[string]bool{}
	for i, d := range days {
		name := row(key, i)
		if index(dayNames(), d) < 0 {
			hint := say("config.allowed", "list", strings.Join(dayNames(), ", "))
			if near := dayMeant(d); near != "" {
				hint = say("config.did_you_mean", "want", strconv.Quote(near))
			}
			c.bad(name, say("config.day", "got", strconv.Quote(d)), hint)
		} else if seen[d] {
			c.bad(name, say("config.day_twice", "got", strconv.Quote(d)), say("config.twice.hint"))
		}
		seen[d] = true
	}
}

// dayMeant guesses the day out of "Monday", "周一", "星期日", "礼拜天" or "1".
func dayMeant(s string) string {
	names := dayNames()
	runes := []rune(strings.TrimSpace(s))
	if len(runes) == 0 {
		return ""
	}
	last := strings.IndexRune("一二三四五六日", runes[len(runes)-1]) / 3
	if runes[len(runes)-1] == '天' {
		last = 6
	}
	if strings.ContainsAny(s, "周星礼期拜") && (last > 0 || strings.HasSuffix(s, "一")) {
		return names[last]
	}
	lower := strings.ToLower(s)
	for _, n := range names {
		if strings.HasPrefix(lower, n) {
			return n
		}
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 1 && n <= 7 {
		return names[n-1]
	}
	return nearest(s, names)
}

func (c *checker) timeOfDay(key string, e Entry) {
	if !c.required(key, e.At, "19:30") {
		return
	}
	if _, ok := e.Clock(); ok {
		return
	}
	hint := say("config.at.hint")
	m := regexp.MustCompile(`^(\d{1,2})[:：.点]?(\d{2})分?$`).FindStringSubmatch(strings.TrimSpace(e.At))
	if m != nil {
		if guess := (Entry{At: strings.Repeat("0", 2-len(m[1])) + m[1] + ":" + m[2]}); validClock(guess) {
			hint = say("config.did_you_mean", "want", strconv.Quote(guess.At))
		}
	}
	c.bad(key, say("config.at", "got", strconv.Quote(e.At)), hint)
}

func validClock(e Entry) bool {
	_, ok := e.Clock()
	return ok
}

// overlap reports row j when it runs into row i of the same priority on any day
// of the week, also over midnight. A row of unknown length takes one second.
// Rows that are not simply weekly are compared by the calendar, which knows dates.
func (c *checker) overlap(key string, i, j int) {
	a, b := c.cfg.Schedule[i], c.cfg.Schedule[j]
	if a.Priority != b.Priority || !a.weekly() || !b.weekly() {
		return
	}
	atA, okA := a.Clock()
	atB, okB := b.Clock()
	if !okA || !okB {
		return
	}
	const week = 7 * 24 * time.Hour
	for _, da := range a.Weekdays() {
		for _, db := range b.Weekdays() {
			gap := (time.Duration(db-da)*24*time.Hour + atB - atA + week) % week
			if gap < max(a.Duration.D(), time.Second) || week-gap < max(b.Duration.D(), time.Second) {
				day := dayNames()[(int(db)+6)%7]
				c.bad(key, say("config.overlap", "other", strconv.Quote(a.ID), "line", c.at(row("schedule", i)), "day", day), say("config.overlap.hint"))
				return
			}
		}
	}
}
