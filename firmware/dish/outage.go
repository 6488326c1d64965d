package dish

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Outage is the passage of the Sun behind a satellite on one day.
type Outage struct {
	Peak       time.Time // when the Sun's middle is nearest
	Separation Degrees   // then, from the satellite
	Margin     Degrees   // by how much that is inside the half angle; negative: no outage
	Start, End time.Time // zero when there is no outage
}

// Out says whether there is an outage on that day at all.
func (o Outage) Out() bool { return !o.Start.IsZero() }

// Duration returns how long it lasts; 0 when there is none.
func (o Outage) Duration() time.Duration { return o.End.Sub(o.Start) }

// Season is the spring or the autumn of one station and satellite.
type Season struct {
	Peak Outage   // of the day on which the Sun comes nearest
	Days []Outage // of days in order, those without an outage within a degree included
}

// Outages returns only the days with an outage.
func (s Season) Outages() []Outage {
	var out []Outage
	for _, o := range s.Days {
		if o.Out() {
			out = append(out, o)
		}
	}
	return out
}

// Total returns how long all outages last together.
func (s Season) Total() time.Duration {
	var sum time.Duration
	for _, o := range s.Days {
		sum += o.Duration()
	}
	return sum
}

// ErrUnseen means that the satellite is below the horizon.
var ErrUnseen = errors.New("the satellite is below the horizon")

// OutageHalfAngle returns how near the Sun's middle comes to the satellite while it is
// received: its rim touches the beam where that is 3 dB down.
func OutageHalfAngle(beamwidth Degrees) Degrees { return beamwidth/2 + SunRadius }

// nearMiss is within which days without an outage are told of.
const nearMiss Degrees = 1

// Bounds of a season, far beyond all dishes.
const (
	mostSeason  = 90 // days, to either side
	mostOutside = 60 // degrees of the half angle
)

// Season returns the outages of the first (spring) or the second half (autumn) of a
// year, while the Sun's middle is within half of the satellite. The almanac must cover
// that half year. The error is ErrUnseen, ErrPlace or ErrOrbit, or tells of the half angle.
func (a *Almanac) Season(p Place, o Orbit, half Degrees, year int, autumn bool) (Season, error) {
	if err := errors.Join(p.Check(), o.Check()); err != nil {
		return Season{}, err
	}
	if !within(float64(half), 0, mostOutside) {
		return Season{}, fmt.Errorf("half angle %v: want 0 to %d degrees", float64(half), mostOutside)
	}
	if !Look(p, o).Visible {
		return Season{}, ErrUnseen
	}
	w := a.watch(p, o, half)
	low, high := halfYear(year, autumn)
	if low < a.from() || high > a.to() {
		return Season{}, fmt.Errorf("no table of the Sun for %d", year)
	}
	return w.season(w.nearestDay(low, high, autumn), low, high), nil
}

// halfYear is between the solstices, where the Sun's declination goes one way.
func halfYear(year int, autumn bool) (low, high float64) {
	from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	to := time.Date(year, 6, 20, 0, 0, 0, 0, time.UTC)
	if autumn {
		from, to = time.Date(year, 6, 22, 0, 0, 0, 0, time.UTC), time.Date(year, 12, 20, 0, 0, 0, 0, time.UTC)
	}
	return since(from), since(to)
}

// watch is a station that looks at a satellite.
type watch struct {
	*Almanac
	at, to vec // where the station is; unit vector to the satellite
	half   Degrees
}

func (a *Almanac) watch(p Place, o Orbit, half Degrees) watch {
	at := p.horizon().at
	to := o.vec().minus(at)
	return watch{a, at, to.times(1 / to.norm()), half}
}

// away is the angle between Sun and satellite, in radians.
func (w *watch) away(sec float64) float64 {
	s := w.sun(sec).minus(w.at)
	return math.Atan2(s.cross(w.to).norm(), s.dot(w.to))
}

// conjunction returns the moment nearest to sec when Sun and satellite have the same
// hour angle, as seen from the station.
func (w *watch) conjunction(sec float64) float64 {
	want := math.Atan2(w.to.y, w.to.x)
	for range 3 {
		s := w.sun(sec).minus(w.at)
		ahead := math.Remainder(math.Atan2(s.y, s.x)-want, 2*math.Pi)
		sec += ahead / spinRate
	}
	return sec
}

// peak returns when the Sun is nearest on the day of a conjunction: the lowest point of
// the square of the distance, which is all but a parabola.
func (w *watch) peak(sec float64) (float64, float64) {
	const step = 60.0
	square := func(t float64) float64 { v := w.away(t); return v * v }
	for range 2 {
		before, here, after := square(sec-step), square(sec), square(sec+step)
		if bend := before - 2*here + after; bend > 0 {
			sec += min(max(step*(before-after)/(2*bend), -10*step), 10*step)
		}
	}
	return sec, w.away(sec)
}

// edge returns when the Sun is at the half angle, on one side of the peak.
func (w *watch) edge(peak, least, side float64) float64 {
	half := w.half.rad()
	rise := half*half - least*least
	off := side * math.Sqrt(rise) / spinRate
	for range 8 {
		v := w.away(peak + off)
		k := math.Sqrt(rise / max(v*v-least*least, rise/16))
		off *= min(k, 4)
		if math.Abs(k-1) < 1e-8 {
			break
		}
	}
	return peak + off
}

// on returns the passage of the day whose conjunction is near sec.
func (w *watch) on(sec float64) (Outage, float64) {
	peak, least := w.peak(w.conjunction(sec))
	o := Outage{Peak: moment(peak), Separation: degrees(least)}
	o.Margin = w.half - o.Separation
	if o.Margin > 0 {
		o.Start, o.End = moment(w.edge(peak, least, -1)), moment(w.edge(peak, least, 1))
	}
	return o, peak
}

// nearestDay returns about when the Sun has the satellite's declination.
func (w *watch) nearestDay(low, high float64, falling bool) float64 {
	for high-low > day/4 {
		middle := (low + high) / 2
		s := w.still(middle).minus(vec{z: w.at.z})
		if (s.z/s.norm() < w.to.z) != falling {
			low = middle
		} else {
			high = middle
		}
	}
	return w.conjunction(low)
}

// season goes from the nearest day into both directions, until the Sun is out of reach.
func (w *watch) season(middle, low, high float64) Season {
	var before, days []Outage
	for t, n := middle-day, 0; n < mostSeason && t >= low; n++ {
		o, peak := w.on(t)
		if o.Margin <= -nearMiss {
			break
		}
		before, t = append(before, o), peak-day
	}
	for i := len(before) - 1; i >= 0; i-- {
		days = append(days, before[i])
	}
	for t, n := middle, 0; n < mostSeason && t <= high; n++ {
		o, peak := w.on(t)
		if o.Margin <= -nearMiss {
			break
		}
		days, t = append(days, o), peak+day
	}
	s := Season{Days: days}
	for i, o := range days {
		if i == 0 || o.Separation < s.Peak.Separation {
			s.Peak = o
		}
	}
	return s
}
