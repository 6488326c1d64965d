package screen

import (
	"image"
	"image/color"
	"math"
)

// Meter is what the television shows while the dish is aligned: the figure that matters as
// large as it fits, a bar with the mark of the best, and what to do now.
type Meter struct {
	Value string  // the figure: "12.3", or a sign that there is none
	Unit  string  // after it, small
	Known bool    // Value is a figure of now
	Bar   float64 // how much of the bar is filled, 0 to 1
	Mark  float64 // where the best stands in it; 0 or less: there is none
	Best  string  // the best in words
	State string  // what there is to say of the signal
	Order string  // what to do
	Phase string  // how far it has come
	Mood  Mood    // Good: as good as the best; Bad: another satellite, or no readings
}

// Sizes of a meter, as shares of the base. A figure is 0.72 em high: at eight metres from
// a television of 42 inches that of valueEm is as large as a car's number plate at 25 m.
const (
	valueEm = 0.46
	orderEm = 0.120
	barHigh = 0.075

	mostOrder = 4 // lines of an order
)

// Meter lays a meter out for a screen of that size. It covers the whole screen.
func (p *Painter) Meter(m Meter, size image.Point) (d Drawing, err error) {
	defer recoverFont(&err)
	if err := checkSize(size); err != nil {
		return Drawing{}, err
	}
	l := newLayout(p.c.font, styleOf(Idle, false), size, image.Point{})
	l.meter(m)
	return l.done(image.Rectangle{Max: size}), nil
}

// meter lays out, from top to bottom: phase and best, figure and state, bar, order.
func (l *layout) meter(m Meter) {
	l.add(fill{box: image.Rectangle{Max: l.size}, col: l.st.ground})
	line, pad := l.px(floorEm*leading), l.px(padding)
	head := image.Rect(l.safe.Min.X, l.safe.Min.Y, l.safe.Max.X, l.safe.Min.Y+line)
	l.add(fill{box: image.Rect(0, 0, l.size.X, head.Max.Y), col: l.st.band},
		l.oneLine(image.Rect(head.Min.X, head.Min.Y, head.Min.X+head.Dx()/2, head.Max.Y), clean(m.Phase), floorEm, 0, l.st.text, false),
		l.oneLine(image.Rect(head.Min.X+head.Dx()/2, head.Min.Y, head.Max.X, head.Max.Y), clean(m.Best), floorEm, 2, l.st.accent, true))
	order := block{text: clean(m.Order), em: orderEm, least: floorEm, lines: 2, col: l.st.text, bold: true, keep: 9, extra: 9}
	high := 2 * l.px(orderEm*leading)
	for order.lines < mostOrder && !l.wholeIn(order) { // what to do is not cut off: the figure is smaller
		order.lines++
		high = order.lines * (line + 1)
	}
	foot := image.Rect(l.safe.Min.X, l.safe.Max.Y-high, l.safe.Max.X, l.safe.Max.Y)
	bar := image.Rect(l.safe.Min.X, foot.Min.Y-2*pad-l.px(barHigh), l.safe.Max.X, foot.Min.Y-2*pad)
	l.value(m, image.Rect(l.safe.Min.X, head.Max.Y, l.safe.Max.X, bar.Min.Y))
	l.gauge(m, bar)
	for _, p := range l.column(foot, []block{order}) {
		l.write(p)
	}
}

// wholeIn says whether a block fits its lines at the smallest size.
func (l *layout) wholeIn(b block) bool {
	_, _, whole := l.f.fit(b.text, float64(l.safe.Dx()), b.least*l.base, b.least*l.base, b.lines)
	return whole
}

// value is the figure with its unit at the left and the state at the right; without a
// state the figure stands in the middle.
func (l *layout) value(m Meter, box image.Rectangle) {
	state, unit := clean(m.State), clean(m.Unit)
	figure := clean(m.Value)
	em := min(valueEm, float64(box.Dy())/l.base/1.02)
	wide := float64(l.wide(figure, em*l.base))
	unitWide := 0.0
	if len(unit) > 0 {
		unitWide = float64(l.wide(unit, orderEm*l.base)) + float64(l.px(padding))
	}
	x, y := float64(box.Min.X), float64(box.Min.Y+box.Max.Y)/2+0.36*em*l.base
	stateBox := image.Rect(box.Min.X+int(math.Ceil(wide+unitWide))+2*l.px(padding), box.Min.Y, box.Max.X, box.Max.Y)
	if len(state) == 0 {
		x += max(0, (float64(box.Dx())-wide-unitWide)/2)
	}
	col := l.moodColour(m)
	l.add(words{box: box, x: x, y: y, em: em * l.base, text: string(figure), col: col})
	if len(unit) > 0 {
		l.add(words{box: box, x: x + wide + float64(l.px(padding)), y: y, em: orderEm * l.base, text: string(unit), col: l.st.soft})
	}
	if len(state) == 0 || stateBox.Dx() < l.px(0.3) {
		return
	}
	for _, p := range l.column(stateBox, []block{{text: state, em: 0.130, least: floorEm, lines: 2, col: col, keep: 9, extra: 9}}) {
		l.write(p)
	}
}

func (l *layout) moodColour(m Meter) color.NRGBA {
	switch {
	case m.Mood == Bad, !m.Known:
		return l.st.accent
	case m.Mood == Good:
		return l.st.good
	}
	return l.st.text
}

// gauge is the bar with its mark.
func (l *layout) gauge(m Meter, box image.Rectangle) {
	l.add(fill{box: box, col: l.st.plate})
	at := func(share float64) int { return box.Min.X + int(math.Round(float64(box.Dx())*max(0, min(1, share)))) }
	if m.Bar > 0 {
		l.add(fill{box: image.Rect(box.Min.X, box.Min.Y, at(m.Bar), box.Max.Y), col: l.moodColour(m)})
	}
	if m.Mark > 0 {
		half, over := max(l.px(0.006), 1), l.px(0.012)
		x := at(m.Mark)
		l.add(fill{box: image.Rect(x-half, box.Min.Y-over, x+half, box.Max.Y+over).Intersect(l.safe), col: l.st.accent})
	}
}
