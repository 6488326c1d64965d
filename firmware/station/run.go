package station

import (
	"context"
	"net"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/console"
	"stationbox/firmware/station/internal/work"
	"stationbox/firmware/text"
	"stationbox/hal/line"
)

// tasks lists every goroutine of the station.
func (st *Station) tasks(commands net.Listener) []work.Task {
	w := &watch{displays: st.displays, stall: &st.stall, observer: st.observer, aired: st.air.shows, guard: st.guard, desk: st.desk, side: st.side, speakers: st.speakers, faults: st.faults, now: st.tick}
	table := st.table()
	list := []work.Task{
		{Name: "clock", Run: st.clock.Run},
		{Name: "prover", Run: work.At(work.Gentle, st.prover.Run)},
		{Name: "guard link", Run: st.guard.Run},
		{Name: "guard events", Run: st.guardEvents},
		{Name: "player", Run: st.player.Run},
		{Name: "desk", Run: st.desk.Run},
		{Name: "live", Run: st.air.Run},
		{Name: "roll", Run: st.roll.Run},
		{Name: "lamp and buzzer", Run: st.panel.lights.Run},
		{Name: "keys", Run: func(ctx context.Context) error { return st.panel.Run(ctx, st.roll.keys) }},
		{Name: "lesson", Run: st.showing.Run},
		{Name: "watch", Run: w.Run},
		{Name: "picture", Run: work.At(work.Gentle, st.watchPicture)},
		{Name: "commands", Run: func(ctx context.Context) error {
			return command.Serve(ctx, commands, table, st.env, st.log)
		}},
	}
	if st.shelf != nil {
		list = append(list, work.Task{Name: "shelf", Run: work.At(work.Gentle, st.shelf.Run)})
	}
	if st.doors.System == nil { // simulated time has no card to wear
		list = append(list, work.Task{Name: "card", Run: work.At(work.Gentle, st.watchCard)}, work.Task{Name: "telemetry", Run: func(ctx context.Context) error {
			return st.measure(ctx, st.clock.Mono, func() []int32 { return st.measured(st.guard.Status()) })
		}}, work.Task{Name: "ledger", Run: work.At(work.Gentle, st.keepBooks)})
	}
	if st.easel != nil {
		list = append(list, work.Task{Name: "screen", Run: st.easel.Run})
	}
	if st.side != nil {
		list = append(list, work.Task{Name: "second player", Run: st.side.player.Run}, work.Task{Name: "second screen", Run: st.side.easel.Run})
	}
	list = append(list, st.panel.readers()...)
	list = append(list, st.displays.tasks()...)
	list = append(list, st.dish.Tasks()...)
	if st.dish != nil {
		list = append(list, work.Task{Name: "align", Run: st.aligner.Run})
	}
	if st.dish.Receives() {
		list = append(list, work.Task{Name: "satellite", Run: work.At(work.Gentle, st.watchSatellite)})
	}
	list = append(list, st.rotator.Tasks()...)
	if st.cfg.Page.Listen != "" && st.doors.System == nil {
		list = append(list, work.Task{Name: "page", Run: func(ctx context.Context) error { return st.servePage(ctx, table) }})
	}
	if st.cfg.Console.Port != "" {
		list = append(list, work.Task{Name: "console", Run: func(ctx context.Context) error { return st.console(ctx, table) }})
	}
	return list
}

func (st *Station) listen() (net.Listener, error) {
	return st.doors.listen(st.cfg.CommandSocket())
}

// guardEvents writes what the guard did into the journal.
func (st *Station) guardEvents(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-st.guard.Events():
			st.scribe.put(firmware.KindPower, "", e)
			st.shock(e)
		}
	}
}

// console serves the technician's line until ctx ends.
func (st *Station) console(ctx context.Context, table *command.Table) error {
	port := line.Open(st.cfg.Console.Port, line.Opts{Baud: st.cfg.Console.Baud, Name: "console", Log: st.log})
	defer func() { _ = port.Close() }()
	c := console.New(port, table, func() *command.Env { return st.env("", "console") },
		console.Opts{Name: st.cfg.Station.Name, Baud: st.cfg.Console.Baud, Log: st.log})
	return c.Run(ctx)
}

// env is what the commands work with, in the language of who asks.
func (st *Station) env(lang, by string) *command.Env {
	words := st.words
	if lang != "" {
		words = text.New(lang)
	}
	env := fileEnv(st.cfg, words, st.zone, st.now)
	env.By = by
	env.Scan = st.journal.Scan
	env.Clerk, env.Asker = clerk{st.cfg, st.roll, env.Roll}, asker{st.roll, st.showing.nudge}
	env.Roster = enroller{cfg: st.cfg, now: st.now, st: st}
	env.Align = st.alignWithin
	showCalendar(env, st.cfg, st.agenda.now()) // with what people added
	return env
}
