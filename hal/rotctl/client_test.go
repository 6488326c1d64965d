package rotctl_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/rotctl"
)

// script is a far end that answers each line it hears with the next of its replies; a
// reply "" is silence, "!" hangs up. After the last it is silent.
type script struct {
	mu      sync.Mutex
	replies []string
	heard   []string
	dialled int
}

func (s *script) dial(context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	s.mu.Lock()
	s.dialled++
	s.mu.Unlock()
	go func() {
		var line []byte
		var b [1]byte
		for {
			if _, err := theirs.Read(b[:]); err != nil {
				_ = theirs.Close()
				return
			}
			if line = append(line, b[0]); b[0] != '\n' {
				continue
			}
			reply := s.next(string(line))
			line = nil
			if reply == "!" {
				_ = theirs.Close()
				return
			}
			_, _ = io.WriteString(theirs, reply)
		}
	}()
	return ours, nil
}

func (s *script) next(line string) (reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, line)
	if len(s.replies) > 0 {
		reply, s.replies = s.replies[0], s.replies[1:]
	}
	return reply
}

// with runs f in a bubble on a client whose far end answers so.
func with(t *testing.T, replies []string, f func(t *testing.T, c *rotctl.Client, s *script)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: replies}
		c := rotctl.New(s.dial, rotctl.Opts{})
		f(t, c, s)
		_ = c.Close()
	})
}

const here = "get_pos:\nAzimuth: 12.27\nElevation: 45.50\nRPRT 0\n"

func TestPosition(t *testing.T) {
	tests := []struct {
		name    string
		replies []string
		want    error // nil: 12.27, 45.5
	}{
		{"extended", []string{here}, nil},
		{"with carriage returns", []string{strings.ReplaceAll(here, "\n", "\r\n")}, nil},
		{"short only", []string{"RPRT -1\n", "12.27\n45.5\n"}, nil},
		{"an error", []string{"get_pos:\nRPRT -6\n"}, hal.ErrGone},
		{"a short error", []string{"RPRT -1\n", "RPRT -5\n"}, hal.ErrSilent},
		{"silence", []string{""}, hal.ErrSilent},
		{"half a line", []string{"get_pos:\nAzimuth: 12"}, hal.ErrGarbled},
		{"half a reply", []string{"get_pos:\nAzimuth: 12.27\n"}, hal.ErrSilent},
		{"hung up", []string{"!"}, hal.ErrGone},
		{"of another question", []string{"set_pos: 1 2\nRPRT 0\n"}, hal.ErrGarbled},
		{"no number", []string{"get_pos:\nAzimuth: north\nElevation: 45.50\nRPRT 0\n"}, hal.ErrGarbled},
		{"no angle", []string{"get_pos:\nAzimuth: nan\nElevation: 45.50\nRPRT 0\n"}, hal.ErrGarbled},
		{"out of this world", []string{"get_pos:\nAzimuth: 1e9\nElevation: 45.50\nRPRT 0\n"}, hal.ErrGarbled},
		{"one value", []string{"get_pos:\nAzimuth: 12.27\nRPRT 0\n"}, hal.ErrGarbled},
		{"no value", []string{"get_pos:\nRPRT 0\n"}, hal.ErrGarbled},
		{"values in the wrong order", []string{"get_pos:\nElevation: 45.50\nAzimuth: 12.27\nRPRT 0\n"}, hal.ErrGarbled},
		{"a code that is none", []string{"get_pos:\nRPRT 7\n"}, hal.ErrGarbled},
		{"no end", []string{"get_pos:\n" + strings.Repeat("x\n", 100)}, hal.ErrGarbled},
		{"a line without end", []string{"get_pos:" + strings.Repeat("x", 2000)}, hal.ErrGarbled},
		{"short and no value", []string{"RPRT -1\n", "RPRT 0\n"}, hal.ErrGarbled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			with(t, tt.replies, func(t *testing.T, c *rotctl.Client, s *script) {
				begun := time.Now()
				r, err := c.Position(t.Context())
				if took := time.Since(begun); took > 3*time.Second {
					t.Errorf("it took %v", took)
				}
				if !errors.Is(err, tt.want) {
					t.Fatalf("error %v, want %v", err, tt.want)
				}
				if tt.want == nil && (r.Value != at(t, 12.27, 45.5) || !r.At.Equal(begun)) {
					t.Errorf("%+v", r)
				}
				s.mu.Lock() // whatever happened, the next call is none the worse for it
				s.replies = []string{here}
				s.mu.Unlock()
				if s.heard[len(s.heard)-1] == "p\n" && (tt.want == nil || s.dialled == 1 && !errors.Is(tt.want, hal.ErrGarbled)) {
					return // it goes on with short replies
				}
				if r, err = c.Position(t.Context()); err != nil || r.Value != at(t, 12.27, 45.5) {
					t.Errorf("afterwards %+v, %v", r, err)
				}
			})
		})
	}
}

