package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"stationbox/firmware"
)

// KindUploaded is the kind of record that only the ledger reads: Uploaded.
const KindUploaded = "uploaded"

// Uploaded is the data of a KindUploaded record: the hub has all up to Upto.
type Uploaded struct {
	Upto uint64 `json:"upto"`
}

// batchSize is how many records share a transaction.
const batchSize = 2000

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sync takes over what the journal of station has more than the ledger.
func (l *Ledger) Sync(ctx context.Context, station string, source Source) error {
	after, err := l.Applied(ctx, station)
	if err != nil {
		return err
	}
	var batch []firmware.Record
	err = source(after, func(r firmware.Record) error {
		if batch = append(batch, r); len(batch) < batchSize {
			return nil
		}
		err := l.Apply(ctx, batch...)
		batch = batch[:0]
		return err
	})
	return errors.Join(err, l.Apply(ctx, batch...))
}

// Applied is the highest number taken over from station.
func (l *Ledger) Applied(ctx context.Context, station string) (uint64, error) {
	return l.mark(ctx, station, "seq")
}

// UploadedUpto is the highest number of station that the hub has said to have.
func (l *Ledger) UploadedUpto(ctx context.Context, station string) (uint64, error) {
	return l.mark(ctx, station, "uploaded")
}

func (l *Ledger) mark(ctx context.Context, station, column string) (uint64, error) {
	var n uint64
	err := l.read.QueryRowContext(ctx, "SELECT a."+column+" FROM applied a JOIN word w ON w.id = a.station WHERE w.text = ?", station).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, damaged(err)
}

// Apply takes records over, all or none. One that is there already changes nothing.
func (l *Ledger) Apply(ctx context.Context, records ...firmware.Record) error {
	if len(records) == 0 {
		return nil
	}
	select {
	case l.lock <- struct{}{}:
		defer func() { <-l.lock }()
	case <-ctx.Done():
		return ctx.Err()
	}
	tx, err := l.write.BeginTx(ctx, nil)
	if err != nil {
		return damaged(err)
	}
	t := &taker{tx: tx, words: l.words, stmts: map[string]*sql.Stmt{}}
	for _, r := range records {
		if err := t.take(ctx, r); err != nil {
			clear(l.words) // what was rolled back has no word
			return damaged(errors.Join(fmt.Errorf("ledger: record %d: %w", r.Seq, err), tx.Rollback()))
		}
	}
	if err := tx.Commit(); err != nil {
		clear(l.words)
		return damaged(fmt.Errorf("ledger: %w", err))
	}
	return nil
}

// taker takes records over within one transaction.
type taker struct {
	tx    *sql.Tx
	words map[string]int64
	stmts map[string]*sql.Stmt
}

func (t *taker) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, ok := t.stmts[query]
	if !ok {
		var err error
		if s, err = t.tx.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
		t.stmts[query] = s // closed with the transaction
	}
	return s.ExecContext(ctx, args...)
}

// mostWords bounds what is remembered of words.
const mostWords = 4096

// word returns the number that stands for text.
func (t *taker) word(ctx context.Context, text string) (int64, error) {
	if id, ok := t.words[text]; ok {
		return id, nil
	}
	if _, err := t.exec(ctx, "INSERT INTO word (text) VALUES (?) ON CONFLICT DO NOTHING", text); err != nil {
		return 0, err
	}
	var id int64
	if err := t.tx.QueryRowContext(ctx, "SELECT id FROM word WHERE text = ?", text).Scan(&id); err != nil {
		return 0, err
	}
	if len(t.words) >= mostWords {
		clear(t.words)
	}
	t.words[text] = id
	return id, nil
}

// row is a record with numbers for words.
type row struct {
	firmware.Record
	station, boot, lesson int64
}

func (t *taker) take(ctx context.Context, r firmware.Record) error {
	e := row{Record: r}
	var err error
	for id, text := range map[*int64]string{&e.station: r.Station, &e.boot: r.Boot, &e.lesson: r.Lesson} {
		if *id, err = t.word(ctx, text); err != nil {
			return err
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	res, err := t.exec(ctx, "INSERT INTO event VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", e.station, int64(r.Seq), e.boot, line, int64(crc32.Checksum(line, castagnoli)))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if _, err := t.exec(ctx, "INSERT INTO applied VALUES (?,?,0) ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)", e.station, int64(r.Seq)); err != nil {
		return err
	}
	return t.project(ctx, e)
}

// project makes of a record what is asked for. Data that cannot be read is kept and
// projects nothing: one bad record must not stop the others.
func (t *taker) project(ctx context.Context, e row) error {
	if err := t.file(ctx, e); err != nil {
		return err
	}
	switch e.Kind {
	case firmware.KindPress:
		var p firmware.Press
		if json.Unmarshal(e.Data, &p) != nil || p.Number <= 0 { // a card that nobody has
			return nil
		}
		return t.place(ctx, e, p.Number, false)
	case firmware.KindLesson:
		_, err := t.exec(ctx, "INSERT INTO lesson VALUES (?,?,?,?)", e.Wall.UnixMilli(), e.station, int64(e.Seq), e.boot)
		return err
	case firmware.KindCorrection:
		return t.correct(ctx, e)
	case KindUploaded:
		var u Uploaded
		if json.Unmarshal(e.Data, &u) != nil {
			return nil
		}
		_, err := t.exec(ctx, "UPDATE applied SET uploaded = max(uploaded, ?) WHERE station = ?", int64(u.Upto), e.station)
		return err
	}
	return nil
}
