package screen

import (
	"image"
	"image/color"
)

// board lays everything out: head, foot, side, and the column between them.
func (l *layout) board(b Board) {
	l.add(fill{box: image.Rectangle{Max: l.size}, col: l.st.ground})
	top := l.head(b)
	bottom := l.foot(b)
	gap := l.px(padding / 2)
	main := image.Rect(l.safe.Min.X, top+gap, l.safe.Max.X, bottom-gap)
	if b.Kind == Published && b.Notice.Image != nil {
		l.add(picture{box: main, of: b.Notice})
		return
	}
	main = l.side(b, main)
	for _, p := range l.column(main, l.blocks(b)) {
		l.write(p)
	}
}

// head is the band with sign, place and clock. It returns its lower edge.
func (l *layout) head(b Board) int {
	line, pad := l.px(floorEm*leading), l.px(padding)
	band := image.Rect(0, 0, l.size.X, l.safe.Min.Y+line+pad)
	l.add(fill{box: band, col: l.st.band})
	row := image.Rect(l.safe.Min.X, l.safe.Min.Y, l.safe.Max.X, l.safe.Min.Y+line)
	clock := clean(b.Clock)
	if len(clock) > 0 {
		wide := min(l.wide(clock, floorEm*l.base), row.Dx()*2/3)
		box := image.Rect(row.Max.X-wide, row.Min.Y, row.Max.X, row.Max.Y)
		l.add(l.oneLine(box, clock, floorEm, 2, l.st.accent, true))
		row.Max.X = box.Min.X - pad
	}
	if row = l.signed(row, l.st.sign, l.st.accent); !row.Empty() {
		l.add(l.oneLine(row, clean(b.Place), floorEm, 0, l.st.text, false))
	}
	return band.Max.Y
}

// look is how a line of some mood looks.
type look struct {
	col, ground color.NRGBA
	sign        sign
}

func (l *layout) lookOf(m Mood) look {
	switch m {
	case Good:
		return look{l.st.good, l.st.done, signDone}
	case Bad:
		return look{l.st.accent, l.st.woe, signWarn}
	}
	return look{l.st.text, l.st.plate, signNone}
}

// signed puts the sign before a row of text and returns what is left of the row.
func (l *layout) signed(row image.Rectangle, s sign, col color.NRGBA) image.Rectangle {
	if s == signNone {
		return row
	}
	side, line := l.px(floorEm*1.05), l.px(floorEm*leading)
	at := row.Min.Add(image.Pt(0, (line-side)/2))
	l.add(mark{box: image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, sign: s, col: col})
	row.Min.X += l.signWide(s)
	return row
}

// signWide is how much of a row a sign takes.
func (l *layout) signWide(s sign) int {
	if s == signNone {
		return 0
	}
	return l.px(floorEm*1.05) + l.px(padding)
}

// foot is the band along the lower edge, if there is something to say or people
// come. It returns its upper edge.
func (l *layout) foot(b Board) int {
	text, look, lines := clean(b.Foot.Text), l.lookOf(b.Foot.Mood), 2
	if len(text) == 0 {
		text, look = l.names(b.Arrived), l.lookOf(Plain)
		look.col = l.st.good
	}
	if b.Kind == Roll {
		lines = 1 // it is always there: who comes moves nothing else
	} else if len(text) == 0 {
		return l.safe.Max.Y
	}
	line, pad, em := l.px(floorEm*leading), l.px(padding), floorEm*l.base
	width := float64(l.safe.Dx() - l.signWide(look.sign))
	_, rows, whole := l.f.fit(text, width, em, em, lines)
	if whole {
		rows = l.f.balance(text, width/em)
	}
	row := l.safe
	row.Min.Y = row.Max.Y - max(len(rows), 1)*line
	top := max(row.Min.Y-pad, 0)
	l.add(fill{box: image.Rect(0, top, l.size.X, l.size.Y), col: look.ground})
	row = l.signed(row, look.sign, look.col)
	for i, r := range rows {
		box := image.Rect(row.Min.X, row.Min.Y+i*line, row.Max.X, row.Min.Y+(i+1)*line)
		l.add(l.oneLine(box, r, floorEm, 0, look.col, false))
	}
	return top
}

// names is as many names as fit on one line, whole ones.
func (l *layout) names(list []string) []rune {
	var out []rune
	for _, name := range list[:min(len(list), 40)] {
		next := clean(name)
		if len(out) > 0 {
			next = append([]rune("  "), next...)
		}
		if l.f.measure(out)+l.f.measure(next) > float64(l.safe.Dx())/(floorEm*l.base) {
			break
		}
		out = append(out, next...)
	}
	return out
}

