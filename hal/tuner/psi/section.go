// Package psi reads the tables that a digital broadcast says about itself: which
// programmes there are (PAT), which network this is and at which place in the
// sky its satellite stands (NIT), what the services are called (SDT) and what time
// it is (TDT and TOT).
//
// It promises that nothing which fails its checksum, contradicts its own lengths or
// has a digit that is none comes out as a value, that every list is as long as a
// section can make it and no longer, and that text is clean UTF-8. It does no I/O.
//
//	0        1           3          5         6      7      8
//	+--------+-----------+----------+---------+------+------+------+-------+
//	|table id|S... length| id       |..vvvvv c|number| last | body | CRC32 |
//	+--------+-----------+----------+---------+------+------+------+-------+
//
// S is 1 for that long form; the short form (TDT, TOT) ends its header after the
// length, which counts what follows it. c says that the table is valid already.
//
// Sources: ISO/IEC 13818-1 section 2.4.4 and annex A (CRC), ETSI EN 300 468
// V1.16.1 sections 5 and 6 and annexes A and C. Tried with streams made by
// ffmpeg, not with a Chinese broadcast.
package psi

import (
	"encoding/binary"
	"fmt"

	"stationbox/hal"
)

// The places of the tables.
const (
	PIDPAT  = 0x0000
	PIDNIT  = 0x0010
	PIDSDT  = 0x0011
	PIDTime = 0x0014

	TablePAT = 0x00
	TablePMT = 0x02
	TableNIT = 0x40 // of the network that is received
	TableSDT = 0x42 // of the transport stream that is received
	TableTDT = 0x70
	TableTOT = 0x73
)

// MaxSection is the length of the longest section.
const MaxSection = 4096

// Section is one section without its checksum. ID to Last are those of the long
// form.
type Section struct {
	Table   byte
	Long    bool
	ID      uint16 // transport stream, network or programme
	Version byte   // 0 to 31
	Current bool   // valid now, not later
	Number  byte
	Last    byte // number of the last section of the table
	Body    []byte
}

// The lengths of the parts around a body.
const (
	shortHeader = 3
	longHeader  = 8
	crcSize     = 4
)

// ParseSection takes apart b, which must be one whole section and nothing else. A
// wrong length or checksum is hal.ErrGarbled. The body points into b.
func ParseSection(b []byte) (Section, error) {
	if len(b) < shortHeader || len(b) > MaxSection {
		return Section{}, garbled("section of %d bytes", len(b))
	}
	s := Section{Table: b[0], Long: b[1]&0x80 != 0}
	if n := length12(b[1:]); n != len(b)-shortHeader {
		return Section{}, garbled("table %02x: length %d in a section of %d bytes", s.Table, n, len(b))
	}
	if !s.Long && s.Table != TableTOT {
		s.Body = b[shortHeader:]
		return s, nil
	}
	head := shortHeader
	if s.Long {
		head = longHeader
	}
	if len(b) < head+crcSize {
		return Section{}, garbled("table %02x: section of %d bytes", s.Table, len(b))
	}
	if CRC32(b) != 0 {
		return Section{}, garbled("table %02x: checksum", s.Table)
	}
	s.Body = b[head : len(b)-crcSize]
	if !s.Long {
		return s, nil
	}
	s.ID = binary.BigEndian.Uint16(b[3:])
	s.Version, s.Current = b[5]>>1&0x1F, b[5]&1 != 0
	s.Number, s.Last = b[6], b[7]
	if s.Number > s.Last {
		return Section{}, garbled("table %02x: section %d of %d", s.Table, s.Number, s.Last)
	}
	return s, nil
}

// CRC32 is the checksum of MPEG-2: polynomial 04C11DB7, high bit first, from all
// ones. Over a section with its checksum it is 0.
func CRC32(b []byte) uint32 {
	crc := ^uint32(0)
	for _, x := range b {
		crc ^= uint32(x) << 24
		for range 8 {
			high := crc >> 31
			crc = crc<<1 ^ 0x04C11DB7*high
		}
	}
	return crc
}

// Collector gathers the sections of one table until all are there. The zero
// value is empty. It keeps at most 256 sections.
type Collector struct {
	first Section
	got   map[byte]Section
}

// Add takes in s, which must have its own memory, and returns all sections in
// order once the last one is there. A section of another version, of another
// id or of another length begins anew; one that is not valid yet is passed over.
func (c *Collector) Add(s Section) []Section {
	if !s.Long || !s.Current {
		return nil
	}
	f := c.first
	if c.got == nil || s.Table != f.Table || s.ID != f.ID || s.Version != f.Version || s.Last != f.Last {
		c.first, c.got = s, map[byte]Section{}
	}
	c.got[s.Number] = s
	if len(c.got) <= int(s.Last) {
		return nil
	}
	all := make([]Section, 0, len(c.got))
	for i := range len(c.got) {
		all = append(all, c.got[byte(i)])
	}
	return all
}

// length12 reads a length of twelve bits.
func length12(b []byte) int { return int(binary.BigEndian.Uint16(b) & 0x0FFF) }

// block splits off the bytes whose number stands in the twelve bits before them.
func block(b []byte) (inside, rest []byte, err error) {
	if len(b) < 2 || length12(b) > len(b)-2 {
		return nil, nil, garbled("a list longer than its section")
	}
	n := 2 + length12(b)
	return b[2:n], b[n:], nil
}

// descriptors hands each descriptor in b to each.
func descriptors(b []byte, each func(tag byte, body []byte) error) error {
	for len(b) > 0 {
		if len(b) < 2 || int(b[1]) > len(b)-2 {
			return garbled("a descriptor longer than its list")
		}
		n := 2 + int(b[1])
		if err := each(b[0], b[2:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// bcd reads decimal digits, two a byte.
func bcd(b []byte) (v int, err error) {
	for _, x := range b {
		if x>>4 > 9 || x&15 > 9 {
			return 0, garbled("digits %02x", b)
		}
		v = v*100 + int(x>>4)*10 + int(x&15)
	}
	return v, nil
}

func garbled(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, hal.ErrGarbled)...)
}
