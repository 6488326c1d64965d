package dish

import (
	"math"
	"time"
)

// Almanac knows where the Sun is within a span of time, from a table that is made once
// and serves any number of stations. It never changes and may be shared.
type Almanac struct {
	first float64 // of the table, seconds from J2000; a whole number of days
	suns  []vec   // apparent, one a day
}

// mostDays bounds an Almanac: a century.
const mostDays = 36_600

// NewAlmanac returns an almanac from one moment to the other, which may be a century
// apart at most; what is beyond is left out. It takes 20 µs a day.
func NewAlmanac(from, to time.Time) *Almanac {
	a := &Almanac{first: (math.Floor(since(from)/day) - 2) * day}
	days := min(max(int((since(to)-a.first)/day), 0)+4, mostDays)
	a.suns = make([]vec, days)
	for i := range a.suns {
		a.suns[i] = apparentSun(a.first + float64(i)*day)
	}
	return a
}

// from and to are the span that the table serves.
func (a *Almanac) from() float64 { return a.first + day }
func (a *Almanac) to() float64   { return a.first + float64(len(a.suns)-2)*day }

// still returns the Sun as apparentSun does, by the cubic through the four days around:
// 0.001" off at most. Outside the table it goes on with its end.
func (a *Almanac) still(sec float64) vec {
	x := (sec - a.first) / day
	i := min(max(int(x), 1), len(a.suns)-3)
	x -= float64(i)
	p := (*[4]vec)(a.suns[i-1 : i+3])
	k0, k1 := -x*(x-1)*(x-2)/6, (x+1)*(x-1)*(x-2)/2
	k2, k3 := -(x+1)*x*(x-2)/2, (x+1)*x*(x-1)/6
	return vec{
		k0*p[0].x + k1*p[1].x + k2*p[2].x + k3*p[3].x,
		k0*p[0].y + k1*p[1].y + k2*p[2].y + k3*p[3].y,
		k0*p[0].z + k1*p[1].z + k2*p[2].z + k3*p[3].z,
	}
}

// sun returns the Sun as a vector of the turning Earth.
func (a *Almanac) sun(sec float64) vec { return a.still(sec).turned(spin(sec)) }
