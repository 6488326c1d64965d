package station

import (
	"path/filepath"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/schedule"
)

// calendarOf builds the calendar of a checked configuration: its rows, the list
// of holidays and the calendar file. What is wrong with the files is returned;
// the calendar does without it.
func calendarOf(cfg *config.Config, zone *time.Location) (*schedule.Schedule, []schedule.Finding) {
	return schedule.Open(entries(cfg), zone, schedule.Sources{Holidays: cfg.Calendar.Holidays, Calendar: cfg.Calendar.File, Library: cfg.Library.Dir})
}

// entries turns the checked rows of the configuration into rows of the calendar.
func entries(cfg *config.Config) []schedule.Entry {
	rules := map[string]schedule.HolidayRule{"skip": schedule.SkipHolidays, "only": schedule.OnlyHolidays}
	var out []schedule.Entry
	for _, e := range cfg.Schedule {
		at, _ := e.Clock() // checked by config, as is all that follows
		file := e.File
		if file != "" && !filepath.IsAbs(file) {
			file = filepath.Join(cfg.Library.Dir, file)
		}
		row := schedule.Entry{ID: e.ID, Title: e.Title, File: file, Days: e.Weekdays(), At: at, Duration: e.Duration.D(),
			Dates: days(e.Dates...), Except: days(e.Except...), From: day(e.From), Until: day(e.Until), Every: e.Every,
			Holiday: rules[e.Holiday], Priority: e.Priority, Kind: e.Kind, Uncounted: !e.Counts,
			Live: firmware.Live{Source: e.URL, Programme: uint16(e.Program), Record: e.Record}}
		months, _ := e.MonthDays()
		for _, m := range months {
			row.Monthly = append(row.Monthly, schedule.Monthly{Day: m.Day, Nth: m.Nth, Weekday: m.Weekday})
		}
		out = append(out, row)
	}
	return out
}

func days(list ...string) []schedule.Date {
	var out []schedule.Date
	for _, s := range list {
		out = append(out, day(s))
	}
	return out
}

func day(s string) schedule.Date {
	t, ok := config.Day(s)
	if !ok || t.IsZero() {
		return 0
	}
	return schedule.DateOf(t)
}
