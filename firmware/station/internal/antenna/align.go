package antenna

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
	picture "stationbox/media/screen"
	"stationbox/media/sound"
)

// Bounds of an alignment.
const (
	alignIdle = 30 * time.Minute // without a move done, before it ends
	alignStep = 100 * time.Millisecond
	alignHand = 2 * time.Second // to hand a new one over to its task
)

// Why an alignment cannot begin; errNoKey says which key of the configuration is missing.
var errAlignStuck = errors.New("the task of the alignment does not answer")

type errNoKey string

func (e errNoKey) Error() string { return string(e) + " is missing in the configuration" }

// Speaker lets a tone sound until SetTone(nil).
type Speaker interface{ SetTone(t *sound.Tone) }

// Aligner lets people align the dish by eye and ear, one alignment at a time. Console and
// page begin one or join the one that is on; its own goroutine, Run, reads the sensors,
// asks the guide and feeds the loudspeaker and the television.
//
// A lesson has priority: while it needs the room there is neither tone nor picture. The
// alignment itself goes on at console and page, and both come back after the lesson.
type Aligner struct {
	meter *Meter                                                // nil: no sensors
	busy  func() bool                                           // a lesson needs the room
	voice Speaker                                               // nil: there is none
	still func(ctx context.Context) (release func(), err error) // no motor turns the dish until release
	show  func(m *picture.Meter)                                // on the television, nil takes it away; may be nil
	save  func(by string) (alignment, error)                    // how the dish stands now; errNoLock
	words *text.Catalogue                                       // of the room
	idle  time.Duration                                         // without a move, before an alignment ends
	log   *slog.Logger

	start   chan *aligning
	joining sync.Mutex // held while one is begun, so that there are never two

	mu sync.Mutex // for a moment: the lesson asks whether one is on
	on *aligning  // the one that is on, or the last one
}

// AlignerOpts are handed to NewAligner. What is nil is not there.
type AlignerOpts struct {
	Rotator *Rotator               // no motor turns the dish that somebody aligns
	Busy    func() bool            // a lesson needs the room
	Voice   Speaker                // for the tone
	Show    func(m *picture.Meter) // on the television; nil takes it away
	Words   *text.Catalogue        // of the room
	Log     *slog.Logger
}

// NewAligner lets people align the dish of m; without sensors, a nil m, it says why not.
func NewAligner(m *Meter, o AlignerOpts) *Aligner {
	a := &Aligner{meter: m, busy: o.Busy, voice: o.Voice, still: o.Rotator.standStill, show: o.Show, save: m.keep, words: o.Words, log: o.Log, idle: alignIdle, start: make(chan *aligning)}
	if a.busy == nil {
		a.busy = func() bool { return false }
	}
	return a
}

// Run carries alignments out until ctx ends.
func (a *Aligner) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case s := <-a.start:
			a.carryOut(ctx, s)
		}
	}
}

// alignOpts is the dish as the guide needs it.
func (m *Meter) alignOpts() (dish.AlignOpts, error) {
	switch {
	case m == nil || m.cfg.Tuner.Adapter == "":
		return dish.AlignOpts{}, errNoKey("dish.tuner.adapter")
	case m.cfg.Diameter <= 0:
		return dish.AlignOpts{}, errNoKey("dish.diameter")
	}
	b, err := beamOf(float64(m.cfg.Diameter), float64(m.cfg.Channel()))
	if err != nil {
		return dish.AlignOpts{}, err
	}
	look := dish.Look(placeOf(m.cfg), orbitOf(m.cfg.Target()))
	pol := m.cfg.Tuner.Polarization
	o := dish.AlignOpts{Beamwidth: b.Width, Azimuth: look.Azimuth, Elevation: look.Elevation + dish.Refraction(look.Elevation, placeOf(m.cfg).Height),
		Circular: pol == "l" || pol == "r"}
	return o, o.Check()
}

// join returns the alignment that is on, or begins one; begun says which. Error: errNoKey,
// those of dish.AlignOpts.Check, errMountBusy, errMountRuns, errAlignStuck, or that of ctx.
func (a *Aligner) join(ctx context.Context, by string, quiet bool) (s *aligning, begun bool, err error) {
	a.joining.Lock()
	defer a.joining.Unlock()
	if on := a.current(); on != nil {
		if !on.over() {
			return on, false, nil
		}
		if err := on.gone(ctx); err != nil { // it holds the motors until then
			return nil, false, err
		}
	}
	o, err := a.meter.alignOpts()
	if err != nil {
		return nil, false, err
	}
	if s, err = newAligning(o, by, quiet); err != nil {
		return nil, false, err
	}
	if s.release, err = a.still(ctx); err != nil {
		return nil, false, err
	}
	timer := time.NewTimer(alignHand)
	defer timer.Stop()
	select {
	case a.start <- s:
		a.mu.Lock()
		a.on = s
		a.mu.Unlock()
		return s, true, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = errAlignStuck
	}
	s.release()
	return nil, false, err
}

