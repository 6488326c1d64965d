package mdc_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/tv/mdc"
)

// An HDMI input that a computer uses has a code of its own.
func TestShows(t *testing.T) {
	for _, c := range []struct {
		input, is string
		told      byte
		shown     bool
	}{
		{"hdmi1", "hdmi1", 0x21, true},
		{"hdmi1", "hdmi1", 0x22, true},
		{"hdmi1", "hdmi2", 0x24, false},
		{"HDMI4", "hdmi4", 0x34, true},
		{"pc", "pc", 0x14, true},
		{"pc", "15", 0x15, false},
		{"hdmi1", "40", 0x40, false},
	} {
		s := &displaytest.Said{Answer: frame(3, 'A', 0x14, c.told)}
		displaytest.Shows(t, fmt.Sprintf("%02x", c.told), mdc.New(s, 3), displaytest.Picture{Input: c.input, Is: c.is, Shown: c.shown})
		if sent := hex.EncodeToString(s.Sent); sent != "aa14030017" {
			t.Errorf("%s, %02x: sent %s", c.input, c.told, sent)
		}
	}
	s := &displaytest.Said{Answer: frame(3, 'N', 0x14, 1)}
	if shown, _, err := mdc.New(s, 3).Shows(t.Context(), "hdmi1"); shown || !errors.Is(err, hal.ErrRefused) {
		t.Errorf("refused: %v, %v", shown, err)
	}
}
