package text_test

import (
	"testing"

	"stationbox/firmware/text"
)

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "C/N 14.0 dB": 11, "方位角": 6, "向左，": 6, "（１）": 6, "±0.2°": 5, "“a” → b": 7, "𠮷": 2, "ᄀ": 2, "🙂": 2} {
		if got := text.Width(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}
