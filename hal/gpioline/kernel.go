package gpioline

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// Line flags of linux/gpio.h, enum gpio_v2_line_flag.
const (
	flagInput        uint64 = 1 << 2
	flagOutput       uint64 = 1 << 3
	flagEdgeRising   uint64 = 1 << 4
	flagEdgeFalling  uint64 = 1 << 5
	flagOpenDrain    uint64 = 1 << 6
	flagBiasPullUp   uint64 = 1 << 8
	flagBiasPullDown uint64 = 1 << 9
	flagBiasDisabled uint64 = 1 << 10
)

// getChipInfo is GPIO_GET_CHIPINFO_IOCTL, the one number that x/sys leaves out.
const getChipInfo = 0x8044b401

// kernelEvents is how many edges the kernel is asked to keep for one line.
const kernelEvents = edgeDepth

// ioctlFunc is the way into the kernel; tests put a model of the kernel here.
type ioctlFunc func(fd int, request uintptr, arg unsafe.Pointer) error

// kernel is a chip of this machine's kernel.
type kernel struct {
	path     string
	consumer string
	ioctl    ioctlFunc
	label    string
	names    []string // of the lines, by offset

	mu   sync.Mutex // fd and gone
	fd   int        // -1 when closed
	gone error      // why the chip is not there
}

func openKernel(path, consumer string, call ioctlFunc) (*kernel, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, explain(err)
	}
	k := &kernel{path: path, consumer: consumer, ioctl: call, fd: fd}
	if err := k.scan(); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return k, nil
}

// explain turns an errno into the words of hal.
func explain(err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", err, hal.ErrGone)
	case errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: not a GPIO chip, no such feature, or a kernel older than 5.10", err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: the user must be in the group of the device file, usually gpio: %w", err, hal.ErrRefused)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: %w", err, hal.ErrRefused)
	}
	return err
}

// scan reads the names of the chip and its lines.
func (k *kernel) scan() error {
	var chip unix.GPIOChipInfo
	if err := k.ioctl(k.fd, getChipInfo, unsafe.Pointer(&chip)); err != nil {
		return fmt.Errorf("chip info: %w", explain(err))
	}
	k.label = text(chip.Label[:])
	k.names = make([]string, chip.Lines)
	for i := range k.names {
		info := unix.GPIOV2LineInfo{Offset: uint32(i)}
		if err := k.ioctl(k.fd, unix.GPIO_V2_GET_LINEINFO_IOCTL, unsafe.Pointer(&info)); err != nil {
			return fmt.Errorf("line %d info: %w", i, explain(err))
		}
		k.names[i] = text(info.Name[:])
	}
	return nil
}

// text returns the bytes before the first zero.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// find returns the offset of the line called name, or -1.
func (k *kernel) find(name string) int {
	for i, n := range k.names {
		if n == name {
			return i
		}
	}
	digits, ok := strings.CutPrefix(name, "GPIO")
	if !ok {
		return -1
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n >= uint64(len(k.names)) {
		return -1
	}
	if k.names[n] == "" || strings.HasPrefix(k.label, "pinctrl-bcm") || strings.HasPrefix(k.label, "pinctrl-rp1") {
		return int(n)
	}
	return -1
}

func (k *kernel) line(name string, q *queue) (line, int, error) {
	offset := k.find(name)
	if offset < 0 {
		return nil, 0, fmt.Errorf("no line of this name on %s (%d lines): %w", k.label, len(k.names), hal.ErrGone)
	}
	return &kernelLine{kernel: k, offset: uint32(offset), queue: q, fd: -1}, offset, nil
}

// request asks for one line and returns its handle, or who has it.
func (k *kernel) request(r *unix.GPIOV2LineRequest) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fd < 0 {
		return -1, fmt.Errorf("bank closed: %w", hal.ErrGone)
	}
	err := k.ioctl(k.fd, unix.GPIO_V2_GET_LINE_IOCTL, unsafe.Pointer(r))
	if err == nil {
		return int(r.Fd), nil
	}
	if errors.Is(err, unix.EBUSY) {
		info := unix.GPIOV2LineInfo{Offset: r.Offsets[0]}
		if k.ioctl(k.fd, unix.GPIO_V2_GET_LINEINFO_IOCTL, unsafe.Pointer(&info)) == nil {
			return -1, fmt.Errorf("held by %q: %w", text(info.Consumer[:]), explain(err))
		}
	}
	if errors.Is(err, unix.ENODEV) {
		k.gone = explain(err)
	}
	return -1, explain(err)
}

// note remembers that the chip went away, so that state tells.
func (k *kernel) note(err error) {
	if !errors.Is(err, unix.ENODEV) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone = explain(err)
}

func (k *kernel) state() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fd < 0 {
		return fmt.Errorf("bank closed: %w", hal.ErrGone)
	}
	return k.gone
}

func (k *kernel) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fd < 0 {
		return nil
	}
	fd := k.fd
	k.fd = -1
	return unix.Close(fd)
}

// newRequest fills in what all requests of one line have.
func newRequest(offset uint32, consumer string, flags uint64) *unix.GPIOV2LineRequest {
	r := &unix.GPIOV2LineRequest{Num_lines: 1}
	r.Offsets[0] = offset
	copy(r.Consumer[:maxName], consumer)
	r.Config.Flags = flags
	return r
}

// outRequest carries the first level in the request, so that the line is never
// at the other one.
func outRequest(offset uint32, consumer string, l gpio.Level, openDrain bool) *unix.GPIOV2LineRequest {
	flags := flagOutput
	if openDrain {
		flags |= flagOpenDrain
	}
	r := newRequest(offset, consumer, flags)
	addAttr(r, unix.GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, bit(l))
	return r
}

func inRequest(offset uint32, consumer string, c inConfig) *unix.GPIOV2LineRequest {
	r := newRequest(offset, consumer, flagInput|biasFlag(c.pull)|edgeFlags(c.edge))
	if c.edge != gpio.NoEdge {
		r.Event_buffer_size = kernelEvents
	}
	if us := uint32(c.debounce / time.Microsecond); us > 0 {
		addAttr(r, unix.GPIO_V2_LINE_ATTR_ID_DEBOUNCE, union32(us))
	}
	return r
}

func addAttr(r *unix.GPIOV2LineRequest, id uint32, value uint64) {
	a := &r.Config.Attrs[r.Config.Num_attrs]
	a.Attr.Id = id
	a.Attr.Flags = value
	a.Mask = 1
	r.Config.Num_attrs++
}

// union32 places a 32-bit member at the start of a 64-bit union.
func union32(v uint32) uint64 {
	var b [8]byte
	binary.NativeEndian.PutUint32(b[:], v)
	return binary.NativeEndian.Uint64(b[:])
}

func bit(l gpio.Level) uint64 {
	if l {
		return 1
	}
	return 0
}

func biasFlag(p gpio.Pull) uint64 {
	switch p {
	case gpio.PullUp:
		return flagBiasPullUp
	case gpio.PullDown:
		return flagBiasPullDown
	case gpio.Float:
		return flagBiasDisabled
	}
	return 0
}

func edgeFlags(e gpio.Edge) uint64 {
	var f uint64
	if e&gpio.RisingEdge != 0 {
		f |= flagEdgeRising
	}
	if e&gpio.FallingEdge != 0 {
		f |= flagEdgeFalling
	}
	return f
}
