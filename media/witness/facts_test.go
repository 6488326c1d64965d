package witness_test

import (
	"image"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/media/witness"
)

var nan = math.NaN()

// knownFilm is dark from 100 to 130 s, still from 200 to 300 s, silent from 300 to 400 s.
func knownFilm() witness.Trace {
	var tr witness.Tracer
	for i := 1; i <= 6000; i++ {
		lufs := -23.0
		if i > 3000 && i <= 4000 {
			lufs = -90
		}
		tr.Loud(time.Duration(i)*witness.FineStep, lufs)
	}
	tr.Dark(100*time.Second, 130*time.Second)
	tr.Still(200*time.Second, 300*time.Second)
	return tr.Trace([32]byte{})
}

func near(got, want, by float64) bool { return math.Abs(got-want) <= by }

// play feeds a sample a second.
func play(f *witness.Facts, from, to int, luma, motion, loud float64) {
	for s := from; s < to; s++ {
		at := time.Duration(s) * time.Second
		f.Add(witness.Sample{At: at, Film: at, Luma: luma, Motion: motion, Loud: loud})
	}
}

func TestFacts(t *testing.T) {
	f := witness.NewFacts(knownFilm(), witness.Limits{})
	play(f, 0, 40, 0.5, 0.1, -20)
	play(f, 40, 45, 0.01, 0, -20)   // shorter than the limit
	play(f, 45, 60, 0.5, 0.1, -20)  //
	play(f, 60, 81, 0.01, 0, -20)   // 20 s black that the film is not
	play(f, 81, 100, 0.5, 0.1, -20) //
	play(f, 100, 131, 0.01, 0, -20) // the film's own
	play(f, 131, 200, 0.5, 0.1, nan)
	play(f, 200, 301, 0.5, 0, -20) // the film's own
	play(f, 301, 401, 0.5, 0.1, -90)
	play(f, 401, 442, 0.5, 0, -90) // 40 s frozen and silent
	if l := f.Lasting(); l.Black != 0 || l.Frozen < 35*time.Second || l.Silent < 35*time.Second {
		t.Errorf("%+v", l)
	}
	play(f, 442, 500, 0.5, 0.1, -20)
	s := f.Summary()
	t.Logf("%+v", s)
	if !near(s.BlackS, 20, 0.1) || s.BlackTimes != 1 || !near(s.FrozenS, 40, 1) || s.FrozenTimes != 1 || !near(s.SilentS, 40, 4) || s.SilentTimes != 1 {
		t.Error("faults")
	}
	if !near(s.FilmBlackS, 30, 3) || !near(s.FilmStillS, 100, 6) || !near(s.FilmSilentS, 100, 8) {
		t.Error("the film's own")
	}
	if !near(s.SeenS, 499, 0.1) || !near(s.HeardS, 499-70, 1) || s.MaxLUFS != -20 || !near(s.LongestFault, 40, 4) {
		t.Error("totals")
	}
	if want := 1 - (5+21+31+101+41)/500.0; !near(s.MotionShare, want, 0.01) {
		t.Errorf("motion %.3f, want %.3f", s.MotionShare, want)
	}
	if l := f.Lasting(); l != (witness.Lasting{}) {
		t.Errorf("%+v", l)
	}
}

// A pause between two sentences of the film excuses no silence that goes on.
func TestSilenceOfAFilmThatSpeaksInSentences(t *testing.T) {
	var tr witness.Tracer
	for i := 1; i <= 6000; i++ {
		lufs := -23.0
		if i%40 < 10 { // a second of four
			lufs = -90
		}
		tr.Loud(time.Duration(i)*witness.FineStep, lufs)
	}
	f := witness.NewFacts(tr.Trace([32]byte{1}), witness.Limits{})
	play(f, 0, 200, 0.5, 0.1, -23)
	play(f, 200, 260, 0.5, 0.1, -90)
	play(f, 260, 300, 0.5, 0.1, -23)
	if s := f.Summary(); !near(s.SilentS, 59, 0.1) || s.FilmSilentS != 0 {
		t.Errorf("%+v", s)
	}
}

