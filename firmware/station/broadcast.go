package station

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/media/live"
	"stationbox/media/player"
)

// channel is one showing of a live source; *live.Channel is one.
type channel interface {
	Run(ctx context.Context, begin time.Time) (live.Summary, error)
	Events() <-chan live.Event
	State() live.Status
	SoFar() live.Summary
}

// airing is what is wished of the live programme: that of one occasion, or none.
type airing struct {
	occ   firmware.Occasion
	on    bool
	begin time.Time // by tick
}

// broadcast shows live programmes. It has its own goroutine; wishes are taken at
// once. While it shows one the player is its own, and the desk stands back.
type broadcast struct {
	open   func(o firmware.Occasion, p live.Player) (channel, error)
	player theatre
	item   func(file string, at time.Duration) player.Item
	put    func(kind, lesson string, data any)
	faults *fault.Book
	tick   func() time.Time
	log    *slog.Logger
	wake   chan struct{}

	mu       sync.Mutex
	wish     airing
	now      *onAir
	accounts map[string]live.Summary // of what was on the air and is not now
	away     live.Reason             // why the live picture is not on the screen; "": it is, or nothing is on
}

// onAir is a channel that runs.
type onAir struct {
	channel
	airing
	lent   *lent
	cancel context.CancelFunc
	done   chan struct{}
	noted  int
}

const (
	// kindLive is the record of what happened to a live programme.
	kindLive = "live"
	// mostLiveNotes bounds the records of one channel: a stream that comes and goes
	// all evening is not written down for ever.
	mostLiveNotes = 100
	// mostAccounts bounds the lessons of which an account is kept.
	mostAccounts = 8
	// openAgain is how long to wait after a source that could not be opened.
	openAgain = 10 * time.Second
	// diedAgain is how long to wait after a channel that ended by itself.
	diedAgain = 2 * time.Second
	// beginSlack is by how much a begin may move without the channel being opened anew.
	beginSlack = time.Second
)

// liveNote is the data of a kindLive record.
type liveNote struct {
	Event  live.EventKind `json:"event"`
	Reason live.Reason    `json:"reason,omitempty"`
	ForMS  int64          `json:"for_ms,omitempty"`
	File   string         `json:"file,omitempty"`
}

// accountNote is how a live lesson stands, in milliseconds; with every record of
// its position.
type accountNote struct {
	Live     int64 `json:"live_ms"`
	Fallback int64 `json:"fallback_ms"`
	Frozen   int64 `json:"frozen_ms"`
	Dark     int64 `json:"dark_ms"`
}

func accountOf(s live.Summary) *accountNote {
	return &accountNote{s.Live.Milliseconds(), s.Fallback.Milliseconds(), s.Frozen.Milliseconds(), s.Dark.Milliseconds()}
}

func (n accountNote) summary() live.Summary {
	ms := func(v int64) time.Duration { return time.Duration(max(v, 0)) * time.Millisecond }
	return live.Summary{Live: ms(n.Live), Fallback: ms(n.Fallback), Frozen: ms(n.Frozen), Dark: ms(n.Dark)}
}

// newBroadcast returns one that goes on with the accounts that are on record.
func newBroadcast(open func(firmware.Occasion, live.Player) (channel, error), p theatre, item func(string, time.Duration) player.Item,
	accounts map[string]accountNote, put func(kind, lesson string, data any), f *fault.Book, tick func() time.Time, log *slog.Logger) *broadcast {
	b := &broadcast{open: open, player: p, item: item, put: put, faults: f, tick: tick, log: log, wake: make(chan struct{}, 1), accounts: map[string]live.Summary{}}
	for id, n := range accounts {
		b.accounts[id] = n.summary()
	}
	return b
}

