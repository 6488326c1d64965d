package other_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
	"stationbox/hal/tv/other"
)

// model reads an example file; a key nobody knows is an error.
func model(t testing.TB, file string) other.Model {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var m other.Model
	if err := toml.NewDecoder(f).DisallowUnknownFields().Decode(&m); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return m
}

func compiled(t testing.TB, m other.Model) *other.Plan {
	t.Helper()
	p, err := other.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// far is a device that speaks lines of text.
type far struct {
	end   string // of a request
	words map[string]string
	// what the device says, by what it was asked; "" is nothing
	reply func(f *far, request string) string

	mu       sync.Mutex
	mood     displaytest.Mood
	state    hal.DisplayState
	power    string
	selected string
	heard    []string
}

func (f *far) Become(d hal.DisplayState) { f.mu.Lock(); f.state = d; f.mu.Unlock() }

func (f *far) Mood(m displaytest.Mood) { f.mu.Lock(); f.mood = m; f.mu.Unlock() }

func (f *far) Power() (on, any bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.power == f.words["on"], f.power != ""
}

func (f *far) Selected() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.selected
}

func (f *far) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.heard...)
}

// serve answers at c until that is closed.
func (f *far) serve(c io.ReadWriter) {
	var got []byte
	b := make([]byte, 256)
	for {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		got = append(got, b[:n]...)
		for {
			one, rest, ok := bytes.Cut(got, []byte(f.end))
			if !ok {
				break
			}
			got = rest
			f.mu.Lock()
			f.heard = append(f.heard, string(one))
			answer := f.reply(f, string(one))
			f.mu.Unlock()
			_, _ = io.WriteString(c, answer)
		}
	}
}

// at a pty.
func (f *far) onSerial(t *testing.T, timeout time.Duration) *line.Port {
	t.Helper()
	name, end := linetest.PTY(t)
	done := make(chan struct{})
	go func() { defer close(done); f.serve(end) }()
	t.Cleanup(func() { _ = end.Close(); <-done })
	port := line.Open(name, line.Opts{Name: "ttyX", Timeout: timeout})
	t.Cleanup(func() { _ = port.Close() })
	return port
}

// behind a TCP port.
func (f *far) onNetwork(t *testing.T, timeout time.Duration) *line.Port {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { f.serve(c); _ = c.Close() })
		}
	})
	port := line.New(func() (io.ReadWriteCloser, error) {
		return new(net.Dialer).DialContext(context.Background(), "tcp", l.Addr().String())
	}, line.Opts{Name: "tcp", Timeout: timeout})
	t.Cleanup(func() { _ = port.Close(); _ = l.Close(); group.Wait() })
	return port
}

// sharp is a Sharp television.
func sharp() *far {
	return &far{end: "\r", words: map[string]string{"on": "POWR1   "}, reply: func(f *far, r string) string {
		switch f.mood {
		case displaytest.Silent:
			return ""
		case displaytest.Garbled:
			return "\xff\x00?\r"
		case displaytest.Cut:
			return "O"
		case displaytest.Refuses:
			return "ERR\r"
		}
		switch {
		case r == "POWR????" && f.state == hal.DisplayOn:
			return "1\r"
		case r == "POWR????":
			return "0\r"
		case strings.HasPrefix(r, "POWR"):
			f.power = r
		case strings.HasPrefix(r, "IAVD"):
			f.selected = r
		}
		return "OK\r"
	}}
}

// benq is a BenQ projector on the network, which repeats what it hears.
func benq() *far {
	return &far{end: "#\r", words: map[string]string{"on": "pow=on"}, reply: func(f *far, r string) string {
		r = strings.Trim(r, "\r*")
		echo := ">*" + r + "#\r\n"
		switch f.mood {
		case displaytest.Silent:
			return ""
		case displaytest.Garbled:
			return echo + "*POW=MAYBE#"
		case displaytest.Cut:
			return echo + "*PO"
		case displaytest.Refuses:
			return echo + "*Block item#\r\n"
		}
		switch {
		case r == "pow=?" && f.state == hal.DisplayOn:
			r = "pow=on"
		case r == "pow=?":
			r = "pow=off"
		case strings.HasPrefix(r, "pow="):
			f.power = r
		case strings.HasPrefix(r, "sour="):
			f.selected = r
		}
		return echo + "*" + strings.ToUpper(r) + "#\r\n"
	}}
}
