package evdev

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"stationbox/hal"
)

// The requests of linux/input.h as far as they are used, and their numbers;
// TestHeader asks the C compiler whether they are right.
const (
	getID      = 0x80084502 // EVIOCGID: struct input_id
	getName    = 0x81004506 // EVIOCGNAME(256)
	getKeys    = 0x80604518 // EVIOCGKEY(96): one bit a key that is down
	getKeyBits = 0x80604521 // EVIOCGBIT(EV_KEY, 96): one bit a key that it has
	grab       = 0x40044590 // EVIOCGRAB: any argument but null takes the device
	setClock   = 0x400445a0 // EVIOCSCLOCKID: int

	evSyn      = 0
	evKey      = 1
	synReport  = 0
	synDropped = 3
	monotonic  = 1 // CLOCK_MONOTONIC

	keyBytes = 96 // of a set of keys, KEY_MAX and below
	sizeName = 256
	sizeID   = 8
)

// NativeSize is the size of struct input_event for this program: 24 bytes on
// 64-bit machines, 16 on 32-bit ones, also under a 64-bit kernel.
const NativeSize = 8 + 2*strconv.IntSize/8

// Event is struct input_event.
type Event struct {
	// At is when it happened, on the clock that the device was told to use.
	At time.Duration
	// Type, Code and Value are those of linux/input-event-codes.h.
	Type, Code uint16
	Value      int32
}

// Decode takes apart what one read of a device file returned: whole events of 24
// or 16 bytes in the byte order of this machine. Bytes left over, a size that is
// neither, or microseconds beyond a second are hal.ErrGarbled; no event of such a
// read is returned.
func Decode(b []byte, size int) ([]Event, error) {
	if size != 16 && size != 24 {
		return nil, fmt.Errorf("events of %d bytes: %w", size, hal.ErrGarbled)
	}
	if len(b)%size != 0 {
		return nil, fmt.Errorf("%d bytes of events of %d bytes: %w", len(b), size, hal.ErrGarbled)
	}
	events := make([]Event, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		e, err := decodeOne(b[:size])
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// decodeOne takes apart one event: seconds and microseconds in words of half of
// what comes before type, code and value.
func decodeOne(b []byte) (Event, error) {
	n := binary.NativeEndian
	head := len(b) - 8
	var sec, usec uint64
	if head == 16 {
		sec, usec = n.Uint64(b), n.Uint64(b[8:])
	} else {
		sec, usec = uint64(n.Uint32(b)), uint64(n.Uint32(b[4:]))
	}
	if usec >= 1e6 || sec > maxSeconds {
		return Event{}, fmt.Errorf("event at %d s %d µs: %w", sec, usec, hal.ErrGarbled)
	}
	return Event{
		At:    time.Duration(sec)*time.Second + time.Duration(usec)*time.Microsecond,
		Type:  n.Uint16(b[head:]),
		Code:  n.Uint16(b[head+2:]),
		Value: int32(n.Uint32(b[head+4:])),
	}, nil
}

// maxSeconds is what a time.Duration can hold, about 292 years.
const maxSeconds = uint64((1<<63-1)/time.Second) - 1

// keySet is a set of key codes as the kernel writes it: bit n of byte n/8. On big
// endian machines the kernel writes words of longs, which is not handled: there is
// no such station.
type keySet [keyBytes]byte

func (s *keySet) has(code uint16) bool {
	return int(code) < 8*keyBytes && s[code/8]&(1<<(code%8)) != 0
}

func (s *keySet) set(code uint16, on bool) {
	if int(code) >= 8*keyBytes {
		return
	}
	if on {
		s[code/8] |= 1 << (code % 8)
		return
	}
	s[code/8] &^= 1 << (code % 8)
}
