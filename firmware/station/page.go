package station

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	readmodel "stationbox/firmware/ledger"
	"stationbox/firmware/page"
	"stationbox/firmware/station/internal/antenna"
	"stationbox/firmware/station/internal/work"
)

// pageRetry is how long after an address could not be had it is tried again: that of a
// radio comes some time after power-on.
const pageRetry = 10 * time.Second

// servePage keeps the page of the administrator until ctx ends.
func (st *Station) servePage(ctx context.Context, table *command.Table) error {
	p, err := page.New(st.pageOpts(table))
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	for {
		l, err := lc.Listen(ctx, "tcp", st.cfg.Page.Listen)
		if ctx.Err() == nil {
			cause := ""
			if err != nil {
				cause = err.Error()
			}
			st.faults.Set(err != nil, "fault.page.listen", "", "address", st.cfg.Page.Listen, "cause", cause)
		}
		if err == nil {
			st.log.Info("page", "address", l.Addr())
			return p.Serve(ctx, l)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pageRetry):
		}
	}
}

// pageDir is where the PIN of the page is kept.
func pageDir(cfg *config.Config) string { return filepath.Join(cfg.Station.StateDir, "page") }

// pageOpts lets the page act by the commands that shell and console have too.
func (st *Station) pageOpts(table *command.Table) page.Opts {
	o := page.Opts{Names: st.cfg.Page.Names, Dir: pageDir(st.cfg), Station: st.cfg.Station.Name, Language: st.cfg.Station.Language,
		Zone: st.zone, Now: st.now, Log: st.log, Books: pageBooks{st}, Looks: &st.looks, Gentle: work.Gently,
		Ask:         st.pageAsk(table),
		Members:     st.pageMembers,
		Corrections: pageDesk{st.pageAsk(table)},
		Registers:   pageRegisters{st},
		Record: func(ctx context.Context, a firmware.Access) error {
			_, err := st.journal.Append(ctx, firmware.KindAccess, "", a)
			return err
		},
	}
	if st.dish != nil {
		o.Align = antenna.NewPageAligner(st.aligner)
	}
	return o
}

// pageAsk answers commands by "page".
func (st *Station) pageAsk(table *command.Table) func(context.Context, string, ...string) command.Reply {
	return func(ctx context.Context, lang string, args ...string) command.Reply {
		return command.Answer(ctx, table, st.env(lang, "page"), args)
	}
}

// pageDesk corrects rolls as the shell does.
type pageDesk struct {
	ask func(ctx context.Context, lang string, args ...string) command.Reply
}

// Correct is page.Corrections.
func (d pageDesk) Correct(ctx context.Context, lang string, c page.Correction) error {
	there := "absent"
	if c.Present {
		there = "present"
	}
	r := d.ask(ctx, lang, "roll", "correct", c.Lesson, strconv.Itoa(c.Number), there, "-why", c.Why)
	if r.Code != command.CodeOK {
		return &command.Error{Code: r.Code, Text: r.Text}
	}
	return nil
}

func (st *Station) pageMembers() []page.Member {
	var list []page.Member
	for _, m := range st.roll.members().Members() {
		list = append(list, page.Member{Number: m.Number, Name: m.Name, Branch: m.Branch, Household: m.Household})
	}
	return list
}

// pageBooks is the ledger as the page asks it, as new as the journal.
type pageBooks struct{ st *Station }

func (b pageBooks) open(ctx context.Context) (*readmodel.Ledger, error) {
	l := b.st.books.get()
	if l == nil {
		return nil, page.ErrNotYet
	}
	return l, l.Sync(ctx, b.st.cfg.Station.ID, b.st.source)
}

// Year is page.Books.
func (b pageBooks) Year(ctx context.Context, number, year int) ([]page.Attended, error) {
	l, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	from := time.Date(year, 1, 1, 0, 0, 0, 0, b.st.zone)
	list, err := l.MemberYear(ctx, b.st.cfg.Station.ID, number, from, from.AddDate(1, 0, 0))
	return attended(list), err
}

// Roll is page.Books.
func (b pageBooks) Roll(ctx context.Context, lesson string) ([]page.Attended, error) {
	l, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	list, err := l.Roll(ctx, b.st.cfg.Station.ID, lesson)
	return attended(list), err
}

func attended(list []readmodel.Attendance) []page.Attended {
	var out []page.Attended
	for _, a := range list {
		out = append(out, page.Attended{Lesson: a.Lesson, Number: a.Number, At: a.First})
	}
	return out
}

// Ended is page.Books.
func (b pageBooks) Ended(ctx context.Context, from, to time.Time, limit int) ([]page.Ended, error) {
	l, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	records, err := l.Lessons(ctx, from, to, limit)
	var out []page.Ended
	for _, r := range records {
		var n resultNote
		if json.Unmarshal(r.Data, &n) == nil {
			out = append(out, page.Ended{Lesson: r.Lesson, Title: n.Title, Scheduled: n.Scheduled, Present: n.Present,
				PlayedMS: n.PlayedMS, LengthMS: n.LengthMS, Cause: n.Cause})
		}
	}
	return out, err
}

// setPIN is how the command "page pin" sets the PIN of a configuration's page.
func setPIN(cfg *config.Config) func(*command.Env, string) error {
	return func(env *command.Env, pin string) error {
		err := page.PINsIn(pageDir(cfg)).Set(pin)
		var weak *page.WeakPIN
		switch {
		case errors.As(err, &weak):
			return env.Failed("cmd.page.pin.refused", "why", env.Text.Say(weak.Key))
		case err != nil:
			return env.Failed("cmd.page.pin.refused", "why", err)
		}
		return nil
	}
}
