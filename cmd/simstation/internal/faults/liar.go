package faults

import (
	"sync"

	"stationbox/hal/sim/wire"
)

// lie is what the auxiliary contacts say instead of the truth.
type lie uint8

const (
	honest     lie = iota
	saysClosed     // NO and NC as if closed
	saysOpen       // as if open
	saysOther      // the opposite of the truth
	bothOpen       // both wires cut
	bothClosed     // both shorted to ground
)

// liar is the pair of auxiliary contacts of the village's contactor.
type liar struct {
	no, nc string
	truth  func() bool
	touch  func()

	mu   sync.Mutex
	lie  lie
	seen bool
}

// tell begins a lie.
func (l *liar) tell(x lie) {
	l.mu.Lock()
	l.lie = x
	l.mu.Unlock()
	l.touch()
}

// tick lets the contacts follow the main contacts.
func (l *liar) tick() {
	now := l.truth()
	l.mu.Lock()
	moved := now != l.seen
	l.seen = now
	l.mu.Unlock()
	if moved {
		l.touch()
	}
}

// Pins returns NO and NC.
func (l *liar) Pins() []string { return []string{l.no, l.nc} }

// Resolve puts the contacts on their pins: closed is low, open floats.
func (l *liar) Resolve(_ []wire.Drive, put []wire.Level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	no, nc := l.seen, !l.seen
	switch l.lie {
	case saysClosed:
		no, nc = true, false
	case saysOpen:
		no, nc = false, true
	case saysOther:
		no, nc = nc, no
	case bothOpen:
		no, nc = false, false
	case bothClosed:
		no, nc = true, true
	}
	for i, closed := range []bool{no, nc} {
		put[i] = wire.Float
		if closed {
			put[i] = wire.Low
		}
	}
}
