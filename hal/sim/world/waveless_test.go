package world_test

import (
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// A world without its wave goes through the same hour as one with it, to a step.
func TestWavelessWorldLivesTheSameHour(t *testing.T) {
	o := village
	o.Projector = world.ProjectorOpts{WarmUp: 20 * time.Second, CoolDown: 40 * time.Second}
	day := func(o world.Opts, step time.Duration) (marks map[string]time.Duration, s world.Snapshot) {
		w := world.New(o)
		marks = map[string]time.Duration{}
		until := func(to time.Duration, name string, is func(world.Snapshot) bool) {
			for ; w.Time() < to; w.Advance(w.Time() + step) {
				w.DriveEdge(w.Time())
				if _, done := marks[name]; !done && is(w.Snapshot()) {
					marks[name] = w.Time()
				}
			}
		}
		w.SetRelay(1, true)
		until(10*time.Second, "standby", func(s world.Snapshot) bool { return s.Projector.State == hal.DisplayStandby && s.Projector.Answers })
		w.ProjectorPower(true)
		until(40*time.Second, "on", func(s world.Snapshot) bool { return s.Projector.State == hal.DisplayOn })
		w.ProjectorPower(false)
		until(100*time.Second, "cooled", func(s world.Snapshot) bool { return s.Projector.State == hal.DisplayStandby })
		w.Outage(5 * time.Second)
		until(103*time.Second, "dark", func(s world.Snapshot) bool { return s.Projector.State == hal.DisplayOff })
		until(110*time.Second, "back", func(s world.Snapshot) bool { return s.Projector.State == hal.DisplayStandby })
		return marks, w.Snapshot()
	}
	const step = 50 * time.Millisecond
	fine, a := day(o, world.Step)
	o.Waveless = true
	coarse, b := day(o, step)
	for _, name := range []string{"standby", "on", "cooled", "dark", "back"} {
		x, ok := fine[name]
		y, ok2 := coarse[name]
		if d := (x - y).Abs(); !ok || !ok2 || d > 5*step { // four edges energise the coil
			t.Errorf("%s: at %v with the wave (%v), at %v without (%v)", name, x, ok, y, ok2)
		}
	}
	if d := a.Projector.LampC - b.Projector.LampC; d > 2 || d < -2 || a.Projector.Strikes != b.Projector.Strikes || a.Projector.HotCuts != b.Projector.HotCuts {
		t.Errorf("with the wave %+v\nwithout     %+v", a.Projector, b.Projector)
	}
}
