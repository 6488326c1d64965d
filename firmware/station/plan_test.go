package station

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/schedule"
	"stationbox/firmware/text"
)

func referenceConfig(t *testing.T, old, changed string) *config.Config {
	t.Helper()
	data, err := os.ReadFile("../config/station.reference.toml")
	if err != nil {
		t.Fatal(err)
	}
	cfg, problems := config.Parse([]byte(strings.Replace(string(data), old, changed, 1)), t.TempDir())
	if errs := config.Errors(problems); len(errs) > 0 {
		t.Fatal(errs)
	}
	return cfg
}

// The rows of the reference mean what their comments say.
func TestCalendarOfReference(t *testing.T) {
	cfg := referenceConfig(t, "", "")
	cal, found := calendarOf(cfg, cfg.Location())
	if len(found) > 0 {
		t.Fatal(found)
	}
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, cfg.Location())
	var got []string
	for _, s := range cal.Plan(from, from.AddDate(0, 3, 0)) {
		if s.Entry == "party-day" || s.Entry == "drill" {
			got = append(got, s.Occasion.ID+" "+s.Skipped)
		}
	}
	want := "party-day-2026-10-05 schedule.skip.except,party-day-2026-11-05 ,drill-2026-12-01 ,party-day-2026-12-05 "
	if strings.Join(got, ",") != want {
		t.Errorf("got %q", got)
	}
	if e, _ := cal.Entry("drill"); !e.Uncounted || e.File != cfg.Library.Dir+"/drill.mp4" {
		t.Errorf("drill %+v", e)
	}
}

// A missed lesson of the journal is in the quota and is proposed again.
func TestPlanOfJournal(t *testing.T) {
	cfg := referenceConfig(t, "", "")
	cal, _ := calendarOf(cfg, cfg.Location())
	at := time.Date(2026, 11, 23, 19, 30, 0, 0, cfg.Location())
	scan := func(fn func(firmware.Record) error) error {
		for _, n := range []resultNote{{Title: "a", Scheduled: at.AddDate(0, 0, -4), PlayedMS: 2700_000, Cause: "lesson.cause.played"}, {Title: "b", Scheduled: at, Cause: "lesson.cause.no_mains"}} {
			raw, _ := json.Marshal(n)
			if err := fn(firmware.Record{Kind: firmware.KindLesson, Lesson: "party-" + n.Scheduled.Format(time.DateOnly), Data: raw}); err != nil {
				return err
			}
		}
		return nil
	}
	p, err := planOf(cfg, cal, scan, func() time.Time { return at.Add(2 * time.Hour) })(at, at.AddDate(0, 0, 7))
	if err != nil || p.Quota.Done != 45 || len(p.MakeUps) != 1 || p.MakeUps[0].ID != "party-2026-11-23-makeup" || !p.MakeUps[0].Start.Equal(at.AddDate(0, 0, 1)) {
		t.Errorf("%+v %+v %v", p.Quota, p.MakeUps, err)
	}
	if _, err := planOf(cfg, cal, func(func(firmware.Record) error) error { return os.ErrNotExist }, time.Now)(at, at); err != nil {
		t.Errorf("a new station has no plan: %v", err)
	}
}

// station check names the line of the row.
func TestCheckCalendar(t *testing.T) {
	cfg := referenceConfig(t, `dates = ["2026-12-01", "2027-05-12"]`, `dates = ["2026-12-03"]`)
	cfg.Schedule[3].At = "19:45"
	found := checkCalendar("s.toml", cfg, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), nil, []schedule.Span{})
	if len(found) != 1 || found[0].Line != cfg.Schedule[3].Line || !strings.Contains(found[0].In(text.New("en")), "drill: overlaps party on 2026-12-03") {
		t.Errorf("got %+v", found)
	}
}
