package device

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/hal/sim/wire"
)

// KeypadLayout is the usual print on a 4×4 keypad, row by row.
const KeypadLayout = "123A456B789C*0#D"

// KeypadOpts are the options of NewKeypad.
type KeypadOpts struct {
	Rows, Cols [4]string // pins
	Layout     string    // 16 characters row by row, default KeypadLayout
	Seed       uint64    // of the hands
	Steady     bool      // contacts that do not bounce
}

// Keypad is a 4×4 matrix of contacts between row and column wires, and the
// hands that press them. A contact bounces for some milliseconds. There are no
// diodes: three keys at the corners of a rectangle connect the fourth. A wire
// that is driven low pulls down all that is connected to it, also against
// columns driven high.
type Keypad struct {
	knob
	opts  KeypadOpts
	touch func()
	wake  chan struct{}

	state   sync.Mutex
	rng     *rand.Rand
	closed  [16]bool  // contacts
	held    [16]bool  // fingers
	plan    []contact // to come, in order of time
	busy    time.Time // until when the typing hand has something to do
	presses int
}

// contact is one planned movement.
type contact struct {
	at     time.Time
	key    int
	closed bool
	finger bool // also moves the finger
}

// How people press, after telephone keypads.
const (
	holdMin  = 70 * time.Millisecond
	holdMore = 60 * time.Millisecond // at most this longer
	gapMin   = 80 * time.Millisecond
	gapMore  = 80 * time.Millisecond
	bounces  = 5                      // at most
	bounce   = 700 * time.Microsecond // at most this between two of them
	stuckKey = 5                      // "5" in the usual layout: second row, second column
)

// NewKeypad wires a keypad to pins. Its faults: silent (no contact closes any
// more), stuck (the second key of the second row stays closed), unplugged (as
// silent: its wires hang).
func NewKeypad(pins *wire.Pins, o KeypadOpts) *Keypad {
	if o.Layout == "" {
		o.Layout = KeypadLayout
	}
	k := &Keypad{opts: o, wake: make(chan struct{}, 1), rng: rand.New(rand.NewPCG(o.Seed, 0x44))}
	k.knob = newKnob("panel", func(string) error { k.touch(); return nil }, "silent", "stuck", "unplugged")
	k.touch = pins.Attach(k)
	return k
}

// Pins returns the row and column pins.
func (k *Keypad) Pins() []string { return append(slices.Clone(k.opts.Rows[:]), k.opts.Cols[:]...) }

// Resolve finds what the matrix puts on its wires.
func (k *Keypad) Resolve(drive []wire.Drive, put []wire.Level) {
	group := k.groups()
	for i := range put {
		put[i] = wire.Float
	}
	for i := range put {
		for j := range drive {
			if i == j || group[i] != group[j] || !drive[j].Out || put[i] == wire.Low {
				continue
			}
			put[i] = wire.Low
			if drive[j].High {
				put[i] = wire.High
			}
		}
	}
}

// groups numbers the eight wires, rows first, so that wires connected through
// closed contacts have the same number.
func (k *Keypad) groups() [8]int {
	closed := k.contacts()
	var group [8]int
	for i := range group {
		group[i] = i
	}
	for key, on := range closed {
		if !on {
			continue
		}
		from, to := group[key/4], group[4+key%4]
		for i := range group {
			if group[i] == from {
				group[i] = to
			}
		}
	}
	return group
}

// contacts returns the contacts as the fault leaves them.
func (k *Keypad) contacts() [16]bool {
	kind := k.FaultName()
	k.state.Lock()
	defer k.state.Unlock()
	closed := k.closed
	switch kind {
	case "silent", "unplugged":
		return [16]bool{}
	case "stuck":
		closed[stuckKey] = true
	}
	return closed
}

// find returns the place of a key; case does not matter.
func (k *Keypad) find(key rune) (int, error) {
	i := strings.IndexRune(k.opts.Layout, key)
	if i < 0 {
		i = strings.Index(k.opts.Layout, strings.ToUpper(string(key)))
	}
	if i < 0 || i >= 16 {
		return 0, fmt.Errorf("panel: no key %q on it", key)
	}
	return i, nil
}

