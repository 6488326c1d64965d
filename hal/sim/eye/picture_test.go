package eye

import (
	"image"
	"image/color"
	"strings"
	"testing"
	"time"
)

// picture paints a picture of 960 by 540 dot by dot.
func picture(light func(x, y int) uint8) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 960, 540))
	for y := range 540 {
		for x := range 960 {
			v := light(x, y)
			img.SetRGBA(x, y, color.RGBA{v, v, v, 0xff})
		}
	}
	return img
}

func even(v uint8) *image.RGBA { return picture(func(int, int) uint8 { return v }) }

// writing is a short word's worth of strokes on black.
func writing() *image.RGBA {
	return picture(func(x, y int) uint8 {
		if x > 400 && x < 500 && y > 200 && y < 240 && x%8 < 4 {
			return 255
		}
		return 0
	})
}

// striped is an even grey with the strip of frame n.
func striped(n int) *image.RGBA {
	img := even(0x60)
	paintStrip(img.Pix, 4, 960, 540, n)
	return img
}

func TestFrameOfAPicture(t *testing.T) {
	for _, n := range []int{0, 1, 25, 749, FrameRange - 1} {
		if got, ok := FrameOf(striped(n)); !ok || got != n {
			t.Errorf("frame %d is read as %d, %v", n, got, ok)
		}
	}
	for name, img := range map[string]*image.RGBA{
		"dark": Dark(960, 540), "grey": even(0x60), "white": even(255), "dimmed": Dim(striped(25), 0.5), "tiny": Dark(4, 4),
	} {
		if n, ok := FrameOf(img); ok {
			t.Errorf("%s picture: frame %d", name, n)
		}
	}
}

func TestBlankPictures(t *testing.T) {
	for _, tt := range []struct {
		name  string
		img   *image.RGBA
		blank bool
	}{
		{"dark", Dark(960, 540), true},
		{"white", even(255), true},
		{"grey", even(100), true},
		{"only a frame strip", striped(700), true},
		{"a word on black", writing(), false},
		{"a slope", picture(func(x, _ int) uint8 { return uint8(x / 4) }), false},
		{"tiny", Dark(4, 4), true},
	} {
		if tone := ToneOf(tt.img); tone.Blank() != tt.blank {
			t.Errorf("%s: %+v", tt.name, tone)
		}
	}
	if tone := ToneOf(even(100)); tone.Mean < 99 || tone.Mean > 101 {
		t.Errorf("grey 100 has %+v", tone)
	}
}

func TestChange(t *testing.T) {
	for _, tt := range []struct {
		name        string
		a, b        *image.RGBA
		least, most float64
	}{
		{"the same", writing(), writing(), 0, 0},
		{"only the frame strip", striped(1), striped(700), 0, 0},
		{"noise", even(100), picture(func(x, y int) uint8 { return uint8(100 + (x*7+y*13)%10) }), 0, 0},
		{"left half", even(100), picture(func(x, _ int) uint8 { return uint8(100 + 50*((959-x)/480)) }), 0.49, 0.51},
		{"another world", even(0), even(255), 1, 1},
		{"another size", even(0), Dark(4, 4), 1, 1},
	} {
		if got := Change(tt.a, tt.b); got < tt.least || got > tt.most {
			t.Errorf("%s: %.2f, want %.2f to %.2f", tt.name, got, tt.least, tt.most)
		}
	}
}

func TestSketch(t *testing.T) {
	lines := Sketch(writing())
	if len(lines) != SketchRows {
		t.Fatalf("%d lines", len(lines))
	}
	for y, line := range lines {
		runes := []rune(line)
		if len(runes) != SketchColumns {
			t.Fatalf("line %d has %d characters", y, len(runes))
		}
		for x, r := range runes {
			inside := x >= 40 && x < 50 && y >= 10 && y < 12 // 10 by 20 pixels a character
			if inside != (r != 0x2800) {
				t.Errorf("character %d, %d is %U", x, y, r)
			}
		}
	}
	if text := strings.Join(Sketch(even(100)), ""); strings.Trim(text, "\u2800") != "" {
		t.Errorf("an even picture shows %q", text)
	}
	if Sketch(Dark(100, 100)) != nil {
		t.Error("a sketch finer than its picture")
	}
}

// timed shows a frame from a moment on; looking takes a millisecond.
type timed struct {
	now    time.Time
	begins map[time.Duration]int
	start  time.Time
}

func (s *timed) Frame() (int, bool) {
	n, last := -1, time.Duration(-1)
	for at, frame := range s.begins {
		if at > last && s.now.Sub(s.start) >= at {
			n, last = frame, at
		}
	}
	s.now = s.now.Add(time.Millisecond)
	return n, n >= 0
}

func TestStepsSayWhenTheyWereNotLookedFor(t *testing.T) {
	start := time.Date(2026, 11, 23, 8, 10, 0, 0, time.UTC)
	s := &timed{now: start, start: start, begins: map[time.Duration]int{0: 0, 20 * time.Millisecond: 1, 60 * time.Millisecond: -1, 70 * time.Millisecond: 2}}
	w := NewWatch(s, func() time.Time { return s.now })
	for _, at := range []int{0, 10, 18, 50, 65, 80} {
		s.now = start.Add(time.Duration(at) * time.Millisecond)
		w.look()
	}
	got := w.Steps(start.Add(2 * time.Millisecond))
	want := []Step{ // after start, a look of 1 ms included
		{start.Add(51 * time.Millisecond), 33 * time.Millisecond, 1},
		{start.Add(66 * time.Millisecond), 16 * time.Millisecond, -1},
		{start.Add(81 * time.Millisecond), 16 * time.Millisecond, 2},
	}
	if len(got) != len(want) {
		t.Fatalf("steps %+v", got)
	}
	for i := range want {
		if !got[i].At.Equal(want[i].At) || got[i].Blind != want[i].Blind || got[i].Frame != want[i].Frame {
			t.Errorf("step %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if got := w.WorstBlind(start); got != 33*time.Millisecond {
		t.Errorf("blind for %v at worst", got)
	}
	if got := w.WorstBlind(start.Add(time.Second)); got != 0 {
		t.Errorf("blind for %v in the second that follows", got)
	}
	s.now = start.Add(blindSeconds * time.Second)
	w.look()
	if got := w.WorstBlind(start); got < 63*time.Second {
		t.Errorf("after a minute's sleep: blind for %v", got)
	}
	if all := w.Steps(start); len(all) != 4 || all[0].Blind != 0 {
		t.Errorf("from the beginning: %+v", all)
	}
}

func TestStepsAreBounded(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 10, 0, 0, time.UTC)
	first := at
	list := make([]int, MaxSteps+50)
	for i := range list {
		list[i] = i
	}
	w := NewWatch(&frames{list: list}, func() time.Time { return at })
	for range list {
		w.look()
		at = at.Add(40 * time.Millisecond)
	}
	if got := w.Steps(first); len(got) != MaxSteps || got[0].Frame != 50 || got[MaxSteps-1].Frame != MaxSteps+49 {
		t.Errorf("%d steps kept", len(got))
	}
}
