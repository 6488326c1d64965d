package dish_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/dish"
)

// link is a receiver in the simulation of these tests.
type link struct {
	dish.Lookout
	cure  dish.Remedy // what brings the lock back
	shift int         // at which frequency
}

func (l *link) obey(s dish.Step) {
	if s.Remedy != "" && !s.Back && !s.Began && s.Remedy == l.cure && s.Shift == l.shift {
		l.Locked, l.Answers = true, true
	}
}

// goodLock is a good lock.
func goodLock() dish.Lookout { return dish.Lookout{Answers: true, Locked: true, CNR: 12, Level: -55} }

// noise is what a receiver says without a signal.
func noise() dish.Lookout {
	return dish.Lookout{Answers: true, CNR: dish.DB(math.NaN()), Level: math.NaN()}
}

// watched lets a minute of a good lock pass, then what change makes of it, read every two
// seconds, and returns what was done: "4s tune" and so on.
func watched(span time.Duration, change func(at time.Duration, l *link)) (list []string) {
	r := dish.NewRelock()
	t0 := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	l := &link{Lookout: goodLock()}
	for at := -time.Minute; at < span; at += 2 * time.Second {
		if at >= 0 {
			change(at, l)
		}
		s := r.Watch(t0.Add(at), l.Lookout)
		l.obey(s)
		word := fmt.Sprintf("%v %s", at, s.Remedy)
		if s.Remedy == dish.RemedySearch || s.Shift != 0 {
			word += fmt.Sprintf("%+d", s.Shift)
		}
		switch {
		case s.Began:
			list = append(list, fmt.Sprintf("%v lost %s", at, s.Why))
		case s.Back:
			list = append(list, fmt.Sprintf("back by %s", word[strings.IndexByte(word, ' ')+1:]))
		case s.Remedy != "":
			list = append(list, word)
		}
	}
	return list
}

// at changes the link once.
func once(l dish.Lookout, cure dish.Remedy, shift int) func(time.Duration, *link) {
	return func(at time.Duration, k *link) {
		if at == 0 {
			*k = link{l, cure, shift}
		}
	}
}

