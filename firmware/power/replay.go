package power

import (
	"slices"
	"time"
)

// The contactor that a replay imagines: it obeys, as fast as real ones.
const (
	replayCloses = 15 * time.Millisecond
	replayHolds  = 200 * time.Millisecond // what the drive holds after the last pulse
)

// Happened is one event of a replay and its time since the first sample: of a
// disturbance the beginning, of anything else the end of the frame that made
// the guard do it.
type Happened struct {
	At time.Duration
	Event
	Ongoing bool // the recording ended before the disturbance did
}

// Replay puts a recorded wave through the same Sampler, Detector and Step as the
// loop does, with an ideal contactor behind it, and collects what happens.
type Replay struct {
	plan    *Plan
	sampler *Sampler
	quality *Quality
	state   State
	in      Input
	at      time.Duration
	moving  time.Duration // since the order, or the last pulse
	closed  bool
	events  []Happened
}

// NewReplay returns a Replay of plan for samples of which 32768 would be
// fullScale volts. It begins with the contactor closed for long, or, when cold,
// as at boot.
func NewReplay(plan *Plan, fullScale int, cold bool) *Replay {
	det := NewDetector(fullScale, plan.Instant())
	r := &Replay{plan: plan, sampler: NewSampler(det), quality: NewQuality(det), state: plan.Warm(), closed: true}
	if cold {
		r.state, r.closed = plan.Cold(), false
	}
	r.contact()
	return r
}

// Frame plays one frame that came in time and returns what the guard orders.
func (r *Replay) Frame(f *Frame) Orders {
	r.in.Elapsed = FrameTime * time.Duration(1+max(0, f.Lost))
	r.at += r.in.Elapsed
	r.in.Sense = r.sampler.Take(f, r.in.Elapsed)
	r.quality.Take(f)
	next, o := r.plan.Step(r.state, r.in)
	r.state = next
	for _, e := range o.Events[:o.N] {
		r.events = append(r.events, Happened{At: r.at, Event: e})
	}
	r.disturbances()
	r.obey(&o)
	return o
}

// State is that of the guard after the newest frame.
func (r *Replay) State() State { return r.state }

// Quality is what judges the supply in this replay.
func (r *Replay) Quality() *Quality { return r.quality }

// Finish ends the replay and returns everything that happened, in order of time.
func (r *Replay) Finish() []Happened {
	r.quality.Finish()
	r.disturbances()
	slices.SortStableFunc(r.events, func(a, b Happened) int { return int(a.At - b.At) })
	return r.events
}

func (r *Replay) disturbances() {
	for {
		d, ok := r.quality.Next()
		if !ok {
			return
		}
		r.events = append(r.events, Happened{At: d.Start, Ongoing: d.Ongoing,
			Event: Event{Kind: d.Kind, Load: -1, MV: d.MV, Lasted: d.Lasted}})
	}
}

// obey moves the imagined contactor.
func (r *Replay) obey(o *Orders) {
	r.moving += r.in.Elapsed
	switch {
	case o.Pulse && r.closed, !o.Contactor && !r.closed:
		r.moving = 0
	case o.Pulse && r.moving >= replayCloses:
		r.closed, r.moving = true, 0
	case r.closed && r.moving >= replayHolds:
		r.closed, r.moving = false, 0
	}
	r.contact()
}

func (r *Replay) contact() {
	r.in.Aux, r.in.Feed = ContactOpen, ContactOpen
	if r.closed {
		r.in.Aux, r.in.Feed = ContactClosed, ContactClosed
	}
}
