package antenna

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
)

// Bounds of a log: some 100 MB in memory at most.
const (
	mostLogRows = 2_000_000
	mostNamed   = 5 // ids that a sentence lists
)

// diary is a log that several dishes wrote: the rows of each by its name.
type diary[T any] struct {
	file string
	of   map[string][]T
	ids  []string // in the order of the file
	most int      // rows that are kept of each, and one more to tell
	rows int
	bad  int

	asked map[string]int // the row of the table that asked for it
}

// diarist says how a log is read.
type diarist[T any] struct {
	id    string   // its column of names
	needs []string // its other columns
	most  int      // rows of one name
	read  func(r *sheetRow) T
}

// open reads the whole log. Rows that are wrong are told of by their numbers and left
// out.
func (d diarist[T]) open(ctx context.Context, env *command.Env, name string, in io.Reader) (*diary[T], error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, env.Failed("cmd.dish.unreadable", "file", name, "why", err)
		}
		defer func() { _ = f.Close() }() // only read from
		in = f
	}
	rows := newRecords(in)
	l := &diary[T]{file: name, of: map[string][]T{}, most: d.most, asked: map[string]int{}}
	column, err := d.header(env, name, rows)
	if err != nil {
		return nil, err
	}
	for {
		cells, err := rows.next()
		if err == io.EOF {
			return l, nil
		}
		l.rows++
		var shape errRow
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case l.rows > mostLogRows:
			return nil, env.Failed("cmd.dish.log_long", "file", name, "most", mostLogRows)
		case errors.As(err, &shape):
			l.tell(env, rows.first, shape)
			continue
		case err != nil:
			return nil, env.Failed("cmd.dish.unreadable", "file", name, "why", err)
		}
		if err := l.add(d, &sheetRow{column: column, cells: cells}); err != nil {
			l.tell(env, rows.first, err)
		}
	}
}

