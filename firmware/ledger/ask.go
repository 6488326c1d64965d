package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"time"

	"stationbox/firmware"
)

// Attendance is one member at one lesson.
type Attendance struct {
	Station string
	Lesson  string // firmware.Occasion.ID; empty: outside of one
	Number  int
	First   time.Time // press that counts, in UTC
}

// MemberYear returns the lessons of a member of station between from and to, in
// their order. Corrections are applied.
func (l *Ledger) MemberYear(ctx context.Context, station string, number int, from, to time.Time) ([]Attendance, error) {
	return l.attendance(ctx, `SELECT ?1, coalesce(l.text, ''), p.number, min(p.wall_ms) FROM press p LEFT JOIN word l ON l.id = p.lesson
		WHERE p.station = (SELECT id FROM word WHERE text = ?1) AND p.number = ?2 AND p.wall_ms >= ?3 AND p.wall_ms < ?4 AND p.void = 0
		GROUP BY p.lesson ORDER BY min(p.wall_ms)`, station, number, from.UnixMilli(), to.UnixMilli())
}

// Roll returns who was at a lesson, by number.
func (l *Ledger) Roll(ctx context.Context, station, lesson string) ([]Attendance, error) {
	return l.attendance(ctx, `SELECT ?1, ?2, p.number, min(p.wall_ms) FROM press p
		WHERE p.lesson = (SELECT id FROM word WHERE text = ?2) AND p.station = (SELECT id FROM word WHERE text = ?1) AND p.void = 0
		GROUP BY p.number ORDER BY p.number`, station, lesson)
}

func (l *Ledger) attendance(ctx context.Context, query string, args ...any) ([]Attendance, error) {
	rows, err := l.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, damaged(err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	var list []Attendance
	for rows.Next() {
		var a Attendance
		var ms int64
		if err := rows.Scan(&a.Station, &a.Lesson, &a.Number, &ms); err != nil {
			return nil, damaged(err)
		}
		a.First = time.UnixMilli(ms).UTC()
		list = append(list, a)
	}
	return list, damaged(rows.Err())
}

// Month is what a member did in some time.
type Month struct {
	Station string
	Number  int
	Lessons int // with at least one press that counts
}

// TownMonth returns all members of all stations who were at a lesson between from
// and to, by station and number. Corrections are applied.
func (l *Ledger) TownMonth(ctx context.Context, from, to time.Time) ([]Month, error) {
	rows, err := l.read.QueryContext(ctx, `SELECT w.text, p.number, count(DISTINCT p.lesson) FROM press p INDEXED BY press_when JOIN word w ON w.id = p.station
		WHERE p.wall_ms >= ? AND p.wall_ms < ? AND p.void = 0 GROUP BY p.station, p.number ORDER BY w.text, p.number`, from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, damaged(err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	var list []Month
	for rows.Next() {
		var m Month
		if err := rows.Scan(&m.Station, &m.Number, &m.Lessons); err != nil {
			return nil, damaged(err)
		}
		list = append(list, m)
	}
	return list, damaged(rows.Err())
}

// Lessons returns the records of how lessons ended between from and to, in their
// order, at most limit.
func (l *Ledger) Lessons(ctx context.Context, from, to time.Time, limit int) ([]firmware.Record, error) {
	var list []firmware.Record
	err := l.lines(ctx, func(r firmware.Record) error { list = append(list, r); return nil },
		`SELECT e.line, e.sum FROM lesson s JOIN event e ON e.station = s.station AND e.seq = s.seq AND e.boot = s.boot
		WHERE s.wall_ms >= ? AND s.wall_ms < ? ORDER BY s.wall_ms LIMIT ?`, from.UnixMilli(), to.UnixMilli(), limit)
	return list, err
}

// Of returns the records that the roll of a lesson is made of, oldest first: presses,
// corrections, marks, opening and closing, and where the film stood. For
// attendance.Build.
func (l *Ledger) Of(ctx context.Context, station, lesson string, fn func(firmware.Record) error) error {
	return l.lines(ctx, fn, `WITH s AS (SELECT id FROM word WHERE text = ?1), o AS (SELECT id FROM word WHERE text = ?2),
		p AS (SELECT p.station, p.seq, p.boot FROM press p WHERE p.lesson = (SELECT id FROM o) AND p.station = (SELECT id FROM s)),
		k AS (SELECT station, seq, boot FROM p
			UNION SELECT a.station, a.seq, a.boot FROM about a WHERE a.station = (SELECT id FROM s) AND a.lesson = (SELECT id FROM o)
			UNION SELECT c.station, c.seq, c.boot FROM p JOIN correction c ON c.station = p.station AND c.of_boot = p.boot AND c.of_seq = p.seq)
		SELECT e.line, e.sum FROM k JOIN event e ON e.station = k.station AND e.seq = k.seq AND e.boot = k.boot ORDER BY e.seq, e.boot`, station, lesson)
}

// Pending returns what of station is to be uploaded: the records after the last
// that the hub has, oldest first, at most limit. The hub applies them to its own
// ledger, where one that comes twice counts once.
func (l *Ledger) Pending(ctx context.Context, station string, limit int) ([]firmware.Record, error) {
	upto, err := l.UploadedUpto(ctx, station)
	if err != nil {
		return nil, err
	}
	return l.Records(ctx, station, upto, limit)
}

// Records returns the records of station after a number, oldest first, at most
// limit.
func (l *Ledger) Records(ctx context.Context, station string, after uint64, limit int) ([]firmware.Record, error) {
	var list []firmware.Record
	err := l.each(ctx, after, limit, station, func(r firmware.Record) error { list = append(list, r); return nil })
	return list, err
}

// each calls fn with the records after a number, of all stations if station is
// empty. One whose sum is wrong is an error.
func (l *Ledger) each(ctx context.Context, after uint64, limit int, station string, fn func(firmware.Record) error) error {
	if station == "" {
		return l.lines(ctx, fn, "SELECT line, sum FROM event WHERE seq > ? ORDER BY station, seq, boot LIMIT ?", int64(after), limit)
	}
	return l.lines(ctx, fn, "SELECT line, sum FROM event WHERE station = (SELECT id FROM word WHERE text = ?) AND seq > ? ORDER BY seq, boot LIMIT ?", station, int64(after), limit)
}

func (l *Ledger) lines(ctx context.Context, fn func(firmware.Record) error, query string, args ...any) error {
	rows, err := l.read.QueryContext(ctx, query, args...)
	if err != nil {
		return damaged(err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		var line []byte
		var sum int64
		if err := rows.Scan(&line, &sum); err != nil {
			return damaged(err)
		}
		var r firmware.Record
		if int64(crc32.Checksum(line, castagnoli)) != sum || json.Unmarshal(line, &r) != nil {
			if l.salvaged {
				continue
			}
			return fmt.Errorf("%w: a record has changed: %.60q", ErrDamaged, line)
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return damaged(rows.Err())
}
