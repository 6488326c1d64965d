package live

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// saw compares the kinds of what has happened.
func (sc *scene) saw(want ...EventKind) []Event {
	sc.t.Helper()
	all := sc.events()
	var got []EventKind
	for _, e := range all {
		got = append(got, e.Kind)
	}
	if !slices.Equal(got, want) {
		sc.t.Fatalf("happened %v, want %v (%+v)", got, want, all)
	}
	return all
}

func bubble(t *testing.T, o Opts, f func(sc *scene)) {
	t.Helper()
	o.Fallback = "/film.mp4"
	synctest.Test(t, func(t *testing.T) { f(stageIt(t, o)) })
}

func TestWithoutAFilmALateStreamIsShownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := stageIt(t, Opts{})
		sc.now(silent)
		time.Sleep(10 * time.Second)
		sc.saw(NoFallback)
		sc.now(good)
		time.Sleep(3 * time.Second) // the tables come once a second
		sc.saw(Joined, Live)
		time.Sleep(time.Minute)
		sc.now(silent)
		time.Sleep(5 * time.Second)
		sc.saw(Frozen, NoFallback)
		if sum := sc.end(); sum.Fallback != 0 || sum.Dark < 8*time.Second || sum.Live < 50*time.Second {
			t.Errorf("%+v", sum)
		}
	})
}

// What stands still for a second and goes on by itself was not live meanwhile.
func TestAMomentOfStandstillIsAccountedFor(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		time.Sleep(70 * time.Second)
		sc.screen.set(func() { sc.screen.base, sc.screen.stuck = sc.screen.base+time.Hour, true })
		time.Sleep(time.Second)
		sc.screen.set(func() { sc.screen.stuck = false })
		time.Sleep(time.Second)
		sum := sc.end()
		sc.saw(Joined, Live)
		if (sum.Frozen-time.Second).Abs() > 3*tickEvery || sum.LongestFreeze < 900*time.Millisecond {
			t.Errorf("%+v", sum)
		}
	})
}

func TestAGoodStreamIsShownFromTheMinute(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		time.Sleep(5*time.Second + 10*time.Millisecond)
		if e := sc.saw(Joined, Live)[1]; e.For > 60*time.Millisecond {
			t.Errorf("began %v late", e.For)
		}
		time.Sleep(20 * time.Minute)
		sum := sc.end()
		sc.saw()
		if sum.Outcome != Whole || (sum.Live-20*time.Minute).Abs() > time.Second || sum.Fallback != 0 || sum.Frozen > 2*tickEvery {
			t.Errorf("%+v", sum)
		}
	})
}

// Whatever stops the picture, the film is there within three seconds of the last
// frame, and the picture comes back after ten good seconds.
func TestEveryFreezeHasItsReason(t *testing.T) {
	tests := []struct {
		want  Reason
		sends func(n int, m *mux) []byte
	}{
		{ReasonSilent, silent},
		{ReasonNoFrames, func(_ int, m *mux) []byte { return m.frame(m.video, 0, false) }},
		{ReasonNoFrames, func(n int, m *mux) []byte { return m.frame(m.audio, uint64(n)*3600, false) }},
		{ReasonNoProgramme, func(n int, m *mux) []byte { return append(m.pat(99), m.frame(m.video, uint64(n)*3600, false)...) }},
		{ReasonScrambled, func(n int, m *mux) []byte {
			m.scrambled = true
			defer func() { m.scrambled = false }()
			return m.frame(m.video, uint64(n)*3600, false)
		}},
	}
	for _, tt := range tests {
		bubble(t, Opts{Programme: 7}, func(sc *scene) {
			time.Sleep(70 * time.Second)
			sc.saw(Joined, Live)
			sc.now(tt.sends)
			time.Sleep(5 * time.Second)
			e := sc.saw(Frozen, Fallback)
			if e[0].Reason != tt.want || e[1].For > 3*time.Second {
				t.Errorf("%s: %+v", tt.want, e)
			}
			sc.now(good)
			time.Sleep(9500 * time.Millisecond)
			sc.saw()
			time.Sleep(2 * time.Second)
			sc.saw(Stable, Back)
			sum := sc.end()
			if sum.LongestFreeze > 3*time.Second || sum.Freezes != 1 || sum.Switches != 1 || sum.Outcome != Partly {
				t.Errorf("%s: %+v", tt.want, sum)
			}
			if whole := sum.Live + sum.Fallback + sum.Frozen + sum.Dark; (whole - time.Since(sc.begin)).Abs() > time.Second/10 {
				t.Errorf("%s: %v of %v accounted for", tt.want, whole, time.Since(sc.begin))
			}
		})
	}
}

