package power_test

import (
	"math"
	"math/rand/v2"
)

// studied is one generated wave: the sum and product of its classes.
type studied struct {
	seed     uint64
	names    []string
	hz       func(t float64) float64
	volts    float64
	gains    []func(t float64) float64 // of the amplitude
	adds     []func(t, angle float64) float64
	jumps    []func(t float64) float64 // radians
	orders   []float64                 // amplitude of harmonics 2, 3 …
	shifts   []float64
	noise    float64
	full     float64 // full scale in V
	hole     *hole   // where the samples do not come as they should
	length   float64 // s
	rnd      *rand.Rand
	wave     []float64 // as the converter sees it, V
	level    []float64 // rms of the sine it was made of, V
	lengthAt []float64 // length of the cycle in samples
	counts   []int16
}

func (s *studied) in(low, high float64) float64 { return low + (high-low)*s.rnd.Float64() }

// span is a stretch of time inside the wave, at least low and at most high long.
func (s *studied) span(low, high float64) (from, to float64) {
	d := s.in(low, high)
	from = s.in(0.3, max(0.3, s.length-d-0.2))
	return from, from + d
}

// class is one class of the study; about names of facts and standards see there.
type class struct {
	name string
	add  func(s *studied)
}

// study is every class, most of them after the common set of disturbance
// equations, the last ones of a village's own.
var study = []class{
	{"sag", func(s *studied) { s.scale(-s.in(0.1, 0.9), 0.01, 0.6) }},
	{"swell", func(s *studied) { s.scale(s.in(0.1, 0.8), 0.01, 0.6) }},
	{"interruption", func(s *studied) { s.scale(-s.in(0.9, 1), 0.01, 0.6) }},
	{"long sag", func(s *studied) { s.length = 13; s.scale(-s.in(0.1, 0.9), 0.4, 12) }},
	{"long swell", func(s *studied) { s.length = 6; s.scale(s.in(0.1, 0.8), 0.1, 5) }},
	{"harmonics", func(s *studied) {
		for n := 2; n <= 25; n++ {
			most := 0.15 / math.Sqrt(float64(n))
			if n%2 == 0 {
				most /= 4
			}
			s.orders, s.shifts = append(s.orders, s.in(0, most)), append(s.shifts, s.in(0, 2*math.Pi))
		}
	}},
	{"flicker", func(s *studied) {
		depth, hz := s.in(0.03, 0.1), s.in(1, 25)
		s.gains = append(s.gains, func(t float64) float64 { return 1 + depth*math.Sin(2*math.Pi*hz*t) })
	}},
	{"impulse", func(s *studied) {
		for range 1 + s.rnd.IntN(5) {
			psi, at := s.in(0.222, 1.11)*s.volts*math.Sqrt2*8, s.in(0.3, s.length)
			s.adds = append(s.adds, func(t, _ float64) float64 {
				if t < at || t > at+0.001 {
					return 0
				}
				return psi * (math.Exp(-344*(t-at)) - math.Exp(-750*(t-at)))
			})
		}
	}},
	{"2 kV spike", func(s *studied) {
		at, up := math.Round(s.in(0.3, s.length)*8000)/8000, s.in(-2000, 2000)
		s.adds = append(s.adds, func(t, _ float64) float64 {
			if math.Abs(t-at) < 0.00003 {
				return up
			}
			return 0
		})
	}},
	{"oscillatory", func(s *studied) { s.ring(s.in(0.1, 0.8), s.in(300, 900), s.in(0.008, 0.04), 0.05) }},
	{"strong ring", func(s *studied) { s.ring(s.in(1, 4), s.in(1000, 3500), s.in(0.0003, 0.002), 0.003) }},
	{"notch", func(s *studied) { s.notch(-1) }},
	{"spike", func(s *studied) { s.notch(1) }},
	{"noise", func(s *studied) { s.noise = s.volts * math.Pow(10, -s.in(20, 50)/20) }},
	{"lost neutral", func(s *studied) {
		s.length = 6
		to, from, ramp, drift := s.in(260, 380)/s.volts-1, s.in(0.3, 1), s.in(0.1, 2), s.in(-0.05, 0.05)
		s.gains = append(s.gains, func(t float64) float64 {
			return 1 + to*max(0, min(1, (t-from)/ramp))*(1+drift*math.Sin(3*t))
		})
	}},
	{"generator", func(s *studied) {
		base, swing, hz := s.in(46, 54), s.in(0, 1), s.in(0.1, 0.5)
		s.hz = func(t float64) float64 { return base + swing*math.Sin(2*math.Pi*hz*t) }
	}},
	{"phase jump", func(s *studied) {
		at, by := s.in(0.3, s.length), s.in(-math.Pi, math.Pi)
		s.jumps = append(s.jumps, func(t float64) float64 {
			if t < at {
				return 0
			}
			return by
		})
	}},
	{"DC offset", func(s *studied) {
		dc := s.in(-20, 20)
		s.adds = append(s.adds, func(_, _ float64) float64 { return dc })
	}},
	{"clip", func(s *studied) { s.full = math.Round(s.in(480, 600)); s.scale(s.in(0.3, 1.5), 0.02, 1) }},
	{"chatter", func(s *studied) {
		s.length = 6
		limits := []float64{340, 300, 275, 264, 176, 154, 22}
		limit := limits[s.rnd.IntN(len(limits))]
		to, period, duty := limit*s.in(0.97, 1.03)/s.volts, s.in(0.04, 0.6), s.in(0.1, 0.95)
		s.gains = append(s.gains, func(t float64) float64 {
			if t > 0.3 && math.Mod(t, period) < duty*period {
				return to
			}
			return 1
		})
	}},
	{"missing frames", func(s *studied) { s.dig(missing) }},
	{"late frames", func(s *studied) { s.dig(late) }},
	{"pause of the guard", func(s *studied) { s.dig(pause) }},
	{"frozen front end", func(s *studied) { s.dig(frozen) }},
	{"staircase", func(s *studied) {
		s.length = 13
		stair, every := s.in(0.02, 0.1), s.in(0.3, 2)
		s.gains = append(s.gains, func(t float64) float64 { return max(0, 1-stair*math.Floor(t/every)) })
	}},
	{"recloser", func(s *studied) {
		s.length = 3
		from, dead, live := s.in(0.3, 0.6), s.in(0.02, 0.5), s.in(0.2, 1) // what follows an opening: TestRecloser
		s.gains = append(s.gains, func(t float64) float64 {
			if t > from && t < from+3*(dead+live) && math.Mod(t-from, dead+live) < dead {
				return 0
			}
			return 1
		})
	}},
}

