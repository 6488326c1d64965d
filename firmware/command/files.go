package command

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware"
)

// Files returns the commands that need files only: journal, schedule and
// check. Their sources are in the Env.
func Files() []Command {
	return []Command{
		{Name: "journal", Usage: "cmd.journal.usage", Help: "cmd.journal.help", Offline: true, Run: journal},
		{Name: "schedule", Usage: "cmd.schedule.usage", Help: "cmd.schedule.help", Offline: true, Run: calendar},
		{Name: "check", Usage: "cmd.check.usage", Help: "cmd.check.help", Offline: true, Run: check},
	}
}

// options reads "-name value" pairs out of args; what is no option is returned
// in order. Every option in known takes a value.
func options(env *Env, args []string, known ...string) (values map[string]string, rest []string, err error) {
	values = map[string]string{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			rest = append(rest, a)
			continue
		}
		name, value, joined := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch {
		case !contains(known, name):
			return nil, nil, env.Misused("cmd.no_option", "got", a)
		case !joined && i+1 == len(args):
			return nil, nil, env.Misused("cmd.no_value", "got", a)
		case !joined:
			i++
			value = args[i]
		}
		values[name] = value
	}
	return values, rest, nil
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// count reads a whole number from 1 to most.
func count(env *Env, s string, def, most int) (int, error) {
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, env.Misused("cmd.bad_count", "got", s, "most", most)
	}
	return n, nil
}

// moment reads a time: "2h30m" ago, "19:30" or "19:30:15" today, a date, a date
// and time, or RFC 3339.
func moment(env *Env, s string) (time.Time, error) {
	now := env.Now().In(env.zone())
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, "2006-01-02T15:04:05", time.RFC3339Nano} {
		if t, err := time.ParseInLocation(layout, s, env.zone()); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04", time.TimeOnly} {
		if t, err := time.ParseInLocation(layout, s, env.zone()); err == nil {
			return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, env.zone()), nil
		}
	}
	return time.Time{}, env.Misused("cmd.bad_time", "got", s)
}

func journal(ctx context.Context, env *Env, args []string) (Result, error) {
	opt, rest, err := options(env, args, "last", "since", "kind")
	if err != nil {
		return Result{}, err
	}
	if len(rest) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", rest[0])
	}
	def := 20
	var since time.Time
	if opt["since"] != "" {
		def = 100_000
		if since, err = moment(env, opt["since"]); err != nil {
			return Result{}, err
		}
	}
	last, err := count(env, opt["last"], def, 100_000)
	if err != nil {
		return Result{}, err
	}
	if env.Scan == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	kept := []firmware.Record{}
	err = env.Scan(func(r firmware.Record) error {
		if r.Wall.Before(since) || opt["kind"] != "" && r.Kind != opt["kind"] {
			return ctx.Err()
		}
		if kept = append(kept, r); len(kept) >= 2*last { // only the newest are shown
			kept = append(kept[:0], kept[len(kept)-last:]...)
		}
		return ctx.Err()
	})
	if err != nil {
		return Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	kept = kept[max(0, len(kept)-last):]
	var b strings.Builder
	for _, r := range kept {
		b.WriteString(Line(env, r) + "\n")
	}
	if len(kept) == 0 {
		b.WriteString(env.Text.Say("cmd.journal.empty"))
	}
	return Result{Text: b.String(), Data: kept}, nil
}

// Line returns one record as one line for people, in the zone of env.
func Line(env *Env, r firmware.Record) string {
	kind := r.Kind
	if env.Text.Has("record." + r.Kind) {
		kind = env.Text.Say("record." + r.Kind)
	}
	parts := []string{fmt.Sprintf("%6d", r.Seq), r.Wall.In(env.zone()).Format("01-02 15:04:05"), kind}
	if r.Lesson != "" {
		parts = append(parts, r.Lesson)
	}
	if d := describe(env, r); d != "" {
		parts = append(parts, d)
	}
	return strings.Join(parts, " ")
}

func describe(env *Env, r firmware.Record) string {
	switch r.Kind {
	case firmware.KindPress:
		var p firmware.Press
		if json.Unmarshal(r.Data, &p) == nil {
			if !p.Known && p.Card != "" {
				return env.Text.Say("attendance.unknown_card", "card", p.Card)
			}
			if !p.Known {
				return env.Text.Say("attendance.unknown", "number", p.Number)
			}
			return strings.TrimSpace(fmt.Sprintf("%d %s", p.Number, p.Name))
		}
	case firmware.KindFault:
		var f firmware.Fault
		if json.Unmarshal(r.Data, &f) == nil {
			sentence, _ := env.Text.Fault(f)
			return sentence
		}
	case firmware.KindPower:
		var g firmware.GuardEvent
		if json.Unmarshal(r.Data, &g) == nil {
			return power(env, g)
		}
	}
	return plain(r.Data)
}

// power says an event of the guard in words: what, which load, why, how much.
func power(env *Env, g firmware.GuardEvent) string {
	what := g.Kind
	if env.Text.Has("guard.event." + g.Kind) {
		what = env.Text.Say("guard.event." + g.Kind)
	}
	parts := []string{what}
	if g.Load != "" {
		parts = append(parts, env.Text.Name(g.Load))
	}
	if g.Cause != "" {
		parts = append(parts, "("+env.Text.Name(g.Cause)+")")
	}
	if g.MV != 0 {
		parts = append(parts, fmt.Sprintf("%.1f V", float64(g.MV)/1000))
	}
	if g.LastedMS != 0 {
		parts = append(parts, (time.Duration(g.LastedMS) * time.Millisecond).String())
	}
	if g.Count != 0 {
		parts = append(parts, env.Text.Say("guard.count", "count", g.Count))
	}
	if next := "guard.after." + g.Kind; env.Text.Has(next) && !(g.Kind == "trip" && g.WaitMS == 0) {
		parts = append(parts, "→ "+env.Text.Say(next, "seconds", (g.WaitMS+999)/1000))
	} else if env.Text.Has(next) {
		parts = append(parts, "→ "+env.Text.Say("guard.after.shed"))
	}
	return strings.Join(parts, " ")
}

// plain writes flat JSON data as "key value" words and anything else shortened.
func plain(raw json.RawMessage) string {
	const most = 120
	s := string(raw)
	var flat map[string]any
	if json.Unmarshal(raw, &flat) == nil {
		s = strings.NewReplacer(`{`, "", `}`, "", `"`, "", `:`, " ", `,`, ", ").Replace(s)
	}
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

func check(_ context.Context, env *Env, args []string) (Result, error) {
	_, rest, err := options(env, args)
	if err != nil {
		return Result{}, err
	}
	if len(rest) != 1 {
		return Result{}, env.Misused("cmd.check.which")
	}
	if env.Check == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Check(rest[0], env.Text)
}
