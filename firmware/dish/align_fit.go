package dish

import (
	"math"
)

// sample is a rest at the end of a move.
type sample struct {
	axis    int     // 0: the dish was turned, 1: tipped
	by      float64 // asked for, degrees on the sky; 0: it was not moved
	flipped bool    // the move seems to have gone the wrong way
	at      float64 // seconds since the climb began
	locked  bool
	cnr     float64
	sigma   float64 // of it
	tilt    Gauge   // less the elevation that is wanted
	compass Gauge   // less the azimuth that is wanted, on the sky
}

// move is what the dish was asked for, or the other way round.
func (s *sample) move() float64 {
	if s.flipped {
		return -s.by
	}
	return s.by
}

// trail is the last samples and what they say of where the dish points.
type trail struct {
	samples []sample
	before  [2]float64 // the way of the last move on each axis before the first sample
	c0      float64    // C/N at the peak that is expected
	c0Sigma float64
	at0     [2]float64 // where the first sample is expected
	sigma0  [2]float64 // 0: anywhere
	tilt0   Gauge      // what the inclinometer shows at the peak, when that was found
	tilt    Gauge      // and by the last fit
	est     [2]float64 // degrees on the sky by which the dish is off now
	sigma   [2]float64
	play    [2]float64 // backlash
	gap     [2]float64 // where in it the screw is
	top     float64    // C/N at the peak, and its error
	topErr  float64
	now     Gauge // the offset as people see it
}

// What is known beforehand of hands, screws, beams and the sky, as standard deviations.
const (
	handError     = 0.09  // of a move, as a part of it: hands miss by up to 15 %
	tremble       = 0.012 // degrees, where a move ends
	backlashGuess = 0.05  // degrees
	widthError    = 0.04  // of the beam's width, as a part of it
	shapeError    = 0.012 // dB by which the beam is no parabola, a dB of loss squared
	driftError    = 5e-4  // dB a second of the sky: 0.3 dB in ten minutes
	driftBend     = 12e-7 // dB a second² by which that changes
	tiltPrecision = 0.012 // degrees from one inclination to the next
	turnPrecision = 0.15  // of a compass
	mistakeOdds   = 50    // of a move, not to go the wrong way
)

// add keeps a sample, the last thirteen.
func (t *trail) add(s sample) {
	if len(t.samples) == mostAlignProbes {
		first := &t.samples[0]
		if first.by != 0 {
			t.before[first.axis] = first.move()
		}
		t.samples = append([]sample(nil), t.samples[1:]...)
	}
	t.samples = append(t.samples, s)
}

// way is the way of the last move on an axis; 0: unknown.
func (t *trail) way(axis int) float64 {
	for i := len(t.samples) - 1; i >= 0; i-- {
		if s := &t.samples[i]; s.axis == axis && s.by != 0 {
			return s.move()
		}
	}
	return t.before[axis]
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
	atX     = iota
	atY     // where the dish was at the first sample
	atTop   // C/N at the peak, at the last sample
	atDrift // dB a second
	atWidth // of its logarithm
	atBackX
	atBackY
	atTilt    // error of the inclinometer
	atCompass // and of the compass
	atMoves
)

// trailFit is the fit of where the dish was at each sample to C/N and what was asked for.
type trailFit struct {
	*trail
	bend      float64
	threshold float64
	best      float64 // the highest C/N
	err       []float64
}

// path calls fn with where the dish was at each sample, and returns where in their
// backlash the screws are at the end.
func (f *trailFit) path(p []float64, fn func(i int, x, y float64)) (gap [2]float64) {
	at := [2]float64{p[atX], p[atY]}
	play := [2]float64{math.Abs(p[atBackX]), math.Abs(p[atBackY])}
	for axis, way := range f.before {
		switch {
		case way > 0:
			gap[axis] = play[axis]
		case way == 0:
			gap[axis] = play[axis] / 2
		}
	}
	for i := range f.samples {
		if s := &f.samples[i]; i > 0 && s.by != 0 {
			m, before := p[atMoves+i-1], gap[s.axis]
			gap[s.axis] = max(0, min(play[s.axis], before+m))
			at[s.axis] += m - (gap[s.axis] - before)
		}
		fn(i, at[0], at[1])
	}
	return gap
}

// residualCount is of C/N, tilt, compass and move of each sample, and what was known before.
func (f *trailFit) residualCount() int { return 4*len(f.samples) + 9 }

func (f *trailFit) residuals(p, out []float64) {
	n := len(f.samples)
	bend := f.bend * math.Exp(-2*p[atWidth])
	last := f.samples[n-1].at
	f.path(p, func(i int, x, y float64) {
		s := &f.samples[i]
		c := p[atTop] + p[atDrift]*(s.at-last) - bend*(x*x+y*y)
		out[i], out[n+i], out[2*n+i], out[3*n+i] = 0, 0, 0, 0
		if s.locked {
			out[i] = (s.cnr - c) / f.err[i]
		} else {
			out[i] = max(0, c-f.threshold)
		}
		if s.tilt.Known {
			out[n+i] = (y + p[atTilt] - float64(s.tilt.Angle)) / tiltPrecision
		}
		if s.compass.Known {
			out[2*n+i] = (x + p[atCompass] - float64(s.compass.Angle)) / turnPrecision
		}
		if i > 0 {
			out[3*n+i] = (p[atMoves+i-1] - s.move()) / math.Hypot(tremble, handError*s.by)
		}
	})
	rest := out[4*n:]
	rest[0] = (p[atTop] - f.c0) / f.c0Sigma
	rest[1] = p[atWidth] / widthError
	rest[2] = (p[atBackX] - backlashGuess) / (backlashGuess * 0.6)
	rest[3] = (p[atBackY] - backlashGuess) / (backlashGuess * 0.6)
	rest[4] = p[atDrift] / driftError
	first := &f.samples[0]
	rest[5] = p[atTilt] / max(0.05, float64(first.tilt.Error))
	if f.tilt0.Known {
		rest[5] = (p[atTilt] - float64(f.tilt0.Angle)) / float64(f.tilt0.Error)
	}
	rest[6] = p[atCompass] / max(0.5, float64(first.compass.Error))
	rest[7], rest[8] = 0, 0
	if f.sigma0[0] > 0 {
		rest[7], rest[8] = (p[atX]-f.at0[0])/f.sigma0[0], (p[atY]-f.at0[1])/f.sigma0[1]
	}
}

