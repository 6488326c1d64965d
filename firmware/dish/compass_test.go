package dish_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"stationbox/firmware/dish"
)

type poseSet struct {
	cal, verify []dish.Pose
	headings    []float64
}

func goldenPoses(t *testing.T) map[string]*poseSet {
	t.Helper()
	sets := map[string]*poseSet{}
	for _, g := range table(t, "compass_cal", 1000) {
		p := dish.Pose{Magnetic: [3]float64{g.num("mx_uT"), g.num("my_uT"), g.num("mz_uT")}, Up: [3]float64{g.num("ax_g"), g.num("ay_g"), g.num("az_g")}}
		s := sets[g.cell["set"]]
		if s == nil {
			s = &poseSet{}
			sets[g.cell["set"]] = s
		}
		if g.cell["kind"] == "cal" {
			s.cal = append(s.cal, p)
			continue
		}
		s.verify, s.headings = append(s.verify, p), append(s.headings, g.num("heading_true_deg"))
	}
	return sets
}

// apart returns rms and most of the errors of headings.
func apart(t *testing.T, c *dish.Compass, s *poseSet, declination float64) (rms, most float64) {
	t.Helper()
	for i, p := range s.verify {
		h, err := c.Heading(p, dish.Degrees(declination))
		if err != nil {
			t.Fatal(err)
		}
		d := math.Abs(math.Remainder(float64(h)-s.headings[i], 360))
		rms, most = rms+d*d, max(most, d)
	}
	return math.Sqrt(rms / float64(len(s.verify))), most
}

func TestCompassGolden(t *testing.T) {
	sets := goldenPoses(t)
	for _, g := range table(t, "compass_cal_truth", 6) {
		s := sets[g.cell["set"]]
		c, err := dish.CalibrateCompass(dish.Yardstick{Total: dish.Nanotesla(1000 * g.num("F_uT")), Dip: g.deg("dip_deg")}, s.cal)
		if err != nil {
			t.Fatalf("%s: %v", g.cell["set"], err)
		}
		rms, most := apart(t, c, s, g.num("decl_deg"))
		limit := 0.85
		if g.cell["accel_bias_g"] != "0.0000 0.0000 0.0000" {
			limit = 1.5
		}
		t.Logf("%s %s: rms %.3f, most %.2f degrees; noise %.2f, calibration %.2f, %d poses", g.cell["set"], g.cell["site"], rms, most, c.Noise, c.Error, c.Used)
		if rms > limit {
			t.Errorf("%s: rms %.3f, limit %v", g.cell["set"], rms, limit)
		}
	}
}

// board is a compass with its faults.
type board struct {
	total, dip, declination float64
	iron                    [3][3]float64
	hard, bias              [3]float64
}

func boardOf(r *rand.Rand) board {
	b := board{total: 42 + 18*r.Float64(), dip: 25 + 47*r.Float64(), declination: 30*r.Float64() - 15}
	bias := r.IntN(3) == 0
	for i := range 3 {
		for j := range 3 {
			b.iron[i][j] = 0.05 * r.NormFloat64()
		}
		b.iron[i][i]++
		b.hard[i] = 60*r.Float64() - 30
		if bias {
			b.bias[i] = 0.03*r.Float64() - 0.015
		}
	}
	return b
}

// read turns the board by heading, pitch and roll and returns what its sensors show.
func (b board) read(r *rand.Rand, heading, pitch, roll float64) dish.Pose {
	rad := math.Pi / 180
	sh, ch := math.Sincos((heading - b.declination) * rad)
	sp, cp := math.Sincos(pitch * rad)
	sr, cr := math.Sincos(roll * rad)
	// From north, east, down to the board's axes.
	turn := [3][3]float64{
		{cp * ch, cp * sh, -sp},
		{sr*sp*ch - cr*sh, sr*sp*sh + cr*ch, sr * cp},
		{cr*sp*ch + sr*sh, cr*sp*sh - sr*ch, cr * cp},
	}
	sd, cd := math.Sincos(b.dip * rad)
	var p dish.Pose
	for i := range 3 {
		for k := range 3 {
			p.Magnetic[i] += b.iron[i][k] * b.total * (turn[k][0]*cd + turn[k][2]*sd)
		}
		p.Magnetic[i] += b.hard[i] + 0.25*r.NormFloat64()
		p.Up[i] = -turn[i][2] + b.bias[i] + 0.002*r.NormFloat64()
	}
	return p
}

