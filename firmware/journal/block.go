package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const (
	// BlockSize is the unit of writing: one commit is one or more fresh blocks.
	BlockSize  = 4096
	headerSize = 48
	room       = BlockSize - headerSize // payload of one block
	version    = 2
	maxRecord  = 64 << 10 // of one encoded record

	// perBlock is more records than a block can hold; so many numbers are
	// passed over when a damaged block does not say how many it held.
	perBlock = 64
)

// magic starts every block: the text can be found in a raw dump of the card.
const magic = "SBJ\x01"

// block is one decoded block. One without parts is free: it was prepared to be
// written, so that a block of zeros is never right where the ring has been.
type block struct {
	shape
	segment  uint64
	index    uint32 // position in the segment
	records  uint16 // that begin in this block
	first    uint64 // seq of the first of them, or of the one that goes on here
	part     uint16 // of a record larger than a block: 0 …
	parts    uint16 // … of so many; 1 for whole records
	payload  []byte // JSON lines
	sound    bool
	stained  bool // the unused rest is not zero: something happened here, nothing is lost
	headerOK bool // of a damaged block: records and first can be believed
}

// shape is how a ring is divided. It stands in every block, so that no one block
// must be whole for the others to be found.
type shape struct {
	per   uint16 // blocks of a segment
	slots uint16 // places of segments; segment n lies in slot n % slots
}

func (s shape) segmentBytes() int64 { return int64(s.per) * BlockSize }

// free says that nothing was ever written here.
func (b block) free() bool { return b.sound && b.parts == 0 }

// holds says that b is written and belongs to segment.
func (b block) holds(segment uint64) bool { return b.sound && b.parts > 0 && b.segment == segment }

// The layout of a block, little endian:
//
//	 0  magic "SBJ\x01"        24 u64 seq of the first record
//	 4  u8  version            32 u16 part, 34 u16 parts
//	 5  u8  0                  36 u16 blocks of a segment, 38 u16 slots
//	 6  u16 records            40 u32 CRC-32C of bytes 0…39
//	 8  u64 segment            44 u32 CRC-32C of bytes 0…43 and the payload
//	16  u32 block index        48 payload, JSON lines; zeros to the end
//	20  u32 payload length
//
// Segment and index are in the sums, so that a block in a wrong place is found.
func (b block) encode(dst []byte) {
	clear(dst)
	le := binary.LittleEndian
	copy(dst, magic)
	dst[4] = version
	le.PutUint16(dst[6:], b.records)
	le.PutUint64(dst[8:], b.segment)
	le.PutUint32(dst[16:], b.index)
	le.PutUint32(dst[20:], uint32(len(b.payload)))
	le.PutUint64(dst[24:], b.first)
	le.PutUint16(dst[32:], b.part)
	le.PutUint16(dst[34:], b.parts)
	le.PutUint16(dst[36:], b.per)
	le.PutUint16(dst[38:], b.slots)
	copy(dst[headerSize:], b.payload)
	le.PutUint32(dst[40:], sum(dst[:40], nil))
	le.PutUint32(dst[44:], sum(dst[:44], b.payload))
}

func sum(head, payload []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Update(0, table, head), table, payload)
}

// decodeBlock reads a block as it stands, wherever it was found. The payload is
// a part of src.
func decodeBlock(src []byte) block {
	var b block
	if len(src) != BlockSize {
		return b
	}
	le := binary.LittleEndian
	if string(src[:4]) != magic || src[4] != version || sum(src[:40], nil) != le.Uint32(src[40:]) {
		return b
	}
	b.headerOK = true
	b.segment, b.index = le.Uint64(src[8:]), le.Uint32(src[16:])
	b.records, b.first = le.Uint16(src[6:]), le.Uint64(src[24:])
	b.part, b.parts = le.Uint16(src[32:]), le.Uint16(src[34:])
	b.per, b.slots = le.Uint16(src[36:]), le.Uint16(src[38:])
	size := le.Uint32(src[20:])
	if size > room || sum(src[:44], src[headerSize:headerSize+size]) != le.Uint32(src[44:]) {
		return b
	}
	b.stained = !zero(src[headerSize+size:])
	b.sound, b.payload = b.per > 0 && b.slots > 0, src[headerSize:headerSize+size]
	return b
}

func zero(b []byte) bool {
	return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1])
}

// pack lays lines, the encoded records first, first+1 …, into as few blocks as
// keep every small record in one block. Blocks get their place by place.
func pack(first uint64, lines [][]byte) []block {
	var blocks []block
	for i, line := range lines {
		seq := first + uint64(i)
		last := len(blocks) - 1
		switch {
		case len(line) > room:
			blocks = append(blocks, split(seq, line)...)
		case last >= 0 && blocks[last].parts == 1 && len(blocks[last].payload)+len(line) <= room && blocks[last].records < perBlock:
			blocks[last].payload = append(blocks[last].payload, line...)
			blocks[last].records++
		default:
			blocks = append(blocks, block{first: seq, records: 1, parts: 1, payload: bytes.Clone(line)})
		}
	}
	return blocks
}

// split lays one record larger than a block into several.
func split(seq uint64, line []byte) []block {
	var blocks []block
	for part := 0; len(line) > 0; part++ {
		n := min(len(line), room)
		blocks = append(blocks, block{first: seq, part: uint16(part), payload: line[:n]})
		line = line[n:]
	}
	for i := range blocks {
		blocks[i].parts = uint16(len(blocks))
	}
	blocks[0].records = 1
	return blocks
}

// place encodes blocks for the place at which they will be written.
func (s shape) place(blocks []block, segment uint64, index uint32) []byte {
	buf := make([]byte, len(blocks)*BlockSize)
	for i, b := range blocks {
		b.shape, b.segment, b.index = s, segment, index+uint32(i)
		b.encode(buf[i*BlockSize : (i+1)*BlockSize])
	}
	return buf
}
