package dish

import (
	"math"
)

// sample is a rest at the end of a move.
type sample struct {
	axis     int     // 0: the dish was turned, 1: tipped
	by       float64 // asked for, degrees on the sky; 0 for the first
	reversed bool    // against the move before on this axis: backlash
	locked   bool
	cnr      float64
	sigma    float64 // of it
	tilt     Gauge
}

// trail is the last samples and what they say of where the dish points.
type trail struct {
	samples []sample
	way     [2]float64 // of the last move on each axis
	c0      float64    // C/N at the peak that is expected
	c0Sigma float64
	est     [2]float64 // degrees on the sky by which the dish is off now
	sigma   [2]float64
	top     float64 // C/N at the peak
	now     Gauge   // the offset as people see it
}

// What is known beforehand of hands, screws and beams, as standard deviations.
const (
	handError     = 0.12 // of a move, as a part of it
	leastHand     = 0.01 // degrees
	backlashGuess = 0.06 // degrees
	widthError    = 0.06 // of the beam's width, as a part of it
	shapeError    = 0.05 // of the parabola far from the peak, as a part of the loss
	tiltPrecision = 0.03 // degrees from one inclination to the next
)

// add keeps a sample, the last thirteen.
func (t *trail) add(s sample) {
	if len(t.samples) == mostAlignProbes {
		t.samples = append([]sample(nil), t.samples[1:]...)
		t.samples[0].by, t.samples[0].reversed = 0, false
	}
	t.samples = append(t.samples, s)
}

// lockedCount is how many samples have a C/N.
func (t *trail) lockedCount() (n int) {
	for _, s := range t.samples {
		if s.locked {
			n++
		}
	}
	return n
}

// The parameters of the fit; the moves follow.
const (
	atX = iota
	atY
	atTop
	atWidth // of its logarithm
	atBackX
	atBackY
	atMoves
)

// trailFit is the fit of where the dish was at each sample to C/N and what was asked for.
type trailFit struct {
	*trail
	bend      float64
	threshold float64
	best      float64 // the highest C/N
}

// path calls fn with where the dish was at each sample.
func (f *trailFit) path(p []float64, fn func(i int, x, y float64)) {
	at := [2]float64{p[atX], p[atY]}
	for i, s := range f.samples {
		if i > 0 {
			m := p[atMoves+i-1]
			if s.reversed {
				m = math.Copysign(max(0, math.Abs(m)-math.Abs(p[atBackX+s.axis])), m)
			}
			at[s.axis] += m
		}
		fn(i, at[0], at[1])
	}
}

// counts of residuals: C/N and tilt of each sample, the moves, and what was known before.
func (f *trailFit) residualCount() int { return 3*len(f.samples) + 4 }

func (f *trailFit) residuals(p, out []float64) {
	n := len(f.samples)
	bend := f.bend * math.Exp(-2*p[atWidth])
	var y0 float64
	f.path(p, func(i int, x, y float64) {
		s := &f.samples[i]
		loss := bend * (x*x + y*y)
		switch {
		case s.locked:
			out[i] = (s.cnr - p[atTop] + loss) / math.Hypot(s.sigma, shapeError*(f.best-s.cnr))
		default:
			out[i] = max(0, p[atTop]-loss-f.threshold)
		}
		if i == 0 {
			y0 = y
		}
		out[n+i] = 0
		if first := &f.samples[0]; i > 0 && s.tilt.Known && first.tilt.Known {
			out[n+i] = (y - y0 - float64(s.tilt.Angle-first.tilt.Angle)) / tiltPrecision
		}
		out[2*n+i] = 0
		if i > 0 {
			out[2*n+i] = (p[atMoves+i-1] - s.by) / max(leastHand, handError*math.Abs(s.by))
		}
	})
	rest := out[3*n:]
	rest[0] = (p[atTop] - f.c0) / f.c0Sigma
	rest[1] = p[atWidth] / widthError
	rest[2] = (p[atBackX] - backlashGuess) / backlashGuess
	rest[3] = (p[atBackY] - backlashGuess) / backlashGuess
}

