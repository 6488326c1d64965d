package gpioline

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"
)

// edgeDepth is how many edges wait for a slow reader; the oldest go first.
const edgeDepth = 256

// Edge is one change of an input line.
type Edge struct {
	// Level is the level after the edge.
	Level gpio.Level
	// At is when it happened, on the clock of Monotonic: taken by the kernel
	// in the interrupt, or by the pin server.
	At time.Duration
	// Seq counts the edges of the line from 1, since its In or since the pin
	// server came back. A gap means lost edges.
	Seq uint64
}

// Monotonic returns the present time of the clock that edges carry,
// CLOCK_MONOTONIC: since an arbitrary moment, never set, never going back.
func Monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0 // cannot happen: the clock exists on every Linux
	}
	return time.Duration(ts.Nano())
}

// queue carries edges from the one goroutine that reads them to whoever waits.
type queue struct {
	ch chan Edge

	mu   sync.Mutex
	stop chan struct{} // closed and replaced by reset
}

func newQueue() *queue {
	return &queue{ch: make(chan Edge, edgeDepth), stop: make(chan struct{})}
}

// push never blocks: a full queue loses its oldest edge. One pusher at a time.
func (q *queue) push(e Edge) {
	for {
		select {
		case q.ch <- e:
			return
		default:
		}
		select {
		case <-q.ch:
		default:
		}
	}
}

// reset forgets queued edges and sends waiters home.
func (q *queue) reset() {
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.stop)
	q.stop = make(chan struct{})
	for {
		select {
		case <-q.ch:
		default:
			return
		}
	}
}

func (q *queue) stopped() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stop
}

// next returns the next edge, and false after timeout or reset; a negative
// timeout waits for ever.
func (q *queue) next(timeout time.Duration) (Edge, bool) {
	select {
	case e := <-q.ch:
		return e, true
	default:
	}
	if timeout == 0 {
		return Edge{}, false
	}
	var expired <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		expired = t.C
	}
	select {
	case e := <-q.ch:
		return e, true
	case <-q.stopped():
	case <-expired:
	}
	return Edge{}, false
}
