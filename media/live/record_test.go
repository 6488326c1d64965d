package live_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
