package station

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	readmodel "stationbox/firmware/ledger"
	"stationbox/firmware/lesson"
)

// scan reads records, such as journal.Read.
type scan func(func(firmware.Record) error) error

// madeRoll makes the roll of a lesson out of the journal, the newest when id is "". What
// the journal's ring has given up is asked of the ledger.
func madeRoll(cfg *config.Config, journal scan, id string) (*attendance.Roll, error) {
	if id == "" {
		var err error
		if id, err = attendance.Latest(journal); err != nil {
			return nil, err
		}
	}
	r, err := attendance.Build(id, journal)
	if err != nil || id == "" || !r.Opened.IsZero() {
		return r, err
	}
	old, err := attendance.Build(id, func(fn func(firmware.Record) error) error {
		return errors.Join(archived(cfg, id, fn), journal(fn)) // the ledger may be some seconds behind
	})
	if err != nil || old.Opened.IsZero() {
		return r, err
	}
	return old, nil
}

// archived reads the records of a lesson's roll out of the ledger; there may be none.
func archived(cfg *config.Config, id string, fn func(firmware.Record) error) error {
	l, err := readmodel.OpenReader(filepath.Join(cfg.Station.StateDir, "ledger.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(l.Of(context.Background(), cfg.Station.ID, id, fn), l.Close())
}

// rollOf is a roll as commands show it.
func rollOf(cfg *config.Config, journal scan, id string) (command.Roll, error) {
	r, err := madeRoll(cfg, journal, id)
	if err != nil {
		return command.Roll{}, err
	}
	out := shownRoll(r)
	if roster, _, err := attendance.LoadRoster(cfg.Roster.File); err == nil {
		out.Members = roster.Len()
	}
	return out, nil
}

// callsOf are the roll calls of a roll, with their names.
func callsOf(r *attendance.Roll) (windows []attendance.Window, names []string) {
	if r.Length() <= 0 {
		return nil, nil
	}
	for _, w := range lesson.Windows(firmware.Occasion{}, r.Length()) {
		windows, names = append(windows, attendance.Window{From: w.From, To: w.To}), append(names, w.Call.String())
	}
	return windows, names
}

func shownRoll(r *attendance.Roll) command.Roll {
	windows, names := callsOf(r)
	out := command.Roll{Lesson: r.Lesson, Title: r.Title, Opened: r.Opened, Closed: r.Closed, Present: r.Present(), Heads: r.Heads(),
		HeadsCorrected: shownNote(r.HeadsCorrected()), Calls: names, Entries: []command.RollEntry{}}
	for _, e := range r.Attended(windows) {
		v := command.RollEntry{Number: e.Number, Name: e.Name, Known: e.Known, Guest: e.Guest, Present: e.Counts(), At: e.At, Late: e.Late && e.Counts(),
			LeftEarly: e.LeftEarly, Presses: e.Presses, Corrected: shownNote(e.Corrected)}
		for i, here := range e.Calls {
			if here {
				v.Calls = append(v.Calls, names[i])
			}
		}
		for _, add := range []struct {
			on bool
			to *int
		}{{v.Late, &out.Late}, {v.LeftEarly, &out.Left}, {v.Guest, &out.Guests}} {
			if add.on {
				*add.to++
			}
		}
		out.Entries = append(out.Entries, v)
	}
	for _, m := range r.Marks() {
		out.Marks = append(out.Marks, command.RollMark{Mark: m.Mark, Verdict: m.Verdict})
	}
	return out
}

func shownNote(c *attendance.Corrected) *command.RollNote {
	if c == nil {
		return nil
	}
	return &command.RollNote{Do: c.Do, By: c.By, Why: c.Why, At: c.At}
}

// do lets the only writer of the roll do f, so that what the administrator does and
// what people press have one order on the card and in memory. It returns when f has.
func (b *rollbook) do(ctx context.Context, f func(context.Context) error) error {
	done := make(chan error, 1)
	select {
	case b.desk <- func(ctx context.Context) { done <- f(ctx) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// clerk is command.Clerk of the running station.
type clerk struct {
	cfg  *config.Config
	book *rollbook
	roll func(lesson string) (command.Roll, error)
}

// Correct is command.Clerk.
func (c clerk) Correct(ctx context.Context, id string, what firmware.Correction) (command.Roll, error) {
	r, err := c.known(id)
	if err != nil {
		return r, err
	}
	what.At = r.Opened
	if what.Do != firmware.CorrectHeads {
		m, known := c.book.members().Find(what.Number)
		what.Name, what.Known = m.Name, known
		for _, e := range r.Entries {
			if e.Number == what.Number && !e.At.IsZero() {
				what.At = e.At
			}
		}
	}
	return c.write(ctx, firmware.KindCorrection, r.Lesson, what)
}

// Judge is command.Clerk.
func (c clerk) Judge(ctx context.Context, id string, v firmware.Verdict) (command.Roll, error) {
	r, err := c.known(id)
	if err != nil {
		return r, err
	}
	for _, m := range r.Marks {
		if m.ID == v.Mark {
			return c.write(ctx, firmware.KindVerdict, r.Lesson, v)
		}
	}
	return r, command.ErrNoMark
}

// known is the roll of a lesson that there was.
func (c clerk) known(id string) (command.Roll, error) {
	r, err := c.roll(id)
	if err == nil && r.Opened.IsZero() {
		err = command.ErrNoRoll
	}
	return r, err
}

// write puts a record on the card and returns the roll that came of it.
func (c clerk) write(ctx context.Context, kind, id string, data any) (command.Roll, error) {
	err := c.book.do(ctx, func(ctx context.Context) error {
		_, _, err := c.book.write(ctx, kind, id, data)
		return err
	})
	if err != nil {
		return command.Roll{}, err
	}
	return c.roll(id)
}
