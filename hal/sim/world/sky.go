package world

import "math"

// The Earth and the geostationary orbit: WGS84, and 42164.17 km.
const (
	earthRadius  = 6378137.0 // metres
	earthEcc2    = 6.69437999014e-3
	geostation   = 42164.17e3
	refractivity = 315e-6 // of the air at the ground, ITU-R P.453
)

// vector is in metres: to 0° east, to 90° east, to the pole.
type vector [3]float64

func (a vector) dot(b vector) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func (a vector) plus(f float64, b vector) vector {
	return vector{a[0] + f*b[0], a[1] + f*b[1], a[2] + f*b[2]}
}

// Look returns where a geostationary satellite over longitude orbit is seen from a place,
// as the air bends it, and by how much its polarisations are turned clockwise, seen from
// behind the dish; all in degrees, height in metres. It is good to 0.01° above 20°.
func Look(lat, lon, height, orbit float64) (azimuth, elevation, skew float64) {
	sLat, cLat := math.Sincos(rad(lat))
	sLon, cLon := math.Sincos(rad(lon))
	n := earthRadius / math.Sqrt(1-earthEcc2*sLat*sLat)
	site := vector{(n + height) * cLat * cLon, (n + height) * cLat * sLon, (n*(1-earthEcc2) + height) * sLat}
	sOrb, cOrb := math.Sincos(rad(orbit))
	ray := vector{geostation * cOrb, geostation * sOrb, 0}.plus(-1, site)
	ray = ray.plus(1/math.Sqrt(ray.dot(ray))-1, ray)
	east, north, up := vector{-sLon, cLon, 0}, vector{-sLat * cLon, -sLat * sLon, cLat}, vector{cLat * cLon, cLat * sLon, sLat}
	azimuth = math.Mod(degrees(math.Atan2(ray.dot(east), ray.dot(north)))+360, 360)
	elevation = degrees(math.Asin(ray.dot(up)))
	elevation += degrees(refractivity / math.Tan(rad(elevation)))
	// What is up and what is right of who looks along the ray, and the pole among them.
	over := up.plus(-up.dot(ray), ray)
	right := vector{ray[1]*up[2] - ray[2]*up[1], ray[2]*up[0] - ray[0]*up[2], ray[0]*up[1] - ray[1]*up[0]}
	skew = degrees(math.Atan2(right[2], over[2]))
	return azimuth, elevation, skew
}

func rad(degrees float64) float64 { return degrees * math.Pi / 180 }

func degrees(rad float64) float64 { return rad * 180 / math.Pi }