func (b board) set(r *rand.Rand) *poseSet {
	s := &poseSet{}
	for range 300 {
		s.cal = append(s.cal, b.read(r, 360*r.Float64(), math.Asin(2*r.Float64()-1)*180/math.Pi, 360*r.Float64()))
	}
	for range 60 {
		h := 360 * r.Float64()
		s.verify, s.headings = append(s.verify, b.read(r, h, 90*r.Float64()-45, 60*r.Float64()-30)), append(s.headings, h)
	}
	return s
}

func (b board) yardstick() dish.Yardstick {
	return dish.Yardstick{Total: dish.Nanotesla(1000 * b.total), Dip: dish.Degrees(b.dip)}
}

func TestCompassOfSimulatedBoards(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	var sum, most, told float64
	const cases = 12
	over := 0
	for range cases {
		b := boardOf(r)
		s := b.set(r)
		c, err := dish.CalibrateCompass(b.yardstick(), s.cal)
		if err != nil {
			t.Fatalf("%+v: %v", b, err)
		}
		rms, _ := apart(t, c, s, b.declination)
		if rms > 0.85 {
			over++
			t.Logf("rms %.2f of %+v", rms, b)
		}
		sum, most, told = sum+rms*rms, max(most, rms), told+math.Pow(math.Hypot(float64(c.Noise), float64(c.Error)), 2)
	}
	rms, want := math.Sqrt(sum/cases), math.Sqrt(told/cases)
	t.Logf("%d boards: rms %.3f degrees, the worst %.3f, %d over 0.85; foretold %.3f", cases, rms, most, over, want)
	if rms > 0.7 || most > 1.4 || math.Abs(rms/want-1) > 0.25 {
		t.Error("worse than the noise explains")
	}
}

func TestCompassRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	b := boardOf(r)
	good := b.set(r).cal[:120]
	change := func(f func(i int, p *dish.Pose)) []dish.Pose {
		list := append([]dish.Pose(nil), good...)
		for i := range list {
			f(i, &list[i])
		}
		return list
	}
	var flat []dish.Pose
	for range 120 {
		flat = append(flat, b.read(r, 360*r.Float64(), 0, 0))
	}
	tests := []struct {
		name  string
		y     dish.Yardstick
		poses []dish.Pose
		want  error
	}{
		{"none", b.yardstick(), nil, dish.ErrFewPoses},
		{"one", b.yardstick(), good[:1], dish.ErrFewPoses},
		{"all equal", b.yardstick(), change(func(_ int, p *dish.Pose) { *p = good[0] }), nil},
		{"level only", b.yardstick(), flat, nil},
		{"nothing", b.yardstick(), make([]dish.Pose, 100), nil},
		{"noise", b.yardstick(), change(func(_ int, p *dish.Pose) {
			for i := range 3 {
				p.Magnetic[i], p.Up[i] = 40*r.NormFloat64(), r.NormFloat64()
			}
		}), dish.ErrNoField},
		{"motor", b.yardstick(), change(func(i int, p *dish.Pose) { p.Magnetic[i%3] += 40 * math.Sin(float64(i*i)) }), dish.ErrNoField},
		{"NaN", b.yardstick(), change(func(_ int, p *dish.Pose) { p.Up[1] = math.NaN() }), nil},
		{"endless", b.yardstick(), change(func(_ int, p *dish.Pose) { p.Magnetic[1] = math.Inf(1) }), nil},
		{"no field", dish.Yardstick{}, good, nil},
		{"dip NaN", dish.Yardstick{Total: 50_000, Dip: dish.Degrees(math.NaN())}, good, nil},
		{"pole", dish.Yardstick{Total: 50_000, Dip: 90}, good, nil},
		{"another dip", dish.Yardstick{Total: dish.Nanotesla(1000 * b.total), Dip: dish.Degrees(-b.dip)}, good, dish.ErrNoField},
		{"too many", b.yardstick(), make([]dish.Pose, dish.MostPoses+1), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := dish.CalibrateCompass(tt.y, tt.poses)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%+v, %v; want %v", c, err, tt.want)
			}
		})
	}
	c, err := dish.CalibrateCompass(b.yardstick(), change(func(i int, p *dish.Pose) {
		if i%20 == 0 { // a car went by
			p.Magnetic[0] += 30
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if rms, _ := apart(t, c, b.set(r), b.declination); rms > 1 {
		t.Errorf("one pose in twenty wrong: rms %.2f", rms)
	}
	for name, p := range map[string]dish.Pose{"dead": {}, "on its nose": b.read(r, 10, 90, 0), "NaN": {Up: [3]float64{math.NaN(), 0, 0}}} {
		if h, err := c.Heading(p, 0); err == nil {
			t.Errorf("%s: %v", name, h)
		}
	}
}
