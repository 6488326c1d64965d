package dish

import "math"

// The atmosphere of the ray: refractivity at sea level and how fast it thins out, as in
// ITU-R P.453, up to where nothing is left of it.
const (
	refractivity = 315e-6
	scaleHeight  = 7350.0
	skyHeight    = 100_000.0
	meanRadius   = 6371e3
	raySteps     = 96 // even; 1e-7 degrees at the horizon
)

func index(height float64) float64 { return 1 + refractivity*math.Exp(-height/scaleHeight) }

// Refraction returns by how much a geostationary satellite appears higher than it
// stands, for an elevation without refraction of 0 … 90 at a height: add it. The ray is
// traced through the atmosphere; what the weather changes is a tenth of it above
// 10 degrees. It is 0 below the horizon.
func Refraction(elevation Degrees, height Metres) Degrees {
	e := elevation.rad()
	if !(e >= 0 && e < math.Pi/2) {
		return 0
	}
	var lift float64
	for range 30 { // each step leaves a fifth at the horizon, a thousandth at 10 degrees
		next := e + lift - geometric(e+lift, float64(height))
		done := math.Abs(next-lift) < 1e-10
		lift = next
		if done {
			break
		}
	}
	return degrees(lift)
}

// geometric is where a satellite really stands that appears at elevation e, in radians.
func geometric(e, height float64) float64 {
	r0 := meanRadius + height
	k := index(height) * r0 * math.Cos(e) // n·r·cos e is the same all along the ray
	// Angle at the middle of the Earth: a straight ray's, and by how much ours is bent.
	theta := math.Acos(k/float64(GeoRadius)) - e + bending(k, r0)
	return math.Atan2(float64(GeoRadius)*math.Cos(theta)-r0, float64(GeoRadius)*math.Sin(theta))
}

// bending is the integral of -cot(e)·dn/n along the ray, by Simpson's rule over the
// root of the height, which keeps a ray from the horizon finite.
func bending(k, r0 float64) float64 {
	step := math.Sqrt(meanRadius+skyHeight-r0) / raySteps
	var sum float64
	for i := range raySteps + 1 {
		weight := 2.0 + 2*float64(i%2)
		if i == 0 || i == raySteps {
			weight = 1
		}
		sum += weight * bend(k, r0, float64(i)*step)
	}
	return sum * step / 3
}

// bend is the integrand at the height s² above r0.
func bend(k, r0, s float64) float64 {
	s = max(s, 1e-3) // its limit at the horizon
	r := r0 + s*s
	n := index(r - meanRadius)
	c := k / (n * r)
	sin2 := 1 - c*c
	if sin2 <= 0 {
		return 0
	}
	return c / math.Sqrt(sin2) * (n - 1) / scaleHeight / n * 2 * s
}
