package dish_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/dish"
)

// mountCase is a dish of the simulation: what happens to it, and how it is measured.
type mountCase struct {
	truth         string
	r             *rand.Rand
	stand         dish.Stand
	days          int
	onset, lasts  int // days
	tilt, toward  float64
	steps         []int   // hours
	drop          float64 // of the elevation, all steps together
	turn          float64 // on the sky
	heat          [2]float64
	noisier       float64
	windy         bool
	blind, coarse bool // no inclinometer; no compass
	cold          bool // the sensor does not tell its temperature
	x, y          float64
}

func mountCaseOf(truth string, seed uint64) *mountCase {
	r := rand.New(rand.NewPCG(seed, 77))
	c := &mountCase{truth: truth, r: r, days: 25 + r.IntN(60), coarse: r.IntN(3) == 0}
	c.stand = dish.Stand{Azimuth: dish.Degrees(120 + 120*r.Float64()), Elevation: dish.Degrees(20 + 45*r.Float64()), Beamwidth: dish.Degrees(1.2 + 1.8*r.Float64())}
	c.onset = 6 + r.IntN(c.days/3)
	c.lasts = c.days - c.onset - r.IntN(c.days/4)
	c.heat = [2]float64{0.01 * r.NormFloat64(), 0.01 * r.NormFloat64()}
	off, to := 0.15*float64(c.stand.Beamwidth)*r.Float64(), 2*math.Pi*r.Float64()
	c.x, c.y = off*math.Cos(to), off*math.Sin(to)
	switch truth {
	case "hot":
		c.heat = [2]float64{0.025, -0.02}
		c.truth = "steady"
	case "base_tilt":
		c.tilt, c.toward = 0.3+0.9*r.Float64(), 2*math.Pi*r.Float64()
		c.lasts = max(c.lasts, 10)
	case "knocked":
		c.tilt, c.toward, c.lasts = 0.4+0.9*r.Float64(), math.Pi/2+0.8*(r.Float64()-0.5), 0
	case "slack_elevation":
		c.drop = -(0.25 + 0.8*r.Float64())
		for range 1 + r.IntN(3) {
			c.steps = append(c.steps, 24*c.onset+r.IntN(24*max(2, c.days-c.onset-10)))
		}
	case "slack_azimuth", "slack_azimuth, no compass":
		c.turn = float64(c.stand.Beamwidth) * (0.35 + 0.3*r.Float64())
		c.steps = []int{24*c.onset + r.IntN(24)}
		c.coarse = truth != "slack_azimuth"
		c.truth = "slack_azimuth"
	case "wind":
		c.windy = true
	case "no sensor":
		c.blind, c.tilt, c.toward, c.truth = true, 0.8, 2*math.Pi*r.Float64(), "unknown"
	case "no temperature":
		c.cold, c.truth = true, "steady"
	case "elsewhere":
		c.noisier = 1 + 2*r.Float64()
	}
	return c
}

// stands returns how the dish stands at an hour: elevation, lean and turn on the sky.
func (c *mountCase) stands(hour int) (el, lean, across float64) {
	part := 0.0
	switch day := float64(hour)/24 - float64(c.onset); {
	case c.lasts == 0 && day >= 0:
		part = 1
	case c.lasts > 0:
		part = min(1, max(0, day/float64(c.lasts)))
	}
	el, lean = -part*c.tilt*math.Cos(c.toward), part*c.tilt*math.Sin(c.toward)
	for _, s := range c.steps {
		if hour >= s {
			el += c.drop / float64(len(c.steps))
			across += c.turn
		}
	}
	return el, lean, across + lean*math.Sin(float64(c.stand.Elevation)*math.Pi/180)
}

