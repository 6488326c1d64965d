// Package panel reads the villagers' keypad: 4×4 keys in a matrix of row inputs
// and column outputs. It reports each press and release once, with the time at
// which it began, and never a key that nobody pressed.
//
//	        col 0  col 1  col 2  col 3      rows are pulled up; one column at a
//	row 0 ──┤1├────┤2├────┤3├────┤A├──      time is low; a pressed key pulls its
//	row 1 ──┤4├────┤5├────┤6├────┤B├──      row low with it. At rest all columns
//	row 2 ──┤7├────┤8├────┤9├────┤C├──      are low and the panel waits for an
//	row 3 ──┤*├────┤0├────┤#├────┤D├──      edge on any row.
//
// Columns are open drain where the pin knows how, so that two keys of one row
// never join a high to a low output; with other pins each column needs a diode
// or 1 kΩ in series.
//
// It promises: a press that it may have missed, because it had no turn or its pins
// were lost, is told by Missed, so that nobody takes the rest of a number for the
// number; rows that stamp their edges tell it also of presses between two looks.
// Edges else only hurry it, a lost one costs at most IdleCheck; a key that
// is stuck, or a row shorted to ground, is told by State and ignored while the
// other keys go on; three keys at the corners of a rectangle, which look like four
// in a matrix without diodes, are not reported until they are clear again. Lost
// pins are tried again for ever; Run ends only with its context.
package panel

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// Times of the panel's loop.
const (
	// IdleCheck is how often the rows are read when no edge comes.
	IdleCheck = 50 * time.Millisecond
	// ScanEvery is the time between scans while a key is down.
	ScanEvery = 5 * time.Millisecond
	// slowScan is the same while nothing but stuck keys is down.
	slowScan = 20 * time.Millisecond
	// retryPins is the pause after an error of a pin.
	retryPins = 250 * time.Millisecond
	// watchEdge bounds one wait for an edge.
	watchEdge = 100 * time.Millisecond
)

// DefaultLayout names the keys, row by row.
const DefaultLayout = "123A456B789C*0#D"

// keysDepth is how many keys wait for a slow reader.
const keysDepth = 64

// Key is a press or a release.
type Key struct {
	// Rune is the name of the key in the layout.
	Rune rune
	// Down is true for a press and false for a release. A key that is stuck is
	// released when that is noticed.
	Down bool
	// At is when it was first seen, before debouncing.
	At time.Time
	// Missed is true when presses before this one may have been missed. Rune is 0
	// if that is all there is to tell.
	Missed bool
}

// Opts of a Panel; the zero value is right.
type Opts struct {
	// Layout holds 16 different runes, row by row; DefaultLayout if empty.
	Layout string
	// Debounce is how long a contact must stay before it counts, 15 ms if 0.
	Debounce time.Duration
	// Stuck is how long a key may be down before it counts as stuck, 10 s if 0.
	Stuck time.Duration
	// Now tells the time, time.Now if nil.
	Now func() time.Time
	// Edges is the clock with which rows stamp their edges, gpioline.Monotonic. If
	// nil, presses that come and go between two looks are not noticed.
	Edges func() time.Duration
}

// Panel is the keypad. Run owns its pins.
type Panel struct {
	rows   [4]gpio.PinIn
	cols   [4]gpio.PinOut
	layout [16]rune
	now    func() time.Time
	edges  func() time.Duration // nil: edges have no times
	keys   chan Key
	lost   atomic.Uint64
	dec    decoder
	sentry sentry
	ready  bool  // pins are set up
	short  uint8 // rows that stay low with all columns high

	mu   sync.Mutex // err, owes
	err  error
	owes bool // presses were missed, and nobody has been told
}

