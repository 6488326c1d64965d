package station

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware/clock"
)

// The dish's log: a file a month, STATE/dish/2026-11.csv, in the form that dish why -log
// reads, with a row a minute. Its id is the month and its t_s counts from the month's
// begin in UTC.
const (
	dishMinute     = time.Minute
	dishFlushEvery = 10 * time.Minute // one write and fsync
	dishMonths     = 24               // files that are kept
	dishWaiting    = 24 * 60          // rows that wait for a card that cannot be written
	dishHeader     = "id,t_s,lock,cnr_db,cnr2_db,level_dbm,temp_c,cnr_min_db,lock_share,el_deg\n"
	dishColumns    = 10
)

// dishRow is a minute of the dish. What was not measured is NaN.
type dishRow struct {
	At              time.Time
	Share           float64 // of the readings that were locked
	CNR, CNRMin     float64 // dB, of those that were locked
	Level           float64 // dBm
	Celsius         float64 // of the inclinometer, which sits outside
	Elevation, Roll float64 // degrees; Roll is not written
}

// minute gathers readings.
type minute struct {
	asked, locked    int
	cnr, level, temp average
	elevation, roll  average
	least            float64
}

// average is a running mean; its mean is NaN of nothing.
type average struct {
	n   int
	sum float64
}

func (a *average) add(v float64) {
	if !math.IsNaN(v) {
		a.n, a.sum = a.n+1, a.sum+v
	}
}

func (a *average) mean() float64 {
	if a.n == 0 {
		return math.NaN()
	}
	return a.sum / float64(a.n)
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
	r := dishRow{At: at, CNR: n.cnr.mean(), CNRMin: math.NaN(), Level: n.level.mean(), Celsius: n.temp.mean(), Elevation: n.elevation.mean(), Roll: n.roll.mean()}
	if n.cnr.n > 0 {
		r.CNRMin = n.least
	}
	if n.asked > 0 {
		r.Share = float64(n.locked) / float64(n.asked)
	}
	return r, n.asked > 0
}

// encode writes r as a line.
func (r dishRow) encode() string {
	month := r.At.UTC().Format("2006-01")
	lock := "0"
	if r.Share >= 0.5 {
		lock = "1"
	}
	num := func(v float64, decimals int) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'f', decimals, 64)
	}
	t := r.At.Sub(monthOf(r.At)).Seconds()
	return fmt.Sprintf("%s,%.0f,%s,%s,,%s,%s,%s,%.2f,%s\n", month, t, lock, num(r.CNR, 2), num(r.Level, 2), num(r.Celsius, 1), num(r.CNRMin, 2), r.Share, num(r.Elevation, 2))
}

func monthOf(t time.Time) time.Time {
	y, m, _ := t.UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// decodeDishRow reads a line; false for one that is none, as a torn one.
func decodeDishRow(cells []string) (dishRow, bool) {
	if len(cells) != dishColumns {
		return dishRow{}, false
	}
	month, err := time.Parse("2006-01", cells[0])
	if err != nil {
		return dishRow{}, false
	}
	ok := true
	num := func(i int, low, high float64) float64 {
		if cells[i] == "" {
			return math.NaN()
		}
		v, err := strconv.ParseFloat(cells[i], 64)
		ok = ok && err == nil && v >= low && v <= high
		return v
	}
	seconds := num(1, 0, 31*86400)
	r := dishRow{CNR: num(3, -30, 60), Level: num(5, -200, 200), Celsius: num(6, -90, 90), CNRMin: num(7, -30, 60), Share: num(8, 0, 1), Elevation: num(9, -180, 180), Roll: math.NaN()}
	if !ok || math.IsNaN(seconds) || math.IsNaN(r.Share) {
		return dishRow{}, false
	}
	r.At = month.Add(time.Duration(seconds * float64(time.Second)))
	return r, true
}

// dishHistory keeps the rows that wait for the card.
type dishHistory struct {
	dir     string
	waiting []dishRow
}

var dishFile = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}\.csv$`)

// add keeps a row; of too many that wait the oldest is dropped.
func (l *dishHistory) add(r dishRow) {
	if len(l.waiting) >= dishWaiting {
		l.waiting = l.waiting[1:]
	}
	l.waiting = append(l.waiting, r)
}

// flush appends what waits, by month, and drops the files that are too old. What could
// not be written waits on.
func (l *dishHistory) flush() error {
	for len(l.waiting) > 0 {
		month := l.waiting[0].At.UTC().Format("2006-01")
		n, text := 0, ""
		for n < len(l.waiting) && l.waiting[n].At.UTC().Format("2006-01") == month {
			text += l.waiting[n].encode()
			n++
		}
		if err := appendDish(filepath.Join(l.dir, month+".csv"), text); err != nil {
			return fmt.Errorf("dish log: %w", err)
		}
		l.waiting = l.waiting[n:]
	}
	return l.prune()
}

// appendDish adds lines to a file of the log; a torn last line is ended first, so that
// it spoils no other.
func appendDish(path, lines string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	last := []byte{'\n'}
	if info.Size() == 0 {
		lines = dishHeader + lines
	} else if _, err := f.ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		lines = "\n" + lines
	}
	if _, err := f.WriteString(lines); err != nil {
		return err
	}
	return f.Sync()
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
		n, err := readDishFile(ctx, filepath.Join(dir, name), fn)
		if bad += n; err != nil {
			return bad, err
		}
	}
	return bad, nil
}

// dishFileMost bounds what is read of a file: a month has some 3 MB.
const dishFileMost = 16 << 20

func readDishFile(ctx context.Context, path string, fn func(dishRow)) (bad int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read from
	lines := bufio.NewScanner(io.LimitReader(f, dishFileMost))
	for head := true; lines.Scan(); head = false {
		if ctx.Err() != nil {
			return bad, ctx.Err()
		}
		if head {
			continue
		}
		r, ok := decodeDishRow(strings.Split(lines.Text(), ","))
		if !ok {
			bad++
			continue
		}
		fn(r)
	}
	if err := lines.Err(); err != nil {
		return bad + 1, nil // a line without end, as a bad card leaves behind
	}
	return bad, nil
}

// gather takes the newest readings into the minute.
func (m *dishMeter) gather(n *minute) {
	v := m.view()
	if v.Signal != nil && v.Signal.Known && !m.rec.elsewhere() {
		n.signalled(*v.Signal)
	}
	if t, _, err := m.tilt.at(m.tick()); err == nil {
		n.temp.add(t.Celsius)
		n.elevation.add(float64(t.Elevation))
		n.roll.add(float64(t.Roll))
	}
}

// runLog writes a row a minute until ctx ends. While nobody knows the time there is no
// row: it would be told of another day.
func (m *dishMeter) runLog(ctx context.Context) error {
	l := &dishHistory{dir: m.dir}
	var n minute
	tick := time.NewTicker(signalEvery)
	defer tick.Stop()
	ended, flushed := m.tick(), m.tick()
	for {
		select {
		case <-ctx.Done():
			return l.flush()
		case <-tick.C:
		}
		m.gather(&n)
		now := m.tick()
		if now.Sub(ended) >= dishMinute {
			if r, some := n.row(m.now()); some && m.clock() == clock.Good {
				l.add(r)
			}
			n, ended = minute{}, now
		}
		if now.Sub(flushed) >= dishFlushEvery {
			flushed = now
			err := l.flush()
			m.faults.set(err != nil, "fault.dish.log", "", "cause", fmt.Sprint(err))
		}
	}
}
