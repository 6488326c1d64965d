package netcall_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/projector/internal/netcall"
)

func TestAddresses(t *testing.T) {
	for addr, want := range map[string]string{
		"10.0.0.5":        "10.0.0.5:77",
		"10.0.0.5:7":      "10.0.0.5:7",
		"projector.local": "projector.local:77",
		"[fe80::1]":       "[fe80::1]:77",
		"fe80::1":         "[fe80::1]:77",
		"[fe80::1]:99":    "[fe80::1]:99",
	} {
		if got := netcall.Address(addr, "77"); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
}

func TestErrorsAreSorted(t *testing.T) {
	for _, c := range []struct {
		name      string
		err, want error
	}{
		{"deadline", os.ErrDeadlineExceeded, hal.ErrSilent},
		{"time-out", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, hal.ErrSilent},
		{"end", io.EOF, netcall.ErrClosed},
		{"reset", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, netcall.ErrClosed},
		{"closed is gone", io.EOF, hal.ErrGone},
		{"anything else", errors.New("odd"), hal.ErrGone},
	} {
		if got := netcall.Error(c.err); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	dial := func(context.Context, string, string) (net.Conn, error) { return near, nil }
	ctx, cancel := context.WithCancel(t.Context())
	err := netcall.Do(ctx, dial, "x", func(c net.Conn) error {
		cancel()
		_, err := c.Read(make([]byte, 1))
		return netcall.Error(err)
	})
	if !errors.Is(err, hal.ErrSilent) {
		t.Errorf("%v, want no reply", err)
	}
	_ = far.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection stays open: %v", err)
	}
}

func TestDialErrorsAreSorted(t *testing.T) {
	for _, c := range []struct {
		name      string
		err, want error
	}{
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, hal.ErrGone},
		{"time-out", &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, hal.ErrSilent},
		{"context", context.DeadlineExceeded, hal.ErrSilent},
		{"cancelled", context.Canceled, hal.ErrSilent},
	} {
		dial := func(context.Context, string, string) (net.Conn, error) { return nil, c.err }
		if err := netcall.Do(t.Context(), dial, "x", nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
