package antenna

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
)

// The log of the Sun's passages: a file a season, STATE/dish/sun-2026-autumn.csv, with a
// row every ten seconds around the foretold outages. dish boresight -log reads it too. A
// dish of 1.8 m in the C band has 17 such days of 42 minutes a season: 4,300 rows of some
// 85 bytes, 0.7 MB a year.
const (
	transitEvery  = 10 * time.Second
	transitFiles  = 20     // that are kept: ten years
	transitMost   = 30_000 // rows of a season that are read; 2.6 MB
	transitWait   = 2_000  // rows that wait for a card that cannot be written
	transitHeader = "id,utc,lock,cnr_db,level_dbm,el_deg,roll_deg,clock_s,tuned\n"
	transitCells  = 9
	transitStamp  = "2006-01-02T15:04:05.0Z"
)

// transitRow is what ten seconds came to. What was not measured is NaN.
type transitRow struct {
	At              time.Time // the middle of the readings
	Locked          bool      // all of them
	CNR, Level      float64
	Elevation, Roll float64
	Clock           float64 // by how many seconds At may be wrong; NaN: nobody knows
	Tuned           string  // satellite and transponder
}

func (h halfYear) String() string { return fmt.Sprintf("%04d-%s", h.year, h.name()) }

// halfYearOf is the season that t belongs to; between the halves it is the one to come.
func halfYearOf(t time.Time) halfYear {
	t = t.UTC()
	return halfYear{t.Year(), !t.Before(time.Date(t.Year(), 6, 21, 0, 0, 0, 0, time.UTC))}
}

// parseHalfYear reads what String writes.
func parseHalfYear(s string) (halfYear, bool) {
	year, name, _ := strings.Cut(s, "-")
	y, err := strconv.Atoi(year)
	return halfYear{y, name == "autumn"}, err == nil && len(year) == 4 && (name == "spring" || name == "autumn")
}

func (h halfYear) file() string { return "sun-" + h.String() + ".csv" }

func (h halfYear) path(dir string) string { return filepath.Join(dir, h.file()) }

func (r transitRow) encode() string {
	lock, cnr := "0", ""
	if r.Locked {
		lock, cnr = "1", numeral(r.CNR, 2)
	}
	return strings.Join([]string{halfYearOf(r.At).String(), r.At.UTC().Format(transitStamp), lock, cnr, numeral(r.Level, 2),
		numeral(r.Elevation, 3), numeral(r.Roll, 3), numeral(r.Clock, 1), r.Tuned}, ",") + "\n"
}

// decodeTransitRow reads a line; false for one that is none.
func decodeTransitRow(cells []string) (transitRow, bool) {
	if len(cells) != transitCells {
		return transitRow{}, false
	}
	at, err := time.Parse(transitStamp, cells[1])
	if err != nil || cells[2] != "0" && cells[2] != "1" {
		return transitRow{}, false
	}
	c := cellReader{cells: cells, ok: true}
	r := transitRow{At: at, Locked: cells[2] == "1", CNR: c.num(3, -30, 60), Level: c.num(4, -200, 200), Elevation: c.num(5, -180, 180), Roll: c.num(6, -180, 180),
		Clock: c.num(7, 0, 1e7), Tuned: cells[8]}
	return r, c.ok && (!r.Locked || !math.IsNaN(r.CNR))
}

// transitLook gathers ten seconds.
type transitLook struct {
	asked, locked        int
	cnr, level, el, roll average
	after                time.Duration // of the readings since begun, summed up
	begun                time.Time
}

// transitLog writes the rows while the Sun passes.
type transitLog struct {
	rowFiles[transitRow]
	half halfYear
	list []dish.Passage // of that season
	look transitLook
}

func newTransitLog(dir string) *transitLog {
	return &transitLog{rowFiles: rowFiles[transitRow]{dir: dir, what: "log of the Sun", header: transitHeader, most: transitWait,
		file: func(r transitRow) string { return halfYearOf(r.At).file() }}}
}

// passing says whether the Sun passes now.
func (l *transitLog) passing(cfg config.Dish, now time.Time) bool {
	if h := halfYearOf(now); h != l.half {
		l.half = h
		l.list, _ = passagesOf(cfg, h) // of a satellite that is never seen there are none
	}
	for _, p := range l.list {
		if now.After(p.From) && now.Before(p.To) {
			return true
		}
	}
	return false
}

