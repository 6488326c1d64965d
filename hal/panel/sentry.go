package panel

import (
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// stamped is a row that says what its edges were and when, like gpioline.Pin.
type stamped interface {
	NextEdge(timeout time.Duration) (l gpio.Level, at time.Duration, ok bool)
}

// sentry knows from the times of the edges what the rows did while the panel was
// at rest, with all columns low: since when a key is down, and whether one came
// and went before the panel had a turn. Edges of the panel's own scans say nothing
// of keys and are left out. All times are of the clock of the edges.
type sentry struct {
	least time.Duration // a contact that lasts so long was no bounce

	mu    sync.Mutex
	rows  [4]fall
	rests [4]rest       // the newest is the last
	high  time.Duration // when all rows were last seen high
}

// fall is when a row went low, if it is.
type fall struct {
	low   bool
	at    time.Duration
	known bool // else not before at
}

// rest is a time without scans.
type rest struct{ from, until time.Duration }

// forGood is the end of a rest that goes on.
const forGood = time.Duration(1<<63 - 1)

// forget begins anew, with pins that were taken anew.
func (s *sentry) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows, s.rests = [4]fall{}, [4]rest{}
}

// sleep notes that the panel is at rest, with all rows high.
func (s *sentry) sleep(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.high = now
	if s.rests[3].until == forGood {
		return
	}
	copy(s.rests[:], s.rests[1:])
	s.rests[3] = rest{now, forGood}
}

// wake notes that a scan begins because rows are low, and returns since when: not
// since before they were last seen or said to be high when their edges are still on
// the way.
func (s *sentry) wake(now time.Duration, low uint8) (rows [4]fall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := &s.rests[3]
	if last.until != forGood {
		return rows
	}
	last.until = now
	for i, r := range s.rows {
		switch {
		case low&(1<<i) == 0:
		case r.low && r.at >= last.from:
			rows[i] = r
		default:
			// A row that bounces has told that it was high since.
			rows[i] = fall{low: true, at: max(s.high, r.at)}
		}
	}
	return rows
}

// edge takes in one edge and tells whether it ends a press that the panel, at rest,
// did not see.
func (s *sentry) edge(row int, l gpio.Level, at time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.rows[row]
	was := *r
	*r = fall{l == gpio.Low, at, true}
	if r.low {
		return false
	}
	if !was.low || at-was.at < s.least {
		return false
	}
	for _, q := range s.rests {
		if q.from <= was.at && at < q.until {
			return true
		}
	}
	return false
}
