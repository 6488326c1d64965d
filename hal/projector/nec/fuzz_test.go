package nec

import (
	"errors"
	"testing"

	"stationbox/hal"
)

func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		"\x22\x00\x01\x40\x00\x63", "\xA2\x00\x01\x40\x02\x02\x0D\xF4", "\x20\x85\x01\x40\x10", "\x22\x00\x01\x40\xFF\x00", "hello",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range []command{powerOn, runningStatus, errorStatus, inputChange(1)} {
			data, n, err := scan(b, c)
			if n > len(b) || n > 0 && (err != nil || len(data) != c.want) {
				t.Fatalf("%s: %d of %d bytes, % x, %v", c.name, n, len(b), data, err)
			}
			if n >= overhead && sum(b[n-overhead-c.want:n-1]) != b[n-1] {
				t.Fatalf("%s: wrong sum believed in % x", c.name, b)
			}
			if err != nil && !errors.Is(err, hal.ErrGarbled) && !errors.Is(err, hal.ErrRefused) {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
	})
}
