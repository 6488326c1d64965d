package pjlink_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/projector/pjlink"
)

const (
	open   = "PJLINK 0\r"
	locked = "PJLINK 1 498e4a67\r"
	// The example of the specification: random number 498e4a67, password JBMIAProjectorLink.
	password = "JBMIAProjectorLink"
	digest   = "5d8409bc1c3fa39749434aa3a5c38682"
)

func TestStateAndItsQuirks(t *testing.T) {
	closed := script{greeting: open}
	for _, c := range []struct {
		name    string
		scripts []script
		opts    pjlink.Opts
		want    hal.DisplayState
		err     error
		asked   int
	}{
		{"standby", []script{{open, "%1POWR=0\r", false}}, pjlink.Opts{}, hal.DisplayStandby, nil, 1},
		{"on", []script{{open, "%1POWR=1\r", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"cooling", []script{{open, "%1POWR=2\r", false}}, pjlink.Opts{}, hal.DisplayCooling, nil, 1},
		{"warming", []script{{open, "%1POWR=3\r", false}}, pjlink.Opts{}, hal.DisplayWarming, nil, 1},
		{"unknown number", []script{{open, "%1POWR=4\r", false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"OK is no state", []script{{open, "%1POWR=OK\r", false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"empty", []script{{open, "%1POWR=\r", false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"ERR1", []script{{open, "%1POWR=ERR1\r", false}}, pjlink.Opts{}, 0, pjlink.Undefined, 1},
		{"ERR2", []script{{open, "%1POWR=ERR2\r", false}}, pjlink.Opts{}, 0, pjlink.OutOfRange, 1},
		{"ERR3", []script{{open, "%1POWR=ERR3\r", false}}, pjlink.Opts{}, 0, pjlink.Unavailable, 1},
		{"ERR3 is a refusal", []script{{open, "%1POWR=ERR3\r", false}}, pjlink.Opts{}, 0, hal.ErrRefused, 1},
		{"ERR4 is a state", []script{{open, "%1POWR=ERR4\r", false}}, pjlink.Opts{}, hal.DisplayFault, nil, 1},
		{"ERR5", []script{{open, "%1POWR=ERR5\r", false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"another command", []script{{open, "%1LAMP=1\r", false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"lower case", []script{{"pjlink 0\r", "%1powr=1\r", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"lower case refusal", []script{{open, "%1powr=err3\r", false}}, pjlink.Opts{}, 0, pjlink.Unavailable, 1},
		{"NUL padding", []script{{open + "\x00\x00\x00", "\x00%1POWR=1\r\x00\x00", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"CR LF", []script{{"PJLINK 0\r\n", "%1POWR=1\r\n", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"spaces", []script{{open, "%1POWR = 1 \r", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"look-up notice before the answer", []script{{open, "%2LKUP=11:22:33:44:55:66\r%1POWR=1\r", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"look-up notice before the greeting", []script{{"%1lkup=11:22\r" + open, "%1POWR=1\r", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"power notice before the answer", []script{{open, "%2POWR=0\r%2ERST=000000\r%1POWR=1\r", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"closed once", []script{closed, {open, "%1POWR=1\r", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"closed before the greeting once", []script{{}, {open, "%1POWR=1\r", false}}, pjlink.Opts{}, hal.DisplayOn, nil, 1},
		{"closed twice", []script{closed, closed, {open, "%1POWR=1\r", false}}, pjlink.Opts{}, 0, hal.ErrGone, 0},
		{"closed in the answer", []script{{open, "%1POW", false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"silent", []script{{open, "", true}}, pjlink.Opts{Timeout: 100 * time.Millisecond}, 0, hal.ErrSilent, 0},
		{"silent in the answer", []script{{open, "%1POW", true}}, pjlink.Opts{Timeout: time.Second}, 0, hal.ErrGarbled, 1},
		{"silent from the start", []script{{"", "", true}}, pjlink.Opts{Timeout: 100 * time.Millisecond}, 0, hal.ErrSilent, 0},
		{"no end of line", []script{{open, strings.Repeat("x", 8000), false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"no end of notices", []script{{open, strings.Repeat("%2LKUP=1\r", 2000), false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"nothing but line ends", []script{{open, strings.Repeat("\r", 9000), false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 1},
		{"not a projector", []script{{"SSH-2.0-OpenSSH\r\n", "%1POWR=1\r", false}}, pjlink.Opts{}, 0, hal.ErrGarbled, 0},
		{"password", []script{{locked, "%1POWR=1\r", false}}, pjlink.Opts{Password: password}, hal.DisplayOn, nil, 1},
		{"password not needed", []script{{open, "%1POWR=1\r", false}}, pjlink.Opts{Password: password}, hal.DisplayOn, nil, 1},
		{"wrong password", []script{{locked, "PJLINK ERRA\r", false}}, pjlink.Opts{Password: "x"}, 0, hal.ErrAuth, 1},
		{"wrong password, in the answer", []script{{locked, "%1POWR=ERRA\r", false}}, pjlink.Opts{Password: "x"}, 0, hal.ErrAuth, 1},
		{"wrong password, lower case", []script{{locked, "pjlink erra\r", false}}, pjlink.Opts{Password: "x"}, 0, hal.ErrAuth, 1},
		{"locked out in the greeting", []script{{"PJLINK ERRA\r", "", false}}, pjlink.Opts{Password: "x"}, 0, hal.ErrAuth, 0},
		{"password missing", []script{{locked, "%1POWR=1\r", false}}, pjlink.Opts{}, 0, hal.ErrAuth, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, c.scripts...)
			if c.opts.Timeout == 0 {
				c.opts.Timeout = displaytest.Patience
			}
			displaytest.IsState(t, pjlink.New(f.addr, c.opts), c.want, c.err, "projector "+f.addr+": ")
			if n := len(f.requests()); n != c.asked && c.asked > 0 {
				t.Errorf("asked %d times (%q), want %d", n, f.requests(), c.asked)
			}
		})
	}
}

func TestRequestsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		name, greeting, answer, want string
		call                         func(context.Context, *pjlink.Projector) error
	}{
		{"state", open, "%1POWR=0\r", "%1POWR ?\r", func(ctx context.Context, p *pjlink.Projector) error {
			_, err := p.State(ctx)
			return err
		}},
		{"state with password", locked, "%1POWR=0\r", digest + "%1POWR ?\r", func(ctx context.Context, p *pjlink.Projector) error {
			_, err := p.State(ctx)
			return err
		}},
		{"on", open, "%1POWR=OK\r", "%1POWR 1\r", func(ctx context.Context, p *pjlink.Projector) error { return p.PowerOn(ctx) }},
		{"off", open, "%1powr=ok\r", "%1POWR 0\r", func(ctx context.Context, p *pjlink.Projector) error { return p.PowerOff(ctx) }},
		{"off with password", locked, "%1POWR=OK\r", digest + "%1POWR 0\r", func(ctx context.Context, p *pjlink.Projector) error { return p.PowerOff(ctx) }},
		{"input", open, "%1INPT=OK\r", "%1INPT 3A\r", func(ctx context.Context, p *pjlink.Projector) error { return p.Input(ctx, "3a") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFar(t, script{c.greeting, c.answer, false})
			p := pjlink.New(f.addr, pjlink.Opts{Password: password, Timeout: displaytest.Patience})
			if err := c.call(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			displaytest.Heard(t, f.requests(), c.want)
		})
	}
}

func TestRandomNumberKeepsItsCase(t *testing.T) {
	f := newFar(t, script{"PJLINK 1 498E4A67\r", "%1POWR=0\r", false})
	if _, err := pjlink.New(f.addr, pjlink.Opts{Password: password, Timeout: displaytest.Patience}).State(t.Context()); err != nil {
		t.Fatal(err)
	}
	const want = "f0a50ccb706844ee8280a90ba6b75c7b%1POWR ?\r" // by md5sum
	displaytest.Heard(t, f.requests(), want)
}

func TestQueries(t *testing.T) {
	for _, c := range []struct {
		ask, answer, want string
		err               error
	}{
		{"errors", "%1ERST=000000", "{0 0 0 0 0 0} false", nil},
		{"errors", "%1ERST=012001", "{0 1 2 0 0 1} true", nil},
		{"errors", "%1ERST=111111", "{1 1 1 1 1 1} false", nil},
		{"errors", "%1ERST=00000", "", hal.ErrGarbled},
		{"errors", "%1ERST=000003", "", hal.ErrGarbled},
		{"errors", "%1ERST=ERR3", "", pjlink.Unavailable},
		{"lamp", "%1LAMP=1234 1", "[{1234 true}]", nil},
		{"lamp", "%1LAMP=1234 1 99999 0", "[{1234 true} {99999 false}]", nil},
		{"lamp", "%1LAMP=ERR1", "[]", nil},
		{"lamp", "%1LAMP=1234", "", hal.ErrGarbled},
		{"lamp", "%1LAMP=", "", hal.ErrGarbled},
		{"lamp", "%1LAMP=-1 1", "", hal.ErrGarbled},
		{"lamp", "%1LAMP=100000 1", "", hal.ErrGarbled},
		{"lamp", "%1LAMP=1 2", "", hal.ErrGarbled},
		{"lamp", "%1LAMP=" + strings.Repeat("1 1 ", 9), "", hal.ErrGarbled},
		{"lamp", "%1LAMP=ERR3", "", pjlink.Unavailable},
		{"name", "%1NAME=会议室 Room 1", "会议室 Room 1", nil},
		{"name", "%1name=MiXed", "MiXed", nil},
		{"name", "%1NAME=", "", nil},
		{"name", "%1NAME=\x1b[2J", "", hal.ErrGarbled},
		{"name", "%1NAME=\xff", "", hal.ErrGarbled},
		{"source", "%1INPT=31", "31", nil},
		{"source", "%1INPT=3a", "3A", nil},
		{"source", "%1INPT=71", "", hal.ErrGarbled},
		{"source", "%1INPT=ERR3", "", pjlink.Unavailable},
	} {
		t.Run(c.ask+" "+c.answer, func(t *testing.T) {
			f := newFar(t, script{open, c.answer + "\r", false})
			got, err := query(t.Context(), pjlink.New(f.addr, pjlink.Opts{Timeout: displaytest.Patience}), c.ask)
			if !errors.Is(err, c.err) || err == nil && got != c.want {
				t.Errorf("%s, %v; want %s, %v", got, err, c.want, c.err)
			}
		})
	}
}

func query(ctx context.Context, p *pjlink.Projector, what string) (string, error) {
	switch what {
	case "errors":
		e, err := p.Errors(ctx)
		return fmt.Sprint(e, e.Any()), err
	case "lamp":
		l, err := p.Lamp(ctx)
		return fmt.Sprint(l), err
	case "source":
		return p.Source(ctx)
	}
	return p.Name(ctx)
}

func TestAddresses(t *testing.T) {
	for addr, want := range map[string]string{
		"10.0.0.5":        "10.0.0.5:4352",
		"10.0.0.5:7":      "10.0.0.5:7",
		"projector.local": "projector.local:4352",
		"[fe80::1]":       "[fe80::1]:4352",
		"fe80::1":         "[fe80::1]:4352",
		"[fe80::1]:99":    "[fe80::1]:99",
	} {
		var dialled string
		p := pjlink.New(addr, pjlink.Opts{Dial: func(_ context.Context, _, a string) (net.Conn, error) {
			dialled = a
			return nil, errors.New("no route")
		}})
		if _, err := p.State(t.Context()); !errors.Is(err, hal.ErrGone) || dialled != want {
			t.Errorf("%s: dialled %q (%v), want %q", addr, dialled, err, want)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	if _, err := pjlink.New(addr, pjlink.Opts{}).State(t.Context()); !errors.Is(err, hal.ErrGone) {
		t.Errorf("closed port: %v, want not connected", err)
	}
	deaf := pjlink.New("x", pjlink.Opts{Timeout: 20 * time.Millisecond, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	if _, err := deaf.State(t.Context()); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("no answer to the dial: %v, want no reply", err)
	}
}

// A projector that says one byte at a time is still bounded.
func TestDrippingProjectorIsBounded(t *testing.T) {
	addr := displaytest.Listen(t, func(c net.Conn) {
		for i := 0; i < 10000; i++ {
			if _, err := c.Write([]byte("%")); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	began := time.Now()
	_, err := pjlink.New(addr, pjlink.Opts{Timeout: time.Second}).State(t.Context())
	if !errors.Is(err, hal.ErrGarbled) || time.Since(began) > displaytest.Patience {
		t.Errorf("State = %v after %v", err, time.Since(began))
	}
}

func TestRefusalsSayWhatTheyMean(t *testing.T) {
	if got := pjlink.Unavailable.Error(); got != "refused by the device: not available now (ERR3)" {
		t.Errorf("text = %q", got)
	}
	if got := pjlink.Refusal(9).Error(); got != "refused by the device (ERR9)" {
		t.Errorf("text = %q", got)
	}
	if !errors.Is(pjlink.Failure, hal.ErrRefused) {
		t.Error("a refusal is not hal.ErrRefused")
	}
}
