package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/schedule"
)

func makeUpVillage(t testing.TB, more ...schedule.Entry) *schedule.Schedule {
	return schedule.New(append([]schedule.Entry{
		{ID: "party", Title: "党课", File: "p.mp4", Days: []time.Weekday{time.Monday}, At: hm(19, 30), Duration: 45 * time.Minute},
	}, more...), zone(t, "Asia/Shanghai")).WithHolidays(schedule.China())
}

func TestMakeUps(t *testing.T) {
	daily := func(at, length time.Duration) schedule.Entry {
		return schedule.Entry{ID: "daily", File: "d.mp4", Days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, At: at, Duration: length}
	}
	missed := result(t, "party-2026-09-21", "2026-09-21 19:30:00", "no_mains", 0)
	tests := []struct {
		name    string
		s       *schedule.Schedule
		results []schedule.Result
		now     string
		opts    schedule.MakeUpOpts
		want    string // start, "none", or "" for no proposal
	}{
		{"its own weekday is taken, so the next day at its time", makeUpVillage(t), []schedule.Result{missed}, "2026-09-22 08:00:00", schedule.MakeUpOpts{}, "09-22 19:30"},
		{"not with too little notice", makeUpVillage(t), []schedule.Result{missed}, "2026-09-22 18:00:00", schedule.MakeUpOpts{}, "09-23 19:30"},
		{"holidays are passed over", makeUpVillage(t), []schedule.Result{missed}, "2026-09-24 20:00:00", schedule.MakeUpOpts{}, "09-29 19:30"},
		{"holidays are allowed", makeUpVillage(t), []schedule.Result{missed}, "2026-09-24 20:00:00", schedule.MakeUpOpts{OnHolidays: true}, "09-25 19:30"},
		{"its time is always taken: the first free half hour", makeUpVillage(t, daily(hm(19, 30), time.Hour)), []schedule.Result{missed}, "2026-09-22 05:00:00", schedule.MakeUpOpts{}, "09-22 08:00"},
		{"beside another lesson with its gap", makeUpVillage(t, daily(hm(8, 0), 11*time.Hour+30*time.Minute)), []schedule.Result{missed}, "2026-09-22 05:00:00", schedule.MakeUpOpts{}, "09-22 20:00"},
		{"no place at all", makeUpVillage(t, daily(hm(8, 0), 12*time.Hour)), []schedule.Result{missed}, "2026-09-22 05:00:00", schedule.MakeUpOpts{Until: hm(20, 0)}, "none"},
		{"in the next month when this one has no place", makeUpVillage(t, schedule.Entry{ID: "week", Dates: []schedule.Date{date(t, "2026-09-29"), date(t, "2026-09-30")}, At: hm(8, 0), Duration: 12 * time.Hour}), []schedule.Result{missed},
			"2026-09-28 21:00:00", schedule.MakeUpOpts{Until: hm(20, 30)}, "10-08 19:30"},
		{"played", makeUpVillage(t), []schedule.Result{result(t, "party-2026-09-21", "2026-09-21 19:30:00", "played", time.Hour)}, "2026-09-22 08:00:00", schedule.MakeUpOpts{}, ""},
		{"made up for already", makeUpVillage(t), []schedule.Result{missed, result(t, "party-2026-09-21-makeup", "2026-09-22 19:30:00", "played", time.Hour)}, "2026-09-23 08:00:00", schedule.MakeUpOpts{}, ""},
		{"long ago", makeUpVillage(t), []schedule.Result{missed}, "2026-11-22 08:00:00", schedule.MakeUpOpts{}, ""},
		{"an emergency", makeUpVillage(t), []schedule.Result{{ID: "emergency-7", File: "e.mp4", Scheduled: missed.Scheduled, Cause: "lesson.cause.cut"}}, "2026-09-22 08:00:00", schedule.MakeUpOpts{}, ""},
		{"a row that is gone, with its file", makeUpVillage(t), []schedule.Result{{ID: "old-2026-09-19", File: "o.mp4", Scheduled: at(t, "2026-09-19 09:00:00"), Cause: "lesson.cause.cut"}}, "2026-09-22 18:00:00", schedule.MakeUpOpts{}, "09-26 09:00"},
	}
	news := schedule.Entry{ID: "news", Title: "直播", File: "fallback.mp4", Days: []time.Weekday{time.Monday}, At: hm(15, 0), Duration: time.Hour, Kind: schedule.KindLive, Live: firmware.Live{Source: "udp://239.1.2.3:5004"}}
	lost := result(t, "news-2026-09-21", "2026-09-21 15:00:00", "live_partly", 30*time.Minute)
	lost.File = ""
	tests = append(tests, tests[0])
	tests[len(tests)-1].name, tests[len(tests)-1].s = "a live lesson of which nothing was kept", makeUpVillage(t, news)
	tests[len(tests)-1].results, tests[len(tests)-1].want = []schedule.Result{lost}, ""
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "a row that is gone, with its file" {
				tt.opts.OnHolidays = true
			}
			got := "none"
			list := tt.s.MakeUps(tt.results, at(t, tt.now), tt.opts)
			if len(list) == 0 {
				got = ""
			} else if !list[0].Start.IsZero() {
				got = list[0].Start.Format("01-02 15:04")
			}
			if got != tt.want || len(list) > 1 {
				t.Errorf("got %q, want %q: %+v", got, tt.want, list)
			}
			if len(list) > 0 && (list[0].Cause != tt.results[0].Cause || list[0].ID != tt.results[0].ID+"-makeup" || list[0].Of != tt.results[0].ID) {
				t.Errorf("got %+v", list[0])
			}
		})
	}
}

