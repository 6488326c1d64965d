package remote

import (
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// busBound is how long one transaction may take: far more than the slowest bus needs.
const busBound = time.Second

// Bus is an I²C bus. It connects when it is used, and anew after the connection was lost.
type Bus struct {
	path string

	mu   sync.Mutex
	line *line // nil: not connected
	shut bool
}

var _ i2c.BusCloser = (*Bus)(nil)

// NewBus returns the bus that name, with Prefix, names. It does not connect yet.
func NewBus(name string) *Bus {
	path, _ := Path(name)
	return &Bus{path: path}
}

// String returns the name of the bus.
func (b *Bus) String() string { return "i2c " + Prefix + b.path }

// Tx writes w to the chip at addr and reads len(r) bytes, within a second. A chip that does
// not answer is a unix.Errno; without a server it is hal.ErrGone.
func (b *Bus) Tx(addr uint16, w, r []byte) error {
	l, err := b.connected()
	if err != nil {
		return fmt.Errorf("%v: %w: %w", b, err, hal.ErrGone)
	}
	got, err := l.ask(kindTransaction, uint32(addr), uint32(len(r)), w, busBound)
	switch {
	case gone(err):
		b.drop(l)
		return fmt.Errorf("%v: %w: %w", b, err, hal.ErrGone)
	case err != nil:
		return fmt.Errorf("%v: %w", b, err)
	case len(got) != len(r):
		b.drop(l)
		return fmt.Errorf("%v: %d bytes for %d: %w", b, len(got), len(r), hal.ErrGarbled)
	}
	copy(r, got)
	return nil
}

// SetSpeed is refused: the speed is that of the server.
func (b *Bus) SetSpeed(physic.Frequency) error { return hal.ErrRefused }

func (b *Bus) connected() (*line, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut {
		return nil, hal.ErrGone
	}
	if b.line == nil {
		l, err := dial(b.path)
		if err != nil {
			return nil, err
		}
		b.line = l
	}
	return b.line, nil
}

// drop forgets a connection that is lost.
func (b *Bus) drop(l *line) {
	_ = l.conn.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line == l {
		b.line = nil
	}
}

// Close disconnects for good.
func (b *Bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.line
	b.line, b.shut = nil, true
	if l == nil {
		return nil
	}
	return l.conn.Close()
}