// want replaces the wish and returns at once. left is the time to the start, by a
// clock that may be set.
func (b *broadcast) want(o firmware.Occasion, on bool, left time.Duration) {
	if b == nil {
		return
	}
	w := airing{occ: o, on: on && o.IsLive(), begin: b.tick().Add(left)}
	b.mu.Lock()
	same := w.on == b.wish.on && (!w.on || w.occ.ID == b.wish.occ.ID && !b.wish.moved(w, b.tick()))
	if same {
		w.begin = b.wish.begin
	}
	b.wish = w
	if !w.on && b.now == nil {
		b.away = ""
	}
	b.mu.Unlock()
	if !same {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

// moved says whether the begin lies ahead at now and is another one in w.
func (a airing) moved(w airing, now time.Time) bool {
	return a.begin.After(now) && w.begin.Sub(a.begin).Abs() > beginSlack
}

// Run shows what is wished until ctx ends.
func (b *broadcast) Run(ctx context.Context) error {
	var again <-chan time.Time
	for {
		again = b.match(ctx, again)
		select {
		case <-ctx.Done():
			b.end()
			return nil
		case <-b.wake:
		case <-b.over():
		case <-again:
			again = nil
		}
	}
}

// over is closed when the channel that runs has ended, nil when there is none.
func (b *broadcast) over() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now == nil {
		return nil
	}
	return b.now.done
}

// match does what is needed now. A source that cannot be opened is tried again.
func (b *broadcast) match(ctx context.Context, again <-chan time.Time) <-chan time.Time {
	b.mu.Lock()
	w, now := b.wish, b.now
	b.mu.Unlock()
	died := now != nil && ended(now.done)
	if now != nil && (!w.on || w.occ.ID != now.occ.ID || now.moved(w, b.tick()) || died) {
		b.end()
		now = nil
	}
	switch {
	case !w.on:
		return nil
	case died: // by itself: not at once again
		return time.After(diedAgain)
	case now != nil || again != nil:
		return again
	}
	err := b.begin(ctx, w)
	cause := ""
	if err != nil {
		cause = err.Error()
		b.log.Warn("live: not opened", "source", w.occ.Live.Source, "err", err)
		again = time.After(openAgain)
	}
	b.faults.Set(err != nil, "fault.live.source", w.occ.ID, "title", w.occ.Title, "cause", cause)
	return again
}

func ended(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// begin opens a channel and lets it run.
func (b *broadcast) begin(ctx context.Context, w airing) error {
	p := &lent{theatre: b.player, item: b.item}
	c, err := b.open(w.occ, p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	air := &onAir{channel: c, airing: w, lent: p, cancel: cancel, done: make(chan struct{})}
	b.mu.Lock()
	b.now = air
	b.mu.Unlock()
	go func() {
		defer close(air.done)
		err := work.Guarded(ctx, func(ctx context.Context) error {
			_, err := c.Run(ctx, w.begin)
			return err
		})
		if err != nil {
			b.log.Error("live: ended", "lesson", w.occ.ID, "err", err)
		}
	}()
	go b.listen(air)
	return nil
}

// end takes the player back, waits for the channel and enters its account.
func (b *broadcast) end() {
	b.mu.Lock()
	air := b.now
	b.mu.Unlock()
	if air == nil {
		return
	}
	air.cancel()
	air.lent.back()
	<-air.done // a recording is finished within ten seconds
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enter(air.occ.ID, air.SoFar())
	b.now, b.away = nil, ""
	b.faults.Set(false, "fault.live.away", air.occ.ID)
}

// enter adds to the account of a lesson; b.mu is held.
func (b *broadcast) enter(id string, s live.Summary) {
	if _, known := b.accounts[id]; !known && len(b.accounts) >= mostAccounts {
		clear(b.accounts)
	}
	b.accounts[id] = b.accounts[id].Plus(s)
}

// listen writes down what happens to a channel until it has ended.
func (b *broadcast) listen(air *onAir) {
	for {
		select {
		case e := <-air.Events():
			b.heard(air, e)
			continue
		case <-air.done:
		}
		for { // what it said last
			select {
			case e := <-air.Events():
				b.heard(air, e)
			default:
				return
			}
		}
	}
}

// heard takes in an event.
func (b *broadcast) heard(air *onAir, e live.Event) {
	if air.noted++; air.noted <= mostLiveNotes || e.Kind == live.RecordDone {
		b.put(kindLive, air.occ.ID, liveNote{Event: e.Kind, Reason: e.Reason, ForMS: e.For.Milliseconds(), File: e.File})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now != air || ended(air.done) {
		return
	}
	switch e.Kind {
	case live.Frozen, live.Lost, live.Unshowable:
		b.away = orElse(e.Reason, live.ReasonNoFrames)
	case live.Fallback, live.NoFallback:
		b.away = orElse(orElse(e.Reason, b.away), live.ReasonLate)
	case live.Live, live.Back:
		b.away = ""
	default:
		return
	}
	b.faults.Set(b.away != "", "fault.live.away", air.occ.ID, "title", air.occ.Title, "cause", "live.reason."+string(b.away))
}

func orElse(r, other live.Reason) live.Reason {
	if r == "" {
		return other
	}
	return r
}

// seen is what is on the screen of the lesson id, and why it is not the live
// picture; false when no channel of it runs.
func (b *broadcast) seen(id string) (live.Showing, live.Reason, bool) {
	if b == nil {
		return live.ShowsNothing, "", false
	}
	b.mu.Lock()
	air, away := b.now, b.away
	b.mu.Unlock()
	if air == nil || air.occ.ID != id {
		return live.ShowsNothing, "", false
	}
	return air.State().Showing, away, true
}

// shows says whether a live picture is on the screen.
func (b *broadcast) shows() bool {
	b.mu.Lock()
	air := b.now
	b.mu.Unlock()
	return air != nil && air.State().Showing == live.ShowsLive
}

// account is how the live lesson o stands at now: what nobody answers for was dark.
func (b *broadcast) account(now time.Time, o firmware.Occasion) live.Summary {
	if b == nil {
		return live.Summary{Outcome: live.Never}
	}
	b.mu.Lock()
	sum, air := b.accounts[o.ID], b.now
	b.mu.Unlock()
	if air != nil && air.occ.ID == o.ID {
		sum = sum.Plus(air.SoFar())
	}
	past := min(now.Sub(o.Start), o.Duration)
	return sum.Plus(live.Summary{Dark: max(0, past-sum.Live-sum.Fallback-sum.Frozen-sum.Dark)})
}

// lent is the player while it is a channel's, until it is taken back.
type lent struct {
	theatre
	item func(file string, at time.Duration) player.Item

	mu   sync.Mutex
	gone bool
}

// errTakenBack is what a channel hears that still wants to show something.
var errTakenBack = errors.New("the player was taken back")

func (l *lent) back() {
	l.mu.Lock()
	l.gone = true
	l.mu.Unlock()
}

// with holds the player for one call, which ends early when the channel is ended.
func (l *lent) with(do func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return errTakenBack
	}
	return do()
}

// Preload is live.Player: a film gets the level of its lesson.
func (l *lent) Preload(ctx context.Context, file string, at time.Duration) error {
	i := player.Item{File: file, At: at}
	if there(file) {
		i = l.item(file, at)
	}
	return l.with(func() error { return l.PreloadItem(ctx, i) })
}

// Play is live.Player.
func (l *lent) Play(ctx context.Context) error {
	return l.with(func() error { return l.theatre.Play(ctx) })
}

// Stop is live.Player. What is taken back is the desk's to stop.
func (l *lent) Stop(ctx context.Context) error {
	err := l.with(func() error { return l.theatre.Stop(ctx) })
	if errors.Is(err, errTakenBack) {
		return nil
	}
	return err
}
