package line

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stationbox/hal"
)

// Read reads what has arrived into b, waiting for the first byte until ctx
// ends; then it returns hal.ErrSilent, or hal.ErrGone if the line was not open.
// A line that is lost in the call is an error; a line that is not open yet is
// opened, at the pace of the back-off.
func (p *Port) Read(ctx context.Context, b []byte) (int, error) {
	if !p.reading.take(p.done, ctx.Done()) {
		return 0, p.giveUp(ctx)
	}
	defer p.reading.give()
	c, err := p.awaitConn(ctx)
	if err != nil {
		return 0, err
	}
	return p.read(ctx, c, b)
}

// ReadUntil is Read with a deadline instead of a context, for a loop that must
// not allocate. While the line is not open it returns hal.ErrGone not before the
// next attempt or the deadline, so that a loop around it does not spin.
func (p *Port) ReadUntil(b []byte, deadline time.Time) (int, error) {
	if !p.reading.take(p.done, nil) {
		return 0, p.State()
	}
	defer p.reading.give()
	c, err := p.connect()
	if err != nil {
		p.rest(min(p.untilRetry(), deadline.Sub(p.opts.Now())))
		return 0, err
	}
	if err := c.SetReadDeadline(deadline); err != nil {
		return 0, p.fault(c, err)
	}
	n, err := c.Read(b)
	if n > 0 {
		p.heard()
		return n, nil
	}
	return 0, p.fault(c, noBytes(err))
}

// Write writes all of b. It waits for a line that is being opened until ctx
// ends. A far end that takes nothing for Opts.Timeout and three times the time
// that b needs on the wire is hal.ErrSilent; the line is then dropped, because
// the rest of b would arrive out of place.
func (p *Port) Write(ctx context.Context, b []byte) (int, error) {
	if !p.writing.take(p.done, ctx.Done()) {
		return 0, p.giveUp(ctx)
	}
	defer p.writing.give()
	c, err := p.awaitConn(ctx)
	if err != nil {
		return 0, err
	}
	return p.write(ctx, c, b)
}

// awaitConn returns the open connection or tries to open it until ctx ends.
func (p *Port) awaitConn(ctx context.Context) (conn, error) {
	for {
		c, err := p.connect()
		if err == nil {
			return c, nil
		}
		t := time.NewTimer(max(p.untilRetry(), time.Millisecond))
		select {
		case <-t.C:
		case <-p.done:
			t.Stop()
			return nil, p.State()
		case <-ctx.Done():
			t.Stop()
			return nil, err
		}
	}
}

func (p *Port) rest(d time.Duration) {
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.done:
	}
}

// read reads at least one byte from c, until ctx ends.
func (p *Port) read(ctx context.Context, c conn, b []byte) (int, error) {
	if err := c.SetReadDeadline(deadlineOf(ctx)); err != nil {
		return 0, p.fault(c, err)
	}
	release := interrupt(ctx, c.SetReadDeadline)
	n, err := c.Read(b)
	release()
	if n > 0 {
		p.heard()
		return n, nil
	}
	return 0, p.fault(c, noBytes(err))
}

func (p *Port) write(ctx context.Context, c conn, b []byte) (int, error) {
	limit := p.opts.Now().Add(p.opts.Timeout + 3*p.onWire(len(b)))
	if d := deadlineOf(ctx); !d.IsZero() && d.Before(limit) {
		limit = d
	}
	if err := c.SetWriteDeadline(limit); err != nil {
		return 0, p.fault(c, err)
	}
	release := interrupt(ctx, c.SetWriteDeadline)
	n, err := c.Write(b)
	release()
	if err == nil {
		return n, nil
	}
	err = p.fault(c, err)
	if errors.Is(err, hal.ErrSilent) {
		err = fmt.Errorf("%s: %d of %d bytes taken: %w", p.opts.Name, n, len(b), hal.ErrSilent)
		_ = p.lost(c, err)
	}
	return n, err
}

// onWire returns the time n characters of ten bits take.
func (p *Port) onWire(n int) time.Duration {
	if p.opts.Baud <= 0 {
		return 0
	}
	return time.Duration(n) * 10 * time.Second / time.Duration(p.opts.Baud)
}

// giveUp is the error of a caller whose turn did not come.
func (p *Port) giveUp(ctx context.Context) error {
	if ctx.Err() == nil {
		return p.State()
	}
	return fmt.Errorf("%s: busy: %w", p.opts.Name, hal.ErrSilent)
}

func deadlineOf(ctx context.Context) time.Time {
	d, _ := ctx.Deadline()
	return d
}

// interrupt ends the I/O under way when ctx ends. The returned function must be
// called afterwards; when it returns, nothing touches the deadline any more.
func interrupt(ctx context.Context, setDeadline func(time.Time) error) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = setDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-ended
		}
	}
}

// noBytes makes an error of a read that returned nothing at all.
func noBytes(err error) error {
	if err == nil {
		return errors.New("empty read")
	}
	return err
}
