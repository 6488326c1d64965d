package station

import (
	"strconv"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	picture "stationbox/media/screen"
)

// outcomeFor is how long the outcome of a question stands on the board.
const outcomeFor = 30 * time.Second

// questioned says whether the board is to show a question: while it is open and a while
// after, but never over an emergency nor over the first picture of a film.
func (s *showing) questioned(now time.Time, o firmware.Occasion, ord lesson.Orders) bool {
	if schedule.IsEmergency(o) || ord.Phase == lesson.RollCall && ord.Load {
		return false
	}
	s.roll.mu.Lock()
	defer s.roll.mu.Unlock()
	p := s.roll.poll
	if p.Waits() {
		return true
	}
	if p == nil {
		return false
	}
	_, ended := p.Outcome()
	since := now.Sub(ended)
	return since >= 0 && since < outcomeFor
}

// questionBoard shows a question, or what came of it. How many chose what is not shown
// before the end: it would tell of a vote who chose it, and of a quiz what to choose.
// Question and options need all lines of the board, so what to do, and who has just
// pressed, stands in the band above them.
func (s *showing) questionBoard(greet picture.Foot) *picture.Board {
	s.roll.mu.Lock()
	defer s.roll.mu.Unlock()
	p := s.roll.poll
	v := command.Poll{Question: p.Question}
	v.Outcome, _ = p.Outcome()
	b := &picture.Board{Kind: picture.Published, Clock: s.words.Say("quiz.count", "count", p.Answered())}
	b.Headline, b.Detail = twoLines(p.Text, lineWide)
	for i, o := range p.Options {
		row := command.QuestionRow(&command.Env{Text: s.words}, v, i, o)
		if s.roll.numbered() && v.Outcome == nil {
			row = strconv.Itoa(i+1) + " = " + row
		}
		b.Rows = append(b.Rows, row)
	}
	title := "quiz"
	if p.Vote {
		title = "vote"
	}
	switch {
	case v.Outcome != nil && v.Outcome.Void:
		b.Foot = picture.Foot{Text: s.words.Say("quiz.void"), Mood: picture.Bad}
	case v.Outcome != nil:
		b.Place = s.words.Say(title + ".over")
	case greet.Text != "":
		b.Place = greet.Text
	default:
		b.Place = s.words.Say(title+".how", "letters", s.roll.letters(len(p.Options)))
	}
	return b
}

// lineWide is how many letters of Latin one line of the question has.
const lineWide = 30

// twoLines breaks a text that is wider than a line, at a blank if there is one: wide is
// in letters of Latin, of which a Chinese one has two.
func twoLines(text string, wide int) (first, rest string) {
	width, blank := 0, 0
	for i, r := range text {
		if width++; r > 0x2000 {
			width++
		}
		if r == ' ' {
			blank = i
		}
		if width > wide {
			if blank == 0 {
				blank = i
			}
			return text[:blank], strings.TrimSpace(text[blank:])
		}
	}
	return text, ""
}
