package witness

import "time"

// Share is how much of a lesson the room heard.
type Share struct {
	Heard    int            `json:"heard"` // windows, one every ten seconds
	NotHeard int            `json:"not_heard"`
	Unknown  int            `json:"unknown"`
	Why      map[Reason]int `json:"why,omitempty"` // of the unknown
	lag      time.Duration
}

// What a lesson needs to be called heard, or not heard.
const (
	leastHeard = 3  // windows that agree by chance are rarer than one in a thousand each
	leastNot   = 6  // a minute and a half in a room that has nothing but its noise
	leastAlone = 30 // five minutes in which the film was never found under other sound
)

func (s *Share) take(w Window) {
	switch w.Heard {
	case WasHeard:
		s.Heard++
		s.lag += w.Lag
	case NotHeard:
		s.NotHeard++
	default:
		if s.Why == nil {
			s.Why = map[Reason]int{}
		}
		s.Unknown++
		s.Why[w.Why]++
	}
}

// Part is the share of the decided windows that were heard, 0 to 1; false when
// fewer than three were decided.
func (s Share) Part() (float64, bool) {
	n := s.Heard + s.NotHeard
	if n < leastHeard {
		return 0, false
	}
	return float64(s.Heard) / float64(n), true
}

// Lag is the mean delay from the player to the microphone where it was heard.
func (s Share) Lag() time.Duration { return s.lag / time.Duration(max(1, s.Heard)) }

// Verdict is that of the lesson: heard when the larger part of what was decided
// was; not heard when it was not, or when the film was never found for five
// minutes although it is one that can be.
func (s Share) Verdict() Heard {
	part, ok := s.Part()
	switch {
	case ok && s.Heard >= leastHeard && part > 0.5:
		return WasHeard
	case s.NotHeard >= leastNot && part <= 0.5:
		return NotHeard
	case s.Heard == 0 && s.NotHeard+s.Why[Drowned]+s.Why[Doubtful] >= leastAlone:
		return NotHeard
	}
	return Unknown
}
