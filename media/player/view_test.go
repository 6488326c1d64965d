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

// An entry of the old queue may begin after a new Preload, before mpv is told of it.
func TestEntryOfAReplacedQueueIsNotFollowed(t *testing.T) {
	p := New(Opts{})
	p.want = wish{gen: 1, item: item{id: 1, file: "a"}, next: []item{{id: 2, file: "b"}}}
	p.settled, p.items = 1, 2
	p.view.issued, p.view.current, p.view.ahead = 1, 10, []int64{11}
	p.handle(message{Event: "start-file", Entry: 11})
	if p.want.file != "b" || len(p.want.next) != 0 || p.view.current != 11 || p.view.gone != 1 {
		t.Errorf("not followed: %+v", p.want)
	}
	p.view.ahead = []int64{12}
	p.want.next = []item{{id: 3, file: "c"}}
	p.wishFor(item{file: "new"})
	p.handle(message{Event: "start-file", Entry: 12})
	if p.want.file != "new" {
		t.Errorf("followed to %s", p.want.file)
	}
}
