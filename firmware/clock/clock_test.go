package clock_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/schedule"
)

var shanghai = time.FixedZone("CST", 8*3600)

// noon is the moment at which the tests begin, at monotonic time 0.
var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, shanghai)

func newClock() *clock.Clock {
	return clock.New(clock.Opts{Zone: shanghai, Built: noon.Add(-48 * time.Hour)})
}

// say lets a source say off beside the truth, which is noon + mono.
func say(t *testing.T, c *clock.Clock, s clock.Source, mono, off, bound time.Duration) clock.Change {
	t.Helper()
	ch, err := c.Observe(clock.Observation{Source: s, Wall: noon.Add(mono + off), Bound: bound, Mono: mono})
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// shows checks that the clock is off beside the truth, within a millisecond.
func shows(t *testing.T, c *clock.Clock, mono, off time.Duration) {
	t.Helper()
	if got := c.Now(mono).Sub(noon.Add(mono)); got < off-time.Millisecond || got > off+time.Millisecond {
		t.Fatalf("at %v the clock is %v beside the truth, want %v", mono, got, off)
	}
}

func TestFreshClockKnowsOnlyWhenItWasBuilt(t *testing.T) {
	c := newClock()
	s := c.Status(time.Minute)
	if s.Source != clock.None || s.Level != clock.Unknown || s.Bound != clock.Unbounded || s.Enough(1<<62) {
		t.Fatalf("%+v", s)
	}
	shows(t, c, time.Minute, -48*time.Hour)
	if _, offset := c.Now(0).Zone(); offset != 8*3600 || s.Zone != "CST" {
		t.Errorf("zone %d %s", offset, s.Zone)
	}
	if clock.New(clock.Opts{}).Now(0).Year() < 2026 {
		t.Error("a clock without anything shows a time before it was written")
	}
}

func TestFloorIsTheLatestOfAll(t *testing.T) {
	const hour = time.Hour
	tests := []struct {
		name                      string
		saved, journal, rtc, want time.Duration // beside noon; 0 is absent
		source                    clock.Source
	}{
		{"build only", 0, 0, 0, -48 * hour, clock.None},
		{"saved", -10 * hour, 0, 0, -10 * hour, clock.Floor},
		{"saved before the build", -100 * hour, 0, 0, -48 * hour, clock.Floor},
		{"journal is newer", -10 * hour, -9 * hour, 0, -9 * hour, clock.Floor},
		{"journal is older", -10 * hour, -11 * hour, 0, -10 * hour, clock.Floor},
		{"hardware clock", -10 * hour, -9 * hour, -1 * hour, -1 * hour, clock.RTC},
		{"hardware clock behind the journal", -10 * hour, -9 * hour, -9*hour - 30*time.Minute, -9 * hour, clock.Floor},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			if tt.saved != 0 {
				c.Recall(clock.Memory{Shown: noon.Add(tt.saved), Era: 1}, 0)
			}
			if tt.rtc != 0 { // before the journal is read, as in the station
				_, _ = c.Observe(clock.Observation{Source: clock.RTC, Wall: noon.Add(tt.rtc), Bound: time.Second})
			}
			if tt.journal != 0 {
				c.Recall(clock.Memory{Shown: noon.Add(tt.journal)}, 0)
			}
			shows(t, c, 0, tt.want)
			if s := c.Status(0); s.Source != tt.source || s.Era != 1 {
				t.Errorf("%v in era %d", s.Source, s.Era)
			}
		})
	}
}

func TestForwardAtOnce(t *testing.T) {
	c := newClock()
	ch := say(t, c, clock.NTP, time.Minute, 0, 10*time.Millisecond)
	shows(t, c, time.Minute, 0)
	if ch.What != clock.ChangeJump || ch.From != clock.None || ch.To != clock.NTP || ch.After.Sub(ch.Before) != 48*time.Hour || ch.Era != 1 {
		t.Errorf("%+v", ch)
	}
	if ch := say(t, c, clock.NTP, 2*time.Minute, 300*time.Millisecond, 10*time.Millisecond); ch.What != "" {
		t.Errorf("a third of a second is told: %+v", ch)
	}
}

