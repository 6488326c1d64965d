package station

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"stationbox/media/player"
)

const (
	glimpseAfter = 5 * time.Second  // of a film that moves: its start is not to be disturbed
	glimpseEvery = 20 * time.Second // while there is something to see
	glimpseDark  = 5 * time.Second  // while there is not
	glimpseAgain = time.Minute      // after a picture that could not be had
	glimpseBound = 6 * time.Second  // on one picture

	// blackTime is how long a film must have been black to be called so: between two
	// parts a second or two of it is usual.
	blackTime = 30 * time.Second
	// blackLuma is the brightness, of 1, below which nobody sees anything on a wall:
	// 18 of 255, a third of a per cent of the light.
	blackLuma = 0.07
	// brightPart is the part of a picture that may be brighter than the brightness
	// that counts. A line of white text is more.
	brightPart = 0.001
)

// camera takes the programme's picture; *player.Player is one.
type camera interface {
	Screenshot(ctx context.Context, path string) error
}

// glimpse looks at the picture that the player gives, now and then while the film
// moves, so that a film that is black is told from a display that is dark. It never
// looks before the film has moved for five seconds, one look at a time. Its zero
// value knows nothing, which is no reason for anything.
type glimpse struct {
	mu    sync.Mutex
	since time.Time // the film is black since then; zero: it is not, or nobody knows
}

// black is for how long the film has been black, 0 when it is not or nobody knows.
func (g *glimpse) black(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.since.IsZero() {
		return 0
	}
	return now.Sub(g.since)
}

// see takes in how bright a picture was.
func (g *glimpse) see(luma float64, now time.Time) (dark bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if luma >= blackLuma {
		g.since = time.Time{}
		return false
	}
	if g.since.IsZero() {
		g.since = now
	}
	return true
}

// forget knows nothing any more.
func (g *glimpse) forget() {
	g.mu.Lock()
	g.since = time.Time{}
	g.mu.Unlock()
}

// watcher is what a glimpse is taken with.
type watcher struct {
	state func() player.Status
	eye   camera
	path  string // of the picture, in memory
	tick  func() time.Time
	log   *slog.Logger
}

// watchPicture looks at the film until ctx ends.
func (st *Station) watchPicture(ctx context.Context) error {
	eye, _ := st.player.(camera)
	return st.glimpse.run(ctx, watcher{state: st.player.State, eye: eye, tick: st.tick, log: st.log,
		path: filepath.Join(st.cfg.Station.RunDir, "picture.jpg")})
}

// run looks until ctx ends. A player that takes no pictures is not looked at.
func (g *glimpse) run(ctx context.Context, w watcher) error {
	if w.eye == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var film string    // that moves
	var next time.Time // look
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		s, now := w.state(), w.tick()
		if !s.Playing || s.EOF || !s.VOConfigured {
			film = ""
			g.forget()
			continue
		}
		if s.Loaded != film {
			film, next = s.Loaded, now.Add(glimpseAfter)
			g.forget()
		}
		if now.Before(next) {
			continue
		}
		next = now.Add(g.look(ctx, w, film))
	}
	return nil
}

// look takes one picture of film and says when to take the next.
func (g *glimpse) look(ctx context.Context, w watcher, film string) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, glimpseBound)
	defer cancel()
	luma, err := w.brightness(ctx)
	switch s := w.state(); {
	case err != nil:
		w.log.Debug("picture of the film", "err", err)
		g.forget()
		return glimpseAgain
	case !s.Playing || s.Loaded != film:
		g.forget() // nobody knows of when the picture is
	case g.see(luma, w.tick()):
		return glimpseDark
	}
	return glimpseEvery
}

// brightness takes a picture and measures it.
func (w watcher) brightness(ctx context.Context) (float64, error) {
	defer func() { _ = os.Remove(w.path) }() // there is none when it could not be had
	if err := w.eye.Screenshot(ctx, w.path); err != nil {
		return 0, err
	}
	f, err := os.Open(w.path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	return brightnessOf(f)
}

// The bounds of a picture: that of a film in 4K, and its bytes.
const (
	mostPixels = 4096 * 2304
	mostBytes  = 16 << 20
)

// errPicture is a picture that is none, or too large.
var errPicture = errors.New("no picture of a film")

// brightnessOf returns the brightness, from 0 to 1, of which all but a thousandth
// of a JPEG picture stays below.
func brightnessOf(f io.ReadSeeker) (float64, error) {
	c, err := jpeg.DecodeConfig(io.LimitReader(f, mostBytes))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errPicture, err)
	}
	if c.Width*c.Height > mostPixels {
		return 0, fmt.Errorf("%w: %d×%d", errPicture, c.Width, c.Height)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	img, err := jpeg.Decode(io.LimitReader(f, mostBytes))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errPicture, err)
	}
	switch p := img.(type) {
	case *image.YCbCr:
		return brightest(p.Y, p.YStride, p.Rect), nil
	case *image.Gray:
		return brightest(p.Pix, p.Stride, p.Rect), nil
	}
	return 0, fmt.Errorf("%w: %T", errPicture, img)
}

// brightest looks at some ten thousands of the pixels.
func brightest(pix []byte, stride int, r image.Rectangle) float64 {
	w, h := r.Dx(), r.Dy()
	step := max(1, int(math.Sqrt(float64(w*h)/50_000)))
	var levels [256]int
	seen := 0
	for y := 0; y < h; y += step {
		row := pix[y*stride : y*stride+w]
		for x := 0; x < w; x += step {
			levels[row[x]]++
			seen++
		}
	}
	above := 0
	for l := 255; l > 0; l-- {
		if above += levels[l]; float64(above) > brightPart*float64(seen) {
			return float64(l) / 255
		}
	}
	return 0
}
