package station

import (
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
)

// wall is a clock that people set, and that is trusted or not.
type wall struct {
	mu    sync.Mutex
	began time.Time
	off   time.Duration
	hurry time.Duration // that passes with each look, as on a real machine
	plan  clock.Plan
}

func (w *wall) Plan() clock.Plan { w.mu.Lock(); defer w.mu.Unlock(); return w.plan }
func (w *wall) Status() clock.Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.plan.Mode != clock.ByClock {
		return clock.Status{Level: clock.Unknown}
	}
	return clock.Status{Level: clock.Good}
}
func (w *wall) Mono() time.Duration { return time.Since(w.began) }
func (w *wall) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off += w.hurry
	return time.Now().Add(w.off)
}
func (w *wall) jump(d time.Duration) { w.mu.Lock(); w.off += d; w.mu.Unlock() }

// weekly is a calendar of a film each day at noon.
func weekly(file string, length time.Duration) *agenda {
	every := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	return newAgenda(schedule.New([]schedule.Entry{{ID: "daily", Title: "日课", File: file, Days: every, At: 12 * time.Hour, Duration: length}}, time.UTC))
}

func (w *wall) tune(cal calendar) func(*showing) {
	return func(s *showing) { s.cal, s.clock, s.now = cal, w, w.now }
}

// dayRig is a rig at ten to twelve with a film of three minutes each noon.
func dayRig(t *testing.T, plan clock.Plan) (*room, *ledger, *wall, func() rig) {
	t.Helper()
	time.Sleep(11*time.Hour + 50*time.Minute) // the bubble begins at midnight
	o, dir := occasion(t, time.Hour)
	r, l, w := &room{mains: true, length: 3 * time.Minute}, &ledger{}, &wall{began: time.Now(), plan: plan}
	l.records = []firmware.Record{{Seq: 1, Wall: time.Now(), Kind: firmware.KindBoot}}
	cal := weekly(o.File, 3*time.Minute)
	return r, l, w, func() rig {
		return beginWith(t, r, r, l, o, dir, &config.Config{}, w.tune(cal), func(s *showing) { s.kept = map[string]bool{"receiver": true} })
	}
}

func causes(t *testing.T, l *ledger) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, r := range l.list(firmware.KindLesson) {
		var n resultNote
		if err := json.Unmarshal(r.Data, &n); err != nil {
			t.Fatal(err)
		}
		if out[r.Lesson] != "" {
			t.Errorf("%s has two records", r.Lesson)
		}
		out[r.Lesson] = n.Cause
	}
	return out
}

// TestClockJumpInMidLesson sets the clock by a day, forward and back, while a
// film runs: it must go on to its end.
func TestClockJumpInMidLesson(t *testing.T) {
	for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour, 4 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			r, l, w, begin := dayRig(t, clock.Plan{Mode: clock.ByClock})
			g := begin()
			time.Sleep(11 * time.Minute)
			w.jump(jump)
			time.Sleep(10 * time.Minute)
			g.stop()
			if got := causes(t, l); got["daily-2000-01-01"] != lesson.CausePlayed || len(r.started) < 1 {
				t.Errorf("jump %v: %v, film begun %d times", jump, got, len(r.started))
			}
			if !r.lit.IsZero() || r.loads {
				t.Errorf("jump %v: something is still on", jump)
			}
		})
	}
}

func TestUntrustedClockWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, w, begin := dayRig(t, clock.Plan{Mode: clock.ByWaiting, Reason: "clock.plan.wait"})
		g := begin()
		time.Sleep(20 * time.Minute)
		if r.begun() != 0 || !r.dark() || len(causes(t, l)) != 0 {
			t.Errorf("begun %d times without a trusted clock; %v", r.begun(), causes(t, l))
		}
		w.mu.Lock()
		w.plan = clock.Plan{Mode: clock.ByClock}
		w.mu.Unlock()
		time.Sleep(time.Minute)
		g.stop()
		if got := causes(t, l); got["daily-2000-01-01"] != lesson.CauseMissed {
			t.Errorf("the lesson that could not be shown has no record: %v", got)
		}
	})
}

func TestRelativeShowingOnceAfterPowerOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := clock.Plan{Mode: clock.ByRelative, Start: 30 * time.Minute, Reason: "clock.plan.relative"}
		r, l, w, begin := dayRig(t, plan)
		g := begin()
		time.Sleep(20 * time.Minute)
		w.jump(-3 * time.Hour) // the floor was corrected: the showing stays where it is
		time.Sleep(9*time.Minute + 30*time.Second)
		if r.begun() != 0 {
			t.Error("begun too early")
		}
		time.Sleep(time.Minute)
		if r.begun() != 1 {
			t.Errorf("begun %d times half an hour after power-on", r.begun())
		}
		time.Sleep(15 * time.Minute)
		g.stop()
		if got := causes(t, l); len(got) != 1 || got["daily-2000-01-01"] != lesson.CausePlayed {
			t.Errorf("records %v", got)
		}
	})
}

// TestEveryLessonOfAnOutageIsOnRecord: the box was off for five days.
func TestEveryLessonOfAnOutageIsOnRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _, begin := dayRig(t, clock.Plan{Mode: clock.ByClock})
		g := begin()
		time.Sleep(20 * time.Minute)
		g.stop()
		time.Sleep(5 * 24 * time.Hour)
		g = begin()
		time.Sleep(time.Minute)
		g.stop()
		got := causes(t, l)
		if len(got) != 6 || got["daily-2000-01-01"] != lesson.CausePlayed || got["daily-2000-01-02"] != lesson.CauseMissed || got["daily-2000-01-06"] != lesson.CauseMissed {
			t.Errorf("records %v", got)
		}
	})
}

// TestEmergencyPreemptsAndTheLessonGoesOn breaks into a film and gives it back.
func TestEmergencyPreemptsAndTheLessonGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, _, begin := dayRig(t, clock.Plan{Mode: clock.ByClock})
		g := begin()
		time.Sleep(11 * time.Minute)
		now := time.Now()
		film, _ := filepath.Abs("mains.go") // any file that is there
		o := schedule.Emergency("flood", "防汛通知", film, now, 0)
		g.show.ask(kindEmergency, emergencyNote{Occasion: o})
		time.Sleep(5 * time.Second)
		func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.file != film || r.since.IsZero() {
				t.Errorf("on air: %q", r.file)
			}
		}()
		time.Sleep(10 * time.Minute)
		g.show.ask(kindEmergency, emergencyNote{})
		time.Sleep(10 * time.Minute)
		g.stop()
		got := causes(t, l)
		if got["daily-2000-01-01"] != lesson.CausePlayed || got[o.ID] != lesson.CausePlayed {
			t.Errorf("records %v", got)
		}
		if !r.lit.IsZero() || r.loads {
			t.Error("something is still on")
		}
	})
}

func TestEmergencyWakesAnIdleStation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, _, begin := dayRig(t, clock.Plan{Mode: clock.ByClock})
		g := begin()
		time.Sleep(2 * time.Minute)
		film, _ := filepath.Abs("mains.go")
		o := schedule.Emergency("flood", "防汛通知", film, time.Now(), 0)
		g.show.ask(kindEmergency, emergencyNote{Occasion: o})
		time.Sleep(time.Minute)
		if r.begun() != 1 {
			t.Errorf("begun %d times", r.begun())
		}
		time.Sleep(4 * time.Minute)
		g.stop()
		if got := causes(t, l); got[o.ID] != lesson.CausePlayed || !r.lit.IsZero() || r.loads {
			t.Errorf("records %v, lamp lit %v, loads %v", got, !r.lit.IsZero(), r.loads)
		}
	})
}

func TestMakeUpIsRememberedAndShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, _, begin := dayRig(t, clock.Plan{Mode: clock.ByClock})
		g := begin()
		day := schedule.DateOf(time.Now())
		g.show.ask(kindMakeUp, schedule.Entry{ID: "party-makeup", Title: "补课", File: weeklyFile(g), Dates: []schedule.Date{day}, At: 11*time.Hour + 55*time.Minute, Duration: 3 * time.Minute})
		time.Sleep(time.Second)
		g.stop()
		g = begin()
		g.show.cal.(*agenda).add(g.show.mem) // as New does after reading the journal
		time.Sleep(9 * time.Minute)
		g.stop()
		if len(r.started) != 1 || len(causes(t, l)) != 1 {
			t.Errorf("begun %d times; records %v", len(r.started), causes(t, l))
		}
	})
}

func weeklyFile(g rig) string { return g.show.cal.(*agenda).files.Entries()[0].File }
