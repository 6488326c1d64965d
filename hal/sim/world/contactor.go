package world

import "time"

// The contactor and its retriggerable drive.
const (
	HoldTime    = 200 * time.Millisecond // the coil is dropped this long after the last drive edge, unless Opts.Hold says otherwise
	PickUpEdges = 4                      // edges within the hold of each other that energise the coil: one stray edge closes nothing
	OperateTime = 15 * time.Millisecond  // coil on to main contacts closed
	ReleaseTime = 8 * time.Millisecond   // coil off to main contacts open
)

type contactor struct {
	hold     time.Duration
	fault    ContactorFault
	closed   bool
	driven   bool
	changing time.Duration // when driven last changed
	lastEdge time.Duration
	edges    int    // in a row, none further than hold from the one before
	holds    []span // when the coil is on; edges may be ahead of the world's time
	movedAt  time.Duration
	moves    int
}

// edge counts a drive edge. A stamp older than one already counted counts as
// that one: connections may overtake each other by microseconds.
func (c *contactor) edge(at time.Duration) {
	at = max(at, c.lastEdge)
	if c.edges > 0 && at-c.lastEdge > c.hold {
		c.edges = 0
	}
	c.lastEdge = at
	c.edges++
	if c.edges < PickUpEdges {
		return
	}
	if n := len(c.holds); n > 0 && c.holds[n-1].to >= at {
		c.holds[n-1].to = at + c.hold
		return
	}
	c.holds = append(c.holds, span{at, at + c.hold})
}

// stretch lengthens the hold that is on at now, because the simulation stood
// still for d.
func (c *contactor) stretch(now, d time.Duration) {
	n := len(c.holds)
	if n == 0 || !c.holds[n-1].holds(now) {
		return
	}
	c.holds[n-1].to += d
	c.lastEdge += d
}

// step moves the contactor at world time now and reports whether its main
// contacts moved.
func (c *contactor) step(now time.Duration) bool {
	for len(c.holds) > 0 && c.holds[0].to <= now {
		c.holds = append(c.holds[:0], c.holds[1:]...)
	}
	driven := len(c.holds) > 0 && c.holds[0].holds(now)
	if driven != c.driven {
		c.driven, c.changing = driven, now
	}
	age := now - c.changing
	switch {
	case c.driven && !c.closed && age >= OperateTime && c.fault != NoClose:
		c.closed = true
	case !c.driven && c.closed && age >= ReleaseTime && c.fault != Welded:
		c.closed = false
	case c.closed && c.fault == NoClose:
		c.closed = false
	default:
		return false
	}
	return true
}
