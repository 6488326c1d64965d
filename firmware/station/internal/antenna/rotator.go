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
	mountPoll  = 500 * time.Millisecond
	mountLook  = 30 * time.Second // when it rests
	mountLost  = 5 * time.Second  // without a word from it while it moves
	mountStuck = 15 * time.Second // without progress
	mountHalt  = 10 * time.Second // to get a stop across
	mountCreep = dish.Degrees(0.05)
	mountSure  = 2 // words that it has arrived
	mountRests = 4 // equal words that it rests
)

// Why a move ended without its goal.
var (
	errMountStuck   = errors.New("the mount does not arrive")
	errMountStopped = errors.New("stopped")
	errMountBusy    = errors.New("the mount is moving for somebody else")
	errMountPeople  = errors.New("somebody aligns the dish by hand")
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

	hold   chan struct{} // who orders moves has it
	jobs   chan *job
	follow chan aim // the newest goal of another program

	mu      sync.Mutex
	halting context.CancelCauseFunc // ends the move under way; nil: none
	claimed context.CancelCauseFunc // ends what the claimant does; nil: nobody has the claim
	byHand  bool                    // the claimant is somebody who aligns by hand
	off     aim                     // true direction to the mount's own scale
	offRead bool
}

// job is a move that is asked for: to a goal or, by begin alone, to where it ends.
type job struct {
	ctx   context.Context
	goal  aim
	park  bool
	ended chan error
}

// OpenRotator returns nil for a dish without motors. It opens and moves nothing. m may be
// nil.
func OpenRotator(cfg *config.Config, n Needs, m *Meter) *Rotator {
	d := cfg.Dish
	r := &Rotator{cfg: d, doors: n.Doors, faults: n.Faults, put: n.Put, log: n.Log, now: n.Now, tick: n.Tick, dir: dishDir(cfg), meter: m,
		hold: make(chan struct{}, 1), jobs: make(chan *job), follow: make(chan aim, 1)}
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
// there.
func (r *Rotator) Run(ctx context.Context) error {
	look := time.NewTicker(mountLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-r.jobs:
			j.ended <- r.carry(ctx, j)
		case goal := <-r.follow:
			_ = r.carry(ctx, &job{ctx: ctx, goal: goal}) // the faults tell
		case <-look.C:
			if _, err := r.mount.Where(ctx); !errors.Is(err, errNowhere) && ctx.Err() == nil {
				r.lost(err)
			}
		}
	}
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
	r.setHalting(cancel)
	defer r.setHalting(nil)
	bounded, done := context.WithTimeoutCause(ctx, r.cfg.Rotator.MoveTime.D(), errMountStuck)
	defer done()
	err := r.drive(bounded, j)
	if cause := context.Cause(bounded); err != nil && cause != nil {
		err = cause
	}
	switch {
	case err == nil:
		r.lost(nil)
		r.faults.Set(false, "fault.dish.rotator_stuck", "")
		return nil
	case errors.Is(err, errReplaced):
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

func (r *Rotator) setHalting(cancel context.CancelCauseFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halting = cancel
}

// interrupt ends the move under way, if any.
func (r *Rotator) interrupt(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.halting != nil {
		r.halting(cause)
	}
}

// halt gets a stop across, over a connection that may have to be made again.
func (r *Rotator) halt(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, mountHalt)
	defer cancel()
	for {
		err := r.mount.Stop(ctx)
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
	w := &arrival{goal: j.goal, park: j.park, within: dish.Degrees(r.cfg.Rotator.Tolerance), heard: r.tick(), moved: r.tick()}
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
	heard, moved time.Time
	last, before aim
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
	w.before = where
	if where.farthest(w.last) >= mountCreep {
		w.last, w.moved = where, now
	}
	if w.park {
		return w.rested >= mountRests, nil
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
		if p.Off.farthest(aim{}) < 30 { // no mount is mounted farther askew
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
