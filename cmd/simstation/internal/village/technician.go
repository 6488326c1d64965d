package village

import (
	"regexp"
	"strings"
)

// terminal is the technician's console.
type terminal interface {
	Type(line string) error
	Since(mark int64) (text string, end int64)
}

// consoleReader reads what a terminal shows, line by line, each once.
type consoleReader struct {
	mark int64  // up to which it has read
	rest string // the line that has not ended
}

// maxLine bounds a line that does not end.
const maxLine = 64 << 10

// lines returns those that have ended since the last call.
func (c *consoleReader) lines(t terminal) []string {
	text, end := t.Since(c.mark)
	c.mark = end
	all := strings.SplitAfter(c.rest+text, "\n")
	last := len(all) - 1
	c.rest = all[last][max(0, len(all[last])-maxLine):]
	return all[:last]
}

// meter is a line with the bar of a meter, which is drawn again and again.
var meter = regexp.MustCompile(`\[[#.|]{8,}\]`)

// eraseBelow is what a terminal is sent to forget what stands below its cursor.
const eraseBelow = "\x1b[J"

// shown is what stays on the terminal of a line: what was erased by and by is not there,
// and lines that go on changing in place are no lines yet.
func shown(line string) string {
	if i := strings.LastIndex(line, eraseBelow); i >= 0 {
		line = line[i+len(eraseBelow):]
	}
	if strings.ContainsRune(line, '\x1b') {
		return ""
	}
	return strings.TrimSpace(line)
}

// takeConsole adds what the console shows to the events, so that who types there from a
// script or the page sees the answer.
func (v *Village) takeConsole() {
	for _, line := range v.console.lines(v.far.console) {
		if line = shown(line); line != "" && !meter.MatchString(line) {
			v.diary.add(v.now(), "console", line, "info")
		}
	}
}
