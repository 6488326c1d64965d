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
	"strings"
	"sync"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/dish"
)

// The dish's log: a file a month, STATE/dish/2026-11.csv, in the form that dish why -log
// reads, with a row a minute. Its id is the month and its t_s counts from the month's
// begin in UTC.
const (
	dishMinute     = time.Minute
	dishFlushEvery = 10 * time.Minute // one write and fsync
	dishMonths     = 26               // files that are kept: two years and the begun month
	dishWaiting    = 24 * 60          // rows that wait for a card that cannot be written
	dishHeader     = "id,t_s,lock,cnr_db,cnr2_db,level_dbm,temp_c,cnr_min_db,lock_share,el_deg,roll_deg,el_sd_deg,roll_sd_deg,cnr_sd_db,az_deg\n"
	dishColumns    = 15
	dishOldColumns = 10 // of files from before the roll was written
)

// dishRow is a minute of the dish. What was not measured is NaN.
type dishRow struct {
	At              time.Time
	Share           float64 // of the readings that were locked
	CNR, CNRMin     float64 // dB, of those that were locked
	Level           float64 // dBm
	Celsius         float64 // of the inclinometer, which sits outside
	Elevation, Roll float64 // degrees
	Heading         float64 // degrees from true north
	// How far the readings of the minute scatter, standard deviations.
	ElevationSD, RollSD, CNRSD float64
}

// minute gathers readings.
type minute struct {
	asked, locked    int
	cnr, level, temp average
	elevation, roll  average
	east, north      average // of the heading, which has a seam
	least            float64
}

// signalled takes in a reading of the receiver.
func (n *minute) signalled(s signalView) {
	n.asked++
	if s.Level != nil {
		n.level.add(*s.Level)
	}
	if !s.Lock {
		return
	}
	n.locked++
	if s.CNR == nil {
		return
	}
	if n.cnr.n == 0 || *s.CNR < n.least {
		n.least = *s.CNR
	}
	n.cnr.add(*s.CNR)
}

// row is what the minute comes to; false when the receiver said nothing.
func (n *minute) row(at time.Time) (dishRow, bool) {
	r := dishRow{At: at, CNR: n.cnr.mean(), CNRMin: math.NaN(), Level: n.level.mean(), Celsius: n.temp.mean(), Elevation: n.elevation.mean(), Roll: n.roll.mean(),
		Heading: n.heading(), ElevationSD: n.elevation.deviation(), RollSD: n.roll.deviation(), CNRSD: n.cnr.deviation()}
	if n.cnr.n > 0 {
		r.CNRMin = n.least
	}
	if n.asked > 0 {
		r.Share = float64(n.locked) / float64(n.asked)
	}
	return r, n.asked > 0
}

// heading is the mean one, 0 … 360; NaN of none.
func (n *minute) heading() float64 {
	if n.north.n == 0 {
		return math.NaN()
	}
	return float64(turned(dish.Degrees(math.Atan2(n.east.sum, n.north.sum) * 180 / math.Pi)))
}

// encode writes r as a line.
func (r dishRow) encode() string {
	month := r.At.UTC().Format("2006-01")
	lock := "0"
	if r.Share >= 0.5 {
		lock = "1"
	}
	t := r.At.Sub(monthOf(r.At)).Seconds()
	return strings.Join([]string{month, numeral(t, 0), lock, numeral(r.CNR, 2), "", numeral(r.Level, 2), numeral(r.Celsius, 1), numeral(r.CNRMin, 2), numeral(r.Share, 2),
		numeral(r.Elevation, 3), numeral(r.Roll, 3), numeral(r.ElevationSD, 3), numeral(r.RollSD, 3), numeral(r.CNRSD, 2), numeral(r.Heading, 1)}, ",") + "\n"
}

func monthOf(t time.Time) time.Time {
	y, m, _ := t.UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// decodeDishRow reads a line; false for one that is none, as a torn one.
func decodeDishRow(cells []string) (dishRow, bool) {
	if len(cells) != dishColumns && len(cells) != dishOldColumns {
		return dishRow{}, false
	}
	month, err := time.Parse("2006-01", cells[0])
	if err != nil {
		return dishRow{}, false
	}
	c := cellReader{cells, true}
	seconds := c.num(1, 0, 31*86400)
	r := dishRow{CNR: c.num(3, -30, 60), Level: c.num(5, -200, 200), Celsius: c.num(6, -90, 90), CNRMin: c.num(7, -30, 60), Share: c.num(8, 0, 1), Elevation: c.num(9, -180, 180),
		Roll: c.num(10, -180, 180), ElevationSD: c.num(11, 0, 360), RollSD: c.num(12, 0, 360), CNRSD: c.num(13, 0, 100), Heading: c.num(14, 0, 360)}
	if !c.ok || math.IsNaN(seconds) || math.IsNaN(r.Share) {
		return dishRow{}, false
	}
	r.At = month.Add(time.Duration(seconds * float64(time.Second)))
	return r, true
}

// dishHistory is the log of the dish by the month.
type dishHistory struct{ rowFiles[dishRow] }

func newDishHistory(dir string) *dishHistory {
	return &dishHistory{rowFiles[dishRow]{dir: dir, what: "dish log", header: dishHeader, most: dishWaiting,
		file: func(r dishRow) string { return r.At.UTC().Format("2006-01") + ".csv" }}}
}

var dishFile = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}\.csv$`)

// flush appends what waits, and drops the files that are too old.
func (l *dishHistory) flush() error {
	if err := l.write(); err != nil {
		return err
	}
	return l.prune()
}

// prune removes all files but the newest.
func (l *dishHistory) prune() error {
	names, err := dishFiles(l.dir)
	if err != nil {
		return err
	}
	for _, name := range names[:max(0, len(names)-dishMonths)] {
		if err := os.Remove(filepath.Join(l.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// dishFiles are those of the log, the oldest first.
func dishFiles(dir string) (names []string, err error) {
	list, err := os.ReadDir(dir) // sorted
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		if dishFile.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// readDish hands every good row of the newest months to fn, the oldest first, and counts the lines
// that are none.
func readDish(ctx context.Context, dir string, months int, fn func(dishRow)) (bad int, err error) {
	names, err := dishFiles(dir)
	if err != nil {
		return 0, err
	}
	for _, name := range names[max(0, len(names)-months):] {
		n, err := readRows(ctx, filepath.Join(dir, name), math.MaxInt, decodeDishRow, fn)
		if bad += n; err != nil {
			return bad, err
		}
	}
	return bad, nil
}

// gather takes the newest readings into the minute.
func (m *Meter) gather(n *minute) {
	v := m.View()
	if v.Signal != nil && v.Signal.Known && !m.rec.elsewhere() {
		n.signalled(*v.Signal)
	}
	if t, _, err := m.tilt.at(m.tick()); err == nil {
		n.temp.add(t.Celsius)
		n.elevation.add(float64(t.Elevation))
		n.roll.add(float64(t.Roll))
	}
	if h, _, err := m.heading.at(m.tick()); err == nil {
		east, north := math.Sincos(float64(h) * math.Pi / 180)
		n.east.add(east)
		n.north.add(north)
	}
}

// runLog writes a row a minute, and one every ten seconds while the Sun passes, until ctx
// ends. While nobody knows the time there is no row: it would be told of another day.
func (m *Meter) runLog(ctx context.Context) error {
	l, sun := newDishHistory(m.dir), newTransitLog(m.dir)
	var judging sync.WaitGroup
	defer judging.Wait()
	judging.Go(func() { m.judgeDaily(ctx) })
	var n minute
	tick := time.NewTicker(signalEvery)
	defer tick.Stop()
	if err := m.ward.recall(ctx, m.dir); err != nil {
		m.log.Info("dish log", "err", err) // the doctor begins anew
	}
	ended, flushed := m.tick(), m.tick()
	for {
		select {
		case <-ctx.Done():
			return errors.Join(l.flush(), sun.flush())
		case <-tick.C:
		}
		m.gather(&n)
		m.watchSun(sun)
		now := m.tick()
		if now.Sub(ended) >= dishMinute {
			if r, some := n.row(m.now()); some && m.clock() == clock.Good {
				l.add(r)
				m.ward.add(r)
			}
			n, ended = minute{}, now
		}
		if now.Sub(flushed) >= dishFlushEvery {
			flushed = now
			err := errors.Join(l.flush(), sun.flush())
			m.faults.Set(err != nil, "fault.dish.log", "", "cause", fmt.Sprint(err))
		}
	}
}
