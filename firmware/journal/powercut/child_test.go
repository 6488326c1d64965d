//go:build linux

package powercut_test

import (
	"bufio"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"stationbox/firmware"
	"stationbox/firmware/journal"
)

var (
	childMode = flag.String("powercut.child", "", "what the recorded program does")
	childPath = flag.String("powercut.path", "", "where")
)

// The ring under test: four segments of 64 blocks, so that it soon comes round.
const (
	perSegment = 64
	slots      = 4
)

func options(boot string) journal.Opts {
	return journal.Opts{Station: "370100-014", Boot: boot, Now: time.Now, SegmentSize: perSegment * journal.BlockSize, Limit: slots * perSegment * journal.BlockSize}
}

// TestChild is the recorded program. Whatever it says is on the tape before it
// goes on.
func TestChild(t *testing.T) {
	if *childMode == "" {
		t.Skip("started by the other tests")
	}
	in, mu := bufio.NewReader(os.Stdin), sync.Mutex{}
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("# "+format+"\n", args...)
		_, _ = in.ReadString('\n')
	}
	if *childMode == "journal" {
		useJournal(t, *childPath, say)
		return
	}
	if name, ok := strings.CutPrefix(*childMode, "isolated:"); ok {
		isolated(t, name, *childPath, *benchPresses, say)
		return
	}
	useSQLite(t, *childPath, *childMode, say)
}

// useJournal lives through what a journal lives through: it is created, takes
// presses one by one and together, takes a large record, ends, is opened again,
// rolls over and comes round.
func useJournal(t *testing.T, path string, say func(string, ...any)) {
	n := 0
	j, err := journal.Open(path, options("one"))
	if err != nil {
		t.Fatal(err)
	}
	press := func(n int) {
		say("try %d", n)
		rec, err := j.Append(context.Background(), firmware.KindPress, "a", firmware.Press{Number: n, Name: "王秀英"})
		if err != nil {
			t.Errorf("press %d: %v", n, err)
			return
		}
		say("ack %d %d", n, rec.Seq)
	}
	many := func(count int) {
		for range count {
			n++
			press(n)
		}
	}
	say("opened")
	many(150)
	for range 3 {
		var together sync.WaitGroup
		for range 8 {
			n++
			number := n
			together.Go(func() { press(number) })
		}
		together.Wait()
	}
	if _, err := j.Append(context.Background(), "note", "", strings.Repeat("课", 10000)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = journal.Open(path, options("two")); err != nil {
		t.Fatal(err)
	}
	many(200)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func useSQLite(t *testing.T, dir, synchronous string, say func(string, ...any)) {
	db, err := openSQLite(filepath.Join(dir, "db"), synchronous)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("CREATE TABLE press (n INTEGER PRIMARY KEY, name TEXT)"); err != nil {
		t.Fatal(err)
	}
	say("opened")
	for n := 1; n <= 60; n++ {
		if _, err := db.Exec("INSERT INTO press VALUES (?, '王秀英')", n); err != nil {
			t.Fatal(err)
		}
		say("ack %d %d", n, n)
	}
}

func openSQLite(path, synchronous string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous("+synchronous+")")
}
