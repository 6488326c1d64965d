package other

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// rules are the checksums there are; "" is none.
var rules = []string{"", "sum", "twos", "xor"}

type checksum struct {
	rule string
	skip int
	hex  bool
}

// of returns the checksum of b.
func (c checksum) of(b []byte) (s byte) {
	for _, v := range b[min(c.skip, len(b)):] {
		if c.rule == "xor" {
			s ^= v
			continue
		}
		s += v
	}
	if c.rule == "twos" {
		return -s
	}
	return s
}

// append returns b and its checksum, if there is one.
func (c checksum) append(b []byte) []byte {
	switch {
	case c.rule == "":
		return b
	case c.hex:
		return fmt.Appendf(b, "%02X", c.of(b))
	}
	return append(b, c.of(b))
}

// literal reads text with escapes, or hexadecimal after "hex:".
func literal(text string) ([]byte, error) {
	if len(text) > 4*maxBytes {
		return nil, fmt.Errorf("more than %d bytes", maxBytes)
	}
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		b, mask, err := hexBytes(digits)
		if err == nil && bytes.Contains(mask, []byte{0}) {
			err = errors.New("?? stands only in answers")
		}
		return b, err
	}
	b, err := unescape(text)
	if err == nil && len(b) > maxBytes {
		err = fmt.Errorf("more than %d bytes", maxBytes)
	}
	return b, err
}

// hexBytes reads pairs of digits, with blanks between them; ?? has mask 0.
func hexBytes(digits string) (value, mask []byte, err error) {
	digits = strings.Join(strings.Fields(digits), "")
	if digits == "" || len(digits)%2 != 0 || len(digits) > 2*maxBytes {
		return nil, nil, fmt.Errorf("hexadecimal of %d digits: not 1 to %d pairs", len(digits), maxBytes)
	}
	for i := 0; i < len(digits); i += 2 {
		pair := digits[i : i+2]
		if pair == "??" {
			value, mask = append(value, 0), append(mask, 0)
			continue
		}
		b, err := hex.DecodeString(pair)
		if err != nil {
			return nil, nil, fmt.Errorf("%q is no byte in hexadecimal", pair)
		}
		value, mask = append(value, b[0]), append(mask, 0xFF)
	}
	return value, mask, nil
}

// unescape reads \r \n \t \0 \\ and \xNN.
func unescape(text string) ([]byte, error) {
	var b []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b = append(b, text[i])
			continue
		}
		if i++; i == len(text) {
			return nil, errors.New("a single \\ at the end")
		}
		if at := strings.IndexByte(`rnt0\`, text[i]); at >= 0 {
			b = append(b, "\r\n\t\x00\\"[at])
			continue
		}
		if text[i] != 'x' || i+3 > len(text) {
			return nil, fmt.Errorf("\\%c is not \\r, \\n, \\t, \\0, \\\\ or \\xNN", text[i])
		}
		v, err := hex.DecodeString(text[i+1 : i+3])
		if err != nil {
			return nil, fmt.Errorf("\\x%s is no byte in hexadecimal", text[i+1:i+3])
		}
		b = append(b, v[0])
		i += 2
	}
	return b, nil
}

// kind is how an answer is written.
type kind int

const (
	inText kind = iota
	inHex
	inRegexp
)

// pattern is an answer to be recognised.
type pattern struct {
	kind        kind
	value, mask []byte
	re          *regexp.Regexp
}

func parsePattern(text string) (p pattern, err error) {
	if expr, ok := strings.CutPrefix(text, "re:"); ok {
		p.kind = inRegexp
		if len(expr) == 0 || len(expr) > maxBytes {
			return p, fmt.Errorf("regular expression of %d characters: not 1 to %d", len(expr), maxBytes)
		}
		if p.re, err = regexp.Compile(expr); err != nil {
			return p, err
		}
		if p.re.MatchString("") {
			return p, errors.New("this regular expression fits nothing at all, and so everything")
		}
		return p, nil
	}
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		p.kind = inHex
		p.value, p.mask, err = hexBytes(digits)
		return p, err
	}
	p.value, err = literal(text)
	if err == nil && len(bytes.TrimFunc(p.value, blank)) == 0 {
		err = errors.New("an answer of nothing but blanks")
	}
	return p, err
}

// blank is what may be around an answer in text.
func blank(r rune) bool { return strings.ContainsRune(" \t\r\n\x00", r) }

// find returns where p fits in b first, or -1.
func (p pattern) find(b []byte) (from, to int) {
	switch p.kind {
	case inRegexp:
		if loc := p.re.FindIndex(b); loc != nil {
			return loc[0], loc[1]
		}
		return -1, -1
	case inText:
		at := bytes.Index(b, p.value)
		return at, at + len(p.value)
	}
	for at := 0; at+len(p.value) <= len(b); at++ {
		if p.fits(b[at : at+len(p.value)]) {
			return at, at + len(p.value)
		}
	}
	return -1, -1
}

// fits says whether p is the whole of the answer b.
func (p pattern) fits(b []byte) bool {
	switch p.kind {
	case inRegexp:
		return p.re.Match(bytes.TrimFunc(b, blank))
	case inText:
		return bytes.Equal(bytes.TrimFunc(b, blank), bytes.TrimFunc(p.value, blank))
	}
	if len(b) != len(p.value) {
		return false
	}
	for i, v := range b {
		if v&p.mask[i] != p.value[i] {
			return false
		}
	}
	return true
}