// Active says whether an alignment is on.
func (a *Aligner) Active() bool {
	s := a.current()
	return s != nil && !s.over()
}

// current is the alignment that is on, or the last one; nil before the first.
func (a *Aligner) current() *aligning {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.on
}

// carryOut runs one alignment to its end. Whatever happens the sensors rest again, the
// tone ends and the television is free.
func (a *Aligner) carryOut(ctx context.Context, s *aligning) {
	defer close(s.left)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.lastMove = a.meter.tick()
	s.mu.Unlock()
	a.meter.put(firmware.KindCommand, "", map[string]any{"args": []string{"dish", "align"}, "by": s.by})
	select {
	case <-a.meter.signal.news: // an old one
	default:
	}
	a.meter.haste.set(true)
	room := &alignRoom{a: a, s: s}
	defer func() {
		a.meter.haste.set(false)
		s.release()
		room.leave()
		s.finish("cmd.dish.align.stopped") // unless it has ended already
	}()
	s.note("align.begin")
	tick := time.NewTicker(alignStep)
	defer tick.Stop()
	for !s.over() {
		select {
		case <-ctx.Done():
			return
		case <-a.meter.signal.news:
		case <-s.wake:
		case <-tick.C:
		}
		a.step(s, room)
	}
}

// step takes what the sensors say to the guide, and its advice to everybody.
func (a *Aligner) step(s *aligning, room *alignRoom) {
	if s.over() {
		return
	}
	now := a.meter.tick()
	r := a.meter.aligned(now)
	moved, idle := s.moved(now)
	if idle >= a.idle {
		s.finish("cmd.dish.align.idle", "minutes", int(a.idle/time.Minute))
		return
	}
	r.Moved = moved
	adv := s.guide.Step(now, r)
	fresh := s.take(adv, r.At)
	room.tell(adv, fresh)
	if adv.Order.Do == dish.DoDone && !s.over() { // nor somebody stopped it just now
		a.complete(s)
	}
}

// complete keeps how the dish stands now, and ends the alignment.
func (a *Aligner) complete(s *aligning) {
	rec, err := a.save(s.by)
	switch {
	case errors.Is(err, errNoLock):
		s.finish("cmd.dish.aligned.no_lock")
	case err != nil:
		a.log.Warn("alignment", "err", err)
		s.finish("cmd.dish.aligned.failed", "why", err)
	default:
		who, _, _ := a.meter.sender.now()
		s.saved(rec, who == dish.IdentityRight, nameOf(a.meter.cfg.Target()))
	}
}

// The uncertainty of the sensors on the mount: what their makers promise, and how well
// they sit on the dish.
const (
	tiltError    = dish.Degrees(0.3)
	headingError = dish.Degrees(1.5)
)

// aligned gathers what is known of the dish now. A sensor that fails or is old is unknown;
// so is the whole reading when the receiver is.
func (m *Meter) aligned(now time.Time) dish.Reading {
	s, age, err := m.signal.at(now)
	if err != nil {
		return dish.Reading{}
	}
	r := dish.Reading{At: now.Add(-age), Locked: s.Lock.Locked(), CNR: unknownDB, Level: unknownDB}
	if v, ok := s.CNR.DB(); ok {
		r.CNR = dish.DB(v)
	}
	if v, ok := s.Level.DB(); ok {
		r.Level = dish.DB(v)
	}
	if r.Locked {
		r.Right, _, _ = m.sender.now()
	}
	if t, age, err := m.tilt.at(now); err == nil && age <= dish.StaleAfter {
		r.Elevation = dish.Gauge{Known: true, Angle: t.Elevation, Error: tiltError}
	}
	if h, age, err := m.heading.at(now); err == nil && age <= 2*dish.StaleAfter {
		r.Azimuth = dish.Gauge{Known: true, Angle: h, Error: headingError}
	}
	return r
}

// sayAlign tells why no alignment can begin.
func sayAlign(c *text.Catalogue, err error) string {
	var key errNoKey
	switch {
	case errors.As(err, &key):
		return c.Say("cmd.dish.align.no_key", "key", string(key))
	case errors.Is(err, errMountBusy):
		return c.Say("cmd.dish.align.motors")
	case errors.Is(err, errMountRuns):
		return c.Say("cmd.dish.align.runs", "why", err)
	case errors.Is(err, dish.ErrOrbit), errors.Is(err, dish.ErrDish):
		return c.Say("cmd.dish.align.cannot", "why", err)
	}
	return c.Say("cmd.dish.align.failed", "why", fmt.Sprint(err))
}
