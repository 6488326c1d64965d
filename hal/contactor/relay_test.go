package contactor

import (
	"errors"
	"slices"
	"testing"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// stuckLine reads low whatever is driven.
type stuckLine struct{ line }

func (l *stuckLine) Level() (gpio.Level, error) { return gpio.Low, nil }

func TestRelay(t *testing.T) {
	l := &line{}
	r, err := NewRelay("projector", l)
	if err != nil || !slices.Equal(l.levels, []gpio.Level{gpio.Low}) {
		t.Fatalf("new: %v, line went %v", err, l.levels)
	}
	for _, on := range []bool{true, false, true} {
		if err := r.Set(on); err != nil {
			t.Fatal(err)
		}
		if is, err := r.On(); is != on || err != nil || r.Commanded() != on || l.L != gpio.Level(on) {
			t.Fatalf("after Set(%v): %v, %v, commanded %v, line %v", on, is, err, r.Commanded(), l.L)
		}
	}
	if r.Name() != "projector" {
		t.Fatalf("name %q", r.Name())
	}
}

func TestRelayErrors(t *testing.T) {
	if r, err := NewRelay("tv", nil); r != nil || !errors.Is(err, hal.ErrGone) {
		t.Errorf("no pin: %v, %v", r, err)
	}
	if r, err := NewRelay("tv", &line{err: hal.ErrRefused}); r != nil || !errors.Is(err, hal.ErrRefused) {
		t.Errorf("held pin: %v, %v", r, err)
	}
	l := &line{}
	r, err := NewRelay("tv", l)
	if err != nil {
		t.Fatal(err)
	}
	l.err = hal.ErrSilent
	if err := r.Set(true); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("set: %v", err)
	}
	if _, err := r.On(); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("on: %v", err)
	}
	if !r.Commanded() {
		t.Error("the command is forgotten")
	}
	stuck, err := NewRelay("tv", &stuckLine{})
	if err != nil {
		t.Fatal(err)
	}
	if err := stuck.Set(true); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("stuck line: %v", err)
	}
}

func TestRelayWithoutReadBack(t *testing.T) {
	p := &line{}
	r, err := NewRelay("receiver", struct{ gpio.PinOut }{p})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Set(true); err != nil || p.Read() != gpio.High {
		t.Fatalf("set: %v, %v", err, p.Read())
	}
	if on, err := r.On(); !on || err != nil {
		t.Fatalf("on: %v, %v", on, err)
	}
}

func TestNilRelay(t *testing.T) {
	var r *Relay
	_, err := r.On()
	if !errors.Is(r.Set(true), hal.ErrGone) || !errors.Is(err, hal.ErrGone) || r.Commanded() || r.Name() != "" {
		t.Fatal("a nil relay does something")
	}
}
