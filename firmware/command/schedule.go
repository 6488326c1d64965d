package command

import (
	"context"
	"strings"
	"time"

	"stationbox/firmware"
)

// Planned is the schedule as commands show it.
type Planned struct {
	Slots   []PlannedSlot `json:"slots"`
	Quota   *Quota        `json:"quota,omitempty"` // of the month of now; nil when it is not known
	MakeUps []MakeUp      `json:"make_ups,omitempty"`
}

// PlannedSlot is a date on which a row of the schedule would be held.
type PlannedSlot struct {
	firmware.Occasion
	DurationS float64 `json:"duration_s"`
	Kind      string  `json:"kind,omitempty"`
	Priority  int     `json:"priority,omitempty"`
	Day       string  `json:"day,omitempty"`     // name of the holiday or of the swapped workday
	Skipped   string  `json:"skipped,omitempty"` // why it is not held, a key of the text catalogue; "": it is held
	By        string  `json:"by,omitempty"`      // what it is skipped for
}

// Quota is the study of one month, in minutes.
type Quota struct {
	Month    string `json:"month"`
	Target   int    `json:"target"`
	Done     int    `json:"done"`
	Planned  int    `json:"planned"`
	Missing  int    `json:"missing"`
	DaysLeft int    `json:"days_left"` // today included
}

// MakeUp is a proposal for a lesson that was missed.
type MakeUp struct {
	ID     string    `json:"id"`
	Of     string    `json:"of"`
	Title  string    `json:"title"`
	Cause  string    `json:"cause"`          // a key of the text catalogue
	Start  time.Time `json:"start,omitzero"` // zero: no place is free
	Missed time.Time `json:"missed"`
}

// mostDays is a year and a day, so that a yearly row is seen.
const mostDays = 366

// calendar prints the schedule, or writes it as a calendar file.
func calendar(_ context.Context, env *Env, args []string) (Result, error) {
	args, ics := take(args, "-ics")
	opt, rest, err := options(env, args, "days", "from")
	if err != nil {
		return Result{}, err
	}
	if len(rest) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", rest[0])
	}
	if ics {
		return calendarFile(env)
	}
	days, err := count(env, opt["days"], 7, mostDays)
	if err != nil {
		return Result{}, err
	}
	from := env.Now()
	if opt["from"] != "" {
		if from, err = moment(env, opt["from"]); err != nil {
			return Result{}, err
		}
	}
	from = from.In(env.zone())
	plan, err := env.planned(from, from.AddDate(0, 0, days))
	if err != nil {
		return Result{}, err
	}
	return Result{Text: plan.text(env, days), Data: plan}, nil
}

func calendarFile(env *Env) (Result, error) {
	if env.Calendar == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	file, omitted := env.Calendar()
	if len(omitted) > 0 {
		return Result{}, env.Failed("cmd.schedule.omitted", "list", strings.Join(omitted, ", "))
	}
	return Result{Text: string(file), Data: map[string]string{"ics": string(file)}}, nil
}

// planned asks for the plan, or makes one of the bare occasions.
func (e *Env) planned(from, to time.Time) (Planned, error) {
	switch {
	case e.Plan != nil:
		p, err := e.Plan(from, to)
		if err != nil {
			return Planned{}, e.Failed("cmd.journal.unreadable", "why", err)
		}
		for i := range p.Slots {
			p.Slots[i].Start = p.Slots[i].Start.In(e.zone())
			p.Slots[i].DurationS = p.Slots[i].Duration.Seconds()
		}
		return p, nil
	case e.Between == nil:
		return Planned{}, e.Failed("cmd.not_here")
	}
	p := Planned{Slots: []PlannedSlot{}}
	for _, o := range e.Between(from, to) {
		p.Slots = append(p.Slots, PlannedSlot{Occasion: o, DurationS: o.Duration.Seconds()})
	}
	return p, nil
}

func (p Planned) text(env *Env, days int) string {
	var b strings.Builder
	held := 0
	for _, s := range p.Slots {
		if s.Skipped == "" {
			held++
		}
		b.WriteString(s.line(env) + "\n")
	}
	if held == 0 {
		b.WriteString(env.Text.Say("cmd.schedule.none", "days", days) + "\n")
	}
	if q := p.Quota; q != nil {
		b.WriteString(env.Text.Say("cmd.schedule.quota", "month", q.Month, "done", q.Done, "planned", q.Planned,
			"target", q.Target, "missing", q.Missing, "days", q.DaysLeft) + "\n")
	}
	for _, m := range p.MakeUps {
		b.WriteString(m.line(env) + "\n")
	}
	return b.String()
}

// clock writes a moment with its zone, as people in the village read it.
func clock(env *Env, t time.Time) string {
	t = t.In(env.zone())
	day := env.Text.Say("day." + strings.ToLower(t.Format("Mon")))
	return t.Format(time.DateOnly) + " " + day + " " + t.Format("15:04:05 -07:00")
}

func (s PlannedSlot) line(env *Env) string {
	parts := []string{clock(env, s.Start), s.Title}
	if s.Duration > 0 {
		parts = append(parts, env.Text.Say("cmd.schedule.minutes", "minutes", int(s.Duration.Minutes()+0.5)))
	}
	if s.File != "" {
		parts = append(parts, s.File)
	}
	parts = append(parts, s.ID)
	switch {
	case s.Skipped != "":
		parts = append(parts, env.Text.Say("cmd.schedule.skipped", "why", env.Text.Say(s.Skipped, "by", s.By)))
	case s.Day != "":
		parts = append(parts, env.Text.Say("cmd.schedule.day", "day", s.Day))
	}
	return strings.Join(parts, "  ")
}

func (m MakeUp) line(env *Env) string {
	cause := env.Text.Name(m.Cause)
	if m.Start.IsZero() {
		return env.Text.Say("cmd.schedule.no_place", "title", m.Title, "of", m.Of, "cause", cause)
	}
	return env.Text.Say("cmd.schedule.make_up", "at", clock(env, m.Start), "title", m.Title, "of", m.Of, "cause", cause, "id", m.ID)
}
