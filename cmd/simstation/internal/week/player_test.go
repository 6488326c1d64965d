package week

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"stationbox/media/player"
)

// projectionist shows films that are nothing but a length. It lives as mpv does:
// longer than the station, not longer than the box.
type projectionist struct {
	lengths map[string]time.Duration // by name of the file
	played  func(file string, at, until time.Time, from time.Duration)

	mu      sync.Mutex
	file    string
	at      time.Duration // where it was when it last began or paused
	since   time.Time     // running since; zero: paused
	restart int
	events  chan player.Event
}

func newProjectionist(lengths map[string]time.Duration, played func(string, time.Time, time.Time, time.Duration)) *projectionist {
	return &projectionist{lengths: lengths, played: played, events: make(chan player.Event, 8)}
}

// die ends what runs, as when the box loses its mains.
func (p *projectionist) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halt()
	p.file = ""
}

func (p *projectionist) position() time.Duration {
	at := p.at
	if !p.since.IsZero() {
		at += time.Since(p.since)
	}
	return min(at, p.lengths[filepath.Base(p.file)])
}

// halt stops the running film and says what of it was shown.
func (p *projectionist) halt() {
	if p.since.IsZero() {
		return
	}
	from := p.at
	p.at = p.position()
	p.played(p.file, p.since, p.since.Add(p.at-from), from)
	p.since = time.Time{}
}

// Run waits: films need nobody.
func (p *projectionist) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// PreloadItem makes a film stand ready.
func (p *projectionist) PreloadItem(_ context.Context, i player.Item) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halt()
	p.file, p.at = i.File, i.At
	return nil
}

// Play lets it run.
func (p *projectionist) Play(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file != "" && p.since.IsZero() {
		p.since = time.Now()
	}
	return nil
}

// Pause holds it.
func (p *projectionist) Pause(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halt()
	return nil
}

// Stop takes it away.
func (p *projectionist) Stop(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halt()
	p.file = ""
	return nil
}

// Show and Hide do nothing: nobody looks at texts here.
func (p *projectionist) Show(context.Context, int, string) error { return nil }

// Hide does nothing.
func (p *projectionist) Hide(context.Context, int) error { return nil }

// Events never has any: the station must see the end by itself.
func (p *projectionist) Events() <-chan player.Event { return p.events }

// State is what a healthy mpv would say.
func (p *projectionist) State() player.Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := player.Status{Alive: true, Version: "none", Loaded: p.file, VOConfigured: true, AOConfigured: true, Restarts: p.restart}
	if p.file == "" {
		return s
	}
	const frame = 40 * time.Millisecond
	s.Duration, s.Position, s.FrameTime = p.lengths[filepath.Base(p.file)], p.position(), frame
	s.EOF = s.Position >= s.Duration
	s.Complete = s.EOF
	s.Playing = !p.since.IsZero() && !s.EOF
	s.Paused = p.since.IsZero() && !s.EOF
	s.FramesShown = int64(s.Position / frame)
	return s
}
