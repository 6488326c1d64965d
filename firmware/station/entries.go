package station

import (
	"path/filepath"

	"stationbox/firmware/config"
	"stationbox/firmware/schedule"
)

// entries turns the checked rows of the configuration into rows of the calendar.
func entries(cfg *config.Config) []schedule.Entry {
	var out []schedule.Entry
	for _, e := range cfg.Schedule {
		at, _ := e.Clock() // checked by config
		file := e.File
		if !filepath.IsAbs(file) {
			file = filepath.Join(cfg.Library.Dir, file)
		}
		out = append(out, schedule.Entry{ID: e.ID, Title: e.Title, File: file, Days: e.Weekdays(), At: at, Duration: e.Duration.D()})
	}
	return out
}
