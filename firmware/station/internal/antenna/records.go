package antenna

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// mostRecord bounds a line of a table, in bytes, and mostJoined the lines of one record,
// which may have line ends within quotes.
const (
	mostRecord = 1 << 20
	mostJoined = 100
)

var errRecord = errors.New("a line of more than a megabyte")

// records reads a CSV record by record, as RFC 4180 has it. A record that is none costs its
// first line only: a quote too many does not swallow the good rows that follow, as it would
// with encoding/csv.
type records struct {
	in      *bufio.Reader
	ahead   []string // lines that were read already
	line    int      // that comes next, from 1
	columns int      // of the first record; 0: not yet read
	first   int      // line of the record that was read last
}

// newRecords reads in, without the byte order mark that spreadsheets begin a file with.
func newRecords(in io.Reader) *records {
	b := bufio.NewReaderSize(in, 64<<10)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(len(mark)) // it is there
	}
	return &records{in: b, line: 1}
}

// next returns the cells of the next record; empty lines are none. Errors: io.EOF; errRow
// for a record that is none, after which the next one may be read; errRecord and those of
// the file, after which none may.
func (r *records) next() ([]string, error) {
	text, err := r.take()
	for err == nil && strings.TrimSuffix(text, "\r") == "" {
		text, err = r.take()
	}
	if err != nil {
		return nil, err
	}
	r.first = r.line - 1
	cells, err := cellsOf(text)
	if err != nil {
		return r.join(text)
	}
	return r.counted(cells)
}

// counted wants as many cells as the first record has.
func (r *records) counted(cells []string) ([]string, error) {
	if r.columns == 0 {
		r.columns = len(cells)
	}
	if len(cells) != r.columns {
		return nil, errRow{"cmd.dish.row_fields", []any{"got", len(cells), "want", r.columns}}
	}
	return cells, nil
}

// join tries whether text goes on in the lines after it, and leaves them there when not.
func (r *records) join(text string) ([]string, error) {
	unclosed := errRow{"cmd.dish.row_quote", nil}
	var lines []string
	for len(lines) < mostJoined && len(text) < mostRecord && strings.Count(text, `"`)%2 != 0 {
		line, err := r.take()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		lines, text = append(lines, line), text+"\n"+line
	}
	if cells, err := cellsOf(text); err == nil && (r.columns == 0 || len(cells) == r.columns) {
		return r.counted(cells)
	}
	r.ahead = append(lines, r.ahead...)
	r.line -= len(lines)
	return nil, unclosed
}

// take returns a line without its end, but for a carriage return.
func (r *records) take() (string, error) {
	if len(r.ahead) > 0 {
		line := r.ahead[0]
		r.ahead, r.line = r.ahead[1:], r.line+1
		return line, nil
	}
	line, err := r.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line, err = r.long(line)
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	if err != nil {
		return "", err
	}
	r.line++
	return string(bytes.TrimSuffix(line, []byte("\n"))), nil
}

// long reads the rest of a line that is longer than the buffer.
func (r *records) long(begin []byte) ([]byte, error) {
	line := bytes.Clone(begin)
	for len(line) <= mostRecord {
		more, err := r.in.ReadSlice('\n')
		line = append(line, more...)
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
	return nil, errRecord
}

// cellsOf splits the text of one record.
func cellsOf(text string) ([]string, error) {
	if !strings.Contains(text, `"`) {
		return strings.Split(strings.TrimSuffix(text, "\r"), ","), nil
	}
	c := csv.NewReader(strings.NewReader(text + "\n"))
	c.FieldsPerRecord = -1
	return c.Read()
}
