package antenna

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/dish"
)

// What makes a season's log useless.
const (
	clockMost    = 10.0                 // seconds: in these the Sun goes 0.04°
	sunSpeed     = 15.041 / 3600        // degrees a second
	leanMost     = 0.3                  // degrees of pitch or roll between days: the dish was moved
	transitNotes = 2 * 20               // records that are kept
	transitLoss  = dish.DB(1)           // from which on it is a fault
	transitOver  = 2 * time.Hour        // after the last passage the season is fitted
	transitOld   = 300 * 24 * time.Hour // from then on nobody is told of an old one
)

// transitNote is what the Sun said of the dish in one season, as STATE/dish/transit.json
// keeps it and dish transit -json prints it.
type transitNote struct {
	Season    string       `json:"season"` // "2026-autumn"
	Satellite string       `json:"satellite"`
	From      time.Time    `json:"from,omitzero"` // of the first and the last reading
	To        time.Time    `json:"to,omitzero"`
	Cross     dish.Degrees `json:"cross_el_deg"` // to the right, seen from behind
	Elevation dish.Degrees `json:"el_deg"`
	Azimuth   dish.Degrees `json:"az_deg"` // Cross at the mast
	Sigma     dish.Degrees `json:"sigma_deg"`
	Loss      dish.DB      `json:"loss_db"`
	Noise     dish.DB      `json:"noise_db"`
	Depth     dish.DB      `json:"sun_depth_db"`
	Beam      dish.Degrees `json:"beam3db_deg"`
	Days      int          `json:"days"` // on which the Sun was seen
	Foretold  int          `json:"foretold_days"`
	Used      int          `json:"readings"`
	Clock     float64      `json:"clock_s"`
	Refused   string       `json:"refused,omitempty"` // "": it was measured; else a word
	Date      string       `json:"date,omitempty"`    // of what spoilt it
	Spoilt    []spoiltDay  `json:"spoilt_days,omitempty"`
	Running   bool         `json:"running,omitempty"` // the season is not over
}

// spoiltDay is a day that was left out.
type spoiltDay struct {
	Date string `json:"date"`
	Why  string `json:"why"` // "missing", "clock", "rain", "odd", "moved", "few"
}

