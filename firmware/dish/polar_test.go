package dish_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"stationbox/firmware/dish"
)

// Receivers reckon with a sphere, by which angles differ up to 0.03 degrees from the
// ellipsoid's, half a step of a motor: the first row is what one publishes.
func TestHourAngle(t *testing.T) {
	tests := []struct {
		name          string
		lat, lon, sat dish.Degrees
		want, within  dish.Degrees
	}{
		{"Belfast, 19.2 E", 54.597, -5.93, 19.2, 27.43, 0.03},
		{"over the meridian", 39.9, 116.4, 116.4, 0, 1e-12},
		{"from the pole it is the longitude", 90, 0, 30, 30, 1e-9},
		// On the equator without the Earth's size: atan(sin 30 / (cos 30 - 0.15127)).
		{"from the equator", 0, 100, 130, 34.9743, 1e-3},
	}
	for _, tt := range tests {
		got := dish.HourAngle(dish.Place{Latitude: tt.lat, Longitude: tt.lon}, dish.Geostationary(tt.sat))
		if math.Abs(float64(got-tt.want)) > float64(tt.within) {
			t.Errorf("%s: %.4f, want %.4f", tt.name, got, tt.want)
		}
	}
}

// East and west are alike, and the angle is the one on the sky about the axis of the
// Earth: who turns the line to the satellite back by it looks into the meridian.
func TestHourAngleProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := dish.Place{Latitude: dish.Degrees(rapid.Float64Range(-75, 75).Draw(r, "lat")), Longitude: dish.Degrees(rapid.Float64Range(-180, 180).Draw(r, "lon"))}
		d := dish.Degrees(rapid.Float64Range(0, 60).Draw(r, "d"))
		east := dish.HourAngle(p, dish.Geostationary(wrapped(p.Longitude+d)))
		west := dish.HourAngle(p, dish.Geostationary(wrapped(p.Longitude-d)))
		if math.Abs(float64(east+west)) > 1e-9 || east < d-1e-9 {
			r.Fatalf("%v east, %v west for %v", east, west, d)
		}
		// By spherical trigonometry from azimuth and elevation.
		v := dish.Look(p, dish.Geostationary(wrapped(p.Longitude+d)))
		const rad = math.Pi / 180
		sa, ca := math.Sincos(float64(v.Azimuth) * rad)
		se, ce := math.Sincos(float64(v.Elevation) * rad)
		sl, cl := math.Sincos(float64(p.Latitude) * rad)
		if h := math.Atan2(ce*sa, se*cl-ce*ca*sl) / rad; math.Abs(h-float64(east)) > 1e-9 {
			r.Fatalf("%v by the sky, %v by the axis", h, east)
		}
	})
}

func wrapped(d dish.Degrees) dish.Degrees {
	return dish.Degrees(math.Remainder(float64(d), 360))
}
