package power_test

import (
	"math"
	"slices"

	"stationbox/firmware/power"
)

// oracle says from the wave itself, in floating point and with the true length
// of the cycle, when a guard of the default curve may open at the earliest and
// must have opened at the latest. It shares nothing with the code under test but
// the table of stages.
type oracle struct {
	earliest, latest float64 // s, +Inf: never
	ride             bool    // inside the region in which ITIC asks to ride through
}

// early says whether opening at the moment at was not allowed yet, or at all.
func (o oracle) early(at float64) bool {
	return at < o.earliest-1e-6 || o.ride && !math.IsInf(at, 1)
}

// late says whether opening at the moment at was too late, in a wave of length s.
func (o oracle) late(at, length float64) bool { return at > o.latest && length > o.latest+0.005 }

func (o oracle) broken(at, length float64) bool { return o.early(at) || o.late(at, length) }

// The tolerances of the oracle: of the rms, of the time, and a frame.
const (
	tick       = 4 // samples from one look to the next
	rmsPart    = 0.005
	tickTime   = tick / 8000.0
	frameTicks = 5
)

// rmsOf returns the rms over a share of the cycle that ends at each tick; NaN
// before there is a whole one.
func rmsOf(s *studied, share float64) []float64 {
	sums := make([]float64, len(s.wave)+1)
	for i, v := range s.wave {
		sums[i+1] = sums[i] + v*v
	}
	out := make([]float64, 0, len(s.wave)/tick)
	for end := tick; end <= len(s.wave); end += tick {
		length := share * s.lengthAt[end-1]
		from := float64(end) - length
		if from < 0 {
			out = append(out, math.NaN())
			continue
		}
		whole, part := math.Modf(from)
		n := int(whole)
		before := sums[n] + part*(sums[n+1]-sums[n])
		out = append(out, math.Sqrt((sums[end]-before)/length))
	}
	return out
}

// integrate returns when the leaky integral of a stage reaches after.
func integrate(beyond []bool, after, leak float64) float64 {
	charge := 0.0
	for i, b := range beyond {
		if b {
			charge = min(charge+tickTime, after+0.02)
		} else {
			charge = max(0, charge-tickTime/leak)
		}
		if b && charge >= after {
			return float64(i+1) * tickTime
		}
	}
	return math.Inf(1)
}

// mark says at each tick whether ok held at any (or every) of the last ticks of
// a frame.
func mark(rms []float64, every bool, ok func(v float64) bool) []bool {
	out := make([]bool, len(rms))
	for i := range rms {
		recent := rms[max(0, i-frameTicks+1) : i+1]
		if every {
			out[i] = !slices.ContainsFunc(recent, func(v float64) bool { return !ok(v) })
			continue
		}
		out[i] = slices.ContainsFunc(recent, ok)
	}
	return out
}

func judgeWave(s *studied) oracle {
	cycle, half := rmsOf(s, 1), rmsOf(s, 0.5)
	highest, lowest := s.hole.filled(cycle, math.Max), s.hole.filled(cycle, math.Min)
	o := oracle{earliest: math.Inf(1), latest: math.Inf(1)}
	for _, st := range power.DefaultStages() {
		may := func(v float64) bool { return v >= float64(st.Over)*(1-rmsPart-0.001) }
		must := func(v float64) bool { return v >= float64(st.Over)*(1+rmsPart) }
		if st.Under > 0 {
			may = func(v float64) bool { return v < float64(st.Under)*(1+rmsPart)+0.3 }
			must = func(v float64) bool { return v < float64(st.Under)*(1-rmsPart)-0.3 }
		}
		after, most, least := st.After.Seconds(), highest, lowest
		if st.Under > 0 {
			most, least = lowest, highest
		}
		o.earliest = min(o.earliest, integrate(mark(most, false, may), max(0, after-0.015), 5))
		o.latest = min(o.latest, integrate(mark(least, true, must), after, 3)+0.010)
		if st.Over > 0 && st.After == 0 { // the envelope sees half a cycle ahead of any rms over half a cycle
			o.earliest = min(o.earliest, integrate(mark(half, false, func(v float64) bool { return v >= float64(st.Over)*0.97 }), 0, 5)-0.012)
			o.earliest = min(o.earliest, notched(s, half, float64(st.Over))-0.012)
		}
	}
	o.ride = rides(highest) && rides(lowest)
	s.hole.bound(&o)
	return o
}

// notched returns when the mains had the amplitude of a sine of volts for as long
// as an envelope must hold, and nearly its rms over half a cycle: the rest is cut
// out of the wave, but a rectifier charges at its crest.
func notched(s *studied, half []float64, volts float64) float64 {
	lasted := 0
	for i, v := range s.level {
		lasted++
		if v < volts*(1-rmsPart) {
			lasted = 0
		}
		if n := i / tick; n < len(half) && half[n] >= volts*0.9 && lasted >= 18 {
			return float64(i) / 8000
		}
	}
	return math.Inf(1)
}

// rides says whether the one-cycle rms stays where ITIC lets nothing be
// interrupted, all its excursions taken together: chatter is to open.
func rides(rms []float64) bool {
	limits := []struct {
		over, under float64
		longest     float64
	}{
		{over: 308}, {over: 264}, {over: 242, longest: 0.5},
		{under: 154, longest: 0.02}, {under: 176, longest: 0.5}, {under: 198, longest: 10},
	}
	for _, l := range limits {
		lasted := 0.0
		for _, v := range rms {
			if l.over > 0 && v > l.over || l.under > 0 && v < l.under {
				lasted += tickTime
			}
			if lasted > l.longest {
				return false
			}
		}
	}
	return true
}
