package live

import (
	"encoding/binary"
	"slices"
)

// Table identifiers of ISO/IEC 13818-1.
const (
	patID = 0
	pmtID = 2
)

// programmes reads a PAT: which programmes there are, and where their PMT is.
func (d *demux) programmes(s []byte) {
	if s[0] != patID || s[5]&1 == 0 { // bit 0: valid now, not later
		return
	}
	entries := s[8 : len(s)-4]
	var first, firstAt uint16
	for ; len(entries) >= 4; entries = entries[4:] {
		number, at := binary.BigEndian.Uint16(entries), binary.BigEndian.Uint16(entries[2:])&0x1fff
		if number == 0 {
			continue // the network table
		}
		if number == d.wanted || number == d.number && d.wanted == 0 {
			d.choose(number, at)
			return
		}
		if first == 0 {
			first, firstAt = number, at
		}
	}
	if d.wanted == 0 && first != 0 {
		d.choose(first, firstAt)
		return
	}
	if s[7] == 0 { // the whole table is in this section, and our programme is not
		d.choose(0, nullPID)
	}
}

// choose makes this the programme that is shown; its streams are not yet known.
func (d *demux) choose(number, pmtPID uint16) {
	if number == d.number && pmtPID == d.pmtPID {
		return
	}
	d.number, d.pmtPID, d.mapTable = number, pmtPID, nil
	d.pmt, d.clock = table{}, progress{}
	d.clockPID, d.picture, d.pass = nullPID, false, [pids]bool{}
	d.tablePart = nil
	if number != 0 {
		d.tablePart = ourTable(number, pmtPID)
	}
}

// streams reads the PMT of the programme.
func (d *demux) streams(s []byte) {
	if s[0] != pmtID || s[5]&1 == 0 || len(s) < 16 || binary.BigEndian.Uint16(s[3:]) != d.number || slices.Equal(s, d.mapTable) {
		return
	}
	skip := 12 + int(binary.BigEndian.Uint16(s[10:])&0xfff)
	if skip > len(s)-4 {
		return
	}
	pass := [pids]bool{}
	pass[binary.BigEndian.Uint16(s[8:])&0x1fff] = true // the programme's clock
	picture, sound := uint16(nullPID), uint16(nullPID)
	for es := s[skip : len(s)-4]; len(es) >= 5; {
		kind, pid := es[0], binary.BigEndian.Uint16(es[1:])&0x1fff
		pass[pid] = true
		if picture == nullPID && isPicture(kind) {
			picture = pid
		}
		if sound == nullPID && isSound(kind) {
			sound = pid
		}
		n := 5 + int(binary.BigEndian.Uint16(es[3:])&0xfff)
		es = es[min(n, len(es)):]
	}
	pass[0], pass[nullPID], pass[d.pmtPID] = false, false, false
	d.mapTable, d.pass, d.picture = slices.Clone(s), pass, picture != nullPID
	clock := picture
	if !d.picture {
		clock = sound
	}
	if clock != d.clockPID {
		d.clockPID, d.clock = clock, progress{}
	}
}

// isPicture knows MPEG-1 and 2, MPEG-4, H.264, H.265 and China's AVS+ and AVS2.
func isPicture(kind byte) bool {
	return slices.Contains([]byte{0x01, 0x02, 0x10, 0x1b, 0x24, 0x42, 0xd2}, kind)
}

// isSound knows MPEG audio, AAC, AC-3 and what DVB carries as private data.
func isSound(kind byte) bool {
	return slices.Contains([]byte{0x03, 0x04, 0x06, 0x0f, 0x11, 0x81}, kind)
}

// head is what a new reader must see first: both tables as packets, or nothing
// while they are not known.
func (d *demux) head() []byte {
	if d.mapTable == nil {
		return nil
	}
	// The stream's own tables follow without a step of the counters.
	n := byte(len(d.mapTable) / (packetSize - 4))
	return append(slices.Clone(d.tablePart), packets(d.pmtPID, d.mapTable, d.counter[d.pmtPID]-n)...)
}

// ourTable is a PAT with this programme alone, as a packet.
func ourTable(number, pmtPID uint16) []byte {
	s := []byte{patID, 0xb0, 13, 0, 1, 0xc1, 0, 0}
	s = binary.BigEndian.AppendUint16(s, number)
	s = binary.BigEndian.AppendUint16(s, 0xe000|pmtPID)
	return packets(0, binary.BigEndian.AppendUint32(s, checksum(s)), 0)
}

// packets cuts a section into packets, of which the first has that counter.
func packets(pid uint16, section []byte, counter byte) []byte {
	rest := append([]byte{0}, section...) // the pointer to the section's begin
	var all []byte
	for start := byte(0x40); len(rest) > 0; start = 0 {
		p := []byte{syncByte, start | byte(pid>>8), byte(pid), 0x10 | counter&0xf}
		counter++
		n := min(len(rest), packetSize-len(p))
		p = append(p, rest[:n]...)
		for len(p) < packetSize {
			p = append(p, 0xff)
		}
		all, rest = append(all, p...), rest[n:]
	}
	return all
}
