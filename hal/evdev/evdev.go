// Package evdev reads keys from a Linux input device, /dev/input/eventN: numeric
// keypads and whatever else calls itself a keyboard. It knows the kernel's
// interface and no panel: what the keys mean, package panel knows.
//
// It promises: nobody else gets the keys while it has the device (EVIOCGRAB), so
// that they do not also reach the console; times are those of the kernel, on
// CLOCK_MONOTONIC; a key that repeats by itself while it is held is not told again;
// events that the kernel had to drop are told by Report.Missed, and what is down is
// asked for anew (EVIOCGKEY); an unplugged device is hal.ErrGone, and the same
// device is found again under its name when it is back. Every call ends at its
// context. It starts no goroutine.
//
//	seconds (8 or 4)  microseconds (8 or 4)  type u16  code u16  value i32
//	                                         01 EV_KEY 4f KP1    1 down, 0 up, 2 repeat
//	                                         00 EV_SYN 00 REPORT 0: what was told belongs together
//	                                         00 EV_SYN 03 DROPPED: events are lost until the next REPORT
//
// Source: linux/input.h, drivers/input/evdev.c and Documentation/input/
// event-codes.rst of Linux 6.12.
package evdev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// Handle is an open device file. Errors of Ioctl are unix.Errno.
type Handle interface {
	// Read returns whole events; at the deadline it is os.ErrDeadlineExceeded.
	Read(b []byte) (int, error)
	// SetReadDeadline also ends a Read that waits.
	SetReadDeadline(t time.Time) error
	// Ioctl does one request of linux/input.h on the structure arg.
	Ioctl(request uint32, arg []byte) error
	Close() error
}

// Opts are the optional settings of a Device; the zero value is right.
type Opts struct {
	// Dir is the folder of the device files, "/dev/input" if empty.
	Dir string
	// Open opens a device file; the kernel's if nil.
	Open func(path string) (Handle, error)
	// EventSize is that of struct input_event, NativeSize if 0.
	EventSize int
}

// Change is a key that went down or up.
type Change struct {
	Code uint16 // of linux/input-event-codes.h
	Down bool
	At   time.Duration // on CLOCK_MONOTONIC
}

// Report is what happened to the keys at one moment.
type Report struct {
	// Missed is true when keys may have gone down and up before Changes, because
	// the kernel dropped events that nobody had read in time.
	Missed  bool
	Changes []Change
}

// Device is one input device, there or not. It is for one goroutine.
type Device struct {
	name   string
	match  match
	opts   Opts
	handle Handle // nil: not open
	down   keySet
	buf    []byte
	queue  []Event // read, and not yet part of a report
	drop   bool    // the kernel dropped events: nothing counts until the next report
}

// maxRead is how many events one read may return; the kernel keeps 64 for a
// keyboard.
const maxRead = 64

// maxPending bounds the events of one report; a device that sends more without an
// end is broken.
const maxPending = 1024

// New returns the device called name, and touches nothing yet. A name is the path
// of a device file that stays the same, "/dev/input/by-id/…-event-kbd" or
// "/dev/input/by-path/…"; or vendor and product in hexadecimal digits, "1a2c:0e24";
// or these and the kernel's name of it, "1a2c:0e24/USB Keyboard". Any other name is
// an error.
func New(name string, o Opts) (*Device, error) {
	m, err := parseMatch(name)
	if err != nil {
		return nil, err
	}
	if o.Dir == "" {
		o.Dir = "/dev/input"
	}
	if o.Open == nil {
		o.Open = openFile
	}
	if o.EventSize == 0 {
		o.EventSize = NativeSize
	}
	return &Device{name: name, match: m, opts: o, buf: make([]byte, maxRead*o.EventSize)}, nil
}

// Connect opens the device, alone and with the clock of Change.At; if it is open,
// it does nothing. hal.ErrGone: there is no such device. hal.ErrRefused: it may not
// be opened, another program has grabbed it, two devices fit the name, or it is no
// keyboard.
//
// A key that is down already is not told until it was up.
func (d *Device) Connect() error {
	if d.handle != nil {
		return nil
	}
	h, err := d.find()
	if err != nil {
		return d.fail(err)
	}
	if err := setUp(h); err != nil {
		return d.fail(errors.Join(err, h.Close()))
	}
	d.handle, d.queue, d.drop, d.down = h, nil, false, keySet{}
	if err := d.ioctl(getKeys, d.down[:]); err != nil {
		return d.fail(fmt.Errorf("keys that are down: %w", err))
	}
	return nil
}

func setUp(h Handle) error {
	if err := h.Ioctl(grab, u32(1)); err != nil {
		return fmt.Errorf("grab: %w", err)
	}
	if err := h.Ioctl(setClock, u32(monotonic)); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	return nil
}

// Read waits for the next report until ctx ends, and then returns the error of ctx.
// Reports without a change are passed over. After hal.ErrGone, and after
// hal.ErrGarbled, which is what a read that cannot be events is, the device is
// closed: Connect opens it again. Without Connect it is hal.ErrGone.
func (d *Device) Read(ctx context.Context) (Report, error) {
	for {
		if d.handle == nil {
			return Report{}, d.fail(hal.ErrGone)
		}
		r, whole, err := d.assemble()
		if err != nil {
			return Report{}, d.fail(err)
		}
		if whole && (r.Missed || len(r.Changes) > 0) {
			return r, nil
		}
		if whole {
			continue
		}
		if err := d.fill(ctx); err != nil {
			if ctx.Err() != nil {
				return Report{}, ctx.Err()
			}
			return Report{}, d.fail(err)
		}
	}
}

