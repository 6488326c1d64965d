package station

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/hal"
	"stationbox/hal/projector/pjlink"
)

// displayNote is the data of a KindDisplay record.
type displayNote struct {
	Name  string           `json:"name"`
	From  hal.DisplayState `json:"from"`
	To    hal.DisplayState `json:"to"`
	Asked bool             `json:"asked"` // false: it went on by itself
}

// kindStep is the record of what became of a command to a display: stepNote.
const kindStep = "display_step"

// stepNote is the data of a kindStep record.
type stepNote struct {
	Name string `json:"name"`
	display.Event
}

// displays are the keepers of the configured displays and what they hold open.
type displays struct {
	list   []fitted
	opener *opener
}

// fitted is a display as the configuration describes it.
type fitted struct {
	screen
	kinds                []string // of its ways, in their order
	input                string
	socket               *socket // nil when its mains is not to be taken away
	notices              []*pjlink.Watch
	lampLife, filterLife time.Duration
}

// displayNeeds is what displays are made with.
type displayNeeds struct {
	doors *Doors
	put   func(kind, lesson string, data any)
	guard mainsGuard // tells the currents; nil: nothing is measured
	log   *slog.Logger
	tick  func() time.Time
}

// openDisplays makes the keepers. Nothing is sent before they run.
func openDisplays(cfg *config.Config, n displayNeeds) *displays {
	ds := &displays{opener: &opener{doors: n.doors, models: cfg.Models, log: n.log}}
	mem := display.OpenMemory(displayMemory(cfg), n.log)
	tv, p := cfg.TV, cfg.Projector
	if tv.Kind != "" {
		// Many sets answer nothing in standby: waking one blindly harms nothing.
		ds.add(cfg, n, mem, "tv", tv.Load, tv.Ways(), tv.Socket, display.ChainOpts{Call: 6 * time.Second, Current: currentOf(cfg, n, tv.Load, tv.OnMA)},
			display.Opts{Input: tv.Input, BlindOn: true, BlindOff: true, WarmUp: tv.WarmUp.D()})
	}
	if p.Kind != "" {
		ds.add(cfg, n, mem, "projector", p.Load, p.Ways(), false,
			display.ChainOpts{Lamp: true, CoolDown: p.CoolDown.D(), Restrike: p.CoolDown.D(), Call: 6 * time.Second, Resend: 10 * time.Second, Current: currentOf(cfg, n, p.Load, p.OnMA)},
			display.Opts{Input: p.Input, Resend: 10 * time.Second, WarmUp: p.WarmUp.D()})
		f := &ds.list[len(ds.list)-1]
		f.lampLife, f.filterLife = time.Duration(p.LampLife)*time.Hour, time.Duration(p.FilterLife)*time.Hour
	}
	return ds
}

// displayMemory is the file of what displays taught.
func displayMemory(cfg *config.Config) string {
	return filepath.Join(cfg.Station.StateDir, "displays.json")
}

// leadNote is how long before its picture a display is told.
type leadNote struct {
	Name    string `json:"name"`
	LeadMS  int64  `json:"lead_ms"`
	Learned bool   `json:"learned"` // it was measured, not configured
}

// leadsOf says of each configured display how long before its picture it is told,
// as it has taught, for a program that is not the running station; warm is the
// longest.
func leadsOf(cfg *config.Config) (list []leadNote, warm time.Duration) {
	mem := display.OpenMemory(displayMemory(cfg), slog.New(slog.DiscardHandler))
	note := func(name, kind string, usual time.Duration) {
		if kind == "" {
			return
		}
		lead, learned := mem.Lead(usual, kind)
		list, warm = append(list, leadNote{name, lead.Milliseconds(), learned}), max(warm, lead)
	}
	note("tv", cfg.TV.Kind, cfg.TV.WarmUp.D())
	note("projector", cfg.Projector.Kind, cfg.Projector.WarmUp.D())
	return list, warm
}

func (ds *displays) add(cfg *config.Config, n displayNeeds, mem *display.Memory, name, load string, list []config.Way, plug bool, co display.ChainOpts, o display.Opts) {
	ds.opener.measure = co.Current.State
	f := fitted{screen: screen{name: name, load: load}, input: o.Input}
	var ways []display.Way
	for _, w := range list {
		ways = append(ways, ds.opener.open(name, w))
		f.kinds = append(f.kinds, w.Kind)
	}
	if plug {
		f.socket = &socket{tick: n.tick}
		ways = append(ways, display.Way{Name: "socket " + load, Dev: f.socket, Socket: true})
		f.kinds = append(f.kinds, "socket")
	}
	l, _ := cfg.LoadNamed(load)
	co.Lamp = co.Lamp || l.Lamp
	o.BlindOn, o.BlindOff = o.BlindOn && !co.Lamp, o.BlindOff && !co.Lamp
	co.Now, o.Now = n.tick, n.tick
	o.Kind, o.Log, o.Memory = list[0].Kind, n.log, mem
	o.Changed = func(from, to hal.DisplayState, asked bool) {
		n.put(firmware.KindDisplay, "", displayNote{name, from, to, asked})
	}
	o.Told = func(e display.Event) { n.put(kindStep, "", stepNote{name, e}) }
	f.keeper = display.New(name, display.NewChain(ways, co), o)
	f.notices = ds.opener.noticesOf(list, f.keeper.News)
	ds.list = append(ds.list, f)
}

