package dish_test

import (
	"math"
	"testing"

	"periph.io/x/conn/v3/physic"

	"stationbox/firmware/dish"
)

func frequency(gigahertz float64) physic.Frequency {
	return physic.Frequency(gigahertz * float64(physic.GigaHertz))
}

func TestBeam(t *testing.T) {
	tests := []struct {
		diameter     dish.Metres
		gigahertz    float64
		want         float64 // degrees
		oneDB, tenth float64 // off by so much costs 1 dB, 0.1 dB
	}{{0.75, 12.5, 2.24, 0.65, 0.20}, {1.2, 12.5, 1.40, 0.40, 0.13}, {1.8, 3.95, 2.95, 0.85, 0.27}, {3, 3.95, 1.77, 0.51, 0.16}}
	for _, tt := range tests {
		got, err := dish.Beamwidth(tt.diameter, frequency(tt.gigahertz))
		if err != nil || math.Abs(float64(got)-tt.want) > 0.006 {
			t.Errorf("%v m: %v, want %v, %v", tt.diameter, got, tt.want, err)
		}
		for loss, want := range map[dish.DB]float64{1: tt.oneDB, 0.1: tt.tenth} {
			off := dish.OffAt(loss, got)
			if math.Abs(float64(off)-want) > 0.006 || math.Abs(float64(dish.PointingLoss(off, got)-loss)) > 1e-9 {
				t.Errorf("%v m: %v off for %v", tt.diameter, off, loss)
			}
		}
	}
	for _, bad := range []dish.Metres{0, -1, dish.Metres(math.NaN()), 1e9} {
		if _, err := dish.Beamwidth(bad, frequency(12)); err == nil {
			t.Errorf("a dish of %v", bad)
		}
	}
}

func TestSkewLoss(t *testing.T) {
	if l, x := dish.SkewLoss(5), dish.CrossPolar(5); math.Abs(float64(l)-0.033) > 0.001 || math.Abs(float64(x)-21.16) > 0.01 {
		t.Errorf("5 degrees: %v %v", l, x)
	}
	if x := dish.CrossPolar(20); math.Abs(float64(x)-8.78) > 0.01 {
		t.Errorf("20 degrees: %v", x)
	}
}

// A rim that is cut out of a paraboloid z = r²/4f by a cylinder lies in a plane of the
// slope x0/2f, and its axes have the cosine of that.
func TestRimTilt(t *testing.T) {
	const f, x0, a = 0.45, 0.42, 0.4 // focal length, middle and half width of the cylinder
	tilt, err := dish.RimTilt(2*a, 2*dish.Metres(a*math.Hypot(1, x0/(2*f))))
	if err != nil || math.Abs(math.Tan(float64(tilt)*math.Pi/180)-x0/(2*f)) > 1e-9 {
		t.Errorf("%v, want slope %v, %v", tilt, x0/(2*f), err)
	}
	if _, err := dish.RimTilt(0.7, 0.6); err == nil {
		t.Error("a rim wider than high")
	}
}

// Table 5 of ITU-R P.838-3.
func TestRain(t *testing.T) {
	tests := []struct{ gigahertz, kH, aH, kV, aV float64 }{
		{4, 0.0001071, 1.6009, 0.0002461, 1.2476}, {10, 0.01217, 1.2571, 0.01129, 1.2156}, {12, 0.02386, 1.1825, 0.02455, 1.1216},
		{20, 0.09164, 1.0568, 0.09611, 0.9847}, {30, 0.2403, 0.9485, 0.2291, 0.9129}, {100, 1.3671, 0.6815, 1.3680, 0.6765},
	}
	for _, tt := range tests {
		for tilt, want := range map[dish.Degrees][2]float64{0: {tt.kH, tt.aH}, 90: {tt.kV, tt.aV}} {
			got, err := dish.Rain(frequency(tt.gigahertz), 0, tilt, 50)
			if w := want[0] * math.Pow(50, want[1]); err != nil || math.Abs(float64(got)/w-1) > 5e-4 {
				t.Errorf("%v GHz, %v: %v, want %v, %v", tt.gigahertz, tilt, got, w, err)
			}
		}
		circular, _ := dish.Rain(frequency(tt.gigahertz), 30, 45, 1)
		if want := (tt.kH + tt.kV) / 2; math.Abs(float64(circular)/want-1) > 5e-4 {
			t.Errorf("%v GHz circular: %v, want %v", tt.gigahertz, circular, want)
		}
	}
	if _, err := dish.Rain(frequency(0.5), 30, 0, 10); err == nil {
		t.Error("0.5 GHz is out of the range")
	}
}
