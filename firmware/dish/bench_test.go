package dish_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

func BenchmarkLook(b *testing.B) {
	p, o := dish.Place{Latitude: 36, Longitude: 117, Height: 50}, dish.Geostationary(115.5)
	for b.Loop() {
		dish.Look(p, o)
	}
}

func BenchmarkRefraction(b *testing.B) {
	for b.Loop() {
		dish.Refraction(30, 50)
	}
}

func BenchmarkSun(b *testing.B) {
	p, at := dish.Place{Latitude: 36, Longitude: 117}, time.Date(2026, 11, 27, 4, 0, 0, 0, time.UTC)
	for b.Loop() {
		dish.Sun(at, p)
	}
}

func BenchmarkMagneticField(b *testing.B) {
	m, p := dish.WMM2025(), dish.Place{Latitude: 36, Longitude: 117}
	for b.Loop() {
		if _, err := m.At(p, 2026.9); err != nil {
			b.Fatal(err)
		}
	}
}

// The tables of a year are made once for all stations.
func BenchmarkAlmanacOfAYear(b *testing.B) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		dish.NewAlmanac(from, from.AddDate(1, 0, 0))
	}
}

// Look angles, refraction and both outage seasons of one station, satellite and year.
func BenchmarkStationYear(b *testing.B) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := dish.NewAlmanac(from, from.AddDate(1, 0, 0))
	r := rand.New(rand.NewPCG(1, 1))
	o := dish.Geostationary(115.5)
	for b.Loop() {
		p := dish.Place{Latitude: dish.Degrees(20 + 30*r.Float64()), Longitude: dish.Degrees(80 + 50*r.Float64())}
		v := dish.Look(p, o)
		dish.Refraction(v.Elevation, p.Height)
		for _, autumn := range []bool{false, true} {
			if _, err := a.Season(p, o, 1.38, 2026, autumn); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "stations/s")
}
