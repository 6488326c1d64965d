package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware/power"
	"stationbox/firmware/text"
)

// Story is one event with what is needed to tell it.
type Story struct {
	At      string // "At 1.2 s", or a clock
	Kind    string // as power.Kind says it
	Cause   string // bare word
	MV      int64  // extreme rms
	Lasted  time.Duration
	Ongoing bool
	Next    power.Next
	Limits  power.Limits
	Brief   bool // what happens next has just been said
}

// The kinds that have a sentence of their own; of the others the name is said.
var told = map[string]bool{
	"outage": true, "open": true, "lockout": true, "weld": true, "no_close": true, "blind": true, "close": true,
	"dip": true, "swell": true, "interruption": true, "mains_bad": true, "mains_good": true,
}

// Sentence tells s in the language of cat. That of a trip has the volts, the
// limit, the duration, the cause and what happens next.
func Sentence(cat *text.Catalogue, s Story) string {
	limit, over := passed(s.Limits, s.MV, s.Cause)
	key := "guard.say." + s.Kind
	switch {
	case s.Kind == "trip" && s.Next.Contactor:
		key = "guard.say.shed"
	case s.Kind == "trip" && over:
		key = "guard.say.trip_over"
	case s.Kind == "trip":
		key = "guard.say.trip_under"
	case s.Ongoing:
		key = "guard.say.ongoing_" + s.Kind
	case !told[s.Kind]:
		key = "guard.say.other"
	}
	out := cat.Say(key, "at", s.At, "volts", volts(s.MV), "limit", limit, "lasted", Span(cat, s.Lasted),
		"cause", cause(cat, s.Cause), "event", cat.Say("guard.event."+s.Kind),
		"low", s.Limits.GoodLow, "high", s.Limits.GoodHigh)
	out = strings.TrimSpace(out)
	if s.Brief || !decides(s.Kind) {
		return out
	}
	return out + gap(cat) + Next(cat, s.Next, s.Limits)
}

// decides says whether something follows from an event of kind.
func decides(kind string) bool {
	switch kind {
	case "trip", "outage", "open", "lockout", "weld", "no_close", "blind":
		return true
	}
	return false
}

// Next says what the guard does next by itself, or what a person must do.
func Next(cat *text.Catalogue, n power.Next, l power.Limits) string {
	key := "guard.then.close"
	switch {
	case n.Phase == "":
		key = "guard.then.none"
	case n.Phase == "weld":
		key = "guard.then.weld"
	case n.Latched:
		key = "guard.then.latched"
	case n.Contactor && n.Cause == "shed":
		key = "guard.then.shed"
	case n.Contactor:
		key = "guard.then.stays"
	case n.Phase == "blind":
		key = "guard.then.blind"
	}
	out := cat.Say(key, "wait", Span(cat, ms(n.WaitMS)), "good", Span(cat, ms(n.GoodMS)), "low", l.GoodLow, "high", l.GoodHigh)
	if n.Trips > 0 && !n.Latched {
		out += gap(cat) + cat.Say("guard.then.trips", "trips", n.Trips, "max", n.MaxTrips)
	}
	return strings.TrimSpace(out)
}

// Span is a duration in words that people read.
func Span(cat *text.Catalogue, d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return cat.Say("guard.say.ms", "n", trim(float64(d.Microseconds())/1000, 1))
	case d < time.Second:
		return cat.Say("guard.say.ms", "n", d.Round(time.Millisecond).Milliseconds())
	case d < 2*time.Minute:
		return cat.Say("guard.say.s", "n", trim(d.Seconds(), 1))
	}
	d = d.Round(time.Second)
	return cat.Say("guard.say.min", "m", int(d/time.Minute), "s", int(d%time.Minute/time.Second))
}

// Since is the beginning of a Story that lies d after the first sample of a
// recording.
func Since(cat *text.Catalogue, d time.Duration) string {
	return cat.Say("guard.say.at", "n", strconv.FormatFloat(d.Seconds(), 'f', 3, 64))
}

func cause(cat *text.Catalogue, word string) string {
	if word == "" {
		return ""
	}
	return cat.Say("guard.cause." + word)
}

func volts(mv int64) string { return strconv.FormatInt((mv+500)/1000, 10) }

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func trim(v float64, digits int) string {
	out := strconv.FormatFloat(v, 'f', digits, 64)
	return strings.TrimSuffix(out, "."+strings.Repeat("0", digits))
}

// passed is the limit farthest out that mv is beyond, in V, and whether it is an
// upper one. Without one it is that of the good band.
func passed(l power.Limits, mv int64, cause string) (limit int, over bool) {
	if strings.HasPrefix(cause, "over_voltage") {
		return passedOver(l, mv), true
	}
	limit = l.GoodLow
	for _, s := range l.Stages {
		if s.Under > 0 && mv < 1000*int64(s.Under) {
			limit = min(limit, s.Under)
		}
	}
	return limit, false
}

// passedOver counts a thousandth below a limit as beyond it, as the guard does.
func passedOver(l power.Limits, mv int64) int {
	limit := l.GoodHigh
	for _, s := range l.Stages {
		if s.Over > 0 && mv >= 999*int64(s.Over) {
			limit = max(limit, s.Over)
		}
	}
	return limit
}

// gap stands between two sentences.
func gap(cat *text.Catalogue) string { return mark(cat, "", " ") }

// mark is punctuation, which the catalogue cannot hold without a word.
func mark(cat *text.Catalogue, chinese, english string) string {
	if cat.Lang() == "en" {
		return english
	}
	return chinese
}

// offset is a time after the middle of the wave.
func offset(us int64) string {
	switch d := time.Duration(us) * time.Microsecond; {
	case d > -time.Second && d < time.Second:
		return fmt.Sprintf("%+.1f ms", float64(us)/1000)
	default:
		return fmt.Sprintf("%+.2f s", d.Seconds())
	}
}
