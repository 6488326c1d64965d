package antenna

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
	fadeOf      = 0.5   // dB of C/N against the first fortnight
	fadeLevel   = 0.4   // dB of level
	trendShown  = 26    // weeks
	seasonWeeks = 40    // that are needed to tell a season
	yearPairs   = 6     // weeks with one a year before, that are needed to compare years
	grownOf     = 0.3   // dB by which a summer is worse than the one before
	gainDrift   = -0.05 // dB a kelvin, of an LNB
	tenths      = 900   // of C/N from cnrLowest on
	cnrLowest   = -30
	week        = 7 * 24 * time.Hour
)

// weekNote is a week of the dish.
type weekNote struct {
	From    time.Time `json:"from"`
	CNR     float64   `json:"cnr_db"` // below which three quarters of the minutes lie: rain does not count
	Level   *float64  `json:"level_dbm,omitempty"`
	Celsius *float64  `json:"temp_c,omitempty"`
	Lock    float64   `json:"lock_share"`
	Minutes int       `json:"minutes"`
}

// trendNote is `dish trend` as -json prints it.
type trendNote struct {
	Weeks   []weekNote `json:"weeks"`
	Usual   float64    `json:"usual_cnr_db"`    // of the first fortnight
	Fade    float64    `json:"fade_db"`         // of C/N since then, as the last fortnight is
	Sunk    *float64   `json:"level_down_db"`   // nil: not told
	Summer  *float64   `json:"summer_db"`       // by how much summer is worse than winter; nil: too short
	Leaves  *float64   `json:"summer_level_db"` // by how much the level is lower in summer, the LNB's warmth taken out
	Year    *float64   `json:"year_db"`         // by how much C/N is worse than in the same weeks a year before; nil: too short
	Winters *float64   `json:"winters_db"`      // the same of winter weeks
	Summers *float64   `json:"summers_db"`      // the same of summer weeks
	// Verdict is "short", "steady", "better", "season" (leaves), "tree_grows", "warmth", or of
	// what goes on all year round "weaker", "noisier", "fading".
	Verdict string `json:"verdict"`

	weaker *float64 // dB of level against the same weeks a year before
}

// weekSum gathers a week, without keeping its minutes.
type weekSum struct {
	from  time.Time
	cnr   [tenths]uint16
	n     int
	lock  average
	level average
	temp  average
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
	w.temp.add(r.Celsius)
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
	if w.temp.n > 0 {
		v := round1(w.temp.mean())
		n.Celsius = &v
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
	n.seasons(weeks)
	n.Verdict = n.judge()
	return n
}

// judge tells by how C/N and level went together, and by what comes back each year, what it
// may be. What goes on from year to year comes first: a season hides it.
func (n trendNote) judge() string {
	fade, sunk := n.Fade, n.Sunk
	switch {
	case n.Winters != nil: // leaves play no part in it
		fade, sunk = *n.Winters, n.weaker
	case n.Year != nil:
		fade, sunk = *n.Year, n.weaker
	}
	seasonal := n.Summer != nil && *n.Summer >= fadeOf
	switch {
	case seasonal && (n.Winters == nil || fade < fadeOf):
		return n.seasonal()
	case fade <= -fadeOf || n.Year != nil && *n.Year <= -fadeOf:
		return "better"
	case fade < fadeOf:
		return "steady"
	case sunk == nil:
		return "fading"
	case *sunk >= fadeLevel:
		return "weaker"
	}
	return "noisier"
}

// seasonal tells leaves, which take level and C/N, from an LNB that is noisier when it is
// warm. Leaves that take more each summer are those of a tree that grows.
func (n trendNote) seasonal() string {
	switch {
	case n.Leaves != nil && *n.Leaves < *n.Summer/2:
		return "warmth"
	case n.Summers != nil && n.Winters != nil && *n.Summers >= grownOf && *n.Summers-*n.Winters >= grownOf:
		return "tree_grows"
	}
	return "season"
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

func (n trendNote) text(c *text.Catalogue, zone *time.Location) string {
	l := lineup{words: c, head: c.Say("dish.trend." + n.Verdict)}
	l.add("dish.trend.usual", figure(n.Usual, 1)+" dB", c.Say("dish.trend.usual_means"))
	if n.Verdict != "short" {
		l.add("dish.trend.fade", figure(n.Fade, 1)+" dB", c.Say("dish.trend."+n.Verdict+".hint"))
	}
	for _, r := range []struct {
		key string
		v   *float64
	}{{"dish.trend.sunk", n.Sunk}, {"dish.trend.summer", n.Summer}, {"dish.trend.leaves", n.Leaves}, {"dish.trend.year", n.Year}, {"dish.trend.winters", n.Winters}, {"dish.trend.summers", n.Summers}} {
		if r.v != nil {
			l.add(r.key, figure(*r.v, 1)+" dB", "")
		}
	}
	for _, w := range n.Weeks[max(0, len(n.Weeks)-trendShown):] {
		l.rows = append(l.rows, [3]string{w.From.In(zone).Format(time.DateOnly), figure(w.CNR, 1) + " dB",
			unitOf(c, w.Level, "dBm") + "  " + c.Say("dish.trend.locked", "percent", fmt.Sprintf("%.1f", 100*w.Lock))})
	}
	return l.String()
}
