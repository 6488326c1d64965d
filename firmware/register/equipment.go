package register

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"stationbox/firmware"
)

// event adds a line to the equipment log.
func (c *collector) event(e Event) {
	if len(c.m.Events) >= mostEvents {
		c.m.Omitted++
		return
	}
	c.m.Events = append(c.m.Events, e)
}

// happened takes in a record of the month that is about the equipment, the clock, the
// journal or a person's command. Other kinds are in no book.
func (c *collector) happened(r firmware.Record) {
	var take func(firmware.Record)
	switch r.Kind {
	case firmware.KindPower:
		take = c.power
	case firmware.KindDisplay:
		take = c.display
	case firmware.KindRelayTest:
		take = c.relay
	case firmware.KindClock:
		take = c.clock
	case firmware.KindCommand:
		take = c.command
	case firmware.KindJournalHole:
		take = c.lost
	case kindReady:
		take = c.ready
	case kindExercise, kindStorm:
		take = c.idle
	case kindMakeUp, kindEmergency:
		take = c.ordered
	default:
		return
	}
	if c.keep(r) {
		take(r)
	}
}

func (c *collector) power(r firmware.Record) {
	var g firmware.GuardEvent
	if !c.read(r, &g) {
		return
	}
	e := Event{At: r.Wall, Seq: r.Seq, Thing: c.word(g.Load), Key: "guard.event." + c.word(g.Kind), Why: c.word(g.Cause), MV: clampMV(g.MV), Lasted: lasting(g.LastedMS), Count: g.Count}
	c.event(e)
	c.m.Safety.power(g, e)
}

// clampMV is a voltage as a mains may have it, 0 for none.
func clampMV(mv int64) int64 {
	if mv < 0 || mv > 2_000_000 {
		return 0
	}
	return mv
}

func (c *collector) display(r firmware.Record) {
	var n struct {
		Name  string `json:"name"`
		From  string `json:"from"`
		To    string `json:"to"`
		Asked bool   `json:"asked"`
	}
	if !c.read(r, &n) {
		return
	}
	e := Event{At: r.Wall, Seq: r.Seq, Thing: c.word(n.Name), Key: "register.display", Args: []any{"from", c.word(n.From), "to", c.word(n.To)}}
	if !n.Asked && (n.To == "on" || n.To == "warming") {
		e.Why = "register.display.unasked"
	}
	c.event(e)
	c.m.Safety.display(n.From, n.To)
}

func (c *collector) relay(r firmware.Record) {
	var n struct {
		Load string `json:"load"`
		On   bool   `json:"on"`
		Off  bool   `json:"off"`
		Held string `json:"held"`
	}
	if !c.read(r, &n) {
		return
	}
	t := RelayTest{At: r.Wall, Load: c.word(n.Load), On: n.On, Off: n.Off}
	c.event(Event{At: r.Wall, Seq: r.Seq, Thing: t.Load, Key: t.key(), Why: c.word(n.Held)})
	c.m.Safety.relay(t)
}

func (c *collector) clock(r firmware.Record) {
	var n struct {
		What  string `json:"what"`
		From  string `json:"from"`
		To    string `json:"to"`
		By    int64  `json:"by_ms"`
		Cause string `json:"cause"`
	}
	if !c.read(r, &n) {
		return
	}
	e := Event{At: r.Wall, Seq: r.Seq, Thing: "clock", Key: "register.clock." + c.word(n.What), Why: c.word(n.Cause),
		Args: []any{"from", c.word(n.From), "to", c.word(n.To), "by", time.Duration(n.By) * time.Millisecond}}
	c.event(e)
}

// ready is a check before a lesson, as the rules ask: a day and half an hour before.
func (c *collector) ready(r firmware.Record) {
	var n struct {
		OK    bool `json:"ok"`
		Items []struct {
			Name  string `json:"name"`
			OK    bool   `json:"ok"`
			Cause string `json:"cause"`
		} `json:"items"`
	}
	if !c.read(r, &n) {
		return
	}
	e := Event{At: r.Wall, Seq: r.Seq, Key: "register.ready.ok"}
	c.m.Safety.Checks++
	if !n.OK {
		c.m.Safety.ChecksBad++
		e.Key = "register.ready.bad"
		var bad []string
		for _, it := range n.Items {
			if !it.OK && len(bad) < 10 {
				bad = append(bad, c.word(it.Name))
			}
		}
		e.Args = []any{"what", bad}
	}
	c.event(e)
}

func (c *collector) idle(r firmware.Record) {
	var n struct {
		Until time.Time `json:"until"`
	}
	if !c.read(r, &n) {
		return
	}
	e := Event{At: r.Wall, Seq: r.Seq, Key: "register." + r.Kind, Lasted: lasting(n.Until.Sub(r.Wall).Milliseconds())}
	if r.Kind == kindExercise {
		c.m.Safety.Exercises++
	}
	c.event(e)
}

func (c *collector) ordered(r firmware.Record) {
	var n struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	if c.read(r, &n) {
		c.event(Event{At: r.Wall, Seq: r.Seq, Key: "register." + r.Kind, Args: []any{"title", cmp.Or(clean(n.Title), clean(n.ID))}})
	}
}

