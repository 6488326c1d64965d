package lesson_test

import (
	"testing"
	"time"

	"stationbox/firmware/lesson"
	"stationbox/hal"
)

// prepared is a station that is ready for a lesson.
func prepared() lesson.ReadyFacts {
	return lesson.ReadyFacts{GuardKnown: true, MainsGood: lesson.Yes, Lit: true,
		Screens: []lesson.ReadyScreen{{Name: "tv", State: hal.DisplayStandby}, {Name: "projector", State: hal.DisplayOn}},
		Film:    lesson.Film{There: true, Complete: lesson.Yes, Readable: lesson.Yes, Same: lesson.Yes, Playable: lesson.Yes, Length: 44 * time.Minute},
		Player:  lesson.Yes, Sound: lesson.Yes, Clock: lesson.Yes, Disk: lesson.Yes, Members: 30, Panel: lesson.Yes}
}

// wrong lists the checks that were not answered with yes.
func wrong(list []lesson.Check) map[string]string {
	out := map[string]string{}
	for _, c := range list {
		if !c.OK {
			out[c.Name] = c.Cause
		}
	}
	return out
}

func TestReady(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*lesson.ReadyFacts)
		thing   string
		cause   string
		dayToo  bool // the round of the day before finds it as well
		unasked bool // the day before does not even ask
	}{
		{"no guard", func(f *lesson.ReadyFacts) { f.GuardKnown = false }, "power", "lesson.cause.no_guard", true, false},
		{"locked out", func(f *lesson.ReadyFacts) { f.GuardFault = "guard.cause.lockout" }, "power", "guard.cause.lockout", true, false},
		{"no mains", func(f *lesson.ReadyFacts) { f.MainsGood = lesson.No }, "power", "lesson.cause.no_mains", true, false},
		{"mains not measured", func(f *lesson.ReadyFacts) { f.MainsGood = lesson.Unasked }, "power", "lesson.cause.no_mains", false, false},
		{"mute TV", func(f *lesson.ReadyFacts) { f.Lit, f.Screens[0].State = false, hal.DisplayUnknown }, "tv", "ready.cause.display_unknown", false, true},
		{"mute TV under power", func(f *lesson.ReadyFacts) { f.Screens[0].State = hal.DisplayUnknown }, "tv", "ready.cause.display_unknown", true, false},
		{"broken projector", func(f *lesson.ReadyFacts) { f.Screens[1].State = hal.DisplayFault }, "projector", "ready.cause.display_fault", true, false},
		{"projector without power", func(f *lesson.ReadyFacts) { f.Lit, f.Screens[1].State = false, hal.DisplayOff }, "projector", "ready.cause.display_off", false, true},
		{"no film", func(f *lesson.ReadyFacts) { f.Film = lesson.Film{} }, "film", "lesson.cause.no_file", true, false},
		{"half a film", func(f *lesson.ReadyFacts) { f.Film.Complete = lesson.No }, "film", "ready.cause.film_part", true, false},
		{"a film on a bad block", func(f *lesson.ReadyFacts) { f.Film.Readable = lesson.No }, "film", "ready.cause.film_bad", true, false},
		{"a changed film", func(f *lesson.ReadyFacts) { f.Film.Same = lesson.No }, "film", "ready.cause.film_other", true, false},
		{"a film that the board cannot show", func(f *lesson.ReadyFacts) { f.Film.Playable = lesson.No }, "film", "ready.cause.film_hard", true, false},
		{"a film longer than its slot", func(f *lesson.ReadyFacts) { f.Film.Length = 46 * time.Minute }, "film", "ready.cause.film_long", true, false},
		{"no player", func(f *lesson.ReadyFacts) { f.Player = lesson.No }, "player", "lesson.cause.no_player", true, false},
		{"no sound", func(f *lesson.ReadyFacts) { f.Sound = lesson.No }, "sound", "ready.cause.sound", true, false},
		{"no time", func(f *lesson.ReadyFacts) { f.Clock = lesson.No }, "clock", "ready.cause.clock", true, false},
		{"full", func(f *lesson.ReadyFacts) { f.Disk = lesson.No }, "disk", "ready.cause.disk", true, false},
		{"nobody on the roll", func(f *lesson.ReadyFacts) { f.Members = 0 }, "roll", "ready.cause.roll", true, false},
		{"dead buttons", func(f *lesson.ReadyFacts) { f.Panel = lesson.No }, "roll", "ready.cause.panel", true, false},
		{"dish away", func(f *lesson.ReadyFacts) { f.Dish, f.Film = lesson.No, lesson.Film{} }, "dish", "ready.cause.dish", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := prepared()
			tt.change(&f)
			occ := occ
			if tt.thing == "dish" {
				occ.Live.Source = "udp://239.1.2.3:5004"
			}
			soon := lesson.Ready(lesson.Soon, occ, times, f)
			if got := wrong(soon); len(got) != 1 || got[tt.thing] != tt.cause || lesson.AllOK(soon) {
				t.Errorf("half an hour before: %v, want only %s: %s", got, tt.thing, tt.cause)
			}
			day := lesson.Ready(lesson.DayBefore, occ, times, f)
			if got := wrong(day)[tt.thing]; (got == tt.cause) != tt.dayToo || !tt.dayToo && got != "" {
				t.Errorf("a day before: %q, found %v", got, tt.dayToo)
			}
			for _, c := range day {
				if c.Name == tt.thing && tt.unasked {
					t.Errorf("asked %s a day before", c.Name)
				}
			}
		})
	}
}

