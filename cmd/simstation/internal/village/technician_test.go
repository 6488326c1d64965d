package village

import (
	"fmt"
	"testing"
)

func TestConsoleLines(t *testing.T) {
	var c consoleReader
	steps := []struct{ text, want string }{
		{"", "[]"},
		{"hello\r\n> sta", "[hello]"},
		{"hello\r\n> status\r\nguard ok\r\n> ", "[> status guard ok]"},
		{"hello\r\n> status\r\nguard ok\r\n> ", "[]"},
		{"ok\r\n> roll\r\nnobody\r\n", "[> roll nobody]"}, // the oldest bytes are gone
	}
	for _, s := range steps {
		if s.text == steps[4].text {
			c.before = "…\r\nok\r\n"
		}
		if got := fmt.Sprint(c.lines(s.text)); got != s.want {
			t.Errorf("%q: got %s, want %s", s.text, got, s.want)
		}
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
