package rotctl_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/rotctl"
)

// at is a position in degrees.
func at(t testing.TB, az, el float64) rotctl.Position {
	t.Helper()
	a, okA := rotctl.Degrees(az)
	e, okE := rotctl.Degrees(el)
	if !okA || !okE {
		t.Fatalf("%v, %v is no position", az, el)
	}
	return rotctl.Position{Azimuth: a, Elevation: e}
}

// mount is what stands behind a face in tests: it says what it is told to say, and keeps
// what it was asked.
type mount struct {
	mu    sync.Mutex
	where []rotctl.Position // said one after the other, the last for ever
	err   error
	heard []string
}

func (m *mount) note(format string, args ...any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heard = append(m.heard, fmt.Sprintf(format, args...))
	return m.err
}

func (m *mount) all() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.heard, ", ")
}

func (m *mount) Position(context.Context) (hal.Reading[rotctl.Position], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := hal.Reading[rotctl.Position]{Value: m.where[0], At: time.Now()}
	if len(m.where) > 1 {
		m.where = m.where[1:]
	}
	return r, m.err
}

func (m *mount) Turn(_ context.Context, p rotctl.Position) error {
	return m.note("turn %.2f %.2f", degrees(p)[0], degrees(p)[1])
}
func (m *mount) Stop(context.Context) error { return m.note("stop") }
func (m *mount) Park(context.Context) error { return m.note("park") }
func (m *mount) Move(_ context.Context, d rotctl.Direction, speed int) error {
	return m.note("move %d %d", d, speed)
}

func degrees(p rotctl.Position) [2]float64 {
	one := float64(17453293) // nanoradians of a degree, as physic has it
	return [2]float64{float64(p.Azimuth) / one, float64(p.Elevation) / one}
}

// dummy are the options of Hamlib's dummy rotator.
func dummy(t testing.TB) rotctl.ServeOpts {
	return rotctl.ServeOpts{Limits: rotctl.Limits{Low: at(t, -180, 0), High: at(t, 450, 90)}, Info: "Dummy rotator", Model: 1}
}

// serve starts a face on a port of this machine.
func serve(t testing.TB, m rotctl.Mount, o rotctl.ServeOpts) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- rotctl.Serve(ctx, l, m, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func client(t testing.TB, address string) *rotctl.Client {
	c := rotctl.New(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}, rotctl.Opts{})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// step is what a client of the transcript said and what rotctld answered; "" for nothing
// within its patience.
type step struct{ said, answered string }

const silence = "<timed out>"

func transcript(t *testing.T) []step {
	t.Helper()
	f, err := os.Open("testdata/rotctld_transcript.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var steps []step
	for lines := bufio.NewScanner(f); lines.Scan(); {
		mark, quoted, _ := strings.Cut(lines.Text(), " ")
		text, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.Trim(quoted, "'"), `"`, `\"`) + `"`)
		if err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		if mark == ">>>" {
			steps = append(steps, step{said: text})
			continue
		}
		steps[len(steps)-1].answered = text
	}
	if len(steps) != 22 {
		t.Fatalf("%d steps in the transcript", len(steps))
	}
	return steps
}

// program is a tool of Hamlib, which must be there when CI is set.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("no %s: install libhamlib-utils", name)
	}
	t.Skipf("no %s (Debian: libhamlib-utils)", name)
	return ""
}
