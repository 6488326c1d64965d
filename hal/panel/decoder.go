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

	cells     [16]cell
	ghostFrom time.Time    // since when some cells are ambiguous, zero if none
	last      time.Time    // of the scans that follow each other; zero at rest
	since     [4]time.Time // for the next scan: since when rows are known to be low, zero if not
}

// quickest is the shortest pause of a hand between two presses.
const quickest = 80 * time.Millisecond

// cell is one contact.
type cell struct {
	raw   bool      // as last seen
	since time.Time // when raw last changed
	down  bool      // debounced
	from  time.Time // when down began
	stuck bool      // down for too long; reported as released
}

// feed takes one scan, bit 4×row+column set for a closed contact, and calls emit
// for each change. now must not go back. It tells whether a press may have been
// missed because the scan before was too long ago.
func (d *decoder) feed(matrix uint16, now time.Time, emit func(cell int, down bool, at time.Time)) (missed bool) {
	blind := time.Duration(0)
	if !d.last.IsZero() {
		blind = now.Sub(d.last)
	}
	missed = blind >= quickest
	d.last = now
	ghosts := ambiguous(matrix)
	if ghosts == 0 {
		d.ghostFrom = time.Time{}
	} else if d.ghostFrom.IsZero() {
		d.ghostFrom = now
	}
	for i := range d.cells {
		c := &d.cells[i]
		raw := matrix&(1<<i) != 0
		if ghosts&(1<<i) != 0 {
			raw = c.down // nothing is known: keep what was
		}
		if raw != c.raw {
			// Seen once: a bounce, if it was looked at often enough to know.
			missed = missed || c.raw != c.down && blind > d.debounce
			c.raw, c.since = raw, now
			if from := d.since[i/4]; raw && !from.IsZero() {
				c.since = from
			}
		}
		if c.raw != c.down && now.Sub(c.since) >= d.debounce {
			c.turn(i, emit)
		}
		if c.down && !c.stuck && now.Sub(c.from) >= d.stuck {
			c.stuck = true
			emit(i, false, now)
		}
	}
	d.since = [4]time.Time{}
	return missed
}

// rest notes that no scan follows for a while, or none can be made.
func (d *decoder) rest() { d.last, d.since = time.Time{}, [4]time.Time{} }

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

// ambiguous returns the cells of scans in which two rows share two columns or
// more: without diodes three keys at the corners of a rectangle look like four.
func ambiguous(matrix uint16) uint16 {
	var ghosts uint16
	for a := range 3 {
		for b := a + 1; b < 4; b++ {
			common := matrix >> (4 * a) & (matrix >> (4 * b)) & 0xF
			if bits.OnesCount16(common) >= 2 {
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
func (d *decoder) stuckKeys() uint16 {
	var set uint16
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
