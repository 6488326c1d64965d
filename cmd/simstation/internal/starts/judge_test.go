package starts

import (
	"strings"
	"testing"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/hal/sim/eye"
)

const ms = time.Millisecond

func moment() time.Time { return time.Date(2026, 11, 27, 8, 0, 30, 0, time.UTC) }

// film is a film whose picture first comes first after the moment, with the
// still one long before. The eye looks every 2 ms.
func film(first time.Duration, frame, count int) []eye.Step {
	steps := []eye.Step{{At: moment().Add(-4 * time.Second), Blind: 2 * ms, Frame: 0}}
	for i := range count {
		steps = append(steps, eye.Step{At: moment().Add(first + time.Duration(i)*40*ms), Blind: 2 * ms, Frame: frame + i})
	}
	return steps
}

func TestJudge(t *testing.T) {
	blind := film(47*ms, 1, 60)
	blind[1].Blind = 15 * ms
	blinder := film(60*ms, 2, 60)
	blinder[1].Blind = 15 * ms
	blank := film(3*ms, 1, 60)
	blank = append(blank[:20], append([]eye.Step{{At: blank[20].At.Add(-ms), Frame: -1}}, blank[20:]...)...)
	for _, tt := range []struct {
		name   string
		steps  []eye.Step
		lag    lag
		late   float64 // -1: none
		early  int
		judged bool
		wrong  string // in what is wrong; "": nothing
	}{
		{"in time", film(3*ms, 1, 60), lag{}, 3, 0, true, ""},
		{"at the moment", film(0, 1, 60), lag{}, 0, 0, true, ""},
		{"late", film(41*ms, 1, 60), lag{}, 41, 0, true, ""},
		{"late, the first picture dropped", film(45*ms, 2, 60), lag{}, 45, 0, true, ""},
		{"a hair too early", film(-1*ms, 1, 60), lag{}, 39, 1, true, "moved before its time: 1 pictures"},
		{"second after second too early", film(-2*time.Second, 1, 100), lag{}, 0, 50, true, "moved before its time: 50 pictures"},
		{"never", film(0, 0, 0), lag{}, -1, 0, true, "missed: no new picture within 1.5s"},
		{"too late to be seen", film(1600*ms, 1, 60), lag{}, -1, 0, true, "missed"},
		{"one picture, then frozen", film(3*ms, 1, 1), lag{}, 3, 0, true, "stood still again: 1 pictures"},
		{"stutters", film(3*ms, 1, 11), lag{}, 3, 0, true, "stood still again: 11 pictures"},
		{"from the middle", film(3*ms, 60, 60), lag{}, 3, 0, true, "began with picture 60"},
		{"blank for a moment", blank, lag{}, 3, 0, true, ""},
		{"in time or not", blind, lag{}, 47, 0, false, ""},
		{"late though the eye blinked", blinder, lag{}, 60, 0, true, ""},
		{"simulator late", film(3*ms, 1, 60), lag{around: 101 * ms}, 3, 0, false, ""},
		{"simulator stalled", film(0, 0, 0), lag{before: 201 * ms}, -1, 0, false, "missed"},
		{"simulator a little late", film(3*ms, 1, 60), lag{around: 100 * ms, before: 200 * ms}, 3, 0, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Start
			s.judge(moment(), tt.steps, tt.lag)
			switch {
			case tt.late < 0 && s.ErrorMS != nil:
				t.Errorf("a picture after %v ms", *s.ErrorMS)
			case tt.late >= 0 && (s.ErrorMS == nil || *s.ErrorMS != tt.late):
				t.Errorf("late by %v, want %v", s.ErrorMS, tt.late)
			}
			text := strings.Join(s.Wrong, "; ")
			if s.Early != tt.early || s.Judged != tt.judged || tt.wrong == "" && text != "" || !strings.Contains(text, tt.wrong) {
				t.Errorf("early %d, judged %v, wrong %q", s.Early, s.Judged, text)
			}
		})
	}
}

func TestAStartWithoutItsLoadIsNone(t *testing.T) {
	for _, tt := range []struct {
		load Load
		want string
	}{
		{Load{Presses: 20, Answers: 400, Synced: 9 << 20}, ""},
		{Load{Presses: 3, Answers: 400, Synced: 9 << 20}, "not under load: 3 presses"},
		{Load{Presses: 20, Answers: 3, Synced: 9 << 20, Why: "station: no answer"}, "3 answers, 9437184 bytes synced: station: no answer"},
		{Load{Presses: 20, Answers: 400}, "0 bytes synced"},
	} {
		s := Start{Loaded: true, Load: &tt.load}
		s.judge(moment(), film(3*ms, 1, 60), lag{})
		if text := strings.Join(s.Wrong, "; "); tt.want == "" && text != "" || !strings.Contains(text, tt.want) {
			t.Errorf("%+v: %q, want %q", tt.load, text, tt.want)
		}
	}
}

func TestPercentileIsTheNearestRank(t *testing.T) {
	count := func(n int) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = float64(i + 1)
		}
		return list
	}
	for _, tt := range []struct {
		n    int
		p    float64
		want float64
	}{
		{1, 50, 1}, {1, 99, 1}, {2, 50, 1}, {3, 50, 2}, {4, 95, 4}, {20, 95, 19}, {21, 95, 20},
		{50, 99, 50}, {99, 99, 99}, {100, 99, 99}, {101, 99, 100}, {200, 99, 198}, {100, 100, 100}, {100, 0, 1},
	} {
		if got := report.Percentile(count(tt.n), tt.p); got != tt.want {
			t.Errorf("%v per cent of 1 to %d: %v, want %v", tt.p, tt.n, got, tt.want)
		}
	}
}
