package attendance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stationbox/firmware/text"
)

// backups is how many older rosters are kept beside the file.
const backups = 5

// disk is what saving asks of the file system; a test breaks it at every step.
type disk interface {
	Write(path string, data []byte, mode fs.FileMode) error // a new file, on the card when it returns
	Link(path, other string) error
	Rename(from, to string) error
	Remove(path string) error
	Sync(dir string) error
}

// SaveRoster puts r into the file at path and keeps what was there as
// "NAME.2026-11-27T213000.bak", the newest five. A power cut leaves the old file or
// the new one. backup is "" when there was no file. What was written is read again
// before it takes the place of the old.
func SaveRoster(path string, r *Roster, c *text.Catalogue, now time.Time) (backup string, err error) {
	data, err := r.Encode(path, c)
	if err != nil {
		return "", fmt.Errorf("roster: %w", err)
	}
	again, bad, err := ParseRoster(data)
	if err != nil || len(bad) > 0 || !slices.Equal(again.members, r.members) {
		return "", fmt.Errorf("roster: it would not be read back: %v %w", bad, errors.Join(err, errUnlike))
	}
	return replace(osDisk{}, path, data, now)
}

var errUnlike = errors.New("other members")

// replace does it on d.
func replace(d disk, path string, data []byte, now time.Time) (backup string, err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays one
	}
	mode := fs.FileMode(0o640)
	info, err := os.Stat(path)
	switch {
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	fresh := path + ".new"
	if err := d.Write(fresh, data, mode); err != nil {
		return "", errors.Join(err, d.Remove(fresh))
	}
	if info != nil {
		if backup, err = keep(d, path, mode, now); err != nil {
			return "", errors.Join(fmt.Errorf("copy of the old one: %w", err), d.Remove(fresh))
		}
	}
	if err := d.Rename(fresh, path); err != nil {
		return "", errors.Join(err, d.Remove(fresh))
	}
	if err := d.Sync(filepath.Dir(path)); err != nil {
		return backup, err
	}
	prune(d, path, backup)
	return backup, nil
}

// keep gives the old file a second name, or copies it where a file can have one only.
func keep(d disk, path string, mode fs.FileMode, now time.Time) (string, error) {
	stem := path + "." + now.Format("2006-01-02T150405")
	name := stem + ".bak"
	for n := 2; exists(name); n++ {
		name = fmt.Sprintf("%s-%d.bak", stem, n)
	}
	if d.Link(path, name) == nil {
		return name, nil
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return name, d.Write(name, old, mode)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// prune removes all backups but the newest. One that cannot be removed is tried again
// the next time.
func prune(d disk, path, last string) {
	entries, _ := os.ReadDir(filepath.Dir(path)) // it was written a moment ago
	var old []string
	for _, e := range entries {
		name := filepath.Join(filepath.Dir(path), e.Name())
		if strings.HasPrefix(name, path+".2") && strings.HasSuffix(name, ".bak") && name != last {
			old = append(old, name)
		}
	}
	slices.Sort(old)
	for len(old) >= backups {
		_ = d.Remove(old[0])
		old = old[1:]
	}
}

// WriteNew writes a file that must not be there yet, durably.
func WriteNew(path string, data []byte) error {
	err := osDisk{}.Write(path, data, 0o644)
	if err == nil {
		return osDisk{}.Sync(filepath.Dir(path))
	}
	if !errors.Is(err, fs.ErrExist) {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// osDisk is the file system of the machine.
type osDisk struct{}

func (osDisk) Write(path string, data []byte, mode fs.FileMode) error {
	if strings.HasSuffix(path, ".new") {
		_ = os.Remove(path) // what a power cut left
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_ = f.Chmod(mode) // against the umask; a stick has no modes
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func (osDisk) Link(path, other string) error { return os.Link(path, other) }
func (osDisk) Rename(from, to string) error  { return os.Rename(from, to) }
func (osDisk) Remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (osDisk) Sync(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