func TestAPictureThatStandsStillIsFrozen(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		time.Sleep(70 * time.Second)
		sc.saw(Joined, Live)
		sc.screen.set(func() { sc.screen.base, sc.screen.stuck = sc.screen.base+time.Hour, true })
		time.Sleep(2 * time.Second)
		if e := sc.saw(Frozen, Fallback); e[0].Reason != ReasonStill || e[1].For > 3*time.Second {
			t.Errorf("%+v", e)
		}
	})
}

func TestALateStreamBeginsWithTheFilm(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		sc.now(silent)
		time.Sleep(10 * time.Second)
		if e := sc.saw(Fallback)[0]; e.Reason != ReasonLate || e.For > 10*time.Millisecond || e.At.Sub(sc.begin) > 10*time.Millisecond {
			t.Errorf("%+v", e)
		}
		sc.now(good)
		time.Sleep(12 * time.Second)
		sc.saw(Joined, Stable, Live)
	})
}

func TestNothingEverComes(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		sc.screen.set(func() { sc.screen.length = 10 * time.Minute })
		sc.now(silent)
		time.Sleep(65 * time.Minute)
		sum := sc.end()
		sc.saw(Fallback)
		if sum.Outcome != Never || sum.Live != 0 || (sum.Fallback-65*time.Minute).Abs() > 10*time.Second {
			t.Errorf("%+v", sum)
		}
	})
}

// A stream that comes and goes does not make the screen jump all the time.
func TestAFlappingStreamReturnsMoreAndMoreSlowly(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		from := time.Now()
		sc.now(func(n int, m *mux) []byte {
			if int(time.Since(from).Seconds())%15 >= 12 {
				return nil // three seconds of every fifteen
			}
			return m.tick(n)
		})
		time.Sleep(30 * time.Minute)
		sum := sc.end()
		if sum.Switches < 2 || sum.Switches > 5 {
			t.Errorf("%+v", sum)
		}
	})
}

func TestShortGapsAndFewLossesDoNotMatter(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		sc.now(func(n int, m *mux) []byte {
			if n%100 < 30 && n > 200 { // 1.2 s of every four
				return nil
			}
			return m.tick(n)
		})
		time.Sleep(10 * time.Minute)
		sum := sc.end()
		sc.saw(Joined, Live)
		if sum.Switches != 0 || sum.Outcome != Whole {
			t.Errorf("%+v", sum)
		}
	})
}

// The stream is good, and the player cannot show it: never a black screen for
// longer than the bound, and slower and slower attempts.
func TestAnUnshowableStream(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		sc.screen.set(func() { sc.screen.refuse = func(file string) bool { return strings.Contains(file, "://") } })
		time.Sleep(30 * time.Minute)
		sum := sc.end()
		tries := 0
		for _, e := range sc.events() {
			if e.Kind == Unshowable {
				tries++
			}
		}
		if sum.Outcome != Never || tries < 15 || tries > 30 || sum.Dark > time.Duration(tries+1)*3*time.Second {
			t.Errorf("%d attempts, %+v", tries, sum)
		}
	})
}

