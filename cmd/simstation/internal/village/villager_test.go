package village

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal/sim/device"
	"stationbox/hal/sim/world"
)

// cord is the far end of a net.Pipe as a serial line.
type cord struct{ net.Conn }

func (c cord) ReadContext(ctx context.Context, b []byte) (int, error) {
	defer context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })()
	return c.Read(b)
}
func (cord) Unplug()       {}
func (cord) Replug() error { return nil }

// workshop is a villager before a console whose station is the test.
type workshop struct {
	villager
	station net.Conn
	typed   *bufio.Reader
}

// inWorkshop runs f in a bubble.
func inWorkshop(t *testing.T, hand float64, f func(t *testing.T, w *workshop)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		console := device.NewConsole(cord{theirs})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = console.Run(ctx) })
		w := &workshop{station: ours, typed: bufio.NewReader(ours), villager: villager{
			console: console, hand: hand, rnd: rand.New(rand.NewPCG(1, 2)),
			dish: world.NewDish(world.DishOpts{Pose: world.Pose{Azimuth: 170, Elevation: 45}, Birds: sky(), Beam: dishBeam}),
		}}
		f(t, w)
		cancel()
		_ = ours.Close()
		wg.Wait()
	})
}

// say is what the station says, as its console says it: with a meter that changes below.
func (w *workshop) say(lines ...string) {
	for _, line := range lines {
		fmt.Fprintf(w.station, "\x1b[2A\r\x1b[J%s\r\nnow 1.0 dB\r\nbest 2.0 dB\x1b[1A\r\x1b[4C1.5\x1b[K\x1b[1B", line)
	}
}

// hear waits for a line that the villager types.
func (w *workshop) hear(t *testing.T, want string) {
	t.Helper()
	got, err := w.typed.ReadString('\r')
	if err != nil || strings.TrimSpace(got) != want {
		t.Fatalf("typed %q %v, want %q", got, err, want)
	}
}

// TestVillagerFollows: each kind of order, what comes of it, and when Enter is pressed.
func TestVillagerFollows(t *testing.T) {
	inWorkshop(t, 0.2, func(t *testing.T, w *workshop) {
		ended := make(chan error, 1)
		go func() { ended <- w.align(t.Context()) }()
		w.hear(t, alignTyping)
		near := func(what string, got, want, error float64) {
			t.Helper()
			if math.Abs(got-want) > error {
				t.Errorf("%s: %.3f, want %.3f", what, got, want)
			}
		}
		w.say("Draw a mark", "[1] Stop. Let go and hold still")
		w.say("[2] From behind: turn the dish LEFT by 2 fingers (4°)")
		w.hear(t, "")
		near("left", w.dish.Mount().Azimuth, 166, 0.9)
		el := w.dish.Mount().Elevation
		w.say("[3] 把天线仰高2 圈（2°）")
		w.hear(t, "")
		near("up", w.dish.Mount().Elevation, el+2, 0.5)
		w.say("[4] Back to the mark, then DOWN by 1 turns (1°)")
		w.hear(t, "")
		near("below the mark", w.dish.Mount().Elevation, 44, 0.5)
		w.say("[5] From behind: turn the LNB CLOCKWISE by 2 clock minutes (12°)")
		w.hear(t, "")
		near("feed", w.dish.Snapshot().Feed, 12, 2.5)
		w.say("[6] Turn SLOWLY RIGHT to 1 fists (10°) past the mark; stop when told")
		time.Sleep(5 * time.Second)
		at := w.dish.Mount().Azimuth
		w.say("[7] Stop. Let go and hold still")
		time.Sleep(5 * time.Second)
		near("sweep", at, 170, 1.5)
		if over := w.dish.Mount().Azimuth - at; over < 0.05 || over > 0.8 {
			t.Errorf("turned on by %.2f° when told to stop", over)
		}
		at = w.dish.Mount().Azimuth
		w.say("[8] Turn SLOWLY to the LEFT by 1 fingers (2°); stop when told")
		w.hear(t, "")
		near("a sweep to its end", w.dish.Mount().Azimuth, at-2, 0.5)
		w.say("[9] Readings have stopped: wait, look at the receiver", "[8] Turn SLOWLY to the LEFT by 1 fingers (2°); stop when told")
		time.Sleep(time.Minute)
		near("what was done already", w.dish.Mount().Azimuth, at-2, 0.5)
		before := w.dish.Mount()
		w.say("[10] On the peak: tighten the bolts evenly")
		w.hear(t, "")
		near("tightened", w.dish.Mount().Azimuth, before.Azimuth, 0.05)
		w.say("[11] Done: the bolts are tight, 0.1 dB lost. kept: C/N 14.0 dB")
		if err := <-ended; err != nil || w.moves != 6 {
			t.Errorf("%d moves, %v", w.moves, err)
		}
	})
}

// TestVillagerGivesUp: words that nobody understands, and none.
func TestVillagerGivesUp(t *testing.T) {
	for _, c := range []struct{ said, want string }{
		{"[1] Kick the dish", "does not understand"},
		{"[1] Tip the dish UP by a bit", "how much"},
		{"unknown command", "nothing more was said"},
	} {
		inWorkshop(t, 0, func(t *testing.T, w *workshop) {
			ended := make(chan error, 1)
			go func() { ended <- w.align(t.Context()) }()
			w.hear(t, alignTyping)
			w.say(c.said)
			if err := <-ended; err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", c.said, err)
			}
		})
	}
}

func TestVillagerStopsWithTheVillage(t *testing.T) {
	inWorkshop(t, 0.2, func(t *testing.T, w *workshop) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.align(ctx) }()
		w.hear(t, alignTyping)
		w.say("[1] Turn SLOWLY to the LEFT by 5 fists (50°); stop when told")
		time.Sleep(2 * time.Second)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
