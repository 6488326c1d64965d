package power_test

import (
	"math"
	"time"

	"stationbox/firmware/power"
)

// trouble is what may happen to samples on their way to the guard.
type trouble int

const (
	missing trouble = iota // frames never come; the next one tells how many
	late                   // frames come together when it is over; the guard waits meanwhile
	pause                  // the same, because the guard itself stands still
	frozen                 // the front end sends its last frame again and again
)

// hole is a stretch of time with a trouble, in s. A short one must not open
// anything, a long one must.
type hole struct {
	trouble  trouble
	from, to float64
	long     bool
}

// stale is how long the guard of the study may be blind.
const stale = 0.1

// dig makes the only hole of a wave. The shortest of the long ones leaves no room
// for doubt, the longest of the short ones room for the cycle after it, in which
// the rms is not known yet.
func (s *studied) dig(tr trouble) {
	if s.hole != nil {
		return
	}
	h := &hole{trouble: tr, long: s.rnd.IntN(3) == 0}
	longest := stale - 0.035
	if tr == late || tr == pause {
		longest = stale - 0.015 // nothing is lost
	}
	d := s.in(0.005, longest)
	if h.long {
		d = s.in(2*stale+0.015, 5*stale)
	}
	first := math.Round(s.in(0.3, 1.2) / power.FrameTime.Seconds())
	h.from = first * power.FrameTime.Seconds()
	h.to = (first + math.Ceil(d/power.FrameTime.Seconds())) * power.FrameTime.Seconds()
	s.hole = h
}

// has says whether the frame that ends at the moment t is in the hole.
func (h *hole) has(t float64) bool { return h != nil && t > h.from+1e-6 && t < h.to+1e-6 }

// filled is rms with the unseen time replaced by the worst value around it, which
// is the highest or the lowest.
func (h *hole) filled(rms []float64, worst func(a, b float64) float64) []float64 {
	if h == nil || h.trouble == late || h.trouble == pause {
		return rms
	}
	from, to := int((h.from-0.0125)/tickTime), min(len(rms), int((h.to+0.035)/tickTime))
	out := append([]float64(nil), rms...)
	v := rms[from]
	for _, other := range rms[from:to] {
		v = worst(v, other)
	}
	for i := from; i < to; i++ {
		out[i] = v
	}
	return out
}

// bound narrows o to what the hole allows.
func (h *hole) bound(o *oracle) {
	if h == nil {
		return
	}
	// Nobody can act on what has not come: the guard acts when it does, or when it
	// knows the rms again.
	acts := h.to + 0.01
	if h.trouble == missing || h.trouble == frozen {
		acts += 0.03
	}
	if o.latest > h.from && o.latest < acts {
		o.latest = acts
	}
	if !h.long {
		return
	}
	o.ride = false
	blind, slack := h.from+stale, 0.0135 // a turn without a frame comes every 10 ms
	switch h.trouble {
	case pause:
		blind = h.to
	case frozen:
		slack += 0.025 // at nearly nothing it is an outage, which takes a cycle more
	}
	o.earliest = min(o.earliest, blind-0.005)
	o.latest = min(o.latest, blind+slack)
}

// played is the guard of the study with frames on their way.
type played struct {
	*bench
	s     *studied
	queue []power.Frame // frames that are late
	lost  int
	last  power.Frame
}

// playStudied puts the wave through the production path and returns when and
// why the contactor was ordered open, +Inf for never.
func playStudied(plan *power.Plan, s *studied) (float64, power.Cause) {
	p := &played{bench: newBench(plan), s: s}
	p.sampler = power.NewSampler(power.NewDetector(int(s.full), plan.Instant()))
	p.state = plan.Warm()
	p.in.Aux, p.in.Feed = power.ContactClosed, power.ContactClosed
	var f power.Frame
	for n, rest := 0, s.counts; len(rest) >= power.FrameSamples; n, rest = n+1, rest[power.FrameSamples:] {
		copy(f.Samples[:], rest)
		p.frame(f, time.Duration(n+1)*power.FrameTime)
		if !p.orders.Contactor {
			return p.at.Seconds(), p.state.Cause
		}
	}
	return math.Inf(1), power.CauseNone
}

// frame is what the guard gets of the frame that ends at the moment at.
func (p *played) frame(f power.Frame, at time.Duration) {
	h := p.s.hole
	if !h.has(at.Seconds()) {
		p.arrive(f, at)
		p.last = f
		return
	}
	switch h.trouble {
	case missing:
		p.lost++
		p.wait(at)
	case late, pause:
		p.queue = append(p.queue, f)
		if h.trouble == late {
			p.wait(at)
		}
	case frozen:
		p.arrive(p.last, at)
	}
}

// arrive gives the guard everything that is under way, until it opens.
func (p *played) arrive(f power.Frame, at time.Duration) {
	f.Lost, p.lost = p.lost, 0
	for _, q := range append(p.queue, f) {
		p.in.Elapsed = at - p.at
		p.in.Sense = p.sampler.Take(&q, p.in.Elapsed)
		p.step()
		if !p.orders.Contactor {
			return
		}
	}
	p.queue = nil
}

// wait is a turn without a frame when its time has come.
func (p *played) wait(at time.Duration) {
	if at-p.at >= 10*time.Millisecond {
		p.silence(at - p.at)
	}
}
