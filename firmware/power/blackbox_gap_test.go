package power

import (
	"slices"
	"testing"
	"time"
)

func TestBoxMarksLostFrames(t *testing.T) {
	b, m := newBench(t, "x"), inside(0, 0, 0)
	b.frames(m, 100)
	for range 4 {
		b.n++ // lost
	}
	b.play(m.frame(b.n), 4)
	b.n -= 4 // play counted them again
	broken := m.frame(b.n)
	broken.Overrun = true
	b.play(broken, 0)
	b.frames(m, 10)
	middle := b.sample()
	b.event(EventOpen, CauseOver)
	b.frames(m, 100)
	records := b.handed()
	if len(records) != 1 || records[0].Whole {
		t.Fatalf("%d records", len(records))
	}
	r := records[0]
	from := int(100*FrameSamples - middle + aroundSamples)
	want := [][2]int{{from, from + 4*FrameSamples}, {from + 5*FrameSamples, from + 5*FrameSamples}}
	if !slices.Equal(r.Wave.Gaps, want) {
		t.Errorf("gaps %v; want %v", r.Wave.Gaps, want)
	}
	for i, v := range r.Wave.Samples {
		v0 := m.at(int(middle) - aroundSamples + i)
		if i >= from && i < from+4*FrameSamples {
			v0 = 0
		}
		if v != v0 {
			t.Fatalf("sample %d is %d; want %d", i, v, v0)
		}
	}
}

// TestBoxOfABlindGuard: nothing comes any more, and the file is written all the
// same.
func TestBoxOfABlindGuard(t *testing.T) {
	b, m := newBench(t, "x"), inside(0, 0, 0)
	b.frames(m, 400)
	for range 12 {
		b.play(nil, 0)
	}
	b.event(EventBlind, CauseSamples)
	for range 30 {
		b.play(nil, 0)
	}
	records := b.handed()
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	r := records[0]
	if want := aroundSamples - int(120*time.Millisecond/SampleTime); len(r.Wave.Gaps) != 1 || r.Wave.Gaps[0] != [2]int{want, 2 * aroundSamples} {
		t.Errorf("gaps %v; want one from %d on", r.Wave.Gaps, want)
	}
	for range 500 {
		b.play(nil, 0)
	}
	if records = b.handed(); len(records) != 1 || !records[0].Whole {
		t.Errorf("%d records after 5 s", len(records))
	}
}

// TestBoxTakesBackASilenceThatWasNone: frames that were only late leave no gap.
func TestBoxTakesBackASilenceThatWasNone(t *testing.T) {
	b, m := newBench(t, "x"), inside(0, 0, 0)
	b.frames(m, 400)
	for range 8 {
		b.play(nil, 0)
	}
	b.frames(m, 40)
	b.event(EventOpen, CauseOver)
	b.frames(m, 100)
	if r := b.handed(); len(r) != 1 || len(r[0].Wave.Gaps) != 0 {
		t.Errorf("%d records, gaps %v", len(r), r[0].Wave.Gaps)
	}
}
