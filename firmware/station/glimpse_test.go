package station

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/text"
	"stationbox/media/player"
	"stationbox/media/witness"
)

// painted is a JPEG picture of one grey, with noise and with a part in white.
func painted(t testing.TB, w, h int, grey uint8, noise int, white float64) []byte {
	t.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range img.Y {
		img.Y[i] = uint8(min(255, int(grey)+rng.IntN(noise+1)))
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
	side := int(white * float64(h))
	for y := h / 2; y < h/2+side; y++ {
		for x := w / 2; x < w/2+side*w/h; x++ {
			img.Y[y*img.YStride+x] = 255
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// brightnessOf is how bright a JPEG picture is.
func brightnessOf(r io.ReadSeeker) (float64, error) {
	img, err := pictureOf(r)
	if err != nil {
		return 0, err
	}
	var e witness.Eye
	luma, _ := e.See(plane(img))
	return luma, nil
}

func TestBrightness(t *testing.T) {
	var grey bytes.Buffer
	if err := jpeg.Encode(&grey, &image.Gray{Pix: []uint8{200}, Stride: 1, Rect: image.Rect(0, 0, 1, 1)}, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		data       []byte
		least, top float64
		err        error
	}{
		{"black", painted(t, 1920, 1080, 0, 0, 0), 0, 0, nil},
		{"black off an old tape", painted(t, 720, 576, 0, 12, 0), 0, witness.BlackLuma, nil},
		{"a line of text on black", painted(t, 1280, 720, 0, 0, 0.05), 0.9, 1, nil},
		{"a speck on black", painted(t, 1280, 720, 0, 0, 0.01), 0, 0.01, nil},
		{"night", painted(t, 640, 360, 30, 10, 0), 0.1, 0.2, nil},
		{"day", painted(t, 640, 360, 120, 100, 0), 0.8, 0.9, nil},
		{"one grey pixel", grey.Bytes(), 0.7, 0.9, nil},
		{"no picture", []byte("black"), 0, 0, errPicture},
		{"cut", painted(t, 640, 360, 120, 100, 0)[:3000], 0, 0, errPicture},
		{"nothing", nil, 0, 0, errPicture},
	} {
		got, err := brightnessOf(bytes.NewReader(c.data))
		if got < c.least || got > c.top || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v; want %v to %v, %v", c.name, got, err, c.least, c.top, c.err)
		}
	}
	huge := painted(t, 16, 16, 0, 0, 0)
	at := bytes.Index(huge, []byte{0xFF, 0xC0})
	copy(huge[at+5:], []byte{0x7F, 0xFF, 0x7F, 0xFF})
	if _, err := brightnessOf(bytes.NewReader(huge)); !errors.Is(err, errPicture) || !strings.Contains(err.Error(), "32767×32767") {
		t.Errorf("a picture as large as a house: %v", err)
	}
}

func FuzzBrightness(f *testing.F) {
	f.Add(painted(f, 16, 16, 100, 50, 0))
	f.Add(painted(f, 17, 9, 0, 0, 0.5)[:200])
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xC0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := jpeg.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width*c.Height > 1<<20 {
			return // decoded as well, but slowly
		}
		if l, err := brightnessOf(bytes.NewReader(b)); l < 0 || l > 1 || err != nil && l != 0 {
			t.Errorf("%v, %v", l, err)
		}
	})
}

// cinema is a player that plays what a test says, and is looked at.
type cinema struct {
	mu    sync.Mutex
	s     player.Status
	grey  uint8
	fails error
	slow  time.Duration
	looks []time.Duration // since begun
	begun time.Time
	busy  int
}

func (c *cinema) State() player.Status { c.mu.Lock(); defer c.mu.Unlock(); return c.s }

func (c *cinema) set(fn func()) { c.mu.Lock(); fn(); c.mu.Unlock() }

func (c *cinema) Screenshot(ctx context.Context, path string) error {
	c.mu.Lock()
	c.looks = append(c.looks, time.Since(c.begun))
	c.busy++
	grey, fails, slow := c.grey, c.fails, c.slow
	if c.busy > 1 {
		fails = errors.New("two looks at once")
	}
	c.mu.Unlock()
	defer c.set(func() { c.busy-- })
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(slow):
	}
	if fails != nil {
		return fails
	}
	var b bytes.Buffer
	img := image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = grey
	}
	if err := jpeg.Encode(&b, img, nil); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// seconds are the looks in whole seconds since the test began.
