package power

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"stationbox/hal"
)

// Times of eyes and hands.
const (
	lookEvery  = 10 * time.Millisecond
	lookFast   = time.Millisecond       // while the contactor moves
	lookHurry  = 400 * time.Millisecond // for so long after an order
	lookGood   = 150 * time.Millisecond // a look is good for this long
	retryEvery = 100 * time.Millisecond
	checkEvery = 10 // retries between two checks of relays that should be right
)

// eyes read the auxiliary contact beside the loop, so that a slow pin delays
// nobody.
type eyes struct {
	drive Drive
	now   func() time.Time
	log   *slog.Logger

	mu    sync.Mutex
	saw   Contact
	at    time.Time
	since time.Time // saw has been so
	fast  time.Time // look fast until then
	bad   time.Time // since when the pin cannot be read; zero: it can
	why   string    // logged last
}

func (e *eyes) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		timer.Reset(e.look())
	}
}

// hurry looks more often for a while: the contactor is about to move.
func (e *eyes) hurry(now time.Time) {
	e.mu.Lock()
	e.fast = now.Add(lookHurry)
	e.mu.Unlock()
}

// look reads the contact once and returns how long to the next look.
func (e *eyes) look() time.Duration {
	closed, known, err := e.drive.Aux()
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	saw := ContactUnknown
	if known && err == nil {
		saw = ContactOpen
		if closed {
			saw = ContactClosed
		}
	}
	if saw != e.saw {
		e.since = now
	}
	e.saw, e.at = saw, now
	if !errors.Is(err, hal.ErrGone) && !errors.Is(err, hal.ErrSilent) {
		e.bad = time.Time{}
	} else if e.bad.IsZero() {
		e.bad = now
	}
	e.note(err)
	if now.Before(e.fast) {
		return lookFast
	}
	return lookEvery
}

// note logs a new error once.
func (e *eyes) note(err error) {
	why := ""
	if err != nil {
		why = err.Error()
	}
	if why != e.why && why != "" {
		e.log.Warn("auxiliary contact", "err", err)
	}
	e.why = why
}

// contact is the newest look and since when it has been so, unknown when it is
// old.
func (e *eyes) contact(now time.Time) (Contact, time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at.IsZero() || now.Sub(e.at) > lookGood {
		return ContactUnknown, now
	}
	return e.saw, e.since
}

// gone says whether the pins have not answered for some time.
func (e *eyes) gone(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.bad.IsZero() && now.Sub(e.bad) > pinsGone
}

// hands move the relays beside the loop: off before on, and again until the
// pins have it.
type hands struct {
	relays []Relay
	log    *slog.Logger
	base   time.Time // the monotonic clock that at counts by
	want   atomic.Uint32
	at     atomic.Int64  // not before so many ns after base
	failed atomic.Uint32 // relays that are not, or not surely, as they were set
	wake   chan struct{}

	// Of the goroutine in run alone.
	have  uint32 // last set without error
	sure  uint32 // relays for which have is certain
	ticks int
}

func newHands(relays []Relay, log *slog.Logger) hands {
	return hands{relays: relays, log: log, base: time.Now(), wake: make(chan struct{}, 1)}
}

// order wants the relays of mask closed, after delay. It does not wait, and the
// newest order counts at once.
func (h *hands) order(mask uint8, delay time.Duration) {
	h.at.Store(int64(time.Since(h.base) + delay))
	h.want.Store(uint32(mask))
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *hands) run(ctx context.Context) {
	h.sure = 1<<len(h.relays) - 1
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.wake:
			h.await(ctx)
		case <-tick.C:
			if h.early() > 0 || !h.check() {
				continue
			}
		case <-ctx.Done():
			h.move()
			return
		}
		h.move()
	}
}

// early is how long the newest order has to wait.
func (h *hands) early() time.Duration {
	return time.Duration(h.at.Load()) - time.Since(h.base)
}

// await waits for the moment of the newest order, which may change meanwhile.
func (h *hands) await(ctx context.Context) {
	for wait := h.early(); wait > 0; wait = h.early() {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-h.wake:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// move brings the relays to where they are wanted.
func (h *hands) move() {
	want := h.want.Load()
	for i := len(h.relays) - 1; i >= 0; i-- {
		if want&(1<<i) == 0 {
			h.set(i, false)
		}
	}
	for i := range h.relays {
		if want&(1<<i) != 0 && h.want.Load()&(1<<i) != 0 {
			h.set(i, true)
		}
	}
	h.tell()
}

func (h *hands) set(i int, on bool) {
	bit := uint32(1) << i
	if h.sure&bit != 0 && h.have&bit != 0 == on {
		return
	}
	if err := h.relays[i].Set(on); err != nil {
		if h.sure&bit != 0 {
			h.log.Warn("relay", "err", err)
		}
		h.sure &^= bit
		return
	}
	h.sure |= bit
	h.have &^= bit
	if on {
		h.have |= bit
	}
}

// tell publishes which relays are unsure.
func (h *hands) tell() { h.failed.Store((1<<len(h.relays) - 1) &^ h.sure) }

// check reads the relays back now and then: a pin server that came back has let
// them go. What reads otherwise is told first and not set again before the next
// tick, so that the core has dropped the load and starts it again in order.
func (h *hands) check() bool {
	h.ticks++
	if h.ticks%checkEvery != 0 {
		return true
	}
	good := true
	for i, r := range h.relays {
		bit := uint32(1) << i
		on, err := r.On()
		if err == nil && on == (h.have&bit != 0) || h.sure&bit == 0 {
			continue
		}
		h.log.Warn("relay is not as it was set", "relay", i, "err", err)
		h.sure &^= bit
		good = false
	}
	h.tell()
	return good
}
