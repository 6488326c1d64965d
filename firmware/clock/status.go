package clock

import (
	"time"

	"stationbox/firmware"
)

// Level is how far the schedule may trust the clock.
type Level string

// The levels.
const (
	Unknown Level = "unknown" // only that it is later than a floor
	Weak    Level = "weak"    // a source, but its error is larger than the schedule allows
	Good    Level = "good"
)

// Status is the clock at one moment.
type Status struct {
	Now    time.Time
	Source Source
	Level  Level
	Bound  time.Duration // ± error of Now, growing with age; Unbounded if only a floor is known
	Age    time.Duration // of the word that is followed
	Since  time.Time     // its source has been followed since
	Ahead  time.Duration // Now is ahead of the truth as it is known, and slowed down until that has caught up
	Era    uint32
	Zone   string
}

// Enough says whether the clock has a source and an error of at most need.
func (s Status) Enough(need time.Duration) bool {
	return s.Source >= RTC && s.Bound <= need
}

// Status says what time it is at mono and how far to trust it.
func (c *Clock) Status(mono time.Duration) Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.hear(mono)
	now := c.shown(m)
	c.last = now
	s := Status{
		Now: c.time(now), Source: c.ref.source, Bound: c.boundAt(m, now), Age: m - c.ref.mono,
		Since: c.time(c.since.wall), Ahead: time.Duration(max(0, now-c.ref.at(m))), Era: c.era, Zone: c.zone.String(),
	}
	switch {
	case s.Enough(c.need):
		s.Level = Good
	case s.Source >= RTC:
		s.Level = Weak
	default:
		s.Level = Unknown
	}
	return s
}

// Word is the newest word of one source, as it would be now.
type Word struct {
	Source   Source
	Wall     time.Time
	Bound    time.Duration
	Age      time.Duration
	Followed bool
	Apart    bool // it and the one followed cannot both be right
	Muted    bool // overruled by a person
}

// Words lists what every source says at mono, the highest rank first.
func (c *Clock) Words(mono time.Duration) []Word {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.hear(mono)
	var list []Word
	for s := NTP; s >= RTC; s-- {
		l := c.seen[s]
		if l.source != s {
			continue
		}
		list = append(list, Word{Source: s, Wall: c.time(l.at(m)), Bound: l.boundAt(m), Age: m - l.mono,
			Followed: s == c.ref.source, Apart: apart(c.ref, l, m), Muted: l.muted})
	}
	return list
}

// Conflicts tells of every source that lately said something else than the one
// that is followed, with both times.
func (c *Clock) Conflicts(mono time.Duration) []firmware.Fault {
	followed := c.Status(mono)
	var list []firmware.Fault
	for _, w := range c.Words(mono) {
		if !w.Apart || w.Age > doubtTime {
			continue
		}
		d := w.Wall.Sub(followed.Now).Round(time.Second)
		list = append(list, firmware.Fault{Code: "fault.clock.conflict", On: true, Args: map[string]string{
			"name": "clock.source." + w.Source.String(), "time": stamp(w.Wall),
			"other": "clock.source." + followed.Source.String(), "other_time": stamp(followed.Now), "apart": d.String(),
		}})
	}
	return list
}

// stamp is a time as people read it, with its zone.
func stamp(t time.Time) string { return t.Format("2006-01-02 15:04:05 MST") }

// trueTime is the truth as it is known at mono, without slewing.
func (c *Clock) trueTime(mono time.Duration) (wall int64, bound time.Duration, by Source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ref.at(mono), c.ref.boundAt(mono), c.ref.source
}
