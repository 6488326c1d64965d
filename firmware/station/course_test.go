package station

import (
	"encoding/json"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
)

const (
	today = "daily-2000-01-01"
	noon  = 12 * time.Hour
)

var byClock = clock.Plan{Mode: clock.ByClock}

// do is for what a test looks at or changes while the room is in use.
func (r *room) do(f func()) { r.mu.Lock(); defer r.mu.Unlock(); f() }

func (r *room) dark() (dark bool) {
	r.do(func() { dark = r.lit.IsZero() && !r.loads })
	return dark
}

func (r *room) begun() (n int) {
	r.do(func() { n = len(r.started) })
	return n
}

func (r *room) supply(on bool) {
	r.do(func() {
		if r.mains = on; !on {
			r.lit = time.Time{}
		}
	})
}

// trust changes what the clock may be trusted with.
func (w *wall) trust(p clock.Plan) { w.mu.Lock(); w.plan = p; w.mu.Unlock() }

// until lets the time of the bubble pass until a time of the first day.
func until(at time.Duration) {
	time.Sleep(time.Until(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(at)))
}

// row is a lesson of three minutes on the first day.
func row(g rig, id string, at time.Duration) schedule.Entry {
	return schedule.Entry{ID: id, MakesUp: "older", Title: "补课", File: weeklyFile(g), Dates: []schedule.Date{schedule.DateOf(time.Now())}, At: at, Duration: 3 * time.Minute}
}

// TestNextLessonDoesNotWaitForTheCoolDownOfTheOneBefore: a receiver that is always
// on, a lamp that the guard keeps, and no time between two lessons.
func TestNextLessonDoesNotWaitForTheCoolDownOfTheOneBefore(t *testing.T) {
	for name, tt := range map[string]struct {
		always, held bool
		next         time.Duration
	}{
		"a receiver is always on":   {always: true, next: noon + 10*time.Minute},
		"the guard keeps the lamp":  {held: true, next: noon + 10*time.Minute},
		"one right after the other": {next: noon + 3*time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l, _, begin := dayRig(t, byClock)
				r.always, r.held = tt.always, tt.held
				g := begin()
				g.show.ask(kindMakeUp, row(g, "second", tt.next))
				until(tt.next + 3*time.Second)
				if n := r.begun(); n != 2 {
					t.Errorf("%d films begun when the second is due", n)
				}
				until(tt.next + 6*time.Minute)
				if g.show.busy() != tt.held {
					t.Errorf("busy: %v", g.show.busy())
				}
				g.stop()
				if got := causes(t, l); got[today] != lesson.CausePlayed || got["second"] != lesson.CausePlayed {
					t.Errorf("records %v", got)
				}
			})
		})
	}
}

// TestClockSetAfterTheLesson: back lights nothing again, also over a restart;
// forward takes no last words and no mains before their time.
func TestClockSetAfterTheLesson(t *testing.T) {
	for name, tt := range map[string]struct {
		jump    time.Duration
		restart bool
		closing bool
	}{
		"back":                 {-2 * time.Hour, false, true},
		"back and a restart":   {-2 * time.Hour, true, false},
		"forward by two hours": {2 * time.Hour, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l, w, begin := dayRig(t, byClock)
				g := begin()
				until(noon + 3*time.Minute + 2*time.Second)
				w.jump(tt.jump)
				if tt.restart {
					g.stop()
					g = begin()
				}
				time.Sleep(3 * time.Second)
				if _, phase, _ := g.show.glance(); (phase == lesson.Closing) != tt.closing {
					t.Errorf("phase %q", phase)
				}
				time.Sleep(time.Minute)
				if !r.dark() || g.show.busy() {
					t.Error("something is on a minute later")
				}
				g.stop()
				if got := causes(t, l); got[today] != lesson.CausePlayed {
					t.Errorf("records %v", got)
				}
			})
		})
	}
}

// TestRelativeShowingSurvivesARestart: in the middle of the film, when nothing new
// may begin any more; and the next start of the program does not show another.
func TestRelativeShowingSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, w, begin := dayRig(t, clock.Plan{Mode: clock.ByRelative, Start: 2 * time.Minute})
		g := begin()
		time.Sleep(3 * time.Minute)
		g.stop()
		w.trust(clock.Plan{Mode: clock.ByWaiting})
		g = begin()
		time.Sleep(time.Minute)
		if st := r.State(); !st.Playing {
			t.Error("the film does not go on")
		}
		time.Sleep(3 * time.Minute)
		g.stop()
		if n := result(t, l); n.Cause != lesson.CausePlayed || !n.Relative {
			t.Errorf("result %+v", n)
		}
		w.trust(clock.Plan{Mode: clock.ByRelative, Start: w.Mono() + 30*time.Second})
		g = begin()
		time.Sleep(2 * time.Minute)
		g.stop()
		if r.begun() != 1 || !r.dark() {
			t.Errorf("begun %d times", r.begun())
		}
	})
}

// searched counts how often a calendar is asked for more than a month.
type searched struct {
	calendar
	n *atomic.Int64
}

