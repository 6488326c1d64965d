package dish_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

// The goal of an alignment.
const (
	goalOff   = 0.05 // degrees on the sky from the peak, in any direction
	goalMoves = 40
)

// outcome is how one alignment ended.
type outcome struct {
	off   float64
	moves int
	took  time.Duration
	claim float64 // the error that the guide states
	cause string  // of a failure; "" when it is a success
}

// judged runs one villager until the bolts are to be tightened.
func judged(t *testing.T, s scene, seed, k uint64, trace func(string, ...any)) outcome {
	t.Helper()
	w := newWorld(s, rand.New(rand.NewPCG(seed, k)))
	v := &villager{w: w, g: guideFor(t, w), trace: trace}
	x, y := v.align(t, dish.DoTighten, 60)
	o := outcome{off: math.Hypot(x, y), moves: v.moves, took: w.now.Sub(w.start), claim: float64(v.last.Offset.Error)}
	trace("%s: %d moves %v, %.3f %.3f off, guess %.3f±%.3f, skew %.1f, %d wrong turns, %d late, %v", s.name, v.moves, v.count, x, y, float64(v.last.Offset.Angle), float64(v.last.Offset.Error), w.skew, v.wrong, v.late, o.took)
	o.cause = v.cause(o)
	return o
}

// cause names what an alignment failed by.
func (v *villager) cause(o outcome) string {
	switch {
	case o.off <= goalOff && o.moves <= goalMoves:
		return ""
	case v.last.Phase <= dish.PhaseSearch:
		return "never found"
	case o.off > float64(v.w.beam):
		return "wrong satellite"
	case o.moves > goalMoves:
		return "moves used up"
	case o.off > 0.12:
		return "lost its way"
	case v.late > 0:
		return "near, turned wrongly"
	case o.off > 0.07:
		return "near"
	}
	return "at the edge"
}

var causes = []string{"never found", "wrong satellite", "moves used up", "lost its way", "near, turned wrongly", "near", "at the edge"}

// tally is a line of the campaign's report.
type tally struct {
	name string
	all  []outcome
}

func (b tally) good() (n int) {
	for _, o := range b.all {
		if o.cause == "" {
			n++
		}
	}
	return n
}

// String tells successes, causes, and of moves, minutes, degrees off and the error that
// the guide states the middle, the 95th part of 100 and the most.
func (b tally) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%-34s %4d of %4d", b.name, b.good(), len(b.all))
	for _, c := range causes {
		n := 0
		for _, o := range b.all {
			if o.cause == c {
				n++
			}
		}
		fmt.Fprintf(&s, " %4d", n)
	}
	s.WriteString(" |" + spread(b.all, "%3.0f", func(o outcome) float64 { return float64(o.moves) }))
	s.WriteString(" |" + spread(b.all, "%3.0f", func(o outcome) float64 { return o.took.Minutes() }))
	s.WriteString(" |" + spread(b.all, "%.3f", func(o outcome) float64 { return o.off }))
	s.WriteString(" |" + spread(b.all, "%.3f", func(o outcome) float64 { return o.claim }))
	return s.String()
}

func spread(all []outcome, format string, of func(outcome) float64) (s string) {
	var v []float64
	for _, o := range all {
		v = append(v, of(o))
	}
	slices.Sort(v)
	for _, i := range []int{len(v) / 2, len(v) * 95 / 100, len(v) - 1} {
		s += " " + fmt.Sprintf(format, v[i])
	}
	return s
}

// TestVillagerFindsThePeak lets villagers follow nothing but the words. With -args
// -campaign there are many of each scene, and a table of what the others failed by.
func TestVillagerFindsThePeak(t *testing.T) {
	cases, every := 1, 9 // three villagers
	if *campaign {
		cases, every = *casesFlag, 1
	}
	all := tally{name: "all"}
	t.Logf("%-34s within 0.05°; causes: %s | moves, minutes, degrees off, error stated: half, 95 of 100, most", "", strings.Join(causes, ", "))
	for i, s := range scenes() {
		if i%every != 0 || !strings.Contains(s.name, *sceneFlag) {
			continue
		}
		line := tally{name: s.name}
		for k := range cases {
			trace := func(string, ...any) {}
			if *traceFlag != "" {
				if *traceFlag != fmt.Sprint(i, "/", k) {
					continue
				}
				trace = t.Logf
			}
			o := judged(t, s, *seedFlag, uint64(1000*i+k), trace)
			if o.cause != "" && *campaign && *casesFlag < 50 {
				t.Logf("%d/%d %s: %d moves, %.3f off", i, k, o.cause, o.moves, o.off)
			}
			line.all = append(line.all, o)
		}
		if len(line.all) > 0 {
			t.Log(line)
		}
		all.all = append(all.all, line.all...)
	}
	t.Log(all)
	if *campaign && 10*all.good() < 8*len(all.all) || 2*all.good() < len(all.all) {
		t.Errorf("%d of %d within %v° in %d moves", all.good(), len(all.all), goalOff, goalMoves)
	}
}
