package live

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/media/player"
)

// screen is a player that shows whatever it is told, a frame every 40 ms.
type screen struct {
	mu      sync.Mutex
	file    string
	began   time.Time
	base    time.Duration
	playing bool
	pid     int
	dark    bool                   // no picture on a screen
	stuck   bool                   // the picture does not move
	refuse  func(file string) bool // what cannot be played
	length  time.Duration          // of a film
}

func (s *screen) Preload(ctx context.Context, file string, at time.Duration) error {
	s.mu.Lock()
	refused := s.refuse != nil && s.refuse(file)
	s.file, s.base, s.playing = file, at, false
	s.mu.Unlock()
	if refused {
		<-ctx.Done() // mpv waits for a frame that never comes
		return errors.New("unplayable")
	}
	time.Sleep(100 * time.Millisecond)
	return nil
}

func (s *screen) Play(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.playing, s.began = true, time.Now()
	return nil
}

func (s *screen) Stop(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file, s.playing = "", false
	return nil
}

func (s *screen) State() player.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := player.Status{Alive: true, PID: 1 + s.pid, Loaded: s.file, Position: s.base, Playing: s.playing, VOConfigured: !s.dark, FrameTime: 40 * time.Millisecond}
	if s.playing && !s.stuck {
		p.Position += time.Since(s.began).Truncate(40 * time.Millisecond)
	}
	if film := !strings.Contains(s.file, "://"); film && s.length > 0 && p.Position >= s.length {
		p.Position, p.Playing, p.EOF = s.length, false, true
	}
	p.FramesShown = int64(p.Position / p.FrameTime)
	return p
}

func (s *screen) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// scene is a showing in a bubble: a sender, a screen, and what happened.
type scene struct {
	t      *testing.T
	c      *Channel
	screen *screen
	sends  func(n int, m *mux) []byte
	begin  time.Time
	end    func() Summary
}

// stageIt begins a showing five seconds before its time; the sender sends from the
// second moment on, so that a test may change it first. The bubble's time runs as fast
// as nothing is to be done.
func stageIt(t *testing.T, o Opts) *scene {
	sc := &scene{t: t, screen: &screen{}, sends: good, begin: time.Now().Add(5 * time.Second)}
	sc.c = New(nil, sc.screen, o)
	sc.c.outlet = &outlet{base: "http://127.0.0.1:1", over: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	s := newStage(sc.c, sc.begin)
	var all sync.WaitGroup
	all.Go(func() { s.run(ctx) })
	all.Go(func() { sc.send(ctx) })
	sc.end = func() Summary {
		cancel()
		all.Wait()
		return s.account()
	}
	t.Cleanup(func() { sc.end() })
	return sc
}

func (sc *scene) send(ctx context.Context) {
	m := newMux()
	for n := 0; ctx.Err() == nil; n++ {
		time.Sleep(40 * time.Millisecond)
		sc.screen.mu.Lock()
		sends := sc.sends
		sc.screen.mu.Unlock()
		if b := sends(n, m); b != nil {
			sc.c.intake.take(b)
		}
	}
}

func silent(int, *mux) []byte { return nil }

func good(n int, m *mux) []byte { return m.tick(n) }

// now changes what is sent.
func (sc *scene) now(sends func(int, *mux) []byte) {
	sc.screen.set(func() { sc.sends = sends })
}

// events returns what has happened since the last call.
func (sc *scene) events() (all []Event) {
	for {
		select {
		case e := <-sc.c.events:
			all = append(all, e)
		default:
			return all
		}
	}
}
