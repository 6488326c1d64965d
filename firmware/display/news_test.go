package display_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/display"
	"stationbox/hal"
)

// polled is a lamp that counts how often it is asked.
type polled struct {
	lamp
	asked atomic.Int64
}

func (l *polled) State(ctx context.Context) (hal.DisplayState, error) {
	l.asked.Add(1)
	return l.lamp.State(ctx)
}

func TestNewsAsksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &telling{is: "31"}
		l.state = hal.DisplayOn
		k := run(t, l, display.Opts{Input: "31"})
		k.Powered(true)
		k.Want(true)
		time.Sleep(31 * time.Second) // all is well, and asked for every five seconds
		synctest.Wait()
		l.set(func() { l.is = "11" })
		k.News()
		synctest.Wait()
		if got := l.commands(); got != "input 31" {
			t.Errorf("input: told %q", got)
		}
		time.Sleep(time.Minute)
		l.set(func() { l.state = hal.DisplayFault })
		before := k.Status().State
		k.News()
		synctest.Wait()
		if got := k.Status().State; before != hal.DisplayOn || got != hal.DisplayFault {
			t.Errorf("state %v, then %v", before, got)
		}
	})
}

// However much news there is, the display is asked four times at once and then
// once a second; and news is never lost.
func TestFloodOfNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &polled{}
		l.state = hal.DisplayOn
		k := run(t, l, display.Opts{})
		k.Powered(true)
		k.Want(true)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		before := l.asked.Load()
		for range 10_000 {
			time.Sleep(time.Millisecond)
			k.News()
			synctest.Wait()
		}
		if n := l.asked.Load() - before; n < 12 || n > 4+10+1 {
			t.Errorf("asked %d times in ten seconds", n)
		}
		// The last news comes to its turn.
		l.mu.Lock()
		l.state = hal.DisplayFault
		l.mu.Unlock()
		k.News()
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if got := k.Status().State; got != hal.DisplayFault {
			t.Errorf("state %v", got)
		}
	})
}
