package live

import (
	"context"
	"slices"
	"time"

	"stationbox/media/player"
)

const (
	loadAhead   = 1500 * time.Millisecond // before the begin
	filmAhead   = 700 * time.Millisecond  // the same, for the fallback of a stream that is not there by then
	firstGrace  = 2 * time.Second         // for the stream to come, when it is already time
	firstGood   = time.Second             // of good frames, for the first picture
	liveBound   = 2 * time.Second         // for the player to open the stream, when there is a film instead
	liveMost    = 8 * time.Second         // the same, when there is none, or the player itself is being replaced
	damagedMost = 3 * time.Second         // of a picture that is hardly whole; a moment of it is borne
	filmBound   = 10 * time.Second        // for the player to open the fallback
	stopBound   = 2 * time.Second
	stepMost    = 500 * time.Millisecond // between two sights of motion that are one motion
	shortLife   = time.Minute            // a live picture that lasts less makes the next return slower
	mostShort   = 4                      // at most eight times as slow
	filmRetry   = 15 * time.Second       // for a fallback that could not be played
)

// stage decides what is on the screen. One goroutine owns it.
type stage struct {
	c       *Channel
	begin   time.Time
	started time.Time

	showing   Showing
	file      string        // what the player was told to show
	pid       int           // of the mpv that was told
	at        time.Duration // position when it last moved
	frames    int64         // frames that it had shown then
	moved     time.Time     // when; until then the account is made
	liveSince time.Time
	everLive  bool
	everShown bool      // anything was tried
	left      time.Time // when the live picture left the screen
	calm      time.Time // since when the stream must be good for a return
	short     int       // live pictures in a row that did not last
	filmAt    time.Duration
	filmNext  time.Time // next attempt at the fallback
	filmless  bool      // NoFallback was said

	joined bool
	sum    Summary
}

func newStage(c *Channel, begin time.Time) *stage {
	now := c.o.Now()
	if begin.Before(now) {
		begin = now
	}
	return &stage{c: c, begin: begin, started: now, showing: ShowsNothing, moved: begin, left: begin}
}

// run goes on until ctx ends.
func (s *stage) run(ctx context.Context) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.step(ctx)
		s.c.setSum(s.sum)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	s.settle(s.c.o.Now(), false)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopBound)
	defer cancel()
	if err := s.c.player.Stop(ctx); err != nil {
		s.c.log.Warn("live: player is not stopped", "err", err)
	}
	s.show(ShowsNothing, "")
}

// step looks once and does what is to be done.
func (s *stage) step(ctx context.Context) {
	now, r, p := s.c.o.Now(), s.c.intake.reading(), s.c.player.State()
	s.notice(now, r)
	s.watch(now, r, p)
	switch {
	case now.Before(s.begin.Add(-loadAhead)):
	case s.showing == ShowsLive:
		s.watchLive(ctx, now, r, p)
	case s.ready(now, r):
		s.toLive(ctx, s.liveBound())
	case !s.everShown:
		s.late(ctx, now)
	case s.showing == ShowsFallback:
		s.watchFilm(ctx, p)
	case s.c.o.Fallback != "" && !now.Before(s.filmNext):
		s.film(ctx)
	}
}

// late shows the fallback when the stream does not come in time. Without one
// there is nothing better to do than to wait.
func (s *stage) late(ctx context.Context, now time.Time) {
	switch {
	case now.Before(s.deadline()):
	case s.c.o.Fallback != "":
		s.toFallback(ctx, ReasonLate)
	case !s.filmless:
		s.filmless = true
		s.c.emit(Event{Kind: NoFallback, Reason: ReasonLate, Detail: "there is none"})
	}
}

// deadline is when something must be shown for the first time.
func (s *stage) deadline() time.Time {
	if grace := s.started.Add(firstGrace); grace.After(s.begin.Add(-filmAhead)) {
		return grace
	}
	return s.begin.Add(-filmAhead)
}

// notice says what became of the reception.
func (s *stage) notice(now time.Time, r reading) {
	quiet := now.Sub(r.lastFrame)
	switch {
	case !s.joined && quiet < gapMost:
		s.joined = true
		s.c.emit(Event{Kind: Joined})
	case s.joined && quiet > rejoinAfter:
		s.joined = false
		s.c.emit(Event{Kind: Lost, Reason: r.why(now, s.c.o.FreezeAfter), For: quiet})
	}
}

// why says what is wrong with a stream without new frames.
func (r reading) why(now time.Time, after time.Duration) Reason {
	switch {
	case now.Sub(r.lastBytes) > after/2:
		return ReasonSilent
	case !r.programme:
		return ReasonNoProgramme
	case r.scrambled:
		return ReasonScrambled
	}
	return ReasonNoFrames
}

// ready says whether the live picture may come.
func (s *stage) ready(now time.Time, r reading) bool {
	if r.goodSince.IsZero() {
		return false
	}
	good := now.Sub(r.goodSince)
	if !s.everShown {
		return good >= firstGood
	}
	good = min(good, now.Sub(s.calm))
	if good < s.c.o.StableAfter<<max(0, s.short-1) {
		return false
	}
	s.c.emit(Event{Kind: Stable, For: good})
	return true
}

