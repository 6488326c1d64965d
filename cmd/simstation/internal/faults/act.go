package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// limit is what the hardware has to open within, from the last good moment.
const limit = 300 * time.Millisecond

// act is one injection in progress: what it does draws its numbers from rng
// alone, and leaves what must be true of it.
type act struct {
	ctx context.Context
	v   *rig
	rng *rand.Rand

	claims []claim
	trips  int      // that the mains may cause
	wrong  []string // what was found beside the claims
	words  []string // what was done, for people
	err    error    // it could not be done here
}

func (a *act) clock() time.Duration { return a.v.world.Clock() }

func (a *act) wait(d time.Duration) { rest(a.ctx, d) }

// between draws a length of time, in whole milliseconds.
func (a *act) between(low, high int) time.Duration {
	return time.Duration(low+a.rng.IntN(high-low+1)) * time.Millisecond
}

// number draws a whole number, both ends included.
func (a *act) number(low, high int) int { return low + a.rng.IntN(high-low+1) }

func (a *act) coin() bool { return a.rng.IntN(2) == 0 }

func (a *act) note(format string, args ...any) {
	a.words = append(a.words, fmt.Sprintf(format, args...))
}

func (a *act) say() string { return strings.Join(a.words, ", ") }

// try keeps the first reason why it cannot be done here.
func (a *act) try(err error) {
	if a.err == nil && err != nil {
		a.err = err
	}
}

// open claims that the contactor opens within a time from from on and stays so
// until until, but at least long enough to see: a guard that had to open cannot
// close again so soon.
func (a *act) open(from, within, until time.Duration) {
	until = max(until, from+within+100*time.Millisecond)
	a.claims = append(a.claims, claim{mustOpen, from, within, until})
}

// stay claims that everything that is closed at from stays so until now, and a
// little longer.

func (a *act) stay(from time.Duration) {
	a.claims = append(a.claims, claim{must: mustStay, from: from, until: a.clock() + settle})
}

// judgeGap claims what a gap in good frames since from has to do: nothing when
// it is short, opening when it is long; between, either is right.
func (a *act) judgeGap(from, gap, within time.Duration) {
	stale := a.v.setup.rules.stale
	switch {
	case gap <= stale-30*time.Millisecond:
		a.stay(from)
	case gap >= stale+50*time.Millisecond:
		a.open(from, within, from+gap)
	}
}

// lampOn says whether the lamp's relay is closed.
func (a *act) lampOn() bool {
	loads := a.v.world.Snapshot().Loads
	return len(loads) > 2 && loads[2].Relay
}
