package world_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

const ms = time.Millisecond

var village = world.Opts{
	Seed: 7,
	Loads: []world.Load{
		{Name: "tv", Kind: world.TVLoad},
		{Name: "projector", Kind: world.ProjectorLoad},
		{Name: "receiver", Amps: 0.1},
	},
	Projector: world.ProjectorOpts{WarmUp: 3 * time.Second, CoolDown: 5 * time.Second, Boot: 500 * ms},
	TV:        world.TVOpts{WarmUp: time.Second, Boot: 500 * ms},
}

// run advances w by d while the drive is pulsed every 5 ms.
func run(w *world.World, d time.Duration) {
	for end := w.Time() + d; w.Time() < end; {
		w.DriveEdge(w.Time())
		w.Advance(w.Time() + 5*ms)
	}
}

// idle advances w by d in steps, without pulses.
func idle(w *world.World, d time.Duration) {
	for end := w.Time() + d; w.Time() < end; {
		w.Advance(w.Time() + 5*ms)
	}
}

func TestMainsRMS(t *testing.T) {
	cases := []struct {
		name string
		set  func(w *world.World)
		wait time.Duration
		want float64
	}{
		{"nominal", func(*world.World) {}, 100 * ms, 220},
		{"slider", func(w *world.World) { w.SetVolts(198) }, 100 * ms, 198},
		{"swing inside", func(w *world.World) { w.Swing(268, 400*ms) }, 100 * ms, 268},
		{"swing over", func(w *world.World) { w.Swing(268, 400*ms) }, 500 * ms, 220},
		{"outage inside", func(w *world.World) { w.Outage(300 * ms) }, 100 * ms, 0},
		{"outage over", func(w *world.World) { w.Outage(300 * ms) }, 400 * ms, 220},
		{"outage wins over swing", func(w *world.World) { w.Swing(260, time.Second); w.Outage(time.Second) }, 100 * ms, 0},
		{"off until on", func(w *world.World) { w.Outage(0) }, 5 * time.Second, 0},
		{"on again", func(w *world.World) { w.SetOn(false); w.SetOn(true) }, 100 * ms, 220},
		{"ramp half way", func(w *world.World) { w.Ramp(220, 180, 2*time.Second) }, 1010 * ms, 200},
		{"ramp over", func(w *world.World) { w.Ramp(220, 180, 2*time.Second) }, 3 * time.Second, 180},
		{"distorted", func(w *world.World) { w.SetTHD(0.08) }, 100 * ms, 220},
		{"fast", func(w *world.World) { w.SetHz(400) }, 100 * ms, 220},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := world.New(world.Opts{Seed: 1})
			w.Advance(100 * ms)
			c.set(w)
			idle(w, c.wait)
			if got := w.Snapshot().Mains.Volts; math.Abs(got-c.want) > 1 {
				t.Errorf("rms %.2f V, want %.2f V", got, c.want)
			}
		})
	}
}

func TestWaveHasTheHarmonicsAskedFor(t *testing.T) {
	w := world.New(world.Opts{THD: 0.08, Noise: -1})
	w.Advance(time.Second)
	wave := make([]float32, 1600) // ten cycles
	if n := w.Samples(w.Count()-1600, wave); n != 1600 {
		t.Fatalf("%d samples, want 1600", n)
	}
	power := func(order int) float64 {
		re, im := 0.0, 0.0
		for i, v := range wave {
			x := 2 * math.Pi * float64(order) * float64(i) / 160
			re += float64(v) * math.Cos(x)
			im += float64(v) * math.Sin(x)
		}
		return re*re + im*im
	}
	thd := math.Sqrt((power(3) + power(5) + power(7)) / power(1))
	if math.Abs(thd-0.08) > 0.001 {
		t.Errorf("THD %.4f, want 0.08", thd)
	}
}

