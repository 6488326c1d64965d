package machine

import (
	"sync"
	"time"
)

// Delays remembers when something of the simulator was itself late, and by how
// much. The zero value remembers nothing yet.
type Delays struct {
	mu   sync.Mutex
	ring [keepDelays]delay
	n    int // noted so far
}

type delay struct {
	at time.Time
	by time.Duration
}

const (
	// worthNoting is the least that is kept.
	worthNoting = 5 * time.Millisecond
	// keepDelays is how many are kept, the newest: what is late all the time is so
	// every ten milliseconds or so.
	keepDelays = 8192
)

// Note remembers that something was late by so much at a time; little is nothing.
func (d *Delays) Note(at time.Time, by time.Duration) {
	if by < worthNoting {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ring[d.n%keepDelays] = delay{at, by}
	d.n++
}

// Worst returns the longest delay that was noted since a time.
func (d *Delays) Worst(since time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var most time.Duration
	for _, e := range d.ring[:min(d.n, keepDelays)] {
		if !e.at.Before(since) {
			most = max(most, e.by)
		}
	}
	return most
}