func (c *cinema) seconds() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []int
	for _, d := range c.looks {
		out = append(out, int(d/time.Second))
	}
	return out
}

func TestGlimpses(t *testing.T) {
	film := player.Status{Alive: true, Loaded: "a.mp4", Playing: true, VOConfigured: true}
	for _, c := range []struct {
		name  string
		play  func(*cinema)
		looks []int
		black time.Duration
	}{
		{"nothing plays", func(c *cinema) { c.set(func() { c.s = player.Status{} }); time.Sleep(time.Minute) }, nil, 0},
		{"five seconds after its start, then every ten", func(*cinema) { time.Sleep(time.Minute) }, []int{6, 16, 26, 36, 46, 56}, 0},
		{"held before its time", func(c *cinema) {
			c.set(func() { c.s.Playing = false })
			time.Sleep(20*time.Second + 500*time.Millisecond)
			c.set(func() { c.s.Playing = true })
			time.Sleep(9 * time.Second)
		}, []int{26}, 0},
		{"black", func(c *cinema) { c.set(func() { c.grey = 3 }); time.Sleep(41 * time.Second) }, []int{6, 11, 16, 21, 26, 31, 36, 41}, 35 * time.Second},
		{"black, and then not", func(c *cinema) {
			c.set(func() { c.grey = 3 })
			time.Sleep(15 * time.Second)
			c.set(func() { c.grey = 90 })
			time.Sleep(15 * time.Second)
		}, []int{6, 11, 16, 26}, 0},
		{"black, and paused", func(c *cinema) {
			c.set(func() { c.grey = 3 })
			time.Sleep(50 * time.Second)
			c.set(func() { c.s.Playing = false })
			time.Sleep(5 * time.Second)
		}, []int{6, 11, 16, 21, 26, 31, 36, 41, 46}, 0},
		{"black, and another film", func(c *cinema) {
			c.set(func() { c.grey = 3 })
			time.Sleep(8*time.Second + 500*time.Millisecond)
			c.set(func() { c.s.Loaded = "b.mp4" })
			time.Sleep(10 * time.Second)
		}, []int{6, 14}, 4 * time.Second},
		{"sound alone", func(c *cinema) { c.set(func() { c.s.VOConfigured = false }); time.Sleep(time.Minute) }, nil, 0},
		{"its last picture stands", func(c *cinema) { c.set(func() { c.s.EOF = true }); time.Sleep(time.Minute) }, nil, 0},
		{"no picture to be had", func(c *cinema) {
			c.set(func() { c.fails = errors.New("no") })
			time.Sleep(150 * time.Second)
		}, []int{6, 66, 126}, 0},
		{"a player that hangs", func(c *cinema) {
			c.set(func() { c.grey, c.slow = 3, time.Hour })
			time.Sleep(100 * time.Second)
		}, []int{6, 66}, 0},
		{"the film ends while it is looked at", func(c *cinema) {
			c.set(func() { c.grey, c.slow = 3, 2*time.Second })
			time.Sleep(7 * time.Second)
			c.set(func() { c.s.Playing = false })
			time.Sleep(1500 * time.Millisecond)
		}, []int{6}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var g glimpse
				show := &cinema{s: film, grey: 120, begun: time.Now()}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				w := watcher{state: show.State, eye: show, path: filepath.Join(dir, "p.jpg"), tick: time.Now, log: slog.New(slog.DiscardHandler)}
				go func() { done <- g.run(ctx, w) }()
				c.play(show)
				synctest.Wait()
				if got := show.seconds(); !slices.Equal(got, c.looks) {
					t.Errorf("looked at %v, want %v", got, c.looks)
				}
				if got := g.black(time.Now()).Truncate(time.Second); got != c.black {
					t.Errorf("black for %v, want %v", got, c.black)
				}
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
				if left, _ := os.ReadDir(dir); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
			})
		})
	}
}

