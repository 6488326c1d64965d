package player

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// pipe is a conn and the other end of it.
func pipe(t *testing.T, handle func(message)) (*conn, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	c := &conn{nc: near, handle: handle, garbled: func(error) {}, done: make(chan struct{}), waiting: map[int64]func(message){}}
	go c.read()
	t.Cleanup(func() {
		_ = far.Close()
		c.close()
	})
	return c, far
}

func TestReplyAfterGarbageAndEventsAndOversize(t *testing.T) {
	var seen []string
	c, far := pipe(t, func(m message) { seen = append(seen, m.Event) })
	go func() {
		_, _ = bufio.NewReader(far).ReadString('\n')
		_, _ = far.Write([]byte(`{"data":}` + "\n")) // what mpv really sends for screenshot-raw
		_, _ = far.Write([]byte(strings.Repeat("x", 2*maxLine) + "\n"))
		_, _ = far.Write([]byte(`{"event":"idle"}` + "\n" + `{"request_id":77,"error":"success"}` + "\n"))
		_, _ = far.Write([]byte(`{"data":1.5,"request_id":1,"error":"success"}` + "\n"))
	}()
	data, err := c.call(t.Context(), 10*time.Second, []any{"get_property", "time-pos"})
	if err != nil || string(data) != "1.5" {
		t.Errorf("%s, %v", data, err)
	}
	if len(seen) != 1 || seen[0] != "idle" {
		t.Errorf("events %v", seen)
	}
}

func TestCallIsBounded(t *testing.T) {
	c, far := pipe(t, func(message) {})
	go func() { _, _ = bufio.NewReader(far).ReadString('\n') }()
	if _, err := c.call(t.Context(), 20*time.Millisecond, []any{"a"}); !errors.Is(err, errNoReply) {
		t.Errorf("silent mpv: %v", err)
	}
	if _, err := c.call(t.Context(), 20*time.Millisecond, []any{"b"}); !errors.Is(err, errClosed) {
		t.Errorf("mpv that does not read: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, far2 := pipe(t, func(message) {})
	go func() { _, _ = bufio.NewReader(far2).ReadString('\n') }()
	if _, err := d.call(ctx, time.Minute, []any{"c"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	_ = far2.Close()
	if _, err := d.call(t.Context(), time.Minute, []any{"d"}); !errors.Is(err, errClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestRefusalIsMpvsOwnWord(t *testing.T) {
	c, far := pipe(t, func(message) {})
	go func() {
		_, _ = bufio.NewReader(far).ReadString('\n')
		_, _ = far.Write([]byte(`{"request_id":1,"error":"property unavailable"}` + "\n"))
	}()
	_, err := c.call(t.Context(), 10*time.Second, []any{"get_property", "x"})
	var refused replyError
	if !errors.As(err, &refused) || string(refused) != "property unavailable" || fatal(err) != nil {
		t.Errorf("%v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"event":"property-change","id":6,"name":"time-pos","data":15.0}`))
	f.Add([]byte(`{"event":"end-file","reason":"error","playlist_entry_id":3,"file_error":"loading failed"}`))
	f.Add([]byte(`{"data":}`))
	f.Add([]byte(`{"event":"property-change","name":"time-pos","data":1e999}`))
	f.Add([]byte(`{"event":"property-change","name":"frame-drop-count","data":-9223372036854775808}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 {
			return
		}
		m, err := decode(line)
		if err != nil {
			return
		}
		p := New(Opts{})
		p.view.settled, p.settled, p.want = 1, 1, wish{gen: 1, item: item{id: 1, file: "f"}}
		p.handle(m)
		if s := p.State(); s.FramesShown < 0 || s.Position < 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestEscape(t *testing.T) {
	got := Escape("{\\an5}\r\n第一课")
	if want := "\\{\\\u2060an5}\\N第一课"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTheTitleNamesTheOptions(t *testing.T) {
	a := New(Opts{RunDir: "/run/a"})
	for _, o := range []Opts{{RunDir: "/run/b"}, {RunDir: "/run/a", Video: "x11"}, {RunDir: "/run/a", Display: ":1"},
		{RunDir: "/run/a", Program: "x"}, {RunDir: "/run/a", Args: []string{"--x"}}} {
		if title(New(o).o) == title(a.o) {
			t.Errorf("same title for %+v", o)
		}
	}
	if title(a.o) != title(New(Opts{RunDir: "/run/a", KeepOnExit: true, HangAfter: time.Hour}).o) {
		t.Error("another title for the same mpv")
	}
}

func TestOldEventsMakeRoom(t *testing.T) {
	p := New(Opts{})
	for i := range 300 {
		p.mu.Lock()
		p.emitLocked(Event{Kind: Died, File: "f", Position: time.Duration(i)})
		p.mu.Unlock()
	}
	if e := <-p.Events(); e.Position != 44 {
		t.Errorf("oldest event is %d", e.Position)
	}
}

// TestInvalidJSONOfMpvItself: a raw screenshot is answered with bytes that are no
// JSON. It is not waited for longer than its bound, and the link lives.
func TestInvalidJSONOfMpvItself(t *testing.T) {
	if _, err := exec.LookPath("mpv"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "player")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	p := New(Opts{RunDir: dir, Video: "null", Audio: "null", Args: []string{"--screenshot-sw=yes"}})
	m, err := start(p.o)
	if err != nil {
		t.Fatal(err)
	}
	defer m.kill()
	skipped := make(chan error, 16)
	p.garbled = func(err error) { skipped <- err }
	c, err := p.reach(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	call := func(command ...any) error {
		_, err := c.call(t.Context(), 20*time.Second, command)
		return err
	}
	if err := call("loadfile", "av://lavfi:testsrc=s=320x180"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err := c.call(t.Context(), 2*time.Second, []any{"screenshot-raw"})
		if errors.Is(err, errNoReply) {
			break
		}
		if time.Now().After(end) { // no picture yet, or an mpv that answers in JSON
			t.Fatalf("a raw screenshot is answered: %v", err)
		}
	}
	select {
	case err := <-skipped:
		t.Log(err)
	case <-time.After(20 * time.Second):
		t.Error("nothing was skipped")
	}
	if _, err := getSeconds(t.Context(), c, 20*time.Second, "time-pos"); err != nil {
		t.Errorf("after it: %v", err)
	}
}
