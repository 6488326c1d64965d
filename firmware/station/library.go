package station

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/schedule"
	"stationbox/media/library"
)

// librarian is command.Librarian: the library with what the calendar and the
// journal know of its films.
type librarian struct {
	cfg  *config.Config
	lib  *library.Library // opened by each command
	cal  *schedule.Schedule
	scan func(func(firmware.Record) error) error
	now  func() time.Time
}

// checkRate is how fast a person's check reads: quicker than at leisure, and slow
// enough for a film that runs from the same card.
const checkRate = 20 << 20

// open is l with its library: most commands of the table have no need of it.
func (l librarian) open() librarian {
	l.lib = openLibrary(l.cfg, l.now, library.Opts{Rate: checkRate})
	return l
}

// openLibrary is the library of a configuration.
func openLibrary(cfg *config.Config, now func() time.Time, o library.Opts) *library.Library {
	o.Board = boardOf(cfg)
	o.Budget, o.Reserve = int64(cfg.Library.Budget)<<20, int64(cfg.Library.Reserve)<<20
	return library.Open(cfg.Library.Dir, now, o)
}

func boardOf(cfg *config.Config) library.Board {
	b, _ := library.BoardNamed(cfg.Library.Board) // checked
	return b
}

// ahead is why a film must stay.
type ahead struct {
	at time.Time // of its next showing; zero: it is to be kept for ever
}

