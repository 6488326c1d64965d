package cec_test

import (
	"context"
	"errors"
	"testing"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/tv/cec"
)

// heard is a bus on which something was said of the picture.
type heard struct {
	path  uint16
	known bool
	ours  uint16
}

func (heard) Send(context.Context, byte, ...byte) error { return nil }

func (heard) Ask(context.Context, byte, byte, ...byte) ([]byte, error) { return nil, hal.ErrSilent }

func (h heard) Path() (uint16, bool) { return h.path, h.known }

func (h heard) PhysicalAddress(context.Context) (uint16, error) {
	if h.ours == 0 {
		return 0, hal.ErrSilent
	}
	return h.ours, nil
}

func TestShows(t *testing.T) {
	for _, c := range []struct {
		name, input, is string
		bus             heard
		shown           bool
		err             error
	}{
		{"ours", "this", "2.0.0.0", heard{0x2000, true, 0x2000}, true, nil},
		{"ours, by number", "HDMI2", "2.0.0.0", heard{0x2000, true, 0x2000}, true, nil},
		{"another", "this", "1.0.0.0", heard{0x1000, true, 0x2000}, false, nil},
		{"the tuner", "hdmi2", "0.0.0.0", heard{0, true, 0x2000}, false, nil},
		{"behind the same switch", "this", "2.1.0.0", heard{0x2100, true, 0x2200}, false, nil},
		{"a switch that has not told yet", "this", "", heard{0x2000, true, 0x2200}, false, hal.ErrRefused},
		{"the cable is in another input", "hdmi1", "", heard{0x2000, true, 0x2000}, false, hal.ErrRefused},
		{"nobody has told", "this", "", heard{0, false, 0x2000}, false, hal.ErrRefused},
		{"no hot-plug signal", "this", "", heard{0x1000, true, 0}, false, hal.ErrSilent},
	} {
		displaytest.Shows(t, c.name, cec.New(c.bus), displaytest.Picture{Input: c.input, Is: c.is, Shown: c.shown, Err: c.err})
	}
	if _, _, err := cec.New(heard{0x2000, true, 0x2000}).Shows(t.Context(), "av"); err == nil || errors.Is(err, hal.ErrRefused) {
		t.Errorf("no input: %v", err)
	}
	blind := struct{ cec.Bus }{heard{0x2000, true, 0x2000}}
	if _, _, err := cec.New(blind).Shows(t.Context(), "this"); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("a bus that hears nothing: %v", err)
	}
}
