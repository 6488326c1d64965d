package line

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"stationbox/hal"
)

// settle is how long a connection that cannot be flushed is emptied before a
// request.
const settle = time.Millisecond

// Exchange throws away what has arrived, writes req and reads until done is
// content, for protocols in which one side asks and the other answers.
//
// Done sees all bytes of the reply so far: it returns how many of them are the
// reply, 0 to wait for more, or an error that ends the exchange. Exchange
// returns a copy of those bytes. It is bounded by ctx and by Opts.Timeout.
// Errors: hal.ErrGone at once when the line is not open and the next attempt is
// not due; hal.ErrSilent when not a byte came back; hal.ErrGarbled when the reply
// was cut off or longer than Opts.MaxReply; else the error of done.
func (p *Port) Exchange(ctx context.Context, req []byte, done func([]byte) (n int, err error)) ([]byte, error) {
	ctx, cancel := p.context(ctx)
	defer cancel()
	if !p.reading.take(p.done, ctx.Done()) {
		return nil, p.giveUp(ctx)
	}
	defer p.reading.give()
	if !p.writing.take(p.done, ctx.Done()) {
		return nil, p.giveUp(ctx)
	}
	defer p.writing.give()
	c, err := p.connect()
	if err != nil {
		return nil, err
	}
	if err := p.discardInput(c); err != nil {
		return nil, err
	}
	if _, err := p.write(ctx, c, req); err != nil {
		return nil, err
	}
	return p.collect(ctx, c, done)
}

// Listen throws away what has arrived and reads until done is content, for
// devices that talk unasked: what it returns came after the call, however long
// nobody had read the line. Done, the bounds and the errors are those of Exchange.
func (p *Port) Listen(ctx context.Context, done func([]byte) (n int, err error)) ([]byte, error) {
	ctx, cancel := p.context(ctx)
	defer cancel()
	if !p.reading.take(p.done, ctx.Done()) {
		return nil, p.giveUp(ctx)
	}
	defer p.reading.give()
	c, err := p.connect()
	if err != nil {
		return nil, err
	}
	if err := p.discardInput(c); err != nil {
		return nil, err
	}
	return p.collect(ctx, c, done)
}

// collect reads a reply piece by piece until done knows its end.
func (p *Port) collect(ctx context.Context, c conn, done func([]byte) (int, error)) ([]byte, error) {
	buf := make([]byte, 0, p.opts.MaxReply)
	for {
		n, err := p.read(ctx, c, buf[len(buf):cap(buf)])
		if err != nil && len(buf) > 0 && errors.Is(err, hal.ErrSilent) {
			return nil, fmt.Errorf("%s: cut off after %d bytes: %w", p.opts.Name, len(buf), hal.ErrGarbled)
		}
		if err != nil {
			return nil, err
		}
		buf = buf[:len(buf)+n]
		n, err = done(buf)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.opts.Name, err)
		}
		if n > 0 {
			return bytes.Clone(buf[:min(n, len(buf))]), nil
		}
		if len(buf) == cap(buf) {
			return nil, fmt.Errorf("%s: more than %d bytes: %w", p.opts.Name, len(buf), hal.ErrGarbled)
		}
	}
}

// discardInput drops bytes of an older reply or of an older time.
func (p *Port) discardInput(c conn) error {
	if f, ok := c.(flusher); ok {
		f.flushInput()
		return nil
	}
	var junk [256]byte
	for range 16 {
		if err := c.SetReadDeadline(p.opts.Now().Add(settle)); err != nil {
			return p.fault(c, err)
		}
		_, err := c.Read(junk[:])
		if err == nil {
			continue
		}
		if err = p.fault(c, err); errors.Is(err, hal.ErrSilent) {
			return nil
		}
		return err
	}
	return fmt.Errorf("%s: bytes without a request: %w", p.opts.Name, hal.ErrGarbled)
}
