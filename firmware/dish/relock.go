package dish

import (
	"math"
	"time"
)

// Remedy is what may bring a lost signal back, by a stable English word.
type Remedy string

// The remedies, from the gentlest to the last.
const (
	RemedyNone    Remedy = ""
	RemedyWait    Remedy = "wait"    // a shower passes, and receivers find their carrier again by themselves
	RemedyTune    Remedy = "tune"    // the same once more
	RemedyPower   Remedy = "power"   // the LNB without voltage for a moment, then tune
	RemedyRestart Remedy = "restart" // the receiver closed and opened, then tune
	RemedySearch  Remedy = "search"  // beside the frequency: an LNB drifts with heat and age
)

// Loss is why a signal seems to be away right now, by a stable English word. It is a
// first guess out of some minutes; Why knows better afterwards, out of hours.
type Loss string

// The losses.
const (
	LossFade      Loss = "fade"      // it sank before: rain, snow, cloud
	LossSun       Loss = "sun"       // the Sun stands behind the satellite, as foretold
	LossCable     Loss = "cable"     // all at once, and the level with it: cable, plug, LNB or its supply
	LossCarrier   Loss = "carrier"   // something is there that does not lock: a drifted LNB, or other parameters
	LossReceiver  Loss = "receiver"  // it does not answer
	LossSatellite Loss = "satellite" // another satellite is received
	LossUnknown   Loss = "unknown"   // all at once with the level left: the dish was moved, or the sender is off
)

// Lookout is what a receiver says at one moment, and what is known besides. It is read
// every few seconds.
type Lookout struct {
	Answers bool
	Locked  bool
	Carrier bool    // something of the right rate, as far as the receiver knows
	CNR     DB      // NaN: unknown
	Level   float64 // dBm; NaN: unknown
	Sun     bool    // an outage is foretold for now
	Foreign bool    // what is received is another satellite
}

// Step is what a Relock wants to be done or said. Its zero value is nothing.
type Step struct {
	Remedy Remedy
	Shift  int // MHz, of RemedySearch and of a RemedyTune, RemedyPower, RemedyRestart once the LNB has drifted
	Why    Loss
	Since  time.Time // the loss
	Round  int       // of the ladder, from 1
	// Began and Back are said once: the signal is lost; it is back, by Remedy, and stays.
	Began, Back bool
}

// The times of a Relock.
const (
	relockSteady   = 10 * time.Second // of a lock, before it is back
	relockAtOnce   = 4 * time.Second  // for a receiver to find its carrier by itself
	relockFade     = time.Minute      // the same in a fade
	relockAfter    = 10 * time.Second // between remedies
	relockFadeNext = 3 * time.Minute  // the same in a fade or an outage
	relockPatience = 15 * time.Minute // a fade that lasts longer is treated as if it were none
	relockRest     = time.Minute      // after a round; twice as long after each
	relockRestMost = 5 * time.Minute
	relockSank     = 1.5 // dB below the usual C/N, before a loss: a fade
	relockFell     = 6.0 // dB of level: more than a fade takes that leaves C/N
	relockUsual    = time.Hour
	relockLast     = 3 // readings before a loss that tell what it was
)

// shifts are the frequencies that a search tries, MHz beside the right one: a receiver
// catches some two MHz to each side by itself.
func shifts() []int { return []int{2, -2, 4, -4, 5, -5} }

// Relock watches over the lock of a live lesson and says what to do when it is lost: it
// waits a fade out, then climbs a ladder of remedies, and rests longer after each round.
// It never does anything while there is a lock. It belongs to one goroutine.
type Relock struct {
	usual  best      // C/N
	level  best      // of the cable
	recent []Lookout // the last readings with a lock
	lost   time.Time // zero: not lost
	locked time.Time // since when, while it is not back yet; zero: no lock
	why    Loss
	next   time.Time // of the ladder
	rung   int
	round  int
	last   Remedy
	shift  int // of the newest remedy
	drift  int // at which there was a lock last
}

// best is the best of the last hour or two.
type best struct {
	now, before float64
	turned      time.Time
}

func (b *best) add(now time.Time, v float64) {
	switch {
	case math.IsNaN(v):
	case b.turned.IsZero():
		b.before, b.now, b.turned = v, v, now
	case now.Sub(b.turned) >= relockUsual:
		b.before, b.now, b.turned = b.now, v, now
	default:
		b.now = max(b.now, v)
	}
}

func (b *best) value() float64 { return max(b.now, b.before) }

// NewRelock returns one that has seen nothing yet.
func NewRelock() *Relock { return &Relock{} }

// Shift is how many MHz beside the right frequency there was a lock last.
func (r *Relock) Shift() int { return r.drift }

