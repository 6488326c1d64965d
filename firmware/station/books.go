package station

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/journal"
	readmodel "stationbox/firmware/ledger"
)

const (
	// booksEvery is how often the ledger takes over what is new in the journal.
	booksEvery = 10 * time.Second
	// booksCheck is the hour of the night in which the ledger is read through.
	booksCheck = 3
)

// books is the ledger that people's questions are answered from. Until it is open,
// and while it is made anew, there is none.
type books struct {
	mu sync.Mutex
	l  *readmodel.Ledger
}

func (b *books) set(l *readmodel.Ledger) {
	b.mu.Lock()
	b.l = l
	b.mu.Unlock()
}

func (b *books) get() *readmodel.Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.l
}

// source is the journal as the ledger reads it.
func (st *Station) source(after uint64, fn func(firmware.Record) error) error {
	return journal.ReadAfter(st.cfg.JournalDir(), after, fn)
}

// keepBooks keeps the ledger up to date until ctx ends. It is made anew when it is
// damaged: nothing is true because it stands there.
func (st *Station) keepBooks(ctx context.Context) error {
	path, id := filepath.Join(st.cfg.Station.StateDir, "ledger.db"), st.cfg.Station.ID
	l, err := readmodel.OpenSure(ctx, path, id, st.source, readmodel.Opts{Log: st.log})
	if err != nil {
		return err
	}
	defer func() {
		st.books.set(nil)
		_ = l.Close() // a read model
	}()
	st.books.set(l)
	tick := time.NewTicker(booksEvery)
	defer tick.Stop()
	checked := st.now().YearDay()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := l.Sync(ctx, id, st.source)
		if now := st.now(); err == nil && now.Hour() == booksCheck && now.YearDay() != checked {
			checked = now.YearDay()
			err = l.Check(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, readmodel.ErrDamaged):
			st.log.Warn("ledger: made anew", "err", err)
			st.books.set(nil)
			_ = l.Close()
			if l, err = readmodel.Rebuild(ctx, path, id, st.source, readmodel.Opts{Log: st.log}); err != nil {
				return err
			}
			st.books.set(l)
		case err != nil:
			return err
		}
	}
}

// yearView is a member's year as data.
type yearView struct {
	Number  int        `json:"number"`
	Name    string     `json:"name,omitempty"`
	Year    int        `json:"year"`
	Lessons []yearItem `json:"lessons"`
}

type yearItem struct {
	Lesson string    `json:"lesson"`
	At     time.Time `json:"at"` // first press that counts
}

// runMember is the command "member NUMBER [YEAR]": the lessons of a member.
func (st *Station) runMember(ctx context.Context, env *command.Env, args []string) (command.Result, error) {
	if len(args) < 1 || len(args) > 2 {
		return command.Result{}, env.Misused("cmd.member.which")
	}
	number, err := strconv.Atoi(args[0])
	if err != nil || number < 1 || number > 9999 {
		return command.Result{}, env.Misused("cmd.member.which")
	}
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	year := st.now().Year()
	if len(args) == 2 {
		if year, err = strconv.Atoi(args[1]); err != nil || year < 2000 || year > 9999 {
			return command.Result{}, env.Misused("cmd.member.which")
		}
	}
	l := st.books.get()
	if l == nil {
		return command.Result{}, env.Failed("cmd.member.not_yet")
	}
	if err := l.Sync(ctx, st.cfg.Station.ID, st.source); err != nil {
		return command.Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	from := time.Date(year, 1, 1, 0, 0, 0, 0, st.zone)
	list, err := l.MemberYear(ctx, st.cfg.Station.ID, number, from, from.AddDate(1, 0, 0))
	if err != nil {
		return command.Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	v := yearView{Number: number, Year: year, Lessons: []yearItem{}}
	if m, ok := st.roll.members().Find(number); ok {
		v.Name = m.Name
	}
	var b strings.Builder
	fmt.Fprintln(&b, env.Text.Say("cmd.member.head", "number", number, "name", v.Name, "year", year, "count", len(list)))
	for _, a := range list {
		v.Lessons = append(v.Lessons, yearItem{a.Lesson, a.First.In(st.zone)})
		fmt.Fprintf(&b, "  %s  %s\n", a.First.In(st.zone).Format("2006-01-02 15:04 MST"), a.Lesson)
	}
	return command.Result{Text: b.String(), Data: v}, nil
}
