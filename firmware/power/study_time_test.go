package power_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"stationbox/firmware/power"
)

// operate is a stage of the default curve: clean steps from 220 V into it, all of
// which it alone decides.
type operate struct {
	name      string
	low, high float64 // V rms
	after     time.Duration
	cause     power.Cause
}

var operates = []operate{
	{"340 V", 341, 540, 0, power.CauseInstant},
	{"300 V", 301, 338, 200 * time.Millisecond, power.CauseOver},
	{"275 V", 276, 299, 500 * time.Millisecond, power.CauseOver},
	{"264 V", 265, 274, 3 * time.Second, power.CauseOver},
	{"176 V", 155, 175, 10 * time.Second, power.CauseUnder},
	{"154 V", 30, 153, 500 * time.Millisecond, power.CauseUnder},
	{"22 V", 0, 21, 100 * time.Millisecond, power.CauseOutage},
}

// operated returns how long after its stage's time the order came, in ms, with
// the wave of a seed at 50 Hz give or take off.
func operated(t *testing.T, plan *power.Plan, op *operate, seed uint64, off float64, clean bool) float64 {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, uint64(op.low)))
	w, at := stepWave(seed, op.low+(op.high-op.low)*rnd.Float64(), off)
	if clean {
		w.third, w.noise = 0, 0
	}
	b := newBench(plan)
	b.state = plan.Warm()
	b.in.Aux, b.in.Feed = power.ContactClosed, power.ContactClosed
	if !b.run(w, op.after+2*time.Second, func() bool { return !b.orders.Contactor }) {
		t.Fatalf("%s, seed %d: no order", op.name, seed)
	}
	if b.state.Cause != op.cause || b.at.Seconds() < at {
		t.Errorf("%s, seed %d: opened at %v by %v; the step was at %.4f s", op.name, seed, b.at, b.state.Cause.Word(), at)
	}
	return 1000 * (b.at.Seconds() - at - op.after.Seconds())
}

// steps is how many steps of a stage a test plays: fewer of the long ones.
func (op *operate) steps() uint64 {
	return max(24, uint64(*waves)/uint64(1+op.after/time.Second))
}

// TestPromisedTimes is the promise: after a clean step at any phase, at 49.5 to
// 50.5 Hz, the order comes not before the stage's time less 5 ms and not later
// than 30 ms after it; the instant stage's within 20 ms. It is so for every stage.
func TestPromisedTimes(t *testing.T) {
	alone(t)
	plan := mustPlan(t, power.Settings{})
	if n := len(power.DefaultStages()); n != len(operates) {
		t.Fatalf("%d stages, %d of them judged", n, len(operates))
	}
	for _, op := range operates {
		var off []float64
		for seed := range op.steps() {
			off = append(off, operated(t, plan, &op, seed, 0.5, true))
		}
		slices.Sort(off)
		t.Logf("%s: %+.1f…%+.1f ms from %v, over %d steps to %v…%v V", op.name, off[0], off[len(off)-1], op.after, len(off), op.low, op.high)
		latest := 30.0
		if op.after == 0 {
			latest = 20
		}
		if off[0] < -5 || off[len(off)-1] > latest {
			t.Errorf("%s: order %+.1f…%+.1f ms from its time; want -5…%+.0f", op.name, off[0], off[len(off)-1], latest)
		}
	}
}

// TestOperateTime: also at 45 to 55 Hz, distorted and with noise, the order comes
// within 10 ms of the stage's time after a step that passes its limit by a
// hundredth, by a thirtieth below.
func TestOperateTime(t *testing.T) {
	alone(t)
	plan := mustPlan(t, power.Settings{})
	for _, op := range operates {
		if op.after == 0 {
			continue // TestWaveToOrder
		}
		op.low, op.high = 1.01*op.low, 0.99*op.high
		if op.cause != power.CauseOver {
			op.high *= 0.97
		}
		var off []float64
		for seed := range op.steps() {
			off = append(off, operated(t, plan, &op, seed, 5, false))
		}
		slices.Sort(off)
		t.Logf("%s: %+.1f…%+.1f ms from %v (median %+.1f), over %d steps", op.name, off[0], off[len(off)-1], op.after, share(off, 0.5), len(off))
		if worst := max(-off[0], off[len(off)-1]); worst > 10 {
			t.Errorf("%s: %.1f ms off; want 10", op.name, worst)
		}
	}
}

