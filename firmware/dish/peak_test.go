package dish_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"stationbox/firmware/dish"
)

// left is what a dish still loses that was turned to s instead of the true peak.
func left(s dish.Summit, az, el, satEl, width float64) float64 {
	dx := (float64(s.Azimuth) - az) * math.Cos(satEl*math.Pi/180)
	return float64(dish.PointingLoss(dish.Degrees(math.Hypot(dx, float64(s.Elevation)-el)), dish.Degrees(width)))
}

func goldenProbes(t *testing.T) map[string][]dish.Probe {
	t.Helper()
	scans := map[string][]dish.Probe{}
	for _, g := range table(t, "peak_scan", 100) {
		p := dish.Probe{Azimuth: g.deg("daz_deg"), Elevation: g.deg("del_deg"), Locked: g.cell["lock"] == "1"}
		if p.Locked {
			p.CNR = dish.DB(g.num("cnr_db"))
		}
		scans[g.cell["scan"]] = append(scans[g.cell["scan"]], p)
	}
	return scans
}

func TestPeakGolden(t *testing.T) {
	scans := goldenProbes(t)
	var most, sum, n, level float64
	for _, g := range table(t, "peak_scan_truth", 10) {
		s, err := dish.Peak(g.deg("theta3db_deg"), g.deg("sat_el_deg"), scans[g.cell["scan"]])
		if err != nil {
			t.Fatalf("%s: %v", g.cell["scan"], err)
		}
		loss := left(s, g.num("peak_daz_deg"), g.num("peak_del_deg"), g.num("sat_el_deg"), g.num("theta3db_deg"))
		if loss > 0.03 {
			t.Errorf("%s: %.3f dB left: %+v", g.cell["scan"], loss, s)
		}
		off := float64(s.CNR) - g.num("peak_cnr_db")
		if math.Abs(off) > 0.3 {
			t.Errorf("%s: peak C/N %v, want %v", g.cell["scan"], s.CNR, g.num("peak_cnr_db"))
		}
		most, sum, n, level = max(most, loss), sum+loss, n+1, level+off*off
	}
	t.Logf("%v scans: mean %.4f dB left, most %.4f; C/N rms %.3f dB", n, sum/n, most, math.Sqrt(level/n))
}

// scan is a hand scan as the physics has it: a cross of 13 or a grid of 9 readings.
type scan struct {
	width, el      float64
	az, up, height float64 // the peak
	probes         []dish.Probe
}

func scanned(r *rand.Rand) scan {
	s := scan{width: 1 + 3*r.Float64(), el: 15 + 55*r.Float64(), height: 9 + 6*r.Float64()}
	shrink := math.Cos(s.el * math.Pi / 180)
	off, turn := s.width*0.42*math.Sqrt(r.Float64()), 2*math.Pi*r.Float64()
	s.az, s.up = off*math.Cos(turn)/shrink, off*math.Sin(turn)
	for _, at := range pattern(r.IntN(2) == 0) {
		x, y := at[0]*s.width, at[1]*s.width
		s.add(r, x/shrink, y)
	}
	return s
}

// pattern is in beam widths on the sky.
func pattern(cross bool) (list [][2]float64) {
	if !cross {
		for i := range 9 {
			list = append(list, [2]float64{0.5 * float64(i%3-1), 0.5 * float64(i/3-1)})
		}
		return list
	}
	for i := -3; i <= 3; i++ {
		list = append(list, [2]float64{0.2 * float64(i), 0})
		if i != 0 {
			list = append(list, [2]float64{0, 0.2 * float64(i)})
		}
	}
	return list
}

// add takes one reading with the noise of a receiver and a mast that is not where its
// scale says.
func (s *scan) add(r *rand.Rand, az, el float64) {
	shrink := math.Cos(s.el * math.Pi / 180)
	x := (az-s.az)*shrink + 0.02*r.NormFloat64()
	y := el - s.up + 0.02*r.NormFloat64()
	c := s.height - 12*(x*x+y*y)/(s.width*s.width) + 0.15*r.NormFloat64()
	p := dish.Probe{Azimuth: dish.Degrees(az), Elevation: dish.Degrees(el)}
	if c > 5.8 {
		p.Locked, p.CNR = true, dish.DB(math.Round(10*c)/10)
	}
	s.probes = append(s.probes, p)
}