// Press lets a hand type keys one after the other, after what it has still to
// type. A key that is not on the panel is an error and nothing is typed.
func (k *Keypad) Press(keys string) error {
	var places []int
	for _, r := range keys {
		i, err := k.find(r)
		if err != nil {
			return err
		}
		places = append(places, i)
	}
	k.state.Lock()
	defer k.state.Unlock()
	at := later(time.Now(), k.busy)
	for _, key := range places {
		k.move(at, key, true)
		at = at.Add(k.some(holdMin, holdMore))
		k.move(at, key, false)
		at = at.Add(k.some(gapMin, gapMore))
		k.presses++
	}
	k.busy = at
	k.stir()
	return nil
}

// Key presses or releases one key now and leaves it so.
func (k *Keypad) Key(key rune, down bool) error {
	i, err := k.find(key)
	if err != nil {
		return err
	}
	k.state.Lock()
	defer k.state.Unlock()
	k.move(time.Now(), i, down)
	k.stir()
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (k *Keypad) some(least, more time.Duration) time.Duration {
	return least + time.Duration(k.rng.Int64N(int64(more)))
}

// move plans a movement of a finger at a time and the bounces of the contact
// after it; k.state is held.
func (k *Keypad) move(at time.Time, key int, down bool) {
	k.insert(contact{at: at, key: key, closed: down, finger: true})
	if k.opts.Steady {
		return
	}
	for range k.rng.IntN(bounces + 1) {
		at = at.Add(k.some(bounce/7, bounce))
		k.insert(contact{at: at, key: key, closed: !down})
		at = at.Add(k.some(bounce/7, bounce))
		k.insert(contact{at: at, key: key, closed: down})
	}
}

func (k *Keypad) insert(c contact) {
	i := len(k.plan)
	for i > 0 && k.plan[i-1].at.After(c.at) {
		i--
	}
	k.plan = slices.Insert(k.plan, i, c)
}

// stir wakes Run.
func (k *Keypad) stir() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run moves the contacts as planned until ctx ends.
func (k *Keypad) Run(ctx context.Context) error {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.wake:
		case <-t.C:
		}
		t.Reset(k.turn())
	}
}

// postpone moves all that is planned by d: a stall of the simulation must not
// make a press shorter than a hand can; k.state is held.
func (k *Keypad) postpone(d time.Duration) {
	for i := range k.plan {
		k.plan[i].at = k.plan[i].at.Add(d)
	}
	k.busy = k.busy.Add(d)
}

// turn makes the next movement if it is due and returns how long to wait.
func (k *Keypad) turn() time.Duration {
	k.state.Lock()
	if len(k.plan) == 0 {
		k.state.Unlock()
		return time.Hour
	}
	wait := time.Until(k.plan[0].at)
	if wait > 0 {
		k.state.Unlock()
		return wait
	}
	c := k.plan[0]
	k.plan = slices.Delete(k.plan, 0, 1)
	k.postpone(-wait)
	k.closed[c.key] = c.closed
	if c.finger {
		k.held[c.key] = c.closed
	}
	k.state.Unlock()
	k.touch()
	return 0
}

// Typing reports whether the hands have still something to do.
func (k *Keypad) Typing() bool {
	k.state.Lock()
	defer k.state.Unlock()
	return len(k.plan) > 0
}

// Down returns the keys under a finger now, in the order of the layout.
func (k *Keypad) Down() []string {
	k.state.Lock()
	defer k.state.Unlock()
	down := []string{}
	for i, held := range k.held {
		if held {
			down = append(down, k.opts.Layout[i:i+1])
		}
	}
	return down
}

// String describes k.
func (k *Keypad) String() string {
	k.state.Lock()
	presses := k.presses
	k.state.Unlock()
	return fmt.Sprintf("panel: down %v, %d presses, fault %s", k.Down(), presses, k.FaultName())
}
