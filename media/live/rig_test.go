package live_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stationbox/media/live"
	"stationbox/media/player"
)

const patience = 60 * time.Second // for one step on a very busy machine

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

// clips are made once.
var clips struct {
	sync.Mutex
	dir  string
	made map[string]string
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "live")
	if err != nil {
		panic(err)
	}
	clips.dir, clips.made = dir, map[string]string{}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// clip is 30 s of a moving picture with sound, an entry point every second.
func clip(t testing.TB, picture, ext string) string {
	t.Helper()
	need(t, "ffmpeg")
	clips.Lock()
	defer clips.Unlock()
	if file := clips.made[picture+ext]; file != "" {
		return file
	}
	file := filepath.Join(clips.dir, strconv.Itoa(len(clips.made))+ext)
	b, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture+"=s=320x180:r=25", "-f", "lavfi", "-i", "sine=440:r=48000",
		"-t", "30", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, b)
	}
	clips.made[picture+ext] = file
	return file
}

// freePort is one that the kernel gave a moment ago.
func freePort(t testing.TB) int {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// sender is an ffmpeg that sends.
type sender struct {
	t   testing.TB
	cmd *exec.Cmd
}

func send(t testing.TB, to ...string) *sender {
	t.Helper()
	args := append([]string{"-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", clip(t, "testsrc", ".ts"), "-c", "copy"}, to...)
	return command(t, exec.Command("ffmpeg", args...))
}

func command(t testing.TB, cmd *exec.Cmd) *sender {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &sender{t: t, cmd: cmd}
	t.Cleanup(s.kill)
	return s
}

func (s *sender) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sender) kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

func udp(port int) []string {
	return []string{"-f", "mpegts", fmt.Sprintf("udp://127.0.0.1:%d?pkt_size=1316", port)}
}

// rig is a channel that is shown by a real mpv until the test ends it.
type rig struct {
	*live.Channel
	t      testing.TB
	player *player.Player
	sum    live.Summary
	end    func() live.Summary
}

func play(t testing.TB) *player.Player {
	t.Helper()
	return playOn(t, player.Opts{Video: "null", Audio: "null"})
}

func playOn(t testing.TB, o player.Opts) *player.Player {
	t.Helper()
	need(t, "mpv")
	dir, err := os.MkdirTemp("", "live")
	if err != nil {
		t.Fatal(err)
	}
	o.RunDir, o.Log = dir, logger(t)
	p := player.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { _ = p.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		done.Wait()
		_ = os.RemoveAll(dir)
	})
	ready, cancelReady := context.WithTimeout(ctx, patience)
	defer cancelReady()
	if err := p.Ready(ready); err != nil {
		t.Fatal(err)
	}
	return p
}

func logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func show(t testing.TB, p *player.Player, address string, begin time.Time, o live.Opts) *rig {
	t.Helper()
	o.Log = logger(t)
	source, err := live.Open(address, live.SourceOpts{Log: o.Log, Interface: "lo"})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Channel: live.New(source, p, o), t: t, player: p}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		s, err := r.Run(ctx, begin)
		if err != nil {
			t.Error(err)
		}
		r.sum = s
	})
	r.end = func() live.Summary {
		cancel()
		done.Wait()
		return r.sum
	}
	t.Cleanup(func() { r.end() })
	return r
}

// event waits for the next event of that kind and passes over others.
func (r *rig) event(kind live.EventKind) live.Event {
	r.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case e := <-r.Events():
			if e.Kind == kind {
				return e
			}
		case <-timeout:
			r.t.Fatalf("no event %s: %+v, player %+v", kind, r.State(), r.player.State())
		}
	}
}

// until waits for a state of the player.
func (r *rig) until(what string, ok func(player.Status) bool) {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for !ok(r.player.State()) {
		if time.Now().After(deadline) {
			r.t.Fatalf("never %s: %+v", what, r.player.State())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func moving(after time.Duration) func(player.Status) bool {
	return func(s player.Status) bool { return s.Playing && s.Position > after }
}

func isLive(s player.Status) bool { return strings.HasPrefix(s.Loaded, "http://127.0.0.1:") }
