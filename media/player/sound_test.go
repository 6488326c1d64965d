package player_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/player"
)

func (r *rig) volume() float64 { return r.ask("volume") }

// ask asks the present mpv for a number by a connection of its own.
func (r *rig) ask(property string) float64 {
	r.t.Helper()
	c, err := net.Dial("unix", filepath.Join(r.dir, "player.sock"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte(`{"command":["get_property","` + property + `"],"request_id":7}` + "\n")); err != nil {
		r.t.Fatal(err)
	}
	for in := bufio.NewScanner(c); in.Scan(); {
		var reply struct {
			Data float64 `json:"data"`
			ID   int     `json:"request_id"`
		}
		if json.Unmarshal(in.Bytes(), &reply) == nil && reply.ID == 7 {
			return reply.Data
		}
	}
	r.t.Fatalf("mpv does not say its %s", property)
	return 0
}

// turned is mpv's volume when the programme is turned down by so many dB.
func turned(dB float64) float64 { return 100 * math.Pow(10, -dB/60) }

// settles waits until mpv's volume is that, and says over how many others it went.
func (r *rig) settles(want float64) (steps int) {
	r.t.Helper()
	last := math.NaN()
	for end := time.Now().Add(patience); ; {
		got := r.volume()
		if math.Abs(got-want) < 0.01 {
			return steps
		}
		if got != last {
			last, steps = got, steps+1
		}
		if time.Now().After(end) {
			r.t.Fatalf("volume %.2f, want %.2f", got, want)
		}
	}
}

func TestDuck(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	r.must(r.Preload(r.ctx(), clip(t, 60), 0))
	r.must(r.Play(r.ctx()))
	r.until("playing", playing)
	r.settles(100)
	r.Duck(15)
	if steps := r.settles(turned(15)); steps < 2 {
		t.Errorf("down in a leap")
	}
	pid := r.signal(syscall.SIGKILL)
	r.until("another mpv", func(s player.Status) bool { return s.Alive && s.PID != pid })
	r.settles(turned(15))
	r.Duck(1000)
	r.settles(turned(player.MostDuck))
	r.Duck(math.NaN())
	r.settles(100)
}

// What comes out is as much lower as was asked for.
func TestDuckedSound(t *testing.T) {
	t.Parallel()
	pcm := filepath.Join(t.TempDir(), "sound.wav")
	r := run(t, player.Opts{Args: []string{"--ao=pcm", "--ao-pcm-file=" + pcm, "--audio-format=s16", "--audio-channels=mono"}})
	r.must(r.Ready(r.ctx()))
	r.Duck(20)
	r.settles(turned(20))
	r.must(r.PreloadItem(r.ctx(), item(tone(t), -6)))
	r.must(r.Play(r.ctx()))
	r.event(player.Ended)
	r.must(r.quit())
	for i, got := range levels(t, pcm) {
		if math.Abs(got+46) > 0.5 {
			t.Errorf("second %d: %.2f dBFS, want -46", i, got)
		}
	}
}

func TestLoudnessOfWhatPlays(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	if s := r.State(); s.LUFS != nil {
		t.Errorf("%v LUFS of nothing", *s.LUFS)
	}
	loud := func(i player.Item) float64 {
		t.Helper()
		r.must(r.PreloadItem(r.ctx(), i))
		r.must(r.Play(r.ctx()))
		time.Sleep(700 * time.Millisecond) // the meter measures 400 ms
		s := r.until("measured", func(s player.Status) bool { return s.LUFS != nil || s.EOF })
		if s.LUFS == nil {
			t.Fatalf("%s was never measured", i.File)
		}
		return *s.LUFS
	}
	long := footage(t, 20, "testsrc=s=320x180:r=25")
	plain := loud(item(long, 0))
	if plain < -30 || plain > -15 { // a sine of 440 Hz at -18 dBFS peak
		t.Errorf("%.1f LUFS", plain)
	}
	for name, i := range map[string]player.Item{
		"gain": item(long, -12), "filter": {File: long, Filter: "lavfi=[volume=-12dB]"},
	} {
		if got := loud(i); math.Abs(got-plain+12) > 0.5 {
			t.Errorf("%s: %.1f LUFS, want %.1f", name, got, plain-12)
		}
	}
	r.Duck(20) // what the film gives, not what is heard of it
	if got := loud(item(long, 0)); math.Abs(got-plain) > 0.5 {
		t.Errorf("ducked: %.1f LUFS, want %.1f", got, plain)
	}
	r.must(r.Pause(r.ctx()))
	if s := r.until("paused", func(s player.Status) bool { return s.Paused && !s.Playing }); s.LUFS != nil {
		t.Errorf("%v LUFS while it is paused", *s.LUFS)
	}
	r.must(r.Preload(r.ctx(), "av://lavfi:testsrc=s=320x180:r=25", 0))
	r.must(r.Play(r.ctx()))
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		if s := r.State(); s.LUFS != nil {
			t.Fatalf("%v LUFS of a film without sound", *s.LUFS)
		}
	}
}

// Every thread of mpv, and its session where the kernel shares among sessions, goes
// before other programs, where that is allowed.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root may give precedence")
	}
	r := run(t, player.Opts{})
	r.must(r.Preload(r.ctx(), clip(t, 60), 0))
	r.must(r.Play(r.ctx()))
	pid := r.until("playing", playing).PID
	group, err := os.ReadFile(fmt.Sprintf("/proc/%d/autogroup", pid))
	if err == nil && !strings.HasSuffix(strings.TrimSpace(string(group)), "nice -10") {
		t.Errorf("session: %s", group)
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil || len(tasks) < 3 {
		t.Fatalf("%d threads, %v", len(tasks), err)
	}
	for _, task := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", pid, task.Name()))
		if err != nil {
			continue // it has ended
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if f[16] != "-10" { // proc(5), field 19
			t.Errorf("thread %s has %s", b[:strings.LastIndexByte(string(b), ')')+1], f[16])
		}
	}
}
