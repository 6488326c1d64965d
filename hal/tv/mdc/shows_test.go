package mdc_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"stationbox/hal"
	"stationbox/hal/tv/mdc"
)

// single is a line that has one answer.
type single struct{ sent, answer []byte }

func (s *single) Exchange(_ context.Context, req []byte, done func([]byte) (int, error)) ([]byte, error) {
	s.sent = append([]byte(nil), req...)
	n, err := done(s.answer)
	if err == nil && n == 0 {
		err = fmt.Errorf("line: %w", hal.ErrSilent)
	}
	return nil, err
}

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
		s := &single{answer: frame(3, 'A', 0x14, c.told)}
		shown, is, err := mdc.New(s, 3).Shows(t.Context(), c.input)
		if shown != c.shown || is != c.is || err != nil || hex.EncodeToString(s.sent) != "aa14030017" {
			t.Errorf("%s, %02x: %v %q, %v; sent % x", c.input, c.told, shown, is, err, s.sent)
		}
	}
	s := &single{answer: frame(3, 'N', 0x14, 1)}
	if shown, _, err := mdc.New(s, 3).Shows(t.Context(), "hdmi1"); shown || !errors.Is(err, hal.ErrRefused) {
		t.Errorf("refused: %v, %v", shown, err)
	}
}
