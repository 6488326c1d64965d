// Package ical reads and writes the lines of RFC 5545 calendar files: folding,
// parameters, escaping, components within components. What the properties mean
// is not its business. It promises that no input makes it panic or take more
// than a small multiple of its size, and that a line it does not understand is
// named by its number and spoils only the component it stands in.
//
// There are libraries for this. On 2026-11-27 github.com/emersion/go-ical
// panicked on a parameter without a colon after it and did not fold what it
// wrote, and github.com/arran4/golang-ical brought net/http into the program and
// refused a whole file for one line.
package ical

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"stationbox/hal"
)

// Bounds of what is read.
const (
	MaxBytes      = 1 << 20
	MaxComponents = 2000
	maxDepth      = 5
)

// Property is one content line.
type Property struct {
	Name   string            // in capitals
	Params map[string]string // names in capitals; several values are joined by commas
	Value  string            // as written, still escaped
	Line   int               // 1 is the first
}

// Component is what stands between BEGIN and END.
type Component struct {
	Name       string // in capitals
	Line       int
	Properties []Property
	Children   []*Component
	Broken     int // number of its first line that is no content line; 0 for none
}

// Find returns the properties called name.
func (c *Component) Find(name string) []Property {
	var out []Property
	for _, p := range c.Properties {
		if p.Name == name {
			out = append(out, p)
		}
	}
	return out
}

// Text returns the first property called name, unescaped, and "" when there is
// none.
func (c *Component) Text(name string) string {
	for _, p := range c.Properties {
		if p.Name == name {
			return Unescape(p.Value)
		}
	}
	return ""
}

// line is one unfolded line.
type line struct {
	text   string
	number int
}

// unfold joins what was folded. A line ends with CRLF; LF alone is taken too.
func unfold(data []byte) []line {
	var out []line
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var parts [][]byte
	start := 0
	flush := func() {
		if len(parts) > 0 {
			out = append(out, line{string(bytes.Join(parts, nil)), start})
		}
		parts = nil
	}
	for i, raw := range bytes.Split(data, []byte("\n")) {
		raw = bytes.TrimSuffix(raw, []byte("\r"))
		if len(raw) > 0 && (raw[0] == ' ' || raw[0] == '\t') && len(parts) > 0 {
			parts = append(parts, raw[1:])
			continue
		}
		flush()
		if len(raw) > 0 {
			parts, start = [][]byte{raw}, i+1
		}
	}
	flush()
	return out
}

// Parse reads one calendar. The error wraps hal.ErrGarbled and names the line;
// it comes only when the frame of the file is broken. Text after the calendar is
// passed over.
func Parse(data []byte) (*Component, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("more than %d bytes: %w", MaxBytes, hal.ErrGarbled)
	}
	var open []*Component
	count := 0
	for _, l := range unfold(data) {
		p, ok := parseLine(l.text)
		p.Line = l.number
		switch {
		case len(open) == 0 && (!ok || p.Name != "BEGIN" || !strings.EqualFold(p.Value, "VCALENDAR")):
			return nil, fmt.Errorf("line %d: not the beginning of a calendar: %w", l.number, hal.ErrGarbled)
		case !ok:
			spoil(open[len(open)-1], l.number)
		case p.Name == "BEGIN":
			if count++; count > MaxComponents || len(open) == maxDepth {
				return nil, fmt.Errorf("line %d: too many components: %w", l.number, hal.ErrGarbled)
			}
			open = append(open, &Component{Name: strings.ToUpper(p.Value), Line: l.number})
		case p.Name == "END":
			last := open[len(open)-1]
			if !strings.EqualFold(p.Value, last.Name) {
				return nil, fmt.Errorf("line %d: end of another component than %s: %w", l.number, last.Name, hal.ErrGarbled)
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return last, nil
			}
			up := open[len(open)-1]
			up.Children = append(up.Children, last)
		default:
			last := open[len(open)-1]
			last.Properties = append(last.Properties, p)
		}
	}
	return nil, fmt.Errorf("no end of the calendar: %w", hal.ErrGarbled)
}

func spoil(c *Component, number int) {
	if c.Broken == 0 {
		c.Broken = number
	}
}

// parseLine reads name *(";" param) ":" value.
func parseLine(s string) (Property, bool) {
	n := nameLen(s)
	if n == 0 || !utf8.ValidString(s) {
		return Property{}, false
	}
	p := Property{Name: strings.ToUpper(s[:n])}
	rest := s[n:]
	for strings.HasPrefix(rest, ";") {
		rest = rest[1:]
		n := nameLen(rest)
		if n == 0 || n >= len(rest) || rest[n] != '=' {
			return Property{}, false
		}
		value, left, ok := paramValue(rest[n+1:])
		if !ok {
			return Property{}, false
		}
		if p.Params == nil {
			p.Params = map[string]string{}
		}
		p.Params[strings.ToUpper(rest[:n])], rest = value, left
	}
	if !strings.HasPrefix(rest, ":") {
		return Property{}, false
	}
	p.Value = rest[1:]
	return p, true
}

func nameLen(s string) int {
	n := 0
	for n < len(s) && (s[n] == '-' || s[n] >= '0' && s[n] <= '9' || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
		n++
	}
	return n
}

// paramValue reads values up to ";" or ":", quoted or not, joined by commas.
func paramValue(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			end := strings.IndexByte(s[i+1:], '"')
			if end < 0 {
				return "", "", false
			}
			b.WriteString(s[i+1 : i+1+end])
			i += end + 1
		case ';', ':':
			return b.String(), s[i:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

// Unescape turns a TEXT value into text.
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == 'n' || s[i] == 'N' {
			b.WriteByte('\n')
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Escape turns text into a TEXT value. Control characters other than the line
// break are left out.
func Escape(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "") {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\\' || r == ';' || r == ',':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Writer writes content lines, folded at 75 bytes and never within a character.
type Writer struct {
	b bytes.Buffer
}

// Line writes name:value. The name may have parameters, and the value is
// escaped where it is TEXT.
func (w *Writer) Line(name, value string) {
	const most = 75
	s, room := name+":"+value, most
	for len(s) > room {
		n := room
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		w.b.WriteString(s[:n] + "\r\n ")
		s, room = s[n:], most-1
	}
	w.b.WriteString(s + "\r\n")
}

// Bytes returns what was written.
func (w *Writer) Bytes() []byte { return w.b.Bytes() }
