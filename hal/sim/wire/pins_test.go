package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stationbox/hal/sim/wire"
)

// client is a raw client of the pin server.
type client struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func newPins(t *testing.T) (*wire.Pins, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pins.sock")
	p, err := wire.ListenPins(path, wire.PinOpts{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = p.Close()
	})
	return p, path
}

func dial(t *testing.T, path, hello string) *client {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	k := &client{t: t, c: c, r: bufio.NewReader(c)}
	if hello != "" {
		k.want("hello 1 "+hello, "ok")
	}
	return k
}

func (c *client) say(line string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.c, line); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) hear() string {
	c.t.Helper()
	s, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("after %q: %v", s, err)
	}
	return strings.TrimSuffix(s, "\n")
}

// want says line and wants an answer that begins with want.
func (c *client) want(line, want string) {
	c.t.Helper()
	c.say(line)
	if got := c.hear(); got != want && !strings.HasPrefix(got, want+" ") {
		c.t.Errorf("%s: %q, want %q", line, got, want)
	}
}

// edge wants an edge next and returns its stamp.
func (c *client) edge(pin string, level, seq int) int64 {
	c.t.Helper()
	line := c.hear()
	var gotPin string
	var gotLevel, gotSeq int
	var ns int64
	if _, err := fmt.Sscanf(line, "edge %s %d %d %d", &gotPin, &gotLevel, &ns, &gotSeq); err != nil {
		c.t.Fatalf("%q: %v", line, err)
	}
	if gotPin != pin || gotLevel != level || gotSeq != seq {
		c.t.Errorf("%q, want edge %s %d … %d", line, pin, level, seq)
	}
	return ns
}

func TestPinsAnswers(t *testing.T) {
	_, path := newPins(t)
	other := dial(t, path, "guard")
	other.want("out GPIO5 1", "ok")
	c := dial(t, path, "")
	for _, s := range [][2]string{
		{"get GPIO1", "err bad"},
		{"hello 2 station", "err bad"},
		{"hello 1", "err bad"},
		{"hello 1 station", "ok"},
		{"get GPIO1", "err bad GPIO1"},
		{"out GPIO1 1", "ok"},
		{"get GPIO1", "ok 1"},
		{"out GPIO1 0", "ok"},
		{"in GPIO2 up none 0", "ok"},
		{"in GPIO3 down both 0", "ok"},
		{"get GPIO1 GPIO2 GPIO3", "ok 0 1 0"},
		{"get GPIO2 GPIO99", "err unknown GPIO99"},
		{"out GPIO5 0", "err busy GPIO5 held by guard"},
		{"in GPIO5 up none 0", "err busy GPIO5"},
		{"get GPIO5", "err busy GPIO5"},
		{"free GPIO5", "err busy GPIO5"},
		{"out GPIO1 2", "err bad"},
		{"out GPIO1", "err bad"},
		{"in GPIO1 sideways none 0", "err bad"},
		{"in GPIO1 up sometimes 0", "err bad"},
		{"in GPIO1 up none -1", "err bad"},
		{"in GPIO1 off none 0", "ok"},
		{"free GPIO1", "ok"},
		{"free GPIO1", "err bad"},
		{"", "err bad"},
		{"dance", "err bad"},
		{"get" + strings.Repeat(" GPIO2", 70), "err bad"},
		{"out \x01\x02 1", "err unknown ??"},
	} {
		c.want(s[0], s[1])
	}
	c.say(strings.Repeat("x", 5000))
	if got := c.hear(); got != "err bad line too long" {
		t.Errorf("endless line: %q", got)
	}
}

func TestPinsOutputsFallWithTheirConnection(t *testing.T) {
	p, path := newPins(t)
	c := dial(t, path, "guard")
	c.want("out GPIO17 1", "ok")
	if !p.Level("GPIO17") || p.Holder("GPIO17") != "guard" {
		t.Fatalf("level %v, holder %q", p.Level("GPIO17"), p.Holder("GPIO17"))
	}
	_ = c.c.Close()
	eventually(t, "GPIO17 low and free", func() bool { return !p.Level("GPIO17") && p.Holder("GPIO17") == "" })
	dial(t, path, "station").want("out GPIO17 1", "ok")
}

// jumper connects one pin to a level that the test sets.
type jumper struct {
	pin   string
	level atomic.Uint32
}

func (j *jumper) Pins() []string { return []string{j.pin} }

