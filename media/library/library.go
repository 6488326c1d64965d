// Package library keeps the lessons: a folder each, with a manifest, a film, its
// subtitles and a cover. What arrives is copied, read to its last byte, decoded to
// its last picture and judged against what the board can show, before it is a
// lesson; what is refused says why, and by which ffmpeg command it becomes one
// that is taken.
//
//	lessons/
//	  apple-pruning/
//	    lesson.toml            the manifest
//	    apple-pruning.mp4      the film
//	    apple-pruning.zh.srt   subtitles, always UTF-8
//	    cover.jpg
//	    trace.bin              what the film sounds and looks like; not in older lessons
//	  .arriving-…/  .leaving-…/   on the way in and out; swept away when nobody is at it
//	  .lock
//
// It promises that a folder with a manifest is whole, whatever was killed or
// unplugged at whatever moment; that no file of a stranger makes it open another
// one, write outside its folder, or run without end; and that nothing it was told
// to keep gives way for something new. It has no words for people: findings are
// codes with arguments. It never plays, mounts or unmounts anything.
package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Opts may be left zero.
type Opts struct {
	FFmpeg  string // program, "" is "ffmpeg"
	FFprobe string // program, "" is "ffprobe"
	Board   Board  // that films are checked for; the zero Board is "pi4"
	Budget  int64  // bytes that all lessons may take, 0 is no bound but the card's
	Reserve int64  // bytes of the card that stay free, 0 is 512 MiB
	Rate    int64  // bytes a second of a check at leisure, 0 is 8 MB/s: a third of what a slow card reads
	Log     *slog.Logger
	Wait    func(ctx context.Context, d time.Duration) error // nil waits on a timer
}

// Library is the folder of lessons. Its methods may be called from any goroutine
// and, as they lock the folder, any process.
type Library struct {
	dir  string
	now  func() time.Time
	opts Opts
}

// Lesson is one lesson of the library.
type Lesson struct {
	ID string `json:"id"` // name of its folder
	Manifest
	Problem string `json:"problem,omitempty"` // why its manifest cannot be read; the rest is empty then

	dir string
}

// FilmPath is the path of the film.
func (l Lesson) FilmPath() string { return filepath.Join(l.dir, l.Film) }

// Dir is the folder of the lesson.
func (l Lesson) Dir() string { return l.dir }

const (
	arriving    = ".arriving-"
	leaving     = ".leaving-"
	lockName    = ".lock"
	mostLessons = 4096
	usualSpare  = 512 << 20
	usualRate   = 8 << 20
)

// ErrBusy means that another import is under way.
var ErrBusy = errors.New("library: another import is under way")

// Open prepares the library in dir, which may come later. It removes what an
// import left that was killed.
func Open(dir string, now func() time.Time, o Opts) *Library {
	o.FFmpeg, o.FFprobe = cmp.Or(o.FFmpeg, "ffmpeg"), cmp.Or(o.FFprobe, "ffprobe")
	o.Reserve, o.Rate = cmp.Or(o.Reserve, usualSpare), cmp.Or(o.Rate, usualRate)
	if o.Board.Name == "" {
		o.Board = Boards()[0]
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	l := &Library{dir: dir, now: now, opts: o}
	if unlock, err := l.lock(); err == nil {
		l.sweep()
		unlock()
	}
	return l
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// lock makes this the only one that changes the library, over all processes.
func (l *Library) lock() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(l.dir, lockName), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, fmt.Errorf("library's lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("library's lock: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// sweep removes what is on the way in or out; whoever brought it is dead, because
// the lock is ours.
func (l *Library) sweep() {
	for _, e := range l.entries() {
		if strings.HasPrefix(e.Name(), arriving) || strings.HasPrefix(e.Name(), leaving) {
			if err := os.RemoveAll(filepath.Join(l.dir, e.Name())); err != nil {
				l.opts.Log.Warn("library: left over", "name", e.Name(), "err", err)
			}
		}
	}
}

func (l *Library) entries() []fs.DirEntry { return readDir(l.dir, mostLessons) }

// readDir lists at most most entries of a folder, in no order; one that cannot be
// read has none.
func readDir(dir string, most int) []fs.DirEntry {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read from
	list, _ := f.ReadDir(most)
	return list
}

// List returns the lessons by name, also those whose manifest cannot be read. A
// folder without a manifest is none of ours, and a library that is not there yet
// is empty.
func (l *Library) List() []Lesson {
	var list []Lesson
	for _, e := range l.entries() {
		if !e.IsDir() {
			continue
		}
		if lesson, ok := l.Lesson(e.Name()); ok {
			list = append(list, lesson)
		}
	}
	slices.SortFunc(list, func(a, b Lesson) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (l *Library) read(id string) Lesson {
	lesson := Lesson{ID: id, dir: filepath.Join(l.dir, id)}
	m, err := readManifest(lesson.dir)
	if err == nil {
		err = m.whole()
	}
	if err != nil {
		lesson.Problem, lesson.Bytes = printable(err.Error(), mostArg), weigh(lesson.dir)
		return lesson
	}
	lesson.Manifest = m
	return lesson
}

// weigh is how many bytes the files of a folder are.
func weigh(dir string) int64 {
	list, _ := os.ReadDir(dir)
	var n int64
	for _, e := range list {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n
}

// Lesson returns the lesson called id, and false when there is none.
func (l *Library) Lesson(id string) (Lesson, bool) {
	if !validID(id) {
		return Lesson{}, false
	}
	dir := filepath.Join(l.dir, id)
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return Lesson{}, false
	}
	if _, err := os.Lstat(filepath.Join(dir, ManifestName)); err != nil {
		return Lesson{}, false
	}
	return l.read(id), true
}

// Of returns the lesson whose film is at path, and false when it is none of the
// library's.
func (l *Library) Of(path string) (Lesson, bool) {
	rel, err := filepath.Rel(l.dir, path)
	if err != nil || !filepath.IsLocal(rel) {
		return Lesson{}, false
	}
	id, film, two := strings.Cut(filepath.ToSlash(rel), "/")
	if !two {
		return Lesson{}, false
	}
	lesson, ok := l.Lesson(id)
	return lesson, ok && (lesson.Problem != "" || lesson.Film == film)
}

// Remove takes a lesson out of the library. It is gone at once, also when the
// power fails before its last byte is freed. Errors: ErrBusy, fs.ErrNotExist, or
// those of the card.
func (l *Library) Remove(id string) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	l.sweep()
	return l.drop(id)
}

// drop removes a lesson under the lock.
func (l *Library) drop(id string) error {
	lesson, ok := l.Lesson(id)
	if !ok {
		return fmt.Errorf("lesson %q: %w", printable(id, 80), fs.ErrNotExist)
	}
	out := filepath.Join(l.dir, leaving+id)
	if err := os.Rename(lesson.dir, out); err != nil {
		return fmt.Errorf("lesson %s: %w", id, err)
	}
	return errors.Join(syncDir(l.dir), os.RemoveAll(out))
}

// Settle waits until everything that was imported is on the card, so that the
// power and the stick may go.
func (l *Library) Settle() error {
	d, err := os.Open(l.dir)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(d.Fd())), d.Close())
}

// syncDir sees to it that what was renamed in a folder is on the card.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
