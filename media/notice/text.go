package notice

import (
	"strings"
	"unicode"
)

// What one page of text holds at the smallest letters that are read at eight metres:
// lines of a screen, in widths of a Chinese character.
const (
	pageLines = 4
	pageWidth = 15
)

// paged cuts a text into pages. Lines of the text stay lines; a line that is too long
// is broken, between words where there are any. Empty lines only end a page.
func paged(text string) []string {
	var pages []string
	var page []string
	turn := func() {
		if len(page) > 0 {
			pages, page = append(pages, strings.Join(page, "\n")), nil
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(printable(line))
		if line == "" {
			turn()
			continue
		}
		for _, row := range broken(line) {
			if page = append(page, row); len(page) == pageLines {
				turn()
			}
		}
	}
	turn()
	return pages
}

// printable leaves out what cannot be shown.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r) && r != ' ' && r != '\u3000':
			return -1
		}
		return r
	}, s)
}

// width of a character in halves: Latin letters are half as wide as Chinese ones.
func width(r rune) int {
	if r < 0x1100 {
		return 1
	}
	return 2
}

// broken cuts a line into rows of the page's width.
func broken(line string) []string {
	var rows []string
	runes := []rune(line)
	for len(runes) > 0 {
		n, wide := 0, 0
		for n < len(runes) && wide+width(runes[n]) <= 2*pageWidth {
			wide += width(runes[n])
			n++
		}
		if n < len(runes) {
			n = breakAt(runes, n)
		}
		rows = append(rows, strings.TrimSpace(string(runes[:n])))
		runes = []rune(strings.TrimSpace(string(runes[n:])))
	}
	return rows
}

// breakAt moves a break to between two words, and away from before a closing sign,
// by at most a third of the row.
func breakAt(runes []rune, n int) int {
	for back := n; back > n*2/3; back-- {
		before, after := runes[back-1], runes[back]
		word := width(before) == 1 && width(after) == 1 && before != ' ' && after != ' '
		if !word && !strings.ContainsRune("，。；：！？、）》”’,.;:!?)", after) {
			return back
		}
	}
	return n
}
