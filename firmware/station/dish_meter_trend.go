package station

import (
	"context"
	"fmt"
	"math"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

// How a slow fade is told.
const (
	fadeOf      = 0.5 // dB of C/N against the first fortnight
	fadeLevel   = 0.4 // dB of level
	trendShown  = 26  // weeks
	seasonWeeks = 40  // that are needed to tell a season
	tenths      = 900 // of C/N from cnrLowest on
	cnrLowest   = -30
	week        = 7 * 24 * time.Hour
)

// weekNote is a week of the dish.
type weekNote struct {
	From    time.Time `json:"from"`
	CNR     float64   `json:"cnr_db"` // below which three quarters of the minutes lie: rain does not count
	Level   *float64  `json:"level_dbm,omitempty"`
	Lock    float64   `json:"lock_share"`
	Minutes int       `json:"minutes"`
}

// trendNote is `dish trend` as -json prints it.
type trendNote struct {
	Weeks   []weekNote `json:"weeks"`
	Usual   float64    `json:"usual_cnr_db"`  // of the first fortnight
	Fade    float64    `json:"fade_db"`       // of C/N since then, as the last fortnight is
	Sunk    *float64   `json:"level_down_db"` // nil: not told
	Summer  *float64   `json:"summer_db"`     // by how much summer is worse than winter; nil: too short
	Verdict string     `json:"verdict"`       // "short", "steady", "better", "season", "weaker", "noisier", "fading"
}

// weekSum gathers a week, without keeping its minutes.
type weekSum struct {
	from  time.Time
	cnr   [tenths]uint16
	n     int
	lock  average
	level average
}

func (w *weekSum) add(r dishRow) {
	w.lock.add(r.Share)
	if r.Share < 0.5 || math.IsNaN(r.CNR) {
		return
	}
	i := int(math.Round((r.CNR - cnrLowest) * 10))
	w.cnr[max(0, min(tenths-1, i))]++
	w.n++
	w.level.add(r.Level)
}

// note is false for a week that says too little.
func (w *weekSum) note() (weekNote, bool) {
	if w.n < 24*60 { // a day of minutes
		return weekNote{}, false
	}
	n := weekNote{From: w.from, Lock: math.Round(1000*w.lock.mean()) / 1000, Minutes: w.lock.n}
	for below, i := 0, 0; i < tenths; i++ {
		if below += int(w.cnr[i]); float64(below) >= clearPart*float64(w.n) {
			n.CNR = math.Round(10*(cnrLowest+float64(i)/10)) / 10
			break
		}
	}
	if w.level.n > 0 {
		v := math.Round(10*w.level.mean()) / 10
		n.Level = &v
	}
	return n, true
}

// trend tells of a slow fade against the first fortnight.
func (q question) trend(ctx context.Context) (command.Result, error) {
	if q.cfg == nil || q.cfg.Dish.Tuner.Adapter == "" {
		return command.Result{}, q.env.Failed("cmd.dish.no_sensors")
	}
	weeks, err := weeksOf(ctx, dishDir(q.cfg), alignedAt(q.cfg))
	if err != nil {
		return command.Result{}, err
	}
	if len(weeks) == 0 {
		return command.Result{}, q.env.Failed("cmd.dish.no_history", "folder", dishDir(q.cfg))
	}
	n := trendOf(weeks)
	s, said, err := q.standingOf(ctx)
	if err != nil {
		return command.Result{}, err
	}
	data := struct {
		trendNote
		standing
	}{n, s}
	return command.Result{Text: n.text(q.env.Text, q.zone()) + said, Data: data}, nil
}

// weeksOf are the weeks of the log from a moment on.
func weeksOf(ctx context.Context, dir string, since time.Time) ([]weekNote, error) {
	var list []weekNote
	var w *weekSum
	end := func() {
		if w == nil {
			return
		}
		if n, ok := w.note(); ok {
			list = append(list, n)
		}
	}
	_, err := readDish(ctx, dir, dishMonths, func(r dishRow) {
		if r.At.Before(since) {
			return
		}
		if w == nil || r.At.Sub(w.from) >= week || r.At.Before(w.from) {
			end()
			w = &weekSum{from: r.At}
		}
		w.add(r)
	})
	end()
	return list, err
}

// trendOf judges weeks, of which there is one at least.
func trendOf(weeks []weekNote) trendNote {
	n := trendNote{Weeks: weeks, Verdict: "short"}
	k := min(2, len(weeks))
	first, last := weeks[:k], weeks[len(weeks)-k:]
	n.Usual = cnrMean(first)
	if len(weeks) < 4 {
		return n
	}
	n.Fade = round1(n.Usual - cnrMean(last))
	if a, b := levelMean(first), levelMean(last); !math.IsNaN(a) && !math.IsNaN(b) {
		v := round1(a - b)
		n.Sunk = &v
	}
	n.Summer = summerOf(weeks)
	n.Verdict = n.judge()
	return n
}

// judge tells by how C/N and level went together what it may be.
func (n trendNote) judge() string {
	switch {
	case n.Summer != nil && *n.Summer >= fadeOf:
		return "season"
	case n.Fade <= -fadeOf:
		return "better"
	case n.Fade < fadeOf:
		return "steady"
	case n.Sunk == nil:
		return "fading"
	case *n.Sunk >= fadeLevel:
		return "weaker"
	}
	return "noisier"
}

func round1(v float64) float64 { return math.Round(10*v) / 10 }

func cnrMean(weeks []weekNote) float64 {
	var a average
	for _, w := range weeks {
		a.add(w.CNR)
	}
	return a.mean()
}

func levelMean(weeks []weekNote) float64 {
	var a average
	for _, w := range weeks {
		if w.Level != nil {
			a.add(*w.Level)
		}
	}
	return a.mean()
}

// summerOf is by how much May to September is worse than November to March, when a slow
// change over the years is taken out; nil when the log is too short to tell.
func summerOf(weeks []weekNote) *float64 {
	if len(weeks) < seasonWeeks {
		return nil
	}
	// C/N = a + b·year + c·summer, by the means within summer and winter.
	var x, y, xx, xy, n [2]float64
	for _, w := range weeks {
		s := season(w.From)
		if s < 0 {
			continue
		}
		t := w.From.Sub(weeks[0].From).Hours() / 8766
		n[s], x[s], y[s], xx[s], xy[s] = n[s]+1, x[s]+t, y[s]+w.CNR, xx[s]+t*t, xy[s]+t*w.CNR
	}
	if n[0] < 8 || n[1] < 8 {
		return nil
	}
	var within, together float64
	for s := range 2 {
		within += xx[s] - x[s]*x[s]/n[s]
		together += xy[s] - x[s]*y[s]/n[s]
	}
	slope := together / within
	v := round1((y[0]/n[0] - slope*x[0]/n[0]) - (y[1]/n[1] - slope*x[1]/n[1]))
	return &v
}

// season is 0 in winter, 1 while there are leaves, -1 in between.
func season(t time.Time) int {
	switch m := t.Month(); {
	case m >= time.November || m <= time.March:
		return 0
	case m >= time.May && m <= time.September:
		return 1
	}
	return -1
}

func (n trendNote) text(c *text.Catalogue, zone *time.Location) string {
	l := lineup{words: c, head: c.Say("dish.trend." + n.Verdict)}
	l.add("dish.trend.usual", figure(n.Usual, 1)+" dB", c.Say("dish.trend.usual_means"))
	if n.Verdict != "short" {
		l.add("dish.trend.fade", figure(n.Fade, 1)+" dB", c.Say("dish.trend."+n.Verdict+".hint"))
	}
	if n.Sunk != nil {
		l.add("dish.trend.sunk", figure(*n.Sunk, 1)+" dB", "")
	}
	if n.Summer != nil {
		l.add("dish.trend.summer", figure(*n.Summer, 1)+" dB", "")
	}
	for _, w := range n.Weeks[max(0, len(n.Weeks)-trendShown):] {
		l.rows = append(l.rows, [3]string{w.From.In(zone).Format(time.DateOnly), figure(w.CNR, 1) + " dB",
			unitOf(c, w.Level, "dBm") + "  " + c.Say("dish.trend.locked", "percent", fmt.Sprintf("%.1f", 100*w.Lock))})
	}
	return l.String()
}