// New prepares a panel on four rows and four columns and touches no pin yet. A
// missing pin or a layout without 16 different runes is an error.
//
// The columns drive nothing but key contacts: on error, panic, power loss or a
// lost pin server they float or stay, and keys are not seen; no harm is done.
func New(rows [4]gpio.PinIn, cols [4]gpio.PinOut, opts Opts) (*Panel, error) {
	if opts.Layout == "" {
		opts.Layout = DefaultLayout
	}
	if opts.Debounce == 0 {
		opts.Debounce = 15 * time.Millisecond
	}
	if opts.Stuck == 0 {
		opts.Stuck = 10 * time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	p := &Panel{rows: rows, cols: cols, now: opts.Now, edges: opts.Edges, keys: make(chan Key, keysDepth)}
	p.sentry.least = opts.Debounce
	p.dec = decoder{debounce: opts.Debounce, stuck: opts.Stuck}
	for i := range 4 {
		if rows[i] == nil || cols[i] == nil {
			return nil, fmt.Errorf("panel: row or column %d: no pin: %w", i, hal.ErrGone)
		}
	}
	if err := p.name(opts.Layout); err != nil {
		return nil, err
	}
	return p, nil
}

// name fills in the layout.
func (p *Panel) name(layout string) error {
	if utf8.RuneCountInString(layout) != len(p.layout) {
		return fmt.Errorf("panel: layout %q: want 16 runes", layout)
	}
	seen := make(map[rune]bool)
	for i, r := range []rune(layout) {
		if seen[r] {
			return fmt.Errorf("panel: layout %q: %q twice", layout, r)
		}
		seen[r], p.layout[i] = true, r
	}
	return nil
}

// Keys returns the stream of presses and releases. It is never closed. When
// nobody reads it the newest keys are dropped and counted by Lost; the next that
// is not dropped is Missed.
func (p *Panel) Keys() <-chan Key { return p.keys }

// Lost returns how many keys were dropped because nobody read them.
func (p *Panel) Lost() uint64 { return p.lost.Load() }

// State is nil while every key works, else why not: a pin that cannot be used
// (wrapping its error), rows shorted to ground, stuck or unclear keys (wrapping
// hal.ErrGarbled).
func (p *Panel) State() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *Panel) setState(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// Run reads the keys until ctx ends, then returns nil, within watchEdge and one
// call of a pin. It is called once.
func (p *Panel) Run(ctx context.Context) error {
	poke := make(chan struct{}, 1)
	var watchers sync.WaitGroup
	for i := range p.rows {
		watchers.Go(func() { p.watch(ctx, i, poke) })
	}
	defer watchers.Wait()
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-poke:
		case <-t.C:
		}
		pause := p.step()
		if pause < IdleCheck {
			if !sleep(ctx, t, pause) { // edges of our own scanning do not hurry us
				return nil
			}
			pause = 0
		}
		t.Reset(pause)
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

// watch pokes whenever a row has an edge. A pin that cannot wait is not asked more
// than twice in watchEdge.
func (p *Panel) watch(ctx context.Context, row int, poke chan<- struct{}) {
	t := time.NewTimer(0)
	defer t.Stop()
	for ctx.Err() == nil {
		t.Reset(watchEdge / 2)
		if p.waitForEdge(row) {
			select {
			case poke <- struct{}{}:
			default:
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

// waitForEdge waits for one edge of a row and asks what it means.
func (p *Panel) waitForEdge(row int) bool {
	r, ok := p.rows[row].(stamped)
	if !ok || p.edges == nil {
		return p.rows[row].WaitForEdge(watchEdge)
	}
	l, at, ok := r.NextEdge(watchEdge)
	if ok && p.sentry.edge(row, l, at) {
		p.miss()
	}
	return ok
}

// step does one look at the keys and returns the pause until the next.
func (p *Panel) step() time.Duration {
	pause, err := p.look()
	if err != nil {
		if p.ready {
			p.miss()
		}
		p.ready = false
		p.dec.rest()
		p.setState(fmt.Errorf("panel: %w", err))
		return retryPins
	}
	p.setState(p.health())
	return pause
}

func (p *Panel) look() (time.Duration, error) {
	if err := p.setUp(); err != nil {
		return 0, err
	}
	falls, resting, err := p.rest()
	if err != nil || resting {
		return IdleCheck, err
	}
	matrix, err := p.scan()
	if err != nil {
		return 0, err
	}
	now := p.now()
	gone := p.backdate(falls, matrix, now)
	if p.dec.feed(matrix, now, p.send) || gone {
		p.miss()
	}
	if !p.dec.busy() && (p.short != 0 || p.dec.stuckKeys() != 0) {
		return slowScan, nil
	}
	return ScanEvery, nil
}

// rest looks whether the panel goes on resting, and if not, since when the rows are
// low that end it.
func (p *Panel) rest() (falls [4]fall, resting bool, err error) {
	if !p.dec.quiet() {
		return falls, false, nil
	}
	p.dec.rest()
	low, err := p.anyKey()
	switch {
	case err != nil:
		return falls, false, err
	case low == 0:
		p.short = 0
		p.sentry.sleep(p.stamp())
		return falls, true, nil
	}
	return p.sentry.wake(p.stamp(), low), false, nil
}

// backdate tells the decoder since when keys of the first scan after a rest are
// down, and returns whether one is up again.
func (p *Panel) backdate(falls [4]fall, matrix uint16, now time.Time) (gone bool) {
	for r, f := range falls {
		if !f.low || p.short&(1<<r) != 0 {
			continue
		}
		age := p.stamp() - f.at
		if f.known {
			p.dec.since[r] = now.Add(-age)
		}
		gone = gone || matrix>>(4*r)&0xF == 0 && age >= p.sentry.least
	}
	return gone
}

// stamp is now on the clock of the edges.
func (p *Panel) stamp() time.Duration {
	if p.edges == nil {
		return 0
	}
	return p.edges()
}

func (p *Panel) send(cell int, down bool, at time.Time) {
	p.tell(Key{Rune: p.layout[cell], Down: down, At: at})
}

// miss tells that presses may have been missed until now.
func (p *Panel) miss() {
	p.tell(Key{At: p.now(), Missed: true})
}

func (p *Panel) tell(k Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.Missed = k.Missed || p.owes
	select {
	case p.keys <- k:
		p.owes = false
	default:
		p.owes = true
		if k.Rune != 0 {
			p.lost.Add(1)
		}
	}
}

// health says what is wrong with keys and rows.
func (p *Panel) health() error {
	var errs []error
	if p.short != 0 {
		errs = append(errs, fmt.Errorf("panel: %d rows shorted to ground (bits %04b): %w", bits.OnesCount8(p.short), p.short, hal.ErrGarbled))
	}
	stuck := p.dec.stuckKeys()
	for i, r := range p.layout {
		if stuck&(1<<i) != 0 {
			errs = append(errs, fmt.Errorf("panel: key %q stuck for over %v: %w", r, p.dec.stuck, hal.ErrGarbled))
		}
	}
	if p.dec.unclear(p.now()) {
		errs = append(errs, fmt.Errorf("panel: keys unclear for over %v: %w", p.dec.stuck, hal.ErrGarbled))
	}
	return errors.Join(errs...)
}
