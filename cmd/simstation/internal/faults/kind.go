package faults

import (
	"math/rand/v2"
	"slices"
)

// kind is one way to do harm.
type kind struct {
	name string
	part int // of each hundred injections, about
	do   func(*act)
}

// kinds are all of them. What each may and must cause is claimed by its do.
func kinds() []kind {
	return []kind{
		{"kill", 9, kill},
		{"stop", 10, stop},
		{"stream", 12, stream},
		{"lost", 8, lost},
		{"garbled", 8, garbled},
		{"clock", 6, clockJumps},
		{"clock-restart", 4, clockRestart},
		{"disk", 6, disk},
		{"memory", 4, memory},
		{"socket", 9, socket},
		{"station", 3, station},
		{"restarts", 4, restarts},
		{"unplug", 4, unplug},
		{"pins", 4, pins},
		{"aux", 5, aux},
		{"meter", 5, meter},
		{"mains", 7, mains},
		{"mixed", 7, mixed},
	}
}

// Kinds returns the names of all kinds.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// phase is what the guard is about to do when the harm comes.
type phase uint8

const (
	closed  phase = iota // the contactor closed, loads on
	cooling              // the same, but the lamp is only waited for
	qualify              // open, good mains being counted
	closing              // the first pulses
	tripped              // just opened by over-voltage
)

// String returns the word of a report.
func (p phase) String() string {
	return [...]string{"closed", "cooling", "qualify", "closing", "tripped"}[p]
}

// plan is one injection before it is done.
type plan struct {
	seed  uint64
	kind  kind
	phase phase
	rng   *rand.Rand
}

// planned returns the injection of a seed: the same seed and kind are the same
// injection. A kind of "" is drawn too.
func planned(seed uint64, only string) plan {
	rng := rand.New(rand.NewPCG(seed, 0xfa17))
	all := kinds()
	whole := 0
	for _, k := range all {
		whole += k.part
	}
	n, i := rng.IntN(whole), 0
	for ; n >= all[i].part; i++ {
		n -= all[i].part
	}
	if only != "" {
		i = slices.IndexFunc(all, func(k kind) bool { return k.name == only })
	}
	p := plan{seed: seed, kind: all[i]}
	switch n := rng.IntN(20); {
	case n < 2:
		p.phase = cooling
	case n < 4:
		p.phase = qualify
	case n < 6:
		p.phase = closing
	case n < 8:
		p.phase = tripped
	}
	p.rng = rng
	return p
}
