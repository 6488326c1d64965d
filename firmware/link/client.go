package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/hal"
)

// Times of the client.
const (
	beat         = 2500 * time.Millisecond // a want that nobody renews is repeated this often
	displaysGood = 3 * time.Second         // a want's display reports are repeated this long
	silentAfter  = 2 * time.Second         // a guard that sends nothing for this long is gone
	firstRetry   = 100 * time.Millisecond  // back-off, doubled up to lastRetry
	lastRetry    = time.Second
)

// eventRoom is how many events may wait for the station; more than the guard
// keeps, so that one replay always fits.
const eventRoom = 2 * ring

// ClientOpts are the choices of a Client; the zero value is right.
type ClientOpts struct {
	Log *slog.Logger
	Now func() time.Time // default time.Now
	// HaveBoot and HaveSeq name the last event that the station has recorded,
	// so that the guard replays only later ones.
	HaveBoot string
	HaveSeq  uint64
	// Dial replaces the Unix socket, for tests.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Client is the station's end. It redials for ever; while there is no guard
// the status goes stale and wants wait. All methods may be called from any
// goroutine and none of them waits, except Run.
type Client struct {
	path   string
	log    *slog.Logger
	now    func() time.Time
	dial   func(ctx context.Context) (net.Conn, error)
	events chan firmware.GuardEvent
	change chan struct{} // a new want is there

	mu       sync.Mutex
	status   hal.Reading[firmware.GuardStatus]
	state    error
	want     firmware.GuardWant
	wantAt   time.Time // of the Want call; zero: none yet
	seq      uint64
	haveBoot string
	haveSeq  uint64
}

// NewClient returns a client of the guard's socket at path. Nothing is dialled
// before Run.
func NewClient(path string, opts ClientOpts) *Client {
	c := &Client{
		path: path, log: opts.Log, now: opts.Now, dial: opts.Dial,
		events:   make(chan firmware.GuardEvent, eventRoom),
		change:   make(chan struct{}, 1),
		haveBoot: opts.HaveBoot, haveSeq: opts.HaveSeq,
	}
	c.state = fmt.Errorf("guard socket %s: %w", path, hal.ErrGone)
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.dial == nil {
		c.dial = c.dialUnix
	}
	return c
}

func (c *Client) dialUnix(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: time.Second}
	return d.DialContext(ctx, "unix", c.path)
}

// Status returns the newest status with the moment of its arrival. Use Fresh
// with a second or so: an old status is unknown.
func (c *Client) Status() hal.Reading[firmware.GuardStatus] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// State is nil while a guard is connected and has sent a status, and otherwise
// says why not, wrapping hal.ErrGone or hal.ErrSilent.
func (c *Client) State() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Events returns the channel of the guard's events, each once and in order.
// When nobody takes them the connection is dropped and later ones are replayed
// by the guard as far as it has kept them.
func (c *Client) Events() <-chan firmware.GuardEvent { return c.events }

// Want sets the whole wish; the client fills in Seq and repeats a wish that nobody
// renews every two and a half seconds. The Displays in it are repeated for three seconds only: the station
// calls Want again, at least every two seconds, with what the displays report
// then. A report that is not renewed proves nothing.
func (c *Client) Want(w firmware.GuardWant) {
	w.Loads, w.Displays = maps.Clone(w.Loads), maps.Clone(w.Displays)
	c.mu.Lock()
	c.want, c.wantAt = w, c.now()
	c.mu.Unlock()
	select {
	case c.change <- struct{}{}:
	default:
	}
}

