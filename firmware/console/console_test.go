package console

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// plug is the near end of a cable that tests can pull.
type plug struct {
	mu   sync.Mutex
	conn net.Conn
	gone chan struct{} // closed when somebody has tried the cable and it was not there
}

// noticed says that the cable is not there.
func (p *plug) noticed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone != nil {
		close(p.gone)
		p.gone = nil
	}
	return hal.ErrGone
}

// pull takes the cable away and waits until that is noticed.
func (p *plug) pull() {
	gone := make(chan struct{})
	p.mu.Lock()
	p.gone = gone
	p.mu.Unlock()
	p.set(nil)
	<-gone
}

func (p *plug) set(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		_ = p.conn.Close()
	}
	p.conn = c
}

func (p *plug) io(ctx context.Context, do func(net.Conn) (int, error)) (int, error) {
	p.mu.Lock()
	c := p.conn
	p.mu.Unlock()
	if c == nil {
		return 0, p.noticed()
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	n, err := do(c)
	if err != nil && ctx.Err() != nil {
		return n, hal.ErrSilent
	}
	if err == io.EOF {
		return n, io.EOF
	}
	if err != nil {
		return n, p.noticed()
	}
	return n, nil
}

func (p *plug) Read(ctx context.Context, b []byte) (int, error) {
	return p.io(ctx, func(c net.Conn) (int, error) { return c.Read(b) })
}

func (p *plug) Write(ctx context.Context, b []byte) (int, error) {
	return p.io(ctx, func(c net.Conn) (int, error) { return c.Write(b) })
}

// desk is a technician at the far end.
type desk struct {
	t    *testing.T
	near *plug
	far  net.Conn
	mu   sync.Mutex
	seen strings.Builder
	done chan error
}

func (d *desk) connect() {
	near, far := net.Pipe()
	d.far = far
	d.near.set(near)
	go func() {
		buf := make([]byte, 256)
		for {
			n, err := far.Read(buf)
			d.mu.Lock()
			d.seen.Write(buf[:n])
			d.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, near: &plug{}, done: make(chan error, 1)}
	d.connect()
	table := command.New(
		command.Command{Name: "echo", Help: "cmd.help.help", Run: func(_ context.Context, _ *command.Env, args []string) (command.Result, error) {
			return command.Result{Text: "[" + strings.Join(args, "|") + "]"}, nil
		}},
		command.Command{Name: "wait", Help: "cmd.help.help", Run: func(ctx context.Context, _ *command.Env, _ []string) (command.Result, error) {
			<-ctx.Done()
			return command.Result{}, ctx.Err()
		}},
	)
	env := func() *command.Env { return &command.Env{Text: text.New("en"), By: "console", Now: time.Now} }
	ctx, cancel := context.WithCancel(context.Background())
	go func() { d.done <- New(d.near, table, env, Opts{Name: "Wangjia"}).Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-d.done:
		case <-time.After(20 * time.Second):
			t.Error("the console does not end")
		}
	})
	d.expect("Station Wangjia.", "> ")
	return d
}

func (d *desk) types(s string) {
	d.t.Helper()
	_ = d.far.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := d.far.Write([]byte(s)); err != nil {
		d.t.Fatal(err)
	}
}

// expect waits until the parts have appeared in this order, and forgets them.
func (d *desk) expect(parts ...string) {
	d.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for _, part := range parts {
		for {
			d.mu.Lock()
			seen := d.seen.String()
			_, rest, ok := strings.Cut(seen, part)
			if ok {
				d.seen.Reset()
				d.seen.WriteString(rest)
			}
			d.mu.Unlock()
			if ok {
				break
			}
			if time.Now().After(deadline) {
				d.t.Fatalf("no %q in %q", part, seen)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func TestCommands(t *testing.T) {
	d := newDesk(t)
	d.types("echo 王秀英 \"two words\"\r\n")
	d.expect("echo 王秀英", "\r\n[王秀英|two words]\r\n> ")
	d.types("\r")
	d.expect("\r\n> ")
	d.types("ehco\r")
	d.expect("did you mean echo", "> ")
	d.types("help\r")
	d.expect("wait", "list the commands", "> ")
	d.types("wait\rdropped")
	d.types("\x03")
	d.expect("stopped\r\n> ")
	d.types("echo again\r")
	d.expect("[again]")
}

func TestPulledPlug(t *testing.T) {
	d := newDesk(t)
	d.types("echo half")
	d.expect("echo half")
	_ = d.far.SetDeadline(time.Now())
	d.near.pull()
	d.connect()
	d.types("\r")
	d.expect("Station Wangjia.", "> ")
	d.types("echo whole\r")
	d.expect("[whole]")
}

func TestHungUp(t *testing.T) {
	d := newDesk(t)
	_ = d.far.Close()
	select {
	case err := <-d.done:
		if !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
		d.done <- nil
	case <-time.After(15 * time.Second):
		t.Fatal("still there")
	}
}

func TestLine(t *testing.T) {
	tests := []struct{ name, in, want, echo string }{
		{"plain", "status", "status", "status"},
		{"backspace", "ab\bc", "ac", "ab\b \bc"},
		{"delete key", "ab\x7fc", "ac", "ab\b \bc"},
		{"backspace at the start", "\b\ba", "a", "a"},
		{"Chinese", "王秀", "王秀", "王秀"},
		{"backspace over Chinese", "a王\bb", "ab", "a王\b\b  \b\bb"},
		{"Ctrl-U", "ab\x15c", "c", "ab\b \b\b \bc"},
		{"Ctrl-W", "roll ab \x17c", "roll c", "roll ab \b \b\b \b\b \bc"},
		{"arrow keys", "a\x1b[A\x1bOB\x1b[3~b", "ab", "ab"},
		{"noise", "\x00\xff\xfe\x80a\xe7\x8eb\x01", "ab", "ab"},
		{"tab", "a\tb", "a b", "a b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l line
			var echo strings.Builder
			for _, b := range []byte(tt.in) {
				e, _ := l.feed(b)
				echo.Write(e)
			}
			if got := l.take(); got != tt.want || echo.String() != tt.echo {
				t.Errorf("got %q echo %q, want %q echo %q", got, echo.String(), tt.want, tt.echo)
			}
		})
	}
}

func TestLineIsBounded(t *testing.T) {
	var l line
	bells := 0
	for range 10_000 {
		if e, _ := l.feed('x'); string(e) == "\a" {
			bells++
		}
	}
	if n := len(l.take()); n != maxLine || bells != 10_000-maxLine {
		t.Errorf("%d bytes, %d bells", n, bells)
	}
}

func TestWords(t *testing.T) {
	tests := map[string]string{
		``: "", `  a  b `: "a|b", `"a b" c`: "a b|c", `say ''`: "say|", `un"closed q`: "unclosed q", `王　李`: "王|李",
	}
	for in, want := range tests {
		if got := strings.Join(words(in), "|"); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add([]byte("roll 王\b\x15\x1b[A\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var l line
		for _, b := range in {
			if _, what := l.feed(b); what == entered {
				words(l.take())
			}
			if len(l.text) > maxLine || len(l.rune) > 4 {
				t.Fatalf("line %d, character %d bytes", len(l.text), len(l.rune))
			}
		}
		if s := l.take(); !strings.ContainsRune(s, '\ufffd') && strings.ToValidUTF8(s, "?") != s {
			t.Errorf("%q is not UTF-8", s)
		}
	})
}
