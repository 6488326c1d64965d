package power_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/power"
)

// The figures of the README are those of 10000 waves and more. Every seed is a
// wave of its own.
var (
	waves     = flag.Int("waves", 100, "how many generated waves the study of power plays")
	firstWave = flag.Uint64("first-wave", 0, "the seed of the first of them")
)

// row is one line of the table.
type row struct{ waves, ride, opened, must, early, late int }

// TestWaveStudy: over all classes of waves, mixed up to three at a time, nothing
// opens in the region that is to be ridden through, and everything opens inside
// its window.
func TestWaveStudy(t *testing.T) {
	alone(t)
	plan := mustPlan(t, power.Settings{})
	table := map[string]*row{}
	for _, c := range append([]class{{name: "all"}}, study...) {
		table[c.name] = &row{}
	}
	for n := range uint64(*waves) {
		seed := *firstWave + n
		s := newStudied(seed)
		o := judgeWave(s)
		at, cause := playStudied(plan, s)
		early, late := o.early(at), o.late(at, s.length)
		if early || late {
			t.Errorf("seed %d, %s: opened at %.4f s (%v); the window is %.4f…%.4f s, ride %v",
				seed, strings.Join(s.names, " + "), at, cause.Word(), o.earliest, o.latest, o.ride)
		}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(s.names), "all")))) {
			table[name].count(at, o, early, late)
		}
	}
	var b strings.Builder
	b.WriteString("| class (alone or mixed) | waves | to ride through | opened | must open | opened early | late or never |\n|---|---|---|---|---|---|---|\n")
	for _, c := range append(study, class{name: "all"}) {
		r := table[c.name]
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d |\n", c.name, r.waves, r.ride, r.opened, r.must, r.early, r.late)
	}
	t.Logf("\n%s", b.String())
}

func (r *row) count(at float64, o oracle, early, late bool) {
	r.waves++
	for _, n := range []struct {
		yes bool
		n   *int
	}{{o.ride, &r.ride}, {!math.IsInf(at, 1), &r.opened}, {!math.IsInf(o.latest, 1), &r.must}, {early, &r.early}, {late, &r.late}} {
		if n.yes {
			*n.n++
		}
	}
}

// TestClippedWaveIsNotFrozen: seen in the study, a voltage far above the range of
// the converter repeats whole frames; it must trip, not blind the guard.
func TestClippedWaveIsNotFrozen(t *testing.T) {
	plan := mustPlan(t, power.Settings{})
	for volts := 600.0; volts < 3000; volts += 100 {
		for phase := range 12 {
			b := newBench(plan)
			b.state = plan.Warm()
			w := &wave{volts: stepTo(220, volts, 0.2), phase: float64(phase) * math.Pi / 12}
			b.run(w, 220*time.Millisecond, func() bool { return !b.orders.Contactor })
			if b.state.Cause != power.CauseInstant {
				t.Fatalf("%v V, phase %d: %v, %v after 20 ms", volts, phase, b.state.Phase, b.state.Cause.Word())
			}
		}
	}
}

// TestWaveStudyCanSayNo: curves that are wrong by little fail the study.
func TestWaveStudyCanSayNo(t *testing.T) {
	if race {
		t.Skip("one goroutine, and ten times as slow")
	}
	wrong := map[string]func(s *power.Settings){
		"340 V is 352": func(s *power.Settings) { s.Stages[0].Over = 352 },
		"340 V is 325": func(s *power.Settings) { s.Stages[0].Over = 325 },
		"300 V is 306": func(s *power.Settings) { s.Stages[1].Over = 306 },
		"300 V is 294": func(s *power.Settings) { s.Stages[1].Over = 294 },
		"275 V late":   func(s *power.Settings) { s.Stages[2].After += 30 * time.Millisecond },
		"275 V early":  func(s *power.Settings) { s.Stages[2].After -= 30 * time.Millisecond },
		"154 V late":   func(s *power.Settings) { s.Stages[5].After += 30 * time.Millisecond },
		"22 V early":   func(s *power.Settings) { s.Stages[6].After -= 30 * time.Millisecond },
		"blind late":   func(s *power.Settings) { s.Stale += 15 * time.Millisecond },
		"blind early":  func(s *power.Settings) { s.Stale -= 15 * time.Millisecond },
	}
	plans := map[string]*power.Plan{}
	for name, change := range wrong {
		s := power.Settings{Stages: power.DefaultStages(), Stale: 100 * time.Millisecond}
		change(&s)
		plans[name] = mustPlan(t, s)
	}
	for seed := uint64(0); seed < 1000 && len(plans) > 0; seed++ {
		s := newStudied(seed)
		o := judgeWave(s)
		for name, plan := range plans {
			if at, _ := playStudied(plan, s); o.broken(at, s.length) {
				t.Logf("%s: found by wave %d", name, seed)
				delete(plans, name)
			}
		}
	}
	for name := range plans {
		t.Errorf("%s: not found", name)
	}
}

