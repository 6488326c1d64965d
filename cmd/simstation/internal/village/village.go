// Package village raises one simulated village around the real programs: the
// physical world, the far ends of every wire, a screen without a monitor, the
// configuration that names them, and guard and station themselves, started and
// restarted as the init system of a real box would. It plays a scenario against
// them and notes, from the outside only (pixels, pins, contacts, the commands
// that people have), what came of it. Nothing that it starts knows that the
// village is not real, and all of it ends with it.
package village

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/firmware/config"
	"stationbox/firmware/text"
	"stationbox/hal/sim/eye"
	"stationbox/hal/sim/scenario"
)

// Opts say what village and where. Script, Bin and Cache are required.
type Opts struct {
	Name     string           // of the scenario
	Script   *scenario.Script // what happens
	Seed     int64            // instead of the script's; 0: the script's, or 1
	Dir      string           // of the run; "": a fresh temporary folder
	Keep     bool             // leave Dir behind
	Cache    string           // folder where clips and prompts are kept between runs
	Bin      string           // folder of guard and station
	Media    string           // folder of make-lesson.sh and make-prompts.sh
	Language string           // "zh" or "en"
	Sound    string           // sound device of the station; "": none
	Page     bool             // the station has its page for the administrator
	Log      *slog.Logger     // nil: nothing is logged
}

// Village is a running village.
type Village struct {
	o       Opts
	log     *slog.Logger
	now     func() time.Time
	console consoleReader
	words   *text.Catalogue
	dir     string
	tuning  tuning
	cfg     config.Config
	clock   labelClock

	far     *far
	screen  *eye.Screen
	watch   *eye.Watch
	xvfb    *process
	guard   *process
	station *process
	headend *headend
	player  playerFinder

	ctx    context.Context // of all goroutines of the village
	cancel context.CancelFunc
	wg     sync.WaitGroup

	presses  pressCounter
	cuts     cutTimer
	aligned  alignments
	answers  stationPoll
	curve    curve
	diary    diary
	album    album
	mu       sync.Mutex
	failed   []string // expectations
	rows     []config.Entry
	done     bool
	closing  sync.Once
	closeErr error
}

// Raise builds the village and starts its programs. On error nothing is left
// behind. The caller must Close it.
func Raise(ctx context.Context, o Opts) (*Village, error) {
	v := &Village{o: o, log: o.Log, now: time.Now, words: text.New(o.Language)}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	if v.o.Seed == 0 {
		v.o.Seed = max(o.Script.Seed, 1)
	}
	v.ctx, v.cancel = context.WithCancel(ctx)
	if err := v.raise(); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

func (v *Village) raise() error {
	if err := v.findPrograms(); err != nil {
		return err
	}
	for _, step := range []func() error{v.makeDir, v.configure, v.makeMedia, v.openHeadend, v.openPage, v.raiseScreen, v.raiseFar} {
		if err := step(); err != nil {
			return err
		}
	}
	v.clock = startClock(v.now(), v.o.Script.Start)
	v.scheduleScript()
	if err := v.writeConfig(); err != nil {
		return err
	}
	if err := v.setPIN(v.ctx); err != nil {
		return err
	}
	if err := v.preparePrograms(); err != nil {
		return err
	}
	v.startWatching()
	v.startPrograms()
	return nil
}

func (v *Village) findPrograms() error {
	for _, name := range []string{"guard", "station"} {
		if _, err := os.Stat(filepath.Join(v.o.Bin, name)); err != nil {
			return fmt.Errorf("program %s: %w: build it with `make build`, or say where it is with -bin DIR", name, err)
		}
	}
	return nil
}

func (v *Village) makeDir() error {
	dir, err := v.o.Dir, error(nil)
	if dir == "" {
		dir, err = os.MkdirTemp("", "village-")
	} else {
		v.o.Keep = true // a folder that somebody named is theirs
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return fmt.Errorf("folder of the run: %w", err)
	}
	v.dir = dir
	for _, sub := range []string{"run", "state", "wires", "log", "screen"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("folder of the run: %w", err)
		}
	}
	return v.clearPhotos()
}

// goRun runs f in a goroutine of the village. A panic ends the village in
// order, so that no process is left behind.
func (v *Village) goRun(name string, f func(ctx context.Context) error) {
	v.wg.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				v.log.Error("panic", "in", name, "panic", p)
				v.fail(fmt.Sprintf("%s: panic: %v", name, p))
				v.cancel()
			}
		}()
		if err := f(v.ctx); err != nil && v.ctx.Err() == nil {
			v.log.Error("ended early", "what", name, "err", err)
			v.fail(fmt.Sprintf("%s: %v", name, err))
		}
	})
}

// fail notes an expectation that was not met.
func (v *Village) fail(text string) {
	v.mu.Lock()
	v.failed = append(v.failed, text)
	v.mu.Unlock()
	v.diary.add(v.now(), "expect", text, "bad")
}

// Failed returns what was not as it should be, so far.
func (v *Village) Failed() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string{}, v.failed...)
}

// Dir returns the folder of the run.
func (v *Village) Dir() string { return v.dir }

// Real is when a time of the script is.
func (v *Village) Real(label time.Duration) time.Time { return v.clock.real(label) }

// Steps returns what the eye saw on the screen since from.
func (v *Village) Steps(from time.Time) []eye.Step { return v.watch.Steps(from) }

// WorstBlind returns for how long the eye did not look at most since from, which
// is how late the simulator itself was.
func (v *Village) WorstBlind(from time.Time) time.Duration { return v.watch.WorstBlind(from) }

// Done is closed when the village can no longer go on, or is closed.
func (v *Village) Done() <-chan struct{} { return v.ctx.Done() }

// Close stops everything that the village started, actuators last, and removes
// its folder unless it is to be kept. It may be called more than once.
func (v *Village) Close() error {
	v.closing.Do(func() { v.closeErr = v.close() })
	return v.closeErr
}

func (v *Village) close() error {
	for _, p := range []*process{v.station, v.guard} {
		p.stop(3 * time.Second)
	}
	killAll(v.player.pids(v.dir))
	v.far.unhang()
	v.cancel()
	v.headend.stop()
	v.wg.Wait()
	v.xvfb.stop(time.Second)
	var errs []error
	if v.far != nil {
		errs = append(errs, v.far.close())
	}
	if v.screen != nil {
		errs = append(errs, v.screen.Close())
	}
	if v.dir != "" && !v.o.Keep {
		errs = append(errs, os.RemoveAll(v.dir))
	}
	return errors.Join(errs...)
}

// Report says what came of it so far.
func (v *Village) Report() *report.Report { return v.makeReport() }
