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
	if v.headend != nil {
		v.goRun("headend", v.headend.run)
	}
	v.goRun("curve", v.every(250*time.Millisecond, func() { v.curve.add(v.far.world.Snapshot()) }))
	v.goRun("player", v.every(time.Second, func() { v.player.look(v.dir) }))
	v.goRun("status", v.every(200*time.Millisecond, v.refreshStatus))
	v.goRun("journal", v.every(time.Second, v.refreshJournal))
	v.goRun("events", v.every(200*time.Millisecond, v.takeWorldEvents))
	v.goRun("console", v.every(200*time.Millisecond, v.takeConsole))
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
		kind, text := worldWords(e, v.words.Lang() == "en")
		v.diary.add(v.now(), kind, text, level)
	}
}

// worldEvents are what the world tells, sorted under the kinds that the page
// knows and said in Chinese and English. They are not in the station's catalogue,
// because no station can know them.
var worldEvents = map[string]struct{ kind, zh, en string }{
	"contactor_closed": {"contactor", "接触器吸合", "contactor closes"},
	"contactor_open":   {"contactor", "接触器断开", "contactor opens"},
	"relay_on":         {"load", "继电器吸合", "relay on"},
	"relay_off":        {"load", "继电器断开", "relay off"},
	"lamp_on":          {"projector", "灯泡点亮", "lamp struck"},
	"lamp_off":         {"projector", "灯泡熄灭", "lamp off"},
	"hot_cut":          {"projector", "灯泡还热就断了电", "hot lamp lost its mains"},
	"hot_strike":       {"projector", "热灯泡被重新点亮", "hot lamp struck again"},
	"mains_off":        {"mains", "停电", "mains off"},
	"mains_on":         {"mains", "来电", "mains on"},
}

func worldWords(e world.Event, english bool) (kind, text string) {
	w, ok := worldEvents[e.Kind]
	switch {
	case !ok:
		kind, text = "mains", e.Kind
	case english:
		kind, text = w.kind, w.en
	default:
		kind, text = w.kind, w.zh
	}
	if e.Text != "" {
		text += " · " + e.Text
	}
	return kind, text
}