func TestNoFilmIsADarkScreen(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		sc.screen.set(func() { sc.screen.refuse = func(file string) bool { return file == "/film.mp4" } })
		time.Sleep(70 * time.Second)
		sc.saw(Joined, Live)
		sc.now(silent)
		time.Sleep(time.Minute)
		sc.saw(Frozen, NoFallback, Lost)
		sc.now(good)
		time.Sleep(20 * time.Second)
		sc.saw(Joined, Stable, Back)
		if sum := sc.end(); sum.Dark < 50*time.Second || sum.Fallback != 0 || sum.Outcome != Partly {
			t.Errorf("%+v", sum)
		}
	})
}

// Sound without a screen is not a picture.
func TestATelevisionThatIsOffIsNotLive(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		sc.screen.set(func() { sc.screen.dark = true })
		time.Sleep(10 * time.Minute)
		if sum := sc.end(); sum.Outcome != Never || sum.Dark < 9*time.Minute || sum.Switches != 0 {
			t.Errorf("%+v", sum)
		}
	})
}

// A new mpv is told to begin anew: the old position means nothing to a stream.
func TestANewPlayerJoinsAnew(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		time.Sleep(time.Minute)
		sc.saw(Joined, Live)
		was := sc.screen.State().Loaded
		sc.screen.set(func() { sc.screen.pid++ })
		time.Sleep(time.Second)
		sc.saw(Frozen, Back)
		if now := sc.screen.State(); now.Loaded == was || now.Position > 2*time.Second {
			t.Errorf("%+v", now)
		}
	})
}

func TestTheFilmGoesOnAndBeginsAgain(t *testing.T) {
	bubble(t, Opts{StableAfter: 5 * time.Second}, func(sc *scene) {
		sc.screen.set(func() { sc.screen.length = 20 * time.Second })
		time.Sleep(70 * time.Second)
		sc.now(silent)
		time.Sleep(12 * time.Second)
		first := sc.screen.State().Position
		sc.now(good)
		time.Sleep(80 * time.Second)
		sc.now(silent)
		time.Sleep(3 * time.Second)
		if p := sc.screen.State(); p.Loaded != "/film.mp4" || p.Position < first {
			t.Errorf("%+v after %v", p, first)
		}
		time.Sleep(10 * time.Second)
		if p := sc.screen.State(); !p.Playing || p.Position > 10*time.Second {
			t.Errorf("%+v", p)
		}
	})
}

func TestHeavyLossIsNotGood(t *testing.T) {
	bubble(t, Opts{}, func(sc *scene) {
		time.Sleep(70 * time.Second)
		sc.saw(Joined, Live)
		sc.now(func(n int, m *mux) []byte {
			if b := m.tick(n); n%4 != 0 {
				return b
			}
			return nil
		})
		time.Sleep(time.Minute)
		if e := sc.saw(Frozen, Fallback); e[0].Reason != ReasonDamaged {
			t.Errorf("%+v", e)
		}
		if sc.c.State().Lost == 0 {
			t.Error("nothing lost")
		}
		sc.now(good)
		time.Sleep(13 * time.Second)
		sc.saw(Stable, Back)
	})
}

func TestOldEventsMakeRoom(t *testing.T) {
	c := New(nil, nil, Opts{})
	for i := range mostEvents + 5 {
		c.emit(Event{For: time.Duration(i)})
	}
	if e := <-c.Events(); e.For != 5 {
		t.Errorf("oldest is %d", e.For)
	}
}

func TestTwoPartsMakeOneAccount(t *testing.T) {
	whole := Summary{Live: time.Hour, Lost: 1, LongestFreeze: 2}
	whole.judge()
	if whole.Outcome != Whole {
		t.Errorf("%+v", whole)
	}
	both := whole.Plus(Summary{Live: time.Hour, Dark: time.Minute, Lost: 2, LongestFreeze: 1})
	if both.Outcome != Whole || both.Live != 2*time.Hour || both.Lost != 3 || both.LongestFreeze != 2 {
		t.Errorf("%+v", both)
	}
	if both = both.Plus(Summary{Fallback: 2 * time.Minute}); both.Outcome != Partly {
		t.Errorf("%+v", both)
	}
	if none := (Summary{}).Plus(Summary{Fallback: time.Hour}); none.Outcome != Never {
		t.Errorf("%+v", none)
	}
}
