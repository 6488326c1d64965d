package proof

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrChanging means that a film was written to while it was read.
var ErrChanging = errors.New("the file changes while it is read")

// Film is a file and what is in it. Two Films are the same file with the same
// content when all members are equal: whoever writes to a file changes its
// time, whoever replaces it changes its inode.
type Film struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	MTimeNS int64  `json:"mtime_ns"`
	Inode   uint64 `json:"inode"`
	Device  uint64 `json:"device"`
	SHA256  string `json:"sha256,omitempty"` // "": not read yet
}

// Same says whether f and other are one unchanged file, whatever is known of
// its content.
func (f Film) Same(other Film) bool {
	f.SHA256, other.SHA256 = "", ""
	return f == other
}

// Look tells a film's identity without reading it.
func Look(path string) (Film, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Film{}, err
	}
	return identity(path, info)
}

func identity(path string, info os.FileInfo) (Film, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return Film{}, fmt.Errorf("%s: not a regular file", filepath.Base(path))
	}
	return Film{Path: path, Bytes: info.Size(), MTimeNS: info.ModTime().UnixNano(), Inode: st.Ino, Device: uint64(st.Dev)}, nil
}

// HashOpts may be left zero.
type HashOpts struct {
	Rate int64                                            // bytes a second, 0 is 8 MB/s: a third of what a slow card reads
	Wait func(ctx context.Context, d time.Duration) error // nil waits on a timer
}

// Hashes computes the SHA-256 of films and remembers it in a file by size, time
// and inode, so that a film is read once however often it is shown. Its methods
// may be called from any goroutine; Sum is meant for one of its own.
type Hashes struct {
	path string
	opts HashOpts

	mu    sync.Mutex
	films []Film // the newest last
}

const (
	mostFilms = 256
	piece     = 256 << 10 // read at once
	usualRate = 8 << 20
)

// OpenHashes reads what path remembers; nothing or nonsense is no memory.
func OpenHashes(path string, opts HashOpts) *Hashes {
	if opts.Rate <= 0 {
		opts.Rate = usualRate
	}
	if opts.Wait == nil {
		opts.Wait = wait
	}
	h := &Hashes{path: path, opts: opts}
	if b, err := readUpTo(path, mostState); err == nil {
		h.films = parseFilms(b)
	}
	return h
}

// parseFilms reads the memory; a damaged one is none, because a wrong hash would
// be worse than reading the film again.
func parseFilms(b []byte) []Film {
	var films []Film
	if json.Unmarshal(b, &films) != nil || len(films) > mostFilms {
		return nil
	}
	for _, f := range films {
		raw, err := hex.DecodeString(f.SHA256)
		if err != nil || len(raw) != sha256.Size || f.Path == "" || f.Bytes < 0 {
			return nil
		}
	}
	return films
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

// Known returns a film as it is on the card now, and its hash when it was read
// before. It reads no content. The error is why the file cannot be looked at.
func (h *Hashes) Known(path string) (Film, error) {
	now, err := Look(path)
	if err != nil {
		return Film{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.films {
		if f.Same(now) {
			return f, nil
		}
	}
	return now, nil
}

// Remembered returns the film that was read at path last, whatever is there now.
func (h *Hashes) Remembered(path string) (Film, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.films {
		if f.Path == path {
			return f, true
		}
	}
	return Film{}, false
}

// Sum returns a film with its hash, reading it if it must, at the rate of the
// Opts and without driving other files out of the kernel's cache. Errors: those
// of ctx, ErrChanging, or why the card cannot be read.
func (h *Hashes) Sum(ctx context.Context, path string) (Film, error) {
	if f, err := h.Known(path); err != nil || f.SHA256 != "" {
		return f, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Film{}, err
	}
	film, err := h.read(ctx, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return Film{}, fmt.Errorf("hash %s: %w", filepath.Base(path), err)
	}
	return film, h.remember(film)
}

func (h *Hashes) read(ctx context.Context, f *os.File) (Film, error) {
	before, err := look(f)
	if err != nil {
		return Film{}, err
	}
	sum := sha256.New()
	if err := h.pour(ctx, sum, f, before.Bytes); err != nil {
		return Film{}, err
	}
	after, err := look(f)
	if err != nil {
		return Film{}, err
	}
	if !after.Same(before) {
		return Film{}, ErrChanging
	}
	after.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return after, nil
}

func look(f *os.File) (Film, error) {
	info, err := f.Stat()
	if err != nil {
		return Film{}, err
	}
	return identity(f.Name(), info)
}

// pour reads exactly size bytes in pieces, resting after each so that the rate
// is kept.
func (h *Hashes) pour(ctx context.Context, sum hash.Hash, f *os.File, size int64) error {
	rest := time.Duration(float64(piece) / float64(h.opts.Rate) * float64(time.Second))
	buf := make([]byte, piece)
	for done := int64(0); done < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.Read(buf[:min(piece, size-done)])
		sum.Write(buf[:n])
		// A film is read once: it need not stay in memory. Advice, no more.
		_ = unix.Fadvise(int(f.Fd()), done, int64(n), unix.FADV_DONTNEED)
		done += int64(n)
		switch {
		case err == io.EOF:
			return ErrChanging
		case err != nil:
			return err
		case done < size:
			if err := h.opts.Wait(ctx, rest); err != nil {
				return err
			}
		}
	}
	return nil
}

// remember keeps the hash, the newest of each path, and writes the file. The
// film is good also when the card does not take it.
func (h *Hashes) remember(film Film) error {
	h.mu.Lock()
	h.films = slices.DeleteFunc(h.films, func(f Film) bool { return f.Path == film.Path })
	h.films = append(h.films, film)
	h.films = h.films[max(0, len(h.films)-mostFilms):]
	films := slices.Clone(h.films)
	h.mu.Unlock()
	if err := Save(h.path, films); err != nil {
		return fmt.Errorf("hashes: %w", err)
	}
	return nil
}
