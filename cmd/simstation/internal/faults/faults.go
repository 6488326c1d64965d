// Package faults does harm to the real guard, a thousand times and one at a
// time: it kills and stops it, spoils its samples, fills its disk, moves its
// clock, pulls its wires, talks nonsense at its socket and breaks its mains. Each
// time it judges by what is seen at contacts, pins and the mains of a simulated
// world, never by what the guard says of itself: whether the hardware was open
// in time whenever it had to be, stayed closed when nothing was wrong with the
// mains, and never closed before its time.
//
// The same seed and kind give the same injection. A simulator that was itself
// late proves nothing: such an injection is repeated, and counted.
package faults

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
)

// Opts say how much harm. N, Bin and Out are required.
type Opts struct {
	N        int       // injections
	Villages int       // at the same time, default 4
	Seed     uint64    // injection i has Seed + i; default 1
	Only     string    // one of Kinds; "": all
	Village  int       // 1…4: all villages are of this type; 0: the types in turn
	Control  string    // one of Controls, to see that the judge notices; "": none
	Bin      string    // folder of guard and station
	Dir      string    // of the run, kept; "": a temporary one
	Out      io.Writer // what people read
	Now      func() time.Time
}

// Controls returns the ways to make the real thing fail.
func Controls() []string { return []string{"latched", "slack", "early", "jumpy"} }

// tries is how often an injection is done when the simulator is late.
const tries = 6

// quietMost is how long an injection waits at most for a machine whose programs
// wait for a processor for half of the time.
const quietMost = 5 * time.Second

// Run does the injections and returns what came of them. An error means that
// they could not be done at all.
func Run(ctx context.Context, o Opts) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	dir, keep, err := o.folder()
	if err != nil {
		return nil, err
	}
	c := &campaign{o: o, next: make(chan uint64), report: newReport(o)}
	err = c.run(ctx, dir)
	if !keep && len(c.report.Failed) == 0 && err == nil {
		return c.report, os.RemoveAll(dir)
	}
	fmt.Fprintln(o.Out, "logs of the guards are in", dir)
	return c.report, err
}

func (o *Opts) check() error {
	if o.Only != "" && !slices.Contains(Kinds(), o.Only) {
		return fmt.Errorf("-only %s: one of %s", o.Only, strings.Join(Kinds(), " "))
	}
	if o.Control != "" && !slices.Contains(Controls(), o.Control) {
		return fmt.Errorf("-control %s: one of %s", o.Control, strings.Join(Controls(), " "))
	}
	if o.Village < 0 || o.Village > villageTypes {
		return fmt.Errorf("-village %d: 1 to %d, or 0 for all in turn", o.Village, villageTypes)
	}
	for _, name := range []string{"guard", "station"} {
		if _, err := os.Stat(filepath.Join(o.Bin, name)); err != nil {
			return fmt.Errorf("program %s: %w: build it with `make build`, or say where it is with -bin DIR", name, err)
		}
	}
	o.Seed = max(o.Seed, 1)
	if o.Villages <= 0 {
		o.Villages = 4
	}
	o.Villages = min(o.Villages, o.N)
	return nil
}

func (o *Opts) folder() (dir string, keep bool, err error) {
	if o.Dir == "" {
		dir, err = os.MkdirTemp("", "faults-")
		return dir, false, err
	}
	dir, err = filepath.Abs(o.Dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	return dir, true, err
}

// campaign is a run of injections over several villages.
type campaign struct {
	o      Opts
	next   chan uint64 // seeds
	canary *machine.Canary
	report *Report
}

func (c *campaign) run(ctx context.Context, dir string) error {
	var err error
	if c.canary, err = machine.NewCanary(filepath.Join(dir, "canary"), c.o.Now); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var beside, villages sync.WaitGroup
	beside.Go(func() { c.canary.Sing(ctx) })
	beside.Go(c.canary.Listen)
	beside.Go(func() { c.feed(ctx) })
	errs := make([]error, c.o.Villages)
	for i := range errs {
		villages.Go(func() {
			if errs[i] = c.village(ctx, filepath.Join(dir, fmt.Sprint("v", i)), i); errs[i] != nil {
				cancel()
			}
		})
	}
	villages.Wait()
	cancel()
	beside.Wait()
	c.report.finish(c.o.Now())
	return errors.Join(errs...)
}

// feed hands out the seeds.
func (c *campaign) feed(ctx context.Context) {
	defer close(c.next)
	for i := range c.o.N {
		select {
		case c.next <- c.o.Seed + uint64(i):
		case <-ctx.Done():
			return
		}
	}
}

// village does injections in one village until there are none.
func (c *campaign) village(ctx context.Context, dir string, i int) (err error) {
	v, err := raise(dir, c.setup(i), c.o.Now)
	if err != nil {
		return fmt.Errorf("village %d: %w", i, err)
	}
	defer func() { err = errors.Join(err, v.close()) }()
	for seed := range c.next {
		r := c.one(ctx, v, seed)
		if ctx.Err() != nil {
			return nil
		}
		c.report.add(r, c.o.Out, c.o.Now())
	}
	return nil
}

// one does an injection until the simulator was in time, or too often.
func (c *campaign) one(ctx context.Context, v *rig, seed uint64) result {
	var r result
	for n := 1; n <= tries && ctx.Err() == nil; n++ {
		awaitQuiet(ctx)
		r = v.inject(ctx, planned(seed, c.o.Only), &c.canary.Late)
		if r.Tries = n; r.Judged {
			return r
		}
		c.report.worthless(r)
	}
	return r
}

// awaitQuiet lets a machine that has no time come to rest, for quietMost.
func awaitQuiet(ctx context.Context) {
	const look = 500 * time.Millisecond
	for range quietMost / look {
		before := machine.Waited()
		rest(ctx, look)
		if ctx.Err() != nil || machine.Waited()-before < look/2 {
			return
		}
	}
}

// villageTypes is how many types of village there are.
const villageTypes = 4

// setup makes villages differ: drives hold between the least and, nearly, the
// most that their description allows, and every second village has a lamp.
func (c *campaign) setup(i int) setup {
	number := i%villageTypes + 1
	if c.o.Village > 0 {
		number = c.o.Village
	}
	hold := [villageTypes]time.Duration{200, 110, 250, 150}[number-1] * time.Millisecond
	s := setup{
		number: number, seed: c.o.Seed<<8 + uint64(i), bin: c.o.Bin, hold: hold,
		stale: 100 * time.Millisecond, rules: rules{GoodTime: goodTime, MinOff: minOff, stale: 100 * time.Millisecond},
	}
	switch c.o.Control {
	case "latched":
		s.broken = 1000 * time.Hour
	case "slack":
		s.stale, s.broken = 250*time.Millisecond, 400*time.Millisecond
	case "early":
		s.rules.GoodTime = 3 * time.Second
	case "jumpy":
		s.stale = 20 * time.Millisecond
	}
	return s
}
