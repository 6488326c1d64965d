package live_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"stationbox/media/live"
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
