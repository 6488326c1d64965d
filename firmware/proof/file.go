package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// mostState is the length of a file of ours, at most.
const mostState = 256 << 10

// readSmall reads a regular file of at most mostPEM bytes.
func readSmall(path string) ([]byte, error) { return readUpTo(path, mostPEM) }

// readUpTo reads a regular file; others might never answer.
func readUpTo(path string, most int64) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", filepath.Base(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s: more than %d bytes", filepath.Base(path), most)
	}
	return b, nil
}

// replace writes a file so that a power cut leaves the old one or the new.
func replace(path string, b []byte, mode os.FileMode) error {
	temp := path + ".tmp"
	_ = os.Remove(temp) // what a power cut left may have another mode
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp) // the first error is the one to tell
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Save writes v as JSON to path so that a power cut leaves the old or the new.
func Save(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return replace(path, append(b, '\n'), 0o644)
}

// Load reads what Save wrote, at most 256 KiB of it. Nothing or nonsense is an
// error.
func Load(path string, v any) error {
	b, err := readUpTo(path, mostState)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
