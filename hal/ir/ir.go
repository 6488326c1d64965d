// Package ir sends key presses of a remote control through the kernel's LIRC
// device, /dev/lircN. It knows the light and the kernel, and no television: see
// package tv/ir for that. Light is one way: nothing here can tell whether
// anything was seen.
//
// A key is written as ir-ctl and ir-keytable write it, protocol and scancode, or
// as the marks and spaces themselves in microseconds:
//
//	nec:0x408                       LG power; address 04, command 08
//	samsung32:0xe0e040bf            Samsung power, in the order in which it is sent
//	raw:9000,4500,560,560,560       an odd count, first and last are marks
//	raw@36000:889,889,1778          with its carrier in Hz; else 38000
//
// A scancode is given to the kernel to encode (LIRC_MODE_SCANCODE, 24 bytes,
// struct lirc_scancode). A kernel without an encoder for the protocol says
// EINVAL; then, and for samsung32, which no kernel knows, the pulses are made
// here and written as an odd count of 32-bit numbers.
//
// It promises that Send ends with its context or after Opts.Timeout. A write to
// the device lasts as long as the light, under half a second, and cannot be
// broken off; one that hangs in a driver is left alone, and until it ends every
// Send is hal.ErrSilent.
//
// Use the kernel's pwm-ir-tx on a Pi, not gpio-ir-tx: that one keeps interrupts
// off for the whole frame (read in its source), and edges and serial bytes of
// that core are lost.
//
// Source: linux/lirc.h; pulses compared with ir-ctl 1.22 of v4l-utils, see
// testdata/oracle.c; samsung32 from the code tables of public remote controls.
// Scancodes were tried with the kernel's rc-loopback, not with a television.
package ir

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// Kernel is an open LIRC device. Errors are those of the system calls, as
// unix.Errno.
type Kernel interface {
	// Ioctl does one request of linux/lirc.h on the number in arg.
	Ioctl(request uint32, arg []byte) error
	// Write sends and returns when the light is out.
	Write(b []byte) (int, error)
	Close() error
}

// Opts are the optional settings of a Sender.
type Opts struct {
	// Timeout bounds one key; 0 means 2 s.
	Timeout time.Duration
	// Repeat is how often the frame of one key is sent; 0 means 1, and 3 for Sony,
	// whose sets ignore fewer.
	Repeat int
	// Pulses never asks the kernel to encode.
	Pulses bool
}

// Sender is one infrared light. Its methods may be called from several
// goroutines; keys wait for each other.
//
// Errors of Send: hal.ErrGone without a device, hal.ErrRefused when the kernel
// says no, hal.ErrSilent when the device hangs.
type Sender struct {
	open func() (Kernel, error)
	opts Opts
	turn chan struct{}

	// With the turn only.
	kernel Kernel // nil: not open
	closed bool
	flip   bool // toggle bit of the next RC-5 or RC-6 key made of pulses
}

// Open returns the sender behind device, "/dev/lirc0". It never fails: the device
// is opened at first use, and after a loss again.
func Open(device string, o Opts) *Sender {
	return New(func() (Kernel, error) { return openFile(device) }, o)
}

// New returns a sender over what open returns.
func New(open func() (Kernel, error), o Opts) *Sender {
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	s := &Sender{open: open, opts: o, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// Check returns what is wrong with key, or nil. It sends nothing.
func (s *Sender) Check(key string) error {
	_, err := Parse(key)
	return err
}

// Send sends key. No error means that the light was lit, and nothing else.
func (s *Sender) Send(ctx context.Context, key string) error {
	c, err := Parse(key)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	select {
	case <-s.turn:
	case <-ctx.Done():
		return fmt.Errorf("ir: %s: the light is busy: %w", c, hal.ErrSilent)
	}
	done := make(chan error, 1)
	go func() { // its end gives the turn back; Close waits for that
		done <- s.send(ctx, c)
		s.turn <- struct{}{}
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		return fmt.Errorf("ir: %s: the device hangs: %w", c, hal.ErrSilent)
	}
	if err != nil {
		return fmt.Errorf("ir: %s: %w", c, err)
	}
	return nil
}

// Close gives the device back when the key under way has ended; a device that
// hangs longer than Opts.Timeout is hal.ErrSilent and stays open. Later calls of
// Send return hal.ErrGone.
func (s *Sender) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.opts.Timeout)
	defer cancel()
	select {
	case <-s.turn:
	case <-ctx.Done():
		return fmt.Errorf("ir: close: the device hangs: %w", hal.ErrSilent)
	}
	s.closed = true
	err := s.drop()
	s.turn <- struct{}{}
	return err
}