func (d diarist[T]) header(env *command.Env, name string, rows *records) (map[string]int, error) {
	head, err := rows.next()
	if err != nil {
		return nil, env.Failed("cmd.dish.log_header", "file", name, "why", err)
	}
	column := map[string]int{}
	for i, name := range head {
		name = strings.TrimSpace(name)
		if _, twice := column[name]; !twice {
			column[strings.Clone(name)] = i
		}
	}
	var missing []string
	needs := append([]string{d.id}, d.needs...)
	for _, name := range needs {
		if _, ok := column[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, env.Failed("cmd.dish.log_columns", "file", name, "list", strings.Join(missing, ", "), "all", strings.Join(needs, ", "))
	}
	return column, nil
}

// add keeps a row, and one more than may be of a name, so that it is told of.
func (l *diary[T]) add(d diarist[T], r *sheetRow) error {
	id := r.id(d.id)
	v := d.read(r)
	if r.err != nil {
		return r.err
	}
	list, known := l.of[id]
	if !known {
		id = strings.Clone(id)
		l.ids = append(l.ids, id)
	}
	if len(list) <= l.most {
		l.of[id] = append(list, v)
	}
	return nil
}

// id is a name, which must not be empty.
func (r *sheetRow) id(column string) string {
	s := r.text(column)
	if s == "" {
		r.wrong("cmd.dish.no_name", "column", column)
	}
	return s
}

func (l *diary[T]) tell(env *command.Env, line int, err error) {
	l.bad++
	if env.Errs != nil {
		_, _ = fmt.Fprintln(env.Errs, env.Text.Say("cmd.dish.log_row", "file", l.file, "row", l.rows, "line", line, "why", sayDish(env, err))) // nobody to tell it to
	}
}

// take returns the rows of the name that a row of the table asks for, once.
func (l *diary[T]) take(r *sheetRow, column string) []T {
	id := r.id(column)
	list, ok := l.of[id]
	before := l.asked[id]
	if ok { // also by a row that is wrong otherwise
		l.asked[id]++
	}
	switch {
	case r.err != nil:
		return nil
	case !ok:
		r.wrong("cmd.dish.no_rows", "id", id, "file", l.file)
	case before > 0:
		r.wrong("cmd.dish.twice", "id", id)
	case len(list) > l.most:
		r.wrong("cmd.dish.rows_many", "id", id, "most", l.most)
	}
	return list
}

// only returns the rows for people: of the name they gave, or of the only one.
func (l *diary[T]) only(env *command.Env, id string) (string, []T, error) {
	if id == "" && len(l.ids) == 1 {
		id = l.ids[0]
	}
	list, ok := l.of[id]
	switch {
	case len(l.ids) == 0:
		return "", nil, env.Failed("cmd.dish.log_empty", "file", l.file)
	case id == "":
		return "", nil, env.Misused("cmd.dish.which_id", "count", len(l.ids), "list", several(l.ids))
	case !ok:
		return "", nil, env.Failed("cmd.dish.no_rows", "id", id, "file", l.file)
	case len(list) > l.most:
		return "", nil, env.Failed("cmd.dish.rows_many", "id", id, "most", l.most)
	}
	return id, list, nil
}

// several lists the first few.
func several(ids []string) string {
	s := strings.Join(ids[:min(len(ids), mostNamed)], ", ")
	if len(ids) > mostNamed {
		s += " …"
	}
	return s
}

// close adds to the result of a table what was wrong with the log.
func (l *diary[T]) close(env *command.Env, r command.Result) command.Result {
	var said []string
	if r.Text != "" {
		said = append(said, r.Text)
	}
	if l.bad > 0 {
		said = append(said, env.Text.Say("cmd.dish.log_bad", "file", l.file, "bad", l.bad, "rows", l.rows))
	}
	if l.bad > 0 {
		r.Code = command.CodeFailed
	}
	// Of a log of many stations some may be asked: that is said, beside the table, and no failure.
	rest := slices.DeleteFunc(slices.Clone(l.ids), func(id string) bool { return l.asked[id] > 0 })
	if len(rest) > 0 && env.Errs != nil {
		fmt.Fprintln(env.Errs, env.Text.Say("cmd.dish.log_rest", "file", l.file, "count", len(rest), "list", several(rest)))
	}
	r.Text = strings.Join(said, "\n")
	return r
}

// sayFit tells why there is no answer, and what to do; false for other errors.
func sayFit(env *command.Env, err error) (string, bool) {
	for _, known := range []struct {
		err error
		key string
	}{
		{dish.ErrFewProbes, "few_probes"}, {dish.ErrOneLine, "one_line"}, {dish.ErrNoPeak, "no_peak"},
		{dish.ErrFewSights, "few_sights"}, {dish.ErrNoSun, "no_sun"}, {dish.ErrTwoWays, "two_ways"},
		{dish.ErrFewPoses, "few_poses"}, {dish.ErrFlat, "flat"}, {dish.ErrNoField, "no_field"}, {dish.ErrVertical, "vertical"},
		{dish.ErrShortLog, "short_log"}, {dish.ErrNeverOn, "never_on"},
	} {
		if errors.Is(err, known.err) {
			return env.Text.Say("cmd.dish.fit." + known.key), true
		}
	}
	return "", false
}

// study is an analysis of logs: as a table, or of one name for people.
type study[T any] struct {
	diarist[T]
	table func(l *diary[T]) sheet
	one   func(id string, rows []T) (command.Result, error)
}

func (s study[T]) answer(ctx context.Context, q question) (command.Result, error) {
	name, batch := q.survey.Options["log"], q.survey.Batch
	l, err := s.open(ctx, q.env, name, q.env.In)
	if err != nil {
		return command.Result{}, err
	}
	if batch != "" {
		r, err := s.table(l).batch(ctx, q.env, batch)
		if err != nil {
			return r, err
		}
		return l.close(q.env, r), nil
	}
	id, rows, err := l.only(q.env, q.survey.Options["id"])
	if err != nil {
		return command.Result{}, err
	}
	r, err := s.one(id, rows)
	var told *command.Error
	if err != nil && !errors.As(err, &told) {
		return r, &command.Error{Code: command.CodeFailed, Text: id + ": " + sayDish(q.env, err)}
	}
	if err == nil && l.bad > 0 {
		r.Code = command.CodeFailed
	}
	return r, err
}

// studied answers the commands that work on logs; false for the others.
func (q question) studied(ctx context.Context) (command.Result, bool, error) {
	var r command.Result
	var err error
	switch q.survey.Kind {
	case "boresight":
		r, err = q.boresight().answer(ctx, q)
	case "peak":
		r, err = q.peak().answer(ctx, q)
	case "compass":
		r, err = q.compass().answer(ctx, q)
	case "why":
		if q.survey.Options["log"] == "" {
			r, err = q.whyStanding(ctx)
			break
		}
		r, err = q.why().answer(ctx, q)
	case "trend":
		r, err = q.trend(ctx)
	case "transit":
		r, err = q.transit()
	default:
		return r, false, nil
	}
	return r, true, err
}
