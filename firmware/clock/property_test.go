package clock

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// world is the truth beside the clock: a crystal that is off by up to the limit,
// power cuts, and restarts of the program.
type world struct {
	t     *rapid.T
	c     *Clock
	truth time.Time
	mono  time.Duration
	ppm   int64
	era   uint32
	last  time.Time     // shown last
	kept  time.Time     // newest that was saved or recorded
	slack time.Duration // by which a floor may be ahead: the error of what was saved
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, truth: start, ppm: rapid.Int64Range(-95, 95).Draw(t, "ppm"), era: 1}
	w.c = New(Opts{Built: start.Add(-time.Hour)})
	return w
}

// pass lets true time pass.
func (w *world) pass(d time.Duration) {
	w.truth = w.truth.Add(d)
	w.mono += d + d/1e6*time.Duration(w.ppm)
	w.look()
}

func (w *world) look() {
	s := w.c.Status(w.mono)
	if s.Era == w.era && s.Now.Before(w.last) {
		w.t.Fatalf("the time went back from %v to %v in era %d", w.last, s.Now, s.Era)
	}
	if s.Era < w.era {
		w.t.Fatalf("era %d after %d", s.Era, w.era)
	}
	w.era, w.last = s.Era, s.Now
}

// honest says that the truth lies within what the clock claims.
func (w *world) honest() {
	s := w.c.Status(w.mono)
	off := s.Now.Sub(w.truth)
	if s.Bound == Unbounded {
		// A floor is never ahead of the truth, but for the error it was saved with.
		if off > w.slack+grown(w.mono, crystal) {
			w.t.Fatalf("the floor is %v ahead of the truth", off)
		}
		return
	}
	if max(off, -off) > s.Bound {
		w.t.Fatalf("%v beside the truth, by its own account ±%v (%v, age %v)", off, s.Bound, s.Source, s.Age)
	}
}

// restart goes through the saved file: in the same power-on, or after a cut.
func (w *world) restart(cut bool) {
	s := w.c.snapshot(w.mono)
	s.Boot = "b"
	w.kept = s.Shown
	b, err := json.Marshal(&s)
	if err != nil {
		w.t.Fatal(err)
	}
	back, err := parseState(b)
	if err != nil {
		w.t.Fatalf("%v: %s", err, b)
	}
	before := w.c.Status(w.mono)
	w.c = New(Opts{Built: start.Add(-time.Hour)})
	if !cut {
		w.c.resume(&back)
		if after := w.c.Status(w.mono); !same(before, after) {
			w.t.Fatalf("a restart turned\n%+v into\n%+v", before, after)
		}
		return
	}
	if before.Bound == Unbounded {
		w.slack += grown(w.mono, crystal)
	} else {
		w.slack = before.Bound
	}
	w.mono = 0
	w.c.Recall(back.memory(), 0)
	if s := w.c.Status(0); s.Source != Floor || s.Era != before.Era || s.Now.Before(w.kept) {
		w.t.Fatalf("after a cut: %+v, saved was %v", s, w.kept)
	}
}

// same allows for a floor that was none before it was remembered.
func same(a, b Status) bool {
	if a.Source < RTC {
		a.Source, a.Age, a.Since = b.Source, b.Age, b.Since
	}
	return a == b
}

func span(t *rapid.T, most time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, "span"))
}

// With honest sources the claimed error covers the truth at every moment.
func TestHonestSourcesAreCovered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"pass", "pass", "word", "word", "word", "restart", "cut"}).Draw(t, "step") {
			case "pass":
				w.pass(span(t, rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, 30 * 24 * time.Hour}).Draw(t, "most")))
			case "word":
				w.word(t)
			case "restart":
				w.restart(false)
			case "cut":
				w.restart(true)
				w.truth = w.truth.Add(span(t, 100*24*time.Hour))
				w.last = w.c.Now(0)
			}
			w.look()
			w.honest()
		}
	})
}

func (w *world) word(t *rapid.T) {
	s := Source(rapid.IntRange(int(RTC), int(NTP)).Draw(t, "source"))
	bound := max(span(t, 3*time.Minute), least[s])
	off := time.Duration(rapid.Int64Range(-int64(bound), int64(bound)).Draw(t, "off"))
	_, err := w.c.Observe(Observation{Source: s, Wall: w.truth.Add(off), Bound: bound, Mono: w.mono})
	if err != nil {
		t.Fatalf("an honest %v is refused: %v", s, err)
	}
	if f := w.c.Conflicts(w.mono); len(f) > 0 {
		t.Fatalf("honest sources disagree: %v", f)
	}
}

// Whatever anybody says, the time never goes back within an era, an era begins by
// more than five minutes and never by RTC, and what is refused changes nothing.
func TestLiarsCannotTurnItBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"pass", "lie", "lie", "lie", "restart", "cut", "journal"}).Draw(t, "step") {
			case "pass":
				w.pass(span(t, 24*time.Hour))
			case "lie":
				w.lie(t)
			case "restart":
				w.restart(false)
			case "cut":
				w.restart(true)
				w.last = w.c.Now(0)
			case "journal":
				w.c.Recall(Memory{Shown: w.last, Era: w.era}, w.mono)
			}
			w.look()
		}
	})
}

func (w *world) lie(t *rapid.T) {
	far := rapid.SampledFrom([]time.Duration{time.Second, 6 * time.Minute, 48 * time.Hour, 400 * 24 * time.Hour}).Draw(t, "far")
	o := Observation{
		Source: Source(rapid.IntRange(0, 9).Draw(t, "source")), Mono: w.mono - min(w.mono, span(t, time.Minute)), Bound: span(t, 50*time.Hour),
		Wall: w.truth.Add(time.Duration(rapid.Int64Range(-int64(far), int64(far)).Draw(t, "off"))),
	}
	before := w.c.Status(w.mono)
	ch, err := w.c.Observe(o)
	after := w.c.Status(w.mono)
	if err != nil && after.Now.Before(before.Now) {
		t.Fatalf("%v, and yet the time went back", err)
	}
	back := before.Now.Sub(after.Now)
	if (ch.What == ChangeEra) != (after.Era == before.Era+1) {
		t.Fatalf("era %d to %d by %+v", before.Era, after.Era, ch)
	}
	if ch.What != ChangeEra {
		return
	}
	if back < slewMost || ch.To <= RTC || ch.Before.Sub(ch.After) != back {
		t.Fatalf("an era by %v: %+v", back, ch)
	}
	if after.Now.Before(start.Add(-time.Hour - boundMost - time.Minute)) {
		t.Fatalf("shows %v, before the program was built", after.Now)
	}
}

// Many goroutines ask and tell at once; none sees the time go back in its era.
func TestManyGoroutines(t *testing.T) {
	c := New(Opts{Built: start.Add(-time.Hour)})
	begun := time.Now()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var last Status
			for i := range 2000 {
				mono := time.Since(begun)
				if g == 0 && i%20 == 0 {
					off := time.Duration(i%3) * 100 * time.Second
					_, _ = c.Observe(Observation{Source: NTP, Wall: start.Add(mono + off), Mono: mono})
				}
				s := c.Status(mono)
				if s.Era == last.Era && s.Now.Before(last.Now) {
					t.Errorf("%v after %v", s.Now, last.Now)
					return
				}
				last = s
			}
		})
	}
	wg.Wait()
}
