package dish_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

func anywhere(r *rand.Rand) dish.Place {
	return dish.Place{
		Latitude:  dish.Degrees(math.Asin(2*r.Float64()-1) * 180 / math.Pi),
		Longitude: dish.Degrees(r.Float64()*540 - 180),
		Height:    dish.Metres(r.Float64()*5400 - 400),
	}
}

// What is seen under azimuth, elevation and range from a place is again the satellite.
func TestLookTurnsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		p := anywhere(r)
		o := dish.Orbit{Longitude: dish.Degrees(r.Float64()*540 - 180), Latitude: dish.Degrees(r.Float64()*16 - 8), Radius: dish.GeoRadius}
		v := dish.Look(p, o)
		if v.Azimuth < 0 || v.Azimuth >= 360 || v.Skew <= -90 || v.Skew > 90 {
			t.Fatalf("%+v %+v: %+v", p, o, v)
		}
		got := satellite(p, v)
		if d := math.Hypot(math.Hypot(got[0]-want(o)[0], got[1]-want(o)[1]), got[2]-want(o)[2]); d > 0.001 {
			t.Fatalf("%+v %+v: %g m off", p, o, d)
		}
	}
}

// satellite goes the other way, by other formulas: rotations one after the other.
func satellite(p dish.Place, v dish.View) [3]float64 {
	rad := func(d dish.Degrees) float64 { return float64(d) * math.Pi / 180 }
	north := float64(v.Range) * math.Cos(rad(v.Elevation)) * math.Cos(rad(v.Azimuth))
	east := float64(v.Range) * math.Cos(rad(v.Elevation)) * math.Sin(rad(v.Azimuth))
	up := float64(v.Range) * math.Sin(rad(v.Elevation))
	const a, b = 6378137.0, 6378137.0 * (1 - 1/298.257223563)
	lat, lon := rad(p.Latitude), rad(p.Longitude)
	n := a * a / math.Hypot(a*math.Cos(lat), b*math.Sin(lat))
	out := (n+float64(p.Height))*math.Cos(lat) + up*math.Cos(lat) - north*math.Sin(lat)
	z := (n*b*b/(a*a)+float64(p.Height))*math.Sin(lat) + up*math.Sin(lat) + north*math.Cos(lat)
	return [3]float64{out*math.Cos(lon) - east*math.Sin(lon), out*math.Sin(lon) + east*math.Cos(lon), z}
}

func want(o dish.Orbit) [3]float64 {
	lon, lat, r := float64(o.Longitude)*math.Pi/180, float64(o.Latitude)*math.Pi/180, float64(o.Radius)
	return [3]float64{r * math.Cos(lat) * math.Cos(lon), r * math.Cos(lat) * math.Sin(lon), r * math.Sin(lat)}
}

// East and west are mirrors, north and south too.
func TestLookMirrors(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		p, dl := anywhere(r), dish.Degrees(r.Float64()*140-70)
		v := dish.Look(p, dish.Geostationary(p.Longitude+dl))
		w := dish.Look(p, dish.Geostationary(p.Longitude-dl))
		p.Latitude = -p.Latitude
		s := dish.Look(p, dish.Geostationary(p.Longitude+dl))
		if math.Abs(math.Remainder(float64(v.Azimuth+w.Azimuth), 360)) > 1e-8 || math.Abs(math.Remainder(float64(v.Skew+w.Skew), 180)) > 1e-8 {
			t.Fatalf("east and west of %+v: %+v %+v", p, v, w)
		}
		if math.Abs(math.Remainder(float64(v.Azimuth+s.Azimuth)-180, 360)) > 1e-8 || math.Abs(math.Remainder(float64(v.Skew+s.Skew), 180)) > 1e-8 {
			t.Fatalf("north and south of %+v: %+v %+v", p, v, s)
		}
	}
}

// A satellite to the west of the station's meridian leans to the right, seen from
// behind a dish in the north: that is clockwise.
func TestSkewSign(t *testing.T) {
	if v := dish.Look(dish.Place{Latitude: 40, Longitude: 116}, dish.Geostationary(87.5)); !(v.Skew > 20 && v.Azimuth > 180) {
		t.Errorf("%+v", v)
	}
}

