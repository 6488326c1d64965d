package lesson_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
	"stationbox/hal"
)

var (
	start = time.Date(2026, 11, 23, 19, 30, 0, 0, time.FixedZone("CST", 8*3600))
	occ   = firmware.Occasion{ID: "party-2026-11-23", Start: start, Duration: 30 * time.Minute}
	times = lesson.Times{Ready: 30 * time.Minute, Bell: 5 * time.Minute, WarmUp: 75 * time.Second,
		LateLimit: 15 * time.Minute, Preload: 10 * time.Second, Closing: 8 * time.Second}
)

// well is an equipment without a fault, displays on, film loaded.
func well() lesson.Facts {
	return lesson.Facts{GuardKnown: true, MainsGood: true, Displays: []hal.DisplayState{hal.DisplayOn, hal.DisplayOn},
		FileOK: true, PlayerUp: true, Loaded: true, Length: 30 * time.Minute}
}

func TestDecide(t *testing.T) {
	begun := lesson.History{RollOpened: true, Started: true, StartedAt: start}
	tests := []struct {
		name string
		at   time.Duration // from the start
		h    lesson.History
		f    func(*lesson.Facts)
		want lesson.Orders
	}{
		{"an hour before", -time.Hour, lesson.History{}, nil, lesson.Orders{Phase: lesson.Idle}},
		{"ready check", -30 * time.Minute, lesson.History{}, nil, lesson.Orders{Phase: lesson.ReadyCheck, Power: true}},
		{"bell before warm-up", -5 * time.Minute, lesson.History{}, nil, lesson.Orders{Phase: lesson.RollCall, Power: true, Roll: true, Ring: true}},
		{"warm-up during the roll", -75 * time.Second, lesson.History{RollOpened: true}, nil, lesson.Orders{Phase: lesson.RollCall, Power: true, Displays: true, Roll: true, Ring: true}},
		{"preload", -10 * time.Second, lesson.History{RollOpened: true}, nil, lesson.Orders{Phase: lesson.RollCall, Power: true, Displays: true, Roll: true, Ring: true, Load: true}},
		{"start", 0, lesson.History{RollOpened: true}, nil, lesson.Orders{Phase: lesson.Playing, Power: true, Displays: true, Load: true, Run: true, Roll: true, Ring: true}},
		{"start without mains waits", 0, lesson.History{RollOpened: true}, func(f *lesson.Facts) { f.MainsGood = false }, lesson.Orders{Phase: lesson.RollCall, Power: true, Displays: true, Load: true, Roll: true, Ring: true}},
		{"start without mains gives up", 16 * time.Minute, lesson.History{RollOpened: true}, func(f *lesson.Facts) { f.MainsGood = false }, lesson.Orders{Phase: lesson.RollCall, Power: true, Displays: true, Roll: true, Ring: true, End: lesson.CauseNoMains}},
		{"start without guard waits", 0, lesson.History{RollOpened: true}, func(f *lesson.Facts) { f.GuardKnown = false }, lesson.Orders{Phase: lesson.RollCall, Power: true, Displays: true, Load: true, Roll: true, Ring: true}},
		{"start while both screens warm waits", time.Second, lesson.History{RollOpened: true}, func(f *lesson.Facts) {
			f.Displays = []hal.DisplayState{hal.DisplayWarming, hal.DisplayStandby}
		}, lesson.Orders{Phase: lesson.RollCall, Power: true, Displays: true, Load: true, Roll: true, Ring: true}},
		{"one screen is enough", 0, lesson.History{RollOpened: true}, func(f *lesson.Facts) { f.Displays = []hal.DisplayState{hal.DisplayUnknown, hal.DisplayOn} }, lesson.Orders{Phase: lesson.Playing, Power: true, Displays: true, Load: true, Run: true, Roll: true, Ring: true}},
		{"mute screens do not withhold the film", 0, lesson.History{RollOpened: true}, func(f *lesson.Facts) {
			f.Displays = []hal.DisplayState{hal.DisplayUnknown, hal.DisplayUnknown}
		}, lesson.Orders{Phase: lesson.Playing, Power: true, Displays: true, Load: true, Run: true, Roll: true, Ring: true}},
		{"no file ends at once", 0, lesson.History{RollOpened: true}, func(f *lesson.Facts) { f.FileOK = false }, lesson.Orders{Phase: lesson.Closing, Power: true, Roll: true, End: lesson.CauseNoFile}},
		{"station was off the whole slot", time.Hour, lesson.History{}, nil, lesson.Orders{Phase: lesson.Closing, End: lesson.CauseMissed}},
		{"mains lost in mid-lesson", 10 * time.Minute, begun, func(f *lesson.Facts) { f.MainsGood = false }, lesson.Orders{Phase: lesson.Paused, Power: true, Displays: true, Load: true, Roll: true, Ring: true}},
		{"guard lost in mid-lesson", 10 * time.Minute, begun, func(f *lesson.Facts) { f.GuardKnown = false }, lesson.Orders{Phase: lesson.Paused, Power: true, Displays: true, Load: true, Roll: true, Ring: true}},
		{"mains never comes back", 46 * time.Minute, begun, func(f *lesson.Facts) { f.MainsGood = false }, lesson.Orders{Phase: lesson.Playing, Power: true, Displays: true, Load: true, Run: true, Roll: true, Ring: true, End: lesson.CauseNoMains}},
		{"played to the end", 30 * time.Minute, begun, func(f *lesson.Facts) { f.Complete = true }, lesson.Orders{Phase: lesson.Closing, Power: true, Displays: true, Roll: true, Farewell: true, End: lesson.CausePlayed}},
		{"film cut short", 20 * time.Minute, begun, func(f *lesson.Facts) { f.Broken = true }, lesson.Orders{Phase: lesson.Closing, Power: true, Displays: true, Roll: true, Farewell: true, End: lesson.CauseCut}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := well()
			if tt.f != nil {
				tt.f(&f)
			}
			if got := lesson.Decide(start.Add(tt.at), occ, times, tt.h, f); got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// A live lesson ends by the clock and is joined however late.
func TestDecideLive(t *testing.T) {
	news := occ
	news.Live.Source = "udp://239.1.2.3:5004"
	begun := lesson.History{RollOpened: true, Started: true, StartedAt: start}
	called := lesson.History{RollOpened: true}
	playing := lesson.Orders{Phase: lesson.Playing, Power: true, Displays: true, Load: true, Run: true, Roll: true, Ring: true}
	waiting, paused, ended := playing, playing, lesson.Orders{Phase: lesson.Closing, Power: true, Displays: true, Roll: true, Farewell: true}
	waiting.Phase, waiting.Run = lesson.RollCall, false
	paused.Phase, paused.Run = lesson.Paused, false
	end := func(o lesson.Orders, cause string) lesson.Orders { o.End = cause; return o }
	gone := waiting
	gone.Load = false
	dark := func(f *lesson.Facts) { f.MainsGood = false }
	tests := []struct {
		name string
		at   time.Duration // from the start
		h    lesson.History
		f    func(*lesson.Facts)
		want lesson.Orders
	}{
		{"begins without a file", 0, called, nil, playing},
		{"is joined late", 20 * time.Minute, called, nil, playing},
		{"waits for mains", 20 * time.Minute, called, dark, waiting},
		{"waits no longer than it lasts", 30 * time.Minute, called, dark, end(gone, lesson.CauseNoMains)},
		{"is over before it could begin", 30 * time.Minute, called, nil, lesson.Orders{Phase: lesson.Closing, Power: true, Roll: true, End: lesson.CauseMissed}},
		{"pauses without mains", 10 * time.Minute, begun, dark, paused},
		{"does not end with its fallback", 10 * time.Minute, begun, func(f *lesson.Facts) { f.Complete, f.Broken = true, true }, playing},
		{"ends whole", 30 * time.Minute, begun, func(f *lesson.Facts) { f.LiveSeen, f.LiveWhole = true, true }, end(ended, lesson.CausePlayed)},
		{"ends with holes", 30 * time.Minute, begun, func(f *lesson.Facts) { f.LiveSeen = true }, end(ended, lesson.CauseLivePartly)},
		{"never came", 30 * time.Minute, begun, nil, end(ended, lesson.CauseLiveNever)},
		{"never came to a screen", 30 * time.Minute, begun, func(f *lesson.Facts) { f.Displays = []hal.DisplayState{hal.DisplayOff, hal.DisplayFault} }, end(ended, lesson.CauseNoScreen)},
		{"ends in the dark", 30 * time.Minute, begun, dark, end(ended, lesson.CauseNoMains)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := well()
			f.FileOK, f.Loaded = false, false
			if tt.f != nil {
				tt.f(&f)
			}
			if got := lesson.Decide(start.Add(tt.at), news, times, tt.h, f); got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestDecideAfterTheEnd(t *testing.T) {
	ended := start.Add(30 * time.Minute)
	h := lesson.History{RollOpened: true, Started: true, Ended: true, EndedAt: ended}
	f := well()
	if got := lesson.Decide(ended.Add(time.Second), occ, times, h, f); got.Phase != lesson.Closing || !got.Farewell || !got.Displays {
		t.Errorf("one second after the end: %+v", got)
	}
	if got := lesson.Decide(ended.Add(9*time.Second), occ, times, h, f); got != (lesson.Orders{Phase: lesson.CoolDown, Power: true}) {
		t.Errorf("nine seconds after the end, displays on: %+v", got)
	}
	if got := lesson.Decide(ended.Add(-2*time.Hour), occ, times, h, f); got != (lesson.Orders{Phase: lesson.CoolDown, Power: true}) {
		t.Errorf("the clock was set back by two hours: %+v", got)
	}
	f.Displays = []hal.DisplayState{hal.DisplayStandby, hal.DisplayCooling}
	if got := lesson.Decide(ended.Add(time.Minute), occ, times, h, f); got != (lesson.Orders{Phase: lesson.CoolDown, Power: true}) {
		t.Errorf("with one display cooling: %+v", got)
	}
	if got := lesson.Decide(ended.Add(10*time.Minute), occ, times, h, f); got != (lesson.Orders{Phase: lesson.CoolDown}) {
		t.Errorf("with a display that never comes to standby: %+v", got)
	}
	f.Displays = []hal.DisplayState{hal.DisplayStandby, hal.DisplayUnknown}
	if got := lesson.Decide(ended.Add(time.Minute), occ, times, h, f); got != (lesson.Orders{Phase: lesson.CoolDown}) {
		t.Errorf("with the displays in standby: %+v", got)
	}
	f.LoadsOff = true
	if got := lesson.Decide(ended.Add(3*time.Minute), occ, times, h, f); got != (lesson.Orders{Phase: lesson.Done}) {
		t.Errorf("with the loads off: %+v", got)
	}
}

// TestDecideNeverRunsUnseen: whatever the time, the memory and the facts, a film
// never runs without mains or guard, never before its time, and nothing is
// wanted on after the end.
func TestDecideNeverRunsUnseen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom([]hal.DisplayState{hal.DisplayUnknown, hal.DisplayOff, hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn, hal.DisplayCooling, hal.DisplayFault})
		b := func(name string) bool { return rapid.Bool().Draw(t, name) }
		f := lesson.Facts{GuardKnown: b("guard"), MainsGood: b("mains"), LoadsOff: b("off"), Displays: rapid.SliceOfN(state, 0, 2).Draw(t, "displays"),
			FileOK: b("file"), PlayerUp: b("player"), Loaded: b("loaded"), Complete: b("complete"), Broken: b("broken"), Length: 30 * time.Minute}
		at := start.Add(time.Duration(rapid.Int64Range(-3600, 7200).Draw(t, "at")) * time.Second)
		h := lesson.History{RollOpened: b("roll"), Started: b("started"), StartedAt: start, Ended: b("ended"), EndedAt: start.Add(30 * time.Minute), CooledDown: b("cooled")}
		got := lesson.Decide(at, occ, times, h, f)
		if got.Run && got.End == "" && (!f.GuardKnown || !f.MainsGood) {
			t.Fatalf("runs without proven mains: %+v", got)
		}
		if got.Run && !h.Started && at.Before(start) {
			t.Fatalf("runs before its time: %+v", got)
		}
		if got.Run && !got.Load {
			t.Fatalf("runs what is not loaded: %+v", got)
		}
		if h.Ended && (got.End != "" || got.Run || got.Roll) {
			t.Fatalf("a lesson that ended goes on: %+v", got)
		}
		if h.Ended && at.Sub(h.EndedAt) > times.Closing && (got.Displays || got.Power && at.Sub(h.EndedAt) > 6*time.Minute) {
			t.Fatalf("something is wanted on after the end: %+v", got)
		}
	})
}
