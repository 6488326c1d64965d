package dish

import (
	"math"
	"slices"
	"time"
)

func seconds(s float64) time.Duration { return time.Duration(math.Round(s)) * time.Second }

// lasting judges what is still there at the end.
func (t *trace) lasting(e event) Verdict {
	end := t.at[len(t.at)-1] - min(lastSpan, t.span(e)/2)
	last := func(i int) bool { return t.at[i] >= end }
	lost := where(t.loss, func(i int) bool { return last(i) && t.lock[i] })
	level := median(where(t.level, last))
	if !t.known || math.IsNaN(level) {
		return verdict(CauseUnknown, t.since(e), 0, Clue{"cnr_down", median(where(t.smooth, last))}, Clue{"no_level", 0})
	}
	if 2*len(lost) < len(where(t.loss, last)) {
		return t.dark(e, level)
	}
	loss := median(lost)
	share := level / t.whenPointing(loss)
	switch {
	case loss < t.begun: // it has just ended
		return t.passing(e)
	case share >= t.alone(e, loss):
		return t.moved(e, loss, level, share)
	case t.wet(e, share):
		return t.weather(e, t.share(func(i int) bool { return t.bad[i] }))
	}
	return t.noisy(e, loss, level)
}

// alone is from which share on only the signal fell. Rain and snow that are not over come
// near to it; there it must be as much as the level can tell.
func (t *trace) alone(e event, loss float64) float64 {
	if t.CBand || t.sudden(e) && t.steady(e) {
		return aligned
	}
	return max(aligned, alignedWell+levelError/t.whenPointing(loss))
}

// wet says whether what lasts may be rain or snow that is not over.
func (t *trace) wet(e event, share float64) bool {
	return share > 0.25 && !t.CBand && !(t.sudden(e) && t.steady(e))
}

// settled says whether C/N has been the same since a moment.
func (t *trace) settled(since float64) bool {
	v := where(t.smooth, func(i int) bool { return t.at[i] >= since && t.lock[i] })
	slices.Sort(v)
	n := len(v)
	return n == 0 || v[n-1-n/10]-v[n/10] <= max(trigger, 6*t.sigma)
}

// steady says whether what is left stays as it came: C/N, or the level where lock is lost.
// No rain and no snow do.
func (t *trace) steady(e event) bool {
	const unrest = 0.8 // a step of the level, and what temperature does to it
	_, risen := t.rise(e)
	after := func(i int) bool { return i <= e.last && t.at[i] > risen+300 }
	for _, v := range [][]float64{where(t.even, after), where(t.smooth, func(i int) bool { return after(i) && t.lock[i] })} {
		slices.Sort(v)
		if n := len(v); n > 0 && v[n-1-n/10]-v[n/10] > max(unrest, 6*t.sigma) {
			return false
		}
	}
	return true
}

// sudden says whether the loss came within a few minutes and then stayed.
func (t *trace) sudden(e event) bool {
	low, high := t.rise(e)
	return high-low <= atOnce
}

// rise returns when a fifth and when four fifths of the loss at the end were first
// there to stay for a while.
func (t *trace) rise(e event) (low, high float64) {
	final := median(t.smooth[max(e.first, e.last-10) : e.last+1])
	crossed := func(part float64) float64 {
		i := slices.IndexFunc(t.smooth[e.first:], func(v float64) bool { return v >= part*final })
		return t.at[e.first+max(i, 0)]
	}
	return crossed(0.2), crossed(0.8)
}

// dark judges a lock that is lost for good, by the level alone.
func (t *trace) dark(e event, level float64) Verdict {
	clues := []Clue{{"no_lock", 0}, {"level_down", -level}}
	least := float64(t.Clear - t.Threshold)
	signal := math.Pow(10, level/10)*(t.clear+1) - 1
	left := 10 * math.Log10(max(signal, 1e-3)) // C/N, if nothing but the signal fell
	switch {
	case level > (t.whenNoisy(least)+t.whenTurned(least))/2:
		margin := 0.4 + level/2
		if t.CBand && t.span(e) < weatherLasts { // a base station sends for hours as well
			margin = min(margin, 0.2)
		}
		return verdict(CauseLNB, t.since(e), margin, Clue{"no_lock", 0}, Clue{"level_not_down", level})
	case left > float64(t.Threshold)+0.5 && (t.CBand || t.fell(e, level) && t.steady(e)): // rain and snow make noise as well, but not at once
		return verdict(CauseSkew, t.since(e), (left-float64(t.Threshold))/4, append(clues, Clue{"level_says", left})...)
	case level < t.whenPointing(least+15):
		return verdict(CauseUnknown, t.since(e), 0, append(clues, Clue{"nothing_left", level})...)
	}
	// Without a lock C/N does not tell of noise: how it came to this does.
	before := t.share(func(i int) bool { return t.bad[i] })
	only := left <= float64(t.Threshold)+0.8 // the level fell by as much as it takes to lose the lock
	switch {
	case only && (t.CBand || t.fell(e, level) || before >= aligned):
		return t.moved(e, least, level, 1)
	case t.span(e) < weatherLasts && before > quiet:
		return t.weather(e, before)
	}
	return verdict(CauseUnknown, t.since(e), 0, clues...)
}

