package antenna

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// rowFiles keeps the rows of a log that wait for the card, and appends them to the files
// they belong to.
type rowFiles[R interface{ encode() string }] struct {
	dir    string
	file   func(R) string // name of a row's file in dir
	what   string         // the log, in errors
	header string         // the first line of each file
	most   int            // rows that wait for a card that cannot be written

	waiting []R
}

// add keeps a row; of too many that wait the oldest is dropped.
func (l *rowFiles[R]) add(r R) {
	if len(l.waiting) >= l.most {
		l.waiting = l.waiting[1:]
	}
	l.waiting = append(l.waiting, r)
}

// write appends what waits, a file at a time. What could not be written waits on.
func (l *rowFiles[R]) write() error {
	for len(l.waiting) > 0 {
		file := l.file(l.waiting[0])
		n, text := 0, strings.Builder{}
		for n < len(l.waiting) && l.file(l.waiting[n]) == file {
			text.WriteString(l.waiting[n].encode())
			n++
		}
		if err := appendDish(filepath.Join(l.dir, file), l.header, text.String()); err != nil {
			return fmt.Errorf("%s: %w", l.what, err)
		}
		l.waiting = l.waiting[n:]
	}
	return nil
}

// appendDish adds lines to a file of the log; a torn last line is ended first, so that
// it spoils no other. A file that began with fewer columns goes on with those: else
// programs that read it would miss every line.
func appendDish(path, header, lines string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	whole, last := info.Size(), []byte{'\n'}
	if torn, err := tornHeader(f, header, info.Size()); err != nil {
		return err
	} else if torn { // nothing follows it, and no program could read what would
		if err := f.Truncate(0); err != nil {
			return err
		}
		whole = 0
		lines = header + lines
	} else if lines, err = asBegun(f, header, lines); err != nil {
		return err
	} else if _, err := f.ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		lines = "\n" + lines
	}
	if _, err = f.WriteString(lines); err == nil {
		err = f.Sync()
	}
	if err != nil { // the lines are written again later: what got there of them would be there twice
		if info, serr := f.Stat(); serr == nil && info.Size() > whole {
			err = errors.Join(err, f.Truncate(whole))
		}
	}
	return err
}

// tornHeader says whether f has nothing but a part of its header, or nothing at all.
func tornHeader(f *os.File, header string, size int64) (bool, error) {
	if size >= int64(len(header)) {
		return false, nil
	}
	begin := make([]byte, size)
	if _, err := f.ReadAt(begin, 0); err != nil && err != io.EOF {
		return false, err
	}
	return strings.HasPrefix(header, string(begin)), nil
}

// asBegun cuts lines to as many columns as the first line of f has. A first line that is
// no older header was damaged, and says nothing of the columns.
func asBegun(f *os.File, header, lines string) (string, error) {
	begin := make([]byte, len(header))
	n, err := f.ReadAt(begin, 0)
	if err != nil && err != io.EOF {
		return "", err
	}
	head, _, _ := strings.Cut(string(begin[:n]), "\n")
	if !strings.HasPrefix(header, head+",") {
		return lines, nil
	}
	columns := strings.Count(head, ",") + 1
	var b strings.Builder
	for line := range strings.Lines(lines) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), ",")
		b.WriteString(strings.Join(cells[:min(columns, len(cells))], ",") + "\n")
	}
	return b.String(), nil
}

// dishFileMost bounds what is read of a file: a month has some 4 MB.
const dishFileMost = 16 << 20

// readRows hands the good rows of a file to fn, at most so many, and counts the lines
// that are none.
func readRows[R any](ctx context.Context, path string, most int, decode func(cells []string) (R, bool), fn func(R)) (bad int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read from
	lines := bufio.NewReader(io.LimitReader(f, dishFileMost))
	_, _, err = readLine(lines) // the header
	for good := 0; good < most && err == nil; {
		if ctx.Err() != nil {
			return bad, ctx.Err()
		}
		var line string
		var whole bool
		if line, whole, err = readLine(lines); err != nil {
			break
		}
		r, ok := decode(strings.Split(line, ","))
		if !ok || !whole {
			bad++
			continue
		}
		fn(r)
		good++
	}
	if err != nil && err != io.EOF { // what a bad card does not give back
		bad++
	}
	return bad, nil
}

// readLine returns a line without its end. Of one that is much too long, as a bad card
// leaves behind, it is the begin, and not whole.
func readLine(in *bufio.Reader) (line string, whole bool, err error) {
	b, err := in.ReadSlice('\n')
	line, whole = string(b), err != bufio.ErrBufferFull
	for err == bufio.ErrBufferFull {
		_, err = in.ReadSlice('\n')
	}
	if err == io.EOF && line != "" {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), whole, err
}
