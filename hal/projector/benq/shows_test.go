package benq_test

import (
	"errors"
	"testing"

	"stationbox/hal"
)

// The first HDMI socket has two names.
func TestShows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		input, answer, is string
		shown             bool
		err               error
	}{
		{"hdmi1", "*SOUR=HDMI#", "hdmi", true, nil},
		{"hdmi1", "*SOUR=HDMI1#", "hdmi1", true, nil},
		{"hdmi", "*SOUR=HDMI1#", "hdmi1", true, nil},
		{"hdmi1", "*SOUR=HDMI2#", "hdmi2", false, nil},
		{"hdmi2", "*SOUR=HDMI#", "hdmi", false, nil},
		{"vga1", "*SOUR=RGB#", "rgb", true, nil},
		{"hdmi1", "*Block item#", "", false, hal.ErrRefused},
		{"hdmi1", "*SOUR=??#", "", false, hal.ErrGarbled},
	} {
		shown, is, err := says(t, c.answer).Shows(t.Context(), c.input)
		if shown != c.shown || is != c.is || !errors.Is(err, c.err) {
			t.Errorf("%s, %q: %v %q, %v", c.input, c.answer, shown, is, err)
		}
	}
	if _, _, err := says(t, "*SOUR=HDMI#").Shows(t.Context(), "-"); err == nil {
		t.Error("no input, and no error")
	}
}
