package cec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"stationbox/hal"
)

// The requests of linux/cec.h, and what they carry; TestHeader asks the C
// compiler whether they are right.
const (
	getPhysAddr = 0x80026101 // u16
	getLogAddrs = 0x805c6103 // struct cec_log_addrs
	setLogAddrs = 0xc05c6104 // struct cec_log_addrs
	transmit    = 0xc0386105 // struct cec_msg
	receive     = 0xc0386106 // struct cec_msg
	dequeue     = 0xc0506107 // struct cec_event
	setMode     = 0x40046109 // u32
)

const (
	sizeMsg      = 56
	sizeLogAddrs = 92
	sizeEvent    = 80

	maxFrame = 16
	maxName  = 14
)

const (
	modeInitiator = 0x01
	modeFollower  = 0x10
)

// What became of a transmission.
const (
	txOK       = 1 << 0
	txNack     = 1 << 2
	txAborted  = 1 << 6
	txTimeout  = 1 << 7
	rxOK       = 1 << 0
	rxTimeout  = 1 << 1
	rxRefused  = 1 << 2 // Feature Abort
	rxAborted  = 1 << 3
	noReply    = 0      // also the opcode of Feature Abort, which is waited for when there is a timeout
	noLogAddr  = 0xFF   // log_addr[0] while nothing is claimed
	eventState = 1      // CEC_EVENT_STATE_CHANGE
	eventLost  = 2      // CEC_EVENT_LOST_MSGS
	version14  = 5      // CEC_OP_CEC_VERSION_1_4
	playback   = 3      // CEC_LOG_ADDR_TYPE_PLAYBACK
	primary    = 4      // CEC_OP_PRIM_DEVTYPE_PLAYBACK
	allTypes   = 1 << 4 // CEC_OP_ALL_DEVTYPE_PLAYBACK
	noVendor   = 0xFFFFFFFF
)

// message is struct cec_msg as far as it is used.
type message struct {
	frame    []byte
	timeout  time.Duration // whole milliseconds
	sequence uint32
	reply    byte
	tx, rx   byte // status
	nacks    byte
}

func (m message) encode() []byte {
	b := make([]byte, sizeMsg)
	e := binary.NativeEndian
	e.PutUint32(b[16:], uint32(len(m.frame)))
	e.PutUint32(b[20:], uint32(m.timeout/time.Millisecond))
	e.PutUint32(b[24:], m.sequence)
	copy(b[32:48], m.frame)
	b[48], b[49], b[50], b[52] = m.reply, m.rx, m.tx, m.nacks
	return b
}

// decodeMessage refuses a length no message can have.
func decodeMessage(b []byte) (message, error) {
	if len(b) != sizeMsg {
		return message{}, fmt.Errorf("message structure of %d bytes: %w", len(b), hal.ErrGarbled)
	}
	e := binary.NativeEndian
	n := e.Uint32(b[16:])
	if n < 1 || n > maxFrame {
		return message{}, fmt.Errorf("message of %d bytes: %w", n, hal.ErrGarbled)
	}
	return message{
		frame:    bytes.Clone(b[32 : 32+n]),
		timeout:  time.Duration(e.Uint32(b[20:])) * time.Millisecond,
		sequence: e.Uint32(b[24:]),
		reply:    b[48], rx: b[49], tx: b[50], nacks: b[52],
	}, nil
}

// logAddrs is struct cec_log_addrs with one address.
type logAddrs struct {
	addr  byte // noLogAddr: none
	count byte // how many are asked for
	kind  byte
	name  string
}

// encodeClaim asks for the address of a playback device; without a name it gives
// all addresses back.
func encodeClaim(name string) []byte {
	b := make([]byte, sizeLogAddrs)
	binary.NativeEndian.PutUint32(b[8:], noVendor)
	if name == "" {
		return b
	}
	b[6], b[7] = version14, 1
	copy(b[16:16+maxName], name)
	b[31], b[35], b[39] = primary, playback, allTypes
	return b
}

func decodeLogAddrs(b []byte) logAddrs {
	name, _, _ := bytes.Cut(b[16:31], []byte{0})
	l := logAddrs{addr: b[0], count: b[7], kind: b[35], name: string(name)}
	if binary.NativeEndian.Uint16(b[4:]) == 0 || l.addr > Unregistered {
		l.addr = noLogAddr
	}
	return l
}

// decodeEvent returns a change, or how many messages the kernel has lost.
func decodeEvent(b []byte) (c Change, isChange bool, lost int) {
	e := binary.NativeEndian
	switch e.Uint32(b[8:]) {
	case eventState:
		return Change{Address: e.Uint16(b[16:]), Claimed: e.Uint16(b[18:])}, true, 0
	case eventLost:
		return Change{}, false, int(min(e.Uint32(b[16:]), 1<<16))
	}
	return Change{}, false, 0
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
