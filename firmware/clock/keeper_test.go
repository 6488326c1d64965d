package clock_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// village is the world of one box: true time, the kernel's clock, the battery
// clock, and what the Keeper told. Time runs with the bubble.
type village struct {
	t    *testing.T
	path string

	mu     sync.Mutex
	truth  time.Time // at origin
	origin time.Time // of the bubble's clock
	boot   int
	up     time.Time     // power-on, on the bubble's clock
	wrong  time.Duration // kernel's clock beside the truth
	synced bool
	rtc    *chip
	events []clock.Event
	faults map[string]string // by code and thing: the cause

	keeper *clock.Keeper
	stop   func()
}

// chip is the battery clock: off beside the truth at origin and fast by ppm.
type chip struct {
	v          *village
	off        time.Duration
	ppm        int64
	since      time.Time // true time at which off was so
	fail       error
	empty, low bool
	sets       int
}

func newVillage(t *testing.T) *village {
	v := &village{t: t, path: filepath.Join(t.TempDir(), "clock.json"), truth: noon, origin: time.Now(), faults: map[string]string{}}
	v.rtc = &chip{v: v, since: noon}
	return v
}

func (v *village) now() time.Time { return v.truth.Add(time.Since(v.origin)) }

// Mono, Kernel and Boot make it a clock.System.
func (v *village) Mono() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return time.Since(v.up)
}

func (v *village) Kernel() (clock.Kernel, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return clock.Kernel{Wall: v.now().Add(v.wrong), Mono: time.Since(v.up), Synced: v.synced, Bound: 20 * time.Millisecond}, nil
}

func (v *village) Boot() string { return fmt.Sprintf("boot-%d", v.boot) }

func (c *chip) reads() time.Time {
	truth := c.v.now()
	return truth.Add(c.off + time.Duration(int64(truth.Sub(c.since))/1e6*c.ppm))
}

func (c *chip) Time() (time.Time, error) {
	c.v.mu.Lock()
	defer c.v.mu.Unlock()
	return c.reads().Truncate(time.Second).UTC(), c.fail
}

func (c *chip) SetTime(t time.Time) error {
	c.v.mu.Lock()
	defer c.v.mu.Unlock()
	c.since = c.v.now()
	c.off, c.fail, c.empty = t.Truncate(time.Second).Sub(c.since), nil, false
	c.sets++
	return nil
}

func (c *chip) Battery() (empty, low bool, err error) { return c.empty, c.low, nil }

// on powers the box and starts its program.
func (v *village) on(o clock.KeeperOpts) {
	v.boot++
	v.up = time.Now()
	v.start(o)
}

func (v *village) start(o clock.KeeperOpts) {
	o.Path, o.Built, o.RTC = v.path, noon.Add(-48*time.Hour), v.rtc
	o.Note = func(kind string, e clock.Event) {
		if kind != "clock" {
			v.t.Errorf("record of kind %q", kind)
		}
		v.mu.Lock()
		v.events = append(v.events, e)
		v.mu.Unlock()
	}
	o.Fault = func(on bool, code, thing string, args ...string) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if !on {
			delete(v.faults, code+" "+thing)
			return
		}
		v.faults[code+" "+thing] = strings.Join(args, " ")
	}
	v.mu.Lock()
	v.faults = map[string]string{}
	v.mu.Unlock()
	v.keeper = clock.NewKeeper(clock.New(clock.Opts{Zone: shanghai, Built: o.Built}), v, o)
	ctx, cancel := context.WithCancel(v.t.Context())
	done := make(chan error, 1)
	go func() { done <- v.keeper.Run(ctx) }()
	v.stop = func() {
		cancel()
		if err := <-done; err != nil {
			v.t.Error(err)
		}
	}
	synctest.Wait()
}

// cut takes the power away for d: what was saved last is what is left.
func (v *village) cut(d time.Duration) {
	kept, err := os.ReadFile(v.path)
	if err != nil {
		v.t.Fatal(err)
	}
	v.stop()
	if err := os.WriteFile(v.path, kept, 0o600); err != nil {
		v.t.Fatal(err)
	}
	time.Sleep(d)
	v.mu.Lock()
	v.synced = false
	v.events = nil
	v.mu.Unlock()
}

