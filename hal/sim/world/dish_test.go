package world

import (
	"math"
	"testing"
	"time"
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

// TestLook: figures of PyEphem and of an own reckoning with the WGS84 ellipsoid, three of
// the sites that the station itself is tested with; elevations without refraction.
func TestLook(t *testing.T) {
	for _, c := range []struct {
		site                                  string
		lat, lon, height, orbit, az, el, skew float64
	}{
		{"Beijing", 39.904, 116.407, 44, 105.5, 196.73186517, 42.49763262, 12.83563443},
		{"Shijiazhuang", 38.042, 114.514, 80, 115.5, 178.39895118, 45.93640499, -1.26782635},
		{"Taiyuan", 37.870, 112.549, 800, 122, 164.81621706, 45.03011392, -11.99861150},
	} {
		az, el, skew := Look(c.lat, c.lon, c.height, c.orbit)
		el -= 0.0180 / math.Tan(rad(c.el))
		if math.Abs(az-c.az) > 1e-6 || math.Abs(el-c.el) > 1e-3 || math.Abs(skew-c.skew) > 1e-6 {
			t.Errorf("%s: %.6f %.6f %.6f, want %.6f %.6f %.6f", c.site, az, el, skew, c.az, c.el, c.skew)
		}
	}
}

// aDish stands right.
func aDish(o DishOpts) *Dish {
	o.Pose = Pose{Azimuth: 172, Elevation: 47}
	o.Birds = []Bird{{Azimuth: 172, Elevation: 47, Skew: -6, Orbit: 1220,
		Carriers: []Carrier{{KHz: 12_500_000, Rate: 27_500_000, ClearDB: 14}}}}
	if o.Feed == 0 {
		o.Feed = -6
	}
	return NewDish(o)
}

func hears(d *Dish) float64 {
	_, _, dB := d.Hears(12_500_000, false, 27_500_000, false)
	return dB
}

// TestDishLosses: what each of them costs.
func TestDishLosses(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(d *Dish)
		want float64 // C/N
	}{
		"nothing":         {func(*Dish) {}, 14},
		"all the weather": {func(d *Dish) { d.SetWeather(Weather{Rain: 3, Tree: 2, Sun: 1}) }, 8},
		"side lobe":       {func(d *Dish) { d.Turn(Pose{Azimuth: 172, Elevation: 47 + 2*math.Sqrt2}) }, 14 - 24},
		"far off":         {func(d *Dish) { d.Turn(Pose{Azimuth: 172, Elevation: 47 + 20*math.Sqrt2}) }, 14 - 49},
		"turned feed":     {func(d *Dish) { d.TurnFeed(20) }, 14 - 6.493},
		"rolled dish":     {func(d *Dish) { d.Turn(Pose{Azimuth: 172, Elevation: 47, Roll: 20}) }, 14 - 6.493},
		"base to front":   {func(d *Dish) { d.Sink(1, 172) }, 11},
		"base to back":    {func(d *Dish) { d.Sink(1, 352) }, 11},
		"base to a side":  {func(d *Dish) { d.Sink(1, 82) }, 14 - 1.62},
	} {
		d := aDish(DishOpts{})
		if c.do(d); math.Abs(hears(d)-c.want) > 0.02 {
			t.Errorf("%s: %.3f, want %.3f", name, hears(d), c.want)
		}
	}
	d := aDish(DishOpts{})
	d.Plug(false)
	if b, _, _ := d.Hears(12_500_000, false, 27_500_000, false); b != nil || d.Snapshot().Plugged {
		t.Error("heard without a cable")
	}
	if d.Plug(true); math.Abs(hears(d)-14) > 1e-9 {
		t.Error("not heard again")
	}
}

// TestDishNoise: rain takes signal and makes noise, and both together are what it costs.
func TestDishNoise(t *testing.T) {
	d := aDish(DishOpts{})
	for _, c := range []struct {
		w           Weather
		least, most float64
	}{{Weather{}, 0, 0}, {Weather{Rain: 1}, 0.5, 0.7}, {Weather{Rain: 6}, 3, 4}, {Weather{Rain: 20}, 5, 5.2}, {Weather{Tree: 6}, 0, 0}, {Weather{Sun: 6}, 6, 6}} {
		d.SetWeather(c.w)
		if n := d.Noise(); n < c.least || n > c.most {
			t.Errorf("%+v: %.2f dB of noise, want %v to %v", c.w, n, c.least, c.most)
		}
	}
}

// TestDishPlay: the dish does not follow at once when the hand turns back.
func TestDishPlay(t *testing.T) {
	d := aDish(DishOpts{Play: [2]float64{0.1, 0.3}})
	for _, s := range []struct{ az, el, right, up float64 }{
		{1, 0, 1, 0}, {1, 0, 2, 0}, {-1, 0, 1.1, 0}, {-0.1, -0.2, 1, 0}, {0.05, -0.2, 1, 0}, {-1, -1, 0, -0.7}, {0, 0.5, 0, -0.5},
	} {
		d.Nudge(s.az, s.el)
		p := d.Pose()
		if math.Abs(p.Azimuth-172-s.right) > 1e-9 || math.Abs(p.Elevation-47-s.up) > 1e-9 {
			t.Fatalf("after %v: %+v", s, p)
		}
	}
}

// TestDishStands: base and wind move the beam, and a snapshot says by how much it is off.
func TestDishStands(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	d := aDish(DishOpts{Now: func() time.Time { return now }})
	d.Sink(1, 262) // to the right of the dish
	s := d.Snapshot()
	if b := s.Birds[0]; math.Abs(b.Right-math.Tan(rad(47))*math.Cos(rad(47))) > 1e-9 || math.Abs(b.Up) > 1e-9 || math.Abs(b.Skew-1) > 1e-9 || math.Abs(s.Pose.Roll-1) > 1e-9 {
		t.Errorf("%+v", s)
	}
	d.Sink(0, 0)
	d.SetWeather(Weather{Wind: 0.5})
	least, most := 0.0, 0.0
	for range 300 {
		now = now.Add(100 * time.Millisecond)
		b := d.Snapshot().Birds[0]
		least, most = min(least, b.Right), max(most, b.Right)
		if b.Off() > 0.5 {
			t.Fatalf("%v off in half a degree of wind", b.Off())
		}
	}
	if most-least < 0.4 {
		t.Errorf("the wind moved it from %v to %v", least, most)
	}
}
