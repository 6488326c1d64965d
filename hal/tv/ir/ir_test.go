package ir_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	light "stationbox/hal/ir"
	"stationbox/hal/tv/ir"
)

// lamp writes down what it is asked to send.
type lamp struct {
	pressed []string
	fail    error
}

func (l *lamp) Check(key string) error {
	_, err := light.Parse(key)
	return err
}

func (l *lamp) Send(_ context.Context, key string) error {
	if l.fail != nil {
		return l.fail
	}
	l.pressed = append(l.pressed, key)
	return nil
}

var lg = ir.Keys{
	On: []string{"nec:0x4c4"}, Off: []string{"nec:0x4c5"}, Toggle: []string{"nec:0x408"},
	Inputs: map[string][]string{"hdmi1": {"nec:0x4ce"}, "hdmi2": {"nec:0x40b", "nec:0x40b", "nec:0x444"}},
}

var toggleOnly = ir.Keys{Toggle: []string{"samsung32:0xe0e040bf"}}

func newTV(t *testing.T, keys ir.Keys, o ir.Opts) (*ir.TV, *lamp) {
	t.Helper()
	l := &lamp{}
	tv, err := ir.New(l, keys, o)
	if err != nil {
		t.Fatal(err)
	}
	return tv, l
}

// The contract of displays asks for a state after each command. Nothing can be
// known here, so this is the contract of a blind one.
func TestBlindContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tv, l := newTV(t, lg, ir.Opts{})
		unknown := func(when string) {
			t.Helper()
			if got, err := tv.State(t.Context()); got != hal.DisplayUnknown || !errors.Is(err, hal.ErrSilent) {
				t.Errorf("%s: State = %v, %v; nobody can know", when, got, err)
			}
		}
		unknown("at first")
		for _, c := range []struct {
			name string
			call func() error
			want []string
		}{
			{"on", func() error { return tv.PowerOn(t.Context()) }, []string{"nec:0x4c4"}},
			{"on again", func() error { return tv.PowerOn(t.Context()) }, []string{"nec:0x4c4"}},
			{"off", func() error { return tv.PowerOff(t.Context()) }, []string{"nec:0x4c5"}},
			{"input", func() error { return tv.Input(t.Context(), "hdmi1") }, []string{"nec:0x4ce"}},
			{"input by a row", func() error { return tv.Input(t.Context(), "hdmi2") }, []string{"nec:0x40b", "nec:0x40b", "nec:0x444"}},
		} {
			l.pressed = nil
			began := time.Now()
			if err := c.call(); err != nil || !slices.Equal(l.pressed, c.want) {
				t.Errorf("%s: pressed %q, %v; want %q", c.name, l.pressed, err, c.want)
			}
			if gaps := time.Duration(len(c.want)-1) * 300 * time.Millisecond; time.Since(began) != gaps {
				t.Errorf("%s took %v", c.name, time.Since(began))
			}
			unknown("after " + c.name)
		}
		for _, bad := range []string{"", "no such input", "hdmi3"} {
			if err := tv.Input(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "hdmi1, hdmi2") {
				t.Errorf("Input(%q) = %v", bad, err)
			}
		}
		for _, want := range []error{hal.ErrSilent, hal.ErrGone, hal.ErrRefused} {
			l.fail = fmt.Errorf("light: %w", want)
			if err := tv.PowerOff(t.Context()); !errors.Is(err, want) {
				t.Errorf("PowerOff = %v, want %v", err, want)
			}
		}
		l.fail = nil
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := tv.Input(ctx, "hdmi2"); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("row after the end of ctx: %v", err)
		}
	})
}

func TestMeasuredStateIsPassedOn(t *testing.T) {
	for _, want := range []hal.DisplayState{hal.DisplayOn, hal.DisplayStandby, hal.DisplayOff} {
		tv, _ := newTV(t, lg, ir.Opts{Measured: func(context.Context) (hal.DisplayState, error) { return want, nil }})
		if got, err := tv.State(t.Context()); got != want || err != nil {
			t.Errorf("%v, %v; measured %v", got, err, want)
		}
	}
	tv, _ := newTV(t, lg, ir.Opts{Measured: func(context.Context) (hal.DisplayState, error) { return hal.DisplayOn, hal.ErrGone }})
	if got, err := tv.State(t.Context()); got != hal.DisplayUnknown || !errors.Is(err, hal.ErrGone) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestToggleIsPressedOnlyWhenItHelps(t *testing.T) {
	for _, c := range []struct {
		name     string
		measured hal.DisplayState
		on       bool
		pressed  bool
		err      error
	}{
		{"standby, wanted on", hal.DisplayStandby, true, true, nil},
		{"on, wanted on", hal.DisplayOn, true, false, nil},
		{"warming, wanted on", hal.DisplayWarming, true, false, nil},
		{"on, wanted off", hal.DisplayOn, false, true, nil},
		{"standby, wanted off", hal.DisplayStandby, false, false, nil},
		{"no mains, wanted on", hal.DisplayOff, true, false, hal.ErrRefused},
		{"no mains, wanted off", hal.DisplayOff, false, false, hal.ErrRefused},
		{"unknown, wanted on", hal.DisplayUnknown, true, false, hal.ErrRefused},
		{"unknown, wanted off", hal.DisplayUnknown, false, false, hal.ErrRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			tv, l := newTV(t, toggleOnly, ir.Opts{Measured: func(context.Context) (hal.DisplayState, error) { return c.measured, nil }})
			call := tv.PowerOff
			if c.on {
				call = tv.PowerOn
			}
			if err := call(t.Context()); !errors.Is(err, c.err) || len(l.pressed) > 0 != c.pressed {
				t.Errorf("%v, pressed %q", err, l.pressed)
			}
		})
	}
	failing, l := newTV(t, toggleOnly, ir.Opts{Measured: func(context.Context) (hal.DisplayState, error) { return hal.DisplayStandby, hal.ErrSilent }})
	if err := failing.PowerOn(t.Context()); !errors.Is(err, hal.ErrSilent) || len(l.pressed) > 0 {
		t.Errorf("meter silent: %v, pressed %q", err, l.pressed)
	}
}

