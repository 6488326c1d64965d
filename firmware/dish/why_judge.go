package dish

import (
	"math"
	"slices"
)

// What tells the causes apart. Times are seconds, levels and losses dB.
const (
	lastSpan     = 3600.0 // the state at the end
	cableDrop    = 2.5    // a level that falls by so much while C/N stays
	cableKeeps   = 1.0
	sunSpan      = 1500.0 // half of the longest sun outage
	jump         = 1.5    // C/N from one sample to the next, of interference
	fewJumps     = 4
	aligned      = 0.72   // share of the level that a dish loses with C/N when only the signal falls
	alignedWell  = 0.88   // the same, but for the error of the level
	fallen       = -0.6   // a level that fell
	levelError   = 0.25   // half a step of what tuners count in
	quiet        = 0.15   // the same when only noise rises
	slow         = 7200.0 // from a fifth to four fifths of the loss: a mast that gives way
	atOnce       = 400.0
	deeper       = 1.0 // than it stays: something came and went
	snowWarm     = 3.0 // °C above which snow does not stick
	snowLasts    = 3.2 * 3600
	weatherLasts = 15 * 3600.0 // longer than rain or snow on a dish
	brief        = 3600.0
	sideBySide   = 900.0 // seconds between spells that are one event
	levelSpread  = 0.35
)

// event is the bad samples that are judged.
type event struct {
	first, last int
	bad         []bool
}

// of returns the event of some samples; ok is false when there are none.
func eventOf(bad []bool) (event, bool) {
	e := event{first: slices.Index(bad, true), bad: bad}
	for i, b := range bad {
		if b {
			e.last = i
		}
	}
	return e, e.first >= 0
}

// judge asks one cause after the other, those that nothing else looks like first.
func (t *trace) judge() Verdict {
	if v, ok := t.cable(); ok {
		return v
	}
	e, ok := eventOf(t.bad)
	if !ok {
		return t.nothing()
	}
	if t.SunKnown {
		rest, more := eventOf(t.besideSun())
		if !more {
			return t.sun(e)
		}
		e = rest
	}
	if v, ok := t.flicker(e); ok {
		return v
	}
	if t.lasts(e) {
		return t.lasting(e)
	}
	return t.passing(e)
}

// besideSun returns the bad samples that no Sun explains: those away from its time, and
// all of a spell that began before the Sun came and went on after it.
func (t *trace) besideSun() []bool {
	bad := slices.Clone(t.bad)
	near := func(at float64) bool { return math.Abs(at-t.Sun.Seconds()) <= sunSpan }
	from := slices.IndexFunc(t.at, near)
	if from < 0 {
		return bad
	}
	to := from
	for to < len(t.at) && near(t.at[to]) {
		to++
	}
	if from > 0 && to < len(bad) && bad[from-1] && bad[to] {
		return bad
	}
	clear(bad[from:to])
	return bad
}

func (t *trace) span(e event) float64 { return t.at[e.last] - t.at[e.first] }

// since is when the event began: the loss was not yet bad then, but had begun.
func (t *trace) since(e event) float64 {
	i := e.first
	for i > 0 && t.smooth[i-1] > t.begun {
		i--
	}
	return t.at[i]
}

// verdict leaves out the clues without a figure.
func verdict(c Cause, at, margin float64, clues ...Clue) Verdict {
	clues = slices.DeleteFunc(clues, func(c Clue) bool { return math.IsNaN(c.Value) || math.IsInf(c.Value, 0) })
	if math.IsNaN(margin) {
		margin = 0
	}
	return Verdict{Cause: c, Onset: seconds(at), Confidence: 0.5 + 0.49*min(max(margin, 0), 1), Clues: clues}
}

// nothing is a clear sky, the surer the less C/N moved and if nothing was missed.
func (t *trace) nothing() Verdict {
	margin, clues := 1.5-slices.Max(t.smooth)/trigger, []Clue{{"steady", slices.Max(t.smooth)}}
	if t.SunKnown && !slices.ContainsFunc(t.at, func(at float64) bool { return math.Abs(at-t.Sun.Seconds()) < 300 }) {
		margin, clues = 0, append(clues, Clue{"sun_unseen", t.Sun.Seconds()})
	}
	return verdict(CauseClear, -1, margin, clues...)
}

