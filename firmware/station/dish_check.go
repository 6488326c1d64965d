package station

import (
	"errors"
	"math"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/schedule"
	"stationbox/media/library"
)

const (
	outageMonths = 13 // that station check looks ahead
	staleYears   = 2  // a satellite's position is doubted after so long
)

// outagesOf predicts when the Sun stands behind the satellite of a correct
// configuration, in the months to come, and says what is wrong with the dish. Without
// a dish there are none.
func outagesOf(path string, cfg *config.Config, now time.Time) ([]schedule.Span, []schedule.Finding) {
	d := cfg.Dish
	if !d.Set() {
		return nil, nil
	}
	var found []schedule.Finding
	sat := d.Target()
	if seen := sat.Seen(); !seen.IsZero() && now.After(seen.AddDate(staleYears, 0, 0)) {
		found = append(found, schedule.Finding{Entry: "dish", File: path, Key: "cmd.dish.stale", Args: []any{"name", sat.Name, "date", sat.Date}, Warning: true})
	}
	if m := dish.WMM2025(); dish.DecimalYear(now.AddDate(0, outageMonths, 0)) > m.Until {
		found = append(found, schedule.Finding{Entry: "dish", File: path, Key: "cmd.dish.expires", Args: []any{"name", m.Name, "until", m.Until}, Warning: true})
	}
	b, err := beamOf(float64(d.Diameter), float64(d.Channel()))
	if err != nil { // its numbers are checked, so the arithmetic holds
		return nil, found
	}
	spans, err := outagesFrom(cfg, orbitOf(sat), dish.OutageHalfAngle(b.Width), now)
	if errors.Is(err, dish.ErrUnseen) {
		found = append(found, schedule.Finding{Entry: "dish", File: path, Key: "cmd.dish.below", Args: []any{"name", sat.Name, "deg", math.Abs(float64(sat.Longitude))}})
	}
	return spans, found
}

// outagesFrom returns the outages from now on.
func outagesFrom(cfg *config.Config, o dish.Orbit, half dish.Degrees, now time.Time) ([]schedule.Span, error) {
	p := dish.Place{Latitude: dish.Degrees(cfg.Dish.Latitude), Longitude: dish.Degrees(cfg.Dish.Longitude), Height: dish.Metres(cfg.Dish.Height)}
	until := now.AddDate(0, outageMonths, 0)
	var spans []schedule.Span
	for y := now.UTC().Year(); y <= until.UTC().Year(); y++ {
		for _, autumn := range []bool{false, true} {
			s, err := halfYear{y, autumn}.of(p, o, half)
			if err != nil {
				return nil, err
			}
			for _, out := range s.Outages() {
				if out.End.After(now) && out.Start.Before(until) {
					spans = append(spans, schedule.Span{From: out.Start, To: out.End})
				}
			}
		}
	}
	return spans, nil
}

// lengthsOf tells how long the films of the library are, by what was measured when they
// came; of a film that was simply copied into the folder it knows nothing.
func lengthsOf(cfg *config.Config, now func() time.Time) schedule.Lengths {
	lib := openLibrary(cfg, now, library.Opts{})
	known := map[string]time.Duration{}
	return func(file string) (time.Duration, bool) {
		d, asked := known[file]
		if !asked {
			if l, ok := lib.Of(file); ok && l.Problem == "" {
				d = time.Duration(l.LengthMS) * time.Millisecond
			}
			known[file] = d
		}
		return d, d > 0
	}
}
