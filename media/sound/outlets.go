package sound

import (
	"errors"
	"fmt"
)

// Place is where something is to be heard.
type Place string

// The places. The village loudspeaker (村村响) stands on a mast outside.
const (
	Room    Place = "room"
	Village Place = "village"
	Both    Place = "both"
)

// ErrSilent means that a place heard nothing; the error's text names it.
var ErrSilent = errors.New("nothing to be heard")

// Outlets are the loudspeakers of a station, a device each. One that is missing or
// stuck never keeps another from sounding.
type Outlets struct {
	room, village *Sound // nil: there is none
}

// NewOutlets joins the loudspeakers; either may be nil.
func NewOutlets(room, village *Sound) Outlets { return Outlets{room, village} }

// Say queues the clip at every loudspeaker of the place. Error: ErrSilent, with the
// name of each that was asked for and has no device.
func (o Outlets) Say(to Place, c Clip) error {
	return o.each(to, func(s *Sound) { s.Say(c) })
}

// Bell rings the bell, see Sound.Bell.
func (o Outlets) Bell(to Place) error { return o.each(to, (*Sound).Bell) }

// Hush ends what is being said.
func (o Outlets) Hush(to Place) {
	_ = o.each(to, (*Sound).Hush) // where nothing sounds nothing is to be ended
}

// PlayFile queues a spoken prompt of the room's prompts, or of the village's when
// there is no room; see Sound.PlayFile.
func (o Outlets) PlayFile(to Place, name string) error {
	s := o.room
	if s == nil {
		s = o.village
	}
	if s == nil {
		return o.Say(to, nil)
	}
	c, err := s.prompt(name)
	if err != nil {
		return err
	}
	return o.Say(to, c)
}

func (o Outlets) each(to Place, do func(*Sound)) error {
	var errs []error
	one := func(p Place, s *Sound) {
		if to != p && to != Both {
			return
		}
		if s == nil {
			errs = append(errs, fmt.Errorf("%w in the %s: no device is configured", ErrSilent, p))
			return
		}
		st := s.State()
		do(s)
		if !st.Open {
			errs = append(errs, fmt.Errorf("%w in the %s: %w", ErrSilent, p, st.Problem))
		}
	}
	one(Room, o.room)
	one(Village, o.village)
	if to != Room && to != Village && to != Both {
		errs = append(errs, fmt.Errorf("%w: no place %q", ErrSilent, string(to)))
	}
	return errors.Join(errs...)
}
