package dish

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Probe is one reading while a dish is turned by hand.
type Probe struct {
	Azimuth   Degrees // by which the dish was turned, to the right positive; on the horizon
	Elevation Degrees // by which it was raised
	Locked    bool
	CNR       DB // while locked
}

// Summit is where a dish receives best, by a fit.
type Summit struct {
	Azimuth   Degrees // on the horizon, from where the probes are counted
	Elevation Degrees
	CNR       DB      // to be expected there
	Sigma     Degrees // standard deviation of the direction, the worse of the two, on the sky
	Used      int     // locked probes that agree
}

// Errors of a fit to probes.
var (
	ErrFewProbes = errors.New("too few locked readings")
	ErrOneLine   = errors.New("the readings do not surround the peak")
	ErrNoPeak    = errors.New("the readings do not follow the beam")
)

const (
	// MostProbes bounds the probes of one fit.
	MostProbes = 64
	fewProbes  = 3 // the height and the place of the peak
	// probeNoise is the noise of a reading in dB; probeShake how far a mast stands from
	// where its scale says, in degrees.
	probeNoise = 0.15
	probeShake = 0.02
	// steepest is the error of the direction, as a part of the beam, from which on an
	// answer is none: it costs 0.12 dB.
	steepest = 0.1
)

// peaking is a fit of the beam's paraboloid, whose bend is known: with u = 12/width²,
// C/N + u·(x²+y²) is a plane over x, y.
type peaking struct {
	width      float64
	x, y, c, w []float64    // degrees on the sky, dB, weights
	dark       [][2]float64 // where there was no lock
	floor      float64      // the weakest C/N that had lock
}

// Peak returns where a beam of the width beamwidth has its peak. The satellite's
// elevation turns angles on the horizon into angles on the sky. Readings without lock
// say only that the peak is not there, and those far off all others are left out. Readings shall lie around the
// peak within one beam width. The errors are ErrFewProbes, ErrOneLine and ErrNoPeak, or
// tell of a number out of range.
func Peak(beamwidth, elevation Degrees, probes []Probe) (Summit, error) {
	if err := checkProbes(beamwidth, elevation, probes); err != nil {
		return Summit{}, err
	}
	f := peaking{width: float64(beamwidth), floor: math.Inf(1)}
	shrink := math.Cos(elevation.rad())
	for _, p := range probes {
		x, y := float64(p.Azimuth)*shrink, float64(p.Elevation)
		if !p.Locked {
			f.dark = append(f.dark, [2]float64{x, y})
			continue
		}
		f.x, f.y, f.c = append(f.x, x), append(f.y, y), append(f.c, float64(p.CNR))
		f.floor = min(f.floor, float64(p.CNR))
	}
	if len(f.c) < fewProbes {
		return Summit{}, fmt.Errorf("%w: %d of %d, want %d", ErrFewProbes, len(f.c), len(probes), fewProbes)
	}
	s, err := f.fit()
	s.Azimuth /= Degrees(shrink)
	return s, err
}

func checkProbes(beamwidth, elevation Degrees, probes []Probe) error {
	switch {
	case !within(float64(beamwidth), 0.05, 30):
		return fmt.Errorf("%w: beam %v degrees", ErrDish, float64(beamwidth))
	case !within(float64(elevation), -5, 89):
		return fmt.Errorf("%w: elevation %v degrees", ErrOrbit, float64(elevation))
	case len(probes) > MostProbes:
		return fmt.Errorf("%d readings: want %d at most", len(probes), MostProbes)
	}
	for i, p := range probes {
		if !within(float64(p.Azimuth), -180, 180) || !within(float64(p.Elevation), -90, 90) || p.Locked && !within(float64(p.CNR), -30, 60) {
			return fmt.Errorf("reading %d: %v, %v degrees, %v dB", i+1, float64(p.Azimuth), float64(p.Elevation), float64(p.CNR))
		}
	}
	return nil
}

// plane is C/N plus what pointing costs: height + a·x + b·y.
type plane struct{ a, b, height float64 }

// bend is the loss a square degree.
func (f *peaking) bend() float64 { return 12 / (f.width * f.width) }

// off is by how much reading i is stronger than the plane says.
func (f *peaking) off(p plane, i int) float64 {
	return f.c[i] + f.bend()*(f.x[i]*f.x[i]+f.y[i]*f.y[i]) - p.height - p.a*f.x[i] - p.b*f.y[i]
}

// deviation is what reading i may be off: more on the flank of the beam, where the mast's
// shake counts.
func (f *peaking) deviation(p plane, i int) float64 {
	k := f.bend()
	return math.Hypot(probeNoise, probeShake*math.Hypot(p.a-2*k*f.x[i], p.b-2*k*f.y[i]))
}

// denied counts the readings without lock where the plane has a lot more than was enough
// elsewhere.
func (f *peaking) denied(p plane) (n int) {
	for _, at := range f.dark {
		x, y := at[0], at[1]
		if p.height+p.a*x+p.b*y-f.bend()*(x*x+y*y) > f.floor+1.5 {
			n++
		}
	}
	return n
}

