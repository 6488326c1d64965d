package clock_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/clock"
)

// village is the world of one box: true time, the kernel's clock, the battery
// clock, and what the Keeper told. Time runs with the bubble.
type village struct {
	t    *testing.T
	path string

	mu     sync.Mutex
	truth  time.Time // at origin
	origin time.Time // of the bubble's clock
	boot   int
	up     time.Time     // power-on, on the bubble's clock
	wrong  time.Duration // kernel's clock beside the truth
	synced bool
	rtc    *chip
	events []clock.Event
	faults map[string]string // by code and thing: the cause

	keeper *clock.Keeper
	stop   func()
}

// chip is the battery clock: off beside the truth at origin and fast by ppm.
type chip struct {
	v          *village
	off        time.Duration
	ppm        int64
	since      time.Time // true time at which off was so
	fail       error
	empty, low bool
	sets       int
}

func newVillage(t *testing.T) *village {
	v := &village{t: t, path: filepath.Join(t.TempDir(), "clock.json"), truth: noon, origin: time.Now(), faults: map[string]string{}}
	v.rtc = &chip{v: v, since: noon}
	return v
}

func (v *village) now() time.Time { return v.truth.Add(time.Since(v.origin)) }

// Mono, Kernel and Boot make it a clock.System.
func (v *village) Mono() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return time.Since(v.up)
}

func (v *village) Kernel() (clock.Kernel, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return clock.Kernel{Wall: v.now().Add(v.wrong), Mono: time.Since(v.up), Synced: v.synced, Bound: 20 * time.Millisecond}, nil
}

func (v *village) Boot() string { return fmt.Sprintf("boot-%d", v.boot) }

func (c *chip) reads() time.Time {
	truth := c.v.now()
	return truth.Add(c.off + time.Duration(int64(truth.Sub(c.since))/1e6*c.ppm))
}

func (c *chip) Time() (time.Time, error) {
	c.v.mu.Lock()
	defer c.v.mu.Unlock()
	return c.reads().Truncate(time.Second).UTC(), c.fail
}

func (c *chip) SetTime(t time.Time) error {
	c.v.mu.Lock()
	defer c.v.mu.Unlock()
	c.since = c.v.now()
	c.off, c.fail, c.empty = t.Truncate(time.Second).Sub(c.since), nil, false
	c.sets++
	return nil
}

func (c *chip) Battery() (empty, low bool, err error) { return c.empty, c.low, nil }

// on powers the box and starts its program.
func (v *village) on(o clock.KeeperOpts) {
	v.boot++
	v.up = time.Now()
	v.start(o)
}

func (v *village) start(o clock.KeeperOpts) {
	o.Path, o.Built, o.RTC = v.path, noon.Add(-48*time.Hour), v.rtc
	o.Note = func(kind string, e clock.Event) {
		if kind != "clock" {
			v.t.Errorf("record of kind %q", kind)
		}
		v.mu.Lock()
		v.events = append(v.events, e)
		v.mu.Unlock()
	}
	o.Fault = func(on bool, code, thing string, args ...string) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if !on {
			delete(v.faults, code+" "+thing)
			return
		}
		v.faults[code+" "+thing] = strings.Join(args, " ")
	}
	v.mu.Lock()
	v.faults = map[string]string{}
	v.mu.Unlock()
	v.keeper = clock.NewKeeper(clock.New(clock.Opts{Zone: shanghai, Built: o.Built}), v, o)
	ctx, cancel := context.WithCancel(v.t.Context())
	done := make(chan error, 1)
	go func() { done <- v.keeper.Run(ctx) }()
	v.stop = func() {
		cancel()
		if err := <-done; err != nil {
			v.t.Error(err)
		}
	}
	synctest.Wait()
}

// cut takes the power away for d: what was saved last is what is left.
func (v *village) cut(d time.Duration) {
	kept, err := os.ReadFile(v.path)
	if err != nil {
		v.t.Fatal(err)
	}
	v.stop()
	if err := os.WriteFile(v.path, kept, 0o600); err != nil {
		v.t.Fatal(err)
	}
	time.Sleep(d)
	v.mu.Lock()
	v.synced = false
	v.events = nil
	v.mu.Unlock()
}

func (v *village) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// off is how far the clock is beside the truth.
func (v *village) off() time.Duration { return v.keeper.Now().Sub(v.now()) }

func (v *village) expect(source clock.Source, level clock.Level, most time.Duration) {
	v.t.Helper()
	if s := v.keeper.Status(); s.Source != source || s.Level != level || max(v.off(), -v.off()) > most {
		v.t.Fatalf("%v %v, %v beside the truth ±%v; faults %v", s.Source, s.Level, v.off(), s.Bound, v.faults)
	}
}

func (v *village) fault(key string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	cause, ok := v.faults[key]
	return cause, ok
}

func (v *village) event(what string) (clock.Event, int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var last clock.Event
	n := 0
	for _, e := range v.events {
		if e.What == what {
			last, n = e, n+1
		}
	}
	return last, n
}
