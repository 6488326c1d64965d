package station

import (
	"fmt"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
)

// The overlays, bottom up.
const (
	lineHead = 1 + iota // station and clock
	lineMain            // what is now
	lineFoot            // who came
)

// lines are the texts over the picture, readable at eight metres: nothing while
// the film runs but a short greeting for who has just pressed.
func (s *showing) lines(now time.Time, o firmware.Occasion, ord lesson.Orders) map[int]string {
	out := map[int]string{}
	if greeting := s.roll.greeting(now); greeting != "" {
		out[lineFoot] = ass(1, 44, greeting)
	}
	if ord.Phase == lesson.Playing {
		return out
	}
	out[lineHead] = ass(7, 36, s.place+"   "+now.In(o.Start.Location()).Format("15:04 MST"))
	main := s.mainLines(now, o, ord)
	if ord.Load && ord.Phase == lesson.RollCall {
		// The film's first picture stands behind: keep off its middle.
		out[lineMain] = ass(8, 46, "", "", main[0])
	} else {
		out[lineMain] = ass(5, 64, main...)
	}
	if _, greets := out[lineFoot]; !greets && ord.Roll {
		out[lineFoot] = ass(2, 44, s.words.Say("screen.present", "count", s.roll.present(o.ID)))
	}
	return out
}

func (s *showing) mainLines(now time.Time, o firmware.Occasion, ord lesson.Orders) []string {
	left := o.Start.Sub(now)
	title, at := o.Title, o.Start.Format("15:04")
	switch ord.Phase {
	case lesson.ReadyCheck, lesson.WarmUp:
		return []string{title, s.words.Say("screen.starts_at", "at", at, "left", clockFace(left)), s.words.Say("screen.preparing")}
	case lesson.RollCall:
		if left < 0 {
			return []string{s.words.Say("screen.waiting"), title}
		}
		return []string{s.words.Say("screen.press_number"), title, s.words.Say("screen.starts_at", "at", at, "left", clockFace(left))}
	case lesson.Paused:
		return []string{s.words.Say("screen.paused"), title}
	case lesson.Closing:
		return []string{s.words.Say("screen.farewell"), title}
	case lesson.CoolDown:
		return []string{s.words.Say("screen.cooling")}
	}
	if n, ok := s.upcoming(now); ok {
		return []string{s.words.Say("screen.next"), n.Title, s.words.Say("day."+strings.ToLower(n.Start.Weekday().String()[:3])) + " " + n.Start.Format("15:04")}
	}
	return []string{s.words.Say("screen.nothing")}
}

// upcoming is next for the idle board, asked every five seconds.
func (s *showing) upcoming(now time.Time) (firmware.Occasion, bool) {
	if tick := s.tick(); tick.Sub(s.board.at) >= 5*time.Second || !s.board.ok {
		s.board.at = tick
		s.board.next, s.board.ok = s.next(now)
	}
	return s.board.next, s.board.ok
}

// next is the first occasion after now, within eight days.
func (s *showing) next(now time.Time) (firmware.Occasion, bool) {
	for _, o := range s.cal.Between(now, now.Add(8*24*time.Hour)) {
		if o.Start.After(now) {
			return o, true
		}
	}
	return firmware.Occasion{}, false
}

// clockFace writes a span as minutes and seconds, "4:05".
func clockFace(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// ass writes lines as one event of the ASS subtitle format, at one of its nine
// anchors (numeric keypad) and with a dark edge, so that it can be read over any
// picture. Braces and backslashes of the text are taken out: they are commands
// there.
func ass(anchor, size int, lines ...string) string {
	clean := strings.NewReplacer("{", "(", "}", ")", "\\", "/", "\n", " ", "\r", " ")
	for i := range lines {
		lines[i] = clean.Replace(lines[i])
	}
	return fmt.Sprintf(`{\an%d\fs%d\bord3\shad0\fnWenQuanYi Micro Hei}%s`, anchor, size, strings.Join(lines, `\N`))
}
