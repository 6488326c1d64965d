package world

import (
	"math"
	"math/rand/v2"
	"time"
)

// mains is the line in front of the contactor. What is asked for later wins:
// an outage over a swing, a swing over a ramp, a ramp over the steady voltage.
type mains struct {
	volts, hz, thd, noise float64
	phase                 float64 // radians of the fundamental
	ramp                  span
	rampFrom, rampTo      float64
	swing                 span
	swingVolts            float64
	outage                span
	off                   bool // until somebody switches it on
	active                []disturbance
	arresterBad           bool
	strikes               uint16 // of the arrester, counted by the front end
}

// span is a stretch of world time; the zero span is never.
type span struct{ from, to time.Duration }

func (s span) holds(t time.Duration) bool { return t >= s.from && t < s.to }

type disturbance struct {
	Disturbance
	span
	armed bool // Impulse: waits for the crest
}

func newMains(o Opts) mains {
	return mains{volts: o.Volts, hz: o.Hz, thd: o.THD, noise: o.Noise}
}

func (m *mains) on(t time.Duration) bool { return !m.off && !m.outage.holds(t) }

// rms returns the voltage asked for at t.
func (m *mains) rms(t time.Duration) float64 {
	switch {
	case !m.on(t):
		return 0
	case m.swing.holds(t):
		return m.swingVolts
	case m.ramp.holds(t):
		part := float64(t-m.ramp.from) / float64(m.ramp.to-m.ramp.from)
		return m.rampFrom + (m.rampTo-m.rampFrom)*part
	}
	return m.volts
}

// next returns the volts of the sample at t and turns the wave on by one sample.
func (m *mains) next(t time.Duration, rng *rand.Rand) float64 {
	amplitude := math.Sqrt2 * m.rms(t) / math.Sqrt(1+m.thd*m.thd)
	v := 0.0
	if amplitude > 0 {
		v = amplitude * shape(math.Sin(m.phase), m.thd)
		v = m.disturb(t, v, amplitude)
	}
	m.phase += 2 * math.Pi * m.hz / Rate
	if m.phase > 2*math.Pi {
		m.phase -= 2 * math.Pi
	}
	if m.noise > 0 {
		v += m.noise * rng.NormFloat64()
	}
	return v
}

// shape adds the odd harmonics 3, 5 and 7 in the proportion 6:3:2 = 7 by the
// multiple-angle formulas, with a common distortion of thd.
func shape(s, thd float64) float64 {
	if thd == 0 {
		return s
	}
	q := s * s
	h3 := s * (3 - 4*q)
	h5 := s * (5 + q*(-20+16*q))
	h7 := s * (7 + q*(-56+q*(112-64*q)))
	return s + thd*(6*h3+3*h5+2*h7)/7
}

func (m *mains) disturb(t time.Duration, v, amplitude float64) float64 {
	keep := m.active[:0]
	for _, d := range m.active {
		if d.armed && math.Sin(m.phase) > 0.995 {
			d.armed = false
			d.span = span{t, t + d.For}
		}
		v = d.apply(t, v, amplitude, m.phase)
		if d.armed || t < d.to {
			keep = append(keep, d)
		}
	}
	m.active = keep
	return v
}

// apply returns v with the disturbance in it. Impulse and ringing follow the
// common equations (Igual et al. 2018); times are those of the disturbance.
func (d *disturbance) apply(t time.Duration, v, amplitude, phase float64) float64 {
	if d.armed || !d.holds(t) {
		return v
	}
	age := (t - d.from).Seconds()
	switch d.Kind {
	case Flicker:
		return v * (1 + d.Size*math.Sin(2*math.Pi*d.Hz*age))
	case Impulse:
		return v + amplitude*d.Size*(math.Exp(-344*age)-math.Exp(-7500*age))
	case Ringing:
		return v + amplitude*d.Size*math.Exp(-age/d.Tau.Seconds())*math.Sin(2*math.Pi*d.Hz*age)
	case Notches:
		if x := math.Abs(math.Sin(phase)); x > 0.7 && x < 0.8 {
			return v - math.Copysign(amplitude*d.Size, v)
		}
	case Offset:
		return v + amplitude*d.Size
	}
	return v
}

// meanSquare keeps the mean square of the last window samples.
type meanSquare struct {
	sq  [window]float64
	sum float64
	i   int
}

func (m *meanSquare) add(v float64) {
	sq := v * v
	m.sum += sq - m.sq[m.i]
	m.sq[m.i] = sq
	m.i = (m.i + 1) % window
	if m.i == 0 {
		m.settle()
	}
}

// settle sums anew so that rounding never piles up.
func (m *meanSquare) settle() {
	m.sum = 0
	for _, sq := range m.sq {
		m.sum += sq
	}
}

func (m *meanSquare) rms() float64 { return math.Sqrt(max(0, m.sum) / window) }
