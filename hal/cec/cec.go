// Package cec speaks on the CEC wire of an HDMI cable through the kernel's CEC
// device, /dev/cecN. It knows the wire and the kernel, and no television: see
// package tv/cec for that.
//
// It promises that every call ends at its context or after Opts.Timeout, also
// when the wire is stuck; that a device which does not acknowledge, one which
// acknowledges and says nothing, one which says no, and a disturbed wire are
// told apart; and that a lost device file is opened again by a later call. It
// waits for no other process and starts no goroutine.
//
//	from|to opcode operands    what the wire carries, at most 16 bytes
//	40 8F                      playback device 1 asks the TV: power?
//	04 90 00                   the TV answers: on
//	04 00 36 04                the TV answers: standby (36) refused, reason 4
//
// An address is claimed when the kernel knows where in the tree of cables this
// machine is, its physical address. That comes with the TV's EDID: a TV that
// takes its hot-plug signal away in standby takes the address with it. Then the
// kernel lets nothing through but <Image View On> and <Text View On>, sent from
// the address "unregistered"; Send does that by itself.
//
// Source: linux/cec.h and Documentation/userspace-api/media/cec of Linux 6.12;
// HDMI 1.4 supplement 1 for the opcodes. Tried with the kernel's vivid driver and
// against a model, not with a television.
package cec

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// The addresses of the wire that are used here.
const (
	TV           = 0x0 // the television
	Unregistered = 0xF // as sender: nobody in particular
	Broadcast    = 0xF // as receiver: everybody
)

// NoAddress is the physical address f.f.f.f: no hot-plug signal or no EDID.
const NoAddress = 0xFFFF

// Kernel is an open device file. Errors are those of the system calls, as
// unix.Errno; a request that cannot be served at once is EAGAIN.
type Kernel interface {
	// Ioctl does one request of linux/cec.h on the structure arg.
	Ioctl(request uint32, arg []byte) error
	// Wait returns when a message or an event can be fetched, or when ctx ends,
	// which is no error. It may run several times at once and beside the others.
	Wait(ctx context.Context) error
	// Close ends every Wait.
	Close() error
}

// Opts are the optional settings of an Adapter.
type Opts struct {
	// Name is what a TV shows for us, at most 14 ASCII characters; "" means
	// "Stationbox".
	Name string
	// Timeout bounds one call; 0 means 3 s. Four attempts at a message with an
	// answer take up to 2 s on the wire.
	Timeout time.Duration
	// Follow asks the kernel for the messages that others send to us. Somebody
	// must then call Receive all the time and answer them; without Follow the
	// kernel answers what it can and refuses the rest.
	Follow bool
}

// Adapter is one end of an HDMI cable. Its methods may be called from several
// goroutines; calls wait for each other.
//
// Errors of all methods: hal.ErrGone without a device file, hal.ErrRefused when
// somebody said no, be it the kernel or the device at the other end,
// hal.ErrGarbled when the wire is disturbed or an answer makes no sense,
// hal.ErrSilent when nobody acknowledged or answered, and also when there is no
// hot-plug signal.
type Adapter struct {
	open func() (Kernel, error)
	opts Opts
	turn chan struct{}

	// With the turn only.
	kernel  Kernel // nil: not open
	closed  bool
	inbox   []Message
	changes []Change
	lost    int
	news    context.Context // ends when inbox or changes get more
	tell    context.CancelFunc

	pathTurn  sync.Mutex // guards what others say of the picture
	path      uint16
	pathKnown bool
}

// Message is what somebody sent to us or to everybody.
type Message struct {
	From, To byte
	Body     []byte // opcode and operands, 1 to 15 bytes
}

// Change is a new state of the cable.
type Change struct {
	Address uint16 // physical, NoAddress for none
	Claimed uint16 // one bit for every logical address we have
}

// The bounds of what is kept until somebody fetches it; the oldest goes first.
const (
	maxInbox   = 32
	maxChanges = 8
)

// Open returns the adapter behind device, "/dev/cec0". It never fails: the device
// is opened and an address claimed at first use.
func Open(device string, o Opts) *Adapter {
	return New(func() (Kernel, error) { return openFile(device) }, o)
}

// New returns an adapter over what open returns.
func New(open func() (Kernel, error), o Opts) *Adapter {
	if o.Name == "" {
		o.Name = "Stationbox"
	}
	if o.Timeout <= 0 {
		o.Timeout = 3 * time.Second
	}
	a := &Adapter{open: open, opts: o, turn: make(chan struct{}, 1)}
	a.news, a.tell = context.WithCancel(context.Background())
	a.turn <- struct{}{}
	return a
}

// Close gives the device back. Later calls return hal.ErrGone.
func (a *Adapter) Close() error {
	<-a.turn
	defer a.give()
	a.closed = true
	return a.drop()
}

func (a *Adapter) drop() error {
	k := a.kernel
	a.kernel = nil
	a.setPath(0, false)
	if k == nil {
		return nil
	}
	return k.Close()
}

// Lost returns how many messages from others were dropped because nobody
// fetched them in time.
func (a *Adapter) Lost() int {
	<-a.turn
	defer a.give()
	return a.lost
}

// take waits for the turn until ctx ends and opens the device if need be. The
// caller gives the turn back unless there is an error.
func (a *Adapter) take(ctx context.Context) error {
	select {
	case <-a.turn:
	case <-ctx.Done():
		return fmt.Errorf("cec: busy: %w", hal.ErrSilent)
	}
	if err := a.connect(ctx); err != nil {
		a.give()
		return fmt.Errorf("cec: %w", err)
	}
	return nil
}

func (a *Adapter) give() { a.turn <- struct{}{} }

// connect opens the device and claims an address.
func (a *Adapter) connect(ctx context.Context) error {
	if a.closed {
		return fmt.Errorf("closed: %w", hal.ErrGone)
	}
	if a.kernel != nil {
		return nil
	}
	k, err := a.open()
	if err != nil {
		return explain(err)
	}
	a.kernel = k
	a.changes, a.inbox = nil, nil
	if err := a.setUp(ctx); err != nil {
		return errors.Join(err, a.drop())
	}
	return nil
}

func (a *Adapter) setUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	mode := uint32(modeInitiator)
	if a.opts.Follow {
		mode |= modeFollower
	}
	if err := a.ioctl(setMode, u32(mode)); err != nil {
		return fmt.Errorf("mode: %w", err)
	}
	return a.claim(ctx)
}

// ioctl does one request; a device that went away is dropped.
func (a *Adapter) ioctl(request uint32, arg []byte) error {
	if a.kernel == nil {
		return hal.ErrGone
	}
	return a.note(a.kernel.Ioctl(request, arg))
}

// note explains err and drops a device that is no longer there.
func (a *Adapter) note(err error) error {
	if errors.Is(err, unix.ENODEV) {
		err = errors.Join(err, a.drop())
	}
	return explain(err)
}

// explain turns an errno into the words of hal.
func explain(err error) error {
	switch {
	case err == nil, errors.Is(err, unix.EAGAIN):
		return err
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", err, hal.ErrGone)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: the user must be in the group of the device file, usually video: %w", err, hal.ErrRefused)
	case errors.Is(err, unix.ENONET):
		return fmt.Errorf("no hot-plug signal on the HDMI cable: the display is in deep sleep, has no mains or is not plugged in: %w", hal.ErrSilent)
	case errors.Is(err, unix.ENOTTY):
		return fmt.Errorf("%w: not a CEC device, or one that cannot transmit: %w", err, hal.ErrRefused)
	}
	return fmt.Errorf("%w: %w", err, hal.ErrRefused)
}
