package rotctl_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal"
	"stationbox/hal/rotctl"
)

// Byte by byte what Hamlib's own answers: also where it waits for more arguments and
// takes the next line for them.
func TestTranscript(t *testing.T) {
	m := &mount{where: []rotctl.Position{at(t, 0, 0), at(t, 2.4, 2.4), at(t, 5.43, 5.43), at(t, 7.44, 7.44), at(t, 9.87, 9.87), at(t, 12.27, 12.27)}}
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		l := &oneConn{conn: theirs, done: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- rotctl.Serve(ctx, l, m, dummy(t)) }()
		in := bufio.NewReader(ours)
		for _, s := range transcript(t) {
			if _, err := io.WriteString(ours, s.said+"\n"); err != nil {
				t.Fatal(err)
			}
			got := hear(ours, in)
			if s.said == "1" { // Hamlib's capabilities of its dummy are not ours
				if !strings.HasPrefix(got, s.answered[:24]) || !strings.Contains(got, "Max Azimuth:\t\t450.00\n") {
					t.Errorf("capabilities %q", got)
				}
				continue
			}
			if got != s.answered {
				t.Errorf("%q: %q, rotctld says %q", s.said, got, s.answered)
			}
		}
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	if want := "turn 196.73 42.50, turn 180.00 45.00, stop, park, move 8 25"; m.all() != want {
		t.Errorf("the mount heard %q, want %q", m.all(), want)
	}
}

// oneConn is a listener to which one client comes.
type oneConn struct {
	conn net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// hear reads what comes within a second of the bubble's time.
func hear(c net.Conn, in *bufio.Reader) string {
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	var got []byte
	for {
		b, err := in.ReadByte()
		if err != nil {
			break
		}
		got = append(got, b)
	}
	if len(got) == 0 {
		return silence
	}
	return string(got)
}

// What is not in the transcript was asked of rotctld 4.5.4.
func TestCommands(t *testing.T) {
	tests := []struct{ said, want string }{
		{"p p", "1.00\n2.00\n1.00\n2.00\n"},
		{"pp", "1.00\n2.00\n1.00\n2.00\n"},
		{"p;p", "1.00\n2.00\nget_pos:;Azimuth: 1.00;Elevation: 2.00;RPRT 0\n"},
		{"|p", "get_pos:|Azimuth: 1.00|Elevation: 2.00|RPRT 0\n"},
		{"+ p", "1.00\n2.00\n"},
		{"p\r", "1.00\n2.00\n"},
		{"# p\n_", "Dummy rotator\n"},
		{"|_", "get_info:|Info: Dummy rotator|RPRT 0\n"},
		{"+S", "stop:\nRPRT 0\n"},
		{";S", "stop:;RPRT 0\n"},
		{"+K", "park:\nRPRT 0\n"},
		{"+M 8 25", "move: 8 25\nRPRT 0\n"},
		{"\\move 16 -1", "RPRT 0\n"},
		{"M 3 5", "RPRT -1\n"},
		{"M 8 101", "RPRT -1\n"},
		{"+R 1", "reset: 1\nRPRT 0\n"},
		{"P 10\n20", "RPRT 0\n"},
		{"P 10 10 p", "RPRT 0\n1.00\n2.00\n"},
		{"+\\set_pos 1 2", "set_pos: 1 2\nRPRT 0\n"},
		{"+P 500 10", "set_pos: 500 10\nRPRT -21\n"},
		{"P 450 90", "RPRT 0\n"},
		{"P 450.01 90", "RPRT -21\n"},
		{"P 0 -0.01", "RPRT -21\n"},
		{"P nan 5", "RPRT -21\n"},
		{"P inf 5", "RPRT -21\n"},
		{"P 1e1 5", "RPRT 0\n"},
		{"+\\dump_state", "dump_state:\nrotctld Protocol Ver: 1\nRotor Model: 1\nMinimum Azimuth: -180.000000\nMaximum Azimuth: 450.000000\n" +
			"Minimum Elevation: 0.000000\nMaximum Elevation: 90.000000\nSouth Zero: 0\nrot_type=AzEl\ndone\nRPRT 0\n"},
		{"z", "RPRT -1\n"},
		{"+\\foo", "foo:\nRPRT -1\n"},
		{"C a b_", "RPRT -1\n"},
	}
	for _, tt := range tests {
		m := &mount{where: []rotctl.Position{at(t, 1, 2)}}
		if got := talk(t, serve(t, m, dummy(t)), tt.said+"\nq\n"); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.said, got, tt.want)
		}
	}
}

