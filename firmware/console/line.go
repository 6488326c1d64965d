package console

import (
	"unicode/utf8"

	"stationbox/firmware/text"
)

// maxLine bounds one line in bytes; noise on an open cable cannot grow it.
const maxLine = 256

// Bytes the terminal sends.
const (
	ctrlC = 0x03
	bell  = 0x07
	ctrlH = 0x08
	ctrlU = 0x15
	ctrlW = 0x17
	esc   = 0x1b
	del   = 0x7f
)

// happening is what a byte brought about.
type happening uint8

const (
	nothing happening = iota
	entered           // a line is complete: take it with Line.take
	stopped           // Ctrl-C
)

// line collects bytes into one line and says what to echo. It is pure. Bytes
// that are no text are dropped, so that noise does no harm.
type line struct {
	text   []byte
	rune   []byte // bytes of a character that is not complete yet
	escape escapeState
	cr     bool // the last byte was CR: a LF after it is the same key
}

type escapeState uint8

const (
	escNone escapeState = iota
	escSeen             // ESC
	escCSI              // ESC [ or ESC O: until a letter
)

// feed takes one byte and returns what to write to the terminal.
func (l *line) feed(b byte) (echo []byte, what happening) {
	afterCR := l.cr
	l.cr = false
	if l.escape != escNone {
		l.inEscape(b)
		return nil, nothing
	}
	if b >= utf8.RuneSelf {
		return l.multi(b), nothing
	}
	l.rune = nil // a character that broke off
	switch b {
	case '\r':
		l.cr = true
		return []byte("\r\n"), entered
	case '\n':
		if afterCR {
			return nil, nothing
		}
		return []byte("\r\n"), entered
	case ctrlC:
		l.text = l.text[:0]
		return []byte("^C\r\n"), stopped
	case ctrlH, del:
		return l.rubOut(), nothing
	case ctrlU:
		for len(l.text) > 0 {
			echo = append(echo, l.rubOut()...)
		}
		return echo, nothing
	case ctrlW:
		return l.rubWord(), nothing
	case esc:
		l.escape = escSeen
		return nil, nothing
	case '\t':
		b = ' '
	}
	if b < ' ' {
		return nil, nothing
	}
	return l.add([]byte{b}), nothing
}

// inEscape swallows what arrow and function keys send.
func (l *line) inEscape(b byte) {
	switch {
	case l.escape == escSeen && (b == '[' || b == 'O'):
		l.escape = escCSI
	case l.escape == escCSI && (b >= '0' && b <= '9' || b == ';' || b == '?'):
	default:
		l.escape = escNone
	}
}

// multi collects the bytes of a character beyond ASCII.
func (l *line) multi(b byte) []byte {
	if utf8.RuneStart(b) {
		l.rune = nil
	}
	l.rune = append(l.rune, b)
	if !utf8.FullRune(l.rune) {
		return nil
	}
	r, size := utf8.DecodeRune(l.rune)
	char := l.rune[:min(size, len(l.rune))]
	l.rune = nil
	if r == utf8.RuneError || r < 0xa0 {
		return nil
	}
	return l.add(char)
}

func (l *line) add(char []byte) []byte {
	if len(l.text)+len(char) > maxLine {
		return []byte{bell}
	}
	l.text = append(l.text, char...)
	return char
}

// rubOut takes the last character back, both columns of a wide one.
func (l *line) rubOut() []byte {
	if len(l.text) == 0 {
		return nil
	}
	r, size := utf8.DecodeLastRune(l.text)
	l.text = l.text[:len(l.text)-size]
	if text.RuneWidth(r) == 2 {
		return []byte("\b\b  \b\b")
	}
	return []byte("\b \b")
}

func (l *line) rubWord() (echo []byte) {
	for len(l.text) > 0 && l.text[len(l.text)-1] == ' ' {
		echo = append(echo, l.rubOut()...)
	}
	for len(l.text) > 0 && l.text[len(l.text)-1] != ' ' {
		echo = append(echo, l.rubOut()...)
	}
	return echo
}

// take returns the line and begins a new one.
func (l *line) take() string {
	s := string(l.text)
	l.text = l.text[:0]
	return s
}

// words splits a line at spaces; "double" and 'single' quotes keep them.
func words(s string) []string {
	var list []string
	var word []rune
	quote, in := rune(0), false
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, in = r, true
		case quote == 0 && (r == ' ' || r == '\u3000'):
			if in {
				list = append(list, string(word))
			}
			word, in = word[:0], false
		default:
			word, in = append(word, r), true
		}
	}
	if in {
		list = append(list, string(word))
	}
	return list
}
