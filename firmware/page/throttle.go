package page

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// throttle slows down who guesses the PIN. After freeTries wrong ones from one
// address each further one must wait twice as long, up to mostWait; after freeInAll
// from anywhere everybody waits, up to mostWaitInAll, so that a guesser with many
// addresses gains nothing: 1,440 tries a day of a million PINs. An address from which
// somebody has logged in does not wait for the others. An hour without a wrong try
// forgets. A try counts as wrong from its beginning, so that many at once are many.
//
// It survives a restart: wrong tries are records of the journal, and recall takes them
// up again.
type throttle struct {
	now func() time.Time

	mu      sync.Mutex
	all     tries
	from    map[string]*tries
	trusted map[string]bool
}

type tries struct {
	wrong int
	last  time.Time
}

const (
	freeTries     = 3
	freeInAll     = 10
	leastWait     = 5 * time.Second
	mostWait      = 15 * time.Minute
	mostWaitInAll = time.Minute
	forget        = time.Hour
	mostSources   = 512
	mostTrusted   = 64
)

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, from: map[string]*tries{}, trusted: map[string]bool{}}
}

// wait is how long after its last try the next one may come.
func (t *tries) wait(free int, least, most time.Duration) time.Duration {
	if t.wrong < free {
		return 0
	}
	return min(least<<min(t.wrong-free, 20), most)
}

// age forgets what is old.
func (t *tries) age(now time.Time) {
	if now.Sub(t.last) > forget {
		t.wrong = 0
	}
}

// begin takes a try from a source, or says how long it has to wait.
func (t *throttle) begin(source string) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	own := t.known(source, now)
	t.all.age(now)
	wait = own.last.Add(own.wait(freeTries, leastWait, mostWait)).Sub(now)
	if !t.trusted[source] {
		wait = max(wait, t.all.last.Add(t.all.wait(freeInAll, time.Second, mostWaitInAll)).Sub(now))
	}
	if wait > 0 {
		return wait, false
	}
	t.count(t.of(source, now), now)
	return 0, true
}

// known is the account of a source. That of a new one is not kept: who only knocks
// must not push others out.
func (t *throttle) known(source string, now time.Time) *tries {
	own := t.from[source]
	if own == nil {
		return &tries{}
	}
	own.age(now)
	return own
}

func (t *throttle) count(own *tries, now time.Time) {
	own.wrong, own.last = own.wrong+1, now
	t.all.wrong, t.all.last = t.all.wrong+1, now
}

// of is the account of a source; the oldest gives way to a new one.
func (t *throttle) of(source string, now time.Time) *tries {
	own := t.from[source]
	if own == nil {
		if len(t.from) >= mostSources {
			t.drop()
		}
		own = &tries{}
		t.from[source] = own
	}
	own.age(now)
	return own
}

func (t *throttle) drop() {
	oldest := ""
	for source, tr := range t.from {
		if oldest == "" || tr.last.Before(t.from[oldest].last) {
			oldest = source
		}
	}
	delete(t.from, oldest)
}

// right says that the try which source has begun was right.
func (t *throttle) right(source string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.of(source, t.now())
	t.all.wrong = max(0, t.all.wrong-own.wrong)
	own.wrong = 0
	if len(t.trusted) >= mostTrusted {
		clear(t.trusted)
	}
	t.trusted[source] = true
}

// undo says that the try which source has begun was not one.
func (t *throttle) undo(source string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.of(source, t.now())
	own.wrong, t.all.wrong = max(0, own.wrong-1), max(0, t.all.wrong-1)
}

// next is how long the next try of a source has to wait.
func (t *throttle) next(source string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known(source, t.now()).wait(freeTries, leastWait, mostWait)
}

// recall takes up the wrong tries of before the restart.
func (t *throttle) recall(looks *Looks) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, l := range looks.newest(mostLooks) { // the newest first
		switch age := now.Sub(l.At); {
		case age > forget:
			return
		case l.What == whatRefused:
			at := l.At
			if age < 0 { // the clock of then was ahead
				at = now
			}
			own := t.of(sourceOf(l.From), now)
			last, lastOfAll := own.last, t.all.last
			t.count(own, at)
			if last.After(at) {
				own.last = last
			}
			if lastOfAll.After(at) {
				t.all.last = lastOfAll
			}
		}
	}
}

// sourceOf is the address by which a guest counts: all of a network of IPv6 are one.
func sourceOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	net64, _ := a.Prefix(64)
	return net64.Masked().String()
}
