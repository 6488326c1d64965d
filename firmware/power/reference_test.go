package power_test

import (
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"stationbox/firmware/power"
)

// rounds of 64 frames are one measurement, a few milliseconds long.
const rounds = 500

// reference compiles testdata/detector.c and returns a measurement of it: the
// time for a sample in ns.
func reference(b *testing.B) func() float64 {
	cc, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip("no gcc: nothing to compare with")
	}
	prog := filepath.Join(b.TempDir(), "detector")
	if out, err := exec.Command(cc, "-O2", "-o", prog, "testdata/detector.c", "-lm").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return func() float64 {
		out, err := exec.Command(prog, strconv.Itoa(rounds)).Output()
		if err != nil {
			b.Fatal(err)
		}
		var ns float64
		var mv int
		if _, err := fmt.Sscan(string(out), &ns, &mv); err != nil || mv < 219_000 || mv > 221_000 {
			b.Fatalf("%q, %v", out, err)
		}
		return ns
	}
}

// BenchmarkDetectorBesideC measures the detector and the same algorithm in
// scalar C by turns, so that a busy machine is busy for both, and takes the best
// of each.
func BenchmarkDetectorBesideC(b *testing.B) {
	inC := reference(b)
	var frames [64]power.Frame
	w := &wave{volts: steady(220)}
	for i := range frames {
		frames[i] = w.frame()
	}
	det := power.NewDetector(fullScale, 340_000)
	bestGo, bestC := math.Inf(1), math.Inf(1)
	for b.Loop() {
		for range 15 {
			b.StopTimer()
			bestC = min(bestC, inC())
			b.StartTimer()
			began := time.Now()
			for range rounds {
				for i := range frames {
					det.Feed(&frames[i].Samples)
					det.RMS()
				}
			}
			bestGo = min(bestGo, float64(time.Since(began).Nanoseconds())/(rounds*64*power.FrameSamples))
		}
	}
	b.ReportMetric(bestGo, "ns/sample")
	b.ReportMetric(bestC, "C-ns/sample")
	b.ReportMetric(bestGo/bestC, "Go/C")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkQualityFrame is what the judgement of the supply costs beside the
// detector, the look at the spectrum included.
func BenchmarkQualityFrame(b *testing.B) {
	det := power.NewDetector(fullScale, 340_000)
	q := power.NewQuality(det)
	var frames [64]power.Frame
	w := &wave{volts: steady(220)}
	for i := range frames {
		frames[i] = w.frame()
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		f := &frames[n%64]
		n++
		det.Feed(&f.Samples)
		q.Take(f)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/power.FrameSamples, "ns/sample")
}
