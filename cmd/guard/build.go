package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/link"
	"stationbox/firmware/power"
	"stationbox/firmware/text"
	"stationbox/hal"
	"stationbox/hal/gpioline"
	"stationbox/hal/line"
	"stationbox/hal/mains"
	"stationbox/hal/meter"
	"stationbox/hal/modbus"
)

// guard builds everything from the file and guards until ctx ends.
func guard(ctx context.Context, file string, log *slog.Logger) error {
	cfg, err := config.Load(file)
	if err != nil {
		return err
	}
	for _, dir := range []string{cfg.Station.RunDir, cfg.Station.StateDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("folder: %w", err)
		}
	}
	unlock, err := lock(filepath.Join(cfg.Station.RunDir, "guard.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	pins, err := gpioline.Open(ctx, cfg.GPIO.Chip, "guard")
	if err != nil {
		return err
	}
	defer pins.Close()
	front := line.Open(cfg.Mains.Port, line.Opts{Baud: cfg.Mains.Baud, Log: log})
	defer front.Close()
	meterSource, closeMeter := openMeter(cfg.Meter, log)
	defer closeMeter()
	return join(ctx, cfg, parts{pins: pins, front: front, meter: meterSource}, log)
}

// parts are the open devices.
type parts struct {
	pins  *gpioline.Bank
	front *line.Port
	meter power.Meter
}

// join connects the parts, the loop and the socket, and runs them.
func join(ctx context.Context, cfg *config.Config, p parts, log *slog.Logger) error {
	sw, err := openSwitches(p.pins, cfg)
	if err != nil {
		return err
	}
	var loop *power.Loop
	server := link.NewServer(func(w firmware.GuardWant) { loop.Want(w) }, link.ServerOpts{Log: log})
	frames := source{mains.NewReader(p.front, mains.Opts{FullScale: cfg.Mains.FullScale, Name: "mains " + p.front.Name()})}
	loop, err = power.New(settings(cfg), frames, sw.drive, sw.relays, server, power.Opts{
		Boot: rand.Text()[:8], FullScale: cfg.Mains.FullScale, Notes: realtime(log), Meter: p.meter, MeterVolts: meterVolts(cfg.Meter.Kind),
		Witnesses: sw.witnesses, HoldArrester: cfg.Guard.Arrester == "hold",
		Memory: filepath.Join(cfg.Station.StateDir, "guard.json"), Events: filepath.Join(cfg.Station.StateDir, "events"), Log: log,
	})
	if err != nil {
		return err
	}
	socket, err := link.Listen(filepath.Join(cfg.Station.RunDir, "guard.sock"))
	if err != nil {
		return err
	}
	log.Info("guard runs", "version", version, "station", cfg.Station.ID)
	// The socket outlives the loop, so that the last events are sent.
	ctx, stop := context.WithCancelCause(ctx)
	serving, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	group.Go(func() {
		if err := server.Serve(serving, socket); serving.Err() == nil {
			stop(err) // a guard that nobody can ask starts anew
		}
	})
	err = loop.Run(ctx)
	hangUp()
	group.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// randomSlots is the span over which stations without a number spread.
const randomSlots = 2 * time.Minute

// settings says what the configuration says in the words of package power.
func settings(cfg *config.Config) power.Settings {
	g := cfg.Guard
	s := power.Settings{
		GoodLow: g.GoodLow, GoodHigh: g.GoodHigh, GoodTime: g.GoodTime.D(), Slot: g.Slot.D(), MinOff: g.MinOff.D(),
		MaxTrips: g.MaxTrips, Stale: g.Stale.D(), MoveTime: cfg.Contactor.MoveTime.D(),
	}
	for _, st := range g.Stages {
		s.Stages = append(s.Stages, power.Stage{Over: st.Over, Under: st.Under, After: st.After.D()})
	}
	for _, l := range cfg.Loads {
		s.Loads = append(s.Loads, power.Load{
			Name: l.Name, Channel: l.Channel, OnDelay: l.OnDelay.D(), Lamp: l.Lamp,
			StandbyMA: l.StandbyMA, CoolTime: l.CoolTime.D(), AlwaysOn: l.AlwaysOn,
			Operate: l.Operate.D(), Release: l.Release.D(),
		})
	}
	if g.RandomSlot {
		s.Slot = time.Duration(mathrand.Int64N(int64(randomSlots)))
	}
	return s
}

// meterVolts is up to where a kind of meter can measure; 0: as a PZEM.
func meterVolts(kind string) int {
	if kind == "cse7766" || kind == "hlw8032" {
		return 480
	}
	return 0
}

// openMeter returns the slow meter, or nil when there is none.
func openMeter(m config.Meter, log *slog.Logger) (power.Meter, func() error) {
	if m.Kind == "" {
		return nil, func() error { return nil }
	}
	switch m.Kind {
	case "cse7766", "hlw8032":
		port := line.Open(m.Port, line.Opts{Baud: 4800, Parity: line.EvenParity, Log: log})
		if m.Kind == "hlw8032" {
			return slowMeter{meter.NewHLW8032(port, meter.StreamOpts{})}, port.Close
		}
		return slowMeter{meter.NewCSE7766(port, meter.StreamOpts{})}, port.Close
	}
	port := line.Open(m.Port, line.Opts{Baud: 9600, Log: log})
	return slowMeter{meter.NewPZEM(modbus.New(port, modbus.Opts{}), m.Address)}, port.Close
}

// explain turns the error that ended the guard into what a person can use.
func explain(err error) string {
	var invalid *config.Invalid
	if errors.As(err, &invalid) {
		return invalid.In(text.New(language()))
	}
	hint := ""
	switch {
	case errors.Is(err, errRunning):
		hint = "Another guard is running with this configuration; stop it first (systemctl stop guard)."
	case errors.Is(err, os.ErrPermission):
		hint = "This user may not open it; run the guard as the user of the service, or add the user to the group of the device."
	case errors.Is(err, os.ErrNotExist):
		hint = "There is no such file; look for a misspelling in the configuration, or for a missing device."
	case errors.Is(err, hal.ErrGone):
		hint = "The device is not there or is held by another program; check the wiring, its name in the configuration, and who else uses it."
	}
	return strings.TrimSpace("guard: " + err.Error() + "\n" + hint)
}

// language is that of the shell, as a configuration that cannot be read names
// none.
func language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return "zh"
			}
			return "en"
		}
	}
	return "en"
}
