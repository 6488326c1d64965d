package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"stationbox/firmware"
)

// file is what the writer needs of a segment.
type file interface {
	io.WriterAt
	io.Closer
}

// opener opens an existing segment for durable writing.
type opener func(path string) (file, error)

func openDurable(path string) (file, error) {
	return os.OpenFile(path, os.O_RDWR|syscall.O_DSYNC, 0o640)
}

// writer owns the place where the next block goes.
type writer struct {
	dir  string
	size int64
	open opener

	f     file
	id    uint64 // of the segment being written
	index uint32 // of the next block
	seq   uint64 // of the newest record
	newID uint64 // of the next new segment
	spare *segment
}

// openWriter finds the end of the journal and the holes nobody has noted yet.
// Only the two newest written segments are read.
func openWriter(dir string, opts Opts) (*writer, []Hole, error) {
	w := &writer{dir: dir, size: opts.SegmentSize, open: opts.open, newID: 1}
	if w.open == nil {
		w.open = openDurable
	}
	list, err := segments(dir)
	if err != nil {
		return nil, nil, err
	}
	if len(list) > 0 {
		w.newID = list[len(list)-1].id + 1
	}
	end, holes, err := w.findEnd(list)
	if err != nil {
		return nil, nil, err
	}
	if end < 0 {
		err = w.next(list)
	} else {
		err = w.resume(list[end], list[end+1:])
	}
	if err != nil {
		return nil, nil, err
	}
	return w, holes, nil
}

// findEnd sets seq and index and returns which of list is written last, or -1.
// The index stands after everything that is not empty, so that no block, sound
// or not, is ever written again.
func (w *writer) findEnd(list []segment) (int, []Hole, error) {
	end := -1
	for i := len(list) - 1; i >= 0 && end < 0; i-- {
		s := &scanner{fn: func(firmware.Record) error { return nil }}
		if err := s.file(list[i]); err != nil {
			return 0, nil, err
		}
		if s.end > 0 {
			end = i
		}
	}
	if end < 0 {
		return end, nil, nil
	}
	noted := map[Hole]bool{}
	s := &scanner{fn: func(r firmware.Record) error {
		var h Hole
		if r.Kind == firmware.KindJournalHole && json.Unmarshal(r.Data, &h) == nil {
			noted[h] = true
		}
		return nil
	}}
	start := max(end-1, 0)
	for _, seg := range list[start : end+1] {
		if err := s.file(seg); err != nil {
			return 0, nil, err
		}
	}
	holes := s.report.Holes
	if start > 0 && len(holes) > 0 && holes[0].From == 1 {
		holes = holes[1:] // only the older segments, which were not read
	}
	if s.tail > 0 {
		holes = append(holes, Hole{s.report.Last + 1, s.report.Last + s.tail})
	}
	w.seq, w.index = s.report.Last+s.tail, s.end
	return end, slices.DeleteFunc(holes, func(h Hole) bool { return noted[h] }), nil
}

// resume goes on in seg; the first of the empty ones after it is the spare. A
// segment that was cut short and cannot be filled up may still take presses.
func (w *writer) resume(seg segment, empty []segment) error {
	_ = allocate(seg.path, w.size)
	f, err := w.open(seg.path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	w.f, w.id = f, seg.id
	w.takeSpare(empty)
	return nil
}

func (w *writer) takeSpare(empty []segment) {
	if len(empty) > 0 && allocate(empty[0].path, w.size) == nil {
		w.spare = &empty[0]
	}
}

// next begins the first of empty, or the spare, or a new segment.
func (w *writer) next(empty []segment) error {
	if w.spare == nil {
		w.takeSpare(empty)
	}
	if err := w.prepare(); err != nil {
		return err
	}
	f, err := w.open(w.spare.path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if w.f != nil {
		_ = w.f.Close() // everything in it is durable
	}
	w.f, w.id, w.index, w.spare = f, w.spare.id, 0, nil
	return nil
}

// prepare makes the spare segment, so that rolling over needs no space.
func (w *writer) prepare() error {
	if w.spare != nil {
		return nil
	}
	seg := segment{w.newID, filepath.Join(w.dir, segmentName(w.newID))}
	f, err := os.OpenFile(seg.path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("journal: reserve: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("journal: reserve: %w", err)
	}
	if err := allocate(seg.path, w.size); err != nil {
		_ = os.Remove(seg.path) // half a reserve is none
		return err
	}
	if err := syncDir(w.dir); err != nil {
		return err
	}
	w.newID++
	w.spare = &seg
	return nil
}

// write makes lines durable as the records first, first+1 … and returns how
// many blocks it took. A segment that fails is left for good and the write
// repeated once in the next one; the numbers are not used again either way.
func (w *writer) write(first uint64, lines [][]byte) (int, error) {
	blocks := pack(first, lines)
	if int64(w.index)+int64(len(blocks)) > w.size/BlockSize {
		if err := w.next(nil); err != nil {
			return 0, err
		}
	}
	w.seq = first + uint64(len(lines)) - 1
	err := w.at(blocks)
	if err == nil {
		return len(blocks), nil
	}
	if again := w.next(nil); again != nil {
		return 0, errors.Join(err, again)
	}
	if again := w.at(blocks); again != nil {
		return 0, errors.Join(err, again)
	}
	return len(blocks), nil
}

func (w *writer) at(blocks []block) error {
	index := w.index
	w.index += uint32(len(blocks)) // also after an error: never the same place again
	if _, err := w.f.WriteAt(place(blocks, w.id, index), int64(index)*BlockSize); err != nil {
		return fmt.Errorf("journal: segment %d: %w", w.id, err)
	}
	return nil
}

func (w *writer) close() error {
	if err := w.f.Close(); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// allocate takes size bytes for the file at path, durably; what is in it stays.
func allocate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0o640)
	if err != nil {
		return fmt.Errorf("journal: reserve: %w", err)
	}
	err = syscall.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		err = extend(f, size)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("journal: reserve %d bytes: %w", size, err)
	}
	return nil
}

// extend writes zeros to the end of a file system that cannot reserve.
func extend(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	zeros := make([]byte, 64*BlockSize)
	for off := info.Size(); off < size; off += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-off)], off); err != nil {
			return err
		}
	}
	return nil
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

// lockDir keeps a second writer out for as long as the file is open.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("journal %s: %w", dir, ErrBusy)
		}
		return nil, fmt.Errorf("journal %s: lock: %w", dir, err)
	}
	return f, nil
}
