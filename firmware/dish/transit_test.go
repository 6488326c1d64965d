package dish_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

func goldenSights(t *testing.T) map[string][]dish.Sight {
	t.Helper()
	logs := map[string][]dish.Sight{}
	for _, g := range table(t, "sun_boresight", 1000) {
		s := dish.Sight{At: g.time("utc"), Locked: g.cell["lock"] == "1"}
		if s.Locked {
			s.CNR = dish.DB(g.num("cnr_db"))
		}
		logs[g.cell["id"]] = append(logs[g.cell["id"]], s)
	}
	return logs
}

func TestBoresightGolden(t *testing.T) {
	logs := goldenSights(t)
	var sum, most, n float64
	for _, g := range table(t, "sun_boresight_truth", 10) {
		p := dish.Place{Latitude: g.deg("lat_deg"), Longitude: g.deg("lon_deg"), Height: dish.Metres(g.num("height_m"))}
		b, err := dish.FindBoresight(p, dish.Geostationary(g.deg("sat_lon_deg")), g.deg("beam3db_deg"), logs[g.cell["id"]])
		if err != nil {
			t.Fatalf("%s: %v", g.cell["id"], err)
		}
		x, y := float64(b.CrossElevation)-g.num("truth_cross_el_deg"), float64(b.Elevation)-g.num("truth_el_deg")
		t.Logf("%s: off %+.4f %+.4f, %+v", g.cell["id"], x, y, b)
		for _, off := range []float64{x, y} {
			sum, most, n = sum+off*off, max(most, math.Abs(off)), n+1
		}
	}
	rms := math.Sqrt(sum / n)
	t.Logf("%v angles: rms %.4f, most %.4f degrees", n, rms, most)
	if rms > 0.01 || most > 0.02 {
		t.Error("more than 0.01 rms or 0.02 at most")
	}
}

// passage is a dish that points off by x to the right and y up, and the Sun's season.
type passage struct {
	place       dish.Place
	orbit       dish.Orbit
	view        dish.View
	width       float64
	x, y        float64
	clear, sun  float64 // C/N without the Sun; its noise on the axis by the system's
	noise, lock float64
	season      dish.Season
	fill        []float64
}

