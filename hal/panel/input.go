package panel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"stationbox/hal"
	"stationbox/hal/evdev"
)

const (
	// lookAfter is how long a read of an input device waits before its keys are looked
	// at for stuck ones.
	lookAfter = 250 * time.Millisecond
	// maxAge is how old a change can be; an older one has the time of another clock.
	maxAge = time.Minute
)

// input reads an input device for ever: it connects, reads, and connects again.
type input struct {
	*outlet
	dev   *evdev.Device
	stuck time.Duration
	edges func() time.Duration // nil: changes have no times

	had   bool // it was connected, and is
	lame  bool // it was connected, and has failed since
	down  map[uint16]time.Time
	given map[uint16]bool // stuck: reported as released
}

func newInput(dev *evdev.Device, o Opts) input {
	return input{outlet: newOutlet(o), dev: dev, stuck: o.Stuck, edges: o.Edges, down: map[uint16]time.Time{}, given: map[uint16]bool{}}
}

// taker is what makes keys of what an input device tells.
type taker interface {
	// change takes in a key that went down or up.
	change(code uint16, down bool, at time.Time)
	// release lets go of a key that counts no longer: it is stuck, or the device is lost.
	release(code uint16, at time.Time)
	// miss says that changes were lost.
	miss()
	// idle is called now and then when nothing has happened for a while.
	idle(now time.Time)
}

// run reads until ctx ends.
func (p *input) run(ctx context.Context, to taker) error {
	t := time.NewTimer(0)
	defer t.Stop()
	for ctx.Err() == nil {
		if err := p.turn(ctx, to); err != nil {
			p.lose(to)
			p.setState(fmt.Errorf("panel: %w", err))
			sleep(ctx, t, retryAfter)
			continue
		}
		p.watch(to)
	}
	if err := p.dev.Close(); err != nil {
		p.setState(fmt.Errorf("panel: %w", err))
	}
	return nil
}

// turn reads one report, if one comes in time.
func (p *input) turn(ctx context.Context, to taker) error {
	if err := p.connect(to); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, lookAfter)
	defer cancel()
	r, err := p.dev.Read(wait)
	switch {
	case wait.Err() != nil && errors.Is(err, wait.Err()):
		to.idle(p.now())
		return nil
	case err != nil:
		return err
	}
	if r.Missed {
		to.miss()
	}
	for _, c := range r.Changes {
		p.note(c, to)
	}
	return nil
}

// connect opens the device. Keys that are down already count as held from now on, and
// not as pressed.
func (p *input) connect(to taker) error {
	if p.had {
		return nil
	}
	if err := p.dev.Connect(); err != nil {
		return err
	}
	p.had = true
	for _, code := range p.dev.Down(MaxButtons) {
		p.down[code], p.given[code] = p.now(), true
	}
	if p.lame {
		p.lame = false
		to.miss() // until it was back
	}
	return nil
}

// lose lets go of all keys after an error.
func (p *input) lose(to taker) {
	if !p.had {
		return
	}
	p.had, p.lame = false, true
	for code := range p.down {
		if !p.given[code] {
			to.release(code, p.now())
		}
	}
	clear(p.down)
	clear(p.given)
	to.miss()
}

func (p *input) note(c evdev.Change, to taker) {
	at := p.when(c.At)
	given := p.given[c.Code]
	delete(p.given, c.Code)
	if c.Down {
		p.down[c.Code] = at
	} else {
		delete(p.down, c.Code)
	}
	if !given {
		to.change(c.Code, c.Down, at)
	}
}

// when is the time of a change on the panel's clock.
func (p *input) when(stamp time.Duration) time.Time {
	now := p.now()
	if p.edges == nil {
		return now
	}
	age := p.edges() - stamp
	if age < 0 || age > maxAge {
		return now
	}
	return now.Add(-age)
}

// watch gives up on stuck keys and says which there are.
func (p *input) watch(to taker) {
	now := p.now()
	var stuck []uint16
	for code, since := range p.down {
		if now.Sub(since) < p.stuck {
			continue
		}
		if !p.given[code] {
			p.given[code] = true
			to.release(code, now)
		}
		stuck = append(stuck, code)
	}
	if len(stuck) == 0 {
		p.setState(nil)
		return
	}
	slices.Sort(stuck)
	p.setState(fmt.Errorf("panel: keys %d (of linux/input-event-codes.h) stuck for over %v: %w", stuck, p.stuck, hal.ErrGarbled))
}
