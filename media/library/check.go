package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Depth is how thoroughly a lesson in the library is looked at.
type Depth int

// The depths. Quick looks at names, sizes and times and costs nothing. Content
// reads the film from the card at leisure and compares its hash. Full decodes it
// besides, as when it came.
const (
	Quick Depth = iota
	Content
	Full
)

// Check looks at a lesson of the library. tell may be nil. Errors: those of ctx.
func (l *Library) Check(ctx context.Context, id string, d Depth, tell func(Progress)) (Verdict, error) {
	lesson, ok := l.Lesson(id)
	if !ok {
		return Verdict{Findings: []Finding{refuse(NoLesson, "id", id)}}, nil
	}
	if tell == nil {
		tell = func(Progress) {}
	}
	v := l.quick(lesson, l.opts.Board)
	if d == Quick || lesson.Problem != "" || v.Has(Gone) || v.Has(Shrunk) {
		return v, nil
	}
	read, err := l.content(ctx, lesson, l.opts.Rate, tell)
	if err != nil {
		return v, err
	}
	v = settled(v, read)
	if d == Content || !v.OK() {
		return v, nil
	}
	return l.decode(ctx, lesson, v, tell)
}

// settled joins a quick look with a reading of the content, which knows better
// than the time of the file.
func settled(quick, read Verdict) Verdict {
	v := Verdict{Repair: quick.Repair}
	for _, f := range append(quick.Findings, read.Findings...) {
		if f.Code != Touched {
			v.add(f)
		}
	}
	return v
}

// Playable says by what can be known without reading the film whether the one at
// path can be shown on board b. It is not known for files that are no lesson of
// the library.
func (l *Library) Playable(path string, b Board) (v Verdict, known bool) {
	lesson, ok := l.Of(path)
	if !ok {
		return Verdict{}, false
	}
	return l.quick(lesson, b), true
}

// quick compares what lies there with the manifest, and the film with the board.
func (l *Library) quick(lesson Lesson, b Board) Verdict {
	var v Verdict
	if lesson.Problem != "" {
		v.add(refuse(BadManifest, "why", lesson.Problem))
		return v
	}
	info, err := os.Lstat(lesson.FilmPath())
	switch {
	case err != nil || !info.Mode().IsRegular():
		v.add(refuse(Gone))
	case info.Size() != lesson.Bytes:
		v.add(refuse(Shrunk, "got", fmt.Sprint(info.Size()), "want", fmt.Sprint(lesson.Bytes)))
	case !info.ModTime().Equal(lesson.Modified):
		v.add(remark(Touched))
	}
	for _, name := range lesson.extras() {
		if info, err := os.Lstat(filepath.Join(lesson.dir, name)); err != nil || !info.Mode().IsRegular() {
			v.add(remark(SubGone, "file", name))
		}
	}
	found := judgeHead(lesson.Probe, b)
	v.Repair = repair(found, lesson.Probe, b, lesson.FilmPath())
	v.add(found...)
	return v
}

// extras are the files of a lesson besides its film.
func (l Lesson) extras() []string {
	var list []string
	for _, s := range l.Subtitles {
		list = append(list, s.File)
	}
	if l.Cover != "" {
		list = append(list, l.Cover)
	}
	return list
}

// content reads the film and compares its hash. Rate 0 is as fast as it goes.
func (l *Library) content(ctx context.Context, lesson Lesson, rate int64, tell func(Progress)) (Verdict, error) {
	var v Verdict
	f, err := openPlain(lesson.FilmPath())
	if err != nil {
		v.add(refuse(Gone))
		return v, nil
	}
	defer func() { _ = f.Close() }() // only read from
	got, err := l.sum(ctx, f, lesson.Bytes, rate, func(done int64) { tell(Progress{StepRead, done, lesson.Bytes}) })
	switch {
	case ctx.Err() != nil:
		return v, ctx.Err()
	case errors.Is(err, errChanging):
		v.add(refuse(Rotten))
	case err != nil:
		v.add(refuse(NotReadable, "why", why(err)))
	case got != lesson.SHA256:
		v.add(refuse(Rotten))
	}
	return v, nil
}

