package clock

import (
	"fmt"
	"time"
)

// What a Change is, in the words of the record.
const (
	ChangeSource = "source" // another source is followed
	ChangeJump   = "jump"   // the time went forward by more than a second
	ChangeEra    = "era"    // the time went back: a new era
)

// Change is what became different by an observation and is worth a record: the
// time before and after are of the same moment. What is "" when it is not.
type Change struct {
	What   string
	From   Source
	To     Source
	Era    uint32
	Before time.Time
	After  time.Time
	Bound  time.Duration // of After; Unbounded if unknown
	Mono   time.Duration
}

// Memory is what an earlier power-on knew.
type Memory struct {
	Shown time.Time // newest time it showed or recorded
	Era   uint32    // in which era, 0 if unknown
	// Vouched is the newest time for which a source stood: it was By ± Bound.
	Vouched time.Time
	By      Source
	Bound   time.Duration
}

// Recall takes in what an earlier power-on knew, from the saved state or the
// newest record of the journal (by number, not by time). The clock does not show
// less than that, unless a source that may turn it back says so.
func (c *Clock) Recall(m Memory, mono time.Duration) Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	mono = c.hear(mono)
	c.era = max(c.era, m.Era)
	if m.By > c.vouch.source && believable(m.Vouched) {
		c.vouch = vouch{m.By, m.Vouched.UnixNano(), m.Bound}
	}
	before := c.shown(mono)
	if believable(m.Shown) {
		before = max(before, m.Shown.UnixNano())
		c.floor = line{source: Floor, wall: before, mono: mono, bound: Unbounded}
	}
	if rtc := c.seen[RTC]; rtc.source == RTC && rtc.at(mono) < before-int64(slewMost) {
		c.seen[RTC] = line{}
	}
	return c.settle(mono, before)
}

// believable keeps out what no int64 of nanoseconds and no chip holds.
func believable(t time.Time) bool {
	return !t.Before(written) && t.Year() <= lastYear
}

// Observe takes in the word of a source, which may be some time old. The error
// is ErrImplausible, ErrOutranked or ErrBehind, each with the time it was about;
// the clock is then as before, but an outranked source is told of.
func (c *Clock) Observe(o Observation) (Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.hear(o.Mono)
	if err := c.possible(o, m); err != nil {
		return Change{}, fmt.Errorf("clock: %s says %s: %w", o.Source, o.Wall.In(c.zone).Format(time.RFC3339), err)
	}
	before := c.shown(m)
	l := line{source: o.Source, wall: o.Wall.UnixNano(), mono: o.Mono, bound: max(o.Bound, least[o.Source])}
	c.take(l, m)
	change := c.settle(m, before)
	if c.ref.source > l.source && apart(c.ref, l, m) {
		return change, fmt.Errorf("clock: %s says %s: %w: %s says %s", o.Source, c.time(l.at(m)).Format(time.RFC3339), ErrOutranked,
			c.ref.source, c.time(c.ref.at(m)).Format(time.RFC3339))
	}
	return change, nil
}

// hear keeps the newest monotonic time: what is decided is decided then.
func (c *Clock) hear(m time.Duration) time.Duration {
	c.latest = max(c.latest, m)
	return c.latest
}

func (c *Clock) possible(o Observation, m time.Duration) error {
	if o.Source < RTC || int(o.Source) >= sources || o.Bound < 0 || o.Bound > boundMost || !believable(o.Wall) {
		return ErrImplausible
	}
	now := o.Wall.UnixNano() + int64(m-o.Mono)
	if now+int64(o.Bound) < c.built {
		return ErrImplausible
	}
	if o.Source == RTC && now < c.shown(m)-int64(slewMost) {
		return ErrBehind
	}
	if o.Source < c.vouch.source && now+int64(o.Bound) < c.vouch.wall-int64(c.vouch.bound) {
		return ErrOutranked
	}
	return nil
}

// take puts l among what is known. The machines that speak often are narrowed
// down by what their words have in common; of a person the last word counts.
func (c *Clock) take(l line, m time.Duration) {
	old := c.seen[l.source]
	l.muted = old.muted
	if old.source == l.source && l.source >= Satellite && !apart(old, l, m) {
		l = common(old, l, m)
	}
	if l.muted && !apart(c.ref, l, m) {
		l.muted = false
	}
	c.seen[l.source] = l
	if l.source != Technician {
		return
	}
	for s := Browser; s <= Satellite; s++ {
		other := &c.seen[s]
		other.muted = other.source == s && apart(l, *other, m)
	}
}

// common is where two words of one source meet at m.
func common(a, b line, m time.Duration) line {
	low := max(a.at(m)-int64(a.boundAt(m)), b.at(m)-int64(b.boundAt(m)))
	high := min(a.at(m)+int64(a.boundAt(m)), b.at(m)+int64(b.boundAt(m)))
	half := (high - low + 1) / 2
	return line{source: b.source, muted: b.muted, wall: low + half, mono: m, bound: time.Duration(half)}
}

// elect chooses whom to follow at m.
func (c *Clock) elect(m time.Duration) line {
	best := c.floor
	for s := NTP; s >= RTC; s-- {
		l := c.seen[s]
		if l.source != s || l.muted {
			continue
		}
		if best.source < RTC || !apart(best, l, m) && l.boundAt(m) < best.boundAt(m) {
			best = l
		}
	}
	return best
}

// settle follows the best source at m, having shown before until now.
func (c *Clock) settle(m time.Duration, before int64) Change {
	change := Change{From: c.ref.source, Before: c.time(before), Mono: m}
	c.ref = c.elect(m)
	c.anchor, c.last = mark{before, m}, before
	truth := c.ref.at(m)
	switch {
	case c.ref.source > RTC && truth < before-int64(slewMost):
		change.What = ChangeEra
		c.era++
		c.anchor.wall, c.last = truth, truth
		c.vouch = vouch{c.ref.source, truth, c.ref.boundAt(m)}
	case truth > before+int64(jumpTold):
		change.What = ChangeJump
	case c.ref.source != change.From:
		change.What = ChangeSource
	}
	now := c.shown(m)
	if c.ref.source != change.From {
		c.since = mark{now, m}
	}
	change.To, change.Era, change.After, change.Bound = c.ref.source, c.era, c.time(now), c.boundAt(m, now)
	return change
}

// boundAt is the error of what is shown.
func (c *Clock) boundAt(m time.Duration, shown int64) time.Duration {
	b := c.ref.boundAt(m)
	if b == Unbounded {
		return Unbounded
	}
	return b + time.Duration(shown-c.ref.at(m)) // never less than the truth
}
