package player_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stationbox/media/player"
)

const patience = 40 * time.Second // for one step on a very busy machine

// need skips a test without its tools at home, and fails it in CI.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed", tool)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
}

// clips are made once: a minute takes half a second of a busy machine.
var clips struct {
	sync.Mutex
	dir  string
	made map[string]string
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "clips")
	if err != nil {
		panic(err)
	}
	clips.dir, clips.made = dir, map[string]string{}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// clip is an H.264 file of that many seconds, 320×180, 25 frames a second.
func clip(t testing.TB, seconds int) string {
	t.Helper()
	return footage(t, seconds, "testsrc=s=320x180:r=25")
}

// footage is an H.264 file with sound of that many seconds of a picture.
func footage(t testing.TB, seconds int, picture string) string {
	t.Helper()
	need(t, "ffmpeg")
	clips.Lock()
	defer clips.Unlock()
	key := strconv.Itoa(seconds) + picture
	if file := clips.made[key]; file != "" {
		return file
	}
	file := filepath.Join(clips.dir, strconv.Itoa(len(clips.made))+".mp4")
	b, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture,
		"-f", "lavfi", "-i", "sine=440:r=48000", "-t", strconv.Itoa(seconds), "-c:v", "libx264", "-preset", "ultrafast",
		"-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, b)
	}
	clips.made[key] = file
	return file
}

// rig is a Player that runs until the test ends.
type rig struct {
	*player.Player
	t    testing.TB
	dir  string
	quit func() error
}

// shortDir is a folder whose path fits into a socket address.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "player")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func run(t testing.TB, o player.Opts) *rig {
	t.Helper()
	need(t, "mpv")
	if o.RunDir == "" {
		o.RunDir = shortDir(t)
	}
	if o.Video == "" {
		o.Video, o.Audio = "null", "null"
	}
	o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	r := &rig{Player: player.New(o), t: t, dir: o.RunDir}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	done := false
	r.quit = func() error {
		if done {
			return nil
		}
		done = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { _ = r.quit() })
	return r
}

func (r *rig) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	r.t.Cleanup(cancel)
	return ctx
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// until waits for a condition.
func (r *rig) until(what string, ok func(player.Status) bool) player.Status {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		s := r.State()
		if ok(s) {
			return s
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("never %s: %+v", what, s)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func playing(s player.Status) bool { return s.Playing && s.Position > 0 }

// event waits for the next event of that kind and passes over others.
func (r *rig) event(kind player.EventKind) player.Event {
	r.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case e := <-r.Events():
			if e.Kind == kind {
				return e
			}
			r.t.Logf("passed over %s %s", e.Kind, e.Detail)
		case <-timeout:
			r.t.Fatalf("no event %s: %+v", kind, r.State())
		}
	}
}

// signal waits for an mpv, which may be on its way, and sends it a signal.
func (r *rig) signal(sig syscall.Signal) int {
	r.t.Helper()
	pid := r.until("an mpv to signal", func(s player.Status) bool { return s.PID != 0 }).PID
	r.must(syscall.Kill(pid, sig))
	return pid
}

func gone(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(b), ") Z ")
}
