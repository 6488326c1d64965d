// Package contactor switches mains: the main contactor, which is held closed by
// pulses and watched through its auxiliary contacts, and the relays of the loads.
//
// The contactor's drive is retriggerable hardware: each change of the drive line
// holds the coil for 100 to 300 ms, and no change, whatever the level, lets it
// fall. So a contactor is never "switched on"; somebody who has just looked at
// the mains says so again and again with Pulse. Nothing in this package pulses by
// itself, starts a goroutine or keeps the contactor closed on its own account.
//
// The driver should need several changes in a row to pull the coil in (a charge
// pump does): the end of the process lets the line fall, and with a plain
// monostable that single change would close an open contactor for one hold time.
// The load relays, which fall at the same moment, are the second break.
//
//	drive  __|‾|_|‾|_|‾|_|‾|_____________   a change each 10 ms, then none
//	coil   ___|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|______   falls 100–300 ms after the last
//
// The auxiliary contacts are wired to ground with a pull-up at the line: closed
// reads low. NO proves closing, the mirror contact NC proves opening
// (IEC 60947-4-1 annex F).
package contactor

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// Settle is how long NO and NC may say the same while the contactor moves; after
// that it is a fault of the wiring or of a contact. Mirror contacts change over
// within some milliseconds.
const Settle = 50 * time.Millisecond

// Gap is the least time between two changes of the line. The drive holds for ten
// times as long, so more changes would only keep the pins busy.
const Gap = 9 * time.Millisecond

// Fresh is how young the last pulse must be for Release to lower the line.
const Fresh = 15 * time.Millisecond

// ErrWiring means that the two auxiliary contacts contradict each other.
var ErrWiring = errors.New("auxiliary contacts contradict each other")

// Opts of a Contactor; the zero value is right.
type Opts struct {
	// Now tells the time for Settle and Fresh, time.Now if nil.
	Now func() time.Time
}

// Contactor is the main contactor. Pulse and Release belong to one goroutine;
// Aux may be called from any.
type Contactor struct {
	drive  gpio.PinOut
	no, nc gpio.PinIn // nc is nil when not wired
	now    func() time.Time

	level    gpio.Level // of the drive line, as far as known
	pulsedAt time.Time

	mu      sync.Mutex // equalAt
	equalAt time.Time  // since when NO and NC say the same, zero if they do not
}

// poster is an output that need not wait for its confirmation, like
// gpioline.Pin.
type poster interface{ Post(gpio.Level) error }

// leveler is an input that knows when it does not know, like gpioline.Pin.
type leveler interface{ Level() (gpio.Level, error) }

// New takes the lines: the drive becomes an output at low, with no other level
// before, so the contactor stays open; the contacts become inputs with pull-up.
// auxNC is a nil interface when it is not wired. On error nothing is driven.
//
// The drive in every case:
//   - nil drive or nil auxNO: New returns an error.
//   - error or time-out of a call: the line keeps a level, which is no pulse; the
//     contactor opens 100–300 ms later unless the next Pulse succeeds.
//   - panic, kill, hang, lost pin server: no pulse, the hardware opens.
//   - power loss, reset, boot: the coil has no supply, or the line no pulse: open.
func New(drive gpio.PinOut, auxNO, auxNC gpio.PinIn, opts Opts) (*Contactor, error) {
	if drive == nil || auxNO == nil {
		return nil, fmt.Errorf("contactor: drive or auxiliary contact missing: %w", hal.ErrGone)
	}
	c := &Contactor{drive: drive, no: auxNO, nc: auxNC, now: opts.Now}
	if c.now == nil {
		c.now = time.Now
	}
	for _, contact := range []gpio.PinIn{auxNO, auxNC} {
		if contact == nil {
			continue
		}
		if err := contact.In(gpio.PullUp, gpio.NoEdge); err != nil {
			return nil, fmt.Errorf("contactor: auxiliary contact: %w", err)
		}
	}
	if err := drive.Out(gpio.Low); err != nil {
		return nil, fmt.Errorf("contactor: drive: %w", err)
	}
	return c, nil
}

// Pulse changes the level of the drive once and so holds the contactor closed
// for another 100–300 ms. It is called once for each piece of mains that was
// looked at and found good, and by nobody else; sooner than Gap after the last
// change it does nothing. It does not wait for a pin server and allocates nothing. After an error the level is not counted as
// changed: the next Pulse tries the same one, and a pulse is missing, which is
// the safe side. A nil Contactor returns hal.ErrGone.
func (c *Contactor) Pulse() error {
	if c == nil {
		return fmt.Errorf("contactor: %w", hal.ErrGone)
	}
	now := c.now()
	if since := now.Sub(c.pulsedAt); since >= 0 && since < Gap {
		return nil
	}
	next := !c.level
	if err := c.post(next); err != nil {
		return fmt.Errorf("contactor: pulse: %w", err)
	}
	c.level, c.pulsedAt = next, now
	return nil
}

func (c *Contactor) post(l gpio.Level) error {
	if p, ok := c.drive.(poster); ok {
		return p.Post(l)
	}
	return c.drive.Out(l)
}

// Release ends the pulses; the contactor opens 100–300 ms after the last one,
// called or not. It lowers the line for rest if the last pulse is younger than
// Fresh, which adds less than Fresh to the hold. An older pulse is not followed by
// such a change, because it would hold the contactor all over again: then, and
// after an error, the line stays as it is. A nil Contactor returns hal.ErrGone.
func (c *Contactor) Release() error {
	if c == nil {
		return fmt.Errorf("contactor: %w", hal.ErrGone)
	}
	if c.level == gpio.Low || c.now().Sub(c.pulsedAt) >= Fresh {
		return nil
	}
	if err := c.drive.Out(gpio.Low); err != nil {
		return fmt.Errorf("contactor: release: %w", err)
	}
	c.level = gpio.Low
	return nil
}

// Aux tells whether the contactor is closed, as its contacts prove it. known is
// false, and closed means nothing, while NO and NC say the same, when a contact
// cannot be read, and on a nil Contactor. err says why, except for the first
// Settle of a contradiction, which is just movement: then it is nil. Later it
// wraps ErrWiring. With NO alone a stuck contact or a cut wire (reads open) cannot
// be told. It reads each line once, bounded as gpioline says.
func (c *Contactor) Aux() (closed, known bool, err error) {
	if c == nil {
		return false, false, fmt.Errorf("contactor: %w", hal.ErrGone)
	}
	no, err := level(c.no)
	if err != nil {
		return false, false, fmt.Errorf("contactor: auxiliary contact NO: %w", err)
	}
	if c.nc == nil {
		return !bool(no), true, nil
	}
	nc, err := level(c.nc)
	if err != nil {
		return false, false, fmt.Errorf("contactor: auxiliary contact NC: %w", err)
	}
	if since := c.equal(no == nc); since > Settle {
		return false, false, fmt.Errorf("contactor: NO and NC both %v for %v: %w", no, since.Round(time.Millisecond), ErrWiring)
	}
	return !bool(no) && bool(nc), no != nc, nil
}

// equal notes whether the contacts say the same and returns for how long.
func (c *Contactor) equal(same bool) time.Duration {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !same {
		c.equalAt = time.Time{}
		return 0
	}
	if c.equalAt.IsZero() {
		c.equalAt = now
	}
	return now.Sub(c.equalAt)
}

// level reads p, with the error if p can tell.
func level(p gpio.PinIn) (gpio.Level, error) {
	if l, ok := p.(leveler); ok {
		return l.Level()
	}
	return p.Read(), nil
}