// log is what the station writes: an hour of rain now and then, a sensor that feels the
// day's warmth and the season's.
func (c *mountCase) log() (list []dish.Posture) {
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	width := float64(c.stand.Beamwidth)
	rain, gale, weather := 0.0, 0.0, 0.0
	for h := range 24 * c.days {
		weather = 0.98*weather + 0.4*c.r.NormFloat64()
		warm := 10 + 15*float64(h)/24/float64(c.days) + 6*math.Sin(2*math.Pi*float64(h-9)/24) + weather
		rain *= 0.5
		if c.r.IntN(150) == 0 {
			rain = 6 * c.r.Float64()
		}
		gale *= 0.8
		if c.windy && c.r.IntN(40) == 0 {
			gale = 1
		}
		el, lean, across := c.stands(h)
		x, y := c.x+across, c.y+el
		cnr := 14 - 12*(x*x+y*y-c.x*c.x-c.y*c.y)/(width*width) - rain
		level := -54 - (14 - cnr) + 0.3*rain - 0.05*(warm-15)
		if h > 24*c.onset {
			cnr -= c.noisier
		}
		p := dish.Posture{At: begin.Add(time.Duration(h) * time.Hour), CNR: cnr + 0.1*c.r.NormFloat64() - 0.3*gale, Level: level + 0.1*c.r.NormFloat64(),
			Elevation: float64(c.stand.Elevation) + el + c.heat[0]*warm + 0.01*c.r.NormFloat64(), Lean: 0.4 + lean + c.heat[1]*warm + 0.01*c.r.NormFloat64(),
			Heading: float64(c.stand.Azimuth) + across/math.Cos(float64(c.stand.Elevation)*math.Pi/180) + 0.3*c.r.NormFloat64(), Celsius: warm,
			Shake: 0.01 + 0.005*c.r.Float64() + 0.25*gale, Flutter: 0.08 + 0.02*c.r.Float64() + 0.6*gale + 0.2*rain}
		if c.blind {
			p.Elevation, p.Lean, p.Celsius, p.Shake = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		}
		if c.coarse {
			p.Heading = math.NaN()
		}
		if c.cold {
			p.Celsius = math.NaN()
		}
		if c.r.IntN(60) != 0 { // an hour without mains
			list = append(list, p)
		}
	}
	return list
}

// 330 dishes of eleven kinds: what is wrong with the mount is told apart, and a base is
// never said to tilt that does not.
func TestMountKinds(t *testing.T) {
	kinds := []string{"steady", "hot", "no temperature", "base_tilt", "knocked", "slack_elevation", "slack_azimuth", "slack_azimuth, no compass", "wind", "elsewhere", "no sensor"}
	const each = 30
	total := 0
	for k, kind := range kinds {
		said := map[dish.MountState]int{}
		right := 0
		var worst float64 // days
		for i := range each {
			c := mountCaseOf(kind, uint64(1000*k+i))
			v, err := dish.JudgeMount(c.stand, c.log())
			if err != nil {
				t.Fatalf("%s %d: %v", kind, i, err)
			}
			said[v.State]++
			if string(v.State) == c.truth {
				right++
			}
			if v.State == dish.MountBase {
				c.checkBase(t, v)
				worst = max(worst, math.Abs(v.Onset.Sub(time.Date(2026, 3, 1+c.onset, 0, 0, 0, 0, time.UTC)).Hours()/24))
			}
			if v.Confidence < 0 || v.Confidence > 1 || (v.State == dish.MountUnknown) != (v.Confidence == 0) || len(v.Clues) == 0 {
				t.Errorf("%s %d: %+v", kind, i, v)
			}
		}
		total += right
		t.Logf("%-26s %2d of %d right  %s  onset within %.1f days", kind, right, each, sayKinds(said), worst)
		if kind != "base_tilt" && said[dish.MountBase] > 0 {
			t.Errorf("%s: a base was said to tilt", kind)
		}
		if right < each*8/10 {
			t.Errorf("%s: only %d of %d", kind, right, each)
		}
	}
	if n := len(kinds) * each; total*100 < 93*n {
		t.Errorf("%d of %d right", total, n)
	}
}

