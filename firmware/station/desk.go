package station

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"stationbox/media/library"
	"stationbox/media/player"
)

// theatre is the player as the desk needs it.
type theatre interface {
	PreloadItem(ctx context.Context, i player.Item) error
	Play(ctx context.Context) error
	Pause(ctx context.Context) error
	Stop(ctx context.Context) error
	Show(ctx context.Context, id int, ass string) error
	Hide(ctx context.Context, id int) error
	State() player.Status
	Events() <-chan player.Event
}

// wish is what the screen should show.
type wish struct {
	key   string         // whose wish: the occasion; another key forgets what became of the film
	file  string         // "" for no film
	at    time.Duration  // where to begin when it is not loaded yet
	run   bool           // running, not paused
	live  bool           // the player is a live programme's: only texts are shown here
	lines map[int]string // texts over the picture, by overlay number
}

// fate is what became of the film of the present wish.
type fate struct {
	key      string
	up       bool // the player answers
	loaded   bool
	running  bool
	blind    bool // it runs, and its picture is on no screen
	complete bool
	broken   error // it cannot be played, or ended too early
	position time.Duration
	length   time.Duration
	frame    time.Duration // how long one picture stands
}

// desk makes the player match the wish. It has its own goroutine, so that a
// player that hangs delays nobody; wishes are taken at once.
type desk struct {
	player theatre
	level  func(file string) library.Loudness // of a film of the library; else nothing is done to its sound
	log    *slog.Logger
	wake   chan struct{}

	mu   sync.Mutex
	told bool // want was called: until then the player is left as it is, so that a restart disturbs nothing
	wish wish
	fate fate

	// Run's own.
	owner    string // whose film is loaded; "": that of the first who asks, so that a restart disturbs nothing
	shown    map[int]string
	restarts int
	tries    int
}

func newDesk(p theatre, level func(string) library.Loudness, log *slog.Logger) *desk {
	return &desk{player: p, level: level, log: log, wake: make(chan struct{}, 1), shown: map[int]string{}}
}

// want replaces the wish and returns at once.
func (d *desk) want(w wish) {
	d.mu.Lock()
	same := d.told && d.wish.key == w.key && d.wish.file == w.file && d.wish.run == w.run && d.wish.live == w.live && maps.Equal(d.wish.lines, w.lines)
	if d.wish.key != w.key {
		d.fate = fate{key: w.key, up: d.fate.up}
	}
	d.told, d.wish = true, w
	d.mu.Unlock()
	if !same {
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

// outcome returns what became of the film so far.
func (d *desk) outcome() fate {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fate
}

// Run matches player and wish until ctx ends.
func (d *desk) Run(ctx context.Context) error {
	const often, seldom = 200 * time.Millisecond, time.Second
	timer := time.NewTimer(often)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-d.player.Events():
			d.heard(e)
		case <-d.wake:
		case <-timer.C:
		}
		next := seldom
		if d.match(ctx) {
			next = often
		}
		timer.Reset(next)
	}
}

// heard takes in what the player says happened.
func (d *desk) heard(e player.Event) {
	d.log.Info("player", "event", e.Kind, "file", e.File, "position", e.Position, "reason", e.Reason, "complete", e.Complete)
	if e.Kind != player.Ended || e.Reason == "stop" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if e.File != d.wish.file || d.owner != d.wish.key || d.wish.live {
		return
	}
	d.fate.position = e.Position
	if e.Complete {
		d.fate.complete = true
		return
	}
	d.fate.broken = errors.New("ended at " + e.Position.Round(time.Second).String() + " of " + e.Duration.Round(time.Second).String() + " (" + e.Reason + ")")
}

// match does what is needed now; each step is bounded. It says whether there is a
// film to look after.
func (d *desk) match(ctx context.Context) (film bool) {
	st := d.player.State()
	d.mu.Lock()
	told, w := d.told, d.wish
	d.fate.up = st.Alive
	if d.owner == "" && told {
		d.owner = w.key
	}
	// The same film of the occasion before is at its end.
	if st.Loaded != "" && st.Loaded == w.file && d.owner == w.key {
		d.fate.loaded, d.fate.running = true, st.Playing
		d.fate.blind = st.Playing && st.Blind && !st.VOConfigured
		d.fate.position, d.fate.length, d.fate.frame = st.Position, st.Duration, st.FrameTime
		// The player may have come to the end while nobody listened.
		d.fate.complete = d.fate.complete || st.EOF && st.Complete
	} else {
		d.fate.loaded, d.fate.running, d.fate.blind = false, false, false
	}
	f := d.fate
	d.mu.Unlock()
	if !st.Alive || !told {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	d.film(ctx, w, f, st)
	d.overlays(ctx, w.lines, st.Restarts)
	return w.file != "" || st.Loaded != ""
}

func (d *desk) film(ctx context.Context, w wish, f fate, st player.Status) {
	var err error
	switch {
	case w.live:
		if st.Loaded != "" && d.owner != w.key { // what was there before
			err = d.player.Stop(ctx)
		}
		if err == nil {
			d.owner = w.key
		}
	case w.file == "":
		d.tries = 0
		if st.Loaded != "" {
			err = d.player.Stop(ctx)
		}
	case f.complete || f.broken != nil:
		// The last frame stays until the wish goes.
	case !f.loaded:
		err = d.preload(ctx, w, f)
	case w.run && !st.Playing:
		err = d.player.Play(ctx)
	case !w.run && st.Playing:
		err = d.player.Pause(ctx)
	}
	if err != nil {
		d.log.Warn("player", "file", w.file, "err", err)
	}
}

// preload loads the film where it was last seen; a file that cannot be played
// is tried twice and then given up.
func (d *desk) preload(ctx context.Context, w wish, f fate) error {
	err := d.player.PreloadItem(ctx, d.item(w.file, max(w.at, f.position)))
	if err == nil {
		d.tries, d.owner = 0, w.key
		if w.run {
			return d.player.Play(ctx)
		}
		return nil
	}
	if d.tries++; errors.Is(err, player.ErrUnplayable) && d.tries >= 2 {
		d.mu.Lock()
		if d.fate.key == w.key {
			d.fate.broken = err
		}
		d.mu.Unlock()
		d.tries = 0
	}
	return err
}

// item is a film from a position on, at the level of its lesson.
func (d *desk) item(file string, at time.Duration) player.Item {
	i := player.Item{File: file, At: at}
	switch l := d.level(file); {
	case l.LimitDB < 0, l.GainDB > player.MostGain:
		i.Filter = l.Filter()
	default:
		i.GainDB = max(l.GainDB, player.LeastGain)
	}
	return i
}

// overlays shows and hides texts so that the screen has exactly lines.
func (d *desk) overlays(ctx context.Context, lines map[int]string, restarts int) {
	if restarts != d.restarts {
		d.restarts = restarts
		clear(d.shown)
	}
	for id, text := range lines {
		if d.shown[id] != text && d.player.Show(ctx, id, text) == nil {
			d.shown[id] = text
		}
	}
	for id := range d.shown {
		if _, ok := lines[id]; !ok && d.player.Hide(ctx, id) == nil {
			delete(d.shown, id)
		}
	}
}
