package line_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
)

// A pseudo terminal has no parity bit and drops PARENB, but it keeps whether
// the kernel checks it and which of the two it would be.
func TestParityOfATerminal(t *testing.T) {
	for _, c := range []struct {
		name         string
		parity       line.Parity
		checked, odd bool
	}{
		{"none", line.NoParity, false, false},
		{"even", line.EvenParity, true, false},
		{"odd", line.OddParity, true, true},
		{"even after odd", line.EvenParity, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, far := linetest.PTY(t)
			before := line.Open(name, line.Opts{Parity: line.OddParity})
			expect(t, before, far, "up")
			_ = before.Close()
			p := line.Open(name, line.Opts{Baud: 4800, Parity: c.parity})
			defer p.Close()
			expect(t, p, far, "up\x00\xff\x11")
			term := settings(t, name)
			if checked := term.Iflag&unix.INPCK != 0; checked != c.checked {
				t.Errorf("parity checked: %v", checked)
			}
			if odd := term.Cflag&unix.PARODD != 0; odd != c.odd {
				t.Errorf("odd: %v", odd)
			}
			if speed := term.Cflag & unix.CBAUD; speed != unix.B4800 {
				t.Errorf("speed %#o, want B4800", speed)
			}
		})
	}
}

func settings(t *testing.T, name string) *unix.Termios {
	t.Helper()
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	term, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return term
}

func TestUnknownParityNeverOpens(t *testing.T) {
	name, _ := linetest.PTY(t)
	p := line.Open(name, line.Opts{Parity: 3})
	defer p.Close()
	if _, err := p.Listen(within(t), untilCR); !errors.Is(err, hal.ErrGone) || !strings.Contains(err.Error(), "parity 3") {
		t.Errorf("Listen = %v", err)
	}
}

// What piled up while nobody read is older than the call and not handed over.
func TestListenTakesOnlyWhatComesLater(t *testing.T) {
	p, far := openPTY(t, line.Opts{Timeout: patience})
	expect(t, p, far, "up")
	if _, err := far.Write(bytes.Repeat([]byte("old\r"), 900)); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	talker := make(chan struct{})
	go func() {
		defer close(talker)
		for {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
				_, _ = far.Write([]byte("new\r"))
			}
		}
	}()
	got, err := p.Listen(within(t), func(b []byte) (int, error) {
		if bytes.Count(b, []byte("\r")) < 2 {
			return 0, nil
		}
		return len(b), nil
	})
	close(stop)
	<-talker
	if err != nil || bytes.Contains(got, []byte("old")) || !bytes.Contains(got, []byte("new\r")) {
		t.Errorf("Listen = %q, %v", got, err)
	}
}

func TestListenErrors(t *testing.T) {
	refused := errors.New("wrong kind")
	for _, c := range []struct {
		name string
		said string
		done func([]byte) (int, error)
		want error
		text string
	}{
		{"nothing", "", untilCR, hal.ErrSilent, "no reply"},
		{"half", "hal", untilCR, hal.ErrGarbled, "cut off after 3 bytes"},
		{"endless", strings.Repeat("x", 40), untilCR, hal.ErrGarbled, "more than 32 bytes"},
		{"done says no", "x", func([]byte) (int, error) { return 0, refused }, refused, "wrong kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				p := line.New(func() (io.ReadWriteCloser, error) { return near, nil },
					line.Opts{Name: "ttyX", Timeout: 300 * time.Millisecond, MaxReply: 32})
				defer p.Close()
				go func() {
					time.Sleep(10 * time.Millisecond)
					if c.said != "" {
						_, _ = io.WriteString(far, c.said)
					}
				}()
				start := time.Now()
				got, err := p.Listen(t.Context(), c.done)
				if got != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
					t.Errorf("Listen = %q, %v; want %v with %q", got, err, c.want, c.text)
				}
				if d := time.Since(start); d > 310*time.Millisecond {
					t.Errorf("Listen took %v", d)
				}
				_ = far.Close()
			})
		})
	}
}

func TestListenIsBoundedByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		p := line.New(func() (io.ReadWriteCloser, error) { return near, nil }, line.Opts{Timeout: time.Hour})
		defer p.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := p.Listen(ctx, untilCR); !errors.Is(err, hal.ErrSilent) || time.Since(start) > 60*time.Millisecond {
			t.Errorf("Listen = %v after %v", err, time.Since(start))
		}
	})
}
