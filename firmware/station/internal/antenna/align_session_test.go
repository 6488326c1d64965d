package antenna

import (
	"testing"

	"stationbox/firmware/dish"
)

// What a step that is still under way says after the end is not said: the page shows the
// last line as the last word, and nobody shall carry out an order of one that was stopped.
func TestNothingIsSaidAfterTheEnd(t *testing.T) {
	s, err := newAligning(dish.AlignOpts{Beamwidth: 1.5, Azimuth: 180, Elevation: 40}, "test", true)
	if err != nil {
		t.Fatal(err)
	}
	s.take(dish.Advice{Order: dish.Order{Do: dish.DoHold}}, in2026())
	s.finish("cmd.dish.align.stopped")
	s.take(dish.Advice{Order: dish.Order{Do: dish.DoTurn}, Moves: 1}, in2026().Add(1))
	s.note("cmd.dish.align.lesson")
	look, _ := s.look(0)
	if n := len(look.Said); n != 2 || !look.Said[n-1].Last || look.Number != 1 {
		t.Errorf("after the end: %d lines, order %d, the last %+v", n, look.Number, look.Said[n-1])
	}
}