func TestReadyWhenAllIsWell(t *testing.T) {
	f := prepared()
	for _, which := range []lesson.Round{lesson.DayBefore, lesson.Soon} {
		list := lesson.Ready(which, occ, times, f)
		if !lesson.AllOK(list) || len(list) != 9 {
			t.Errorf("%s: %+v", which, list)
		}
	}
	// What cannot be told yet is no "no" and is not said to be well.
	f.Lit, f.Player, f.Sound, f.Film.Readable, f.Film.Playable, f.Dish = false, lesson.Unasked, lesson.Unasked, lesson.Unasked, lesson.Unasked, lesson.Unasked
	list := lesson.Ready(lesson.DayBefore, occ, times, f)
	if !lesson.AllOK(list) || len(list) != 5 {
		t.Errorf("half known: %+v", list)
	}
	// A live lesson needs no film, but the one that it falls back to.
	news := occ
	news.Live.Source = "udp://239.1.2.3:5004"
	f.Film = lesson.Film{}
	if list := lesson.Ready(lesson.Soon, news, times, f); len(wrong(list)) != 0 {
		t.Errorf("live without a film: %v", wrong(list))
	}
	news.File = "fallback.mp4"
	if got := wrong(lesson.Ready(lesson.Soon, news, times, f)); len(got) != 1 || got["film"] != lesson.CauseNoFile {
		t.Errorf("live whose fallback is gone: %v", got)
	}
	f.Film = lesson.Film{There: true, Length: 5 * time.Hour}
	if got := wrong(lesson.Ready(lesson.Soon, news, times, f)); len(got) != 0 {
		t.Errorf("live with a long fallback: %v", got)
	}
}

func TestDue(t *testing.T) {
	tests := []struct {
		name string
		left time.Duration
		h    lesson.History
		want lesson.Round
	}{
		{"two days before", 48 * time.Hour, lesson.History{}, ""},
		{"a day before", 24 * time.Hour, lesson.History{}, lesson.DayBefore},
		{"a day before, done", 24 * time.Hour, lesson.History{CheckedDay: true}, ""},
		{"switched on five hours before", 5 * time.Hour, lesson.History{}, lesson.DayBefore},
		{"half an hour before", 30 * time.Minute, lesson.History{CheckedDay: true}, lesson.Soon},
		{"switched on five minutes before", 5 * time.Minute, lesson.History{}, lesson.Soon},
		{"both done", 5 * time.Minute, lesson.History{CheckedDay: true, CheckedSoon: true}, ""},
		{"at the start", 0, lesson.History{}, ""},
		{"under way", -time.Minute, lesson.History{Started: true}, ""},
		{"called off", time.Hour, lesson.History{Ended: true}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := lesson.Due(start.Add(-tt.left), occ, times, tt.h)
			if ok != (tt.want != "") || ok && got != tt.want {
				t.Errorf("got %q %v, want %q", got, ok, tt.want)
			}
		})
	}
}

// TestDecideSaysWhy: what ends a lesson is what was in its way.
func TestDecideSaysWhy(t *testing.T) {
	begun := lesson.History{RollOpened: true, Started: true, StartedAt: start}
	late, last := start.Add(16*time.Minute), start.Add(46*time.Minute)
	tests := []struct {
		name string
		at   time.Time
		h    lesson.History
		f    func(*lesson.Facts)
		want string
	}{
		{"storm at the start", late, lesson.History{}, func(f *lesson.Facts) { f.Retreat, f.MainsGood = true, false }, lesson.CauseStorm},
		{"storm in mid-lesson", last, begun, func(f *lesson.Facts) { f.Retreat, f.MainsGood = true, false }, lesson.CauseStorm},
		{"no guard in mid-lesson", last, begun, func(f *lesson.Facts) { f.GuardKnown = false }, lesson.CauseNoGuard},
		{"no screen in mid-lesson", last, begun, func(f *lesson.Facts) { f.Displays = []hal.DisplayState{hal.DisplayFault, hal.DisplayStandby} }, lesson.CauseNoScreen},
		{"a film without an end", last, begun, func(*lesson.Facts) {}, lesson.CauseCut},
		{"somebody ends it", start.Add(time.Minute), begun, func(f *lesson.Facts) { f.Stopped = true }, lesson.CauseStopped},
		{"somebody calls it off", start.Add(-time.Minute), lesson.History{}, func(f *lesson.Facts) { f.Stopped = true }, lesson.CauseStopped},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := well()
			tt.f(&f)
			got := lesson.Decide(tt.at, occ, times, tt.h, f)
			if got.End != tt.want {
				t.Errorf("ended by %q, want %q", got.End, tt.want)
			}
			if got.End == lesson.CauseStopped && (got.Run || got.Displays != tt.h.Started) {
				t.Errorf("stopped: %+v", got)
			}
		})
	}
}