// measureSeason fits the log of a season. What stands against an answer is told in it;
// the error is one of reading.
func measureSeason(cfg config.Dish, dir string, h halfYear, now time.Time) (transitNote, error) {
	n := transitNote{Season: h.String(), Satellite: cfg.Target().Name}
	list, err := passagesOf(cfg, h)
	if err != nil {
		return n, err
	}
	if n.Beam, err = widthOf(cfg); err != nil {
		return n, err
	}
	n.Foretold = len(list)
	n.Running = len(list) > 0 && now.Before(list[len(list)-1].To)
	rows, _, err := readTransit(h.path(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(rows) == 0:
		n.Refused = "no_log"
		return n, nil
	case err != nil:
		return n, err
	}
	slices.SortStableFunc(rows, func(a, b transitRow) int { return a.At.Compare(b.At) })
	n.From, n.To = rows[0].At, rows[len(rows)-1].At
	rows = n.trusted(rows, list, now)
	if n.Refused, n.Date = spoiltBy(rows, dir, n); n.Refused != "" {
		return n, nil
	}
	n.fit(cfg, rows)
	return n, nil
}

// trusted leaves out the rows whose time is not known well, and notes the days that are
// missing.
func (n *transitNote) trusted(rows []transitRow, list []dish.Passage, now time.Time) (good []transitRow) {
	for _, p := range list {
		if p.To.After(now) {
			continue
		}
		day := slices.DeleteFunc(slices.Clone(rows), func(r transitRow) bool { return r.At.Before(p.From) || r.At.After(p.To) })
		timed := slices.DeleteFunc(slices.Clone(day), func(r transitRow) bool { return !(r.Clock <= clockMost) })
		switch {
		case len(day) == 0:
			n.spoil(p.Peak, "missing")
		case len(timed)*2 < len(day):
			n.spoil(p.Peak, "clock")
		default:
			good = append(good, timed...)
		}
	}
	for _, r := range good {
		n.Clock = max(n.Clock, r.Clock)
	}
	return good
}

func (n *transitNote) spoil(day time.Time, why string) {
	n.Spoilt = append(n.Spoilt, spoiltDay{day.UTC().Format(time.DateOnly), why})
}

// spoiltBy says what stands against a fit of rows, and since when.
func spoiltBy(rows []transitRow, dir string, n transitNote) (word, date string) {
	if len(rows) == 0 {
		if slices.ContainsFunc(n.Spoilt, func(d spoiltDay) bool { return d.Why == "clock" }) {
			return "clock", ""
		}
		return "no_log", ""
	}
	for i := range rows[1:] {
		if rows[i+1].Tuned != rows[i].Tuned {
			return "retuned", rows[i+1].At.UTC().Format(time.DateOnly)
		}
	}
	if a, err := readAlignment(dir); err == nil && a.At.After(rows[0].At) && a.At.Before(rows[len(rows)-1].At) {
		return "moved", a.At.UTC().Format(time.DateOnly)
	}
	if day, moved := leant(rows); moved {
		return "moved", day.UTC().Format(time.DateOnly)
	}
	return "", ""
}

// leant says on which day pitch or roll began to differ from those of the first day.
func leant(rows []transitRow) (time.Time, bool) {
	var first [2]float64
	begin := 0
	for i := range rows {
		if i+1 < len(rows) && rows[i+1].At.Sub(rows[i].At) < 6*time.Hour {
			continue
		}
		var el, roll average
		for _, r := range rows[begin : i+1] {
			el.add(r.Elevation)
			roll.add(r.Roll)
		}
		day := [2]float64{el.mean(), roll.mean()}
		if begin == 0 {
			first = day
		}
		if math.Abs(day[0]-first[0]) > leanMost || math.Abs(day[1]-first[1]) > leanMost { // false for NaN
			return rows[begin].At, true
		}
		begin = i + 1
	}
	return time.Time{}, false
}

// fit sets where the dish points by rows that nothing else stands against.
func (n *transitNote) fit(cfg config.Dish, rows []transitRow) {
	var log []dish.Sight
	for _, r := range rows {
		s := dish.Sight{At: r.At, Locked: r.Locked}
		if s.Locked {
			s.CNR = dish.DB(r.CNR)
		}
		log = append(log, s)
	}
	p, o := placeOf(cfg), orbitOf(cfg.Target())
	b, days, err := dish.SeasonBoresight(p, o, n.Beam, log)
	for _, d := range days {
		if d.Use == dish.PassageMoved && n.Date == "" {
			n.Date = d.Date.UTC().Format(time.DateOnly)
		}
		if d.Use != dish.PassageUsed && d.Use != dish.PassageMute {
			n.spoil(d.Date, string(d.Use))
		}
	}
	slices.SortFunc(n.Spoilt, func(a, b spoiltDay) int { return strings.Compare(a.Date, b.Date) })
	if err != nil {
		n.Refused = refusal(err)
		return
	}
	n.Date = "" // one odd day among many is left out
	n.Cross, n.Elevation, n.Noise, n.Depth, n.Days, n.Used = b.CrossElevation, b.Elevation, b.Noise, b.Depth, b.Days, b.Used
	n.Azimuth = b.CrossElevation / dish.Degrees(math.Cos(float64(dish.Look(p, o).Elevation)*math.Pi/180))
	// The clock is anywhere within its bound, alike all season.
	n.Sigma = dish.Degrees(math.Hypot(float64(b.Sigma), n.Clock*sunSpeed/math.Sqrt(3)))
	n.Loss = dish.PointingLoss(dish.Degrees(math.Hypot(float64(n.Cross), float64(n.Elevation))), n.Beam)
}

func refusal(err error) string {
	for _, known := range []struct {
		err  error
		word string
	}{{dish.ErrMoved, "moved"}, {dish.ErrRough, "rough"}, {dish.ErrFewSights, "few"}, {dish.ErrNoSun, "no_sun"}, {dish.ErrTwoWays, "two_ways"}} {
		if errors.Is(err, known.err) {
			return known.word
		}
	}
	return "failed"
}

// transitPath is where the records are kept.
func transitPath(dir string) string { return filepath.Join(dir, "transit.json") }

// readTransitNotes returns the records, the oldest first; none when there are none.
func readTransitNotes(dir string) (list []transitNote, err error) {
	b, err := os.ReadFile(transitPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(b, &list)
}

// keepTransit adds a record, in place of one of the same season, and drops the oldest of
// too many.
func keepTransit(dir string, n transitNote) error {
	list, err := readTransitNotes(dir)
	if err != nil {
		list = nil // it cannot be read any more: the logs are still there
	}
	list = slices.DeleteFunc(list, func(o transitNote) bool { return o.Season == n.Season })
	list = append(list, n)
	return writeDishNote(transitPath(dir), list[max(0, len(list)-transitNotes):])
}

// measuredBySun is the newest measurement that still says something: not when the dish
// was aligned since, and not for ever.
func measuredBySun(dir string, now time.Time) *transitNote {
	list, err := readTransitNotes(dir)
	if err != nil {
		return nil
	}
	a, _ := readAlignment(dir) // without one At is zero
	for _, n := range slices.Backward(list) {
		switch {
		case a.At.After(n.From) || now.Sub(n.To) > transitOld:
			return nil
		case n.Refused == "":
			return &n
		}
	}
	return nil
}
