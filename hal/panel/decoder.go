package panel

import (
	"math/bits"
	"time"
)

// decoder turns scans into keys: it debounces, leaves out ghosts and gives up on
// stuck keys. It is pure: what it says depends on the scans and times fed.
type decoder struct {
	debounce time.Duration
	stuck    time.Duration
	ghosts   func(contacts uint64) uint64 // those of a scan that may be none; nil: there are no such
	blink    time.Duration                // so long without a look, a hand may have pressed or let go
	glance   time.Duration                // a change that was seen but never confirmed, and may have lasted so long, was no bounce

	cells     []cell
	ghostFrom time.Time // since when some cells are ambiguous, zero if none
	last      time.Time // when the scan before began, if they follow each other; zero at rest
}

func newDecoder(cells int, o Opts) decoder {
	return decoder{debounce: o.Debounce, stuck: o.Stuck, cells: make([]cell, cells)}
}

// everything is the set of all cells.
const everything = ^uint64(0)

// cell is one contact.
type cell struct {
	raw   bool      // as last seen
	since time.Time // when raw last changed
	sure  time.Time // when the last scan began that had raw as down
	down  bool      // debounced
	from  time.Time // when down began
	stuck bool      // down for too long; reported as released
	known time.Time // for the next scan: since when it is down if it is, zero if not known
}

// feed takes one scan that was made between began and now, a bit set for a closed
// contact, and calls emit for each change; cells that are not in known stay as they
// were. Time must not go back. It tells whether a press, or the pause between two,
// may have been missed because there was no look at it.
func (d *decoder) feed(contacts, known uint64, began, now time.Time, emit func(cell int, down bool, at time.Time)) (missed bool) {
	rested := d.last.IsZero()
	missed = !rested && now.Sub(d.last) >= d.blink
	d.last = began
	ghosts := uint64(0)
	if d.ghosts != nil {
		ghosts = d.ghosts(contacts)
	}
	if ghosts == 0 {
		d.ghostFrom = time.Time{}
	} else if d.ghostFrom.IsZero() {
		d.ghostFrom = now
	}
	for i := range d.cells {
		c := &d.cells[i]
		raw := contacts&(1<<i) != 0
		if (ghosts|^known)&(1<<i) != 0 {
			raw = c.down // nothing is known: keep what was
		}
		if raw != c.raw {
			missed = missed || c.raw != c.down && now.Sub(c.sure) >= d.glance
			c.raw, c.since = raw, now
			if raw && !c.known.IsZero() {
				c.since = c.known
			}
			if rested && raw {
				c.sure = c.since // an edge ended the rest: until then it was open
			}
		}
		if c.raw != c.down && now.Sub(c.since) >= d.debounce {
			c.turn(i, emit)
		}
		if c.raw == c.down {
			c.sure = began
		}
		if c.down && !c.stuck && now.Sub(c.from) >= d.stuck {
			c.stuck = true
			emit(i, false, now)
		}
		c.known = time.Time{}
	}
	return missed
}

// rest notes that no scan follows for a while, or none can be made.
func (d *decoder) rest() {
	d.last = time.Time{}
	for i := range d.cells {
		d.cells[i].known = time.Time{}
	}
}

// turn takes over the debounced level.
func (c *cell) turn(i int, emit func(cell int, down bool, at time.Time)) {
	c.down = c.raw
	c.from = c.since
	if c.stuck {
		c.stuck = false // its release was reported long ago
		return
	}
	emit(i, c.down, c.since)
}

// ambiguous returns the cells of a matrix, bit 4×row+column, whose rows share two
// columns or more: without diodes three keys at the corners of a rectangle look like
// four.
func ambiguous(matrix uint64) uint64 {
	var ghosts uint64
	for a := range 3 {
		for b := a + 1; b < 4; b++ {
			common := matrix >> (4 * a) & (matrix >> (4 * b)) & 0xF
			if bits.OnesCount64(common) >= 2 {
				ghosts |= common<<(4*a) | common<<(4*b)
			}
		}
	}
	return ghosts
}

// quiet is true when no contact is closed or being debounced.
func (d *decoder) quiet() bool {
	for i := range d.cells {
		if d.cells[i].raw || d.cells[i].down {
			return false
		}
	}
	return d.ghostFrom.IsZero()
}

// busy is true while a key that is not stuck is down or being debounced.
func (d *decoder) busy() bool {
	for i := range d.cells {
		c := &d.cells[i]
		if c.raw != c.down || (c.down && !c.stuck) {
			return true
		}
	}
	return !d.ghostFrom.IsZero()
}

// stuckKeys returns the cells that are stuck.
func (d *decoder) stuckKeys() uint64 {
	var set uint64
	for i := range d.cells {
		if d.cells[i].stuck {
			set |= 1 << i
		}
	}
	return set
}

// unclear is true when cells have been ambiguous for as long as a stuck key.
func (d *decoder) unclear(now time.Time) bool {
	return !d.ghostFrom.IsZero() && now.Sub(d.ghostFrom) >= d.stuck
}
