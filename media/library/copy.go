package library

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	piece    = 256 << 10 // read at once
	settling = 16 << 20  // copied between two waits for the card, so that progress is true and memory stays free
)

// Why a file is not read.
var (
	errNotPlain = errors.New("not a plain file")
	errChanging = errors.New("the file changes while it is read")
	errSource   = errors.New("source") // wraps what the medium said
)

// openPlain opens a plain file for reading: no link, no device, no pipe, and
// nothing that could make the opening wait.
func openPlain(path string) (*os.File, error) { return openRegular(path, unix.O_NOFOLLOW) }

// openRegular is openPlain with the flags of whoever allows for links.
func openRegular(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|flags, 0)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) { // a link; a socket
		return nil, errNotPlain
	}
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(errNotPlain, err, f.Close())
	}
	return f, nil
}

// copyFile copies exactly size bytes to a new file at path, leaves it on the card
// and out of memory, so that whoever reads it next reads the card, and returns its
// SHA-256 in hex.
func copyFile(ctx context.Context, path string, src *os.File, size int64, tell func(done int64)) (string, error) {
	dst, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = pour(ctx, src, size, func(b []byte, done int64) error {
		sum.Write(b)
		if _, err := dst.Write(b); err != nil {
			return err
		}
		if done%settling == 0 || done == size {
			if err := dst.Sync(); err != nil {
				return err
			}
			forget(dst, 0, done)
			tell(done)
		}
		return nil
	})
	err = errors.Join(err, dst.Close())
	return hex.EncodeToString(sum.Sum(nil)), err
}

// onlyZeros says whether a file begins with nothing but zeros, as far as is worth
// looking: a card that lost its content reads so.
func onlyZeros(f *os.File) bool {
	b := make([]byte, piece)
	n, err := f.ReadAt(b, 0)
	return n > 0 && (err == nil || errors.Is(err, io.EOF)) && len(bytes.Trim(b[:n], "\x00")) == 0
}

// pour reads exactly size bytes in pieces. An error of src is errSource.
func pour(ctx context.Context, src *os.File, size int64, take func(b []byte, done int64) error) error {
	buf := make([]byte, piece)
	for done := int64(0); done < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(src, buf[:min(piece, size-done)])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errChanging
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errSource, err)
		}
		forget(src, done, int64(n))
		done += int64(n)
		if err := take(buf[:n], done); err != nil {
			return err
		}
	}
	if n, _ := src.Read(buf[:1]); n != 0 {
		return errChanging
	}
	return nil
}

// forget lets the kernel drop part of a file from memory: a film is read once.
// Advice, no more.
func forget(f *os.File, from, length int64) {
	_ = unix.Fadvise(int(f.Fd()), from, length, unix.FADV_DONTNEED)
}

// sum hashes an open file from the card, not from memory, resting after each
// piece so that the rate is kept; rate 0 is as fast as it goes.
func (l *Library) sum(ctx context.Context, f *os.File, size, rate int64, tell func(done int64)) (string, error) {
	forget(f, 0, 0)
	h := sha256.New()
	err := pour(ctx, f, size, func(b []byte, done int64) error {
		h.Write(b)
		tell(done)
		if rate <= 0 {
			return nil
		}
		return l.opts.Wait(ctx, time.Duration(float64(len(b))/float64(rate)*float64(time.Second)))
	})
	return hex.EncodeToString(h.Sum(nil)), err
}
