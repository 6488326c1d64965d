package machine

import (
	"testing"
	"time"
)

func TestTotal(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"some avg10=0.00 avg60=0.84 avg300=0.93 total=1234567\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=89\n": 1234567 * time.Microsecond,
		"some avg10=0.00 total=": 0,
		"total=many":             0,
		"":                       0,
	} {
		if got := total(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestWaitedNeverGoesBack(t *testing.T) {
	if before := Waited(); Waited() < before {
		t.Error("less than before")
	}
}
