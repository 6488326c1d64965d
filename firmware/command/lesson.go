package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// LessonProof is the signed record of a lesson as commands show it.
type LessonProof struct {
	Seq       uint64    `json:"seq,omitempty"` // in the journal; 0: not from there
	Lesson    string    `json:"lesson"`
	Title     string    `json:"title"`
	Scheduled time.Time `json:"scheduled,omitzero"`
	Started   time.Time `json:"started,omitzero"`
	Ended     time.Time `json:"ended,omitzero"`
	Source    string    `json:"clock,omitempty"` // who said what time it is
	BoundMS   *int64    `json:"bound_ms"`
	Relative  bool      `json:"relative"`
	File      string    `json:"file"`
	SHA256    string    `json:"sha256"`
	Changed   bool      `json:"changed"`
	PlayedMS  int64     `json:"played_ms"`
	LengthMS  *int64    `json:"length_ms"`
	Shown     *int64    `json:"shown"`
	Dropped   *int64    `json:"dropped"`
	Power     string    `json:"power"` // "meter" or "va"
	TV        *[3]int64 `json:"tv_w"`  // least, median, most
	Projector *[3]int64 `json:"projector_w"`
	Present   [3]*int64 `json:"present"` // in the roll calls at start, middle and end
	Pauses    int64     `json:"pauses"`
	PausedS   int64     `json:"paused_s"`
	Cause     string    `json:"cause"`              // a key of the text catalogue
	Seen      *Seen     `json:"seen,omitempty"`     // nil: a record of before that was looked at
	Pictures  []string  `json:"pictures,omitempty"` // files of start, middle and end that are still there
	Key       string    `json:"key"`
	Problem   string    `json:"problem,omitempty"` // why it does not hold, a key of the text catalogue; "": it holds
	Record    string    `json:"record,omitempty"`  // its very bytes
}

// Seen is what was seen and heard of a lesson; nil is not known.
type Seen struct {
	BlackS  *int64 `json:"black_s"`
	FrozenS *int64 `json:"frozen_s"`
	SilentS *int64 `json:"silent_s"`
	Heard   string `json:"heard"`  // "yes", "no", or "": not known
	LiveS   *int64 `json:"live_s"` // nil: it was a film
	SpareS  *int64 `json:"spare_s"`
	Pics    string `json:"pics"` // what names the pictures
}

// StationKey is a public key of the station.
type StationKey struct {
	ID      string `json:"id"`
	PEM     string `json:"pem"`
	Current bool   `json:"current"` // signs now
}

// LessonBook holds the signed records of the station and its keys.
type LessonBook interface {
	// Lessons lists the newest lessons of the journal, at most last, each
	// checked; one that ended without a signed record is among them.
	Lessons(last int) ([]LessonProof, error)
	// Check checks the bytes of one record, by the public key in a file or, for
	// "", by those of the station. The error is about that file.
	Check(record []byte, keyFile string) (LessonProof, error)
	// Keys lists the station's public keys.
	Keys() []StationKey
}

// Lessons returns the commands for the signed records of lessons. Their source
// is in the Env.
func Lessons() []Command {
	return []Command{
		{Name: "lesson list", Usage: "cmd.lesson.list.usage", Help: "cmd.lesson.list.help", Offline: true, Run: lessonList},
		{Name: "lesson show", Usage: "cmd.lesson.show.usage", Help: "cmd.lesson.show.help", Offline: true, Run: lessonShow},
		{Name: "lesson verify", Usage: "cmd.lesson.verify.usage", Help: "cmd.lesson.verify.help", Offline: true, Run: lessonVerify},
		{Name: "lesson key", Help: "cmd.lesson.key.help", Offline: true, Run: lessonKey},
	}
}

const (
	mostLessons = 100_000
	mostRecords = 1 << 20 // bytes of a file of records
)

// lessons asks the book.
func (e *Env) lessons(last int) ([]LessonProof, error) {
	if e.Lessons == nil {
		return nil, e.Failed("cmd.not_here")
	}
	list, err := e.Lessons.Lessons(last)
	if err != nil {
		return nil, e.Failed("cmd.journal.unreadable", "why", err)
	}
	return list, nil
}

func lessonList(_ context.Context, env *Env, args []string) (Result, error) {
	opt, rest, err := options(env, args, "last")
	if err != nil {
		return Result{}, err
	}
	if len(rest) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", rest[0])
	}
	last, err := count(env, opt["last"], 20, mostLessons)
	if err != nil {
		return Result{}, err
	}
	list, err := env.lessons(last)
	if err != nil {
		return Result{}, err
	}
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.line(env) + "\n")
	}
	if len(list) == 0 {
		b.WriteString(env.Text.Say("cmd.lesson.none"))
	}
	return Result{Text: b.String(), Data: list}, nil
}

