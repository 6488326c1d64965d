// Package ledger is what people ask of the journal: a member's year, a town's
// month, the roll of a lesson with its corrections. It is a read model in SQLite,
// made of the journal's records and made anew from them whenever it is in doubt:
// nothing is true because it stands here. What it has taken over is written in the
// same transaction, so that a power cut leaves it old but never wrong. A record is
// named by station, boot and number, and counts once however often it comes.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"os"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"stationbox/firmware"
)

// ErrDamaged means that the file is not a sound ledger: see Rebuild.
var ErrDamaged = errors.New("the ledger is damaged")

// version of the schema; another one is made anew.
const version = 2

const schema = `
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE event (
	station INTEGER NOT NULL, seq INTEGER NOT NULL, boot INTEGER NOT NULL,
	line BLOB NOT NULL, -- the record as it was written
	sum INTEGER NOT NULL, -- CRC-32C of line
	PRIMARY KEY (station, seq, boot)
) STRICT, WITHOUT ROWID;
CREATE TABLE press (
	station INTEGER NOT NULL, number INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
	seq INTEGER NOT NULL, boot INTEGER NOT NULL, lesson INTEGER NOT NULL,
	void INTEGER NOT NULL, -- 0: counts; 1: the press was taken back, 2: the number was, 3: both
	PRIMARY KEY (station, number, wall_ms, seq, boot)
) STRICT, WITHOUT ROWID;
CREATE INDEX press_when ON press (wall_ms, station, number, lesson, void);
CREATE INDEX press_lesson ON press (lesson, station, number);
CREATE TABLE lesson (
	wall_ms INTEGER NOT NULL, station INTEGER NOT NULL, seq INTEGER NOT NULL, boot INTEGER NOT NULL,
	PRIMARY KEY (wall_ms, station, seq, boot)
) STRICT, WITHOUT ROWID;
CREATE TABLE correction (
	station INTEGER NOT NULL, of_boot INTEGER NOT NULL, of_seq INTEGER NOT NULL, seq INTEGER NOT NULL, boot INTEGER NOT NULL,
	PRIMARY KEY (station, of_boot, of_seq, seq, boot)
) STRICT, WITHOUT ROWID;
CREATE TABLE verdict ( -- what was said about a number at a lesson, with or without a press
	station INTEGER NOT NULL, lesson INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL, boot INTEGER NOT NULL,
	present INTEGER NOT NULL, wall_ms INTEGER NOT NULL, -- when the lesson was
	PRIMARY KEY (station, lesson, number, seq, boot)
) STRICT, WITHOUT ROWID;
CREATE TABLE about ( -- what a roll is made of besides presses
	station INTEGER NOT NULL, lesson INTEGER NOT NULL, seq INTEGER NOT NULL, boot INTEGER NOT NULL,
	PRIMARY KEY (station, lesson, seq, boot)
) STRICT, WITHOUT ROWID;
CREATE TABLE applied (station INTEGER PRIMARY KEY, seq INTEGER NOT NULL, uploaded INTEGER NOT NULL) STRICT;
`

// pragmas are set at every opening and read back: what reads otherwise is an error.
// NORMAL can lose the newest transactions in a power cut; the journal has them.
var pragmas = []struct{ name, set, want string }{
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "NORMAL", "1"},
	{"wal_autocheckpoint", "1000", "1000"},
	{"journal_size_limit", "4194304", "4194304"},
	{"cache_size", "-2000", "-2000"}, // KiB for each of the two connections
	{"busy_timeout", "5000", "5000"},
	{"foreign_keys", "ON", "1"},
	{"cell_size_check", "ON", "1"},
	{"mmap_size", "0", "0"},
}

// Opts are the dependencies of a ledger.
type Opts struct {
	Log *slog.Logger // nil discards
}

// Ledger is an open ledger. Its methods may be called from any goroutine.
type Ledger struct {
	path  string
	log   *slog.Logger
	write *sql.DB // one connection
	read  *sql.DB // one connection
	words map[string]int64
	lock  chan struct{} // of who writes

	salvaged bool // records that have changed are passed over
}

// Open opens or makes the ledger at path. It does not read it through: see Check.
// Errors: ErrDamaged, or why the file cannot be used. Close must be called.
func Open(path string, o Opts) (*Ledger, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l := &Ledger{path: path, log: o.Log, words: map[string]int64{}, lock: make(chan struct{}, 1)}
	if err := l.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), l.Close())
	}
	return l, nil
}

func (l *Ledger) open() (err error) {
	if l.write, err = connect(l.path, "rwc"); err != nil {
		return err
	}
	if err := prepare(l.write); err != nil {
		return err
	}
	l.read, err = connect(l.path, "ro")
	return err
}

