// Package dish knows where a dish has to point and when the Sun is in its way:
// look angles on the WGS84 ellipsoid, the skew of the polarisation, refraction, the
// magnetic field, the Sun, sun outages, the width of the beam and the loss in rain.
// From logs it tells where a dish does point (FindBoresight, by the Sun; Peak, by a hand
// scan), where a compass board points (CalibrateCompass) and why a signal fell (Why).
// Those are fits by physics: each has an error of its own, and where the log does not
// say enough they return an error instead of a number.
//
// It is pure: places, times and satellites come in, angles go out, nothing is opened
// or remembered. It promises the figures of the golden tables in testdata; it never
// rounds for people and has no words. Where satellites stand is data of the
// configuration, not of this package.
package dish

import (
	"errors"
	"fmt"
	"math"
)

// Degrees is an angle.
type Degrees float64

// Metres is a length.
type Metres float64

// Nanotesla is a magnetic flux density.
type Nanotesla float64

// DB is a ratio of powers in decibels.
type DB float64

// Place is where a station stands. The height is above the ellipsoid; a height above
// the sea, which in China differs by less than 70 m, moves no angle by 1e-4 degrees.
type Place struct {
	Latitude  Degrees // geodetic, north positive, -90 … 90
	Longitude Degrees // east positive, -180 … 360
	Height    Metres  // -1000 … 20000
}

// ErrPlace means that there is no such place, ErrOrbit no such satellite.
var (
	ErrPlace = errors.New("no such place on Earth")
	ErrOrbit = errors.New("no such satellite")
)

// Check returns ErrPlace when p is none.
func (p Place) Check() error {
	switch {
	case !within(float64(p.Latitude), -90, 90):
		return fmt.Errorf("%w: latitude %v", ErrPlace, p.Latitude)
	case !within(float64(p.Longitude), -180, 360):
		return fmt.Errorf("%w: longitude %v", ErrPlace, p.Longitude)
	case !within(float64(p.Height), -1000, 20_000):
		return fmt.Errorf("%w: height %v m", ErrPlace, p.Height)
	}
	return nil
}

// Orbit is where a satellite stands, as seen from the middle of the Earth.
type Orbit struct {
	Longitude Degrees // east positive, -180 … 360
	Latitude  Degrees // geocentric; 0 for one that keeps its place
	Radius    Metres  // from the middle of the Earth, 6.6e6 … 5e8
}

// GeoRadius is the nominal radius of the geostationary orbit.
const GeoRadius Metres = 42_164_170

// Geostationary returns the nominal orbit over a longitude.
func Geostationary(longitude Degrees) Orbit { return Orbit{Longitude: longitude, Radius: GeoRadius} }

// Check returns ErrOrbit when o is none.
func (o Orbit) Check() error {
	switch {
	case !within(float64(o.Longitude), -180, 360):
		return fmt.Errorf("%w: longitude %v", ErrOrbit, o.Longitude)
	case !within(float64(o.Latitude), -90, 90):
		return fmt.Errorf("%w: latitude %v", ErrOrbit, o.Latitude)
	case !within(float64(o.Radius), 6.6e6, 5e8):
		return fmt.Errorf("%w: %v m from the middle of the Earth", ErrOrbit, o.Radius)
	}
	return nil
}

// within is false for a NaN.
func within(v, low, high float64) bool { return v >= low && v <= high }

func (d Degrees) rad() float64 { return float64(d) * (math.Pi / 180) }

func degrees(rad float64) Degrees { return Degrees(rad * (180 / math.Pi)) }

// vec is a vector fixed to the Earth: x to longitude 0, z to the north pole; metres,
// or a direction.
type vec struct{ x, y, z float64 }

func (a vec) minus(b vec) vec     { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) times(k float64) vec { return vec{a.x * k, a.y * k, a.z * k} }
func (a vec) dot(b vec) float64   { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) norm() float64       { return math.Sqrt(a.dot(a)) }
func (a vec) cross(b vec) vec     { return vec{a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x} }
func (a vec) turned(rad float64) vec {
	s, c := math.Sincos(rad)
	return vec{c*a.x + s*a.y, c*a.y - s*a.x, a.z}
}

func polar(longitude, latitude, radius float64) vec {
	sl, cl := math.Sincos(longitude)
	sb, cb := math.Sincos(latitude)
	return vec{radius * cb * cl, radius * cb * sl, radius * sb}
}

// The ellipsoid of WGS84.
const (
	equator    = 6378137.0
	flattening = 1 / 298.257223563
	eccentric2 = flattening * (2 - flattening)
)

// horizon is a place with its directions.
type horizon struct {
	at              vec
	east, north, up vec
}

func (p Place) horizon() horizon {
	sl, cl := math.Sincos(p.Longitude.rad())
	sb, cb := math.Sincos(p.Latitude.rad())
	n := equator / math.Sqrt(1-eccentric2*sb*sb)
	h := float64(p.Height)
	return horizon{
		at:    vec{(n + h) * cb * cl, (n + h) * cb * sl, (n*(1-eccentric2) + h) * sb},
		east:  vec{-sl, cl, 0},
		north: vec{-sb * cl, -sb * sl, cb},
		up:    vec{cb * cl, cb * sl, sb},
	}
}

// angles returns azimuth (0 … 360) and elevation of the direction d. plumb is true
// straight up and down, where there is no azimuth.
func (h horizon) angles(d vec) (azimuth, elevation Degrees, plumb bool) {
	e, n, u := d.dot(h.east), d.dot(h.north), d.dot(h.up)
	flat := math.Hypot(e, n)
	elevation = degrees(math.Atan2(u, flat))
	if flat < 1e-12*math.Abs(u) {
		return 0, elevation, true
	}
	azimuth = degrees(math.Atan2(e, n))
	if azimuth < 0 {
		azimuth += 360
	}
	if azimuth >= 360 { // a tiny negative angle was added to 360
		azimuth = 0
	}
	return azimuth, elevation, false
}
