package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// CECFile is an open device file of a CECBus. It answers the requests of
// linux/cec.h as a file opened with O_NONBLOCK does, with unix.Errno.
type CECFile struct {
	bus *CECBus

	// With the bus's lock.
	mode   uint32
	inbox  []cecDue
	events [][]byte
	closed bool
	wake   chan struct{} // closed when there is something new
}

// cecDue is a message that can be fetched from a moment on.
type cecDue struct {
	at  time.Time
	msg []byte
}

// The bounds of the kernel's queues.
const (
	cecQueue  = 18
	cecEvents = 64
)

// onAir is how long a frame of n bytes takes, with the silence before it.
func onAir(n int) time.Duration {
	return 16800*time.Microsecond + 4500*time.Microsecond + time.Duration(n)*24*time.Millisecond
}

// cecMessage lays out a struct cec_msg.
func cecMessage(number uint32, tx, nacks, rx, reply byte, frame []byte) []byte {
	m := bytes.NewBuffer(make([]byte, 16, 56)) // two times stay zero
	for _, v := range []uint32{uint32(len(frame)), 0, number, 0} {
		m.Write(binary.NativeEndian.AppendUint32(nil, v))
	}
	m.Write(frame)
	m.Write(make([]byte, 16-len(frame)))
	m.Write([]byte{reply, rx, tx, 0, nacks, 0, 0, 0})
	return m.Bytes()
}

// Close closes the file.
func (f *CECFile) Close() error {
	f.bus.lock.Lock()
	defer f.bus.lock.Unlock()
	f.closed = true
	f.nudge()
	f.bus.files = slices.DeleteFunc(f.bus.files, func(o *CECFile) bool { return o == f })
	return nil
}

// cecLook is how long a cable may change unseen while nobody asks.
const cecLook = 2 * time.Second

