package power

import (
	"errors"
	"os"
	"path/filepath"
)

// tempName is a file that is not whole yet; there is one writer a folder.
const tempName = "new.tmp"

// replaceFile writes dir/name so that a power cut leaves the old or the new.
func replaceFile(dir, name string, b []byte) error {
	f, err := os.Create(filepath.Join(dir, tempName))
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
