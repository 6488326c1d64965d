// Package line is a serial line, or any other byte connection, that never stays
// broken: it opens at first use, reopens with back-off after an unplug, and
// bounds every read and every write.
//
// What it promises: a call ends at its deadline, at the end of its context or
// at Close, whichever comes first; a time-out is hal.ErrSilent; a lost or
// missing connection is hal.ErrGone and is opened again by a later call; nobody
// else who asks for the lock (flock) drives the same device. It starts no
// goroutine of its own, knows no protocol and never lists or probes ports,
// because that would reset the console's settings.
package line

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"stationbox/hal"
)

// The bounds of the pause before a lost connection is opened again; it doubles
// from the first to the second while nothing is heard.
const (
	backoffMin = 100 * time.Millisecond
	backoffMax = 5 * time.Second
)

// Opts are the optional settings of a Port.
type Opts struct {
	// Baud is the speed in bit/s of a serial device, one stop bit; 0 means 9600.
	Baud int
	// Parity is the parity bit of a serial device; the zero value is none.
	Parity Parity
	// Name stands in errors and logs; "" means the last part of the device name.
	Name string
	// Timeout bounds one Exchange or Listen, and the part of a Write that does not depend
	// on its length; 0 means 1 s.
	Timeout time.Duration
	// MaxReply bounds the bytes of one reply; 0 means 1024.
	MaxReply int
	// Log takes notes when the line opens and when it is lost; nil means none.
	Log *slog.Logger
	// Now is the clock of deadlines and back-off; nil means time.Now.
	Now func() time.Time
}

// conn is what a Port needs of a connection. *os.File of a tty and net.Conn
// have it.
type conn interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Port is a line that reopens. One goroutine may read while another writes;
// exchanges, reads and writes of several goroutines wait for each other.
type Port struct {
	opts Opts
	dial func() (io.ReadWriteCloser, error)

	reading, writing, opening turn

	mu      sync.Mutex
	conn    conn // nil: not open
	why     error
	retryAt time.Time
	pause   time.Duration
	logged  string
	closed  bool
	done    chan struct{}
}

// Open returns the Port of the serial device name ("/dev/ttyAMA1"). It never
// fails: the device is opened at first use and, when that fails or when it is
// lost, again at later uses.
func Open(name string, o Opts) *Port {
	if o.Name == "" {
		o.Name = filepath.Base(name)
	}
	if o.Baud == 0 {
		o.Baud = 9600
	}
	return New(func() (io.ReadWriteCloser, error) { return openTTY(name, o.Baud, o.Parity) }, o)
}

// New returns a Port over connections made by open, which must end in bounded
// time. A connection must have SetReadDeadline and SetWriteDeadline, as
// net.Conn and *os.File have.
func New(open func() (io.ReadWriteCloser, error), o Opts) *Port {
	if o.Name == "" {
		o.Name = "line"
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.MaxReply <= 0 {
		o.MaxReply = 1024
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Port{
		opts: o, dial: open, done: make(chan struct{}),
		reading: newTurn(), writing: newTurn(), opening: newTurn(),
		why: fmt.Errorf("%s: not opened yet: %w", o.Name, hal.ErrGone),
	}
}

// Name returns the name used in errors and logs.
func (p *Port) Name() string { return p.opts.Name }

// State returns nil when the line is open, else why not. A line nobody has
// used yet is not open. State does not touch the device.
func (p *Port) State() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		return nil
	}
	return p.why
}

// Close closes the line for good; calls under way and later ones return
// hal.ErrGone. A second Close does nothing.
func (p *Port) Close() error {
	p.mu.Lock()
	c := p.conn
	if !p.closed {
		p.closed = true
		close(p.done)
	}
	p.conn, p.why = nil, fmt.Errorf("%s: closed: %w", p.opts.Name, hal.ErrGone)
	p.mu.Unlock()
	if c == nil {
		return nil
	}
	return shut(c)
}

// connect returns the open connection, opening it when its time has come. When
// the back-off is still running it returns at once.
func (p *Port) connect() (conn, error) {
	if c, due, err := p.current(); c != nil || !due {
		return c, err
	}
	if !p.opening.take(p.done, nil) {
		return nil, p.State()
	}
	defer p.opening.give()
	if c, due, err := p.current(); c != nil || !due { // somebody else was faster
		return c, err
	}
	rwc, err := p.dial()
	if err != nil {
		return nil, p.lost(nil, err)
	}
	c, ok := rwc.(conn)
	if !ok {
		_ = rwc.Close()
		return nil, p.lost(nil, errors.New("connection without deadlines"))
	}
	return c, p.opened(c)
}

// current returns the connection if there is one, and else whether it is time
// to open it and why it is not open.
func (p *Port) current() (c conn, due bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		return p.conn, true, nil
	}
	return nil, !p.closed && !p.opts.Now().Before(p.retryAt), p.why
}

func (p *Port) opened(c conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = c.Close()
		return p.why
	}
	p.conn, p.logged = c, ""
	p.opts.Log.Info("line open", "line", p.opts.Name)
	return nil
}

// lost drops c (nil: a failed open), starts the back-off and returns the error
// to give to the caller.
func (p *Port) lost(c conn, cause error) error {
	p.mu.Lock()
	if p.closed {
		defer p.mu.Unlock()
		return p.why
	}
	err := fmt.Errorf("%s: %w: %w", p.opts.Name, hal.ErrGone, cause)
	if c != p.conn { // dropped already by the other direction
		p.mu.Unlock()
		return err
	}
	p.conn, p.why = nil, err
	p.pause = min(max(2*p.pause, backoffMin), backoffMax)
	p.retryAt = p.opts.Now().Add(p.pause)
	news := p.logged != cause.Error()
	p.logged = cause.Error()
	p.mu.Unlock()
	if c != nil {
		_ = shut(c)
	}
	if news {
		p.opts.Log.Warn("line not open", "line", p.opts.Name, "why", cause)
	}
	return err
}

// shut closes c. What is still to be sent is dropped first: a tty whose far end
// takes nothing would hold its close for half a minute.
func shut(c conn) error {
	if f, ok := c.(flusher); ok {
		f.flushOutput()
	}
	return c.Close()
}

// heard notes that the connection is alive, so that the next loss starts with
// the shortest pause again.
func (p *Port) heard() {
	p.mu.Lock()
	p.pause = 0
	p.mu.Unlock()
}

// untilRetry returns how long it is to the next attempt to open.
func (p *Port) untilRetry() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.retryAt.Sub(p.opts.Now())
}

// fault turns the error of one read or write into one of hal's; a time-out
// leaves the connection open, everything else drops it.
func (p *Port) fault(c conn, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%s: %w", p.opts.Name, hal.ErrSilent)
	}
	return p.lost(c, err)
}

// turn is a lock whose wait can be given up.
type turn chan struct{}

func newTurn() turn {
	t := make(turn, 1)
	t <- struct{}{}
	return t
}

// take returns false when one of the channels ends first; nil never ends.
func (t turn) take(closed, done <-chan struct{}) bool {
	select {
	case <-t:
		return true
	default:
	}
	select {
	case <-t:
		return true
	case <-closed:
	case <-done:
	}
	return false
}

func (t turn) give() { t <- struct{}{} }

// context bounds ctx by the time-out of one exchange.
func (p *Port) context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, p.opts.Timeout)
}
