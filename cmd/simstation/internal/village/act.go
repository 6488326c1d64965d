package village

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"stationbox/firmware/config"
	"stationbox/hal/sim/scenario"
)

// Play goes through the script in real time and returns at its end, or when
// ctx is done. A script without an end is never over.
func (v *Village) Play(ctx context.Context) error {
	for _, st := range v.o.Script.Steps {
		if err := v.sleepUntil(ctx, v.clock.real(st.At)); err != nil {
			return err
		}
		if err := v.act(st.Text, st.Do); err != nil {
			v.fail(fmt.Sprintf("line %d: %s: %v", st.Line, st.Text, err))
		}
	}
	if v.o.Script.End == 0 {
		<-v.either(ctx)
		return ctx.Err()
	}
	if err := v.sleepUntil(ctx, v.clock.real(v.o.Script.End)); err != nil {
		return err
	}
	v.refreshJournal()
	v.mu.Lock()
	v.done = true
	v.mu.Unlock()
	v.diary.add(v.now(), "scenario", v.o.Name, "info")
	return nil
}

// errOver says that the village ended under the script.
var errOver = errors.New("the village ended before its script")

func (v *Village) sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(at.Sub(v.now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-v.ctx.Done():
		return errOver
	}
}

func (v *Village) either(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	v.wg.Go(func() {
		defer close(out)
		select {
		case <-ctx.Done():
		case <-v.ctx.Done():
		}
	})
	return out
}

// Do performs one line of the scenario language now. What takes time goes on
// after it returned.
func (v *Village) Do(line string) error {
	do, err := scenario.ParseAction(line)
	if err != nil {
		return err
	}
	if k, ok := do.(scenario.Key); ok {
		return v.key(k) // a hand on the panel is too much for the list of events
	}
	return v.act(line, do)
}

func (v *Village) act(text string, do scenario.Action) error {
	if _, quiet := do.(scenario.Expect); !quiet {
		v.diary.add(v.now(), "do", text, "info")
	}
	w := v.far.world
	switch a := do.(type) {
	case scenario.Press:
		return v.press(a.Keys)
	case scenario.Key:
		return v.key(a)
	case scenario.Mains:
		v.mains(a)
	case scenario.Ramp:
		w.Ramp(a.From, a.To, a.Over)
	case scenario.Freq:
		before := w.Snapshot().Mains.SetHz
		w.SetHz(a.Hz)
		v.later(a.For, func() { w.SetHz(before) })
	case scenario.THD:
		before := w.Snapshot().Mains.THD
		w.SetTHD(a.Pct / 100)
		v.later(a.For, func() { w.SetTHD(before) })
	case scenario.Arrester:
		w.SetArrester(a.Failed)
	case scenario.Strike:
		w.Strike()
	case scenario.Fault:
		return v.fault(a)
	case scenario.Kill:
		return v.kill(a.Process)
	case scenario.Stop:
		return v.freeze(a)
	case scenario.Console:
		return v.far.console.Type(a.Line)
	case scenario.LessonNow:
		return v.lessonNow()
	case scenario.Photo:
		return v.photograph(a)
	case scenario.Dish, scenario.Weather, scenario.Sink, scenario.Cable:
		v.harmDish(a)
	case scenario.Villager:
		return v.alignDish(a)
	case scenario.Expect:
		v.goRun("expect", func(ctx context.Context) error { v.expect(ctx, text, a); return nil })
	}
	return nil
}

// later does what is to follow after d; nothing when d is 0.
func (v *Village) later(d time.Duration, f func()) {
	if d == 0 {
		return
	}
	v.goRun("later", func(ctx context.Context) error {
		if v.sleepUntil(ctx, v.now().Add(d)) == nil {
			f()
		}
		return nil
	})
}

func (v *Village) mains(a scenario.Mains) {
	w := v.far.world
	switch {
	case a.Volts == 0:
		w.Outage(a.For)
	case a.For > 0:
		w.Swing(a.Volts, a.For)
	default:
		w.SetVolts(a.Volts)
	}
}

func (v *Village) fault(a scenario.Fault) error {
	d := v.breakable(a.Device)
	if d == nil {
		return fmt.Errorf("there is no %s here", a.Device)
	}
	if err := d.Fault(a.Kind); err != nil {
		return err
	}
	v.later(a.For, func() {
		if err := d.Fault("none"); err != nil {
			v.log.Error("healing", "device", a.Device, "err", err)
		}
	})
	return nil
}

