package player_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/player"
)

// ask reads a property of the mpv that runs in a folder, past the player.
func ask(t testing.TB, dir, property string) string {
	t.Helper()
	c, err := net.DialTimeout("unix", filepath.Join(dir, "player.sock"), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience)) // fails only for a closed one
	if _, err := fmt.Fprintf(c, `{"command":["get_property","%s"],"request_id":7}`+"\n", property); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(c); lines.Scan(); {
		var m struct {
			ID   int             `json:"request_id"`
			Data json.RawMessage `json:"data"`
		}
		if json.Unmarshal(lines.Bytes(), &m) == nil && m.ID == 7 {
			return string(m.Data)
		}
	}
	t.Fatalf("mpv does not tell %s", property)
	return ""
}

// gainOf is the gain that mpv gives the present item, as it says itself.
func gainOf(t testing.TB, dir string) string {
	t.Helper()
	if g := ask(t, dir, "volume-gain"); g != "" {
		return g
	}
	return ask(t, dir, "af")
}

func item(file string, gain float64) player.Item { return player.Item{File: file, GainDB: gain} }

func TestItemsOfAQueueFollowOneAnother(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	a, b := clip(t, 1), footage(t, 1, "testsrc=s=482x270:r=30")
	missing := filepath.Join(t.TempDir(), "missing.mp4")
	if err := r.Queue(item(a, 0)); !errors.Is(err, player.ErrNothingLoaded) {
		t.Errorf("queued behind nothing: %v", err)
	}
	r.must(r.Preload(r.ctx(), a, 0))
	for _, file := range []string{b, missing, t.TempDir(), a} {
		r.must(r.Queue(item(file, 0)))
	}
	if s := r.State(); s.Queued != 4 || s.Loaded != a {
		t.Errorf("%+v", s)
	}
	r.must(r.Play(r.ctx()))
	for i, want := range []player.Event{{Kind: player.Started, File: a}, {Kind: player.Ended, File: a, Complete: true, Reason: "eof"},
		{Kind: player.Started, File: b}, {Kind: player.Ended, File: b, Complete: true, Reason: "eof"},
		{Kind: player.Ended, File: missing, Reason: "error"}, {Kind: player.Ended, Reason: "error"},
		{Kind: player.Started, File: a}, {Kind: player.Ended, File: a, Complete: true, Reason: "eof"}} {
		e := <-r.Events()
		if e.Kind != want.Kind || e.Complete != want.Complete || e.Reason != want.Reason || want.File != "" && e.File != want.File {
			t.Errorf("event %d: %+v, want %+v", i, e, want)
		}
		if e.Complete && (e.Position < 800*time.Millisecond || e.Duration.Round(time.Second) != time.Second) {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	if s := r.State(); !s.EOF || !s.Complete || s.Loaded != a || s.Queued != 0 || s.Restarts != 0 || s.FramesShown < 10 || s.FramesShown > 26 {
		t.Errorf("at the end: %+v", s)
	}
	if n := ask(t, r.dir, "playlist-count"); n != "1" {
		t.Errorf("mpv's playlist has grown to %s", n)
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	file := clip(t, 1)
	r.must(r.Preload(r.ctx(), file, 0))
	for _, gain := range []float64{player.MostGain + 1, player.LeastGain - 1, math.NaN()} {
		if err := r.Queue(item(file, gain)); !errors.Is(err, player.ErrGain) {
			t.Errorf("gain of %g: %v", gain, err)
		}
	}
	for range player.MostQueued {
		r.must(r.Queue(item(file, 0)))
	}
	if err := r.Queue(item(file, 0)); !errors.Is(err, player.ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	r.must(r.Stop(r.ctx()))
	if s := r.State(); s.Queued != 0 || s.Loaded != "" {
		t.Errorf("after Stop: %+v", s)
	}
}

func TestAnItemQueuedAtTheEndBeginsAtOnce(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	a, b := clip(t, 1), clip(t, 10)
	r.must(r.Preload(r.ctx(), a, 500*time.Millisecond))
	r.must(r.Play(r.ctx()))
	r.event(player.Ended)
	r.must(r.Queue(player.Item{File: b, At: 3 * time.Second}))
	if e := r.event(player.Started); e.File != b || e.Position < 3*time.Second || e.Position > 4*time.Second {
		t.Errorf("%+v", e)
	}
	// It waits behind a paused one, and goes on with it.
	r.must(r.Preload(r.ctx(), a, 0))
	r.must(r.Queue(item(b, 0)))
	r.must(r.Play(r.ctx()))
	r.until("playing", playing)
	r.must(r.Pause(r.ctx()))
	if s := r.State(); s.Loaded != a || !s.Paused {
		t.Errorf("paused: %+v", s)
	}
	r.must(r.Play(r.ctx()))
	r.until("at the next", func(s player.Status) bool { return s.Loaded == b && s.Playing && s.Position > 0 })
}

func TestMpvThatDiesInAQueueResumesInItsItem(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	a, b, c := clip(t, 1), clip(t, 3), footage(t, 1, "testsrc=s=482x270:r=30")
	r.must(r.Preload(r.ctx(), a, 0))
	r.must(r.Queue(item(b, 0)))
	r.must(r.Queue(item(c, 0)))
	r.must(r.Play(r.ctx()))
	r.until("in the first", playing)
	r.signal(syscall.SIGKILL)
	if e := r.event(player.Restarted); e.File != a {
		t.Errorf("killed in the first, resumed in %+v", e)
	}
	if e := r.event(player.Ended); e.File != a || !e.Complete {
		t.Errorf("first: %+v", e)
	}
	r.signal(syscall.SIGKILL) // between the two
	s := r.until("in the second", func(s player.Status) bool { return s.Loaded == b && s.Playing && s.Position > 0 && s.Restarts == 2 })
	if s.Position > 2*time.Second || s.Queued != 1 {
		t.Errorf("killed between first and second: %+v", s)
	}
	was := r.until("well in it", func(s player.Status) bool { return s.Position > time.Second }).Position
	r.signal(syscall.SIGKILL)
	for e := r.event(player.Restarted); ; e = r.event(player.Restarted) {
		if e.File != b {
			t.Errorf("killed in the second, resumed in %+v", e)
		}
		if e.Position >= was-100*time.Millisecond && e.Position < was+time.Second {
			break
		}
	}
	if e := r.event(player.Ended); e.File != b || !e.Complete {
		t.Errorf("second: %+v", e)
	}
	if e := r.event(player.Ended); e.File != c || !e.Complete {
		t.Errorf("third: %+v", e)
	}
	r.signal(syscall.SIGKILL) // the held last frame comes back
	if e := r.event(player.Restarted); e.File != c {
		t.Errorf("killed at the end: %+v", e)
	}
	if s := r.State(); s.Loaded != c || !s.EOF || !s.Complete {
		t.Errorf("after the end: %+v", s)
	}
}

func TestQueueOfAnAdoptedMpv(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	a, b, c := clip(t, 1), clip(t, 60), clip(t, 2)
	first := run(t, player.Opts{RunDir: dir, KeepOnExit: true})
	first.must(first.PreloadItem(first.ctx(), item(a, -1)))
	first.must(first.Queue(item(b, -7.5)))
	first.must(first.Queue(item(c, 3.25)))
	first.must(first.Play(first.ctx()))
	first.until("in the second", func(s player.Status) bool { return s.Loaded == b && s.Position > time.Second })
	was := first.State().Position
	first.must(first.quit())
	second := run(t, player.Opts{RunDir: dir})
	second.must(second.Ready(second.ctx()))
	s := second.until("adopted", func(s player.Status) bool { return s.Playing })
	if s.Loaded != b || s.Queued != 1 || s.Restarts != 0 {
		t.Errorf("%+v", s)
	}
	before := gainOf(t, dir)
	second.signal(syscall.SIGKILL)
	if e := second.event(player.Restarted); e.File != b || e.Position < was-100*time.Millisecond {
		t.Errorf("was at %v: %+v", was, e)
	}
	if after := gainOf(t, dir); after != before || !bytes.Contains([]byte(after), []byte("-7.5")) {
		t.Errorf("gain %s became %s", before, after)
	}
	second.until("queued again", func(player.Status) bool { return ask(t, dir, "playlist-count") == "2" })
	second.must(second.Queue(item(a, 0)))
	if s := second.State(); s.Queued != 2 {
		t.Errorf("%+v", s)
	}
}

// tone is a sound file of two seconds, a sine of −20 dBFS.
func tone(t testing.TB) string {
	t.Helper()
	need(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "tone.wav")
	b, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "aevalsrc=0.1*sin(2*PI*440*t):s=48000:d=2", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, b)
	}
	return file
}

// levels is the loudness of each second of what mpv wrote, in dBFS of a sine's peak.
func levels(t testing.TB, file string) []float64 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.Index(b, []byte("data")); i >= 0 && strings.HasSuffix(file, ".wav") {
		b = b[min(len(b), i+8):]
	}
	const second = 2 * 48000
	var out []float64
	for ; len(b) >= second; b = b[second:] {
		sum := 0.0
		for i := 0; i < second; i += 2 {
			v := float64(int16(binary.LittleEndian.Uint16(b[i:]))) / 32768
			sum += v * v
		}
		out = append(out, 10*math.Log10(2*sum/(second/2)+1e-12))
	}
	return out
}

func TestGainIsOfItsItemAlone(t *testing.T) {
	t.Parallel()
	pcm := filepath.Join(t.TempDir(), "sound.raw")
	// Now and then mpv opens its sound device again between two items.
	r := run(t, player.Opts{Args: []string{"--ao=pcm", "--ao-pcm-file=" + pcm, "--ao-pcm-append=yes", "--ao-pcm-waveheader=no",
		"--audio-format=s16", "--audio-channels=mono", "--gapless-audio=yes"}})
	file := tone(t)
	r.must(r.PreloadItem(r.ctx(), item(file, -12)))
	for _, gain := range []float64{0, 18, -20, 0} {
		r.must(r.Queue(item(file, gain)))
	}
	r.signal(syscall.SIGKILL) // the next mpv gets the gains again
	r.event(player.Restarted)
	// Into a file, an item plays faster than the next one can be told.
	r.until("told all items", func(player.Status) bool { return r.ask("playlist-count") == 5 })
	r.must(r.Play(r.ctx()))
	for range 5 {
		r.event(player.Ended)
	}
	version := r.State().Version
	r.must(r.quit())
	got := levels(t, pcm)
	t.Logf("%s: %.2f dBFS", version, got)
	want := []float64{-32, -32, -20, -20, -2, -2, -40, -40, -20, -20}
	if len(got) != len(want) {
		t.Fatalf("%d seconds of sound, want %d", len(got), len(want))
	}
	for i, w := range want {
		if math.Abs(got[i]-w) > 0.3 { // mpv 0.40 counts in steps of 1/256
			t.Errorf("second %d: %.2f dBFS, want %.1f", i, got[i], w)
		}
	}
}

// TestNoBlackBetweenItems looks at the pixels: frame after frame, the last one held
// until the next item's first.
func TestNoBlackBetweenItems(t *testing.T) {
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	a, b := footage(t, 2, numbered), footage(t, 2, numbered+",scale=1920:1080,fps=30")
	r.must(r.Preload(r.ctx(), a, time.Second))
	r.wait("first frame", func() bool { return s.number() == 25 })
	r.must(r.Queue(player.Item{File: b, At: time.Second}))
	r.must(r.Queue(player.Item{File: a, At: time.Second}))
	r.must(r.Play(r.ctx()))
	holds, blank := s.watch(r, 3)
	t.Logf("last frames stood for %v", holds)
	if blank > 0 {
		t.Errorf("%d looks at the screen without a frame", blank)
	}
	for _, h := range holds {
		if h > 5*time.Second { // a busy machine; figures are the campaign's
			t.Errorf("held for %v", h)
		}
	}
}

// watch looks at the screen while that many items play, and returns for how long
// the last frame stood at each change, and how often no frame was to be seen.
func (s *screen) watch(r *rig, items int) (holds []time.Duration, blank int) {
	r.t.Helper()
	last, since := s.number(), time.Now()
	missed := 0
	for end := time.Now().Add(patience + time.Duration(items)*10*time.Second); len(holds) < items-1; {
		if time.Now().After(end) {
			r.t.Fatalf("only %d changes seen: %+v", len(holds), r.State())
		}
		time.Sleep(500 * time.Microsecond)
		n := s.number()
		if n < 0 { // one look may fall into the moment of drawing
			if missed++; missed > 1 {
				blank++
			}
			continue
		}
		missed = 0
		if n == last {
			continue
		}
		if n < last-2 {
			holds = append(holds, time.Since(since))
		}
		last, since = n, time.Now()
	}
	return holds, blank
}
