package witness

import (
	"math"
	"slices"
	"time"
)

// match is how the levels of a microphone fit a film.
type match struct {
	flat   bool    // the film has nothing to be known by
	steady bool    // the microphone hears the same all the time
	best   float64 // correlation, the highest of all lags that may be
	lag    int     // of the best, in blocks
	decoy  float64 // the highest of lags that cannot be
	gain   float64 // dB from the loud parts of the film to those of the microphone
}

// compare slides the film along the levels, the last of which ends at a position.
// Both are taken in decibels, so that the gain between them does not matter.
func compare(t Trace, at time.Duration, levels []float64) match {
	n := len(levels)
	mic := smoothed(levels)
	// film[i] belongs to mic[i-decoyFar] at lag 0; lag l is decoyFar−l further on.
	film := make([]float64, n+2*decoyFar)
	for i := range film {
		film[i] = t.Loudness(at - time.Duration(n+decoyFar-1-i)*FineStep)
	}
	now := film[decoyFar : decoyFar+n]
	peak := loudest(now)
	for i, v := range film {
		film[i] = max(v, peak-depth)
	}
	m := match{best: -1, decoy: -1, flat: peak < audible || spread(now) < lively, steady: spread(mic) < steady}
	if m.flat {
		m.best, m.decoy = 0, 0
		return m
	}
	m.gain = loudTenth(mic) - loudTenth(now)
	for lag := -decoyFar; lag <= decoyFar; lag++ {
		part := film[decoyFar-lag:][:n]
		switch {
		case lag >= lagLeast && lag <= lagMost:
			if r := correlation(part, mic); r > m.best {
				m.best, m.lag = r, lag
			}
		case lag < lagLeast-decoyNear || lag > lagMost+decoyNear:
			m.decoy = max(m.decoy, correlation(part, mic))
		}
	}
	return m
}

// smoothed is the mean power of the last blocks, as long as the film's levels are.
func smoothed(levels []float64) []float64 {
	out := make([]float64, len(levels))
	for i := range levels {
		sum, first := 0.0, max(0, i-smooth+1)
		for _, v := range levels[first : i+1] {
			sum += math.Pow(10, v/10)
		}
		out[i] = 10 * math.Log10(sum/float64(i+1-first))
	}
	return out
}

// loudTenth is the level that a tenth of them exceeds.
func loudTenth(levels []float64) float64 {
	sorted := slices.Sorted(slices.Values(levels))
	return sorted[len(sorted)*9/10]
}

func mean(c []float64) float64 {
	sum := 0.0
	for _, v := range c {
		sum += v
	}
	return sum / float64(max(1, len(c)))
}

// spread is the standard deviation.
func spread(c []float64) float64 {
	m, sum := mean(c), 0.0
	for _, v := range c {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(max(1, len(c))))
}

// correlation is that of Pearson; of something constant it is 0.
func correlation(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	var xx, yy, xy float64
	for i := range x {
		a, b := x[i]-mx, y[i]-my
		xx, yy, xy = xx+a*a, yy+b*b, xy+a*b
	}
	if xx < 1e-9 || yy < 1e-9 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}
