package psi_test

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math/bits"
	"strings"
	"testing"
)

// otherCRC is the checksum by another way: that of the standard library mirrored.
func otherCRC(b []byte) uint32 {
	m := make([]byte, len(b))
	for i, x := range b {
		m[i] = bits.Reverse8(x)
	}
	return bits.Reverse32(^crc32.ChecksumIEEE(m))
}

// sealed makes a section of the long form.
func sealed(table byte, id uint16, version, number, last byte, body []byte) []byte {
	n := 5 + len(body) + 4
	b := []byte{table, 0xB0 | byte(n>>8), byte(n), byte(id >> 8), byte(id), 0xC1 | version<<1, number, last}
	return resealed(append(append(b, body...), 0, 0, 0, 0))
}

// resealed makes the checksum at the end of b right.
func resealed(b []byte) []byte {
	n := len(b) - 4
	return binary.BigEndian.AppendUint32(b[:n:n], otherCRC(b[:n]))
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\t' {
			return -1
		}
		return r
	}, s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A NIT of one stream at 115.5E, 4 GHz H, 27.5 MSym/s, FEC 3/4, DVB-S, worked out
// by hand; the name is 中国 in GB 2312.
const nitBody = "F007 40 05 13 D6D0 B9FA" +
	" F013 1001 2002 F00D 43 0B 00400000 1155 81 0275000 3"

// A TOT of 2026-11-27 23:44:00 UTC, MJD 61371 = EFBB, China +8:00.
const totBody = "EFBB 234400 F00F 58 0D 43484E 02 0800 EFBB 000000 0800"