// scale multiplies the amplitude by 1+by for a while, with edges of up to 10 ms.
func (s *studied) scale(by, low, high float64) {
	from, to := s.span(low, high)
	tau := s.in(0, 0.01) * float64(s.rnd.IntN(2))
	s.gains = append(s.gains, func(t float64) float64 {
		switch {
		case t < from:
			return 1
		case tau == 0 && t < to:
			return 1 + by
		case tau == 0:
			return 1
		case t < to:
			return 1 + by*(1-math.Exp(-(t-from)/tau))
		}
		return 1 + by*math.Exp(-(t-to)/tau)
	})
}

func (s *studied) ring(pu, hz, tau, lasts float64) {
	at, peak := s.in(0.3, s.length), pu*s.volts*math.Sqrt2
	s.adds = append(s.adds, func(t, _ float64) float64 {
		if t < at || t > at+lasts {
			return 0
		}
		return peak * math.Exp(-(t-at)/tau) * math.Sin(2*math.Pi*hz*(t-at))
	})
}

func (s *studied) notch(sign float64) {
	kappa, width, where := s.in(0.1, 0.4)*s.volts*math.Sqrt2, s.in(0.01, 0.05), s.in(0.05, 0.4)
	s.adds = append(s.adds, func(_, angle float64) float64 {
		half := math.Mod(angle/(2*math.Pi), 0.5)
		if half < where || half > where+width {
			return 0
		}
		return sign * kappa * math.Copysign(1, math.Sin(angle))
	})
}

// newStudied makes the wave of a seed: one to three classes of any phase.
func newStudied(seed uint64) *studied {
	s := &studied{seed: seed, rnd: rand.New(rand.NewPCG(seed, 0x5747)), length: 2, full: fullScale}
	s.volts = s.in(205, 240)
	hz := s.in(45, 55)
	s.hz = func(float64) float64 { return hz }
	s.noise = s.in(0.02, 1)
	for range 1 + s.rnd.IntN(3) {
		c := study[s.rnd.IntN(len(study))]
		s.names = append(s.names, c.name)
		c.add(s)
	}
	s.make(s.in(0, 2*math.Pi))
	return s
}

// make samples the wave.
func (s *studied) make(angle float64) {
	for i := range int(s.length * 8000) {
		t := float64(i) / 8000
		hz := s.hz(t)
		angle += 2 * math.Pi * hz / 8000
		a := angle
		for _, jump := range s.jumps {
			a += jump(t)
		}
		shape := math.Sin(a)
		for n, amount := range s.orders {
			shape += amount * math.Sin(float64(n+2)*a+s.shifts[n])
		}
		gain := s.volts * math.Sqrt2
		for _, g := range s.gains {
			gain *= g(t)
		}
		s.level = append(s.level, gain/math.Sqrt2)
		v := gain*shape + s.noise*s.rnd.NormFloat64()
		for _, add := range s.adds {
			v += add(t, a+2*math.Pi)
		}
		v = max(-s.full, min(s.full*32767/32768, v))
		s.wave, s.lengthAt = append(s.wave, v), append(s.lengthAt, 8000/hz)
		s.counts = append(s.counts, int16(math.Round(v*32768/s.full)))
	}
}
