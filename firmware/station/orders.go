package station

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/schedule"
)

// runTime is the command "time": what time it is, by whom, and how exact.
func (st *Station) runTime(_ context.Context, env *command.Env, _ []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	r := st.clock.Report()
	said := st.now().Format("2006-01-02 15:04:05 MST -07:00") + "\n" + r.Line(env.Text)
	if r.Plan.Reason != "" {
		said += "\n" + env.Text.Say(r.Plan.Reason)
	}
	return command.Result{Text: said, Data: r}, nil
}

// runTimeSet is the command "time set [force] WHEN".
func (st *Station) runTimeSet(_ context.Context, env *command.Env, args []string) (command.Result, error) {
	typed := append([]string{"time", "set"}, args...)
	force := len(args) > 0 && args[0] == "force"
	if force {
		args = args[1:]
	}
	switch {
	case len(args) == 0:
		return command.Result{}, env.Misused("cmd.time.which")
	case st == nil:
		return command.Result{}, env.Failed("cmd.not_running")
	}
	said, ok := st.clock.Set(env.Text, strings.Join(args, " "), force)
	st.scribe.put(firmware.KindCommand, "", map[string]any{"args": typed, "by": env.By})
	r := command.Result{Text: said, Data: st.clock.Report()}
	if !ok {
		r.Code = command.CodeFailed
	}
	return r, nil
}

// runMakeUp is the command "makeup accept ID": a proposal of "station schedule"
// becomes a row of the calendar.
func (st *Station) runMakeUp(_ context.Context, env *command.Env, args []string) (command.Result, error) {
	switch {
	case len(args) != 1:
		return command.Result{}, env.Misused("cmd.makeup.which")
	case st == nil:
		return command.Result{}, env.Failed("cmd.not_running")
	}
	done, err := results(st.journal.Scan, recordingsOf(st.cfg))
	if err != nil {
		return command.Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	for _, p := range st.agenda.now().MakeUps(done, st.now(), makeUpOpts(st.cfg)) {
		if p.ID != args[0] && p.Of != args[0] {
			continue
		}
		if p.Start.IsZero() {
			return command.Result{}, env.Failed("cmd.schedule.no_place", "title", p.Title, "of", p.Of, "cause", env.Text.Say(p.Cause))
		}
		return st.order(env, kindMakeUp, p.Row(), command.Result{Text: env.Text.Say("cmd.makeup.done", "title", p.Title, "at", p.Start.Format("2006-01-02 15:04 MST")), Data: p})
	}
	return command.Result{}, env.Failed("cmd.makeup.none", "got", args[0])
}

// maxEmergency bounds how long an emergency may be ordered for.
const maxEmergency = 24 * time.Hour

// runEmergency is the command "emergency FILE [FOR] [TITLE]" and "emergency off".
func (st *Station) runEmergency(_ context.Context, env *command.Env, args []string) (command.Result, error) {
	switch {
	case len(args) == 0:
		return command.Result{}, env.Misused("cmd.emergency.which")
	case st == nil:
		return command.Result{}, env.Failed("cmd.not_running")
	case args[0] == "off" && len(args) == 1:
		return st.order(env, kindEmergency, emergencyNote{By: env.By}, command.Result{Text: env.Text.Say("cmd.emergency.off")})
	}
	file := args[0]
	if !filepath.IsAbs(file) {
		file = filepath.Join(st.cfg.Library.Dir, file)
	}
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return command.Result{}, env.Failed("cmd.emergency.no_file", "got", file)
	}
	length, title := time.Duration(0), args[1:]
	if len(title) > 0 {
		if d, err := time.ParseDuration(title[0]); err == nil {
			length, title = d, title[1:]
		}
	}
	if length < 0 || length > maxEmergency {
		return command.Result{}, env.Misused("cmd.emergency.which")
	}
	now := st.now()
	o := schedule.Emergency(now.UTC().Format("20060102T150405"), strings.Join(title, " "), file, now.Truncate(time.Second), length)
	if o.Title == "" {
		o.Title = env.Text.Say("cmd.emergency.title")
	}
	return st.order(env, kindEmergency, emergencyNote{Occasion: o, LengthMS: length.Milliseconds(), By: env.By},
		command.Result{Text: env.Text.Say("cmd.emergency.on", "title", o.Title), Data: map[string]string{"id": o.ID}})
}