// watchLive finds out when the live picture does not go on.
func (s *stage) watchLive(ctx context.Context, now time.Time, r reading, p player.Status) {
	after := s.c.o.FreezeAfter
	var why Reason
	switch {
	case now.Sub(r.lastFrame) > after:
		why = r.why(now, after)
	case !r.damaged.IsZero() && now.Sub(r.damaged) > damagedMost:
		why = ReasonDamaged
	case !p.Alive || p.PID != s.pid:
		why = ReasonPlayer
	case p.EOF || p.Loaded != s.file:
		why = ReasonEnded
	case now.Sub(s.moved) > after:
		why = ReasonStill
	default:
		return
	}
	s.sum.Freezes++
	s.c.emit(Event{Kind: Frozen, Reason: why, For: now.Sub(r.lastFrame)})
	s.left = r.lastFrame
	if slices.Contains([]Reason{ReasonPlayer, ReasonEnded, ReasonStill, ReasonDamaged}, why) {
		s.left = s.moved
	}
	if why == ReasonPlayer {
		// The new mpv would look for the old position in a stream that has none.
		s.toLive(ctx, liveMost)
		return
	}
	s.toFallback(ctx, why)
}

// liveBound is how long the player may take to open the stream.
func (s *stage) liveBound() time.Duration {
	if s.c.o.Fallback == "" {
		return liveMost
	}
	return liveBound
}

// toLive shows the live picture, or else the fallback.
func (s *stage) toLive(ctx context.Context, bound time.Duration) {
	if s.showing == ShowsFallback {
		s.filmAt = s.c.player.State().Position
	}
	s.everShown = true
	address := s.c.outlet.next()
	err := s.play(ctx, address, 0, bound)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		s.c.emit(Event{Kind: Unshowable, Detail: err.Error()})
		s.toFallback(ctx, ReasonEnded)
		return
	}
	again, reloaded, now := s.everLive, s.showing == ShowsLive, s.c.o.Now()
	s.show(ShowsLive, address)
	s.everLive, s.filmless = true, false
	switch {
	case reloaded:
		s.c.emit(Event{Kind: Back, Reason: ReasonPlayer, For: now.Sub(s.left)})
	case again:
		s.c.emit(Event{Kind: Back, For: now.Sub(s.left)})
	default:
		s.c.emit(Event{Kind: Live, For: max(0, now.Sub(s.begin))})
	}
	s.liveSince = now
}

// play makes the player show file, at the begin when that is still to come.
func (s *stage) play(ctx context.Context, file string, at, bound time.Duration) error {
	load, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	if err := s.c.player.Preload(load, file, at); err != nil {
		return err
	}
	rest(ctx, s.begin.Sub(s.c.o.Now()))
	start, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	return s.c.player.Play(start)
}

// toFallback takes the live picture away.
func (s *stage) toFallback(ctx context.Context, why Reason) {
	s.everShown = true
	now := s.c.o.Now()
	if why != ReasonLate {
		s.short = min(s.short+1, mostShort)
		if s.showing == ShowsLive && now.Sub(s.liveSince) >= shortLife {
			s.short = 1
		}
	}
	if s.showing != ShowsFallback {
		s.sum.Switches++
	}
	s.film(ctx)
	s.calm = s.c.o.Now()
	if s.showing == ShowsFallback {
		s.c.emit(Event{Kind: Fallback, Reason: why, For: max(0, s.c.o.Now().Sub(s.left))})
	}
	s.c.outlet.next() // whoever still reads the stream has no use for it
}

// film shows the fallback, or black.
func (s *stage) film(ctx context.Context) {
	s.filmNext = s.c.o.Now().Add(filmRetry)
	detail := "there is none"
	if s.c.o.Fallback != "" {
		err := s.play(ctx, s.c.o.Fallback, s.filmAt, filmBound)
		if err == nil {
			s.show(ShowsFallback, s.c.o.Fallback)
			s.filmless = false
			return
		}
		if ctx.Err() != nil {
			return
		}
		detail, s.filmAt = err.Error(), 0
	}
	stop, cancel := context.WithTimeout(ctx, stopBound)
	defer cancel()
	if err := s.c.player.Stop(stop); err != nil {
		s.c.log.Warn("live: player is not stopped", "err", err)
	}
	s.show(ShowsNothing, "")
	if !s.filmless {
		s.filmless = true
		s.c.emit(Event{Kind: NoFallback, Detail: detail})
	}
}

// watchFilm begins the fallback again at its end.
func (s *stage) watchFilm(ctx context.Context, p player.Status) {
	if p.EOF || p.Alive && p.Loaded == "" {
		s.filmAt = 0
		s.film(ctx)
	}
}

// show notes what is on the screen from now on.
func (s *stage) show(what Showing, file string) {
	now := s.c.o.Now()
	s.settle(now, false)
	s.showing, s.file = what, file
	p := s.c.player.State()
	s.pid, s.at, s.frames = p.PID, p.Position, p.FramesShown
	s.c.setShowing(what)
}