func TestDisturbances(t *testing.T) {
	cases := []struct {
		d        world.Disturbance
		min, max float64 // crest within the next 40 ms
	}{
		{world.Disturbance{Kind: world.Impulse, Size: 1}, 450, 700},
		{world.Disturbance{Kind: world.Ringing, Size: 1}, 400, 800},
		{world.Disturbance{Kind: world.Offset, Size: 0.1}, 335, 350},
		{world.Disturbance{Kind: world.PhaseJump, Size: 90}, 305, 315},
		{world.Disturbance{Kind: world.Flicker, Size: 0.2}, 320, 375},
		{world.Disturbance{Kind: world.Notches, Size: 0.3}, 305, 315},
	}
	for _, c := range cases {
		w := world.New(world.Opts{THD: -1, Noise: -1})
		w.Advance(105 * ms)
		w.Disturb(c.d)
		w.Advance(145 * ms)
		crest := 0.0
		for _, v := range w.Wave(320) {
			crest = max(crest, math.Abs(float64(v)))
		}
		if crest < c.min || crest > c.max {
			t.Errorf("%+v: crest %.0f V, want %.0f to %.0f V", c.d, crest, c.min, c.max)
		}
		w.Advance(2 * time.Second)
		if v := w.Snapshot().Mains.Volts; math.Abs(v-220) > 0.5 {
			t.Errorf("%+v: afterwards %.1f V, want 220 V", c.d, v)
		}
	}
}

// lesson brings a world to a burning lamp.
func lesson(t *testing.T) *world.World {
	t.Helper()
	w := world.New(village)
	w.Advance(100 * ms)
	run(w, 100*ms)
	w.SetRelay(1, true)
	run(w, 200*ms)
	if w.ProjectorPower(true) {
		t.Fatal("projector took a command before it was awake")
	}
	run(w, 600*ms)
	if !w.ProjectorPower(true) {
		t.Fatal("projector refused to start")
	}
	run(w, time.Second)
	if w.Snapshot().Projector.State != hal.DisplayWarming || w.ProjectorPower(false) {
		t.Fatal("projector not warming, or stopped while warming")
	}
	run(w, 2500*ms)
	if p := w.Snapshot().Projector; p.State != hal.DisplayOn || p.LampC < 700 || !p.Fan {
		t.Fatalf("after the warm-up: %+v", p)
	}
	return w
}

func TestProjectorCoolsDownBeforeStandby(t *testing.T) {
	w := lesson(t)
	if a := w.Snapshot().Loads[1].Amps; math.Abs(a-1.15) > 0.05 {
		t.Errorf("burning lamp draws %.3f A", a)
	}
	if !w.ProjectorPower(false) {
		t.Fatal("projector refused to stop")
	}
	run(w, time.Second)
	if w.ProjectorPower(true) {
		t.Error("projector struck while cooling")
	}
	if s := w.Snapshot(); s.Projector.State != hal.DisplayCooling || !s.Projector.Fan || math.Abs(s.Loads[1].Amps-0.12) > 0.01 {
		t.Errorf("cooling: %+v, %.3f A", s.Projector, s.Loads[1].Amps)
	}
	run(w, 5*time.Second)
	s := w.Snapshot()
	if s.Projector.State != hal.DisplayStandby || s.Projector.Fan || s.Loads[1].Amps > 0.03 {
		t.Errorf("cooled: %+v, %.3f A", s.Projector, s.Loads[1].Amps)
	}
	w.SetRelay(1, false)
	run(w, 200*ms)
	if p := w.Snapshot().Projector; p.State != hal.DisplayOff || p.HotCuts+p.HotStrikes != 0 || p.Strikes != 1 {
		t.Errorf("off: %+v, want no damage", p)
	}
}

func TestProjectorHotCutAndHotStrike(t *testing.T) {
	w := lesson(t)
	w.SetRelay(1, false)
	run(w, 200*ms)
	if p := w.Snapshot().Projector; p.HotCuts != 1 || p.HotCutsOutage != 0 || p.State != hal.DisplayOff || p.Fan {
		t.Fatalf("cut: %+v", p)
	}
	w.SetRelay(1, true)
	run(w, 800*ms)
	if p := w.Snapshot().Projector; p.State != hal.DisplayStandby || !p.Fan || p.LampC < world.HotC {
		t.Fatalf("mains again: %+v", p)
	}
	if !w.ProjectorPower(true) || w.Snapshot().Projector.HotStrikes != 1 {
		t.Error("a strike of the hot lamp was not counted")
	}
}

