package witness

import (
	"cmp"
	"crypto/sha256"
	"math"
	"slices"
	"time"
)

// mostFilm is the longest film that is traced; the library takes six hours.
const mostFilm = 24 * time.Hour

// Tracer makes a trace while a film is read. Its zero value is ready. It holds at
// most mostLevels levels and halves their number when there are more.
type Tracer struct {
	step   time.Duration
	powers []float32 // of the levels; a loudness of −70 is 1e-7
	parts  int       // how many are in the last one
	dark   []Span
	still  []Span
}

// Loud takes the momentary loudness at a position, the end of what it was measured
// over; positions come in order. What is no number is silence.
func (t *Tracer) Loud(at time.Duration, lufs float64) {
	if at <= 0 || at > mostFilm {
		return
	}
	t.step = max(t.step, FineStep)
	for t.slot(at) >= mostLevels {
		t.halve()
	}
	p := float32(0)
	if lufs > Silence {
		p = float32(math.Pow(10, min(lufs, 60)/10))
	}
	i := t.slot(at)
	if i < len(t.powers) {
		last := len(t.powers) - 1
		t.powers[last] += (p - t.powers[last]) / float32(t.parts+1)
		t.parts++
		return
	}
	for len(t.powers) < i {
		t.powers = append(t.powers, 0)
	}
	t.powers, t.parts = append(t.powers, p), 1
}

// slot is the step that a position ends in; a hundredth of a step is rounding.
func (t *Tracer) slot(at time.Duration) int { return max(0, int((at-t.step/100-1)/t.step)) }

func (t *Tracer) halve() {
	n := 0
	for i := 0; i < len(t.powers); i += 2 {
		p := t.powers[i]
		if i+1 < len(t.powers) {
			p = (p + t.powers[i+1]) / 2
		}
		t.powers[n] = p
		n++
	}
	t.powers, t.step = t.powers[:n], 2*t.step
}

// Dark takes a stretch where the picture is black.
func (t *Tracer) Dark(from, to time.Duration) { t.dark = add(t.dark, from, to) }

// Still takes a stretch where the picture does not move.
func (t *Tracer) Still(from, to time.Duration) { t.still = add(t.still, from, to) }

// add keeps the longest.
func add(list []Span, from, to time.Duration) []Span {
	if from < 0 || to <= from || to > mostFilm {
		return list
	}
	if n := len(list); n > 0 && from < list[n-1].To {
		return list // out of order, or twice
	}
	list = append(list, Span{from, to})
	if len(list) > mostSpans {
		shortest := slices.MinFunc(list, func(a, b Span) int { return cmp.Compare(a.To-a.From, b.To-b.From) })
		list = slices.DeleteFunc(list, func(s Span) bool { return s == shortest })
	}
	return list
}

// Trace is what was found of the film with that SHA-256.
func (t *Tracer) Trace(film [sha256.Size]byte) Trace {
	out := Trace{Film: film, Step: max(t.step, FineStep), Levels: make([]Level, len(t.powers)), Dark: slices.Clone(t.dark), Still: slices.Clone(t.still)}
	for i, p := range t.powers {
		out.Levels[i] = LevelOf(10 * math.Log10(float64(p)))
	}
	return out
}
