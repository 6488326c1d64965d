package player

import (
	"encoding/json"
	"testing"
)

// Mpv begins its counters anew now and then; ours does so with a programme only.
func TestDrops(t *testing.T) {
	for _, c := range []struct {
		name        string
		said        []string // by mpv; "file" is a new programme
		count, ours int64
	}{
		{"none", []string{"0"}, 0, 0},
		{"nothing known", nil, 0, 0},
		{"grows", []string{"0", "2", "2", "5"}, 5, 5},
		{"begun anew by a seek", []string{"0", "5", "0", "3"}, 8, 8},
		{"begun anew, and seen late", []string{"0", "5", "3"}, 8, 8},
		{"a new programme", []string{"0", "5", "file", "0", "1"}, 1, 1},
		{"a new programme, and mpv counts on", []string{"0", "5", "file", "6"}, 1, 1},
		{"of a programme that was adopted", []string{"7", "9"}, 9, 2},
		{"without a programme", []string{"null", "0", "1", "null", "0"}, 1, 1},
		{"nonsense", []string{"0", "-3", "9223372036854775807", "\"many\"", "1"}, 1, 1},
	} {
		var d drops
		for _, s := range c.said {
			if s == "file" {
				d.begin()
				continue
			}
			d.see(json.RawMessage(s))
		}
		if d.count != c.count || d.ours() != c.ours {
			t.Errorf("%s: %d, ours %d; want %d, %d", c.name, d.count, d.ours(), c.count, c.ours)
		}
	}
}
