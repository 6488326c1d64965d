package device

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// box is a raw client of the pin server: the firmware's side.
type box struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func newBox(t *testing.T, path string) *box {
	t.Helper()
	c := dial(t, "unix", path)
	b := &box{t, c, bufio.NewReader(c)}
	b.do("hello 1 test")
	return b
}

// do says a line and returns its answer, passing over edges.
func (b *box) do(line string) string {
	b.t.Helper()
	if _, err := fmt.Fprintln(b.c, line); err != nil {
		b.t.Fatal(err)
	}
	for {
		s, err := b.r.ReadString('\n')
		if err != nil {
			b.t.Fatalf("%s: %v", line, err)
		}
		if strings.HasPrefix(s, "edge ") {
			continue
		}
		if !strings.HasPrefix(s, "ok") {
			b.t.Fatalf("%s: %s", line, s)
		}
		return strings.TrimSpace(strings.TrimPrefix(s, "ok"))
	}
}

var (
	rows = [4]string{"GPIO0", "GPIO1", "GPIO2", "GPIO3"}
	cols = [4]string{"GPIO4", "GPIO5", "GPIO6", "GPIO7"}
)

// scan reads the matrix column by column and returns the keys seen closed.
func (b *box) scan() string {
	b.t.Helper()
	var seen [16]bool
	for c, pin := range cols {
		b.do("out " + pin + " 0")
		levels := strings.Fields(b.do("get " + strings.Join(rows[:], " ")))
		b.do("out " + pin + " 1")
		for r, level := range levels {
			seen[4*r+c] = level == "0"
		}
	}
	keys := ""
	for i, s := range seen {
		if s {
			keys += KeypadLayout[i : i+1]
		}
	}
	return keys
}

func keypadOn(t *testing.T) (*Keypad, *box) {
	t.Helper()
	pins, path := newPins(t)
	k := NewKeypad(pins, KeypadOpts{Rows: rows, Cols: cols, Seed: 5})
	start(t, k.Run)
	b := newBox(t, path)
	for i := range 4 {
		b.do("in " + rows[i] + " up both 0")
		b.do("out " + cols[i] + " 1")
	}
	return k, b
}

func TestKeypadMatrixAndGhosts(t *testing.T) {
	k, b := keypadOn(t)
	cases := []struct{ down, seen string }{
		{"", ""},
		{"1", "1"},
		{"0", "0"},
		{"D", "D"},
		{"15", "15"},     // different rows and columns
		{"12", "12"},     // one row
		{"14", "14"},     // one column
		{"125", "1245"},  // a corner too many: 4 is a ghost
		{"159D", "159D"}, // the diagonal
	}
	for _, c := range cases {
		press(t, k, c.down, true)
		if got := b.scan(); got != c.seen {
			t.Errorf("down %q: seen %q, want %q", c.down, got, c.seen)
		}
		if got := strings.Join(k.Down(), ""); got != c.down {
			t.Errorf("down %q, want %q", got, c.down)
		}
		press(t, k, c.down, false)
	}
}

func press(t *testing.T, k *Keypad, keys string, down bool) {
	t.Helper()
	for _, r := range keys {
		if err := k.Key(r, down); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "hands done", func() bool { return !k.Typing() })
}

func TestKeypadFaults(t *testing.T) {
	k, b := keypadOn(t)
	press(t, k, "1", true)
	for kind, seen := range map[string]string{"silent": "", "stuck": "15", "unplugged": ""} {
		if err := k.Fault(kind); err != nil {
			t.Fatal(err)
		}
		if got := b.scan(); got != seen {
			t.Errorf("%s: seen %q, want %q", kind, got, seen)
		}
	}
	if err := k.Fault("none"); err != nil {
		t.Fatal(err)
	}
	if got := b.scan(); got != "1" {
		t.Errorf("mended: %q", got)
	}
	if err := k.Press("1x"); err == nil {
		t.Error("pressed a key that is not there")
	}
	if err := k.Key('x', true); err == nil {
		t.Error("pressed a key that is not there")
	}
}

// TestKeypadTypesWithBounces watches the row edges of typed keys.
func TestKeypadTypesWithBounces(t *testing.T) {
	k, b := keypadOn(t)
	for _, pin := range cols {
		b.do("out " + pin + " 0") // idle: any key pulls its row down
	}
	if err := k.Press("12#a"); err != nil {
		t.Fatal(err)
	}
	var order []string
	edges, last := 0, int64(0)
	for len(order) < 4 || k.Typing() {
		var pin string
		var level, seq int
		var ns int64
		s, err := b.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscanf(s, "edge %s %d %d %d", &pin, &level, &ns, &seq); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if level == 0 && ns-last > int64(50*time.Millisecond) {
			order = append(order, pin)
		}
		edges, last = edges+1, ns
	}
	if want := []string{"GPIO0", "GPIO0", "GPIO3", "GPIO0"}; len(order) < 4 || !slices.Equal(order[:4], want) {
		t.Errorf("rows %v, want %v", order, want)
	}
	if edges <= 8 {
		t.Errorf("%d edges for four keys: nothing bounced", edges)
	}
}

