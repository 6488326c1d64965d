package power_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"stationbox/firmware/power"
)

func mustPlan(t testing.TB, s power.Settings) *power.Plan {
	t.Helper()
	p, err := power.NewPlan(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestStepTimes is the promise of the default curve: after a clean step at any
// phase the order comes not before the stage's time less 5 ms and not later than
// 30 ms after it.
func TestStepTimes(t *testing.T) {
	plan := mustPlan(t, power.Settings{})
	tests := []struct {
		to    float64
		after time.Duration
		cause power.Cause
	}{
		{400, 0, power.CauseInstant},
		{360, 0, power.CauseInstant},
		{341, 0, power.CauseInstant},
		{338, 200 * time.Millisecond, power.CauseOver},
		{310, 200 * time.Millisecond, power.CauseOver},
		{300.5, 200 * time.Millisecond, power.CauseOver},
		{299, 500 * time.Millisecond, power.CauseOver},
		{276, 500 * time.Millisecond, power.CauseOver},
		{274, 3 * time.Second, power.CauseOver},
		{264.5, 3 * time.Second, power.CauseOver},
		{175, 10 * time.Second, power.CauseUnder},
		{155, 10 * time.Second, power.CauseUnder},
		{153, 500 * time.Millisecond, power.CauseUnder},
		{30, 500 * time.Millisecond, power.CauseUnder},
		{21, 100 * time.Millisecond, power.CauseOutage},
		{0, 100 * time.Millisecond, power.CauseOutage},
	}
	const at = 0.2
	for _, tt := range tests {
		t.Run(fmt.Sprintf("220 to %v V", tt.to), func(t *testing.T) {
			earliest, latest := math.Inf(1), math.Inf(-1)
			phases := 48
			if tt.after > time.Second {
				phases = 4
			}
			for n := range phases {
				phase := n * 48 / phases
				// The step falls between frames too: at a 48th of a cycle each.
				w := &wave{volts: stepTo(220, tt.to, at+float64(phase%7)*0.0003), phase: 2 * math.Pi * float64(phase) / 48}
				stepAt := at + float64(phase%7)*0.0003
				b := newBench(plan)
				b.state = plan.Warm()
				if !b.run(w, tt.after+time.Second, func() bool { return !b.orders.Contactor }) {
					t.Fatalf("phase %d: no order", phase)
				}
				if b.at.Seconds() < stepAt {
					t.Fatalf("phase %d: opened before the step: %v", phase, b.events)
				}
				if b.state.Cause != tt.cause {
					t.Errorf("phase %d: cause %v; want %v", phase, b.state.Cause, tt.cause)
				}
				late := b.at.Seconds() - stepAt - tt.after.Seconds()
				earliest, latest = min(earliest, late), max(latest, late)
			}
			t.Logf("order %+.1f…%+.1f ms from the stage's time", earliest*1000, latest*1000)
			limit := 0.030
			if tt.cause == power.CauseInstant {
				limit = 0.020
			}
			if earliest < -0.005 || latest > limit {
				t.Errorf("order %+.1f…%+.1f ms from the stage's time; want -5…%+.0f", earliest*1000, latest*1000, limit*1000)
			}
		})
	}
}

// TestRideThrough: nothing of this may open anything (ITIC and the waveform
// classes that only look dangerous).
func TestRideThrough(t *testing.T) {
	plan := mustPlan(t, power.Settings{})
	pulse := func(v, from, to float64) func(float64) float64 {
		return func(t float64) float64 {
			if t >= from && t < to {
				return v
			}
			return 220
		}
	}
	tests := []struct {
		name  string
		volts func(float64) float64
		third float64
	}{
		{"steady 263 V", steady(263), 0},
		{"steady 177 V", steady(177), 0},
		{"steady 235 V with 8 % distortion", steady(235), 0.08},
		{"268 V for 400 ms", pulse(268, 1, 1.4), 0},
		{"308 V for 10 ms", pulse(308, 1, 1.010), 0},
		{"290 V for 450 ms", pulse(290, 1, 1.45), 0},
		{"half a cycle at 330 V", pulse(330, 1, 1.010), 0},
		{"dead for 60 ms", pulse(0, 1, 1.06), 0},
		{"70 % for 450 ms", pulse(153, 1, 1.45), 0},
		{"80 % for 9 s", pulse(175, 1, 10), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for phase := range 2 {
				w := &wave{volts: tt.volts, third: tt.third, phase: float64(phase) * math.Pi / 4,
					noise: 1, rnd: rand.New(rand.NewPCG(1, uint64(phase)))}
				b := newBench(plan)
				b.state = plan.Warm()
				if b.run(w, 12*time.Second, func() bool { return !b.orders.Contactor }) {
					t.Fatalf("phase %d: opened after %v: %v", phase, b.at, b.events)
				}
			}
		})
	}
}

// TestPhaseJumpAndRingDoNotTripInstant: the quadrature envelope sees both as a
// larger amplitude, the hold does not.
func TestPhaseJumpAndRingDoNotTripInstant(t *testing.T) {
	det := power.NewDetector(fullScale, 340_000)
	for jump := range 36 {
		w := &wave{volts: steady(250)}
		for n := range 80 {
			if n == 40 {
				w.angle += float64(jump) * math.Pi / 18
			}
			f := w.frame()
			if n >= 60 && n < 63 { // a ring of 2 pu, 700 Hz, 1.5 ms
				for i := range 12 {
					ring := 440 * math.Sqrt2 * math.Exp(-float64(i)/8) * math.Sin(2*math.Pi*700*float64(i)/8000)
					f.Samples[i] = int16(max(-32768, min(32767, float64(f.Samples[i])+ring*32768/fullScale)))
				}
			}
			det.Feed(&f.Samples)
			if mv, up := det.Envelope(); up {
				t.Fatalf("jump %d°, frame %d: instant alarm at %d mV", jump*10, n, mv)
			}
		}
	}
}

func TestDetectorAccuracy(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, hz := range []float64{45, 47.3, 49.5, 50, 50.5, 52, 55} {
		for _, volts := range []float64{40, 150, 220, 276, 400} {
			w := &wave{hz: hz, volts: steady(volts), third: 0.08, noise: 0.5, rnd: rnd}
			det := power.NewDetector(fullScale, 0)
			var worst float64
			for n := range 800 {
				f := w.frame()
				det.Feed(&f.Samples)
				if n < 300 {
					continue
				}
				mv, ok := det.RMS()
				if !ok {
					t.Fatal("rms not known")
				}
				worst = max(worst, math.Abs(float64(mv)/1000-volts)/volts)
			}
			mhz, ok := det.MilliHertz()
			if !ok || math.Abs(float64(mhz)/1000-hz) > 0.05 {
				t.Errorf("%v Hz %v V: frequency %d mHz, %v", hz, volts, mhz, ok)
			}
			if worst > 0.004 {
				t.Errorf("%v Hz %v V: rms wrong by %.2f %%", hz, volts, worst*100)
			}
			t.Logf("%v Hz %v V: rms within %.3f %%, %d mHz", hz, volts, worst*100, mhz)
		}
	}
}