// TestBlackIsAFaultWithoutATrace, as nobody can say that the film is so.
func TestBlackIsAFaultWithoutATrace(t *testing.T) {
	f := witness.NewFacts(witness.Trace{}, witness.Limits{})
	play(f, 100, 131, 0, 0, nan)
	if s := f.Summary(); !near(s.BlackS, 30, 0.1) || s.FrozenS != 0 || s.MeanLUFS != witness.Silence {
		t.Errorf("%+v", s)
	}
}

// TestRareLooks: a look every twenty seconds, every five while it is dark, is
// enough; two looks that are far apart say nothing of the time between.
func TestRareLooks(t *testing.T) {
	f := witness.NewFacts(witness.Trace{}, witness.Limits{})
	for _, s := range []int{0, 20, 40, 45, 50, 55, 60, 80, 200, 400} {
		luma := 0.5
		if s >= 40 && s <= 60 || s >= 200 {
			luma = 0.02
		}
		f.Add(witness.Sample{At: time.Duration(s) * time.Second, Luma: luma, Motion: nan, Loud: nan})
	}
	if s := f.Summary(); !near(s.BlackS, 20, 0.1) || s.BlackTimes != 1 || !near(s.SeenS, 80, 0.1) {
		t.Errorf("%+v", s)
	}
}

// TestFactsAddUp: whatever comes, no part is longer than the whole, and what is not
// known is nobody's fault.
func TestFactsAddUp(t *testing.T) {
	value := rapid.OneOf(rapid.Float64Range(-100, 1), rapid.Just(nan), rapid.Float64())
	rapid.Check(t, func(r *rapid.T) {
		f := witness.NewFacts(knownFilm(), witness.Limits{Black: time.Second})
		at, blind := time.Duration(0), rapid.Bool().Draw(r, "blind")
		for range rapid.IntRange(0, 80).Draw(r, "n") {
			at += time.Duration(rapid.IntRange(-1000, 50_000).Draw(r, "gap")) * time.Millisecond
			s := witness.Sample{At: at, Film: at, Luma: value.Draw(r, "luma"), Motion: value.Draw(r, "motion"), Loud: value.Draw(r, "loud")}
			if blind {
				s.Luma, s.Motion, s.Loud = nan, nan, nan
			}
			f.Add(s)
		}
		s := f.Summary()
		whole := max(0, s.SeenS) + 0.001
		if s.BlackS+s.FilmBlackS > whole || s.MotionShare < 0 || s.MotionShare > 1 || s.SilentS+s.FilmSilentS > s.HeardS+0.001 {
			r.Fatalf("%+v", s)
		}
		if blind && (s.BlackS+s.FrozenS+s.SilentS+s.SeenS+s.HeardS > 0) {
			r.Fatalf("%+v", s)
		}
	})
}

func TestEye(t *testing.T) {
	const w, h = 320, 180
	pix := make([]byte, w*h)
	var e witness.Eye
	see := func() (float64, float64) { return e.See(pix, w, image.Rect(0, 0, w, h)) }
	if l, m := see(); l != 0 || !math.IsNaN(m) {
		t.Error(l, m)
	}
	for i := range 30 { // a speck is nothing
		pix[i] = 255
	}
	if l, m := see(); l > witness.BlackLuma || m >= witness.StillMotion {
		t.Error(l, m)
	}
	for i := range 600 { // a line of text is something
		pix[i] = 200
	}
	if l, _ := see(); l < 0.7 {
		t.Error(l)
	}
	for i := range pix {
		pix[i] = 200
	}
	if _, m := see(); m < 0.7 {
		t.Error(m)
	}
	if l, m := see(); m != 0 || l < 0.7 {
		t.Error(l, m)
	}
	if l, m := e.See(pix[:10], w, image.Rect(0, 0, w, h)); !math.IsNaN(l) || !math.IsNaN(m) {
		t.Error(l, m)
	}
}