// Wait returns when something can be fetched, or when ctx ends.
func (f *CECFile) Wait(ctx context.Context) error {
	for {
		f.bus.lock.Lock()
		gone := f.closed || f.bus.FaultName() == "unplugged"
		f.bus.look()
		ready, next := f.ready(time.Now().Add(cecLook))
		wake := f.wake
		f.bus.lock.Unlock()
		switch {
		case gone:
			return unix.ENODEV
		case ready, ctx.Err() != nil:
			return nil
		}
		t := time.NewTimer(time.Until(next))
		select {
		case <-t.C:
		case <-wake:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// ready says whether something can be fetched, and when to look again.
func (f *CECFile) ready(end time.Time) (bool, time.Time) {
	if len(f.events) > 0 {
		return true, end
	}
	for _, m := range f.inbox {
		if !time.Now().Before(m.at) {
			return true, end
		}
		if m.at.Before(end) {
			end = m.at
		}
	}
	if c := f.bus.claimed; !c.IsZero() && c.Before(end) {
		end = c
	}
	return false, end
}

func (f *CECFile) deliver(at time.Time, msg []byte) {
	if len(f.inbox) >= 2*cecQueue {
		f.inbox = f.inbox[1:]
	}
	f.inbox = append(f.inbox, cecDue{at, msg})
	f.nudge()
}

func (f *CECFile) event() {
	if len(f.events) >= cecEvents {
		f.events = f.events[1:]
	}
	e := make([]byte, 80)
	binary.NativeEndian.PutUint32(e[8:], 1)
	binary.NativeEndian.PutUint16(e[16:], f.bus.address)
	binary.NativeEndian.PutUint16(e[18:], f.bus.mask())
	f.events = append(f.events, e)
	f.nudge()
}

// nudge wakes all who wait.
func (f *CECFile) nudge() {
	close(f.wake)
	f.wake = make(chan struct{})
}

// Ioctl answers one request.
func (f *CECFile) Ioctl(request uint32, arg []byte) error {
	b := f.bus
	if b.FaultName() == "unplugged" {
		return unix.ENODEV
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	b.look()
	// _IOC: two bits of direction, size of the structure, letter, number.
	if request>>8&0xFF != 'a' || int(request>>16&0x3FFF) != len(arg) {
		return unix.ENOTTY
	}
	switch request & 0xFF {
	case 1: // CEC_ADAP_G_PHYS_ADDR
		binary.NativeEndian.PutUint16(arg, b.address)
	case 3: // CEC_ADAP_G_LOG_ADDRS
		b.getAddresses(arg)
	case 4: // CEC_ADAP_S_LOG_ADDRS
		return b.setAddresses(arg)
	case 5: // CEC_TRANSMIT
		return f.transmit(arg)
	case 6: // CEC_RECEIVE
		return f.receive(arg)
	case 7: // CEC_DQEVENT
		if len(f.events) == 0 {
			return unix.EAGAIN
		}
		copy(arg, f.events[0])
		f.events = f.events[1:]
	case 9: // CEC_S_MODE
		f.mode = binary.NativeEndian.Uint32(arg)
	default:
		return unix.ENOTTY
	}
	return nil
}

func (b *CECBus) getAddresses(arg []byte) {
	copy(arg, b.claim[:])
	copy(arg, []byte{0xFF, 0xFF, 0xFF, 0xFF})
	if b.owned {
		arg[0] = 4
	}
	binary.NativeEndian.PutUint16(arg[4:], b.mask())
	arg[7] = b.wanted
}

func (b *CECBus) setAddresses(arg []byte) error {
	n := arg[7]
	if n > 0 && b.owned || !b.claimed.IsZero() {
		return unix.EBUSY
	}
	b.wanted, b.owned = n, false
	if n > 0 {
		b.claim = [92]byte(arg)
	}
	b.startClaim()
	return nil
}

func (f *CECFile) receive(arg []byte) error {
	for i, m := range f.inbox {
		if !time.Now().Before(m.at) {
			copy(arg, m.msg)
			f.inbox = slices.Delete(f.inbox, i, i+1)
			return nil
		}
	}
	return unix.EAGAIN
}

// transmit checks a message and puts it on the wire.
func (f *CECFile) transmit(arg []byte) error {
	b := f.bus
	n := binary.NativeEndian.Uint32(arg[16:])
	switch {
	case b.wanted == 0:
		return unix.EPERM
	case n < 1 || n > 16:
		return unix.EINVAL
	case !b.claimed.IsZero():
		return unix.ENONET
	}
	frame, reply := slices.Clone(arg[32:32+n]), arg[48]
	wait := time.Duration(binary.NativeEndian.Uint32(arg[20:])) * time.Millisecond
	switch {
	case b.owned && frame[0]>>4 != 4:
		return unix.EINVAL
	case !b.owned && !mayWake(frame):
		return unix.ENONET
	case !b.owned && reply != 0:
		return unix.EINVAL
	case !b.owned:
		wait = 0
	}
	b.number++
	b.frames++
	binary.NativeEndian.PutUint32(arg[24:], b.number)
	f.wire(b.number, frame, reply, wait)
	return nil
}

// mayWake: without an address only a poll, <Image View On> and <Text View On> to
// the TV go out.
func mayWake(frame []byte) bool {
	return frame[0]&0xF == 0 && (len(frame) == 1 || len(frame) == 2 && (frame[1] == 0x04 || frame[1] == 0x0D))
}

// wire decides what becomes of a frame, and when it is known.
func (f *CECFile) wire(number uint32, frame []byte, reply byte, wait time.Duration) {
	b, t := f.bus, onAir(len(frame))
	broadcast := frame[0]&0xF == 0xF
	fault, there := b.FaultName(), b.world.Snapshot().TV.Answers
	now := time.Now()
	switch {
	case fault == "garbled":
		f.deliver(now.Add(4*t), cecMessage(number, 0x28, 0, 0, reply, frame))
		return
	case !broadcast && (!there || fault == "deaf" || fault == "cut"):
		f.deliver(now.Add(4*onAir(1)), cecMessage(number, 0x24, 4, 0, reply, frame))
		return
	}
	var answer []byte
	if there {
		answer = b.obey(frame)
		b.look()
	}
	switch refused := len(answer) > 1 && answer[1] == 0; {
	case wait == 0:
		f.deliver(now.Add(t), cecMessage(number, 0x01, 0, 0, reply, frame))
	case refused:
		f.deliver(now.Add(t+onAir(len(answer))), cecMessage(number, 0x01, 0, 0x05, reply, answer))
	case len(answer) > 1 && answer[1] == reply:
		f.deliver(now.Add(t+onAir(len(answer))), cecMessage(number, 0x01, 0, 0x01, reply, answer))
	default:
		f.deliver(now.Add(t+wait), cecMessage(number, 0x01, 0, 0x02, reply, frame))
	}
}
