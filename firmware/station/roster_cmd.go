package station

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/text"
)

// rosterLines bounds each list of an answer; -json has everybody.
const rosterLines = 200

// enroller is command.Enroller: the file that roster.file names and, where the
// station runs, the roster that it calls from.
type enroller struct {
	cfg *config.Config
	now func() time.Time
	st  *Station // nil outside the running station
}

// rosterView is the outcome of an import as -json prints it.
type rosterView struct {
	File     string               `json:"file"`
	Sheet    string               `json:"sheet,omitempty"`
	Done     bool                 `json:"done"` // the roster was changed
	Members  int                  `json:"members"`
	Added    []firmware.Member    `json:"added"`
	Changed  []attendance.Change  `json:"changed"`
	Left     []firmware.Member    `json:"left"`
	Absent   []firmware.Member    `json:"absent"` // not in the file, and stay
	Same     int                  `json:"same"`
	Dropped  []attendance.Dropped `json:"dropped"`
	Warnings []string             `json:"warnings"`
	Bad      []string             `json:"bad"`
	Backup   string               `json:"backup,omitempty"`
}

// List is command.Enroller.
func (g enroller) List(_ context.Context, env *command.Env) (command.Result, error) {
	r, _, err := g.current()
	if err != nil {
		return command.Result{}, env.Failed("cmd.roster.own_missing", "why", rosterWhy(env, err))
	}
	members := r.Members()
	var b strings.Builder
	counts, cards := map[string]int{}, 0
	var branches []string
	for _, m := range members {
		if counts[m.Branch]++; counts[m.Branch] == 1 {
			branches = append(branches, m.Branch)
		}
		line := []string{fmt.Sprintf("%4d", m.Number), m.Name, m.Branch, m.Household}
		if m.Card != "" {
			cards++
			line = append(line, env.Text.Say("cmd.roster.has_card"))
		}
		fmt.Fprintln(&b, strings.Join(slices.DeleteFunc(line, func(s string) bool { return s == "" }), "  "))
	}
	slices.Sort(branches)
	for _, branch := range branches {
		name := branch
		if name == "" {
			name = env.Text.Say("cmd.roster.no_branch")
		}
		fmt.Fprintln(&b, env.Text.Say("cmd.roster.branch", "name", name, "count", counts[branch]))
	}
	last := env.Text.Say("cmd.roster.total", "count", len(members), "cards", cards)
	if len(members) == 0 {
		last = env.Text.Say("cmd.roster.none")
	}
	b.WriteString(last)
	return command.Result{Text: b.String(), Data: map[string]any{"members": members, "branches": counts}}, nil
}

// Export is command.Enroller.
func (g enroller) Export(_ context.Context, env *command.Env, path string) (command.Result, error) {
	if err := g.whole(env, path); err != nil {
		return command.Result{}, err
	}
	r, bad, err := g.current()
	switch {
	case err != nil:
		return command.Result{}, env.Failed("cmd.roster.own_missing", "why", rosterWhy(env, err))
	case len(bad) > 0: // people would be missing
		return command.Result{}, env.Failed("cmd.roster.own_bad", "count", len(bad))
	}
	data, err := r.Encode(path, env.Text)
	if err == nil {
		err = attendance.WriteNew(path, data)
	}
	if errors.Is(err, fs.ErrExist) {
		return command.Result{}, env.Failed("cmd.roster.exists", "file", path)
	}
	if err != nil {
		return command.Result{}, env.Failed("cmd.roster.refused", "file", path, "why", rosterWhy(env, err))
	}
	g.record(env, "roster", "export", path)
	return command.Result{Text: env.Text.Say("cmd.roster.exported", "count", r.Len(), "file", path), Data: map[string]any{"file": path, "members": r.Len()}}, nil
}

