package clock

import (
	"errors"

	"stationbox/firmware/text"
)

// Overrule forgets every other source and every voucher, and takes in o: the last
// resort of a technician at a station whose better sources were wrong. A source
// that is heard again afterwards counts by its rank as ever.
func (c *Clock) Overrule(o Observation) (Change, error) {
	c.mu.Lock()
	seen, vouched := c.seen, c.vouch
	c.seen, c.vouch = [sources]line{}, vouch{}
	c.mu.Unlock()
	change, err := c.Observe(o)
	if err != nil {
		c.mu.Lock()
		c.seen, c.vouch = seen, vouched
		c.mu.Unlock()
	}
	return change, err
}

// Set is the command "time set": it takes what a technician typed, forced or not,
// and says what became of it, with what other sources say that differ. ok is false
// when the time was not taken.
func (k *Keeper) Set(words *text.Catalogue, typed string, force bool) (said string, ok bool) {
	wall, err := ParseTime(typed, k.clock.zone)
	o := Observation{Source: Technician, Wall: wall, Mono: k.sys.Mono()}
	switch {
	case err != nil:
	case force:
		var change Change
		change, err = k.clock.Overrule(o)
		k.changed(change)
	default:
		err = k.OfferAt(o)
	}
	switch {
	case errors.Is(err, ErrOutranked):
		s := k.Status()
		return words.Say("clock.set.outranked", "source", words.Say("clock.source."+s.Source.String()), "time", stamp(s.Now)), false
	case err != nil:
		return words.Say("clock.set.bad", "got", typed), false
	}
	said = words.Say("clock.set.done", "time", stamp(k.Now()))
	for _, w := range k.clock.Words(k.sys.Mono()) {
		if w.Apart {
			said += "\n" + words.Say("clock.set.beside", "source", words.Say("clock.source."+w.Source.String()), "time", stamp(w.Wall))
		}
	}
	return said, true
}
