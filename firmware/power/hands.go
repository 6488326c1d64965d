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

	mu  sync.Mutex
	saw Contact
	at  time.Time
	bad time.Time // since when the pin cannot be read; zero: it can
	why string    // logged last
}

func (e *eyes) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		e.look()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (e *eyes) look() {
	closed, known, err := e.drive.Aux()
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.saw, e.at = ContactUnknown, now
	if known && err == nil {
		e.saw = ContactOpen
		if closed {
			e.saw = ContactClosed
		}
	}
	if !errors.Is(err, hal.ErrGone) && !errors.Is(err, hal.ErrSilent) {
		e.bad = time.Time{}
	} else if e.bad.IsZero() {
		e.bad = now
	}
	e.note(err)
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

// contact is the newest look, unknown when it is old.
func (e *eyes) contact(now time.Time) Contact {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at.IsZero() || now.Sub(e.at) > lookGood {
		return ContactUnknown
	}
	return e.saw
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
	want   atomic.Uint32
	failed atomic.Uint32 // relays that are not, or not surely, as they were set
	wake   chan struct{}

	// Of the goroutine in run alone.
	have  uint32 // last set without error
	sure  uint32 // relays for which have is certain
	ticks int
}

func newHands(relays []Relay, log *slog.Logger) hands {
	return hands{relays: relays, log: log, wake: make(chan struct{}, 1)}
}

// order wants the relays of mask closed. It does not wait.
func (h *hands) order(mask uint8) {
	if h.want.Swap(uint32(mask)) == uint32(mask) {
		return
	}
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
		case <-tick.C:
			if !h.check() {
				continue
			}
		case <-ctx.Done():
			h.move()
			return
		}
		h.move()
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
