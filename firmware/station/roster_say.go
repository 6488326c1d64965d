package station

import (
	"fmt"
	"strings"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
)

// rosterViewOf gathers what an import does.
func rosterViewOf(env *command.Env, p *attendance.Plan, l *attendance.List, file string, members int) rosterView {
	v := rosterView{File: file, Sheet: l.Sheet, Members: members, Added: p.Added, Changed: p.Changed, Left: p.Left, Absent: p.Absent, Same: p.Same,
		Dropped: l.Dropped, Warnings: []string{}, Bad: []string{}}
	for _, w := range p.Warnings {
		v.Warnings = append(v.Warnings, w.In(env.Text))
	}
	for _, row := range p.Bad {
		v.Bad = append(v.Bad, row.In(env.Text))
	}
	return v
}

// title is the file, with its sheet.
func (v rosterView) title(env *command.Env) string {
	if v.Sheet == "" {
		return v.File
	}
	return env.Text.Say("cmd.roster.sheet_of", "file", v.File, "sheet", v.Sheet)
}

// tell writes the plan for people.
func (v rosterView) tell(b *strings.Builder, env *command.Env) {
	fmt.Fprintln(b, env.Text.Say("cmd.roster.plan", "file", v.title(env), "count", len(v.Added)+len(v.Changed)+v.Same,
		"added", len(v.Added), "changed", len(v.Changed), "left", len(v.Left), "same", v.Same))
	bounded(b, env, "+ ", lines(v.Added))
	changed := make([]string, len(v.Changed))
	for i, c := range v.Changed {
		changed[i] = fmt.Sprintf("%4d %s: %s", c.Before.Number, c.After.Name, changeText(env, c))
	}
	bounded(b, env, "~ ", changed)
	bounded(b, env, "- ", lines(v.Left))
	if len(v.Absent) > 0 {
		fmt.Fprintln(b, env.Text.Say("cmd.roster.absent", "count", len(v.Absent)))
		bounded(b, env, "  ", lines(v.Absent))
	}
	var private, others []string
	for _, d := range v.Dropped {
		if d.Private {
			private = append(private, d.Name)
		} else {
			others = append(others, d.Name)
		}
	}
	if len(others) > 0 {
		fmt.Fprintln(b, env.Text.Say("cmd.roster.dropped", "names", strings.Join(others, ", ")))
	}
	if len(private) > 0 {
		fmt.Fprintln(b, env.Text.Say("cmd.roster.dropped_private", "names", strings.Join(private, ", ")))
	}
	warnings := make([]string, len(v.Warnings))
	for i, w := range v.Warnings {
		warnings[i] = env.Text.Say("cmd.roster.warning", "what", w)
	}
	bounded(b, env, "", warnings)
}

// bounded writes a list, so long as people read it.
func bounded(b *strings.Builder, env *command.Env, mark string, list []string) {
	for i, s := range list {
		if i == rosterLines {
			fmt.Fprintln(b, mark+env.Text.Say("cmd.roster.more", "count", len(list)-i))
			return
		}
		fmt.Fprintln(b, mark+s)
	}
}

func lines(members []firmware.Member) []string {
	list := make([]string, len(members))
	for i, m := range members {
		list[i] = strings.TrimRight(fmt.Sprintf("%4d %s  %s", m.Number, m.Name, m.Branch), " ")
	}
	return list
}

// changeText says what changes of a member.
func changeText(env *command.Env, c attendance.Change) string {
	var said []string
	for _, f := range []struct{ key, before, after string }{
		{"roster.col.name", c.Before.Name, c.After.Name},
		{"roster.col.branch", c.Before.Branch, c.After.Branch},
		{"roster.col.household", c.Before.Household, c.After.Household},
		{"roster.col.card", c.Before.Card, c.After.Card},
	} {
		if f.before != f.after {
			said = append(said, env.Text.Say("cmd.roster.change", "field", env.Text.Say(f.key), "before", orNone(env, f.before), "after", orNone(env, f.after)))
		}
	}
	return strings.Join(said, "; ")
}

func orNone(env *command.Env, s string) string {
	if s == "" {
		return env.Text.Say("cmd.roster.nil")
	}
	return s
}
