package power

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"log/slog"
)

func testKeeper(t *testing.T) (*keeper, *Plan) {
	t.Helper()
	load := []Load{{Name: "projector", Channel: 2, Lamp: true, CoolTime: 90 * time.Second}}
	plan, err := NewPlan(Settings{Loads: load})
	if err != nil {
		t.Fatal(err)
	}
	k := newKeeper(filepath.Join(t.TempDir(), "guard.json"), load, slog.New(slog.DiscardHandler))
	return &k, plan
}

func TestMemoryComesBack(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		saved func(s *snapshot)
		after time.Duration // on the wall clock
		check func(s *State) bool
	}{
		{"nothing special", func(*snapshot) {}, time.Hour,
			func(s *State) bool { return s.Phase == Off && s.Wait == time.Minute && s.Loads[0].Cool == 0 }},
		{"burning lamp, long ago", func(s *snapshot) { s.state.Loads[0].Burn = 1 }, 10 * time.Hour,
			func(s *State) bool { return s.Loads[0].Cool == 90*time.Second }},
		{"cooling lamp, a little later", func(s *snapshot) { s.state.Loads[0].Cool = 80 * time.Second }, 30 * time.Second,
			func(s *State) bool { return s.Loads[0].Cool == 80*time.Second }},
		{"cooling lamp, clock went back", func(s *snapshot) { s.state.Loads[0].Cool = 80 * time.Second }, -time.Hour,
			func(s *State) bool { return s.Loads[0].Cool == 80*time.Second }},
		{"cooling lamp, clock leapt 50 years", func(s *snapshot) { s.state.Loads[0].Cool = 80 * time.Second }, 50 * 365 * day,
			func(s *State) bool { return s.Loads[0].Cool == 80*time.Second }},
		{"back-off of 8 min, one minute later", func(s *snapshot) { s.state.Phase, s.state.Wait = Trip, 8*time.Minute }, time.Minute,
			func(s *State) bool { return s.Wait == 8*time.Minute }},
		{"three trips, one of them old", func(s *snapshot) {
			s.state.Trips = [MaxTrips]time.Duration{1, 20 * time.Minute, 50 * time.Minute}
		}, 15 * time.Minute, func(s *State) bool { return s.TripCount() == 2 }},
		{"lock-out", func(s *snapshot) { s.state.Phase, s.reset = Lockout, 7 }, time.Hour,
			func(s *State) bool { return s.Phase == Lockout }},
		{"weld", func(s *snapshot) { s.state.Phase = Weld }, time.Hour,
			func(s *State) bool { return s.Phase == Weld && s.Latched }},
		{"no-close, latched", func(s *snapshot) { s.state.Phase, s.state.Latched = NoClose, true }, time.Hour,
			func(s *State) bool { return s.Phase == NoClose && s.Latched }},
		{"no-close, not latched", func(s *snapshot) { s.state.Phase = NoClose }, time.Hour,
			func(s *State) bool { return s.Phase == Off }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, plan := testKeeper(t)
			s := snapshot{state: plan.Cold()}
			tt.saved(&s)
			if !k.save(&s, noon) {
				t.Fatal("not saved")
			}
			got := k.recall(plan, noon.Add(tt.after))
			if !tt.check(&got.state) || got.reset != s.reset || k.lost {
				t.Errorf("%+v, lost %v", got, k.lost)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(k.path), "*.tmp")); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestClockLeapAtRestartDoesNotCoolALamp is what was found by reading, and has an
// input in the explorer since: the
// guard died with a hot lamp, the clock of the box was set forward by an hour
// meanwhile, and the lamp got mains again at once.
func TestClockLeapAtRestartDoesNotCoolALamp(t *testing.T) {
	k, plan := testKeeper(t)
	s := snapshot{state: plan.Cold()}
	s.state.Phase, s.state.Wait, s.state.Loads[0].Cool = Trip, 4*time.Minute, 80*time.Second
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	k.save(&s, noon)
	got := k.recall(plan, noon.Add(time.Hour)).state
	if got.Loads[0].Cool != 80*time.Second || got.Wait != 4*time.Minute {
		t.Errorf("cool %v, wait %v", got.Loads[0].Cool, got.Wait)
	}
}

// TestLastTripBeforeACrashLocksOut is what random days found: the last trip that was
// allowed came while a lamp cooled, the guard died, and the wall clock said two hours
// later. A clock does not stand in for a person.
func TestLastTripBeforeACrashLocksOut(t *testing.T) {
	k, plan := testKeeper(t)
	s := snapshot{state: plan.Cold()}
	s.state.Phase, s.state.Shed = Closed, true
	for i := range plan.maxTrips {
		s.state.Trips[i] = time.Duration(i+1) * time.Minute
	}
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	k.save(&s, noon)
	if got := k.recall(plan, noon.Add(2*time.Hour)).state; got.Phase != Lockout {
		t.Errorf("phase %v after %d trips and a crash; want lockout", got.Phase, plan.maxTrips)
	}
}

func TestMemoryWithoutAPlausibleClock(t *testing.T) {
	k, plan := testKeeper(t)
	s := snapshot{state: plan.Cold()}
	s.state.Loads[0].Cool = 80 * time.Second
	k.save(&s, time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC)) // no clock at the power cut
	if got := k.recall(plan, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)).state; got.Loads[0].Cool != 80*time.Second {
		t.Errorf("cool %v; want all of it", got.Loads[0].Cool)
	}
}