func (s *Sender) drop() error {
	k := s.kernel
	s.kernel = nil
	if k == nil {
		return nil
	}
	return k.Close()
}

// send has the turn. It sends the frame as often as the protocol wants.
func (s *Sender) send(ctx context.Context, c Code) error {
	if err := s.connect(); err != nil {
		return err
	}
	frame, err := s.prepare(c)
	if err != nil {
		return s.note(err)
	}
	for i := range s.repeats(c) {
		if i > 0 && !rest(ctx, c.gap()) {
			return fmt.Errorf("%d frames sent: %w", i, hal.ErrSilent)
		}
		_, err := s.kernel.Write(frame)
		if errors.Is(err, unix.EINVAL) && i == 0 && c.raw == nil && !s.opts.Pulses { // no encoder in this kernel
			if frame, err = s.pulses(c); err == nil {
				_, err = s.kernel.Write(frame)
			}
		}
		if err != nil {
			return s.note(err)
		}
	}
	return nil
}

func (s *Sender) connect() error {
	if s.closed {
		return fmt.Errorf("closed: %w", hal.ErrGone)
	}
	if s.kernel != nil {
		return nil
	}
	k, err := s.open()
	if err != nil {
		return explain(err)
	}
	s.kernel = k
	features := make([]byte, 4)
	if err := k.Ioctl(getFeatures, features); err != nil {
		return errors.Join(explain(fmt.Errorf("features: %w", err)), s.drop())
	}
	if binary.NativeEndian.Uint32(features)&canSendPulse == 0 {
		return errors.Join(fmt.Errorf("this device only receives: %w", hal.ErrRefused), s.drop())
	}
	return nil
}

func (s *Sender) repeats(c Code) int {
	if s.opts.Repeat > 0 {
		return s.opts.Repeat
	}
	return c.repeats()
}

// prepare sets the device up for c and returns the bytes to write.
func (s *Sender) prepare(c Code) ([]byte, error) {
	if c.raw != nil || c.proto == noProto || s.opts.Pulses {
		return s.pulses(c)
	}
	if err := s.kernel.Ioctl(setSendMode, u32(modeScancode)); err != nil {
		return s.pulses(c) // older than Linux 4.16
	}
	return encodeScancode(c.proto, c.scancode), nil
}

// pulses sets the device up for marks and spaces and returns them.
func (s *Sender) pulses(c Code) ([]byte, error) {
	durations, err := c.Pulses(s.flip)
	if err != nil {
		return nil, err
	}
	s.flip = !s.flip
	if err := s.kernel.Ioctl(setSendMode, u32(modePulse)); err != nil {
		return nil, fmt.Errorf("pulse mode: %w", err)
	}
	err = s.kernel.Ioctl(setSendCarrier, u32(c.Carrier()))
	if err != nil && !errors.Is(err, unix.ENOTTY) && !errors.Is(err, unix.ENOSYS) { // a fixed carrier is no mistake
		return nil, fmt.Errorf("carrier: %w", err)
	}
	return encodePulses(durations), nil
}

// note explains err and drops a device that is no longer there.
func (s *Sender) note(err error) error {
	if errors.Is(err, unix.ENODEV) {
		err = errors.Join(err, s.drop())
	}
	return explain(err)
}

// explain turns an errno into the words of hal.
func explain(err error) error {
	switch {
	case err == nil, errors.Is(err, hal.ErrRefused):
		return err
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", err, hal.ErrGone)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: the user must be in the group of the device file, usually video: %w", err, hal.ErrRefused)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: the kernel does not take this frame: %w", err, hal.ErrRefused)
	}
	return fmt.Errorf("%w: %w", err, hal.ErrRefused)
}

// rest waits for d and reports whether ctx let it.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
