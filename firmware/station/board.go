package station

import (
	"fmt"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	"stationbox/media/live"
	picture "stationbox/media/screen"
)

// sight is what the room sees besides the film: a board, a strip over the film, or
// nothing.
type sight struct {
	board *picture.Board
	strip *picture.Strip
	meter *picture.Meter
	at    time.Time // to the minute, for the board's walk
	dark  bool      // the board is to say why it is dark
	sheet string    // file of the picture that the board publishes, "" for none
}

// empty says that there is only the film.
func (v sight) empty() bool { return v.board == nil && v.strip == nil && v.meter == nil }

const (
	// bare is how long before the start nothing stands over the film's first
	// picture any more: the start waits for no drawing.
	bare = time.Second
	// shortly is how long after the start people are only asked to wait.
	shortly = 3 * time.Second
	// fine is from when on a countdown shows seconds.
	fine = 2 * time.Minute
)

// sight says what is to be seen now. While the film runs that is nothing but a
// short greeting for who has just pressed, and over an emergency what it is about.
func (s *showing) sight(now time.Time, o firmware.Occasion, ord lesson.Orders) sight {
	greet := s.greeting(now)
	switch {
	case ord.Phase == lesson.Playing && schedule.IsEmergency(o):
		return sight{strip: &picture.Strip{Text: s.words.Say("screen.emergency_is", "title", o.Title), Alarm: true}}
	case s.questioned(now, o, ord):
		return sight{board: s.questionBoard(greet)}
	case ord.Phase == lesson.Playing && greet.Text != "":
		return sight{strip: &picture.Strip{Text: greet.Text, Mood: greet.Mood}}
	case ord.Phase == lesson.Playing:
		return s.instead(now, o)
	}
	if out := s.desk.outcome(); ord.Phase == lesson.RollCall && ord.Load && out.key == o.ID && out.loaded {
		if left := o.Start.Sub(now); left > -shortly {
			return s.overFirstPicture(left, greet)
		}
	}
	if v, ok := s.published(now, ord); ok {
		return v
	}
	v := sight{board: s.boardOf(now, o, ord, greet), at: now.Truncate(time.Minute)}
	v.dark = v.board.Kind == picture.Fault && ord.Phase == lesson.RollCall
	v.board.Place, v.board.Clock = s.place, s.clockText(now)
	return v
}

// instead is what is seen in the place of a live picture that does not come: over
// the fallback a strip, else a board. There is nothing instead of a film.
func (s *showing) instead(now time.Time, o firmware.Occasion) sight {
	what, why, on := s.air.seen(o.ID)
	switch {
	case !o.IsLive() || !on || what == live.ShowsLive || now.Sub(o.Start) < shortly:
		return sight{}
	case what == live.ShowsFallback:
		return sight{strip: &picture.Strip{Text: s.words.Say("screen.live_away")}}
	}
	b := &picture.Board{Kind: picture.Fault, Label: o.Title, Headline: s.words.Say("screen.live_waiting"), Place: s.place, Clock: s.clockText(now)}
	if why != "" {
		b.Detail = s.words.Say("live.reason." + string(why))
	}
	return sight{board: b, at: now.Truncate(time.Minute)}
}

// overFirstPicture is the strip over the film's first picture, which stands ready.
func (s *showing) overFirstPicture(left time.Duration, greet picture.Foot) sight {
	switch {
	case left > 0 && left <= bare:
		return sight{}
	case greet.Text != "":
		return sight{strip: &picture.Strip{Text: greet.Text, Mood: greet.Mood}}
	case left <= 0:
		return sight{strip: &picture.Strip{Text: s.words.Say("screen.waiting")}}
	}
	return sight{strip: &picture.Strip{Text: s.words.Say("screen.press_number"), Count: clockFace(left)}}
}