// side is what stands at the right: how many came, or a picture, or the sign. It
// returns what is left of the area.
func (l *layout) side(b Board, area image.Rectangle) image.Rectangle {
	wide := max(l.px(0.42), l.wide(clean(b.PresentLabel), floorEm*l.base)+2*l.px(padding))
	if area.Dx() < 2*wide || area.Empty() {
		return area
	}
	pad := l.px(padding)
	box := image.Rect(area.Max.X-wide, area.Min.Y+pad, area.Max.X, area.Max.Y-pad)
	rest := image.Rect(area.Min.X, area.Min.Y, box.Min.X-2*pad, area.Max.Y)
	switch {
	case b.Present != "":
		l.crowd(b, box)
	case b.Notice.Image != nil:
		l.add(picture{box: box, of: b.Notice})
	case b.Kind == Idle || b.Kind == Ready || b.Kind == Warming || b.Kind == Published:
		return area
	default:
		side := l.px(0.36)
		at := image.Rectangle{Min: image.Pt(box.Max.X-side, (box.Min.Y+box.Max.Y-side)/2)}
		at.Max = at.Min.Add(image.Pt(side, side))
		l.add(mark{box: at.Intersect(box), sign: l.st.sign, col: l.st.accent})
	}
	return rest
}

// crowd is the panel that counts who came.
func (l *layout) crowd(b Board, box image.Rectangle) {
	label := clean(b.PresentLabel)
	number, line := l.px(crowdEm*1.15), l.px(floorEm*leading)
	high := number + line + 2*l.px(padding)
	if high < box.Dy() {
		box.Min.Y += (box.Dy() - high) / 2
		box.Max.Y = box.Min.Y + high
	}
	inner := box.Inset(l.px(padding))
	upper := image.Rect(inner.Min.X, inner.Min.Y, inner.Max.X, max(inner.Max.Y-line, inner.Min.Y))
	lower := image.Rect(inner.Min.X, upper.Max.Y, inner.Max.X, inner.Max.Y)
	l.add(
		fill{box: box, round: 0.03 * l.base, col: l.st.plate},
		l.figure(upper, clean(b.Present), crowdEm, l.st.good),
		l.oneLine(lower, label, floorEm, 1, l.st.text, false))
}

// mostRows have room below a headline.
const mostRows = 4

// blocks is the column of a board, from top to bottom.
func (l *layout) blocks(b Board) []block {
	var list []block
	add := func(text string, bl block) {
		if bl.text = clean(text); len(bl.text) > 0 {
			list = append(list, bl)
		}
	}
	calm := b.Kind == Idle || b.Kind == Ready || b.Kind == Warming
	head := block{em: callEm, least: 0.13, lines: 3, col: l.st.accent, bold: true, gap: 0.005, keep: 9, extra: 6}
	detail := block{em: 0.115, least: floorEm, lines: 2, col: l.st.text, gap: 0.015, keep: 5, extra: 3}
	label := 4
	switch {
	case calm:
		head.em, head.lines, head.col = titleEm, 2, l.st.text
	case b.Kind == Published:
		head.em, head.least, head.lines = 0.115, floorEm, 1
	case b.Kind == Roll:
		head.lines, detail.keep = 2, 3 // what to do, before for what
	case b.Kind == Emergency:
		head.least, head.lines, head.col = 0.12, 4, l.st.text
		label = 8
	}
	add(b.Label, block{em: 0.110, least: floorEm, lines: 1, col: l.st.soft, keep: label})
	add(b.Headline, head)
	add(b.Detail, detail)
	add(b.When, block{em: 0.130, least: 0.11, lines: 1, col: l.st.accent, bold: true, gap: 0.01, keep: 7})
	add(b.Count, block{em: countEm, least: 0.17, lines: 1, col: l.st.accent, bold: true, gap: 0.02, keep: 8, label: b.CountLabel, count: true})
	for i, row := range b.Rows[:min(len(b.Rows), mostRows)] {
		add(row, block{em: 0.110, least: floorEm, lines: 1, col: l.st.text, gap: 0.012, keep: 8 - i})
	}
	for i, row := range b.Next[:min(len(b.Next), 3)] {
		add(row.Title, block{em: floorEm, least: floorEm, lines: 1, col: l.st.soft, gap: 0.02, keep: 2 - i, label: row.When})
	}
	return list
}
