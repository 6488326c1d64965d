package page

import (
	"net/http"
	"strconv"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// status is what the page reads of the command status. It has no names in it.
type status struct {
	Now        time.Time             `json:"now"`
	Phase      string                `json:"phase"`
	Why        string                `json:"why"`
	Occasion   *occasion             `json:"occasion"`
	Next       *occasion             `json:"next"`
	Countdown  *int64                `json:"countdown_ms"`
	PositionMS int64                 `json:"position_ms"`
	DurationMS int64                 `json:"duration_ms"`
	Present    int                   `json:"present"`
	Guard      *firmware.GuardStatus `json:"guard"`
	Displays   []struct {
		Name  string           `json:"name"`
		State hal.DisplayState `json:"state"`
	} `json:"displays"`
	WhyDark []struct {
		Text string `json:"text"`
		Do   string `json:"do"`
	} `json:"why_dark"`
	Faults []fault `json:"faults"`
}

type occasion struct {
	ID    string    `json:"id"`
	Title string    `json:"title"`
	Start time.Time `json:"start"`
}

type fault struct {
	Text string `json:"text"`
	Hint string `json:"hint"`
}

// todayView is the first page.
type todayView struct {
	Clock                    string
	On                       bool // a lesson is on or about to begin
	ID, Title, When          string
	Phase, Why, Left, Played string
	PlayedMS, LengthMS       int64
	Present                  int
	Next                     *nextView
	Guard                    guardView
	Displays                 []row
	Dark                     *fault
	Faults                   []fault
}

type nextView struct{ Title, When, Left string }

type row struct{ Name, Value string }

type guardView struct {
	State, Cause, Wait, Volts string
	Class                     string // "good", "warn", "bad"
}

// statusAge is how old the state may be that is shown.
const statusAge = 2 * time.Second

func (p *Page) today(v *visit) {
	var s status
	if err := p.ask(v.r.Context(), statusAge, v.words.Lang(), &s, "status"); err != nil {
		p.broken(v, err)
		return
	}
	p.show(v, http.StatusOK, "today", p.todayOf(v.words, s))
}

func (p *Page) todayOf(words *text.Catalogue, s status) todayView {
	view := todayView{Clock: p.moment(words, s.Now), Guard: guardOf(words, s.Guard), Faults: s.Faults[:min(len(s.Faults), 50)]}
	if s.Occasion != nil && s.Phase != "idle" && s.Phase != "done" {
		view.On, view.ID, view.Title, view.When, view.Present = true, s.Occasion.ID, s.Occasion.Title, p.moment(words, s.Occasion.Start), s.Present
		view.Phase, view.Why = words.Say("phase."+s.Phase), s.Why
		if s.Countdown != nil && *s.Countdown > 0 {
			view.Left = span(words, time.Duration(*s.Countdown)*time.Millisecond)
		}
		if s.DurationMS > 0 {
			view.PlayedMS, view.LengthMS = s.PositionMS, s.DurationMS
			view.Played = words.Say("page.today.played", "at", face(s.PositionMS), "of", face(s.DurationMS))
		}
	}
	if s.Next != nil && (s.Occasion == nil || s.Next.ID != s.Occasion.ID || !view.On) {
		view.Next = &nextView{s.Next.Title, p.moment(words, s.Next.Start), span(words, max(0, s.Next.Start.Sub(s.Now)))}
	}
	for _, d := range s.Displays {
		view.Displays = append(view.Displays, row{words.Name(d.Name), words.Name(d.State.String())})
	}
	if len(s.WhyDark) > 0 {
		view.Dark = &fault{s.WhyDark[0].Text, s.WhyDark[0].Do}
	}
	return view
}

// guardOf says how the mains is, and what the guard does about it.
func guardOf(words *text.Catalogue, g *firmware.GuardStatus) guardView {
	if g == nil {
		return guardView{State: words.Say("page.today.no_guard"), Class: "bad"}
	}
	view := guardView{State: words.Say("guard.state." + string(g.State)), Class: "warn"}
	switch g.State {
	case firmware.GuardClosed:
		view.Class = "good"
	case firmware.GuardLockout, firmware.GuardWeld, firmware.GuardNoClose, firmware.GuardBlind:
		view.Class = "bad"
	}
	if g.Cause != "" {
		view.Cause = words.Name(g.Cause)
	}
	if g.WaitMS > 0 {
		view.Wait = span(words, time.Duration(g.WaitMS)*time.Millisecond)
	}
	view.Volts = words.Say("page.today.volts_unknown")
	if g.MainsOK {
		view.Volts = words.Say("page.today.volts", "volts", strconv.FormatFloat(float64(g.MainsMV)/1000, 'f', 0, 64))
	}
	return view
}

// face is a length as a clock shows it: 12:05, 1:02:05.
func face(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	at := time.Time{}.Add(d)
	if d < time.Hour {
		return at.Format("04:05")
	}
	return strconv.Itoa(int(d/time.Hour)) + at.Format(":04:05")
}