func TestRefraction(t *testing.T) {
	last := dish.Degrees(10)
	for el := dish.Degrees(0); el < 90; el += 0.25 {
		got := dish.Refraction(el, 0)
		if !(got > 0 && got < last) {
			t.Fatalf("%v degrees high: %v after %v", el, got, last)
		}
		if high := dish.Refraction(el, 3650); !(high < got && high > 0) {
			t.Fatalf("%v degrees high at 3650 m: %v, at the sea %v", el, high, got)
		}
		last = got
	}
	if dish.Refraction(-1, 0) != 0 || dish.Refraction(90, 0) != 0 || dish.Refraction(dish.Degrees(math.NaN()), 0) != 0 {
		t.Error("no ray there")
	}
}

// The almanac is a table; what it says is the series.
func TestAlmanacIsTheSun(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := dish.NewAlmanac(from, from.AddDate(1, 0, 0))
	for range 40 {
		p := anywhere(r)
		p.Latitude /= 2
		s, err := a.Season(p, dish.Geostationary(p.Longitude+10), 2, 2026, r.IntN(2) == 1)
		if err != nil {
			t.Fatal(err)
		}
		v := dish.Look(p, dish.Geostationary(p.Longitude+10))
		for _, o := range s.Outages() {
			for _, at := range []time.Time{o.Start, o.End} {
				if d := gap(p, at, v); math.Abs(d-2) > 2e-6 {
					t.Fatalf("%+v: %v: %v degrees at the edge", p, at, d)
				}
			}
			if d := gap(p, o.Peak, v); math.Abs(d-float64(o.Separation)) > 2e-6 {
				t.Fatalf("%+v: %v: %v degrees at the peak, want %v", p, o.Peak, d, o.Separation)
			}
			for _, off := range []time.Duration{-time.Second, time.Second} {
				if gap(p, o.Peak.Add(off), v) < gap(p, o.Peak, v)-1e-7 {
					t.Fatalf("%+v: nearer %v from %v", p, off, o.Peak)
				}
			}
		}
	}
}

// gap is the angle between Sun and satellite by their azimuths and elevations.
func gap(p dish.Place, at time.Time, v dish.View) float64 {
	az, el := dish.Sun(at, p)
	rad := func(d dish.Degrees) float64 { return float64(d) * math.Pi / 180 }
	dEl, dAz := rad(el-v.Elevation)/2, rad(az-v.Azimuth)/2
	h := math.Sin(dEl)*math.Sin(dEl) + math.Cos(rad(el))*math.Cos(rad(v.Elevation))*math.Sin(dAz)*math.Sin(dAz)
	return 2 * math.Asin(math.Sqrt(h)) * 180 / math.Pi
}

func TestSeasonRefuses(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := dish.NewAlmanac(from, from.AddDate(1, 0, 0))
	here, sat := dish.Place{Latitude: 36, Longitude: 117}, dish.Geostationary(115.5)
	if _, err := a.Season(here, dish.Geostationary(-60), 1, 2026, true); !errors.Is(err, dish.ErrUnseen) {
		t.Errorf("below the horizon: %v", err)
	}
	if _, err := a.Season(dish.Place{Latitude: 91}, sat, 1, 2026, true); !errors.Is(err, dish.ErrPlace) {
		t.Errorf("latitude 91: %v", err)
	}
	if _, err := a.Season(here, dish.Orbit{}, 1, 2026, true); !errors.Is(err, dish.ErrOrbit) {
		t.Errorf("inside the Earth: %v", err)
	}
	for _, half := range []dish.Degrees{-1, 61, dish.Degrees(math.NaN())} {
		if _, err := a.Season(here, sat, half, 2026, true); err == nil {
			t.Errorf("half angle %v", half)
		}
	}
	if _, err := a.Season(here, sat, 1, 2027, true); err == nil {
		t.Error("a year that the almanac has not")
	}
	if s, err := a.Season(here, sat, 60, 2026, false); err != nil || len(s.Days) > 200 || len(s.Outages()) < 60 {
		t.Errorf("a huge beam: %d days, %v", len(s.Days), err)
	}
	if s, err := a.Season(here, sat, 0, 2026, false); err != nil || s.Peak.Out() || len(s.Days) != 5 {
		t.Errorf("no beam: %+v, %v", s, err)
	}
}

