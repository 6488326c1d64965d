package device

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// InputOpts are the options of NewInput.
type InputOpts struct {
	Name            string // as the kernel calls it
	Vendor, Product uint16
	EventSize       int                  // of struct input_event: 24 (default), or 16 as on 32-bit machines
	Queue           int                  // events the kernel keeps for a reader, default 64
	Mono            func() time.Duration // CLOCK_MONOTONIC, the real one if nil
	Mouse           bool                 // it has no digits
}

// Input is a USB keypad or card reader behind the kernel's input layer, in this
// process: what it opens behaves as /dev/input/eventN does. Its faults: silent (no
// key does anything), unplugged.
type Input struct {
	knob
	opts InputOpts

	state  sync.Mutex
	down   map[uint16]bool
	files  []*InputFile
	holder *InputFile // that has grabbed it
}

// InputFile is the input device, opened once.
type InputFile struct {
	of *Input

	// Guarded by of.state.
	queue    []byte
	mono     bool
	gone     bool
	closed   bool
	deadline time.Time
	wake     chan struct{} // closed and made anew at each change
}

// What an Input knows of linux/input.h.
const (
	inputID      = 0x02
	inputName    = 0x06
	inputState   = 0x18
	inputHasKeys = 0x21
	inputGrab    = 0x90
	inputClock   = 0xa0

	codeKeypad = "\x52\x4f\x50\x51\x4b\x4c\x4d\x47\x48\x49" // KP0 to KP9
	codeRow    = "\x0b\x02\x03\x04\x05\x06\x07\x08\x09\x0a" // 0 to 9
	codeEnter  = 0x1c
)

// NewInput returns a device that is plugged in.
func NewInput(o InputOpts) *Input {
	if o.EventSize == 0 {
		o.EventSize = 24
	}
	if o.Queue == 0 {
		o.Queue = 64
	}
	if o.Mono == nil {
		o.Mono = monotonicNow
	}
	in := &Input{opts: o, down: map[uint16]bool{}}
	in.knob = newKnob("input", in.plug, "silent", "unplugged")
	return in
}

// monotonicNow is CLOCK_MONOTONIC.
func monotonicNow() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0 // cannot happen: the clock exists on every Linux
	}
	return time.Duration(ts.Nano())
}

// plug pulls the plug, or lets it in again: files that were open are dead for good.
func (in *Input) plug(kind string) error {
	in.state.Lock()
	defer in.state.Unlock()
	if kind != "unplugged" {
		return nil
	}
	for _, f := range in.files {
		f.gone = true
		f.stir()
	}
	in.files, in.holder = nil, nil
	clear(in.down)
	return nil
}

// Open opens the device; while it is unplugged it is fs.ErrNotExist.
func (in *Input) Open() (*InputFile, error) {
	if in.FaultName() == "unplugged" {
		return nil, &os.PathError{Op: "open", Path: in.opts.Name, Err: fs.ErrNotExist}
	}
	in.state.Lock()
	defer in.state.Unlock()
	f := &InputFile{of: in, wake: make(chan struct{})}
	in.files = append(in.files, f)
	return f, nil
}

// Key moves a key: 1 down, 0 up, 2 is the repeat of one that is held.
func (in *Input) Key(code uint16, value int32) {
	if in.FaultName() != "none" {
		return
	}
	in.state.Lock()
	defer in.state.Unlock()
	if value != 2 {
		if in.down[code] == (value == 1) {
			return // the kernel tells no key twice
		}
		in.down[code] = value == 1
	}
	for _, f := range in.files {
		if in.holder != nil && in.holder != f {
			continue
		}
		f.put(4, 4, int32(code)) // EV_MSC, MSC_SCAN: what the kernel tells besides
		f.put(1, code, value)
		f.put(0, 0, 0)
	}
}

// Digit returns the code of a digit, of the keypad or of the row above the letters.
func Digit(d rune, keypad bool) uint16 {
	if keypad {
		return uint16(codeKeypad[d-'0'])
	}
	return uint16(codeRow[d-'0'])
}

// Swipe holds a card to a reader: its digits and Enter, a key every 8 ms, as a
// reader at a full-speed port types. It returns when that is done.
func (in *Input) Swipe(card string) {
	for _, d := range card {
		in.tap(Digit(d, false))
	}
	in.tap(codeEnter)
}

func (in *Input) tap(code uint16) {
	in.Key(code, 1)
	time.Sleep(4 * time.Millisecond)
	in.Key(code, 0)
	time.Sleep(4 * time.Millisecond)
}

// String describes in.
func (in *Input) String() string {
	return fmt.Sprintf("input %04x:%04x, fault %s", in.opts.Vendor, in.opts.Product, in.FaultName())
}

// stir wakes a Read; of.state is held.
func (f *InputFile) stir() {
	close(f.wake)
	f.wake = make(chan struct{})
}