// begin is the trail's best guess by a grid, when the moves were as asked for, in one
// quadrant of the beam.
func (f *trailFit) begin(width float64, qx, qy int) []float64 {
	p := make([]float64, atMoves+len(f.samples)-1)
	p[atBackX], p[atBackY] = backlashGuess, backlashGuess
	for i, s := range f.samples[1:] {
		p[atMoves+i] = s.by
	}
	out := make([]float64, f.residualCount())
	best, least := make([]float64, len(p)), math.Inf(1)
	const steps = 12
	for i := range steps {
		for j := range steps {
			p[atX] = float64(qx) * (float64(i) + 0.5) / steps * 1.5 * width
			p[atY] = float64(qy) * (float64(j) + 0.5) / steps * 1.5 * width
			p[atTop] = f.topOf(p)
			f.residuals(p, out)
			for k := range f.samples { // positions are vague yet
				out[k] /= 4
			}
			if v := squares(out); v < least {
				least = v
				copy(best, p)
			}
		}
	}
	return best
}

// topOf is the mean C/N at the peak if the dish was where p says.
func (f *trailFit) topOf(p []float64) float64 {
	sum, weight := f.c0/f.c0Sigma/f.c0Sigma, 1/f.c0Sigma/f.c0Sigma
	f.path(p, func(i int, x, y float64) {
		if s := f.samples[i]; s.locked {
			loss := f.bend * (x*x + y*y)
			w := 1 / (0.04 + 0.04*loss*loss)
			sum, weight = sum+w*(s.cnr+loss), weight+w
		}
	})
	return sum / weight
}

// fit says where the dish points now. It is false when the samples say nothing.
func (t *trail) fit(o AlignOpts) bool {
	f := &trailFit{trail: t, bend: 12 / float64(o.Beamwidth*o.Beamwidth), threshold: float64(o.Threshold), best: math.Inf(-1)}
	for _, s := range t.samples {
		if s.locked {
			f.best = max(f.best, s.cnr)
		}
	}
	least := math.Inf(1)
	for _, q := range [][2]int{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}} {
		p := f.begin(float64(o.Beamwidth), q[0], q[1])
		pr := problem{count: f.residualCount(), step: make([]float64, len(p)), residuals: f.residuals}
		for i := range pr.step {
			pr.step[i] = 1e-5
		}
		cost, normal, err := pr.minimum(p)
		if err != nil || cost >= least {
			continue
		}
		if inverse, err := normal.inverse(); err == nil {
			least = cost
			t.settle(f, p, inverse)
		}
	}
	return !math.IsInf(least, 1)
}

// settle takes the solution over: the last place and its covariance, which is that of the
// first place and of all the moves since.
func (t *trail) settle(f *trailFit, p []float64, inverse matrix) {
	f.path(p, func(_ int, x, y float64) { t.est = [2]float64{x, y} })
	for axis := range t.sigma {
		slope := make([]float64, len(p))
		for k := range p {
			q := append([]float64(nil), p...)
			q[k] += 1e-5
			f.path(q, func(_ int, x, y float64) { slope[k] = ([2]float64{x, y}[axis] - t.est[axis]) / 1e-5 })
		}
		var v float64
		for i := range slope {
			v += slope[i] * inner(inverse[i], slope)
		}
		t.sigma[axis] = math.Sqrt(max(0, v))
	}
	t.top = p[atTop]
	t.now = Gauge{Known: true, Angle: Degrees(math.Hypot(t.est[0], t.est[1])), Error: Degrees(math.Hypot(t.sigma[0], t.sigma[1]))}
}

// again begins anew after the dish has moved by itself; how strong the peak is is known.
func (t trail) again() trail { return trail{c0: t.top, c0Sigma: 0.15, way: t.way} }
