package compare

import (
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/hal/sim/eye"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// after is a step so many milliseconds after noon.
func after(ms float64, number int) eye.Step {
	return eye.Step{At: noon.Add(time.Duration(ms * float64(time.Millisecond))), Blind: time.Millisecond, Frame: number}
}

func TestCoded(t *testing.T) {
	for number, want := range map[int][3]int{0: {0, 0, 1}, 74: {0, 74, 1}, 75: {0, 75, 0}, 128: {1, 0, 1}, 5*128 + 74: {5, 74, 1}, 6 * 128: {6, 0, 0}, -1: {0, 0, 0}} {
		film, frame, ok := coded(number, filmFrames)
		if ok != (want[2] == 1) || ok && (film != want[0] || frame != want[1]) {
			t.Errorf("%d: film %d, frame %d, %v", number, film, frame, ok)
		}
	}
}

func TestJudgeStart(t *testing.T) {
	shut := after(3, 129)
	shut.Blind = blindMost + 1
	tests := []struct {
		name   string
		steps  []eye.Step
		late   float64 // -1: no picture
		early  int
		unseen bool
	}{
		{"nothing", nil, -1, 0, false},
		{"held, in time", []eye.Step{after(-400, 128), after(2.5, 129), after(42, 130)}, 2.5, 0, false},
		{"held, late", []eye.Step{after(-400, 128), after(160, 129), after(200, 130)}, 160, 0, false},
		{"a new process", []eye.Step{after(300, 128), after(340, 129)}, 300, 0, false},
		{"only the still picture", []eye.Step{after(-400, 128)}, -1, 0, false},
		{"does not go on", []eye.Step{after(-400, 128), after(3, 129)}, -1, 0, false},
		{"flickers, does not go on", []eye.Step{after(-400, 128), after(3, 129), after(10, -1), after(12, 129)}, -1, 0, false},
		{"dark and the still picture again", []eye.Step{after(-400, 128), after(3, -1), after(5, 128), after(40, 129), after(80, 130)}, 40, 0, false},
		{"moved before its time", []eye.Step{after(-400, 128), after(-20, 129), after(20, 130), after(60, 131)}, 20, 1, false},
		{"another film", []eye.Step{after(2, 1), after(42, 2)}, -1, 0, false},
		{"nobody looked", []eye.Step{after(-400, 128), shut, after(43, 130)}, 3, 0, true},
	}
	for _, tt := range tests {
		var s Start
		s.judgeStart(noon, tt.steps, 1, filmFrames)
		late := -1.0
		if s.LateMS != nil {
			late = *s.LateMS
		}
		if late != tt.late || s.Early != tt.early || s.Unseen != tt.unseen {
			t.Errorf("%s: %+v, late %v", tt.name, s, late)
		}
		if got := started(noon, 1, filmFrames)(tt.steps); got != (tt.late >= 0) {
			t.Errorf("%s: started %v", tt.name, got)
		}
	}
}

// reel is what the eye sees of so many films in a row, frame after frame.
func reel(count int) []eye.Step {
	var steps []eye.Step
	for i := range count * filmFrames {
		steps = append(steps, after(float64(40*i), i/filmFrames*filmRange+i%filmFrames))
	}
	return append(steps, after(float64(40*count*filmFrames), -1))
}

// delay shifts all steps from one on.
func delay(steps []eye.Step, from int, by time.Duration) []eye.Step {
	for i := range steps[from:] {
		steps[from+i].At = steps[from+i].At.Add(by)
	}
	return steps
}

func TestJudgeSeries(t *testing.T) {
	const n = filmFrames
	tests := []struct {
		name  string
		steps []eye.Step
		hold  [2]float64 // -1: missed
		blank [2]float64
		lost  [2]int
	}{
		{"one after the other", reel(3), [2]float64{}, [2]float64{}, [2]int{}},
		{"nothing", nil, [2]float64{-1, -1}, [2]float64{}, [2]int{}},
		{"the last picture held", delay(reel(3), n, 79*time.Millisecond), [2]float64{79, 0}, [2]float64{}, [2]int{}},
		{"dark between", slices.Insert(delay(reel(3), 2*n, 60*time.Millisecond), 2*n, after(40*2*n+10, -1)), [2]float64{0, 60}, [2]float64{0, 50}, [2]int{}},
		{"dark after the beginning", slices.Insert(reel(3), n+3, after(40*(n+2)+25, -1)), [2]float64{}, [2]float64{15, 0}, [2]int{}},
		{"dark before the end", slices.Insert(reel(3), 2*n-2, after(40*(2*n-3)+25, -1)), [2]float64{}, [2]float64{0, 15}, [2]int{}},
		{"the film before comes back", slices.Insert(reel(3), n+1, after(40*n+20, n-1)), [2]float64{}, [2]float64{20, 0}, [2]int{}},
		{"a film that is not in the row", reel(4), [2]float64{}, [2]float64{}, [2]int{}},
		{"a film left out", slices.Delete(reel(3), n, 2*n), [2]float64{-1, -1}, [2]float64{}, [2]int{}},
		{"the third never came", reel(3)[:2*n], [2]float64{0, -1}, [2]float64{}, [2]int{}},
		{"pictures lost", slices.Delete(reel(3), n-1, n+2), [2]float64{120, 0}, [2]float64{}, [2]int{3, 0}},
	}
	for _, tt := range tests {
		gaps := judgeSeries("x", tt.steps, 3, n)
		if len(gaps) != 2 {
			t.Fatalf("%s: %d gaps", tt.name, len(gaps))
		}
		for i, g := range gaps {
			hold := -1.0
			if g.HoldMS != nil {
				hold = *g.HoldMS
			}
			if hold != tt.hold[i] || g.BlankMS != tt.blank[i] || g.Lost != tt.lost[i] || g.Who != "x" {
				t.Errorf("%s: gap %d: %+v, hold %v", tt.name, i, g, hold)
			}
		}
	}
	if !ended(3, n)(reel(3)[:2*n+n/2+2]) || ended(3, n)(reel(3)[:2*n+1]) || ended(3, n)(nil) {
		t.Error("the middle of the last film is not known")
	}
}

func TestSeriesThatNobodySaw(t *testing.T) {
	for _, i := range []int{filmFrames - 1, filmFrames} { // the last of one, the first of the next
		steps := reel(2)
		steps[i].Blind = blindMost + 1
		if g := judgeSeries("x", steps, 2, filmFrames)[0]; !g.Unseen {
			t.Errorf("step %d: %+v", i, g)
		}
	}
}

func TestSpread(t *testing.T) {
	var values []float64
	for i := range 200 {
		values = append(values, float64(200-i))
	}
	if got, want := *report.SpreadOf(values), (report.Spread{Min: 1, P50: 100, P95: 190, P99: 198, Max: 200}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got := report.Percentile([]float64{1, 2, 3}, 50); got != 2 {
		t.Errorf("the middle of three is %v", got)
	}
	if report.SpreadOf(nil) != nil {
		t.Error("a spread of nothing")
	}
}

// good is a report of a hundred starts and transitions that are in order.
func good() *Report {
	r := newReport(Opts{N: 100, Now: func() time.Time { return noon }})
	r.present(&stage{who: us, starts: true})
	r.present(&stage{who: "mpv", starts: true})
	for range 100 {
		for who, late := range map[string]float64{us: 3, "mpv": 400} {
			hold := late / 10
			r.Starts = append(r.Starts, Start{Who: who, LateMS: &late})
			r.Gaps = append(r.Gaps, Gap{Who: who, HoldMS: &hold})
		}
	}
	return r
}

// each changes the first so many starts and gaps of ours.
func each(r *Report, n int, start func(*Start), gap func(*Gap)) {
	for i := 0; i < len(r.Starts) && n > 0; i++ {
		if r.Starts[i].Who == us {
			start(&r.Starts[i])
			n--
			for j := range r.Gaps {
				if r.Gaps[j].Who == us && r.Gaps[j].Why == "" {
					gap(&r.Gaps[j])
					r.Gaps[j].Why = "changed"
					break
				}
			}
		}
	}
}

func TestJudgeNotices(t *testing.T) {
	start := func(ms float64) func(*Start) { return func(s *Start) { s.LateMS = &ms } }
	hold := func(ms float64) func(*Gap) { return func(g *Gap) { g.HoldMS = &ms } }
	noStart, noGap := func(*Start) {}, func(*Gap) {}
	tests := []struct {
		name  string
		n     int
		start func(*Start)
		gap   func(*Gap)
		want  string // "": nothing is wrong
	}{
		{"all in order", 0, noStart, noGap, ""},
		{"one a little late", 1, start(39), noGap, ""},
		{"one late", 1, start(160), noGap, "max is 160.0 ms"},
		{"two late", 2, start(39), noGap, "p99 is 39.0 ms"},
		{"six late", 6, start(16), noGap, "p95 is 16.0 ms"},
		{"one without a picture", 1, func(s *Start) { s.LateMS = nil }, noGap, "start, ours: 1 without a picture"},
		{"one before its time", 1, func(s *Start) { s.Early = 2 }, noGap, "2 pictures before their time"},
		{"one that nobody saw", 1, func(s *Start) { s.Unseen = true }, noGap, "only 99 of 100 were judged"},
		{"held for a frame", 1, noStart, hold(40), ""},
		{"held for more", 1, noStart, hold(41), "up to 41.0 ms too long"},
		{"dark", 1, noStart, func(g *Gap) { g.BlankMS = 1 }, "something else on the screen at 1 transitions, for 1.0 ms"},
		{"missed", 1, noStart, func(g *Gap) { g.HoldMS = nil }, "gap, ours: 1 transitions did not come"},
		{"a gap that nobody saw", 1, noStart, func(g *Gap) { g.Unseen = true }, "gap, ours: only 99 of 100 were judged"},
		{"no picture at all", 100, func(s *Start) { s.LateMS = nil }, func(g *Gap) { g.HoldMS = nil }, "100 transitions did not come"},
	}
	for _, tt := range tests {
		r := good()
		each(r, tt.n, tt.start, tt.gap)
		r.finish(noon)
		text := strings.Join(r.Failed, "\n")
		if r.OK() != (tt.want == "") || !strings.Contains(text, tt.want) {
			t.Errorf("%s: OK %v: %s", tt.name, r.OK(), text)
		}
	}
}

func TestRivalsAreNotJudged(t *testing.T) {
	r := good()
	r.finish(noon)
	if row := r.StartRows[1]; row.Who != "mpv" || row.Late.Max != 400 || !r.OK() {
		t.Errorf("%+v, failed: %v", row, r.Failed)
	}
}

func TestAbsentRivalIsNamed(t *testing.T) {
	r := good()
	gone := rival{name: "cvlc", argv: []string{"no-such-program"}, packages: "vlc-bin"}
	r.absent(gone, gone.missing())
	r.finish(noon)
	var out strings.Builder
	r.Print(&out)
	for _, want := range []string{"cvlc                    not installed\n", "FAIL cvlc: not installed: apt-get install vlc-bin", "failed\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Count(out.String(), "not installed\n") != 2 {
		t.Errorf("not in both tables:\n%s", out.String())
	}
}

func TestVersionIn(t *testing.T) {
	for text, want := range map[string]string{
		"mpv 0.35.1 Copyright © 2000-2023": "mpv 0.35.1",
		"mpv v0.40.0 Copyright":            "mpv v0.40.0",
		"gst-play-1.0 version 1.22.0":      "gst-play-1.0 version 1.22.0",
		"":                                 "unknown",
		"what?":                            "unknown",
	} {
		if got := versionIn(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
