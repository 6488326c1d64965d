package station

import (
	"context"
	"fmt"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/journal"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	"stationbox/firmware/station/internal/antenna"
	"stationbox/firmware/text"
)

// Commands is the command table for a program that is not the running station:
// commands that need files only work, the others are asked over the socket.
func Commands() *command.Table { return tableOf(nil) }

func (st *Station) table() *command.Table { return tableOf(st) }

// tableOf lists every command once, for shell, socket and console alike. st is
// nil outside the running station.
func tableOf(st *Station) *command.Table {
	list := []command.Command{
		{Name: "status", Help: "cmd.status.help", Run: st.runStatus},
		{Name: "storm", Usage: "cmd.storm.usage", Help: "cmd.storm.help", Run: st.runStorm},
		{Name: "time", Help: "cmd.time.help", Run: st.runTime},
		{Name: "time set", Usage: "cmd.time.usage", Help: "cmd.time.set.help", Run: st.runTimeSet},
		{Name: "makeup accept", Usage: "cmd.makeup.usage", Help: "cmd.makeup.help", Run: st.runMakeUp},
		{Name: "emergency", Usage: "cmd.emergency.usage", Help: "cmd.emergency.help", Run: st.runEmergency},
		{Name: "guard reset", Help: "cmd.reset.help", Run: st.runReset},
		{Name: "why", Help: "cmd.why.help", Run: st.runWhy},
		{Name: "display", Help: "cmd.display.help", Run: st.runDisplay},
		{Name: "display try", Usage: "cmd.display.try.usage", Help: "cmd.display.try.help", Timeout: tryTime, Run: st.runDisplayTry},
		{Name: "dish now", Help: "cmd.dish.now.help", Run: st.ofDish((*antenna.Meter).RunNow)},
		{Name: "dish aligned", Help: "cmd.dish.aligned.help", Run: st.ofDish((*antenna.Meter).RunAligned)},
		command.Align(),
		{Name: "sound test", Usage: "cmd.sound.test.usage", Help: "cmd.sound.test.help", Timeout: time.Minute, Run: st.runSoundTest},
		{Name: "member", Usage: "cmd.member.usage", Help: "cmd.member.help", Run: st.runMember},
		{Name: "notice add", Usage: "cmd.notice.add.usage", Help: "cmd.notice.add.help", Timeout: 10 * time.Minute, Run: st.runNoticeAdd},
		{Name: "notice list", Help: "cmd.notice.list.help", Run: st.runNoticeList},
		{Name: "notice remove", Usage: "cmd.notice.remove.usage", Help: "cmd.notice.remove.help", Run: st.runNoticeRemove},
		{Name: "relay test", Help: "cmd.relay.help", Timeout: 5 * time.Minute, Run: st.runRelayTest},
	}
	list = append(list, command.Files()...)
	list = append(list, command.Rolls()...)
	list = append(list, command.Questions()...)
	list = append(list, command.Lessons()...)
	list = append(list, command.Library()...)
	list = append(list, command.Motors(st.motors())...)
	list = append(list, command.Dish()...)
	list = append(list, command.DishTransit())
	list = append(list, command.Outputs()...)
	list = append(list, command.Roster()...)
	list = append(list, command.Page()...)
	list = append(list, command.Registers()...)
	list = append(list, command.Command{Name: "rehearse", Usage: "cmd.rehearse.usage", Help: "cmd.rehearse.help", Offline: true, Run: rehearse},
		command.Command{Name: "devices", Help: "cmd.devices.help", Offline: true, Run: inventory})
	return command.New(list...)
}

func (st *Station) runStatus(_ context.Context, env *command.Env, _ []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	v := st.status(env.Text)
	return command.Result{Text: v.text(env.Text), Data: v}, nil
}

func (st *Station) runRelayTest(ctx context.Context, env *command.Env, _ []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	st.scribe.put(firmware.KindCommand, "", map[string]any{"args": []string{"relay", "test"}, "by": env.By})
	notes, err := st.relayTest(ctx, env.Text)
	if err != nil {
		return command.Result{Text: relayText(env.Text, notes), Data: notes}, err
	}
	r := command.Result{Text: relayText(env.Text, notes), Data: notes}
	for _, n := range notes {
		if !n.On || !n.Off {
			r.Code = command.CodeFailed
		}
	}
	return r, nil
}

// FileEnv is the environment of commands that need files only. cfg may be nil
// when there is no configuration: check and rehearse name their file.
func FileEnv(cfg *config.Config, lang string, now func() time.Time) (*command.Env, error) {
	words := text.New(lang)
	if cfg == nil {
		return &command.Env{Text: words, By: "shell", Now: now, Check: checkFile(now), Dish: antenna.Surveyor(nil), Books: registrar{now: now}}, nil
	}
	zone, err := time.LoadLocation(cfg.Station.Zone)
	if err != nil {
		return nil, fmt.Errorf("station.zone: %w", err)
	}
	if lang == "" {
		words = text.New(cfg.Station.Language)
	}
	return fileEnv(cfg, words, zone, now), nil
}

