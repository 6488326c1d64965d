package faults

import (
	"slices"
	"sync"
	"time"

	"stationbox/hal/sim/world"
)

// what names something that was seen in a village, from the outside.
type what uint8

const (
	contactMoved what = iota + 1 // on: the main contacts closed
	relayMoved                   // on: the contact of load relay n closed
	drivePin                     // on: the drive's pin went high
	relayPin                     // on: the pin of load relay n went high
	mainsBand                    // on: the mains entered its good band
	guardLife                    // on: a guard was started
)

// note is one thing seen, at a world time.
type note struct {
	at   time.Duration
	what what
	n    int
	on   bool
}

// notebook collects notes from several goroutines.
type notebook struct {
	mu    sync.Mutex
	notes []note
	moves []note // contactMoved and relayMoved, kept for claims
}

func (b *notebook) add(at time.Duration, w what, n int, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := note{at, w, n, on}
	b.notes = append(b.notes, e)
	if w == contactMoved || w == relayMoved {
		b.moves = append(b.moves, e)
	}
}

// take returns the notes before to in the order of their times, and forgets
// them. Pins are stamped a little ahead of the world, so the rest waits.
func (b *notebook) take(to time.Duration) []note {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortStableFunc(b.notes, func(x, y note) int { return int(x.at - y.at) })
	n, _ := slices.BinarySearchFunc(b.notes, to, func(e note, t time.Duration) int { return int(e.at - t) })
	out := slices.Clone(b.notes[:n])
	b.notes = append(b.notes[:0], b.notes[n:]...)
	return out
}

// movesSince returns the moves of contacts from a time on, and whether the main
// contacts were closed at that time. Older moves are forgotten.
func (b *notebook) movesSince(from time.Duration) (closed bool, moves []note) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.moves {
		switch {
		case e.at >= from:
			moves = append(moves, e)
		case e.what == contactMoved:
			closed = e.on
		}
	}
	return closed, moves
}

// forget drops all moves before a time but the newest of the main contacts.
func (b *notebook) forget(before time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var keep []note
	for _, e := range b.moves {
		switch {
		case e.at >= before:
			keep = append(keep, e)
		case e.what == contactMoved:
			keep = append(keep[:0], e)
		}
	}
	b.moves = keep
}

// firstDriveAfter returns when the drive's pin first rose after a time.
func (b *notebook) firstDriveAfter(from time.Duration) (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.notes {
		if e.what == drivePin && e.on && e.at >= from {
			return e.at, true
		}
	}
	return 0, false
}

// take puts what the world tells into b; names are those of its loads.
func take(b *notebook, e world.Event, names []string) {
	switch e.Kind {
	case "contactor_closed", "contactor_open":
		b.add(e.At, contactMoved, 0, e.Kind == "contactor_closed")
	case "relay_on", "relay_off":
		b.add(e.At, relayMoved, slices.Index(names, e.Text), e.Kind == "relay_on")
	case "mains_good", "mains_bad":
		b.add(e.At, mainsBand, 0, e.Kind == "mains_good")
	}
}
