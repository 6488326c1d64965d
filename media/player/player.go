// Package player plays programmes in one long-lived mpv process that it
// supervises over mpv's JSON IPC (mpv 0.35 and newer).
//
// What should be on the screen is kept as a wish; Run makes mpv show it and
// makes a new mpv show it again, at the same position, when the old one died,
// hung or stood still. mpv runs in its own session and outlives its
// controller; the next controller adopts it with its picture and position. A
// lock next to the socket keeps a second controller waiting.
//
// A programme is loaded before its time and held at its first frame (Preload),
// because only that starts within a frame of the wanted moment (Play). The
// last frame stays on the screen until Stop or the next Preload. Items that Queue
// puts behind it follow without black or silence in between, each with its own
// gain.
//
// It never believes that an end is the whole: a truncated file ends like a
// complete one, and without a screen mpv goes on with sound only. Such an end
// is not Complete.
package player

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// The ways in which the player refuses or fails.
var (
	// ErrNothingLoaded means that Play, Pause or Position came without a Preload.
	ErrNothingLoaded = errors.New("nothing loaded")
	// ErrUnplayable means that the file cannot be opened or holds nothing to
	// play, or nothing at the wanted position.
	ErrUnplayable = errors.New("unplayable")
	// ErrEnded means that the programme is at its end.
	ErrEnded = errors.New("programme has ended")
	// ErrDown means that mpv does not run at the moment; Status.Problem says why.
	ErrDown = errors.New("player is down")
	// ErrReplaced means that another Preload or Stop came in between.
	ErrReplaced = errors.New("replaced by another wish")
)

// Opts says how to run mpv. The zero value of every field but RunDir is right
// on the box.
type Opts struct {
	Program    string           // mpv's program, default "mpv"
	Video      string           // video output: "drm" (default), "x11", "gpu", "null"
	Audio      string           // audio device: "auto" (default), "alsa/…", "null"
	Display    string           // X display for x11 and gpu, for instance ":7"
	Args       []string         // further options, as on mpv's command line
	RunDir     string           // folder for socket, lock and start-up log; required, must exist
	Socket     string           // IPC socket, default RunDir/player.sock, at most 107 bytes
	KeepOnExit bool             // leave mpv playing when Run ends; default is to quit it
	HangAfter  time.Duration    // without a reply or without motion, before mpv is replaced; default 3 s
	Log        *slog.Logger     // default: nothing is logged
	Now        func() time.Time // default time.Now
}

// wish is what should be on the screen.
type wish struct {
	gen      int // counts Preload and Stop
	item         // the present one
	next     []item
	seen     bool // it was on the screen
	paused   bool
	ended    bool // Ended was said
	complete bool // it said Complete
	started  bool // Started was said
	blind    bool // it ran without a picture
}

// Player supervises one mpv. Its methods may be called from any goroutine.
type Player struct {
	o       Opts
	log     *slog.Logger
	events  chan Event
	garbled func(error)

	mu       sync.Mutex
	want     wish
	items    int // wished so far
	overlays map[int]string
	pictures map[int]placed
	settled  int   // newest generation that was on the screen or failed
	failure  error // of the settled generation
	view     view
	link     *conn // nil while mpv is down
	pid      int
	version  string
	problem  error
	restarts int
	crashes  int           // deaths in a row without progress
	duck     float64       // dB by which the programme is to be turned down
	changed  chan struct{} // closed and replaced when anything but the position changes

	pictureBytes int // of all pictures that somebody uses
}