// Watch takes in what the receiver says now and returns what is to be done. What it
// returns is done before the next call; a lock shows there.
func (r *Relock) Watch(now time.Time, l Lookout) Step {
	if l.Answers && l.Locked {
		return r.good(now, l)
	}
	r.locked = time.Time{}
	if r.lost.IsZero() {
		r.begin(now, l)
		return r.step(Step{Remedy: RemedyWait, Began: true})
	}
	r.judge(l)
	if now.Before(r.next) {
		return Step{}
	}
	return r.climb(now)
}

// good is a lock.
func (r *Relock) good(now time.Time, l Lookout) Step {
	if r.locked.IsZero() {
		r.locked = now
	}
	if r.lost.IsZero() {
		r.remember(now, l)
		return Step{}
	}
	if now.Sub(r.locked) < relockSteady {
		r.next = later(r.next, now.Add(r.wait(now))) // should it be lost again at once
		return Step{}
	}
	r.drift = r.shift
	back := r.step(Step{Remedy: r.last, Back: true})
	r.lost, r.recent = time.Time{}, nil
	return back
}

func (r *Relock) remember(now time.Time, l Lookout) {
	r.recent = append(r.recent, l)
	r.recent = r.recent[max(0, len(r.recent)-relockLast):]
	r.usual.add(now, float64(l.CNR))
	r.level.add(now, l.Level)
}

func (r *Relock) begin(now time.Time, l Lookout) {
	r.lost, r.rung, r.round, r.last, r.shift = now, 0, 1, RemedyWait, r.drift
	r.why = ""
	r.judge(l)
	r.next = now.Add(r.wait(now))
}

// wait is how long a receiver is given to find its carrier by itself.
func (r *Relock) wait(now time.Time) time.Duration {
	if r.patient(now) {
		return relockFade
	}
	return relockAtOnce
}

// judge says why the signal is away. A fade and the Sun stay what they are until the lock
// is back: what is seen without a lock is noise.
func (r *Relock) judge(l Lookout) {
	switch {
	case !l.Answers:
		r.why = LossReceiver
	case l.Sun:
		r.why = LossSun
	case r.why == LossFade:
	case r.sank():
		r.why = LossFade
	case l.Foreign:
		r.why = LossSatellite
	case l.Carrier:
		r.why = LossCarrier
	case r.fell(l):
		r.why = LossCable
	default:
		r.why = LossUnknown
	}
}

// sank says whether C/N was low before the loss.
func (r *Relock) sank() bool {
	last := r.before(func(l Lookout) float64 { return float64(l.CNR) })
	return last <= r.usual.value()-relockSank
}

// fell says whether the level is gone: with the lock, or before it while C/N was kept, as
// a plug that comes loose does. A receiver that has no number for it without a lock says
// nothing about it.
func (r *Relock) fell(l Lookout) bool {
	last := r.before(func(l Lookout) float64 { return l.Level })
	return l.Level <= last-relockFell || last <= r.level.value()-relockFell
}

// before is the newest value before the loss; NaN, which is no less than anything, when
// there is none.
func (r *Relock) before(value func(Lookout) float64) float64 {
	for i := len(r.recent) - 1; i >= 0; i-- {
		if v := value(r.recent[i]); !math.IsNaN(v) {
			return v
		}
	}
	return math.NaN()
}

// patient says whether time is the better remedy.
func (r *Relock) patient(now time.Time) bool {
	return r.why == LossSun || r.why == LossFade && now.Sub(r.lost) < relockPatience
}

// climb takes the next rung. In a fade and in the Sun there is only one.
func (r *Relock) climb(now time.Time) Step {
	if r.patient(now) {
		r.next = now.Add(relockFadeNext)
		return r.does(RemedyTune, r.drift)
	}
	r.next = now.Add(relockAfter)
	rungs := []Remedy{RemedyTune, RemedyPower, RemedyRestart}
	list := shifts()
	switch {
	case r.rung < len(rungs):
		r.rung++
		return r.does(rungs[r.rung-1], r.drift)
	case r.rung < len(rungs)+len(list):
		r.rung++
		return r.does(RemedySearch, list[r.rung-1-len(rungs)])
	}
	r.rung, r.drift = 0, 0 // where it was found once, it is no more
	r.next = now.Add(min(relockRest<<min(r.round-1, 8), relockRestMost))
	r.round++
	return r.does(RemedyTune, 0)
}

func (r *Relock) does(m Remedy, shift int) Step {
	r.last, r.shift = m, shift
	return r.step(Step{Remedy: m, Shift: shift})
}

func (r *Relock) step(s Step) Step {
	s.Why, s.Since, s.Round = r.why, r.lost, r.round
	if s.Back {
		s.Shift = r.drift
	}
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