// line is a lesson in one line.
func (p LessonProof) line(env *Env) string {
	parts := []string{p.Lesson}
	if !p.Scheduled.IsZero() {
		parts = []string{clock(env, p.Scheduled), p.Title, p.Lesson}
	}
	if p.Cause != "" {
		parts = append(parts, env.Text.Name(p.Cause), p.played(env), p.present())
	}
	return strings.Join(append(parts, p.verdict(env)), "  ")
}

func (p LessonProof) verdict(env *Env) string {
	if p.Problem != "" {
		return env.Text.Say(p.Problem, "key", p.Key)
	}
	return env.Text.Say("lesson.proof.holds", "key", p.Key)
}

func (p LessonProof) played(env *Env) string {
	whole := "?"
	if p.LengthMS != nil {
		whole = face(*p.LengthMS)
	}
	return env.Text.Say("cmd.lesson.played", "played", face(p.PlayedMS), "length", whole)
}

// face writes milliseconds as "1:05:09".
func face(ms int64) string {
	s := ms / 1000
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// present writes the three counts, "–" for a roll call that was not held.
func (p LessonProof) present() string {
	var list []string
	for _, n := range p.Present {
		list = append(list, number(n))
	}
	return strings.Join(list, "/")
}

func number(n *int64) string {
	if n == nil {
		return "–"
	}
	return fmt.Sprint(*n)
}

func lessonShow(_ context.Context, env *Env, args []string) (Result, error) {
	args, raw := take(args, "-raw")
	_, rest, err := options(env, args)
	if err != nil {
		return Result{}, err
	}
	if len(rest) != 1 {
		return Result{}, env.Misused("cmd.lesson.which")
	}
	found, err := env.lessonsOf(rest[0])
	if err != nil {
		return Result{}, err
	}
	p := found[len(found)-1]
	if raw {
		return Result{Text: p.Record, Data: p}, nil
	}
	return Result{Text: p.text(env), Data: p}, nil
}

// lessonsOf are the records of one lesson, never none.
func (e *Env) lessonsOf(id string) ([]LessonProof, error) {
	list, err := e.lessons(mostLessons)
	if err != nil {
		return nil, err
	}
	var found []LessonProof
	for _, p := range list {
		if p.Lesson == id {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return nil, e.Failed("cmd.lesson.none_of", "lesson", id)
	}
	return found, nil
}

func (p LessonProof) text(env *Env) string {
	var b strings.Builder
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", env.Text.Say("lesson.row."+key), value)
		}
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return "–"
		}
		return clock(env, t)
	}
	row("title", p.Title)
	row("lesson", p.Lesson)
	row("scheduled", at(p.Scheduled))
	row("started", at(p.Started))
	row("ended", at(p.Ended))
	row("clock", p.clock(env))
	if p.Seen != nil && p.Seen.LiveS != nil {
		row("live", env.Text.Say("lesson.live", "source", p.File, "live", *p.Seen.LiveS, "spare", number(p.Seen.SpareS)))
	} else {
		row("film", p.film(env))
	}
	row("played", p.played(env))
	row("frames", env.Text.Say("lesson.frames", "shown", number(p.Shown), "dropped", number(p.Dropped)))
	row("tv", p.watts(env, p.TV))
	row("projector", p.watts(env, p.Projector))
	row("present", p.present())
	row("pauses", env.Text.Say("lesson.pauses", "count", p.Pauses, "seconds", p.PausedS))
	p.seen(env, row)
	row("cause", env.Text.Name(p.Cause))
	row("proof", p.verdict(env))
	return b.String()
}

// seen writes what was seen and heard.
func (p LessonProof) seen(env *Env, row func(key, value string)) {
	if p.Seen == nil {
		return
	}
	row("seen", env.Text.Say("lesson.seen", "black", number(p.Seen.BlackS), "frozen", number(p.Seen.FrozenS), "silent", number(p.Seen.SilentS)))
	heard := p.Seen.Heard
	if heard == "" {
		heard = "unknown"
	}
	row("heard", env.Text.Say("lesson.heard."+heard))
	switch {
	case p.Seen.Pics == "":
	case len(p.Pictures) == 0:
		row("pictures", env.Text.Say("lesson.pictures.gone"))
	default:
		row("pictures", strings.Join(p.Pictures, "  "))
	}
}

