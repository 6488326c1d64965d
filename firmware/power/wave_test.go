package power_test

import (
	"math"
	"math/rand/v2"
	"time"

	"stationbox/firmware/power"
)

// wave is the mains of the tests: a sine of volts(t) rms with harmonics and
// noise, quantised as the front end does it.
type wave struct {
	hz, phase float64
	third     float64 // harmonic distortion, as a fraction, in the third and fifth
	noise     float64 // V rms
	volts     func(t float64) float64
	rnd       *rand.Rand
	angle     float64
	n         int
}

const fullScale = 800

func steady(v float64) func(float64) float64 { return func(float64) float64 { return v } }

// stepTo changes the voltage at the moment at.
func stepTo(before, after, at float64) func(float64) float64 {
	return func(t float64) float64 {
		if t < at {
			return before
		}
		return after
	}
}

func (w *wave) now() float64 { return float64(w.n) / 8000 }

func (w *wave) sample() int16 {
	if w.n == 0 {
		w.angle = w.phase
	}
	if w.hz == 0 {
		w.hz = 50
	}
	t := w.now()
	w.n++
	a := w.angle
	w.angle += 2 * math.Pi * w.hz / 8000
	shape := math.Sin(a)
	if w.third > 0 {
		shape += w.third * 0.8 * math.Sin(3*a+0.4)
		shape += w.third * 0.6 * math.Sin(5*a+1.1)
		shape /= math.Sqrt(1 + w.third*w.third)
	}
	v := w.volts(t) * math.Sqrt2 * shape
	if w.noise > 0 {
		v += w.noise * w.rnd.NormFloat64()
	}
	return int16(max(-32768, min(32767, math.Round(v*32768/fullScale))))
}

func (w *wave) frame() power.Frame {
	var f power.Frame
	for i := range f.Samples {
		f.Samples[i] = w.sample()
	}
	f.Channel, f.Value = power.SlowArrester, 0
	return f
}

// bench is a plan with a sampler and a state, stepped by frames in pure time.
type bench struct {
	plan    *power.Plan
	sampler *power.Sampler
	state   power.State
	in      power.Input
	orders  power.Orders
	events  []power.Event
	at      time.Duration
	follow  bool // the contactor obeys
	dropped time.Duration
}

func newBench(plan *power.Plan) *bench {
	b := &bench{plan: plan, state: plan.Cold(), follow: true}
	b.sampler = power.NewSampler(power.NewDetector(fullScale, plan.Instant()))
	b.in.Aux, b.in.Feed = power.ContactOpen, power.ContactOpen
	return b
}

// take steps with one frame that came in time.
func (b *bench) take(f power.Frame) {
	b.in.Elapsed = power.FrameTime
	b.in.Sense = b.sampler.Take(&f, b.in.Elapsed)
	b.step()
}

// silence steps without a frame.
func (b *bench) silence(elapsed time.Duration) {
	b.in.Elapsed = elapsed
	b.in.Sense = b.sampler.Silence(elapsed)
	b.step()
}

func (b *bench) step() {
	b.at += b.in.Elapsed
	b.state, b.orders = b.plan.Step(b.state, b.in)
	b.events = append(b.events, b.orders.Events[:b.orders.N]...)
	b.in.Reset = false
	if b.follow {
		b.obey()
	}
}

// obey moves the contacts as the hardware does: 15 ms to close, 200 ms without a
// pulse to open.
func (b *bench) obey() {
	b.dropped += b.in.Elapsed
	if b.orders.Pulse {
		b.dropped = 0
	}
	closed := b.orders.Contactor && b.dropped < 200*time.Millisecond || !b.orders.Contactor && b.in.Aux == power.ContactClosed && b.dropped < 200*time.Millisecond
	b.in.Aux, b.in.Feed = power.ContactOpen, power.ContactOpen
	if closed {
		b.in.Aux, b.in.Feed = power.ContactClosed, power.ContactClosed
	}
}

// run plays the wave for d or until stop says so.
func (b *bench) run(w *wave, d time.Duration, stop func() bool) bool {
	for end := b.at + d; b.at < end; {
		b.take(w.frame())
		if stop != nil && stop() {
			return true
		}
	}
	return false
}

func (b *bench) has(kind power.Kind, cause power.Cause) bool {
	for _, e := range b.events {
		if e.Kind == kind && (cause == power.CauseNone || e.Cause == cause) {
			return true
		}
	}
	return false
}
