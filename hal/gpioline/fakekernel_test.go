package gpioline

import (
	"encoding/binary"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"
)

// fakeKernel answers the ioctls over a model, so that the driver's logic is
// tested on machines without GPIO. A line handle is one end of a socket pair.
type fakeKernel struct {
	t       *testing.T
	model   *model
	names   []string
	label   string
	handles map[int]*fakeHandle // by the driver's descriptor
	fail    map[uintptr]error   // by request
}

type fakeHandle struct {
	peer int
	line *modelLine
}

func newFakeKernel(t *testing.T, m *model, label string, names ...string) *fakeKernel {
	return &fakeKernel{t: t, model: m, names: names, label: label, handles: map[int]*fakeHandle{}, fail: map[uintptr]error{}}
}

// ioctl is an ioctlFunc.
func (k *fakeKernel) ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	k.model.mu.Lock()
	defer k.model.mu.Unlock()
	k.reap()
	if err := k.fail[request]; err != nil {
		return err
	}
	switch request {
	case getChipInfo:
		info := (*unix.GPIOChipInfo)(arg)
		copy(info.Label[:], k.label)
		info.Lines = uint32(len(k.names))
	case unix.GPIO_V2_GET_LINEINFO_IOCTL:
		info := (*unix.GPIOV2LineInfo)(arg)
		copy(info.Name[:], k.names[info.Offset])
		copy(info.Consumer[:], "a stranger")
	case unix.GPIO_V2_GET_LINE_IOCTL:
		return k.request((*unix.GPIOV2LineRequest)(arg))
	case unix.GPIO_V2_LINE_SET_VALUES_IOCTL:
		v, l := (*unix.GPIOV2LineValues)(arg), k.handles[fd].line
		if !l.output || v.Mask != 1 {
			return unix.EPERM
		}
		l.drive(l.holder, v.Bits&1 != 0)
	case unix.GPIO_V2_LINE_GET_VALUES_IOCTL:
		v := (*unix.GPIOV2LineValues)(arg)
		v.Bits = bit(k.handles[fd].line.read())
	default:
		return unix.ENOTTY
	}
	return nil
}

// reap releases the lines whose handle the driver has closed.
func (k *fakeKernel) reap() {
	for fd, h := range k.handles {
		n, _, err := unix.Recvfrom(h.peer, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		if err == unix.EAGAIN || n > 0 {
			continue
		}
		_ = unix.Close(h.peer)
		delete(k.handles, fd)
		if h.line.holder == h {
			h.line.release()
		}
	}
}

// settle is reap from outside an ioctl.
func (k *fakeKernel) settle() {
	k.model.mu.Lock()
	defer k.model.mu.Unlock()
	k.reap()
}

func (k *fakeKernel) request(r *unix.GPIOV2LineRequest) error {
	l := k.model.lines[k.names[r.Offsets[0]]]
	if l == nil {
		return unix.EINVAL
	}
	if l.holder != nil {
		return unix.EBUSY
	}
	if r.Num_lines != 1 || text(r.Consumer[:]) == "" {
		return unix.EINVAL
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	h := &fakeHandle{peer: pair[1], line: l}
	k.handles[pair[0]], r.Fd = h, int32(pair[0])
	var values uint64
	var debounce time.Duration
	for _, a := range r.Config.Attrs[:r.Config.Num_attrs] {
		switch a.Attr.Id {
		case unix.GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES:
			values = a.Attr.Flags & a.Mask
		case unix.GPIO_V2_LINE_ATTR_ID_DEBOUNCE:
			debounce = time.Duration(uint32(a.Attr.Flags)) * time.Microsecond
		}
	}
	if r.Config.Flags&(1<<3) != 0 {
		l.drive(h, values&1 != 0)
		return nil
	}
	l.listen(h, inConfig{
		pull:     map[uint64]gpio.Pull{1: gpio.PullUp, 2: gpio.PullDown, 4: gpio.Float}[r.Config.Flags>>8&7],
		edge:     gpio.Edge(r.Config.Flags >> 4 & 3),
		debounce: debounce,
	}, h.event)
	return nil
}

// event writes one struct gpio_v2_line_event to the handle.
func (h *fakeHandle) event(level gpio.Level, at time.Duration, seq uint32) {
	_ = unix.Sendto(h.peer, eventBytes(level, at, seq), unix.MSG_DONTWAIT, nil)
}

func eventBytes(level gpio.Level, at time.Duration, seq uint32) []byte {
	b := make([]byte, 48)
	binary.NativeEndian.PutUint64(b[0:], uint64(at))
	binary.NativeEndian.PutUint32(b[8:], 2-uint32(bit(level)))
	binary.NativeEndian.PutUint32(b[12:], 17)
	binary.NativeEndian.PutUint32(b[16:], seq)
	binary.NativeEndian.PutUint32(b[20:], seq)
	return b
}
