package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// TCP is a network socket of a device, on one port for its whole life.
type TCP struct {
	listen  func() (net.Listener, error) // again at the same place
	mu      sync.Mutex
	addr    netip.AddrPort
	ln      net.Listener  // nil while unplugged
	changed chan struct{} // closed when ln or closed changes
	closed  bool
	conns   map[net.Conn]struct{}
}

// ListenTCP listens at addr, "host:port"; port 0 takes a free one and keeps it.
func ListenTCP(addr string) (*TCP, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("tcp %s: %w", addr, err)
	}
	t := &TCP{ln: ln, addr: ln.Addr().(*net.TCPAddr).AddrPort(), changed: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	t.listen = func() (net.Listener, error) { return net.Listen("tcp", t.addr.String()) }
	return t, nil
}

// listen opens a socket by other means than the kernel's.
func listen(addr netip.AddrPort, open func() (net.Listener, error)) (*TCP, error) {
	ln, err := open()
	if err != nil {
		return nil, fmt.Errorf("tcp %s: %w", addr, err)
	}
	return &TCP{listen: open, ln: ln, addr: addr, changed: make(chan struct{}), conns: map[net.Conn]struct{}{}}, nil
}

// Addr returns where it listens.
func (t *TCP) Addr() netip.AddrPort { return t.addr }

// Serve hands each connection to handle, in a goroutine of its own, until ctx
// ends or t is closed; it closes the connection when handle returns, and
// returns nil when all have returned. Connections are closed when ctx ends.
func (t *TCP) Serve(ctx context.Context, handle func(context.Context, net.Conn)) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := context.AfterFunc(ctx, t.hangUp)
	defer stop()
	for {
		c, err := t.accept(ctx)
		if err != nil {
			t.dropConns()
			return nil
		}
		wg.Go(func() {
			defer t.forget(c)
			handle(ctx, c)
		})
	}
}

// accept waits for the next connection through unplugging and plugging in.
func (t *TCP) accept(ctx context.Context) (net.Conn, error) {
	for {
		ln, changed, closed := t.current()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case closed:
			return nil, net.ErrClosed
		case ln == nil:
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		c, err := ln.Accept()
		if err == nil && t.remember(ln, c) {
			return c, nil
		}
	}
}

func (t *TCP) current() (net.Listener, <-chan struct{}, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ln, t.changed, t.closed
}

// remember keeps c so that unplugging ends it; it refuses and closes a
// connection that came through a listener which is unplugged already.
func (t *TCP) remember(ln net.Listener, c net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ln != ln {
		_ = c.Close()
		return false
	}
	t.conns[c] = struct{}{}
	return true
}

func (t *TCP) forget(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
	_ = c.Close() // it may be closed already
}

// Unplug closes the port and every connection: the next dial is refused.
func (t *TCP) Unplug() {
	t.hangUp()
	t.dropConns()
}

// hangUp closes the listener.
func (t *TCP) hangUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ln == nil {
		return
	}
	_ = t.ln.Close()
	t.ln = nil
	t.announce()
}

func (t *TCP) dropConns() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.conns {
		_ = c.Close()
	}
}

func (t *TCP) announce() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// Replug opens the same port again; it does nothing when it is open. Somebody
// else may have taken the port meanwhile: that is the error.
func (t *TCP) Replug() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return fmt.Errorf("tcp %s: %w", t.addr, net.ErrClosed)
	}
	if t.ln != nil {
		return nil
	}
	ln, err := t.listen()
	if err != nil {
		return fmt.Errorf("tcp %s: %w", t.addr, err)
	}
	t.ln = ln
	t.announce()
	return nil
}

// Close unplugs t for good.
func (t *TCP) Close() error {
	t.Unplug()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return errors.New("tcp: closed twice")
	}
	t.closed = true
	t.announce()
	return nil
}
