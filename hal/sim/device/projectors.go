package device

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// RefusesFor is how long the fault "refuses" of a projector lasts: it says no
// to every command for as long, in world time, and then obeys again.
const RefusesFor = 5 * time.Minute

// slowBaud is the pace of the fault "slow", a character every fifth of a second.
const slowBaud = 50

// troubleKinds are the faults with which a projector tells that a part is in
// trouble. With lamp, temperature and cover it does not strike its lamp.
func troubleKinds() []string {
	return []string{"fan", "lamp", "temperature", "cover", "filter", "other"}
}

// beamer is what the emulated projectors have in common, whatever they speak:
// the lamp in the world, the chosen input, and the fault or quirk they have now.
type beamer struct {
	world *world.World
	quirk string            // a kind that it has by nature
	names map[string]string // the inputs' neutral names and what the protocol calls them

	state sync.Mutex
	input string
	since time.Duration // world time at which it began to refuse
}

// has says whether the projector behaves as kind says, by nature or by fault.
func (b *beamer) has(k *knob, kind string) bool { return b.quirk == kind || k.FaultName() == kind }

// began notes when a fault begins, chooses another input if that is the fault, and
// plugs or unplugs the wire.
func (b *beamer) began(wire func(kind string) error) func(kind string) error {
	return func(kind string) error {
		b.state.Lock()
		b.since = b.world.Clock()
		if kind == otherInput {
			b.input = another(b.input, b.names["vga1"], b.names["hdmi1"])
		}
		b.state.Unlock()
		return wire(kind)
	}
}

// another is the first of list that is not input.
func another(input string, list ...string) string {
	for _, other := range list {
		if other != input {
			return other
		}
	}
	return input
}

// refuses says whether it says no to every command.
func (b *beamer) refuses(k *knob) bool {
	if !b.has(k, "refuses") {
		return false
	}
	b.state.Lock()
	defer b.state.Unlock()
	return b.world.Clock()-b.since < RefusesFor
}

// lamp returns the projector as it really is.
func (b *beamer) lamp() world.ProjectorState { return b.world.Snapshot().Projector }

// power presses the power key and reports whether it was accepted.
func (b *beamer) power(k *knob, on bool) bool {
	if on && (b.has(k, "lamp") || b.has(k, "temperature") || b.has(k, "cover")) {
		return false
	}
	return b.world.ProjectorPower(on)
}

// choose selects an input, which it can only while it shows a picture.
func (b *beamer) choose(input string) bool {
	if b.lamp().State != hal.DisplayOn {
		return false
	}
	b.state.Lock()
	defer b.state.Unlock()
	b.input = input
	return true
}

// Input returns the input selected now, as the protocol calls it.
func (b *beamer) Input() string {
	b.state.Lock()
	defer b.state.Unlock()
	return b.input
}

// Snapshot returns what it would say of itself now.
func (b *beamer) Snapshot() ProjectorView {
	return ProjectorView{State: b.lamp().State.String(), Input: b.Input()}
}

// Shows says whether input, by its neutral name or the protocol's, is selected.
func (b *beamer) Shows(input string) bool { return shows(b.names, b.Input(), input) }

func shows(names map[string]string, selected, input string) bool {
	if code, ok := names[strings.ToLower(input)]; ok {
		input = code
	}
	return strings.EqualFold(selected, input)
}

// trouble returns the part that is in trouble, "" for none.
func (b *beamer) trouble(k *knob) string {
	for _, part := range troubleKinds() {
		if b.has(k, part) {
			return part
		}
	}
	return ""
}

// wrongCase returns text as the projector says it with the fault "wrong_case".
func (b *beamer) wrongCase(k *knob, text string) string {
	if !b.has(k, "wrong_case") {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z':
			return r + 'A' - 'a'
		}
		return r
	}, text)
}

// pace returns the speed of its answers, which the fault "slow" slows down.
func (b *beamer) pace(k *knob, baud int) int {
	if b.has(k, "slow") {
		return slowBaud
	}
	return baud
}

// baudOr returns the speed that an option asks for: 0 is the usual one, a
// negative one paces nothing.
func baudOr(option, usual int) int {
	if option == 0 {
		return usual
	}
	return max(0, option)
}

func seeded(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }
