package antenna

import (
	"errors"
	"math"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/schedule"
)

const (
	outageMonths = 13 // that station check looks ahead
	staleYears   = 2  // a satellite's position is doubted after so long
)

// Outages predicts when the Sun stands behind the satellite of a correct
// configuration, in the months to come, and says what is wrong with the dish. Without
// a dish there are none.
func Outages(path string, cfg *config.Config, now time.Time) ([]schedule.Span, []schedule.Finding) {
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
	p := placeOf(cfg.Dish)
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
