package live_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"stationbox/media/live"
)

// encode writes a playlist of one-second segments, as an encoder does.
func encode(t testing.TB, dir string) *sender {
	t.Helper()
	return send(t, "-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags", "delete_segments+append_list+omit_endlist",
		filepath.Join(dir, "live.m3u8"))
}

// hlsServer serves that folder; down makes it refuse.
func hlsServer(t testing.TB, dir string) (address string, down *atomic.Bool) {
	t.Helper()
	down = new(atomic.Bool)
	files := http.FileServer(http.Dir(dir))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		files.ServeHTTP(w, q)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/live.m3u8", down
}

// An encoder that stops leaves a playlist that a server goes on offering: the
// picture ends some seconds later, and what is offered is not joined again.
func TestHLSThatNoLongerGrows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address, _ := hlsServer(t, dir)
	s := encode(t, dir)
	await(t, filepath.Join(dir, "live.m3u8"))
	r := show(t, play(t), address, time.Now(), live.Opts{Fallback: clip(t, "testsrc2", ".mp4"), StableAfter: 2 * time.Second})
	r.event(live.Live)
	r.until("live and moving", moving(time.Second))
	s.signal(syscall.SIGSTOP)
	if e := r.event(live.Frozen); e.Reason != live.ReasonSilent {
		t.Errorf("%+v", e)
	}
	if e := r.event(live.Fallback); e.For > within {
		t.Errorf("%+v", e)
	}
	r.event(live.Lost) // a rejoin would replay the old segments
	s.signal(syscall.SIGCONT)
	r.event(live.Joined)
	r.event(live.Back)
	r.until("live and moving", moving(time.Second))
	if sum := r.end(); sum.Outcome != live.Partly || sum.Switches > 2 {
		t.Errorf("%+v", sum)
	}
}

func TestHLSServerThatIsDown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address, down := hlsServer(t, dir)
	down.Store(true)
	encode(t, dir)
	r := show(t, play(t), address, time.Now(), live.Opts{Fallback: clip(t, "testsrc2", ".mp4"), StableAfter: 2 * time.Second})
	if e := r.event(live.Fallback); e.Reason != live.ReasonLate || e.For > within {
		t.Errorf("%+v", e)
	}
	if r.State().Problem == nil {
		t.Error("no problem is told")
	}
	down.Store(false)
	r.event(live.Joined)
	r.event(live.Live)
	down.Store(true)
	if e := r.event(live.Fallback); e.For > within {
		t.Errorf("%+v", e)
	}
}

func await(t testing.TB, file string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		if _, err := os.Stat(file); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s", file)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// probe is the length of a file by ffprobe's word.
func probe(t testing.TB, file string) time.Duration {
	t.Helper()
	need(t, "ffprobe")
	b, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	d, err := time.ParseDuration(string(b[:len(b)-1]) + "s")
	if err != nil {
		t.Fatal(err)
	}
	return d
}
