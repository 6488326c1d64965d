package page

import (
	"net"
	"sync"
)

const (
	mostConns   = 48 // at a time
	mostFromOne = 12 // of them from one address: a browser opens six
)

// limited is a listener that closes at once what is more than the page can serve. It
// does not let them wait: who holds connections open must not keep others from being
// refused, or served when some are free again.
type limited struct {
	net.Listener

	mu   sync.Mutex
	all  int
	from map[string]int
}

func newLimited(l net.Listener) *limited { return &limited{Listener: l, from: map[string]int{}} }

// Accept returns the next connection for which there is room.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		source := sourceOf(c.RemoteAddr().String())
		if l.take(source) {
			return &counted{Conn: c, free: sync.OnceFunc(func() { l.free(source) })}, nil
		}
		_ = c.Close()
	}
}

func (l *limited) take(source string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= mostConns || l.from[source] >= mostFromOne {
		return false
	}
	l.all++
	l.from[source]++
	return true
}

func (l *limited) free(source string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.from[source]--; l.from[source] == 0 {
		delete(l.from, source)
	}
}

// counted is a connection that gives its room back.
type counted struct {
	net.Conn
	free func()
}

// Close closes the connection.
func (c *counted) Close() error {
	c.free()
	return c.Conn.Close()
}
