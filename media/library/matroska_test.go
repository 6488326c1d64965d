package library_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math/bits"
)

// element writes a Matroska element.
func element(id uint32, body []byte) []byte {
	var b []byte
	for shift := 24; shift >= 0; shift -= 8 {
		if c := byte(id >> shift); c != 0 || len(b) > 0 {
			b = append(b, c)
		}
	}
	b = binary.BigEndian.AppendUint64(b, 1<<56|uint64(len(body)))
	return append(b, body...)
}

func elements(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// bombMKV adds to a good Matroska film a track of subtitles that is compressed by
// zlib: some hundred kilobytes, which unfold to most of a gigabyte.
func bombMKV(b []byte) []byte {
	block := append([]byte{0x83, 0, 0, 0}, deflated(9<<20)...)
	track := element(0xae, elements(element(0xd7, []byte{3}), element(0x73c5, []byte{3}), element(0x83, []byte{0x11}), element(0x86, []byte("S_TEXT/UTF8")),
		element(0x6d80, element(0x6240, elements(element(0x5031, []byte{0}), element(0x5032, []byte{1}), element(0x5033, []byte{0}), element(0x5034, element(0x4254, []byte{0})))))))
	var bomb []byte
	for i := range 100 {
		bomb = append(bomb, element(0x1f43b675, elements(element(0xe7, []byte{byte(10 * i >> 8), byte(10 * i)}), element(0xa3, block)))...)
	}
	head, segment := split(b)
	var body []byte
	for len(segment) > 0 {
		var id uint32
		var part []byte
		id, part, segment = next(segment)
		switch id {
		case 0x1654ae6b: // Tracks
			part = append(bytes.Clone(part), track...)
		case 0x114d9b74, 0x1c53bb6b, 0xec: // what names places in the file
			continue
		case 0x1f43b675:
			body = append(append(body, element(id, part)...), bomb...)
			bomb = nil
			continue
		}
		body = append(body, element(id, part)...)
	}
	return append(head, element(0x18538067, body)...)
}

// split returns the head of a Matroska file and the body of its Segment.
func split(b []byte) (head, segment []byte) {
	_, ebml, rest := next(b)
	_, segment, _ = next(rest)
	return element(0x1a45dfa3, ebml), segment
}

// next takes the first element off b.
func next(b []byte) (id uint32, body, rest []byte) {
	n := bits.LeadingZeros8(b[0]) + 1
	for _, c := range b[:n] {
		id = id<<8 | uint32(c)
	}
	b = b[n:]
	n = bits.LeadingZeros8(b[0]) + 1
	size := uint64(b[0]) & (0xff >> n)
	for _, c := range b[1:n] {
		size = size<<8 | uint64(c)
	}
	b = b[n:]
	size = min(size, uint64(len(b)))
	return id, b[:size], b[size:]
}

func deflated(n int) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(make([]byte, n)) // to memory
	_ = z.Close()
	return b.Bytes()
}
