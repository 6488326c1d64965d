package antenna

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/text"
)

// leaves is how far a tree is in leaf on a day of the year: from April to November.
func leaves(t time.Time) float64 {
	day := float64(t.YearDay())
	out := 1 / (1 + math.Exp(-(day-115)/6))
	return out / (1 + math.Exp((day-310)/6))
}

// summery is 1 at the end of July and 0 half a year later.
func summery(t time.Time) float64 { return (1 - math.Cos(2*math.Pi*float64(t.YearDay()-25)/365)) / 2 }

// Two years of weeks, begun in winter and begun in summer: what comes back with the leaves is
// told apart from what goes on all year round, from warmth, and from a gain that breathes.
func TestDishTrendTwoYears(t *testing.T) {
	tests := []struct {
		verdict string
		name    string
		how     func(at time.Time, years float64) (cnr, level float64) // dB less
	}{
		{"steady", "nothing", func(time.Time, float64) (float64, float64) { return 0, 0 }},
		{"season", "a tree that is as it was", func(at time.Time, _ float64) (float64, float64) { f := 1.4 * leaves(at); return f, f }},
		{"tree_grows", "a poplar", func(at time.Time, years float64) (float64, float64) {
			f := (0.6 + 1.1*years) * leaves(at)
			return f, f
		}},
		{"warmth", "an LNB that is noisy when warm", func(at time.Time, _ float64) (float64, float64) { return 1.2 * summery(at), 0 }},
		{"noisier", "an LNB that ages, behind a tree", func(at time.Time, years float64) (float64, float64) {
			f := 1.2 * leaves(at)
			return f + 0.9*years, f
		}},
		{"weaker", "a feed that takes water", func(_ time.Time, years float64) (float64, float64) { return 0.8 * years, 0.8 * years }},
		{"better", "somebody cut the tree", func(_ time.Time, years float64) (float64, float64) {
			f := map[bool]float64{true: 1.5}[years < 0.4]
			return f, f
		}},
	}
	for _, tt := range tests {
		for _, begin := range []time.Time{time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC)} {
			r := rand.New(rand.NewPCG(1, uint64(begin.Unix())))
			var weeks []weekNote
			for i := range 104 {
				at := begin.Add(time.Duration(i) * week)
				cnr, level := tt.how(at, float64(i)/52)
				warm := -3 + 30*summery(at)
				l := -54 - level + gainDrift*(warm-15) + 0.1*r.NormFloat64()
				if r.IntN(12) != 0 { // a week without mains
					weeks = append(weeks, weekNote{From: at, CNR: 14 - cnr + 0.1*r.NormFloat64(), Level: &l, Celsius: &warm, Lock: 1, Minutes: 10080})
				}
			}
			n := trendOf(weeks)
			if n.Verdict != tt.verdict {
				t.Errorf("%s, from %s on: %s, want %s: %+v", tt.name, begin.Format(time.DateOnly), n.Verdict, tt.verdict, said(n))
			}
			for _, lang := range []string{"zh", "en"} {
				if s := n.text(text.New(lang), time.UTC); strings.Contains(s, "dish.trend") || strings.Contains(s, "{") {
					t.Errorf("%s", s)
				}
			}
		}
	}
}

func said(n trendNote) string {
	c := text.New("en")
	n.Weeks = nil
	return n.text(c, time.UTC)
}

// Without temperatures and levels the verdict on a season stays the careful one.
func TestDishTrendBlind(t *testing.T) {
	var weeks []weekNote
	for i := range 104 {
		at := dishBegin.Add(time.Duration(i) * week)
		weeks = append(weeks, weekNote{From: at, CNR: 14 - leaves(at), Lock: 1})
	}
	if n := trendOf(weeks); n.Verdict != "season" || n.Leaves != nil || n.Year == nil || math.Abs(*n.Year) > 0.1 {
		t.Errorf("%s: %s", n.Verdict, said(n))
	}
}
