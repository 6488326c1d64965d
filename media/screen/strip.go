package screen

import (
	"image"
	"image/color"
)

// The grounds of a strip let a little of the film through.
var (
	stripGround = color.NRGBA{R: 0x05, G: 0x0c, B: 0x18, A: 0xe4}
	alarmGround = color.NRGBA{R: 0x70, G: 0x00, B: 0x0e, A: 0xf2}
)

// strip is a plate over the film in the upper left of the safe area, one line
// high and as wide as its text. It returns where.
func (l *layout) strip(s Strip) image.Rectangle {
	look := l.lookOf(s.Mood)
	look.ground = stripGround
	if s.Alarm {
		look.col, look.ground, look.sign = l.st.text, alarmGround, signWarn
	}
	line, pad, em := l.px(floorEm*leading), l.px(padding), floorEm*l.base
	row := image.Rect(l.safe.Min.X+pad, l.safe.Min.Y, l.safe.Max.X-pad, l.safe.Min.Y+line)
	l.add(fill{}) // the plate, when its width is known
	row = l.signed(row, look.sign, look.col)

	count := clean(s.Count)
	counted := 0
	if len(count) > 0 {
		counted = min(l.wide(count, em), row.Dx()/2) + 2*pad
	}
	end := row.Min.X
	_, rows, _ := l.f.fit(clean(s.Text), float64(max(row.Dx()-counted, 1)), em, em, 1)
	if len(rows) > 0 {
		end += min(l.wide(rows[0], em), row.Dx())
		l.add(l.oneLine(image.Rect(row.Min.X, row.Min.Y, end, row.Max.Y), rows[0], floorEm, 0, look.col, false))
	}
	if counted > 0 {
		end += counted
		l.add(l.oneLine(image.Rect(end-counted+2*pad, row.Min.Y, end, row.Max.Y), count, floorEm, 2, l.st.accent, true))
	}
	box := image.Rect(l.safe.Min.X, row.Min.Y, end+pad, row.Max.Y).Intersect(l.safe)
	l.items[0] = fill{box: box, round: 0.025 * l.base, col: look.ground}
	return box
}

// wide is how many pixels a text needs.
func (l *layout) wide(text []rune, em float64) int { return int(l.f.measure(text)*em) + 2 }
