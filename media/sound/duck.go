package sound

import "time"

// duckHold is how long speech must have ended: the device's buffer still sounds, and
// the programme shall not swell between two words of a prompt.
const duckHold = 300 * time.Millisecond

// duck calls Speaks until the device is given up.
func (s *Sound) duck() {
	defer close(s.told)
	speaks := s.o.Speaks
	hold := time.NewTimer(0)
	defer hold.Stop()
	on := false
	for {
		select {
		case <-s.keep.ended:
			if on {
				speaks(false)
			}
			return
		case <-s.mix.changed:
			switch now := s.mix.speaking(); {
			case now && !on:
				on = true
				speaks(true)
			case !now && on:
				hold.Reset(duckHold)
			}
		case <-hold.C:
			if on && !s.mix.speaking() {
				on = false
				speaks(false)
			}
		}
	}
}
