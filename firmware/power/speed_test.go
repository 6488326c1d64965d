package power_test

import (
	"testing"

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