// passing is one of the world's stations between the 55th parallels in one of twenty
// years. Half of the beams are narrow, the others wide.
func passing(t *testing.T, r *rand.Rand) passage {
	t.Helper()
	for {
		lon := dish.Degrees(360*r.Float64() - 180)
		p := passage{place: dish.Place{Latitude: dish.Degrees(110*r.Float64() - 55), Longitude: lon, Height: dish.Metres(3000 * r.Float64())},
			orbit: dish.Geostationary(lon + dish.Degrees(80*r.Float64()-40)), width: 1 + 2.6*r.Float64()}
		if p.orbit.Longitude < -180 {
			p.orbit.Longitude += 360
		}
		p.view = dish.Look(p.place, p.orbit)
		if p.view.Elevation < 12 || p.view.Elevation > 80 {
			continue
		}
		off, turn := 0.45*p.width*math.Sqrt(r.Float64()), 2*math.Pi*r.Float64()
		p.x, p.y = off*math.Cos(turn), off*math.Sin(turn)
		p.clear, p.sun, p.noise, p.lock = 8+7*r.Float64(), 2+13*r.Float64(), 0.12, 5+r.Float64()
		year := 2020 + r.IntN(20)
		from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		var err error
		p.season, err = dish.NewAlmanac(from, from.AddDate(1, 0, 0)).Season(p.place, p.orbit, dish.OutageHalfAngle(dish.Degrees(p.width)), year, r.IntN(2) == 1)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

// sights is the log of a receiver on the days that a map of outages names.
func (p *passage) sights(r *rand.Rand, every time.Duration) (log []dish.Sight) {
	for i := range 120 {
		p.fill = append(p.fill, math.Log(dish.BeamFill(dish.Degrees(p.width), dish.Degrees(p.width/20*float64(i)), dish.SunRadius)/dish.BeamFill(dish.Degrees(p.width), 0, dish.SunRadius)))
	}
	for _, o := range p.season.Outages() {
		track := p.track(o.Peak)
		for d := -20 * time.Minute; d <= 20*time.Minute; d += every {
			c := p.clear - 10*math.Log10(1+p.sun*p.filled(track(d))) + p.noise*r.NormFloat64()
			s := dish.Sight{At: o.Peak.Add(d).Truncate(time.Second)}
			if c > p.lock {
				s.Locked, s.CNR = true, dish.DB(math.Round(10*c)/10)
			}
			log = append(log, s)
		}
	}
	return log
}

// filled is the part of the beam that the Sun fills, by that on the axis.
func (p *passage) filled(angle float64) float64 {
	x := angle / p.width * 20
	i := int(x)
	if i > len(p.fill)-3 {
		return 0
	}
	x -= float64(i)
	a, b, c := p.fill[i], p.fill[i+1], p.fill[i+2]
	return math.Exp(a + x*(b-a) + x*(x-1)/2*(c-2*b+a))
}

// track returns the angle between Sun and boresight by spherical trigonometry, the Sun's
// place by a polynomial through five moments of the 40 minutes.
func (p *passage) track(peak time.Time) func(time.Duration) float64 {
	var az, el [5]float64
	for i := range az {
		a, e := dish.Sun(peak.Add(time.Duration(i-2)*10*time.Minute), p.place)
		az[i], el[i] = math.Remainder(float64(a-p.view.Azimuth), 360), float64(e)
	}
	rad := math.Pi / 180
	satEl := float64(p.view.Elevation) * rad
	// The boresight: x to the right along the great circle across, then y up from there.
	right, up, ahead := math.Sin(p.x*rad)*math.Cos(p.y*rad), math.Sin(p.y*rad), math.Cos(p.x*rad)*math.Cos(p.y*rad)
	bore := [3]float64{right, ahead*math.Cos(satEl) - up*math.Sin(satEl), ahead*math.Sin(satEl) + up*math.Cos(satEl)}
	return func(d time.Duration) float64 {
		x := d.Minutes() / 10
		a, e := lagrange(az, x)*rad, lagrange(el, x)*rad
		sun := [3]float64{math.Cos(e) * math.Sin(a), math.Cos(e) * math.Cos(a), math.Sin(e)}
		return math.Acos(min(1, sun[0]*bore[0]+sun[1]*bore[1]+sun[2]*bore[2])) / rad
	}
}

func lagrange(y [5]float64, x float64) (sum float64) {
	for i := range y {
		term := y[i]
		for j := range y {
			if i != j {
				term *= (x - float64(j-2)) / float64(i-j)
			}
		}
		sum += term
	}
	return sum
}

func TestBoresightOfSimulatedStations(t *testing.T) {
	tests := []struct {
		name      string
		spoil     func(r *rand.Rand, p *passage, log []dish.Sight) []dish.Sight
		rms, most float64
		refused   int
	}{
		{"clean", func(_ *rand.Rand, _ *passage, log []dish.Sight) []dish.Sight { return log }, 0.01, 0.035, 2},
		{"gaps, rain and spikes", spoiled, 0.014, 0.06, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(21, 22))
			var sum, most, wild float64
			const cases = 8
			refused := 0
			for range cases {
				p := passing(t, r)
				log := tt.spoil(r, &p, p.sights(r, 15*time.Second))
				b, err := dish.FindBoresight(p.place, p.orbit, dish.Degrees(p.width), log)
				if err != nil {
					refused++
					t.Logf("%+v: %v", p.view, err)
					continue
				}
				x, y := float64(b.CrossElevation)-p.x, float64(b.Elevation)-p.y
				if max(math.Abs(x), math.Abs(y)) > 0.02 {
					t.Logf("off %+.3f %+.3f width %.2f sun %.1f clear %.1f lock %.1f days %d: %+v", x, y, p.width, p.sun, p.clear, p.lock, len(p.season.Outages()), b)
				}
				sum, most = sum+x*x+y*y, max(most, math.Abs(x), math.Abs(y))
				wild = max(wild, math.Hypot(x, y)/float64(b.Sigma))
			}
			rms := math.Sqrt(sum / 2 / float64(cases-refused))
			t.Logf("%d stations: rms %.4f, most %.4f degrees, %.1f sigma, %d refused", cases, rms, most, wild, refused)
			if rms > tt.rms || most > tt.most || refused > tt.refused || wild > 8 {
				t.Error("worse than the noise explains")
			}
		})
	}
}

