package player_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/player"
)

var (
	red    = color.RGBA{R: 200, G: 20, B: 30, A: 255}
	blue   = color.RGBA{R: 10, G: 30, B: 180, A: 255}
	green  = color.RGBA{R: 20, G: 190, B: 40, A: 255}
	half   = color.RGBA{R: 100, G: 100, B: 100, A: 128} // half of bright grey
	filled = image.Rect(0, 0, 960, 540)
)

// paint shows a plain rectangle as picture id.
func (r *rig) paint(id int, box image.Rectangle, c color.RGBA) {
	r.t.Helper()
	pic, err := r.NewPicture(box.Size())
	r.must(err)
	for i := 0; i < len(pic.Pix); i += 4 {
		copy(pic.Pix[i:], []byte{c.B, c.G, c.R, c.A})
	}
	r.must(r.ShowPicture(r.ctx(), id, box.Min, pic))
}

// near says whether the pixel has that colour, give or take the video output.
func (s *screen) near(x, y int, c color.RGBA) bool {
	got := s.at(x, y)
	off := func(a, b uint8) bool { return max(a, b)-min(a, b) > 4 }
	return !off(got.R, c.R) && !off(got.G, c.G) && !off(got.B, c.B)
}

// pictureFiles counts the files of pictures that this process holds.
func pictureFiles(t *testing.T) int {
	t.Helper()
	names, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		if to, err := os.Readlink(name); err == nil && strings.Contains(to, "stationbox-picture") {
			n++
		}
	}
	return n
}

func TestPicturesOverBlackAndOverTheFilm(t *testing.T) {
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	r.must(r.Ready(r.ctx()))
	var size image.Point
	r.wait("screen size", func() bool {
		var err error
		size, err = r.ScreenSize(r.ctx())
		return err == nil
	})
	if size != image.Pt(960, 540) {
		t.Fatalf("screen of %v", size)
	}
	at := func(what string, x, y int, c color.RGBA) {
		t.Helper()
		r.wait(what, func() bool { return s.near(x, y, c) })
	}
	r.paint(0, image.Rect(100, 50, 300, 150), red)
	at("its first pixel", 100, 50, red)
	at("its last pixel", 299, 149, red)
	at("beside it", 300, 150, color.RGBA{})
	r.paint(3, image.Rect(300, 50, 400, 150), green)
	at("another beside it", 300, 100, green)
	at("which stays", 299, 100, red)
	r.must(r.HidePicture(r.ctx(), 3))
	at("nothing", 300, 100, color.RGBA{})
	r.paint(0, filled, blue)
	at("ground", 5, 5, blue)
	at("its far corner", 959, 539, blue)

	// The film is loaded and starts behind; nothing of it is seen before its time.
	r.must(r.Preload(r.ctx(), footage(t, 20, numbered), 0))
	if n := s.number(); n != -1 {
		t.Errorf("frame %d is seen through the picture", n)
	}
	grey := color.RGBA{R: 128, G: 128, B: 128}
	r.paint(0, image.Rect(100, 50, 300, 150), half) // a strip takes the board's place
	at("half clear over grey", 200, 100, color.RGBA{R: 164, G: 164, B: 164})
	at("the film's grey beside it", 700, 300, grey)
	r.wait("first frame", func() bool { return s.number() == 0 })
	r.must(r.HidePicture(r.ctx(), 0))
	r.must(r.Play(r.ctx()))
	r.wait("motion", func() bool { return s.number() > 0 })
	at("nothing but the film", 200, 100, grey)
	r.must(r.HidePicture(r.ctx(), 3)) // twice is no mistake
	if n := pictureFiles(t); n != 0 {
		t.Errorf("%d files left", n)
	}
}