func (c searched) Between(from, to time.Time) []firmware.Occasion {
	if to.Sub(from) > 31*24*time.Hour {
		c.n.Add(1)
	}
	return c.calendar.Between(from, to)
}

// TestRelativeShowingStaysWhenItsOwnTimePasses on the clock that is not trusted.
func TestRelativeShowingStaysWhenItsOwnTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _, begin := dayRig(t, clock.Plan{Mode: clock.ByRelative, Start: 13 * time.Minute})
		g := begin()
		until(noon + 7*time.Minute)
		g.stop()
		if got := causes(t, l); len(got) != 1 || got[today] != lesson.CausePlayed {
			t.Errorf("records %v", got)
		}
		var n atomic.Int64
		s := g.show
		s.cal = searched{newAgenda(schedule.New(nil, time.UTC)), &n}
		s.restore(time.Now())
		for range 300 {
			time.Sleep(100 * time.Millisecond)
			s.current(time.Now())
		}
		if n.Load() > 5 {
			t.Errorf("searched %d times in half a minute", n.Load())
		}
	})
}

// known is a record of a station that was there.
func known(at time.Time) firmware.Record {
	return firmware.Record{Wall: at, Kind: firmware.KindBoot}
}

// TestMissedWhileTheTimeWasNotKnown is on record as soon as it is known.
func TestMissedWhileTheTimeWasNotKnown(t *testing.T) {
	waiting := clock.Plan{Mode: clock.ByWaiting}
	for name, tt := range map[string]struct {
		before []firmware.Record
		first  clock.Plan // for the first day
	}{
		"a new station":                 {nil, waiting},
		"a station that knew it before": {[]firmware.Record{known(time.Date(1999, 12, 31, 20, 0, 0, 0, time.UTC))}, waiting},
		"it was lost in between":        {nil, byClock},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, l, w, begin := dayRig(t, tt.first)
				l.records = tt.before
				g := begin()
				until(24 * time.Hour)
				w.trust(waiting)
				until(2 * 24 * time.Hour)
				if n := len(causes(t, l)); n > 1 {
					t.Errorf("%d records before the time is known", n)
				}
				w.trust(byClock)
				time.Sleep(time.Minute)
				g.stop()
				got := causes(t, l)
				for _, day := range []string{"01", "02"} {
					if want := lesson.CauseMissed; got["daily-2000-01-"+day] != want && day != "01" || got["daily-2000-01-"+day] == "" {
						t.Errorf("day %s: %q", day, got["daily-2000-01-"+day])
					}
				}
				if len(got) != 2 {
					t.Errorf("records %v", got)
				}
			})
		})
	}
}

// TestClockThatLiedGivesTheLessonBack: what was given up by a clock that was a day
// ahead is shown at its time when the clock is right again.
func TestClockThatLiedGivesTheLessonBack(t *testing.T) {
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r, l, w, begin := dayRig(t, byClock)
			g := begin()
			time.Sleep(time.Minute)
			w.jump(24 * time.Hour)
			time.Sleep(time.Minute)
			if got := causes(t, l); got[today] != lesson.CauseMissed {
				t.Errorf("by the wrong clock %v", got)
			}
			w.jump(-24 * time.Hour)
			if restart {
				time.Sleep(time.Minute)
				g.stop()
				for i := range l.records { // the ledger's clock did not lie
					if l.records[i].Kind == firmware.KindLesson {
						l.records[i].Wall = l.records[i].Wall.Add(24 * time.Hour)
					}
				}
				g = begin()
			}
			until(noon + 10*time.Minute)
			g.stop()
			var got []string
			for _, rec := range l.list(firmware.KindLesson) {
				var n resultNote
				if err := json.Unmarshal(rec.Data, &n); err != nil || rec.Lesson != today {
					t.Errorf("record %+v: %v", rec, err)
				}
				got = append(got, n.Cause)
			}
			if !slices.Equal(got, []string{lesson.CauseMissed, lesson.CausePlayed}) || r.begun() != 1 {
				t.Errorf("restart %v: records %v, begun %d times", restart, got, r.begun())
			}
		})
	}
}

// TestOnlyWhatTheStationSleptThroughIsMissed: a row that is new on an old station,
// and a station that is new itself, have missed nothing.
func TestOnlyWhatTheStationSleptThroughIsMissed(t *testing.T) {
	day := 24 * time.Hour
	for name, tt := range map[string]struct {
		boots []time.Duration // records, before the program starts
		phase time.Duration   // a ready check of the lesson of the day before
		want  int
	}{
		"a row is added":                        {[]time.Duration{40 * day, time.Minute}, 0, 0},
		"a new station, by its build time":      {nil, 0, 0},
		"off for three days":                    {[]time.Duration{40 * day, 3 * day}, 0, 3},
		"switched off while the lesson waited":  {[]time.Duration{40 * day}, day - 15*time.Minute, 1},
		"off since longer than anybody asks of": {[]time.Duration{100 * day}, 0, 62},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, l, _, begin := dayRig(t, byClock)
				l.records = nil
				for _, ago := range tt.boots {
					l.records = append(l.records, known(time.Now().Add(-ago)))
				}
				if tt.phase > 0 {
					raw, _ := json.Marshal(phaseNote{Phase: lesson.RollCall})
					l.records = append(l.records, firmware.Record{Wall: time.Now().Add(-tt.phase), Kind: firmware.KindPhase, Lesson: "daily-1999-12-31", Data: raw})
				}
				g := begin()
				time.Sleep(time.Minute)
				g.stop()
				if got := causes(t, l); len(got) != tt.want {
					t.Errorf("%d records: %v", len(got), got)
				}
			})
		})
	}
}