// Import is command.Enroller. It is all or nothing.
func (g enroller) Import(_ context.Context, env *command.Env, in command.RosterImport) (command.Result, error) {
	if g.cfg.Roster.File == "" {
		return command.Result{}, env.Failed("cmd.roster.no_file")
	}
	if err := g.whole(env, in.Path); err != nil {
		return command.Result{}, err
	}
	list, err := listAt(in.Path, in.Sheet)
	if err != nil {
		return command.Result{}, env.Failed("cmd.roster.refused", "file", filepath.Base(in.Path), "why", rosterWhy(env, err))
	}
	if g.st != nil {
		g.st.roll.filing.Lock()
		defer g.st.roll.filing.Unlock()
	}
	old, err := g.base(env, in.Replace)
	if err != nil {
		return command.Result{}, err
	}
	plan := old.Plan(list, in.Replace)
	v := rosterViewOf(env, plan, list, filepath.Base(in.Path), old.Len())
	b := &strings.Builder{}
	if len(plan.Bad) > 0 {
		fmt.Fprintln(b, env.Text.Say("cmd.roster.bad", "file", v.title(env), "count", len(v.Bad)))
		bounded(b, env, "  ", v.Bad)
		return command.Result{Text: b.String(), Data: v, Code: command.CodeFailed}, nil
	}
	v.tell(b, env)
	switch {
	case in.Dry:
		b.WriteString(env.Text.Say("cmd.roster.dry"))
	case plan.Empty():
		b.WriteString(env.Text.Say("cmd.roster.nothing"))
	default:
		if v.Backup, err = g.save(env, plan.Next); err != nil {
			return command.Result{}, err
		}
		v.Done, v.Members = true, plan.Next.Len()
		g.record(env, "roster", "import", filepath.Base(in.Path))
		fmt.Fprintln(b, env.Text.Say("cmd.roster.done", "count", v.Members))
		if v.Backup != "" {
			b.WriteString(env.Text.Say("cmd.roster.backup", "file", v.Backup))
		}
	}
	return command.Result{Text: b.String(), Data: v}, nil
}

// listAt reads the list of a file, in which there must be somebody.
func listAt(path, sheet string) (*attendance.List, error) {
	data, err := attendance.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list, err := attendance.ReadList(data, sheet)
	if err == nil && len(list.Members)+len(list.Bad) == 0 {
		return nil, &attendance.Note{Key: "roster.nobody"}
	}
	return list, err
}

// whole refuses a path that the station would look for in a folder of its own.
func (g enroller) whole(env *command.Env, path string) error {
	if g.st == nil || filepath.IsAbs(path) {
		return nil
	}
	return env.Misused("cmd.roster.whole_path", "got", filepath.Base(path))
}

// current reads the roster of the station; there may be none yet.
func (g enroller) current() (*attendance.Roster, []attendance.BadRow, error) {
	r, bad, err := (*attendance.Roster)(nil), []attendance.BadRow(nil), error(nil)
	if g.cfg.Roster.File != "" {
		r, bad, err = attendance.LoadRoster(g.cfg.Roster.File)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return r, bad, err
}

// base is the roster that a list is compared with. Rows of it that are not understood
// would be lost, which only who replaces it all may do.
func (g enroller) base(env *command.Env, replace bool) (*attendance.Roster, error) {
	r, bad, err := g.current()
	switch {
	case replace:
		return r, nil
	case err != nil:
		return nil, env.Failed("cmd.roster.own_missing", "why", rosterWhy(env, err))
	case len(bad) > 0:
		return nil, env.Failed("cmd.roster.own_bad", "count", len(bad))
	}
	return r, nil
}

// save writes r and lets the station call from it. What counts is what the file has:
// when the writing ends in an error the roster is read anew.
func (g enroller) save(env *command.Env, r *attendance.Roster) (backup string, err error) {
	backup, err = attendance.SaveRoster(g.cfg.Roster.File, r, text.New(g.cfg.Station.Language), g.now())
	if err != nil {
		if was, _, readErr := attendance.LoadRoster(g.cfg.Roster.File); readErr == nil && g.st != nil {
			g.st.roll.adopt(was)
		}
		return "", env.Failed("cmd.roster.not_saved", "why", rosterWhy(env, err))
	}
	if g.st != nil {
		g.st.roll.adopt(r)
		g.st.faults.Set(false, "fault.roster.bad", "")
		g.st.faults.Set(false, "fault.roster.missing", "")
		g.st.showing.nudge()
	}
	return backup, nil
}

func (g enroller) record(env *command.Env, args ...string) {
	if g.st != nil {
		g.st.scribe.put(firmware.KindCommand, "", map[string]any{"args": args, "by": env.By})
	}
}

// rosterWhy says an error in the language of who asks.
func rosterWhy(env *command.Env, err error) string {
	var n *attendance.Note
	var p *fs.PathError
	switch {
	case errors.As(err, &n):
		return n.In(env.Text)
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}
