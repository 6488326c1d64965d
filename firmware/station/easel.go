package station

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/media/player"
	picture "stationbox/media/screen"
)

// gallery is the player as the easel needs it.
type gallery interface {
	ScreenSize(ctx context.Context) (image.Point, error)
	NewPicture(size image.Point) (*player.Picture, error)
	DropPicture(pic *player.Picture)
	ShowPicture(ctx context.Context, id int, at image.Point, pic *player.Picture) error
	HidePicture(ctx context.Context, id int) error
}

// easel makes the screen show a sight. Drawing has a goroutine of its own, one
// drawing at a time, so that taking a picture away, which comes before a film
// starts, waits for none. A nil easel draws nothing.
type easel struct {
	name   string // of the screen, "" for the one of the films
	player gallery
	find   func(context.Context) (*picture.Font, error)
	dark   func() []darkCause // why it is dark
	faults *fault.Book
	log    *slog.Logger
	wake   chan struct{}

	mu    sync.Mutex
	told  bool // want was called: until then the screen is left as it is
	sight sight
	over  *picture.Meter // instead of the sight; nil: none
	fails bool           // no picture can be shown: there are captions

	// Run's own.
	painter *picture.Painter
	shown   string // key of the picture on the screen, "" for none
	missing int    // characters that the font did not have, last time
}

const (
	// pictureID is the number of the one picture that is shown.
	pictureID = 0
	// easelEvery is how often the screen is looked at when nothing is new: it may
	// have come back, or have another size.
	easelEvery = 2 * time.Second
	// fontEvery is how often a font is looked for when there is none.
	fontEvery = time.Minute
	// somebodysPicture is the key of a picture that is perhaps on the screen.
	somebodysPicture = "?"
)

func newEasel(name string, p gallery, find func(context.Context) (*picture.Font, error), dark func() []darkCause, f *fault.Book, log *slog.Logger) *easel {
	return &easel{name: name, player: p, find: find, dark: dark, faults: f, log: log, wake: make(chan struct{}, 1), shown: somebodysPicture}
}

// findFont is the font of this machine.
func findFont(ctx context.Context) (*picture.Font, error) { return picture.Find(ctx, picture.Paths()) }

