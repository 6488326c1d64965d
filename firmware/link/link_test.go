package link_test

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/link"
	"stationbox/hal"
)

// pipeListener is a listener over net.Pipe, so that tests can run in a bubble.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{} }

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// guard is a server with the wants that it got.
type guard struct {
	*link.Server
	*pipeListener
	cancel context.CancelFunc
	mu     sync.Mutex
	wants  []firmware.GuardWant
	ended  sync.WaitGroup
}

func startGuard(ctx context.Context) *guard {
	g := &guard{pipeListener: newPipeListener()}
	g.Server = link.NewServer(func(w firmware.GuardWant) {
		g.mu.Lock()
		g.wants = append(g.wants, w)
		g.mu.Unlock()
	}, link.ServerOpts{})
	ctx, g.cancel = context.WithCancel(ctx)
	g.ended.Go(func() { g.Serve(ctx, g.pipeListener) })
	return g
}

func (g *guard) stop() { g.cancel(); g.ended.Wait() }

// status is what the loop of a guard does every 200 ms.
func (g *guard) beat(ctx context.Context, boot string) {
	g.ended.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for n := uint64(1); ; n++ {
			g.mu.Lock()
			st := firmware.GuardStatus{Boot: boot, Seq: n}
			if len(g.wants) > 0 {
				st.WantSeq = g.wants[len(g.wants)-1].Seq
			}
			g.mu.Unlock()
			g.Status(st)
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

func (g *guard) got() []firmware.GuardWant {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]firmware.GuardWant(nil), g.wants...)
}

func drain(c *link.Client) (seqs []uint64) {
	for {
		select {
		case e := <-c.Events():
			seqs = append(seqs, e.Seq)
		default:
			return seqs
		}
	}
}

func TestWantIsRepeatedAndItsDisplaysAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := startGuard(ctx)
		g.beat(ctx, "a")
		c := link.NewClient("test", link.ClientOpts{Dial: g.dial})
		var ended sync.WaitGroup
		ended.Go(func() { c.Run(ctx) })
		c.Want(firmware.GuardWant{
			Loads:    map[string]bool{"tv": true},
			Displays: map[string]hal.DisplayState{"tv": hal.DisplayStandby},
		})
		time.Sleep(6500 * time.Millisecond)
		wants := g.got()
		if len(wants) < 3 || len(wants) > 4 {
			t.Errorf("%d wants in 6.5 s", len(wants))
		}
		for i, w := range wants {
			if !w.Loads["tv"] || i > 0 && w.Seq <= wants[i-1].Seq {
				t.Errorf("want %d: %+v", i, w)
			}
		}
		if wants[0].Displays["tv"] != hal.DisplayStandby {
			t.Error("first want has no display report")
		}
		if wants[len(wants)-1].Displays != nil {
			t.Error("an old display report is repeated as if it were news")
		}
		if st, ok := c.Status().Fresh(time.Now(), time.Second); !ok || st.Boot != "a" || c.State() != nil {
			t.Errorf("status %+v %v, state %v", st, ok, c.State())
		}
		cancel()
		ended.Wait()
		g.stop()
	})
}

func TestEventsAreDeliveredOnceOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := startGuard(ctx)
		g.beat(ctx, "a")
		for seq := uint64(1); seq <= 300; seq++ { // more than the ring
			g.Event(firmware.GuardEvent{Boot: "a", Seq: seq})
		}
		time.Sleep(3 * time.Second)
		run := func(opts link.ClientOpts, during func(c *link.Client)) []uint64 {
			ctx, cancel := context.WithCancel(ctx)
			opts.Dial = g.dial
			c := link.NewClient("test", opts)
			var ended sync.WaitGroup
			ended.Go(func() { c.Run(ctx) })
			time.Sleep(time.Second)
			during(c)
			seqs := drain(c)
			cancel()
			ended.Wait()
			return seqs
		}
		var ago int64
		seqs := run(link.ClientOpts{}, func(c *link.Client) { ago = (<-c.Events()).AgoMS })
		if len(seqs) != 255 || seqs[0] != 46 || seqs[254] != 300 {
			t.Errorf("fresh station got %d events %v", len(seqs), seqs)
		}
		if ago != 3000 {
			t.Errorf("ago %d ms; want 3000", ago)
		}
		seqs = run(link.ClientOpts{HaveBoot: "a", HaveSeq: 298}, func(*link.Client) {
			g.Event(firmware.GuardEvent{Boot: "a", Seq: 301})
			time.Sleep(time.Millisecond)
		})
		if len(seqs) != 3 || seqs[0] != 299 || seqs[2] != 301 {
			t.Errorf("restarted station got %v; want 299 to 301", seqs)
		}
		seqs = run(link.ClientOpts{HaveBoot: "other", HaveSeq: 1000}, func(*link.Client) {})
		if len(seqs) != 256 {
			t.Errorf("station that knew another boot got %d events", len(seqs))
		}
		cancel()
		g.stop()
	})
}

func TestEventsThatNobodyTakesAreReplayedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := startGuard(ctx)
		g.beat(ctx, "a")
		c := link.NewClient("test", link.ClientOpts{Dial: g.dial})
		var ended sync.WaitGroup
		ended.Go(func() { c.Run(ctx) })
		const all = 600 // more than the channel holds
		for seq := uint64(1); seq <= all; seq++ {
			g.Event(firmware.GuardEvent{Boot: "a", Seq: seq})
			time.Sleep(10 * time.Millisecond)
		}
		var seqs []uint64
		for range 10 {
			seqs = append(seqs, drain(c)...)
			time.Sleep(time.Second)
		}
		if len(seqs) != all {
			t.Fatalf("%d of %d events", len(seqs), all)
		}
		for i, seq := range seqs {
			if seq != uint64(i+1) {
				t.Fatalf("event %d has seq %d", i, seq)
			}
		}
		cancel()
		ended.Wait()
		g.stop()
	})
}

func TestStationOutlivesGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var now *guard
		set := func(g *guard) { mu.Lock(); now = g; mu.Unlock() }
		c := link.NewClient("test", link.ClientOpts{Dial: func(ctx context.Context) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			if now == nil {
				return nil, os.ErrNotExist
			}
			return now.dial(ctx)
		}})
		var ended sync.WaitGroup
		ended.Go(func() { c.Run(ctx) })
		c.Want(firmware.GuardWant{Loads: map[string]bool{"tv": true}})
		time.Sleep(5 * time.Second)
		if err := c.State(); !errors.Is(err, hal.ErrGone) {
			t.Errorf("without a guard: %v", err)
		}
		var before uint64
		for _, boot := range []string{"a", "b"} {
			g := startGuard(ctx)
			g.beat(ctx, boot)
			set(g)
			time.Sleep(3 * time.Second)
			if c.State() != nil || c.Status().Value.Boot != boot {
				t.Errorf("guard %s: state %v, boot %s", boot, c.State(), c.Status().Value.Boot)
			}
			wants := g.got()
			if len(wants) == 0 || wants[0].Seq <= before {
				t.Fatalf("guard %s got %v after %d", boot, wants, before)
			}
			before = wants[len(wants)-1].Seq
			set(nil)
			g.cancel()
			time.Sleep(time.Second)
			if c.State() == nil {
				t.Errorf("guard %s gone, state nil", boot)
			}
		}
		cancel()
		ended.Wait()
	})
}

func TestHungGuardIsSilentAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := startGuard(ctx)
		g.Status(firmware.GuardStatus{Boot: "a"}) // once, and never again
		c := link.NewClient("test", link.ClientOpts{Dial: g.dial})
		var ended sync.WaitGroup
		ended.Go(func() { c.Run(ctx) })
		time.Sleep(time.Second)
		if c.State() != nil {
			t.Fatal(c.State())
		}
		time.Sleep(1050 * time.Millisecond)
		if err := c.State(); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("state %v; want silent", err)
		}
		cancel()
		ended.Wait()
		g.stop()
	})
}
