package witness

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sentences are levels of a film that speaks and pauses, in LUFS at ten a second.
func sentences(blocks int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 9))
	var c []float64
	for len(c) < blocks {
		loud := -23 + 4*r.NormFloat64()
		for range 10 + r.IntN(40) {
			c = append(c, loud+3*r.NormFloat64())
		}
		for range 4 + r.IntN(12) {
			c = append(c, -60)
		}
	}
	return c[:blocks]
}

func traceOfLevels(c []float64) Trace {
	var tr Tracer
	for i, v := range smoothed(c) {
		tr.Loud(time.Duration(i+1)*FineStep, v)
	}
	return tr.Trace([32]byte{})
}

// TestDelayAndGainDoNotMatter holds for every delay of up to two seconds and every
// gain that leaves the film above the noise and below full scale.
func TestDelayAndGainDoNotMatter(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		film := sentences(600, rapid.Uint64().Draw(r, "film"))
		delay := rapid.IntRange(0, 20).Draw(r, "delay")
		gain := rapid.Float64Range(-45, 10).Draw(r, "gain")
		h := NewHearing(traceOfLevels(film))
		var last Window
		for i := range film {
			level := -90.0
			if i >= delay {
				level = 10 * math.Log10(math.Pow(10, -9)+math.Pow(10, (film[i-delay]+gain)/10))
			}
			if w, ok := h.Hear(time.Duration(i+1)*FineStep, level); ok {
				last = w
			}
		}
		away := last.Lag - time.Duration(delay)*FineStep
		if last.Heard != WasHeard || away < -FineStep || away > FineStep {
			r.Fatalf("%+v, delay %d", last, delay)
		}
	})
}

// TestWhatCannotBeKnown names why.
func TestWhatCannotBeKnown(t *testing.T) {
	film := sentences(600, 1)
	flat := make([]float64, 600)
	for i := range flat {
		flat[i] = -23
	}
	noise := func(int) float64 { return -55 }
	tests := []struct {
		name  string
		trace Trace
		mic   func(i int) float64
		heard Heard
		why   Reason
	}{
		{"no trace", Trace{}, noise, Unknown, Flat},
		{"tone in the film", traceOfLevels(flat), noise, Unknown, Flat},
		{"nothing from the microphone", traceOfLevels(film), func(int) float64 { return math.Inf(-1) }, Unknown, Deaf},
		{"no numbers from it", traceOfLevels(film), func(int) float64 { return math.NaN() }, Unknown, Deaf},
		{"quiet room", traceOfLevels(film), noise, NotHeard, ""},
		{"other voices", traceOfLevels(film), func(i int) float64 { return sentences(600, 7)[i] - 20 }, Unknown, Drowned},
	}
	for _, tt := range tests {
		h := NewHearing(tt.trace)
		for i := range 400 {
			w, ok := h.Hear(time.Duration(i+1)*FineStep, tt.mic(i))
			if ok && (w.Heard != tt.heard || w.Why != tt.why) {
				t.Errorf("%s: %+v", tt.name, w)
			}
		}
	}
}

// TestSoundThatGoesInMidLesson: the room talks, but the film was 20 dB louder.
func TestSoundThatGoesInMidLesson(t *testing.T) {
	film, voices := sentences(1200, 1), sentences(1200, 2)
	h := NewHearing(traceOfLevels(film))
	for i := range film {
		level := voices[i] - 45
		if i < 600 {
			level = film[i] - 15
		}
		w, ok := h.Hear(time.Duration(i+1)*FineStep, level)
		if ok && i < 600 && w.Heard != WasHeard || ok && i >= 900 && w.Heard != NotHeard {
			t.Errorf("%+v", w)
		}
	}
	if s := h.Share(); s.Heard < 3 || s.NotHeard < 3 {
		t.Errorf("%+v", s)
	}
}

// TestSeekBeginsAnew: no window spans a jump.
func TestSeekBeginsAnew(t *testing.T) {
	film := sentences(1200, 1)
	h, n := NewHearing(traceOfLevels(film)), 0
	for i := range 290 {
		_, _ = h.Hear(time.Duration(i+1)*FineStep, film[i]-20)
	}
	for i := 600; i < 1000; i++ {
		w, ok := h.Hear(time.Duration(i+1)*FineStep, film[i]-20)
		if ok && (w.From < 60*time.Second || w.Heard != WasHeard) {
			t.Errorf("%+v", w)
		}
		if ok {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d windows", n)
	}
}

func TestVerdictOfALesson(t *testing.T) {
	tests := []struct {
		s    Share
		want Heard
	}{
		{Share{}, Unknown},
		{Share{Heard: 2}, Unknown},
		{Share{Heard: 3}, WasHeard},
		{Share{Heard: 20, NotHeard: 5, Unknown: 50}, WasHeard},
		{Share{NotHeard: 5}, Unknown},
		{Share{NotHeard: 6}, NotHeard},
		{Share{Heard: 4, NotHeard: 8}, NotHeard},
		{Share{Unknown: 40, Why: map[Reason]int{Flat: 20, Deaf: 20}}, Unknown},
		{Share{Unknown: 30, Why: map[Reason]int{Drowned: 25, Doubtful: 5}}, NotHeard},
		{Share{Heard: 1, Unknown: 30, Why: map[Reason]int{Drowned: 30}}, Unknown},
	}
	for _, tt := range tests {
		if got := tt.s.Verdict(); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.s, got, tt.want)
		}
	}
}

// TestLevelsAreNotKept: however long the lesson, thirty seconds are held.
func TestLevelsAreNotKept(t *testing.T) {
	h := NewHearing(Trace{})
	for i := range 100_000 {
		_, _ = h.Hear(time.Duration(i+1)*FineStep, -40)
	}
	if len(h.levels) >= windowBlocks || cap(h.levels) > 4*windowBlocks {
		t.Errorf("%d of %d", len(h.levels), cap(h.levels))
	}
}

func BenchmarkWindow(b *testing.B) {
	film := sentences(3000, 1)
	tr := traceOfLevels(film)
	for b.Loop() {
		compare(tr, 150*time.Second, film[1200:1500])
	}
}
