package antenna

import (
	"fmt"

	"stationbox/firmware/dish"
	"stationbox/firmware/text"
	picture "stationbox/media/screen"
)

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
