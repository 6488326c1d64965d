package antenna

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/hal/rotctl"
)

// Paces and bounds of a move.
const (
	mountPoll   = 500 * time.Millisecond
	mountLook   = 30 * time.Second // when it rests
	mountLost   = 5 * time.Second  // without a word from it while it moves
	mountStuck  = 15 * time.Second // without progress
	mountHalt   = 10 * time.Second // to get a stop across
	mountCreep  = dish.Degrees(0.05)
	mountSure   = 2               // words that it has arrived
	mountRests  = 4               // equal words that it rests
	mountStarts = 8 * time.Second // the longest from an order to the motors
)

// Why a move ended without its goal.
var (
	errMountStuck   = errors.New("the mount does not arrive")
	errMountStopped = errors.New("stopped")
	errMountBusy    = errors.New("the mount is moving for somebody else")
	errMountPeople  = errors.New("somebody aligns the dish by hand")
	errMountRuns    = errors.New("the mount may move, and no stop reaches it")
	errMountReach   = errors.New("beyond the limits of the configuration")
	errReplaced     = errors.New("another goal")
)

// Rotator turns the dish by its motors. It moves for a command or another program's, never
// by itself, one move at a time, bounded in time and by the limits of the configuration.
// Every move that ends without its goal, also because the station ends, is followed by a
// stop, and by a fault unless somebody wanted it.
type Rotator struct {
	cfg    config.Dish
	mount  mount
	doors  Doors
	faults *fault.Book
	put    func(kind, lesson string, data any)
	log    *slog.Logger
	now    func() time.Time
	tick   func() time.Time
	dir    string
	meter  *Meter // nil: there is no receiver to listen with

	hold chan struct{} // who orders moves has it
	jobs chan *job
	wake chan struct{} // rung when another program wants something

	mu      sync.Mutex
	next    *job                    // the newest wish of another program, until it is begun or taken back
	halting context.CancelCauseFunc // ends the move under way; nil: none
	moving  bool                    // the mount was sent off and has neither arrived nor been stopped, or nobody knows
	sent    time.Time               // when, by tick
	claimed context.CancelCauseFunc // ends what the claimant does; nil: nobody has the claim
	byHand  bool                    // the claimant is somebody who aligns by hand
	off     aim                     // true direction to the mount's own scale
	offRead bool
}

// job is a move that is asked for: to a goal, or to where the mount rests.
type job struct {
	ctx   context.Context
	goal  aim
	park  bool
	ended chan error // nil: nobody waits, it is another program's
}

// OpenRotator returns nil for a dish without motors. It opens and moves nothing. m may be
// nil.
func OpenRotator(cfg *config.Config, n Needs, m *Meter) *Rotator {
	d := cfg.Dish
	r := &Rotator{cfg: d, doors: n.Doors, faults: n.Faults, put: n.Put, log: n.Log, now: n.Now, tick: n.Tick, dir: dishDir(cfg), meter: m,
		hold: make(chan struct{}, 1), jobs: make(chan *job), wake: make(chan struct{}, 1)}
	r.hold <- struct{}{}
	switch {
	case d.Rotator.Driver == "rotctld":
		r.mount = rotctld{rotctl.New(func(ctx context.Context) (net.Conn, error) {
			return n.Doors.Connect(ctx, d.Rotator.Address)
		}, rotctl.Opts{Now: n.Tick})}
	case d.Rotator.Driver == "diseqc" && m != nil:
		tp := transponder(d.Tuner)
		r.mount = &positioner{tick: n.Tick, reach: dish.Degrees(d.Rotator.Reach), send: func(ctx context.Context, frame []byte) error {
			return m.cable.send(ctx, tp, frame)
		}}
	default:
		return nil
	}
	r.moving, r.sent = true, n.Tick() // by the run before, for all that is known
	return r
}

// polar says whether the mount turns about the Earth's axis alone.
func (r *Rotator) polar() bool { return r.cfg.Rotator.Driver == "diseqc" }