// Accepted, the make-up is an occasion under its own stable ID, is not proposed
// again, and when it is missed too it is proposed under the same ID.
func TestMakeUpAccepted(t *testing.T) {
	s := makeUpVillage(t)
	missed := result(t, "party-2026-11-23", "2026-11-23 19:30:00", "no_screen", 0)
	list := s.MakeUps([]schedule.Result{missed}, at(t, "2026-11-24 08:00:00"), schedule.MakeUpOpts{})
	if len(list) != 1 || list[0].Duration != 45*time.Minute || list[0].Title != "党课" {
		t.Fatalf("got %+v", list)
	}
	accepted := s.With(list[0].Row())
	o, ok := accepted.Due(at(t, "2026-11-24 19:40:00"))
	if !ok || o.ID != "party-2026-11-23-makeup" || o.File != "p.mp4" {
		t.Errorf("due is %+v", o)
	}
	if again := accepted.MakeUps([]schedule.Result{missed}, at(t, "2026-11-24 09:00:00"), schedule.MakeUpOpts{}); len(again) != 0 {
		t.Errorf("proposed again: %+v", again)
	}
	missedToo := result(t, "party-2026-11-23-makeup", "2026-11-24 19:30:00", "no_mains", 0)
	again := accepted.MakeUps([]schedule.Result{missed, missedToo}, at(t, "2026-11-25 08:00:00"), schedule.MakeUpOpts{})
	if len(again) != 1 || again[0].ID != "party-2026-11-23-makeup" || again[0].Of != "party-2026-11-23" || again[0].Cause != "lesson.cause.no_mains" {
		t.Fatalf("got %+v", again)
	}
	if o, _ := accepted.With(again[0].Row()).Next(at(t, "2026-11-25 08:00:00")); o.ID != "party-2026-11-23-makeup" || len(accepted.With(again[0].Row()).Entries()) != 2 {
		t.Errorf("the new time does not take the place of the old: %+v", o)
	}
}

// What was kept of a live lesson is shown again as a film.
func TestMakeUpOfLive(t *testing.T) {
	news := schedule.Entry{ID: "news", Title: "直播", File: "fallback.mp4", Days: []time.Weekday{time.Monday}, At: hm(15, 0), Duration: time.Hour, Kind: schedule.KindLive, Live: firmware.Live{Source: "udp://239.1.2.3:5004", Record: true}}
	s := makeUpVillage(t, news)
	cut := result(t, "news-2026-11-23", "2026-11-23 15:00:00", "live_partly", 20*time.Minute)
	cut.File = "/lessons/recorded/news-2026-11-23.mkv"
	list := s.MakeUps([]schedule.Result{cut}, at(t, "2026-11-24 08:00:00"), schedule.MakeUpOpts{})
	if len(list) != 1 {
		t.Fatalf("got %+v", list)
	}
	if row := list[0].Row(); row.File != cut.File || row.Kind != schedule.KindStudy || row.Live != (firmware.Live{}) {
		t.Errorf("its row is %+v", row)
	}
}

// Whatever was missed: proposals lie in the window, not on holidays, and run
// into neither each other nor the calendar.
func TestMakeUpsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []schedule.Entry
		for i := range rapid.IntRange(1, 5).Draw(t, "rows") {
			rows = append(rows, drawEntry(t, fmt.Sprintf("r%d", i)))
		}
		z, _ := time.LoadLocation("Asia/Shanghai")
		s := schedule.New(rows, z).WithHolidays(schedule.China())
		now := time.Date(2026, 9, 20, rapid.IntRange(0, 23).Draw(t, "hour"), 0, 0, 0, z).AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, "day"))
		var results []schedule.Result
		for _, o := range s.Between(now.AddDate(0, 0, -25), now) {
			results = append(results, schedule.Result{ID: o.ID, File: "kept.mkv", Scheduled: o.Start, Cause: "lesson.cause.no_mains"})
		}
		list := s.MakeUps(results, now, schedule.MakeUpOpts{})
		if len(list) != min(len(results), 20) {
			t.Fatalf("%d proposals for %d misses", len(list), len(results))
		}
		for _, p := range list {
			if !p.Start.IsZero() {
				s = s.With(p.Row())
			}
		}
		for _, p := range list {
			if p.Start.IsZero() {
				continue
			}
			from, to := p.Start, p.Start.Add(p.Duration)
			if v, ok := schedule.China().On(schedule.DateOf(from)); ok && !v.Work || from.Before(now.Add(2*time.Hour)) || from.Hour() < 8 || schedule.DateOf(to) != schedule.DateOf(from) || to.Hour()*60+to.Minute() > 22*60 {
				t.Fatalf("a bad time: %+v", p)
			}
			for _, o := range s.Between(from.Add(-12*time.Hour), to) {
				if o.ID != p.ID && o.Start.Before(to) && from.Before(o.Start.Add(max(o.Duration, time.Second))) {
					t.Fatalf("%+v runs into %+v", p, o)
				}
			}
		}
	})
}