func TestCalls(t *testing.T) {
	tests := []struct {
		name, heard, reply string
		call               func(context.Context, *rotctl.Client) error
	}{
		{"turn", "+\\set_pos 196.730000 42.500000\n", "set_pos: 196.730000 42.500000\nRPRT 0\n", func(ctx context.Context, c *rotctl.Client) error {
			return c.Turn(ctx, at(t, 196.73, 42.5))
		}},
		{"stop", "+\\stop\n", "stop:\nRPRT 0\n", func(ctx context.Context, c *rotctl.Client) error { return c.Stop(ctx) }},
		{"park", "+\\park\n", "park:\nRPRT 0\n", func(ctx context.Context, c *rotctl.Client) error { return c.Park(ctx) }},
		{"move", "+\\move 16 50\n", "move: 16 50\nRPRT 0\n", func(ctx context.Context, c *rotctl.Client) error {
			return c.Move(ctx, rotctl.Right, 50)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			with(t, []string{tt.reply}, func(t *testing.T, c *rotctl.Client, s *script) {
				if err := tt.call(t.Context(), c); err != nil || s.heard[0] != tt.heard {
					t.Errorf("%v; heard %q, want %q", err, s.heard[0], tt.heard)
				}
			})
			head, _, _ := strings.Cut(tt.reply, "\n")
			with(t, []string{head + "\nRPRT -21\n"}, func(t *testing.T, c *rotctl.Client, s *script) {
				err := tt.call(t.Context(), c)
				var code rotctl.Code
				if !errors.Is(err, rotctl.ErrLimit) || !errors.Is(err, hal.ErrRefused) || !errors.As(err, &code) || code != 21 {
					t.Errorf("refused: %v", err)
				}
			})
			with(t, []string{"RPRT -1\n", "RPRT 0\n"}, func(t *testing.T, c *rotctl.Client, s *script) {
				if err := tt.call(t.Context(), c); err != nil || len(s.heard) != 2 || strings.ContainsAny(s.heard[1][:1], "+\\") {
					t.Errorf("the short way: %v, %q", err, s.heard)
				}
			})
			with(t, []string{"RPRT -1\n", "12.0\n"}, func(t *testing.T, c *rotctl.Client, s *script) {
				if err := tt.call(t.Context(), c); !errors.Is(err, hal.ErrGarbled) {
					t.Errorf("a value instead of RPRT: %v", err)
				}
			})
		})
	}
}

func TestLimits(t *testing.T) {
	want := dummy(t).Limits
	short := "1\n1\nmin_az=-180.000000\nmax_az=450.000000\nmin_el=0.000000\nmax_el=90.000000\nsouth_zero=0\nrot_type=AzEl\ndone\n"
	tests := []struct {
		name  string
		reply []string
		want  error
	}{
		{"short of 4.6.2", []string{"RPRT -1\n", short}, nil},
		{"extended with keys", []string{"dump_state:\n" + short + "RPRT 0\n"}, nil},
		{"version 0", []string{"RPRT -1\n", "0\n2\n-180.0\n450.0\n0.0\n90.0\n"}, nil},
		{"upside down", []string{"dump_state:\n1\n1\nmin_az=450\nmax_az=-180\nmin_el=0\nmax_el=90\nRPRT 0\n"}, hal.ErrGarbled},
		{"too little", []string{"dump_state:\n1\n1\nmin_az=450\nRPRT 0\n"}, hal.ErrGarbled},
		{"no number", []string{"dump_state:\n1\n1\nmin_az=x\nmax_az=1\nmin_el=0\nmax_el=90\nRPRT 0\n"}, hal.ErrGarbled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			with(t, tt.reply, func(t *testing.T, c *rotctl.Client, s *script) {
				if got, err := c.Limits(t.Context()); !errors.Is(err, tt.want) || err == nil && got != want {
					t.Errorf("%v, %v", got, err)
				}
			})
		})
	}
}

// A reply that comes too late must not be taken for the answer to the next question.
func TestLateReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var old net.Conn
		dialled := 0
		c := rotctl.New(func(context.Context) (net.Conn, error) {
			ours, theirs := net.Pipe()
			dialled++
			if dialled == 1 {
				old = theirs
				go func() { _, _ = io.Copy(io.Discard, theirs) }()
				return ours, nil
			}
			go func() {
				var b [64]byte
				_, _ = theirs.Read(b[:])
				_, _ = io.WriteString(theirs, here)
			}()
			return ours, nil
		}, rotctl.Opts{})
		if _, err := c.Position(t.Context()); !errors.Is(err, hal.ErrSilent) {
			t.Fatal(err)
		}
		if _, err := io.WriteString(old, "get_pos:\nAzimuth: 99\nElevation: 1\nRPRT 0\n"); err == nil {
			t.Error("somebody still listens on the connection of before")
		}
		if r, err := c.Position(t.Context()); err != nil || r.Value != at(t, 12.27, 45.5) {
			t.Errorf("%+v, %v", r, err)
		}
		_ = c.Close()
	})
}

func TestNobodyThere(t *testing.T) {
	c := rotctl.New(func(context.Context) (net.Conn, error) { return nil, io.ErrUnexpectedEOF }, rotctl.Opts{})
	if err := c.Stop(t.Context()); !errors.Is(err, hal.ErrGone) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client(t, "127.0.0.1:1").Stop(ctx); err == nil {
		t.Error("a call whose time is up")
	}
}

