package panel

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"stationbox/hal"
)

// MaxButtons is how many buttons a bank can have.
const MaxButtons = 64

// pollEvery is how often contacts are read. With the time for debouncing a press is
// told within 40 ms.
const pollEvery = 10 * time.Millisecond

// Bank is contacts that are read together: PinBank, or expander.Bank.
type Bank interface {
	// Inputs is how many contacts there are, 1 to MaxButtons.
	Inputs() int
	// Read looks at all of them, bit i for contact i. What is not known is not closed;
	// err says why. It is bounded in time, and called by one goroutine.
	Read(ctx context.Context) (closed, known uint64, err error)
}

// Buttons is a panel of single buttons. They are polled: a press is at least two
// looks long, and one that may have come and gone without a look, because there was
// no turn or a contact was unknown, is told by Missed.
//
// A button whose contact is unknown is neither pressed nor released by that; the
// others go on.
type Buttons struct {
	*outlet
	bank Bank
	dec  decoder
	keys []rune        // of a Matrix at a bank, by contact; nil: numbers
	one  bool          // the button of One
	gap  time.Duration // of One: presses that follow so soon are the same person's

	known uint64 // by the last look
	seen  uint64 // known at some time
	mute  bool   // the press that is down was the same person's
	last  time.Time
}

// NewButtons prepares the buttons of bank: the first contact is number 1. It touches
// nothing yet. A bank without contacts, or with more than MaxButtons, is an error.
func NewButtons(bank Bank, opts Opts) (*Buttons, error) {
	n := bank.Inputs()
	if n < 1 || n > MaxButtons {
		return nil, fmt.Errorf("panel: %d buttons: want 1 to %d", n, MaxButtons)
	}
	opts = opts.filled()
	p := &Buttons{outlet: newOutlet(opts), bank: bank, dec: newDecoder(n, opts)}
	p.dec.blink, p.dec.glance = 5*pollEvery, 4*pollEvery // no hand is quicker
	return p, nil
}

// NewOne prepares the one big button for heads, the only contact of bank. More than
// one, or none, is an error.
func NewOne(bank Bank, opts Opts) (*Buttons, error) {
	if n := bank.Inputs(); n != 1 {
		return nil, fmt.Errorf("panel: %d contacts: the button for heads has one", n)
	}
	p, err := NewButtons(bank, opts)
	if err != nil {
		return nil, err
	}
	p.one, p.gap = true, opts.filled().Again
	return p, nil
}

// NewPolledMatrix prepares a keypad of 4×4 keys whose 16 contacts bank reads, 4×row
// +column, such as expander.Matrix. It is what NewMatrix makes but for edges: its keys
// are polled as Buttons are. Another number of contacts, or a layout without 16
// different runes, is an error.
func NewPolledMatrix(bank Bank, opts Opts) (*Buttons, error) {
	opts = opts.filled()
	keys, err := parseLayout(opts.Layout)
	if err != nil {
		return nil, err
	}
	if n := bank.Inputs(); n != len(keys) {
		return nil, fmt.Errorf("panel: %d contacts: a keypad has %d", n, len(keys))
	}
	p, err := NewButtons(bank, opts)
	if err != nil {
		return nil, err
	}
	p.keys, p.dec.ghosts = keys[:], ambiguous
	return p, nil
}

// Run polls the contacts until ctx ends, then returns nil, within one Read of the
// bank. It is called once.
func (p *Buttons) Run(ctx context.Context) error {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		began := p.now()
		closed, known, err := p.bank.Read(ctx)
		if ctx.Err() != nil {
			return nil
		}
		p.take(closed, known, err, began)
		pause := pollEvery - p.now().Sub(began)
		if !sleep(ctx, t, min(max(pause, time.Millisecond), pollEvery)) {
			return nil
		}
	}
}

// take takes in one look, which began at began and ends now.
func (p *Buttons) take(closed, known uint64, err error, began time.Time) {
	lost, back := p.known&^known, known&^p.known&p.seen
	p.known, p.seen = known, p.seen|known
	if p.dec.feed(closed, known, began, p.now(), p.send) || lost|back != 0 {
		p.miss()
	}
	p.setState(errors.Join(wrap(err), p.health()))
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("panel: %w", err)
}

func (p *Buttons) send(cell int, down bool, at time.Time) {
	switch {
	case p.keys != nil:
		p.tell(Key{Rune: p.keys[cell], Down: down, At: at})
		return
	case !p.one:
		p.tell(Key{Number: cell + 1, Down: down, At: at})
		return
	}
	if down {
		p.mute = !p.last.IsZero() && at.Sub(p.last) < p.gap
		if !p.mute {
			p.last = at
		}
	}
	if !p.mute {
		p.tell(Key{Here: true, Down: down, At: at})
	}
}

// health says which buttons are stuck or unclear.
func (p *Buttons) health() error {
	var errs []error
	if stuck := p.dec.stuckKeys(); stuck != 0 {
		errs = append(errs, fmt.Errorf("panel: buttons %s stuck for over %v: %w", p.names(stuck), p.dec.stuck, hal.ErrGarbled))
	}
	if p.dec.unclear(p.now()) {
		errs = append(errs, fmt.Errorf("panel: keys unclear for over %v: %w", p.dec.stuck, hal.ErrGarbled))
	}
	return errors.Join(errs...)
}

// names lists the buttons of a set.
func (p *Buttons) names(set uint64) string {
	var list []string
	for ; set != 0; set &= set - 1 {
		i := bits.TrailingZeros64(set)
		if p.keys != nil {
			list = append(list, strconv.QuoteRune(p.keys[i]))
			continue
		}
		list = append(list, strconv.Itoa(i+1))
	}
	return strings.Join(list, ", ")
}
