package antenna

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/station/internal/fault"
	"stationbox/hal"
	"stationbox/hal/tuner"
)

// sunVillage is a dish that points beside its satellite while the Sun passes: a beam that is
// a Gaussian, the Sun a disc of even brightness, a receiver that counts in tenths of a dB,
// loses its lock and finds it again later.
type sunVillage struct {
	r          *rand.Rand
	cfg        *config.Config
	meter      *Meter
	half       halfYear
	view       dish.View
	width      float64 // of the beam, in truth
	x, y       float64 // degrees beside the satellite
	clear, sun float64 // C/N in dB; what the Sun adds on the axis, by the system's noise
	lock       float64 // dB at which lock is lost; found again half a dB above
	fill       []float64
	at         time.Time
	bound      time.Duration // of the clock
	wet        map[int]bool  // days of rain
	off        map[int]bool  // without mains
	shift      func(day int) (x, y float64)
	lean       func(day int) float64
}

func (v *sunVillage) Status() clock.Status            { return clock.Status{Bound: v.bound} }
func (v *sunVillage) OfferAt(clock.Observation) error { return nil }
func (v *sunVillage) Mono() time.Duration             { return 0 }

// aSunVillage is somewhere in China, with a dish of the C or the Ku band.
func aSunVillage(t *testing.T, seed uint64) *sunVillage {
	t.Helper()
	v := &sunVillage{r: rand.New(rand.NewPCG(seed, 4)), bound: 500 * time.Millisecond, wet: map[int]bool{}, off: map[int]bool{}}
	v.shift, v.lean = func(int) (float64, float64) { return 0, 0 }, func(int) float64 { return 0 }
	r := v.r
	band, diameter, megahertz := "c", 1.8+1.2*r.Float64(), 3700+r.IntN(450)
	if r.IntN(2) == 0 {
		band, diameter, megahertz = "ku", 0.75+0.6*r.Float64(), 12250+r.IntN(480)
	}
	rows := fmt.Sprintf("[dish]\nlatitude = %.3f\nlongitude = %.3f\nheight = %d\nsatellite = \"%.1fE\"\ndiameter = %.2f\nband = %q\n[dish.tuner]\nadapter = \"/dev/dvb/adapter0\"\nfrequency_mhz = %d\nsymbol_rate = 27500\npolarization = \"h\"\n",
		20+28*r.Float64(), 95+30*r.Float64(), r.IntN(2500), 90+30*r.Float64(), diameter, band, megahertz)
	v.cfg = dishConfig(t, rows)
	v.half = halfYear{2026 + r.IntN(3), r.IntN(2) == 1}
	v.view = dish.Look(placeOf(v.cfg.Dish), orbitOf(v.cfg.Dish.Target()))
	width, err := widthOf(v.cfg.Dish)
	if err != nil {
		t.Fatal(err)
	}
	v.width = float64(width)
	off, to := 0.3*v.width*math.Sqrt(r.Float64()), 2*math.Pi*r.Float64()
	v.x, v.y = off*math.Cos(to), off*math.Sin(to)
	v.clear, v.sun, v.lock = 9+5*r.Float64(), 2+10*r.Float64(), 5.5
	v.meter = &Meter{cfg: v.cfg.Dish, dir: dishDir(v.cfg), log: slog.New(slog.DiscardHandler), taker: v,
		now: func() time.Time { return v.at }, tick: func() time.Time { return v.at }, clock: func() clock.Level { return clock.Good },
		faults: fault.New(slog.New(slog.DiscardHandler), func(string, string, any) {})}
	return v
}

// filled is the part of the Sun's noise that comes in by a beam that is off by so many
// degrees, 1 on the axis: the mean of the beam over points of the disc.
func (v *sunVillage) filled(off float64) float64 {
	const step, rings = 0.01, 12
	if v.fill == nil {
		radius := float64(dish.SunRadius)
		at := func(off float64) (sum float64) {
			for i := range rings {
				rho := radius * math.Sqrt((float64(i)+0.5)/rings)
				for k := range 24 {
					s, c := math.Sincos(2 * math.Pi * (float64(k) + 0.5) / 24)
					d := math.Hypot(off+rho*c, rho*s) / v.width
					sum += math.Exp(-4*math.Ln2*d*d) / rings / 24
				}
			}
			return sum
		}
		for i := range 1200 {
			v.fill = append(v.fill, at(step*float64(i))/at(0))
		}
	}
	i := int(off / step)
	if i+1 >= len(v.fill) {
		return 0
	}
	part := off/step - float64(i)
	return v.fill[i]*(1-part) + v.fill[i+1]*part
}