// fell says whether two thirds of the level was lost from one sample to the next but one.
func (t *trace) fell(e event, level float64) bool {
	for i := max(e.first-3, 1); i < min(e.first+5, len(t.level)-1); i++ {
		if t.level[i+1]-t.level[i-1] < 0.65*level {
			return true
		}
		// Of less than a few steps of the level: three readings on either side.
		if i < 3 || i+4 > len(t.level) {
			continue
		}
		before, after := mean(t.level[i-3:i]), mean(t.level[i+1:i+4])
		if math.Abs(before) < 1.5*levelError && math.Abs(after-level) < 1.5*levelError && level < fallen {
			return true
		}
	}
	return false
}

// moved judges a signal that fell without noise, for good.
func (t *trace) moved(e event, loss, level, share float64) Verdict {
	clues := []Clue{{"cnr_down", loss}, {"level_down", -level}, {"no_noise", share}, {"to_stay", t.span(e) / 3600}}
	// A storm is told by what was worse for a while.
	worst := 0.0
	for i := e.first; i <= e.last; i++ {
		if t.bad[i] {
			worst = max(worst, t.smooth[i]-loss, level-t.even[i])
		}
	}
	low, high := t.rise(e)
	end := t.at[len(t.at)-1] - lastSpan
	other := median(where(t.other, func(i int) bool { return t.at[i] >= end && t.lock[i] }))
	switch {
	case other < loss/3: // a dish that moved takes both
		return verdict(CauseUnknown, t.since(e), 0, append(clues, Clue{"other_kept", other})...)
	case worst > deeper && !t.CBand && !t.settled(end): // the storm is not over
		return t.weather(e, share)
	case worst > deeper:
		return verdict(CauseRainThenStep, t.movedAt(e), worst/deeper-0.5, append(clues, Clue{"worse_before", worst})...)
	case high-low > slow:
		return verdict(CauseSag, t.sagSince(e), 0.3+share/2, append(clues, Clue{"slowly", (high - low) / 3600})...)
	case high-low > atOnce && !t.CBand:
		return verdict(CauseRainThenStep, t.movedAt(e), 0.1, append(clues, Clue{"slowly", (high - low) / 3600})...)
	case t.span(e) < brief/2:
		return verdict(CauseUnknown, t.since(e), 0, clues...)
	}
	return verdict(CauseStep, t.since(e), 1-math.Abs(1-share), append(clues, Clue{"at_once", (high - low) / 60})...)
}

// movedAt returns when a storm moved the dish: the level fell from one sample to the next,
// and neither before nor after; or else when what is left was reached.
func (t *trace) movedAt(e event) float64 {
	final := median(t.smooth[max(e.first, e.last-10) : e.last+1])
	settled := e.last
	for settled > e.first && t.smooth[settled] <= final+trigger {
		settled--
	}
	const near = 3
	at, most := settled, -0.4
	for i := e.first + near; i <= settled+near && i+near <= e.last; i++ {
		fall := t.level[i] - t.level[i-1]
		if t.level[i-1]-t.level[i-near] > -0.3 && t.level[i+near]-t.level[i] > -0.3 && fall < most {
			at, most = i, fall
		}
	}
	return t.at[at]
}

// sagSince returns when a mast began to give way that leans by the same angle every
// hour: the root of the loss is a line over time.
func (t *trace) sagSince(e event) float64 {
	var n, sx, sy, sxx, sxy float64
	for i := e.first; i <= e.last; i++ {
		if t.lock[i] && t.smooth[i] > trigger {
			x, y := t.at[i]-t.at[e.first], math.Sqrt(t.smooth[i])
			n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
		}
	}
	slope := (n*sxy - sx*sy) / max(n*sxx-sx*sx, 1e-9)
	if n < 10 || slope <= 0 {
		return t.at[e.first]
	}
	return max(t.at[0], t.at[e.first]+sx/n-sy/n/slope)
}

// change is by how much the level changed, from all of what was before to all of what came
// after: over hours and their temperatures the mean is finer than the tuner's steps. It is
// false when there is too little of either, or the temperature is unknown.
func (t *trace) change(e event) (by float64, ok bool) {
	const apart, few = 600, 20
	_, risen := t.rise(e)
	before := where(t.level, func(i int) bool {
		return t.at[i] < t.at[e.first]-apart && math.Abs(t.loss[i]) < normal && !math.IsNaN(t.temp[i])
	})
	after := where(t.level, func(i int) bool { return t.at[i] > risen+apart && !math.IsNaN(t.temp[i]) })
	return mean(after) - mean(before), len(before) >= few && len(after) >= few
}

