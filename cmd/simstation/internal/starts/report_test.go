package starts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/cmd/simstation/internal/report"
)

// row is a report of starts that were late by these milliseconds, every second
// one under load.
func row(late ...float64) *Report {
	r := newReport(Opts{N: len(late), Now: moment})
	for _, l := range late {
		s := Start{Loaded: r.turn(), ErrorMS: &l, BlindMS: 2, Judged: true, Busy: 0.1}
		if s.Loaded {
			s.Load = &Load{Presses: 20, Answers: 400, Synced: 9e6, SlowestMS: 12}
		}
		r.add(s, &strings.Builder{})
	}
	return r
}

// among is a list of n times 3 ms with others instead of the last.
func among(n int, others ...float64) []float64 {
	list := make([]float64, n-len(others), n)
	for i := range list {
		list[i] = 3
	}
	return append(list, others...)
}

func TestVerdict(t *testing.T) {
	seen := &report.Report{PressesMade: 40, PressesAcknowledged: 40, PressesRecorded: 40, PressDelaysMS: []float64{-1, 31, 25}}
	for _, tt := range []struct {
		name string
		late []float64
		want string // of what failed; "": nothing
	}{
		{"all in time", among(50), ""},
		{"just in time", among(50, 40), ""},
		{"one of 50 late", among(50, 40.1), "all: 99 of 100 start within 40.1 ms, not within 40ms"},
		{"one of 50 late, quiet", among(50, 3, 41, 3), "quiet: 99 of 100 start within 41.0 ms"},
		{"one of 200 late", among(200, 41), ""},
		{"two of 200 late, both loaded", among(200, 41, 3, 41), "loaded: 99 of 100 start within 41.0 ms"},
		{"three of 200 late", among(200, 41, 42, 43), "all: 99 of 100 start within 41.0 ms"},
	} {
		r := row(tt.late...)
		r.finish(moment().Add(time.Minute), seen, nil)
		text := strings.Join(r.Failed, "; ")
		if r.OK() != (tt.want == "") || !strings.Contains(text, tt.want) {
			t.Errorf("%s: ok %v, failed %q", tt.name, r.OK(), text)
		}
	}
	seen.PressesStrange = 1
	r := row(among(50)...)
	if r.finish(moment().Add(time.Minute), seen, nil); r.OK() {
		t.Error("a member who was not there is on record, and nobody objects")
	}
}

func TestVerdictOnWhatIsNotAFigure(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    Start
		seen report.Report
		more []string
		want string
	}{
		{"missed", Start{Judged: true, Wrong: []string{"missed: no new picture"}}, report.Report{}, nil, "start 4, loaded: missed"},
		{"not judged", Start{Wrong: []string{"missed: no new picture"}}, report.Report{}, nil, "only 3 of 4 starts could be judged"},
		{"a program died", Start{Judged: true}, report.Report{StationRestarts: 1}, nil, "station 1, guard 0, player 0 times"},
		{"village complains", Start{Judged: true}, report.Report{}, []string{"world: panic"}, "world: panic"},
	} {
		r := row(3, 3, 3)
		r.Wanted = 4
		tt.s.Loaded = r.turn()
		r.add(tt.s, &strings.Builder{})
		r.finish(moment(), &tt.seen, tt.more)
		if text := strings.Join(r.Failed, "; "); r.OK() || !strings.Contains(text, tt.want) {
			t.Errorf("%s: ok %v, %q", tt.name, r.OK(), text)
		}
	}
	if r := newReport(Opts{N: 4, Now: moment}); r.OK() {
		t.Error("content with nothing")
	}
}

func TestEverySecondStartIsLoadedAndTheUnseenAreRepeated(t *testing.T) {
	r := newReport(Opts{N: 4, Now: moment})
	var order []string
	for i := 0; !r.enough() && i < 10; i++ {
		s := Start{Loaded: r.turn(), Judged: i != 1 && i != 2}
		order = append(order, fmt.Sprint(kindOf(s), s.Judged))
		r.add(s, &strings.Builder{})
	}
	if got, want := strings.Join(order, " "), "quiettrue loadedfalse loadedfalse loadedtrue quiettrue loadedtrue"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestOnlyALateSimulatorIsGivenASecondChance(t *testing.T) {
	for _, tt := range []struct {
		name    string
		lateMS  float64
		failed  bool
		control string
		want    bool
	}{
		{"fine", 300, false, "", false}, {"the station's fault", 90, true, "", false},
		{"the simulator's fault", 101, true, "", true}, {"meant to fail", 300, true, "late", false},
	} {
		r := row(3)
		r.Rows, r.LateMS, r.Control = []Row{{}}, tt.lateMS, tt.control
		if tt.failed {
			r.Failed = []string{"late"}
		}
		if r.doubtful() != tt.want {
			t.Errorf("%s: %v", tt.name, r.doubtful())
		}
	}
}

func TestWhatPeopleRead(t *testing.T) {
	var out strings.Builder
	r := row(3, 5, 4)
	r.Wanted = 5
	r.add(Start{Loaded: true, Judged: true, Wrong: []string{"missed: no new picture"}, Load: &Load{Presses: 2, Refused: 1}}, &out)
	r.add(Start{LateMS: 240}, &out)
	r.finish(moment().Add(80*time.Second), &report.Report{PressesMade: 22, PressesAcknowledged: 21, PressesRecorded: 20, PressDelaysMS: []float64{31}}, nil)
	r.Print(&out)
	for _, want := range []string{
		"start 4, loaded: no picture, waited for a processor 0 %; 2 presses, 0 answers (slowest 0 ms, 1 refused), 0.0 MB synced; VIOLATION: missed: no new picture\n",
		"start 5, quiet: no picture, waited for a processor 0 %; not judged, the simulator was late by 240 ms: \n",
		"quiet          2    +3.0    +3.0    +4.0    +4.0    +4.0         0       0           1       2.0    10 %\n",
		"loaded         2    +5.0    +5.0    +5.0    +5.0    +5.0         0       1           0       2.0     0 %\n",
		"22 presses, 21 answered (slowest 31 ms), 20 on record; 400 commands answered (slowest 12 ms), 1 refused; 9 MB synced",
		"FAIL start 4, loaded: missed", "FAIL only 4 of 5",
		"5 starts in 80 s, asked for: 99 of 100 within 40 ms, none missed, none early: failed\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not said: %q\nbut:\n%s", want, out.String())
		}
	}
	if line := (*report.Spread)(nil).Columns("%+7.1f"); len([]rune(line)) != 39 {
		t.Errorf("%q does not fit the table", line)
	}
}

func TestWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "starts.json")
	r := row(3, 5)
	r.finish(moment(), &report.Report{}, nil)
	if err := r.Write(name); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(data, &back); err != nil || len(back.Rows) != 3 || back.Rows[2].Late == nil || back.Rows[2].Late.P99 != 5 || *back.Starts[1].ErrorMS != 5 {
		t.Errorf("%v: %s", err, data)
	}
	if err := r.Write(filepath.Join(name, "below")); err == nil {
		t.Error("written below a file")
	}
}