func (j *jumper) Resolve(_ []wire.Drive, put []wire.Level) { put[0] = wire.Level(j.level.Load()) }

func TestPinsEdges(t *testing.T) {
	p, path := newPins(t)
	j := &jumper{pin: "GPIO4"}
	touch := p.Attach(j)
	set := func(l wire.Level) {
		j.level.Store(uint32(l))
		touch()
	}
	c := dial(t, path, "station")
	c.want("in GPIO4 up both 0", "ok")
	set(wire.Low)
	first := c.edge("GPIO4", 0, 1)
	set(wire.Float)
	if second := c.edge("GPIO4", 1, 2); second < first {
		t.Errorf("stamps %d, %d", first, second)
	}
	c.want("in GPIO4 up fall 0", "ok")
	set(wire.Low)
	set(wire.High)
	set(wire.Low)
	c.edge("GPIO4", 0, 1)
	c.edge("GPIO4", 0, 2)
	c.want("get GPIO4", "ok 0")
}

func TestPinsDebounce(t *testing.T) {
	p, path := newPins(t)
	j := &jumper{pin: "GPIO4"}
	touch := p.Attach(j)
	c := dial(t, path, "station")
	c.want("in GPIO4 up both 100000", "ok")
	for i := range 7 { // ends low
		j.level.Store(uint32([]wire.Level{wire.Low, wire.High}[i%2]))
		touch()
	}
	c.want("get GPIO4", "ok 1")
	c.edge("GPIO4", 0, 1)
	c.want("get GPIO4", "ok 0")
}

func TestPinsSlowReaderLosesEdgesNotAnswers(t *testing.T) {
	p, path := newPins(t)
	j := &jumper{pin: "GPIO4"}
	touch := p.Attach(j)
	c := dial(t, path, "station")
	c.want("in GPIO4 up both 0", "ok")
	const edges = 60000
	for i := range edges {
		j.level.Store(uint32([]wire.Level{wire.Low, wire.High}[i%2]))
		touch()
	}
	c.say("get GPIO4")
	last, heard := 0, 0
	for {
		line := c.hear()
		if line == "ok 1" {
			break
		}
		var level, seq int
		var ns int64
		if _, err := fmt.Sscanf(line, "edge GPIO4 %d %d %d", &level, &ns, &seq); err != nil || seq <= last {
			t.Fatalf("%q after %d: %v", line, last, err)
		}
		last, heard = seq, heard+1
	}
	if heard == edges {
		t.Logf("all %d edges fitted", edges)
	}
}

func TestPinsFaults(t *testing.T) {
	p, path := newPins(t)
	c := dial(t, path, "station")
	c.want("out GPIO9 1", "ok")
	if err := p.Fault("unplugged"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.r.ReadString('\n'); err == nil {
		t.Error("unplugged, but the connection lives")
	}
	eventually(t, "GPIO9 low", func() bool { return !p.Level("GPIO9") })
	if _, err := net.Dial("unix", path); err == nil {
		t.Error("dialled an unplugged pin server")
	}
	if err := p.Fault("none"); err != nil {
		t.Fatal(err)
	}
	c = dial(t, path, "station")
	if err := p.Fault("cut"); err != nil {
		t.Fatal(err)
	}
	c.say("out GPIO9 1")
	if s, err := c.r.ReadString('\n'); err == nil || s == "" || p.FaultName() != "cut" {
		t.Errorf("cut: %q, %v", s, err)
	}
	if err := p.Fault("loud"); err == nil {
		t.Error("unknown fault taken")
	}
}

// FuzzPins lets a client say anything: the server answers each line or ends.
func FuzzPins(f *testing.F) {
	for _, s := range []string{"hello 1 a\nout GPIO1 1\n", "hello 1 a\nin GPIO1 up both 5\nget GPIO1\nfree GPIO1\n", "get\x00\n", "\n\n", "out GPIO1 1"} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "pins.sock")
	p, err := wire.ListenPins(path, wire.PinOpts{})
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	f.Cleanup(func() { cancel(); <-done })
	f.Fuzz(func(t *testing.T, said []byte) {
		c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = c.Write(said[:min(len(said), 4096)])
		_ = c.CloseWrite()
		r := bufio.NewReader(c)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if !strings.HasPrefix(line, "ok") && !strings.HasPrefix(line, "err ") && !strings.HasPrefix(line, "edge ") {
				t.Errorf("answer %q", line)
			}
		}
	})
}
