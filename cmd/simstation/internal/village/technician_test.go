package village

import (
	"fmt"
	"strings"
	"testing"
)

// paper is a terminal that shows what it is given.
type paper struct {
	text string
	kept int // so much of it
}

func (p *paper) Type(string) error { return nil }
func (p *paper) Since(mark int64) (string, int64) {
	from := max(int(mark), len(p.text)-p.kept)
	return p.text[from:], int64(len(p.text))
}

// TestConsoleLines: every line once, when it has ended, also when others have scrolled away.
func TestConsoleLines(t *testing.T) {
	var c consoleReader
	p := &paper{kept: 20}
	for _, s := range []struct{ text, want string }{
		{"", `[]`},
		{"hello\r\n> sta", `["hello\r\n"]`},
		{"tus\r\nguard ok\r\n> ", `["> status\r\n" "guard ok\r\n"]`},
		{"", `[]`},
		{"a line that is too long\r\nnext\r\n", `[">  is too long\r\n" "next\r\n"]`},
	} {
		p.text += s.text
		if got := fmt.Sprintf("%q", c.lines(p)); got != s.want {
			t.Errorf("%q: got %s, want %s", s.text, got, s.want)
		}
	}
	p.kept = 1 << 20
	p.text += strings.Repeat("x", maxLine+5)
	if c.lines(p); len(c.rest) != maxLine {
		t.Errorf("%d bytes are kept of a line without end", len(c.rest))
	}
}

// TestShown: what was erased and what changes in place are no lines.
func TestShown(t *testing.T) {
	for line, want := range map[string]string{
		"guard ok\r\n":                      "guard ok",
		"bar\x1b[2A\r\x1b[J[3] up\r\n":      "[3] up",
		"now 3.0 dB\x1b[2A\r\x1b[4C4\x1b[K": "",
		"\x1b[J\x1b[Jx\n":                   "x",
	} {
		if got := shown(line); got != want {
			t.Errorf("%q: %q", line, got)
		}
	}
}
