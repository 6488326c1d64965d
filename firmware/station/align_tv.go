package station

import (
	"fmt"

	"stationbox/firmware/dish"
	"stationbox/firmware/lesson"
	"stationbox/firmware/text"
	picture "stationbox/media/screen"
)

// tvName is the television among the displays: a projector's lamp is not struck for a
// meter.
const tvName = "tv"

// openAligner lets people align the dish; without sensors it says why not.
func (st *Station) openAligner() func() bool {
	a := newAligner(st.dish, st.words, st.log)
	a.put = st.scribe.put
	if st.speakers.room != nil {
		a.voice = st.speakers.room
	}
	if st.easel != nil {
		a.show = st.easel.meter
	}
	a.busy = func() bool { return st.showing.busy() }
	a.save = func(by string) (alignment, error) { return st.keepAlignment(by) }
	st.aligner = a
	return a.active
}

// active says whether an alignment is on.
func (a *aligner) active() bool {
	s := a.current()
	return s != nil && !s.over()
}

// lit says whether a display is on for the alignment of the dish: the television, between
// lessons.
func (s *showing) lit(sc screen, ord lesson.Orders) bool {
	return sc.name == tvName && s.aligns != nil && s.aligns() && (ord.Phase == lesson.Idle || ord.Phase == lesson.Done)
}

// meterOf is an advice as the television shows it.
func meterOf(c *text.Catalogue, a dish.Advice) *picture.Meter {
	order := a.Order
	if a.Voice == dish.VoiceWrong && order.After == dish.DoWrong {
		order.After = dish.DoNothing // the state says it
	}
	m := &picture.Meter{Value: c.Say("screen.meter.none"), State: dish.AlignState(c, a), Order: order.Say(c),
		Phase: c.Say("align.phase_"+a.Phase.String()) + "  " + c.Say("align.moves", "n", a.Moves),
		Bar:   a.Now.Share(), Mark: a.Best.Share()}
	if a.Now.Known {
		m.Value, m.Unit, m.Known = fmt.Sprintf("%.1f", float64(a.Now.CNR)), "dB", true
	}
	if a.Best.Known {
		m.Best = c.Say("align.best") + " " + a.Best.Say(c)
	}
	switch {
	case a.Stale || a.Voice == dish.VoiceWrong:
		m.Mood = picture.Bad
	case a.Now.Known && a.Best.Known && a.Now.CNR >= a.Best.CNR-0.2, a.Order.Do == dish.DoDone:
		m.Mood = picture.Good
	}
	return m
}