// breakable is what a fault can be given to, nil for none.
func (v *Village) breakable(name string) interface{ Fault(kind string) error } {
	if name == "headend" {
		return v.headend
	}
	if d := v.far.device(name); d != nil {
		return d
	}
	return nil
}

// press types a number and the confirming key, as a villager would: the hands
// move by themselves from here on.
func (v *Village) press(keys string) error {
	v.goRun("press", func(ctx context.Context) error { return v.Type(ctx, keys) })
	return nil
}

// Type lets a villager type a number and the confirming key, when the one before
// has done so, and returns when that key is down.
func (v *Village) Type(ctx context.Context, number string) error {
	v.presses.hands.Lock()
	defer v.presses.hands.Unlock()
	v.watchPanel(ctx, func() bool { return !v.far.panel.Typing() })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := v.far.panel.Press(number + "#"); err != nil {
		return err
	}
	v.watchPanel(ctx, func() bool { return slices.Contains(v.far.panel.Down(), "#") })
	v.presses.confirmed(number, v.now())
	return nil
}

// watchPanel returns when something is so, or after a time in which it must have
// been.
func (v *Village) watchPanel(ctx context.Context, so func() bool) {
	deadline := v.now().Add(5 * time.Second)
	for !so() && v.now().Before(deadline) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// key moves one key. A confirming key after digits counts as a press.
func (v *Village) key(k scenario.Key) error {
	if k.Down {
		v.presses.typed(k.Rune, v.now())
	}
	return v.far.panel.Key(k.Rune, k.Down)
}

func (v *Village) supervised(name string) *process {
	if name == "guard" {
		return v.guard
	}
	return v.station
}

func (v *Village) kill(name string) error {
	if name == "player" {
		return signalAll(v.player.pids(v.dir), syscall.SIGKILL)
	}
	p := v.supervised(name)
	if name == "guard" {
		v.cuts.killed(v.far.world)
	}
	if name == "station" {
		v.answers.killed(v.now(), p.state().PID)
	}
	return p.signal(syscall.SIGKILL)
}

func (v *Village) freeze(a scenario.Stop) error {
	send := func(sig syscall.Signal) error {
		if a.Process == "player" {
			return signalAll(v.player.pids(v.dir), sig)
		}
		return v.supervised(a.Process).signal(sig)
	}
	if err := send(syscall.SIGSTOP); err != nil {
		return err
	}
	v.later(a.For, func() {
		if err := send(syscall.SIGCONT); err != nil {
			v.log.Warn("thawing", "process", a.Process, "err", err)
		}
	})
	return nil
}

// lessonNow writes one more row into the schedule, as soon as the equipment
// can be ready, and lets station start again to read it.
func (v *Village) lessonNow() error {
	l := scenario.Lesson{File: "first.mp4", Length: time.Minute, Title: "加一课"}
	if first := v.o.Script.Lessons; len(first) > 0 {
		l = first[0]
	} else if err := v.makeLesson(l.File, l.Length, l.Title); err != nil {
		return err
	}
	lead := max(v.cfg.Projector.WarmUp.D()+v.cfg.Lesson.WarmMargin.D(), v.cfg.Lesson.BellBefore.D()) + 5*time.Second
	at := v.now().Add(lead).Truncate(time.Second).Add(time.Second)
	if err := v.addRow(at, l); err != nil {
		return err
	}
	if err := v.writeConfig(); err != nil {
		return err
	}
	return v.station.signal(syscall.SIGTERM)
}

func (v *Village) addRow(at time.Time, l scenario.Lesson) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.rows {
		begins, ends := v.span(r, at)
		if at.Before(ends) && at.Add(l.Length).After(begins) {
			return fmt.Errorf("a lesson is under way or soon to come: try again after %s", ends.Format("15:04:05"))
		}
	}
	v.rows = append(v.rows, v.row(fmt.Sprintf("lesson-%d", len(v.rows)+1), at, l))
	return nil
}

// span returns when a row begins and ends on the occasion nearest to at, with
// a minute for the cool-down.
func (v *Village) span(r config.Entry, at time.Time) (begins, ends time.Time) {
	clock, _ := r.Clock()
	at = at.In(v.zone())
	begins = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location()).Add(clock)
	switch gap := begins.Sub(at); {
	case gap > 12*time.Hour:
		begins = begins.AddDate(0, 0, -1)
	case gap < -12*time.Hour:
		begins = begins.AddDate(0, 0, 1)
	}
	return begins, begins.Add(r.Duration.D() + time.Minute)
}
