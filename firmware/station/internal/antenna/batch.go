package antenna

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware/command"
)

// sheet is what a dish command does to a table: the columns it needs, those it adds,
// and what it makes of a row.
type sheet struct {
	needs []string
	adds  []string
	only  bool                                  // the rows have no other columns than those added
	work  func(r *sheetRow) ([][]string, error) // the added cells, of no, one or several rows
}

// errRow is a row that cannot be answered, said by a key of the text catalogue.
type errRow struct {
	key  string
	args []any
}

func (e errRow) Error() string { return e.key }

// sheetRow is one row by the names of its columns. The first cell that is wrong is kept
// in err.
type sheetRow struct {
	column  map[string]int
	cells   []string
	err     error
	remarks []remark
}

// remark is said about a row beside its answer. A fault means that a part of the answer is
// missing, and the row counts as bad.
type remark struct {
	errRow
	fault bool
}

func (r *sheetRow) remark(fault bool, key string, args ...any) {
	r.remarks = append(r.remarks, remark{errRow{key, args}, fault})
}

func (r *sheetRow) text(name string) string {
	i, ok := r.column[name]
	if !ok || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

func (r *sheetRow) wrong(key string, args ...any) {
	if r.err == nil {
		r.err = errRow{key, args}
	}
}

// num reads a number between two limits, both included.
func (r *sheetRow) num(name string, low, high float64) float64 {
	s := r.text(name)
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || math.IsNaN(v) || strings.ContainsAny(s, "_xX"): // Go's own ways to write numbers
		r.wrong("cmd.dish.cell_number", "column", name, "got", strconv.Quote(s))
	case v < low || v > high:
		r.wrong("cmd.dish.cell_range", "column", name, "got", s, "low", low, "high", high)
	}
	return v
}

// maybe reads a number that may be missing.
func (r *sheetRow) maybe(name string, def, low, high float64) float64 {
	if r.text(name) == "" {
		return def
	}
	return r.num(name, low, high)
}

// whole reads a number without a fraction; some programs write 2027.0.
func (r *sheetRow) whole(name string, low, high float64) int {
	v := r.num(name, low, high)
	if v != math.Trunc(v) {
		r.wrong("cmd.dish.cell_number", "column", name, "got", strconv.Quote(r.text(name)))
	}
	return int(v)
}

// momentLayouts are the ways to write a time; without a zone it is UTC.
var momentLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04"}

// momentOf reads a time of RFC 3339, also with a space for the T, without seconds, or in a
// leap second, which is the first of the next minute.
func momentOf(s string) (time.Time, bool) {
	s = strings.Replace(strings.ToUpper(s), " ", "T", 1)
	leap := time.Duration(0)
	if n := len("2006-01-02T15:04"); len(s) > n+2 && s[n:n+3] == ":60" {
		s, leap = s[:n]+":59"+s[n+3:], time.Second
	}
	for _, layout := range momentLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Add(leap), true
		}
	}
	return time.Time{}, false
}

func (r *sheetRow) time(name string) time.Time {
	s := r.text(name)
	t, ok := momentOf(s)
	switch {
	case !ok:
		r.wrong("cmd.dish.cell_time", "column", name, "got", strconv.Quote(s))
	case t.Year() < 1950 || t.Year() > 2150:
		r.wrong("cmd.dish.cell_range", "column", name, "got", s, "low", 1950, "high", 2150)
	}
	return t
}

// word reads one of some words, in capitals or not.
func (r *sheetRow) word(name string, words ...string) string {
	s := r.text(name)
	for _, w := range words {
		if strings.EqualFold(s, w) {
			return w
		}
	}
	r.wrong("cmd.dish.cell_word", "column", name, "got", strconv.Quote(s), "list", strings.Join(words, ", "))
	return s
}

// figure writes a number with so many decimals, and never a negative zero.
func figure(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.HasPrefix(s, "-") && strings.Trim(s, "-0.") == "" {
		return s[1:]
	}
	return s
}

// stamp writes a time in UTC with tenths of a second; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Round(100 * time.Millisecond).Format("2006-01-02T15:04:05.0Z07:00")
}

// process is one run over a table.
type process struct {
	sheet
	env  *command.Env
	in   *records
	out  *csv.Writer
	head []string
	col  map[string]int
	put  [][]int // where each added column is in the rows that go out
	rows int
	bad  int
}

