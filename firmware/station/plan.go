package station

import (
	"encoding/json"
	"errors"
	"io/fs"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/schedule"
	"stationbox/media/live"
)

// results gathers from the journal how lessons ended. The film of a live lesson is
// what was kept of it.
func results(scan func(func(firmware.Record) error) error, kept recordings) ([]schedule.Result, error) {
	var out []schedule.Result
	err := scan(func(r firmware.Record) error {
		var n resultNote
		if r.Kind == firmware.KindLesson && json.Unmarshal(r.Data, &n) == nil {
			if n.Live != nil {
				n.File = kept.kept(r.Lesson)
			}
			out = append(out, schedule.Result{ID: r.Lesson, Title: n.Title, File: n.File, Scheduled: n.Scheduled, Cause: n.Cause, PlayedMS: n.PlayedMS, LengthMS: n.LengthMS})
		}
		return nil
	})
	return out, err
}

// planOf is what `station schedule` shows.
func planOf(cfg *config.Config, cal *schedule.Schedule, scan func(func(firmware.Record) error) error, now func() time.Time) func(from, to time.Time) (command.Planned, error) {
	return func(from, to time.Time) (command.Planned, error) {
		done, err := results(scan, recordingsOf(cfg))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // a new station has no journal yet
			return command.Planned{}, err
		}
		p := command.Planned{Slots: []command.PlannedSlot{}}
		for _, s := range cal.Plan(from, to) {
			p.Slots = append(p.Slots, command.PlannedSlot{Occasion: s.Occasion, Kind: s.Kind, Priority: s.Priority, Day: s.Day.Name, Skipped: s.Skipped, By: s.By})
		}
		m := cal.Quota(done, now(), time.Duration(cfg.Calendar.Target)*time.Minute, nil)
		p.Quota = &command.Quota{Month: m.Month, Target: minutes(m.Target), Done: minutes(m.Done), Planned: minutes(m.Planned), Missing: minutes(m.Missing), DaysLeft: m.DaysLeft}
		for _, u := range cal.MakeUps(done, now(), makeUpOpts(cfg)) {
			p.MakeUps = append(p.MakeUps, command.MakeUp{ID: u.ID, Of: u.Of, Title: u.Title, Cause: u.Cause, Start: u.Start, Missed: u.Missed})
		}
		return p, nil
	}
}

func minutes(d time.Duration) int { return int(d.Minutes() + 0.5) }

func makeUpOpts(cfg *config.Config) schedule.MakeUpOpts {
	from, _ := config.DayClock(cfg.Calendar.MakeUpFrom) // checked
	until, _ := config.DayClock(cfg.Calendar.MakeUpUntil)
	return schedule.MakeUpOpts{From: from, Until: until, OnHolidays: cfg.Calendar.MakeUpHolidays}
}

// checkCalendar returns what is wrong with the calendar of a correct
// configuration, which needs dates, files and today.
// Findings about rows get the file at path and the line of the row.
func checkCalendar(path string, cfg *config.Config, now time.Time, lengths schedule.Lengths, outages []schedule.Span) []schedule.Finding {
	lines := map[string]int{}
	for _, e := range cfg.Schedule {
		lines[e.ID] = e.Line
	}
	cal, found := calendarOf(cfg, cfg.Location())
	found = append(found, cal.Check(schedule.CheckOpts{Now: now, Lengths: lengths, Outages: outages})...)
	for _, e := range cfg.Schedule {
		if _, byDish := config.DishAddress(e.URL); byDish {
			continue // config has judged it
		}
		if _, err := live.Open(e.URL, live.SourceOpts{Interface: cfg.Live.Interface}); e.URL != "" && err != nil {
			found = append(found, schedule.Finding{Entry: e.ID, Key: "fault.live.source", Args: []any{"title", e.Title, "cause", err}})
		}
	}
	for i := range found {
		if found[i].File == "" {
			found[i].File, found[i].Line = path, lines[found[i].Entry]
		}
	}
	return found
}
