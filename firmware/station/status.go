package station

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/card"
	"stationbox/firmware/clock"
	"stationbox/firmware/dish"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/antenna"
	"stationbox/firmware/text"
	"stationbox/hal"
	"stationbox/media/live"
)

// statusView is the data of the command status, the whole station at a glance.
type statusView struct {
	Name       string                `json:"name"`
	ID         string                `json:"id"`
	Version    string                `json:"version"`
	Now        time.Time             `json:"now"`
	Zone       string                `json:"zone"`
	Phase      lesson.Phase          `json:"phase"`
	Why        string                `json:"why,omitempty"` // what the phase waits for, in words
	Occasion   *occasionView         `json:"occasion"`
	Next       *occasionView         `json:"next"`
	Countdown  *int64                `json:"countdown_ms"` // to the start, negative after it
	PositionMS int64                 `json:"position_ms"`
	DurationMS int64                 `json:"duration_ms"`
	Present    int                   `json:"present"`
	Roll       []rollView            `json:"roll"`
	Displays   []displayView         `json:"displays"`
	GuardLink  string                `json:"guard_link"` // "ok" or "lost"
	Guard      *firmware.GuardStatus `json:"guard"`
	WhyDark    []darkCause           `json:"why_dark"` // empty: there should be a picture
	Faults     []faultView           `json:"faults"`
	Journal    journalView           `json:"journal"`
	Clock      clock.Report          `json:"clock"`
	Card       *card.Life            `json:"card,omitempty"` // of the memory card, as far as it is known
	Sound      string                `json:"sound"`
	Dish       *antenna.View         `json:"dish,omitempty"` // by its sensors
	Live       *liveView             `json:"live,omitempty"` // of a live lesson that is on
}

// liveView is how a live lesson stands.
type liveView struct {
	Source  string       `json:"source"`
	Shows   live.Showing `json:"shows"`
	Why     live.Reason  `json:"why,omitempty"`  // not the live picture
	Loss    dish.Loss    `json:"loss,omitempty"` // why the dish has no signal, by first sight
	Account accountNote  `json:"account"`
}

type occasionView struct {
	ID    string    `json:"id"`
	Title string    `json:"title"`
	Start time.Time `json:"start"`
	File  string    `json:"file"`
}

type rollView struct {
	Number int       `json:"number"`
	Name   string    `json:"name"`
	At     time.Time `json:"at"`
}

type displayView struct {
	Name   string           `json:"name"`
	Wanted string           `json:"wanted"` // "on" or "off"
	State  hal.DisplayState `json:"state"`
	Fault  string           `json:"fault"`
	// LeadMS is how long before a picture is needed it is told; Learned says that this
	// was measured, not configured.
	LeadMS  int64 `json:"lead_ms"`
	Learned bool  `json:"lead_learned"`
}

type faultView struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Hint string `json:"hint"`
}

type journalView struct {
	Records uint64 `json:"records"`
	Bytes   uint64 `json:"bytes"`
}

func viewOf(o firmware.Occasion) *occasionView {
	return &occasionView{ID: o.ID, Title: o.Title, Start: o.Start, File: o.File}
}

// status gathers the view.
func (st *Station) status(words *text.Catalogue) statusView {
	now := st.now()
	v := statusView{Name: st.cfg.Station.Name, ID: st.cfg.Station.ID, Version: st.version, Now: now.In(st.zone).Truncate(time.Millisecond),
		Zone: st.zone.String(), Phase: lesson.Idle, GuardLink: "lost", Roll: []rollView{}, Displays: []displayView{}, Faults: []faultView{}}
	o, phase, why := st.showing.glance()
	if o.ID != "" {
		v.Phase, v.Occasion = phase, viewOf(o)
		left := o.Start.Sub(now).Milliseconds()
		v.Countdown = &left
		if why != "" {
			v.Why = words.Say(why)
		}
		if out := st.desk.outcome(); out.key == o.ID {
			v.PositionMS, v.DurationMS = out.position.Milliseconds(), out.length.Milliseconds()
		}
		v.Live = st.liveView(now, o)
		v.Roll = st.roll.views(o.ID)
		v.Present = st.roll.present(o.ID)
	}
	if n, ok := st.showing.next(now); ok {
		v.Next = viewOf(n)
	}
	if g, ok := st.guard.Status().Fresh(st.tick(), guardAge); ok {
		v.GuardLink, v.Guard = "ok", &g
	}
	for _, sc := range st.screens {
		v.Displays = append(v.Displays, viewDisplay(sc))
	}
	v.WhyDark = st.whyDark(words)
	for _, f := range st.faults.List() {
		say, hint := words.Fault(f)
		v.Faults = append(v.Faults, faultView{f.Code, say, hint})
	}
	v.Journal = st.journalView()
	v.Clock = st.clock.Report()
	if life, ok := st.card.known(); ok {
		v.Card = &life
	}
	v.Sound = st.soundView(words)
	v.Dish = st.dish.View()
	return v
}

// liveView is nil when o is no live lesson that is on.
func (st *Station) liveView(now time.Time, o firmware.Occasion) *liveView {
	shows, why, on := st.air.seen(o.ID)
	if !on {
		return nil
	}
	v := &liveView{Source: o.Live.Source, Shows: shows, Why: why, Account: *accountOf(st.air.account(now, o))}
	if st.dish.Receives() {
		v.Loss = st.dish.Loss(o.ID)
	}
	return v
}

