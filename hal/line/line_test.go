package line_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
)

// patience is how long a test waits for what must happen on a busy machine.
const patience = 20 * time.Second

func openPTY(t *testing.T, o line.Opts) (*line.Port, *os.File) {
	t.Helper()
	name, far := linetest.PTY(t)
	p := line.Open(name, o)
	t.Cleanup(func() { _ = p.Close() })
	return p, far
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// untilCR is the end of a reply in these tests.
func untilCR(b []byte) (int, error) { return bytes.IndexByte(b, '\r') + 1, nil }

// serve answers each request that ends in CR, until far is closed.
func serve(t *testing.T, far io.ReadWriter, answer func(req string) []string) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		var req []byte
		b := make([]byte, 1)
		for {
			if _, err := far.Read(b); err != nil {
				return
			}
			if req = append(req, b[0]); b[0] != '\r' {
				continue
			}
			for _, a := range answer(string(req)) {
				if _, err := io.WriteString(far, a); err != nil {
					return
				}
			}
			req = nil
		}
	}()
	t.Cleanup(func() { _ = far.(io.Closer).Close(); <-done })
}

func TestExchangeOverPTY(t *testing.T) {
	p, far := openPTY(t, line.Opts{Timeout: patience})
	serve(t, far, func(req string) []string { return []string{"you said ", req + "and more"} })
	for range 50 {
		got, err := p.Exchange(within(t), []byte("hello\x11\x13\x00\xff\r"), untilCR)
		if string(got) != "you said hello\x11\x13\x00\xff\r" || err != nil {
			t.Fatalf("Exchange = %q, %v", got, err)
		}
	}
	if err := p.State(); err != nil {
		t.Errorf("State of an open line: %v", err)
	}
}

func TestExchangeErrors(t *testing.T) {
	refused := errors.New("wrong unit")
	for _, c := range []struct {
		name   string
		answer []string
		done   func([]byte) (int, error)
		want   error
		text   string
	}{
		{"nothing", nil, untilCR, hal.ErrSilent, "no reply"},
		{"half", []string{"hal"}, untilCR, hal.ErrGarbled, "cut off after 3 bytes"},
		{"endless", []string{strings.Repeat("x", 64)}, untilCR, hal.ErrGarbled, "more than 32 bytes"},
		{"done says no", []string{"x"}, func([]byte) (int, error) { return 0, refused }, refused, "wrong unit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, far := openPTY(t, line.Opts{Name: "ttyX", Timeout: 200 * time.Millisecond, MaxReply: 32})
			serve(t, far, func(string) []string { return c.answer })
			got, err := p.Exchange(within(t), []byte("?\r"), c.done)
			if got != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("Exchange = %q, %v; want %v with %q", got, err, c.want, c.text)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "ttyX: ") {
				t.Errorf("error %q does not name the line", err)
			}
			if err := p.State(); err != nil {
				t.Errorf("a bad answer closed the line: %v", err)
			}
		})
	}
}

func TestExchangeFlushesTheTerminal(t *testing.T) {
	name, far := linetest.PTY(t)
	p := line.Open(name, line.Opts{Timeout: patience})
	defer p.Close()
	expect(t, p, far, "open")
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := io.WriteString(far, "late answer\r"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "late answer in the buffer", func() bool {
		n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
		return err == nil && n >= len("late answer\r")
	})
	serve(t, far, func(string) []string { return []string{"right\r"} })
	if got, err := p.Exchange(within(t), []byte("?\r"), untilCR); string(got) != "right\r" || err != nil {
		t.Errorf("Exchange = %q, %v", got, err)
	}
}

func TestExchangeDropsOldBytes(t *testing.T) {
	far, near := net.Pipe()
	p := line.New(func() (io.ReadWriteCloser, error) { return near, nil }, line.Opts{Timeout: patience})
	defer p.Close()
	go func() { _, _ = io.WriteString(far, "late answer\r") }()
	serve(t, far, func(string) []string { return []string{"right\r"} })
	waitFor(t, "the right answer", func() bool {
		got, err := p.Exchange(within(t), []byte("?\r"), untilCR)
		return err == nil && string(got) == "right\r"
	})
}

func TestUnpluggedLineComesBack(t *testing.T) {
	link := filepath.Join(t.TempDir(), "tty")
	first, far := linetest.PTY(t)
	relink(t, first, link)
	p := line.Open(link, line.Opts{Name: "ttyX", Timeout: patience})
	defer p.Close()
	expect(t, p, far, "before")

	_ = far.Close()
	b := make([]byte, 16)
	if _, err := p.Read(within(t), b); !errors.Is(err, hal.ErrGone) {
		t.Fatalf("Read of an unplugged line: %v, want not connected", err)
	}
	if err := p.State(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("State = %v, want not connected", err)
	}
	if _, err := p.Exchange(within(t), []byte("x"), untilCR); !errors.Is(err, hal.ErrGone) {
		t.Errorf("Exchange on an unplugged line: %v, want not connected", err)
	}
	second, far := linetest.PTY(t)
	relink(t, second, link)
	expect(t, p, far, "after")
}

func relink(t *testing.T, target, link string) {
	t.Helper()
	_ = os.Remove(link)
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
}

// expect waits until text, sent by far again and again, arrives at p.
func expect(t *testing.T, p *line.Port, far *os.File, text string) {
	t.Helper()
	waitFor(t, text, func() bool {
		if _, err := io.WriteString(far, text); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		b := make([]byte, 256)
		n, err := p.Read(ctx, b)
		return err == nil && strings.Contains(string(b[:n]), text)
	})
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if ok() {
			return
		}
	}
	t.Fatalf("no %s in %v", what, patience)
}

