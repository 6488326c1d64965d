package village

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"stationbox/firmware"
)

// Event is one line of the page's list of events.
type Event struct {
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"`
	Text  string    `json:"text"`
	Level string    `json:"level"` // info, good, warn, bad
}

// maxEvents is how many events the page gets.
const maxEvents = 200

// diary keeps the newest events in the order of their times.
type diary struct {
	mu     sync.Mutex
	events []Event
}

func (d *diary) add(at time.Time, kind, text, level string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := len(d.events)
	for i > 0 && d.events[i-1].At.After(at) {
		i--
	}
	d.events = append(d.events, Event{})
	copy(d.events[i+1:], d.events[i:])
	d.events[i] = Event{At: at, Kind: kind, Text: text, Level: level}
	if over := len(d.events) - maxEvents; over > 0 {
		d.events = append([]Event(nil), d.events[over:]...)
	}
}

// list returns the events with their times in zone.
func (d *diary) list(zone *time.Location) []Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := append([]Event{}, d.events...)
	for i := range list {
		list[i].At = list[i].At.In(zone)
	}
	return list
}

// tellRecords adds the records that are not known yet to the events.
func (v *Village) tellRecords(known, records []firmware.Record) {
	var last uint64
	if len(known) > 0 {
		last = known[len(known)-1].Seq
	}
	for _, r := range records {
		if r.Seq <= last {
			continue
		}
		if e, ok := v.tell(r); ok {
			v.diary.add(e.At, e.Kind, e.Text, e.Level)
		}
	}
}

// tell turns a record into words; records that only machines need are left out.
func (v *Village) tell(r firmware.Record) (Event, bool) {
	e := Event{At: r.Wall, Kind: r.Kind, Level: "info"}
	switch r.Kind {
	case firmware.KindPosition, firmware.KindRelayTest, firmware.KindCommand:
		return e, false
	case firmware.KindPress:
		var p firmware.Press
		read(r.Data, &p)
		e.Text, e.Level = fmt.Sprintf("%d %s", p.Number, p.Name), "good"
		if !p.Known {
			e.Level = "warn"
		}
	case firmware.KindPhase:
		var p struct{ Phase, Why string }
		read(r.Data, &p)
		e.Text = strings.TrimSpace(v.say("phase.", p.Phase) + " " + v.say("", p.Why))
	case firmware.KindPower:
		return v.tellPower(e, r)
	case firmware.KindFault:
		var f firmware.Fault
		read(r.Data, &f)
		e.Text, _ = v.words.Fault(f)
		e.Level = map[bool]string{true: "bad", false: "good"}[f.On]
	case firmware.KindDisplay:
		var d struct{ Name, From, To string }
		read(r.Data, &d)
		e.Text = fmt.Sprintf("%s: %s → %s", v.words.Name(d.Name), v.words.Name(d.From), v.words.Name(d.To))
	case firmware.KindLesson:
		var l struct{ Title, Cause string }
		read(r.Data, &l)
		e.Text = strings.TrimSpace(l.Title + " " + v.say("", l.Cause))
	default:
		e.Kind, e.Text = "line", r.Kind
		if v.words.Has("record." + r.Kind) {
			e.Text = v.words.Say("record." + r.Kind)
		}
	}
	return e, true
}

func (v *Village) tellPower(e Event, r firmware.Record) (Event, bool) {
	var g firmware.GuardEvent
	read(r.Data, &g)
	e.Kind = "guard"
	e.Text = strings.Join(strings.Fields(v.say("guard.event.", g.Kind)+" "+v.words.Name(g.Load)+" "+v.say("", g.Cause)), " ")
	if g.MV != 0 {
		e.Text += fmt.Sprintf(" %.1f V", float64(g.MV)/1000)
	}
	switch g.Kind {
	case "trip", "lockout", "weld", "no_close", "blind":
		e.Level = "bad"
	case "open", "outage", "mains_bad", "meter_fault":
		e.Level = "warn"
	case "close", "mains_good":
		e.Level = "good"
	}
	return e, true
}

// say returns the sentence of the catalogue under prefix+word, or the word.
func (v *Village) say(prefix, word string) string {
	if word != "" && v.words.Has(prefix+word) {
		return v.words.Say(prefix + word)
	}
	return word
}

// read takes what it can from the data of a record; the rest stays zero.
func read(data json.RawMessage, into any) { _ = json.Unmarshal(data, into) }