// boardOf is the board of a phase, without place and clock.
func (s *showing) boardOf(now time.Time, o firmware.Occasion, ord lesson.Orders, greet picture.Foot) *picture.Board {
	left := o.Start.Sub(now)
	switch {
	case ord.Phase == lesson.CoolDown:
		return &picture.Board{Kind: picture.Cooling, Headline: s.words.Say("screen.cooling")}
	case schedule.IsEmergency(o) && ord.Phase != lesson.Done && ord.Phase != lesson.Idle:
		return &picture.Board{Kind: picture.Emergency, Label: s.words.Say("screen.emergency"), Headline: o.Title}
	}
	switch ord.Phase {
	case lesson.ReadyCheck:
		return s.coming(now, o, picture.Ready)
	case lesson.WarmUp:
		return s.coming(now, o, picture.Warming)
	case lesson.RollCall:
		b := s.crowded(o, &picture.Board{Kind: picture.Roll, Headline: s.words.Say("screen.press_number"), Detail: o.Title, Foot: greet})
		if left > 0 {
			b.CountLabel, b.Count = s.words.Say("screen.left"), s.countdown(left)
		} else if left < -shortly {
			b.Kind, b.Headline, b.Arrived = picture.Fault, s.words.Say("screen.not_yet"), nil
		}
		return b
	case lesson.Paused:
		b := s.crowded(o, &picture.Board{Kind: picture.Paused, Label: o.Title, Headline: s.words.Say("screen.paused")})
		b.Arrived = nil
		if _, _, why := s.glance(); why != "" {
			b.Detail = s.words.Say(why)
		}
		return b
	case lesson.Closing:
		b := s.crowded(o, &picture.Board{Kind: picture.Closing, Headline: s.words.Say("screen.farewell"), Detail: o.Title})
		b.Arrived = nil
		if cause := s.notShown(ord); cause != "" {
			b.Kind, b.Label, b.Headline, b.Detail = picture.Fault, o.Title, s.words.Say("screen.not_shown"), s.words.Say(cause)
		}
		return b
	}
	return s.idle(now, o)
}

// notShown is why the lesson that ends now, or has just ended, was not shown whole.
func (s *showing) notShown(ord lesson.Orders) string {
	switch ord.End {
	case "":
	case lesson.CausePlayed:
		return ""
	default:
		return ord.End
	}
	for _, f := range s.faults.List() {
		if f.Code == "fault.lesson.not_shown" {
			return f.Args["cause"]
		}
	}
	return ""
}

// coming is the board before a lesson.
func (s *showing) coming(now time.Time, o firmware.Occasion, kind picture.Kind) *picture.Board {
	left := o.Start.Sub(now)
	return &picture.Board{Kind: kind, Label: s.words.Say("screen.at", "day", s.dayWord(now, o.Start), "at", o.Start.Format("15:04")), Headline: o.Title,
		CountLabel: s.words.Say("screen.left"), Count: s.countdown(left), Foot: s.trouble()}
}

// idle is the board between lessons, or what keeps them from beginning.
func (s *showing) idle(now time.Time, o firmware.Occasion) *picture.Board {
	plan := s.clock.Plan()
	if plan.Mode == clock.ByWaiting {
		return &picture.Board{Kind: picture.Untrusted, Headline: s.words.Say("screen.untrusted"), Detail: s.words.Say("screen.untrusted_do")}
	}
	if plan.Mode == clock.ByRelative && o.ID != "" {
		return &picture.Board{Kind: picture.Untrusted, Headline: s.words.Say("screen.untrusted"), Detail: o.Title,
			CountLabel: s.words.Say("screen.left"), Count: s.countdown(o.Start.Sub(now))}
	}
	b := &picture.Board{Kind: picture.Idle, Headline: s.words.Say("screen.nothing"), Night: s.night(now), Foot: s.trouble()}
	for i, n := range s.upcoming(now) {
		when := s.dayWord(now, n.Start) + " " + n.Start.Format("15:04")
		if i > 0 {
			b.Next = append(b.Next, picture.Row{When: when, Title: n.Title})
			continue
		}
		b.Label, b.Headline, b.When = s.words.Say("screen.next"), n.Title, when
	}
	return b
}