// assemble makes a report of the events read so far, if they hold a whole one.
func (d *Device) assemble() (r Report, whole bool, err error) {
	for i, e := range d.queue {
		if e.Type != evSyn || e.Code != synReport && e.Code != synDropped {
			continue
		}
		part := d.queue[:i]
		d.queue = d.queue[i+1:]
		if e.Code == synDropped {
			d.drop = true // the part before it is as old as the lost ones: what is down now is asked for below
			return Report{}, true, nil
		}
		if d.drop {
			d.drop = false
			r, err = d.resync(e.At)
			return r, true, err
		}
		return Report{Changes: d.changes(part)}, true, nil
	}
	if len(d.queue) > maxPending {
		return Report{}, false, errors.Join(fmt.Errorf("%d events without an end: %w", len(d.queue), hal.ErrGarbled), d.drops())
	}
	return Report{}, false, nil
}

// changes are the keys of one report that are not as they were.
func (d *Device) changes(part []Event) []Change {
	var list []Change
	for _, e := range part {
		if e.Type != evKey || e.Value != 0 && e.Value != 1 || int(e.Code) >= 8*keyBytes {
			continue
		}
		down := e.Value == 1
		if d.down.has(e.Code) == down {
			continue // it was down before it was opened, or asked for after a loss
		}
		d.down.set(e.Code, down)
		list = append(list, Change{e.Code, down, e.At})
	}
	return list
}

// resync asks which keys are down after events were lost. The kernel forgets the
// keys it has queued when it is asked, and so do we: what follows goes on from there.
func (d *Device) resync(at time.Duration) (Report, error) {
	d.queue = nil
	var now keySet
	if err := d.ioctl(getKeys, now[:]); err != nil {
		return Report{}, fmt.Errorf("keys that are down: %w", err)
	}
	r := Report{Missed: true}
	for code := range uint16(8 * keyBytes) {
		if now.has(code) != d.down.has(code) {
			r.Changes = append(r.Changes, Change{code, now.has(code), at})
		}
	}
	d.down = now
	return r, nil
}

// fill reads more events, until ctx ends.
func (d *Device) fill(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	release, err := d.deadline(ctx)
	if err != nil {
		return errors.Join(gone(err), d.drops())
	}
	n, err := d.handle.Read(d.buf)
	release()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ctx.Err() // only its end sets one
	case err != nil || n == 0:
		return errors.Join(gone(err), d.drops())
	}
	events, err := Decode(d.buf[:n], d.opts.EventSize)
	if err != nil {
		return errors.Join(err, d.drops())
	}
	d.queue = append(d.queue, events...)
	return nil
}

// deadline makes a read end with ctx. After release nothing touches the deadline.
func (d *Device) deadline(ctx context.Context) (release func(), err error) {
	h := d.handle
	if err := h.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	set := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(set)
		_ = h.SetReadDeadline(time.Unix(1, 0)) // long ago; a handle that cannot has ended the read
	})
	return func() {
		if !stop() {
			<-set
		}
	}, nil
}

// ioctl does one request and closes a device that cannot do it.
func (d *Device) ioctl(request uint32, arg []byte) error {
	if err := d.handle.Ioctl(request, arg); err != nil {
		return errors.Join(err, d.drops())
	}
	return nil
}

// drops closes the device.
func (d *Device) drops() error {
	h := d.handle
	d.handle, d.queue = nil, nil
	if h == nil {
		return nil
	}
	if err := h.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// Down lists the keys that are down as far as it was told, at most most.
func (d *Device) Down(most int) []uint16 {
	var list []uint16
	for code := range uint16(8 * keyBytes) {
		if d.handle != nil && d.down.has(code) && len(list) < most {
			list = append(list, code)
		}
	}
	return list
}

// Close gives the device back to others; Connect would open it again.
func (d *Device) Close() error {
	if err := d.drops(); err != nil {
		return d.fail(err)
	}
	return nil
}

// fail names the device in err, in the words of hal.
func (d *Device) fail(err error) error { return fmt.Errorf("input %s: %w", d.name, explain(err)) }

// gone is the error of a read that ended: whatever the kernel calls it, nothing
// more comes from this handle.
func gone(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return hal.ErrGone
	}
	return fmt.Errorf("%w: %w", err, hal.ErrGone)
}

// explain turns an errno into the words of hal.
func explain(err error) error {
	switch {
	case errors.Is(err, hal.ErrGone), errors.Is(err, hal.ErrGarbled), errors.Is(err, hal.ErrRefused):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", err, hal.ErrGone)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: the user must be in the group of the device file, usually input: %w", err, hal.ErrRefused)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: another program has grabbed it: %w", err, hal.ErrRefused)
	case errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: not an input device: %w", err, hal.ErrRefused)
	}
	return fmt.Errorf("%w: %w", err, hal.ErrGone)
}
