package register

import (
	"fmt"
	"strings"
	"time"
)

// reception is 接收日志: live programmes and films that came in.
func (p printer) reception() Book {
	b := Book{Key: "reception", Columns: p.columns("reception"), Notes: []string{p.say("register.reception.from")}}
	titles := map[string]string{}
	for _, l := range p.Lessons {
		titles[l.ID] = l.Title
	}
	for i, r := range p.Receptions {
		title := r.Title
		if title == "" {
			title = titles[r.Lesson]
		}
		kind, what := p.say("register.reception.kind.live"), p.received(r)
		if r.Arrival != nil {
			kind = p.say("register.reception.kind.film")
		}
		b.Rows = append(b.Rows, []Cell{num(i + 1), at(r.At), say(kind), dash(title), say(what), dash(record(r.Seq))})
	}
	return p.empty(b)
}

// received says what came.
func (p printer) received(r Reception) string {
	a := r.Arrival
	if a == nil {
		args := append([]any(nil), r.Args...)
		for i := 1; i < len(args); i += 2 {
			if s, ok := args[i].(string); ok && s != "" {
				args[i] = "live.reason." + s
			}
		}
		return strings.TrimRight(p.say(r.What, args...), " :：")
	}
	source := a.Source
	if source == "" {
		source = none
	}
	return p.say(r.What, "source", source, "size", fmt.Sprintf("%.1f MB", float64(a.Bytes)/1e6), "minutes", minutes(lasting(a.LengthMS)), "hash", first(a.SHA256, 12))
}

func record(seq uint64) string {
	if seq == 0 {
		return ""
	}
	return fmt.Sprintf("#%d", seq)
}

func first(s string, n int) string { return s[:min(len(s), n)] }

// empty says that there is nothing in a book.
func (p printer) empty(b Book) Book {
	if len(b.Rows) == 0 {
		b.Notes = append([]string{p.say("register.nothing")}, b.Notes...)
	}
	return b
}

// playback is 播放日志: every lesson of the month, each time that it ended.
func (p printer) playback() Book {
	b := Book{Key: "playback", Columns: p.columns("playback"), Wide: true, Merge: 3}
	shown := time.Duration(0)
	for i, l := range p.Lessons {
		shown += l.Minutes()
		lead := []Cell{num(i + 1), at(l.Scheduled), dash(l.Title)}
		if len(l.Showings) == 0 {
			b.Rows = append(b.Rows, append(lead, say(none), say(none), say(p.say("register.no_record")), say(none), say(none), say(none)))
		}
		for _, s := range l.Showings {
			b.Rows = append(b.Rows, append(append([]Cell(nil), lead...), p.showing(s)...))
		}
	}
	b.Facts = []string{p.say("register.playback.sum", "lessons", len(p.Lessons), "minutes", minutes(shown)), p.quota()}
	b.Notes = []string{p.say("register.playback.from")}
	return p.empty(b)
}

func (p printer) showing(s Showing) []Cell {
	start := dash("")
	if !s.Start.IsZero() {
		start = at(s.Start)
	}
	cause := p.words.Name(s.Cause)
	if s.Relative {
		cause += p.tail("register.relative")
	}
	whole := none
	if s.Length > 0 {
		whole = percent(min(1, s.Played.Seconds()/s.Length.Seconds()))
	}
	return []Cell{start, at(s.End), dash(cause), num(minutes(s.Played)), say(whole), say(p.proof(s.Proof))}
}

// proof says in a line what signed record there is.
func (p printer) proof(r *Proof) string {
	if r == nil {
		return p.say("register.proof.none")
	}
	said := p.say("register.proof.unchecked", "mark", r.Mark)
	if r.Checked {
		said = p.say("register.proof.holds", "mark", r.Mark)
	}
	if r.Problem != "" {
		said = p.words.Say(r.Problem, "key", r.Key) + " " + r.Mark
	}
	if r.SHA256 != "" {
		said += p.sep("comma") + p.say("register.proof.film", "hash", first(r.SHA256, 12))
	}
	var calls []string
	for _, n := range r.Calls {
		if n == nil {
			calls = append(calls, none)
			continue
		}
		calls = append(calls, fmt.Sprint(*n))
	}
	return said + p.sep("comma") + p.say("register.proof.calls", "list", strings.Join(calls, "/"))
}

// quota is the meter of the month.
func (p printer) quota() string {
	done := minutes(p.Quota.Done)
	if p.Quota.Target <= 0 {
		return p.say("register.quota.none", "done", done)
	}
	target := minutes(p.Quota.Target)
	return p.say("register.quota", "done", done, "target", target, "rate", percent(share(done, target)), "missing", max(0, target-done), "lessons", p.Quota.Lessons)
}

// equipment is 设备运行日志.
func (p printer) equipment() Book {
	b := Book{Key: "equipment", Columns: p.columns("equipment"), Wide: true}
	for i, e := range p.Events {
		thing := p.named("check", e.Thing)
		if e.Thing == "" {
			thing = p.say("register.station")
		}
		b.Rows = append(b.Rows, []Cell{num(i + 1), at(e.At), say(thing), say(p.what(e)), say(p.about(e)), say(record(e.Seq))})
	}
	s := p.Safety
	b.Facts = []string{p.say("register.equipment.sum", "trips", s.Counts["trip"], "outages", s.Counts["outage"], "faults", len(p.Faults), "starts", s.Starts)}
	return p.empty(b)
}

func (p printer) what(e Event) string {
	if e.Fault == nil {
		return p.say(e.Key, p.from(e)...)
	}
	sentence, _ := p.words.Fault(*e.Fault)
	return sentence
}

// from are the arguments of e in words: sources of the clock, what was checked, who
// gave a command.
func (p printer) from(e Event) []any {
	args := append([]any(nil), e.Args...)
	for i := 1; i < len(args); i += 2 {
		switch v := args[i].(type) {
		case string:
			if e.Thing == "clock" && v != "" {
				args[i] = "clock.source." + v
			}
			if args[i-1] == "by" {
				args[i] = p.named("by", v)
			}
		case []string:
			list := make([]string, len(v))
			for k, what := range v {
				list[k] = p.named("check", what)
			}
			args[i] = list
		}
	}
	return args
}

// about is why, how much and for how long.
func (p printer) about(e Event) string {
	var list []string
	if e.Why != "" {
		list = append(list, p.words.Name(e.Why))
	}
	if e.MV != 0 {
		list = append(list, volts(e.MV))
	}
	if e.Count > 0 {
		list = append(list, p.say("guard.count", "count", e.Count))
	}
	if e.Lasted >= time.Second {
		list = append(list, p.say("register.lasted", "for", p.lasted(e.Lasted)))
	} else if e.Lasted > 0 {
		list = append(list, p.say("register.lasted", "for", fmt.Sprintf("%d ms", e.Lasted.Milliseconds())))
	}
	return strings.Join(list, p.sep("comma"))
}

func volts(mv int64) string { return fmt.Sprintf("%.1f V", float64(mv)/1000) }

// lasted writes a span in the words of the language.
func (p printer) lasted(d time.Duration) string {
	if d < time.Minute {
		return p.say("register.seconds", "n", int(d.Seconds()+0.5))
	}
	if d < time.Hour {
		return p.say("register.minutes", "n", minutes(d))
	}
	return p.say("register.hours", "n", hours(d))
}
