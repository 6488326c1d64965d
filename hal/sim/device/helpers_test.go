package device

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"os"

	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// patience is how long a busy machine may take for what is done at once.
const patience = 20 * time.Second

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within %v", what, patience)
}

// nullPort is a port on which nothing happens.
type nullPort struct{}

func (nullPort) ReadContext(ctx context.Context, _ []byte) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}
func (nullPort) Write(b []byte) (int, error) { return len(b), nil }
func (nullPort) Unplug()                     {}
func (nullPort) Replug() error               { return nil }

// memory is a port that keeps what is written.
type memory struct {
	nullPort
	mu   sync.Mutex
	got  []byte
	full bool // nobody reads
}

func (m *memory) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, b...)
	return len(b), nil
}

func (m *memory) Pending() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.full {
		return 0
	}
	return len(m.got)
}

func (m *memory) Drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = nil
}

func (m *memory) take() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.got
	m.got = nil
	return b
}

// start runs f until the end of the test.
func start(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func newPTY(t *testing.T) *wire.PTY {
	t.Helper()
	p, err := wire.OpenPTY(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func openClient(t *testing.T, path string) *os.File {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), path)
	t.Cleanup(func() { _ = f.Close() })
	_ = f.SetDeadline(time.Now().Add(patience))
	return f
}

// exchange writes a request and reads n bytes.
func exchange(t *testing.T, c io.ReadWriter, request string, n int) string {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, n)
	if got, err := io.ReadFull(c, b); err != nil {
		t.Fatalf("%q: %q, %v", request, b[:got], err)
	}
	return string(b)
}

var testLoads = []world.Load{
	{Name: "tv", Kind: world.TVLoad},
	{Name: "projector", Kind: world.ProjectorLoad},
	{Name: "receiver", Amps: 0.1},
}

// powered returns a world whose loads all have mains and are awake.
func powered(t *testing.T, o world.Opts) *world.World {
	t.Helper()
	o.Loads = testLoads
	o.TV.Boot, o.Projector.Boot = 50*time.Millisecond, 50*time.Millisecond
	w := world.New(o)
	for i := range o.Loads {
		w.SetRelay(i, true)
	}
	hold(w, 500*time.Millisecond)
	if s := w.Snapshot(); !s.TV.Answers || !s.Projector.Answers {
		t.Fatalf("not powered: %+v", s)
	}
	return w
}

// hold advances w by d with the contactor held.
func hold(w *world.World, d time.Duration) {
	for end := w.Time() + d; w.Time() < end; {
		w.DriveEdge(w.Time())
		w.Advance(w.Time() + 10*time.Millisecond)
	}
}

func newPins(t *testing.T) (*wire.Pins, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pins.sock")
	p, err := wire.ListenPins(path, wire.PinOpts{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	start(t, p.Serve)
	return p, path
}

func dial(t *testing.T, network, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}
