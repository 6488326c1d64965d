package attendance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/text"
)

var evening = time.Date(2026, 11, 27, 18, 30, 0, 0, time.UTC)

// brokenDisk fails at its step number at, and before that does half of it when it is a
// writing: as if the card were full or the mains gone.
type brokenDisk struct {
	osDisk
	step, at int
}

var errBroken = errors.New("broken")

func (d *brokenDisk) fails() bool { d.step++; return d.step == d.at }

func (d *brokenDisk) Write(path string, data []byte, mode fs.FileMode) error {
	if d.fails() {
		return errors.Join(os.WriteFile(path, data[:len(data)/2], mode), errBroken)
	}
	return d.osDisk.Write(path, data, mode)
}

func (d *brokenDisk) Rename(from, to string) error {
	if d.fails() {
		return errBroken
	}
	return d.osDisk.Rename(from, to)
}

func (d *brokenDisk) Link(path, other string) error {
	if d.fails() {
		return errBroken
	}
	return d.osDisk.Link(path, other)
}

func (d *brokenDisk) Sync(dir string) error {
	if d.fails() {
		return errBroken
	}
	return d.osDisk.Sync(dir)
}

// TestFailureInTheMiddleOfReplacing leaves the old file or the new one, whole, and no
// litter; the next attempt succeeds.
func TestFailureInTheMiddleOfReplacing(t *testing.T) {
	for at := 1; ; at++ {
		path := filepath.Join(t.TempDir(), "roster.csv")
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := &brokenDisk{at: at}
		_, err := replace(d, path, []byte("new one"), evening)
		got, readErr := os.ReadFile(path)
		if readErr != nil || string(got) != "old" && string(got) != "new one" {
			t.Fatalf("step %d: %q %v", at, got, readErr)
		}
		if (string(got) == "old") != (err != nil && at < 4) {
			t.Errorf("step %d: %v, and the file has %q", at, err, got)
		}
		if _, err := os.Stat(path + ".new"); err == nil {
			t.Errorf("step %d left its litter", at)
		}
		if d.step < at {
			if at != 5 {
				t.Errorf("%d steps", at-1)
			}
			break
		}
		if _, err := replace(osDisk{}, path, []byte("newest"), evening); err != nil {
			t.Errorf("step %d: afterwards: %v", at, err)
		}
		if got, _ := os.ReadFile(path); string(got) != "newest" {
			t.Errorf("step %d: afterwards %q", at, got)
		}
	}
}

// TestKilledInTheMiddleOfReplacing: another process replaces without end and is killed.
func TestKilledInTheMiddleOfReplacing(t *testing.T) {
	versions := [2]string{strings.Repeat("old\n", 20_000), strings.Repeat("new\n", 30_000)}
	if dir := os.Getenv("ROSTER_VICTIM"); dir != "" {
		for i := 0; ; i++ {
			if _, err := replace(osDisk{}, filepath.Join(dir, "roster.csv"), []byte(versions[i%2]), evening); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "roster.csv")
	for round := range 8 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledInTheMiddleOfReplacing$")
		cmd.Env = append(os.Environ(), "ROSTER_VICTIM="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); !exists(path) && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(3+7*round) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		got, err := os.ReadFile(path)
		if err != nil || string(got) != versions[0] && string(got) != versions[1] {
			t.Fatalf("round %d: %d bytes, %v", round, len(got), err)
		}
		kept, _ := filepath.Glob(path + ".*.bak")
		for _, name := range kept {
			if got, err := os.ReadFile(name); err != nil || string(got) != versions[0] && string(got) != versions[1] {
				t.Errorf("round %d: %s has %d bytes, %v", round, name, len(got), err)
			}
		}
		if len(kept) > backups+1 { // one more between renaming and tidying up
			t.Errorf("round %d: %d backups", round, len(kept))
		}
	}
}

func roster(t *testing.T, file string) *Roster {
	t.Helper()
	r, bad, err := ParseRoster([]byte(file))
	if err != nil || len(bad) > 0 {
		t.Fatal(err, bad)
	}
	return r
}

// TestSaveRoster: the first has nothing to keep, later ones keep the newest five with
// their day; a link stays one, and the rights stay.
func TestSaveRoster(t *testing.T) {
	dir := t.TempDir()
	real, path := filepath.Join(dir, "data.csv"), filepath.Join(dir, "roster.csv")
	if err := os.Symlink(real, path); err != nil {
		t.Fatal(err)
	}
	words := text.New("zh")
	if backup, err := SaveRoster(real, roster(t, "1,A\n"), words, evening); err != nil || backup != "" {
		t.Fatal(backup, err)
	}
	if err := os.Chmod(real, 0o664); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		backup, err := SaveRoster(path, roster(t, fmt.Sprintf("%d,B\n", i+2)), words, evening.Add(time.Duration(i/2)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if want := real + ".2026-11-27T"; !strings.HasPrefix(backup, want) {
			t.Errorf("backup %s", backup)
		}
		if old := loaded(t, backup); old.Members()[0].Number != i+1 {
			t.Errorf("backup %d has %v", i, old.Members())
		}
	}
	kept, _ := filepath.Glob(filepath.Join(dir, "*.bak"))
	if len(kept) != backups || !strings.HasSuffix(kept[len(kept)-1], "T213000.bak") {
		t.Errorf("kept %v", kept)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is %v %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o664 {
		t.Errorf("rights %v %v", info.Mode(), err)
	}
	if got := loaded(t, path); got.Members()[0].Number != 9 {
		t.Errorf("the file has %v", got.Members())
	}
}

func loaded(t *testing.T, path string) *Roster {
	t.Helper()
	r, bad, err := LoadRoster(path)
	if err != nil || len(bad) > 0 {
		t.Fatal(path, err, bad)
	}
	return r
}

// TestSavedIsReadBack: a roster that the file could not give back is not written.
func TestSavedIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.csv")
	r := roster(t, "1,A\n")
	r.members[0].Name = " A"
	if _, err := SaveRoster(path, r, text.New("zh"), evening); err == nil || exists(path) {
		t.Errorf("it was written: %v", err)
	}
}

func TestWriteNewDoesNotOverwrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := WriteNew(path, []byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, []byte("b")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("again: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "a" {
		t.Errorf("it has %q", got)
	}
}
