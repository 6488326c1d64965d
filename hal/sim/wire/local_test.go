package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal/sim/wire"
)

var place = netip.MustParseAddrPort("10.0.0.5:4352")

func TestLocalNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := wire.NewLocal()
		tcp, err := n.Listen(place)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Listen(place); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("second socket at one place: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- tcp.Serve(ctx, func(_ context.Context, c net.Conn) { _, _ = io.Copy(c, c) })
		}()
		call := func() error {
			c, err := n.Dial(ctx, "tcp", place.String())
			if err != nil {
				return err
			}
			defer func() { _ = c.Close() }()
			_ = c.SetDeadline(time.Now().Add(time.Second))
			if _, err := c.Write([]byte("hello")); err != nil {
				return err
			}
			_, err = io.ReadFull(c, make([]byte, 5))
			return err
		}
		if err := call(); err != nil {
			t.Errorf("call: %v", err)
		}
		tcp.Unplug()
		if err := call(); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("unplugged: %v", err)
		}
		if err := tcp.Replug(); err != nil {
			t.Error(err)
		}
		if err := call(); err != nil {
			t.Errorf("plugged in again: %v", err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestCordThroughOpeningsAndUnplugging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := wire.NewCord()
		ctx, cancel := context.WithCancel(t.Context())
		heard := make(chan string, 9)
		go func() {
			defer close(heard)
			var b [64]byte
			for {
				n, err := c.ReadContext(ctx, b[:])
				if err != nil {
					return
				}
				heard <- string(b[:n])
				_, _ = c.Write(b[:n])
			}
		}()
		say := func(text string) {
			t.Helper()
			end, err := c.Open()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := end.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(end, make([]byte, len(text))); err != nil {
				t.Errorf("echo of %q: %v", text, err)
			}
			if got := <-heard; got != text {
				t.Errorf("device heard %q, want %q", got, text)
			}
		}
		say("first")
		say("opened again")
		c.Unplug()
		if _, err := c.Open(); err == nil {
			t.Error("an unplugged line was opened")
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, wire.ErrUnplugged) {
			t.Errorf("write without line: %v", err)
		}
		_ = c.Replug()
		say("plugged in again")
		cancel()
		if _, more := <-heard; more {
			t.Error("heard something after the end")
		}
	})
}
