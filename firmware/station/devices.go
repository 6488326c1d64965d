package station

import (
	"context"
	"log/slog"
	"net"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/hal"
	"stationbox/hal/line"
	"stationbox/hal/projector/pjlink"
	"stationbox/hal/tv/lg"
	"stationbox/media/sound"
)

// displayNote is the data of a KindDisplay record.
type displayNote struct {
	Name  string           `json:"name"`
	From  hal.DisplayState `json:"from"`
	To    hal.DisplayState `json:"to"`
	Asked bool             `json:"asked"` // false: it went on by itself
}

// screens makes the keepers of the configured displays and returns the serial
// lines to close at the end.
func screens(cfg *config.Config, put func(kind, lesson string, data any), log *slog.Logger) ([]screen, []*line.Port) {
	var out []screen
	var lines []*line.Port
	add := func(name, load string, dev display.Device, o display.Opts) {
		o.Log = log
		o.Changed = func(from, to hal.DisplayState, asked bool) {
			put(firmware.KindDisplay, "", displayNote{name, from, to, asked})
		}
		out = append(out, screen{name: name, load: load, keeper: display.New(name, dev, o)})
	}
	if cfg.TV.Kind == "lg" {
		port := line.Open(cfg.TV.Port, line.Opts{Baud: 9600, Name: "tv " + cfg.TV.Port, Timeout: time.Second, Log: log})
		lines = append(lines, port)
		// Several LG models answer nothing in standby: waking one blindly harms nothing.
		add("tv", cfg.TV.Load, lg.New(port, cfg.TV.SetID), display.Opts{Input: cfg.TV.Input, BlindOn: true})
	}
	if cfg.Projector.Kind == "pjlink" {
		dev := pjlink.New(withPort(cfg.Projector.Address, "4352"), pjlink.Opts{Password: cfg.Projector.Password})
		add("projector", cfg.Projector.Load, dev, display.Opts{Input: cfg.Projector.Input, Resend: 10 * time.Second})
	}
	return out, lines
}

func withPort(address, port string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(address, port)
}

// The guard's words for a UPS that feeds this computer from its battery.
const (
	upsBattery = "guard.cause.ups_battery"
	upsLow     = "guard.cause.ups_low"
)

// watch raises and ends the faults of displays, guard and player, twice a second.
type watch struct {
	screens []screen
	guard   mainsGuard
	desk    *desk
	sound   *sound.Sound
	faults  *faults
	now     func() time.Time
}

// Run watches until ctx ends.
func (w *watch) Run(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
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
		for _, sc := range w.screens {
			st := sc.keeper.Status()
			w.faults.set(lasting(sc.name, st.State == hal.DisplayUnknown && !st.At.IsZero() && st.Err != nil, 10*time.Second), "fault.display.silent", sc.name)
			w.faults.set(st.Stubborn, "fault.display.stubborn", sc.name)
			w.faults.set(st.State == hal.DisplayFault, "fault.display.fault", sc.name)
		}
		g, known := w.guard.Status().Fresh(w.now(), guardAge)
		w.faults.set(lasting("guard", !known, guardAge), "fault.guard.lost", "")
		w.faults.set(known && g.UPS == upsBattery, "fault.ups.battery", "")
		w.faults.set(known && g.UPS == upsLow, "fault.ups.low", "")
		w.faults.set(lasting("player", !w.desk.outcome().up, 5*time.Second), "fault.player.down", "")
		heard := w.sound.State()
		cause := ""
		if heard.Problem != nil {
			cause = heard.Problem.Error()
		}
		w.faults.set(lasting("sound", !heard.Open && !heard.Silent, 5*time.Second), "fault.sound.down", "", "cause", cause)
	}
}
