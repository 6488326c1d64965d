package cec_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal"
	wire "stationbox/hal/cec"
	"stationbox/hal/cec/cectest"
	"stationbox/hal/displaytest"
	"stationbox/hal/tv/cec"
)

// set shows a modelled television to the contract.
type set struct {
	*cectest.Set
	mu      sync.Mutex
	on, any bool
}

func (s *set) Become(d hal.DisplayState) {
	power := map[hal.DisplayState]byte{hal.DisplayOn: 0, hal.DisplayStandby: 1, hal.DisplayWarming: 2, hal.DisplayCooling: 3}
	s.Set.Become(power[d])
	s.listen()
	s.mu.Lock()
	s.any = false
	s.mu.Unlock()
}

// Mood: a wire has no bytes of a device that could be cut off; both bad moods are
// a wire that is disturbed.
func (s *set) Mood(m displaytest.Mood) {
	s.Behave(map[displaytest.Mood]cectest.Mood{
		displaytest.Well: cectest.Well, displaytest.Silent: cectest.Deaf, displaytest.Garbled: cectest.Disturbed,
		displaytest.Cut: cectest.Disturbed, displaytest.Refuses: cectest.Refuses,
	}[m])
	if m == displaytest.Well {
		s.Set.Become(0)
	}
}

func (s *set) listen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.Heard() {
		switch hex.EncodeToString(f) {
		case "4004", "f004", "400d":
			s.on, s.any = true, true
		case "4036":
			s.on, s.any = false, true
		}
	}
}

func (s *set) Power() (on, any bool) {
	s.listen()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on, s.any
}

func (s *set) Selected() string { return fmt.Sprintf("%04x", s.Active()) }

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(*testing.T) displaytest.Bench {
		s := &set{Set: cectest.New(0x2000)}
		s.Speed = 50
		return displaytest.Bench{
			Display: cec.New(wire.New(func() (wire.Kernel, error) { return s.Open() }, wire.Opts{})),
			Far:     s,
			States:  []hal.DisplayState{hal.DisplayOn, hal.DisplayStandby, hal.DisplayWarming, hal.DisplayCooling},
			Input:   "hdmi2", Wire: "2000",
		}
	})
}

// television is a driver over the wire's own time.
func television(s *cectest.Set) *cec.TV {
	return cec.New(wire.New(func() (wire.Kernel, error) { return s.Open() }, wire.Opts{}))
}

func frames(s *cectest.Set) (all []string) {
	for _, f := range s.Heard() {
		all = append(all, hex.EncodeToString(f))
	}
	return all
}

func TestRequestsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		name string
		want []string
		call func(context.Context, *cec.TV) error
	}{
		{"on", []string{"4004", "4f823000"}, func(ctx context.Context, v *cec.TV) error { return v.PowerOn(ctx) }},
		{"off", []string{"4036"}, func(ctx context.Context, v *cec.TV) error { return v.PowerOff(ctx) }},
		{"state", []string{"408f"}, func(ctx context.Context, v *cec.TV) error { _, err := v.State(ctx); return err }},
		{"this", []string{"4f823000"}, func(ctx context.Context, v *cec.TV) error { return v.Input(ctx, "this") }},
		{"by number", []string{"4f823000"}, func(ctx context.Context, v *cec.TV) error { return v.Input(ctx, "HDMI3") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := cectest.New(0x3000)
				if err := c.call(t.Context(), television(s)); err != nil {
					t.Fatal(err)
				}
				displaytest.Heard(t, frames(s), c.want...)
			})
		})
	}
}

func TestCableInAnotherInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x2100) // through an amplifier in hdmi2
		tv := television(s)
		err := tv.Input(t.Context(), "hdmi1")
		if !errors.Is(err, hal.ErrRefused) || !strings.Contains(err.Error(), "the cable is in hdmi2") {
			t.Errorf("hdmi1: %v", err)
		}
		if s.Active() != 0 {
			t.Errorf("active %04x", s.Active())
		}
		if err := tv.Input(t.Context(), "hdmi2"); err != nil || s.Active() != 0x2100 {
			t.Errorf("hdmi2: %v, active %04x", err, s.Active())
		}
	})
}

// Seen with sets in deep sleep: no hot-plug signal, so no address and no answer;
// the next power-on must wake it all the same.
func TestWakesASetWithoutHotPlugSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		s.DropsHPD = true
		tv := television(s)
		if err := tv.PowerOff(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := tv.State(t.Context()); got != hal.DisplayUnknown || !errors.Is(err, hal.ErrSilent) {
			t.Errorf("asleep: %v, %v", got, err)
		}
		if err := tv.Input(t.Context(), "this"); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("input asleep: %v", err)
		}
		frames(s)
		if err := tv.PowerOn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := frames(s); len(got) == 0 || got[0] != "f004" {
			t.Errorf("on the wire %q", got)
		}
		if got, err := tv.State(t.Context()); got != hal.DisplayOn || err != nil {
			t.Errorf("awake: %v, %v", got, err)
		}
		if err := tv.Input(t.Context(), "this"); err != nil || s.Active() != 0x1000 {
			t.Errorf("input: %v, active %04x", err, s.Active())
		}
	})
}

func TestIgnoredStandbyIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		s.Become(0)
		tv := television(s)
		s.Behave(cectest.Mute) // acknowledges and does nothing
		if err := tv.PowerOff(t.Context()); err != nil {
			t.Errorf("acknowledged and not refused: %v", err)
		}
		s.Behave(cectest.Well)
		if got, err := tv.State(t.Context()); got != hal.DisplayOn || err != nil {
			t.Errorf("%v, %v; the set is still on", got, err)
		}
	})
}

func TestCallsAreShort(t *testing.T) {
	for _, mood := range []cectest.Mood{cectest.Well, cectest.Deaf, cectest.Mute, cectest.Refuses, cectest.Disturbed, cectest.Stuck} {
		synctest.Test(t, func(t *testing.T) {
			s := cectest.New(0x1000)
			tv := television(s)
			if _, err := tv.State(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.Behave(mood)
			for name, call := range map[string]func() error{
				"state": func() error { _, err := tv.State(t.Context()); return err },
				"off":   func() error { return tv.PowerOff(t.Context()) },
				"on":    func() error { return tv.PowerOn(t.Context()) },
			} {
				began := time.Now()
				_ = call()
				if d := time.Since(began); d > 3200*time.Millisecond {
					t.Errorf("mood %d: %s took %v", mood, name, d)
				}
			}
		})
	}
}

// told is a wire that has already answered.
type told []byte

func (told) Send(context.Context, byte, ...byte) error { return nil }

func (b told) Ask(context.Context, byte, byte, ...byte) ([]byte, error) { return b, nil }

func (told) PhysicalAddress(context.Context) (uint16, error) { return 0x1000, nil }

func FuzzPower(f *testing.F) {
	for _, b := range [][]byte{{0}, {1}, {2}, {3}, {4}, {}, {0, 0}, {255}} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := cec.New(told(b)).State(t.Context())
		if good := len(b) == 1 && b[0] < 4; good != (err == nil) || (err != nil) != (got == hal.DisplayUnknown) {
			t.Fatalf("% x: %v, %v", b, got, err)
		}
	})
}
