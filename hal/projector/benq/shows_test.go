package benq_test

import (
	"testing"

	"stationbox/hal"
	"stationbox/hal/displaytest"
)

// The first HDMI socket has two names.
func TestShows(t *testing.T) {
	t.Parallel()
	for _, c := range []displaytest.Picture{
		{"hdmi1", "*SOUR=HDMI#", "hdmi", true, nil},
		{"hdmi1", "*SOUR=HDMI1#", "hdmi1", true, nil},
		{"hdmi", "*SOUR=HDMI1#", "hdmi1", true, nil},
		{"hdmi1", "*SOUR=HDMI2#", "hdmi2", false, nil},
		{"hdmi2", "*SOUR=HDMI#", "hdmi", false, nil},
		{"vga1", "*SOUR=RGB#", "rgb", true, nil},
		{"hdmi1", "*Block item#", "", false, hal.ErrRefused},
		{"hdmi1", "*SOUR=??#", "", false, hal.ErrGarbled},
	} {
		displaytest.Shows(t, c.Answer, says(t, c.Answer), c)
	}
	if _, _, err := says(t, "*SOUR=HDMI#").Shows(t.Context(), "-"); err == nil {
		t.Error("no input, and no error")
	}
}
