package dish_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

var alignStart = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)

func plainGuide(t *testing.T) *dish.Guide {
	t.Helper()
	g, err := dish.NewGuide(dish.AlignOpts{Beamwidth: 1.4, Elevation: 40})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func locked(at time.Time, cnr dish.DB, right dish.Identity) dish.Reading {
	return dish.Reading{At: at, Locked: true, CNR: cnr, Right: right}
}

func TestAlignOptsAreChecked(t *testing.T) {
	good := dish.AlignOpts{Beamwidth: 1.4, Elevation: 40}
	tests := []struct {
		name   string
		change func(o *dish.AlignOpts)
		want   error
	}{
		{"good", func(*dish.AlignOpts) {}, nil},
		{"no beam", func(o *dish.AlignOpts) { o.Beamwidth = 0 }, dish.ErrDish},
		{"beam unknown", func(o *dish.AlignOpts) { o.Beamwidth = dish.Degrees(math.NaN()) }, dish.ErrDish},
		{"on the horizon", func(o *dish.AlignOpts) { o.Elevation = 0 }, dish.ErrOrbit},
		{"never locks", func(o *dish.AlignOpts) { o.Clear, o.Threshold = 5, 6 }, dish.ErrDish},
		{"nut", func(o *dish.AlignOpts) { o.NutTurn = -1 }, dish.ErrDish},
	}
	for _, tt := range tests {
		o := good
		tt.change(&o)
		if _, err := dish.NewGuide(o); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestStaleReadingsAreSaidNotShown(t *testing.T) {
	g := plainGuide(t)
	if a := g.Step(alignStart, locked(alignStart, 11, dish.IdentityRight)); a.Stale || !a.Now.Known {
		t.Fatalf("fresh: %+v", a)
	}
	a := g.Step(alignStart.Add(1100*time.Millisecond), dish.Reading{})
	if !a.Stale || a.Now.Known || a.Voice != dish.VoiceNone || a.Order.Key() != "align.stale" || !a.Best.Known {
		t.Errorf("after 1.1 s: %+v", a)
	}
	// The same reading handed in again is not newer for that.
	if a = g.Step(alignStart.Add(2*time.Second), locked(alignStart, 11, dish.IdentityRight)); !a.Stale {
		t.Errorf("an old reading counts: %+v", a)
	}
	back := alignStart.Add(3 * time.Second)
	if a = g.Step(back, locked(back, 9, dish.IdentityRight)); a.Stale || a.Now.CNR != 9 || a.Best.CNR != 11 || a.Order.Do != dish.DoHold {
		t.Errorf("readings are back: %+v", a)
	}
}

func TestGarbageIsNoSignal(t *testing.T) {
	for _, cnr := range []float64{math.NaN(), math.Inf(1), -2554544.93, 61} {
		g := plainGuide(t)
		a := g.Step(alignStart, dish.Reading{At: alignStart, Locked: true, CNR: dish.DB(cnr), Level: -2554544})
		if a.Now.Known || a.Best.Known || a.Level.Known || a.Voice != dish.VoiceNone {
			t.Errorf("%v dB: %+v", cnr, a)
		}
	}
}

func TestWrongSatelliteIsToldAndLeft(t *testing.T) {
	g := plainGuide(t)
	now := alignStart
	var a dish.Advice
	for range 100 {
		now = now.Add(100 * time.Millisecond)
		if a = g.Step(now, locked(now, 12, dish.IdentityWrong)); a.Voice != dish.VoiceWrong {
			t.Fatalf("voice of the wrong satellite: %+v", a)
		}
	}
	if a.Order.After != dish.DoWrong || a.Order.Do != dish.DoSweep || a.Best.Known {
		t.Fatalf("%+v", a)
	}
	// It is still there while the dish turns away, and stops nothing.
	now = now.Add(100 * time.Millisecond)
	if a = g.Step(now, locked(now, 12, dish.IdentityUnknown)); a.Order.Do != dish.DoSweep {
		t.Errorf("stopped by the same satellite: %+v", a)
	}
	now = now.Add(100 * time.Millisecond)
	_ = g.Step(now, dish.Reading{At: now, CNR: dish.DB(math.NaN())})
	now = now.Add(100 * time.Millisecond)
	if a = g.Step(now, locked(now, 8, dish.IdentityUnknown)); a.Order.Do != dish.DoHold {
		t.Errorf("not stopped by the next: %+v", a)
	}
}

// aligned brings a villager to the order; the seed is that of a case that gets there.
func aligned(t *testing.T, tight float64, until dish.Do) *villager {
	t.Helper()
	w := newWorld(scenes()[4], rand.New(rand.NewPCG(2, 3)))
	v := &villager{w: w, g: guideFor(t, w), trace: func(string, ...any) {}, tight: tight}
	v.align(t, until, 80)
	if v.last.Order.Do != until {
		t.Fatalf("never at %v: %+v", until, v.last)
	}
	return v
}

func TestTighteningIsVerified(t *testing.T) {
	v := aligned(t, 0.03, dish.DoDone)
	if v.last.Phase != dish.PhaseDone || v.last.Order.Lost > 0.3 {
		t.Errorf("%+v", v.last)
	}
	v = aligned(t, 0.5, dish.DoTighten)
	told := false
	v.follow("align.tighten", dish.Amount{Count: 1, Size: 1})
	for range 600 {
		a := v.step(false)
		told = told || a.Order.After == dish.DoSlack
	}
	if !told || v.last.Phase == dish.PhaseDone {
		t.Errorf("half a degree of slack is not told: %+v", v.last)
	}
}

// TestTurnedTheWrongWay: one move of the last phase goes left instead of right.
func TestTurnedTheWrongWay(t *testing.T) {
	w := newWorld(scenes()[4], rand.New(rand.NewPCG(2, 3)))
	v := &villager{w: w, g: guideFor(t, w), trace: func(string, ...any) {}, mislead: 11}
	x, y := v.align(t, dish.DoTighten, 60)
	if math.Hypot(x, y) > 0.1 || v.moves > goalMoves || v.late == 0 {
		t.Errorf("%d moves, %.3f off, %d turns the wrong way", v.moves, math.Hypot(x, y), v.late)
	}
}

// TestSignalLostIsSoughtAgain: somebody kicks the dish while it is nearly done.
func TestSignalLostIsSoughtAgain(t *testing.T) {
	v := aligned(t, 0, dish.DoTighten)
	v.w.true0[0] += 3
	v.tight = 0
	v.follow("align.tighten", dish.Amount{Count: 1, Size: 1})
	x, y := v.align(t, dish.DoDone, 120)
	if v.last.Order.Do != dish.DoDone || math.Hypot(x, y) > 0.3 {
		t.Errorf("%v moves, %.2f %.2f off: %+v", v.moves, x, y, v.last)
	}
}

// TestGuideAlwaysHasAnOrder: whatever comes, in any order, there is one sentence in the
// catalogue, the view is within its bounds, and a number is never older than a second.
func TestGuideAlwaysHasAnOrder(t *testing.T) {
	words := []*text.Catalogue{text.New("zh"), text.New("en")}
	rapid.Check(t, func(rt *rapid.T) {
		g := plainGuide(t)
		now, at := alignStart, alignStart
		for range rapid.IntRange(1, 100).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(rt, "ms")) * time.Millisecond)
			r := dish.Reading{Locked: rapid.Bool().Draw(rt, "lock"), CNR: dish.DB(rapid.Float64().Draw(rt, "cnr")), Level: dish.DB(rapid.Float64().Draw(rt, "level")),
				Right: dish.Identity(rapid.IntRange(0, 2).Draw(rt, "right")), Moved: rapid.Bool().Draw(rt, "moved")}
			if rapid.Bool().Draw(rt, "plain") {
				r.CNR = dish.DB(rapid.Float64Range(0, 18).Draw(rt, "plain cnr"))
			}
			if rapid.Bool().Draw(rt, "fresh") {
				r.At, at = now, now
			}
			a := g.Step(now, r)
			if a.Now.Known && now.Sub(at) > dish.StaleAfter {
				rt.Fatalf("a number of %v ago is shown: %+v", now.Sub(at), a)
			}
			for _, c := range words {
				checkView(rt, c, a)
			}
		}
	})
}

