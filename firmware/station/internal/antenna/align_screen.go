package antenna

import (
	"fmt"
	"strings"
	"time"

	"stationbox/firmware/text"
)

// What a VT100 understands.
const (
	eraseRight = "\x1b[K"
	eraseBelow = "\x1b[J"
)

// liveLines are lines at the bottom of a terminal that change in place; what is said for
// good goes above them and scrolls. It uses the cursor movements of a VT100 only and
// writes no more than what has changed, for slow lines. Between two writes the cursor
// stands at the end of the last line.
type liveLines struct{ shown []string }

// draw returns what makes the terminal show lines; their number never changes.
func (v *liveLines) draw(lines []string) string {
	if len(v.shown) != len(lines) {
		v.shown = append([]string(nil), lines...)
		return strings.Join(lines, "\n")
	}
	var b strings.Builder
	for i, line := range lines {
		if line == v.shown[i] {
			continue
		}
		keep, wide := common(v.shown[i], line)
		up := len(lines) - 1 - i
		b.WriteString(moved(up, 'A') + "\r" + moved(wide, 'C') + line[keep:] + eraseRight + moved(up, 'B'))
		v.shown[i] = line
	}
	if b.Len() == 0 {
		return ""
	}
	return b.String() + "\r" + moved(text.Width(v.shown[len(lines)-1]), 'C')
}

// say returns what puts a line above the live ones for good.
func (v *liveLines) say(line string) string {
	lines := v.shown
	out := v.clear() + line + "\n"
	if len(lines) > 0 {
		out += v.draw(lines)
	}
	return out
}

// clear returns what takes the live lines away.
func (v *liveLines) clear() string {
	n := len(v.shown)
	v.shown = nil
	if n == 0 {
		return ""
	}
	return moved(n-1, 'A') + "\r" + eraseBelow
}

// moved is the movement of the cursor by n; nothing for 0, which a VT100 takes for 1.
func moved(n int, way byte) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%d%c", n, way)
}

// common is how many bytes a and b begin with alike, and how many columns these take. It
// ends before signs that are one column wide on some terminals and two on others.
func common(a, b string) (bytes, wide int) {
	for i, r := range b {
		if r > 0x7e && text.RuneWidth(r) < 2 || i >= len(a) || !strings.HasPrefix(a[i:], string(r)) {
			return i, text.Width(b[:i])
		}
	}
	return len(b), text.Width(b)
}

// The pace of live lines.
const (
	liveLeast = 50 * time.Millisecond // between two writes
	lineBits  = 10                    // a byte takes on a serial line, with start and stop
)

// onTheLine is how long bytes take on a line of so many bits a second, with a quarter to
// spare; 0 baud is no serial line.
func onTheLine(bytes, baud int) time.Duration {
	if baud <= 0 {
		return 0
	}
	return time.Duration(bytes) * lineBits * time.Second * 5 / 4 / time.Duration(baud)
}
