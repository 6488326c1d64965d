package compare

import (
	"fmt"
	"io"
	"time"

	"stationbox/cmd/simstation/internal/report"
)

// Report is what came of the comparison, as it goes into a file.
type Report struct {
	Started   time.Time  `json:"started"`
	TookS     float64    `json:"took_s"`
	Wanted    int        `json:"wanted"` // starts of ours, and transitions
	Limits    Limits     `json:"limits"` // for ours
	Load      *Load      `json:"load"`   // null: none
	Busy      float64    `json:"machine_busy"`
	StartRows []StartRow `json:"start_rows"`
	GapRows   []GapRow   `json:"gap_rows"`
	Starts    []Start    `json:"starts"`
	Gaps      []Gap      `json:"gaps"`
	Failed    []string   `json:"failed"` // why it is not OK
}

// Limits are what ours must hold to.
type Limits struct {
	P95MS float64 `json:"start_p95_ms"`
	P99MS float64 `json:"start_p99_ms"`
	MaxMS float64 `json:"start_max_ms"`
	GapMS float64 `json:"hold_max_ms"`
}

func newReport(o Opts) *Report {
	return &Report{Started: o.Now(), Wanted: o.N, Starts: []Start{}, Gaps: []Gap{}, Failed: []string{},
		Limits: Limits{report.Milliseconds(limit95), report.Milliseconds(limit99), report.Milliseconds(limitMax), report.Milliseconds(limitGap)}}
}

// absent keeps the place of a rival that is not there.
func (r *Report) absent(of rival, text string) {
	if !of.playlist {
		r.StartRows = append(r.StartRows, StartRow{Who: of.name, Missing: "not installed"})
	}
	r.GapRows = append(r.GapRows, GapRow{Who: of.name, Missing: "not installed"})
	r.Failed = append(r.Failed, text)
}

// present makes a place for one that is there.
func (r *Report) present(s *stage) {
	if s.starts {
		r.StartRows = append(r.StartRows, StartRow{Who: s.who, Version: s.version})
	}
	r.GapRows = append(r.GapRows, GapRow{Who: s.who, Version: s.version})
}

// enough says whether as much of ours is judged as was wanted.
func (r *Report) enough() bool {
	starts, gaps := 0, 0
	for _, s := range r.Starts {
		if s.Who == us && !s.Unseen {
			starts++
		}
	}
	for _, g := range r.Gaps {
		if g.Who == us && !g.Unseen {
			gaps++
		}
	}
	return starts >= r.Wanted && gaps >= r.Wanted
}

// tell says how far it is.
func (r *Report) tell(out io.Writer) {
	fmt.Fprintf(out, "%d starts and %d transitions of all seen\n", len(r.Starts), len(r.Gaps))
}

// finish draws the conclusions.
func (r *Report) finish(now time.Time) {
	r.TookS = now.Sub(r.Started).Seconds()
	for i := range r.StartRows {
		row := &r.StartRows[i]
		row.sum(r.Starts)
		if row.Who == us {
			r.Failed = append(r.Failed, row.wrong(r.Wanted)...)
		}
	}
	for i := range r.GapRows {
		row := &r.GapRows[i]
		row.sum(r.Gaps)
		if row.Who == us {
			r.Failed = append(r.Failed, row.wrong(r.Wanted)...)
		}
	}
}

// OK says whether everybody was there and ours held to its limits.
func (r *Report) OK() bool { return len(r.StartRows) > 0 && len(r.Failed) == 0 }

// Print writes the tables, and last the line of the verdict.
func (r *Report) Print(out io.Writer) {
	r.printStarts(out)
	r.printGaps(out)
	load := "none"
	if r.Load != nil {
		load = fmt.Sprintf("%d program that never rests, one that syncs blocks of %d KiB (%.1f MB/s)", r.Load.Burners, r.Load.BlockBytes>>10, r.Load.PerSecond/1e6)
	}
	fmt.Fprintf(out, "load: %s; programs waited for a processor %.0f %% of the time\n", load, 100*r.Busy)
	for _, text := range r.Failed {
		fmt.Fprintln(out, "FAIL", text)
	}
	verdict := "passed"
	if !r.OK() {
		verdict = "failed"
	}
	l := r.Limits
	fmt.Fprintf(out, "%.0f s, asked of ours: starts p95 <= %.0f, p99 <= %.0f, max <= %.0f ms, hold <= %.0f ms, nothing else between: %s\n",
		r.TookS, l.P95MS, l.P99MS, l.MaxMS, l.GapMS, verdict)
}

func (r *Report) printStarts(out io.Writer) {
	fmt.Fprintf(out, "first new picture less its moment, ms\n%-23s %6s %7s %7s %7s %7s %7s %10s %8s %10s %8s %7s\n",
		"", "starts", "min", "p50", "p95", "p99", "max", "no picture", "before T", "not judged", "eye <=", "waited")
	for _, w := range r.StartRows {
		if w.Missing != "" {
			fmt.Fprintf(out, "%-23s %s\n", w.Who, w.Missing)
			continue
		}
		fmt.Fprintf(out, "%-23s %6d %s %10d %8d %10d %8.1f %5.0f %%\n", w.Who, w.Starts, w.Late.Columns("%7.1f"), w.Missed, w.Early, w.Unseen, w.Blind, 100*w.Busy)
	}
}

func (r *Report) printGaps(out io.Writer) {
	fmt.Fprintf(out, "last picture of a film held beyond its time, ms, and what was on the screen until the next\n%-23s %6s %7s %7s %7s %7s %7s %10s %9s %9s %6s %6s %10s %7s\n",
		"", "gaps", "min", "p50", "p95", "p99", "max", "with blank", "p50 ms", "max ms", "lost", "missed", "not judged", "waited")
	for _, w := range r.GapRows {
		if w.Missing != "" {
			fmt.Fprintf(out, "%-23s %s\n", w.Who, w.Missing)
			continue
		}
		blank := fmt.Sprintf("%9s %9s", "–", "–")
		if w.Blank != nil {
			blank = fmt.Sprintf("%9.1f %9.1f", w.Blank.P50, w.Blank.Max)
		}
		fmt.Fprintf(out, "%-23s %6d %s %10d %s %6d %6d %10d %5.0f %%\n", w.Who, w.Gaps, w.Hold.Columns("%7.1f"), w.Blanks, blank, w.Lost, w.Missed, w.Unseen, 100*w.Busy)
	}
}

// Write puts the report into a file.
func (r *Report) Write(name string) error { return report.Save(name, r) }
