// Package starts lets the real programs give many short lessons in a row and
// measures, from the pixels of the screen, how far from its scheduled moment the
// first new picture of each comes. Every second lesson starts while the station
// has to write and to serve: people press their numbers, shells ask for all they
// can, and somebody syncs to the same disk.
//
// A lesson's first picture stands on the screen, still, before its time; the
// first new one is the one that follows. The camera never asks the player.
package starts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/cmd/simstation/internal/machine"
	"stationbox/cmd/simstation/internal/village"
	"stationbox/hal/sim/scenario"
)

// Opts say how many starts. N, Village and Out are required.
type Opts struct {
	N       int          // starts to judge, at most Most
	Control string       // one of Controls, to see that the judge notices; "": none
	Village village.Opts // its name and script are ours; an empty Dir is a temporary one, kept when something is wrong
	Out     io.Writer    // what people read
	Now     func() time.Time
}

// Most bounds Opts.N: an hour and a half.
const Most = 300

// Controls returns the ways to make a start fail: a player that is held up for a
// sixth of a second around the moment, one that is held up for three seconds, and
// a judge whose clock is 60 ms slow, for which every picture moves before its time.
func Controls() []string { return []string{"late", "missed", "early"} }

// Run gives the lessons and returns what came of them. An error means that they
// could not be given at all.
func Run(ctx context.Context, o Opts) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	lessons := o.N + spare(o.N)
	script, err := scenario.Parse(strings.NewReader(calendar(lessons)))
	if err != nil {
		return nil, err
	}
	o.Village.Name, o.Village.Script = "starts", script
	dir, temporary := o.Village.Dir, o.Village.Dir == ""
	if temporary {
		if dir, err = os.MkdirTemp("", "starts-"); err != nil {
			return nil, err
		}
	}
	o.Village.Dir = filepath.Join(dir, "first")
	r, err := o.give(ctx, script.Lessons)
	if err == nil && r.doubtful() {
		fmt.Fprintf(o.Out, "the simulator itself was late by %.0f ms: once more\n", r.LateMS)
		o.Village.Dir = filepath.Join(dir, "again")
		r, err = o.give(ctx, script.Lessons)
	}
	if temporary && (r == nil || err == nil && r.OK() && !o.Village.Keep) {
		return r, errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Fprintln(o.Out, "logs of the programs are in", filepath.Join(o.Village.Dir, "log"))
	return r, err
}

func (o *Opts) check() error {
	if o.N < 1 || o.N > Most {
		return fmt.Errorf("-starts %d: 1 to %d", o.N, Most)
	}
	if o.Control != "" && !slices.Contains(Controls(), o.Control) {
		return fmt.Errorf("-control %s: with -starts one of %s", o.Control, strings.Join(Controls(), " "))
	}
	return nil
}

// The lessons. Between the end of one and the still picture of the next, which
// stands 10 s before its start, there is a second.
const (
	firstAfter = 30 * time.Second // for mains, lamp and roll
	gap        = 16 * time.Second // from start to start
	length     = 5 * time.Second  // of the film
	began      = 8 * time.Hour    // on the label clock
)

// spare is how many lessons there are beside those that are to be judged, for
// those that cannot be.
func spare(n int) int { return n/2 + 2 }

// calendar is a script with n lessons in a row. The displays stay on in between,
// so that the lamp is struck once.
func calendar(n int) string {
	var b strings.Builder
	clock := scenario.FormatClock
	fmt.Fprintf(&b, "start %s\nseed 1\n", clock(began))
	b.WriteString("set lesson.ready_before 28s\nset lesson.warm_margin 20s\n")
	for i := range n {
		fmt.Fprintf(&b, "lesson %s start.mp4 %v \"准时开课\"\n", clock(began+firstAfter+time.Duration(i)*gap), length)
	}
	return b.String()
}

// campaign is a row of starts in one village.
type campaign struct {
	o      Opts
	v      *village.Village
	canary *machine.Canary
	report *Report
}