func TestAPlayerThatTakesNoPictures(t *testing.T) {
	var g glimpse
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.run(ctx, watcher{}); err != nil || g.black(time.Now()) != 0 {
		t.Errorf("%v, black for %v", err, g.black(time.Now()))
	}
}

// The real player shows a film that is black and one that is not. Time runs ten
// times as fast for the judge.
func TestABlackFilmIsSaid(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("mpv"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("mpv is not installed")
		}
		t.Skip("mpv is not installed")
	}
	dir, err := os.MkdirTemp("", "glimpse") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := player.New(player.Opts{RunDir: dir, Video: "null", Audio: "null", Args: []string{"--screenshot-sw=yes"}})
	begun := time.Now()
	tick := func() time.Time { return begun.Add(10 * time.Since(begun)) }
	var g glimpse
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = p.Run(ctx) })
	all.Go(func() {
		_ = g.run(ctx, watcher{state: p.State, eye: p, path: filepath.Join(dir, "p.jpg"), tick: tick, log: slog.New(slog.DiscardHandler)})
	})
	t.Cleanup(func() { cancel(); all.Wait() })
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: not within a minute; %+v, black for %v", what, p.State(), g.black(tick()))
			}
		}
	}
	show := func(picture string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
		defer cancel()
		if err := errors.Join(p.Preload(ctx, "av://lavfi:"+picture, 0), p.Play(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	show("color=c=black:s=640x360:r=25")
	until("black", func() bool { return g.black(tick()) >= blackTime })
	f := bright()
	f.Black = g.black(tick())
	causes := darkIn(text.New("en"), whyDark(f))
	if len(causes) != 1 || causes[0].Code != "dark.black" || !strings.Contains(causes[0].Text, "black for") {
		t.Errorf("why: %+v", causes)
	}
	show("testsrc=s=640x360:r=25")
	until("bright", func() bool { return g.black(tick()) == 0 && p.State().Position > time.Second })
	time.Sleep(3 * time.Second) // two more looks
	if g.black(tick()) != 0 {
		t.Errorf("a bright film is black for %v", g.black(tick()))
	}
}

// Mid-lesson a black film is a fault, and none when it is over.
func TestABlackFilmIsAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := fault.New(slog.New(slog.DiscardHandler), func(string, string, any) {})
		o := &observer{}
		w := &watch{observer: o, aired: func() bool { return false }, stall: &stall{}, faults: fs, now: time.Now}
		on := fate{running: true}
		o.begin("a.mp4", time.Now())
		for _, s := range []struct {
			luma  float64
			fault bool
		}{{0.01, false}, {0.01, false}, {0.01, false}, {0.01, true}, {0.5, false}, {0.01, false}} {
			o.look(s.luma, 0.1, 0, time.Now())
			w.film(on)
			if list := fs.List(); s.fault != (len(list) == 1 && list[0].Code == "fault.film.black") || !s.fault && len(list) > 0 {
				t.Errorf("luma %v: faults %v", s.luma, list)
			}
			time.Sleep(10 * time.Second)
		}
		for range 4 {
			o.look(0.01, 0.1, 0, time.Now())
			time.Sleep(10 * time.Second)
		}
		w.film(on)
		w.film(fate{running: true, blind: true})
		if list := fs.List(); len(list) != 2 || list[1].Code != "fault.film.blind" && list[0].Code != "fault.film.blind" {
			t.Errorf("without a screen: faults %v", list)
		}
		w.film(fate{})
		if len(fs.List()) != 0 {
			t.Errorf("over, and yet %v", fs.List())
		}
	})
}
