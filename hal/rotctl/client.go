package rotctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"stationbox/hal"
)

// Opts are the optional settings of a Client.
type Opts struct {
	// Timeout bounds a call, connecting included; 0 means 3 s. A rotctld that asks a slow
	// controller needs more than a second.
	Timeout time.Duration
	// Now is the clock of readings; nil means time.Now.
	Now func() time.Time
}

// Client is a mount behind a rotctld. It connects at first use, and again after an error.
// Its methods may be called from several goroutines and wait for each other.
//
// Errors of all methods: hal.ErrGone without a connection, or when rotctld has none to
// the motor; hal.ErrSilent when the time is up; hal.ErrGarbled; hal.ErrRefused; what
// rotctld says itself is a Code too.
type Client struct {
	dial func(ctx context.Context) (net.Conn, error)
	opts Opts
	turn chan struct{}

	// With the turn only.
	conn  net.Conn // nil: not connected
	in    *bufio.Reader
	plain bool // the far end does not know extended replies
}

// New returns a client over connections that dial makes.
func New(dial func(ctx context.Context) (net.Conn, error), o Opts) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 3 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Client{dial: dial, opts: o, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// Close drops the connection after the call under way. A later call connects again.
func (c *Client) Close() error {
	<-c.turn
	defer func() { c.turn <- struct{}{} }()
	c.drop()
	return nil
}

// Position returns where the mount points. Its time is that before the question.
func (c *Client) Position(ctx context.Context) (hal.Reading[Position], error) {
	at := c.opts.Now()
	lines, err := c.ask(ctx, request{name: "get_pos", short: "p", lines: 2})
	if err != nil {
		return hal.Reading[Position]{}, err
	}
	p, err := decodePosition(lines)
	if err != nil {
		return hal.Reading[Position]{}, c.spoilt("get_pos", err)
	}
	return hal.Reading[Position]{Value: p, At: at}, nil
}

// Turn has the mount move to p; it does not wait until it is there. Beyond its limits is
// ErrLimit, from an old rotctld hal.ErrRefused.
func (c *Client) Turn(ctx context.Context, p Position) error {
	_, err := c.ask(ctx, request{name: "set_pos", short: "P", args: fmt.Sprintf(" %.6f %.6f", inDegrees(p.Azimuth), inDegrees(p.Elevation))})
	return err
}

// Stop has the mount stand still.
func (c *Client) Stop(ctx context.Context) error {
	_, err := c.ask(ctx, request{name: "stop", short: "S"})
	return err
}

// Park has the mount go to where it rests.
func (c *Client) Park(ctx context.Context) error {
	_, err := c.ask(ctx, request{name: "park", short: "K"})
	return err
}

// Move has the mount move until Stop or its limit, at speed 1 to 100, or -1 for that of
// before. Many mounts refuse it.
func (c *Client) Move(ctx context.Context, d Direction, speed int) error {
	if !d.known() || speed != -1 && (speed < 1 || speed > 100) {
		return fmt.Errorf("rotctl: move: direction %d, speed %d: %w", d, speed, hal.ErrRefused)
	}
	_, err := c.ask(ctx, request{name: "move", short: "M", args: fmt.Sprintf(" %d %d", d, speed)})
	return err
}

// Info returns what the mount is, in the words of rotctld.
func (c *Client) Info(ctx context.Context) (string, error) {
	lines, err := c.ask(ctx, request{name: "get_info", short: "_", lines: 1})
	if err != nil || len(lines) == 0 {
		return "", err
	}
	return strings.TrimPrefix(lines[0], "Info: "), nil
}

// Limits returns how far the mount goes.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	lines, err := c.ask(ctx, request{name: "dump_state", short: `\dump_state`, state: true})
	if err != nil {
		return Limits{}, err
	}
	l, err := decodeState(lines)
	if err != nil {
		return Limits{}, c.spoilt("dump_state", err)
	}
	return l, nil
}

// request is one question.
type request struct {
	name, short, args string
	lines             int  // of the short reply; 0: RPRT alone
	state             bool // the short reply ends by the rules of dump_state
}

// ask asks in the extended way, and in the short one when that is not understood.
func (c *Client) ask(ctx context.Context, q request) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	select {
	case <-c.turn:
	case <-ctx.Done():
		return nil, fmt.Errorf("rotctl: %s: busy: %w", q.name, hal.ErrSilent)
	}
	defer func() { c.turn <- struct{}{} }()
	if err := ctx.Err(); err != nil { // an order that was called off is not sent
		return nil, fmt.Errorf("rotctl: %s: %w: %w", q.name, hal.ErrSilent, err)
	}
	if c.conn == nil || !c.plain {
		lines, err := c.exchange(ctx, "+\\"+q.name+q.args+"\n", func(r *bufio.Reader) ([]string, error) { return readExtended(r, q.name) })
		if !errors.Is(err, errPlain) {
			return lines, told(q.name, err)
		}
		c.plain = true
	}
	lines, err := c.exchange(ctx, q.short+q.args+"\n", func(r *bufio.Reader) ([]string, error) { return readShort(r, q) })
	return lines, told(q.name, err)
}

func told(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("rotctl: %s: %w", name, err)
}

// spoilt drops the connection, with the turn not held, because of what came over it.
func (c *Client) spoilt(name string, err error) error {
	_ = c.Close()
	return told(name, err)
}

// exchange writes and reads within ctx. Any error but a Code drops the connection.
func (c *Client) exchange(ctx context.Context, out string, read func(*bufio.Reader) ([]string, error)) (lines []string, err error) {
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	conn := c.conn
	defer func() {
		var code Code
		if err != nil && !errors.As(err, &code) && !errors.Is(err, errPlain) {
			c.drop()
		}
	}()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, explain(err)
	}
	defer interrupt(ctx, conn)()
	if c.in.Buffered() > 0 { // nobody asked for that
		return nil, fmt.Errorf("bytes without a question: %w", hal.ErrGarbled)
	}
	if _, err := io.WriteString(conn, out); err != nil {
		return nil, explain(err)
	}
	return read(c.in)
}

// interrupt ends what conn does when ctx ends. After the returned function nothing touches
// its deadline any more, which the next call sets.
func interrupt(ctx context.Context, conn net.Conn) (release func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = conn.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-ended
		}
	}
}

func (c *Client) connect(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", hal.ErrGone, err)
	}
	c.conn, c.in, c.plain = conn, bufio.NewReaderSize(conn, longestLine), false
	return nil
}

func (c *Client) drop() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn, c.in = nil, nil
	}
}

// explain turns an error of the connection into one of hal's.
func explain(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return hal.ErrSilent
	case errors.Is(err, bufio.ErrBufferFull):
		return fmt.Errorf("a line of more than %d bytes: %w", longestLine, hal.ErrGarbled)
	}
	return fmt.Errorf("%w: %w", hal.ErrGone, err)
}
