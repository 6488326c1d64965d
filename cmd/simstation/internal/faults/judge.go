package faults

import (
	"fmt"
	"time"
)

// slack is what the ledger allows between the guard's clock, which runs with
// the frames it has read, and the world's.
const slack = 10 * time.Millisecond

// inertia is how long a closing that has begun may still come to its end: a
// voltage is known one cycle after it changed, and the contacts follow the coil.
const inertia = 45 * time.Millisecond

// rules are what a ledger holds a village to.
type rules struct {
	GoodTime time.Duration // unbroken good mains before a closing
	MinOff   time.Duration // from an opening, and from the guard's start, to the next closing
	stale    time.Duration // without samples until the guard is blind
}

// ledger follows one village through all its injections and notices what must
// never be, whatever was done to it: a closing before its time on any path, and
// a load that is switched, or left on, behind open contacts. It knows only what
// was seen at contacts, pins and the mains, nothing that a guard says.
type ledger struct {
	rules
	closed   bool
	opened   bool // it has been closed and has opened
	openedAt time.Duration
	good     bool
	goodAt   time.Duration
	alive    bool
	bornAt   time.Duration
	diedAt   time.Duration
	pins     uint16 // relay pins that are high
	relays   uint16 // relay contacts that are closed
	tried    bool   // a rise of the drive was told of since the last opening
}

// follow takes notes in the order of their times and returns what was wrong.
func (l *ledger) follow(notes []note) []string {
	var wrong []string
	for _, e := range notes {
		wrong = append(wrong, l.see(e)...)
	}
	return wrong
}

func (l *ledger) see(e note) []string {
	switch e.what {
	case mainsBand:
		l.good, l.goodAt = e.on, e.at
	case guardLife:
		l.alive = e.on
		if e.on {
			l.bornAt = e.at
		} else {
			l.diedAt = e.at
		}
	case drivePin:
		return l.drive(e)
	case relayPin:
		set(&l.pins, e.n, e.on)
		if e.on && !l.closed {
			return []string{fmt.Sprintf("%v: the pin of relay %d rose with the contactor open", e.at, e.n+1)}
		}
	case relayMoved:
		set(&l.relays, e.n, e.on)
	case contactMoved:
		return l.contact(e)
	}
	return nil
}

func set(mask *uint16, n int, on bool) {
	*mask &^= 1 << n
	if on {
		*mask |= 1 << n
	}
}

// drive judges a rise of the drive's pin while the contactor is open: nobody may
// even try before the time. It is told once for each time that it is open.
func (l *ledger) drive(e note) []string {
	if !e.on || l.closed || l.tried {
		return nil
	}
	wrong := l.early(e.at+slack, "a pulse")
	l.tried = len(wrong) > 0
	return wrong
}

func (l *ledger) contact(e note) []string {
	l.closed = e.on
	if !e.on {
		l.opened, l.openedAt, l.tried = true, e.at, false
		return nil
	}
	wrong := l.early(e.at, "closed")
	if l.relays != 0 {
		wrong = append(wrong, fmt.Sprintf("%v: closed onto load relays %04b", e.at, l.relays))
	}
	return wrong
}

// early says which of the times before a closing at t were not kept.
func (l *ledger) early(t time.Duration, what string) []string {
	var wrong []string
	complain := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Sprintf("%v: %s ", t, what)+fmt.Sprintf(format, args...))
		}
	}
	complain(!l.good && t-l.goodAt > inertia, "with the mains out of its band")
	complain(l.good && t-l.goodAt < l.GoodTime, "%v after the mains became good, not %v", t-l.goodAt, l.GoodTime)
	complain(l.opened && t-l.openedAt < l.MinOff, "%v after the opening, not %v", t-l.openedAt, l.MinOff)
	complain(!l.alive && t-l.diedAt > inertia, "without a guard")
	complain(l.alive && t-l.bornAt < l.MinOff, "%v after the guard's start, not %v", t-l.bornAt, l.MinOff)
	return wrong
}

// must is what the contactor has to do in an injection.
type must uint8

const (
	mayOpen  must = iota // either is right; the ledger still watches
	mustOpen             // open at from + within, and until until
	mustStay             // as it is from from to until, with its loads
)

// String returns the word of a report.
func (m must) String() string { return [...]string{"may open", "must open", "must stay"}[m] }

// claim is what has to be true of the contacts between two world times.
type claim struct {
	must   must
	from   time.Duration
	within time.Duration // mustOpen: from then on
	until  time.Duration
}

// finding is a claim held against what was seen.
type finding struct {
	must   must
	opened time.Duration // mustOpen: how long after from, 0 when it was open already
	was    bool          // it was closed at from, so the claim says something
	wrong  string        // "": it holds
}

// hold judges c against the moves since c.from; closed is how the main contacts
// were then.
func (c claim) hold(closed bool, moves []note) finding {
	f := finding{must: c.must, was: closed}
	switch c.must {
	case mustOpen:
		f.opened, f.wrong = c.open(closed, moves)
	case mustStay:
		f.wrong = c.stay(closed, moves)
	}
	return f
}

// open looks for the last moment until until at which the contacts were closed.
func (c claim) open(closed bool, moves []note) (opened time.Duration, wrong string) {
	first := true
	for _, e := range moves {
		if e.what != contactMoved || e.at > c.until {
			continue
		}
		if closed && !e.on {
			if first {
				opened, first = e.at-c.from, false
			}
			if took := e.at - c.from; took > c.within {
				wrong = fmt.Sprintf("open %v after the event, not within %v", took, c.within)
			}
		}
		closed = e.on
	}
	if closed {
		return c.until - c.from, fmt.Sprintf("still closed %v after the event, not open within %v", c.until-c.from, c.within)
	}
	return opened, wrong
}

func (c claim) stay(closed bool, moves []note) string {
	if !closed {
		return ""
	}
	for _, e := range moves {
		switch {
		case e.at > c.until || e.on:
		case e.what == contactMoved:
			return fmt.Sprintf("opened %v after the event, though it had to stay", e.at-c.from)
		case e.what == relayMoved:
			return fmt.Sprintf("relay %d opened %v after the event, though it had to stay", e.n+1, e.at-c.from)
		}
	}
	return ""
}
