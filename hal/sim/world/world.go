// Package world is the physical village under a simulated station: the mains
// wave, the contactor, four switched loads, the projector's lamp and fan, the
// TV and the room. It is pure physics, seeded, and advances in samples of
// 125 µs; the same seed and the same calls at the same world times give the
// same world. It promises to know no wire, no protocol and no program above
// it, and never to hold its lock for longer than a short slice of time.
//
// World time is a time.Duration from the world's beginning. Run keeps it to
// the real clock one to one; Advance alone moves it as a test likes.
package world

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// The grain of the world.
const (
	Rate       = 8000                  // samples a second
	Sample     = time.Second / Rate    // one sample
	BlockLen   = 20                    // samples between two steps of everything slow
	Step       = BlockLen * Sample     // 2.5 ms
	RingLen    = 8192                  // samples kept for the front end and the page
	window     = 160                   // samples of a nominal cycle, for rms
	slice      = 8 * window            // samples advanced under one lock
	maxEvents  = 1024                  // events kept until somebody takes them
	StallLimit = 60 * time.Millisecond // the loop being later than this counts as a stall
)

// World is the village. All methods may be called by any goroutine.
type World struct {
	mu      sync.Mutex
	opts    Opts
	rng     *rand.Rand
	n       uint64 // samples made
	line    mains
	con     contactor
	loads   []load
	proj    projector
	tv      tv
	ring    [RingLen]float32 // line-side volts of sample i at i % RingLen
	lineSq  meanSquare
	loadSq  meanSquare
	dead    bool          // the line is without voltage, for events
	good    bool          // it is in Opts.Band, for events
	lineV   float64       // rms, of a waveless world
	loadV   float64       // behind the contactor
	dt      time.Duration // how long the present step of everything slow is
	energy  float64
	over    float64
	room    float64
	events  []Event
	stalls  int
	stalled time.Duration

	clockMu sync.Mutex
	now     func() time.Time
	start   time.Time
}

// New returns a world at time zero with the mains on and every relay open.
func New(o Opts) *World {
	o = withDefaults(o)
	w := &World{opts: o, rng: rand.New(rand.NewPCG(o.Seed, 0x57a710b0)), room: o.RoomC, dt: Step}
	w.line = newMains(o)
	w.con.hold = o.Hold
	w.proj = newProjector(o.Projector, o.RoomC)
	w.tv = newTV(o.TV)
	for _, l := range o.Loads[:min(len(o.Loads), MaxLoads)] {
		w.loads = append(w.loads, load{Load: l})
	}
	return w
}

func withDefaults(o Opts) Opts {
	o.Volts = orDefault(o.Volts, 220)
	o.Hz = orDefault(o.Hz, 50)
	o.THD = max(0, orDefault(o.THD, 0.03))
	o.Noise = max(0, orDefault(o.Noise, 0.3))
	o.RoomC = orDefault(o.RoomC, 18)
	o.Hold = min(max(orDefault(o.Hold, HoldTime), 100*time.Millisecond), 300*time.Millisecond)
	o.Hold = orDefault(o.Stuck, o.Hold)
	o.Projector.WarmUp = orDefault(o.Projector.WarmUp, 30*time.Second)
	o.Projector.CoolDown = orDefault(o.Projector.CoolDown, 60*time.Second)
	o.Projector.Boot = orDefault(o.Projector.Boot, time.Second)
	o.TV.WarmUp = orDefault(o.TV.WarmUp, 3*time.Second)
	o.TV.Boot = orDefault(o.TV.Boot, time.Second)
	return o
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Run keeps world time to now, one to one from the moment of the call, and
// calls each tick after every advance, about every Step. After a stall the next
// advance catches up whole. It returns nil when ctx ends. Ticks must not block.
func (w *World) Run(ctx context.Context, now func() time.Time, ticks ...func()) error {
	w.clockMu.Lock()
	w.now, w.start = now, now().Add(-w.Time())
	w.clockMu.Unlock()
	t := time.NewTicker(Step)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		w.Advance(w.Clock())
		for _, tick := range ticks {
			tick()
		}
	}
}

// Clock returns the world time that it is now by the clock of Run: Time may be
// a little behind it. Without Run both are the same.
func (w *World) Clock() time.Duration {
	w.clockMu.Lock()
	now, start := w.now, w.start
	w.clockMu.Unlock()
	if now == nil {
		return w.Time()
	}
	return now().Sub(start)
}

