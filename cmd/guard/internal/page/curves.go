package page

import (
	"fmt"
	"math"

	"stationbox/firmware/power"
	"stationbox/firmware/text"
)

// What a computer's supply must stand for ever by ITIC (CBEMA) 2000, of 220 V.
const (
	iticHigh = 242
	iticLow  = 198
)

// wave draws the wave around the event.
func wave(cat *text.Catalogue, r *power.Record, marks []marker) string {
	t := &r.Wave
	scale := float64(r.FullScale) / 32768
	at := func(i int) float64 { return 1000 * float64(i-t.Before) / float64(t.Rate) }
	top := max(100, peak(r)*1.08)
	dy := step(2*top, 6)
	top = dy * math.Ceil(top/dy)
	c := newChart(196, marginTop, at(0), at(len(t.Samples)), -top, top)
	c.axes(step(c.x1-c.x0, 8), dy, "ms", "V")
	var runs [][][2]float64
	for i := 0; i <= len(t.Gaps); i++ {
		from, to := 0, len(t.Samples)
		if i > 0 {
			from = t.Gaps[i-1][1]
		}
		if i < len(t.Gaps) {
			to = t.Gaps[i][0]
			c.band("gap", at(to), at(t.Gaps[i][1]))
		}
		var run [][2]float64
		for n := from; n < to; n++ {
			run = append(run, [2]float64{at(n), scale * float64(t.Samples[n])})
		}
		runs = append(runs, run)
	}
	c.line("wave", runs)
	if len(t.Gaps) > 0 {
		c.levels([]level{{at: top, word: cat.Say("guard.page.gap"), class: "word"}})
	}
	c.mark(marks)
	return c.String()
}

// peak is the highest voltage of the wave, either way.
func peak(r *power.Record) float64 {
	most := 0
	for _, v := range r.Wave.Samples {
		most = max(most, int(v), -int(v))
	}
	return float64(most) * float64(r.FullScale) / 32768
}

// rms draws a curve; with the limits when it is the one nearby.
func rms(cat *text.Catalogue, r *power.Record, c *power.Curve, limits bool, marks []marker) string {
	from, n := float64(c.FromMS)/1000, len(c.Lo)
	to := from + float64(int64(max(1, n))*c.StepMS)/1000
	top := 260.0
	for _, v := range c.Hi {
		top = max(top, float64(v)/10*1.06)
	}
	height, above := 92, 6
	if limits {
		height, above = 212, marginTop
		for _, s := range r.Limits.Stages {
			top = max(top, float64(s.Over)*1.04)
		}
	}
	ch := newChart(height, above, from, to, 0, top)
	if r.Limits.GoodHigh > r.Limits.GoodLow {
		ch.belt("good", float64(r.Limits.GoodLow), min(top, float64(r.Limits.GoodHigh)))
	}
	ch.axes(step(to-from, 8), step(top, float64(height)/36), "s", "V")
	if limits {
		ch.levels(levels(cat, r))
	}
	lo, hi := runs(c, c.Lo), runs(c, c.Hi)
	for i := range lo {
		area := append([][2]float64{}, hi[i]...)
		for j := len(lo[i]) - 1; j >= 0; j-- {
			area = append(area, lo[i][j])
		}
		ch.line("area", [][][2]float64{area})
	}
	ch.mark(marks)
	return ch.String()
}

// runs cuts a curve where nothing is known. Each bin is drawn over its whole
// width.
func runs(c *power.Curve, v power.Samples) (out [][][2]float64) {
	var run [][2]float64
	for i := range v {
		if c.Lo[i] < 0 || c.Hi[i] < 0 {
			if run != nil {
				out = append(out, run)
			}
			run = nil
			continue
		}
		at := float64(c.FromMS+int64(i)*c.StepMS) / 1000
		run = append(run, [2]float64{at, float64(v[i]) / 10}, [2]float64{at + float64(c.StepMS)/1000, float64(v[i]) / 10})
	}
	if run != nil {
		out = append(out, run)
	}
	return out
}

// levels are the stages of the guard and the steady ends of ITIC.
func levels(cat *text.Catalogue, r *power.Record) []level {
	list := []level{
		{iticHigh, "ITIC 110% " + fmt.Sprint(iticHigh) + " V", "itic"},
		{iticLow, "ITIC 90% " + fmt.Sprint(iticLow) + " V", "itic"},
	}
	for _, s := range r.Limits.Stages {
		l := level{at: float64(s.Over), class: "over"}
		word := "≥"
		if s.Under > 0 {
			l, word = level{at: float64(s.Under), class: "under"}, "<"
		}
		after := Span(cat, ms(s.AfterMS))
		if s.AfterMS == 0 {
			after = cat.Say("guard.page.at_once")
		}
		l.word = fmt.Sprintf("%s%d V %s", word, s.Over+s.Under, after)
		list = append(list, l)
	}
	return list
}