func TestBackwardSlowsDown(t *testing.T) {
	c := newClock()
	say(t, c, clock.Technician, 0, 2*time.Minute, 3*time.Minute)
	shows(t, c, 0, 2*time.Minute)
	ch := say(t, c, clock.NTP, 0, 0, 0)
	if ch.What != clock.ChangeSource || ch.Era != 1 {
		t.Errorf("%+v", ch)
	}
	// Two minutes ahead: after one minute half a minute is made up, after four all.
	for _, tt := range []struct{ mono, off time.Duration }{
		{0, 2 * time.Minute}, {time.Minute, 90 * time.Second}, {2 * time.Minute, time.Minute}, {4 * time.Minute, 0}, {time.Hour, 0},
	} {
		shows(t, c, tt.mono, tt.off)
		s := c.Status(tt.mono)
		if d := s.Ahead - tt.off; d < -time.Millisecond || d > time.Millisecond || s.Bound < tt.off+500*time.Millisecond {
			t.Errorf("at %v: ahead %v, bound %v", tt.mono, s.Ahead, s.Bound)
		}
	}
}

// A station that was set a year ahead must not stand for a year.
func TestFarBackwardBeginsAnEra(t *testing.T) {
	c := newClock()
	say(t, c, clock.RTC, 0, 365*24*time.Hour, time.Second)
	ch := say(t, c, clock.Technician, time.Hour, 0, time.Minute)
	if ch.What != clock.ChangeEra || ch.Era != 2 || ch.Before.Sub(ch.After) != 365*24*time.Hour || ch.Mono != time.Hour {
		t.Errorf("%+v", ch)
	}
	shows(t, c, time.Hour, 0)
	if f := c.Conflicts(time.Hour); len(f) != 1 || f[0].Args["apart"] != "8760h0m0s" || f[0].Args["name"] != "clock.source.rtc" ||
		f[0].Args["other"] != "clock.source.technician" || f[0].Args["other_time"] != "2026-11-27 13:00:00 CST" || f[0].Args["time"] != "2027-11-27 13:00:00 CST" {
		t.Errorf("%v", f)
	}
	shows(t, c, 2*time.Hour, 0)
	if f := c.Conflicts(26 * time.Hour); len(f) != 0 {
		t.Errorf("still told a day later: %v", f)
	}
}

func TestSlewOrEraIsFiveMinutes(t *testing.T) {
	for _, tt := range []struct {
		ahead time.Duration
		era   uint32
	}{{5 * time.Minute, 1}, {5*time.Minute + time.Second, 2}} {
		c := newClock()
		say(t, c, clock.Technician, 0, tt.ahead, time.Minute)
		say(t, c, clock.NTP, 0, 0, 0)
		if s := c.Status(0); s.Era != tt.era {
			t.Errorf("%v ahead: era %d", tt.ahead, s.Era)
		}
	}
}

// An occasion that was shown is not shown again by a clock that was put back,
// because its history is found by its ID.
func TestPutBackShowsNothingTwice(t *testing.T) {
	zone := shanghai
	cal := schedule.New([]schedule.Entry{{ID: "party", Days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, At: 12*time.Hour + 30*time.Minute, Duration: time.Hour}}, zone)
	c := newClock()
	say(t, c, clock.Technician, 0, 24*time.Hour, time.Minute) // typed the wrong day
	shown := map[string]int{}
	due := func(mono time.Duration) {
		if o, ok := cal.Due(c.Now(mono)); ok && shown[o.ID] == 0 {
			shown[o.ID]++
		}
	}
	due(40 * time.Minute)
	if shown["party-2026-11-28"] != 1 {
		t.Fatal(shown)
	}
	say(t, c, clock.Technician, 50*time.Minute, 0, time.Minute)
	due(55 * time.Minute) // today's own: never shown, within its slot
	due(24*time.Hour + 40*time.Minute)
	if len(shown) != 2 || shown["party-2026-11-28"] != 1 || shown["party-2026-11-27"] != 1 {
		t.Errorf("%v", shown)
	}
}

