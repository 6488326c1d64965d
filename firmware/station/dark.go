package station

import (
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// darkFacts is what is known when somebody asks why it is dark. What is not known
// is said to be not known, and is then no cause.
type darkFacts struct {
	Wanted   bool // somebody wants a picture now
	Next     string
	Guard    *firmware.GuardStatus // nil: it does not answer
	ClockBad bool                  // the time is not trusted, and lessons wait for it
	Displays []darkDisplay
	HDMI     *bool // an HDMI cable leads to something that is there; nil: not known
	Player   darkPlayer
	Black    time.Duration // the film itself has been black for so long; 0: it is not, or nobody knows
}

// darkDisplay is one display of darkFacts.
type darkDisplay struct {
	Name     string
	Fed      bool // it has mains
	Held     string
	State    hal.DisplayState
	Stubborn bool
	Input    bool   // the input could not be selected, or another one is shown
	Problem  string // of the newest question
	CEC      bool   // CEC is the way, or among those that fail
	Gone     bool   // its cable, port or connection is not there
	Parts    []string
	Lead     time.Duration
}

// darkPlayer is the player of darkFacts.
type darkPlayer struct {
	Up     bool
	Film   bool // a film should be on the screen
	Loaded bool
	Run    bool // and should run
	Stuck  bool // it should and its position does not move
	Broken bool
}

// darkCause is one reason for darkness: a sentence and what to do.
type darkCause struct {
	Code string `json:"code"` // "dark.no_mains"
	Text string `json:"text"`
	Do   string `json:"do"`

	args []any
}

// whyDark lists every reason for which somebody in the room sees no picture, the
// one to mend first at the beginning. It is empty when the picture should be
// there.
func whyDark(f darkFacts) []darkCause {
	var list []darkCause
	add := func(code string, args ...any) { list = append(list, darkCause{Code: "dark." + code, args: args}) }
	if f.Guard == nil {
		add("no_guard")
	} else if cause, dead := mainsTrouble(*f.Guard, f.Wanted); dead {
		add("no_mains", "cause", cause)
	}
	if f.ClockBad {
		add("clock")
	}
	if !f.Wanted {
		if !f.ClockBad {
			add("idle", "next", f.Next)
		}
		return list
	}
	for _, d := range f.Displays {
		if code, args := d.trouble(len(list) > 0); code != "" {
			add(code, append([]any{"name", d.Name}, args...)...)
		}
	}
	if len(f.Displays) == 0 {
		add("no_display")
	}
	if f.HDMI != nil && !*f.HDMI {
		add("no_link")
	}
	if code := f.Player.trouble(); code != "" {
		add(code)
	} else if f.Black >= blackTime {
		add("black", "span", f.Black.Round(time.Second))
	}
	return list
}

// mainsTrouble says why the loads have no mains although somebody wants them.
func mainsTrouble(g firmware.GuardStatus, wanted bool) (cause string, dead bool) {
	switch g.State {
	case firmware.GuardClosed, firmware.GuardRideThrough:
		return "", false
	case firmware.GuardOff, firmware.GuardQualify, firmware.GuardClosing:
		if !wanted && g.Cause == "" {
			return "", false
		}
	}
	if g.Cause != "" {
		return g.Cause, true
	}
	return "guard.state." + string(g.State), true
}

// trouble is what keeps one display dark. excused means that the room has no mains:
// then it being off is no news.
func (d darkDisplay) trouble(excused bool) (string, []any) {
	switch {
	case !d.Fed && excused:
		return "", nil
	case !d.Fed && d.Held != "":
		return "held", []any{"cause", d.Held}
	case !d.Fed || d.State == hal.DisplayOff:
		return "off", nil
	case slices.Contains(d.Parts, hal.PartLamp):
		return "lamp", nil
	case len(d.Parts) > 0:
		return "part", []any{"part", "part." + d.Parts[0]}
	}
	switch d.State {
	case hal.DisplayFault:
		return "fault", nil
	case hal.DisplayStandby:
		if d.Stubborn {
			return "stubborn", nil
		}
		return "standby", nil
	case hal.DisplayWarming:
		return "warming", []any{"lead", d.Lead}
	case hal.DisplayCooling:
		return "cooling", nil
	case hal.DisplayOn:
		if d.Input {
			return "input", nil
		}
		return "", nil
	}
	switch {
	case d.CEC:
		return "no_cec", nil
	case d.Gone:
		return "no_cable", []any{"why", d.Problem}
	}
	return "silent", []any{"why", d.Problem}
}

func (p darkPlayer) trouble() string {
	switch {
	case !p.Up:
		return "player_down"
	case p.Film && p.Broken:
		return "broken"
	case p.Film && !p.Loaded:
		return "not_loaded"
	case p.Run && p.Stuck:
		return "player_stuck"
	}
	return ""
}

// in says the causes in the language of words. What the arguments name by a key or
// a word is said too.
func darkIn(words *text.Catalogue, list []darkCause) []darkCause {
	out := make([]darkCause, len(list))
	for i, c := range list {
		args := slices.Clone(c.args)
		for j := 1; j < len(args); j += 2 {
			if s, ok := args[j].(string); ok {
				args[j] = words.Name(s)
			}
		}
		out[i] = darkCause{Code: c.Code, Text: words.Say(c.Code, args...), Do: words.Say(c.Code+".hint", args...)}
	}
	return out
}

// stall notices a film that should run and does not.
type stall struct {
	mu    sync.Mutex
	key   string
	at    time.Duration
	since time.Time
	stuck bool
}

// stallTime is how long a position may stand while the film runs.
const stallTime = 5 * time.Second

// see takes in what the player says.
func (s *stall) see(f fate, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.running || f.key != s.key || f.position != s.at || f.complete {
		s.key, s.at, s.since, s.stuck = f.key, f.position, now, false
		return
	}
	s.stuck = now.Sub(s.since) >= stallTime
}

// is says whether the film is stuck.
func (s *stall) is() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck
}

// hdmi says whether something is plugged into an HDMI socket of this machine, nil
// when the kernel knows of none.
func hdmi(drm fs.FS) *bool {
	names, err := fs.Glob(drm, "card*-HDMI-*/status")
	if err != nil || len(names) == 0 {
		return nil
	}
	any := false
	for _, n := range names {
		data, err := fs.ReadFile(drm, n)
		any = any || err == nil && strings.TrimSpace(string(data)) == "connected"
	}
	return &any
}