// Any angles come through client and server as they were, to a millionth of a degree.
func TestThereAndBack(t *testing.T) {
	m := &mount{where: []rotctl.Position{{}}}
	c := client(t, serve(t, m, dummy(t)))
	rapid.Check(t, func(r *rapid.T) {
		az, el := rapid.Float64Range(-180, 450).Draw(r, "az"), rapid.Float64Range(0, 90).Draw(r, "el")
		p := at(t, az, el)
		if err := c.Turn(t.Context(), p); err != nil {
			r.Fatal(err)
		}
		m.mu.Lock()
		m.where = []rotctl.Position{p}
		m.mu.Unlock()
		got, err := c.Position(t.Context())
		if d, want := degrees(got.Value), degrees(p); err != nil || max(d[0]-want[0], want[0]-d[0], d[1]-want[1], want[1]-d[1]) > 0.00501 {
			r.Fatalf("%v, %v, want %v", d, err, want)
		}
	})
}

// Our client and the program rotctld with its dummy, which turns 6 degrees a second.
func TestRealServer(t *testing.T) {
	path := program(t, "rotctld")
	port := freePort(t)
	cmd := exec.Command(path, "-m", "1", "-T", "127.0.0.1", "-t", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	c := client(t, "127.0.0.1:"+port)
	await(t, "rotctld", func() bool { _, err := c.Position(t.Context()); return err == nil })
	if l, err := c.Limits(t.Context()); err != nil || l != dummy(t).Limits {
		t.Errorf("limits %v, %v", l, err)
	}
	if s, err := c.Info(t.Context()); err != nil || s != "Dummy rotator" {
		t.Errorf("info %q, %v", s, err)
	}
	if err := c.Turn(t.Context(), at(t, 1.5, 1.25)); err != nil {
		t.Error(err)
	}
	await(t, "the goal", func() bool {
		r, err := c.Position(t.Context())
		return err == nil && r.Value == at(t, 1.5, 1.25)
	})
	if err := c.Turn(t.Context(), at(t, 500, 1)); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("out of reach: %v", err)
	}
	for name, err := range map[string]error{"stop": c.Stop(t.Context()), "park": c.Park(t.Context()), "move": c.Move(t.Context(), rotctl.Left, 25)} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The program rotctl drives our face as a mount behind a network.
func TestRealClient(t *testing.T) {
	path := program(t, "rotctl")
	m := &mount{where: []rotctl.Position{at(t, 196.73, 42.5)}}
	o := dummy(t)
	o.Info = "stationbox"
	address := serve(t, m, o)
	cmd := exec.Command(path, "-m", "2", "-r", address, "get_pos", "set_pos", "180", "45", "stop", "park", "set_pos", "500", "1")
	out, _ := cmd.CombinedOutput()
	if !bytes.Contains(out, []byte("196.73\n42.50\n")) {
		t.Errorf("rotctl says %s", out)
	}
	if want := "turn 180.00 45.00, stop, park"; m.all() != want {
		t.Errorf("the mount heard %q, want %q", m.all(), want)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("no %s after ten seconds", what)
}

// Whatever comes back, the call ends, and what it returns is within this world.
func FuzzClient(f *testing.F) {
	for _, s := range []string{here, "RPRT -1\n", "RPRT 0\n", "12.0\n13.0\n", "dump_state:\n1\n1\nmin_az=-180\nmax_az=450\nmin_el=0\nmax_el=90\nRPRT 0\n", "get_pos:\n", "\n\n", "get_pos:\nAzimuth: 1e309\nElevation: 1\nRPRT 0\n"} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, reply []byte, state bool) {
		c := rotctl.New(func(context.Context) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				var b [64]byte
				_, _ = theirs.Read(b[:])
				_, _ = theirs.Write(reply)
				_ = theirs.Close()
			}()
			return ours, nil
		}, rotctl.Opts{})
		if state {
			if l, err := c.Limits(t.Context()); err == nil && l.Low.Azimuth >= l.High.Azimuth {
				t.Errorf("%q: %v", reply, l)
			}
			return
		}
		if r, err := c.Position(t.Context()); err == nil {
			if d := degrees(r.Value); max(d[0], -d[0], d[1], -d[1]) > 720.001 {
				t.Errorf("%q: %v", reply, d)
			}
		}
		_ = c.Close()
	})
}

// An order that was called off before its turn came is not sent, whichever of both is seen
// first: a stop must be the last word.
func TestCalledOffIsNotSent(t *testing.T) {
	with(t, nil, func(t *testing.T, c *rotctl.Client, s *script) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 50 {
			if err := c.Turn(ctx, at(t, 190, 40)); !errors.Is(err, hal.ErrSilent) || !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "busy") {
				t.Fatalf("got %v", err)
			}
		}
		if s.dialled > 0 || len(s.heard) > 0 {
			t.Errorf("dialled %d times, heard %q", s.dialled, s.heard)
		}
	})
}
