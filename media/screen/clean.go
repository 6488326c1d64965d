package screen

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mostRunes = 400 // of one text; more would not fit on any board
	mostMarks = 2   // accents on one letter
)

// clean makes a text of anybody fit to be drawn: control characters become
// spaces, invisible ones (direction marks, joiners) go, white space is one
// space, a letter has few accents, and no text is longer than can be shown. A
// line feed stays. It is written as it is stored: scripts that run from right to
// left or that join their letters are not shaped.
func clean(text string) []rune {
	out := make([]rune, 0, min(len(text), mostRunes))
	marks := 0
	for len(text) > 0 && len(out) < mostRunes {
		r, n := utf8.DecodeRuneInString(text) // a broken byte comes as U+FFFD
		text = text[n:]
		switch {
		case r == '\n' || r == '\u2028' || r == '\u2029':
			out, marks = append(trimSpace(out), '\n'), 0
		case unicode.IsSpace(r) || unicode.IsControl(r):
			if len(out) > 0 && out[len(out)-1] != ' ' && out[len(out)-1] != '\n' {
				out = append(out, ' ')
			}
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		case unicode.Is(unicode.M, r):
			if marks++; marks <= mostMarks {
				out = append(out, r)
			}
		default:
			out, marks = append(out, r), 0
		}
	}
	return []rune(strings.TrimSpace(string(out)))
}

func trimSpace(text []rune) []rune {
	for len(text) > 0 && text[len(text)-1] == ' ' {
		text = text[:len(text)-1]
	}
	return text
}
