package psi

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	xunicode "golang.org/x/text/encoding/unicode"
)

// Text decodes a text of EN 300 468 annex A: a first byte below 20 (hex) chooses
// the table of characters, 13 for GB 2312 and 15 for UTF-8; without one it is ISO
// 6937. GB 2312 is read as GB 18030, which contains it.
//
// Many Chinese broadcasters send GB 2312 without saying so. A text that names no
// table and whose bytes above 7F all come in pairs of A1 and more is read as
// such; European text, whose accents stand before a plain letter, is not.
//
// What cannot be read becomes U+FFFD; marks of emphasis and control characters are
// left out, a line break becomes a space. The result is clean UTF-8.
func Text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	table, rest := table(b)
	if table == nil {
		return clean(iso6937(rest))
	}
	s, err := table.NewDecoder().Bytes(rest)
	if err != nil {
		return clean(strings.Map(ascii, string(rest)))
	}
	return clean(string(s))
}

// table returns the table that b chooses, nil for ISO 6937, and the text itself.
func table(b []byte) (encoding.Encoding, []byte) {
	switch first := b[0]; {
	case first >= 0x20:
		if pairs(b) {
			return simplifiedchinese.GB18030, b
		}
		return nil, b
	case first == 0x10 && len(b) >= 3 && b[1] == 0:
		return latin(b[2]), b[3:]
	case first >= 0x01 && first <= 0x0B:
		return latin(first + 4), b[1:]
	case first == 0x11:
		return xunicode.UTF16(xunicode.BigEndian, xunicode.IgnoreBOM), b[1:]
	case first == 0x12:
		return korean.EUCKR, b[1:]
	case first == 0x13:
		return simplifiedchinese.GB18030, b[1:]
	case first == 0x14:
		return traditionalchinese.Big5, b[1:]
	case first == 0x15:
		return xunicode.UTF8, b[1:]
	case first == 0x1F && len(b) >= 2: // an encoding with a registered number
		return unknown(), b[2:]
	}
	return unknown(), b[1:]
}

// latin returns ISO 8859-part.
func latin(part byte) encoding.Encoding {
	switch part {
	case 1:
		return charmap.ISO8859_1
	case 2:
		return charmap.ISO8859_2
	case 3:
		return charmap.ISO8859_3
	case 4:
		return charmap.ISO8859_4
	case 5:
		return charmap.ISO8859_5
	case 6:
		return charmap.ISO8859_6
	case 7:
		return charmap.ISO8859_7
	case 8:
		return charmap.ISO8859_8
	case 9:
		return charmap.ISO8859_9
	case 10:
		return charmap.ISO8859_10
	case 11:
		return charmap.Windows874 // has the characters of ISO 8859-11 in their places
	case 13:
		return charmap.ISO8859_13
	case 14:
		return charmap.ISO8859_14
	case 15:
		return charmap.ISO8859_15
	}
	return unknown()
}

// unknown is a table of which only ASCII is believed.
func unknown() encoding.Encoding { return xunicode.UTF8 }

// pairs says whether the bytes above 7F all come in pairs as GB 2312 has them,
// and there are some.
func pairs(b []byte) bool {
	n := 0
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if b[i] < 0xA1 || b[i] > 0xF7 || i+1 == len(b) || b[i+1] < 0xA1 || b[i+1] == 0xFF {
			return false
		}
		i++
		n++
	}
	return n > 0
}

func ascii(r rune) rune {
	if r > unicode.MaxASCII {
		return utf8.RuneError
	}
	return r
}

// The marks of annex A.1 as characters, and as two-byte tables say them.
const (
	lineBreak     = 0x8A
	lineBreakWide = 0xE08A
)

func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == lineBreak, r == lineBreakWide:
			return ' '
		case unicode.IsControl(r), r >= 0xE080 && r <= 0xE09F:
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
