package lesson

import (
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/hal"
)

// Round is one of the two times at which the station asks itself whether it is
// ready for a lesson.
type Round string

// The rounds. DayBefore is gentle: nothing is switched on for it, so that there
// is a day left to bring what is missing. Soon is with everything on.
const (
	DayBefore Round = "day_before"
	Soon      Round = "soon"
)

// Ahead is how long before the start DayBefore is due.
const Ahead = 24 * time.Hour

// Answer is what is known of one thing.
type Answer uint8

// The answers. Unasked: it was not asked or cannot be told yet, and is no "no".
const (
	Unasked Answer = iota
	Yes
	No
)

// Of is the answer to a question that was asked.
func Of(ok bool) Answer {
	if ok {
		return Yes
	}
	return No
}

// Film is what is known of the lesson's file.
type Film struct {
	There    bool
	Complete Answer        // all of it has arrived; a copy that lay for a day is
	Readable Answer        // every byte of it could be read: it has a hash
	Same     Answer        // as it was hashed before
	Playable Answer        // the player, or a probe, can show it on this board
	Length   time.Duration // by its own word, 0 when unknown
}

// ReadyScreen is what is known of one display.
type ReadyScreen struct {
	Name  string // "tv", "projector"
	State hal.DisplayState
}

// ReadyFacts is what a readiness check is made of.
type ReadyFacts struct {
	GuardKnown bool   // the guard answered lately
	MainsGood  Answer // Soon: the loads have mains; DayBefore: the mains is in its band
	GuardFault string // key of what keeps the guard from closing by itself, such as a lock-out; "": nothing
	Screens    []ReadyScreen
	Lit        bool // the loads are on anyway: screens may be asked a day before
	Film       Film
	Player     Answer
	Sound      Answer
	Clock      Answer // trusted
	Disk       Answer // room for the record of the lesson
	Members    int    // of the roll
	Panel      Answer // the buttons answer
	Dish       Answer // receives, of a live lesson that comes by it
	Sun        Answer // stays out of the dish's way during that lesson
}

// Check is one question of a readiness check and its answer. Only what was
// asked is in the list.
type Check struct {
	Name  string `json:"name"` // power, tv, projector, film, player, sound, clock, disk, roll, dish, sun
	OK    bool   `json:"ok"`
	Cause string `json:"cause,omitempty"` // why not, a key of the text catalogue
}

// The causes of a "no" that are not reasons to end a lesson.
const (
	FilmPart     = "ready.cause.film_part"
	FilmBad      = "ready.cause.film_bad"
	FilmOther    = "ready.cause.film_other"
	FilmHard     = "ready.cause.film_hard"
	FilmLong     = "ready.cause.film_long"
	SoundSilent  = "ready.cause.sound"
	ClockDoubt   = "ready.cause.clock"
	DiskFull     = "ready.cause.disk"
	RollEmpty    = "ready.cause.roll"
	PanelSilent  = "ready.cause.panel"
	DishUnlocked = "ready.cause.dish"
	SunOutage    = "ready.cause.sun"
	SunNoFilm    = "ready.cause.sun_no_film" // and nothing to show meanwhile
)

// displayCause begins the cause of a display that is not ready.
const displayCause = "ready.cause.display_"

// Ready asks all questions of a round about the occasion o.
func Ready(which Round, o firmware.Occasion, t Times, f ReadyFacts) []Check {
	var list checks
	list.power(which, f)
	if which == Soon || f.Lit {
		for _, s := range f.Screens {
			list.add(s.Name, Of(showable(s.State)), displayCause+strings.ToLower(s.State.String()))
		}
	}
	if !o.IsLive() || o.File != "" {
		cause := filmCause(o, t, f.Film)
		list.add("film", Of(cause == ""), cause)
	}
	list.add("player", f.Player, CauseNoPlayer)
	list.add("sound", f.Sound, SoundSilent)
	list.add("clock", f.Clock, ClockDoubt)
	list.add("disk", f.Disk, DiskFull)
	list.roll(f)
	if o.IsLive() {
		list.add("dish", f.Dish, DishUnlocked)
		sun := SunOutage
		if o.File == "" {
			sun = SunNoFilm
		}
		list.add("sun", f.Sun, sun)
	}
	return list
}

// AllOK says whether every question was answered with yes.
func AllOK(list []Check) bool {
	for _, c := range list {
		if !c.OK {
			return false
		}
	}
	return true
}

type checks []Check

// add takes in what was asked.
func (l *checks) add(name string, a Answer, cause string) {
	switch a {
	case Yes:
		*l = append(*l, Check{Name: name, OK: true})
	case No:
		*l = append(*l, Check{Name: name, Cause: cause})
	}
}

func (l *checks) power(which Round, f ReadyFacts) {
	switch {
	case !f.GuardKnown:
		l.add("power", No, CauseNoGuard)
	case f.GuardFault != "":
		l.add("power", No, f.GuardFault)
	default:
		// In the last half hour, mains that nobody has measured is not good.
		l.add("power", Of(f.MainsGood == Yes || which == DayBefore && f.MainsGood == Unasked), CauseNoMains)
	}
}

func (l *checks) roll(f ReadyFacts) {
	if f.Members == 0 {
		l.add("roll", No, RollEmpty)
		return
	}
	l.add("roll", Of(f.Panel != No), PanelSilent)
}

// showable says whether a display that answers this can be on in time.
func showable(s hal.DisplayState) bool {
	switch s {
	case hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn, hal.DisplayCooling:
		return true
	}
	return false
}

// filmCause is the first thing that is wrong with a film, or "".
func filmCause(o firmware.Occasion, t Times, f Film) string {
	switch {
	case !f.There:
		return CauseNoFile
	case f.Complete == No:
		return FilmPart
	case f.Readable == No:
		return FilmBad
	case f.Same == No:
		return FilmOther
	case f.Playable == No:
		return FilmHard
	case !o.IsLive() && o.Duration > 0 && f.Length > o.Duration+t.LateLimit:
		return FilmLong // the next thing in the calendar would begin before its end
	}
	return ""
}

// Due says which round is due now for the occasion o, if any. A round that was
// missed is made up for as long as it is of use.
func Due(now time.Time, o firmware.Occasion, t Times, h History) (Round, bool) {
	left := o.Start.Sub(now)
	switch {
	case h.Started || h.Ended || left <= 0 || left > Ahead:
		return "", false
	case left <= t.Ready:
		return Soon, !h.CheckedSoon
	}
	return DayBefore, !h.CheckedDay
}
