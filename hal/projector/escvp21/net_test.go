package escvp21_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/projector/escvp21"
)

const (
	hello = "ESC/VP.net\x10\x03\x00\x00\x00\x00"
	okay  = "ESC/VP.net\x10\x03\x00\x00\x20\x00"
)

// session greets like a projector and reports whether the caller greeted well.
func session(t *testing.T, c net.Conn, want, answer string) bool {
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		if err == nil {
			t.Errorf("session opened with %q, want %q", b, want)
		}
		return false
	}
	_, err := io.WriteString(c, answer)
	return err == nil
}

func TestDisplayContractOverTheNetwork(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		e := &epson{}
		addr := displaytest.Listen(t, func(c net.Conn) {
			if session(t, c, hello, okay) {
				displaytest.Serve(c, displaytest.Through('\r'), e.answer)
			}
		})
		way := escvp21.NewNet(addr, escvp21.NetOpts{Timeout: 800 * time.Millisecond})
		return displaytest.Bench{Display: escvp21.New(way), Far: e, States: states, Input: "hdmi1", Wire: "30"}
	})
}

func TestSessions(t *testing.T) {
	frame := func(status, headers byte, more string) string {
		return "ESC/VP.net\x10\x03\x00\x00" + string([]byte{status, headers}) + more
	}
	for _, c := range []struct {
		name, password, answer string
		err                    error
	}{
		{"open", "", frame(0x20, 0, "PWR=01\r:"), nil},
		{"with headers", "", frame(0x20, 2, strings.Repeat("x", 36)+"PWR=01\r:"), nil},
		{"password", "secret", frame(0x20, 0, "PWR=01\r:"), nil},
		{"unauthorized", "", frame(0x41, 0, ""), hal.ErrAuth},
		{"forbidden", "secret", frame(0x43, 1, strings.Repeat("x", 18)), hal.ErrAuth},
		{"bad request", "", frame(0x40, 0, ""), hal.ErrRefused},
		{"another controller has it", "", frame(0x53, 0, ""), hal.ErrRefused},
		{"unknown status", "", frame(0x21, 0, ""), hal.ErrGarbled},
		{"too many headers", "", frame(0x20, 200, ""), hal.ErrGarbled},
		{"cut off", "", "ESC/VP.n", hal.ErrGarbled},
		{"headers cut off", "", frame(0x20, 1, "xx"), hal.ErrGarbled},
		{"not a projector", "", "HTTP/1.1 400 Bad\r\n", hal.ErrGarbled},
		{"closed", "", "", hal.ErrGone},
		{"answer cut off", "", frame(0x20, 0, "PWR=0"), hal.ErrGarbled},
		{"endless", "", frame(0x20, 0, strings.Repeat(":", 5000)), hal.ErrGarbled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := hello
			if c.password != "" {
				want = hello[:15] + "\x01\x01\x01" + c.password + strings.Repeat("\x00", 16-len(c.password))
			}
			addr := displaytest.Listen(t, func(conn net.Conn) { session(t, conn, want, c.answer) })
			s, err := escvp21.New(escvp21.NewNet(addr, escvp21.NetOpts{Password: c.password, Timeout: displaytest.Patience})).State(t.Context())
			if !errors.Is(err, c.err) || (err == nil) != (s == hal.DisplayOn) {
				t.Errorf("State = %v, %v; want %v", s, err, c.err)
			}
			if err != nil && !strings.Contains(err.Error(), addr) {
				t.Errorf("error %q does not name the projector", err)
			}
		})
	}
}

func TestClosedOnceIsTriedAgain(t *testing.T) {
	var mu sync.Mutex
	calls := 0
	addr := displaytest.Listen(t, func(c net.Conn) {
		mu.Lock()
		calls++
		first := calls == 1
		mu.Unlock()
		if !first && session(t, c, hello, okay) {
			displaytest.Serve(c, displaytest.Through('\r'), func([]byte) string { return "PWR=00\r:" })
		}
	})
	if s, err := escvp21.New(escvp21.NewNet(addr, escvp21.NetOpts{Timeout: displaytest.Patience})).State(t.Context()); s != hal.DisplayStandby || err != nil {
		t.Errorf("State = %v, %v", s, err)
	}
}

func TestNobodyThere(t *testing.T) {
	var dialled string
	way := escvp21.NewNet("10.0.0.6", escvp21.NetOpts{Dial: func(_ context.Context, _, a string) (net.Conn, error) {
		dialled = a
		return nil, errors.New("no route")
	}})
	if _, err := escvp21.New(way).State(t.Context()); !errors.Is(err, hal.ErrGone) || dialled != "10.0.0.6:3629" {
		t.Errorf("%v, dialled %q", err, dialled)
	}
	long := escvp21.NewNet("10.0.0.6", escvp21.NetOpts{Password: strings.Repeat("x", 17)})
	if _, err := escvp21.New(long).State(t.Context()); !errors.Is(err, hal.ErrAuth) {
		t.Errorf("long password: %v", err)
	}
}
