package station

import (
	"fmt"
	"strings"

	"stationbox/media/player"
)

// The overlays, bottom up.
const (
	lineHead = 1 + iota // station and clock
	lineMain            // what is now
	lineFoot            // who came
)

// lines is a sight in plain captions, for when no picture of it can be drawn.
func (v sight) lines() map[int]string {
	out := map[int]string{}
	if v.strip != nil {
		out[lineMain] = ass(8, 46, join("  ", v.strip.Text, v.strip.Count))
	}
	b := v.board
	if b == nil {
		return out
	}
	out[lineHead] = ass(7, 36, join("   ", b.Place, b.Clock))
	var main []string
	for _, text := range append([]string{b.Label, b.Headline, b.Detail, b.When, join(" ", b.CountLabel, b.Count)}, b.Rows...) {
		if text != "" {
			main = append(main, text)
		}
	}
	out[lineMain] = ass(5, 64, main...)
	foot := b.Foot.Text
	if foot == "" {
		foot = join(" ", b.Present, b.PresentLabel)
	}
	if foot != "" {
		out[lineFoot] = ass(2, 44, foot)
	}
	return out
}

// join joins what there is.
func join(gap, a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + gap + b
}

// ass writes lines as one event of the ASS subtitle format, at one of its nine
// anchors (numeric keypad) and with a dark edge, so that it can be read over any
// picture. Braces and backslashes of the text are taken out: they are commands
// there.
func ass(anchor, size int, lines ...string) string {
	clean := strings.NewReplacer("{", "(", "}", ")", "\\", "/", "\n", " ", "\r", " ")
	plain := make([]string, len(lines))
	for i, line := range lines {
		plain[i] = clean.Replace(line)
	}
	return fmt.Sprintf(`{\an%d\fs%d\bord3\shad0\fn%s}%s`, anchor, size, player.Font, strings.Join(plain, `\N`))
}
