package library_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/media/library"
)

// TestCheck harms a lesson in the library in every way, and looks at each depth.
func TestCheck(t *testing.T) {
	t.Parallel()
	needTools(t)
	src := t.TempDir()
	good := film(t, filepath.Join(src, "x.mp4"), "1.2")
	write(t, filepath.Join(src, "x.srt"), []byte(srt(1, "x")))
	back := func(t *testing.T, l library.Lesson) {
		if err := os.Chtimes(l.FilmPath(), l.Modified, l.Modified); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name                 string
		harm                 func(t *testing.T, l library.Lesson)
		quick, content, full library.Code // that must be found; "" for nothing at all
	}{
		{"whole", func(*testing.T, library.Lesson) {}, "", "", ""},
		{"film gone", func(_ *testing.T, l library.Lesson) { _ = os.Remove(l.FilmPath()) }, library.Gone, library.Gone, library.Gone},
		{"folder in its place", func(_ *testing.T, l library.Lesson) { _ = os.Remove(l.FilmPath()); _ = os.Mkdir(l.FilmPath(), 0o755) }, library.Gone, library.Gone, library.Gone},
		{"film cut off", func(t *testing.T, l library.Lesson) { harm(t, l.FilmPath(), l.FilmPath(), keep(0.5)) }, library.Shrunk, library.Shrunk, library.Shrunk},
		{"film replaced", func(t *testing.T, l library.Lesson) { harm(t, l.FilmPath(), l.FilmPath(), flip(1)) }, library.Touched, library.Rotten, library.Rotten},
		{"card rots", func(t *testing.T, l library.Lesson) {
			harm(t, l.FilmPath(), l.FilmPath(), flip(1))
			back(t, l)
		}, "", library.Rotten, library.Rotten},
		{"only touched", func(t *testing.T, l library.Lesson) {
			if err := os.Chtimes(l.FilmPath(), epoch, epoch); err != nil {
				t.Fatal(err)
			}
		}, library.Touched, "", ""},
		{"subtitle gone", func(_ *testing.T, l library.Lesson) { _ = os.Remove(filepath.Join(l.Dir(), "x.srt")) }, library.SubGone, library.SubGone, library.SubGone},
		{"manifest torn", func(t *testing.T, l library.Lesson) {
			harm(t, filepath.Join(l.Dir(), library.ManifestName), filepath.Join(l.Dir(), library.ManifestName), keep(0.3))
		}, library.BadManifest, library.BadManifest, library.BadManifest},
		{"no lesson", func(_ *testing.T, l library.Lesson) { _ = os.RemoveAll(l.Dir()) }, library.NoLesson, library.NoLesson, library.NoLesson},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, _ := open(t, library.Opts{})
			lesson, v := add(t, l, good)
			if !v.OK() {
				t.Fatal(v)
			}
			tt.harm(t, lesson)
			for depth, want := range []library.Code{tt.quick, tt.content, tt.full} {
				v, err := l.Check(t.Context(), "x", library.Depth(depth), nil)
				if err != nil || want == "" && len(v.Findings) > 0 || want != "" && !v.Has(want) {
					t.Errorf("depth %d: %v %v, want %q", depth, v.Findings, err, want)
				}
				if bad := want != "" && want != library.Touched && want != library.SubGone; v.OK() == bad {
					t.Errorf("depth %d: refused %v, want %v", depth, !v.OK(), bad)
				}
			}
			if v, known := l.Playable(lesson.FilmPath(), library.Boards()[0]); known != (tt.quick != library.NoLesson) || known && tt.quick != "" && !v.Has(tt.quick) {
				t.Errorf("playable: %v %v", v.Findings, known)
			}
		})
	}
}

// TestPlayableOnAnotherBoard moves a card from a Pi 4 to a smaller board.
func TestPlayableOnAnotherBoard(t *testing.T) {
	t.Parallel()
	l, dir := open(t, library.Opts{})
	lesson, v := add(t, l, film(t, filepath.Join(t.TempDir(), "x.mp4"), "1.2", "-vf", "scale=1920:1080", "-r", "50"))
	if !v.OK() {
		t.Fatal(v)
	}
	small, _ := library.BoardNamed("pi3")
	if v, known := l.Playable(lesson.FilmPath(), small); !known || v.Cause().Code != library.TooFast || v.Repair == nil {
		t.Errorf("%v %v", v, known)
	}
	if lesson.Probe.Kbps < 100 || lesson.Probe.Kbps > 20_000 {
		t.Errorf("%d kbit/s", lesson.Probe.Kbps)
	}
	moved := library.Open(dir, now, library.Opts{Board: small})
	if v, err := moved.Check(t.Context(), "x", library.Quick, nil); err != nil || v.Cause().Code != library.TooFast {
		t.Errorf("%v %v", v, err)
	}
	if _, known := l.Playable(filepath.Join(dir, "flat.mp4"), small); known {
		t.Error("a file that is no lesson is known")
	}
}

// TestJudge looks at films that are no lessons.
func TestJudge(t *testing.T) {
	l, dir := open(t, library.Opts{})
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	board := library.Boards()[0]
	p, v, err := l.Judge(t.Context(), film(t, filepath.Join(dir, "a.mp4"), "2"), board)
	if err != nil || !v.OK() || p.LengthMS < 1900 || p.LengthMS > 2100 {
		t.Errorf("%+v %v %v", p, v, err)
	}
	for name, to := range map[string]string{"link.mp4": "a.mp4", "zero.mp4": "/dev/zero", "lost.mp4": "none.mp4"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "empty.mp4"), nil)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.mp4"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]library.Code{"none.mp4": library.Missing, "empty.mp4": library.Empty, "link.mp4": "", "lost.mp4": library.Missing,
		"zero.mp4": library.NotFile, "pipe.mp4": library.NotFile} {
		if _, v, err := l.Judge(t.Context(), filepath.Join(dir, name), board); err != nil || v.Cause().Code != want {
			t.Errorf("%s: %v %v", name, v, err)
		}
	}
}

// TestLeisure reads a film at the rate that was asked for.
func TestLeisure(t *testing.T) {
	_, dir := open(t, library.Opts{})
	l := library.Open(dir, now, library.Opts{Reserve: 1, Rate: 4 << 20})
	if _, v := add(t, l, large(t)); !v.OK() {
		t.Fatal(v)
	}
	synctest.Test(t, func(t *testing.T) {
		begun, told := time.Now(), 0
		v, err := l.Check(t.Context(), "x", library.Content, func(library.Progress) { told++ })
		if took := time.Since(begun); err != nil || !v.OK() || took < 9*time.Second || took > 12*time.Second || told < 100 {
			t.Errorf("40 MB at 4 MB/s took %v, %d steps: %v %v", took, told, v, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := l.Check(ctx, "x", library.Content, nil); err == nil {
			t.Error("went on after its context")
		}
	})
}
