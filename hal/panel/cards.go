package panel

import (
	"context"
	"time"

	"stationbox/hal/evdev"
)

const (
	// cardGap is the longest pause between two keys of a reader, which types a key
	// every 8 to 50 ms; no finger keeps that up.
	cardGap = 100 * time.Millisecond
	// cardAgain is how soon the same card again is the same card still: readers repeat
	// it while it lies there.
	cardAgain = 2 * time.Second

	minCard, maxCard = 4, 32 // digits
)

// Cards is a reader of RFID cards that types like a keyboard: the digits of a card in
// quick succession, and Enter. What is not that, because a key is missing, comes too
// slowly or is no digit, is no card and told by Missed; so is a card of fewer than 4
// or more than 32 digits.
type Cards struct {
	input
	digits []byte
	from   time.Time // of the first digit
	last   time.Time // of the newest key
	bad    bool      // what is being typed is no card
	card   string    // the last one
	shown  time.Time // and when it was last there
}

// NewCards prepares the card reader dev and does not open it yet. Run owns it. It must
// be another device than any keypad.
func NewCards(dev *evdev.Device, opts Opts) *Cards {
	return &Cards{input: newInput(dev, opts.filled())}
}

// Run reads cards until ctx ends, then returns nil at once. It is called once.
func (p *Cards) Run(ctx context.Context) error { return p.run(ctx, p) }

// isShift is true for keys that only change others.
func isShift(code uint16) bool { return code == 42 || code == 54 || code == 69 } // left, right, NumLock

func (p *Cards) change(code uint16, down bool, at time.Time) {
	if !down || isShift(code) {
		return
	}
	p.expire(at)
	p.last = at
	r := runes[code]
	switch {
	case r == '#':
		p.enter(at)
	case r >= '0' && r <= '9' && len(p.digits) < maxCard:
		if len(p.digits) == 0 {
			p.from = at
		}
		p.digits = append(p.digits, byte(r))
	default:
		p.spoil()
	}
}

// enter ends a card.
func (p *Cards) enter(at time.Time) {
	card, bad := string(p.digits), p.bad
	p.reset()
	switch {
	case bad, card == "": // told already; or the second end that some readers send
		return
	case len(card) < minCard:
		p.input.miss()
		return
	}
	again := card == p.card && p.from.Sub(p.shown) < cardAgain
	p.card, p.shown = card, at
	if !again {
		p.tell(Key{Card: card, Down: true, At: p.from})
	}
}

// expire throws away what does not go on.
func (p *Cards) expire(now time.Time) {
	if now.Sub(p.last) <= cardGap {
		return
	}
	if len(p.digits) > 0 && !p.bad {
		p.input.miss()
	}
	p.reset()
}

func (p *Cards) reset() { p.digits, p.bad = p.digits[:0], false }

// spoil says that what is being typed is no card, up to its end.
func (p *Cards) spoil() {
	if !p.bad {
		p.input.miss()
	}
	p.bad = true
}

// miss says that keys were lost.
func (p *Cards) miss() {
	p.bad, p.last = true, p.now()
	p.input.miss()
}

// release has nothing to do: a card is only shown.
func (p *Cards) release(uint16, time.Time) {}

// idle ends what has no end.
func (p *Cards) idle(now time.Time) { p.expire(now) }
