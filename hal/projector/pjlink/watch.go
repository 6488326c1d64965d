package pjlink

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"stationbox/hal"
	"stationbox/hal/projector/internal/netcall"
)

// The times of a Watch.
const (
	watchLeast  = time.Second     // before the socket is opened again, doubled
	watchMost   = time.Minute     // up to this
	lookupBound = 2 * time.Second // of one look-up of a name
	lookupAgain = time.Minute     // before a name is looked up once more
)

// WatchOpts are the optional settings of a Watch.
type WatchOpts struct {
	// Listen opens the socket on a UDP port; nil means on all addresses.
	Listen func(port string) (net.PacketConn, error)
	// Lookup returns the addresses of a host; nil means net.DefaultResolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Watch hears the notices of one projector. It keeps its socket open, with
// back-off, and passes over what comes from any other address; that is no proof
// of the sender, whose address anybody in the network can write. A projector
// sends notices to an address that is set in its menu.
type Watch struct {
	host, port string
	notify     func(Notice)
	opts       WatchOpts

	mu  sync.Mutex
	err error
}

// NewWatch returns the watch of the projector at addr, as New takes it. The
// projector's notices come to the port with the same number here, 4352 as a rule.
// Notify is called in Run's goroutine and must not block.
func NewWatch(addr string, notify func(Notice), o WatchOpts) *Watch {
	if o.Listen == nil {
		o.Listen = func(port string) (net.PacketConn, error) { return net.ListenPacket("udp", ":"+port) }
	}
	if o.Lookup == nil {
		o.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	w := &Watch{notify: notify, opts: o}
	// An address with neither host nor port fails with the first call, as in New.
	w.host, w.port, _ = net.SplitHostPort(netcall.Address(addr, "4352"))
	return w
}

// Port returns the number of the port on which notices are heard.
func (w *Watch) Port() string { return w.port }

// Err returns why nothing is heard at the moment, or nil: hal.ErrGone, for
// instance when another program has the port.
func (w *Watch) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Run hears until ctx ends, and returns nil then.
func (w *Watch) Run(ctx context.Context) error {
	for wait := watchLeast; ctx.Err() == nil; wait = min(2*wait, watchMost) {
		opened, err := w.hear(ctx)
		if ctx.Err() != nil {
			break
		}
		if w.set(err); opened {
			wait = watchLeast
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}

func (w *Watch) set(err error) {
	w.mu.Lock()
	w.err = err
	w.mu.Unlock()
}

// hear is the time with one socket.
func (w *Watch) hear(ctx context.Context) (opened bool, err error) {
	conn, err := w.opts.Listen(w.port)
	if err != nil {
		return false, fmt.Errorf("notices on port %s: %w: %w", w.port, hal.ErrGone, err)
	}
	defer func() { _ = conn.Close() }()
	w.set(nil)
	known := w.lookup(ctx)
	again := time.NewTicker(lookupAgain)
	defer again.Stop()
	ours := func(from netip.Addr) bool {
		if slices.Contains(known, from) {
			return true
		}
		select {
		case <-again.C: // its name may have moved
			known = w.lookup(ctx)
			return slices.Contains(known, from)
		default:
			return false
		}
	}
	return true, NewListener(conn, func(n Notice) {
		if ours(n.From.Addr()) {
			w.notify(n)
		}
	}).Run(ctx)
}

// lookup returns the addresses of the projector, none when its name is not known
// at the moment.
func (w *Watch) lookup(ctx context.Context) []netip.Addr {
	if a, err := netip.ParseAddr(w.host); err == nil {
		return []netip.Addr{a.Unmap()}
	}
	ctx, cancel := context.WithTimeout(ctx, lookupBound)
	defer cancel()
	list, err := w.opts.Lookup(ctx, w.host)
	if err != nil {
		return nil
	}
	for i := range list {
		list[i] = list[i].Unmap()
	}
	return list
}
