// Package panel reads what villagers sign in with. There are five kinds, and one
// interface, Panel, for all of them:
//
//	Matrix   a keypad of 4×4 keys on eight GPIO pins, or polled at a port expander: a number and #
//	USB      a numeric keypad at a USB port: a number and Enter
//	Buttons  up to 64 buttons, one a person, at GPIO pins or port expanders
//	One      one big button, "I am here": a head, and no name
//	Cards    a reader of RFID cards that types like a keyboard: the number of a card
//
// Each press is told once, with the time at which it began; never one that nobody
// made. What may have been missed is told by Key.Missed, so that nobody takes the rest
// of a number for the number. What is wrong is told by State, while all that works
// goes on. A lost device is tried again for ever; Run ends only with its context.
package panel

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Panel is what all kinds have in common.
type Panel interface {
	// Keys returns the stream of presses and releases. It is never closed. When
	// nobody reads it the newest keys are dropped and counted by Lost; the next that
	// is not dropped is Missed.
	Keys() <-chan Key
	// Lost returns how many keys were dropped because nobody read them.
	Lost() uint64
	// State is nil while everything works, else why not: hal.ErrGone or hal.ErrSilent
	// for what is not there, hal.ErrGarbled for what is stuck, shorted or makes no
	// sense, hal.ErrRefused for what may not be used.
	State() error
	// Run reads the keys until ctx ends, then returns nil, soon. It is called once.
	Run(ctx context.Context) error
}

var (
	_ Panel = (*Matrix)(nil)
	_ Panel = (*Buttons)(nil)
	_ Panel = (*USB)(nil)
	_ Panel = (*Cards)(nil)
)

// Key is a press or a release. One of Rune, Number, Card and Here says of what; none
// of them if Missed is all there is to tell.
type Key struct {
	// Rune is the name of a key of a Matrix or USB keypad: '0' to '9', '#' ends a
	// number, '*' throws it away.
	Rune rune
	// Number is that of a button of Buttons, from 1.
	Number int
	// Card is what a card of Cards says, 4 to 32 digits with their leading zeros. A
	// card has no release.
	Card string
	// Here is the button of One.
	Here bool
	// Down is true for a press and false for a release. A key that is stuck, or of a
	// device that is lost, is released when that is noticed.
	Down bool
	// At is when it began, before debouncing.
	At time.Time
	// Missed is true when presses before this one may have been missed.
	Missed bool
}

// none is true when nothing was pressed or released.
func (k Key) none() bool { return k.Rune == 0 && k.Number == 0 && k.Card == "" && !k.Here }

// Opts are the optional settings of a panel; the zero value is right.
type Opts struct {
	// Layout holds the 16 different runes of a Matrix, row by row; DefaultLayout if
	// empty.
	Layout string
	// Debounce is how long a contact must stay before it counts, 15 ms if 0.
	Debounce time.Duration
	// Stuck is how long a key may be down before it counts as stuck, 10 s if 0.
	Stuck time.Duration
	// Again is how soon after a press of One another one is the same person's, 700 ms
	// if 0: people who queue at a button need longer.
	Again time.Duration
	// Now tells the time, time.Now if nil.
	Now func() time.Time
	// Edges is the clock with which pins and input devices stamp what happens,
	// gpioline.Monotonic. If nil, times are those of reading, and presses of a Matrix
	// that come and go between two looks are not noticed.
	Edges func() time.Duration
}

// filled returns o with its defaults.
func (o Opts) filled() Opts {
	if o.Layout == "" {
		o.Layout = DefaultLayout
	}
	if o.Debounce == 0 {
		o.Debounce = 15 * time.Millisecond
	}
	if o.Stuck == 0 {
		o.Stuck = 10 * time.Second
	}
	if o.Again == 0 {
		o.Again = 700 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// retryAfter is the pause after an error of a pin or a device.
const retryAfter = 250 * time.Millisecond

// keysDepth is how many keys wait for a slow reader.
const keysDepth = 64

// outlet is where a panel tells its keys and its state.
type outlet struct {
	keys chan Key
	lost atomic.Uint64
	now  func() time.Time

	mu   sync.Mutex // err, owes
	err  error
	owes bool // presses were missed, and nobody has been told
}

func newOutlet(o Opts) *outlet { return &outlet{keys: make(chan Key, keysDepth), now: o.Now} }

// Keys returns the stream of presses and releases; see Panel.
func (p *outlet) Keys() <-chan Key { return p.keys }

// Lost returns how many keys were dropped because nobody read them.
func (p *outlet) Lost() uint64 { return p.lost.Load() }

// State is nil while everything works, else why not; see Panel.
func (p *outlet) State() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *outlet) setState(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// miss tells that presses may have been missed until now.
func (p *outlet) miss() { p.tell(Key{At: p.now(), Missed: true}) }

func (p *outlet) tell(k Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.Missed = k.Missed || p.owes
	select {
	case p.keys <- k:
		p.owes = false
	default:
		p.owes = true
		if !k.none() {
			p.lost.Add(1)
		}
	}
}

// sleep waits for d and returns false when ctx ends.
func sleep(ctx context.Context, t *time.Timer, d time.Duration) bool {
	t.Reset(d)
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