// kept lists the films that never give way, and when the others were shown last.
// A journal that cannot be read is an error: nothing is dropped on a guess.
func (l librarian) kept() (map[string]ahead, map[string]time.Time, error) {
	mem, played := newMemory(), map[string]time.Time{}
	err := l.scan(func(r firmware.Record) error {
		mem.feed(r)
		var n resultNote
		if r.Kind == firmware.KindLesson && json.Unmarshal(r.Data, &n) == nil && n.File != "" {
			played[n.File] = r.Wall
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a new station has no journal yet
		return nil, nil, err
	}
	films := map[string]ahead{}
	for _, o := range l.cal.With(mem.makeUps...).Between(l.now(), l.now().AddDate(0, 0, l.cfg.Library.KeepDays)) {
		if _, known := films[filepath.Clean(o.File)]; !known && o.File != "" {
			films[filepath.Clean(o.File)] = ahead{o.Start}
		}
	}
	for _, name := range l.cfg.Library.Keep {
		path := filepath.Join(l.cfg.Library.Dir, name)
		if lesson, ok := l.lib.Lesson(name); ok {
			path = lesson.FilmPath()
		}
		films[path] = ahead{}
	}
	if mem.emergency.File != "" {
		films[mem.emergency.File] = ahead{}
	}
	return films, played, nil
}

// added is one film of an import as -json prints it.
type added struct {
	Path    string          `json:"path"`
	OK      bool            `json:"ok"`
	Lesson  string          `json:"lesson,omitempty"`
	Command string          `json:"command,omitempty"`
	Verdict library.Verdict `json:"verdict"`
}

// Add is command.Librarian.
func (l librarian) Add(ctx context.Context, env *command.Env, in command.Import) (command.Result, error) {
	l = l.open()
	if in.Language != "" && !library.ValidLanguage(in.Language) {
		return command.Result{}, env.Misused("cmd.library.language", "got", in.Language)
	}
	path, err := filepath.Abs(in.Path)
	if err != nil {
		return command.Result{}, err
	}
	films, played, err := l.kept()
	if err != nil {
		return command.Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	keep := library.Keep{Films: map[string]bool{}, Played: played}
	for film := range films {
		keep.Films[film] = true
	}
	list, found := library.Candidates(path)
	if in.Title != "" && len(list) > 1 {
		return command.Result{}, env.Misused("cmd.library.one_title", "folder", in.Path, "count", len(list))
	}
	b := &strings.Builder{}
	mention(b, env, found)
	data := []added{}
	for i, film := range list {
		a := library.Arrival{Path: film, Title: in.Title, Language: in.Language, Source: in.Source, Licence: in.Licence, Age: in.Age, Keep: keep,
			Tell: watching(env, fmt.Sprintf("%d/%d %s", i+1, len(list), library.Printable(filepath.Base(film))))}
		lesson, v, err := l.lib.Add(ctx, a)
		if err != nil { // what came before is told all the same
			fmt.Fprintln(b, env.Text.Say("cmd.library.failed", "id", library.Printable(film), "why", err))
			data = append(data, added{Path: film})
			break
		}
		keep.Films[lesson.FilmPath()] = true // what has just come does not give way to the next on the stick
		data = append(data, added{film, v.OK(), lesson.ID, v.Command(), v})
		l.outcome(b, env, film, lesson, v)
	}
	return l.leave(b, env, in, path, data)
}

// outcome says what became of one film.
func (l librarian) outcome(b *strings.Builder, env *command.Env, film string, lesson library.Lesson, v library.Verdict) {
	if v.OK() {
		rel, _ := filepath.Rel(l.cfg.Library.Dir, lesson.FilmPath()) // it is in there
		fmt.Fprintln(b, env.Text.Say("cmd.library.taken", "id", lesson.ID, "title", lesson.Title, "length", lasting(lesson), "film", rel))
	} else {
		fmt.Fprintln(b, env.Text.Say("cmd.library.refused", "file", library.Printable(film)))
	}
	mention(b, env, v.Findings)
	if line := v.Command(); line != "" {
		fmt.Fprintf(b, "  %s\n  %s\n", env.Text.Say("cmd.library.repair"), line)
	}
}

func lasting(lesson library.Lesson) time.Duration {
	return (time.Duration(lesson.LengthMS) * time.Millisecond).Round(time.Second)
}

// leave ends an import: all is on the card, and the stick may go.
func (l librarian) leave(b *strings.Builder, env *command.Env, in command.Import, path string, data []added) (command.Result, error) {
	taken := 0
	for _, a := range data {
		if a.OK {
			taken++
		}
	}
	r := command.Result{Data: data}
	if taken < len(data) || len(data) == 0 {
		r.Code = command.CodeFailed
	}
	if len(data) > 1 {
		fmt.Fprintln(b, env.Text.Say("cmd.library.sum", "taken", taken, "refused", len(data)-taken))
	}
	if taken > 0 {
		if err := l.lib.Settle(); err != nil {
			fmt.Fprintln(b, env.Text.Say("cmd.library.unsettled", "why", err))
			r.Code = command.CodeFailed
		}
	}
	if in.Eject {
		fmt.Fprintln(b, l.eject(env, path))
	}
	r.Text = b.String()
	return r, nil
}

// eject unmounts the stick that path lies on.
func (l librarian) eject(env *command.Env, path string) string {
	stick, ok := mountOf(path)
	if home, same := mountOf(l.cfg.Library.Dir); !ok || same && home == stick {
		return env.Text.Say("cmd.library.not_stick", "path", path)
	}
	if err := unix.Unmount(stick, unix.UMOUNT_NOFOLLOW); err != nil {
		return env.Text.Say("cmd.library.not_unmounted", "why", err)
	}
	return env.Text.Say("cmd.library.unplug")
}

// mountOf is where the file system of path is mounted; false when it is the root.
func mountOf(path string) (string, bool) {
	var st, above unix.Stat_t
	for path = filepath.Clean(path); path != "/"; path = filepath.Dir(path) {
		if unix.Stat(path, &st) != nil || unix.Stat(filepath.Dir(path), &above) != nil {
			continue // a folder that is yet to come
		}
		if st.Dev != above.Dev {
			return path, true
		}
	}
	return "", false
}

// mention writes findings, a line each.
func mention(b *strings.Builder, env *command.Env, found []library.Finding) {
	for _, f := range found {
		fmt.Fprintf(b, "  %s\n", sayFinding(env, f))
	}
}

func sayFinding(env *command.Env, f library.Finding) string {
	args := make([]any, 0, 2*len(f.Args))
	for name, value := range f.Args {
		args = append(args, name, value)
	}
	return env.Text.Say(string(f.Code), args...)
}

// watching shows how far an import is, in hundredths.
func watching(env *command.Env, what string) func(library.Progress) {
	last := ""
	return func(p library.Progress) {
		if env.Tell == nil || p.Total <= 0 {
			return
		}
		line := fmt.Sprintf("%s  %s %d %%", what, env.Text.Say("cmd.library."+string(p.Step)), 100*p.Done/p.Total)
		if line != last {
			last = line
			env.Tell(line)
		}
	}
}

// listed is a lesson as -json prints it.
type listed struct {
	library.Lesson
	Verdict library.Verdict `json:"verdict"`
}

// List is command.Librarian.
func (l librarian) List(_ context.Context, env *command.Env) (command.Result, error) {
	l = l.open()
	list := l.lib.List()
	b, data := &strings.Builder{}, []listed{}
	for _, lesson := range list {
		v, _ := l.lib.Playable(lesson.FilmPath(), boardOf(l.cfg))
		data = append(data, listed{lesson, v})
		pic := lesson.Probe.Picture
		fmt.Fprintf(b, "%s  %s  %s  %d MB  %s %d×%d  %+.1f dB\n", lesson.ID, lesson.Title, lasting(lesson), lesson.Bytes>>20, pic.Codec, pic.Width, pic.Height, lesson.Loudness.GainDB)
		mention(b, env, v.Findings)
	}
	if len(list) == 0 {
		fmt.Fprintln(b, env.Text.Say("cmd.library.empty"))
		return command.Result{Text: b.String(), Data: data}, nil
	}
	r, err := l.lib.Room()
	if err != nil {
		return command.Result{}, err
	}
	key := "cmd.library.room"
	if r.Budget > 0 {
		key = "cmd.library.room_budget"
	}
	fmt.Fprintln(b, env.Text.Say(key, "count", len(list), "lessons", r.Lessons>>20, "free", r.Free>>20, "reserve", r.Reserve>>20, "budget", r.Budget>>20))
	return command.Result{Text: b.String(), Data: data}, nil
}

// checkedLesson is a lesson that was looked at, as -json prints it.
type checkedLesson struct {
	Lesson  string          `json:"lesson"`
	OK      bool            `json:"ok"`
	Verdict library.Verdict `json:"verdict"`
}

// Check is command.Librarian.
func (l librarian) Check(ctx context.Context, env *command.Env, ids []string, full bool) (command.Result, error) {
	l = l.open()
	if len(ids) == 0 {
		for _, lesson := range l.lib.List() {
			ids = append(ids, lesson.ID)
		}
	}
	depth := library.Content
	if full {
		depth = library.Full
	}
	b, data, r := &strings.Builder{}, []checkedLesson{}, command.Result{}
	for _, id := range ids {
		v, err := l.lib.Check(ctx, id, depth, watching(env, library.Printable(id)))
		if err != nil {
			return command.Result{}, err
		}
		data = append(data, checkedLesson{id, v.OK(), v})
		key, why := "cmd.library.good", ""
		if !v.OK() {
			key, why, r.Code = "cmd.library.bad", sayFinding(env, v.Cause()), command.CodeFailed
		}
		fmt.Fprintln(b, env.Text.Say(key, "id", library.Printable(id), "why", why))
	}
	if len(ids) == 0 {
		fmt.Fprintln(b, env.Text.Say("cmd.library.empty"))
	}
	r.Text, r.Data = b.String(), data
	return r, nil
}

// Remove is command.Librarian.
func (l librarian) Remove(_ context.Context, env *command.Env, ids []string, force bool) (command.Result, error) {
	l = l.open()
	films, _, err := l.kept()
	if err != nil && !force {
		return command.Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	b, r := &strings.Builder{}, command.Result{}
	gone := []string{}
	for _, id := range ids {
		said, ok := l.remove(env, id, films, force)
		fmt.Fprintln(b, said)
		if !ok {
			r.Code = command.CodeFailed
			continue
		}
		gone = append(gone, id)
	}
	sort.Strings(gone)
	r.Text, r.Data = b.String(), map[string][]string{"removed": gone}
	return r, nil
}

func (l librarian) remove(env *command.Env, id string, films map[string]ahead, force bool) (string, bool) {
	lesson, ok := l.lib.Lesson(id)
	if !ok {
		return env.Text.Say(string(library.NoLesson), "id", library.Printable(id)), false
	}
	if why, kept := films[lesson.FilmPath()]; kept && !force {
		if why.at.IsZero() {
			return env.Text.Say("cmd.library.kept", "id", id), false
		}
		return env.Text.Say("cmd.library.planned", "id", id, "at", why.at.Format("2006-01-02 15:04")), false
	}
	err := l.lib.Remove(id)
	if errors.Is(err, library.ErrBusy) {
		return env.Text.Say(string(library.Busy)), false
	}
	if err != nil {
		return env.Text.Say("cmd.library.failed", "id", id, "why", err), false
	}
	return env.Text.Say("cmd.library.removed", "id", id), true
}

// lengthsOf tells how long the films of the library are, by what was measured when they
// came; of a film that was simply copied into the folder it knows nothing.
func lengthsOf(cfg *config.Config, now func() time.Time) schedule.Lengths {
	lib := openLibrary(cfg, now, library.Opts{})
	known := map[string]time.Duration{}
	return func(file string) (time.Duration, bool) {
		d, asked := known[file]
		if !asked {
			if l, ok := lib.Of(file); ok && l.Problem == "" {
				d = time.Duration(l.LengthMS) * time.Millisecond
			}
			known[file] = d
		}
		return d, d > 0
	}
}