func TestWhoIsBelieved(t *testing.T) {
	type word struct {
		s          clock.Source
		off, bound time.Duration
	}
	const hour = time.Hour
	tests := []struct {
		name  string
		words []word
		want  clock.Source
		off   time.Duration
		told  int
	}{
		{"smallest error of those that agree", []word{{clock.Hub, 3 * time.Second, 10 * time.Second}, {clock.Satellite, 0, 2 * time.Second}}, clock.Satellite, 3 * time.Second, 0},
		{"rank of those that do not", []word{{clock.Satellite, 8 * hour, 2 * time.Second}, {clock.NTP, 0, 0}}, clock.NTP, 0, 1},
		{"rank whoever came first", []word{{clock.NTP, 0, 0}, {clock.Satellite, 8 * hour, 2 * time.Second}}, clock.NTP, 0, 1},
		{"browser over RTC", []word{{clock.RTC, -hour, time.Second}, {clock.Browser, 0, time.Second}}, clock.Browser, 0, 1},
		{"person over a satellite that says local time for UTC", []word{{clock.Satellite, 8 * hour, 0}, {clock.Technician, 0, 0}}, clock.Technician, 0, 1},
		{"and over its next word", []word{{clock.Satellite, 8 * hour, 0}, {clock.Technician, 0, 0}, {clock.Satellite, 8 * hour, 0}}, clock.Technician, 0, 1},
		{"until it agrees", []word{{clock.Satellite, 8 * hour, 0}, {clock.Technician, 0, 0}, {clock.Satellite, 0, 0}}, clock.Satellite, 0, 0},
		{"a person not over NTP", []word{{clock.NTP, 0, 0}, {clock.Technician, hour, 0}}, clock.NTP, 0, 1},
		{"a person's last word", []word{{clock.Technician, hour, 0}, {clock.Technician, 0, 0}}, clock.Technician, 0, 0},
		{"a satellite heard after the person", []word{{clock.Technician, 0, 0}, {clock.Satellite, 8 * hour, 0}}, clock.Satellite, 8 * hour, 1},
		{"NTP beside a wide RTC", []word{{clock.RTC, hour, 24 * hour}, {clock.NTP, 0, 0}}, clock.NTP, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			for _, w := range tt.words {
				_, err := c.Observe(clock.Observation{Source: w.s, Wall: noon.Add(w.off), Bound: w.bound})
				if err != nil && !errors.Is(err, clock.ErrOutranked) {
					t.Fatal(err)
				}
			}
			mono := 10 * time.Minute // slewing is over
			s := c.Status(mono)
			if s.Source != tt.want || len(c.Conflicts(mono)) != tt.told {
				t.Errorf("follows %v with %v", s.Source, c.Conflicts(mono))
			}
			if s.Era == 1 && tt.off == 0 && tt.name != "NTP beside a wide RTC" {
				shows(t, c, mono, tt.off)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	vouched := clock.Memory{Shown: noon, Era: 4, Vouched: noon, By: clock.Hub, Bound: time.Second}
	tests := []struct {
		name  string
		o     clock.Observation
		want  error // nil: taken
		era   uint32
		after clock.Source
	}{
		{"before the build", clock.Observation{Source: clock.NTP, Wall: noon.Add(-72 * time.Hour)}, clock.ErrImplausible, 4, clock.Floor},
		{"the year 2000", clock.Observation{Source: clock.NTP, Wall: time.Unix(946684800, 0)}, clock.ErrImplausible, 4, clock.Floor},
		{"the year 2100", clock.Observation{Source: clock.NTP, Wall: time.Date(2100, 1, 2, 0, 0, 0, 0, shanghai)}, clock.ErrImplausible, 4, clock.Floor},
		{"the year 9999", clock.Observation{Source: clock.NTP, Wall: time.Date(9999, 1, 2, 0, 0, 0, 0, shanghai)}, clock.ErrImplausible, 4, clock.Floor},
		{"no error at all", clock.Observation{Source: clock.NTP, Wall: noon, Bound: -1}, clock.ErrImplausible, 4, clock.Floor},
		{"any time", clock.Observation{Source: clock.NTP, Wall: noon, Bound: 49 * time.Hour}, clock.ErrImplausible, 4, clock.Floor},
		{"a floor is no source", clock.Observation{Source: clock.Floor, Wall: noon}, clock.ErrImplausible, 4, clock.Floor},
		{"an unknown source", clock.Observation{Source: 77, Wall: noon}, clock.ErrImplausible, 4, clock.Floor},
		{"RTC behind", clock.Observation{Source: clock.RTC, Wall: noon.Add(-6 * time.Minute), Bound: time.Hour}, clock.ErrBehind, 4, clock.Floor},
		{"RTC a little behind", clock.Observation{Source: clock.RTC, Wall: noon.Add(-4 * time.Minute), Bound: time.Hour}, nil, 4, clock.RTC},
		{"a person before what the hub vouched for", clock.Observation{Source: clock.Technician, Wall: noon.Add(-time.Hour)}, clock.ErrOutranked, 4, clock.Floor},
		{"the hub itself may correct that", clock.Observation{Source: clock.Hub, Wall: noon.Add(-time.Hour)}, nil, 5, clock.Hub},
		{"NTP too", clock.Observation{Source: clock.NTP, Wall: noon.Add(-time.Hour)}, nil, 5, clock.NTP},
		{"a person after it", clock.Observation{Source: clock.Technician, Wall: noon.Add(time.Hour)}, nil, 4, clock.Technician},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			c.Recall(vouched, 0)
			_, err := c.Observe(tt.o)
			s := c.Status(0)
			if !errors.Is(err, tt.want) || s.Era != tt.era || s.Source != tt.after {
				t.Errorf("%v; now %v in era %d", err, s.Source, s.Era)
			}
			if err != nil && tt.want == nil {
				t.Error(err)
			}
		})
	}
}

// A voucher that was turned back vouches no more.
func TestAnEraEndsTheOldVoucher(t *testing.T) {
	c := newClock()
	c.Recall(clock.Memory{Shown: noon.AddDate(1, 0, 0), Vouched: noon.AddDate(1, 0, 0), By: clock.Technician}, 0)
	say(t, c, clock.Hub, 0, 0, 0)
	say(t, c, clock.RTC, time.Minute, 0, 0) // a driver that loads late
	if s := c.Status(time.Minute); s.Era != 2 || s.Source != clock.Hub {
		t.Errorf("%+v", s)
	}
}

// An RTC that agrees with a person's wide guess and is more exact may slow the
// clock down, but it begins no era.
func TestRTCBeginsNoEra(t *testing.T) {
	c := newClock()
	say(t, c, clock.RTC, 0, -time.Minute, time.Second)
	say(t, c, clock.Technician, 0, 4*time.Minute+time.Second, 0)
	ch := say(t, c, clock.Technician, time.Second, -time.Minute, 10*time.Minute) // takes it back, unsure
	if s := c.Status(time.Second); s.Era != 1 || ch.What == clock.ChangeEra || s.Source != clock.RTC {
		t.Errorf("%+v %+v", s, ch)
	}
}

func TestOutrankedSaysBoth(t *testing.T) {
	c := newClock()
	say(t, c, clock.NTP, 0, 0, 0)
	_, err := c.Observe(clock.Observation{Source: clock.Technician, Wall: noon.Add(time.Hour)})
	if !errors.Is(err, clock.ErrOutranked) || !strings.Contains(err.Error(), "technician says 2026-11-27T13:00:00") || !strings.Contains(err.Error(), "ntp says 2026-11-27T12:00:00") {
		t.Error(err)
	}
	shows(t, c, 0, 0)
}

func TestErrorGrowsUntilItIsTooLarge(t *testing.T) {
	c := newClock()
	say(t, c, clock.NTP, 0, 0, 0)
	day := 24 * time.Hour
	first := c.Status(0)
	if first.Bound.Round(time.Millisecond) != 500*time.Millisecond || first.Level != clock.Good || first.Age != 0 {
		t.Errorf("%+v", first)
	}
	// 100 ppm are 8.64 s a day.
	s := c.Status(10 * day)
	if want := 86900 * time.Millisecond; s.Bound < want-time.Millisecond || s.Bound > want+time.Second || s.Age != 10*day || !s.Since.Equal(noon) {
		t.Errorf("%+v", s)
	}
	if s := c.Status(34 * day); s.Level != clock.Good {
		t.Errorf("after 34 days: %v, %v", s.Level, s.Bound)
	}
	if s := c.Status(35 * day); s.Level != clock.Weak || s.Enough(5*time.Minute) || !s.Enough(6*time.Minute) {
		t.Errorf("after 35 days: %v, %v", s.Level, s.Bound)
	}
}

// TDT comes every half minute, a second early or late: the clock settles in the
// middle instead of trembling.
func TestManyWordsAreNarrowedDown(t *testing.T) {
	c := newClock()
	for i := range 100 {
		off := time.Duration(i%7-3) * 300 * time.Millisecond
		say(t, c, clock.Satellite, time.Duration(i)*30*time.Second, off, time.Second)
	}
	s := c.Status(3000 * time.Second)
	if s.Bound > 1500*time.Millisecond || s.Ahead > 10*time.Millisecond {
		t.Errorf("%+v", s)
	}
	if off := s.Now.Sub(noon.Add(3000 * time.Second)); off > s.Bound || off < -s.Bound {
		t.Errorf("%v beside the truth, bound %v", off, s.Bound)
	}
}

// Another goroutine may have read the monotonic clock a little earlier.
func TestOldMonotonicTimeGoesNotBack(t *testing.T) {
	c := newClock()
	say(t, c, clock.NTP, time.Minute, 0, 0)
	now := c.Now(2 * time.Minute)
	if got := c.Now(time.Minute); got.Before(now) {
		t.Errorf("%v after %v", got, now)
	}
	// And a word may be old when it arrives.
	say(t, c, clock.Hub, 30*time.Second, 0, 0)
	shows(t, c, 3*time.Minute, 0)
}

func TestDecide(t *testing.T) {
	good := clock.Status{Source: clock.RTC, Bound: time.Minute}
	weak := clock.Status{Source: clock.RTC, Bound: time.Hour}
	floor := clock.Status{Source: clock.Floor, Bound: clock.Unbounded}
	const after = 30 * time.Minute
	tests := []struct {
		name string
		st   clock.Status
		rule clock.Rule
		mono time.Duration
		want clock.Plan
	}{
		{"good, whatever the rule", good, clock.Wait, time.Hour, clock.Plan{Mode: clock.ByClock}},
		{"good, relative", good, clock.Relative, time.Minute, clock.Plan{Mode: clock.ByClock}},
		{"floor waits", floor, clock.Wait, time.Minute, clock.Plan{Mode: clock.ByWaiting, Reason: "clock.plan.wait"}},
		{"no rule waits", floor, "", time.Minute, clock.Plan{Mode: clock.ByWaiting, Reason: "clock.plan.wait"}},
		{"weak waits", weak, clock.Wait, time.Minute, clock.Plan{Mode: clock.ByWaiting, Reason: "clock.plan.wait"}},
		{"relative before", floor, clock.Relative, time.Minute, clock.Plan{Mode: clock.ByRelative, Start: 32 * time.Minute, Reason: "clock.plan.relative"}},
		{"relative at its last minute", weak, clock.Relative, 47 * time.Minute, clock.Plan{Mode: clock.ByRelative, Start: 32 * time.Minute, Reason: "clock.plan.relative"}},
		{"relative over", floor, clock.Relative, 48 * time.Minute, clock.Plan{Mode: clock.ByWaiting, Reason: "clock.plan.over"}},
	}
	for _, tt := range tests {
		if got := clock.Decide(tt.st, 5*time.Minute, tt.rule, 2*time.Minute, tt.mono, after); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestMoveKeepsTheName(t *testing.T) {
	cal := schedule.New([]schedule.Entry{{ID: "party", Title: "党课", Days: []time.Weekday{time.Monday}, At: 19 * time.Hour, Duration: time.Hour}}, shanghai)
	o, _ := cal.Next(noon)
	p := clock.Plan{Mode: clock.ByRelative, Start: 30 * time.Minute}
	got := p.Move(o, noon, 10*time.Minute)
	if got.ID != "party-2026-11-30" || got.Title != "党课" || !got.Start.Equal(noon.Add(20*time.Minute)) || got.Duration != time.Hour {
		t.Errorf("%+v", got)
	}
	// The clock is set a day on while people wait: the start stays where it was.
	later := p.Move(o, noon.Add(24*time.Hour), 15*time.Minute)
	if !later.Start.Equal(noon.Add(24*time.Hour + 15*time.Minute)) {
		t.Errorf("%v", later.Start)
	}
}

func TestParseTime(t *testing.T) {
	tests := []struct{ in, want string }{
		{"2026-11-27T19:30:00+08:00", "2026-11-27T19:30:00+08:00"},
		{"2026-11-27T11:30:00Z", "2026-11-27T19:30:00+08:00"},
		{"2026-11-27T19:30+08:00", "2026-11-27T19:30:00+08:00"},
		{"2026-11-27T19:30:05", "2026-11-27T19:30:05+08:00"},
		{"2026-11-27T19:30", "2026-11-27T19:30:00+08:00"},
		{"2026-11-27 19:30", "2026-11-27T19:30:00+08:00"},
		{"2026-11-27 19:30:05", "2026-11-27T19:30:05+08:00"},
		{"19:30", ""}, {"2026-11-27", ""}, {"2026-02-30T10:00", ""}, {"1970-01-01T00:00", ""}, {"2100-01-01T10:00", ""}, {"", ""}, {"now", ""},
		{"2026-11-27T24:00", ""}, {"二〇二六年", ""},
	}
	for _, tt := range tests {
		got, err := clock.ParseTime(tt.in, shanghai)
		switch {
		case tt.want == "" && !errors.Is(err, clock.ErrImplausible):
			t.Errorf("%q: got %v, %v", tt.in, got, err)
		case tt.want != "" && (err != nil || got.Format(time.RFC3339) != tt.want):
			t.Errorf("%q: got %v, %v", tt.in, got, err)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-11-27T19:30:00+08:00", "2026-11-27 19:30", "19:30", "", "2026-11-27T19:30:00.999999999-23:59"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := clock.ParseTime(s, shanghai)
		if err == nil && (got.Year() < 2026 || got.Year() > 2099) {
			t.Fatalf("%q is %v", s, got)
		}
	})
}

func TestSourceWords(t *testing.T) {
	for s := clock.None; s <= clock.NTP; s++ {
		b, err := s.MarshalText()
		var back clock.Source
		if err != nil || back.UnmarshalText(b) != nil || back != s {
			t.Errorf("%d: %s, %v", s, b, err)
		}
	}
	var s clock.Source
	if clock.Source(77).String() != "unknown" || s.UnmarshalText([]byte("unknown")) == nil {
		t.Error("a source that is none has a name")
	}
}

func BenchmarkNow(b *testing.B) {
	c := newClock()
	if _, err := c.Observe(clock.Observation{Source: clock.NTP, Wall: noon}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = c.Now(time.Duration(i))
	}
}

func BenchmarkKeeperNow(b *testing.B) {
	k := clock.NewKeeper(newClock(), clock.Linux{}, clock.KeeperOpts{})
	b.ReportAllocs()
	for b.Loop() {
		_ = k.Now()
	}
}
