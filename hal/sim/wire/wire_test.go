package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal/sim/wire"
)

// patience is how long a busy machine may take for what is done at once.
const patience = 10 * time.Second

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within %v", what, patience)
}

func TestParseFault(t *testing.T) {
	for _, name := range wire.Faults() {
		if f, err := wire.ParseFault(name); err != nil || string(f) != name {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if _, err := wire.ParseFault("loud"); err == nil || !strings.Contains(err.Error(), "silent") {
		t.Errorf("unknown fault: %v, want the known ones listed", err)
	}
}

func TestSpoil(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	frame := []byte("0123456789")
	cases := map[wire.Fault]func(b []byte) bool{
		wire.None:      func(b []byte) bool { return bytes.Equal(b, frame) },
		wire.Late:      func(b []byte) bool { return bytes.Equal(b, frame) },
		wire.Silent:    func(b []byte) bool { return len(b) == 0 },
		wire.Unplugged: func(b []byte) bool { return len(b) == 0 },
		wire.Cut:       func(b []byte) bool { return string(b) == "01234" },
		wire.Garbled:   func(b []byte) bool { return len(b) == 10 && !bytes.Equal(b, frame) },
	}
	for f, ok := range cases {
		if got := f.Spoil(frame, rng); !ok(got) {
			t.Errorf("%s: %q", f, got)
		}
	}
	if string(frame) != "0123456789" {
		t.Error("the frame itself was changed")
	}
}

func newPTY(t *testing.T) *wire.PTY {
	t.Helper()
	p, err := wire.OpenPTY(filepath.Join(t.TempDir(), "meter"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func openClient(t *testing.T, p *wire.PTY) *os.File {
	t.Helper()
	fd, err := unix.Open(p.Path(), unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), p.Path())
	t.Cleanup(func() { _ = f.Close() })
	if err := f.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPTYCarriesBytesBothWaysUnchanged(t *testing.T) {
	p := newPTY(t)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for range 2 { // closed and opened again by the client
		c := openClient(t, p)
		if _, err := p.Write(all); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 256)
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, all) {
			t.Fatalf("to the client: %v, % x", err, got)
		}
		if _, err := c.Write(all); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(p, got); err != nil || !bytes.Equal(got, all) {
			t.Fatalf("from the client: %v, % x", err, got)
		}
		_ = c.Close()
	}
}

func TestPTYUnplugAndReplug(t *testing.T) {
	p := newPTY(t)
	c := openClient(t, p)
	got := make(chan string, 1)
	go func() {
		b := make([]byte, 16)
		n, _ := p.Read(b)
		got <- string(b[:n])
	}()
	p.Unplug()
	if _, err := os.Lstat(p.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("unplugged, but %s is there: %v", p.Path(), err)
	}
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("client read %d bytes from an unplugged line", n)
	}
	if _, err := p.Write([]byte("x")); !errors.Is(err, wire.ErrUnplugged) {
		t.Errorf("write while unplugged: %v", err)
	}
	if err := p.Replug(); err != nil {
		t.Fatal(err)
	}
	c = openClient(t, p)
	if _, err := c.Write([]byte("again")); err != nil {
		t.Fatal(err)
	}
	select {
	case s := <-got:
		if s != "again" {
			t.Errorf("read %q", s)
		}
	case <-time.After(patience):
		t.Error("the reader did not survive the replug")
	}
}

func TestPTYReadEndsWithItsContextAndAtClose(t *testing.T) {
	p := newPTY(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.ReadContext(ctx, make([]byte, 1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after its context: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := p.Read(make([]byte, 1))
		ended <- err
	}()
	_ = p.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("at close: %v", err)
		}
	case <-time.After(patience):
		t.Error("read did not end at close")
	}
	if err := p.Replug(); err == nil {
		t.Error("replugged after close")
	}
}

func TestPTYCountsAndDropsWhatNobodyReads(t *testing.T) {
	p := newPTY(t)
	for range 50 {
		if _, err := p.Write(make([]byte, 52)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "2600 bytes pending", func() bool { return p.Pending() == 2600 })
	p.Drop()
	if n := p.Pending(); n != 0 {
		t.Errorf("%d bytes pending after the drop", n)
	}
}

func TestPTYTakesOffTheExclusiveMark(t *testing.T) {
	p := newPTY(t)
	c := openClient(t, p)
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	exclusive := func() (on int) {
		_ = raw.Control(func(fd uintptr) {
			n, err := unix.IoctlGetInt(int(fd), unix.TIOCGEXCL)
			if err != nil {
				t.Fatal(err)
			}
			on = n
		})
		return on
	}
	_ = raw.Control(func(fd uintptr) { err = unix.IoctlSetInt(int(fd), unix.TIOCEXCL, 0) })
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "exclusive mark off", func() bool { return exclusive() == 0 })
}

func TestTCPUnplugAndReplugKeepThePort(t *testing.T) {
	l, err := wire.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- l.Serve(ctx, func(_ context.Context, c net.Conn) { _, _ = io.Copy(c, c) })
	}()
	echo := func() (net.Conn, error) {
		c, err := net.DialTimeout("tcp", l.Addr().String(), patience)
		if err != nil {
			return nil, err
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		b := []byte("hi")
		_, _ = c.Write(b)
		_, err = io.ReadFull(c, b)
		return c, err
	}
	c, err := echo()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	l.Unplug()
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("open connection after the unplug: %v", err)
	}
	if _, err := echo(); err == nil {
		t.Error("dialled an unplugged port")
	}
	if err := l.Replug(); err != nil {
		t.Fatal(err)
	}
	c2, err := echo()
	if err != nil {
		t.Fatalf("after the replug: %v", err)
	}
	defer func() { _ = c2.Close() }()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("Serve did not end")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestListenTCPBusy(t *testing.T) {
	l, err := wire.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := wire.ListenTCP(l.Addr().String()); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("busy port: %v, want an error with the address", err)
	}
}
