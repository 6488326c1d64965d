package dish

import (
	"errors"
	"math"
	"time"
)

// Crossing is a moment at which the Sun stands at an azimuth, so that the shadow of an
// upright mast lies on it, or points away from it.
type Crossing struct {
	At        time.Time
	Elevation Degrees // of the Sun, without refraction, which moves no azimuth
	Rate      Degrees // by which the azimuth grows in a minute: what a wrong clock costs
}

// lowSun is how high the Sun must be for a shadow that can be used.
const lowSun Degrees = 5

// ErrNoCrossing means that the Sun does not pass that azimuth high enough.
var ErrNoCrossing = errors.New("the sun does not pass that azimuth more than 5 degrees high")

// Shadow returns when, in the 24 hours after start, the Sun's azimuth, growing, passes
// the azimuth target with the Sun above 5 degrees; of several moments the last. For the
// shadow that points to a satellite the target is the satellite's azimuth + 180. The
// error is ErrNoCrossing.
func Shadow(p Place, target Degrees, start time.Time) (Crossing, error) {
	first := since(start)
	c := sundial{NewAlmanac(start, start.Add(24*time.Hour)), p.horizon(), target.rad()}
	const step = 120.0
	found := math.NaN()
	side := c.side(first)
	for t := first; t < first+day; t += step {
		next := c.side(t + step)
		if side < 0 && next >= 0 {
			if at := c.root(t, t+step); c.holds(at) {
				found = at
			}
		}
		side = next
	}
	if math.IsNaN(found) {
		return Crossing{}, ErrNoCrossing
	}
	return c.crossing(found), nil
}

type sundial struct {
	*Almanac
	horizon
	target float64
}

// flat returns the Sun's direction along the target azimuth and to the right of it, and
// upwards.
func (c sundial) flat(sec float64) (along, right, up float64) {
	d := c.sun(sec).minus(c.at)
	d = d.times(1 / d.norm())
	s, k := math.Sincos(c.target)
	e, n := d.dot(c.east), d.dot(c.north)
	return e*s + n*k, e*k - n*s, d.dot(c.up)
}

// side is how far the Sun is to the right of the target; smooth, also overhead.
func (c sundial) side(sec float64) float64 {
	_, right, _ := c.flat(sec)
	return right
}

func (c sundial) root(low, high float64) float64 {
	for high-low > 1e-4 {
		middle := (low + high) / 2
		if c.side(middle) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// holds says whether the Sun is at the target and not opposite, and high enough.
func (c sundial) holds(sec float64) bool {
	along, _, up := c.flat(sec)
	return along > 0 && up > math.Sin(lowSun.rad())
}

func (c sundial) crossing(sec float64) Crossing {
	along, _, up := c.flat(sec)
	const step = 1.0
	rate := (c.side(sec+step) - c.side(sec-step)) / (2 * step) / along
	return Crossing{At: moment(sec), Elevation: degrees(math.Atan2(up, along)), Rate: degrees(rate * 60)}
}