// Run keeps the connection until ctx ends and returns ctx's error.
func (c *Client) Run(ctx context.Context) error {
	wait := firstRetry
	for {
		began := c.now()
		err := c.session(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c.setState(err) {
			c.log.Warn("guard connection lost", "err", err)
		}
		if c.now().Sub(began) > lastRetry {
			wait = firstRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		wait = min(2*wait, lastRetry)
	}
}

// setState returns true when a working connection ended.
func (c *Client) setState(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	worked := c.state == nil
	c.state = err
	return worked
}

// session runs one connection to its end.
func (c *Client) session(ctx context.Context) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return fmt.Errorf("guard socket %s: %w (%w)", c.path, hal.ErrGone, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	defer cancel()
	out := &outbox{conn: conn}
	c.mu.Lock()
	hello := Message{Type: TypeHello, From: "station", HaveBoot: c.haveBoot, HaveSeq: c.haveSeq}
	c.mu.Unlock()
	if err := out.send(hello); err != nil {
		return fmt.Errorf("guard socket %s: hello: %w (%w)", c.path, hal.ErrGone, err)
	}
	greeted := make(chan struct{}) // closed at the first status, which carries the guard's want_seq
	var writer sync.WaitGroup
	writer.Go(func() {
		defer cancel()
		c.write(ctx, out, greeted)
	})
	err = c.read(conn, greeted)
	cancel()
	writer.Wait()
	return fmt.Errorf("guard socket %s: %w", c.path, err)
}

// write sends the want at change and every beat, once the guard has told
// which want it obeyed last.
func (c *Client) write(ctx context.Context, out *outbox, greeted <-chan struct{}) {
	select {
	case <-greeted:
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		if w, ok := c.nextWant(); ok {
			if err := out.send(Message{Type: TypeWant, Want: &w}); err != nil {
				c.log.Warn("want not sent", "err", err)
				return
			}
		}
		select {
		case <-c.change:
			tick.Reset(beat)
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// nextWant numbers the want for one sending. Display reports that are no
// longer fresh are left out.
func (c *Client) nextWant() (firmware.GuardWant, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wantAt.IsZero() {
		return firmware.GuardWant{}, false
	}
	c.seq++
	w := c.want
	w.Seq = c.seq
	if c.now().Sub(c.wantAt) > displaysGood {
		w.Displays = nil
	}
	return w, true
}

// read takes lines until the connection ends, and says why it did.
func (c *Client) read(conn net.Conn, greeted chan struct{}) error {
	in := newLines(conn)
	first := true
	for {
		conn.SetReadDeadline(time.Now().Add(silentAfter))
		line, err := in.next()
		if err != nil {
			return readError(err)
		}
		m, err := Decode(line)
		if fatal(err) {
			return err
		}
		if err != nil {
			c.log.Warn("guard line skipped", "err", err)
			continue
		}
		if err := c.take(m); err != nil {
			return err
		}
		if m.Type == TypeStatus && first {
			first = false
			close(greeted)
		}
	}
}

// readError turns the end of a connection into the words of hal.
func readError(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%w in %v", hal.ErrSilent, silentAfter)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: closed by the guard", hal.ErrGone)
	}
	if errors.Is(err, ErrTooLong) {
		return err
	}
	return fmt.Errorf("%w (%w)", hal.ErrGone, err)
}

// take keeps what one message says.
func (c *Client) take(m Message) error {
	switch m.Type {
	case TypeStatus:
		c.mu.Lock()
		c.status = hal.Reading[firmware.GuardStatus]{Value: *m.Status, At: c.now()}
		c.state = nil
		c.seq = max(c.seq, m.Status.WantSeq)
		c.mu.Unlock()
	case TypeEvent:
		return c.takeEvent(*m.Event)
	case TypeError:
		c.log.Warn("guard did not understand", "err", m.Error)
	}
	return nil
}

func (c *Client) takeEvent(e firmware.GuardEvent) error {
	c.mu.Lock()
	known := e.Boot == c.haveBoot && e.Seq <= c.haveSeq
	c.mu.Unlock()
	if known {
		return nil
	}
	select {
	case c.events <- e:
	default:
		return fmt.Errorf("event %d: %d events wait and nobody takes them", e.Seq, eventRoom)
	}
	c.mu.Lock()
	c.haveBoot, c.haveSeq = e.Boot, e.Seq
	c.mu.Unlock()
	return nil
}