func (v *village) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// off is how far the clock is beside the truth.
func (v *village) off() time.Duration { return v.keeper.Now().Sub(v.now()) }

func (v *village) expect(source clock.Source, level clock.Level, most time.Duration) {
	v.t.Helper()
	if s := v.keeper.Status(); s.Source != source || s.Level != level || max(v.off(), -v.off()) > most {
		v.t.Fatalf("%v %v, %v beside the truth ±%v; faults %v", s.Source, s.Level, v.off(), s.Bound, v.faults)
	}
}

func (v *village) fault(key string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	cause, ok := v.faults[key]
	return cause, ok
}

func (v *village) event(what string) (clock.Event, int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var last clock.Event
	n := 0
	for _, e := range v.events {
		if e.What == what {
			last, n = e, n+1
		}
	}
	return last, n
}

func TestANightWithoutPower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.synced = true
		v.rtc.off = 40 * time.Second
		v.on(clock.KeeperOpts{})
		v.pass(time.Second)
		v.expect(clock.NTP, clock.Good, time.Second)
		if v.rtc.sets != 1 {
			t.Errorf("the hardware clock was 40 s off and was set %d times", v.rtc.sets)
		}
		if e, n := v.event("rtc_set"); n != 1 || e.By < -41000 || e.By > -39000 {
			t.Errorf("%d %+v", n, e)
		}
		v.pass(2 * time.Hour)
		v.cut(14 * time.Hour)
		v.on(clock.KeeperOpts{})
		v.expect(clock.RTC, clock.Good, 2*time.Second)
		if len(v.faults) > 0 {
			t.Errorf("%v", v.faults)
		}
		if e, n := v.event(clock.ChangeJump); n != 1 || e.From != clock.Floor || e.To != clock.RTC || e.After.Sub(e.Before) < 14*time.Hour {
			t.Errorf("%d %+v", n, e)
		}
		if r := v.keeper.Report(); r.RTC.Battery != "ok" || r.Plan.Mode != clock.ByClock {
			t.Errorf("%+v %+v", r.RTC, r.Plan)
		}
		v.stop()
	})
}

func TestDeadBattery(t *testing.T) {
	tests := []struct {
		name   string
		damage func(c *chip)
		cause  string
	}{
		{"back at 2000", func(c *chip) { c.off = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Sub(c.v.now()) }, "clock.battery.default"},
		{"a day behind", func(c *chip) { c.off = -24 * time.Hour }, "clock.battery.behind"},
		{"chip says so", func(c *chip) { c.empty = true }, "clock.battery.flag"},
		{"stopped", func(c *chip) { c.fail = fmt.Errorf("read: %w", hal.ErrGarbled) }, "clock.battery.stopped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVillage(t)
				v.synced = true
				v.on(clock.KeeperOpts{})
				v.pass(time.Hour)
				v.cut(14 * time.Hour)
				tt.damage(v.rtc)
				v.on(clock.KeeperOpts{})
				if s := v.keeper.Status(); s.Source != clock.Floor || s.Level != clock.Unknown {
					t.Fatalf("%+v", s)
				}
				if got, ok := v.fault("fault.clock.battery "); !ok || got != "cause "+tt.cause {
					t.Errorf("%v", v.faults)
				}
				if got, ok := v.fault("fault.clock.untrusted "); !ok || !strings.Contains(got, "clock.plan.wait") {
					t.Errorf("%v", v.faults)
				}
				if p := v.keeper.Plan(); p.Mode != clock.ByWaiting {
					t.Errorf("%+v", p)
				}
				// A person sets the time: the lesson can begin, the battery stays dead.
				if err := v.keeper.Offer(clock.Technician, v.now(), 0); err != nil {
					t.Fatal(err)
				}
				v.pass(2 * time.Second)
				v.expect(clock.Technician, clock.Good, time.Second)
				if _, ok := v.fault("fault.clock.untrusted "); ok || v.rtc.sets == 0 {
					t.Errorf("set %d times; %v", v.rtc.sets, v.faults)
				}
				if _, ok := v.fault("fault.clock.battery "); !ok {
					t.Error("a set clock is taken for a good battery")
				}
				// A new battery is proved by the next night.
				v.cut(14 * time.Hour)
				v.on(clock.KeeperOpts{})
				v.expect(clock.RTC, clock.Good, 31*time.Second)
				if _, ok := v.fault("fault.clock.battery "); ok {
					t.Errorf("%v", v.faults)
				}
				v.stop()
			})
		})
	}
}

func TestRelativeAfterPowerOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{Rule: clock.Relative})
		if p := v.keeper.Plan(); p.Mode != clock.ByRelative || p.Start != 30*time.Minute {
			t.Errorf("%+v", p)
		}
		if _, ok := v.fault("fault.clock.rtc "); !ok {
			t.Errorf("%v", v.faults)
		}
		// The program is restarted: the moment stays.
		v.pass(10 * time.Minute)
		v.stop()
		v.start(clock.KeeperOpts{Rule: clock.Relative})
		r := v.keeper.Report()
		if r.Plan.StartsInMS == nil || *r.Plan.StartsInMS != (20*time.Minute).Milliseconds() || r.Plan.Rule != clock.Relative || r.BoundMS != nil {
			t.Errorf("%+v", r.Plan)
		}
		v.pass(40 * time.Minute)
		if p := v.keeper.Plan(); p.Mode != clock.ByWaiting || p.Reason != "clock.plan.over" {
			t.Errorf("%+v", p)
		}
		v.stop()
	})
}

// Somebody types date -s on the box.
func TestSteppedKernelClockMovesNothing(t *testing.T) {
	for _, by := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			v := newVillage(t)
			v.synced = true
			v.on(clock.KeeperOpts{})
			v.pass(time.Minute)
			v.mu.Lock()
			v.wrong, v.synced = by, false // the kernel forgets that it was synchronised
			v.mu.Unlock()
			v.pass(time.Minute)
			v.expect(clock.NTP, clock.Good, 100*time.Millisecond)
			if e, n := v.event("stepped"); n != 1 || e.By != by.Milliseconds() || e.Era != 1 {
				t.Errorf("%d %+v", n, e)
			}
			if _, ok := v.fault("fault.clock.stepped "); !ok {
				t.Errorf("%v", v.faults)
			}
			v.mu.Lock()
			v.wrong = 0
			v.mu.Unlock()
			v.pass(time.Minute)
			if _, ok := v.fault("fault.clock.stepped "); ok {
				t.Errorf("put right, and still %v", v.faults)
			}
			v.stop()
		})
	}
}

// The step of a time daemon is no fault of anybody.
func TestStepOfATimeDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.wrong, v.rtc.fail = -30*24*time.Hour, hal.ErrGone
		v.on(clock.KeeperOpts{})
		v.pass(time.Minute)
		v.mu.Lock()
		v.wrong, v.synced = 0, true
		v.mu.Unlock()
		v.pass(11 * time.Second)
		v.expect(clock.NTP, clock.Good, time.Second)
		if _, n := v.event("stepped"); n != 1 {
			t.Errorf("%d steps", n)
		}
		if _, ok := v.fault("fault.clock.stepped "); ok {
			t.Errorf("%v", v.faults)
		}
		v.stop()
	})
}

// While the kernel is synchronised it sets the hardware clock itself, so what that
// reads then says nothing about its drift.
func TestDriftInOnePowerOn(t *testing.T) {
	for _, synced := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			v := newVillage(t)
			v.rtc.ppm, v.synced = 5, synced
			v.on(clock.KeeperOpts{})
			for range 2 {
				if err := v.keeper.Offer(clock.Hub, v.now(), 0); err != nil {
					t.Fatal(err)
				}
				v.pass(40 * time.Hour)
			}
			r := v.keeper.Report().RTC
			if (r.PPM == nil) != synced {
				t.Errorf("synced %v: %+v", synced, r)
			}
			v.stop()
		})
	}
}

