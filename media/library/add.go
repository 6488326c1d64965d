package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"stationbox/media/witness"
)

// Arrival is what Add takes in. Words that are empty are taken from the lesson's
// manifest, or from the film.
type Arrival struct {
	Path     string // a film, or a folder with a manifest; absolute
	Title    string
	Language string
	Source   string
	Licence  string
	Age      int
	Keep     Keep           // what must not give way for it
	Tell     func(Progress) // nil: nobody watches
}

// Step is a part of an import or a check that takes its time.
type Step string

// The steps.
const (
	StepCopy  Step = "copy"  // in bytes
	StepCheck Step = "check" // decoding, in milliseconds of the film
	StepRead  Step = "read"  // hashing, in bytes
)

// Progress is how far a step is. Total is 0 when it is not known.
type Progress struct {
	Step        Step
	Done, Total int64
}

// Add takes a film or a lesson into the library. When the verdict is not OK
// nothing has changed, but for lessons that gave way for the room of the copy,
// which the verdict lists. Errors: those of ctx and of the card.
func (l *Library) Add(ctx context.Context, a Arrival) (Lesson, Verdict, error) {
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return Lesson{}, Verdict{}, fmt.Errorf("library: %w", err)
	}
	unlock, err := l.lock()
	if errors.Is(err, ErrBusy) {
		return Lesson{}, Verdict{Findings: []Finding{refuse(Busy)}}, nil
	}
	if err != nil {
		return Lesson{}, Verdict{}, err
	}
	defer unlock()
	l.sweep()
	if a.Tell == nil {
		a.Tell = func(Progress) {}
	}
	in := &importing{l: l, a: a}
	defer in.close()
	err = in.run(ctx)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		in.verdict.add(refuse(NoRoom, "need", mib(in.size), "free", "0"))
		err = nil
	}
	return in.lesson, in.verdict, err
}

// importing is one import under way.
type importing struct {
	l *Library
	a Arrival

	src      *os.File
	path     string // of the film
	size     int64
	promised Manifest // of a lesson that came as a folder
	stage    string   // folder on the card
	film     *os.File // the copy in it
	man      Manifest
	tracer   witness.Tracer
	done     bool // there is nothing more to do
	lesson   Lesson
	verdict  Verdict
}

// run takes the steps until one refuses the film.
func (in *importing) run(ctx context.Context) error {
	steps := []func(context.Context) error{in.open, in.head, in.room, in.copy, in.same, in.inspect, in.subtitles, in.cover, in.trace, in.settle, in.publish}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
		if in.done || !in.verdict.OK() {
			break
		}
	}
	return ctx.Err()
}

func (in *importing) close() {
	for _, f := range []*os.File{in.src, in.film} {
		if f != nil {
			_ = f.Close() // only read from
		}
	}
	if in.stage != "" {
		_ = os.RemoveAll(in.stage) // else the next sweep does it
	}
}

// open finds the film and the words that came with it.
func (in *importing) open(context.Context) error {
	in.path = filepath.Clean(in.a.Path)
	name := filepath.Base(in.path)
	info, err := os.Lstat(in.path)
	if err == nil && info.IsDir() {
		if in.promised, err = readManifest(in.path); err != nil {
			in.verdict.add(manifestFinding(err, name))
			return nil
		}
		in.path = filepath.Join(in.path, in.promised.Film)
	}
	if err == nil {
		in.src, err = openPlain(in.path)
	}
	if err == nil {
		info, err = in.src.Stat()
	}
	if err != nil {
		in.verdict.add(openFinding(err, filepath.Base(in.path)))
		return nil
	}
	switch in.size = info.Size(); {
	case in.size == 0:
		in.verdict.add(refuse(Empty))
	case in.promised.Bytes > 0 && in.promised.Bytes != in.size:
		in.verdict.add(refuse(OtherSize, "got", fmt.Sprint(in.size), "want", fmt.Sprint(in.promised.Bytes)))
	}
	return nil
}

func openFinding(err error, name string) Finding {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse(Missing, "file", name)
	case errors.Is(err, errNotPlain):
		return refuse(NotFile, "file", name)
	}
	return refuse(Unreadable, "file", name, "why", why(err))
}

func manifestFinding(err error, folder string) Finding {
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(Missing, "file", folder+"/"+ManifestName)
	}
	return refuse(BadManifest, "why", why(err))
}

// why is an error without the path that people have just read.
func why(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return err.Error()
}

// head judges the film by what its first bytes say, before it costs anything.
func (in *importing) head(ctx context.Context) error {
	_, err := in.judge(ctx, in.src)
	return err
}

func (in *importing) judge(ctx context.Context, f *os.File) (Probe, error) {
	p, found, err := in.l.probe(ctx, f)
	if err == nil && len(found) == 0 {
		found = judgeHead(p, in.l.opts.Board)
	}
	in.found(found, p)
	return p, err
}

