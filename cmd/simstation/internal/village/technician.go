package village

import "strings"

// consoleReader tells the list of events what the technician's console shows,
// line by line, so that who types there from a script or the page sees the
// answer.
type consoleReader struct{ before string }

// lines returns what has come since the last call, without the line that is not
// ended yet.
func (c *consoleReader) lines(text string) []string {
	end := strings.LastIndexByte(text, '\n') + 1
	text = text[:end]
	fresh, ok := strings.CutPrefix(text, c.before)
	if !ok {
		// The oldest is gone: go on behind the last line that is known.
		last := c.before[strings.LastIndexByte(strings.TrimSuffix(c.before, "\n"), '\n')+1:]
		_, fresh, _ = strings.Cut(text, last)
	}
	c.before = text
	var out []string
	for line := range strings.Lines(fresh) {
		if line = shown(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

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

// takeConsole adds what the console shows to the events.
func (v *Village) takeConsole() {
	for _, line := range v.console.lines(v.far.console.Text()) {
		v.diary.add(v.now(), "console", line, "info")
	}
}
