package clock_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/text"
	"stationbox/hal"
)

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