// TestRecloser: a line that is tried three times, dead for half a second and then
// for 15 s each, opens the contactor once as an outage, and it stays open through
// all that comes back between and for the whole good time after.
func TestRecloser(t *testing.T) {
	s := power.Settings{GoodTime: 10 * time.Second, MinOff: 10 * time.Second}
	plan := mustPlan(t, s)
	for live := 0.3; live < 9; live *= 2 {
		back := 1 + 0.5 + live + 15 + live + 15
		w := &wave{volts: func(t float64) float64 {
			for _, dead := range [][2]float64{{1, 1.5}, {1.5 + live, 16.5 + live}, {16.5 + 2*live, back}} {
				if t >= dead[0] && t < dead[1] {
					return 0
				}
			}
			return 220
		}}
		b := newBench(plan)
		b.state = plan.Warm()
		b.run(w, time.Minute+30*time.Second, func() bool { return b.has(power.EventClose, power.CauseNone) })
		closed := b.at.Seconds() - back
		if closed < s.GoodTime.Seconds() || closed > s.GoodTime.Seconds()+0.1 || b.state.TripCount() > 0 {
			t.Errorf("shots of %.1f s: closed %.2f s after the last, %d trips", live, closed, b.state.TripCount())
		}
		n := 0
		for _, e := range b.events {
			if e.Kind == power.EventOpen {
				n++
			}
		}
		if n != 1 {
			t.Errorf("shots of %.1f s: opened %d times", live, n)
		}
	}
}

// harmonic is one of a wave of known rms.
type harmonic struct {
	order      int
	amount, at float64
}

// TestRMSError: the one-cycle rms of an ideal converter of 16 bit is within 0.2 %
// at 45 to 55 Hz with distortion of up to 8 % and noise: of the reading from half
// the declared voltage on, of the declared voltage (as IEC 61000-4-30 counts it)
// below.
func TestRMSError(t *testing.T) {
	alone(t)
	for _, noise := range []float64{0, 0.5} { // V rms, 0.23 %
		var errs []float64
		for seed := range uint64(max(60, *waves/10)) {
			rnd := rand.New(rand.NewPCG(seed, 0x2A5))
			volts := 22 + (500-22)*rnd.Float64()
			errs = append(errs, rmsErrors(t, rnd, volts, noise)...)
		}
		slices.Sort(errs)
		t.Logf("noise %v V, %d readings: rms within %.3f %% (median %.3f, p99 %.3f)", noise, len(errs),
			100*errs[len(errs)-1], 100*share(errs, 0.5), 100*share(errs, 0.99))
		if worst := errs[len(errs)-1]; worst > 0.002 {
			t.Errorf("noise %v V: rms wrong by %.3f %%; want 0.2", noise, 100*worst)
		}
	}
}

// rmsErrors plays two seconds of a random steady wave and returns the error of
// each reading after the first half second.
func rmsErrors(t *testing.T, rnd *rand.Rand, volts, noise float64) []float64 {
	t.Helper()
	hz, thd, sum := 45+10*rnd.Float64(), 0.08*rnd.Float64(), 0.0
	var parts []harmonic
	for order := 2; order <= 25; order++ {
		h := harmonic{order, rnd.Float64() / float64(order), 2 * math.Pi * rnd.Float64()}
		parts, sum = append(parts, h), sum+h.amount*h.amount
	}
	for i := range parts {
		parts[i].amount *= thd / math.Sqrt(sum)
	}
	peak := volts * math.Sqrt2 / math.Sqrt(1+thd*thd)
	angle := 2 * math.Pi * rnd.Float64()
	det := power.NewDetector(fullScale, 340_000)
	var errs []float64
	for n := range 800 {
		var samples [power.FrameSamples]int16
		for i := range samples {
			v := math.Sin(angle)
			for _, h := range parts {
				v += h.amount * math.Sin(float64(h.order)*angle+h.at)
			}
			angle += 2 * math.Pi * hz / 8000
			v = v*peak + noise*rnd.NormFloat64()
			samples[i] = int16(max(-32768, min(32767, math.Round(v*32768/fullScale))))
		}
		det.Feed(&samples)
		if n < 200 {
			continue
		}
		mv, known := det.RMS()
		if !known {
			t.Fatalf("%.1f V, %.2f Hz: rms not known after %d frames", volts, hz, n)
		}
		errs = append(errs, math.Abs(float64(mv)/1000-volts)/max(volts, 110))
	}
	return errs
}
