package station

import (
	"fmt"
	"testing"
	"testing/fstest"
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
