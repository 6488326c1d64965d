package link_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/link"
)

func TestNewStationReplacesTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := startGuard(t.Context())
		old := raw(t, g, `{"v":1,"type":"hello"}`)
		synctest.Wait()
		fresh := raw(t, g, `{"v":1,"type":"hello"}`)
		if _, err := old.r.ReadString('\n'); err != io.EOF {
			t.Errorf("old connection: %v; want its end", err)
		}
		g.Status(firmware.GuardStatus{Boot: "a"})
		if got := fresh.line(t); got.Type != link.TypeStatus {
			t.Errorf("new connection got %+v", got)
		}
		g.stop()
	})
}

// rawConn is a station that a test plays by hand.
type rawConn struct {
	net.Conn
	r *bufio.Reader
}

func raw(t *testing.T, g *guard, hello string) rawConn {
	t.Helper()
	conn, err := g.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, hello+"\n")
	return rawConn{conn, bufio.NewReader(conn)}
}

func (c rawConn) line(t *testing.T) link.Message {
	t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	m, err := link.Decode([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestServerAnswersWhatItDoesNotUnderstand(t *testing.T) {
	tests := []struct {
		name, line, answer string
		ends               bool
	}{
		{"unknown type is skipped", `{"v":1,"type":"tea"}`, "unknown type", false},
		{"no JSON is skipped", `tea`, "line", false},
		{"status is not for the guard", `{"v":1,"type":"status","status":{}}`, "comes from the guard", false},
		{"other version ends it", `{"v":9,"type":"want"}`, "version 9", true},
		{"long line ends it", strings.Repeat("x", link.MaxLine+1), "too long", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := startGuard(t.Context())
				c := raw(t, g, `{"v":1,"type":"hello"}`)
				go io.WriteString(c, tt.line+"\n"+`{"v":1,"type":"want","want":{"seq":5}}`+"\n")
				if m := c.line(t); m.Type != link.TypeError || !strings.Contains(m.Error, tt.answer) {
					t.Errorf("answer %+v; want %q", m, tt.answer)
				}
				synctest.Wait()
				if n := len(g.got()); (n == 0) != tt.ends {
					t.Errorf("%d wants after it", n)
				}
				c.Close()
				g.stop()
			})
		})
	}
}

func TestServerRefusesBadHello(t *testing.T) {
	for _, hello := range []string{`{"v":2,"type":"hello"}`, `{"v":1,"type":"want","want":{}}`, `GET / HTTP/1.1`} {
		synctest.Test(t, func(t *testing.T) {
			g := startGuard(t.Context())
			c := raw(t, g, hello)
			if m := c.line(t); m.Type != link.TypeError {
				t.Errorf("%s: answer %+v", hello, m)
			}
			if _, err := c.r.ReadByte(); err != io.EOF {
				t.Errorf("%s: %v; want the end", hello, err)
			}
			g.stop()
		})
	}
}

func TestServerNeverWaitsForADeadPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := startGuard(t.Context())
		c := raw(t, g, `{"v":1,"type":"hello"}`) // and never reads
		began := time.Now()
		for seq := range uint64(5000) {
			g.Event(firmware.GuardEvent{Seq: seq})
			g.Status(firmware.GuardStatus{Seq: seq})
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("server waited %v", took)
		}
		time.Sleep(2 * time.Second)
		if _, err := io.ReadAll(c.r); err != nil {
			t.Errorf("dead peer: %v; want the end", err)
		}
		silent, err := g.dial(t.Context()) // says no hello
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(silent); err != nil {
			t.Errorf("peer without hello: %v; want the end", err)
		}
		g.stop()
	})
}

func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guard.sock")
	l, err := link.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := link.Listen(path); err == nil || !strings.Contains(err.Error(), "another guard") {
		t.Errorf("second listen: %v", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close() // as after kill -9: the file stays
	l, err = link.Listen(path)
	if err != nil {
		t.Fatalf("old socket file: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s := link.NewServer(func(firmware.GuardWant) { cancel() }, link.ServerOpts{})
	s.Status(firmware.GuardStatus{Boot: "a"})
	c := link.NewClient(path, link.ClientOpts{})
	c.Want(firmware.GuardWant{})
	var ended sync.WaitGroup
	ended.Go(func() { c.Run(ctx) })
	if err := s.Serve(ctx, l); !errors.Is(err, context.Canceled) {
		t.Errorf("serve over a real socket: %v", err)
	}
	ended.Wait()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := link.Listen(file); err == nil {
		t.Error("a file that is no socket was replaced")
	}
}
