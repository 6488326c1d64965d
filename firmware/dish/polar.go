package dish

import "math"

// HourAngle returns by how much a motor with its axis parallel to the Earth's (a polar
// mount, as DiSEqC motors have) turns the dish to o, from the meridian of p to the east
// positive, -180 … 180. What receivers call USALS is this:
//
//	tan H = sin D / (cos D - ρ/R)
//
// where D is how far east of p the satellite is, R its distance from the Earth's axis and
// ρ that of p, (N+h)·cos(latitude). It is exact for a satellite over the equator, and the
// refraction of the air, below 0.1 degrees above 10 of elevation, is not in it.
func HourAngle(p Place, o Orbit) Degrees {
	d := o.vec().minus(p.horizon().at).turned(p.Longitude.rad())
	return degrees(math.Atan2(d.y, d.x))
}