// Tasks are the goroutines; none of a nil rotator.
func (r *Rotator) Tasks() []work.Task {
	if r == nil {
		return nil
	}
	list := []work.Task{{Name: "dish motors", Run: r.Run}}
	if r.cfg.Rotator.Listen != "" {
		list = append(list, work.Task{Name: "dish rotctld", Run: r.serveFace})
	}
	return list
}

// Run moves the mount as it is told until ctx ends, and sees now and then whether it is
// there. First it stops it: what moved when the station was killed has nobody who watches.
func (r *Rotator) Run(ctx context.Context) error {
	if err := r.stopMount(ctx); ctx.Err() == nil {
		r.lost(err)
	}
	look := time.NewTicker(mountLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-r.jobs:
			j.ended <- r.carry(ctx, j)
		case <-r.wake:
			if j := r.wanted(); j != nil {
				j.ctx = ctx
				_ = r.carry(ctx, j) // the faults tell
			}
		case <-look.C:
			if err := r.look(ctx); ctx.Err() == nil {
				r.lost(err)
			}
		}
	}
}

// look sees whether the mount is there, and stops one that no stop has reached.
func (r *Rotator) look(ctx context.Context) error {
	if r.astray() {
		return r.stopMount(ctx)
	}
	if _, err := r.mount.Where(ctx); !errors.Is(err, errNowhere) {
		return err
	}
	return nil
}

// astray says whether the mount moves and nobody watches it.
func (r *Rotator) astray() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moving && r.halting == nil && r.next == nil
}

// lost raises or ends the fault that the mount does not answer.
func (r *Rotator) lost(err error) {
	cause := ""
	if err != nil {
		cause = err.Error()
	}
	r.faults.Set(err != nil, "fault.dish.rotator", "", "cause", cause)
}

// carry does one move, and stops the mount when it does not come to its end.
func (r *Rotator) carry(ctx context.Context, j *job) error {
	if j.ctx.Err() != nil {
		return errMountStopped
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(j.ctx, func() { cancel(errMountStopped) })()
	if !r.begin(j, cancel) {
		return errMountStopped
	}
	defer r.end()
	bounded, done := context.WithTimeoutCause(ctx, r.cfg.Rotator.MoveTime.D(), errMountStuck)
	defer done()
	err := r.drive(bounded, j)
	if cause := context.Cause(bounded); err != nil && cause != nil {
		err = cause
	}
	switch {
	case err == nil:
		r.rests()
		r.lost(nil)
		r.faults.Set(false, "fault.dish.rotator_stuck", "")
		return nil
	case errors.Is(err, errReplaced): // it moves on, to be sent elsewhere
		return err
	}
	stopErr := r.halt(context.WithoutCancel(ctx))
	switch {
	case errors.Is(err, errMountStuck):
		r.faults.Set(true, "fault.dish.rotator_stuck", "", "goal", r.sayGoal(j))
	case stopErr != nil || !errors.Is(err, errMountStopped) && !errors.Is(err, context.Canceled):
		r.lost(errors.Join(err, stopErr))
	}
	return err
}

// wanted is what another program wants, nil for nothing.
func (r *Rotator) wanted() *job {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next
}

// begin makes j the move under way, which cancel ends, so that whoever stops the dish from
// now on finds it; false for a wish of another program that was taken back meanwhile.
func (r *Rotator) begin(j *job, cancel context.CancelCauseFunc) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j.ended == nil {
		if r.next != j {
			return false
		}
		r.next = nil
	}
	r.halting, r.moving, r.sent = cancel, true, r.tick()
	r.meter.turns(true)
	return true
}

// end says that no move is under way.
func (r *Rotator) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halting = nil
	r.meter.turns(false)
}

// stopMount stops the mount by one try.
func (r *Rotator) stopMount(ctx context.Context) error {
	err := r.mount.Stop(ctx)
	if err == nil {
		r.rests()
	}
	return err
}

// rests says that the mount stands still.
func (r *Rotator) rests() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moving = false
}

