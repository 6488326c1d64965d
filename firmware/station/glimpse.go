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
	"stationbox/media/witness"
)

const (
	glimpseAfter = 5 * time.Second  // of a film that moves: its start is not to be disturbed
	glimpseEvery = 10 * time.Second // while there is something to see
	glimpseDark  = 5 * time.Second  // while there is not
	glimpseAgain = time.Minute      // after a picture that could not be had
	glimpseBound = 6 * time.Second  // on one picture

	// blackTime is how long a film must have been black to be called so: between two
	// parts a second or two of it is usual.
	blackTime = 30 * time.Second
	// frozenTime and silentTime are how long a picture must have stood still and
	// sound been away, where the film itself moves and is to be heard.
	frozenTime = time.Minute
	silentTime = time.Minute
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

	// run's own.
	eye  witness.Eye
	film string
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
	if luma >= witness.BlackLuma {
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

	observer *observer
	album    *album
	scan     *scanout
	lesson   func() (id string, part float64) // that is on the screen, and how much of it is over; nil: nobody knows
}

// watchPicture looks at the film until ctx ends.
func (st *Station) watchPicture(ctx context.Context) error {
	eye, _ := st.player.(camera)
	return st.glimpse.run(ctx, watcher{state: st.player.State, eye: eye, tick: st.tick, log: st.log,
		path: filepath.Join(st.cfg.Station.RunDir, "picture.jpg"), observer: st.observer, album: st.album, scan: scanoutOf(st.cfg, &st.doors), lesson: st.showing.shown})
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
			film, next = "", time.Time{}
			g.forget()
			w.album.store()
			continue
		}
		if next.IsZero() {
			next = now.Add(glimpseAfter)
		}
		if s.Loaded != film {
			film, next = s.Loaded, now.Add(glimpseAfter)
			g.forget()
			g.begin(w, film, now)
		}
		w.observer.listen(s.Position, now)
		if now.Before(next) {
			continue
		}
		next = now.Add(g.look(ctx, w, film))
	}
	return nil
}

// begin begins with a film, or goes on with the one that was on before.
func (g *glimpse) begin(w watcher, film string, now time.Time) {
	g.eye.Forget()
	if film != g.film {
		g.film = film
		w.observer.begin(film, now)
	}
}

// look takes one picture of film and says when to take the next.
func (g *glimpse) look(ctx context.Context, w watcher, film string) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, glimpseBound)
	defer cancel()
	img, err := w.picture(ctx)
	s, now := w.state(), w.tick()
	switch {
	case err != nil:
		w.log.Debug("picture of the film", "err", err)
		g.forget()
		g.eye.Forget()
		return glimpseAgain
	case !s.Playing || s.Loaded != film:
		g.forget() // nobody knows of when the picture is
		return glimpseEvery
	}
	luma, motion := g.eye.See(plane(img))
	if w.scan.dark() {
		luma, motion = 0, math.NaN() // whatever the film is like, the room sees nothing of it
	}
	w.observer.look(luma, motion, s.Position, now)
	if w.lesson != nil {
		id, part := w.lesson()
		w.album.take(id, part, img)
	}
	if g.see(luma, now) {
		return glimpseDark
	}
	return glimpseEvery
}

// picture takes a picture of the film.
func (w watcher) picture(ctx context.Context) (image.Image, error) {
	defer func() { _ = os.Remove(w.path) }() // there is none when it could not be had
	if err := w.eye.Screenshot(ctx, w.path); err != nil {
		return nil, err
	}
	f, err := os.Open(w.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return pictureOf(f)
}

// The bounds of a picture: that of a film in 4K, and its bytes.
const (
	mostPixels = 4096 * 2304
	mostBytes  = 16 << 20
)

// errPicture is a picture that is none, or too large.
var errPicture = errors.New("no picture of a film")

// pictureOf reads a JPEG picture.
func pictureOf(f io.ReadSeeker) (image.Image, error) {
	c, err := jpeg.DecodeConfig(io.LimitReader(f, mostBytes))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	if c.Width*c.Height > mostPixels {
		return nil, fmt.Errorf("%w: %d×%d", errPicture, c.Width, c.Height)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, err := jpeg.Decode(io.LimitReader(f, mostBytes))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	switch img.(type) {
	case *image.YCbCr, *image.Gray:
		return img, nil
	}
	return nil, fmt.Errorf("%w: %T", errPicture, img)
}

// plane is the luma of a picture of pictureOf.
func plane(img image.Image) (pix []byte, stride int, r image.Rectangle) {
	switch p := img.(type) {
	case *image.YCbCr:
		return p.Y, p.YStride, p.Rect
	case *image.Gray:
		return p.Pix, p.Stride, p.Rect
	}
	return nil, 0, image.Rectangle{}
}
