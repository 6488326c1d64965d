package pjlink_test

import (
	"testing"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/projector/pjlink"
)

func TestShows(t *testing.T) {
	for _, c := range []displaytest.Picture{
		{"hdmi1", "31", "31", true, nil},
		{"3a", "3A", "3A", true, nil},
		{"31", "32", "32", false, nil},
		{"31", "ERR3", "", false, hal.ErrRefused},
		{"31", "99", "", false, hal.ErrGarbled},
	} {
		f := newFar(t, script{open, "%1INPT=" + c.Answer + "\r", false})
		displaytest.Shows(t, c.Answer, pjlink.New(f.addr, pjlink.Opts{Timeout: displaytest.Patience}), c)
	}
	f := newFar(t, script{open, "%1INPT=31\r", false})
	if _, _, err := pjlink.New(f.addr, pjlink.Opts{}).Shows(t.Context(), "screen"); err == nil || len(f.requests()) > 0 {
		t.Errorf("no input: %v, asked %q", err, f.requests())
	}
}