func FuzzMemory(f *testing.F) {
	f.Add([]byte(`{"version":1,"saved_at":"2026-11-23T12:00:00Z","wait_ns":480000000000,"trips_ns":[1,2],"latch":"weld","reset":3,"lamps":{"projector":{"burning":true,"cool_ns":90000000000}}}`))
	f.Add([]byte(`{"version":1,"lamps":{"projector":{"cool_ns":-1}}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, plan := testKeeper(t)
		if err := os.WriteFile(k.path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s := k.recall(plan, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)).state
		if s.Commanded() || s.Wait < plan.minOff || s.Loads[0].On || s.Loads[0].Cool < 0 || s.Loads[0].Cool > 90*time.Second {
			t.Fatalf("unsafe start %+v", s)
		}
	})
}

func TestMeterJudge(t *testing.T) {
	good := func(v int64) MeterReading { return MeterReading{VoltageMV: v, CurrentMA: v % 7} }
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		volts int
		ask   func(m *meterWatch, i int) (Cause, bool)
		want  Cause
	}{
		{"agrees", 0, func(m *meterWatch, i int) (Cause, bool) { return m.judge(good(220_100+int64(i)), nil, 220_000, now) }, CauseNone},
		{"differs", 0, func(m *meterWatch, i int) (Cause, bool) { return m.judge(good(205_000+int64(i)), nil, 220_000, now) }, CauseMeterDiffers},
		{"frozen", 0, func(m *meterWatch, i int) (Cause, bool) {
			return m.judge(good(220_000), nil, 220_000+int64(i)*500, now)
		}, CauseMeterFrozen},
		{"silent", 0, func(m *meterWatch, i int) (Cause, bool) {
			return m.judge(MeterReading{}, os.ErrDeadlineExceeded, 220_000, now)
		}, CauseMeterSilent},
		{"silent in an outage", 0, func(m *meterWatch, i int) (Cause, bool) {
			return m.judge(MeterReading{}, os.ErrDeadlineExceeded, 0, now)
		}, CauseNone},
		{"silent in an over-voltage that it cannot see", 0, func(m *meterWatch, i int) (Cause, bool) {
			return m.judge(MeterReading{}, os.ErrDeadlineExceeded, 300_000, now)
		}, CauseNone},
		{"differs in an over-voltage that it can see", 480, func(m *meterWatch, i int) (Cause, bool) {
			return m.judge(good(285_000+int64(i)), nil, 300_000, now)
		}, CauseMeterDiffers},
		{"out of range at 220 V", 0, func(m *meterWatch, i int) (Cause, bool) { return m.judge(MeterReading{}, ErrMeterRange, 220_000, now) }, CauseMeterRange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMeterWatch(nil, tt.volts)
			last := CauseNone
			for i := range 20 {
				if c, changed := tt.ask(m, i); changed {
					last = c
				}
			}
			if last != tt.want {
				t.Fatalf("fault %v; want %v", last, tt.want)
			}
			if c, changed := m.judge(good(220_123), nil, 220_000, now); changed != (tt.want != CauseNone) || changed && c != CauseMeterOK {
				t.Errorf("after a good reading: %v %v", c, changed)
			}
		})
	}
}
