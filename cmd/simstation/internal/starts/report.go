package starts

import (
	"fmt"
	"io"
	"strings"
	"time"

	"stationbox/cmd/simstation/internal/report"
)

// Report is what came of all starts, as it goes into a file.
type Report struct {
	Control  string    `json:"control,omitempty"`
	Started  time.Time `json:"started"`
	TookS    float64   `json:"took_s"`
	Wanted   int       `json:"wanted"`
	LimitMS  float64   `json:"limit_ms"` // for 99 of 100
	Rows     []Row     `json:"rows"`     // quiet, loaded, all
	Starts   []Start   `json:"starts"`
	Made     int       `json:"presses_made"`
	Answered int       `json:"presses_answered"` // by lamp and buzzer, also those that say no: a key was missed
	Recorded int       `json:"presses_recorded"`
	Slow     float64   `json:"slowest_press_ms"`
	LateMS   float64   `json:"late_ms"` // how late the simulator itself was at worst
	Failed   []string  `json:"failed"`  // why it is not OK
}

func newReport(o Opts) *Report {
	return &Report{Control: o.Control, Started: o.Now(), Wanted: o.N, LimitMS: report.Milliseconds(limit), Starts: []Start{}, Failed: []string{}}
}

// judged counts the starts of a kind that count.
func (r *Report) judged(loaded bool) int {
	n := 0
	for _, s := range r.Starts {
		if s.Judged && s.Loaded == loaded {
			n++
		}
	}
	return n
}

// enough says whether as many starts are judged as were wanted.
func (r *Report) enough() bool { return r.judged(false)+r.judged(true) >= r.Wanted }

// turn says whether the next start is to be under load: every second is.
func (r *Report) turn() bool { return r.judged(true) < r.judged(false) }

// add keeps a start and tells of it.
func (r *Report) add(s Start, out io.Writer) {
	s.Number = len(r.Starts) + 1
	r.Starts = append(r.Starts, s)
	r.LateMS = max(r.LateMS, s.LateMS)
	fmt.Fprintf(out, "start %d, %s: %s, waited for a processor %.0f %%", s.Number, kindOf(s), lateness(s), 100*s.Busy)
	if l := s.Load; l != nil {
		fmt.Fprintf(out, "; %d presses, %d answers (slowest %.0f ms, %d refused), %.1f MB synced", l.Presses, l.Answers, l.SlowestMS, l.Refused, float64(l.Synced)/1e6)
	}
	switch text := strings.Join(s.Wrong, "; "); {
	case !s.Judged:
		fmt.Fprintf(out, "; not judged, the simulator was late by %.0f ms: %s", s.LateMS, text)
	case text != "":
		fmt.Fprint(out, "; VIOLATION: ", text)
	}
	fmt.Fprintln(out)
}

func kindOf(s Start) string {
	if s.Loaded {
		return "loaded"
	}
	return "quiet"
}

func lateness(s Start) string {
	if s.ErrorMS == nil {
		return "no picture"
	}
	return fmt.Sprintf("%+.1f ms (eye %.1f)", *s.ErrorMS, s.BlindMS)
}

// finish draws the conclusions.
func (r *Report) finish(now time.Time, seen *report.Report, failed []string) {
	r.TookS = now.Sub(r.Started).Seconds()
	r.Made, r.Answered, r.Recorded = seen.PressesMade, seen.PressesAcknowledged, seen.PressesRecorded
	for _, d := range seen.PressDelaysMS {
		r.Slow = max(r.Slow, d)
	}
	for _, kind := range []string{"quiet", "loaded"} {
		r.Rows = append(r.Rows, rowOf(kind, r.Starts, func(s Start) bool { return kindOf(s) == kind }))
	}
	r.Rows = append(r.Rows, rowOf("all", r.Starts, func(Start) bool { return true }))
	for _, row := range r.Rows {
		if text := row.late(); text != "" {
			r.Failed = append(r.Failed, text)
		}
	}
	for _, s := range r.Starts {
		for _, text := range s.Wrong {
			if !s.Judged {
				break
			}
			r.Failed = append(r.Failed, fmt.Sprintf("start %d, %s: %s", s.Number, kindOf(s), text))
		}
	}
	if !r.enough() {
		r.Failed = append(r.Failed, fmt.Sprintf("only %d of %d starts could be judged: the machine had no time to look", r.judged(false)+r.judged(true), r.Wanted))
	}
	if n := seen.PressesStrange; n > 0 {
		r.Failed = append(r.Failed, fmt.Sprintf("%d numbers are on record that nobody typed", n))
	}
	if n := seen.StationRestarts + seen.GuardRestarts + seen.PlayerRestarts; n > 0 {
		r.Failed = append(r.Failed, fmt.Sprintf("programs ended by themselves: station %d, guard %d, player %d times", seen.StationRestarts, seen.GuardRestarts, seen.PlayerRestarts))
	}
	r.Failed = append(r.Failed, failed...)
}

// OK says whether every start that was wanted was judged, and all is as it must be.
func (r *Report) OK() bool { return len(r.Rows) > 0 && len(r.Failed) == 0 }

// doubtful says whether it may have failed because the simulator was late, some
// time before what then went wrong.
func (r *Report) doubtful() bool {
	return !r.OK() && r.Control == "" && r.LateMS > report.Milliseconds(lateMost)
}

// Print writes the table, and last the line of the verdict.
func (r *Report) Print(out io.Writer) {
	fmt.Fprintf(out, "first new picture less its scheduled moment, ms\n%-8s %7s %7s %7s %7s %7s %7s %9s %7s %11s %9s %7s\n",
		"", "starts", "min", "p50", "p95", "p99", "max", "before T", "missed", "not judged", "eye ≤ ms", "waited")
	for _, w := range r.Rows {
		fmt.Fprintf(out, "%-8s %7d %s %9d %7d %11d %9.1f %5.0f %%\n", w.Kind, w.Starts, w.Late.Columns("%+7.1f"), w.Early, w.Missed, w.Unseen, w.Blind, 100*w.Busy)
	}
	var sum Load
	for _, s := range r.Starts {
		if s.Load != nil {
			sum.Answers, sum.Refused, sum.Synced = sum.Answers+s.Load.Answers, sum.Refused+s.Load.Refused, sum.Synced+s.Load.Synced
			sum.SlowestMS = max(sum.SlowestMS, s.Load.SlowestMS)
		}
	}
	fmt.Fprintf(out, "under load: %d presses, %d answered (slowest %.0f ms), %d on record; %d commands answered (slowest %.0f ms), %d refused; %.0f MB synced beside\n",
		r.Made, r.Answered, r.Slow, r.Recorded, sum.Answers, sum.SlowestMS, sum.Refused, float64(sum.Synced)/1e6)
	for _, text := range r.Failed {
		fmt.Fprintln(out, "FAIL", text)
	}
	verdict := "passed"
	if !r.OK() {
		verdict = "failed"
	}
	fmt.Fprintf(out, "%d starts in %.0f s, asked for: 99 of 100 within %.0f ms, none missed, none early: %s\n", len(r.Starts), r.TookS, r.LimitMS, verdict)
}

// Write puts the report into a file.
func (r *Report) Write(name string) error { return report.Save(name, r) }