// screens are the displays as the lesson needs them.
func (ds *displays) screens() []screen {
	var out []screen
	for _, f := range ds.list {
		out = append(out, f.screen)
	}
	return out
}

// cut says whether mains is to be taken from a load now, because the display on it
// hears nothing else.
func (ds *displays) cut(load string, now time.Time) bool {
	for _, f := range ds.list {
		if f.load == load && f.socket.cut(now) {
			return true
		}
	}
	return false
}

// currentOf is the current of the load that feeds a display, as the guard tells it.
func currentOf(cfg *config.Config, n displayNeeds, load string, on int) display.Current {
	l, ok := cfg.LoadNamed(load)
	if !ok || n.guard == nil || on <= 0 {
		return display.Current{}
	}
	return display.Current{On: int64(on), Standby: int64(l.StandbyMA), MA: func() (int64, bool) {
		g, _ := n.guard.Status().Fresh(n.tick(), guardAge)
		for _, l := range g.Loads {
			if l.Name == load {
				return l.CurrentMA, l.CurrentOK && l.On
			}
		}
		return 0, false
	}}
}

// lead is how long before the start the displays are to be told: as the slowest of
// them has taught. Any goroutine may ask.
func (ds *displays) lead() time.Duration {
	var d time.Duration
	for _, sc := range ds.list {
		d = max(d, sc.keeper.Lead())
	}
	return d
}

// tasks are the goroutines of the displays.
func (ds *displays) tasks() []work.Task {
	list := ds.opener.follow
	for _, sc := range ds.list {
		list = append(list, work.Task{Name: sc.name, Run: sc.keeper.Run})
		for _, w := range sc.notices {
			list = append(list, work.Task{Name: sc.name + " notices", Run: w.Run})
		}
	}
	return list
}

// Close closes lines and devices, after the tasks have ended.
func (ds *displays) Close() error {
	errs := make([]error, 0, len(ds.opener.closers))
	for _, c := range ds.opener.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// The guard's words for a UPS that feeds this computer from its battery.
const (
	upsBattery = "guard.cause.ups_battery"
	upsLow     = "guard.cause.ups_low"
)

// watch raises and ends the faults of displays, guard and player, once a second.
type watch struct {
	displays *displays
	guard    mainsGuard
	desk     *desk
	side     *side
	speakers *speakers
	faults   *fault.Book
	stall    *stall
	observer *observer
	aired    func() bool // a live picture is on the screen
	now      func() time.Time
}

// Run watches until ctx ends.
func (w *watch) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	since := map[string]time.Time{}
	// lasting is true when bad has been true for d: a blink is no fault.
	lasting := func(key string, bad bool, d time.Duration) bool {
		if !bad {
			delete(since, key)
			return false
		}
		if since[key].IsZero() {
			since[key] = w.now()
		}
		return w.now().Sub(since[key]) >= d
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, sc := range w.displays.list {
			st := sc.keeper.Status()
			w.faults.Set(lasting(sc.name, st.State == hal.DisplayUnknown && !st.At.IsZero() && st.Err != nil, 10*time.Second), "fault.display.silent", sc.name)
			w.worn(sc, st)
			for _, n := range sc.notices {
				err := n.Err()
				w.faults.Set(lasting(sc.name+" notices "+n.Port(), err != nil, 5*time.Second), "fault.display.notices", sc.name, "port", n.Port())
			}
		}
		g, known := w.guard.Status().Fresh(w.now(), guardAge)
		w.faults.Set(lasting("guard", !known, guardAge), "fault.guard.lost", "")
		w.faults.Set(known && g.UPS == upsBattery, "fault.ups.battery", "")
		w.faults.Set(known && g.UPS == upsLow, "fault.ups.low", "")
		out := w.desk.outcome()
		w.film(out)
		w.faults.Set(lasting("player", !out.up, 5*time.Second), "fault.player.down", "")
		w.faults.Set(lasting(sideName, w.side.down(), 5*time.Second), "fault.screen.down", sideName)
		w.speakers.watch(w.faults, lasting)
	}
}

// film watches what the film does and shows.
func (w *watch) film(out fate) {
	w.stall.see(out, w.now())
	wrong, unheard := w.observer.wrong()
	moves := out.running || w.aired()
	w.faults.Set(out.blind, "fault.film.blind", "")
	w.faults.Set(moves && wrong.Black >= blackTime, "fault.film.black", "")
	w.faults.Set(moves && wrong.Frozen >= frozenTime, "fault.film.frozen", "")
	w.faults.Set(moves && wrong.Silent >= silentTime, "fault.film.silent", "")
	w.faults.Set(moves && unheard, "fault.film.unheard", "")
}
