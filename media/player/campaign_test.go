package player_test

import (
	"flag"
	"slices"
	"syscall"
	"testing"
	"time"

	"stationbox/media/player"
)

// campaign makes the tests that count do what the README reports.
var campaign = flag.Bool("campaign", false, "kill 200 times, stop 20 times, play 2000 items, change 100 items: about 40 minutes")

// times is how often to do something: few times, or as often as a campaign does.
func times(few, many int) int {
	if *campaign {
		return many
	}
	return few
}

// spread is the middle, the 95th of 100 and the worst.
func spread[T int | time.Duration](list []T) (p50, p95, most T) {
	if len(list) == 0 {
		return 0, 0, 0
	}
	slices.Sort(list)
	return list[len(list)/2], list[len(list)*95/100], list[len(list)-1]
}

// cinema is a player whose frames can be read from the screen.
type cinema struct {
	*rig
	*screen
	film string
}

func newCinema(t *testing.T) *cinema {
	s := newScreen(t)
	c := &cinema{rig: run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display}), screen: s, film: footage(t, 60, numbered)}
	c.rewind()
	return c
}

func (c *cinema) rewind() {
	c.must(c.Preload(c.ctx(), c.film, time.Second))
	c.must(c.Play(c.ctx()))
}

// steady lets the film run for more than a second, so that a death counts as the
// first one, and returns the frame that is on the screen.
func (c *cinema) steady() int {
	if c.State().Position > 50*time.Second {
		c.rewind()
	}
	c.wait("a picture", func() bool { return c.number() >= 0 && c.State().Playing })
	from := c.number()
	c.wait("motion", func() bool { n := c.number(); return n > from+30 || n >= 0 && n < from })
	return c.frame()
}

// frame is the one on the screen, looked at again when it is being drawn.
func (c *cinema) frame() (n int) {
	c.wait("a frame", func() bool { n = c.number(); return n >= 0 })
	return n
}

// TestPictureIsBackAfterAKill measures from the pixels: from the kill to the next
// picture, and by how many frames it stands elsewhere.
func TestPictureIsBackAfterAKill(t *testing.T) {
	c := newCinema(t)
	var back []time.Duration
	var off []int
	for i := range times(5, 200) {
		stood := c.steady()
		pid, begin := c.signal(syscall.SIGKILL), time.Now()
		c.wait("black", func() bool { return c.number() < 0 })
		if i%4 == 3 { // and again while it comes back
			c.wait("the next mpv", func() bool { s := c.State(); return s.PID != 0 && s.PID != pid })
			c.signal(syscall.SIGKILL)
			begin = time.Now()
			c.wait("black", func() bool { return c.number() < 0 })
		}
		c.wait("the picture", func() bool { return c.number() >= 0 })
		back = append(back, time.Since(begin))
		off = append(off, c.frame()-stood)
	}
	slices.Sort(off)
	p50, p95, most := spread(back)
	t.Logf("%s: picture back after %d kills of %d: %v p50, %v p95, %v max", c.State().Version, len(back), times(5, 200), p50, p95, most)
	t.Logf("frames from where it stood: %d to %d, %d p50", off[0], off[len(off)-1], off[len(off)/2])
	t.Logf("all: %v", off)
	if off[0] < -25 || off[len(off)-1] > 25 {
		t.Errorf("resumed elsewhere: %v", off)
	}
}

// TestStoppedMpvIsCured measures from SIGSTOP to motion.
func TestStoppedMpvIsCured(t *testing.T) {
	c := newCinema(t)
	var cured []time.Duration
	for range times(1, 20) {
		stood := c.steady()
		pid, begin := c.signal(syscall.SIGSTOP), time.Now()
		c.wait("motion", func() bool { return c.State().PID != pid && c.number() > stood+1 })
		cured = append(cured, time.Since(begin))
	}
	p50, p95, most := spread(cured)
	t.Logf("moves again after SIGSTOP, n=%d: %v p50, %v p95, %v max", len(cured), p50, p95, most)
}
