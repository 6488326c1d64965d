// Package modbus is a Modbus RTU master: it asks one slave at a time over a
// shared line and believes only an answer whose address, function, length and
// check sum are right. It never sends a broadcast, knows no device and writes
// nothing unless it is asked to.
//
// A frame, with at least 3.5 characters of silence around it, is
//
//	+------+----------+-----------------+------------------+
//	| unit | function | 0…252 bytes     | CRC-16, low byte |
//	|      |          | high byte first | first            |
//	+------+----------+-----------------+------------------+
//
// Source: MODBUS over serial line V1.02 and MODBUS application protocol V1.1b3,
// modbus.org; function 0x42 is PZEM's own.
package modbus

import (
	"encoding/binary"
	"fmt"

	"stationbox/hal"
)

// The functions this package speaks.
const (
	fnReadHolding = 0x03
	fnReadInput   = 0x04
	fnWriteSingle = 0x06
	fnResetEnergy = 0x42
	fnException   = 0x80
)

// AnyUnit is the address to which a PZEM meter alone on its line answers,
// whatever its own address is.
const AnyUnit = 0xF8

// MaxRegisters is the most registers one read can ask for.
const MaxRegisters = 125

// Exception is a slave's refusal, by the code it gave. It is hal.ErrRefused.
type Exception struct {
	Function uint8
	Code     uint8
}

// Error names the function and what the code means.
func (e *Exception) Error() string {
	return fmt.Sprintf("function %#02x: exception %d (%s): %v", e.Function, e.Code, codeName(e.Code), hal.ErrRefused)
}

// Unwrap returns hal.ErrRefused.
func (e *Exception) Unwrap() error { return hal.ErrRefused }

func codeName(c uint8) string {
	switch c {
	case 1:
		return "unknown function"
	case 2:
		return "unknown address"
	case 3:
		return "bad value"
	case 4:
		return "device failure"
	case 5:
		return "accepted, takes long"
	case 6:
		return "busy"
	}
	return "unknown code"
}

// request appends address, function, two words and the check sum.
func request(unit, fn uint8, a, b uint16) []byte {
	f := []byte{unit, fn}
	f = binary.BigEndian.AppendUint16(f, a)
	f = binary.BigEndian.AppendUint16(f, b)
	return seal(f)
}

func seal(f []byte) []byte { return binary.LittleEndian.AppendUint16(f, crc16(f)) }

// crc16 is the Modbus check sum: polynomial 0xA001 reflected, start 0xFFFF;
// "123456789" gives 0x4B37.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			odd := crc & 1
			crc >>= 1
			if odd == 1 {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

// reply recognises the answer to one request.
type reply struct {
	unit, fn uint8
	// size is the length of a good answer.
	size int
}

// scan is told all bytes so far. It returns the length of the whole answer, 0
// while bytes are missing, or an error. The end is found by length, not by
// silence, because a USB adapter makes its own pauses.
func (r reply) scan(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, nil
	}
	if !r.from(b[0]) {
		return 0, fmt.Errorf("answer of unit %d: %w", b[0], hal.ErrGarbled)
	}
	size := r.size
	switch {
	case b[1] == r.fn|fnException:
		size = 5
	case b[1] != r.fn:
		return 0, fmt.Errorf("answer to function %#02x: %w", b[1], hal.ErrGarbled)
	case r.counted() && len(b) > 2 && int(b[2]) != size-5:
		return 0, fmt.Errorf("%d bytes announced, not %d: %w", b[2], size-5, hal.ErrGarbled)
	}
	if len(b) < size {
		return 0, nil
	}
	if crc16(b[:size-2]) != binary.LittleEndian.Uint16(b[size-2:]) {
		return 0, fmt.Errorf("check sum: %w", hal.ErrGarbled)
	}
	if b[1] != r.fn {
		return 0, &Exception{Function: r.fn, Code: b[2]}
	}
	return size, nil
}

// from says whether unit may answer. It is not known whether a meter asked as
// AnyUnit answers as such or by its own address, so both are right.
func (r reply) from(unit uint8) bool {
	return unit == r.unit || r.unit == AnyUnit && unit >= 1 && unit <= 247
}

// counted says whether the answer has a byte count.
func (r reply) counted() bool { return r.fn == fnReadHolding || r.fn == fnReadInput }