func (p LessonProof) clock(env *Env) string {
	parts := []string{env.Text.Name("clock.source." + p.Source)}
	if p.BoundMS != nil {
		parts = append(parts, "±"+(time.Duration(*p.BoundMS)*time.Millisecond).String())
	}
	if p.Relative {
		parts = append(parts, env.Text.Say("clock.record.relative"))
	}
	return strings.Join(parts, "  ")
}

func (p LessonProof) film(env *Env) string {
	parts := []string{p.File, "SHA-256 " + p.SHA256}
	if p.SHA256 == "" {
		parts[1] = env.Text.Say("lesson.film.unread")
	}
	if p.Changed {
		parts = append(parts, env.Text.Say("lesson.film.changed"))
	}
	return strings.Join(parts, "  ")
}

// watts writes a measurement; volts times amperes are VA.
func (p LessonProof) watts(env *Env, w *[3]int64) string {
	if w == nil {
		return env.Text.Say("lesson.watts.none")
	}
	unit := "W"
	if p.Power == "va" {
		unit = "VA"
	}
	return env.Text.Say("lesson.watts", "median", w[1], "least", w[0], "most", w[2], "unit", unit)
}

// lessonVerify checks records by their signature: all of the journal, those of
// lessons, or those in files, one a line. An argument with a dot or a slash is
// a file.
func lessonVerify(_ context.Context, env *Env, args []string) (Result, error) {
	opt, rest, err := options(env, args, "key")
	if err != nil {
		return Result{}, err
	}
	if env.Lessons == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	var list []LessonProof
	if len(rest) == 0 {
		list, err = env.lessons(mostLessons)
	}
	for _, name := range rest {
		var found []LessonProof
		if found, err = env.named(name, opt["key"]); err != nil {
			break
		}
		list = append(list, found...)
	}
	if err != nil {
		return Result{}, err
	}
	return verdicts(env, list), nil
}

func (e *Env) named(name, key string) ([]LessonProof, error) {
	if strings.ContainsAny(name, "./") {
		return e.inFile(name, key)
	}
	list, err := e.lessonsOf(name)
	for i := range list {
		if err == nil && key != "" && list[i].Record != "" {
			list[i], err = e.check([]byte(list[i].Record), key)
		}
	}
	return list, err
}

func (e *Env) check(record []byte, key string) (LessonProof, error) {
	p, err := e.Lessons.Check(record, key)
	if err != nil {
		return p, e.Failed("cmd.lesson.key_file", "file", key, "why", err)
	}
	return p, nil
}

// inFile checks each line of a file.
func (e *Env) inFile(path, key string) ([]LessonProof, error) {
	b, err := readRecords(path)
	if err != nil {
		return nil, e.Failed("cmd.lesson.file", "file", path, "why", err)
	}
	var list []LessonProof
	for line := range bytes.Lines(b) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if len(line) == 0 {
			continue
		}
		p, err := e.check(line, key)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if len(list) == 0 {
		return nil, e.Failed("cmd.lesson.file", "file", path, "why", e.Text.Say("cmd.lesson.none"))
	}
	return list, nil
}

// readRecords reads a regular file of bounded length; others might never end.
func readRecords(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > mostRecords:
		return nil, errors.New("too long")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, mostRecords))
	return b, errors.Join(err, f.Close())
}

// verdicts tells of each record whether it holds, and fails when one does not.
func verdicts(env *Env, list []LessonProof) Result {
	r := Result{Data: list}
	var b strings.Builder
	bad := 0
	for _, p := range list {
		if p.Problem != "" {
			bad++
		}
		b.WriteString(p.line(env) + "\n")
	}
	b.WriteString(env.Text.Say("cmd.lesson.sum", "count", len(list), "bad", bad) + "\n")
	if bad > 0 {
		r.Code = CodeFailed
	}
	r.Text = b.String()
	return r
}

func lessonKey(_ context.Context, env *Env, args []string) (Result, error) {
	if len(args) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", args[0])
	}
	if env.Lessons == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	keys := env.Lessons.Keys()
	var b strings.Builder
	for _, k := range keys {
		said := "cmd.lesson.key_old"
		if k.Current {
			said = "cmd.lesson.key_now"
		}
		b.WriteString(env.Text.Say(said, "key", k.ID) + "\n" + k.PEM)
	}
	if len(keys) == 0 {
		b.WriteString(env.Text.Say("cmd.lesson.no_key"))
	}
	return Result{Text: b.String(), Data: keys}, nil
}
