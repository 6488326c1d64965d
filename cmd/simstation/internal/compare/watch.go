package compare

import (
	"context"
	"image"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal/sim/eye"
)

// look is how often the screen is looked at.
const look = 500 * time.Microsecond

// maxSteps bounds what is kept of one showing: three minutes of a film. Later
// steps are lost, and with them what they would have proved.
const maxSteps = 5000

// eyeNice goes before the programs that are compared: what is late to look
// blames them for it.
const eyeNice = -10

// halfMost is how long a picture may be half drawn, because the server that draws
// it waits for a processor, before it is taken for what it looks like: a display
// shows it once, as one with a seam.
const halfMost = 20 * time.Millisecond

// seer is a screen that can be looked at.
type seer interface {
	Frame() (int, bool)
	Image() *image.RGBA
}

// watch looks at a screen and keeps each change of the frame number on it. A
// number counts once two looks in a row have seen it, so that a picture read
// while it was being drawn is not taken for another one; its time is that of the
// first look.
type watch struct {
	screen seer
	now    func() time.Time
	stop   context.CancelFunc
	ended  chan struct{}

	mu    sync.Mutex
	steps []eye.Step
	more  chan struct{} // closed and replaced at each step

	current int       // accepted, -1 for none
	maybe   eye.Step  // seen once
	half    time.Time // since when the picture is half drawn; zero: it is not
	eyed    time.Time // when the look before began; zero: there was none
}

func newWatch(screen seer, now func() time.Time) *watch {
	return &watch{screen: screen, now: now, current: -1, maybe: eye.Step{Frame: -1}, more: make(chan struct{}), ended: make(chan struct{})}
}

// run looks until close is called.
func (w *watch) run() *watch {
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() {
		defer close(w.ended)
		runtime.LockOSThread()                                          // and never unlocked: the thread ends with this
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), eyeNice) // refused without the right to it
		for rest := unix.NsecToTimespec(int64(look)); ctx.Err() == nil; {
			begun := w.now()
			n, ok := w.screen.Frame()
			if !ok {
				n = -1
			}
			if at := w.now(); !w.halfDrawn(n, at) {
				w.seen(n, begun, at)
			}
			_ = unix.Nanosleep(&rest, nil) // timers of the Go runtime are not finer than a millisecond
		}
	}()
	return w
}

// close ends it; what was seen can still be asked for.
func (w *watch) close() {
	w.stop()
	<-w.ended
}

// halfDrawn says whether n was read at a moment from a picture that is not all
// there yet. A film that just goes on is not asked.
func (w *watch) halfDrawn(n int, at time.Time) bool {
	if n == w.current || n == w.current+1 || !torn(w.screen.Image()) {
		w.half = time.Time{}
		return false
	}
	if w.half.IsZero() {
		w.half = at
	}
	return at.Sub(w.half) < halfMost
}

// torn says whether the lines of the strip do not all say the same.
func torn(picture *image.RGBA) bool {
	line := image.NewRGBA(image.Rect(0, 0, width, stripHeight))
	first := -1
	for i := range stripHeight {
		from := picture.Pix[(height-stripHeight+i)*picture.Stride:][:line.Stride]
		for y := range stripHeight {
			copy(line.Pix[y*line.Stride:], from)
		}
		n, ok := eye.FrameOf(line)
		if !ok {
			n = -1
		}
		if i > 0 && n != first {
			return true
		}
		first = n
	}
	return false
}

// seen notes a look from begun to at that saw n.
func (w *watch) seen(n int, begun, at time.Time) {
	blind := time.Duration(0)
	if !w.eyed.IsZero() {
		blind = at.Sub(w.eyed)
	}
	w.eyed = begun
	switch {
	case n == w.current:
		w.maybe.Frame = n
	case n != w.maybe.Frame:
		w.maybe = eye.Step{At: at, Blind: blind, Frame: n}
	default:
		w.current = n
		w.keep(w.maybe)
	}
}

func (w *watch) keep(s eye.Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.steps) < maxSteps {
		w.steps = append(w.steps, s)
	}
	close(w.more)
	w.more = make(chan struct{})
}

// all returns the steps so far, oldest first.
func (w *watch) all() []eye.Step {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.steps)
}

// until waits for steps that satisfy enough, at most until the deadline; an error
// is that of ctx.
func (w *watch) until(ctx context.Context, deadline time.Time, enough func([]eye.Step) bool) error {
	timer := time.NewTimer(deadline.Sub(w.now()))
	defer timer.Stop()
	for {
		w.mu.Lock()
		ok, more := enough(w.steps), w.more
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-more:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