// talk sends all of said and returns what comes until the far end hangs up.
func talk(t testing.TB, address, said string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, said); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestMountErrors(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{hal.ErrSilent, "RPRT -5\n"}, {hal.ErrGone, "RPRT -6\n"}, {hal.ErrGarbled, "RPRT -8\n"}, {hal.ErrRefused, "RPRT -9\n"},
		{hal.ErrAuth, "RPRT -19\n"}, {rotctl.ErrLimit, "RPRT -21\n"}, {rotctl.Code(13), "RPRT -13\n"}, {io.ErrNoProgress, "RPRT -7\n"},
	}
	for _, tt := range tests {
		m := &mount{where: []rotctl.Position{{}}, err: fmt.Errorf("motor: %w", tt.err)}
		address := serve(t, m, dummy(t))
		for _, said := range []string{"p", "P 1 1", "S", "K"} {
			if got := talk(t, address, said+"\nq\n"); got != tt.want {
				t.Errorf("%v to %q: %q, want %q", tt.err, said, got, tt.want)
			}
		}
		if got := talk(t, address, "+p\nq\n"); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%v to +p: %q", tt.err, got)
		}
	}
}

func TestTooManyClients(t *testing.T) {
	o := dummy(t)
	o.Clients = 2
	address := serve(t, &mount{where: []rotctl.Position{{}}}, o)
	ask := func(c net.Conn) error {
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(c, "S\n"); err != nil {
			return err
		}
		line, err := bufio.NewReader(c).ReadString('\n')
		if err == nil && line != "RPRT 0\n" {
			err = fmt.Errorf("%q", line)
		}
		return err
	}
	var all []net.Conn
	for i := range 3 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		all = append(all, c)
		if err := ask(c); (err != nil) != (i == 2) {
			t.Errorf("client %d of 2: %v", i+1, err)
		}
	}
	_ = all[0].Close()
	for range 1000 { // the seat is free when the server has seen that
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		err = ask(c)
		_ = c.Close()
		if err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("no seat after a client has gone")
}

// A client that says nothing, or no end of a word, is let go; the mount hears nothing.
func TestBadClients(t *testing.T) {
	o := dummy(t)
	o.Idle = 50 * time.Millisecond
	m := &mount{where: []rotctl.Position{{}}}
	address := serve(t, m, o)
	for _, said := range []string{"", "P 1", "\\" + strings.Repeat("x", 100), "P " + strings.Repeat("9", 100) + " 1\n"} {
		if got := talk(t, address, said); got != "" {
			t.Errorf("%.20q: %q", said, got)
		}
	}
	if m.all() != "" {
		t.Errorf("the mount heard %s", m.all())
	}
}

// Whatever comes, every answer is whole lines, and no position beyond the limits reaches
// the mount.
func FuzzServer(f *testing.F) {
	for _, s := range []string{"p\n", "+P 10 20\nP 500 1\n", ";\\dump_state\n", "P\n\n1\n2 q", "\\\x00", "#", "L 1 2 3\n_", "+", "M 8 1\nM 8 0\n", "P nan nan\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		if len(said) > 2000 {
			return
		}
		m := &limited{mount: mount{where: []rotctl.Position{{}}}, t: t, limits: dummy(t).Limits}
		ours, theirs := net.Pipe()
		l := &oneConn{conn: theirs, done: make(chan struct{})}
		ctx, cancel := context.WithCancel(context.Background())
		served := make(chan error, 1)
		go func() { served <- rotctl.Serve(ctx, l, m, dummy(t)) }()
		heard := make(chan string, 1)
		go func() {
			b, _ := io.ReadAll(ours)
			heard <- string(b)
		}()
		_, _ = ours.Write(said)
		_, _ = io.WriteString(ours, "\n1 1 1 1 q\nq\n") // ends what waits for arguments
		got := <-heard
		if got != "" && !strings.HasSuffix(got, "\n") {
			t.Errorf("%q answers %q", said, got)
		}
		cancel()
		<-served
	})
}

type limited struct {
	mount
	t      testing.TB
	limits rotctl.Limits
}

func (m *limited) Turn(ctx context.Context, p rotctl.Position) error {
	if !m.limits.Holds(p) {
		m.t.Errorf("turned to %v", p)
	}
	return m.mount.Turn(ctx, p)
}
