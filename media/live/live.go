// Package live shows a live programme: a satellite channel or a network stream,
// watched over while it is shown.
//
// Our own process receives the stream and judges it before the player sees it:
// a stream that stops without an error, or goes on without new frames, is found
// while the player still has two seconds of it. The fallback film then takes its
// place, within three seconds of the last frame, and the live picture comes back
// only when the stream has been good for a while without a break. What the
// player shows is the last judge: a picture that stands still in spite of good
// packets is a freeze too.
//
// It never counts as live what was the fallback, frozen or dark. It never waits
// for a recording, and what a sender does, sends or leaves out takes neither the
// reception down nor makes it grow.
//
// A still picture that is sent as new frames is a programme like any other: a
// page of a lesson looks the same as a sender that repeats itself.
package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"stationbox/media/player"
)

// Player is what a channel needs of the player.
type Player interface {
	Preload(ctx context.Context, file string, at time.Duration) error
	Play(ctx context.Context) error
	Stop(ctx context.Context) error
	State() player.Status
}

// Opts says how to show a channel. The zero value of every field is right.
type Opts struct {
	Fallback    string           // film that is shown instead, from its begin, on and on; default: a black screen
	Programme   uint16           // number of the programme in the stream; default: the first one
	FreezeAfter time.Duration    // without a new frame, before it is frozen; default 1.5 s, at most 2 s
	StableAfter time.Duration    // of good frames, before the live picture returns; default 10 s
	Record      string           // path of a Matroska file to record to; default: no recording
	RecordMost  int64            // its greatest size in bytes; default 4 GiB
	KeepFree    int64            // bytes of that disk which a recording leaves free; default 1 GiB
	FFmpeg      string           // program that writes a recording, default "ffmpeg"
	Log         *slog.Logger     // default: nothing is logged
	Now         func() time.Time // default time.Now
}

const (
	freezeDefault = 1500 * time.Millisecond
	freezeMost    = 2 * time.Second // more would not leave the fallback its time within three seconds
	stableDefault = 10 * time.Second
	mostEvents    = 256
	tickEvery     = 50 * time.Millisecond
)

// Channel shows one source for the time of a lesson. Use it once.
type Channel struct {
	source Source
	player Player
	o      Opts
	log    *slog.Logger
	intake *intake
	outlet *outlet
	events chan Event

	mu     sync.Mutex
	status Status
	sum    Summary
}

// New returns a Channel; nothing is received before Run.
func New(source Source, p Player, o Opts) *Channel {
	if o.FreezeAfter <= 0 {
		o.FreezeAfter = freezeDefault
	}
	o.FreezeAfter = min(o.FreezeAfter, freezeMost)
	if o.StableAfter <= 0 {
		o.StableAfter = stableDefault
	}
	if o.RecordMost <= 0 {
		o.RecordMost = 4 << 30
	}
	if o.KeepFree <= 0 {
		o.KeepFree = 1 << 30
	}
	if o.FFmpeg == "" {
		o.FFmpeg = "ffmpeg"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Channel{source: source, player: p, o: o, log: o.Log, intake: newIntake(o.Programme, o.Now),
		events: make(chan Event, mostEvents), status: Status{Showing: ShowsNothing}}
}

// Events returns the channel of events. When nobody reads, the oldest are
// dropped after 256.
func (c *Channel) Events() <-chan Event { return c.events }

// Run receives at once, shows from begin on (call it a minute before, or at any
// later time), and goes on until ctx ends. Then it stops the player, finishes
// the recording, which takes at most ten seconds, and gives its account. An
// error means that nothing could be shown at all.
func (c *Channel) Run(ctx context.Context, begin time.Time) (Summary, error) {
	out, err := openOutlet(ctx, c.intake)
	if err != nil {
		return Summary{Outcome: Never}, err
	}
	c.outlet = out
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { c.receive(ctx) })
	all.Go(func() {
		if err := out.run(); err != nil {
			c.log.Error("live: no way to the player", "err", err)
		}
	})
	if c.o.Record != "" {
		all.Go(func() { c.record(ctx, begin) })
	}
	s := newStage(c, begin)
	s.run(ctx)
	out.close()
	all.Wait()
	return s.account(), nil
}

// State returns what is known now.
func (c *Channel) State() Status {
	r := c.intake.reading()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.status
	s.Receiving = c.o.Now().Sub(r.lastFrame) <= c.o.FreezeAfter
	s.GoodSince, s.Lost = r.goodSince, r.lost
	return s
}

// SoFar is the account of the showing until the newest motion on the screen; when
// Run has returned it is the whole. Lost, Packets and Garbage come only then.
func (c *Channel) SoFar() Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sum
	s.judge()
	return s
}

func (c *Channel) setSum(s Summary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum = s
}

func (c *Channel) setProblem(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Problem = err
}

func (c *Channel) setShowing(s Showing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Showing = s
}

func (c *Channel) setRecording(file string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Recording = file
}

// emit queues an event; when nobody reads, the oldest goes.
func (c *Channel) emit(e Event) {
	e.At = c.o.Now()
	c.log.Info("live: event", "kind", e.Kind, "reason", e.Reason, "for", e.For, "file", e.File, "detail", e.Detail)
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		select {
		case c.events <- e:
			return
		default:
		}
		select {
		case <-c.events:
		default:
		}
	}
}
