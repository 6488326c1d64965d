package antenna

import (
	"context"
	"sync"
	"time"
)

// How long the sensors of the dish rest between two questions while it is aligned. An
// answer of a receiver takes some milliseconds, that of an inclinometer 200 ms.
const (
	signalQuick  = 90 * time.Millisecond
	tiltQuick    = 100 * time.Millisecond
	headingQuick = 400 * time.Millisecond
)

// pace is how often a sensor is asked: every so often, and quickly while haste is on.
type pace struct {
	every, quick time.Duration
	haste        *haste
}

// haste is that somebody stands at the dish and waits for every reading. The zero haste
// is off.
type haste struct {
	mu     sync.Mutex
	on     bool
	turned chan struct{} // closed at the next change; nil while nobody waits
}

// set turns it on or off; who rests hears it at once.
func (h *haste) set(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.on = on
	if h.turned != nil {
		close(h.turned)
		h.turned = nil
	}
}

// is says whether it is on, and closes what it returns when that changes.
func (h *haste) is() (on bool, turned <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.turned == nil {
		h.turned = make(chan struct{})
	}
	return h.on, h.turned
}

// rest waits for calm, or for quick when that is shorter and haste is on or comes, and no
// longer than ctx.
func (h *haste) rest(ctx context.Context, calm, quick time.Duration) {
	begun := time.Now()
	for {
		on, turned := h.is()
		wait := calm
		if on {
			wait = min(calm, quick)
		}
		timer := time.NewTimer(wait - time.Since(begun))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-turned:
			timer.Stop()
			continue
		}
		timer.Stop()
		return
	}
}
