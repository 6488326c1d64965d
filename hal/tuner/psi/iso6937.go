package psi

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The upper half of ISO 6937 as EN 300 468 figure A.1 prints it, from A0; ? is
// what is not there. C1 to CF are accents, which stand before their letter.
const upperHalf = "" +
	"\u00a0¡¢£€¥?§¤‘“«←↑→↓" +
	"°±²³×µ¶·÷’”»¼½¾¿" +
	"????????????????" +
	"―¹®©™♪¬¦????⅛⅜⅝⅞" +
	"ΩÆĐªĦ?ĲĿŁØŒºÞŦŊŉ" +
	"ĸæđðħıĳŀłøœßþŧŋ\u00ad"

// accents are the combining characters of C0 to CF.
const accents = "?\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308?\u030a\u0327?\u030b\u0328\u030c"

// iso6937 decodes the default table.
func iso6937(b []byte) string {
	upper, accent := []rune(upperHalf), []rune(accents)
	var s strings.Builder
	for i := 0; i < len(b); i++ {
		switch x := b[i]; {
		case x < 0xA0: // the marks of emphasis too: clean takes them out
			s.WriteRune(rune(x))
		case x>>4 != 0xC:
			s.WriteRune(known(upper[x-0xA0]))
		case i+1 < len(b) && letter(b[i+1]) && accent[x&15] != '?':
			i++
			s.WriteByte(b[i])
			s.WriteRune(accent[x&15])
		default:
			s.WriteRune(utf8.RuneError)
		}
	}
	return norm.NFC.String(s.String())
}

func known(r rune) rune {
	if r == '?' {
		return utf8.RuneError
	}
	return r
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