// replace puts a wish of another program, or nil for none, in the place of the last one,
// ends the move under way because of cause, and says whether the mount may move all the
// same: no longer than a move takes, for one that answers nothing may have lost its supply.
func (r *Rotator) replace(j *job, cause error) (moves bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = j
	if r.halting != nil {
		r.halting(cause)
	}
	return r.moving && r.tick().Sub(r.sent) < r.cfg.Rotator.MoveTime.D()
}

// halt gets a stop across, over a connection that may have to be made again.
func (r *Rotator) halt(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, mountHalt)
	defer cancel()
	for {
		err := r.stopMount(ctx)
		if err == nil || rest(ctx, time.Second) != nil {
			return err
		}
	}
}

// rest waits for d, or returns why ctx ended.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// drive begins a move and watches it to its end.
func (r *Rotator) drive(ctx context.Context, j *job) error {
	begin := func() error { return r.mount.Turn(ctx, j.goal) }
	if j.park {
		begin = func() error { return r.mount.Park(ctx) }
	}
	if err := begin(); err != nil {
		return err
	}
	w := &arrival{goal: j.goal, park: j.park, within: dish.Degrees(r.cfg.Rotator.Tolerance), begun: r.tick(), heard: r.tick(), moved: r.tick()}
	for {
		if err := rest(ctx, mountPoll); err != nil {
			return err
		}
		where, err := r.mount.Where(ctx)
		if there, err := w.see(where, err, r.tick()); there || err != nil {
			return err
		}
	}
}

// arrival judges a move by where the mount says that it stands.
type arrival struct {
	goal         aim
	park         bool
	within       dish.Degrees
	begun        time.Time
	heard, moved time.Time
	last, before aim
	first        *aim // where it was
	went         bool // it has left there
	sure, rested int
}

// see takes one word of the mount; there is true when it has arrived for good.
func (w *arrival) see(where aim, err error, now time.Time) (there bool, _ error) {
	if err != nil {
		if now.Sub(w.heard) >= mountLost {
			return false, fmt.Errorf("lost while it moves: %w", err)
		}
		return false, nil
	}
	w.heard = now
	if w.rested++; where.farthest(w.before) > mountCreep {
		w.rested = 0
	}
	if w.first == nil {
		w.first = &where
	}
	w.went = w.went || where.farthest(*w.first) >= mountCreep
	w.before = where
	if where.farthest(w.last) >= mountCreep {
		w.last, w.moved = where, now
	}
	if w.park { // a slow controller rests before it moves, and one that is parked stays
		return w.rested >= mountRests && (w.went || now.Sub(w.begun) >= mountStarts), nil
	}
	if w.sure++; where.farthest(w.goal) > w.within {
		w.sure = 0
	}
	switch {
	case w.sure >= mountSure && w.rested > 0: // and does not only come by
		return true, nil
	case now.Sub(w.moved) >= mountStuck:
		return false, errMountStuck
	}
	return false, nil
}

// pointing is what a peak scan has taught of the mount, STATE/dish/rotator.json: what to
// add to a true direction to have that of the mount's own scale.
type pointing struct {
	At  time.Time `json:"at"`
	Off aim       `json:"off"`
}

// offset is pointing as it was kept; a mount that was never scanned is taken as true.
func (r *Rotator) offset() aim {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.offRead {
		r.offRead = true
		var p pointing
		b, err := os.ReadFile(filepath.Join(r.dir, "rotator.json"))
		if err == nil {
			err = json.Unmarshal(b, &p)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			r.log.Warn("dish motors: what the last scan taught is lost", "err", err)
		}
		if err == nil && p.Off.farthest(aim{}) < 30 { // no mount is mounted farther askew
			r.off = p.Off
		}
	}
	return r.off
}

// teach keeps off for good.
func (r *Rotator) teach(off aim, now time.Time) error {
	if err := writeDishNote(filepath.Join(r.dir, "rotator.json"), pointing{now, off}); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off, r.offRead = off, true
	return nil
}