// spoiled takes a whole day and a part of another away, lets it rain on one and adds spikes.
func spoiled(r *rand.Rand, p *passage, log []dish.Sight) []dish.Sight {
	days := p.season.Outages()
	gone, wet := days[r.IntN(len(days))].Peak, days[r.IntN(len(days))].Peak
	if len(days) < 4 {
		gone = time.Time{}
	}
	var out []dish.Sight
	for i, s := range log {
		switch {
		case s.At.Sub(gone).Abs() < time.Hour, i%400 > 370:
			continue
		case s.At.Sub(wet).Abs() < time.Hour:
			s.CNR -= dish.DB(1.5 * math.Sin(math.Pi*float64(s.At.Sub(wet)+20*time.Minute)/float64(40*time.Minute)))
		case r.IntN(100) == 0:
			s.CNR -= dish.DB(3 * r.Float64())
		}
		out = append(out, s)
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestBoresightRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	p := passing(t, r)
	log := p.sights(r, 30*time.Second)
	change := func(f func(i int, s *dish.Sight)) []dish.Sight {
		list := append([]dish.Sight(nil), log...)
		for i := range list {
			f(i, &list[i])
		}
		return list
	}
	tests := []struct {
		name  string
		place dish.Place
		orbit dish.Orbit
		beam  float64
		log   []dish.Sight
		want  error
	}{
		{"none", p.place, p.orbit, p.width, nil, dish.ErrFewSights},
		{"one", p.place, p.orbit, p.width, log[:1], dish.ErrFewSights},
		{"no lock", p.place, p.orbit, p.width, change(func(_ int, s *dish.Sight) { s.Locked = false }), dish.ErrFewSights},
		{"all equal", p.place, p.orbit, p.width, change(func(_ int, s *dish.Sight) { s.Locked, s.CNR = true, 11 }), dish.ErrNoSun},
		{"noise only", p.place, p.orbit, p.width, change(func(_ int, s *dish.Sight) { s.Locked, s.CNR = true, dish.DB(11+0.2*r.NormFloat64()) }), dish.ErrNoSun},
		{"one day", p.place, p.orbit, p.width, log[:81], dish.ErrTwoWays},
		{"another month", p.place, p.orbit, p.width, change(func(_ int, s *dish.Sight) { s.At = s.At.AddDate(0, 2, 0) }), nil},
		{"NaN", p.place, p.orbit, p.width, change(func(_ int, s *dish.Sight) { s.CNR, s.Locked = dish.DB(math.NaN()), true }), nil},
		{"endless", p.place, p.orbit, p.width, change(func(_ int, s *dish.Sight) { s.CNR, s.Locked = dish.DB(math.Inf(-1)), true }), nil},
		{"long ago", p.place, p.orbit, p.width, change(func(_ int, s *dish.Sight) { s.At = time.Time{} }), nil},
		{"no beam", p.place, p.orbit, 0, log, dish.ErrDish},
		{"beam NaN", p.place, p.orbit, math.NaN(), log, dish.ErrDish},
		{"no place", dish.Place{Latitude: 91}, p.orbit, p.width, log, dish.ErrPlace},
		{"no orbit", p.place, dish.Orbit{}, p.width, log, dish.ErrOrbit},
		{"other side", p.place, dish.Geostationary(p.orbit.Longitude - 180), p.width, log, dish.ErrUnseen},
		{"too long", p.place, p.orbit, p.width, make([]dish.Sight, dish.MostSights+1), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.orbit.Longitude < -180 {
				tt.orbit.Longitude += 360
			}
			b, err := dish.FindBoresight(tt.place, tt.orbit, dish.Degrees(tt.beam), tt.log)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%+v, %v; want %v", b, err, tt.want)
			}
		})
	}
}