func fileEnv(cfg *config.Config, words *text.Catalogue, zone *time.Location, now func() time.Time) *command.Env {
	env := &command.Env{Text: words, By: "shell", Now: now, Zone: zone, Check: checkFile(now), Dish: antenna.Surveyor(cfg)}
	env.Scan = func(fn func(firmware.Record) error) error {
		return journal.Read(cfg.JournalDir(), fn)
	}
	env.SetPIN = setPIN(cfg)
	env.Lessons = proofBook{cfg.Station.StateDir, env.Scan}
	env.Roll = func(id string) (command.Roll, error) { return rollOf(cfg, env.Scan, id) }
	cal, _ := calendarOf(cfg, zone)
	showCalendar(env, cfg, cal)
	env.Screens = outputs{cfg: cfg}
	env.Library = librarian{cfg: cfg, cal: cal, scan: env.Scan, now: now}
	env.Roster = enroller{cfg: cfg, now: now}
	env.Books = registrar{cfg: cfg, cal: cal, scan: env.Scan, now: now}
	return env
}

// showCalendar lets the commands tell of cal.
func showCalendar(env *command.Env, cfg *config.Config, cal *schedule.Schedule) {
	env.Between = cal.Between
	env.Plan = planOf(cfg, cal, env.Scan, env.Now)
	env.Calendar = func() ([]byte, []string) {
		return cal.Export(schedule.ExportOpts{Name: cfg.Station.Name, Library: cfg.Library.Dir, Now: env.Now()})
	}
}

// checkFile reports every mistake of a configuration and of the files it names.
func checkFile(now func() time.Time) func(string, *text.Catalogue) (command.Result, error) {
	return func(path string, words *text.Catalogue) (command.Result, error) {
		report, found, ok := config.Describe(path, words)
		r := command.Result{Text: report, Data: map[string]any{"file": path, "problems": found, "ok": ok}}
		if !ok {
			r.Code = command.CodeFailed
			return r, nil
		}
		cfg, err := config.Load(path)
		if err != nil {
			return command.Result{}, err
		}
		outages, sky := antenna.Outages(path, cfg, now())
		for _, f := range append(sky, checkCalendar(path, cfg, now(), lengthsOf(cfg, now), outages)...) {
			r.Text += f.In(words) + "\n"
			if !f.Warning {
				r.Code = command.CodeFailed
			}
		}
		for _, mistake := range checkModels(cfg) {
			r.Text += mistake + "\n"
			r.Code = command.CodeFailed
		}
		_, bad, err := attendance.LoadRoster(cfg.Roster.File)
		if err != nil {
			return r, nil // a missing roster is among the remarks
		}
		for _, row := range bad {
			r.Text += cfg.Roster.File + ": " + row.In(words) + "\n"
			r.Code = command.CodeFailed
		}
		return r, nil
	}
}

// rehearsal is one line of a rehearsal as -json prints it.
type rehearsal struct {
	At    time.Time    `json:"at"`
	Phase lesson.Phase `json:"phase"`
	Do    []string     `json:"do"` // keys of the text catalogue
	// Leads are how long before its picture each display is told, where that is what
	// decides the moment.
	Leads []leadNote `json:"leads,omitempty"`
}

// rehearse plays the next occasion of a configuration through the very code that
// decides in the village, and touches nothing.
func rehearse(_ context.Context, env *command.Env, args []string) (command.Result, error) {
	if len(args) != 1 {
		return command.Result{}, env.Misused("cmd.rehearse.which")
	}
	cfg, err := config.Load(args[0])
	if err != nil {
		return command.Result{}, err
	}
	zone, err := time.LoadLocation(cfg.Station.Zone)
	if err != nil {
		return command.Result{}, fmt.Errorf("station.zone: %w", err)
	}
	cal, _ := calendarOf(cfg, zone)
	o, ok := cal.Next(env.Now())
	if !ok {
		return command.Result{}, env.Failed("cmd.rehearse.none")
	}
	leads, warm := leadsOf(cfg)
	times := timesOf(cfg)
	times.WarmUp = warm + cfg.Lesson.WarmMargin.D()
	e := lesson.Equipment{WarmUp: warm, CoolDown: cfg.Projector.CoolDown.D(), Length: max(o.Duration, time.Minute)}
	var list []rehearsal
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s\n", o.Start.Format("2006-01-02 15:04:05 MST"), o.Title, o.ID)
	for _, s := range lesson.Rehearse(o, times, e) {
		r := rehearsal{At: s.At, Phase: s.Orders.Phase, Do: doing(s.Orders)}
		said := make([]string, len(r.Do))
		for i, key := range r.Do {
			said[i] = env.Text.Say(key)
		}
		if s.Orders.Displays && leads != nil {
			r.Leads, leads = leads, nil // at the first moment only
			for _, l := range r.Leads {
				said = append(said, env.Text.Name(l.Name)+" "+leadLine(env.Text, time.Duration(l.LeadMS)*time.Millisecond, l.Learned))
			}
		}
		list = append(list, r)
		fmt.Fprintf(&b, "%s  %-8s  %s\n", s.At.Format("15:04:05"), env.Text.Say("phase."+string(s.Orders.Phase)), strings.Join(said, " · "))
	}
	return command.Result{Text: b.String(), Data: list}, nil
}

// doing names what orders ask for.
func doing(ord lesson.Orders) []string {
	var out []string
	for _, d := range []struct {
		on  bool
		key string
	}{
		{ord.Power, "lesson.do.power"}, {ord.Displays, "lesson.do.displays"}, {ord.Roll, "lesson.do.roll"},
		{ord.Load && !ord.Run, "lesson.do.load"}, {ord.Run, "lesson.do.run"}, {ord.Farewell, "lesson.do.farewell"},
	} {
		if d.on {
			out = append(out, d.key)
		}
	}
	return out
}
