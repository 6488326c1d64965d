package pjlink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal"
)

// wire is a socket on which a test puts datagrams.
type wire struct {
	net.PacketConn
	data chan datagram
	gone chan struct{} // closed when the reading is to end
	once sync.Once
}

type datagram struct {
	from, text string
}

func newWire() *wire { return &wire{data: make(chan datagram), gone: make(chan struct{})} }

func (w *wire) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-w.data:
		return copy(b, d.text), net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(d.from), 4352)), nil
	case <-w.gone:
		return 0, nil, os.ErrDeadlineExceeded
	}
}

func (w *wire) end() error { w.once.Do(func() { close(w.gone) }); return nil }

func (w *wire) SetReadDeadline(time.Time) error { return w.end() }
func (w *wire) Close() error                    { return w.end() }

// running is a Watch under test in a bubble.
type running struct {
	*Watch
	mu    sync.Mutex
	heard []Notice
}

func watching(t *testing.T, addr string, o WatchOpts) *running {
	t.Helper()
	r := &running{}
	r.Watch = NewWatch(addr, func(n Notice) {
		r.mu.Lock()
		r.heard = append(r.heard, n)
		r.mu.Unlock()
	}, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	return r
}

func (r *running) count() int {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.heard)
}

// Only what comes from the projector's own address is passed on.
func TestWatchHearsOnlyItsProjector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		var port string
		r := watching(t, "10.0.0.5", WatchOpts{Listen: func(p string) (net.PacketConn, error) { port = p; return w, nil }})
		for _, d := range []datagram{{"10.0.0.6", "%2POWR=1\r"}, {"10.0.0.5", "rubbish"}, {"::ffff:10.0.0.5", "%2POWR=0\r"}} {
			w.data <- d
		}
		if n := r.count(); n != 1 || r.heard[0].State != hal.DisplayStandby || port != "4352" || r.Err() != nil {
			t.Errorf("on port %s: %d notices %+v, %v; want one", port, n, r.heard, r.Err())
		}
	})
}

// A port that another program has is tried again, ever less often, and heard on
// when it is free.
func TestWatchWaitsForItsPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := errors.New("address already in use")
		var mu sync.Mutex
		w, tries := newWire(), 0
		tried := func() int { mu.Lock(); defer mu.Unlock(); return tries }
		r := watching(t, "10.0.0.5:7000", WatchOpts{Listen: func(string) (net.PacketConn, error) {
			mu.Lock()
			defer mu.Unlock()
			if tries++; tries < 10 {
				return nil, busy
			}
			return w, nil
		}})
		time.Sleep(time.Minute)
		if n := r.count(); n != 0 || tried() != 6 || !errors.Is(r.Err(), busy) || !errors.Is(r.Err(), hal.ErrGone) {
			t.Errorf("%d tries in a minute, %v", tried(), r.Err())
		}
		time.Sleep(5 * time.Minute)
		w.data <- datagram{"10.0.0.5", "%2INPT=31\r"}
		if n := r.count(); n != 1 || r.Err() != nil || r.Port() != "7000" {
			t.Errorf("%d notices, %v", n, r.Err())
		}
		// A socket that dies is opened again soon: it was there a moment ago.
		before := tried()
		mu.Lock()
		old := w
		w = newWire()
		mu.Unlock()
		_ = old.Close()
		time.Sleep(2 * watchLeast)
		synctest.Wait()
		if tried() != before+1 || r.Err() != nil {
			t.Errorf("%d tries, %v", tried()-before, r.Err())
		}
	})
}

// A projector that is known by name may get another address; asking for it is
// bounded whatever strangers send.
func TestWatchFollowsAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		w, asked, at := newWire(), 0, ""
		r := watching(t, "hall.lan:4352", WatchOpts{
			Listen: func(string) (net.PacketConn, error) { return w, nil },
			Lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
				mu.Lock()
				asked++
				found := at
				mu.Unlock()
				if found == "" {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return []netip.Addr{netip.MustParseAddr(found)}, nil
			},
		})
		send := func(from string) int { w.data <- datagram{from, "%2POWR=1\r"}; return r.count() }
		if n := send("10.0.0.5"); n != 0 {
			t.Errorf("%d notices of a name that nobody knows", n)
		}
		mu.Lock()
		at = "10.0.0.5"
		mu.Unlock()
		for range 100 {
			time.Sleep(time.Second)
			send("10.0.0.5")
		}
		if n := r.count(); n < 30 || asked != 2 { // all is still: nobody writes
			t.Errorf("%d notices, %d look-ups", n, asked)
		}
		before := r.count()
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			send("10.0.0.66")
		}
		if n := r.count(); n != before || asked > 4 {
			t.Errorf("%d notices of a stranger, %d look-ups", n-before, asked)
		}
	})
}

// A flood costs no more than 64 datagrams a second.
func TestFloodIsLeftToTheKernel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		r := watching(t, "10.0.0.5", WatchOpts{Listen: func(string) (net.PacketConn, error) { return w, nil }})
		stop := make(chan struct{})
		flooded := make(chan struct{})
		go func() {
			defer close(flooded)
			for i := 0; ; i++ {
				select {
				case w.data <- datagram{"10.0.0.5", fmt.Sprintf("%%2POWR=%d\r", i%4)}:
				case <-stop:
					return
				}
			}
		}()
		time.Sleep(10*time.Second + time.Millisecond)
		if n := r.count(); n < 9*maxRate || n > 12*(maxRate+1) {
			t.Errorf("%d datagrams in 10s", n)
		}
		close(stop)
		<-flooded
	})
}

// The real socket, on a port that is taken at first.
func TestWatchOnARealPort(t *testing.T) {
	taken, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(taken.LocalAddr().String())
	heard := make(chan Notice, 64)
	r := NewWatch("127.0.0.1:"+port, func(n Notice) {
		select {
		case heard <- n:
		default:
		}
	}, WatchOpts{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	deadline := time.Now().Add(20 * time.Second)
	for r.Err() == nil {
		if time.Now().After(deadline) {
			t.Fatal("a port that is taken is no error")
		}
		time.Sleep(time.Millisecond)
	}
	_ = taken.Close()
	projector, err := net.Dial("udp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer projector.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, _ = projector.Write([]byte("%2LKUP=00:0b:5d:01:02:03\r"))
		select {
		case n := <-heard:
			if n.Kind != LinkUp {
				t.Errorf("%+v", n)
			}
			return
		case <-tick.C:
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing heard")
		}
	}
}
