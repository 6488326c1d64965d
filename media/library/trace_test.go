package library_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"stationbox/media/library"
	"stationbox/media/witness"
)

// TestTraceOfAFilm imports a film that is loud, then quiet, black for three seconds
// and still at its end.
func TestTraceOfAFilm(t *testing.T) {
	t.Parallel()
	l, _ := open(t, library.Opts{})
	src := film(t, filepath.Join(t.TempDir(), "x.mp4"), "18",
		"-vf", "drawbox=t=fill:color=black:enable='between(t,3,6)',tpad=stop_mode=clone:stop_duration=6,trim=end=18,loop=150:1:300",
		"-af", "volume='if(lt(t,9),1,0.1)':eval=frame", "-t", "18")
	lesson, v := add(t, l, src)
	if !v.OK() {
		t.Fatal(v)
	}
	tr, err := lesson.Trace()
	if err != nil {
		t.Fatal(err)
	}
	if got := tr.Length(); got < 17500*time.Millisecond || got > 18500*time.Millisecond || tr.Step != witness.FineStep {
		t.Errorf("%v in steps of %v", got, tr.Step)
	}
	loud, quiet := tr.Loudness(8*time.Second), tr.Loudness(15*time.Second)
	if math.Abs(loud-quiet-20) > 1 || math.Abs(loud+21.8) > 1 {
		t.Errorf("%.1f and %.1f LUFS", loud, quiet)
	}
	if !tr.DarkAt(4500*time.Millisecond, 0) || tr.DarkAt(8*time.Second, 0) || len(tr.Dark) != 1 {
		t.Errorf("dark %v", tr.Dark)
	}
	if !tr.StillAt(15*time.Second, 0) || tr.StillAt(9*time.Second, 0) {
		t.Errorf("still %v", tr.Still)
	}
}

// TestLessonWithoutTrace is one that came before traces were kept, and others that
// have none that is theirs.
func TestLessonWithoutTrace(t *testing.T) {
	t.Parallel()
	l, _ := open(t, library.Opts{})
	lesson, v := add(t, l, film(t, filepath.Join(t.TempDir(), "x.mp4"), "1.2"))
	if !v.OK() {
		t.Fatal(v)
	}
	path := filepath.Join(lesson.Dir(), library.TraceName)
	whole := read(t, path)
	for name, b := range map[string][]byte{"damaged": append([]byte{whole[0] + 1}, whole[1:]...), "cut off": whole[:len(whole)-1], "empty": {},
		"another film's": witness.Trace{Step: witness.FineStep}.Encode(), "too large": make([]byte, witness.MostBytes+1)} {
		write(t, path, b)
		if _, err := lesson.Trace(); err == nil || name != "too large" && !errors.Is(err, witness.ErrTrace) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := lesson.Trace(); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if v, err := l.Check(t.Context(), lesson.ID, library.Full, nil); err != nil || len(v.Findings) != 0 {
		t.Errorf("a lesson without a trace: %v %v", v.Findings, err)
	}
}
