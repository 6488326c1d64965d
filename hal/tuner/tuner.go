// Package tuner drives a satellite receiver that the kernel knows,
// /dev/dvb/adapterN: it feeds and switches the LNB, tunes, says how well it
// receives, and hands out the tables that the broadcast carries and the stream of a
// programme.
//
// It promises that every call ends at its context or after Opts.Timeout, also
// when the driver below hangs; that a number whose scale is not decibel, or which
// no receiver could measure, never comes out as decibels; that a receiver which
// is gone is hal.ErrGone and is opened again by a later call; and that the LNB
// has no voltage after Close. It decides nothing about the dish.
//
// An LNB takes its orders from the cable: 13 V is vertical or right, 18 V
// horizontal or left; a tone of 22 kHz chooses the upper band. Switches are told
// by frames which the tone carries:
//
//	E0 10 38 Fx   DiSEqC 1.0, x = port<<2 | horizontal<<1 | upper band
//	E0 10 39 Fx   DiSEqC 1.1, x = port; E1 instead of E0 is a repetition
//
// Sources: linux/dvb/frontend.h and dmx.h (API 5.11) with the documentation of
// Linux 6.12; Eutelsat DiSEqC bus specification 4.2 and its application notes for
// the pauses. Tried against a model of the kernel and its headers on three
// machines; not with a receiver, an LNB or a switch.
package tuner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// Opts are the optional settings of a Tuner.
type Opts struct {
	// LNB is what hangs in the dish; the zero value is Universal.
	LNB LNB
	// Switch is what stands between receiver and LNB; the zero value is nothing.
	Switch Switch
	// Unpowered leaves voltage and tone to another receiver, to whose loop-through
	// this one is connected.
	Unpowered bool
	// Frontend and Demux are the numbers of the device files of an adapter with
	// several; 0 means the first.
	Frontend, Demux int
	// Timeout bounds a call that asks or sets something; 0 means 3 s. A USB receiver
	// that hangs is given up by the kernel after some seconds; until then calls fail.
	Timeout time.Duration
	// TableTime bounds a call that waits for a table; 0 means 35 s, because the time
	// is sent every 30 s and a network table every 10 s.
	TableTime time.Duration
	// LockTime is how long Tune waits for a lock; 0 means 5 s. A symbol rate
	// below 5 MSym/s may need 10 s.
	LockTime time.Duration
	// Now is the clock of readings; nil means time.Now.
	Now func() time.Time
}

// Tuner is one receiver. Its methods may be called from several goroutines; those
// that touch the frontend wait for each other.
//
// Errors of all methods: hal.ErrGone without the device; hal.ErrRefused when the
// driver says no, also because another program has the receiver; hal.ErrSilent
// when the time is up.
type Tuner struct {
	open   func(name string) (Kernel, error)
	folder string
	opts   Opts
	turn   chan struct{}
	life   context.Context
	end    context.CancelFunc

	// With the turn only.
	frontend Kernel // nil: not open
	powered  bool   // the LNB has had its voltage for a while

	mu     sync.Mutex
	tables sync.WaitGroup // of calls of Sections and of open streams; Add under mu while not closed
}

// Open returns the tuner of an adapter, "/dev/dvb/adapter0". It never fails: the
// frontend is opened at first use.
func Open(folder string, o Opts) *Tuner { return New(openFile, folder, o) }