// give raises the village and gives lessons until enough starts are judged. What
// was seen until an error is reported too.
func (o Opts) give(ctx context.Context, lessons []scenario.Lesson) (r *Report, err error) {
	v, err := village.Raise(ctx, o.Village)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	c := &campaign{o: o, v: v, report: newReport(o)}
	if c.canary, err = machine.NewCanary(filepath.Join(v.Dir(), "canary"), o.Now); err != nil {
		return nil, err
	}
	var beside sync.WaitGroup
	singing, stop := context.WithCancel(ctx)
	beside.Go(func() { c.canary.Sing(singing) })
	beside.Go(c.canary.Listen)
	err = c.hold(ctx, lessons)
	stop()
	beside.Wait()
	c.report.finish(o.Now(), v.Report(), v.Failed())
	return c.report, err
}

func (c *campaign) hold(ctx context.Context, lessons []scenario.Lesson) error {
	if err := c.until(ctx, c.v.Real(lessons[0].At).Add(-loadBefore)); err != nil {
		return err
	}
	if err := c.v.Ask(callerWaits, "status"); err != nil {
		return fmt.Errorf("nobody is there to give the lessons: %w", err)
	}
	for _, l := range lessons {
		if c.report.enough() {
			break
		}
		s, err := c.start(ctx, c.v.Real(l.At))
		if err != nil {
			return err
		}
		c.report.add(s, c.o.Out)
	}
	return c.settle(ctx)
}

// settle waits for the last presses to be answered and seen in the journal, or
// for as long as that may take.
func (c *campaign) settle(ctx context.Context) error {
	for range 60 {
		if err := c.until(ctx, c.o.Now().Add(100*time.Millisecond)); err != nil {
			return err
		}
		if r := c.v.Report(); len(r.PressDelaysMS) == r.PressesMade && r.PressesRecorded >= r.PressesAcknowledged {
			return nil
		}
	}
	return nil
}

// What is done around a start, before and after its moment.
const (
	loadBefore = 11 * time.Second // so that the film is loaded under it, too
	eyeBefore  = 5 * time.Second  // nothing may move from then on; the film stands still by then
	holdBefore = 100 * time.Millisecond
)

// start waits for the lesson at that moment and judges how it starts.
func (c *campaign) start(ctx context.Context, at time.Time) (Start, error) {
	s := Start{Scheduled: at, Loaded: c.report.turn()}
	if err := c.until(ctx, at.Add(-loadBefore)); err != nil {
		return s, err
	}
	begun, waited := c.o.Now(), machine.Waited()
	var b *burden
	if s.Loaded {
		b = lay(ctx, c.v, filepath.Join(c.v.Dir(), "ballast"), at.Add(-handsBefore))
	}
	err := c.control(ctx, at)
	if err == nil {
		err = c.until(ctx, at.Add(eyeAfter))
	}
	if b != nil {
		s.Load = b.lift()
	}
	if err != nil {
		return s, err
	}
	s.Busy = (machine.Waited() - waited).Seconds() / c.o.Now().Sub(begun).Seconds()
	if c.o.Control == "early" {
		at = at.Add(controlSlow)
	}
	s.judge(at, c.v.Steps(at.Add(-eyeBefore)), lag{around: c.late(at.Add(-loadBefore)), before: c.late(at.Add(-recovery))})
	return s, nil
}

// late is how late the simulator itself was at worst since from: the eye, or the
// kernel that carries the bytes of its wires.
func (c *campaign) late(from time.Time) time.Duration {
	return max(c.v.WorstBlind(from), c.canary.Late.Worst(from))
}

// controlSlow is by how much the clock of a judge is slow that must find every
// start early.
const controlSlow = 60 * time.Millisecond

// control holds the player up, when it is to be.
func (c *campaign) control(ctx context.Context, at time.Time) error {
	held := map[string]string{"late": "stop player for 160ms", "missed": "stop player for 3s"}[c.o.Control]
	if held == "" {
		return nil
	}
	if err := c.until(ctx, at.Add(-holdBefore)); err != nil {
		return err
	}
	return c.v.Do(held)
}

func (c *campaign) until(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(at.Sub(c.o.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.v.Done():
		return errors.New("the village ended before its lessons")
	}
}