func checkView(t interface{ Fatalf(string, ...any) }, c *text.Catalogue, a dish.Advice) {
	for _, k := range []string{a.Order.Key(), a.Order.Amount.Key()} {
		if !c.Has(k) {
			t.Fatalf("%q is not in the catalogue", k)
		}
	}
	lines := strings.Split(dish.AlignView(c, a), "\n")
	if len(lines) < 3 || len(lines) > dish.ViewLines {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for _, l := range lines {
		if wide(l) > dish.ViewWidth {
			t.Fatalf("%d cells: %q", wide(l), l)
		}
	}
}

// wide counts every sign beyond Latin as two cells.
func wide(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x2E80 || r == '“' || r == '”' || r == '±' || r == '°' {
			n++
		}
	}
	return n
}

func TestAlignView(t *testing.T) {
	zh, en := text.New("zh"), text.New("en")
	a := dish.Advice{Phase: dish.PhasePeak, Moves: 12, Now: dish.Bar{Known: true, CNR: 8}, Best: dish.Bar{Known: true, CNR: 12.5}, Voice: dish.VoiceSignal,
		Offset: dish.Gauge{Known: true, Angle: 0.31, Error: 0.06},
		Order:  dish.Order{Do: dish.DoTurn, Amount: dish.Amount{Unit: dish.Fingers, Count: 2, Size: dish.FingerWidth}}}
	stale := a
	stale.Stale, stale.Now, stale.Offset, stale.Order = true, dish.Bar{}, dish.Gauge{}, dish.Order{Do: dish.DoWaitForReadings}
	tests := []struct {
		name string
		c    *text.Catalogue
		a    dish.Advice
		want string
	}{
		{"zh", zh, a, "现在 [##########....|.........] 8.0 dB  偏 0.31°±0.06\n最好 [###############.........] 12.5 dB  细调, 第 12 步\n站在天线背后，把天线向左转2 指宽（4°）"},
		{"en", en, a, "now  [##########....|.........] 8.0 dB  off 0.31°±0.06\nbest [###############.........] 12.5 dB  peak, move 12\nFrom behind: turn the dish LEFT by 2 fingers (4°)"},
		{"stale", en, stale, "now  [..............|.........] unknown  no new reading\nbest [###############.........] 12.5 dB  peak, move 12\nReadings have stopped: wait, look at the receiver"},
	}
	for _, tt := range tests {
		if got := dish.AlignView(tt.c, tt.a); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestEveryInstructionFitsTheView: all sentences with all that can be told before.
func TestEveryInstructionFitsTheView(t *testing.T) {
	for _, c := range []*text.Catalogue{text.New("zh"), text.New("en")} {
		for do := dish.DoTurn; do <= dish.DoWaitForReadings; do++ {
			for after := dish.DoWaitForReadings; after <= dish.DoAgain; after++ {
				for unit := dish.Fingers; unit <= dish.PoleEnd; unit++ {
					for _, mark := range []bool{true, false} {
						o := dish.Order{Do: do, FromMark: mark, After: after, Amount: dish.Amount{Unit: unit, Count: 12.5, Size: 0.095}}
						checkView(t, c, dish.Advice{Order: o, Moves: 40})
						shown := strings.ReplaceAll(strings.Join(strings.Split(dish.AlignView(c, dish.Advice{Order: o}), "\n")[2:], ""), " ", "")
						if said := strings.ReplaceAll(o.Say(c), " ", ""); shown != said {
							t.Errorf("cut off: %q of %q", shown, said)
						}
					}
				}
			}
		}
	}
}
