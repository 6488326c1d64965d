package compare

import (
	"context"
	"image"
	"image/color"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/hal/sim/eye"
)

func TestWatchTakesNoGlance(t *testing.T) {
	w := newWatch(nil, nil)
	at := noon
	for _, n := range []int{-1, 5, 5, 6, 5, 6, 5, 7, 7, 7, -1, 7, -1, -1} { // each is one look
		w.seen(n, at, at.Add(100*time.Microsecond))
		at = at.Add(look)
	}
	var got []int
	for _, s := range w.all() {
		got = append(got, s.Frame)
	}
	if !slices.Equal(got, []int{5, 7, -1}) {
		t.Errorf("saw %v", got)
	}
	want := eye.Step{At: noon.Add(7*look + 100*time.Microsecond), Blind: look + 100*time.Microsecond, Frame: 7}
	if s := w.all()[1]; s != want {
		t.Errorf("step %+v, want %+v", s, want)
	}
}

func TestWatchIsBounded(t *testing.T) {
	w := newWatch(nil, nil)
	for i := range 2 * (maxSteps + 10) {
		w.seen(i/2, noon, noon)
	}
	if n := len(w.all()); n != maxSteps {
		t.Errorf("%d steps kept", n)
	}
}

// still is a screen with one picture.
type still struct{ picture *image.RGBA }

func (s still) Frame() (int, bool) { return eye.FrameOf(s.picture) }
func (s still) Image() *image.RGBA { return s.picture }

// strips draws so many lines of the strip of one number and the rest of another;
// -1 is dark.
func strips(n, lines, then int) still {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range stripHeight {
		if y == lines {
			n = then
		}
		for x := range width {
			k := x * 16 / width
			if n >= 0 && (k == 15 || k < 14 && (n+1<<k)/(2<<k)%2 == 1) { // the rule of make-lesson.sh
				img.Set(x, height-stripHeight+y, color.White)
			}
		}
	}
	return still{img}
}

func TestHalfDrawn(t *testing.T) {
	tests := []struct {
		name   string
		screen still
		n      int // that was read
		want   bool
	}{
		{"the next film, half", strips(128, 6, 74), -1, true},
		{"nothing, half", strips(-1, 6, 74), -1, true},
		{"nothing", strips(-1, 0, -1), -1, false},
		{"the next film", strips(128, 0, 128), 128, false},
		{"the same picture", strips(128, 6, 74), 74, false},
		{"the next picture", strips(75, 6, 74), 75, false},
	}
	for _, tt := range tests {
		w := newWatch(tt.screen, nil)
		w.current = 74
		if got := w.halfDrawn(tt.n, noon); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
		if w.halfDrawn(tt.n, noon.Add(halfMost)) {
			t.Errorf("%s: for ever", tt.name)
		}
	}
}

// clockwork is a screen whose picture changes with the time.
type clockwork struct{ begun time.Time }

func (c clockwork) Frame() (int, bool) {
	return int(time.Since(c.begun) / (20 * time.Millisecond)), true
}

func (c clockwork) Image() *image.RGBA { return strips(-1, 0, -1).picture }

func TestWatchWaits(t *testing.T) {
	w := newWatch(clockwork{time.Now()}, time.Now).run()
	defer w.close()
	deadline := time.Now().Add(time.Minute)
	if err := w.until(t.Context(), deadline, func(s []eye.Step) bool { return len(s) >= 3 }); err != nil || len(w.all()) < 3 || time.Now().After(deadline) {
		t.Errorf("%v: %v", err, w.all())
	}
	never := func([]eye.Step) bool { return false }
	if err := w.until(t.Context(), time.Now().Add(10*time.Millisecond), never); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.until(ctx, deadline, never); err == nil {
		t.Error("no error of a cancelled wait")
	}
}

func TestLoadIsLaidAndLifted(t *testing.T) {
	b, err := lay(t.Context(), t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.burner.ended:
		t.Error("the burner rests")
	case <-time.After(50 * time.Millisecond):
	}
	load, err := b.lift(time.Now())
	if err != nil || load.Synced < blockSize || load.PerSecond <= 0 {
		t.Errorf("%+v, %v", load, err)
	}
	if load, err := (*burden)(nil).lift(noon); load != nil || err != nil {
		t.Error("a load that was none")
	}
}

func TestN(t *testing.T) {
	for _, n := range []int{-1, 0, Most + 1} {
		if _, err := Run(t.Context(), Opts{N: n}); err == nil {
			t.Errorf("%d accepted", n)
		}
	}
}

func TestRivalsAreSpread(t *testing.T) {
	for _, tt := range []struct{ n, each, want int }{{100, 25, 5}, {100, 100, 20}, {100, 1, 1}, {30, 10, 2}, {1, 1, 1}} {
		c := &campaign{o: Opts{N: tt.n, Each: tt.each}}
		joined, last := 0, -1
		for round := range max(1, tt.n/inRow) {
			if c.rivalsJoin(round) {
				if most := inRow * (tt.n/tt.each + 1); last >= 0 && (round-last)*inRow > most {
					t.Errorf("%+v: alone from round %d to %d", tt, last, round)
				}
				joined, last = joined+1, round
			}
		}
		if joined != tt.want || !c.rivalsJoin(0) {
			t.Errorf("%+v: %d rounds", tt, joined)
		}
	}
}

// TestSmoke compares the real programs once, with films of a second.
func TestSmoke(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	tools := []string{"Xvfb", "ffmpeg"}
	for _, r := range rivals() {
		tools = append(tools, r.argv[0])
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	r, err := Run(ctx, Opts{N: 1, Out: t.Output(), Now: time.Now, frames: 25})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r.Print(io.MultiWriter(&out, t.Output()))
	// How late anybody is says nothing on a machine that is busy with tests, and a
	// rival may show nothing at all there.
	for _, row := range r.StartRows {
		if row.Starts+row.Unseen < 1 || row.Who == us && row.Missed > 0 {
			t.Errorf("%s did not start: %+v", row.Who, row)
		}
	}
	if len(r.StartRows) != 4 || len(r.GapRows) != 5 || len(r.Gaps) < 5 {
		t.Errorf("%d starts, %d gaps", len(r.StartRows), len(r.GapRows))
	}
	if name := t.TempDir() + "/r.json"; r.Write(name) != nil {
		t.Error("not written")
	}
}
