// Package displaytest is the contract of every display driver, TV or projector,
// as one test to run over each of them with a far end on a real wire. With it
// come what the tests of drivers share: the far end of a wire, and the loops over
// their tables of answers and requests. It belongs to tests only.
package displaytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"stationbox/hal"
)

// Display is what all displays have in common.
type Display interface {
	State(ctx context.Context) (hal.DisplayState, error)
	PowerOn(ctx context.Context) error
	PowerOff(ctx context.Context) error
	Input(ctx context.Context, input string) error
}

// Mood is how the far end behaves from now on.
type Mood int

// The moods of a far end.
const (
	Well    Mood = iota
	Silent       // takes requests and says nothing
	Garbled      // answers bytes that mean nothing
	Cut          // stops in the middle of an answer
	Refuses      // says no to everything
)

// Far is the device behind the wire, as the test plays it.
type Far interface {
	// Become sets the state that the device has and tells.
	Become(hal.DisplayState)
	// Mood sets how it behaves.
	Mood(Mood)
	// Power returns the last power command that arrived, and whether one did.
	Power() (on, any bool)
	// Selected returns the input that was selected last, as the device calls it.
	Selected() string
}

// Bench is one driver with its far end.
type Bench struct {
	Display Display
	Far     Far
	// States are the states the device can tell.
	States []hal.DisplayState
	// Input is a good input for the driver, and Wire what the device calls it.
	Input, Wire string
}

// Patience is longer than any driver may take for one call, on a busy machine.
const Patience = 20 * time.Second

// Run checks the contract on displays made by open.
func Run(t *testing.T, open func(t *testing.T) Bench) {
	t.Run("tells what the device says", func(t *testing.T) { tells(t, open(t)) })
	t.Run("power commands arrive", func(t *testing.T) { powers(t, open(t)) })
	t.Run("input is selected", func(t *testing.T) { selects(t, open(t)) })
	t.Run("no answer is never a state", func(t *testing.T) { fails(t, open(t)) })
	t.Run("a call ends with its context", func(t *testing.T) { ends(t, open(t)) })
}

func tells(t *testing.T, b Bench) {
	for _, want := range b.States {
		b.Far.Become(want)
		got, err := b.Display.State(t.Context())
		if got != want || err != nil {
			t.Errorf("device is %v: State = %v, %v", want, got, err)
		}
	}
}

func powers(t *testing.T, b Bench) {
	b.Far.Become(hal.DisplayStandby)
	if err := b.Display.PowerOn(t.Context()); err != nil {
		t.Fatalf("PowerOn: %v", err)
	}
	if on, any := b.Far.Power(); !on || !any {
		t.Errorf("after PowerOn the device was told on %v, any %v", on, any)
	}
	b.Far.Become(hal.DisplayOn)
	if err := b.Display.PowerOff(t.Context()); err != nil {
		t.Fatalf("PowerOff: %v", err)
	}
	if on, any := b.Far.Power(); on || !any {
		t.Errorf("after PowerOff the device was told on %v, any %v", on, any)
	}
}

func selects(t *testing.T, b Bench) {
	b.Far.Become(hal.DisplayOn)
	if err := b.Display.Input(t.Context(), b.Input); err != nil {
		t.Fatalf("Input(%q): %v", b.Input, err)
	}
	if got := b.Far.Selected(); got != b.Wire {
		t.Errorf("device selected %q, want %q", got, b.Wire)
	}
	for _, bad := range []string{"", "no such input", "31\r%1POWR 0"} {
		if err := b.Display.Input(t.Context(), bad); err == nil {
			t.Errorf("Input(%q) is no error", bad)
		}
	}
	if _, any := b.Far.Power(); any {
		t.Error("an input became a power command")
	}
}

// fails wants the right error in each mood, and a good answer after each.
func fails(t *testing.T, b Bench) {
	b.Far.Become(hal.DisplayOn)
	for _, c := range []struct {
		name string
		mood Mood
		want error
	}{
		{"silent", Silent, hal.ErrSilent},
		{"garbled", Garbled, hal.ErrGarbled},
		{"cut", Cut, hal.ErrGarbled},
		{"refuses", Refuses, hal.ErrRefused},
	} {
		b.Far.Mood(c.mood)
		ctx, cancel := context.WithTimeout(t.Context(), Patience)
		got, err := b.Display.State(ctx)
		if got != hal.DisplayUnknown || !errors.Is(err, c.want) {
			t.Errorf("%s: State = %v, %v; want unknown, %v", c.name, got, err, c.want)
		}
		if err := b.Display.PowerOff(ctx); !errors.Is(err, c.want) {
			t.Errorf("%s: PowerOff = %v, want %v", c.name, err, c.want)
		}
		if ctx.Err() != nil {
			t.Errorf("%s: calls are not bounded", c.name)
		}
		cancel()
		b.Far.Mood(Well)
		if got, err := b.Display.State(t.Context()); got != hal.DisplayOn || err != nil {
			t.Errorf("after %s: State = %v, %v; want on", c.name, got, err)
		}
	}
}

func ends(t *testing.T, b Bench) {
	b.Far.Mood(Silent)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	got, err := b.Display.State(ctx)
	if got != hal.DisplayUnknown || err == nil {
		t.Errorf("State after the end of ctx = %v, %v", got, err)
	}
	if d := time.Since(began); d > Patience {
		t.Errorf("State took %v after the end of ctx", d)
	}
}
