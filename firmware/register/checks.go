package register

import (
	"fmt"
	"strings"
	"time"
)

// safety is 设备安全检查表: what the records say, then what only a person can see.
func (p printer) safety() Book {
	b := Book{Key: "safety", Columns: p.columns("safety"), Notes: []string{p.say("register.safety.from")}, Hand: true}
	row := func(key, result string) {
		b.Rows = append(b.Rows, []Cell{num(len(b.Rows) + 1), say(p.say("register.safety.row." + key)), say(result), say("")})
	}
	s := p.Safety
	row("relays", p.relays())
	row("arrester", p.arrester())
	row("trips", p.say("register.safety.trips", "trips", s.Counts["trip"], "lockouts", s.Counts["lockout"], "weld", s.Counts["weld"]+s.Counts["no_close"]))
	row("outages", p.say("register.safety.outages", "count", s.Counts["outage"], "for", p.lasted(s.OutageFor)))
	row("volts", p.say("register.safety.volts", "high", p.extreme(s.High), "low", p.extreme(s.Low)))
	row("cooling", p.say("register.safety.cooling", "whole", s.Cooled, "cut", s.CutShort))
	row("exercise", p.say("register.safety.times", "count", s.Exercises))
	row("ready", p.say("register.safety.ready", "count", s.Checks, "bad", s.ChecksBad))
	row("faults", p.standing())
	for _, key := range []string{"earth", "cables", "dish", "filters", "fire", "room"} {
		row(key, "□ "+p.say("register.safety.good")+"　□ "+p.say("register.safety.bad"))
	}
	return b
}

func (p printer) relays() string {
	if len(p.Safety.Relays) == 0 {
		return p.say("register.safety.untested")
	}
	var list []string
	for _, t := range p.Safety.Relays {
		list = append(list, fmt.Sprintf("%s %s (%s)", p.words.Name(t.Load), p.say(t.key()), p.short(t.At)))
	}
	return strings.Join(list, p.sep("semicolon"))
}

func (p printer) arrester() string {
	said := p.say("register.safety.arrester", "strikes", p.Safety.Counts["strike"])
	if p.Safety.Strikes > 0 {
		said += p.sep("comma") + p.say("guard.count", "count", p.Safety.Strikes)
	}
	if p.Safety.Arrester != "" {
		said += p.sep("comma") + p.words.Name(p.Safety.Arrester)
	}
	return said
}

func (p printer) extreme(v *Volts) string {
	if v == nil {
		return p.say("register.safety.in_band")
	}
	return volts(v.MV) + " (" + p.short(v.At) + ")"
}

// mostStanding bounds the faults in one cell.
const mostStanding = 20

// standing lists the faults that are open at the end of the month.
func (p printer) standing() string {
	var list []string
	more := 0
	for _, f := range p.Faults {
		switch {
		case !f.Open():
		case len(list) == mostStanding:
			more++
		default:
			sentence, _ := p.words.Fault(f.Fault)
			list = append(list, sentence+" ("+p.say("register.since", "at", p.short(f.From))+")")
		}
	}
	if more > 0 {
		list = append(list, fmt.Sprintf("+%d", more))
	}
	if len(list) == 0 {
		return p.say("register.safety.no_faults")
	}
	return strings.Join(list, p.sep("semicolon"))
}

// corrections is 更正、故障与记录缺口: what was changed, what stood, what is lost.
func (p printer) corrections() Book {
	b := Book{Key: "corrections", Columns: p.columns("corrections")}
	for _, h := range p.Holes {
		b.Rows = append(b.Rows, []Cell{say(p.say("register.kind.gap")), when(h.Before), say(p.span(h)), dash("")})
	}
	for _, k := range p.Corrections {
		b.Rows = append(b.Rows, []Cell{say(p.say("register.kind.correction")), at(k.At), say(p.change(k)), dash(p.why(k))})
	}
	for _, f := range p.Faults {
		sentence, hint := p.words.Fault(f.Fault)
		b.Rows = append(b.Rows, []Cell{say(p.say("register.kind.fault")), at(f.From), say(sentence + p.sep("comma") + p.end(f)), dash(hint)})
	}
	if p.Unreadable > 0 {
		b.Notes = append(b.Notes, p.say("register.unreadable", "count", p.Unreadable))
	}
	if p.Omitted > 0 {
		b.Notes = append(b.Notes, p.say("register.omitted", "count", p.Omitted))
	}
	return p.empty(b)
}

func when(t time.Time) Cell {
	if t.IsZero() {
		return dash("")
	}
	return at(t)
}

// end says how a fault ended.
func (p printer) end(f FaultSpan) string {
	switch {
	case !f.To.IsZero():
		return p.say("register.fault.over", "at", p.short(f.To), "for", p.lasted(f.To.Sub(f.From)))
	case !f.Restart.IsZero():
		return p.say("register.fault.restart", "at", p.short(f.Restart))
	}
	return p.say("register.fault.open")
}

// change says what a correction did; the press itself stays on record.
func (p printer) change(k Correction) string {
	key := "register.change." + k.Do
	if k.Number == 0 && k.Do != doHeads {
		key = "register.change.gone"
	}
	said := p.say(key, "number", k.Number, "name", k.Name, "pressed", p.short(k.Pressed), "to", k.To, "to_name", k.ToName, "title", k.Title, "heads", k.Heads, "seq", k.Seq)
	if !k.Counts {
		said += p.tail("register.change.older")
	}
	return said
}

// why is who corrected and for what reason.
func (p printer) why(k Correction) string {
	return strings.TrimSpace(p.named("by", k.By) + " " + k.Why)
}

// mostCorrected bounds the corrections under a book; all are in their own.
const mostCorrected = 12

// corrected are the lines under the books of people.
func (p printer) corrected() []string {
	var list []string
	for _, k := range p.Corrections[:min(len(p.Corrections), mostCorrected)] {
		list = append(list, p.say("register.change.line", "at", p.short(k.At), "change", p.change(k), "why", p.why(k)))
	}
	if more := len(p.Corrections) - mostCorrected; more > 0 {
		list = append(list, p.say("register.change.more", "count", more))
	}
	return list
}
