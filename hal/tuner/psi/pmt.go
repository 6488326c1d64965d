package psi

import "encoding/binary"

// PMT is the map of one programme.
type PMT struct {
	Programme uint16
	Clock     uint16 // PID that carries its clock, 0x1FFF when it has none
	Parts     []Part
}

// Part is one elementary stream of a programme.
type Part struct {
	Type byte // stream_type of ISO/IEC 13818-1: 0x1B is H.264, 0x24 H.265, 0x03 MPEG sound …
	PID  uint16
}

// NullPID carries nothing; a map whose programme has no clock names it.
const NullPID = 0x1FFF

// ParsePMT reads the section of a PMT; a map is always one.
func ParsePMT(sections []Section) (PMT, error) {
	if len(sections) != 1 {
		return PMT{}, garbled("PMT: %d sections, not 1", len(sections))
	}
	s := sections[0]
	if s.Table != TablePMT || !s.Long || len(s.Body) < 4 {
		return PMT{}, garbled("PMT: table %02x with %d bytes", s.Table, len(s.Body))
	}
	p := PMT{Programme: s.ID, Clock: binary.BigEndian.Uint16(s.Body) & pidMask}
	_, rest, err := block(s.Body[2:])
	for err == nil && len(rest) > 0 {
		if len(rest) < 5 {
			return PMT{}, garbled("PMT: %d bytes for a stream", len(rest))
		}
		p.Parts = append(p.Parts, Part{Type: rest[0], PID: binary.BigEndian.Uint16(rest[1:]) & pidMask})
		_, rest, err = block(rest[3:])
	}
	if err != nil {
		return PMT{}, err
	}
	return p, nil
}

// PIDs are those that somebody needs who shows the programme: its streams and its
// clock, each once.
func (p PMT) PIDs() []uint16 {
	list := []uint16{}
	seen := map[uint16]bool{0: true, NullPID: true}
	add := func(pid uint16) {
		if !seen[pid] {
			seen[pid] = true
			list = append(list, pid)
		}
	}
	for _, s := range p.Parts {
		add(s.PID)
	}
	add(p.Clock)
	return list
}