// passagesOf are the days of a season.
func passagesOf(cfg config.Dish, h halfYear) ([]dish.Passage, error) {
	width, err := widthOf(cfg)
	if err != nil {
		return nil, err
	}
	from := time.Date(h.year, 1, 1, 0, 0, 0, 0, time.UTC)
	return dish.NewAlmanac(from, from.AddDate(1, 0, 0)).Passages(placeOf(cfg), orbitOf(cfg.Target()), width, h.year, h.autumn)
}

func placeOf(cfg config.Dish) dish.Place {
	return dish.Place{Latitude: dish.Degrees(cfg.Latitude), Longitude: dish.Degrees(cfg.Longitude), Height: dish.Metres(cfg.Height)}
}

// widthOf is that of the beam on the frequency the receiver stays on.
func widthOf(cfg config.Dish) (dish.Degrees, error) {
	gigahertz := float64(cfg.Channel())
	if cfg.Tuner.Frequency > 0 {
		gigahertz = float64(cfg.Tuner.Frequency) / 1000
	}
	b, err := beamOf(float64(cfg.Diameter), gigahertz)
	return b.Width, err
}

// tunedOf names satellite and transponder, in a cell.
func tunedOf(cfg config.Dish) string {
	t := cfg.Tuner
	return fmt.Sprintf("%g/%g%s%d", float64(cfg.Target().Longitude), float64(t.Frequency), t.Polarization, t.SymbolRate)
}

// watchSun takes the newest readings in while the Sun passes, and ends a row every ten
// seconds.
func (m *Meter) watchSun(l *transitLog) {
	now := m.now()
	if !l.passing(m.cfg, now) {
		l.look = transitLook{}
		return
	}
	n := &l.look
	if n.begun.IsZero() {
		n.begun = now
	}
	s, age, err := m.signal.at(m.tick())
	if err == nil && age < 2*signalEvery {
		n.asked, n.after = n.asked+1, n.after+now.Add(-age).Sub(n.begun)
		if cnr := decibels(s.CNR); s.Lock.Locked() && cnr != nil {
			n.locked++
			n.cnr.add(*cnr)
		}
		if level := decibels(s.Level); level != nil {
			n.level.add(*level)
		}
	}
	if t, _, err := m.tilt.at(m.tick()); err == nil {
		n.el.add(float64(t.Elevation))
		n.roll.add(float64(t.Roll))
	}
	if now.Sub(n.begun) < transitEvery-signalEvery/2 {
		return
	}
	if n.asked > 0 {
		l.add(n.row(m.clockBound(), tunedOf(m.cfg)))
	}
	l.look = transitLook{begun: now}
}

// clockBound is by how many seconds now may be wrong; NaN when nobody knows.
func (m *Meter) clockBound() float64 {
	switch {
	case m.clock() != clock.Good:
		return math.NaN()
	case m.taker == nil:
		return 0
	}
	return m.taker.Status().Bound.Seconds()
}

// row is what the readings come to, of which there is one at least.
func (n *transitLook) row(bound float64, tuned string) transitRow {
	return transitRow{At: n.begun.Add(n.after / time.Duration(n.asked)), Locked: n.locked == n.asked, CNR: n.cnr.mean(), Level: n.level.mean(),
		Elevation: n.el.mean(), Roll: n.roll.mean(), Clock: bound, Tuned: tuned}
}

// flush appends what waits, and drops the files that are too old.
func (l *transitLog) flush() error {
	if err := l.write(); err != nil {
		return err
	}
	list, err := transitSeasons(l.dir)
	for _, h := range list[:max(0, len(list)-transitFiles)] {
		err = errors.Join(err, os.Remove(h.path(l.dir)))
	}
	return err
}

var transitFile = regexp.MustCompile(`^sun-([0-9]{4}-(?:spring|autumn))\.csv$`)

// transitSeasons are those that have a log, the oldest first.
func transitSeasons(dir string) (seasons []halfYear, err error) {
	list, err := os.ReadDir(dir) // sorted: autumn before spring
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		m := transitFile.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		h, _ := parseHalfYear(m[1])
		if n := len(seasons); n > 0 && h.year == seasons[n-1].year {
			seasons = append(seasons[:n-1], h, seasons[n-1])
			continue
		}
		seasons = append(seasons, h)
	}
	return seasons, err
}

// readTransit reads the log of a season and counts the lines that are none.
func readTransit(path string) (rows []transitRow, bad int, err error) {
	bad, err = readRows(context.Background(), path, transitMost, decodeTransitRow, func(r transitRow) { rows = append(rows, r) })
	return rows, bad, err
}
