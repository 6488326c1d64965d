package player_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
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
		if end, ok := t.Deadline(); ok && time.Until(end) < patience {
			t.Logf("stopped after %d: the time of this test run is over", i)
			break
		}
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

// usage is what a process takes: resident memory in KiB, and processor time.
func usage(t testing.TB, pid int) (kib int, busy time.Duration) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	if _, after, ok := strings.Cut(string(b), "VmRSS:"); ok {
		kib, _ = strconv.Atoi(strings.Fields(after)[0])
	}
	b, err = os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return kib, time.Duration(user+system) * 10 * time.Millisecond // of 100 ticks a second
}

// TestManyItemsDoNotGrow plays short items of three shapes one behind the other in
// one mpv, and weighs both processes at the start, a quarter and the end.
func TestManyItemsDoNotGrow(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	shapes := []string{clip(t, 1), footage(t, 1, "testsrc=s=482x270:r=30"), footage(t, 1, "testsrc=s=640x360:r=50")}
	at := func(i int) player.Item {
		return player.Item{File: shapes[i%3], At: 700 * time.Millisecond, GainDB: float64(i%5) - 2}
	}
	many, pid, unseen := times(40, 2000), 0, 0
	var theirs, ours []int
	weigh := func() {
		runtime.GC()
		kib, _ := usage(t, r.State().PID)
		own, _ := usage(t, os.Getpid())
		theirs, ours = append(theirs, kib), append(ours, own)
	}
	r.must(r.PreloadItem(r.ctx(), at(0)))
	r.must(r.Play(r.ctx()))
	queued := 1
	for over := range many {
		for ; queued < many && queued <= over+player.MostQueued/2; queued++ {
			r.must(r.Queue(at(queued)))
		}
		e := r.event(player.Ended)
		if e.Reason != player.ReasonEOF || e.File != shapes[over%3] {
			t.Errorf("item %d: %+v", over, e)
		}
		if !e.Complete { // over before a starved player could look at it
			unseen++
		}
		switch over + 1 {
		case many / 20:
			pid = r.State().PID
			weigh()
		case many / 4, many:
			weigh()
		}
	}
	t.Logf("%d items, %d of them unseen: mpv %d KiB, ours with the test %d KiB at start, quarter and end", many, unseen, theirs, ours)
	if unseen > many/10 {
		t.Errorf("%d of %d items are not Complete", unseen, many)
	}
	if theirs[2] > theirs[1]+40<<10 || ours[2] > ours[1]+40<<10 || r.State().PID != pid {
		t.Errorf("grown: mpv %d KiB, ours %d KiB, mpv %d was %d", theirs, ours, r.State().PID, pid)
	}
}

// TestChangesOfItems measures for how long last frames stand, from the pixels.
func TestChangesOfItems(t *testing.T) {
	if !*campaign {
		t.Skip("a campaign; TestNoBlackBetweenItems does a few")
	}
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	i := player.Item{File: footage(t, 4, numbered), At: 2 * time.Second}
	var holds []time.Duration
	blank := 0
	for range 10 {
		r.must(r.PreloadItem(r.ctx(), i))
		for range 10 {
			r.must(r.Queue(i))
		}
		r.wait("first frame", func() bool { return s.number() == 50 })
		r.must(r.Play(r.ctx()))
		h, b := s.watch(r, 11)
		holds, blank = append(holds, h...), blank+b
		r.event(player.Ended)
	}
	p50, p95, most := spread(holds)
	t.Logf("%s: last frames of 40ms stood for %v p50, %v p95, %v max at %d changes, %d blank", r.State().Version, p50, p95, most, len(holds), blank)
	if blank > 0 {
		t.Errorf("%d looks at the screen without a frame", blank)
	}
}

// BenchmarkFullHD is what 1080p25 costs: mpv alone, and mpv with us, with
// a display of its own each, one after the other.
func BenchmarkFullHD(b *testing.B) {
	film := footage(b, 40, "testsrc2=s=1920x1080:r=25")
	for b.Loop() {
		s := newScreen(b)
		alone := exec.Command("mpv", "--no-config", "--vo=x11", "--ao=null", "--hwdec=no", "--fs", film)
		alone.Env = append(alone.Environ(), "DISPLAY="+s.display)
		if err := alone.Start(); err != nil {
			b.Fatal(err)
		}
		time.Sleep(5 * time.Second) // let it begin
		peer, peerKiB := cost(b, alone.Process.Pid)
		_ = alone.Process.Kill()
		_ = alone.Wait()

		r := run(b, player.Opts{Video: "x11", Audio: "null", Display: s.display})
		r.must(r.Preload(r.ctx(), film, 0))
		r.must(r.Play(r.ctx()))
		r.until("well in it", func(s player.Status) bool { return s.Position > 5*time.Second })
		_, before := usage(b, os.Getpid())
		theirs, kib := cost(b, r.State().PID)
		own, after := usage(b, os.Getpid())
		r.must(r.quit())
		b.ReportMetric(peer, "%cpu-mpv-alone")
		b.ReportMetric(theirs, "%cpu-mpv-ours")
		b.ReportMetric(100*(after-before).Seconds()/costFor.Seconds(), "%cpu-us")
		b.ReportMetric(float64(peerKiB)/1024, "MiB-mpv-alone")
		b.ReportMetric(float64(kib)/1024, "MiB-mpv-ours")
		b.ReportMetric(float64(own)/1024, "MiB-us-and-test")
	}
}

const costFor = 10 * time.Second

// cost is the part of a core that a process takes for some time, in %, and its memory.
func cost(b *testing.B, pid int) (percent float64, kib int) {
	_, before := usage(b, pid)
	time.Sleep(costFor)
	kib, after := usage(b, pid)
	return 100 * (after - before).Seconds() / costFor.Seconds(), kib
}
