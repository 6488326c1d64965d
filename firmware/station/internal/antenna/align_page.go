package antenna

import (
	"context"
	"fmt"
	"math"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
	"stationbox/firmware/page"
	"stationbox/firmware/text"
	picture "stationbox/media/screen"
)

// PageAligner is page.Aligner.
type PageAligner struct {
	a     *Aligner
	words map[string]*text.Catalogue // read once: the page looks ten times a second
}

// NewPageAligner shows the alignments of a on the page.
func NewPageAligner(a *Aligner) PageAligner {
	return PageAligner{a, map[string]*text.Catalogue{"zh": text.New("zh"), "en": text.New("en")}}
}

// Look is page.Aligner. While none is on the change is nil, which never comes.
func (p PageAligner) Look(lang string) (page.Alignment, <-chan struct{}) {
	s := p.a.current()
	if s == nil {
		return page.Alignment{}, nil
	}
	look, changed := s.look(math.MaxInt)
	c := p.words[lang]
	out := page.Alignment{On: !look.Ended}
	if look.Ended {
		last, _ := s.look(look.Next - 1)
		out.Say = last.Said[0].say(c)
		return out, nil
	}
	a := look.Advice
	out.Number, out.Say = look.Number, a.Order.Say(c)
	if look.Number > 0 {
		out.Say = c.Say("cmd.dish.align.order", "n", look.Number, "order", out.Say)
	}
	out.State, out.Bar, out.Mark = dish.AlignState(c, a), a.Now.Share(), a.Best.Share()
	out.Phase = c.Say("align.phase_"+a.Phase.String()) + " · " + c.Say("align.moves", "n", a.Moves)
	out.Mood = map[picture.Mood]string{picture.Good: "good", picture.Bad: "warn"}[moodOf(a)]
	if a.Now.Known {
		out.Now = fmt.Sprintf("%.1f", float64(a.Now.CNR))
	}
	out.Best = a.Best.Say(c)
	return out, changed
}

// Act is page.Aligner.
func (p PageAligner) Act(ctx context.Context, lang string, act page.AlignAct) error {
	switch s := p.a.current(); {
	case act.Do == "begin":
		if _, _, err := p.a.join(ctx, "page", act.Quiet); err != nil {
			return &command.Error{Code: command.CodeFailed, Text: sayAlign(p.words[lang], err)}
		}
	case s == nil: // it has ended long ago
	case act.Do == "done":
		s.press(act.Number)
	case act.Do == "stop":
		s.finish("cmd.dish.align.stopped")
	}
	return nil
}
