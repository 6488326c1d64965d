package meter

import (
	"fmt"

	"stationbox/hal"
)

// The frame of a CSE7766 or HLW8032; see Stream.
const (
	frameSize = 24
	frameMark = 0x5A

	stateGood    = 0x55
	stateNoConst = 0xAA
	stateFlags   = 0xF0
)

// The bits of a state with flags, and of adj.
const (
	flagConst   = 1 << 0
	flagPower   = 1 << 1
	flagCurrent = 1 << 2
	flagVoltage = 1 << 3

	adjPower   = 1 << 4
	adjCurrent = 1 << 5
	adjVoltage = 1 << 6
)

// frame is one good frame.
type frame struct {
	state, adj byte
	k, t       [3]uint32 // constants and cycles of voltage, current, power
	pulses     uint16
}

// decode returns the frame that b begins with.
func decode(b []byte) (f frame, ok bool) {
	if len(b) < frameSize || !headed(b) || sum(b[2:frameSize-1]) != b[frameSize-1] {
		return frame{}, false
	}
	f = frame{state: b[0], adj: b[20], pulses: uint16(b[21])<<8 | uint16(b[22])}
	for i := range f.k {
		f.k[i], f.t[i] = triple(b[2+6*i:]), triple(b[5+6*i:])
	}
	return f, true
}

// headed says whether b begins like a frame.
func headed(b []byte) bool {
	known := b[0] == stateGood || b[0] == stateNoConst || b[0]&stateFlags == stateFlags
	return known && b[1] == frameMark
}

func sum(b []byte) (s byte) {
	for _, x := range b {
		s += x
	}
	return s
}

func triple(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

// agreed looks in b for two frames in a row that agree. It returns the later
// one and where it ends, or 0 when there are none yet.
func agreed(b []byte) (later frame, end int) {
	var last frame
	lastEnd := -1
	for i := 0; i+frameSize <= len(b); {
		f, ok := decode(b[i:])
		if !ok {
			i++
			continue
		}
		if lastEnd == i && last.agrees(f) {
			return f, i + frameSize
		}
		i += frameSize
		last, lastEnd = f, i
	}
	return frame{}, 0
}

// agrees says whether f may follow g: the constants are the same, and the
// voltage is the same within an eighth.
func (f frame) agrees(g frame) bool {
	a, b := f.t[0], g.t[0]
	return f.k == g.k && max(a, b)-min(a, b) <= max(a, b)/8
}

// flagged says whether the state has the flag.
func (f frame) flagged(flag byte) bool { return f.state&stateFlags == stateFlags && f.state&flag != 0 }

// trouble returns why the numbers of f mean nothing, or nil.
func (f frame) trouble() error {
	switch {
	case f.state == stateNoConst:
		return fmt.Errorf("chip was never calibrated: %w", hal.ErrGarbled)
	case f.flagged(flagConst) || f.k[0] == 0 || f.k[1] == 0 || f.k[2] == 0:
		return fmt.Errorf("chip has lost its constants: %w", hal.ErrGarbled)
	case f.flagged(flagVoltage) || f.adj&adjVoltage == 0:
		return fmt.Errorf("no voltage: %w", ErrRange)
	case f.noCurrent() && !f.noPower():
		return fmt.Errorf("power without a current: %w", ErrRange)
	}
	return nil
}

// noCurrent says that too little flows for the chip to tell.
func (f frame) noCurrent() bool {
	return f.flagged(flagCurrent) || f.adj&adjCurrent == 0
}

// noPower says that too little is drawn for the chip to tell. The cycle then is
// that of a clock still running and not a measurement.
func (f frame) noPower() bool { return f.flagged(flagPower) || f.adj&adjPower == 0 }

// The values behind the circuit of the data sheet. A cycle of 0 is infinitely
// much, and so out of range.
func (f frame) volts() float64 { return float64(f.k[0]) / float64(f.t[0]) }

func (f frame) amps() float64 {
	if f.noCurrent() {
		return 0
	}
	return float64(f.k[1]) / float64(f.t[1])
}

func (f frame) watts() float64 {
	if f.noPower() {
		return 0
	}
	return float64(f.k[2]) / float64(f.t[2])
}
