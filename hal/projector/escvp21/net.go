package escvp21

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"stationbox/hal"
	"stationbox/hal/projector/internal/netcall"
)

// NetOpts are the optional settings of a Net.
type NetOpts struct {
	// Password is the network password of the projector; at most 16 characters.
	Password string
	// Timeout bounds one connection from dial to answer; 0 means 3 s, in which
	// all but power and input commands answer by the guide. A call may take two
	// of them.
	Timeout time.Duration
	// Dial makes a connection; nil means net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Net is the way to a projector over the network, an Exchanger. Each exchange is
// one short connection, because projectors drop idle ones: a session is opened
// by a frame of 16 bytes, headers of 18 bytes follow where the last byte counts
// some, and after the answer both sides speak as on a serial line.
//
//	we:        ESC/VP.net 10 03 00 00 00 01  01 01 <password, 16 bytes>
//	projector: ESC/VP.net 10 03 00 00 20 00
//
// The bytes are: version 1.0, type 3 (CONNECT), two reserved, status (20 OK, 41
// and 43 wrong password, 40 45 53 55 refusals), number of headers.
type Net struct {
	addr string
	opts NetOpts
}

// NewNet returns the way to the projector at addr, "host:port" or "host" for
// port 3629. Nothing is sent before the first exchange.
func NewNet(addr string, o NetOpts) *Net {
	if o.Timeout <= 0 {
		o.Timeout = 3 * time.Second
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return &Net{addr: netcall.Address(addr, "3629"), opts: o}
}

// The bounds of what a projector may say, and the parts of a session's frame.
const (
	maxReply   = 1024
	maxHeaders = 16
	frameLen   = 16
	headerLen  = 18
	magic      = "ESC/VP.net"
)

// Exchange opens a session, sends req and collects the bytes that come back
// until done is content, which returns how many of them are the answer, 0 for
// more. A connection closed before the answer is tried once more. Errors: those
// of Projector.
func (n *Net) Exchange(ctx context.Context, req []byte, done func([]byte) (n int, err error)) ([]byte, error) {
	reply, err := n.once(ctx, req, done)
	if errors.Is(err, netcall.ErrClosed) && ctx.Err() == nil {
		reply, err = n.once(ctx, req, done)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.addr, err)
	}
	return reply, nil
}

func (n *Net) once(ctx context.Context, req []byte, done func([]byte) (int, error)) (reply []byte, err error) {
	if len(n.opts.Password) > 16 {
		return nil, fmt.Errorf("password longer than 16 characters: %w", hal.ErrAuth)
	}
	ctx, cancel := context.WithTimeout(ctx, n.opts.Timeout)
	defer cancel()
	err = netcall.Do(ctx, n.opts.Dial, n.addr, func(c net.Conn) error {
		if err := connect(c, n.opts.Password); err != nil {
			return err
		}
		if _, err := c.Write(req); err != nil {
			return netcall.Error(err)
		}
		reply, err = collect(c, done)
		return err
	})
	return reply, err
}

// connect opens a session.
func connect(c io.ReadWriter, password string) error {
	frame := append([]byte(magic), 0x10, 0x03, 0, 0, 0, 0)
	if password != "" {
		frame[frameLen-1] = 1
		frame = append(frame, 0x01, 0x01)
		frame = append(frame, make([]byte, 16)...)
		copy(frame[frameLen+2:], password)
	}
	if _, err := c.Write(frame); err != nil {
		return netcall.Error(err)
	}
	var head [frameLen]byte
	if err := fill(c, head[:]); err != nil {
		return err
	}
	if string(head[:len(magic)]) != magic || head[10]>>4 != 1 || head[11] != 3 || head[15] > maxHeaders {
		return fmt.Errorf("session % x: %w", head, hal.ErrGarbled)
	}
	if err := status(head[14]); err != nil {
		return err
	}
	return fill(c, make([]byte, int(head[15])*headerLen))
}

// fill reads all of b. An end in the middle is garbled.
func fill(c io.Reader, b []byte) error {
	n, err := io.ReadFull(c, b)
	if err == nil {
		return nil
	}
	if n > 0 {
		return fmt.Errorf("session cut off after %d bytes: %w", n, hal.ErrGarbled)
	}
	return netcall.Error(err)
}

// status returns the error that the status of a session stands for.
func status(s byte) error {
	switch s {
	case 0x20:
		return nil
	case 0x41, 0x43:
		return fmt.Errorf("session status %02X: %w", s, hal.ErrAuth)
	case 0x40, 0x45, 0x53, 0x55:
		return fmt.Errorf("session status %02X: %w", s, hal.ErrRefused)
	}
	return fmt.Errorf("session status %02X: %w", s, hal.ErrGarbled)
}

// collect reads an answer piece by piece until done knows its end.
func collect(c io.Reader, done func([]byte) (int, error)) ([]byte, error) {
	buf := make([]byte, 0, maxReply)
	for len(buf) < cap(buf) {
		n, err := c.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if n == 0 && err != nil {
			if len(buf) > 0 {
				return nil, fmt.Errorf("cut off after %d bytes: %w", len(buf), hal.ErrGarbled)
			}
			return nil, netcall.Error(err)
		}
		end, err := done(buf)
		if err != nil {
			return nil, err
		}
		if end > 0 {
			return bytes.Clone(buf[:min(end, len(buf))]), nil
		}
	}
	return nil, fmt.Errorf("more than %d bytes: %w", len(buf), hal.ErrGarbled)
}
