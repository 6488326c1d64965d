package live_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/live"
)

// A recording goes on over a break and is whole at the end of the lesson.
func TestALessonIsRecorded(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := send(t, udp(port)...)
	file := filepath.Join(t.TempDir(), "lesson.mkv")
	r := show(t, play(t), fmt.Sprintf("udp://127.0.0.1:%d", port), time.Now(),
		live.Opts{Record: file, Fallback: clip(t, "testsrc2", ".mp4"), StableAfter: 2 * time.Second, KeepFree: 1})
	begun := r.event(live.RecordBegun)
	if begun.File != file+".part" || r.State().Recording != begun.File {
		t.Errorf("%+v, %+v", begun, r.State())
	}
	r.event(live.Live)
	r.until("live and moving", moving(3*time.Second))
	s.signal(syscall.SIGSTOP)
	r.event(live.Fallback)
	s.signal(syscall.SIGCONT)
	r.event(live.Back)
	r.until("live and moving", moving(2*time.Second))
	r.end()
	if e := r.event(live.RecordDone); e.File != file || e.Reason != "" {
		t.Errorf("%+v", e)
	}
	if _, err := os.Stat(file + ".part"); err == nil {
		t.Error("the provisional file is still there")
	}
	if d := probe(t, file); d < 6*time.Second || d > 60*time.Second {
		t.Errorf("%v recorded", d)
	}
	b, err := exec.Command("ffmpeg", "-v", "error", "-xerror", "-i", file, "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Errorf("not readable: %v: %s", err, b)
	}
}

func TestARecordingHasItsGreatestSize(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	send(t, udp(port)...)
	file := filepath.Join(t.TempDir(), "lesson.mkv")
	r := show(t, play(t), fmt.Sprintf("udp://127.0.0.1:%d", port), time.Now(), live.Opts{Record: file, RecordMost: 200 << 10, KeepFree: 1})
	if e := r.event(live.RecordDone); e.Reason != live.ReasonLimit {
		t.Errorf("%+v", e)
	}
	if st, err := os.Stat(file); err != nil || st.Size() > 300<<10 {
		t.Errorf("%v, %v", st.Size(), err)
	}
	r.until("live and moving", moving(time.Second))
	if sum := r.end(); sum.Switches != 0 {
		t.Errorf("%+v", sum)
	}
}

// The showing does not notice what becomes of its recording.
func TestARecordingThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stuck := filepath.Join(dir, "stuck") // reads nothing, ends never
	if err := os.WriteFile(stuck, []byte("#!/bin/sh\nexec sleep 1000\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := map[string]live.Opts{
		"no such folder":  {Record: filepath.Join(dir, "none", "a.mkv"), KeepFree: 1},
		"no such program": {Record: filepath.Join(dir, "b.mkv"), KeepFree: 1, FFmpeg: "/nonexistent"},
		"dies at once":    {Record: filepath.Join(dir, "c.mkv"), KeepFree: 1, FFmpeg: "/bin/false"},
		"no room":         {Record: filepath.Join(dir, "d.mkv"), KeepFree: 1 << 60},
		"reads nothing":   {Record: filepath.Join(dir, "e.mkv"), KeepFree: 1, FFmpeg: stuck},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			send(t, udp(port)...)
			r := show(t, play(t), fmt.Sprintf("udp://127.0.0.1:%d", port), time.Now(), o)
			if name == "reads nothing" {
				r.event(live.Live)
				r.until("live and moving", moving(2*time.Second))
				r.end()
			}
			e := r.event(live.RecordFailed)
			if e.Detail == "" || strings.HasSuffix(e.File, ".mkv") {
				t.Errorf("%+v", e)
			}
			if name != "reads nothing" {
				r.until("live and moving", moving(2*time.Second))
			}
			if sum := r.end(); sum.Switches != 0 || sum.Live < time.Second {
				t.Errorf("%+v", sum)
			}
		})
	}
}