func TestModelExpires(t *testing.T) {
	m := dish.WMM2025()
	here := dish.Place{Latitude: 36, Longitude: 117}
	for year, ok := range map[float64]bool{2024.99: false, 2025: true, 2029.999: true, 2030: true, 2030.01: false, math.NaN(): false} {
		if _, err := m.At(here, year); errors.Is(err, dish.ErrExpired) == ok {
			t.Errorf("%v: %v", year, err)
		}
	}
	if y := dish.DecimalYear(time.Date(2028, 7, 2, 0, 0, 0, 0, time.UTC)); y != 2028.5 {
		t.Errorf("the middle of a leap year is %v", y)
	}
	pole, err := m.At(dish.Place{Latitude: 90}, 2026)
	if err != nil || math.IsNaN(float64(pole.Declination)) || pole.Total < 50_000 || pole.Total > 60_000 {
		t.Errorf("the pole: %+v, %v", pole, err)
	}
}

// The field has no sources: its flux through the sides of a small box adds up to none.
func TestFieldHasNoSources(t *testing.T) {
	m := dish.WMM2025()
	at := func(lat, lon dish.Degrees, h dish.Metres) dish.Field {
		f, err := m.At(dish.Place{Latitude: lat, Longitude: lon, Height: h}, 2027)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	const lat, lon, step = 36.0, 117.0, 0.01
	const a = 6378137.0
	e2 := 2/298.257223563 - 1/(298.257223563*298.257223563)
	across := func(lat float64) float64 { // radius of curvature, east to west
		s := math.Sin(lat * math.Pi / 180)
		return a / math.Sqrt(1-e2*s*s)
	}
	n := across(lat)
	mer := n * n * n * (1 - e2) / (a * a)
	north := func(d float64) float64 {
		return float64(at(dish.Degrees(lat+d), lon, 0).North) * math.Cos((lat+d)*math.Pi/180) * across(lat+d) / n
	}
	cos := math.Cos(lat * math.Pi / 180)
	rad := step * math.Pi / 180
	div := (north(step)-north(-step))/(2*rad*mer*cos) +
		float64(at(lat, lon+step, 0).East-at(lat, lon-step, 0).East)/(2*rad*n*cos) -
		float64(at(lat, lon, 500).Down-at(lat, lon, -500).Down)/1000 -
		float64(at(lat, lon, 0).Down)*(1/mer+1/n)
	if math.Abs(div) > 1e-7 { // nT a metre; the single terms are some 1e-2
		t.Errorf("divergence %g nT/m", div)
	}
}

func FuzzDecodeMagneticModel(f *testing.F) {
	f.Add("    2025.0            WMM-2025     11/13/2024\n  1  0  -29351.8       0.0       12.0        0.0\n")
	f.Add("2025 x\n1 1 NaN 0 0 0\n")
	f.Add("2025 x\n13 1 0 0 0 0\n1 -1 0 0 0 0\n")
	f.Add(strings.Repeat("1 0 0 0 0 0\n", 90))
	f.Fuzz(func(t *testing.T, file string) {
		m, err := dish.DecodeMagneticModel(file)
		if err != nil {
			return
		}
		v, err := m.At(dish.Place{Latitude: 30, Longitude: 100}, m.From)
		if err != nil || math.IsInf(float64(v.Total), 0) {
			t.Errorf("%+v %v", v, err)
		}
	})
}

// At the poles declination went to 0 or 180, as if the field had no part to the east: it is
// the same field from all sides, and that of a step beside the pole.
func TestFieldAtThePoles(t *testing.T) {
	for _, lat := range []dish.Degrees{90, -90} {
		var first dish.Field
		for i, lon := range []dish.Degrees{0, 77, 120, -150} {
			at, errAt := dish.WMM2025().At(dish.Place{Latitude: lat, Longitude: lon}, 2027)
			beside, errBeside := dish.WMM2025().At(dish.Place{Latitude: lat * (1 - 1e-9), Longitude: lon}, 2027)
			if err := errors.Join(errAt, errBeside); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = at
			}
			turned := math.Remainder(float64(at.Declination-first.Declination)-float64(lon)*math.Copysign(1, float64(lat)), 360)
			if off := float64(at.Declination - beside.Declination); math.Abs(off) > 1e-5 || math.Abs(turned) > 1e-6 || math.Abs(float64(at.Horizontal-first.Horizontal)) > 1e-5 {
				t.Errorf("%v, %v: %+v, beside it %+v", lat, lon, at, beside)
			}
		}
	}
}
