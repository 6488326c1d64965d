package station

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/station/internal/fault"
	"stationbox/media/player"
	picture "stationbox/media/screen"
)

// hook is a player that only remembers the picture that hangs on it.
type hook struct {
	mu     sync.Mutex
	size   image.Point
	none   error         // why there is no screen
	full   error         // why there is no memory
	gate   chan struct{} // drawing waits for it, if there is one
	hung   image.Rectangle
	shown  int
	hidden int
	held   int // pictures that somebody draws
}

func (w *hook) ScreenSize(context.Context) (image.Point, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size, w.none
}

func (w *hook) NewPicture(size image.Point) (*player.Picture, error) {
	w.mu.Lock()
	gate := w.gate
	w.mu.Unlock()
	if gate != nil {
		<-gate
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full != nil {
		return nil, w.full
	}
	w.held++
	return &player.Picture{Pix: make([]byte, 4*size.X*size.Y)}, nil
}

func (w *hook) DropPicture(pic *player.Picture) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if pic != nil {
		w.held--
	}
}

func (w *hook) ShowPicture(_ context.Context, _ int, at image.Point, pic *player.Picture) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held--
	w.shown++
	w.hung = image.Rectangle{Min: at, Max: at.Add(image.Pt(1, len(pic.Pix)))}
	return nil
}

func (w *hook) HidePicture(context.Context, int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hidden++
	w.hung = image.Rectangle{}
	return nil
}

// shut makes drawings wait until the channel, one of the bubble, is closed.
func (w *hook) shut() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gate = make(chan struct{})
	return w.gate
}

// see returns what hangs and how often something was shown and hidden.
func (w *hook) see() (bytes, shown, hidden int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hung.Dy(), w.shown, w.hidden
}

// studio runs an easel in a bubble of time.
func studio(t *testing.T, w *hook, find func(context.Context) (*picture.Font, error), do func(e *easel)) {
	t.Helper()
	if f, err := findFont(t.Context()); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	} else {
		_ = f.Close()
	}
	if find == nil {
		find = findFont
	}
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		e := newEasel("", w, find, nil, fault.New(log, func(string, string, any) {}), log)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		do(e)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if w.held != 0 {
			t.Errorf("%d pictures are left over", w.held)
		}
	})
}

func board(headline string) sight {
	return sight{board: &picture.Board{Headline: headline}}
}

func TestEaselShowsWhatIsWanted(t *testing.T) {
	w := &hook{size: image.Pt(640, 360)}
	studio(t, w, nil, func(e *easel) {
		time.Sleep(10 * time.Second)
		if _, shown, hidden := w.see(); shown+hidden != 0 {
			t.Error("the screen was touched before anything was wanted")
		}
		e.want(board("第一课"))
		time.Sleep(10 * time.Second)
		if n, shown, _ := w.see(); n != 4*640*360 || shown != 1 {
			t.Errorf("%d bytes, shown %d times", n, shown)
		}
		e.want(board("第一课"))
		time.Sleep(time.Minute)
		if _, shown, _ := w.see(); shown != 1 {
			t.Errorf("the same board is shown %d times", shown)
		}
		e.want(board("第二课"))
		time.Sleep(time.Second)
		if _, shown, hidden := w.see(); shown != 2 || hidden != 0 {
			t.Errorf("another board: shown %d times, hidden %d", shown, hidden)
		}
		w.mu.Lock()
		w.size = image.Pt(1280, 720) // another screen was plugged in
		w.mu.Unlock()
		time.Sleep(3 * time.Second)
		if n, _, _ := w.see(); n != 4*1280*720 {
			t.Errorf("%d bytes for the larger screen", n)
		}
		e.want(sight{strip: &picture.Strip{Text: "王秀英 已签到"}})
		time.Sleep(time.Second)
		if n, _, hidden := w.see(); n == 0 || n > 4*1280*100 || hidden != 0 {
			t.Errorf("strip of %d bytes, hidden %d times", n, hidden)
		}
		if lines := e.want(sight{}); len(lines) != 0 {
			t.Errorf("captions %v", lines)
		}
		time.Sleep(time.Minute)
		if n, _, hidden := w.see(); n != 0 || hidden != 1 {
			t.Errorf("%d bytes are left, hidden %d times", n, hidden)
		}
	})
}

// TestPictureOfBeforeIsTakenAway: mpv has outlived the station that drew it.
func TestPictureOfBeforeIsTakenAway(t *testing.T) {
	w := &hook{size: image.Pt(640, 360)}
	studio(t, w, nil, func(e *easel) {
		e.want(sight{})
		time.Sleep(time.Minute)
		if _, shown, hidden := w.see(); shown != 0 || hidden != 1 {
			t.Errorf("shown %d times, hidden %d", shown, hidden)
		}
	})
}

