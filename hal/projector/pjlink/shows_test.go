package pjlink_test

import (
	"errors"
	"testing"

	"stationbox/hal"
	"stationbox/hal/projector/pjlink"
)

func TestShows(t *testing.T) {
	for _, c := range []struct {
		input, answer, is string
		shown             bool
		err               error
	}{
		{"hdmi1", "31", "31", true, nil},
		{"3a", "3A", "3A", true, nil},
		{"31", "32", "32", false, nil},
		{"31", "ERR3", "", false, hal.ErrRefused},
		{"31", "99", "", false, hal.ErrGarbled},
	} {
		f := newFar(t, script{open, "%1INPT=" + c.answer + "\r", false})
		shown, is, err := pjlink.New(f.addr, pjlink.Opts{Timeout: patience}).Shows(t.Context(), c.input)
		if shown != c.shown || is != c.is || !errors.Is(err, c.err) {
			t.Errorf("%s, %s: %v %q, %v", c.input, c.answer, shown, is, err)
		}
	}
	f := newFar(t, script{open, "%1INPT=31\r", false})
	if _, _, err := pjlink.New(f.addr, pjlink.Opts{}).Shows(t.Context(), "screen"); err == nil || len(f.requests()) > 0 {
		t.Errorf("no input: %v, asked %q", err, f.requests())
	}
}
