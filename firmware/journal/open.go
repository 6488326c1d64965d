package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"stationbox/firmware"
)

// ringName is the file of a ring in a folder.
const ringName = "ring.sbj"

// Open opens or creates the journal at path for writing: in a folder, which is
// made if need be, or on the partition or file that path is. What a power cut left
// is put right by itself; records that were lost are written down as
// firmware.KindJournalHole. Errors: ErrBusy, ErrForeign, ErrTooSmall, or why path
// cannot be used. Close must be called.
func Open(path string, opts Opts) (*Journal, error) {
	if opts.Now == nil {
		return nil, errors.New("journal: no clock given")
	}
	opts.fill()
	w, lock, holes, err := openRing(path, opts)
	if err != nil {
		return nil, err
	}
	if last := w.seq; opts.Known > last {
		w.seq = opts.Known
		holes = append(holes, Hole{last + 1, w.seq})
	}
	if err := w.reserve(); err != nil {
		opts.Log.Warn("journal has no reserve", "err", err)
	}
	j := &Journal{
		path: path, opts: opts, lock: lock, mono: opts.Mono, w: w,
		queue: make(chan *request, perBlock), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	j.note(nil, 0, 0, 0)
	go j.commit()
	for _, h := range holes {
		if _, err := j.Append(context.Background(), firmware.KindJournalHole, "", h); err != nil {
			_ = j.Close()
			return nil, err
		}
		opts.Log.Warn("journal has a hole", "from", h.From, "to", h.To)
	}
	return j, nil
}

func (o *Opts) fill() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Mono == nil {
		now, opened := o.Now, o.Now()
		o.Mono = func() time.Duration { return now().Sub(opened) }
	}
	if o.Keep == nil {
		o.Keep = func(kind string) bool {
			return kind == firmware.KindPress || kind == firmware.KindHead || kind == firmware.KindRollOpen || kind == firmware.KindRollClose
		}
	}
	if o.open == nil {
		o.open = openDurable
	}
}

// openRing opens the ring at path, locks it and finds its end.
func openRing(path string, opts Opts) (*writer, *os.File, []Hole, error) {
	ringPath, fixed, err := where(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(path, 0o750); err == nil {
			ringPath, err = filepath.Join(path, ringName), nil
		}
	}
	if err != nil {
		return nil, nil, nil, err
	}
	lockPath := ringPath
	if !fixed {
		lockPath = filepath.Join(path, "lock")
	}
	lock, err := lockFile(lockPath)
	if err != nil {
		return nil, nil, nil, err
	}
	w, holes, err := openLocked(path, ringPath, fixed, opts)
	if err != nil {
		_ = lock.Close() // the first error is the one to tell
		return nil, nil, nil, err
	}
	return w, lock, holes, nil
}

func openLocked(path, ringPath string, fixed bool, opts Opts) (*writer, []Hole, error) {
	if !fixed {
		if err := create(path, ringPath); err != nil {
			return nil, nil, err
		}
	}
	s, err := shapeFor(ringPath, fixed, opts)
	if err != nil {
		return nil, nil, err
	}
	d, err := opts.open(ringPath)
	if err != nil {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	w, holes, err := openWriter(d, s, fixed)
	if err != nil {
		_ = d.Close()
		return nil, nil, fmt.Errorf("journal: %s: %w", path, err)
	}
	return w, holes, nil
}

// shapeFor divides a ring that is to begin at path.
func shapeFor(path string, fixed bool, opts Opts) (shape, error) {
	limit := opts.Limit
	if limit <= 0 {
		limit = 1 << 30
	}
	if fixed {
		size, err := sizeOf(path)
		if err != nil {
			return shape{}, err
		}
		limit = size
	}
	segment := opts.SegmentSize
	if segment <= 0 {
		segment = max(1<<20, limit/512)
	}
	per := min(max(segment/BlockSize, 64), 1<<16-1)
	slots := min(limit/(per*BlockSize), 1<<16-1)
	if slots < 3 {
		return shape{}, fmt.Errorf("journal: %s: %w: %d bytes, the least is %d", path, ErrTooSmall, limit, 3*per*BlockSize)
	}
	return shape{uint16(per), uint16(slots)}, nil
}

// where finds what carries the ring: a file in a folder, which grows to its
// limit, or the partition or file itself, which has the size that it has.
func where(path string) (ringPath string, fixed bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", false, fmt.Errorf("journal: %w", err)
	}
	if info.IsDir() {
		return filepath.Join(path, ringName), false, nil
	}
	return path, true, nil
}

// sizeOf returns the bytes of a file or partition.
func sizeOf(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("journal: size of %s: %w", path, err)
	}
	return size, nil
}

// foreign names what else a partition holds, so that a wrong name in the
// configuration costs no file system. Empty means nothing that is known.
func foreign(d io.ReaderAt) string {
	head := make([]byte, BlockSize)
	n, err := d.ReadAt(head, 0)
	if err != nil && err != io.EOF || n < BlockSize {
		return ""
	}
	switch {
	case head[1080] == 0x53 && head[1081] == 0xef:
		return "ext4"
	case head[510] == 0x55 && head[511] == 0xaa:
		return "FAT"
	case bytes.HasPrefix(head, []byte("hsqs")):
		return "squashfs"
	case bytes.HasPrefix(head, []byte("LUKS")):
		return "LUKS"
	case bytes.HasPrefix(head, []byte("SQLite format 3")):
		return "SQLite"
	}
	return ""
}

// create makes the folder dir and in it the file of the ring, durably.
func create(dir, path string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("journal: folder %s: %w", dir, err)
	}
	return nil
}

// lockFile keeps a second writer out for as long as the file is open.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("journal %s: %w", path, ErrBusy)
		}
		return nil, fmt.Errorf("journal %s: lock: %w", path, err)
	}
	return f, nil
}