func TestRelockLadder(t *testing.T) {
	carrier := noise()
	carrier.Carrier = true
	dead := noise()
	dead.Level = -90
	silent := noise()
	silent.Answers = false
	sun := noise()
	sun.Sun = true
	foreign := noise()
	foreign.Foreign = true
	for _, tt := range []struct {
		name   string
		span   time.Duration
		change func(time.Duration, *link)
		want   []string
	}{
		{"slipped", time.Minute, once(noise(), dish.RemedyTune, 0), []string{"0s lost unknown", "4s tune", "back by tune"}},
		{"LNB hangs", time.Minute, once(dead, dish.RemedyPower, 0), []string{"0s lost cable", "4s tune", "14s power", "back by power"}},
		{"receiver hangs", time.Minute, once(silent, dish.RemedyRestart, 0), []string{"0s lost receiver", "4s tune", "14s power", "24s restart", "back by restart"}},
		{"LNB has drifted", 2 * time.Minute, once(carrier, dish.RemedySearch, -4), []string{"0s lost carrier", "4s tune", "14s power", "24s restart",
			"34s search+2", "44s search-2", "54s search+4", "1m4s search-4", "back by search-4"}},
		{"another satellite", 10 * time.Second, once(foreign, "", 0), []string{"0s lost satellite", "4s tune"}},
		{"Sun", 10 * time.Minute, once(sun, "", 0), []string{"0s lost sun", "1m0s tune", "4m0s tune", "7m0s tune"}},
		{"nothing helps", 5 * time.Minute, once(noise(), "", 0), []string{"0s lost unknown", "4s tune", "14s power", "24s restart", "34s search+2", "44s search-2",
			"54s search+4", "1m4s search-4", "1m14s search+5", "1m24s search-5", "1m34s tune", "2m34s tune", "2m44s power", "2m54s restart", "3m4s search+2", "3m14s search-2",
			"3m24s search+4", "3m34s search-4", "3m44s search+5", "3m54s search-5", "4m4s tune"}},
		{"by itself", time.Minute, func(at time.Duration, l *link) {
			l.Locked = at >= 4*time.Second
		}, []string{"0s lost unknown", "back by wait"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := watched(tt.span, tt.change); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A shower: the signal sinks for a minute, is away, flaps and comes back. Nothing is
// switched meanwhile.
func TestRelockInAShower(t *testing.T) {
	got := watched(20*time.Minute, func(at time.Duration, l *link) {
		switch {
		case at < time.Minute:
			l.CNR = 12 - dish.DB(6*at.Minutes())
		case at < 8*time.Minute:
			l.Lookout = noise()
		case at < 10*time.Minute: // four seconds on, four off
			l.Lookout = noise()
			if at/(4*time.Second)%2 == 0 {
				l.Lookout = goodLock()
				l.CNR = 6.2
			}
		default:
			l.Lookout = goodLock()
		}
	})
	want := []string{"1m0s lost fade", "2m0s tune", "5m0s tune", "back by tune"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// A fade without end is treated as any other loss.
	got = watched(22*time.Minute, func(at time.Duration, l *link) {
		if l.CNR = 12 - dish.DB(3*at.Minutes()); at >= 2*time.Minute {
			l.Lookout = noise()
		}
	})
	if i := slices.Index(got, "18m10s power"); i < 0 || slices.IndexFunc(got, func(s string) bool { return strings.Contains(s, "power") }) != i {
		t.Errorf("got %q", got)
	}
}

// A loose plug takes the level first.
func TestRelockOfALoosePlug(t *testing.T) {
	got := watched(6*time.Second, func(at time.Duration, l *link) {
		if l.Level = -70; at > 0 {
			l.Lookout = noise()
		}
	})
	if !slices.Equal(got, []string{"2s lost cable"}) {
		t.Errorf("got %q", got)
	}
}

// Where an LNB was found once it is looked for first.
func TestRelockRemembersTheDrift(t *testing.T) {
	got := watched(5*time.Minute, func(at time.Duration, l *link) {
		if at == 0 || at == 3*time.Minute {
			*l = link{noise(), dish.RemedySearch, 2}
		}
		if at == 3*time.Minute {
			l.cure = dish.RemedyTune
		}
	})
	want := []string{"0s lost unknown", "4s tune", "14s power", "24s restart", "34s search+2", "back by search+2", "3m0s lost unknown", "3m4s tune+2", "back by tune+2"}
	got[6] = strings.TrimSuffix(got[6], "+2")
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Whatever a receiver says: while there is a lock nothing is done, remedies are four
// seconds apart, and every loss is said once and ends once.
func TestRelockIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := dish.NewRelock()
		now := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
		var last time.Time
		away := false
		for range rapid.IntRange(1, 400).Draw(t, "readings") {
			l := goodLock()
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				l = noise()
			case 1:
				l = dish.Lookout{Answers: rapid.Bool().Draw(t, "answers"), Carrier: rapid.Bool().Draw(t, "carrier"), Sun: rapid.Bool().Draw(t, "sun"),
					CNR: dish.DB(rapid.Float64Range(-10, 40).Draw(t, "cnr")), Level: rapid.Float64Range(-120, 0).Draw(t, "level")}
			case 2:
				l.CNR = dish.DB(rapid.Float64Range(-10, 40).Draw(t, "cnr"))
			}
			now = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
			s := r.Watch(now, l)
			if s.Shift < -5 || s.Shift > 5 || r.Shift() < -5 || r.Shift() > 5 {
				t.Fatalf("shift %d, %d", s.Shift, r.Shift())
			}
			switch {
			case s.Began == away && s.Began, s.Back && !away:
				t.Fatalf("said twice: %+v", s)
			case s.Began || s.Back:
				away = s.Began
				if s.Why == "" || s.Since.IsZero() {
					t.Fatalf("no reason: %+v", s)
				}
			case s.Remedy == "":
			case l.Answers && l.Locked, !away, s.Why == "":
				t.Fatalf("%+v while %+v", s, l)
			default:
				if d := now.Sub(last); d < 4*time.Second {
					t.Fatalf("%+v %v after the one before", s, d)
				}
				last = now
			}
		}
	})
}
