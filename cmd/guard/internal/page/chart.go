package page

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Size of a chart in pixels of its own; the page scales it to its width.
const (
	width     = 720
	marginL   = 46
	marginR   = 96
	marginTop = 44 // three rows of markers
	marginBot = 29
)

// chart draws into a box whose axes are x0…x1 and y0…y1.
type chart struct {
	b              strings.Builder
	height         int
	top            int
	x0, x1, y0, y1 float64
}

func newChart(height, top int, x0, x1, y0, y1 float64) *chart {
	c := &chart{height: height, top: top, x0: x0, x1: x1, y0: y0, y1: y1}
	fmt.Fprintf(&c.b, `<svg viewBox="0 0 %d %d" role="img">`+"\n", width, height)
	return c
}

func (c *chart) x(v float64) float64 { return marginL + (v-c.x0)/(c.x1-c.x0)*(width-marginL-marginR) }

func (c *chart) y(v float64) float64 {
	return float64(c.top) + (c.y1-v)/(c.y1-c.y0)*float64(c.height-c.top-marginBot)
}

// axes draws the grid: lines every dx and dy with their numbers, and the units.
func (c *chart) axes(dx, dy float64, xUnit, yUnit string) {
	bottom, right := c.y(c.y0), c.x(c.x1)
	for v := math.Ceil(c.x0/dx) * dx; v <= c.x1+dx/1000; v += dx {
		fmt.Fprintf(&c.b, `<path class="grid" d="M%.1f %dV%.1f"/><text class="num" text-anchor="middle" x="%.1f" y="%.1f">%s</text>`+"\n",
			c.x(v), c.top, bottom, c.x(v), bottom+13, number(v))
	}
	for v := math.Ceil(c.y0/dy) * dy; v <= c.y1+dy/1000; v += dy {
		fmt.Fprintf(&c.b, `<path class="grid" d="M%d %.1fH%.1f"/><text class="num" text-anchor="end" x="%d" y="%.1f">%s</text>`+"\n",
			marginL, c.y(v), right, marginL-5, c.y(v)+3.5, number(v))
	}
	fmt.Fprintf(&c.b, `<text class="num" text-anchor="middle" x="%.1f" y="%.1f">%s</text>`, (marginL+right)/2, bottom+25, esc(xUnit))
	fmt.Fprintf(&c.b, `<text class="num" text-anchor="middle" transform="translate(11 %.1f) rotate(-90)">%s</text>`+"\n", (float64(c.top)+bottom)/2, esc(yUnit))
}

func number(v float64) string {
	if math.Abs(v) < 1e-9 {
		return "0"
	}
	return strings.Replace(trim(v, 1), "-", "−", 1)
}

// line draws runs of points.
func (c *chart) line(class string, runs [][][2]float64) {
	for _, run := range runs {
		if len(run) == 0 {
			continue
		}
		fmt.Fprintf(&c.b, `<path class="%s" d="M`, class)
		for i, p := range run {
			if i > 0 {
				c.b.WriteByte(' ')
			}
			fmt.Fprintf(&c.b, "%.1f %.1f", c.x(p[0]), c.y(max(c.y0, min(c.y1, p[1]))))
		}
		c.b.WriteString("\"/>\n")
	}
}

// band fills x from…to over the whole height.
func (c *chart) band(class string, from, to float64) {
	fmt.Fprintf(&c.b, `<rect class="%s" x="%.1f" y="%d" width="%.1f" height="%.1f"/>`+"\n",
		class, c.x(from), c.top, max(1, c.x(to)-c.x(from)), c.y(c.y0)-float64(c.top))
}

// belt fills y from…to over the whole width.
func (c *chart) belt(class string, from, to float64) {
	fmt.Fprintf(&c.b, `<rect class="%s" x="%d" y="%.1f" width="%.1f" height="%.1f"/>`+"\n",
		class, marginL, c.y(to), c.x(c.x1)-marginL, c.y(from)-c.y(to))
}

// level is a horizontal line with a word in the right margin.
type level struct {
	at    float64
	word  string
	class string
}

// levels draws lines whose words keep clear of each other.
func (c *chart) levels(list []level) {
	slices.SortStableFunc(list, func(a, b level) int { return int(math.Copysign(1, b.at-a.at)) })
	const apart = 12
	free := 0.0
	at := make([]float64, len(list))
	for i, l := range list {
		at[i] = max(c.y(l.at), free)
		free = at[i] + apart
	}
	// What ran out at the bottom goes up again.
	limit := c.y(c.y0) + apart/2
	for i := len(list) - 1; i >= 0; i-- {
		at[i] = min(at[i], limit)
		limit = at[i] - apart
	}
	right := c.x(c.x1)
	for i, l := range list {
		y := c.y(l.at)
		fmt.Fprintf(&c.b, `<path class="%s" d="M%d %.1fH%.1fL%.1f %.1f"/><text class="num %s" x="%.1f" y="%.1f">%s</text>`+"\n",
			l.class, marginL, y, right, right+6, at[i], l.class, right+9, at[i]+3.5, esc(l.word))
	}
}

// mark draws numbered markers above the chart; those that are close stand in
// rows.
func (c *chart) mark(marks []marker) {
	const size = 15
	var rows [3]float64 // marginTop has room for as many
	for _, m := range marks {
		at := m.at
		if at < c.x0 || at > c.x1 {
			continue
		}
		x, row := c.x(at), 0
		for row < len(rows)-1 && x-rows[row] < size && rows[row] > 0 {
			row++
		}
		rows[row] = x
		y := float64(c.top) - 8 - float64(row)*(size-2)
		fmt.Fprintf(&c.b, `<path class="mark" d="M%.1f %.1fV%.1f"/><circle class="mark" cx="%.1f" cy="%.1f" r="6.3"/><text class="markno" text-anchor="middle" x="%.1f" y="%.1f">%d</text>`+"\n",
			x, y, c.y(c.y0), x, y, x, y+3.2, m.number)
	}
}

// marker is a moment of the list of what happened.
type marker struct {
	at     float64
	number int
}

func (c *chart) String() string { return c.b.String() + "</svg>\n" }

// step is a round distance of grid lines for about n of them in span.
func step(span, n float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(span/n)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*p >= span/n {
			return m * p
		}
	}
	return 10 * p
}
