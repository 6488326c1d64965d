package power

import (
	"context"
	"sync"
	"time"
)

// Contacts is a digital input, such as a mains-present module or a contact of a
// UPS. On is bounded.
type Contacts interface {
	// On says whether what the input stands for is true.
	On() (bool, error)
}

// Witnesses are inputs that decide nothing and tell much. Any of them may be nil.
type Witnesses struct {
	Present   Contacts // mains is there, before the contactor
	OnBattery Contacts // the UPS of this computer runs on its battery
	Low       Contacts // and that is nearly empty
}

// Times of the witnesses.
const (
	witnessEvery = 20 * time.Millisecond
	witnessSure  = 3 // looks in a row that count: a bouncing contact is no news
	witnessDoubt = time.Second
)

// witness is one input and what is believed of it.
type witness struct {
	in    Contacts
	saw   Contact // closed: true
	next  Contact
	times int
}

// look reads the input; what it says counts after some looks that agree.
func (w *witness) look() {
	if w.in == nil {
		return
	}
	got := ContactUnknown
	if on, err := w.in.On(); err == nil {
		got = ContactOpen
		if on {
			got = ContactClosed
		}
	}
	if got != w.next {
		w.next, w.times = got, 0
	}
	w.times = min(w.times+1, witnessSure)
	if w.times == witnessSure {
		w.saw = got
	}
}

// bystander watches the witnesses beside the loop.
type bystander struct {
	present, battery, low witness

	mu    sync.Mutex
	saw   Contact // of present
	ups   Cause   // CauseNone without a UPS or while nothing is known of it
	told  Cause   // of the UPS
	opto  Cause   // CauseNone, or how present contradicts the wave
	doubt time.Duration
}

func newBystander(w Witnesses) *bystander {
	return &bystander{present: witness{in: w.Present}, battery: witness{in: w.OnBattery}, low: witness{in: w.Low}}
}

// runWitnesses looks until ctx ends.
func (l *Loop) runWitnesses(ctx context.Context) {
	b := l.bystander
	if b.present.in == nil && b.battery.in == nil && b.low.in == nil {
		return
	}
	tick := time.NewTicker(witnessEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, e := range b.look(l.snapshot()) {
				l.post(e, l.now())
			}
		case <-ctx.Done():
			return
		}
	}
}

// look reads all inputs once and returns what is new.
func (b *bystander) look(s snapshot) []Event {
	b.present.look()
	b.battery.look()
	b.low.look()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saw = b.present.saw
	var news []Event
	c := b.supply()
	if c != CauseNone && c != b.told && (b.told != CauseNone || c != CauseUPSOK) {
		news = append(news, Event{Kind: EventUPS, Cause: c, Load: -1})
		b.told = c
	}
	b.ups = c
	if c := b.contradiction(&s); c != b.opto {
		b.opto = c
		told := c
		if c == CauseNone {
			told = CauseOptoOK
		}
		news = append(news, Event{Kind: EventOpto, Cause: told, Load: -1})
	}
	return news
}

// supply is what the UPS says.
func (b *bystander) supply() Cause {
	switch {
	case b.battery.saw == ContactClosed && b.low.saw == ContactClosed:
		return CauseBatteryLow
	case b.battery.saw == ContactClosed:
		return CauseBattery
	case b.battery.saw == ContactOpen:
		return CauseUPSOK
	}
	return CauseNone
}

// contradiction compares the mains-present input with the wave; it must last.
// Between an outage and good mains the input may say what it likes.
func (b *bystander) contradiction(s *snapshot) Cause {
	cause := CauseNone
	switch {
	case !s.known:
	case b.saw == ContactOpen && s.sense.MV >= liveMV:
		cause = CauseOptoDark
	case b.saw == ContactClosed && s.sense.MV < outageBelow*1000:
		cause = CauseOptoLit
	}
	if cause == CauseNone {
		b.doubt = 0
		return CauseNone
	}
	if b.doubt += witnessEvery; b.doubt < witnessDoubt {
		return b.opto
	}
	return cause
}

// liveMV is a voltage at which a mains-present module must see it.
const liveMV = 176_000

// says is what the status says of the witnesses.
func (b *bystander) says() (present Contact, ups, opto Cause) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.saw, b.ups, b.opto
}
