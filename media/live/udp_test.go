package live_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"

	"stationbox/media/live"
	"stationbox/media/player"
)

const within = 3 * time.Second // of a freeze, for the fallback to be on the screen

// A sender that is stopped says nothing: neither the socket nor mpv has an error.
func TestAFrozenStreamIsReplacedAndComesBack(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := send(t, udp(port)...)
	film := clip(t, "testsrc2", ".mp4")
	r := show(t, play(t), fmt.Sprintf("udp://127.0.0.1:%d", port), time.Now().Add(3*time.Second),
		live.Opts{Fallback: film, StableAfter: 3 * time.Second})
	r.event(live.Joined)
	r.event(live.Live)
	r.until("live and moving", moving(time.Second))
	s.signal(syscall.SIGSTOP)
	stopped := time.Now()
	if e := r.event(live.Frozen); e.Reason != live.ReasonSilent {
		t.Errorf("frozen: %+v", e)
	}
	e := r.event(live.Fallback)
	t.Logf("fallback %v after the sender stopped", e.At.Sub(stopped))
	if e.At.Sub(stopped) > within {
		t.Errorf("fallback only after %v", e.At.Sub(stopped))
	}
	if st := r.player.State(); st.Loaded != film {
		t.Errorf("on the screen: %+v", st)
	}
	r.until("film moves", moving(0))
	s.signal(syscall.SIGCONT)
	r.event(live.Stable)
	r.event(live.Back)
	if !isLive(r.player.State()) {
		t.Errorf("on the screen: %+v", r.player.State())
	}
	r.until("live and moving", moving(time.Second))
	sum := r.end()
	t.Logf("%+v", sum)
	if sum.Outcome != live.Partly || sum.Freezes != 1 || sum.Switches != 1 || sum.Fallback < 3*time.Second || sum.Live < time.Second {
		t.Errorf("%+v", sum)
	}
}

// An RTP sender on a group that dies for good, and another that takes its place.
func TestMulticastRTPIsJoinedAgain(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	to := []string{"-f", "rtp_mpegts", fmt.Sprintf("rtp://239.255.77.7:%d?localaddr=127.0.0.1&ttl=0", port)}
	s := send(t, to...)
	r := show(t, play(t), fmt.Sprintf("rtp://239.255.77.7:%d", port), time.Now(),
		live.Opts{Fallback: clip(t, "testsrc2", ".mp4"), StableAfter: 2 * time.Second})
	r.event(live.Live)
	r.until("live and moving", moving(0))
	s.kill()
	killed := time.Now()
	if e := r.event(live.Fallback); e.At.Sub(killed) > within {
		t.Errorf("fallback only after %v", e.At.Sub(killed))
	}
	if e := r.event(live.Lost); e.Reason != live.ReasonSilent {
		t.Errorf("lost: %+v", e)
	}
	send(t, to...)
	r.event(live.Joined)
	r.event(live.Back)
	r.until("live and moving", moving(time.Second))
	if sum := r.end(); sum.Outcome != live.Partly || sum.Packets == 0 {
		t.Errorf("%+v", sum)
	}
}

// Whatever else is sent to the port, the picture goes on.
func TestNoiseOnThePort(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	send(t, udp(port)...)
	r := show(t, play(t), fmt.Sprintf("udp://127.0.0.1:%d", port), time.Now(), live.Opts{StableAfter: 2 * time.Second})
	r.event(live.Live)
	c, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	noise := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 65507)
	for range 2000 {
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[min(i, len(b)-8):], noise.Uint64())
		}
		switch noise.IntN(3) {
		case 0:
			b[0], b[1] = 0x80, 33
		case 1:
			for i := 0; i < len(b); i += 188 {
				b[i] = 0x47
			}
		}
		_, _ = c.Write(b[:1+noise.IntN(len(b))]) // the kernel may refuse what it has no room for
		time.Sleep(time.Millisecond)
	}
	r.until("live and moving", moving(2*time.Second))
	if sum := r.end(); sum.Switches != 0 || sum.Live < 2*time.Second {
		t.Errorf("%+v", sum)
	}
}

// mpv dies in the middle: the next one joins anew, without the film in between.
func TestKilledPlayerJoinsAgain(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	send(t, udp(port)...)
	r := show(t, play(t), fmt.Sprintf("udp://127.0.0.1:%d", port), time.Now(),
		live.Opts{Fallback: clip(t, "testsrc2", ".mp4"), StableAfter: 2 * time.Second})
	r.event(live.Live)
	r.until("live and moving", moving(0))
	if err := syscall.Kill(r.player.State().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.event(live.Back)
	r.until("live and moving", func(s player.Status) bool { return isLive(s) && moving(time.Second)(s) })
}

// A stopped mpv cannot show anything: it is replaced, and the picture is back.
func TestStoppedPlayerIsReplaced(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	send(t, udp(port)...)
	r := show(t, play(t), fmt.Sprintf("udp://127.0.0.1:%d", port), time.Now(),
		live.Opts{Fallback: clip(t, "testsrc2", ".mp4"), StableAfter: 2 * time.Second})
	r.event(live.Live)
	r.until("live and moving", moving(0))
	pid := r.player.State().PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if e := r.event(live.Frozen); e.Reason != live.ReasonStill {
		t.Errorf("%+v", e)
	}
	r.event(live.Back)
	r.until("live and moving", moving(time.Second))
	if sum := r.end(); sum.Frozen < time.Second || sum.Outcome == live.Whole {
		t.Errorf("%+v", sum)
	}
}