// rough returns the plane through three readings that most of the readings are near to.
func (f *peaking) rough() (plane, bool) {
	best, least := plane{}, math.Inf(1)
	d := make([]float64, len(f.c))
	for i := range f.c {
		for j := range i {
			for k := range j {
				p, ok := f.through(i, j, k)
				if !ok {
					continue
				}
				for m := range d {
					d[m] = math.Abs(f.off(p, m)) / f.deviation(p, m)
				}
				slices.Sort(d)
				if v := d[len(d)/2] + 0.1*d[len(d)*3/4] + 2*float64(f.denied(p)); v < least {
					best, least = p, v
				}
			}
		}
	}
	return best, !math.IsInf(least, 1)
}

// through is false for three readings on a line.
func (f *peaking) through(i, j, k int) (plane, bool) {
	x1, y1 := f.x[j]-f.x[i], f.y[j]-f.y[i]
	x2, y2 := f.x[k]-f.x[i], f.y[k]-f.y[i]
	area := x1*y2 - x2*y1
	if math.Abs(area) < 0.01*f.width*f.width {
		return plane{}, false
	}
	base := f.off(plane{}, i)
	d1, d2 := f.off(plane{}, j)-base, f.off(plane{}, k)-base
	p := plane{a: (d1*y2 - d2*y1) / area, b: (x1*d2 - x2*d1) / area}
	p.height = base - p.a*f.x[i] - p.b*f.y[i]
	return p, true
}

// fit takes all readings when they agree, else those that most agree with.
func (f *peaking) fit() (Summit, error) {
	p, ok := f.rough()
	if !ok {
		return Summit{}, ErrOneLine
	}
	for _, limit := range []float64{math.Inf(1), outlier} {
		q, inverse, err := f.settled(p, limit)
		if err != nil {
			return Summit{}, ErrOneLine
		}
		if limit == outlier || f.agreeing(q) == len(f.c) && f.denied(q) == 0 {
			return f.summit(q, inverse)
		}
	}
	return Summit{}, ErrNoPeak
}

// outlier is from how many standard deviations on a reading is left out.
const outlier = 4.5

func (f *peaking) settled(p plane, limit float64) (plane, matrix, error) {
	var inverse matrix
	for range 8 {
		f.weigh(p, limit)
		var err error
		if p, inverse, err = f.weighted(); err != nil {
			return plane{}, nil, err
		}
	}
	return p, inverse, nil
}

// agreeing counts the readings that the plane explains.
func (f *peaking) agreeing(p plane) (n int) {
	for i := range f.c {
		if math.Abs(f.off(p, i)) < 0.9*outlier*f.deviation(p, i) {
			n++
		}
	}
	return n
}

// weigh leaves out what is beyond the limit and doubts what is near that.
func (f *peaking) weigh(p plane, limit float64) {
	f.w = make([]float64, len(f.c))
	for i := range f.c {
		d := f.deviation(p, i)
		t := f.off(p, i) / d / limit
		if t = 1 - t*t; t > 0 {
			f.w[i] = t * t / (d * d)
		}
	}
}

func (f *peaking) weighted() (plane, matrix, error) {
	n, b := newMatrix(3), make([]float64, 3)
	for i, w := range f.w {
		row := [3]float64{f.x[i], f.y[i], 1}
		for j := range row {
			b[j] += w * row[j] * f.off(plane{}, i)
			for k := range row {
				n[j][k] += w * row[j] * row[k]
			}
		}
	}
	inverse, err := n.inverse()
	if err != nil {
		return plane{}, nil, err
	}
	return plane{inner(inverse[0], b), inner(inverse[1], b), inner(inverse[2], b)}, inverse, nil
}

func (f *peaking) summit(p plane, inverse matrix) (Summit, error) {
	k := f.bend()
	x, y := p.a/(2*k), p.b/(2*k)
	s := Summit{Azimuth: Degrees(x), Elevation: Degrees(y), CNR: DB(p.height + k*(x*x+y*y))}
	s.Used = f.agreeing(p)
	// Each reading that is left out needs three that speak against it.
	if doubted := len(f.c) - s.Used + f.denied(p); s.Used < fewProbes+3*doubted {
		return Summit{}, fmt.Errorf("%w: only %d of %d agree", ErrNoPeak, s.Used, s.Used+doubted)
	}
	var sum, far float64
	for i, w := range f.w {
		sum += w * math.Pow(f.off(p, i), 2)
		far = max(far, math.Hypot(f.x[i]-x, f.y[i]-y))
	}
	worse := max(1, math.Sqrt(sum/float64(max(1, s.Used-3))))
	if s.Used == fewProbes { // nobody speaks against them
		worse *= 3
	}
	s.Sigma = Degrees(worse * math.Sqrt(max(inverse[0][0], inverse[1][1])) / (2 * k))
	switch {
	case float64(s.Sigma) > steepest*f.width:
		return Summit{}, fmt.Errorf("%w: good to %.2f degrees only", ErrOneLine, float64(s.Sigma))
	case worse > 4:
		return Summit{}, fmt.Errorf("%w: %.1f times the noise expected", ErrNoPeak, worse)
	case far > 3*f.width:
		return Summit{}, fmt.Errorf("%w: readings %.1f degrees from it", ErrNoPeak, far)
	}
	return s, nil
}
