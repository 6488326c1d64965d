package live

import (
	"time"

	"stationbox/media/player"
)

// watch follows the motion on the screen. Time is entered only when it is known
// what it was: at the next motion, or when the picture is changed.
func (s *stage) watch(now time.Time, r reading, p player.Status) {
	if s.showing == ShowsNothing {
		s.settle(now, false)
		return
	}
	moves := p.Alive && p.Playing && p.Loaded == s.file && p.Position != s.at
	if p.VOConfigured && p.FrameTime > 0 {
		moves = moves && p.FramesShown != s.frames // sound alone is not motion
	}
	if !moves {
		return
	}
	s.at, s.frames = p.Position, p.FramesShown
	if !p.VOConfigured && (r.picture || s.showing == ShowsFallback) {
		s.dark(now) // sound goes on, but there is no screen
		return
	}
	s.settle(now, true)
}

// settle enters the time since the last motion. Moving says that the picture is
// another one now.
func (s *stage) settle(now time.Time, moving bool) {
	d := s.elapsed(now)
	switch {
	case s.showing == ShowsLive && moving && d <= stepMost:
		s.sum.Live += d
	case s.showing == ShowsLive:
		s.sum.Frozen += d
		if d > 2*tickEvery { // less is what lies between two looks
			s.sum.LongestFreeze = max(s.sum.LongestFreeze, d)
		}
	case s.showing == ShowsFallback && moving && d <= stepMost:
		s.sum.Fallback += d
	default:
		s.sum.Dark += d
	}
}

func (s *stage) dark(now time.Time) { s.sum.Dark += s.elapsed(now) }

// elapsed is the time that is not yet entered; none before the begin.
func (s *stage) elapsed(now time.Time) time.Duration {
	d := now.Sub(s.moved)
	if d <= 0 {
		return 0
	}
	s.moved = now
	return d
}

// account is the summary, to be read when everything has ended.
func (s *stage) account() Summary {
	r := s.c.intake.reading()
	s.sum.Lost, s.sum.Packets, s.sum.Garbage = r.lost, r.ours, r.garbage
	s.sum.judge()
	s.c.setSum(s.sum)
	return s.sum
}
