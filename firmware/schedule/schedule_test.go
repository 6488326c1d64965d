package schedule_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"stationbox/firmware/schedule"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func village(t testing.TB) *schedule.Schedule {
	return schedule.New([]schedule.Entry{
		{ID: "party", Title: "党课", Days: []time.Weekday{time.Monday, time.Thursday}, At: 19*time.Hour + 30*time.Minute, Duration: 45 * time.Minute},
		{ID: "night", Days: []time.Weekday{time.Sunday}, At: 23*time.Hour + 50*time.Minute, Duration: 30 * time.Minute},
		{ID: "short", Days: []time.Weekday{time.Tuesday}, At: 8 * time.Hour},
	}, zone(t, "Asia/Shanghai"))
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04:05", s, zone(t, "Asia/Shanghai"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDue(t *testing.T) {
	tests := []struct{ now, want string }{
		{"2026-11-23 19:29:59", ""},
		{"2026-11-23 19:30:00", "party-2026-11-23"},
		{"2026-11-23 20:14:59", "party-2026-11-23"},
		{"2026-11-23 20:15:00", ""},
		{"2026-11-23 00:19:59", "night-2026-11-22"}, // over midnight it keeps the day of its start
		{"2026-11-23 00:20:00", ""},
		{"2026-11-24 08:00:00", "short-2026-11-24"},
		{"2026-11-24 08:00:01", ""},
	}
	for _, tt := range tests {
		got, ok := village(t).Due(at(t, tt.now))
		if got.ID != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %q, want %q", tt.now, got.ID, tt.want)
		}
	}
}

func TestNext(t *testing.T) {
	tests := []struct{ now, want string }{
		{"2026-11-23 19:29:59", "party-2026-11-23"},
		{"2026-11-23 19:30:00", "short-2026-11-24"},
		{"2026-11-24 08:00:00", "party-2026-11-26"},
		{"2026-12-31 23:00:00", "night-2027-01-03"},
	}
	for _, tt := range tests {
		if got, _ := village(t).Next(at(t, tt.now)); got.ID != tt.want {
			t.Errorf("%s: got %q, want %q", tt.now, got.ID, tt.want)
		}
	}
	if _, ok := schedule.New(nil, nil).Next(at(t, "2026-11-23 19:30:00")); ok {
		t.Error("an empty schedule has a next occasion")
	}
}

func TestAround(t *testing.T) {
	s := village(t)
	if got := s.Around(at(t, "2026-11-23 19:00:00"), 30*time.Minute, 0); len(got) != 1 || got[0].ID != "party-2026-11-23" {
		t.Errorf("half an hour before: %v", got)
	}
	if got := s.Around(at(t, "2026-11-23 20:29:59"), 0, 15*time.Minute); len(got) != 1 {
		t.Errorf("a quarter after: %v", got)
	}
	if got := s.Around(at(t, "2026-11-23 20:30:00"), 0, 15*time.Minute); len(got) != 0 {
		t.Errorf("over: %v", got)
	}
}

// China had summer time from 1986 to 1991; the zone of another country shows
// the same at 02:30.
func TestClocksChange(t *testing.T) {
	s := schedule.New([]schedule.Entry{{ID: "x", Days: []time.Weekday{time.Sunday}, At: 2*time.Hour + 30*time.Minute, Duration: time.Hour}}, zone(t, "Europe/Berlin"))
	from := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
	spring := s.Between(from, from.AddDate(0, 0, 3))
	if len(spring) != 1 || spring[0].ID != "x-2026-03-29" {
		t.Errorf("skipped hour: %v", spring)
	}
	from = time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC)
	autumn := s.Between(from, from.AddDate(0, 0, 3))
	if len(autumn) != 1 || autumn[0].Start.UTC().Hour() != 0 {
		t.Errorf("doubled hour: want once, at the first 02:30: %v", autumn)
	}
}

// Samoa went from the 29th straight to the 31st; the lesson of the 30th is not
// held on another day under its name.
func TestDayThatWasSkipped(t *testing.T) {
	apia := zone(t, "Pacific/Apia")
	daily := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	s := schedule.New([]schedule.Entry{{ID: "x", Days: daily, At: 8 * time.Hour}}, apia)
	from := time.Date(2011, 12, 29, 0, 0, 0, 0, apia)
	got := s.Between(from, from.AddDate(0, 0, 3))
	if len(got) != 2 || got[0].ID != "x-2011-12-29" || got[1].ID != "x-2011-12-31" {
		t.Errorf("got %v", got)
	}
}

// Whatever the zone and moment: Between is the union of its halves, IDs are
// unique, and an occasion is due at its own start.
func TestProperties(t *testing.T) {
	zones := []*time.Location{zone(t, "Asia/Shanghai"), zone(t, "Europe/Berlin"), zone(t, "America/St_Johns"), zone(t, "Pacific/Apia"), zone(t, "Australia/Lord_Howe"), zone(t, "America/Havana")}
	rapid.Check(t, func(t *rapid.T) {
		entry := schedule.Entry{
			ID: "e", At: time.Duration(rapid.IntRange(0, 86399).Draw(t, "at")) * time.Second,
			Days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, Duration: time.Duration(rapid.IntRange(0, 7200).Draw(t, "duration")) * time.Second,
		}
		s := schedule.New([]schedule.Entry{entry}, rapid.SampledFrom(zones).Draw(t, "zone"))
		from := time.Unix(int64(rapid.IntRange(1.2e9, 2.2e9).Draw(t, "from")), 0)
		half := from.Add(time.Duration(rapid.IntRange(0, 20*86400).Draw(t, "half")) * time.Second)
		to := half.Add(time.Duration(rapid.IntRange(0, 20*86400).Draw(t, "rest")) * time.Second)
		all, parts := s.Between(from, to), append(s.Between(from, half), s.Between(half, to)...)
		if len(all) != len(parts) {
			t.Fatalf("%d occasions, in two halves %d", len(all), len(parts))
		}
		ids := map[string]bool{}
		for i, o := range all {
			if o.ID != parts[i].ID || ids[o.ID] {
				t.Fatalf("occasion %d: %v and %v", i, o.ID, parts[i].ID)
			}
			ids[o.ID] = true
			if due, ok := s.Due(o.Start); !ok || due.ID != o.ID {
				t.Fatalf("%s is not due at its start %s: %v", o.ID, o.Start, due)
			}
			if next, ok := s.Next(o.Start.Add(-time.Nanosecond)); !ok || next.ID != o.ID {
				t.Fatalf("%s is not next before its start: %v", o.ID, next)
			}
		}
	})
}