// TestFirstMetTooLate: a station that comes up, or a clock that leaps, into the slot
// of a lesson after its late limit shows nothing, and says missed, not that
// something was broken.
func TestFirstMetTooLate(t *testing.T) {
	for _, tt := range []struct {
		late  time.Duration // the limit is five minutes
		want  string
		begun int
	}{
		{4 * time.Minute, lesson.CausePlayed, 1},
		{6 * time.Minute, lesson.CauseMissed, 0},
	} {
		for _, leap := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				r, l, w, begin := dayRig(t, byClock)
				if !leap {
					until(noon + tt.late)
				}
				g := begin()
				time.Sleep(time.Second)
				if leap {
					w.jump(10*time.Minute + tt.late)
				}
				time.Sleep(10 * time.Minute)
				g.stop()
				if got := causes(t, l); got[today] != tt.want || r.begun() != tt.begun {
					t.Errorf("%v late by a leap %v: records %v, begun %d times", tt.late, leap, got, r.begun())
				}
			})
		}
	}
}

// TestOutageAfterACutInMidLesson: the lesson that was cut and every one after it
// have their record.
func TestOutageAfterACutInMidLesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, _, begin := dayRig(t, byClock)
		g := begin()
		until(noon + time.Minute)
		g.stop()
		r.supply(false)
		time.Sleep(3 * 24 * time.Hour)
		r.supply(true)
		g = begin()
		time.Sleep(10 * time.Second)
		g.stop()
		got := causes(t, l)
		if len(got) != 3 || got[today] == "" || got["daily-2000-01-02"] != lesson.CauseMissed || got["daily-2000-01-03"] != lesson.CauseMissed {
			t.Errorf("records %v", got)
		}
	})
}

// TestMissedMakeUpIsShownWhenItIsAcceptedAgain: it comes under the same ID.
func TestMissedMakeUpIsShownWhenItIsAcceptedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, _, begin := dayRig(t, byClock)
		r.mains = false
		g := begin()
		g.show.ask(kindMakeUp, row(g, "older-makeup", noon-8*time.Minute))
		until(noon - 2*time.Minute)
		r.supply(true)
		g.show.ask(kindMakeUp, row(g, "older-makeup", noon+6*time.Minute))
		until(noon + 10*time.Minute)
		g.stop()
		var got []string
		for _, rec := range l.list(firmware.KindLesson) {
			var n resultNote
			if err := json.Unmarshal(rec.Data, &n); err != nil {
				t.Fatal(err)
			}
			got = append(got, rec.Lesson+" "+n.Cause)
		}
		if len(got) != 3 || got[0] != "older-makeup "+lesson.CauseNoMains || got[2] != "older-makeup "+lesson.CausePlayed {
			t.Errorf("records %q", got)
		}
	})
}

// TestRequestEndsWhenTheClockIsSetBack to before it was made: two hours of storm
// would become four.
func TestRequestEndsWhenTheClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, w, begin := dayRig(t, byClock)
		g := begin()
		g.show.ask(kindStorm, untilNote{Until: w.now().Add(2 * time.Hour)})
		g.show.ask(kindExercise, untilNote{Until: w.now().Add(20 * time.Minute)})
		time.Sleep(time.Second)
		w.jump(-2 * time.Hour)
		g.stop()
		now := w.now()
		if m := g.show.mem; m.storm.holds(now) || m.exercise.holds(now) || !m.storm.holds(now.Add(3*time.Hour)) {
			t.Errorf("storm %v, exercise %v at %v", m.storm, m.exercise, now)
		}
	})
}

// TestLastWordsAreShown is what the real programs showed: the end is noted some
// microseconds after its round began, and was taken for a moment of the future, so
// that the last words were cut.
func TestLastWordsAreShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, w, begin := dayRig(t, clock.Plan{Mode: clock.ByClock})
		w.hurry = 10 * time.Microsecond
		g := begin()
		time.Sleep(2*time.Hour + 6*time.Minute)
		g.stop()
		var closing, cool time.Time
		for _, r := range l.list(firmware.KindPhase) {
			var n phaseNote
			if json.Unmarshal(r.Data, &n) != nil {
				t.Fatal(r)
			}
			switch n.Phase {
			case lesson.Closing:
				closing = r.Wall
			case lesson.CoolDown:
				cool = r.Wall
			}
		}
		if d := cool.Sub(closing); closing.IsZero() || d < 7*time.Second || d > 9*time.Second {
			t.Errorf("last words for %v", d)
		}
	})
}
