package power_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"stationbox/firmware/power"
)

// supply plays a wave into a Quality and returns the disturbances.
func supply(w *wave, d time.Duration) ([]power.Disturbance, *power.Quality) {
	det := power.NewDetector(fullScale, 340_000)
	q := power.NewQuality(det)
	var found []power.Disturbance
	for range int(d / power.FrameTime) {
		f := w.frame()
		det.Feed(&f.Samples)
		q.Take(&f)
		for e, ok := q.Next(); ok; e, ok = q.Next() {
			found = append(found, e)
		}
	}
	return found, q
}

// TestDisturbances: magnitude within 0.5 % of the declared voltage and duration
// within one cycle, at any phase and frequency, distorted and with noise.
func TestDisturbances(t *testing.T) {
	alone(t)
	rnd := rand.New(rand.NewPCG(7, 8))
	kinds := []struct {
		kind      power.Kind
		low, high float64 // share of 220 V
	}{
		{power.EventDip, 0.12, 0.88},
		{power.EventSwell, 1.12, 1.8},
		{power.EventInterruption, 0, 0.09},
	}
	for _, k := range kinds {
		t.Run(k.kind.String(), func(t *testing.T) {
			var worstVolts, worstTime, worstStart float64
			for n := range 200 {
				volts := 220 * (k.low + (k.high-k.low)*rnd.Float64())
				hz := 45 + 10*rnd.Float64()
				cycle := 1 / hz
				lasted := cycle * (2 + 28*rnd.Float64())
				from := 0.5 + 0.1*rnd.Float64()
				w := &wave{hz: hz, phase: 2 * math.Pi * rnd.Float64(), third: 0.08 * rnd.Float64(), noise: 0.5, rnd: rnd,
					volts: func(t float64) float64 {
						if t >= from && t < from+lasted {
							return volts
						}
						return 220
					}}
				found, _ := supply(w, 1800*time.Millisecond)
				if len(found) != 1 || found[0].Kind != k.kind || found[0].Ongoing {
					t.Fatalf("wave %d: %.1f V %.1f Hz for %.3f s: %+v", n, volts, hz, lasted, found)
				}
				d := found[0]
				worstVolts = max(worstVolts, math.Abs(float64(d.MV)/1000-volts)/220)
				worstTime = max(worstTime, math.Abs(d.Lasted.Seconds()-lasted)/cycle)
				worstStart = max(worstStart, math.Abs(d.Start.Seconds()-from)/cycle)
			}
			t.Logf("200 waves: magnitude within %.2f %%, duration within %.2f cycles, begin within %.2f cycles", worstVolts*100, worstTime, worstStart)
			if worstVolts > 0.005 || worstTime > 1 || worstStart > 1 {
				t.Errorf("magnitude %.2f %%, duration %.2f cycles, begin %.2f cycles; want 0.5, 1, 1", worstVolts*100, worstTime, worstStart)
			}
		})
	}
}

// TestDipWithAnInterruptionInside: both are told, when one is not the other.
func TestDipWithAnInterruptionInside(t *testing.T) {
	w := &wave{volts: func(t float64) float64 {
		switch {
		case t < 1 || t > 3:
			return 220
		case t > 2 && t < 2.3:
			return 5
		}
		return 120
	}}
	found, _ := supply(w, 4*time.Second)
	var kinds []power.Kind
	for _, d := range found {
		kinds = append(kinds, d.Kind)
	}
	if !slices.Equal(kinds, []power.Kind{power.EventInterruption, power.EventDip}) {
		t.Fatalf("%+v", found)
	}
	if d := found[1].Lasted - 2*time.Second; d < -20*time.Millisecond || d > 20*time.Millisecond {
		t.Errorf("dip %+v", found[1])
	}
}

func TestSteadyMainsIsNoDisturbance(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for n := range 40 {
		volts := 200 + 40*rnd.Float64()
		w := &wave{hz: 45 + 10*rnd.Float64(), third: 0.08, noise: 1, rnd: rnd, phase: 6 * rnd.Float64(), volts: steady(volts)}
		if found, _ := supply(w, 3*time.Second); len(found) > 0 {
			t.Errorf("wave %d, %.1f V %.2f Hz: %+v", n, volts, w.hz, found)
		}
	}
}

func TestPictureOfTheWave(t *testing.T) {
	for _, hz := range []float64{45, 48.7, 50, 52.3, 55} {
		for _, thd := range []float64{0, 0.01, 0.03, 0.08, 0.2} {
			t.Run(fmt.Sprintf("%v Hz %v", hz, thd), func(t *testing.T) {
				w := &wave{hz: hz, third: thd, volts: steady(220)}
				_, q := supply(w, 3*time.Second)
				p, ok := q.Picture()
				if !ok || math.Abs(float64(p.THD)/1000-thd) > 0.003 || math.Abs(float64(p.MHz)/1000-hz) > 0.02 {
					t.Errorf("%+v %v", p, ok)
				}
				if thd == 0 && math.Abs(float64(p.PeakMV)/1000-220*math.Sqrt2) > 1 {
					t.Errorf("peak %d mV", p.PeakMV)
				}
			})
		}
	}
}

// TestQualityOverAGap: time goes on over lost frames, and half a cycle before and
// after them is no dip.
func TestQualityOverAGap(t *testing.T) {
	det := power.NewDetector(fullScale, 340_000)
	q, m := power.NewQuality(det), power.NewSampler(det)
	w := &wave{volts: stepTo(220, 150, 2.1)}
	var found []power.Disturbance
	for n := 0; n < 1200; n++ {
		f := w.frame()
		if n%100 == 99 {
			for range 7 {
				w.frame()
			}
			n += 7
			f = w.frame()
			f.Lost = 8
			n++
		}
		m.Take(&f, power.FrameTime*time.Duration(1+f.Lost))
		q.Take(&f)
		for e, ok := q.Next(); ok; e, ok = q.Next() {
			found = append(found, e)
		}
	}
	q.Finish()
	d, ok := q.Next()
	if len(found) > 0 || !ok || !d.Ongoing || d.Kind != power.EventDip {
		t.Fatalf("%+v, %+v", found, d)
	}
	if d.Start < 2090*time.Millisecond || d.Start > 2110*time.Millisecond {
		t.Errorf("began at %v", d.Start)
	}
}

func TestQualityAllocatesNothing(t *testing.T) {
	det := power.NewDetector(fullScale, 340_000)
	q := power.NewQuality(det)
	w := &wave{volts: func(t float64) float64 { return 220 - 100*math.Floor(math.Mod(t*4, 2)) }}
	var frames [1600]power.Frame
	for i := range frames {
		frames[i] = w.frame()
	}
	n := 0
	if a := testing.AllocsPerRun(5000, func() {
		f := &frames[n%len(frames)]
		n++
		det.Feed(&f.Samples)
		q.Take(f)
		q.Next()
	}); a != 0 {
		t.Errorf("%v allocations a frame", a)
	}
}