// New returns a Player; nothing runs before Run.
func New(o Opts) *Player {
	if o.Program == "" {
		o.Program = "mpv"
	}
	if o.Socket == "" {
		o.Socket = filepath.Join(o.RunDir, "player.sock")
	}
	if o.HangAfter <= 0 {
		o.HangAfter = 3 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Player{o: o, log: o.Log, events: make(chan Event, 256), overlays: map[int]string{}, pictures: map[int]placed{},
		problem: ErrDown, changed: make(chan struct{})}
	p.garbled = func(err error) { p.log.Debug("player: line skipped", "err", err) }
	return p
}

// Events returns the channel of events. When nobody reads, the oldest are
// dropped after 256; State never lies about the present.
func (p *Player) Events() <-chan Event { return p.events }

// Ready waits until mpv runs and answers, adopted or new, and State is true.
func (p *Player) Ready(ctx context.Context) error {
	return p.wait(ctx, func() (bool, error) { return p.link != nil, nil })
}

// Preload replaces what is on the screen by the frame of file at that position
// and holds it. It returns when the frame is there (some 50 to 400 ms; call it
// five seconds before the time) or with ErrUnplayable and mpv's reason. If mpv
// dies meanwhile, the next one does it.
func (p *Player) Preload(ctx context.Context, file string, at time.Duration) error {
	return p.PreloadItem(ctx, Item{File: file, At: at})
}

// PreloadItem is Preload of an item, with its gain or filter.
func (p *Player) PreloadItem(ctx context.Context, i Item) error {
	n, err := i.wished()
	if err != nil {
		return fmt.Errorf("preload %w", err)
	}
	gen := p.wishFor(n)
	err = p.wait(ctx, func() (bool, error) {
		switch {
		case p.want.gen != gen && p.settled != gen:
			return false, ErrReplaced
		case p.settled >= gen:
			return true, p.failure
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("preload %s: %w", n.file, err)
	}
	return nil
}

// wishFor replaces the wish and says that the old programme is over.
func (p *Player) wishFor(n item) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endLocked(ReasonStop, "")
	p.items++
	n.id = p.items
	p.want = wish{gen: p.want.gen + 1, item: n, paused: true}
	p.crashes = 0
	p.notifyLocked()
	return p.want.gen
}

// Play starts or continues what is loaded: the clock of the programme runs from
// now, so the next frame appears one Status.FrameTime after the call, give or
// take some milliseconds. It returns when mpv has agreed; while mpv is being
// replaced it waits for the new one.
func (p *Player) Play(ctx context.Context) error { return p.hold(ctx, "play", false) }

// Pause holds the picture.
func (p *Player) Pause(ctx context.Context) error { return p.hold(ctx, "pause", true) }

func (p *Player) hold(ctx context.Context, what string, paused bool) error {
	p.mu.Lock()
	gen, link, err := p.want.gen, p.link, p.loadedLocked()
	if err == nil {
		p.want.paused = paused
		p.notifyLocked()
	}
	direct := err == nil && link != nil && p.view.settled == p.want.id
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if direct {
		if _, err := link.call(ctx, callBound, setProperty("pause", paused)); err == nil {
			return nil
		}
	}
	err = p.wait(ctx, func() (bool, error) {
		switch {
		case p.want.gen != gen:
			return false, ErrReplaced
		case !paused && p.want.ended && len(p.want.next) == 0:
			return true, nil // it is over already: whoever waits may be slower than a short film
		}
		return p.link != nil && p.view.settled == p.want.id && p.view.paused == paused, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (p *Player) loadedLocked() error {
	switch {
	case p.want.file == "" || p.settled != p.want.gen:
		return ErrNothingLoaded
	case p.want.ended && len(p.want.next) == 0:
		return ErrEnded
	}
	return nil
}

// Stop goes back to a black screen. What played until then has Ended, not
// Complete. Texts of Show stay.
func (p *Player) Stop(ctx context.Context) error {
	gen := p.wishFor(item{})
	err := p.wait(ctx, func() (bool, error) {
		return p.link == nil || p.want.gen != gen || p.settled >= gen, nil
	})
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// Position asks mpv where it is, to the frame.
func (p *Player) Position(ctx context.Context) (time.Duration, error) {
	p.mu.Lock()
	link, err := p.link, p.loadedLocked()
	p.mu.Unlock()
	switch {
	case err != nil && !errors.Is(err, ErrEnded):
		return 0, fmt.Errorf("position: %w", err)
	case link == nil:
		return 0, fmt.Errorf("position: %w", ErrDown)
	}
	return getSeconds(ctx, link, callBound, "time-pos")
}

// Show puts an ASS text over the picture, also over the black one; Caption and
// Notice make such texts. Coordinates are those of a 1280×720 screen. A text
// replaces the one with the same id and stays until Hide, also over a restart
// of mpv. While mpv is down the text is kept for the next one.
func (p *Player) Show(ctx context.Context, id int, ass string) error {
	return p.overlay(ctx, id, ass)
}

// Hide takes the text with that id away.
func (p *Player) Hide(ctx context.Context, id int) error { return p.overlay(ctx, id, "") }

func (p *Player) overlay(ctx context.Context, id int, ass string) error {
	p.mu.Lock()
	if ass == "" {
		delete(p.overlays, id)
	} else {
		p.overlays[id] = ass
	}
	link := p.link
	p.mu.Unlock()
	if link == nil {
		return nil
	}
	_, err := link.call(ctx, callBound, overlayCommand(id, ass))
	if err != nil && !errors.Is(err, errClosed) {
		return fmt.Errorf("show %d: %w", id, err)
	}
	return nil
}

// Screenshot writes the programme's picture, with subtitles but without the
// texts of Show, to path (.jpg takes about 40 ms, .png 300). Without a
// programme there is none.
func (p *Player) Screenshot(ctx context.Context, path string) error {
	p.mu.Lock()
	link := p.link
	p.mu.Unlock()
	if link == nil {
		return fmt.Errorf("screenshot %s: %w", path, ErrDown)
	}
	if _, err := link.call(ctx, shotBound, []any{"screenshot-to-file", path, "subtitles"}); err != nil {
		return fmt.Errorf("screenshot %s: %w", path, err)
	}
	return nil
}

// notifyLocked wakes everybody who waits for a change.
func (p *Player) notifyLocked() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// wait blocks until done, called under the lock, says true or an error.
func (p *Player) wait(ctx context.Context, done func() (bool, error)) error {
	for {
		p.mu.Lock()
		ok, err := done()
		changed, problem := p.changed, p.problem
		p.mu.Unlock()
		if err != nil || ok {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if problem != nil {
				return fmt.Errorf("%w: %w", ctx.Err(), problem)
			}
			return ctx.Err()
		}
	}
}

func getSeconds(ctx context.Context, link *conn, bound time.Duration, name string) (time.Duration, error) {
	data, err := link.call(ctx, bound, []any{"get_property", name})
	if err != nil {
		return 0, err
	}
	d, err := seconds(data)
	if err != nil {
		return 0, fmt.Errorf("mpv %s: %w", name, err)
	}
	return d, nil
}

// seconds decodes one of mpv's times.
func seconds(data json.RawMessage) (time.Duration, error) {
	var s *float64
	if err := json.Unmarshal(data, &s); err != nil {
		return 0, fmt.Errorf("not a time: %w", err)
	}
	if s == nil {
		return 0, errors.New("no time")
	}
	const limit = 1e8 // three years; keeps the conversion in range
	if !(*s > -limit && *s < limit) {
		return 0, fmt.Errorf("time of %g s: out of range", *s)
	}
	return time.Duration(*s * float64(time.Second)), nil
}