// Time returns how far the world has been advanced.
func (w *World) Time() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time()
}

func (w *World) time() time.Duration { return time.Duration(w.n) * Sample }

// Advance moves the world to world time to, in slices between which others may
// look and act. A time that is past does nothing.
//
// A jump of more than StallLimit means that the simulation itself stood still.
// Drive edges that came meanwhile are still on their way, so the contactor's
// hold is stretched by the jump: a busy machine must not look like a dead guard.
func (w *World) Advance(to time.Duration) {
	if w.opts.Waveless {
		w.leap(to)
		return
	}
	w.noteStall(to)
	for w.advanceSlice(uint64(max(to, 0) / Sample)) {
	}
}

func (w *World) noteStall(to time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if behind := to - w.time(); w.n > 0 && behind > StallLimit {
		w.stalls++
		w.stalled += behind
		w.con.stretch(w.time(), behind)
	}
}

// leap moves a waveless world to to in one step.
func (w *World) leap(to time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := uint64(max(to, 0) / Sample)
	if end <= w.n {
		return
	}
	w.dt = time.Duration(end-w.n) * Sample
	w.n = end
	if w.con.step(w.time()) {
		w.contactorMoved(w.time())
	}
	w.lineV, w.loadV = w.line.rms(w.time()), 0
	if w.con.closed {
		w.loadV = w.lineV
	}
	w.block()
}

// lineRMS and loadRMS are the voltages in front of the contactor and behind it.
func (w *World) lineRMS() float64 {
	if w.opts.Waveless {
		return w.lineV
	}
	return w.lineSq.rms()
}

func (w *World) loadRMS() float64 {
	if w.opts.Waveless {
		return w.loadV
	}
	return w.loadSq.rms()
}

// advanceSlice makes at most one slice of samples and reports whether more are due.
func (w *World) advanceSlice(to uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := min(to, w.n+slice)
	for w.n < end {
		w.sample()
	}
	return w.n < to
}

func (w *World) sample() {
	now := w.time()
	v := w.line.next(now, w.rng)
	w.ring[w.n%RingLen] = float32(v)
	w.lineSq.add(v)
	if w.con.step(now) {
		w.contactorMoved(now)
	}
	if !w.con.closed {
		v = 0
	}
	w.loadSq.add(v)
	w.n++
	if w.n%BlockLen == 0 {
		w.block()
	}
}

// block steps everything slower than the wave.
func (w *World) block() {
	lineV, loadV := w.lineRMS(), w.loadRMS()
	w.noteLine(lineV)
	watts := 0.0
	for i := range w.loads {
		w.stepLoad(&w.loads[i], loadV)
		watts += w.loads[i].watts
	}
	w.energy += watts * w.dt.Hours()
	if x := loadV - overVoltage; x > 0 {
		w.over += x * x * w.dt.Seconds()
	}
}

// overVoltage is where the damage integral begins: 220 V + 20 %, the ITIC
// curve's half-second limit.
const overVoltage = 264

func (w *World) noteLine(v float64) {
	if w.n < window {
		return
	}
	switch {
	case !w.dead && v < 22:
		w.dead = true
		w.emit("mains_off", "")
	case w.dead && v > 150:
		w.dead = false
		w.emit("mains_on", "")
	}
	band := w.opts.Band
	if good := v >= band[0] && v <= band[1]; band[1] > 0 && good != w.good {
		w.good = good
		w.emit(map[bool]string{true: "mains_good", false: "mains_bad"}[good], "")
	}
}

func (w *World) contactorMoved(now time.Duration) {
	w.con.movedAt = now
	w.con.moves++
	if w.con.closed {
		w.emit("contactor_closed", "")
		return
	}
	w.emit("contactor_open", "")
}

func (w *World) emit(kind, text string) {
	if len(w.events) >= maxEvents {
		w.events = append(w.events[:0], w.events[1:]...)
	}
	w.events = append(w.events, Event{At: w.time(), Kind: kind, Text: text})
}

// TakeEvents returns what happened since the last call, oldest first, at most
// the newest 1024.
func (w *World) TakeEvents() []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.events
	w.events = nil
	return out
}