// line says it in one line.
func (v liveView) line(words *text.Catalogue) string {
	s := words.Say("live.shows." + string(v.Shows))
	if v.Why != "" {
		s += " — " + words.Say("live.reason."+string(v.Why))
	}
	if v.Loss != "" {
		s += "  " + words.Say("dish.loss."+string(v.Loss))
	}
	a := v.Account
	ms := func(n int64) string { return clockFace(time.Duration(n) * time.Millisecond) }
	return s + "  " + words.Say("live.account", "live", ms(a.Live), "away", ms(a.Fallback+a.Frozen+a.Dark))
}

func viewDisplay(sc screen) displayView {
	s := sc.keeper.Status()
	d := displayView{Name: sc.name, Wanted: "off", State: s.State, LeadMS: s.Lead.Milliseconds(), Learned: s.Learned}
	if s.Wanted {
		d.Wanted = "on"
	}
	if s.Err != nil {
		d.Fault = s.Err.Error()
	}
	return d
}

// text lays the view out for 80 columns.
func (v statusView) text(words *text.Catalogue) string {
	var b strings.Builder
	line := func(key string, value any) {
		// A Chinese character is two columns wide.
		fmt.Fprintf(&b, "%s%s%v\n", key, strings.Repeat(" ", max(1, 12-text.Width(key))), value)
	}
	row := func(key string, value any) { line(words.Say("cmd.status."+key), value) }
	fmt.Fprintf(&b, "%s  %s  %s\n", v.Name, v.ID, v.Now.Format("2006-01-02 15:04:05 MST"))
	phase := words.Say("phase." + string(v.Phase))
	if v.Why != "" {
		phase += " — " + v.Why
	}
	row("lesson", phase)
	if v.Occasion != nil {
		row("title", fmt.Sprintf("%s  %s", v.Occasion.Title, v.Occasion.Start.Format("01-02 15:04:05 MST")))
		if v.DurationMS > 0 {
			row("position", clockFace(time.Duration(v.PositionMS)*time.Millisecond)+" / "+clockFace(time.Duration(v.DurationMS)*time.Millisecond))
		}
		if v.Live != nil {
			row("live", v.Live.line(words))
		}
		row("present", v.Present)
	}
	if v.Next != nil {
		row("next", fmt.Sprintf("%s  %s", v.Next.Title, v.Next.Start.Format("2006-01-02 15:04 MST")))
	}
	row("clock", v.Clock.Line(words))
	row("guard", v.guardLine(words))
	for _, note := range v.remarks() {
		row("remark", words.Say(note))
	}
	for _, d := range v.Displays {
		said := words.Name(d.State.String())
		if d.LeadMS > 0 {
			said += "  " + leadLine(words, time.Duration(d.LeadMS)*time.Millisecond, d.Learned)
		}
		line(words.Name(d.Name), said)
	}
	if len(v.WhyDark) > 0 {
		row("dark", v.WhyDark[0].Text)
	}
	row("sound", v.Sound)
	if v.Dish != nil {
		row("dish", v.Dish.Line(words))
	}
	row("journal", v.Journal.Records)
	if v.Card != nil && v.Card.BytesPerDay > 0 {
		row("card", cardLine(words, *v.Card))
	}
	for _, f := range v.Faults {
		fmt.Fprintf(&b, "! %s\n  %s\n", f.Text, f.Hint)
	}
	return b.String()
}

// cardLine says how the memory card lives.
func cardLine(words *text.Catalogue, l card.Life) string {
	s := words.Say("card.writes", "mb", fmt.Sprintf("%.1f", float64(l.BytesPerDay)/1e6), "press", l.BytesPerPress, "percent", l.UsedPercent)
	if l.DaysLeft >= 0 {
		s += "  " + words.Say("card.left", "years", fmt.Sprintf("%.1f", float64(l.DaysLeft)/365.25))
	}
	return s
}

// remarks are the standing remarks of the guard, keys of the text catalogue.
func (v statusView) remarks() []string {
	if v.Guard == nil {
		return nil
	}
	notes := v.Guard.Notes
	if v.Guard.UPS != "" {
		notes = append(slices.Clip(notes), v.Guard.UPS)
	}
	return notes
}

func (v statusView) guardLine(words *text.Catalogue) string {
	if v.Guard == nil {
		return words.Say("cmd.status.guard_lost")
	}
	s := words.Say("guard.state." + string(v.Guard.State))
	if v.Guard.Cause != "" {
		s += " — " + words.Say(v.Guard.Cause)
	}
	if v.Guard.WaitMS > 0 {
		s += " " + words.Say("cmd.status.wait", "seconds", (v.Guard.WaitMS+999)/1000)
	}
	if v.Guard.MainsOK {
		s += fmt.Sprintf("  %.1f V  %.2f Hz", float64(v.Guard.MainsMV)/1000, float64(v.Guard.MainsMHz)/1000)
	}
	for _, l := range v.Guard.Loads {
		s += fmt.Sprintf("  %s %s", words.Name(l.Name), onOff(words, l.On))
	}
	return s
}

func onOff(words *text.Catalogue, on bool) string {
	if on {
		return words.Say("cmd.on")
	}
	return words.Say("cmd.off")
}

func (st *Station) journalView() journalView {
	s := st.journal.Stats()
	return journalView{Records: s.Seq, Bytes: s.Bytes}
}

func (st *Station) soundView(words *text.Catalogue) string {
	s := st.speakers.room.State()
	switch {
	case s.Silent:
		return words.Say("sound.silent")
	case !s.Open:
		return words.Say("sound.closed")
	}
	return s.Device
}