// TestPictureIsReplacedWithoutAFlash: at every moment one or the other is there.
func TestPictureIsReplacedWithoutAFlash(t *testing.T) {
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	r.must(r.Ready(r.ctx()))
	r.paint(0, filled, red)
	r.wait("red", func() bool { return s.near(480, 270, red) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 40 {
			r.paint(0, filled, []color.RGBA{blue, red}[i%2])
			<-time.After(15 * time.Millisecond)
		}
	}()
	looks, blues := 0, 0
	for {
		select {
		case <-done:
			if t.Logf("%d looks, %d of them blue", looks, blues); looks < 100 || blues == 0 {
				t.Errorf("looked %d times, saw the other picture %d times", looks, blues)
			}
			return
		default:
		}
		if looks++; s.near(480, 270, blue) {
			blues++
		} else if !s.near(480, 270, red) {
			t.Fatalf("look %d: %v", looks, s.at(480, 270))
		}
		<-time.After(500 * time.Microsecond)
	}
}

func TestPicturesComeBackAfterACrash(t *testing.T) {
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	black := color.RGBA{}
	r.paint(0, image.Rect(0, 100, 960, 540), blue) // before mpv runs
	r.wait("shown by the first mpv", func() bool { return s.near(480, 270, blue) })
	kill := func() {
		t.Helper()
		pid := r.until("alive", func(s player.Status) bool { return s.PID != 0 }).PID
		r.must(syscall.Kill(pid, syscall.SIGKILL))
		r.until("another mpv", func(s player.Status) bool { return s.PID != 0 && s.PID != pid })
	}
	for range 3 {
		r.paint(1, image.Rect(0, 0, 50, 50), red)
		kill()
		r.wait("shown by the next", func() bool { return s.near(480, 270, blue) && s.near(20, 20, red) })
		pid := r.signal(syscall.SIGKILL)
		r.must(r.HidePicture(r.ctx(), 1)) // whether mpv is there or not
		r.until("another mpv", func(s player.Status) bool { return s.PID != 0 && s.PID != pid })
		r.wait("hidden from the one after", func() bool { return s.near(480, 270, blue) && s.near(20, 20, black) })
	}
	r.must(r.quit())
	if n := pictureFiles(t); n != 0 {
		t.Errorf("%d files left", n)
	}
}

// TestPictureReplacedWhileMpvStarts: whatever comes between the first words to a
// new mpv and its coming into use, the newest picture is what stays.
func TestPictureReplacedWhileMpvStarts(t *testing.T) {
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	r.must(r.Ready(r.ctx()))
	for i := range 3 {
		pid := r.signal(syscall.SIGKILL)
		for n := 0; ; n++ {
			r.paint(0, image.Rect(0, 0, 400+n%7, 300), []color.RGBA{red, blue}[n%2])
			if st := r.State(); st.PID != 0 && st.PID != pid {
				break
			}
		}
		last := []color.RGBA{green, red, blue}[i]
		r.paint(0, image.Rect(0, 0, 960, 540), last)
		r.wait("the newest", func() bool { return s.near(900, 500, last) && s.near(5, 5, last) })
		if n := pictureFiles(t); n > 3 {
			t.Errorf("%d files", n)
		}
	}
}

// TestPicturesOfAnEarlierController stay until the next one says otherwise.
func TestPicturesOfAnEarlierController(t *testing.T) {
	s := newScreen(t)
	o := player.Opts{Video: "x11", Audio: "null", Display: s.display, RunDir: shortDir(t), KeepOnExit: true}
	first := run(t, o)
	first.must(first.Ready(first.ctx()))
	first.paint(0, image.Rect(0, 100, 960, 540), blue)
	first.paint(1, image.Rect(0, 0, 50, 50), red)
	first.wait("shown", func() bool { return s.near(20, 20, red) })
	pid := first.State().PID
	first.must(first.quit())

	o.KeepOnExit = false
	next := run(t, o)
	next.must(next.Ready(next.ctx()))
	if got := next.State().PID; got != pid {
		t.Fatalf("mpv %d was not adopted, %d runs", pid, got)
	}
	if !s.near(480, 270, blue) || !s.near(20, 20, red) {
		t.Error("the pictures went with their controller")
	}
	next.must(next.HidePicture(next.ctx(), 1))
	next.wait("hidden by the next", func() bool { return s.near(20, 20, color.RGBA{}) })
	next.paint(0, filled, green)
	next.wait("replaced by the next", func() bool { return s.near(480, 270, green) })
}

func TestPictureBounds(t *testing.T) {
	r := run(t, player.Opts{})
	r.must(r.Ready(r.ctx()))
	for _, size := range []image.Point{{}, {-1, 10}, {1, 1 << 15}, {1 << 14, 1 << 14}} {
		if _, err := r.NewPicture(size); !errors.Is(err, player.ErrPicture) {
			t.Errorf("%v: %v", size, err)
		}
	}
	small := func() *player.Picture {
		pic, err := r.NewPicture(image.Pt(4, 4))
		r.must(err)
		return pic
	}
	for _, id := range []int{-1, player.MostPictures} {
		if err := r.ShowPicture(r.ctx(), id, image.Point{}, small()); !errors.Is(err, player.ErrPicture) {
			t.Errorf("picture %d: %v", id, err)
		}
	}
	shown := small()
	r.must(r.ShowPicture(r.ctx(), 0, image.Point{}, shown))
	if err := r.ShowPicture(r.ctx(), 1, image.Point{}, shown); !errors.Is(err, player.ErrPicture) || shown.Pix != nil {
		t.Errorf("a picture shown twice: %v", err)
	}
	r.DropPicture(shown) // it is the player's
	r.DropPicture(nil)
	var held []*player.Picture
	for {
		pic, err := r.NewPicture(image.Pt(4096, 2304))
		if err != nil {
			if !errors.Is(err, player.ErrPicture) {
				t.Error(err)
			}
			break
		}
		held = append(held, pic)
	}
	if len(held) != 2 { // and a few bytes are shown
		t.Errorf("%d pictures of 4K fit", len(held))
	}
	for _, pic := range held {
		r.DropPicture(pic)
	}
	r.must(r.HidePicture(r.ctx(), 0))
	if n := pictureFiles(t); n != 0 {
		t.Errorf("%d files left", n)
	}
}

// TestNoScreenNoSize: without a picture there is no size to draw for.
func TestNoScreenNoSize(t *testing.T) {
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: ":99999"})
	r.must(r.Ready(r.ctx()))
	if size, err := r.ScreenSize(r.ctx()); !errors.Is(err, player.ErrNoScreen) {
		t.Errorf("%v, %v", size, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.ScreenSize(ctx); err == nil {
		t.Error("a size after the end")
	}
}
