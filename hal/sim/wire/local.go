package wire

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Local is a network that lives in one program: its sockets are reached by
// address over net.Pipe, so that weeks can pass in simulated time.
type Local struct {
	mu        sync.Mutex
	listeners map[netip.AddrPort]*pipes
}

// NewLocal returns a network without sockets.
func NewLocal() *Local { return &Local{listeners: map[netip.AddrPort]*pipes{}} }

// Listen opens a socket at addr.
func (n *Local) Listen(addr netip.AddrPort) (*TCP, error) {
	return listen(addr, func() (net.Listener, error) { return n.open(addr) })
}

// Open opens a bare listener at addr, for a server that is no device.
func (n *Local) Open(addr netip.AddrPort) (net.Listener, error) { return n.open(addr) }

func (n *Local) open(addr netip.AddrPort) (*pipes, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[addr] != nil {
		return nil, syscall.EADDRINUSE
	}
	l := &pipes{net: n, addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[addr] = l
	return l, nil
}

// Dial connects to the socket at address, "host:port". Where nobody listens it is
// refused at once; where nobody accepts it waits for ctx, as for a host that is
// dark.
func (n *Local) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s %s: %w", network, address, err)
	}
	n.mu.Lock()
	l := n.listeners[addr]
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial %s %s: %w", network, address, syscall.ECONNREFUSED)
	}
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, fmt.Errorf("dial %s %s: %w", network, address, syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, fmt.Errorf("dial %s %s: %w", network, address, ctx.Err())
	}
}

// pipes is a listener of a Local.
type pipes struct {
	net    *Local
	addr   netip.AddrPort
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Accept waits for a connection.
func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and frees the address.
func (l *pipes) Close() error {
	l.once.Do(func() {
		l.net.mu.Lock()
		delete(l.net.listeners, l.addr)
		l.net.mu.Unlock()
		close(l.closed)
	})
	return nil
}

// Addr returns where it listens.
func (l *pipes) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.addr) }

// Cord is a serial line that lives in one program. What a device says while
// nobody has opened the firmware's end is lost.
type Cord struct {
	mu        sync.Mutex
	far       net.Conn      // the device's end; nil while the firmware's is not open
	changed   chan struct{} // closed when any of this changes
	unplugged bool
}

// NewCord returns a line that is plugged in.
func NewCord() *Cord { return &Cord{changed: make(chan struct{})} }

// Open opens the firmware's end; an end that was open before hears nothing more.
func (c *Cord) Open() (io.ReadWriteCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unplugged {
		return nil, syscall.ENOENT
	}
	near, far := net.Pipe()
	c.drop()
	c.far = far
	c.announce()
	return near, nil
}

// drop hangs up; c.mu is held.
func (c *Cord) drop() {
	if c.far != nil {
		_ = c.far.Close()
		c.far = nil
	}
}

func (c *Cord) announce() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Cord) current() (net.Conn, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.far, c.changed
}

// ReadContext reads what the firmware says, through openings and unplugging,
// until ctx ends. One goroutine may call it.
func (c *Cord) ReadContext(ctx context.Context, b []byte) (int, error) {
	for ctx.Err() == nil {
		far, changed := c.current()
		if far == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = far.SetReadDeadline(time.Unix(1, 0)) })
		n, err := far.Read(b)
		stop()
		if n > 0 {
			return n, nil
		}
		if err != nil {
			c.forget(far)
		}
	}
	return 0, ctx.Err()
}

// forget hangs up when far is still the device's end.
func (c *Cord) forget(far net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.far == far {
		c.drop()
		c.announce()
	}
}

// Write says something to the firmware, which has a tenth of a second to read it.
func (c *Cord) Write(b []byte) (int, error) {
	far, _ := c.current()
	if far == nil {
		return 0, ErrUnplugged
	}
	if err := far.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, err
	}
	return far.Write(b)
}

// Unplug takes the line away.
func (c *Cord) Unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unplugged = true
	c.drop()
	c.announce()
}

// Replug gives it back.
func (c *Cord) Replug() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unplugged = false
	c.announce()
	return nil
}
