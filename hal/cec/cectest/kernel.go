package cectest

import (
	"encoding/binary"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Ioctl answers the requests of linux/cec.h, numbered as on amd64 and arm.
func (s *Set) Ioctl(request uint32, arg []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return unix.ENODEV
	}
	if err := s.fail[request]; err != nil {
		return err
	}
	switch request {
	case 0x80026101:
		binary.NativeEndian.PutUint16(arg, s.phys)
	case 0x805c6103:
		s.getClaim(arg)
	case 0xc05c6104:
		return s.setClaim(arg)
	case 0xc0386105:
		return s.transmit(arg)
	case 0xc0386106:
		return pop(&s.msgs, arg)
	case 0xc0506107:
		return pop(&s.events, arg)
	case 0x40046109:
		s.mode = binary.NativeEndian.Uint32(arg)
	default:
		return unix.ENOTTY
	}
	return nil
}

func pop(from *[][]byte, arg []byte) error {
	if len(*from) == 0 {
		return unix.EAGAIN
	}
	copy(arg, (*from)[0])
	*from = (*from)[1:]
	return nil
}

func (s *Set) getClaim(arg []byte) {
	copy(arg, s.claim)
	arg[7] = s.count
	binary.NativeEndian.PutUint16(arg[4:], s.mask())
	copy(arg[:4], []byte{0xFF, 0xFF, 0xFF, 0xFF})
	if s.settled {
		arg[0] = 4
	}
}

func (s *Set) setClaim(arg []byte) error {
	n := arg[7]
	if n > 0 && s.settled {
		return unix.EBUSY
	}
	s.count, s.settled = n, false
	if n > 0 {
		s.claims++
		s.claim = slices.Clone(arg)
	}
	s.begin()
	return nil
}

// build lays out a struct cec_msg.
func build(seq uint32, tx, nacks, reply, rx byte, frame []byte) []byte {
	b := make([]byte, 56)
	binary.NativeEndian.PutUint32(b[16:], uint32(len(frame)))
	binary.NativeEndian.PutUint32(b[24:], seq)
	copy(b[32:48], frame)
	b[48], b[49], b[50], b[52] = reply, rx, tx, nacks
	return b
}

// airtime is how long n bytes take, with the silence before them.
func airtime(n int) time.Duration {
	return 16800*time.Microsecond + 4500*time.Microsecond + time.Duration(n)*24*time.Millisecond
}

// transmit checks a message as cec_transmit_msg_fh does and sends it.
func (s *Set) transmit(arg []byte) error {
	n := binary.NativeEndian.Uint32(arg[16:])
	if s.count == 0 {
		return unix.EPERM
	}
	if n < 1 || n > 16 {
		return unix.EINVAL
	}
	frame, reply := slices.Clone(arg[32:32+n]), arg[48]
	wait := time.Duration(binary.NativeEndian.Uint32(arg[20:])) * time.Millisecond
	switch {
	case s.phys != None && !s.settled:
		return unix.ENONET // claiming
	case s.settled && frame[0]>>4 != 4:
		return unix.EINVAL
	case !s.settled && (n > 2 || frame[0]&0xF != 0 || n == 2 && frame[1] != 0x04 && frame[1] != 0x0D):
		return unix.ENONET
	case !s.settled && s.NeedsHPD:
		return unix.ENONET
	case !s.settled && reply != 0:
		return unix.EINVAL
	}
	if !s.settled {
		wait = 0
	}
	s.seq++
	binary.NativeEndian.PutUint32(arg[24:], s.seq)
	s.send(s.seq, frame, reply, wait)
	return nil
}

// send puts a frame on the wire.
func (s *Set) send(seq uint32, frame []byte, reply byte, wait time.Duration) {
	t := airtime(len(frame))
	switch s.mood {
	case Stuck:
	case Deaf:
		s.after(4*t, func() { s.push(build(seq, 0x24, 4, reply, 0, frame)) })
	case Disturbed:
		s.after(4*t, func() { s.push(build(seq, 0x28, 0, reply, 0, frame)) })
	default:
		s.after(t, func() { s.arrived(seq, frame, reply, wait) })
	}
}

// arrived is the end of a transmission and the begin of the wait for an answer.
func (s *Set) arrived(seq uint32, frame []byte, reply byte, wait time.Duration) {
	s.heard = append(s.heard, frame)
	answer := s.obey(frame)
	if wait == 0 || s.TwoStep {
		s.push(build(seq, 0x01, 0, reply, 0, frame))
	}
	if wait == 0 {
		return
	}
	tx := byte(1)
	if s.TwoStep {
		tx = 0
	}
	// Only the answer that is waited for counts; a refusal always does.
	refused := len(answer) > 1 && answer[1] == 0
	if len(answer) > 1 && (answer[1] == reply || refused) {
		rx := byte(1)
		if refused {
			rx |= 4
		}
		s.after(10*time.Millisecond+airtime(len(answer)), func() { s.push(build(seq, tx, 0, reply, rx, answer)) })
		return
	}
	s.after(wait, func() { s.push(build(seq, tx, 0, reply, 2, frame)) })
}

// obey is the television; it returns its answer, if any.
func (s *Set) obey(frame []byte) []byte {
	if len(frame) < 2 {
		return nil
	}
	head, op := frame[0]>>4, frame[1]
	switch {
	case s.mood == Mute:
		return nil
	case s.mood == Refuses:
		return []byte{head, 0x00, op, 4}
	}
	switch op {
	case 0x04, 0x0D:
		s.power = 0
		s.setPhys(s.plug)
	case 0x36:
		s.power = 1
		if s.DropsHPD {
			s.setPhys(None)
		}
	case 0x82:
		s.active = binary.BigEndian.Uint16(frame[2:])
	case 0x8F:
		if s.mood == Nonsense {
			return []byte{head, 0x90, 0x77}
		}
		return []byte{head, 0x90, s.power}
	}
	return nil
}
