package faults

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/cmd/simstation/internal/report"
)

// Report is what came of a campaign, as it goes into a file. Times are in the
// world's milliseconds.
type Report struct {
	Seed     uint64    `json:"seed"`
	Villages int       `json:"villages"`
	Control  string    `json:"control,omitempty"`
	Started  time.Time `json:"started"`
	TookS    float64   `json:"took_s"`
	Wanted   int       `json:"wanted"` // injections asked for
	Passed   int       `json:"passed"`
	Failed   []result  `json:"failed"`
	Rows     []Row     `json:"kinds"`

	mu     sync.Mutex
	told   time.Time
	opened []float64 // every opening that had to be
	busy   []float64 // machine_busy of every injection
}

// Row is one kind of injection.
type Row struct {
	Kind       string  `json:"kind"`
	Injections int     `json:"injections"`
	NotJudged  int     `json:"not_judged"`  // tries in which the simulator was late
	MustOpen   int     `json:"must_open"`   // claims on a closed contactor
	WorstOpen  float64 `json:"worst_open"`  // ms after the event, or after the last good frame
	MustStay   int     `json:"must_stay"`   // claims on a closed contactor
	FalseOpens int     `json:"false_opens"` // of them
	Violations int     `json:"violations"`  // injections with anything wrong
}

// tellEvery is how often people are told how far it is.
const tellEvery = 30 * time.Second

func newReport(o Opts) *Report {
	now := o.Now()
	r := &Report{Seed: o.Seed, Villages: o.Villages, Control: o.Control, Wanted: o.N, Started: now, told: now}
	for _, k := range kinds() {
		r.Rows = append(r.Rows, Row{Kind: k.name})
	}
	return r
}

func (r *Report) row(kind string) *Row {
	return &r.Rows[slices.IndexFunc(r.Rows, func(w Row) bool { return w.Kind == kind })]
}

// worthless counts a try in which the simulator was late.
func (r *Report) worthless(x result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row(x.Kind).NotJudged++
}

// add counts an injection and tells of it when something was wrong.
func (r *Report) add(x result, out io.Writer, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.row(x.Kind)
	w.Injections++
	r.busy = append(r.busy, x.Busy)
	if !x.Judged {
		x.Wrong = append(x.Wrong, fmt.Sprintf("not judged: the machine had no time in all of %d tries", x.Tries))
	} else {
		r.count(w, x.findings)
	}
	if len(x.Wrong) == 0 {
		r.Passed++
	} else {
		w.Violations++
		r.Failed = append(r.Failed, x)
		fmt.Fprintf(out, "VIOLATION, again with -faults 1 -village %d -only %s -seed %d (%s: %s)\n", x.Village, x.Kind, x.Seed, x.Phase, x.Text)
		for _, text := range x.Wrong {
			fmt.Fprintln(out, "   ", text)
		}
		fmt.Fprintf(out, "    simulator late by %.0f ms, machine busy %.0f %%; the guard said: %s\n", x.LateMS, 100*x.Busy, strings.Join(x.Said, "; "))
	}
	if now.Sub(r.told) >= tellEvery {
		r.told = now
		fmt.Fprintf(out, "%d of %d done in %.0f s\n", r.Passed+len(r.Failed), r.Wanted, now.Sub(r.Started).Seconds())
	}
}

// count adds up claims that said something.
func (r *Report) count(w *Row, findings []finding) {
	for _, f := range findings {
		took := float64(f.opened.Microseconds()) / 1000
		switch {
		case f.must == mustOpen && (f.was || f.opened > 0):
			w.MustOpen++
			w.WorstOpen = max(w.WorstOpen, took)
			r.opened = append(r.opened, took)
		case f.must == mustStay && f.was:
			w.MustStay++
			if f.wrong != "" {
				w.FalseOpens++
			}
		}
	}
}

func (r *Report) finish(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.TookS = now.Sub(r.Started).Seconds()
}

// OK says whether every injection that was asked for was done, judged, and
// found right.
func (r *Report) OK() bool { return r.Passed == r.Wanted }

// Print writes the table, and last the line of the verdict.
func (r *Report) Print(out io.Writer) {
	const line = "%-14s %10v %10v %9v %10v %9v %11v %10v\n"
	fmt.Fprintf(out, line, "kind", "injections", "not judged", "must open", "worst ms", "must stay", "false opens", "violations")
	var sum Row
	for _, w := range r.Rows {
		if w.Injections == 0 && w.NotJudged == 0 {
			continue
		}
		fmt.Fprintf(out, line, w.Kind, w.Injections, w.NotJudged, w.MustOpen, fmt.Sprintf("%.1f", w.WorstOpen), w.MustStay, w.FalseOpens, w.Violations)
		sum.Injections += w.Injections
		sum.NotJudged += w.NotJudged
		sum.MustOpen += w.MustOpen
		sum.WorstOpen = max(sum.WorstOpen, w.WorstOpen)
		sum.MustStay += w.MustStay
		sum.FalseOpens += w.FalseOpens
		sum.Violations += w.Violations
	}
	fmt.Fprintf(out, line, "all", sum.Injections, sum.NotJudged, sum.MustOpen, fmt.Sprintf("%.1f", sum.WorstOpen), sum.MustStay, sum.FalseOpens, sum.Violations)
	slices.Sort(r.opened)
	if n := len(r.opened); n > 0 {
		fmt.Fprintf(out, "opened after %.0f ms in the middle, %.0f ms in 99 of 100\n", r.opened[n/2], r.opened[min(n-1, n*99/100)])
	}
	slices.Sort(r.busy)
	if n := len(r.busy); n > 0 {
		fmt.Fprintf(out, "programs waited for a processor in %.0f %% of the time in the middle\n", 100*r.busy[n/2])
	}
	fmt.Fprintf(out, "%d villages, seed %d, %.0f s, %.1f injections a minute\n", r.Villages, r.Seed, r.TookS, 60*float64(sum.Injections)/max(r.TookS, 1))
	fmt.Fprintf(out, "%d passed, %d failed\n", r.Passed, r.Wanted-r.Passed)
}

// Write puts the report into a file.
func (r *Report) Write(name string) error { return report.Save(name, r) }