// New returns a tuner over the device files that open opens by name.
func New(open func(name string) (Kernel, error), folder string, o Opts) *Tuner {
	if o.LNB == (LNB{}) {
		o.LNB = Universal()
	}
	if o.Timeout <= 0 {
		o.Timeout = 3 * time.Second
	}
	if o.TableTime <= 0 {
		o.TableTime = 35 * time.Second
	}
	if o.LockTime <= 0 {
		o.LockTime = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &Tuner{open: open, folder: folder, opts: o, turn: make(chan struct{}, 1)}
	t.life, t.end = context.WithCancel(context.Background())
	t.turn <- struct{}{}
	return t
}

// Close ends all calls, takes the voltage off the LNB and gives the device back.
// Later calls return hal.ErrGone; a second Close does nothing. When the driver hangs, Close is hal.ErrSilent
// after Opts.Timeout, and the device is given back when the driver returns.
func (t *Tuner) Close() error {
	t.mu.Lock()
	closed := t.life.Err() != nil
	t.end()
	t.mu.Unlock()
	if closed {
		return nil
	}
	done := make(chan error, 1)
	go func() {
		t.tables.Wait()
		<-t.turn // is never given back
		done <- t.shut()
	}()
	timer := time.NewTimer(t.opts.Timeout)
	defer timer.Stop()
	select {
	case err := <-done:
		if err != nil {
			err = fmt.Errorf("%s: close: %w", t.name(), explain(err))
		}
		return err
	case <-timer.C:
		return fmt.Errorf("%s: close: %w", t.name(), hal.ErrSilent)
	}
}

// shut powers the LNB down and closes the frontend.
func (t *Tuner) shut() error {
	if t.frontend == nil {
		return nil
	}
	var err error
	if !t.opts.Unpowered {
		err = unpower(t.frontend)
	}
	if errors.Is(err, unix.ENODEV) {
		err = nil
	}
	err = errors.Join(err, t.frontend.Close())
	t.frontend = nil
	return err
}

// Off takes tone and voltage off the LNB. The receiver loses its lock.
func (t *Tuner) Off(ctx context.Context) error {
	if t.opts.Unpowered {
		return nil
	}
	_, err := do(ctx, t, "off", t.opts.Timeout, func(_ context.Context, k Kernel) (none, error) {
		t.powered = false
		return none{}, unpower(k)
	})
	return err
}

// Restart closes the frontend and takes the voltage off the LNB; the next call opens it
// anew. A driver that has lost its way often finds it again so.
func (t *Tuner) Restart(ctx context.Context) error {
	_, err := do(ctx, t, "restart", t.opts.Timeout, func(context.Context, Kernel) (none, error) {
		t.powered = false
		return none{}, t.shut()
	})
	return err
}

func unpower(k Kernel) error {
	return errors.Join(k.Value(setTone, toneOff), k.Value(setVoltage, voltageOff))
}

// ResetOverload gives the LNB its voltage back after the receiver took it away
// because of a short circuit or too much current. Most drivers cannot, which is
// hal.ErrRefused; there is no way to ask whether it happened.
func (t *Tuner) ResetOverload(ctx context.Context) error {
	_, err := do(ctx, t, "reset of overload", t.opts.Timeout, func(_ context.Context, k Kernel) (none, error) {
		return none{}, k.Value(resetOverload, 0)
	})
	return err
}

// none is the answer of a call that has none.
type none struct{}

// do runs f with the frontend, opened if need be, for at most limit. When f hangs
// in the driver, do returns and f keeps the turn until it comes back.
func do[T any](ctx context.Context, t *Tuner, what string, limit time.Duration, f func(context.Context, Kernel) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	if err := t.take(ctx); err != nil {
		return failed[T](t, what, err)
	}
	done := make(chan outcome[T], 1)
	go func() {
		defer t.give()
		var o outcome[T]
		if o.err = t.connect(); o.err == nil {
			o.value, o.err = f(ctx, t.frontend)
			t.note(o.err)
		}
		done <- o
	}()
	select {
	case o := <-done:
		return o.told(t, what)
	case <-ctx.Done():
	}
	// F looks at ctx too, and may know more than that the time is up.
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case o := <-done:
		return o.told(t, what)
	case <-timer.C:
		return failed[T](t, what, fmt.Errorf("the driver hangs: %w", t.timeUp()))
	}
}

// grace is how long a call may take to notice that its time is up.
const grace = 100 * time.Millisecond

// outcome is how a call ended.
type outcome[T any] struct {
	value T
	err   error
}

func (o outcome[T]) told(t *Tuner, what string) (T, error) {
	if o.err != nil {
		return failed[T](t, what, o.err)
	}
	return o.value, nil
}

func failed[T any](t *Tuner, what string, err error) (zero T, _ error) {
	return zero, fmt.Errorf("%s: %s: %w", t.name(), what, explain(err))
}

// take waits for the turn until ctx ends.
func (t *Tuner) take(ctx context.Context) error {
	select {
	case <-t.turn:
	case <-ctx.Done():
		return fmt.Errorf("busy: %w", t.timeUp())
	}
	if t.life.Err() != nil {
		t.give()
		return hal.ErrGone
	}
	return nil
}

func (t *Tuner) give() { t.turn <- struct{}{} }

// timeUp is why a call must end.
func (t *Tuner) timeUp() error {
	if t.life.Err() != nil {
		return hal.ErrGone
	}
	return hal.ErrSilent
}

// connect opens the frontend; with the turn only.
func (t *Tuner) connect() (err error) {
	if t.frontend == nil {
		t.frontend, err = t.open(t.device("frontend", t.opts.Frontend))
	}
	return err
}

// note drops a frontend that is no longer there; with the turn only.
func (t *Tuner) note(err error) {
	if errors.Is(err, unix.ENODEV) && t.frontend != nil {
		_ = t.frontend.Close()
		t.frontend, t.powered = nil, false
	}
}

func (t *Tuner) device(kind string, number int) string {
	return filepath.Join(t.folder, fmt.Sprintf("%s%d", kind, number))
}

func (t *Tuner) name() string { return "tuner " + filepath.Base(t.folder) }

// notSupported is ENOTSUPP, which the kernel keeps to itself but some drivers
// let out.
const notSupported = unix.Errno(524)

// explain turns an errno into the words of hal.
func explain(err error) error {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return err
	}
	switch errno {
	case unix.ENOENT, unix.ENODEV, unix.ENXIO:
		return fmt.Errorf("%w: %w", err, hal.ErrGone)
	case unix.EBUSY:
		return fmt.Errorf("%w: another program has the receiver: %w", err, hal.ErrRefused)
	case unix.EACCES, unix.EPERM:
		return fmt.Errorf("%w: the user must be in the group of the device file, usually video: %w", err, hal.ErrRefused)
	case unix.EOPNOTSUPP, unix.ENOTTY, unix.ENOSYS, notSupported:
		return fmt.Errorf("%w: the driver cannot do that: %w", err, hal.ErrRefused)
	case unix.EIO, unix.ETIMEDOUT, unix.EREMOTEIO:
		return fmt.Errorf("%w: %w", err, hal.ErrSilent)
	}
	return fmt.Errorf("%w: %w", err, hal.ErrRefused)
}
