// Package netcall makes the short connections over which projectors are asked,
// and sorts what can go wrong with them into hal's errors. It knows no protocol.
package netcall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"stationbox/hal"
)

// Dialer makes a connection, as net.Dialer's DialContext does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// ErrClosed means that the projector hung up before it answered. It is
// hal.ErrGone.
var ErrClosed = fmt.Errorf("connection closed before the answer: %w", hal.ErrGone)

// Address returns addr, "host:port", or with port added where it has none.
func Address(addr, port string) string {
	if _, _, err := net.SplitHostPort(addr); err == nil {
		return addr
	}
	return net.JoinHostPort(strings.Trim(addr, "[]"), port)
}

// Do dials addr and lets talk use the connection, whose reads and writes end
// with ctx. The connection is closed when Do returns. An error of the dial is
// hal.ErrSilent when the host said nothing at all, else hal.ErrGone.
func Do(ctx context.Context, dial Dialer, addr string, talk func(net.Conn) error) error {
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return dialError(err)
	}
	defer func() { _ = conn.Close() }()
	// A deadline alone would not see the end of ctx by cancel.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	return talk(conn)
}

// Error sorts the error of a read or write on a connection: hal.ErrSilent for a
// time-out, ErrClosed for a connection that was hung up, else hal.ErrGone.
func Error(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return hal.ErrSilent
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ErrClosed
	}
	return fmt.Errorf("%w: %w", hal.ErrGone, err)
}

func dialError(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return hal.ErrSilent
	}
	return fmt.Errorf("%w: %w", hal.ErrGone, err)
}
