package schedule_test

import (
	"testing"
	"time"

	"stationbox/firmware/schedule"
)

func result(t *testing.T, id, scheduled, cause string, played time.Duration) schedule.Result {
	return schedule.Result{ID: id, Scheduled: at(t, scheduled), Cause: "lesson.cause." + cause, PlayedMS: played.Milliseconds()}
}

func TestQuota(t *testing.T) {
	s := schedule.New([]schedule.Entry{
		{ID: "party", Days: []time.Weekday{time.Monday, time.Thursday}, At: hm(19, 30), Duration: 45 * time.Minute},
		{ID: "film", Days: []time.Weekday{time.Saturday}, At: hm(20, 0), Duration: 90 * time.Minute, Uncounted: true},
		{ID: "short", Days: []time.Weekday{time.Friday}, At: hm(8, 0), File: "short.mp4"},
	}, zone(t, "Asia/Shanghai"))
	lengths := func(file string) (time.Duration, bool) { return 20 * time.Minute, file == "short.mp4" }
	results := []schedule.Result{
		result(t, "party-2026-10-29", "2026-10-29 19:30:00", "played", 45*time.Minute), // another month
		result(t, "party-2026-11-02", "2026-11-02 19:30:00", "played", 45*time.Minute),
		result(t, "party-2026-11-02", "2026-11-02 19:30:00", "played", 45*time.Minute), // told twice
		result(t, "party-2026-11-05", "2026-11-05 19:30:00", "cut", 10*time.Minute),
		result(t, "party-2026-11-05-makeup", "2026-11-06 19:30:00", "played", 30*time.Minute),
		result(t, "film-2026-11-07", "2026-11-07 20:00:00", "played", 90*time.Minute), // no study
		result(t, "gone-2026-11-08", "2026-11-08 20:00:00", "played", 5*time.Minute),  // its row is gone
		result(t, "emergency-7", "2026-11-09 20:00:00", "played", 5*time.Minute),
	}
	got := s.Quota(results, at(t, "2026-11-23 19:40:00"), schedule.MonthlyTarget, lengths)
	want := schedule.Meter{Month: "2026-11", Target: 245 * time.Minute, Done: 90 * time.Minute,
		Planned:  155 * time.Minute, // 23rd (running), 26th, 30th, and the 27th's 20 minutes
		DaysLeft: 8}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	results = append(results, result(t, "party-2026-11-23", "2026-11-23 19:30:00", "no_mains", 0))
	if got := s.Quota(results, at(t, "2026-11-23 21:00:00"), schedule.MonthlyTarget, lengths); got.Missing != 45*time.Minute || got.Planned != 110*time.Minute {
		t.Errorf("after a miss: %+v", got)
	}
}

func TestEntryOf(t *testing.T) {
	for id, want := range map[string]string{
		"party-2026-11-23": "party", "party-2-2026-11-23-makeup": "party-2", "emergency-7": "emergency-7", "": "", "-2026-11-23": "-2026-11-23",
	} {
		if got := schedule.EntryOf(id); got != want {
			t.Errorf("%q: got %q, want %q", id, got, want)
		}
	}
}
