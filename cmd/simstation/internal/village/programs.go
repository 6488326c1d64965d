package village

import (
	"context"
	"path/filepath"
	"time"

	"stationbox/hal/sim/world"
)

// preparePrograms makes guard and station ready to be started.
func (v *Village) preparePrograms() error {
	var err error
	if v.guard, err = v.program("guard", "-config", v.configPath()); err != nil {
		return err
	}
	v.station, err = v.program("station", "run", "-config", v.configPath())
	return err
}

func (v *Village) program(name string, args ...string) (*process, error) {
	out, err := v.logFile(name)
	if err != nil {
		return nil, err
	}
	return &process{
		argv: append([]string{filepath.Join(v.o.Bin, name)}, args...), out: out, log: v.log,
		told: func(what string) { v.diary.add(v.now(), "process", name+": "+what, "warn") },
		view: Process{Name: name, State: "restarting"},
	}, nil
}

// startPrograms starts guard and station when the label clock begins.
func (v *Village) startPrograms() {
	<-time.After(v.clock.base.Sub(v.now()))
	v.guard.run()
	v.station.run()
}

// startWatching starts everybody who looks at the village from the outside.
func (v *Village) startWatching() {
	v.goRun("eye", v.watch.Run)
	v.goRun("curve", v.every(250*time.Millisecond, func() { v.curve.add(v.far.world.Snapshot()) }))
	v.goRun("player", v.every(time.Second, func() { v.player.look(v.dir) }))
	v.goRun("status", v.every(200*time.Millisecond, v.refreshStatus))
	v.goRun("journal", v.every(time.Second, v.refreshJournal))
	v.goRun("events", v.every(200*time.Millisecond, v.takeWorldEvents))
}

// every does f again and again, never twice at once.
func (v *Village) every(gap time.Duration, f func()) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(gap)
		defer tick.Stop()
		for {
			f()
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	}
}

func (v *Village) lookAtContacts() {
	v.presses.look(v.now(), v.far.lamp.On(), v.far.buzzer.On())
	v.cuts.look(v.far.world)
}

// takeWorldEvents tells the list of events what really happened.
func (v *Village) takeWorldEvents() {
	for _, e := range v.far.world.TakeEvents() {
		level := "info"
		switch e.Kind {
		case "hot_cut", "hot_strike":
			level = "bad"
		case "contactor_open", "mains_off":
			level = "warn"
		case "contactor_closed", "mains_on":
			level = "good"
		}
		kind, text := worldWords(e)
		v.diary.add(v.now(), kind, text, level)
	}
}

// worldWords sorts an event of the world under the kinds that the page knows.
func worldWords(e world.Event) (kind, text string) {
	kinds := map[string]string{
		"contactor_closed": "contactor", "contactor_open": "contactor", "relay_on": "load", "relay_off": "load",
		"lamp_on": "projector", "lamp_off": "projector", "hot_cut": "projector", "hot_strike": "projector",
		"mains_off": "mains", "mains_on": "mains",
	}
	kind, ok := kinds[e.Kind]
	if !ok {
		kind = "mains"
	}
	text = e.Kind
	if e.Text != "" {
		text += " · " + e.Text
	}
	return kind, text
}
