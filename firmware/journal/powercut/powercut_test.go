//go:build linux

package powercut_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/journal"
	"stationbox/firmware/journal/powercut"
)

var (
	cuts = flag.Int("cuts", 1000, "power cuts of the journal, half of them on ext4 and half on a partition of its own")
	seed = flag.Uint64("seed", 1, "of the cuts")
)

// needRoot skips where the kernel's own file systems cannot be used.
func needRoot(t *testing.T) {
	t.Helper()
	_, noTool := exec.LookPath("mkfs.ext4")
	_, noFuse := os.Stat("/dev/fuse")
	_, noLoop := os.Stat("/dev/loop-control")
	why := errors.Join(noTool, noFuse, noLoop)
	if os.Geteuid() == 0 && why == nil {
		return
	}
	t.Skipf("needs root, mkfs.ext4, /dev/fuse and loop devices (%v): run as root, for instance in a container with --privileged", why)
}

// scratch is a folder in memory if there is one.
func scratch(t *testing.T) string {
	t.Helper()
	if dir, err := os.MkdirTemp("/dev/shm", "powercut"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// record lets the child live on a recorded disk of size bytes, with ext4 on it if
// data is not empty, and returns the tape.
func record(t testing.TB, mode string, size int64, data string) powercut.Recording {
	t.Helper()
	tape := powercut.NewTape(size)
	dir := t.TempDir()
	server, err := powercut.Serve(dir, tape)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { check(t, server.Close()) }()
	loop, err := powercut.Attach(server.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { check(t, loop.Close()) }()
	path := loop.Path
	if data != "" {
		mount := t.TempDir()
		if out, err := exec.CommandContext(t.Context(), "mkfs.ext4", "-q", "-b", "4096", "-J", "size=4", path).CombinedOutput(); err != nil {
			t.Fatalf("mkfs: %v: %s", err, out)
		}
		check(t, loop.Mount(mount, data))
		defer func() { check(t, unmount(mount)) }()
		path = filepath.Join(mount, "journal")
		if mode != "journal" { // which makes its folder itself
			check(t, os.Mkdir(path, 0o755))
		}
		check(t, exec.CommandContext(t.Context(), "sync", "-f", mount).Run())
	}
	tape.Start()
	child(t, tape, mode, path)
	return tape.Stop()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// child runs the recorded program; what it says becomes marks.
func child(t testing.TB, tape *powercut.Tape, mode, path string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-powercut.child="+mode, "-powercut.path="+path, "-presses="+fmt.Sprint(*benchPresses))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	rest := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text, ok := strings.CutPrefix(lines.Text(), "# ")
		if !ok {
			rest += lines.Text() + "\n"
			continue
		}
		tape.Mark(text)
		_, _ = in.Write([]byte("\n"))
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, rest)
	}
}

// said is what the child has said up to a cut.
type said struct {
	acked map[int]uint64 // number to seq
	order []int          // of acknowledgement
	tried map[int]bool
}

func listen(marks []string) said {
	s := said{acked: map[int]uint64{}, tried: map[int]bool{}}
	for _, m := range marks {
		var n int
		var seq uint64
		if _, err := fmt.Sscanf(m, "ack %d %d", &n, &seq); err == nil {
			s.acked[n] = seq
			s.order = append(s.order, n)
		} else if _, err := fmt.Sscanf(m, "try %d", &n); err == nil {
			s.tried[n] = true
		}
	}
	return s
}

func marksOf(rec powercut.Recording) []string {
	var marks []string
	for _, op := range rec.Ops {
		if op.Mark != "" {
			marks = append(marks, op.Mark)
		}
	}
	return marks
}

// disk is a file with what a cut left.
func disk(t testing.TB, dir string, image []byte) string {
	t.Helper()
	path := filepath.Join(dir, "cut")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mounted calls fn with the folder of the file system on image. It must mount.
func mounted(t testing.TB, dir string, image []byte, fn func(path string)) {
	t.Helper()
	loop, err := powercut.Attach(disk(t, dir, image))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { check(t, loop.Close()) }()
	at := filepath.Join(dir, "mnt")
	_ = os.Mkdir(at, 0o755)
	if err := loop.Mount(at, "commit=60"); err != nil {
		t.Fatal(err)
	}
	defer func() { check(t, unmount(at)) }()
	fn(filepath.Join(at, "journal"))
}

// presses returns the presses in the journal at path by number, and the smallest
// and largest seq of all records.
func presses(path string) (found map[int]uint64, first, last uint64, err error) {
	found = map[int]uint64{}
	err = journal.Read(path, func(r firmware.Record) error {
		if first == 0 {
			first = r.Seq
		}
		last = r.Seq
		if r.Kind != firmware.KindPress {
			return nil
		}
		var p firmware.Press
		if err := json.Unmarshal(r.Data, &p); err != nil {
			return err
		}
		if _, twice := found[p.Number]; twice {
			return fmt.Errorf("press %d twice", p.Number)
		}
		found[p.Number] = r.Seq
		return nil
	})
	return found, first, last, err
}

// keeps is how many of the last presses a ring that has come round must have: all
// but one segment, less what the large record and the repair of a cut take.
const keeps = (slots-1)*perSegment - 24

// judge says what is wrong with the journal at path after a cut.
func judge(path string, s, all said) error {
	found, first, _, err := presses(path)
	if err != nil && (len(s.acked) > 0 || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	for i, n := range s.order {
		if seq, ok := found[n]; ok && seq != s.acked[n] {
			return fmt.Errorf("press %d was record %d and is %d", n, s.acked[n], seq)
		} else if !ok && (s.acked[n] >= first || i >= len(s.order)-keeps) {
			return fmt.Errorf("press %d, acknowledged as record %d, is lost; the first record is %d", n, s.acked[n], first)
		}
	}
	for n, seq := range found {
		if !s.tried[n] || all.acked[n] != 0 && all.acked[n] != seq {
			return fmt.Errorf("press %d, record %d, was never made", n, seq)
		}
	}
	return opens(path, found, s)
}

// opens lets the journal open by itself and take a press with a new number.
func opens(path string, found map[int]uint64, s said) error {
	j, err := journal.Open(path, options("after"))
	if err != nil {
		return fmt.Errorf("does not open: %w", err)
	}
	rec, err := j.Append(context.Background(), firmware.KindPress, "a", firmware.Press{Number: 9999})
	if err := errors.Join(err, j.Close()); err != nil {
		return fmt.Errorf("takes no press: %w", err)
	}
	for n, seq := range s.acked {
		if seq >= rec.Seq {
			return fmt.Errorf("record %d is given again; press %d had %d", rec.Seq, n, seq)
		}
	}
	again, first, last, err := presses(path)
	if err != nil || last != rec.Seq || again[9999] != rec.Seq {
		return fmt.Errorf("the press after the cut is not back: last record %d, want %d: %v", last, rec.Seq, err)
	}
	for n, seq := range found {
		if again[n] != seq && seq >= first {
			return fmt.Errorf("press %d, record %d, is lost by opening", n, seq)
		}
	}
	return nil
}

// A cut at any moment costs no acknowledged press, invents none, and the journal
// opens by itself: in a file on ext4.
func TestCutsOnExt4(t *testing.T) {
	needRoot(t)
	rec := record(t, "journal", 16<<20, "commit=60")
	dir, all, n := scratch(t), listen(marksOf(rec)), *cuts/2
	t.Logf("%d writes and flushes, %d presses, %d cuts", len(rec.Ops), len(all.acked), n)
	fn := func(pos int, marks []string, image []byte) {
		mounted(t, dir, image, func(path string) {
			if err := judge(path, listen(marks), all); err != nil {
				t.Errorf("cut after %d operations: %v", pos, err)
			}
		})
	}
	r := rand.New(rand.NewPCG(*seed, 1))
	rec.Until("opened").Cuts(n/5, r, fn)
	rec.Cuts(n-n/5, r, fn)
}

// The same on a partition of its own, without a file system.
func TestCutsOnPartition(t *testing.T) {
	needRoot(t)
	rec := record(t, "journal", slots*perSegment*journal.BlockSize, "")
	dir, all, n := scratch(t), listen(marksOf(rec)), *cuts-*cuts/2
	t.Logf("%d writes and flushes, %d presses, %d cuts", len(rec.Ops), len(all.acked), n)
	fn := func(pos int, marks []string, image []byte) {
		if err := judge(disk(t, dir, image), listen(marks), all); err != nil {
			t.Errorf("cut after %d operations: %v", pos, err)
		}
	}
	r := rand.New(rand.NewPCG(*seed, 2))
	rec.Until("opened").Cuts(n/5, r, fn)
	rec.Cuts(n-n/5, r, fn)
}

// The tool sees loss where there is some: SQLite with a write-ahead log loses
// acknowledged presses with synchronous=NORMAL, and does not with FULL.
func TestCutsOfSQLite(t *testing.T) {
	needRoot(t)
	for mode, loses := range map[string]bool{"NORMAL": true, "FULL": false} {
		rec := record(t, mode, 16<<20, "commit=60")
		dir, lost, n := scratch(t), 0, min(*cuts/25, 100)
		rec.Cuts(n, rand.New(rand.NewPCG(*seed, 3)), func(_ int, marks []string, image []byte) {
			mounted(t, dir, image, func(path string) {
				if missing(t, path, listen(marks)) > 0 {
					lost++
				}
			})
		})
		t.Logf("SQLite, WAL, synchronous=%s: acknowledged presses lost in %d of %d cuts", mode, lost, n)
		if lost > 0 != loses {
			t.Errorf("synchronous=%s lost in %d of %d cuts", mode, lost, n)
		}
	}
}

// missing counts the acknowledged presses that are not in the database.
func missing(t *testing.T, dir string, s said) int {
	t.Helper()
	db, err := openSQLite(filepath.Join(dir, "db"), "FULL")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { check(t, db.Close()) }()
	n := 0
	for press := range s.acked {
		var name string
		if db.QueryRow("SELECT name FROM press WHERE n = ?", press).Scan(&name) != nil {
			n++
		}
	}
	return n
}

// unmount unmounts dir and waits for what still looks into it.
func unmount(dir string) error {
	for range 50 {
		err := syscall.Unmount(dir, 0)
		if !errors.Is(err, syscall.EBUSY) {
			return err
		}
		time.Sleep(10 * time.Millisecond) // for instance a udev that looks at it
	}
	return syscall.Unmount(dir, syscall.MNT_DETACH)
}