// TestTakingAwayWaitsForNoDrawing: the film starts in this very moment.
func TestTakingAwayWaitsForNoDrawing(t *testing.T) {
	w := &hook{size: image.Pt(640, 360)}
	studio(t, w, nil, func(e *easel) {
		e.want(board("第一课"))
		time.Sleep(time.Second)
		gate := w.shut()
		e.want(board("第二课"))
		time.Sleep(time.Second) // it is being drawn
		e.want(sight{})
		synctest.Wait()
		if n, _, hidden := w.see(); n != 0 || hidden != 1 {
			t.Errorf("%d bytes hang while another is drawn, hidden %d times", n, hidden)
		}
		close(gate)
		time.Sleep(time.Minute)
		if n, shown, _ := w.see(); n != 0 || shown != 1 {
			t.Errorf("the late drawing hangs: %d bytes, shown %d times", n, shown)
		}
	})
}

// TestOneDrawingAtATime: the newest of many wishes comes next.
func TestOneDrawingAtATime(t *testing.T) {
	w := &hook{size: image.Pt(640, 360)}
	studio(t, w, nil, func(e *easel) {
		gate := w.shut()
		for i := range 50 {
			e.want(board(string(rune('一' + i))))
			time.Sleep(100 * time.Millisecond)
		}
		close(gate)
		time.Sleep(time.Second)
		if _, shown, _ := w.see(); shown > 3 {
			t.Errorf("%d of 50 were shown", shown)
		}
	})
}

func has(e *easel, code string) bool {
	for _, f := range e.faults.List() {
		if f.Code == code {
			return true
		}
	}
	return false
}

// TestCaptionsWithoutAFont, and pictures as soon as one is installed.
func TestCaptionsWithoutAFont(t *testing.T) {
	w := &hook{size: image.Pt(640, 360)}
	var there atomic.Bool
	find := func(ctx context.Context) (*picture.Font, error) {
		if !there.Load() {
			return nil, picture.ErrNoFont
		}
		return findFont(ctx)
	}
	studio(t, w, find, func(e *easel) {
		time.Sleep(time.Second)
		if lines := e.want(board("第一课")); lines[lineMain] == "" || !has(e, "fault.screen.font") {
			t.Errorf("captions %v, faults %v", lines, e.faults.List())
		}
		there.Store(true)
		time.Sleep(70 * time.Second)
		if lines := e.want(board("第一课")); len(lines) != 0 || has(e, "fault.screen.font") {
			t.Errorf("captions %v, faults %v", lines, e.faults.List())
		}
		if n, _, _ := w.see(); n == 0 {
			t.Error("nothing hangs")
		}
	})
	var none *easel
	if lines := none.want(board("第一课")); lines[lineMain] == "" {
		t.Error("no captions without an easel")
	}
}

func TestCaptionsWithoutMemory(t *testing.T) {
	w := &hook{size: image.Pt(640, 360)}
	studio(t, w, nil, func(e *easel) {
		e.want(board("第一课"))
		time.Sleep(time.Second)
		w.mu.Lock()
		w.full = errors.New("no space left on device")
		w.mu.Unlock()
		e.want(board("第二课"))
		time.Sleep(time.Second)
		if n, _, _ := w.see(); n != 0 || !has(e, "fault.screen.draw") || len(e.want(board("第二课"))) == 0 {
			t.Errorf("%d bytes hang under the captions, faults %v", n, e.faults.List())
		}
		w.mu.Lock()
		w.full = nil
		w.mu.Unlock()
		time.Sleep(5 * time.Second)
		if n, _, _ := w.see(); n == 0 || has(e, "fault.screen.draw") || len(e.want(board("第二课"))) != 0 {
			t.Errorf("%d bytes, faults %v", n, e.faults.List())
		}
	})
}

// TestNoScreenIsNoFault: the TV is off, mpv begins anew; nobody misses anything.
func TestNoScreenIsNoFault(t *testing.T) {
	for _, why := range []error{player.ErrNoScreen, player.ErrDown} {
		w := &hook{none: why}
		studio(t, w, nil, func(e *easel) {
			e.want(board("第一课"))
			time.Sleep(time.Minute)
			if lines := e.want(board("第一课")); len(lines) != 0 || len(e.faults.List()) != 0 {
				t.Errorf("%v: captions %v, faults %v", why, lines, e.faults.List())
			}
			w.mu.Lock()
			w.size, w.none = image.Pt(640, 360), nil
			w.mu.Unlock()
			time.Sleep(3 * time.Second)
			if n, _, _ := w.see(); n == 0 {
				t.Errorf("%v: nothing hangs when it is back", why)
			}
		})
	}
}
