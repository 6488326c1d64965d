package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"stationbox/firmware"
)

// Bits of the column void.
const (
	voidPress  = 1 // the press was taken back
	voidNumber = 2 // its number was not there
)

// file notes the records that a roll is made of, so that it can be made again when
// the journal's ring has given them up. Presses have a table of their own.
func (t *taker) file(ctx context.Context, e row) error {
	switch e.Kind {
	case firmware.KindRollOpen, firmware.KindRollClose, firmware.KindHead, firmware.KindCorrection, firmware.KindMark, firmware.KindVerdict,
		firmware.KindPosition, firmware.KindLesson:
	default:
		return nil
	}
	if e.Lesson == "" {
		return nil
	}
	_, err := t.exec(ctx, "INSERT INTO about VALUES (?,?,?,?)", e.station, e.lesson, int64(e.Seq), e.boot)
	return err
}

// place puts a press where it counts, by the newest correction if there is one: it
// may have come first.
func (t *taker) place(ctx context.Context, e row, number int, again bool) error {
	void := 0
	var line []byte
	err := t.tx.QueryRowContext(ctx, `SELECT v.line FROM correction c JOIN event v ON v.station = c.station AND v.seq = c.seq AND v.boot = c.boot
		WHERE c.station = ? AND c.of_boot = ? AND c.of_seq = ? ORDER BY c.seq DESC LIMIT 1`, e.station, e.boot, int64(e.Seq)).Scan(&line)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var r firmware.Record
	var c firmware.Correction
	if err == nil && json.Unmarshal(line, &r) == nil && json.Unmarshal(r.Data, &c) == nil {
		switch c.Do {
		case firmware.CorrectVoid:
			void = voidPress
		case firmware.CorrectRenumber:
			number = c.Number
		}
	}
	if again {
		if _, err := t.exec(ctx, "DELETE FROM press WHERE lesson = ? AND station = ? AND seq = ? AND boot = ?", e.lesson, e.station, int64(e.Seq), e.boot); err != nil {
			return err
		}
	}
	v, err := t.verdict(ctx, e.station, e.lesson, number)
	if err != nil {
		return err
	}
	if v.said && !v.present {
		void |= voidNumber
	}
	_, err = t.exec(ctx, "INSERT INTO press VALUES (?,?,?,?,?,?,?)", e.station, number, e.Wall.UnixMilli(), int64(e.Seq), e.boot, e.lesson, void)
	return err
}

// correct notes a correction and applies it: to its press if that is there, or to its
// number.
func (t *taker) correct(ctx context.Context, e row) error {
	var c firmware.Correction
	if json.Unmarshal(e.Data, &c) != nil {
		return nil
	}
	switch c.Do {
	case firmware.CorrectPresent, firmware.CorrectAbsent:
		return t.say(ctx, e, c)
	case firmware.CorrectVoid, firmware.CorrectRenumber, firmware.CorrectRestore:
		return t.correctPress(ctx, e, c)
	}
	return nil // of heads, who have no numbers, or of a newer program
}

func (t *taker) correctPress(ctx context.Context, e row, c firmware.Correction) error {
	boot, err := t.word(ctx, c.Boot)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "INSERT INTO correction VALUES (?,?,?,?,?)", e.station, boot, int64(c.Seq), int64(e.Seq), e.boot); err != nil {
		return err
	}
	var line []byte
	err = t.tx.QueryRowContext(ctx, "SELECT line FROM event WHERE station = ? AND seq = ? AND boot = ?", e.station, int64(c.Seq), boot).Scan(&line)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	p := row{station: e.station, boot: boot}
	var made firmware.Press
	if json.Unmarshal(line, &p.Record) != nil || p.Kind != firmware.KindPress || json.Unmarshal(p.Data, &made) != nil {
		return nil
	}
	if p.lesson, err = t.word(ctx, p.Lesson); err != nil {
		return err
	}
	return t.place(ctx, p, made.Number, true)
}

// spoken is the newest that was said about a number at a lesson.
type spoken struct {
	said, present bool
	wall          int64
	seq, boot     int64
}

func (t *taker) verdict(ctx context.Context, station, lesson int64, number int) (spoken, error) {
	v := spoken{said: true}
	err := t.tx.QueryRowContext(ctx, "SELECT present, wall_ms, seq, boot FROM verdict WHERE station = ? AND lesson = ? AND number = ? ORDER BY seq DESC LIMIT 1",
		station, lesson, number).Scan(&v.present, &v.wall, &v.seq, &v.boot)
	if errors.Is(err, sql.ErrNoRows) {
		return spoken{}, nil
	}
	return v, err
}

// say notes who was there or not and lets the newest count. A presence has a row among
// the presses, under the name of its correction.
func (t *taker) say(ctx context.Context, e row, c firmware.Correction) error {
	if c.Number <= 0 || e.Lesson == "" {
		return nil
	}
	at := c.At
	if at.IsZero() {
		at = e.Wall
	}
	if _, err := t.exec(ctx, "INSERT INTO verdict VALUES (?,?,?,?,?,?,?)", e.station, e.lesson, c.Number, int64(e.Seq), e.boot, c.Do == firmware.CorrectPresent, at.UnixMilli()); err != nil {
		return err
	}
	v, err := t.verdict(ctx, e.station, e.lesson, c.Number)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM press WHERE lesson = ?1 AND station = ?2 AND number = ?3
		AND EXISTS (SELECT 1 FROM verdict v WHERE v.station = ?2 AND v.lesson = ?1 AND v.number = ?3 AND v.seq = press.seq AND v.boot = press.boot)`,
		e.lesson, e.station, c.Number); err != nil {
		return err
	}
	void := voidNumber
	if v.present {
		void = 0
		if _, err := t.exec(ctx, "INSERT INTO press VALUES (?,?,?,?,?,?,0)", e.station, c.Number, v.wall, v.seq, v.boot, e.lesson); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, "UPDATE press SET void = (void & 1) | ? WHERE lesson = ? AND station = ? AND number = ?", void, e.lesson, e.station, c.Number)
	return err
}
