package escvp21_test

import (
	"testing"

	"stationbox/hal"
	"stationbox/hal/displaytest"
)

// A source that was selected with the kind of signal left open is told with its
// kind.
func TestShows(t *testing.T) {
	t.Parallel()
	for _, c := range []displaytest.Picture{
		{"hdmi1", "SOURCE=30\r:", "30", true, nil},
		{"hdmi1", "SOURCE=31\r:", "31", true, nil},
		{"hdmi1", "SOURCE=A0\r:", "A0", false, nil},
		{"hdmi2", "source=a0\r:", "A0", true, nil},
		{"vga1", "SOURCE=11\r:", "11", true, nil},
		{"vga1", "SOURCE=21\r:", "21", false, nil},
		{"11", "SOURCE=14\r:", "14", false, nil},
		{"video1", "SOURCE=42\r:", "42", false, nil},
		{"lan1", "SOURCE=53\r:", "53", true, nil},
		{"lan1", "SOURCE=52\r:", "52", false, nil},
		{"hdmi1", "ERR\r:", "", false, hal.ErrRefused},
		{"hdmi1", "SOURCE=HDMI\r:", "", false, hal.ErrGarbled},
	} {
		displaytest.Shows(t, c.Answer, says(t, c.Answer), c)
	}
	if _, _, err := says(t, "SOURCE=30\r:").Shows(t.Context(), "no input"); err == nil {
		t.Error("no input, and no error")
	}
}