func TestProjectorOutageIsTold(t *testing.T) {
	w := lesson(t)
	w.Outage(20 * ms) // the power supply rides through
	run(w, 300*ms)
	if p := w.Snapshot().Projector; p.HotCuts != 0 || p.State != hal.DisplayOn {
		t.Fatalf("one lost cycle: %+v", p)
	}
	w.Outage(time.Second)
	run(w, 500*ms)
	if p := w.Snapshot().Projector; p.HotCuts != 1 || p.HotCutsOutage != 1 {
		t.Errorf("outage: %+v", p)
	}
	kinds := []string{}
	for _, e := range w.TakeEvents() {
		kinds = append(kinds, e.Kind)
	}
	want := []string{"contactor_closed", "relay_on", "lamp_on", "mains_off", "mains_on", "mains_off", "lamp_off", "hot_cut"}
	if !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
}

func TestTV(t *testing.T) {
	w := world.New(village)
	run(w, 100*ms)
	if w.TVPower(true) {
		t.Error("took a command without mains")
	}
	w.SetRelay(0, true)
	run(w, time.Second)
	if s := w.Snapshot(); s.TV.State != hal.DisplayStandby || s.Loads[0].Amps > 0.01 {
		t.Errorf("standby: %+v", s)
	}
	if !w.TVPower(true) {
		t.Error("refused to start")
	}
	run(w, 1100*ms)
	if s := w.Snapshot(); s.TV.State != hal.DisplayOn || math.Abs(s.Loads[0].Amps-0.4) > 0.01 {
		t.Errorf("on: %+v", s)
	}
	w.TVPower(false)
	run(w, 10*ms)
	if s := w.Snapshot().TV.State; s != hal.DisplayStandby {
		t.Errorf("stopped: %v", s)
	}
}

func TestOverVoltageDamageIsBehindTheContactor(t *testing.T) {
	w := world.New(village)
	w.SetVolts(300)
	idle(w, time.Second)
	if d := w.Snapshot().OverVolt; d != 0 {
		t.Errorf("damage %.0f V²s with the contactor open", d)
	}
	run(w, time.Second)
	if d := w.Snapshot().OverVolt; d < 1000 || d > 1400 { // 36² × about 1 s
		t.Errorf("damage %.0f V²s, want about 1270", d)
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	make1 := func() []int16 {
		w := world.New(village)
		w.Advance(200 * ms)
		w.Swing(300, 50*ms)
		w.Advance(300 * ms)
		return w.Wave(2000)
	}
	if a, b := make1(), make1(); !slices.Equal(a, b) {
		t.Error("two worlds of one seed differ")
	}
}

func TestAdvanceDoesNotAllocate(t *testing.T) {
	w := world.New(village)
	w.SetRelay(1, true)
	run(w, time.Second)
	to := w.Time()
	if n := testing.AllocsPerRun(100, func() {
		to += world.Step
		w.DriveEdge(to)
		w.Advance(to)
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestRunFollowsTheClock(t *testing.T) {
	w := world.New(village)
	ctx, cancel := context.WithCancel(context.Background())
	ticks := 0
	done := make(chan error)
	go func() {
		done <- w.Run(ctx, time.Now, func() {
			if ticks++; ticks == 10 {
				cancel()
			}
		})
	}()
	if err := <-done; err != nil || ctx.Err() == nil {
		t.Fatalf("Run: %v", err)
	}
	if behind := w.Clock() - w.Time(); behind < 0 {
		t.Errorf("the world is %v ahead of its clock", -behind)
	}
	if w.Time() < 9*world.Step {
		t.Errorf("world time %v after ten ticks", w.Time())
	}
}

func BenchmarkAdvance(b *testing.B) {
	w := world.New(village)
	for i := range b.N {
		w.Advance(time.Duration(i) * world.Step)
	}
}

func TestTheBandIsToldOf(t *testing.T) {
	o := village
	o.Band = [2]float64{190, 250}
	w := world.New(o)
	w.Advance(time.Second)
	w.Swing(300, 100*ms)
	w.Advance(2 * time.Second)
	var got []string
	var at []time.Duration
	for _, e := range w.TakeEvents() {
		got, at = append(got, e.Kind), append(at, e.At)
	}
	if want := []string{"mains_good", "mains_bad", "mains_good"}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	if bad := at[2] - at[1]; bad < 90*ms || bad > 125*ms || at[1] < time.Second || at[1] > 1020*ms {
		t.Errorf("told at %v", at)
	}
}
