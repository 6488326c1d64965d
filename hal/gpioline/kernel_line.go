package gpioline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

var errUnused = errors.New("line not requested: call In or Out first")

// kernelLine is one line of a chip. Its lock guards the handle against being
// closed under an ioctl; those take microseconds.
type kernelLine struct {
	kernel *kernel
	offset uint32
	queue  *queue

	mu        sync.Mutex
	closed    bool
	openDrain bool
	fd        int      // line handle, -1 when not requested
	output    bool     // direction of the handle
	events    *os.File // the same handle, when edges are read from it
	reader    chan struct{}
	values    unix.GPIOV2LineValues
}

func (l *kernelLine) in(c inConfig) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return fmt.Errorf("bank closed: %w", hal.ErrGone)
	}
	if err := l.release(); err != nil {
		return err
	}
	l.queue.reset()
	fd, err := l.kernel.request(inRequest(l.offset, l.kernel.consumer, c))
	if err != nil {
		return err
	}
	l.fd, l.output = fd, false
	if c.edge == gpio.NoEdge {
		return nil
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return errors.Join(err, l.release())
	}
	l.events = os.NewFile(uintptr(fd), l.kernel.path)
	l.reader = make(chan struct{})
	go l.readEvents(l.events, l.reader)
	return nil
}

func (l *kernelLine) out(level gpio.Level) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return fmt.Errorf("bank closed: %w", hal.ErrGone)
	}
	if l.fd >= 0 && l.output {
		l.values = unix.GPIOV2LineValues{Bits: bit(level), Mask: 1}
		return l.call(unix.GPIO_V2_LINE_SET_VALUES_IOCTL)
	}
	if err := l.release(); err != nil {
		return err
	}
	fd, err := l.kernel.request(outRequest(l.offset, l.kernel.consumer, level, l.openDrain))
	if err != nil {
		return err
	}
	l.fd, l.output = fd, true
	return nil
}

// post is out: the kernel confirms at once.
func (l *kernelLine) post(level gpio.Level) error { return l.out(level) }

func (l *kernelLine) level() (gpio.Level, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return gpio.Low, fmt.Errorf("bank closed: %w", hal.ErrGone)
	}
	if l.fd < 0 {
		return gpio.Low, errUnused
	}
	l.values = unix.GPIOV2LineValues{Mask: 1}
	if err := l.call(unix.GPIO_V2_LINE_GET_VALUES_IOCTL); err != nil {
		return gpio.Low, err
	}
	return l.values.Bits&1 != 0, nil
}

// call passes l.values to the kernel.
func (l *kernelLine) call(request uintptr) error {
	err := l.kernel.ioctl(l.fd, request, unsafe.Pointer(&l.values))
	if err == nil {
		return nil
	}
	l.kernel.note(err)
	return explain(err)
}

func (l *kernelLine) setOpenDrain(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.openDrain = on
}

// setRestore does nothing: a chip that went away does not come back.
func (l *kernelLine) setRestore(bool) {}

func (l *kernelLine) free() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.release()
}

func (l *kernelLine) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return l.release()
}

// release gives the handle back and waits for its reader, which ends when the
// file is closed under it.
func (l *kernelLine) release() error {
	if l.fd < 0 {
		return nil
	}
	fd, events := l.fd, l.events
	l.fd, l.events = -1, nil
	if events == nil {
		return unix.Close(fd)
	}
	err := events.Close()
	<-l.reader
	return err
}

// readEvents moves edges from the handle to the queue until it is closed.
func (l *kernelLine) readEvents(f *os.File, done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 16*eventSize)
	for {
		n, err := f.Read(buf)
		for b := buf[:n]; len(b) >= eventSize; b = b[eventSize:] {
			if e, ok := decodeEvent(b[:eventSize]); ok {
				l.queue.push(e)
			}
		}
		if err != nil {
			l.kernel.note(err)
			return
		}
	}
}

// eventSize is the size of struct gpio_v2_line_event.
const eventSize = 48

// decodeEvent reads one struct gpio_v2_line_event, in the order of bytes of this
// machine; false for an event of an unknown kind.
//
//	0 u64 timestamp_ns  8 u32 id  12 u32 offset  16 u32 seqno  20 u32 line_seqno  24 padding
func decodeEvent(b []byte) (Edge, bool) {
	if len(b) < eventSize {
		return Edge{}, false
	}
	e := Edge{
		At:  time.Duration(binary.NativeEndian.Uint64(b[0:])),
		Seq: uint64(binary.NativeEndian.Uint32(b[20:])),
	}
	switch binary.NativeEndian.Uint32(b[8:]) {
	case unix.GPIO_V2_LINE_EVENT_RISING_EDGE:
		e.Level = gpio.High
	case unix.GPIO_V2_LINE_EVENT_FALLING_EDGE:
		e.Level = gpio.Low
	default:
		return Edge{}, false
	}
	return e, true
}
