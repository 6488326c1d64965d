package antenna

import (
	"strings"
	"testing"
	"time"

	"stationbox/firmware/dish"
	"stationbox/firmware/text"
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

// Where no table has said whose signal it is the last word says so.
func TestSavedOfAnUnnamedSatellite(t *testing.T) {
	rec := alignment{CNR: new(float64)}
	for _, named := range []bool{true, false} {
		s, err := newAligning(dish.AlignOpts{Beamwidth: 2, Azimuth: 180, Elevation: 40}, "test", true)
		if err != nil {
			t.Fatal(err)
		}
		m := OpenMeter(dishConfig(t, villageDish), Needs{})
		if named {
			m.sender.tell(0, dish.IdentityRight, time.Unix(1, 0))
		}
		a := NewAligner(m, AlignerOpts{})
		a.save = func(string) (alignment, error) { return rec, nil }
		a.complete(s)
		l, _ := s.look(0)
		last := l.Said[len(l.Said)-1]
		for lang, warning := range map[string]string{"zh": "请看电视画面", "en": "look at the picture"} {
			if said := last.say(text.New(lang)); strings.Contains(said, warning) == named || strings.Contains(said, "{") {
				t.Errorf("named %v: %q", named, said)
			}
		}
	}
}
