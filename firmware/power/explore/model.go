package explore

import (
	"fmt"
	"time"

	"stationbox/firmware/power"
)

// tick is the step of the small world. All of its times are a few ticks, so the
// core goes through the same decisions in a number of states that can be counted.
const tick = 500 * time.Millisecond

// The good band in mV, and the curve of the small world.
const (
	goodLow  = 190_000
	goodHigh = 250_000
)

func stages(over time.Duration) []power.Stage {
	return []power.Stage{
		{Over: 340},
		{Over: 264, After: over},
		{Under: 176, After: tick},
		{Under: 22, After: 100 * time.Millisecond},
	}
}

// Model is a small world: a guard's settings and everything that can happen to
// it within one tick.
type Model struct {
	Name     string
	Settings power.Settings
	stimuli  []stimulus
}

// stimulusKind says what a stimulus is besides an Input.
type stimulusKind uint8

const (
	stimulusStep    stimulusKind = iota
	stimulusRestart              // the guard dies and starts again from its memory
	stimulusExpire               // a step, and the oldest trip was an hour ago
)

// stimulus is what happens in one tick.
type stimulus struct {
	kind stimulusKind
	in   power.Input
	// follow makes the contacts obey: they are where they were ordered before.
	follow bool
	gone   time.Duration // what the clock says of the time between death and start
}

var contacts = [...]string{"?", "open", "closed"}

// String describes what is not ordinary in st.
func (st *stimulus) String() string {
	if st.kind == stimulusRestart {
		return fmt.Sprintf("restart, %v by the clock", st.gone)
	}
	in, s := &st.in, &st.in.Sense
	text := fmt.Sprintf("%d V", s.MV/1000)
	switch {
	case s.Instant:
		text = "envelope high"
	case !s.Known && s.Fresh:
		text = "voltage unknown"
	case !s.Known:
		text = "silence"
	case !s.Fresh:
		text += " late"
	}
	text += fmt.Sprintf(" aux %s feed %s", contacts[in.Aux], contacts[in.Feed])
	for _, word := range []struct {
		on   bool
		text string
	}{{in.Failed, " pins failed"}, {in.Reset, " reset"}, {in.Stay != power.CauseNone, " to stay off"}, {st.kind == stimulusExpire, " a trip expires"}} {
		if word.on {
			text += word.text
		}
	}
	for i := range in.Loads {
		if l := &in.Loads[i]; *l != (power.LoadInput{}) {
			text += fmt.Sprintf(" load%d(wanted %v failed %v report %d known %v %dmA)", i, l.Wanted, l.Failed, l.Report, l.Known, l.Current)
		}
	}
	return text
}

// The voltages and samples of one tick, at the edges of the bands.
var senses = []power.Sense{
	{Fresh: true, Known: true, Span: tick, MV: goodLow},
	{Fresh: true, Known: true, Span: tick, MV: 263_700},
	{Fresh: true, Known: true, Span: tick, MV: 264_000},
	{Fresh: true, Known: true, Span: tick, MV: 340_000},
	{Fresh: true, Known: true, Span: tick, MV: 175_999},
	{Fresh: true, Known: true, Span: tick, MV: 21_999},
	{},
	{Fresh: true, Span: tick},
	{Known: true, Span: tick, MV: goodHigh},
	{Fresh: true, Instant: true, Span: tick, PeakMV: 350_000},
}

// Models returns the small worlds: one about the contactor, whose contacts,
// samples, pins and technician do anything at any moment, and one about the
// order of loads and the cooling of a lamp.
func Models() []Model { return []Model{contactorModel(), lampModel()} }

func settings() power.Settings {
	return power.Settings{
		GoodTime: 2 * tick, Slot: tick, MinOff: 2 * tick, MaxTrips: 3,
		Stale: tick, MoveTime: 800 * time.Millisecond, Stages: stages(2 * tick),
	}
}

