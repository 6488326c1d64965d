package station

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/proof"
	"stationbox/firmware/register"
	"stationbox/firmware/schedule"
	"stationbox/firmware/text"
	"stationbox/media/library"
)

// registrar is command.Registrar out of the journal, the calendar, the library and the
// roster. Without a configuration it only checks.
type registrar struct {
	cfg  *config.Config // nil: none
	cal  *schedule.Schedule
	scan func(func(firmware.Record) error) error
	now  func() time.Time
}

// Make is command.Registrar. Nothing in it asks the running station, so that it works
// with and without it; the key is only read.
func (g registrar) Make(ctx context.Context, env *command.Env, o command.RegisterOrder) (command.Result, error) {
	if g.cfg == nil {
		return command.Result{}, env.Failed("cmd.not_here")
	}
	key, err := proof.ReadKey(g.cfg.Station.StateDir)
	if err != nil {
		return command.Result{}, env.Failed("cmd.register.key", "why", err)
	}
	opts, err := g.opts(env, o)
	if err != nil {
		return command.Result{}, err
	}
	month, err := register.Build(opts, func(fn func(firmware.Record) error) error {
		return g.scan(func(r firmware.Record) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return fn(r)
		})
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a new station has no journal yet
		return command.Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	man, err := register.Write(o.Out, month, text.New(o.Lang), key, o.Force)
	if err != nil {
		return command.Result{}, registerWhy(env, o.Out, err)
	}
	return registerSaid(env, o.Out, month, man), nil
}

// opts gathers what a month is made with besides the journal.
func (g registrar) opts(env *command.Env, o command.RegisterOrder) (register.Opts, error) {
	zone, now := g.cfg.Location(), g.now()
	opts := register.Opts{Station: g.cfg.Station.ID, Name: g.cfg.Station.Name, Zone: zone, Year: o.Year, Month: o.Month, Made: now,
		Target: time.Duration(g.cfg.Calendar.Target) * time.Minute, Counts: g.counts, Judge: g.judge()}
	if g.cfg.Roster.File != "" {
		roster, _, err := attendance.LoadRoster(g.cfg.Roster.File)
		if err != nil {
			return opts, env.Failed("cmd.register.roster", "file", g.cfg.Roster.File, "why", err)
		}
		opts.Members = roster.Members()
	}
	from := time.Date(o.Year, o.Month, 1, 0, 0, 0, 0, zone)
	to := from.AddDate(0, 1, 0)
	if now.Before(to) {
		to = now
	}
	opts.Planned = g.cal.Between(from, to)
	for _, l := range openLibrary(g.cfg, g.now, library.Opts{}).List() {
		opts.Arrivals = append(opts.Arrivals, register.Arrival{At: l.Added, Title: l.Title, Source: l.Source, Bytes: l.Bytes, LengthMS: l.LengthMS, SHA256: l.SHA256})
	}
	return opts, nil
}

// counts says whether a lesson is study: not an emergency, nor a row that is not
// counted.
func (g registrar) counts(id string) bool {
	if schedule.IsEmergency(firmware.Occasion{ID: id}) {
		return false
	}
	e, known := g.cal.Entry(schedule.EntryOf(id))
	return !known || !e.Uncounted
}

// judge checks signed records by the station's keys.
func (g registrar) judge() func(record []byte) string {
	ring := proof.PublicKeys(g.cfg.Station.StateDir)
	return func(record []byte) string { return judged(record, ring).Problem }
}

// registerWhy says why a folder was not written.
func registerWhy(env *command.Env, dir string, err error) error {
	var other *register.Other
	var foreign *register.Foreign
	switch {
	case errors.As(err, &other):
		return env.Failed("cmd.register.other", "dir", dir, "what", other.What)
	case errors.As(err, &foreign):
		return env.Failed("cmd.register.foreign", "dir", dir, "file", foreign.File)
	}
	return env.Failed("cmd.register.folder", "dir", dir, "why", err)
}

// registerView is what was written as data.
type registerView struct {
	Dir      string            `json:"dir"`
	Manifest register.Manifest `json:"manifest"`
	Lessons  int               `json:"lessons"`
	Minutes  int               `json:"minutes"`
	Target   int               `json:"target"`
	Whole    bool              `json:"whole"` // the month is over
}

func registerSaid(env *command.Env, dir string, m *register.Month, man register.Manifest) command.Result {
	var bytes int64
	for _, f := range man.Files {
		bytes += f.Bytes
	}
	v := registerView{Dir: dir, Manifest: man, Lessons: len(m.Lessons), Minutes: minutes(m.Quota.Done), Target: minutes(m.Quota.Target), Whole: !m.Made.Before(m.To)}
	said := []string{env.Text.Say("cmd.register.done", "month", man.Month, "dir", dir, "files", len(man.Files)+2, "bytes", bytes, "lessons", v.Lessons, "minutes", v.Minutes)}
	if !v.Whole {
		said = append(said, env.Text.Say("cmd.register.part"))
	}
	if n := len(m.Holes); n > 0 {
		said = append(said, env.Text.Say("cmd.register.gaps", "count", n))
	}
	said = append(said, env.Text.Say("cmd.register.print", "file", filepath.Join(dir, register.HTMLFile), "dir", dir))
	return command.Result{Text: strings.Join(said, "\n"), Data: v}
}

// Check is command.Registrar. A folder whose key nobody here knows does not hold: who
// changes a file can sign it anew with a key of his own.
func (g registrar) Check(_ context.Context, env *command.Env, dir, keyFile string) (command.Result, error) {
	ring := proof.Keyring{}
	if g.cfg != nil {
		ring = proof.PublicKeys(g.cfg.Station.StateDir)
	}
	if keyFile != "" {
		pub, err := proof.ReadPublic(keyFile)
		if err != nil {
			return command.Result{}, env.Failed("cmd.register.key_file", "file", keyFile, "why", err)
		}
		ring = proof.Keyring{proof.KeyID(pub): pub}
	}
	v, err := register.Verify(dir, func(id, domain string, message, sig []byte) (known, good bool) {
		pub, known := ring.Find(id)
		return known, known && proof.VerifyStatement(ed25519.PublicKey(pub), domain, message, sig)
	})
	switch {
	case errors.Is(err, register.ErrNoManifest):
		return command.Result{}, env.Failed("register.verify.no_manifest")
	case errors.Is(err, register.ErrForm):
		return command.Result{}, env.Failed("register.verify.form")
	case err != nil:
		return command.Result{}, env.Failed("cmd.register.unreadable", "dir", dir, "why", err)
	}
	return verdictSaid(env, v, keyFile != ""), nil
}

// verdictSaid names every file that is not as it was signed.
func verdictSaid(env *command.Env, v register.Verdict, given bool) command.Result {
	m := v.Manifest
	said := []string{env.Text.Say("register.verify.of", "month", m.Month, "station", fmt.Sprintf("%s %s", m.Station, m.Name), "key", m.Key)}
	for _, list := range []struct {
		key   string
		files []string
	}{{"register.verify.changed", v.Changed}, {"register.verify.missing", v.Missing}, {"register.verify.added", v.Added}} {
		for _, f := range list.files {
			said = append(said, env.Text.Say(list.key, "file", f))
		}
	}
	switch {
	case v.Signature == register.NoFile:
		said = append(said, env.Text.Say("register.verify.no_signature"))
	case v.Signature == register.Broken:
		said = append(said, env.Text.Say("register.verify.signature"))
	case v.Signature == register.UnknownKey && given:
		said = append(said, env.Text.Say("register.verify.other_key", "key", m.Key))
	case v.Signature == register.UnknownKey:
		said = append(said, env.Text.Say("register.verify.unknown_key", "key", m.Key))
	}
	r := command.Result{Data: v}
	if v.OK() {
		said = append(said, env.Text.Say("register.verify.good", "count", len(m.Files)))
	} else {
		r.Code = command.CodeFailed
		said = append(said, env.Text.Say("register.verify.bad", "count", v.Problems()))
	}
	r.Text = strings.Join(said, "\n")
	return r
}