func (c *mountCase) checkBase(t *testing.T, v dish.MountVerdict) {
	t.Helper()
	toward := math.Mod(float64(c.stand.Azimuth)+c.toward*180/math.Pi, 360)
	if off := math.Abs(math.Remainder(float64(v.Toward)-toward, 360)); off > 10 {
		t.Errorf("it tilts towards %.0f, said %.0f", toward, float64(v.Toward))
	}
	if float64(v.Tilt) > 1.15*c.tilt || float64(v.Tilt) < 0.6*c.tilt {
		t.Errorf("it tilts by %.2f, said %.2f", c.tilt, float64(v.Tilt))
	}
}

func sayKinds(said map[dish.MountState]int) string {
	var list []string
	for s, n := range said {
		list = append(list, fmt.Sprintf("%s %d", s, n))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// An inclinometer that comes loose tells of a tilt that C/N would know of.
func TestMountSensorSlipped(t *testing.T) {
	c := mountCaseOf("steady", 5)
	log := c.log()
	for i := range log[len(log)/2:] {
		log[len(log)/2+i].Elevation -= 2
	}
	if v, err := dish.JudgeMount(c.stand, log); err != nil || v.State != dish.MountSensor {
		t.Errorf("%+v %v", v, err)
	}
}

// Somebody who aligns a dish and writes nothing down loosens no bolt.
func TestMountAligned(t *testing.T) {
	c := mountCaseOf("steady", 6)
	log := c.log()
	for i := len(log) / 2; i < len(log); i++ {
		log[i].Elevation, log[i].CNR, log[i].Level = log[i].Elevation+0.4, log[i].CNR+0.6, log[i].Level+0.6
	}
	v, err := dish.JudgeMount(c.stand, log)
	if err != nil || v.State != dish.MountAligned || v.Onset.Sub(log[len(log)/2].At).Abs() > 6*time.Hour {
		t.Errorf("%+v %v", v, err)
	}
}

// A bolt that creeps looks like a base that sinks along the beam: nobody can tell.
func TestMountCreeps(t *testing.T) {
	c := mountCaseOf("base_tilt", 9)
	c.tilt, c.toward = 0.6, 0
	if v, err := dish.JudgeMount(c.stand, c.log()); err != nil || v.State != dish.MountUnknown {
		t.Errorf("%+v %v", v, err)
	}
}

func TestMountBadInput(t *testing.T) {
	c := mountCaseOf("steady", 1)
	log := c.log()
	turned := slices.Clone(log)
	slices.Reverse(turned)
	wild := slices.Clone(log)
	wild[3].CNR = math.Inf(1)
	tests := []struct {
		name  string
		stand dish.Stand
		log   []dish.Posture
		short bool
	}{
		{"nothing", c.stand, nil, true},
		{"a week", c.stand, log[:24*7], true},
		{"no beam", dish.Stand{}, log, false},
		{"time runs back", c.stand, turned, false},
		{"wild", c.stand, wild, false},
		{"too many", c.stand, make([]dish.Posture, dish.MostPostures+1), false},
	}
	for _, tt := range tests {
		if _, err := dish.JudgeMount(tt.stand, tt.log); err == nil || errors.Is(err, dish.ErrShortLog) != tt.short {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// Whatever is missing, there is an answer with a confidence, or an error.
func TestMountHolesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := mountCaseOf(rapid.SampledFrom([]string{"steady", "base_tilt", "wind", "slack_elevation"}).Draw(t, "kind"), rapid.Uint64().Draw(t, "seed"))
		log := c.log()
		for i := range log {
			for _, v := range []*float64{&log[i].CNR, &log[i].Level, &log[i].Elevation, &log[i].Lean, &log[i].Heading, &log[i].Celsius, &log[i].Shake, &log[i].Flutter} {
				if c.r.IntN(4) == 0 {
					*v = math.NaN()
				}
			}
		}
		log = slices.DeleteFunc(log, func(dish.Posture) bool { return c.r.IntN(5) == 0 })
		v, err := dish.JudgeMount(c.stand, log)
		if err != nil && !errors.Is(err, dish.ErrShortLog) {
			t.Fatal(err)
		}
		if !(v.Confidence >= 0 && v.Confidence <= 1) || v.State == dish.MountBase && c.truth != "base_tilt" {
			t.Fatalf("%s: %+v", c.truth, v)
		}
	})
}