// decode takes the film through the check of its arrival again.
func (l *Library) decode(ctx context.Context, lesson Lesson, v Verdict, tell func(Progress)) (Verdict, error) {
	f, err := openPlain(lesson.FilmPath())
	if err != nil {
		v.add(refuse(Gone))
		return v, nil
	}
	defer func() { _ = f.Close() }() // only read from
	s, found, err := l.scan(ctx, f, lesson.Probe, func(done int64) { tell(Progress{StepCheck, min(done, lesson.LengthMS), lesson.LengthMS}) })
	if err != nil {
		return v, err
	}
	if len(found) == 0 {
		found = judgeScan(lesson.Probe, s, l.opts.Board)
	}
	v.add(found...)
	if v.Repair == nil {
		v.Repair = repair(v.Findings, lesson.Probe, l.opts.Board, lesson.FilmPath())
	}
	return v, nil
}

// Judge looks at the head of a film that is no lesson and says whether the board
// can show it; the rest of it is not read. It did not come from a stranger: a link
// to it is as good. Errors: those of ctx.
func (l *Library) Judge(ctx context.Context, path string, b Board) (Probe, Verdict, error) {
	var v Verdict
	f, err := openRegular(path, 0)
	if err != nil {
		v.add(openFinding(err, filepath.Base(path)))
		return Probe{}, v, nil
	}
	defer func() { _ = f.Close() }() // only read from
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		v.add(refuse(Empty))
		return Probe{}, v, nil
	}
	p, found, err := l.probe(ctx, f)
	if err != nil {
		return p, v, err
	}
	if len(found) == 0 {
		found = judgeHead(p, b)
	}
	v.add(found...)
	v.Repair = repair(v.Findings, p, b, path)
	return p, v, nil
}

// Bounds of what is looked at on a stick.
const (
	mostCandidates = 200
	mostVisited    = 20_000
	mostDepth      = 6
)

// Candidates lists what could be imported from a folder, such as a stick: lessons
// with their manifest and, elsewhere, files that are called like films. Links and
// hidden folders are passed over. A film or a lesson is its own only candidate.
func Candidates(path string) ([]string, []Finding) {
	if info, err := os.Stat(path); err == nil && info.IsDir() { // a link to a stick is the stick
		path, _ = filepath.EvalSymlinks(path)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, []Finding{openFinding(err, filepath.Base(path))}
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	w := walk{root: filepath.Clean(path)}
	if err := filepath.WalkDir(w.root, w.visit); err != nil {
		return w.list, []Finding{refuse(Unreadable, "file", filepath.Base(path), "why", why(err))}
	}
	switch {
	case w.over:
		return w.list, []Finding{remark(ManyFiles, "most", fmt.Sprint(mostCandidates))}
	case len(w.list) == 0:
		return nil, []Finding{refuse(NothingHere)}
	}
	return w.list, nil
}

type walk struct {
	root    string
	list    []string
	visited int
	over    bool
}

func (w *walk) visit(path string, d fs.DirEntry, err error) error {
	if w.visited++; w.visited > mostVisited || len(w.list) >= mostCandidates {
		w.over = true
		return fs.SkipAll
	}
	switch {
	case err != nil && path == w.root:
		return err
	case err != nil:
		return nil // one folder that cannot be read does not hide the others
	case d.IsDir():
		return w.folder(path, d.Name())
	case d.Type().IsRegular() && d.Name()[0] != '.' && filmName(d.Name()):
		w.list = append(w.list, path)
	}
	return nil
}

func (w *walk) folder(path, name string) error {
	rel, err := filepath.Rel(w.root, path)
	if err != nil || path != w.root && (name[0] == '.' || name[0] == '$' || name == "System Volume Information" || depth(rel) > mostDepth) {
		return fs.SkipDir
	}
	if info, err := os.Lstat(filepath.Join(path, ManifestName)); err == nil && info.Mode().IsRegular() {
		w.list = append(w.list, path)
		return fs.SkipDir
	}
	return nil
}
