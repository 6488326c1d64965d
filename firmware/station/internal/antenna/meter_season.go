package antenna

import (
	"math"
	"time"
)

// seasons compares summer with winter, and each week with the same one a year before.
func (n *trendNote) seasons(weeks []weekNote) {
	cnr := func(w weekNote) float64 { return w.CNR }
	n.Summer = summerOf(weeks, cnr)
	n.Leaves = summerOf(weeks, levelOf)
	n.Year = yearOf(weeks, cnr, func(time.Time) bool { return true })
	n.Winters = yearOf(weeks, cnr, func(t time.Time) bool { return season(t) == 0 })
	n.Summers = yearOf(weeks, cnr, func(t time.Time) bool { return season(t) == 1 })
	n.weaker = yearOf(weeks, levelOf, func(time.Time) bool { return true })
}

// levelOf is the level without what the LNB's gain makes of its warmth; NaN when it was not
// told.
func levelOf(w weekNote) float64 {
	switch {
	case w.Level == nil:
		return math.NaN()
	case w.Celsius == nil:
		return *w.Level
	}
	return *w.Level - gainDrift**w.Celsius
}

// summerOf is by how much May to September is worse than November to March, when a slow
// change over the years is taken out; nil when the log is too short to tell.
func summerOf(weeks []weekNote, of func(weekNote) float64) *float64 {
	if len(weeks) < seasonWeeks {
		return nil
	}
	// of = a + b·year + c·summer, by the means within summer and winter.
	var x, y, xx, xy, n [2]float64
	for _, w := range weeks {
		s, v := season(w.From), of(w)
		if s < 0 || math.IsNaN(v) {
			continue
		}
		t := w.From.Sub(weeks[0].From).Hours() / 8766
		n[s], x[s], y[s], xx[s], xy[s] = n[s]+1, x[s]+t, y[s]+v, xx[s]+t*t, xy[s]+t*v
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

// yearOf is by how much something of the last year is less than in the same weeks a year before,
// of the weeks that count; nil without enough of them. A log has no more than two years.
func yearOf(weeks []weekNote, of func(weekNote) float64, counts func(time.Time) bool) *float64 {
	const year = 52 * week
	var worse average
	then := 0
	for _, w := range weeks {
		for then < len(weeks) && w.From.Sub(weeks[then].From) > year+week/2 {
			then++
		}
		ago := w.From.Sub(weeks[then].From)
		if ago < year-week/2 || ago > year+week/2 || !counts(w.From) {
			continue
		}
		worse.add(of(weeks[then]) - of(w)) // not of a NaN
	}
	if worse.n < yearPairs {
		return nil
	}
	v := round1(worse.mean())
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
