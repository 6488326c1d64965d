package antenna

import (
	"context"
	"sync"
	"time"

	"stationbox/firmware/dish"
	"stationbox/hal/tuner"
)

// How the sender is asked for while the dish is aligned.
const (
	tablesQuick = 300 * time.Millisecond // between two looks whether there is a lock
	// identifyBound is how long a network table is waited for: it comes every ten seconds.
	identifyBound = 12 * time.Second
	// identifyAgain is when one that is known is asked for again: a receiver may pass from
	// one satellite to its neighbour without telling of a lost lock.
	identifyAgain = 5 * time.Second
)

// identity is whether the right satellite is received, as far as the tables have said it
// since the lock began. The zero identity knows nothing.
type identity struct {
	mu    sync.Mutex
	lock  int // counts the moments without a lock: what was heard before one counts no more
	known dish.Identity
	asked time.Time // when it was last told
}

// heard takes in whether there is a lock.
func (i *identity) heard(lock bool) {
	if lock {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lock++
	i.known, i.asked = dish.IdentityUnknown, time.Time{}
}

// now returns what is known, since when, and the number of the lock.
func (i *identity) now() (dish.Identity, time.Time, int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.known, i.asked, i.lock
}

// tell takes the word of tables that were asked for within a lock; that of an earlier one
// is dropped.
func (i *identity) tell(lock int, who dish.Identity, at time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if lock == i.lock {
		i.known, i.asked = who, at
	}
}

// identify asks who sends, unless that was heard a moment ago. Without an answer, or when
// the broadcaster does not say where his satellite stands, nobody knows.
func (m *Meter) identify(ctx context.Context, u *tuner.Tuner) {
	_, asked, lock := m.sender.now()
	if !asked.IsZero() && m.tick().Sub(asked) < identifyAgain {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, identifyBound)
	defer cancel()
	who := dish.IdentityUnknown
	pat, err := u.Programs(ctx)
	if err != nil {
		m.log.Debug("dish tables", "err", err)
		return
	}
	nit, err := u.Network(ctx)
	if err != nil {
		m.log.Debug("dish tables", "err", err)
		return
	}
	if orbit, said := nit.Position(pat.Stream); said {
		if who = dish.IdentityWrong; m.mine(orbit) {
			who = dish.IdentityRight
		}
	}
	m.sender.tell(lock, who, m.tick())
}