func TestMissingDevice(t *testing.T) {
	p := line.Open(filepath.Join(t.TempDir(), "ttyNone"), line.Opts{})
	defer p.Close()
	if err := p.State(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("State before use = %v", err)
	}
	_, err := p.Exchange(within(t), []byte("x"), untilCR)
	if !errors.Is(err, hal.ErrGone) || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "ttyNone") {
		t.Errorf("Exchange = %v, want not connected, no such file", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Read(ctx, make([]byte, 1)); !errors.Is(err, hal.ErrGone) {
		t.Errorf("Read = %v, want not connected", err)
	}
}

func TestNotATerminal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := line.Open(name, line.Opts{})
	defer p.Close()
	if _, err := p.Exchange(within(t), []byte("x"), untilCR); !errors.Is(err, hal.ErrGone) {
		t.Errorf("Exchange with a file = %v, want not connected", err)
	}
}

func TestLockedDevice(t *testing.T) {
	name, far := linetest.PTY(t)
	serve(t, far, func(req string) []string { return []string{req} })
	first, second := line.Open(name, line.Opts{Timeout: patience}), line.Open(name, line.Opts{Timeout: patience})
	defer first.Close()
	defer second.Close()
	if _, err := first.Exchange(within(t), []byte("1\r"), untilCR); err != nil {
		t.Fatal(err)
	}
	_, err := second.Exchange(within(t), []byte("2\r"), untilCR)
	if !errors.Is(err, hal.ErrGone) || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second opener: %v, want in use", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "freed line", func() bool {
		_, err := second.Exchange(within(t), []byte("3\r"), untilCR)
		return err == nil
	})
}

func TestOpenLineIsNotInheritedNorExclusive(t *testing.T) {
	name, far := linetest.PTY(t)
	p := line.Open(name, line.Opts{Timeout: patience})
	defer p.Close()
	expect(t, p, far, "open")
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	found := 0
	for _, e := range fds {
		path := filepath.Join("/proc/self/fd", e.Name())
		if to, _ := os.Readlink(path); to != name {
			continue
		}
		found++
		info, _ := os.ReadFile(filepath.Join("/proc/self/fdinfo", e.Name()))
		if !strings.Contains(string(info), "flags:\t02") { // O_CLOEXEC is 02000000
			t.Errorf("descriptor %s of %s would be inherited: %s", e.Name(), name, info)
		}
	}
	if found != 2 { // the test's own and the port's
		t.Errorf("%d descriptors of %s, want 2", found, name)
	}
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("second open: %v", err)
	}
	defer unix.Close(fd)
	if ex, err := unix.IoctlGetInt(fd, unix.TIOCGEXCL); ex != 0 || err != nil {
		t.Errorf("the terminal is left exclusive: %d, %v", ex, err)
	}
}

func TestWriteIntoDeafFarEnd(t *testing.T) {
	p, _ := openPTY(t, line.Opts{Timeout: 50 * time.Millisecond, Baud: 4000000})
	n, err := p.Write(within(t), make([]byte, 64<<10))
	if n >= 64<<10 || !errors.Is(err, hal.ErrSilent) {
		t.Errorf("Write = %d, %v; want no reply", n, err)
	}
	if err := p.State(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("State after a stuck write = %v", err)
	}
}

func TestReadEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*line.Port, context.CancelFunc)
		want error
	}{
		{"by its context", func(_ *line.Port, cancel context.CancelFunc) { cancel() }, hal.ErrSilent},
		{"by Close", func(p *line.Port, _ context.CancelFunc) { _ = p.Close() }, hal.ErrGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, far := openPTY(t, line.Opts{})
			expect(t, p, far, "up")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			got := make(chan error, 1)
			go func() {
				_, err := p.Read(ctx, make([]byte, 8))
				for err == nil { // what expect left over
					_, err = p.Read(ctx, make([]byte, 8))
				}
				got <- err
			}()
			c.end(p, cancel)
			select {
			case err := <-got:
				if !errors.Is(err, c.want) {
					t.Errorf("Read = %v, want %v", err, c.want)
				}
			case <-time.After(patience):
				t.Fatal("Read does not end")
			}
		})
	}
}

func TestReadWorksAfterACancelledOne(t *testing.T) {
	p, far := openPTY(t, line.Opts{})
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		_, _ = p.Read(ctx, make([]byte, 8))
		expect(t, p, far, "again")
	}
}

func TestReadUntil(t *testing.T) {
	p, far := openPTY(t, line.Opts{})
	b := make([]byte, 8)
	if _, err := p.ReadUntil(b, time.Now().Add(20*time.Millisecond)); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("ReadUntil with nothing there: %v", err)
	}
	if _, err := io.WriteString(far, "abc"); err != nil {
		t.Fatal(err)
	}
	n, err := p.ReadUntil(b, time.Now().Add(patience))
	if n < 1 || b[0] != 'a' || err != nil {
		t.Errorf("ReadUntil = %q, %v", b[:n], err)
	}
	_ = p.Close()
	if _, err := p.ReadUntil(b, time.Now().Add(patience)); !errors.Is(err, hal.ErrGone) {
		t.Errorf("ReadUntil after Close: %v", err)
	}
}

func TestReadUntilAllocatesNothing(t *testing.T) {
	p, far := openPTY(t, line.Opts{})
	b := make([]byte, 64)
	frame := make([]byte, 52)
	expect(t, p, far, "up")
	allocs := testing.AllocsPerRun(200, func() {
		_, _ = far.Write(frame)
		if _, err := p.ReadUntil(b, time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	})
	if allocs >= 1 {
		t.Errorf("%v allocations for one read", allocs)
	}
}
