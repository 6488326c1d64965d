package dish

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Sight is one reading of C/N while the Sun passes behind a satellite.
type Sight struct {
	At     time.Time
	Locked bool
	CNR    DB // while locked
}

// Boresight is where a dish really points, seen from the satellite that it should point
// at.
type Boresight struct {
	CrossElevation Degrees // on the sky, to the right (growing azimuth) positive
	Elevation      Degrees // up positive
	Sigma          Degrees // standard deviation, the worse of the two
	Noise          DB      // of a single reading
	Depth          DB      // by how much C/N would fall with the Sun on the axis
	Used           int     // readings
	Days           int     // on which the Sun was seen
}

// Errors of a fit to the Sun's passages.
var (
	ErrFewSights = errors.New("too few locked readings")
	ErrNoSun     = errors.New("the Sun does not show in the log")
	ErrTwoWays   = errors.New("the dish may point to either side of the Sun's path: more days are needed")
)

const (
	// MostSights bounds the readings of one fit, MostSightDays the days they lie on.
	MostSights    = 60_000
	MostSightDays = 60
	fewSights     = 30
	// farthest is within how many beam widths of the satellite a boresight is sought;
	// beyond that nothing would have been received.
	farthest = 1.5
	// clearDip is by how many standard deviations C/N must fall for a Sun to be seen.
	clearDip = 8
	// vague is the error, as a part of the beam, from which on an answer is none.
	vague = 0.1
	// overFloor is how many deviations above the weakest C/N with lock a reading must be
	// expected to be: below it only those with luck had lock.
	overFloor = 3
)

// transit is a fit of C/N = clear sky of the day - 10·log(1 + A·q(angle from boresight)),
// with q the part of a Gaussian beam that the Sun's disc fills.
type transit struct {
	suns  []vec // towards the Sun, along right, up, to the satellite
	cnr   []float64
	day   []int
	w     []float64 // weights
	days  int
	floor float64 // the weakest C/N with lock, -Inf when lock was never lost
	beam  fillTable
}

// FindBoresight returns where a dish at p of the width beamwidth points that was turned
// towards o, from a log of C/N over days on which the Sun passed behind o: the Sun's
// track, which is known exactly, scans the beam. The log needs no order; readings
// without lock say nothing. Two days are needed at least, as one does not tell on which
// side the Sun passed. The errors are ErrPlace, ErrOrbit, ErrUnseen, ErrDish,
// ErrFewSights, ErrNoSun and ErrTwoWays, or tell of a number out of range.
func FindBoresight(p Place, o Orbit, beamwidth Degrees, log []Sight) (Boresight, error) {
	if err := checkSights(p, o, beamwidth, log); err != nil {
		return Boresight{}, err
	}
	f, err := newTransit(p, o, beamwidth, log)
	if err != nil {
		return Boresight{}, err
	}
	return f.find()
}

func checkSights(p Place, o Orbit, beamwidth Degrees, log []Sight) error {
	if err := errors.Join(p.Check(), o.Check()); err != nil {
		return err
	}
	switch v := Look(p, o); {
	case !v.Visible:
		return ErrUnseen
	case v.Plumb:
		return fmt.Errorf("%w: straight above", ErrOrbit)
	case !within(float64(beamwidth), 0.1, 20):
		return fmt.Errorf("%w: beam %v degrees", ErrDish, float64(beamwidth))
	case len(log) > MostSights:
		return fmt.Errorf("%d readings: want %d at most", len(log), MostSights)
	}
	for i, s := range log {
		if s.Locked && !within(float64(s.CNR), -30, 60) {
			return fmt.Errorf("reading %d: %v dB", i+1, float64(s.CNR))
		}
		if !within(float64(s.At.Year()), 1950, 2150) {
			return fmt.Errorf("reading %d: no Sun for %v", i+1, s.At)
		}
	}
	return nil
}

func newTransit(p Place, o Orbit, beamwidth Degrees, log []Sight) (*transit, error) {
	log = slices.SortedFunc(slices.Values(log), func(a, b Sight) int { return a.At.Compare(b.At) })
	f := &transit{floor: math.Inf(-1), beam: newFillTable(beamwidth)}
	var almanac *Almanac
	var basis [3]vec
	lost, last := false, time.Time{}
	for _, s := range log {
		if !s.Locked {
			lost = true
			continue
		}
		if len(f.cnr) == 0 || s.At.Sub(last) > 6*time.Hour {
			f.days++
			almanac, basis = NewAlmanac(s.At, s.At.AddDate(0, 0, 2)), sky(p, o)
		}
		last = s.At
		d := almanac.sun(since(s.At)).minus(p.horizon().at)
		d = d.times(1 / d.norm())
		f.suns = append(f.suns, vec{d.dot(basis[0]), d.dot(basis[1]), d.dot(basis[2])})
		f.cnr, f.day = append(f.cnr, float64(s.CNR)), append(f.day, f.days-1)
	}
	switch {
	case len(f.cnr) < fewSights:
		return nil, fmt.Errorf("%w: %d of %d, want %d", ErrFewSights, len(f.cnr), len(log), fewSights)
	case f.days > MostSightDays:
		return nil, fmt.Errorf("%d days: want %d at most", f.days, MostSightDays)
	}
	if lost {
		f.floor = slices.Min(f.cnr)
	}
	return f, nil
}

// sky returns the directions right, up and forward of who looks at o from p.
func sky(p Place, o Orbit) [3]vec {
	h := p.horizon()
	to := o.vec().minus(h.at)
	to = to.times(1 / to.norm())
	right := to.cross(h.up)
	right = right.times(1 / right.norm())
	return [3]vec{right, right.cross(to), to}
}

// fillTable is BeamFill by the angle, relative to the Sun on the axis: its logarithm, which
// is all but a parabola, at even steps.
type fillTable struct {
	step float64 // radians
	log  []float64
}

// fillSteps is how many steps a beam width has; fillReach how many beam widths there are.
const (
	fillSteps = 40
	fillReach = 6
)

func newFillTable(beamwidth Degrees) fillTable {
	t := fillTable{step: beamwidth.rad() / fillSteps, log: make([]float64, fillSteps*fillReach+2)}
	// A Sun that is wide against the beam is off by several beam widths when its rim still fills it.
	axis := BeamFill(beamwidth, 0, SunRadius)
	for i := range t.log {
		t.log[i] = math.Log(max(BeamFill(beamwidth, degrees(float64(i)*t.step), SunRadius)/axis, 1e-300))
	}
	return t
}

func (t fillTable) at(angle float64) float64 {
	x := angle / t.step
	i := int(x)
	if i > len(t.log)-3 || t.log[i+2] < -60 {
		return 0
	}
	x -= float64(i)
	before := t.log[1] // it is even
	if i > 0 {
		before = t.log[i-1]
	}
	a, b, c := t.log[i], t.log[i+1], t.log[i+2]
	// The cubic through four points.
	return math.Exp(a + x*(b-before/3-a/2-c/6+x*((before+b)/2-a+x*(a/2-b/2+(c-before)/6))))
}
