package power

import "time"

// A chattering mains must not fill the card: so many disturbances are told at
// once, and one more after each pause.
const (
	toldAtOnce = 20
	toldEvery  = time.Minute
)

// supply is the Quality of a Loop and what of it is told.
type supply struct {
	*Quality
	room  int           // disturbances that may be told now
	since time.Duration // room last grew
}

func newSupply(det *Detector) *supply { return &supply{Quality: NewQuality(det), room: toldAtOnce} }

// next returns the next disturbance to be told, as an event.
func (s *supply) next(elapsed time.Duration) (Event, bool) {
	s.since += elapsed
	if s.since >= toldEvery {
		s.since, s.room = 0, min(s.room+1, toldAtOnce)
	}
	d, ok := s.Next()
	if !ok || s.room == 0 {
		return Event{}, false
	}
	s.room--
	return Event{Kind: d.Kind, Load: -1, MV: d.MV, Lasted: d.Lasted}, true
}