// noisy judges C/N that fell for good by more than the level says.
func (t *trace) noisy(e event, loss, level float64) Verdict {
	lnb, skew := t.whenNoisy(loss), t.whenTurned(loss) // tenths of a dB apart
	unsure := levelSpread
	if v, ok := t.change(e); ok {
		level, unsure = v, levelSpread/3
	}
	clues := []Clue{{"cnr_down", loss}, {"to_stay", t.span(e) / 3600}}
	turned := math.Abs(level-skew) - math.Abs(level-lnb) // < 0: rather the feed
	if t.sudden(e) {
		turned -= unsure
	} else {
		turned += unsure
	}
	if turned < 0 {
		return verdict(CauseSkew, t.since(e), -turned, append(clues, Clue{"level_down", -level})...)
	}
	return verdict(CauseLNB, t.since(e), 0.2+turned, append(clues, Clue{"level_not_down", level})...)
}

// passing judges what was over before the end.
func (t *trace) passing(e event) Verdict {
	share := t.share(func(i int) bool { return e.bad[i] })
	level := median(where(t.level, func(i int) bool { return e.bad[i] }))
	switch {
	case math.IsNaN(share):
		return t.unlocked(e, level)
	case share < quiet && level < fallen: // noise takes no level away; the lock was lost too soon to show more
		return t.weather(e, share)
	case share < quiet && t.CBand:
		return verdict(CauseFiveG, t.since(e), 0.2, Clue{"level_not_down", level}, Clue{"lasted", t.span(e) / 60})
	case share < quiet:
		return verdict(CauseUnknown, t.since(e), 0, Clue{"level_not_down", level}, Clue{"lasted", t.span(e) / 60})
	case share > 0.92 && t.goesOn(e):
		return t.begins(e, share)
	case share > 0.92:
		return verdict(CauseObstruction, t.since(e), 0.1, Clue{"no_noise", share}, Clue{"lasted", t.span(e) / 60})
	}
	return t.weather(e, share)
}

// goesOn says whether the log ends within the event.
func (t *trace) goesOn(e event) bool { return e.last >= len(t.at)-2 }

// begins judges a signal that fell without noise less than an hour ago and has not come
// back. What stands in the way for half an hour and does not move a hair is rare: then
// the dish was moved, and before that nobody can tell.
func (t *trace) begins(e event, share float64) Verdict {
	clues := []Clue{{"no_noise", share}, {"lasted", t.span(e) / 60}}
	if t.span(e) >= brief/2 && t.sudden(e) && t.steady(e) {
		return verdict(CauseStep, t.since(e), 0.2, clues...)
	}
	return verdict(CauseUnknown, t.since(e), 0, clues...)
}

// unlocked judges less than an hour without lock: by the level, when that fell at once,
// stays, and cannot be rain.
func (t *trace) unlocked(e event, level float64) Verdict {
	if t.known && !math.IsNaN(level) && t.goesOn(e) && t.steady(e) {
		switch v := t.dark(e, level); v.Cause {
		case CauseLNB, CauseSkew:
			v.Confidence = min(v.Confidence, 0.7)
			return v
		}
	}
	return t.weather(e, math.NaN())
}

// weather tells rain from wet snow: snow sticks near freezing and takes hours to go.
func (t *trace) weather(e event, share float64) Verdict {
	spell := t.longest(e)
	warmest := slices.Max(append(where(t.temp, func(i int) bool { return e.bad[i] }), -100))
	clues := []Clue{{"cnr_down", slices.Max(t.smooth)}, {"noise_too", share}, {"lasted", spell / 60}, {"temperature", warmest}}
	long := spell / snowLasts
	if warmest < snowWarm && long > 1 {
		return verdict(CauseSnow, t.since(e), long-0.7, clues...)
	}
	margin := 0.9
	if warmest < snowWarm {
		margin = 1.2 - long
	}
	if t.CBand { // rain of the tropics would be needed
		margin = min(margin, 0.2)
	}
	return verdict(CauseRain, t.since(e), margin, clues...)
}

// longest is the longest spell of the event, short breaks included.
func (t *trace) longest(e event) (most float64) {
	from, last := -1, -1
	for i, b := range e.bad {
		if !b {
			continue
		}
		if from < 0 || t.at[i]-t.at[last] > sideBySide {
			from = i
		}
		last = i
		most = max(most, t.at[i]-t.at[from])
	}
	return most
}
