package clock

import (
	"time"

	"stationbox/firmware/text"
)

// Report is the clock as status, console and page show it. Integers carry their
// unit in the name; a bound that is null is unknown.
type Report struct {
	Now     time.Time    `json:"now"`
	Zone    string       `json:"zone"`
	Source  Source       `json:"source"`
	Level   Level        `json:"level"` // unknown, weak, good
	BoundMS *int64       `json:"bound_ms"`
	AgeMS   int64        `json:"age_ms"` // of the word that is followed
	Since   time.Time    `json:"since"`  // this source is followed since
	AheadMS int64        `json:"ahead_ms"`
	Era     uint32       `json:"era"`
	Plan    PlanReport   `json:"plan"`
	Words   []WordReport `json:"sources"`
	RTC     *RTCReport   `json:"rtc"` // null without one
}

// PlanReport is what the schedule may do.
type PlanReport struct {
	Mode       PlanMode `json:"mode"`             // clock, wait, relative
	Rule       Rule     `json:"rule"`             // of the configuration
	Reason     string   `json:"reason,omitempty"` // a key of the text catalogue
	StartsInMS *int64   `json:"starts_in_ms"`     // relative only; negative after its start
}

// WordReport is what one source says.
type WordReport struct {
	Source   Source    `json:"source"`
	Time     time.Time `json:"time"` // as it would be now
	BoundMS  int64     `json:"bound_ms"`
	AgeMS    int64     `json:"age_ms"`
	Followed bool      `json:"followed"`
	Apart    bool      `json:"apart"`
	Muted    bool      `json:"muted"`
}

// RTCReport is the hardware clock.
type RTCReport struct {
	Battery  string    `json:"battery"` // "" untested, ok, low, dead
	Cause    string    `json:"cause,omitempty"`
	Fault    string    `json:"fault,omitempty"`
	Compared time.Time `json:"compared,omitzero"` // with a good time
	OffMS    int64     `json:"off_ms"`            // ahead of it then
	PPM      *float64  `json:"ppm"`               // runs fast by; null: not measured
	PPMBound float64   `json:"ppm_bound"`
}

// Report gathers everything about the clock.
func (k *Keeper) Report() Report {
	mono := k.sys.Mono()
	s, plan := k.clock.Status(mono), k.Plan()
	r := Report{Now: s.Now, Zone: s.Zone, Source: s.Source, Level: s.Level, BoundMS: millis(s.Bound), AgeMS: s.Age.Milliseconds(), Since: s.Since,
		AheadMS: s.Ahead.Milliseconds(), Era: s.Era, Words: []WordReport{}, Plan: PlanReport{Mode: plan.Mode, Rule: k.o.Rule, Reason: plan.Reason}}
	if r.Plan.Rule == "" {
		r.Plan.Rule = Wait
	}
	if plan.Mode == ByRelative {
		r.Plan.StartsInMS = millis(plan.Start - mono)
	}
	for _, w := range k.clock.Words(mono) {
		r.Words = append(r.Words, WordReport{w.Source, w.Wall, w.Bound.Milliseconds(), w.Age.Milliseconds(), w.Followed, w.Apart, w.Muted})
	}
	if k.o.RTC != nil {
		r.RTC = k.rtcReport()
	}
	return r
}

func (k *Keeper) rtcReport() *RTCReport {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := k.rtc
	r := &RTCReport{Battery: m.Battery, Cause: m.Cause, Fault: errText(k.rtcErr), Compared: m.At, OffMS: m.Offset.Milliseconds(), PPMBound: float64(m.PPBErr) / 1000}
	if m.PPBErr > 0 {
		ppm := float64(m.PPB) / 1000
		r.PPM = &ppm
	}
	return r
}

// Line says the trust in one line for screen and console, such as
// "NTP, ±0.5 s, 12 s old".
func (r Report) Line(words *text.Catalogue) string {
	source := words.Say("clock.source." + r.Source.String())
	if r.BoundMS == nil {
		return words.Say("clock.line.unknown", "source", source)
	}
	return words.Say("clock.line."+string(r.Level), "source", source,
		"bound", time.Duration(*r.BoundMS)*time.Millisecond, "age", time.Duration(r.AgeMS)*time.Millisecond)
}
