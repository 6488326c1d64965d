package witness

import (
	"math"
	"time"
)

// Sample is what was found at one moment of a lesson. NaN is: not known.
type Sample struct {
	At     time.Duration // since the lesson began, by a clock that never steps
	Film   time.Duration // where in the film the player was
	Luma   float64       // 0 to 1; all but a thousandth of the picture stays below it
	Motion float64       // 0 to 1; mean difference to the picture before
	Loud   float64       // of what the player gives, LUFS or dBFS
}

// Limits say how long something must last before it is a fault. Zero is the usual:
// ten seconds of black, thirty without motion or sound.
type Limits struct{ Black, Frozen, Silent time.Duration }

// What counts as black, as standing still and as silence.
const (
	BlackLuma   = 0.07  // 18 of 255, a third of a per cent of the light: nobody sees anything
	StillMotion = 0.002 // half a level of 255: less is the noise of a coder
	SilentLUFS  = -60.0

	mostApart = 45 * time.Second // of two samples that tell what was between them
	slack     = 3 * time.Second  // of positions against what the trace says of the film
)

// Summary is what a record says of the picture and the sound. Stretches of the film
// that are black, still or silent by its own trace are counted apart: they are none
// of the station's faults.
type Summary struct {
	SeenS        float64 `json:"seen_s"` // of which a picture is known, seconds
	HeardS       float64 `json:"heard_s"`
	BlackS       float64 `json:"black_s"` // in stretches beyond the limit
	FrozenS      float64 `json:"frozen_s"`
	SilentS      float64 `json:"silent_s"`
	FilmBlackS   float64 `json:"film_black_s"`
	FilmStillS   float64 `json:"film_still_s"`
	FilmSilentS  float64 `json:"film_silent_s"`
	MeanLUFS     float64 `json:"mean_lufs"`    // mean power; Silence when nothing is known
	MaxLUFS      float64 `json:"max_lufs"`     // the same
	MotionShare  float64 `json:"motion_share"` // of SeenS, 0 to 1
	BlackTimes   int     `json:"black_times"`  // stretches
	FrozenTimes  int     `json:"frozen_times"`
	SilentTimes  int     `json:"silent_times"`
	LongestFault float64 `json:"longest_fault_s"` // of any kind
}

// Lasting is what is wrong right now, and for how long; 0 is: not, or not known.
type Lasting struct{ Black, Frozen, Silent time.Duration }

// Facts adds samples up. A film without a trace has no black of its own.
type Facts struct {
	trace                 Trace
	black, frozen, silent stretch
	filmBlack, filmStill  stretch
	filmSilent            stretch
	last                  Sample
	some                  bool
	seen, heard, moving   time.Duration
	power, weight, peak   float64
}

// NewFacts starts to add.
func NewFacts(t Trace, l Limits) *Facts {
	or := func(d, usual time.Duration) time.Duration {
		if d > 0 {
			return d
		}
		return usual
	}
	return &Facts{trace: t, peak: Silence, black: stretch{limit: or(l.Black, 10*time.Second)},
		frozen: stretch{limit: or(l.Frozen, 30*time.Second)}, silent: stretch{limit: or(l.Silent, 30*time.Second)}}
}

// Add takes a sample; samples come in order, one that is earlier is passed over.
func (f *Facts) Add(s Sample) {
	if f.some && s.At < f.last.At {
		return
	}
	gap := s.At - f.last.At
	if !f.some || gap > mostApart {
		gap = 0
	}
	dark, still, quiet := s.Luma < BlackLuma, s.Motion < StillMotion, s.Loud < SilentLUFS // false for NaN
	ownDark, ownStill, ownQuiet := f.trace.DarkAt(s.Film, slack), f.trace.StillAt(s.Film, slack), f.quiet(s.Film)
	f.black.see(s.At, dark && !ownDark)
	f.frozen.see(s.At, still && !dark && !ownStill)
	f.silent.see(s.At, quiet && !ownQuiet)
	f.filmBlack.see(s.At, dark && ownDark)
	f.filmStill.see(s.At, still && !dark && ownStill)
	f.filmSilent.see(s.At, quiet && ownQuiet)
	if known(s.Luma) && known(f.last.Luma) {
		f.seen += gap
		if s.Motion >= StillMotion {
			f.moving += gap
		}
	}
	if known(s.Loud) {
		if known(f.last.Loud) {
			f.heard += gap
		}
		f.power += math.Pow(10, max(s.Loud, Silence)/10)
		f.weight++
		f.peak = max(f.peak, s.Loud)
	}
	f.last, f.some = s, true
}

func known(v float64) bool { return !math.IsNaN(v) }

// quiet says whether the film itself is silent around a position: all of it, because
// a pause between two sentences does not excuse a silence that goes on.
func (f *Facts) quiet(film time.Duration) bool {
	if len(f.trace.Levels) == 0 {
		return false
	}
	for at := film - slack; at <= film+slack; at += 5 * FineStep {
		if f.trace.Loudness(at) >= SilentLUFS {
			return false
		}
	}
	return true
}

// Lasting is the state by the newest sample.
func (f *Facts) Lasting() Lasting {
	return Lasting{Black: f.black.lasting(), Frozen: f.frozen.lasting(), Silent: f.silent.lasting()}
}

// Summary is that of all samples so far, with what still lasts.
func (f *Facts) Summary() Summary {
	black, frozen, silent := f.black.ended(), f.frozen.ended(), f.silent.ended()
	out := Summary{SeenS: f.seen.Seconds(), HeardS: f.heard.Seconds(),
		BlackS: black.total.Seconds(), FrozenS: frozen.total.Seconds(), SilentS: silent.total.Seconds(),
		BlackTimes: black.times, FrozenTimes: frozen.times, SilentTimes: silent.times,
		FilmBlackS: f.filmBlack.ended().total.Seconds(), FilmStillS: f.filmStill.ended().total.Seconds(), FilmSilentS: f.filmSilent.ended().total.Seconds(),
		MeanLUFS: Silence, MaxLUFS: f.peak, LongestFault: max(black.longest, frozen.longest, silent.longest).Seconds()}
	if f.weight > 0 {
		out.MeanLUFS = 10 * math.Log10(f.power/f.weight)
	}
	if f.seen > 0 {
		out.MotionShare = f.moving.Seconds() / f.seen.Seconds()
	}
	return out
}

// stretch adds up how long something lasted, from the first sample that shows it to
// the last, where it lasted for its limit.
type stretch struct {
	limit          time.Duration
	on             bool
	since, last    time.Duration
	total, longest time.Duration
	times          int
}

func (s *stretch) see(at time.Duration, is bool) {
	if s.on && (!is || at-s.last > mostApart) {
		*s = s.ended()
	}
	if is && !s.on {
		s.on, s.since = true, at
	}
	s.last = at
}

func (s stretch) lasting() time.Duration {
	if !s.on {
		return 0
	}
	return s.last - s.since
}

// ended is the stretch if it ended with the last sample that showed it.
func (s stretch) ended() stretch {
	d := s.lasting()
	if s.on && d > 0 && d >= s.limit {
		s.total += d
		s.longest = max(s.longest, d)
		s.times++
	}
	s.on = false
	return s
}