// Clean scans, and scans with one wrong reading: somebody stood in the beam, or moved
// the mast.
func TestPeakOfSimulatedScans(t *testing.T) {
	tests := []struct {
		name                string
		wrong               bool
		mean, most          float64 // dB left
		over, refused, wild int     // of 1500
	}{
		{"clean", false, 0.004, 0.08, 15, 8, 0},
		{"one wrong", true, 0.01, 1.2, 60, 400, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(11, 12))
			var sum, most float64
			over, refused, wild := 0, 0, 0
			for range 1500 {
				s := scanned(r)
				if tt.wrong {
					k := r.IntN(len(s.probes))
					s.probes[k].Locked, s.probes[k].CNR = true, dish.DB(6+10*r.Float64())
				}
				got, err := dish.Peak(dish.Degrees(s.width), dish.Degrees(s.el), s.probes)
				if err != nil {
					refused++
					continue
				}
				loss := left(got, s.az, s.up, s.el, s.width)
				sum, most = sum+loss, max(most, loss)
				if loss > 0.03 {
					over++
				}
				if math.Sqrt(loss/12)*s.width > 5*float64(got.Sigma) {
					wild++
				}
			}
			mean := sum / float64(1500-refused)
			t.Logf("1500 scans: mean %.4f dB left, most %.3f, %d over 0.03, %d refused, %d beyond 5 sigma", mean, most, over, refused, wild)
			if mean > tt.mean || most > tt.most || over > tt.over || refused > tt.refused || wild > tt.wild {
				t.Error("worse than the noise explains")
			}
		})
	}
}

func TestPeakRefuses(t *testing.T) {
	good := scanned(rand.New(rand.NewPCG(1, 1))).probes
	change := func(f func(i int, p *dish.Probe)) []dish.Probe {
		list := append([]dish.Probe(nil), good...)
		for i := range list {
			f(i, &list[i])
		}
		return list
	}
	noise := rand.New(rand.NewPCG(2, 2))
	tests := []struct {
		name   string
		beam   float64
		el     float64
		probes []dish.Probe
		want   error
	}{
		{"none", 2, 40, nil, dish.ErrFewProbes},
		{"one", 2, 40, good[:1], dish.ErrFewProbes},
		{"no lock", 2, 40, change(func(_ int, p *dish.Probe) { p.Locked = false }), dish.ErrFewProbes},
		{"all at one place", 2, 40, change(func(_ int, p *dish.Probe) { p.Azimuth, p.Elevation = 1, 1 }), dish.ErrOneLine},
		{"one line", 2, 40, change(func(_ int, p *dish.Probe) { p.Elevation = 0 }), dish.ErrOneLine},
		{"all equal", 0.5, 40, change(func(_ int, p *dish.Probe) { p.CNR, p.Locked = 10, true }), dish.ErrNoPeak},
		{"noise", 0.5, 40, change(func(_ int, p *dish.Probe) { p.CNR, p.Locked = dish.DB(6+10*noise.Float64()), true }), dish.ErrNoPeak},
		{"NaN", 2, 40, change(func(i int, p *dish.Probe) { p.CNR, p.Locked = dish.DB(math.NaN()), true }), nil},
		{"endless", 2, 40, change(func(i int, p *dish.Probe) { p.Azimuth = dish.Degrees(math.Inf(1)) }), nil},
		{"no beam", 0, 40, good, dish.ErrDish},
		{"beam NaN", math.NaN(), 40, good, dish.ErrDish},
		{"zenith", 2, 90, good, dish.ErrOrbit},
		{"too many", 2, 40, make([]dish.Probe, dish.MostProbes+1), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := dish.Peak(dish.Degrees(tt.beam), dish.Degrees(tt.el), tt.probes)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%+v, %v; want %v", s, err, tt.want)
			}
		})
	}
}

// Where the scale of the mast begins does not matter, nor how strong the satellite is.
func TestPeakMovesWithTheScale(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := scanned(rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1)))
		az, el, up := rapid.Float64Range(-20, 20).Draw(rt, "az"), rapid.Float64Range(-5, 5).Draw(rt, "el"), rapid.Float64Range(-3, 3).Draw(rt, "dB")
		before, err := dish.Peak(dish.Degrees(s.width), dish.Degrees(s.el), s.probes)
		for i := range s.probes {
			s.probes[i].Azimuth += dish.Degrees(az)
			s.probes[i].Elevation += dish.Degrees(el)
			s.probes[i].CNR += dish.DB(up)
		}
		after, errAfter := dish.Peak(dish.Degrees(s.width), dish.Degrees(s.el), s.probes)
		if (err == nil) != (errAfter == nil) {
			rt.Fatalf("%v, then %v", err, errAfter)
		}
		if err == nil && (math.Abs(float64(after.Azimuth-before.Azimuth)-az) > 1e-6 || math.Abs(float64(after.Elevation-before.Elevation)-el) > 1e-6 || math.Abs(float64(after.CNR-before.CNR)-up) > 1e-6) {
			rt.Errorf("%+v, then %+v after %v %v %v", before, after, az, el, up)
		}
	})
}