// OpenReader opens the ledger at path for questions alone, beside a program that keeps
// it. Apply and what needs it must not be called. Errors and Close as with Open.
func OpenReader(path string) (*Ledger, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	db, err := connect(path, "ro")
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	return &Ledger{path: path, read: db}, nil
}

// connect opens a pool of one connection and reads its pragmas back.
func connect(path, mode string) (*sql.DB, error) {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	for _, p := range pragmas {
		if mode != "ro" || p.name != "journal_mode" {
			q.Add("_pragma", p.name+"("+p.set+")")
		}
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, p := range pragmas {
		var got string
		if err := db.QueryRow("PRAGMA " + p.name).Scan(&got); err != nil {
			return nil, errors.Join(damaged(err), db.Close())
		}
		if got != p.want {
			return nil, errors.Join(fmt.Errorf("PRAGMA %s is %s and not %s", p.name, got, p.want), db.Close())
		}
	}
	return db, nil
}

// damaged adds ErrDamaged to what SQLite says of a file that is none of its own.
func damaged(err error) error {
	for _, text := range []string{"malformed", "not a database", "corrupt", "no such table", "disk I/O error"} {
		if err != nil && strings.Contains(err.Error(), text) {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return err
}

// prepare makes the tables of a new file.
func prepare(db *sql.DB) error {
	var have int
	if err := db.QueryRow("PRAGMA user_version").Scan(&have); err != nil {
		return damaged(err)
	}
	switch have {
	case version:
		var n int
		return damaged(db.QueryRow("SELECT count(*) FROM applied").Scan(&n))
	case 0:
		_, err := db.Exec("BEGIN;" + schema + fmt.Sprintf("PRAGMA user_version = %d; COMMIT;", version))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return nil
	}
	return fmt.Errorf("%w: schema %d, this program has %d", ErrDamaged, have, version)
}

// Close ends the ledger.
func (l *Ledger) Close() error {
	var errs []error
	for _, db := range []*sql.DB{l.read, l.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Check reads the whole file, which takes seconds in a large one: by night, and
// after anything strange. Errors: ErrDamaged.
func (l *Ledger) Check(ctx context.Context) error {
	var say string
	if err := l.read.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&say); err != nil {
		return damaged(err)
	}
	if say != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, say)
	}
	return l.each(ctx, 0, math.MaxInt, "", func(firmware.Record) error { return nil })
}

// Source reads the records after a number, oldest first: journal.ReadAfter.
type Source func(after uint64, fn func(firmware.Record) error) error

// OpenSure opens the ledger at path and brings it up to date with the journal of
// station. A ledger that is damaged is made anew.
func OpenSure(ctx context.Context, path, station string, source Source, o Opts) (*Ledger, error) {
	l, err := Open(path, o)
	if err == nil {
		if err = l.Sync(ctx, station, source); err == nil {
			return l, nil
		}
		err = errors.Join(err, l.Close())
	}
	if !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	if o.Log != nil {
		o.Log.Warn("ledger is made anew", "err", err)
	}
	return Rebuild(ctx, path, station, source, o)
}

// Rebuild makes the ledger at path anew from the journal of station, and of the old
// file takes over what the journal's ring has given up and whose sum is right. The
// old file must not be open. The new one takes its place when it is whole.
func Rebuild(ctx context.Context, path, station string, source Source, o Opts) (*Ledger, error) {
	fresh := path + ".new"
	if err := remove(fresh); err != nil {
		return nil, err
	}
	l, err := Open(fresh, o)
	if err != nil {
		return nil, err
	}
	err = l.Sync(ctx, station, source)
	if err == nil {
		l.salvage(ctx, path)
		_, err = l.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	if err = errors.Join(err, l.Close()); err != nil {
		return nil, err
	}
	if err := remove(path); err != nil {
		return nil, err
	}
	if err := os.Rename(fresh, path); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return Open(path, o)
}

// remove removes a file of SQLite with what belongs to it.
func remove(path string) error {
	for _, end := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("ledger: %w", err)
		}
	}
	return nil
}

// salvage takes over what can still be read of the damaged file at path.
func (l *Ledger) salvage(ctx context.Context, path string) {
	old, err := connect(path, "ro")
	if err != nil {
		return
	}
	defer func() { _ = old.Close() }()
	was := &Ledger{read: old, salvaged: true}
	var batch []firmware.Record
	taken := 0
	flush := func() error {
		err := l.Apply(ctx, batch...)
		taken += len(batch)
		batch = batch[:0]
		return err
	}
	err = was.each(ctx, 0, math.MaxInt, "", func(r firmware.Record) error {
		if batch = append(batch, r); len(batch) == batchSize {
			return flush()
		}
		return nil
	})
	err = errors.Join(err, flush())
	l.log.Warn("old ledger read", "records", taken, "err", err)
}