func contactorModel() Model {
	m := Model{Name: "contactor", Settings: settings()}
	for _, sense := range senses {
		for _, pair := range [][2]power.Contact{
			{power.ContactOpen, power.ContactOpen}, {power.ContactClosed, power.ContactClosed},
			{power.ContactUnknown, power.ContactUnknown}, {power.ContactUnknown, power.ContactOpen},
			{power.ContactOpen, power.ContactClosed}, {power.ContactClosed, power.ContactOpen},
		} {
			for special := range 3 { // nothing, pins, technician
				m.add(power.Input{Elapsed: tick, Sense: sense, Aux: pair[0], Feed: pair[1], Failed: special&1 != 0, Reset: special&2 != 0})
			}
		}
	}
	m.addStays()
	m.addRestarts()
	return m
}

func lampModel() Model {
	m := Model{Name: "lamp", Settings: settings()}
	m.Settings.MaxTrips, m.Settings.GoodTime = 2, tick
	m.Settings.Stages = stages(tick)
	m.Settings.Loads = []power.Load{
		{Name: "tv", Channel: 1, OnDelay: tick},
		{Name: "projector", Channel: 2, OnDelay: tick, Lamp: true, StandbyMA: 100, CoolTime: 2 * tick},
	}
	for _, sense := range []int{0, 2, 4, 5, 6} {
		for tv := range 3 { // not wanted, wanted, relay failed
			if tv == 2 && sense != 0 {
				continue
			}
			for _, lamp := range lampInputs() {
				in := power.Input{Elapsed: tick, Sense: senses[sense]}
				in.Loads[0] = power.LoadInput{Wanted: tv > 0, Failed: tv == 2}
				in.Loads[1] = lamp
				m.stimuli = append(m.stimuli, stimulus{in: in, follow: true})
			}
		}
	}
	dropped := power.Input{Elapsed: tick, Sense: senses[0], Aux: power.ContactOpen, Feed: power.ContactOpen}
	m.add(dropped)
	dropped.Reset = true
	m.add(dropped)
	for _, lamp := range lampInputs() {
		in := power.Input{Elapsed: tick, Sense: senses[0], Stay: power.CauseStorm}
		in.Loads[0] = power.LoadInput{Wanted: true}
		in.Loads[1] = lamp
		m.stimuli = append(m.stimuli, stimulus{in: in, follow: true})
	}
	m.addRestarts()
	return m
}

// lampInputs are the things that a lamp load may say, wanted or not.
func lampInputs() []power.LoadInput {
	says := []power.LoadInput{
		{Report: power.ReportNone, Known: true, Current: 101},
		{Report: power.ReportNone, Known: true, Current: 100},
		{Report: power.ReportBusy, Known: true, Current: 100},
		{Report: power.ReportCooling},
		{Report: power.ReportStandby},
		{Report: power.ReportStandby, Known: true, Current: 101},
		{Report: power.ReportStandby, Known: true, Current: 100},
		{Report: power.ReportStandby, Known: true, Failed: true},
	}
	for _, in := range says {
		in.Wanted = true
		says = append(says, in)
	}
	return says
}

func (m *Model) add(in power.Input) { m.stimuli = append(m.stimuli, stimulus{in: in}) }

// addStays adds the wish that everything stay off, in good and in bad mains, with
// contacts that are anywhere.
func (m *Model) addStays() {
	for _, sense := range []power.Sense{senses[0], senses[2], senses[4], {}} {
		for _, contact := range []power.Contact{power.ContactOpen, power.ContactClosed, power.ContactUnknown} {
			m.add(power.Input{Elapsed: tick, Sense: sense, Aux: contact, Feed: contact, Stay: power.CauseStorm})
		}
	}
}

// addRestarts adds what else may happen: death and start with a true clock and
// with one that leapt, and trips that grow old.
func (m *Model) addRestarts() {
	for _, gone := range []time.Duration{0, time.Minute} {
		m.stimuli = append(m.stimuli, stimulus{kind: stimulusRestart, gone: gone})
	}
	for _, contact := range []power.Contact{power.ContactOpen, power.ContactClosed} {
		for _, sense := range []power.Sense{senses[0], senses[2]} {
			in := power.Input{Elapsed: tick, Sense: sense, Aux: contact, Feed: contact}
			m.stimuli = append(m.stimuli, stimulus{kind: stimulusExpire, in: in})
		}
	}
}
