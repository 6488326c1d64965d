// Package clock knows what time it is and how far to trust it. A village box
// has a battery clock that may be dead, a network that may be away for weeks, a
// satellite that says the time when the dish stands right, and now and then a
// person who knows. Each of them is an Observation with its error; the Clock
// follows the best and says which, how exact and how old.
//
// Who is believed. Sources have a rank: RTC < technician < browser < satellite
// < hub < NTP. Sources that agree within their errors are followed by the
// smallest error; the error grows with age by the drift of the board's crystal.
// When two disagree the higher rank is followed and the disagreement is told
// with both times. One exception: a person who sets the time at the station
// overrules browser and satellite until these agree again, because he stands
// there and is told what they say. Nothing is believed that lies before the
// program was built, after 2099, or before a moment for which an equal or higher
// rank has vouched earlier.
//
// Time never steps back. The time shown jumps forward at once, but backward it
// only slows to half speed until the truth has caught up, for corrections of up
// to five minutes. A larger one cannot be slowed away (a station that was set a
// year ahead must not stand for a year), so it begins a new era: the era number
// goes up, the change is recorded with the time before and after, and the clock
// shows the corrected time from then on. Within an era the time never
// decreases. RTC and floor may never begin an era: they are doubted instead.
//
// What this means for the schedule. An occasion is named by its row and its
// date, and its history is found by that name, never by comparing times. So an
// occasion that was shown stays shown in whatever era, and one that was skipped
// by a forward jump and comes again within the late limit is shown once.
// The price: what was shown ahead of its date by a clock that stood ahead is not
// shown again on its date. It is small, because lessons begin by themselves only
// on a trusted clock, and the village has seen it. The order of records is their
// number and the monotonic clock, never the wall time; era changes stand among
// them as records of their own.
//
// After a power cut the floor is the latest of: the time saved, the time the
// program was built, the newest record of the journal, and the RTC if its battery
// passed the test. The time is saved every ten minutes, so without an RTC up to
// ten minutes that were shown but not recorded may be shown again.
//
// For spans use the monotonic clock, never differences of Now: a time of Now has
// no monotonic part, and its differences contain jumps and slewing on purpose.
//
// The clock never sets the kernel's wall clock and does not follow it unless the
// kernel says that it is synchronised: somebody who sets it by hand moves nothing
// here.
package clock

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// Source is where the time comes from, by rank: a larger one is believed more.
type Source uint8

// The sources.
const (
	None       Source = iota // only the time the program was built is known
	Floor                    // what was known before the last power cut: it is later than that
	RTC                      // the battery clock of the board
	Technician               // typed at the console
	Browser                  // the device of an administrator who opened the local page
	Satellite                // TDT or TOT of a broadcast
	Hub                      // the town's server
	NTP                      // the kernel's clock while the kernel says it is synchronised

	sources = int(NTP) + 1
)

var sourceWords = [sources]string{"none", "floor", "rtc", "technician", "browser", "satellite", "hub", "ntp"}

// String returns the word that records and the page use; "clock.source." and
// the word is a key of the text catalogue.
func (s Source) String() string {
	if int(s) >= sources {
		return "unknown"
	}
	return sourceWords[s]
}

// MarshalText writes String.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Source) UnmarshalText(b []byte) error {
	for i, w := range sourceWords {
		if string(b) == w {
			*s = Source(i)
			return nil
		}
	}
	return fmt.Errorf("clock source %.20q", b)
}

// least is the smallest error that a source is believed to have, whatever it
// says of itself. A person types to the minute or half of it; a browser's own
// clock is as good as its owner keeps it; TDT counts seconds and is inserted by
// hand-set equipment now and then; systemd-timesyncd tells the kernel an error
// of 0 while up to 0.4 s are still being slewed away (its NTP_MAX_ADJUST).
var least = [sources]time.Duration{
	RTC: 1500 * time.Millisecond, Technician: 30 * time.Second, Browser: 2 * time.Second,
	Satellite: 2 * time.Second, Hub: 500 * time.Millisecond, NTP: 500 * time.Millisecond,
}

// Unbounded is the error of a time of which only a lower bound is known.
const Unbounded = time.Duration(math.MaxInt64)

// Observation is the word of one source: at Mono of the monotonic clock it was
// Wall, give or take Bound.
type Observation struct {
	Source Source        // RTC … NTP
	Wall   time.Time     // any zone
	Bound  time.Duration // ± error, 0..48h; below the least of its source counts as that
	Mono   time.Duration // since power-on
}

