package library

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// wants returns how many bytes a film should have at least by the sizes in its own
// containers, or 0 when it does not say so: what a copy that was cut short lacks
// is seen at once, and before anything is decoded. It knows MP4 (ISO 14496-12),
// AVI (RIFF) and Matroska (RFC 8794).
func wants(r io.ReaderAt, size int64) int64 {
	head := make([]byte, 16)
	n, _ := r.ReadAt(head, 0)
	switch head = head[:n]; {
	case n < 12:
		return 0
	case bytes.HasPrefix(head, []byte("RIFF")):
		return riffEnd(head)
	case bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}):
		return segmentEnd(r)
	}
	return boxesEnd(r, size)
}

// riffEnd is the end of the first RIFF; 0 when its writer never filled it in.
func riffEnd(head []byte) int64 {
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	if n == 0 || n >= 1<<32-16 {
		return 0
	}
	return n + 8
}

// segmentEnd is the end of the Segment behind the head of EBML; 0 when it is of
// unknown size, as in a recording.
func segmentEnd(r io.ReaderAt) int64 {
	at := int64(4)
	body, n, ok := vint(r, at)
	if !ok {
		return 0
	}
	at += n + body
	id := make([]byte, 4)
	if _, err := r.ReadAt(id, at); err != nil || !bytes.Equal(id, []byte{0x18, 0x53, 0x80, 0x67}) {
		return 0
	}
	body, n, ok = vint(r, at+4)
	if !ok {
		return 0
	}
	return at + 4 + n + body
}

// vint reads a size of EBML at a place and returns it with its own length.
func vint(r io.ReaderAt, at int64) (v, length int64, ok bool) {
	b := make([]byte, 8)
	n, _ := r.ReadAt(b, at)
	if n == 0 || b[0] == 0 {
		return 0, 0, false
	}
	length = 1
	for mask := byte(0x80); b[0]&mask == 0; mask >>= 1 {
		length++
	}
	if int64(n) < length {
		return 0, 0, false
	}
	v = int64(b[0]) & (0xff >> length)
	ones := v == 0xff>>length
	for _, c := range b[1:length] {
		v = v<<8 | int64(c)
		ones = ones && c == 0xff
	}
	return v, length, !ones
}

const mostBoxes = 100_000 // fragments of a recording

// boxesEnd is the end of the box that reaches beyond the file, if it is one of
// those that every MP4 is made of; what else is behind the film does not matter.
func boxesEnd(r io.ReaderAt, size int64) int64 {
	b := make([]byte, 16)
	for at, i := int64(0), 0; at+8 <= size && i < mostBoxes; i++ {
		n, _ := r.ReadAt(b, at)
		if n < 8 {
			return 0
		}
		long := int64(binary.BigEndian.Uint32(b))
		if long == 1 && n == 16 {
			long = int64(binary.BigEndian.Uint64(b[8:]))
		}
		switch string(b[4:8]) {
		case "ftyp", "moov", "mdat", "moof", "free", "skip", "wide", "uuid", "sidx", "mfra", "styp", "meta", "pnot", "udta":
		default:
			return 0
		}
		if long < 8 || at+long < at { // 0: to the end of the file
			return 0
		}
		if at += long; at > size && (string(b[4:8]) == "mdat" || string(b[4:8]) == "moov" || string(b[4:8]) == "moof") {
			return at
		}
	}
	return 0
}

// cutOff says that a film is shorter than its containers say.
func cutOff(r io.ReaderAt, size int64) []Finding {
	want := wants(r, size)
	if want <= size {
		return nil
	}
	return []Finding{refuse(Truncated, "got", fmt.Sprintf("%d B", size), "want", fmt.Sprintf("%d B", want))}
}