// A time daemon corrects a clock that was a day ahead by a person's mistake.
func TestNTPTurnsItBackAsAnEraAndSavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.on(clock.KeeperOpts{})
		if err := v.keeper.Offer(clock.Technician, v.now().Add(24*time.Hour), 0); err != nil {
			t.Fatal(err)
		}
		v.pass(65 * time.Second) // the last time was just now
		v.mu.Lock()
		v.synced = true
		v.mu.Unlock()
		v.pass(11 * time.Second)
		v.expect(clock.NTP, clock.Good, time.Second)
		e, n := v.event(clock.ChangeEra)
		if n != 1 || e.Era != 2 || e.From != clock.Technician || e.Before.Sub(e.After).Round(time.Minute) != 24*time.Hour {
			t.Errorf("%d %+v", n, e)
		}
		if got, ok := v.fault("fault.clock.conflict clock.source.technician"); !ok || !strings.Contains(got, "apart 24h0m0s") {
			t.Errorf("%v", v.faults)
		}
		v.rtc.fail = hal.ErrGone
		v.cut(time.Minute) // before any save by the minute
		v.on(clock.KeeperOpts{})
		if s := v.keeper.Status(); s.Era != 2 || s.Now.After(v.now()) {
			t.Errorf("%+v", s)
		}
		// The wrong day is still vouched for by nobody: a person may say what is right.
		if err := v.keeper.Offer(clock.Technician, v.now(), 0); err != nil {
			t.Error(err)
		}
		v.stop()
	})
}

func TestRestartOfTheProgramLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{})
		if err := v.keeper.Offer(clock.Satellite, v.now(), 0); err != nil {
			t.Fatal(err)
		}
		v.pass(time.Hour)
		before := v.keeper.Status()
		v.stop()
		v.mu.Lock()
		v.events = nil
		v.mu.Unlock()
		v.pass(time.Second)
		v.start(clock.KeeperOpts{})
		after := v.keeper.Status()
		if after.Source != clock.Satellite || after.Age != before.Age+time.Second || after.Era != 1 || !after.Since.Equal(before.Since) {
			t.Errorf("%+v\n%+v", before, after)
		}
		if len(v.events) > 0 {
			t.Errorf("a restart is no change: %+v", v.events)
		}
		v.stop()
	})
}

func TestDamagedState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		if err := os.WriteFile(v.path, []byte("\x00\x00\x00garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{})
		if s := v.keeper.Status(); s.Source != clock.None || !s.Now.Equal(noon.Add(-48*time.Hour)) {
			t.Errorf("%+v", s)
		}
		if _, ok := v.fault("fault.clock.state "); !ok {
			t.Errorf("%v", v.faults)
		}
		// The journal knows better.
		v.keeper.Recall(noon.Add(-time.Hour), 3)
		if s := v.keeper.Status(); s.Source != clock.Floor || s.Era != 3 || s.Now.Before(noon.Add(-time.Hour)) {
			t.Errorf("%+v", s)
		}
		v.stop()
		if b, err := os.ReadFile(v.path); err != nil || !json.Valid(b) {
			t.Errorf("not written anew: %q, %v", b, err)
		}
	})
}

// The card is written at most every ten minutes, and a minute after a change.
func TestTheCardIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{})
		writes, last := 0, ""
		count := func(d time.Duration) int {
			writes = 0
			for range d / time.Second {
				v.pass(time.Second)
				if b, _ := os.ReadFile(v.path); string(b) != last {
					writes, last = writes+1, string(b)
				}
			}
			return writes
		}
		count(time.Second)
		if n := count(time.Hour); n != 6 {
			t.Errorf("%d writes in a quiet hour", n)
		}
		for i := range 100 { // a technician who plays, two seconds on each time
			if err := v.keeper.Offer(clock.Technician, v.now().Add(time.Duration(2*i)*time.Second), 0); err != nil {
				t.Fatal(err)
			}
			v.pass(5 * time.Second)
		}
		if n := count(time.Minute + 20*time.Second); n > 2 || n < 1 {
			t.Errorf("%d writes after many changes", n)
		}
		v.stop()
	})
}

func TestCardThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.path = filepath.Join(v.path, "none", "clock.json")
		v.on(clock.KeeperOpts{})
		if _, ok := v.fault("fault.clock.save "); !ok {
			v.pass(11 * time.Second)
		}
		if got, ok := v.fault("fault.clock.save "); !ok || !strings.Contains(got, "no such file") {
			t.Errorf("%v", v.faults)
		}
		if err := os.MkdirAll(filepath.Dir(v.path), 0o700); err != nil {
			t.Fatal(err)
		}
		v.pass(21 * time.Second)
		if _, ok := v.fault("fault.clock.save "); ok {
			t.Errorf("%v", v.faults)
		}
		v.stop()
	})
}

