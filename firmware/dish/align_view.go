package dish

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"stationbox/firmware/text"
)

// The size of a view, in cells of a terminal; a Chinese sign takes two.
const (
	ViewWidth = 60
	ViewLines = 4
)

// barTop is the C/N at the right end of a bar.
const barTop DB = 20

// AlignView draws an advice in the language of c: two bars with their figures and the
// instruction, ViewLines lines of ViewWidth cells at most, without an end of line after
// the last. It never shows an old number as that of now.
func AlignView(c *text.Catalogue, a Advice) string {
	lines := AlignBars(c, a)
	for _, l := range wrapped(a.Order.Say(c), ViewLines-len(lines)) {
		lines = append(lines, strings.TrimRight(cut(l, ViewWidth), " "))
	}
	return strings.Join(lines, "\n")
}

// AlignBars draws the two bars of AlignView alone: what is received now with the mark of
// the best, and the best.
func AlignBars(c *text.Catalogue, a Advice) []string {
	lines := []string{
		bar(c.Say("align.now"), a.Now, a.Best, a.Now.Say(c)+"  "+AlignState(c, a)),
		bar(c.Say("align.best"), a.Best, Bar{}, a.Best.Say(c)+"  "+c.Say("align.phase_"+a.Phase.String())+", "+c.Say("align.moves", "n", a.Moves)),
	}
	for i := range lines {
		lines[i] = strings.TrimRight(cut(lines[i], ViewWidth), " ")
	}
	return lines
}

// Say is the figure of a bar, with its unit, or that it is not known.
func (b Bar) Say(c *text.Catalogue) string {
	if !b.Known {
		return c.Say("align.unknown")
	}
	return fmt.Sprintf("%.1f dB", float64(b.CNR))
}

// Share is how much of a bar is filled, 0 to 1; nothing when it is unknown.
func (b Bar) Share() float64 {
	if !b.Known {
		return 0
	}
	return max(0, min(1, float64(b.CNR/barTop)))
}

// AlignState is what stands behind the figure of now: why there is none, that it is of
// another satellite, or how far the dish is off as far as that is known; or "".
func AlignState(c *text.Catalogue, a Advice) string {
	switch {
	case a.Stale:
		return c.Say("align.old")
	case a.Voice == VoiceWrong:
		return c.Say("align.other")
	case a.Offset.Known && a.Now.Known:
		return c.Say("align.offset", "off", fmt.Sprintf("%.2f", float64(a.Offset.Angle)), "error", fmt.Sprintf("%.2f", math.Min(9.99, float64(a.Offset.Error))))
	case a.Level.Known && !a.Now.Known:
		return c.Say("align.level", "level", fmt.Sprintf("%.1f", float64(a.Level.CNR)))
	case !a.Now.Known:
		return c.Say("align.nothing")
	}
	return ""
}

// bar draws a bar of 24 cells with the mark of another one in it.
func bar(name string, b, mark Bar, behind string) string {
	const length = 24
	at := func(b Bar) int { return int(math.Round(length * b.Share())) }
	cells := []byte(strings.Repeat(".", length))
	if b.Known {
		for i := range max(0, at(b)) {
			cells[i] = '#'
		}
	}
	if mark.Known {
		cells[max(0, at(mark)-1)] = '|'
	}
	return padded(name, 5) + "[" + string(cells) + "] " + behind
}

func padded(s string, width int) string { return s + strings.Repeat(" ", max(0, width-cells(s))) }

// cells is how wide s is in a terminal: the signs, forms and brackets of East Asia take two.
func cells(s string) (n int) {
	for _, r := range s {
		n += cellsOf(r)
	}
	return n
}

func cellsOf(r rune) int {
	switch r {
	case '“', '”', '±', '°': // wide on Chinese consoles
		return 2
	}
	return text.RuneWidth(r)
}

func cut(s string, width int) string {
	used := 0
	for i, r := range s {
		if used += cellsOf(r); used > width {
			return s[:i]
		}
	}
	return s
}

// wrapped breaks a sentence into lines at most; what does not fit is cut. Chinese breaks
// anywhere but before a comma or a full stop, English between words.
func wrapped(s string, most int) (lines []string) {
	for len(lines) < most && s != "" {
		head := cut(s, ViewWidth)
		if len(head) < len(s) {
			head = head[:breakAt(head, s[len(head):])]
		}
		lines = append(lines, strings.TrimRight(head, " "))
		s = strings.TrimLeft(s[len(head):], " ")
	}
	return lines
}

// breakAt is where head ends when rest comes on the next line.
func breakAt(head, rest string) int {
	if rest[0] == ' ' {
		return len(head)
	}
	for i := len(head); i > len(head)/2; {
		r, size := utf8.DecodeLastRuneInString(head[:i])
		next, _ := utf8.DecodeRuneInString((head + rest)[i:])
		if r == ' ' || cellsOf(r) == 2 && !strings.ContainsRune("，。、；：！？）”°", next) {
			return i
		}
		i -= size
	}
	return len(head)
}
