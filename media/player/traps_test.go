package player_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"stationbox/media/player"
)

// TestTVOffAtStart is the box whose TV is switched on later: mpv finds no display,
// says nothing and plays the sound.
func TestTVOffAtStart(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]player.Opts{
		"as on the box": {Video: "drm", Audio: "null"},
		"gpu":           {Video: "gpu", Audio: "null", Display: ":99999"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if cards, _ := filepath.Glob("/dev/dri/card*"); len(cards) > 0 && name == "as on the box" {
				t.Skip("this machine has a screen")
			}
			r := run(t, o)
			short, long := clip(t, 1), clip(t, 4)
			r.must(r.Preload(r.ctx(), long, 2*time.Second))
			r.must(r.Queue(item(short, 0)))
			r.must(r.Play(r.ctx()))
			s := r.until("said to be blind", func(s player.Status) bool { return s.Blind })
			if s.VOConfigured || s.FramesShown != 0 {
				t.Errorf("%+v", s)
			}
			r.until("sounding all the same", func(s player.Status) bool { return s.Playing && s.Position > 2500*time.Millisecond })
			for range 2 { // the second is too short for anybody to look
				if e := r.event(player.Ended); e.Complete {
					t.Errorf("shown without a screen: %+v", e)
				}
			}
			if s := r.State(); s.Complete || !s.Blind || s.FramesShown != 0 {
				t.Errorf("at the end: %+v", s)
			}
		})
	}
}

// source is a stream that can be lost.
type source struct {
	address string
	lose    func()
}

// send lets ffmpeg send a film in real time, for ever.
func send(t *testing.T, output ...string) func() {
	t.Helper()
	need(t, "ffmpeg")
	args := []string{"-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", clip(t, 10),
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "12", "-c:a", "copy"}
	cmd := exec.Command("ffmpeg", append(args, output...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lose := func() {
		_ = cmd.Process.Kill() // fails only when it is gone
		_ = cmd.Wait()
	}
	t.Cleanup(lose)
	return lose
}

// freePort is a UDP port that nobody uses now, nor the next one.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		port := c.LocalAddr().(*net.UDPAddr).Port
		_ = c.Close() // it was free
		if port%2 == 0 {
			return port
		}
	}
	t.Fatal("no even port is free")
	return 0
}

func udp(t *testing.T) source {
	address := fmt.Sprintf("udp://127.0.0.1:%d", freePort(t))
	return source{address, send(t, "-f", "mpegts", address+"?pkt_size=1316")}
}

func rtp(t *testing.T) source {
	address := fmt.Sprintf("rtp://127.0.0.1:%d", freePort(t))
	return source{address, send(t, "-f", "rtp_mpegts", address)}
}

// hls is a live list on a web server that goes on answering when nobody adds to it.
func hls(t *testing.T) source {
	dir := t.TempDir()
	list := filepath.Join(dir, "live.m3u8")
	lose := send(t, "-f", "hls", "-hls_time", "0.5", "-hls_list_size", "4", list)
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(web.Close)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(list); err == nil {
			return source{web.URL + "/live.m3u8", lose}
		}
		if time.Now().After(end) {
			t.Fatal("no list")
		}
	}
}

// TestLostStreamIsSeenAndNotComplete: mpv says nothing (HLS), or that it came to the
// end (UDP, RTP). The picture that stands still says it.
func TestLostStreamIsSeenAndNotComplete(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) source{"udp": udp, "rtp": rtp, "hls": hls} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, player.Opts{})
			from := open(t)
			r.must(r.Preload(r.ctx(), from.address, 0))
			r.must(r.Play(r.ctx()))
			begun := r.until("playing", playing).Position
			s := r.until("well in it", func(s player.Status) bool { return s.Position > begun+time.Second })
			from.lose()
			lost, moved := time.Now(), time.Now()
			for at := s.Position; s.Playing || s.Position != at; s = r.State() {
				if s.Position != at {
					at, moved = s.Position, time.Now()
				}
				if time.Since(lost) > patience {
					t.Fatalf("plays on without a source: %+v", s)
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Logf("seen %v after the loss, %v after the last motion: still for %v",
				time.Since(lost), time.Since(moved), s.Still)
			if d := time.Since(moved); d > 3*time.Second {
				t.Errorf("standstill seen after %v", d)
			}
			if s.Duration != 0 {
				t.Errorf("a stream of %v", s.Duration)
			}
			for {
				e := <-r.Events()
				if e.Complete {
					t.Errorf("%+v", e)
				}
				if e.Kind == player.Stalled || e.Kind == player.Ended {
					t.Logf("%s %s %s", e.Kind, e.Reason, e.Detail)
					break
				}
			}
			r.must(r.Stop(r.ctx()))
			if s := r.State(); s.Complete {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestStreamThatEndsByItself is the same with a patient player: mpv's own word for a
// lost stream is the end of a complete one.
func TestStreamThatEndsByItself(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{HangAfter: time.Minute})
	from := udp(t)
	err := r.Preload(r.ctx(), from.address+"?timeout=1000000", 0)
	for try := 0; try < 20 && errors.Is(err, player.ErrUnplayable); try++ { // the sender has not begun
		err = r.Preload(r.ctx(), from.address+"?timeout=1000000", 0)
	}
	r.must(err)
	for len(r.Events()) > 0 {
		<-r.Events() // of the attempts
	}
	r.must(r.Play(r.ctx()))
	begun := r.until("playing", playing).Position
	r.until("well in it", func(s player.Status) bool { return s.Position > begun+time.Second })
	from.lose()
	if e := r.event(player.Ended); e.Complete || e.Reason != player.ReasonEOF {
		t.Errorf("%+v", e)
	}
	if err := r.Play(r.ctx()); !errors.Is(err, player.ErrEnded) {
		t.Errorf("Play: %v", err)
	}
}

// A picture of which nothing can be decoded moves with its sound and counts no
// dropped frame: it is not shown, and is not Complete.
func TestPictureThatCannotBeDecoded(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	noise := filepath.Join(t.TempDir(), "noise.mkv")
	if b, err := exec.Command("ffmpeg", "-v", "error", "-i", clip(t, 4), "-c", "copy", "-bsf:v", "noise=amount=1", noise).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, b)
	}
	r.must(r.Preload(r.ctx(), noise, 0))
	r.must(r.Play(r.ctx()))
	r.event(player.NoPicture)
	e := r.event(player.Ended)
	if s := r.State(); e.Complete || s.Complete || !s.Blind || s.FramesShown != 0 {
		t.Errorf("complete %v, %+v", e.Complete, s)
	}
	// The next one is shown.
	r.must(r.Preload(r.ctx(), clip(t, 2), 0))
	r.must(r.Play(r.ctx()))
	e = r.event(player.Ended)
	if s := r.State(); !e.Complete || s.Blind || s.FramesShown < 40 {
		t.Errorf("complete %v, %+v", e.Complete, s)
	}
}
