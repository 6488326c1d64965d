package screen

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

// Sizes as shares of the base, which is the height of the picture, or less where
// it is narrower than 4:3.
const (
	floorEm = 0.100 // the smallest letters, see the package comment
	titleEm = 0.150
	callEm  = 0.190 // the headline
	countEm = 0.230 // the countdown
	crowdEm = 0.270 // how many came
	leading = 1.25  // height of a line in ems
	rise    = 1.00  // from the top of a line to its base line, in ems
	safeAt  = 0.05  // distance of the safe area from each edge
	padding = 0.022
)

// layout collects what is on one board.
type layout struct {
	f     *Font
	st    style
	size  image.Point
	shift image.Point
	base  float64
	safe  image.Rectangle // where text may stand, after the shift
	items []item
}

func newLayout(f *Font, st style, size, shift image.Point) *layout {
	l := &layout{f: f, st: st, size: size, shift: shift, base: min(float64(size.Y), float64(size.X)*0.75)}
	// The safe area is narrower by the whole walk, so that it stays inside.
	step := shiftStep(size)
	dx, dy := int(math.Ceil(safeAt*float64(size.X)))+shiftX*step, int(math.Ceil(safeAt*float64(size.Y)))+shiftY*step
	l.safe = image.Rect(dx, dy, size.X-dx, size.Y-dy).Add(shift)
	return l
}

// px is a share of the base in pixels.
func (l *layout) px(share float64) int { return int(math.Round(share * l.base)) }

func (l *layout) add(items ...item) { l.items = append(l.items, items...) }

// done is everything that was added.
func (l *layout) done(rect image.Rectangle) Drawing {
	return Drawing{Rect: rect, Key: fmt.Sprint(rect, l.items), items: l.items}
}

// block is a text in a column.
type block struct {
	text  []rune
	em    float64 // wished, as a share of the base
	least float64 // something gives way before it is smaller, floorEm or more
	lines int     // at most
	col   color.NRGBA
	bold  bool
	gap   float64 // above, as a share of the base
	keep  int     // what has the lowest goes first when there is no room
	extra int     // the same for every line after the first
	label string  // before the text, at the smallest size
	count bool    // it is made of figures
}

// placed is a block with its size and its lines.
type placed struct {
	block
	px    float64
	rows  [][]rune
	label []rune
	wide  float64 // of the label with its space, in pixels
	whole bool    // nothing was cut off
	box   image.Rectangle
}

func (p placed) height() int {
	if p.count {
		return int(math.Ceil(p.px * 1.12)) // figures have no descenders
	}
	return int(math.Ceil(p.px*leading)) * len(p.rows)
}

// column sets blocks one under the other into area, from the left edge and in the
// middle of the height. When they are too high all shrink together to the size
// that each should have at least; then what is worth little goes, line by line;
// then all shrink to the smallest size, and then the rest goes by its worth.
func (l *layout) column(area image.Rectangle, blocks []block) []placed {
	if area.Empty() {
		return nil
	}
	for least := false; len(blocks) > 0; {
		list, fits := l.shrink(area, blocks, least)
		if fits {
			return l.settle(area, list)
		}
		if out, worth := drop(blocks); least || worth < dear {
			blocks = out
		} else {
			least = true
		}
	}
	return nil
}

// dear is from which worth on a line is rather shown at the smallest size than not.
const dear = 4

// shrink sets blocks as large as they fit, at most as wished.
func (l *layout) shrink(area image.Rectangle, blocks []block, least bool) ([]placed, bool) {
	if least {
		blocks = append([]block(nil), blocks...)
		for i := range blocks {
			blocks[i].least = floorEm
		}
	}
	for scale := 1.0; ; scale *= 0.95 {
		list := l.set(area, blocks, scale)
		if l.stack(area, list) <= area.Dy() {
			return list, true
		}
		if l.smallest(blocks, scale) {
			return list, false
		}
	}
}

// smallest says whether nothing can shrink any more.
func (l *layout) smallest(blocks []block, scale float64) bool {
	for _, b := range blocks {
		if b.em*scale > b.least {
			return false
		}
	}
	return true
}

// settle breaks the lines of what fits for good: about equally long, but in
// Chinese rather between phrases, if that costs less than a third of the size.
func (l *layout) settle(area image.Rectangle, list []placed) []placed {
	for i, p := range list {
		if !p.whole || len(p.rows) < 2 {
			continue
		}
		width := float64(area.Dx()) - p.wide
		list[i].rows = l.f.balance(p.text, width/p.px)
		even := list[i]
		for most := p.lines; most >= len(even.rows) && torn(list[i].rows); most-- {
			rows, wide := l.f.phrases(p.text, most)
			if px := min(p.px, width/wide); rows != nil && px >= max(0.67*p.px, floorEm*l.base) {
				list[i].px, list[i].rows = px, rows
			}
			if l.stack(area, list) > area.Dy() {
				list[i] = even
			}
		}
	}
	l.stack(area, list)
	return list
}