func TestContactorAndRelaysOverPins(t *testing.T) {
	w := world.New(world.Opts{Loads: testLoads})
	pins, path := newPins(t)
	c := NewContactor(w, pins, ContactorOpts{Drive: "GPIO17", AuxNO: "GPIO22", AuxNC: "GPIO23", Relays: []string{"GPIO24", "", "GPIO25"}})
	lamp := NewOutput(pins, "lamp", "GPIO8")
	b := newBox(t, path)
	b.do("in GPIO22 up both 0")
	b.do("in GPIO23 up both 0")
	b.do("out GPIO17 0")
	b.do("out GPIO25 1")
	b.do("out GPIO8 1")
	level := 0
	pulse := func(d time.Duration) {
		for end := w.Time() + d; w.Time() < end; w.Advance(w.Time() + world.Step) {
			level = 1 - level
			b.do(fmt.Sprintf("out GPIO17 %d", level))
			c.Tick()
		}
		c.Tick()
	}
	aux := func(want string) {
		t.Helper()
		if got := b.do("get GPIO22 GPIO23"); got != want {
			t.Errorf("auxiliary contacts %q, want %q", got, want)
		}
	}
	idle := func() { w.Advance(w.Time() + 50*time.Millisecond); c.Tick() }
	aux("1 0")
	pulse(100 * time.Millisecond)
	aux("0 1")
	if s := w.Snapshot(); !s.Loads[2].Powered || s.Loads[0].Powered || !lamp.On() || lamp.Changes() != 1 {
		t.Errorf("%+v, lamp %v", s.Loads, lamp.On())
	}
	if err := c.Fault("silent"); err != nil {
		t.Fatal(err)
	}
	aux("1 1")
	if err := c.Fault("welded"); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		idle()
	}
	aux("0 1")
	if err := c.Fault("none"); err != nil {
		t.Fatal(err)
	}
	idle()
	aux("1 0")
	pulse(100 * time.Millisecond)
	aux("0 1")
	_ = b.c.Close() // the guard dies
	eventually(t, "relay pin low", func() bool { return !pins.Level("GPIO25") && !lamp.On() })
	for range 10 {
		idle()
	}
	if s := w.Snapshot(); s.Contactor.Closed || s.Loads[2].Relay {
		t.Errorf("after its death: %+v", s)
	}
}

// TestDeadGuardInRealTime kills the client of a running world.
func TestDeadGuardInRealTime(t *testing.T) {
	w := world.New(world.Opts{Loads: testLoads})
	pins, path := newPins(t)
	c := NewContactor(w, pins, ContactorOpts{Drive: "GPIO17", AuxNO: "GPIO22"})
	start(t, func(ctx context.Context) error { return w.Run(ctx, time.Now, c.Tick) })
	b := newBox(t, path)
	for i := 0; !w.ContactorClosed(); i++ {
		b.do(fmt.Sprintf("out GPIO17 %d", i%2))
		time.Sleep(2 * time.Millisecond)
	}
	_ = b.c.Close()
	eventually(t, "contactor open", func() bool { return !w.ContactorClosed() })
	s := w.Snapshot()
	if fell := s.Contactor.MovedAt - s.Contactor.LastEdge; s.Stalls == 0 && (fell < 200*time.Millisecond || fell > 300*time.Millisecond) {
		t.Errorf("fell %v after the last edge", fell)
	}
}

func TestEveryDeviceIsADevice(t *testing.T) {
	w := world.New(world.Opts{Loads: testLoads})
	pins, _ := newPins(t)
	tcp, err := wire.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tcp.Close() }()
	devices := []Device{
		NewFrontEnd(w, nullPort{}, FrontEndOpts{}), NewMeter(w, nullPort{}, MeterOpts{}), NewTV(w, nullPort{}, TVOpts{}),
		NewProjector(w, tcp, ProjectorOpts{}), NewKeypad(pins, KeypadOpts{Rows: rows, Cols: cols}),
		NewContactor(w, pins, ContactorOpts{Drive: "GPIO17"}), NewOutput(pins, "lamp", "GPIO8"), NewConsole(nullPort{}), pins,
	}
	for _, d := range devices {
		kinds := d.Kinds()
		if kinds[0] != "none" || d.FaultName() != "none" || d.Name() == "" || !strings.Contains(d.String(), d.Name()) {
			t.Errorf("%s: %q, kinds %v, fault %s", d.Name(), d, kinds, d.FaultName())
		}
		for _, kind := range append(kinds, "none") {
			if err := d.Fault(kind); err != nil || d.FaultName() != kind {
				t.Errorf("%s: fault %s: %s, %v", d.Name(), kind, d.FaultName(), err)
			}
		}
		if err := d.Fault("no such"); err == nil {
			t.Errorf("%s: took an unknown fault", d.Name())
		}
	}
}
