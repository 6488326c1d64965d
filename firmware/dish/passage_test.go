package dish_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

// The days that are looked at closely hold all sun outages, and the Sun's way before and
// after them.
func TestPassages(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	for range 20 {
		p := passing(t, r)
		from := time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC)
		almanac := dish.NewAlmanac(from, from.AddDate(1, 0, 0))
		autumn := r.IntN(2) == 1
		list, err := almanac.Passages(p.place, p.orbit, dish.Degrees(p.width), 2029, autumn)
		if err != nil {
			t.Fatal(err)
		}
		season, err := almanac.Season(p.place, p.orbit, dish.OutageHalfAngle(dish.Degrees(p.width)), 2029, autumn)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(season.Outages()); len(list) < n+1 || len(list) > 2*n+4 {
			t.Errorf("%d days for %d outages", len(list), n)
		}
		i := 0
		for _, o := range season.Outages() {
			for i < len(list) && !list[i].Peak.Equal(o.Peak) {
				i++
			}
			if i == len(list) || !list[i].From.Before(o.Start.Add(-5*time.Minute)) || !list[i].To.After(o.End.Add(5*time.Minute)) {
				t.Fatalf("%v is not looked at: %v", o, list)
			}
		}
		if span := list[0].To.Sub(list[0].From); span < 40*time.Minute || span > 90*time.Minute {
			t.Errorf("looked at for %v", span)
		}
	}
}

// Few readings are few, and a season of which all days are one is no answer.
func TestSeasonBoresightFew(t *testing.T) {
	p := passing(t, rand.New(rand.NewPCG(3, 1)))
	log := p.sights(rand.New(rand.NewPCG(4, 1)), 10*time.Second)
	_, days, err := dish.SeasonBoresight(p.place, p.orbit, dish.Degrees(p.width), log[:40])
	if err == nil || len(days) != 1 {
		t.Errorf("%v %v", days, err)
	}
	if _, _, err := dish.SeasonBoresight(p.place, p.orbit, dish.Degrees(p.width), nil); !errors.Is(err, dish.ErrFewSights) {
		t.Error(err)
	}
	b, days, err := dish.SeasonBoresight(p.place, p.orbit, dish.Degrees(p.width), log)
	if err != nil || len(days) != len(p.season.Outages()) || days[0].Readings == 0 || b.Days == 0 {
		t.Errorf("%+v %+v %v", b, days, err)
	}
}