// drop takes the least important line away, a block's last line or the block, and
// says what it was worth.
func drop(blocks []block) ([]block, int) {
	worth := func(b block) int {
		if b.lines > 1 {
			return b.extra
		}
		return b.keep
	}
	least := 0
	for i, b := range blocks {
		if worth(b) <= worth(blocks[least]) {
			least = i
		}
	}
	out := append([]block(nil), blocks...)
	if out[least].lines > 1 {
		out[least].lines--
		return out, worth(blocks[least])
	}
	return append(out[:least], out[least+1:]...), worth(blocks[least])
}

// set measures blocks at a scale.
func (l *layout) set(area image.Rectangle, blocks []block, scale float64) []placed {
	list := make([]placed, len(blocks))
	for i, b := range blocks {
		list[i] = l.measure(b, float64(area.Dx()), scale)
	}
	return list
}

// stack gives placed blocks their boxes in the middle of area and returns how
// high they are.
func (l *layout) stack(area image.Rectangle, list []placed) int {
	high := 0
	for i, p := range list {
		if i > 0 {
			high += l.px(p.gap)
		}
		list[i].box = image.Rect(area.Min.X, high, area.Max.X, high+p.height())
		high = list[i].box.Max.Y
	}
	for i := range list {
		list[i].box = list[i].box.Add(image.Pt(0, area.Min.Y+max(area.Dy()-high, 0)/2))
	}
	return high
}

func (l *layout) measure(b block, width, scale float64) placed {
	p := placed{block: b, label: clean(b.label)}
	if len(p.label) > 0 {
		p.wide = (l.f.measure(p.label) + 0.4) * floorEm * l.base
		if p.wide > width*0.6 {
			p.wide, p.label = 0, nil
		}
	}
	em := max(b.em*scale, b.least) * l.base
	if p.px, p.rows, p.whole = l.f.fit(b.text, width-p.wide, em, b.least*l.base, b.lines); !p.whole {
		// Rather smaller than cut off.
		p.px, p.rows, p.whole = l.f.fit(b.text, width-p.wide, em, floorEm*l.base, b.lines)
	}
	return p
}

// write adds the words of a placed block, its label on the same base line.
func (l *layout) write(p placed) {
	line := int(math.Ceil(p.px * leading))
	lift := rise
	if p.count {
		line, lift = p.height(), 0.92
	}
	for i, row := range p.rows {
		box := image.Rect(p.box.Min.X, p.box.Min.Y+i*line, p.box.Max.X, p.box.Min.Y+(i+1)*line).Intersect(l.safe)
		y := float64(p.box.Min.Y+i*line) + p.px*lift
		if i == 0 && len(p.label) > 0 {
			l.add(words{box: box, x: float64(p.box.Min.X), y: y, em: floorEm * l.base, text: string(p.label), col: l.st.soft})
		}
		l.add(words{box: box, x: float64(p.box.Min.X) + p.wide, y: y, em: p.px, text: string(row), col: p.col, bold: p.bold})
	}
}

// oneLine is a text on a single line in box, at the smallest size and as much of
// it as fits; align is 0 for left, 1 for the middle, 2 for right.
func (l *layout) oneLine(box image.Rectangle, text []rune, em float64, align int, col color.NRGBA, bold bool) words {
	px, rows, _ := l.f.fit(text, float64(box.Dx()), em*l.base, floorEm*l.base, 1)
	w := words{box: box.Intersect(l.safe), em: px, col: col, bold: bold}
	if len(rows) == 0 {
		return w
	}
	w.text = string(rows[0])
	free := float64(box.Dx()) - l.f.measure(rows[0])*px
	w.x = float64(box.Min.X) + max(free, 0)*float64(align)/2
	w.y = float64(box.Min.Y) + (float64(box.Dy())-px*leading)/2 + px*rise
	return w
}

// figure is a number in the middle of box, as large as fits.
func (l *layout) figure(box image.Rectangle, text []rune, em float64, col color.NRGBA) words {
	em = min(em, float64(box.Dy())/l.base/1.05)
	w := l.oneLine(box, text, max(em, floorEm), 1, col, true)
	w.y = float64(box.Min.Y+box.Max.Y)/2 + w.em*0.36 // figures are 0.72 em high
	return w
}
