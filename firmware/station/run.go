package station

import (
	"context"
	"net"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/console"
	"stationbox/firmware/text"
	"stationbox/hal/line"
)

// tasks lists every goroutine of the station.
func (st *Station) tasks(commands net.Listener) []task {
	w := &watch{displays: st.displays, stall: &st.stall, observer: st.observer, aired: st.air.shows, guard: st.guard, desk: st.desk, side: st.side, speakers: st.speakers, faults: st.faults, now: st.tick}
	table := st.table()
	list := []task{
		{"clock", st.clock.Run},
		{"prover", at(gentle, st.prover.Run)},
		{"guard link", st.guard.Run},
		{"guard events", st.guardEvents},
		{"player", st.player.Run},
		{"desk", st.desk.Run},
		{"live", st.air.Run},
		{"roll", st.roll.Run},
		{"lamp and buzzer", st.panel.lights.Run},
		{"keys", func(ctx context.Context) error { return st.panel.Run(ctx, st.roll.keys) }},
		{"lesson", st.showing.Run},
		{"watch", w.Run},
		{"picture", at(gentle, st.watchPicture)},
		{"commands", func(ctx context.Context) error {
			return command.Serve(ctx, commands, table, st.env, st.log)
		}},
	}
	if st.shelf != nil {
		list = append(list, task{"shelf", at(gentle, st.shelf.Run)})
	}
	if st.doors.System == nil { // simulated time has no card to wear
		list = append(list, task{"card", at(gentle, st.watchCard)}, task{"telemetry", func(ctx context.Context) error {
			return st.measure(ctx, st.clock.Mono, func() []int32 { return st.measured(st.guard.Status()) })
		}}, task{"ledger", at(gentle, st.keepBooks)})
	}
	if st.easel != nil {
		list = append(list, task{"screen", st.easel.Run})
	}
	if st.side != nil {
		list = append(list, task{"second player", st.side.player.Run}, task{"second screen", st.side.easel.Run})
	}
	list = append(list, st.panel.readers()...)
	list = append(list, st.displays.tasks()...)
	list = append(list, st.dish.tasks()...)
	if st.dish != nil {
		list = append(list, task{"align", st.aligner.Run})
	}
	if st.dish.receives() {
		list = append(list, task{"satellite", at(gentle, st.watchSatellite)})
	}
	list = append(list, st.rotator.tasks()...)
	if st.cfg.Page.Listen != "" && st.doors.System == nil {
		list = append(list, task{"page", func(ctx context.Context) error { return st.servePage(ctx, table) }})
	}
	if st.cfg.Console.Port != "" {
		list = append(list, task{"console", func(ctx context.Context) error { return st.console(ctx, table) }})
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