// where returns the values at which keep holds.
func where(v []float64, keep func(i int) bool) (out []float64) {
	for i, x := range v {
		if keep(i) && !math.IsNaN(x) {
			out = append(out, x)
		}
	}
	return out
}

// cable looks for a level that fell while C/N stayed.
func (t *trace) cable() (Verdict, bool) {
	if !t.known {
		return Verdict{}, false
	}
	level := t.even
	kept := func(i int) bool { return t.lock[i] && t.smooth[i] < cableKeeps }
	low := where(level, func(i int) bool { return level[i] < -cableDrop && kept(i) })
	weak := where(level, func(i int) bool { return level[i] < -cableDrop })
	if len(low) < len(level)/50+5 || 10*len(low) < 9*len(weak) {
		return Verdict{}, false
	}
	first := slices.IndexFunc(level, func(v float64) bool { return v < -cableDrop/3 })
	drop := -median(low)
	return verdict(CauseCable, t.at[first], drop/cableDrop-1, Clue{"level_down", drop}, Clue{"cnr_kept", median(where(t.loss, kept))}), true
}

// sun is an outage at its foretold time.
func (t *trace) sun(e event) Verdict {
	level := median(where(t.level, func(i int) bool { return e.bad[i] }))
	if t.known && level < -1 { // the Sun is noise, and noise takes no level away
		return t.passing(e)
	}
	clues := []Clue{{"sun_foretold", t.Sun.Seconds()}, {"lasted", t.span(e) / 60}}
	return verdict(CauseSun, t.Sun.Seconds(), 0.9, append(clues, Clue{"level_not_down", level})...)
}

// flicker looks for noise that is switched on and off.
func (t *trace) flicker(e event) (Verdict, bool) {
	jumps, first := 0, -1
	for i := 1; i < len(t.loss); i++ {
		up, down := t.loss[i], t.loss[i-1]
		if math.Abs(up-down) > max(jump, 8*t.sigma) && min(up, down) < 2*trigger {
			jumps++
			if first < 0 {
				first = i
			}
		}
	}
	high := func(i int) bool { return t.loss[i] > jump }
	level := median(where(t.level, high))
	if jumps < fewJumps || t.known && level < fallen {
		return Verdict{}, false
	}
	clues := []Clue{{"switching", float64(jumps)}, {"level_not_down", level}}
	if !t.CBand {
		return verdict(CauseUnknown, t.at[first], 0, clues...), true
	}
	return verdict(CauseFiveG, t.at[first], float64(jumps)/12, clues...), true
}

// lasts says whether the end of the log is still bad.
func (t *trace) lasts(e event) bool {
	end := t.at[len(t.at)-1] - lastSpan
	bad, all := 0, 0
	for i, at := range t.at {
		if at >= end {
			all++
			if t.bad[i] {
				bad++
			}
		}
	}
	return 5*bad > 4*all && t.goesOn(e)
}

// predicted are the level changes that go with a loss of C/N.
func (t *trace) whenPointing(loss float64) float64 {
	return 10 * math.Log10((t.clear*math.Pow(10, -loss/10)+1)/(t.clear+1))
}

func (t *trace) whenNoisy(loss float64) float64 {
	return 10 * math.Log10((t.clear+math.Pow(10, loss/10))/(t.clear+1))
}

// whenTurned is for a feed: the other polarisation, as strong as ours, comes in.
func (t *trace) whenTurned(loss float64) float64 {
	// 1/(C/N) = 1/(clear·cos²) + tan², with 1/cos² = 1 + tan².
	tan2 := (math.Pow(10, loss/10) - 1) / (t.clear + 1)
	return 10 * math.Log10((t.clear/(1+tan2)+1)/(t.clear+1))
}

// share returns how much of the level that pointing alone would cost was lost, over the
// samples with lock that keep holds for: 1 for a dish that was moved, 0 for noise, between
// for rain and snow. NaN: not to be said.
func (t *trace) share(keep func(i int) bool) float64 {
	var up, down float64
	n := 0
	for i := range t.at {
		if !keep(i) || !t.lock[i] || math.IsNaN(t.level[i]) || t.loss[i] < trigger {
			continue
		}
		want := t.whenPointing(t.loss[i])
		up, down, n = up+want*t.level[i], down+want*want, n+1
	}
	if !t.known || n < 3 {
		return math.NaN()
	}
	return up / down
}
