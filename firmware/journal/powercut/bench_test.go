//go:build linux

package powercut_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"stationbox/firmware"
	"stationbox/firmware/journal"
	"stationbox/firmware/journal/powercut"
)

var benchPresses = flag.Int("presses", 40, "isolated presses of each engine in BenchmarkPress")

// engine keeps presses durably.
type engine struct {
	name string
	raw  bool // on the partition itself
	open func(path string) (press func(n int) error, end func() error, err error)
}

var engines = []engine{
	{"limit-one-block", true, openLimit},
	{"journal-partition", true, openJournal},
	{"journal-file", false, openJournal},
	{"sqlite-default", false, func(path string) (func(int) error, func() error, error) { return openRows(path, "") }},
	{"sqlite-wal-full", false, func(path string) (func(int) error, func() error, error) {
		return openRows(path, "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	}},
	{"bbolt", false, openBolt},
}

// openLimit writes one block and waits for it: nothing durable can cost less.
func openLimit(path string) (func(int) error, func() error, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "block")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_DSYNC, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if _, err := f.WriteAt(make([]byte, 256*journal.BlockSize), 0); err != nil {
		return nil, nil, err
	}
	return func(n int) error {
		_, err := f.WriteAt(make([]byte, journal.BlockSize), int64(n%256)*journal.BlockSize)
		return err
	}, f.Close, nil
}

func openJournal(path string) (func(int) error, func() error, error) {
	j, err := journal.Open(path, journal.Opts{Station: "370100-014", Boot: "0123456789abcdef", Now: time.Now})
	if err != nil {
		return nil, nil, err
	}
	return func(n int) error {
		_, err := j.Append(context.Background(), firmware.KindPress, "party-2026-11-23", firmware.Press{Number: n, Name: "王秀英", Known: true, Panel: "door"})
		return err
	}, j.Close, nil
}

// line is the record that the journal writes, for the others to write.
func line(n int) []byte {
	r := firmware.Record{Station: "370100-014", Boot: "0123456789abcdef", Seq: uint64(n), Wall: time.Now(), Kind: firmware.KindPress, Lesson: "party-2026-11-23"}
	r.Data, _ = json.Marshal(firmware.Press{Number: n, Name: "王秀英", Known: true, Panel: "door"}) // cannot fail
	raw, _ := json.Marshal(r)                                                                    // cannot fail
	return raw
}

func openRows(path, pragmas string) (func(int) error, func() error, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(path, "db")+pragmas)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, line BLOB)"); err != nil {
		return nil, nil, err
	}
	return func(n int) error {
		_, err := db.Exec("INSERT INTO event VALUES (?, ?)", n, line(n))
		return err
	}, db.Close, nil
}

func openBolt(path string) (func(int) error, func() error, error) {
	db, err := bbolt.Open(filepath.Join(path, "bolt"), 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, nil, err
	}
	return func(n int) error {
		return db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("event"))
			if err != nil {
				return err
			}
			return b.Put(binary.BigEndian.AppendUint64(nil, uint64(n)), line(n))
		})
	}, db.Close, nil
}

// A press every 6.5 s with the file system's commit=60 comes to nine a commit. So
// does one every 540 ms with commit=5, and is done in a minute.
const (
	apart  = 540 * time.Millisecond
	commit = "commit=5"
)

// isolated is the child of BenchmarkPress.
func isolated(t *testing.T, name, path string, presses int, say func(string, ...any)) {
	for _, e := range engines {
		if e.name != name {
			continue
		}
		press, end, err := e.open(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= presses+10; n++ {
			if n == 11 {
				say("begin")
			}
			if err := press(n); err != nil {
				t.Fatal(err)
			}
			time.Sleep(apart) // what is measured is what happens in between
		}
		say("end")
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkPress measures what one press costs: bytes and flushes at the device
// when it comes alone, counted on a recorded disk, and how long it takes on this
// machine's disk when they come one after the other. The bytes of the journal are
// those of a ring that was made ready; until it has come round once, making it
// ready is another block a press.
func BenchmarkPress(b *testing.B) {
	tapes := make([]powercut.Recording, len(engines))
	if os.Geteuid() == 0 {
		for i, e := range engines {
			data := commit
			if e.raw {
				data = ""
			}
			tapes[i] = record(b, "isolated:"+e.name, 64<<20, data)
		}
	}
	for i, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			press, end, err := e.open(place(b, e.raw))
			if err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			n := 0
			for b.Loop() {
				n++
				began := time.Now()
				if err := press(n); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			if err := end(); err != nil {
				b.Fatal(err)
			}
			slices.Sort(took)
			us := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))].Microseconds()) }
			b.ReportMetric(us(0.5), "p50-µs")
			b.ReportMetric(us(0.99), "p99-µs")
			if bytes, flushes, ok := between(tapes[i]); ok {
				b.ReportMetric(bytes/float64(*benchPresses), "device-B/press")
				b.ReportMetric(flushes/float64(*benchPresses), "flushes/press")
			}
		})
	}
}

// place is a folder, or a file that stands for a partition.
func place(b *testing.B, raw bool) string {
	b.Helper()
	dir := b.TempDir()
	if !raw {
		return dir
	}
	path := filepath.Join(dir, "partition")
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 64<<20)); err != nil {
		b.Fatal(err)
	}
	return path
}

// between counts the bytes and flushes between the marks begin and end.
func between(rec powercut.Recording) (bytes, flushes float64, ok bool) {
	for _, op := range rec.Ops {
		switch {
		case op.Mark == "begin":
			ok = true
		case op.Mark == "end":
			return bytes, flushes, ok
		case ok && op.Flush:
			flushes++
		case ok:
			bytes += float64(len(op.Data))
		}
	}
	return bytes, flushes, false
}