// weigh sets the errors of the samples' C/N: those of the receiver, of the beam's shape
// and of the sky since.
func (f *trailFit) weigh() {
	f.best = math.Inf(-1)
	for _, s := range f.samples {
		if s.locked {
			f.best = max(f.best, s.cnr)
		}
	}
	f.err = make([]float64, len(f.samples))
	for i, s := range f.samples {
		loss, age := f.best-s.cnr, s.at-f.samples[len(f.samples)-1].at
		f.err[i] = math.Hypot(math.Hypot(s.sigma, shapeError*loss*loss), driftBend*age*age)
	}
}

// begin is the trail's best guess by a grid, when the moves were as asked for, in one
// quadrant of the beam.
func (f *trailFit) begin(width float64, qx, qy int) []float64 {
	p := make([]float64, atMoves+len(f.samples)-1)
	p[atBackX], p[atBackY] = backlashGuess, backlashGuess
	for i := range f.samples[1:] {
		p[atMoves+i] = f.samples[1+i].move()
	}
	best, least := make([]float64, len(p)), math.Inf(1)
	out := make([]float64, f.residualCount())
	const steps = 8
	for i := range steps {
		for j := range steps {
			p[atX] = float64(qx) * (float64(i) + 0.5) / steps * 1.5 * width
			p[atY] = float64(qy) * (float64(j) + 0.5) / steps * 1.5 * width
			p[atTop] = f.topOf(p)
			f.zero(p)
			f.residuals(p, out)
			if v := f.vague(out); v < least {
				least = v
				copy(best, p)
			}
		}
	}
	return best
}

// zero sets the errors of the sensors to what the first sample says.
func (f *trailFit) zero(p []float64) {
	first := &f.samples[0]
	p[atTilt], p[atCompass] = 0, 0
	if first.tilt.Known {
		p[atTilt] = float64(first.tilt.Angle) - p[atY]
	}
	if first.compass.Known {
		p[atCompass] = float64(first.compass.Angle) - p[atX]
	}
}

// vague is the sum of the squares with positions that are not yet exact.
func (f *trailFit) vague(out []float64) (sum float64) {
	n := len(f.samples)
	for i, v := range out {
		if i < n && f.samples[i].locked {
			v *= f.err[i] / math.Hypot(0.2, 0.2*(f.best-f.samples[i].cnr))
		} else if i < 3*n {
			v /= 8
		}
		sum += v * v
	}
	return sum
}

// topOf is the mean C/N at the peak if the dish was where p says.
func (f *trailFit) topOf(p []float64) float64 {
	sum, weight := f.c0/f.c0Sigma/f.c0Sigma, 1/f.c0Sigma/f.c0Sigma
	f.path(p, func(i int, x, y float64) {
		if s := &f.samples[i]; s.locked {
			loss := f.bend * (x*x + y*y)
			w := 1 / (0.04 + 0.04*loss*loss)
			sum, weight = sum+w*(s.cnr+loss), weight+w
		}
	})
	return sum / weight
}

// tilted keeps what the inclinometer shows at the peak beyond the samples that told it.
func (t *trail) tilted() {
	t.tilt0 = t.tilt
	t.tilt0.Error = max(t.tilt0.Error, tiltPrecision)
}

// asked is what to ask for to move by by: the backlash is not used up on the way.
func (t *trail) asked(axis int, by float64) float64 {
	if by > 0 {
		return by + max(0, t.play[axis]-t.gap[axis])
	}
	return by - t.gap[axis]
}

// again begins anew after the dish has moved by itself; how strong the peak is is known.
func (t *trail) again() trail {
	return trail{c0: t.top, c0Sigma: 0.15, before: [2]float64{t.way(0), t.way(1)}}
}

// settled begins anew with the last sample and what is known by all, before that is
// forgotten.
func (t *trail) settled() {
	const doubt = 1.2
	n := t.again()
	n.at0, n.sigma0 = t.est, [2]float64{doubt * t.sigma[0], doubt * t.sigma[1]}
	n.c0Sigma = max(0.05, doubt*t.topErr)
	n.tilt0 = t.tilt0
	n.est, n.sigma, n.play, n.gap, n.now = t.est, t.sigma, t.play, t.gap, t.now
	last := t.samples[len(t.samples)-1]
	last.by, last.flipped = 0, false
	n.add(last)
	*t = n
}

// after begins anew when the dish is where it was, within sigma, and C/N is another one.
func (t *trail) after(cnr, bend, sigma float64) trail {
	n := t.again()
	n.at0, n.sigma0 = t.est, [2]float64{sigma, sigma}
	n.c0, n.c0Sigma = cnr+bend*(t.est[0]*t.est[0]+t.est[1]*t.est[1]), 0.5
	return n
}
