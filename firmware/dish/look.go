package dish

import "math"

// View is a satellite as seen from a place.
type View struct {
	Azimuth   Degrees // of true north, clockwise, 0 … 360
	Elevation Degrees // above the plane of the ellipsoid's horizon, without refraction
	Range     Metres
	Visible   bool // above the horizon
	// Skew is the angle from the local vertical plane to the plane of the line of sight
	// and the Earth's axis, to which the satellite's polarisations keep. It is clockwise
	// as seen from the station towards the satellite, that is from behind the dish;
	// -90 … 90, not including -90.
	Skew Degrees
	// Plumb says that the satellite stands straight above or below: there is neither an
	// azimuth nor a skew.
	Plumb bool
}

// Look returns how o is seen from p, both of which must be right. Its error is that of
// the arithmetic, below 1e-11 degrees.
func Look(p Place, o Orbit) View {
	h := p.horizon()
	d := o.vec().minus(h.at)
	v := View{Range: Metres(d.norm())}
	v.Azimuth, v.Elevation, v.Plumb = h.angles(d)
	v.Visible = v.Elevation > 0
	if !v.Plumb {
		v.Skew = skew(h.up, d.times(1/float64(v.Range)))
	}
	return v
}

func (o Orbit) vec() vec { return polar(o.Longitude.rad(), o.Latitude.rad(), float64(o.Radius)) }

// skew is the angle between the projections of the vertical and of the Earth's axis
// onto the plane at right angles to the line of sight d.
func skew(up, d vec) Degrees {
	axis := vec{0, 0, 1}
	right := d.cross(up) // of who looks along d
	s := degrees(math.Atan2(axis.dot(right), axis.dot(up)-axis.dot(d)*up.dot(d)))
	switch {
	case s <= -90:
		s += 180
	case s > 90:
		s -= 180
	}
	return s
}

// Gap returns the angle between where a and b are seen, 0 … 180.
func Gap(p Place, a, b Orbit) Degrees {
	at := p.horizon().at
	return separation(a.vec().minus(at), b.vec().minus(at))
}

func separation(a, b vec) Degrees {
	return degrees(math.Atan2(a.cross(b).norm(), a.dot(b)))
}