// batch answers a table: from the file of that name, or the standard input for "-", to
// the standard output, row by row.
func (s sheet) batch(ctx context.Context, env *command.Env, name string) (command.Result, error) {
	in := env.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return command.Result{}, env.Failed("cmd.dish.unreadable", "file", name, "why", err)
		}
		defer func() { _ = f.Close() }() // only read from
		in = f
	}
	p := &process{sheet: s, env: env, in: newRecords(in)}
	out := bufio.NewWriter(env.Out)
	p.out = csv.NewWriter(out)
	err := p.run(ctx)
	p.out.Flush()
	if err := errors.Join(p.out.Error(), out.Flush()); err != nil {
		return command.Result{}, fmt.Errorf("standard output: %w", err)
	}
	if err != nil {
		return command.Result{}, err
	}
	if p.bad > 0 {
		return command.Result{Text: env.Text.Say("cmd.dish.bad_rows", "bad", p.bad, "rows", p.rows), Code: command.CodeFailed}, nil
	}
	return command.Result{}, nil
}

func (p *process) run(ctx context.Context) error {
	if err := p.header(); err != nil {
		return err
	}
	for {
		cells, err := p.in.next()
		if err == io.EOF {
			return nil
		}
		p.rows++
		var shape errRow
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case p.out.Error() != nil: // nobody reads on
			return nil
		case errors.As(err, &shape):
			p.bad++
			p.tell(p.in.first, shape)
			continue
		case err != nil:
			return p.env.Failed("cmd.dish.unreadable", "file", "CSV", "why", err)
		}
		p.row(cells)
	}
}

// header reads the names of the columns and writes those of the result. A column of a
// result that is there already is replaced, in its place; were it there twice, both.
func (p *process) header() error {
	head, err := p.in.next()
	if err != nil {
		return p.env.Failed("cmd.dish.no_header", "why", err)
	}
	p.col = map[string]int{}
	for i, name := range head {
		name = strings.TrimSpace(name)
		if _, twice := p.col[name]; !twice {
			p.col[name] = i
		}
	}
	var missing []string
	for _, name := range p.needs {
		if _, ok := p.col[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return p.env.Failed("cmd.dish.columns", "list", strings.Join(missing, ", "), "all", strings.Join(p.needs, ", "), "got", quotedHead(head))
	}
	p.head = slices.Clone(head)
	if p.only {
		p.head = nil
	}
	for _, name := range p.adds {
		at := places(p.head, name)
		if len(at) == 0 {
			at, p.head = []int{len(p.head)}, append(p.head, name)
		}
		p.put = append(p.put, at)
	}
	return p.out.Write(p.head)
}

// places returns where a name stands.
func places(head []string, name string) (at []int) {
	for i, h := range head {
		if strings.TrimSpace(h) == name {
			at = append(at, i)
		}
	}
	return at
}

// quotedHead is a header for a sentence: what cannot be read is quoted, and it is cut.
func quotedHead(head []string) string {
	const most = 120
	s := strings.Trim(strconv.Quote(strings.Join(head, ", ")), `"`)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + " …"
	}
	return s
}

func (p *process) row(cells []string) {
	line := p.in.first
	r := &sheetRow{column: p.col, cells: cells}
	results, err := p.work(r)
	if r.err != nil {
		err = r.err
	}
	if err != nil {
		p.bad++
		p.tell(line, err)
		return
	}
	for _, added := range results {
		p.write(cells, added)
	}
	for _, m := range r.remarks {
		p.tell(line, m.errRow)
	}
	if slices.ContainsFunc(r.remarks, func(m remark) bool { return m.fault }) {
		p.bad++ // one row, however much of it is missing
	}
}

// write writes one row of the result. Its error stays in p.out.
func (p *process) write(cells, added []string) {
	out := make([]string, len(p.head))
	if !p.only {
		copy(out, cells)
	}
	for i, at := range p.put {
		for _, j := range at {
			out[j] = added[i]
		}
	}
	_ = p.out.Write(out)
}

// tell says something about a row, counted without the header, and where it is in the file.
func (p *process) tell(line int, err error) {
	if p.env.Errs != nil {
		_, _ = fmt.Fprintln(p.env.Errs, p.env.Text.Say("cmd.dish.bad_row", "row", p.rows, "line", line, "why", sayDish(p.env, err))) // nobody to tell it to
	}
}
