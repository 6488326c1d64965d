package station

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/lesson"
)

// told are the prompts of ready checks that were spoken.
func (r *room) told() string {
	var out []string
	r.do(func() {
		for _, s := range r.said {
			if strings.HasPrefix(s, "ready") {
				out = append(out, s)
			}
		}
	})
	return strings.Join(out, " ")
}

// rounds are the ready checks on record: lesson, round, and what was not well.
func rounds(t *testing.T, l *ledger) []string {
	t.Helper()
	var out []string
	for _, rec := range l.list(kindReady) {
		var n readyNote
		if err := json.Unmarshal(rec.Data, &n); err != nil {
			t.Fatal(err)
		}
		line := rec.Lesson + " " + string(n.Round)
		for _, it := range n.Items {
			if !it.OK {
				line += " " + it.Name + "=" + it.Cause
			}
		}
		out = append(out, line)
	}
	return out
}

// readyFaults are the standing faults of ready checks.
func readyFaults(g rig) []string {
	var out []string
	for _, f := range g.show.faults.List() {
		if item, ok := strings.CutPrefix(f.Code, readyFault); ok {
			out = append(out, item+" "+f.Args["name"])
		}
	}
	return out
}

// TestDayBeforeCheckIsSilent: no voice at night, none when all is well, none over a
// film; and it waits for the lesson that is on.
func TestDayBeforeCheckIsSilent(t *testing.T) {
	for name, tt := range map[string]struct {
		at   time.Duration // the program starts
		film bool
		want string
	}{
		"well in the morning": {9 * time.Hour, true, ""},
		"not at night":        {2 * time.Hour, false, ""},
		"not by day":          {9 * time.Hour, false, "ready-not-ok"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l, w, begin := dayRig(t, byClock)
				w.jump(tt.at - noon)
				g := begin()
				if !tt.film {
					g.stop()
					if err := os.Remove(weeklyFile(g)); err != nil {
						t.Fatal(err)
					}
					g = begin()
				}
				time.Sleep(time.Minute)
				g.stop()
				if got := rounds(t, l); len(got) != 1 || !strings.Contains(got[0], "day_before") || r.told() != tt.want {
					t.Errorf("rounds %q, said %q, want %q", got, r.told(), tt.want)
				}
			})
		})
	}
}

func TestDayBeforeCheckWaitsForTheLessonThatIsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, _, begin := dayRig(t, byClock)
		g := begin()
		until(noon + 2*time.Minute)
		if got := rounds(t, l); len(got) != 2 {
			t.Errorf("in mid-lesson: %q", got)
		}
		until(noon + 6*time.Minute)
		g.stop()
		if got := rounds(t, l); len(got) != 3 || got[2] != "daily-2000-01-02 day_before" || r.told() != "ready-ok" {
			t.Errorf("rounds %q, said %q", got, r.told())
		}
	})
}

// TestReadyCheckOfAProgramThatHasJustStarted gives everybody the time to answer.
func TestReadyCheckOfAProgramThatHasJustStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, w, begin := dayRig(t, byClock)
		w.jump(-3 * time.Hour) // the day before was due 20 h ago
		r.silent = true
		g := begin()
		time.Sleep(10 * time.Second)
		if got := rounds(t, l); len(got) != 0 {
			t.Errorf("before the guard answers: %q", got)
		}
		r.do(func() { r.silent = false })
		time.Sleep(20 * time.Second)
		g.stop()
		if got := rounds(t, l); len(got) != 1 || got[0] != today+" day_before" {
			t.Errorf("rounds %q", got)
		}
	})
}

// TestReadyFaultsAreTheLessonsOwn: another lesson's check does not clear them, and
// they end with their lesson.
func TestReadyFaultsAreTheLessonsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, w, begin := dayRig(t, byClock)
		g := begin()
		bad := row(g, "bad", noon+6*time.Minute)
		bad.File = "no-such-film.mp4"
		w.jump(-30 * time.Minute)
		g.show.ask(kindMakeUp, bad)
		time.Sleep(time.Minute)
		if got := readyFaults(g); !slices.Equal(got, []string{"film bad"}) {
			t.Errorf("a day before: %q", got)
		}
		w.jump(30 * time.Minute)
		until(noon - 30*time.Second) // the other lesson was found well
		if got := readyFaults(g); !slices.Equal(got, []string{"film bad"}) {
			t.Errorf("after the check of the other lesson: %q", got)
		}
		until(noon + 8*time.Minute)
		g.stop()
		if got := readyFaults(g); len(got) != 0 {
			t.Errorf("after the lesson: %q", got)
		}
	})
}

// TestFilmThatIsAnotherThanTheDayBefore is found half an hour ahead, once, and the
// card is not written at every round while it is looked for.
func TestFilmThatIsAnotherThanTheDayBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, w, begin := dayRig(t, byClock)
		w.jump(-30 * time.Minute)
		g := begin()
		time.Sleep(time.Minute)
		if err := os.WriteFile(weeklyFile(g), []byte("another"), 0o600); err != nil {
			t.Fatal(err)
		}
		w.jump(30 * time.Minute)
		until(noon - 30*time.Second)
		g.stop()
		want := []string{today + " day_before", today + " soon film=" + lesson.FilmOther}
		if got := rounds(t, l); !slices.Equal(got, want) {
			t.Errorf("rounds %q", got)
		}
		p := g.show.prover
		p.store()
		p.prepare(weeklyFile(g))
		if p.dirty {
			t.Error("a film that did not change is saved again")
		}
	})
}
