package station

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/fstest"

	"stationbox/firmware/config"
	"stationbox/firmware/station/internal/fault"
)

func TestDevicesOf(t *testing.T) {
	root := fstest.MapFS{
		"dev/serial/by-path/platform-usb-1.2": {}, "dev/ttyUSB0": {}, "dev/ttyS0": {}, "dev/gpiochip0": {}, "dev/dvb/adapter0/frontend0": {},
		"proc/asound/cards": {Data: []byte(" 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones\n                      bcm2835 Headphones\n")},
	}
	want := "[{serial [/dev/serial/by-path/platform-usb-1.2 /dev/ttyUSB0]} {gpio [/dev/gpiochip0]} {sound [bcm2835_headpho - bcm2835 Headphones]} {cec []} {tuner [/dev/dvb/adapter0/frontend0]}]"
	if got := fmt.Sprint(devicesOf(root)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestStationWithoutARosterShowsLessons is what the fault campaign saw: station
// check only remarked on a missing roster, and station run ended on it.
func TestStationWithoutARosterShowsLessons(t *testing.T) {
	for _, file := range []string{"", "/nowhere/roster.csv"} {
		st := &Station{cfg: &config.Config{Roster: config.Roster{File: file}}}
		st.faults = fault.New(slog.New(slog.DiscardHandler), func(string, string, any) {})
		if r := st.openRoster(); r == nil || r.Len() != 0 {
			t.Errorf("%q: %v", file, r)
		}
		if got := len(st.faults.List()); got != min(len(file), 1) {
			t.Errorf("%q: %d faults", file, got)
		}
	}
}