// The driver of the hardware clock may load after the program has started.
func TestLateHardwareClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.synced = true
		v.on(clock.KeeperOpts{})
		v.pass(time.Hour)
		v.cut(10 * time.Hour)
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{})
		if s := v.keeper.Status(); s.Source != clock.Floor {
			t.Fatalf("%+v", s)
		}
		v.mu.Lock()
		v.rtc.fail = nil
		v.mu.Unlock()
		v.pass(11 * time.Second)
		v.expect(clock.RTC, clock.Good, 2*time.Second)
		if _, ok := v.fault("fault.clock.rtc "); ok {
			t.Errorf("%v", v.faults)
		}
		v.stop()
	})
}

// Ten days off at 40 ppm: with the next good time the drift is known.
func TestDriftOverAPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.synced = true
		v.rtc.ppm = 40
		v.on(clock.KeeperOpts{})
		v.pass(time.Hour)
		v.cut(10 * 24 * time.Hour)
		v.on(clock.KeeperOpts{})
		v.expect(clock.RTC, clock.Good, time.Minute)
		v.mu.Lock()
		v.synced = true
		v.mu.Unlock()
		v.pass(15 * time.Second)
		r := v.keeper.Report().RTC
		if r.PPM == nil || *r.PPM < 40-r.PPMBound || *r.PPM > 40+r.PPMBound || r.PPMBound > 5 {
			t.Errorf("%+v", r)
		}
		v.stop()
	})
}

// A machine whose host keeps the time but does not tell the kernel.
func TestSystemBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{SystemBound: time.Second})
		v.expect(clock.NTP, clock.Good, time.Millisecond)
		v.mu.Lock()
		v.wrong = time.Hour
		v.mu.Unlock()
		v.pass(time.Minute)
		v.expect(clock.NTP, clock.Good, time.Second)
		v.stop()
	})
}

func TestReportShape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.on(clock.KeeperOpts{})
		if err := v.keeper.Offer(clock.Satellite, v.now().Add(8*time.Hour), 0); err != nil {
			t.Fatal(err)
		}
		if err := v.keeper.Offer(clock.Technician, v.now(), 0); err != nil {
			t.Fatal(err)
		}
		v.pass(12 * time.Second)
		r := v.keeper.Report()
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"source":"technician"`, `"level":"good"`, `"bound_ms":30001`, `"age_ms":12000`, `"era":2`, `"zone":"CST"`,
			`"plan":{"mode":"clock","rule":"wait","starts_in_ms":null}`, `"apart":true,"muted":true`, `"battery":"ok"`, `"ppm":null`} {
			if !strings.Contains(string(b), want) {
				t.Errorf("no %s in %s", want, b)
			}
		}
		if got := r.Line(text.New("en")); got != "technician, ±30s, 12s old" {
			t.Errorf("%q", got)
		}
		if got := (clock.Report{Source: clock.Floor, Level: clock.Unknown}).Line(text.New("zh")); got != "时间不明（断电前的记忆）" {
			t.Errorf("%q", got)
		}
		v.stop()
	})
}

// Every fault and every word that the clock says has its sentence.
func TestEverythingIsInTheCatalogue(t *testing.T) {
	words := text.New("zh")
	for s := clock.None; s <= clock.NTP; s++ {
		if !words.Has("clock.source." + s.String()) {
			t.Errorf("clock.source.%s", s)
		}
	}
	for _, l := range []clock.Level{clock.Unknown, clock.Weak, clock.Good} {
		if !words.Has("clock.level."+string(l)) || !words.Has("clock.line."+string(l)) {
			t.Errorf("level %s", l)
		}
	}
	for _, key := range []string{"clock.plan.wait", "clock.plan.relative", "clock.plan.over", "clock.battery.flag", "clock.battery.stopped",
		"clock.battery.default", "clock.battery.behind", "clock.battery.ok", "clock.battery.low", "clock.battery.dead"} {
		if !words.Has(key) {
			t.Error(key)
		}
	}
	for _, e := range []string{clock.ChangeSource, clock.ChangeJump, clock.ChangeEra, "stepped", "battery", "rtc_set"} {
		if !words.Has("clock.event." + e) {
			t.Errorf("clock.event.%s", e)
		}
	}
}