// put queues an event; a full queue is thrown away but for the newest event, and
// that is told. of.state is held.
func (f *InputFile) put(kind, code uint16, value int32) {
	size := f.of.opts.EventSize
	if len(f.queue)/size >= f.of.opts.Queue {
		f.queue = f.event(0, 3, 0) // SYN_DROPPED
	}
	f.queue = append(f.queue, f.event(kind, code, value)...)
	f.stir()
}

func (f *InputFile) event(kind, code uint16, value int32) []byte {
	at := time.Duration(time.Now().UnixNano())
	if f.mono {
		at = f.of.opts.Mono()
	}
	e := binary.NativeEndian
	var b []byte
	if f.of.opts.EventSize == 24 {
		b = e.AppendUint64(b, uint64(at/time.Second))
		b = e.AppendUint64(b, uint64(at%time.Second/time.Microsecond))
	} else {
		b = e.AppendUint32(b, uint32(at/time.Second))
		b = e.AppendUint32(b, uint32(at%time.Second/time.Microsecond))
	}
	b = e.AppendUint16(b, kind)
	b = e.AppendUint16(b, code)
	return e.AppendUint32(b, uint32(value))
}

// Read returns whole events, waiting for the first until the deadline.
func (f *InputFile) Read(b []byte) (int, error) {
	for {
		n, wake, deadline, err := f.take(b)
		if n > 0 || err != nil {
			return n, err
		}
		if err := await(wake, deadline); err != nil {
			return 0, err
		}
	}
}

// await waits for a change until the deadline.
func await(wake <-chan struct{}, deadline time.Time) error {
	if deadline.IsZero() {
		<-wake
		return nil
	}
	left := time.Until(deadline)
	if left <= 0 {
		return os.ErrDeadlineExceeded
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-wake:
		return nil
	case <-t.C:
		return os.ErrDeadlineExceeded
	}
}

// take copies what there is.
func (f *InputFile) take(b []byte) (n int, wake <-chan struct{}, deadline time.Time, err error) {
	f.of.state.Lock()
	defer f.of.state.Unlock()
	size := f.of.opts.EventSize
	switch {
	case f.closed:
		return 0, nil, deadline, os.ErrClosed
	case f.gone:
		return 0, nil, deadline, unix.ENODEV
	case len(b) < size:
		return 0, nil, deadline, unix.EINVAL
	}
	n = copy(b[:len(b)/size*size], f.queue)
	f.queue = f.queue[n:]
	return n, f.wake, f.deadline, nil
}

// SetReadDeadline bounds Read, also one that waits.
func (f *InputFile) SetReadDeadline(t time.Time) error {
	f.of.state.Lock()
	defer f.of.state.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	f.deadline = t
	f.stir()
	return nil
}

// Ioctl does one request of linux/input.h.
func (f *InputFile) Ioctl(request uint32, arg []byte) error {
	f.of.state.Lock()
	defer f.of.state.Unlock()
	switch {
	case f.closed:
		return unix.EBADF
	case f.gone:
		return unix.ENODEV
	case request>>8&0xff != 'E' || int(request>>16&0x3fff) != len(arg):
		return unix.ENOTTY
	}
	return f.request(byte(request), arg)
}

// request answers one; of.state is held.
func (f *InputFile) request(number byte, arg []byte) error {
	o := f.of.opts
	switch number {
	case inputID:
		e := binary.NativeEndian
		e.PutUint16(arg, 3) // BUS_USB
		e.PutUint16(arg[2:], o.Vendor)
		e.PutUint16(arg[4:], o.Product)
		e.PutUint16(arg[6:], 0x110)
	case inputName:
		copy(arg[:len(arg)-1], o.Name)
	case inputHasKeys:
		for d := '0'; d <= '9' && !o.Mouse; d++ {
			setBit(arg, Digit(d, true))
			setBit(arg, Digit(d, false))
		}
	case inputState:
		f.queue = nil // the kernel forgets the keys that are queued
		for code, down := range f.of.down {
			if down {
				setBit(arg, code)
			}
		}
	case inputGrab:
		if f.of.holder != nil {
			return unix.EBUSY
		}
		f.of.holder = f
	case inputClock:
		if binary.NativeEndian.Uint32(arg) != unix.CLOCK_MONOTONIC {
			return unix.EINVAL
		}
		f.mono = true
		if len(f.queue) > 0 {
			f.queue = f.event(0, 3, 0)
		}
	default:
		return unix.EINVAL
	}
	return nil
}

func setBit(set []byte, n uint16) {
	if int(n/8) < len(set) {
		set[n/8] |= 1 << (n % 8)
	}
}

// Close gives the device back.
func (f *InputFile) Close() error {
	f.of.state.Lock()
	defer f.of.state.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	f.closed = true
	if f.of.holder == f {
		f.of.holder = nil
	}
	f.of.files = without(f.of.files, f)
	f.stir()
	return nil
}

func without(files []*InputFile, f *InputFile) []*InputFile {
	var rest []*InputFile
	for _, g := range files {
		if g != f {
			rest = append(rest, g)
		}
	}
	return rest
}