// Seen with keepers that repeat a command after some time: a second toggle,
// pressed while the set was still waking, put it to sleep again.
func TestToggleIsNotRepeatedWhileTheSetWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		tv, l := newTV(t, toggleOnly, ir.Opts{Measured: func(context.Context) (hal.DisplayState, error) {
			if time.Since(began) < 12*time.Second {
				return hal.DisplayStandby, nil
			}
			return hal.DisplayOn, nil
		}})
		if err := tv.PowerOn(t.Context()); err != nil {
			t.Fatal(err)
		}
		for time.Since(began) < 11*time.Second {
			time.Sleep(time.Second)
			if err := tv.PowerOn(t.Context()); !errors.Is(err, hal.ErrRefused) {
				t.Fatalf("after %v: %v", time.Since(began), err)
			}
		}
		time.Sleep(2 * time.Second)
		if err := tv.PowerOn(t.Context()); err != nil || len(l.pressed) != 1 {
			t.Errorf("%v, pressed %q", err, l.pressed)
		}
	})
	synctest.Test(t, func(t *testing.T) { // a key that was not seen is pressed again, later
		tv, l := newTV(t, toggleOnly, ir.Opts{Measured: func(context.Context) (hal.DisplayState, error) { return hal.DisplayStandby, nil }})
		_ = tv.PowerOn(t.Context())
		time.Sleep(16 * time.Second)
		if err := tv.PowerOn(t.Context()); err != nil || len(l.pressed) != 2 {
			t.Errorf("%v, pressed %q", err, l.pressed)
		}
	})
}

func TestToggleWhereNothingIsMeasured(t *testing.T) {
	tv, l := newTV(t, toggleOnly, ir.Opts{})
	for range 2 {
		if err := tv.PowerOn(t.Context()); !errors.Is(err, hal.ErrRefused) || len(l.pressed) > 0 {
			t.Errorf("%v, pressed %q", err, l.pressed)
		}
	}
	tv, l = newTV(t, toggleOnly, ir.Opts{UnprovenToggle: true})
	for i, c := range []struct {
		call func(context.Context) error
		err  error
		all  int
	}{
		{tv.PowerOn, nil, 1}, {tv.PowerOn, hal.ErrRefused, 1}, {tv.PowerOff, nil, 2}, {tv.PowerOff, hal.ErrRefused, 2}, {tv.PowerOn, nil, 3},
	} {
		if err := c.call(t.Context()); !errors.Is(err, c.err) || len(l.pressed) != c.all {
			t.Errorf("call %d: %v, pressed %d", i, err, len(l.pressed))
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := ir.New(&lamp{}, ir.Keys{
		On:     []string{"nec:0x4c4"},
		Inputs: map[string][]string{"hdmi1": {"nec16:1"}, "hdmi2": nil, "hdmi3": slices.Repeat([]string{"nec:1"}, 9)},
	}, ir.Opts{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"no keys for on and off, and no toggle", "input hdmi1: key", "input hdmi2: no keys", "input hdmi3: 9 keys, more than 8"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

// TestThroughTheSender runs a key down to the bytes for the kernel.
func TestThroughTheSender(t *testing.T) {
	k := &kernel{}
	tv, err := ir.New(light.New(func() (light.Kernel, error) { return k, nil }, light.Opts{}), lg, ir.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	if err := tv.PowerOn(t.Context()); err != nil || len(k.wrote) != 24 || k.wrote[10] != 9 || k.wrote[16] != 0xC4 || k.wrote[17] != 4 {
		t.Errorf("%v, wrote % x", err, k.wrote)
	}
}

type kernel struct{ wrote []byte }

func (k *kernel) Ioctl(request uint32, arg []byte) error {
	switch request {
	case 0x80046900:
		arg[0] = 2
	case 0x40046911:
	default:
		return unix.ENOTTY
	}
	return nil
}

func (k *kernel) Write(b []byte) (int, error) { k.wrote = slices.Clone(b); return len(b), nil }

func (k *kernel) Close() error { return nil }