// stepWave is a step of the mains to volts at the moment at, at 50 Hz give or
// take off.
func stepWave(seed uint64, volts, off float64) (w *wave, at float64) {
	rnd := rand.New(rand.NewPCG(seed, 0x51E9))
	at = 0.4 + 0.04*rnd.Float64()
	return &wave{hz: 50 - off + 2*off*rnd.Float64(), phase: 2 * math.Pi * rnd.Float64(), third: 0.08 * rnd.Float64(),
		noise: 1.1, rnd: rnd, volts: stepTo(220, volts, at)}, at
}

// share returns the part p of sorted values.
func share(sorted []float64, p float64) float64 {
	return sorted[min(len(sorted)-1, int(math.Ceil(p*float64(len(sorted))))-1)]
}

// TestDetectionTime: from a step of 220 to 400 V to the sample with which the
// detector alarms, wherever the frames begin; on a grid and on a generator.
func TestDetectionTime(t *testing.T) {
	alone(t)
	for _, off := range []float64{0.5, 5} {
		var delays []float64
		for seed := range uint64(*waves) {
			w, at := stepWave(seed, 400, off)
			samples := make([]int16, 4000)
			for i := range samples {
				samples[i] = w.sample()
			}
			first := math.Inf(1)
			for shift := range power.FrameSamples {
				first = min(first, detects(samples[shift:])+float64(shift)/8000)
			}
			if first < at {
				t.Fatalf("seed %d: alarm before the step", seed)
			}
			delays = append(delays, 1000*(first-at))
		}
		slices.Sort(delays)
		t.Logf("%d steps of 220 to 400 V, 50 ± %v Hz, THD to 8 %%: detected after %.1f ms (median), %.1f (p99), %.1f (p99.99)",
			len(delays), off, share(delays, 0.5), share(delays, 0.99), share(delays, 0.9999))
		if p99 := share(delays, 0.99); p99 > 8 {
			t.Errorf("50 ± %v Hz: p99 %.2f ms; want 8", off, p99)
		}
	}
}

// detects returns the end of the first frame with an alarm.
func detects(samples []int16) float64 {
	det := power.NewDetector(fullScale, 340_000*999/1000)
	var f [power.FrameSamples]int16
	for n := power.FrameSamples; n <= len(samples); n += power.FrameSamples {
		copy(f[:], samples[n-power.FrameSamples:])
		det.Feed(&f)
		mv, known := det.RMS()
		if _, up := det.Envelope(); up || known && mv >= 340_000 {
			return float64(n) / 8000
		}
	}
	return math.Inf(1)
}

// TestWaveToOrder: from the step to the order that opens, with what the frame
// takes on the line, for steps to anything above the instant limit.
func TestWaveToOrder(t *testing.T) {
	plan := mustPlan(t, power.Settings{})
	const line = 52 * 10 * 1000 / 460800.0 // ms: a frame of 52 bytes at 460800 baud
	var delays []float64
	for seed := range uint64(*waves) {
		volts := 342 + 200*rand.New(rand.NewPCG(seed, 3)).Float64()
		w, at := stepWave(seed, volts, 5)
		b := newBench(plan)
		b.state = plan.Warm()
		if !b.run(w, time.Second, func() bool { return !b.orders.Contactor }) || b.at.Seconds() < at {
			t.Fatalf("seed %d, %.1f V: opened at %v, step at %.4f s", seed, volts, b.at, at)
		}
		delays = append(delays, 1000*(b.at.Seconds()-at)+line)
	}
	slices.Sort(delays)
	t.Logf("%d steps of 220 to 342…542 V: ordered open after %.1f ms (median), %.1f (p99), %.1f (p99.99), frame and line included",
		len(delays), share(delays, 0.5), share(delays, 0.99), share(delays, 0.9999))
	if worst := share(delays, 0.9999); worst > 20 {
		t.Errorf("p99.99 %.2f ms; want 20", worst)
	}
}
