package antenna

import (
	"errors"
	"math"
	"strings"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// View is the dish by its sensors, as status -json and dish now -json print it. A
// sensor that is not configured is nil.
type View struct {
	Satellite string       `json:"satellite"`
	Signal    *signalView  `json:"signal,omitempty"`
	Tilt      *tiltView    `json:"tilt,omitempty"`
	Heading   *headingView `json:"heading,omitempty"`
	Since     string       `json:"since_aligned,omitempty"` // "same", "moved", "weaker" or "unsure"
	Sun       *transitNote `json:"sun_transit,omitempty"`   // where it points by the Sun; nil: not measured
}

// word is what is common to the sensors: whether the reading is known, how old it is, or
// why there is none.
type word struct {
	Known bool   `json:"known"`
	AgeMS int64  `json:"age_ms"`
	Why   string `json:"why,omitempty"` // a word: "gone", "silent", "garbled", "refused", "unasked", "old"
}

type signalView struct {
	word
	Lock  bool     `json:"lock"`
	Steps string   `json:"steps"` // to a lock, as the receiver says
	CNR   *float64 `json:"cnr_db"`
	Level *float64 `json:"level_dbm"` // nil: the receiver does not tell
}

type tiltView struct {
	word
	Elevation dish.Degrees `json:"el_deg"`
	Roll      dish.Degrees `json:"roll_deg"`
	Shaken    bool         `json:"shaken"`
	// Off is by how much the dish is higher than the satellite seems to stand.
	Off dish.Degrees `json:"off_deg"`
}

type headingView struct {
	word
	Azimuth dish.Degrees `json:"az_true_deg"`
	// Off is by how much the dish looks to the right of the satellite.
	Off dish.Degrees `json:"off_deg"`
}

// wordOf says how well a reading is known.
func wordOf(age time.Duration, err error) word {
	w := word{Known: err == nil, AgeMS: age.Milliseconds()}
	for _, known := range []struct {
		err  error
		word string
	}{{errUnasked, "unasked"}, {errOld, "old"}, {hal.ErrGone, "gone"}, {hal.ErrSilent, "silent"}, {hal.ErrRefused, "refused"}, {dish.ErrExpired, "expired"}} {
		if errors.Is(err, known.err) {
			w.Why = known.word
			return w
		}
	}
	if err != nil {
		w.Why = "garbled"
	}
	return w
}

// View is nil without sensors.
func (m *Meter) View() *View {
	if m == nil {
		return nil
	}
	now, sat := m.tick(), m.cfg.Target()
	v := &View{Satellite: sat.Name}
	look := dish.Look(placeOf(m.cfg), orbitOf(sat))
	if m.cfg.Tuner.Adapter != "" {
		s, age, err := m.signal.at(now)
		v.Signal = &signalView{word: wordOf(age, err)}
		if err == nil {
			v.Signal.Lock, v.Signal.Steps = s.Lock.Locked(), s.Lock.String()
			v.Signal.CNR, v.Signal.Level = decibels(s.CNR), decibels(s.Level)
		}
	}
	if m.cfg.Incline.Port != "" {
		t, age, err := m.tilt.at(now)
		v.Tilt = &tiltView{word: wordOf(age, err)}
		if err == nil {
			v.Tilt.Elevation, v.Tilt.Roll, v.Tilt.Shaken = t.Elevation, t.Roll, t.Shaken
			v.Tilt.Off = t.Elevation - look.Elevation - dish.Refraction(look.Elevation, placeOf(m.cfg).Height)
		}
	}
	if m.cfg.Compass.Bus != "" {
		h, age, err := m.heading.at(now)
		v.Heading = &headingView{word: wordOf(age, err)}
		if err == nil {
			v.Heading.Azimuth, v.Heading.Off = h, nearestTurn(h, look.Azimuth)
		}
	}
	return v
}

// Line says it in one line.
func (v View) Line(c *text.Catalogue) string {
	var parts []string
	if s := v.Signal; s != nil {
		parts = append(parts, s.says(c))
		if s.Known && s.Lock {
			parts = append(parts, "C/N "+unitOf(c, s.CNR, "dB"))
		}
		if s.Known && s.Level != nil {
			parts = append(parts, unitOf(c, s.Level, "dBm"))
		}
	}
	if t := v.Tilt; t != nil {
		parts = append(parts, c.Say("cmd.dish.elevation")+" "+t.says(c, figure(float64(t.Elevation), 1)+"°"))
	}
	if h := v.Heading; h != nil {
		parts = append(parts, c.Say("dish.live.heading")+" "+h.says(c, figure(float64(h.Azimuth), 0)+"°"))
	}
	return strings.Join(parts, "  ")
}

// says gives the value, or why there is none.
func (w word) says(c *text.Catalogue, value string) string {
	if w.Known {
		return value
	}
	return c.Say("dish.why." + w.Why)
}

func (s signalView) says(c *text.Catalogue) string {
	value := c.Say("dish.live.no_lock")
	if s.Lock {
		value = c.Say("dish.live.lock")
	}
	if !s.Known {
		return c.Say("dish.live.receiver", "why", s.word.says(c, ""))
	}
	return value
}

// unitOf writes a number that may not be told.
func unitOf(c *text.Catalogue, v *float64, unit string) string {
	if v == nil {
		return c.Say("dish.live.untold")
	}
	return figure(*v, 1) + " " + unit
}

// text lays it out for people.
func (v View) text(c *text.Catalogue, head string) string {
	l := lineup{words: c, head: head}
	if s := v.Signal; s != nil {
		l.add("dish.live.signal", s.says(c), s.meaning(c))
		if s.Known {
			l.add("cmd.dish.peak_cnr", unitOf(c, s.CNR, "dB"), s.aged(c))
			l.add("dish.live.level", unitOf(c, s.Level, "dBm"), s.aged(c))
		}
	}
	if t := v.Tilt; t != nil {
		meaning := ""
		if t.Known {
			meaning = offWords(c, "dish.live.high", "dish.live.low", t.Off) + "  " + t.aged(c)
		}
		l.add("cmd.dish.elevation", t.says(c, deg(t.Elevation)), meaning)
		if t.Known {
			l.add("dish.live.roll", signed(t.Roll)+"°", shakenWords(c, t.Shaken))
		}
	}
	if h := v.Heading; h != nil {
		meaning := ""
		if h.Known {
			meaning = offWords(c, "dish.live.right", "dish.live.left", h.Off) + "  " + h.aged(c)
		}
		l.add("dish.live.heading", h.says(c, figure(float64(h.Azimuth), 1)+"°"), meaning)
	}
	return l.String()
}

func (s signalView) meaning(c *text.Catalogue) string {
	if s.Known && !s.Lock {
		return s.Steps
	}
	return s.aged(c)
}

func (w word) aged(c *text.Catalogue) string {
	if !w.Known {
		return ""
	}
	return c.Say("dish.live.age", "seconds", (w.AgeMS+500)/1000)
}

func shakenWords(c *text.Catalogue, shaken bool) string {
	if shaken {
		return c.Say("dish.live.shaken")
	}
	return ""
}

// offWords says by how much the dish looks beside the satellite.
func offWords(c *text.Catalogue, more, less string, off dish.Degrees) string {
	if off < 0 {
		more = less
	}
	return c.Say(more, "deg", figure(math.Abs(float64(off)), 1))
}

// RunNow is the command "dish now".
func (m *Meter) RunNow(env *command.Env) (command.Result, error) {
	v := m.View()
	since := m.sinceText(env.Text, v, m.zone)
	return command.Result{Text: v.text(env.Text, "→  "+whereSatellite(env.Text, m.cfg.Target())) + since, Data: v}, nil
}
