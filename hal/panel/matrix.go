package panel

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
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
	// watchEdge bounds one wait for an edge.
	watchEdge = 100 * time.Millisecond
)

// DefaultLayout names the keys, row by row.
const DefaultLayout = "123A456B789C*0#D"

// Matrix is a keypad of 4×4 keys in a matrix of row inputs and column outputs. Run
// owns its pins.
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
// A press that it may have missed, because it had no turn or its pins were lost, is
// told by Missed; rows that stamp their edges tell it also of presses between two
// looks. Edges else only hurry it, a lost one costs at most IdleCheck. A key that is
// stuck, or a row shorted to ground, is told by State and ignored while the other
// keys go on; three keys at the corners of a rectangle, which look like four in a
// matrix without diodes, are not reported until they are clear again.
type Matrix struct {
	*outlet
	rows   [4]gpio.PinIn
	cols   [4]gpio.PinOut
	layout [16]rune
	edges  func() time.Duration // nil: edges have no times
	dec    decoder
	sentry sentry
	ready  bool  // pins are set up
	lame   bool  // they were, and have failed since
	short  uint8 // rows that stay low with all columns high
}

// NewMatrix prepares a panel on four rows and four columns and touches no pin yet. A
// missing pin or a layout without 16 different runes is an error.
//
// The columns drive nothing but key contacts: on error, panic, power loss or a
// lost pin server they float or stay, and keys are not seen; no harm is done.
func NewMatrix(rows [4]gpio.PinIn, cols [4]gpio.PinOut, opts Opts) (*Matrix, error) {
	opts = opts.filled()
	p := &Matrix{outlet: newOutlet(opts), rows: rows, cols: cols, edges: opts.Edges}
	p.sentry.least = opts.Debounce
	p.dec = newDecoder(len(p.layout), opts)
	p.dec.ghosts, p.dec.blink, p.dec.glance = ambiguous, 80*time.Millisecond, 30*time.Millisecond
	for i := range 4 {
		if rows[i] == nil || cols[i] == nil {
			return nil, fmt.Errorf("panel: row or column %d: no pin: %w", i, hal.ErrGone)
		}
	}
	var err error
	if p.layout, err = parseLayout(opts.Layout); err != nil {
		return nil, err
	}
	return p, nil
}

// parseLayout takes apart a layout: 16 different runes.
func parseLayout(layout string) (keys [16]rune, err error) {
	if utf8.RuneCountInString(layout) != len(keys) {
		return keys, fmt.Errorf("panel: layout %q: want 16 runes", layout)
	}
	for i, r := range []rune(layout) {
		if slices.Contains(keys[:i], r) {
			return keys, fmt.Errorf("panel: layout %q: %q twice", layout, r)
		}
		keys[i] = r
	}
	return keys, nil
}

// Run reads the keys until ctx ends, then returns nil, within watchEdge and one
// call of a pin. It is called once.
func (p *Matrix) Run(ctx context.Context) error {
	poke := make(chan struct{}, 1)
	var watchers sync.WaitGroup
	for i := range p.rows {
		watchers.Go(func() { p.watch(ctx, i, poke) })
	}
	defer watchers.Wait()
	t := time.NewTimer(0)
	defer t.Stop()
	for ctx.Err() == nil {
		pause, hurry := p.step(), poke
		if pause < IdleCheck {
			hurry = nil // edges of our own scanning
		}
		t.Reset(pause)
		select {
		case <-ctx.Done():
		case <-hurry:
		case <-t.C:
		}
	}
	return nil
}

// watch pokes whenever a row has an edge. A pin that cannot wait is not asked more
// than twice in watchEdge.
func (p *Matrix) watch(ctx context.Context, row int, poke chan<- struct{}) {
	t := time.NewTimer(0)
	defer t.Stop()
	for ctx.Err() == nil {
		began := p.now()
		if p.waitForEdge(row) {
			select {
			case poke <- struct{}{}:
			default:
			}
			continue
		}
		if rest := watchEdge/2 - p.now().Sub(began); rest > 0 {
			sleep(ctx, t, rest)
		}
	}
}

// waitForEdge waits for one edge of a row and asks what it means.
func (p *Matrix) waitForEdge(row int) bool {
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
func (p *Matrix) step() time.Duration {
	pause, err := p.look()
	if err != nil {
		if p.ready {
			p.miss()
		}
		p.lame = p.lame || p.ready
		p.ready = false
		p.dec.rest()
		p.setState(fmt.Errorf("panel: %w", err))
		return retryAfter
	}
	if p.lame {
		p.lame = false
		p.miss() // until they were back
	}
	p.setState(p.health())
	return pause
}

func (p *Matrix) look() (time.Duration, error) {
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
	if p.dec.feed(uint64(matrix), everything, now, now, p.send) || gone {
		p.miss()
	}
	if !p.dec.busy() && (p.short != 0 || p.dec.stuckKeys() != 0) {
		return slowScan, nil
	}
	return ScanEvery, nil
}

// rest looks whether the panel goes on resting, and if not, since when the rows are
// low that end it.
func (p *Matrix) rest() (falls [4]fall, resting bool, err error) {
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
func (p *Matrix) backdate(falls [4]fall, matrix uint16, now time.Time) (gone bool) {
	for r, f := range falls {
		if !f.low || p.short&(1<<r) != 0 {
			continue
		}
		age := p.stamp() - f.at
		if f.known {
			for c := range 4 {
				p.dec.cells[4*r+c].known = now.Add(-age)
			}
		}
		gone = gone || matrix>>(4*r)&0xF == 0 && age >= p.sentry.least
	}
	return gone
}

// stamp is now on the clock of the edges.
func (p *Matrix) stamp() time.Duration {
	if p.edges == nil {
		return 0
	}
	return p.edges()
}

func (p *Matrix) send(cell int, down bool, at time.Time) {
	p.tell(Key{Rune: p.layout[cell], Down: down, At: at})
}

// health says what is wrong with keys and rows.
func (p *Matrix) health() error {
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
