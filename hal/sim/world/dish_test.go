package world

import (
	"math"
	"testing"
)

func TestDishHears(t *testing.T) {
	birds := []Bird{
		{Azimuth: 180, Elevation: 40, Orbit: 1155, Carriers: []Carrier{{KHz: 4_000_000, Horizontal: true, Rate: 27_500_000, ClearDB: 14}}},
		{Azimuth: 186, Elevation: 40, Orbit: 1105, Carriers: []Carrier{{KHz: 4_000_000, Horizontal: true, Rate: 27_500_000, ClearDB: 12}}},
	}
	for _, c := range []struct {
		name       string
		pose       Pose
		rain       float64
		kHz        int
		horizontal bool
		orbit      int // 0: nothing
		dB         float64
	}{
		{"on the mark", Pose{Azimuth: 180, Elevation: 40}, 0, 4_000_000, true, 1155, 14},
		{"half the beam beside", Pose{Azimuth: 180, Elevation: 41}, 0, 4_000_000, true, 1155, 11},
		{"rain", Pose{Azimuth: 180, Elevation: 40}, 4, 4_000_000, true, 1155, 10},
		{"the neighbour", Pose{Azimuth: 186, Elevation: 40}, 0, 4_000_000, true, 1105, 12},
		{"an oscillator that is off", Pose{Azimuth: 180, Elevation: 40}, 0, 4_001_500, true, 1155, 14},
		{"another frequency", Pose{Azimuth: 180, Elevation: 40}, 0, 4_020_000, true, 0, 0},
		{"crossed", Pose{Azimuth: 180, Elevation: 40}, 0, 4_000_000, false, 0, 0},
	} {
		d := NewDish(DishOpts{Pose: c.pose, Birds: birds})
		d.Rain(c.rain)
		b, carrier, dB := d.Hears(c.kHz, c.horizontal, 27_500_000, false)
		if (b == nil) != (c.orbit == 0) || (b == nil) != (carrier == nil) {
			t.Errorf("%s: %v", c.name, b)
			continue
		}
		if b != nil && (b.Orbit != c.orbit || math.Abs(dB-c.dB) > 0.001) {
			t.Errorf("%s: %d with %.3f dB, want %d with %.3f", c.name, b.Orbit, dB, c.orbit, c.dB)
		}
	}
}

func TestDishField(t *testing.T) {
	d := NewDish(DishOpts{Declination: 4, Dip: 60, Field: 50})
	d.Turn(Pose{Azimuth: 94}) // magnetic east
	x, y, z := d.Field()
	if math.Abs(x) > 1e-9 || math.Abs(y+25) > 1e-9 || math.Abs(z-50*math.Sqrt(3)/2) > 1e-9 {
		t.Errorf("%v %v %v", x, y, z)
	}
}
