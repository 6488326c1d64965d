package antenna

import (
	"fmt"
	"math"

	"stationbox/firmware/dish"
)

// The samples of a scan: mostSamples with the last, which is taken at the peak.
const (
	mostSamples = 13
	scanCross   = 0.35 // of the beam's width, from the middle to the arms of the cross
	scanRing    = 0.8  // to the ring on which a signal is looked for
	scanSame    = 0.2  // nearer than that is the same sample
)

// peakScan plans the samples of one search for the peak, around where the satellite is
// reckoned to be. Directions are on the sky, in degrees; a polar mount has the first axis
// only.
type peakScan struct {
	width     float64 // of the beam
	elevation dish.Degrees
	polar     bool
	tried     []tryout
}

// tryout is one sample.
type tryout struct {
	X, Y   float64
	Locked bool
	CNR    float64
}

func (s *peakScan) add(t tryout) { s.tried = append(s.tried, t) }

// next is where the next sample is taken; false when there are enough, or none is of use.
func (s *peakScan) next() (x, y float64, more bool) {
	if len(s.tried) >= mostSamples-1 {
		return 0, 0, false
	}
	best, any := s.best()
	if !any {
		return s.ring()
	}
	x0, y0 := best.X, best.Y
	if p, err := s.summit(); err == nil {
		if px, py := float64(p.Azimuth), float64(p.Elevation); math.Hypot(px-x0, py-y0) < 1.5*s.width {
			x0, y0 = px, py
		}
	}
	arm := scanCross * s.width
	for _, at := range [][2]float64{{x0 + arm, y0}, {x0, y0 + arm}, {x0 - arm, y0}, {x0, y0 - arm}} {
		if s.polar && at[1] != y0 {
			continue
		}
		if !s.near(at[0], at[1]) {
			return at[0], at[1], true
		}
	}
	return 0, 0, false
}

// ring is where a signal is looked for: in the middle, then around it.
func (s *peakScan) ring() (x, y float64, more bool) {
	n, r := len(s.tried), scanRing*s.width
	switch {
	case n == 0:
		return 0, 0, true
	case s.polar && n <= 8: // +1 -1 +2 -2 …
		step := float64((n+1)/2) * r
		if n%2 == 0 {
			step = -step
		}
		return step, 0, true
	case !s.polar && n <= 6:
		sin, cos := math.Sincos(float64(n-1) * math.Pi / 3)
		return r * cos, r * sin, true
	}
	return 0, 0, false
}

// best is the strongest sample; false without any signal.
func (s *peakScan) best() (best tryout, any bool) {
	for _, t := range s.tried {
		if t.Locked && (!any || t.CNR > best.CNR) {
			best, any = t, true
		}
	}
	return best, any
}

// near says whether a sample was taken about there.
func (s *peakScan) near(x, y float64) bool {
	for _, t := range s.tried {
		if math.Hypot(t.X-x, t.Y-y) < scanSame*s.width {
			return true
		}
	}
	return false
}

// summit is the peak by a fit; its Azimuth is on the sky here.
func (s *peakScan) summit() (dish.Summit, error) {
	if s.polar {
		return s.crest()
	}
	shrink := dish.Degrees(math.Cos(float64(s.elevation) * math.Pi / 180))
	probes := make([]dish.Probe, 0, len(s.tried))
	for _, t := range s.tried {
		probes = append(probes, dish.Probe{Azimuth: dish.Degrees(t.X) / shrink, Elevation: dish.Degrees(t.Y), Locked: t.Locked, CNR: dish.DB(t.CNR)})
	}
	var p dish.Summit
	var err error
	for _, part := range scanWidths {
		if p, err = dish.Peak(dish.Degrees(s.width*part), s.elevation, probes); err == nil {
			break
		}
	}
	p.Azimuth *= shrink
	return p, err
}

// scanWidths are how wide a beam may be, by the textbook's, in the order in which they are
// tried: a feed that sees more or less of the dish makes it so.
var scanWidths = []float64{1, 0.85, 1.2, 0.7, 1.4}

// crest is the peak along one axis: that of the parabola of C/N over x, by least squares,
// when it bends as a beam does.
func (s *peakScan) crest() (dish.Summit, error) {
	var m [3][4]float64
	n := 0
	for _, t := range s.tried {
		if !t.Locked {
			continue
		}
		n++
		x := t.X / s.width
		row := [3]float64{1, x, x * x}
		for i := range row {
			for j := range row {
				m[i][j] += row[i] * row[j]
			}
			m[i][3] += row[i] * t.CNR
		}
	}
	if n < 3 {
		return dish.Summit{}, fmt.Errorf("%w: %d of %d", dish.ErrFewProbes, n, len(s.tried))
	}
	c, ok := solved(m)
	bend := -c[2] // dB a width squared: 12 by the textbook
	if !ok || bend < 12*scanFlat || bend > 12*scanSharp {
		return dish.Summit{}, dish.ErrNoPeak
	}
	x := c[1] / (2 * bend)
	if math.Abs(x*s.width-s.middle()) > 1.5*s.width {
		return dish.Summit{}, dish.ErrOneLine
	}
	return dish.Summit{Azimuth: dish.Degrees(x * s.width), CNR: dish.DB(c[0] + bend*x*x), Used: n,
		Sigma: dish.Degrees(s.width * scanNoise / (2 * bend * scanCross * math.Sqrt2))}, nil
}

// middle is where the best sample was taken.
func (s *peakScan) middle() float64 {
	best, _ := s.best()
	return best.X
}

// solved solves three equations by elimination; false when they do not say enough.
func solved(m [3][4]float64) (c [3]float64, ok bool) {
	for i := range 3 {
		for j := i + 1; j < 3; j++ {
			if math.Abs(m[j][i]) > math.Abs(m[i][i]) {
				m[i], m[j] = m[j], m[i]
			}
		}
		if math.Abs(m[i][i]) < 1e-6 {
			return c, false
		}
		for j := range 3 {
			if j == i {
				continue
			}
			f := m[j][i] / m[i][i]
			for k := i; k < 4; k++ {
				m[j][k] -= f * m[i][k]
			}
		}
	}
	for i := range 3 {
		c[i] = m[i][3] / m[i][i]
	}
	return c, true
}

// scanNoise is the error of a sample in dB; a beam bends from scanFlat to scanSharp times
// the textbook's.
const (
	scanNoise = 0.15
	scanFlat  = 0.4
	scanSharp = 2.5
)
