package other_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
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
	displaytest.Model
	end string // of a request
	on  string // what switches it on
	// what the device says, by what it was asked; "" is nothing
	reply func(f *far, request string) string
}

// split cuts requests off.
func (f *far) split(b []byte) int {
	if at := bytes.Index(b, []byte(f.end)); at >= 0 {
		return at + len(f.end)
	}
	return 0
}

func (f *far) answer(req []byte) string {
	f.Lock()
	defer f.Unlock()
	one := strings.TrimSuffix(string(req), f.end)
	f.Heard = append(f.Heard, one)
	return f.reply(f, one)
}

// powered notes a power command.
func (f *far) powered(request string) {
	f.Told = "off"
	if request == f.on {
		f.Told = "on"
	}
}

// at a pty.
func (f *far) onSerial(t *testing.T, timeout time.Duration) *line.Port {
	t.Helper()
	return displaytest.Line(t, line.Opts{Timeout: timeout}, f.split, f.answer)
}

// behind a TCP port.
func (f *far) onNetwork(t *testing.T, timeout time.Duration) *line.Port {
	t.Helper()
	addr := displaytest.Listen(t, func(c net.Conn) { displaytest.Serve(c, f.split, f.answer) })
	port := line.New(func() (io.ReadWriteCloser, error) {
		return new(net.Dialer).DialContext(context.Background(), "tcp", addr)
	}, line.Opts{Name: "tcp", Timeout: timeout})
	t.Cleanup(func() { _ = port.Close() })
	return port
}

// sharp is a Sharp television.
func sharp() *far {
	return &far{end: "\r", on: "POWR1   ", reply: func(f *far, r string) string {
		switch f.Mind {
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
		case r == "POWR????" && f.Now == hal.DisplayOn:
			return "1\r"
		case r == "POWR????":
			return "0\r"
		case strings.HasPrefix(r, "POWR"):
			f.powered(r)
		case strings.HasPrefix(r, "IAVD"):
			f.Chosen = r
		}
		return "OK\r"
	}}
}

// benq is a BenQ projector on the network, which repeats what it hears.
func benq() *far {
	return &far{end: "#\r", on: "pow=on", reply: func(f *far, r string) string {
		r = strings.Trim(r, "\r*")
		echo := ">*" + r + "#\r\n"
		switch f.Mind {
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
		case r == "pow=?" && f.Now == hal.DisplayOn:
			r = "pow=on"
		case r == "pow=?":
			r = "pow=off"
		case strings.HasPrefix(r, "pow="):
			f.powered(r)
		case strings.HasPrefix(r, "sour="):
			f.Chosen = r
		}
		return echo + "*" + strings.ToUpper(r) + "#\r\n"
	}}
}