// want replaces the sight and returns at once. What is to be said by captions
// comes back: all of it while no picture can be shown.
func (e *easel) want(v sight) map[int]string {
	if e == nil {
		return v.lines()
	}
	e.mu.Lock()
	same := e.told && reflect.DeepEqual(e.sight, v)
	e.told, e.sight = true, v
	fails := e.fails
	e.mu.Unlock()
	if !same {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
	if fails {
		return v.lines()
	}
	return nil
}

// drawn is what came of a drawing.
type drawn struct {
	of      sight
	key     string
	at      image.Point
	pic     *player.Picture // nil when it is on the screen already, or with err
	missing int
	err     error
}

// Run matches screen and sight until ctx ends.
func (e *easel) Run(ctx context.Context) error {
	font, tried := (*picture.Font)(nil), time.Time{}
	defer func() {
		if font != nil {
			_ = font.Close() // it was only read
		}
	}()
	tick := time.NewTicker(easelEvery)
	defer tick.Stop()
	done := make(chan drawn, 1)
	var wg sync.WaitGroup
	defer e.await(&wg, done)
	due, drawing := true, false
	for {
		if font == nil && time.Since(tried) >= fontEvery {
			font, tried = e.open(ctx), time.Now()
		}
		v, told := e.wanted()
		switch {
		case !told:
		case v.empty():
			e.hide(ctx)
		case due && !drawing && font != nil:
			due, drawing = false, true
			shown := e.shown
			wg.Go(func() { done <- e.draw(ctx, v, shown) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-e.wake:
			due = true
		case <-tick.C:
			due = true
		case d := <-done:
			drawing = false
			e.hang(ctx, d)
		}
	}
}

// await waits for a drawing that is under way, at the end.
func (e *easel) await(wg *sync.WaitGroup, done chan drawn) {
	wg.Wait()
	select {
	case d := <-done:
		e.player.DropPicture(d.pic)
	default:
	}
	e.shown = somebodysPicture
}

func (e *easel) wanted() (sight, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over != nil {
		return sight{meter: e.over}, true
	}
	return e.sight, e.told
}

// meter shows a meter instead of the sight until it is nil, and returns at once.
func (e *easel) meter(m *picture.Meter) {
	if e == nil {
		return
	}
	e.mu.Lock()
	same := e.over == m || e.over != nil && m != nil && *e.over == *m
	e.over = m
	e.mu.Unlock()
	if same {
		return
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// open finds the font; without one there are captions.
func (e *easel) open(ctx context.Context) *picture.Font {
	font, err := e.find(ctx)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	if err != nil {
		e.log.Warn("screen: no font", "err", err)
		e.faults.Set(true, "fault.screen.font", e.name)
		e.fail(true)
		return nil
	}
	e.log.Info("screen: font", "name", font.Name)
	e.faults.Set(false, "fault.screen.font", e.name)
	e.painter = picture.New(font)
	return font
}

// hide takes the picture away.
func (e *easel) hide(ctx context.Context) {
	if e.shown == "" {
		return
	}
	if err := e.player.HidePicture(ctx, pictureID); err != nil {
		e.log.Warn("screen", "err", err)
		return
	}
	e.shown = ""
}

// draw makes the picture of a sight, unless it is the one that is shown. It has a
// goroutine of its own, and the painter to itself.
func (e *easel) draw(ctx context.Context, v sight, shown string) drawn {
	d := drawn{of: v}
	d.err = work.Guarded(ctx, func(ctx context.Context) error {
		size, err := e.player.ScreenSize(ctx)
		if err != nil {
			return err
		}
		plan, err := e.plan(v, size)
		if err != nil {
			return err
		}
		if d.key, d.at = plan.Key, plan.Rect.Min; plan.Key == shown {
			return nil
		}
		pic, err := e.player.NewPicture(plan.Rect.Size())
		if err != nil {
			return err
		}
		if d.missing, err = e.painter.Draw(plan, pic.Pix); err != nil {
			e.player.DropPicture(pic)
			return err
		}
		d.pic = pic
		return nil
	})
	return d
}

// plan lays a sight out.
func (e *easel) plan(v sight, size image.Point) (picture.Drawing, error) {
	if v.meter != nil {
		return e.painter.Meter(*v.meter, size)
	}
	if v.strip != nil {
		return e.painter.Strip(*v.strip, size)
	}
	b := *v.board
	if v.sheet != "" {
		img, err := noticePicture(v.sheet)
		if err != nil {
			e.log.Warn("screen: picture of a notice", "file", v.sheet, "err", err)
		}
		b.Notice = picture.Picture{Name: v.sheet, Image: img}
	}
	if v.dark && e.dark != nil {
		if causes := e.dark(); len(causes) > 0 {
			b.Detail, b.Foot = causes[0].Text, picture.Foot{Text: causes[0].Do, Mood: picture.Bad}
		}
	}
	return e.painter.Board(b, size, picture.Shift(v.at, size))
}

// hang shows what was drawn, unless something else is wanted by now.
func (e *easel) hang(ctx context.Context, d drawn) {
	v, _ := e.wanted()
	stale := (v.board == nil) != (d.of.board == nil) || (v.strip == nil) != (d.of.strip == nil) || (v.meter == nil) != (d.of.meter == nil)
	switch {
	case d.err == nil && stale:
		e.player.DropPicture(d.pic)
		return
	case d.err == nil && d.pic != nil:
		if d.err = e.player.ShowPicture(ctx, pictureID, d.at, d.pic); d.err != nil {
			d.key = somebodysPicture
		}
		e.shown = d.key
	}
	if ctx.Err() == nil {
		e.tell(ctx, d)
	}
}

// tell says what came of a drawing. Without a screen, or without a player, nobody
// misses it.
func (e *easel) tell(ctx context.Context, d drawn) {
	if errors.Is(d.err, player.ErrDown) || errors.Is(d.err, player.ErrNoScreen) {
		return
	}
	e.fail(d.err != nil)
	e.faults.Set(d.err != nil, "fault.screen.draw", e.name, "cause", fmt.Sprint(d.err))
	if d.err != nil {
		e.log.Warn("screen", "err", d.err)
		e.hide(ctx) // mpv lets captions shine through a picture
	}
	if d.missing != e.missing && d.pic != nil {
		e.missing = d.missing
		e.log.Info("screen: characters that the font does not have", "count", d.missing)
	}
}

func (e *easel) fail(yes bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails = yes
}
