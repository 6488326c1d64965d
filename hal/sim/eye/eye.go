// Package eye is the camera in front of a simulated screen: it looks at the
// pixels that an X server without a monitor (Xvfb -fbdir) really shows, reads
// the frame number that the lesson clips carry along their bottom edge, and
// tells when the picture began to move and how many frames went by. It never
// asks the player: what it says is proof of what was on the screen.
package eye

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Screen is a mapped frame buffer. Its methods may be called from several
// goroutines, but not after Close.
type Screen struct {
	layout layout
	data   []byte
}

// Open maps the screen dump that Xvfb keeps in the folder fbdir. The file must
// exist: it does once Xvfb has told its display number.
func Open(fbdir string) (*Screen, error) {
	name := filepath.Join(fbdir, "Xvfb_screen0")
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("screen: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("screen: %w", err)
	}
	if info.Size() < headerLen {
		return nil, fmt.Errorf("screen %s: shorter than its header", name)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("screen %s: map: %w", name, err)
	}
	l, err := parseHeader(data, info.Size())
	if err != nil {
		_ = unix.Munmap(data)
		return nil, fmt.Errorf("screen %s: %w", name, err)
	}
	return &Screen{layout: l, data: data}, nil
}

// Close unmaps the screen.
func (s *Screen) Close() error {
	data := s.data
	s.data = nil
	if data == nil {
		return nil
	}
	return unix.Munmap(data)
}

// Image copies what is on the screen now.
func (s *Screen) Image() *image.RGBA { return s.layout.copyImage(s.data) }

// Frame returns the number of the lesson frame on the screen now, or false
// when there is none.
func (s *Screen) Frame() (int, bool) { return s.layout.readStrip(s.data) }

// Rate is the frame rate of the lesson clips.
const Rate = 25

// Look is how often Watch looks at the screen.
const Look = 2 * time.Millisecond

// maxJump is the largest step between two frames that still is playing; a
// larger one, or one backwards, is a seek or another clip.
const maxJump = Rate

// Seen is what the eye has seen so far.
type Seen struct {
	Frame    int       // on the screen now, -1 when there is none
	Frames   int       // different frames seen
	Advanced int       // frames that the programme went on by, dropped ones included
	Missed   int       // frames of Advanced that were not seen
	LongGap  int       // longest row of frames missed, in frames
	Last     time.Time // the picture last moved; zero: it stands still or never moved
	Motions  []Motion  // each time the picture began to move, oldest first, at most MaxMotions

	before int // the last frame that was seen, -1 for none
}

// MaxMotions bounds Seen.Motions; later ones are not kept.
const MaxMotions = 100

// MaxSteps bounds what Steps can tell: the newest, 40 s of a film that plays.
const MaxSteps = 1000

// Motion is a beginning of movement: the first step of the frame number after
// a second without one.
type Motion struct {
	At    time.Time // when Frame was first seen
	Frame int
}

// Step is a change of the frame number on the screen.
type Step struct {
	At    time.Time     // when Frame was first seen
	Blind time.Duration // it may have come up to so much earlier: nobody looked in between
	Frame int           // -1: there is none any more
}

// Watch looks at a screen and counts. The zero Watch is not usable; see NewWatch.
type Watch struct {
	screen interface{ Frame() (int, bool) }
	now    func() time.Time

	mu    sync.Mutex
	seen  Seen
	steps []Step    // the newest, at most MaxSteps
	eyed  time.Time // when the look before began; zero: there was none
	blind [blindSeconds]blindSecond
}

// blindSeconds is how far back WorstBlind reaches.
const blindSeconds = 64

// blindSecond is the longest time between two looks of which the second was in
// this second.
type blindSecond struct {
	second int64 // Unix time
	worst  time.Duration
}

// NewWatch returns a watch on screen that reads the time from now.
func NewWatch(screen interface{ Frame() (int, bool) }, now func() time.Time) *Watch {
	return &Watch{screen: screen, now: now, seen: Seen{Frame: -1, before: -1}}
}

// Run looks every Look until ctx is done, and then returns nil.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(Look)
	defer tick.Stop()
	for {
		w.look()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Seen returns what has been seen so far.
func (w *Watch) Seen() Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.seen
	s.Motions = append([]Motion(nil), s.Motions...)
	return s
}

// Steps returns the changes of the frame number at from and later, oldest
// first, as far back as MaxSteps reach.
func (w *Watch) Steps(from time.Time) []Step {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := len(w.steps)
	for i > 0 && !w.steps[i-1].At.Before(from) {
		i--
	}
	return slices.Clone(w.steps[i:])
}

// WorstBlind returns for how long at most nobody looked since from, as far back
// as a minute. A watch that was late itself has little to say about others.
func (w *Watch) WorstBlind(from time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var worst time.Duration
	for _, b := range w.blind {
		if b.second >= from.Unix() {
			worst = max(worst, b.worst)
		}
	}
	return worst
}

// Moving reports whether the picture moved within the last second.
func (w *Watch) Moving() bool {
	s := w.Seen()
	return !s.Last.IsZero() && w.now().Sub(s.Last) < time.Second
}

func (w *Watch) look() {
	begun := w.now()
	n, ok := w.screen.Frame()
	if !ok {
		n = -1
	}
	at := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	blind := w.blinked(begun, at)
	if n == w.seen.Frame {
		return
	}
	if len(w.steps) == MaxSteps {
		w.steps = append(w.steps[:0], w.steps[1:]...)
	}
	w.steps = append(w.steps, Step{At: at, Blind: blind, Frame: n})
	w.seen.step(n, at)
}

// blinked notes a look from begun to at, and returns for how long nobody had
// looked: since the look before began.
func (w *Watch) blinked(begun, at time.Time) time.Duration {
	before := w.eyed
	w.eyed = begun
	if before.IsZero() {
		return 0
	}
	blind := at.Sub(before)
	b := &w.blind[at.Unix()%blindSeconds]
	if b.second != at.Unix() {
		*b = blindSecond{second: at.Unix()}
	}
	b.worst = max(b.worst, blind)
	return blind
}

// step goes from the frame seen before to n, which may be -1 for none. A blank
// between two frames, as when something is drawn over the strip, is no end of
// movement by itself.
func (s *Seen) step(n int, at time.Time) {
	s.Frame = n
	if n < 0 || n == s.before {
		return
	}
	by := (n - s.before + FrameRange) % FrameRange
	jumped := s.before < 0 || by > maxJump
	s.before = n
	s.Frames++
	if jumped {
		s.Last = time.Time{} // a still picture came up; it does not move yet
		return
	}
	quiet := s.Last.IsZero() || at.Sub(s.Last) >= time.Second
	if quiet && len(s.Motions) < MaxMotions {
		s.Motions = append(s.Motions, Motion{At: at, Frame: n})
	}
	s.Last = at
	s.Advanced += by
	s.Missed += by - 1
	s.LongGap = max(s.LongGap, by-1)
}
