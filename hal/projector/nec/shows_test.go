package nec_test

import (
	"testing"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/projector/nec"
)

// A source is told by a kind and a number, not by the code that selects it: what
// has no name in both worlds is not told apart.
func TestShows(t *testing.T) {
	source := func(number, kind byte) string {
		data := make([]byte, 16)
		data[2], data[3] = number, kind
		return reply(0x20, 0x85, data...)
	}
	for name, c := range map[string]displaytest.Picture{
		"old kind of HDMI":                   {"hdmi1", source(1, 0x06), "hdmi 1", true, nil},
		"new kind of HDMI":                   {"HDMI1", source(1, 0x21), "hdmi 1", true, nil},
		"the other HDMI":                     {"hdmi1", source(2, 0x21), "hdmi 2", false, nil},
		"component at the computer's socket": {"vga1", source(1, 0x04), "component 1", true, nil},
		"computer":                           {"hdmi2", source(1, 0x01), "computer 1", false, nil},
		"a kind without a name":              {"hdmi1", source(1, 0x55), "01 55", false, nil},
		"no source":                          {"hdmi1", source(0xFF, 0xFF), "", false, hal.ErrRefused},
		"a code":                             {"1A", source(1, 0x21), "", false, hal.ErrRefused},
		"refused":                            {"hdmi1", reply(0xA0, 0x85, 2, 3), "", false, hal.ErrRefused},
		"no frame":                           {"hdmi1", "hello", "", false, hal.ErrGarbled},
	} {
		displaytest.Shows(t, name, nec.New(&displaytest.Said{Answer: []byte(c.Answer)}), c)
	}
}