// Why an observation is not taken.
var (
	// ErrImplausible means a time before the program was built or after 2099,
	// or an error that is none.
	ErrImplausible = errors.New("cannot be")
	// ErrOutranked means that a source of higher rank says otherwise, or had
	// vouched for a later time.
	ErrOutranked = errors.New("a better source says otherwise")
	// ErrBehind means an RTC that is behind what is already known.
	ErrBehind = errors.New("behind what is already known")
)

// Limits of the rules above.
const (
	slewMost    = 5 * time.Minute // larger backward corrections begin an era
	jumpTold    = time.Second     // smaller forward jumps are nobody's business
	boundMost   = 48 * time.Hour
	doubtTime   = 24 * time.Hour // how long a source that lost is told of
	defaultNeed = 5 * time.Minute
	// crystal is how far a board's clock may run away, in parts per million:
	// 30 for the part and more for a hot box in summer. 8.6 s a day. [judgement]
	crystal = 100
)

// written is before every build: no clock of ours shows less.
var written = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// lastYear is the last one that is believed; chips count to 2099.
const lastYear = 2099

// Opts are the settings of a Clock; the zero value is right.
type Opts struct {
	Zone  *time.Location // the one zone of the station; nil is UTC
	Built time.Time      // of the program; nothing earlier is believed
	Need  time.Duration  // error up to which the schedule may run; 0 is five minutes
}

// line is a time that runs at the speed of the monotonic clock.
type line struct {
	source Source
	muted  bool // overruled by a person until it agrees again
	wall   int64
	mono   time.Duration
	bound  time.Duration // at mono
}

func (l line) at(m time.Duration) int64 { return l.wall + int64(m-l.mono) }

// boundAt grows with age, both ways of mono alike.
func (l line) boundAt(m time.Duration) time.Duration {
	if l.bound == Unbounded {
		return Unbounded
	}
	age := m - l.mono
	if age < 0 {
		age = -age
	}
	return l.bound + grown(age, crystal)
}

// grown is what ppm (up to 10,000) make of d (up to decades), rounded up.
func grown(d time.Duration, ppm int64) time.Duration {
	return d/1000*time.Duration(ppm)/1000 + 1
}

// apart says whether two lines cannot both be right at m.
func apart(a, b line, m time.Duration) bool {
	d := time.Duration(a.at(m) - b.at(m))
	if d < 0 {
		d = -d
	}
	return d > a.boundAt(m)+b.boundAt(m)
}

// mark is a wall time at a moment.
type mark struct {
	wall int64
	mono time.Duration
}

// vouch is the newest time for which a source stood in an earlier power-on.
type vouch struct {
	source Source
	wall   int64
	bound  time.Duration
}

// Clock is pure logic: it is told the monotonic time and what sources say, and
// reads no clock itself. It may be used by several goroutines.
type Clock struct {
	zone  *time.Location
	built int64
	need  time.Duration

	mu     sync.Mutex
	seen   [sources]line // newest word of each; source None: none
	floor  line          // what is known without any
	ref    line          // the one that is followed
	anchor mark          // shown when ref was last chosen: it goes on from here at least at half speed
	last   int64         // newest time shown in this era
	latest time.Duration // newest monotonic time heard of
	since  mark          // when ref's source was chosen
	era    uint32
	vouch  vouch
}

// New returns a clock that knows only when the program was built.
func New(o Opts) *Clock {
	c := &Clock{zone: o.Zone, built: written.UnixNano(), need: o.Need, era: 1}
	if c.zone == nil {
		c.zone = time.UTC
	}
	if c.need <= 0 {
		c.need = defaultNeed
	}
	if o.Built.After(written) && o.Built.Year() <= lastYear {
		c.built = o.Built.UnixNano()
	}
	c.floor = line{source: None, wall: c.built, bound: Unbounded}
	c.ref = c.floor
	c.anchor, c.since, c.last = mark{c.built, 0}, mark{c.built, 0}, c.built
	return c
}

// Now returns the time to show at mono, in the station's zone and without a
// monotonic part. It never decreases within an era.
func (c *Clock) Now(mono time.Duration) time.Time {
	c.mu.Lock()
	c.last = c.shown(mono)
	c.latest = max(c.latest, mono)
	s := c.last
	c.mu.Unlock()
	return c.time(s)
}

func (c *Clock) time(ns int64) time.Time { return time.Unix(0, ns).In(c.zone) }

// shown is the truth as it is known, or half speed from the anchor while that is
// ahead of it.
func (c *Clock) shown(m time.Duration) int64 {
	slow := c.anchor.wall + int64(m-c.anchor.mono)/2
	return max(c.ref.at(m), slow, c.last)
}