// crowded adds to a board who came.
func (s *showing) crowded(o firmware.Occasion, b *picture.Board) *picture.Board {
	n := s.roll.present(o.ID)
	b.Present, b.PresentLabel, b.Arrived = fmt.Sprint(n), s.words.Say("screen.present_label"), s.roll.latest(o.ID)
	return b
}

// trouble is the first of the standing faults, for the foot of a board.
func (s *showing) trouble() picture.Foot {
	list := s.faults.List()
	if len(list) == 0 {
		return picture.Foot{}
	}
	say, _ := s.words.Fault(list[0])
	say = strings.TrimRight(say, "。.")
	if len(list) > 1 {
		say = s.words.Say("screen.more", "what", say, "count", len(list)-1)
	}
	return picture.Foot{Text: say, Mood: picture.Bad}
}

// greeting is the line for who has just pressed.
func (s *showing) greeting(now time.Time) picture.Foot {
	text, known := s.roll.greeting(now)
	if known {
		return picture.Foot{Text: text, Mood: picture.Good}
	}
	return picture.Foot{Text: text, Mood: picture.Bad}
}

// latest lists the names of the newest on the roll, the newest first.
func (b *rollbook) latest(lesson string) []string {
	const most = 12 // more fit on no screen
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.roll.Lesson != lesson {
		return nil
	}
	var names []string
	list := b.roll.Entries()
	for i := len(list) - 1; i >= 0 && len(names) < most; i-- {
		if list[i].Counts() && list[i].Name != "" {
			names = append(names, list[i].Name)
		}
	}
	return names
}

// countdown writes what is left in minutes, and at last in seconds too: a board is
// drawn for each change.
func (s *showing) countdown(left time.Duration) string {
	if left <= fine {
		return clockFace(left)
	}
	return s.words.Say("screen.minutes", "count", int(left.Round(time.Minute)/time.Minute))
}

// dayWord names the day of t as people do who stand at now.
func (s *showing) dayWord(now, t time.Time) string {
	day := func(t time.Time) time.Time { y, m, d := t.Date(); return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	switch days := int(day(t).Sub(day(now.In(t.Location()))).Hours()) / 24; {
	case days == 0:
		return s.words.Say("screen.today")
	case days == 1:
		return s.words.Say("screen.tomorrow")
	case days > 1 && days < 7:
		return s.words.Say("day." + strings.ToLower(t.Weekday().String()[:3]))
	}
	return s.words.Say("screen.date", "month", int(t.Month()), "day", t.Day())
}

// clockText is the time on the board.
func (s *showing) clockText(now time.Time) string {
	if s.clock.Status().Level == clock.Unknown {
		return s.words.Say("clock.screen.unknown")
	}
	return now.Format("15:04")
}

// night says that nobody looks at an idle board: between ten and six.
func (s *showing) night(now time.Time) bool {
	return s.clock.Status().Level == clock.Good && (now.Hour() >= 22 || now.Hour() < 6)
}

// upcoming is what comes next for the idle board, asked every five seconds.
func (s *showing) upcoming(now time.Time) []firmware.Occasion {
	if tick := s.tick(); s.soon.at.IsZero() || tick.Sub(s.soon.at) >= 5*time.Second {
		s.soon.at, s.soon.list = tick, s.after(now)
	}
	return s.soon.list
}

// after lists the first few occasions after now, within eight days.
func (s *showing) after(now time.Time) []firmware.Occasion {
	const most = 4
	var list []firmware.Occasion
	for _, o := range s.cal.Between(now, now.Add(8*24*time.Hour)) {
		if o.Start.After(now) && len(list) < most {
			list = append(list, o)
		}
	}
	return list
}

// next is the first occasion after now, within eight days.
func (s *showing) next(now time.Time) (firmware.Occasion, bool) {
	if list := s.after(now); len(list) > 0 {
		return list[0], true
	}
	return firmware.Occasion{}, false
}

// clockFace writes a span as minutes and seconds, "4:05".
func clockFace(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
