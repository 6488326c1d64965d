package power_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/power"
)

func TestStepAndDetectorAllocateNothing(t *testing.T) {
	b := closed(t, village(), tv, projector)
	plan := mustPlan(t, village())
	state, in := b.state, b.in
	if n := testing.AllocsPerRun(1000, func() { state, _ = plan.Step(state, in) }); n != 0 {
		t.Errorf("step: %v allocations", n)
	}
	w := &wave{volts: steady(220)}
	f := w.frame()
	i := int16(0)
	if n := testing.AllocsPerRun(1000, func() {
		i++
		f.Samples[0] = i
		in.Sense = b.sampler.Take(&f, power.FrameTime)
	}); n != 0 {
		t.Errorf("sampler: %v allocations", n)
	}
}

// TestLoopAllocatesNothing: a closed guard that pulses. What is left of a fraction
// of an allocation a frame is the reports beside the loop; anything that the loop
// allocated for each frame would be at least one.
func TestLoopAllocatesNothing(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		time.Sleep(5 * time.Second)
		if !r.closed() {
			t.Fatal("not closed")
		}
		var before, after runtime.MemStats
		frames := func() (n int) { r.set(func() { n = r.frames }); return n }
		first := frames()
		runtime.ReadMemStats(&before)
		time.Sleep(20 * time.Second)
		runtime.ReadMemStats(&after)
		n := frames() - first
		each := float64(after.Mallocs-before.Mallocs) / float64(n)
		t.Logf("%d frames, %.2f allocations each, reports and the test's hardware included", n, each)
		if n < 7900 || each > 0.5 {
			t.Errorf("%.2f allocations a frame over %d frames", each, n)
		}
		r.stop()
	})
}

func BenchmarkStep(b *testing.B) {
	plan, err := power.NewPlan(village())
	if err != nil {
		b.Fatal(err)
	}
	s := plan.Warm()
	in := power.Input{Elapsed: power.FrameTime, Aux: power.ContactClosed,
		Sense: power.Sense{Fresh: true, Known: true, Span: power.FrameTime, MV: 220_000}}
	for b.Loop() {
		s, _ = plan.Step(s, in)
	}
}

func BenchmarkDetectorSample(b *testing.B) {
	det := power.NewDetector(fullScale, 340_000)
	w := &wave{volts: steady(220)}
	var frames [64]power.Frame
	for i := range frames {
		frames[i] = w.frame()
	}
	n := 0
	for b.Loop() {
		det.Feed(&frames[n%64].Samples)
		n++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/power.FrameSamples, "ns/sample")
}
