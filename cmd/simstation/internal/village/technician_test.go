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