// sunAway returns the angle between the Sun and where the dish points on a day, by spherical
// trigonometry; the Sun's place by a polynomial through five moments of an hour and a half.
func (v *sunVillage) sunAway(peak time.Time, x, y float64) func(time.Time) float64 {
	const rad = math.Pi / 180
	var az, el [5]float64
	for i := range az {
		a, e := dish.Sun(peak.Add(time.Duration(i-2)*22*time.Minute), placeOf(v.cfg.Dish))
		az[i], el[i] = math.Remainder(float64(a-v.view.Azimuth), 360), float64(e)
	}
	up := float64(v.view.Elevation) * rad
	right, high, ahead := math.Sin(x*rad)*math.Cos(y*rad), math.Sin(y*rad), math.Cos(x*rad)*math.Cos(y*rad)
	beam := [3]float64{right, ahead*math.Cos(up) - high*math.Sin(up), ahead*math.Sin(up) + high*math.Cos(up)}
	through := func(p [5]float64, t float64) (sum float64) {
		for i := range p {
			k := p[i]
			for j := range p {
				if j != i {
					k *= (t - float64(j-2)) / float64(i-j)
				}
			}
			sum += k
		}
		return sum
	}
	return func(at time.Time) float64 {
		t := at.Sub(peak).Minutes() / 22
		a, e := through(az, t)*rad, through(el, t)*rad
		return math.Acos(min(1, math.Cos(e)*math.Sin(a)*beam[0]+math.Cos(e)*math.Cos(a)*beam[1]+math.Sin(e)*beam[2])) / rad
	}
}

// live passes the days of the season through the station's own log, reading by reading.
func (v *sunVillage) live(t *testing.T) {
	t.Helper()
	list, err := passagesOf(v.cfg.Dish, v.half)
	if err != nil || len(list) < 4 {
		t.Fatalf("%d days, %v", len(list), err)
	}
	l := newTransitLog(v.meter.dir)
	for i, p := range list {
		if v.off[i] {
			continue
		}
		dx, dy := v.shift(i)
		away := v.sunAway(p.Peak, v.x+dx, v.y+dy)
		locked, shimmer, cloud := true, 0.0, 0.0
		usual := v.clear + 0.1*v.r.NormFloat64()
		for v.at = p.From.Add(-time.Minute).Truncate(time.Second); v.at.Before(p.To.Add(time.Minute)); v.at = v.at.Add(signalEvery) {
			shimmer = 0.99*shimmer + 0.005*v.r.NormFloat64()
			if v.wet[i] {
				cloud = max(0, cloud+0.08*v.r.NormFloat64())
			}
			read := v.at.Add(-time.Duration(v.r.IntN(1500)) * time.Millisecond) // the gauge is asked at another moment
			c := usual - 10*math.Log10(1+v.sun*v.filled(away(read))) + shimmer - cloud + 0.12*v.r.NormFloat64()
			locked = c > v.lock+0.5 || locked && c > v.lock
			s := tuner.Status{Level: tuner.Value{Scale: tuner.InDecibels, Decibels: -54}}
			if locked {
				s.Lock, s.CNR = tuner.Full, tuner.Value{Scale: tuner.InDecibels, Decibels: tuner.Decibel(math.Round(10*c) / 10)}
			}
			v.meter.signal.set(hal.Reading[tuner.Status]{Value: s, At: read}, nil)
			v.meter.tilt.set(hal.Reading[tilt]{Value: tilt{Elevation: 40 + dish.Degrees(v.lean(i)), Roll: 1, Celsius: 20}, At: v.at}, nil)
			v.meter.watchSun(l)
		}
		if err := l.flush(); err != nil {
			t.Fatal(err)
		}
	}
	v.at = list[len(list)-1].To.Add(transitOver + time.Hour)
}