func (c *collector) command(r firmware.Record) {
	var n struct {
		Args []string `json:"args"`
		By   string   `json:"by"`
	}
	if !c.read(r, &n) {
		return
	}
	typed := clean(strings.Join(n.Args[:min(len(n.Args), 8)], " "))
	c.event(Event{At: r.Wall, Seq: r.Seq, Key: "register.command", Args: []any{"typed", typed, "by", c.word(n.By)}})
	d := c.day(r.Wall)
	d.Commands++
	d.FirstCommand, d.LastCommand = cmp.Or(d.FirstCommand, r.Wall), r.Wall
}

// lost is the journal's own word that records are damaged. Where they are missing is
// seen from their numbers.
func (c *collector) lost(r firmware.Record) {
	var n struct {
		From uint64 `json:"from"`
		To   uint64 `json:"to"`
	}
	if c.read(r, &n) && n.From <= n.To {
		c.event(Event{At: r.Wall, Seq: r.Seq, Key: "register.lost", Args: []any{"from", n.From, "to", n.To}})
	}
}

// live notes what happened to a live programme.
func (c *collector) live(r firmware.Record) {
	var n struct {
		Event  string `json:"event"`
		Reason string `json:"reason"`
		ForMS  int64  `json:"for_ms"`
	}
	if !c.in(r.Wall) || !c.read(r, &n) {
		return
	}
	v := Reception{At: r.Wall, Lesson: c.word(r.Lesson), Seq: r.Seq, What: "register.reception.live." + c.word(n.Event), Args: []any{"reason", c.word(n.Reason), "for", lasting(n.ForMS)}}
	if len(c.m.Receptions) >= mostEvents {
		c.m.Omitted++
		return
	}
	c.m.Receptions = append(c.m.Receptions, v)
}

// faultBook pairs the beginnings and the ends of faults.
type faultBook struct {
	open map[string]*FaultSpan
	list []*FaultSpan
	last uint64 // number of the newest record taken in
}

func faultKey(f firmware.Fault) string { return f.Code + "\x00" + f.Args["name"] }

// fault follows faults of all times: one that began before the month may stand in it.
func (c *collector) fault(r firmware.Record) {
	b := &c.faults
	if b.open == nil {
		b.open = map[string]*FaultSpan{}
	}
	if r.Seq <= b.last {
		return // it is there already
	}
	b.last = r.Seq
	if r.Kind == firmware.KindBoot {
		c.boot(r)
		return
	}
	var f firmware.Fault
	if json.Unmarshal(r.Data, &f) != nil {
		c.read(r, &f) // counts it
		return
	}
	f.Code = c.word(f.Code)
	args := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.Args))[:min(len(f.Args), 10)] {
		args[clean(name)] = c.word(f.Args[name])
	}
	f.Args = args
	if c.in(r.Wall) && c.keep(r) {
		c.event(Event{At: r.Wall, Seq: r.Seq, Thing: f.Args["name"], Fault: &f})
	}
	if r.Wall.Before(c.to) {
		b.take(f, r.Wall, c)
	}
}

func (b *faultBook) take(f firmware.Fault, at time.Time, c *collector) {
	s := b.open[faultKey(f)]
	switch {
	case f.On && s != nil:
		s.Restart = time.Time{} // it is still there after a restart
	case f.On && len(b.open) >= mostFaults:
		c.m.Omitted++
	case f.On:
		b.open[faultKey(f)] = &FaultSpan{Fault: f, From: at}
	case s != nil:
		s.To = at
		delete(b.open, faultKey(f))
		b.end(s, c)
	}
}

// end keeps a fault that stood in the month.
func (b *faultBook) end(s *FaultSpan, c *collector) {
	over := cmp.Or(s.To, s.Restart)
	switch {
	case !over.IsZero() && over.Before(c.from):
	case len(b.list) >= mostFaults:
		c.m.Omitted++
	default:
		b.list = append(b.list, s)
	}
}

// boot: what was wrong is looked for anew, and what is not found is not told of.
func (c *collector) boot(r firmware.Record) {
	if r.Wall.Before(c.to) {
		for key, s := range c.faults.open {
			switch {
			case s.Restart.IsZero():
				s.Restart = r.Wall
			case s.Restart.Before(c.from):
				delete(c.faults.open, key)
			}
		}
	}
	var n struct {
		Version string `json:"version"`
	}
	if c.in(r.Wall) && c.keep(r) {
		c.read(r, &n)
		c.event(Event{At: r.Wall, Seq: r.Seq, Key: "register.boot", Args: []any{"version", clean(n.Version)}})
		c.m.Safety.Starts++
	}
}

func (b *faultBook) close(c *collector) {
	for _, s := range b.open {
		b.end(s, c)
	}
	slices.SortFunc(b.list, func(a, b *FaultSpan) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(faultKey(a.Fault), faultKey(b.Fault)))
	})
	for _, s := range b.list {
		c.m.Faults = append(c.m.Faults, *s)
	}
}

// hours writes a span as people do: "1:05".
func hours(d time.Duration) string {
	m := minutes(d)
	return fmt.Sprintf("%d:%02d", m/60, m%60)
}
