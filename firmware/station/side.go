package station

import (
	"time"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	"stationbox/media/player"
	picture "stationbox/media/screen"
)

// sideName names the second screen in faults.
const sideName = "side"

// side is the second screen: a player without films, and what hangs on it.
type side struct {
	player *player.Player
	easel  *easel
}

// openSide returns nil when there is no second screen.
func (st *Station) openSide() *side {
	p := st.doors.side(st.cfg, player.Opts{Log: st.log.With("screen", sideName), Now: st.tick})
	if p == nil {
		return nil
	}
	return &side{player: p, easel: newEasel(sideName, p, findFont, func() []darkCause { return st.whyDark(st.words) }, st.faults, st.log)}
}

// down says whether there is a second screen that shows nothing.
func (s *side) down() bool {
	if s == nil {
		return false
	}
	st := s.player.State()
	return !st.Alive || !st.VOConfigured
}

// beside hangs the second screen's board. From just before the start until just after
// it is left as it is: the film's first pictures wait for no drawing.
func (s *showing) beside(now time.Time, o firmware.Occasion, ord lesson.Orders) {
	if s.side == nil {
		return
	}
	starts := ord.Phase == lesson.RollCall || ord.Phase == lesson.Playing
	if since := now.Sub(o.Start); starts && since >= -bare && since < shortly {
		return
	}
	s.side.easel.want(s.sideSight(now, o, ord))
}

// sideSight is the first screen's board, and while that shows the film, who has come.
func (s *showing) sideSight(now time.Time, o firmware.Occasion, ord lesson.Orders) sight {
	v := s.sight(now, o, ord)
	switch {
	case v.board != nil:
		return v
	case ord.Phase != lesson.Playing:
		v.board = s.boardOf(now, o, ord, s.greeting(now))
	case schedule.IsEmergency(o):
		v.board = &picture.Board{Kind: picture.Emergency, Label: s.words.Say("screen.emergency"), Headline: o.Title}
	default:
		v.board = s.crowded(o, &picture.Board{Kind: picture.Roll, Label: s.words.Say("screen.now"), Headline: o.Title, Foot: s.greeting(now)})
	}
	v.strip, v.at = nil, now.Truncate(time.Minute)
	v.board.Place, v.board.Clock = s.place, s.clockText(now)
	return v
}
