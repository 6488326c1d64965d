package lesson_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/lesson"
)

func TestCallAt(t *testing.T) {
	tests := []struct {
		name   string
		length time.Duration
		at     time.Duration
		want   string
	}{
		{"before the first picture", 45 * time.Minute, -time.Minute, "start"},
		{"ten minutes in", 45 * time.Minute, 10*time.Minute - 1, "start"},
		{"between", 45 * time.Minute, 10 * time.Minute, ""},
		{"middle begins", 45 * time.Minute, 17*time.Minute + 30*time.Second, "middle"},
		{"middle ends", 45 * time.Minute, 27*time.Minute + 30*time.Second, ""},
		{"last five minutes", 45 * time.Minute, 40 * time.Minute, "end"},
		{"last words", 45 * time.Minute, 46 * time.Minute, "end"},
		{"the shortest with a middle", 20 * time.Minute, 10 * time.Minute, "middle"},
		{"its start", 20 * time.Minute, 9 * time.Minute, "start"},
		{"its end", 20 * time.Minute, 15 * time.Minute, "end"},
		{"too short for a middle", 19 * time.Minute, 11 * time.Minute, ""},
		{"very short", 4 * time.Minute, time.Minute, "start"},
		{"very short, end", 4 * time.Minute, 2 * time.Minute, "end"},
		{"length of the slot", 0, 15 * time.Minute, "middle"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := lesson.CallAt(lesson.Windows(occ, tt.length), tt.at)
			if ok != (tt.want != "") || ok && got.String() != tt.want {
				t.Errorf("got %v %v, want %q", got, ok, tt.want)
			}
		})
	}
	bare := occ
	bare.Duration = 0
	if got, ok := lesson.CallAt(lesson.Windows(bare, 0), time.Hour); !ok || got != lesson.CallStart {
		t.Errorf("of no known length: %v %v", got, ok)
	}
}

// TestWindowsDoNotOverlap: a press counts once, and start and end are always held.
func TestWindowsDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := time.Duration(rapid.Int64Range(1, int64(5*time.Hour)).Draw(t, "length"))
		list := lesson.Windows(occ, length)
		held := map[lesson.Call]bool{}
		var past time.Duration
		for _, w := range list {
			if w.From < past || w.To < w.From {
				t.Fatalf("%v overlaps: %+v", w.Call, list)
			}
			past = w.To
			held[w.Call] = w.To > w.From
		}
		if !held[lesson.CallEnd] || length > 1 && !held[lesson.CallStart] || held[lesson.CallMiddle] != (length >= 20*time.Minute) {
			t.Fatalf("held %v of %v: %+v", held, length, list)
		}
	})
}
