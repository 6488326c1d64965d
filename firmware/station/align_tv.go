package station

import (
	"context"
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
	a.still = func(ctx context.Context) (func(), error) { return st.rotator.standStill(ctx) }
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
	state, order := dish.AlignState(c, a), a.Order
	if key := order.AfterKey(); key != "" { // what has happened stands apart, so that the order is short
		order.After = dish.DoNothing
		if !a.Stale && a.Voice != dish.VoiceWrong {
			state = c.Say(key)
		}
	}
	m := &picture.Meter{Value: c.Say("screen.meter.none"), State: state, Order: order.Say(c),
		Phase: c.Say("screen.meter.phase", "phase", c.Say("align.phase_"+a.Phase.String()), "n", a.Moves),
		Bar:   a.Now.Share(), Mark: a.Best.Share()}
	if a.Now.Known {
		m.Value, m.Unit, m.Known = fmt.Sprintf("%.1f", float64(a.Now.CNR)), "dB", true
	}
	if a.Best.Known {
		m.Best = c.Say("align.best") + " " + a.Best.Say(c)
	}
	m.Mood = moodOf(a)
	return m
}

// nearBest is by how much less than the best still counts as the best, in dB, as the tone
// has it.
const nearBest = 0.2

// moodOf is Good when the signal is as good as it ever was, and Bad when it is another
// satellite's or nobody knows.
func moodOf(a dish.Advice) picture.Mood {
	switch {
	case a.Stale || a.Voice == dish.VoiceWrong:
		return picture.Bad
	case a.Now.Known && a.Best.Known && a.Now.CNR >= a.Best.CNR-nearBest, a.Order.Do == dish.DoDone:
		return picture.Good
	}
	return picture.Plain
}