// found adds findings, and the repair when they refuse the film.
func (in *importing) found(found []Finding, p Probe) {
	in.verdict.add(found...)
	if !in.verdict.OK() {
		in.verdict.Repair = repair(in.verdict.Findings, p, in.l.opts.Board, in.path)
	}
}

// room makes room for the copy. Lessons that must go only for the budget stay
// until the film has passed.
func (in *importing) room(context.Context) error {
	r, err := in.l.Room()
	if err != nil {
		return err
	}
	if _, bad := in.l.choose(r, in.size, in.a.Keep); bad != nil {
		in.verdict.add(*bad)
		return nil
	}
	r.Budget = 0
	out, _ := in.l.choose(r, in.size, in.a.Keep)
	found, err := in.l.giveWay(out)
	in.verdict.add(found...)
	return err
}

// copy brings the film onto the card.
func (in *importing) copy(ctx context.Context) error {
	stage, err := os.MkdirTemp(in.l.dir, arriving)
	if err != nil {
		return fmt.Errorf("library: %w", err)
	}
	in.stage = stage
	if err := os.Chmod(stage, 0o755); err != nil {
		return fmt.Errorf("library: %w", err)
	}
	got, err := copyFile(ctx, in.staged(), in.src, in.size, func(done int64) { in.a.Tell(Progress{StepCopy, done, in.size}) })
	switch {
	case errors.Is(err, errChanging):
		in.verdict.add(refuse(Changing))
		return nil
	case errors.Is(err, errSource):
		in.verdict.add(refuse(Unreadable, "file", filepath.Base(in.path), "why", why(err)))
		return nil
	case err != nil:
		return err
	case in.promised.SHA256 != "" && in.promised.SHA256 != got:
		in.verdict.add(refuse(OtherHash, "got", got[:12], "want", in.promised.SHA256[:12]))
	}
	in.man.SHA256, in.man.Bytes = got, in.size
	in.film, err = openPlain(in.staged())
	return err
}

// staged is the path of the copy while it has no name yet.
func (in *importing) staged() string { return filepath.Join(in.stage, "film") }

// same looks whether the library has the very film already. If so there is
// nothing to decode; and if its file was damaged it is whole again.
func (in *importing) same(ctx context.Context) error {
	for _, lesson := range in.l.List() {
		if lesson.Problem != "" || lesson.SHA256 != in.man.SHA256 {
			continue
		}
		in.done, in.lesson = true, lesson
		if v, err := in.l.content(ctx, lesson, 0, in.a.Tell); err != nil || v.OK() {
			in.verdict.add(remark(Already, "id", lesson.ID))
			return err
		}
		in.verdict.add(remark(Restored, "id", lesson.ID))
		return errors.Join(os.Chtimes(in.staged(), lesson.Modified, lesson.Modified), os.Rename(in.staged(), lesson.FilmPath()), syncDir(lesson.dir))
	}
	return nil
}

// inspect decodes all of the copy.
func (in *importing) inspect(ctx context.Context) error {
	in.verdict.Findings = keepRoom(in.verdict.Findings) // the copy is judged anew
	p, err := in.judge(ctx, in.film)
	if err != nil || !in.verdict.OK() {
		return err
	}
	s, found, err := in.l.scan(ctx, in.film, p, func(done int64) { in.a.Tell(Progress{StepCheck, min(done, p.LengthMS), p.LengthMS}) })
	if err != nil {
		return err
	}
	if len(found) == 0 {
		found = judgeScan(p, s, in.l.opts.Board)
	}
	in.found(found, p)
	if !in.verdict.OK() {
		return nil
	}
	if !s.loud.haveI || !s.loud.havePeak {
		return errLoudness
	}
	p.Kbps, in.tracer = s.pictures.kbps(), s.tracer
	in.man.Probe, in.man.LengthMS, in.man.Loudness = p, s.lengthMS(), gain(s.loud.integrated, s.loud.peak)
	if in.man.Loudness, err = in.l.limit(ctx, in.film, p, in.man.Loudness); err != nil {
		return err
	}
	if want := in.promised.LengthMS; want > 0 && far(want, in.man.LengthMS) {
		in.verdict.add(refuse(OtherLength, "got", secondsText(want), "want", secondsText(in.man.LengthMS)))
	}
	switch {
	case in.man.Loudness.silent():
		in.verdict.add(remark(Silent))
	case in.man.Loudness.GainDB > faintGain:
		in.verdict.add(remark(Faint, "got", fmt.Sprintf("%.1f", in.man.Loudness.LUFS), "gain", fmt.Sprintf("%.0f", in.man.Loudness.GainDB)))
	case in.man.Loudness.Limited:
		in.verdict.add(remark(Limited, "got", fmt.Sprintf("%.1f", in.man.Loudness.Level())))
	}
	return nil
}

// keepRoom drops what was found about the film itself.
func keepRoom(list []Finding) []Finding {
	var kept []Finding
	for _, f := range list {
		if f.Code == Left {
			kept = append(kept, f)
		}
	}
	return kept
}
