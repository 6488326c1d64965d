package station

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/fault"
	"stationbox/media/live"
	"stationbox/media/player"
)

// sender is a live source that is away at times, and a channel for it that shows
// what it sends and a fallback meanwhile.
type sender struct {
	away []spell
	err  error         // it cannot be opened
	dies time.Duration // a channel of it ends by itself after that

	mu     sync.Mutex
	begins []time.Time
	opened int
}

// spell is a time during which nothing is sent.
type spell struct{ from, to time.Time }

func (s *sender) sends(now time.Time) bool {
	return !slices.ContainsFunc(s.away, func(a spell) bool { return !now.Before(a.from) && now.Before(a.to) })
}

func (s *sender) open(_ firmware.Occasion, p live.Player) (channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	if s.err != nil {
		return nil, s.err
	}
	return &tuned{s: s, p: p, events: make(chan live.Event, 64), shows: live.ShowsNothing}, nil
}

// tuned is a channel on a sender.
type tuned struct {
	s      *sender
	p      live.Player
	events chan live.Event

	mu    sync.Mutex
	sum   live.Summary
	shows live.Showing
}

func (c *tuned) Events() <-chan live.Event { return c.events }

func (c *tuned) State() live.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return live.Status{Showing: c.shows}
}

func (c *tuned) SoFar() live.Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sum
}

func (c *tuned) Run(ctx context.Context, begin time.Time) (live.Summary, error) {
	c.s.mu.Lock()
	c.s.begins = append(c.s.begins, begin)
	dies := c.s.dies
	c.s.mu.Unlock()
	if dies > 0 {
		time.Sleep(dies)
		return live.Summary{}, errors.New("died")
	}
	const step = 50 * time.Millisecond
	time.Sleep(min(time.Until(begin), time.Hour))
	for ctx.Err() == nil {
		c.show(ctx)
		time.Sleep(step)
		c.mu.Lock()
		switch c.shows {
		case live.ShowsLive:
			c.sum.Live += step
		case live.ShowsFallback:
			c.sum.Fallback += step
		}
		c.mu.Unlock()
	}
	time.Sleep(2 * time.Second) // a recording is finished
	return c.SoFar(), c.p.Stop(context.WithoutCancel(ctx))
}

// show brings on the screen what is sent now.
func (c *tuned) show(ctx context.Context) {
	want, file, kind := live.ShowsLive, "http://127.0.0.1:1/live", live.Live
	if !c.s.sends(time.Now()) {
		want, file, kind = live.ShowsFallback, "fallback.mp4", live.Fallback
	}
	if c.State().Showing == want || c.p.Preload(ctx, file, 0) != nil || c.p.Play(ctx) != nil {
		return
	}
	c.mu.Lock()
	c.shows = want
	c.mu.Unlock()
	c.events <- live.Event{Kind: kind, At: time.Now()}
}

// onTheAir lets the rig's showing have s.
func onTheAir(r *room, s *sender) func(*showing) {
	return func(show *showing) {
		show.air = newBroadcast(s.open, r, show.desk.item, show.mem.accounts, show.scribe.put, show.faults, time.Now, show.log)
	}
}

// news is a live lesson.
func news(t *testing.T) (firmware.Occasion, string) {
	t.Helper()
	o, dir := occasion(t, 3*time.Minute)
	o.File, o.Live.Source = "", "udp://239.1.2.3:5004"
	return o, dir
}

// events are those of the live programme on record.
func events(t *testing.T, l *ledger) string {
	t.Helper()
	var out []string
	for _, r := range l.list(kindLive) {
		var n liveNote
		if err := json.Unmarshal(r.Data, &n); err != nil {
			t.Fatal(err)
		}
		out = append(out, string(n.Event))
	}
	return strings.Join(out, " ")
}

func TestLiveLesson(t *testing.T) {
	minute := func(o firmware.Occasion, n float64) time.Time {
		return o.Start.Add(time.Duration(n * float64(time.Minute)))
	}
	tests := []struct {
		name   string
		away   [][2]float64 // minutes from the start
		dark   [][2]float64 // without mains
		cause  string
		live   time.Duration // on the screen, to the second
		other  time.Duration // fallback and dark
		phases string
		events string
	}{
		{"whole", nil, nil, lesson.CausePlayed, 3 * time.Minute, 0, "ready_check roll_call playing closing cool_down done", "live"},
		{"away for half a minute", [][2]float64{{1, 1.5}}, nil, lesson.CauseLivePartly, 150 * time.Second, 30 * time.Second, "ready_check roll_call playing closing cool_down done", "live fallback live"},
		{"never there", [][2]float64{{-3, 9}}, nil, lesson.CauseLiveNever, 0, 3 * time.Minute, "ready_check roll_call playing closing cool_down done", "fallback"},
		{"without mains for a minute", nil, [][2]float64{{1, 2}}, lesson.CauseLivePartly, 2 * time.Minute, time.Minute, "ready_check roll_call playing paused playing closing cool_down done", "live live"},
		{"without mains at the start", nil, [][2]float64{{-2, 1}}, lesson.CauseLivePartly, 2 * time.Minute, time.Minute, "ready_check roll_call playing closing cool_down done", "live"},
		{"without mains", nil, [][2]float64{{-2, 9}}, lesson.CauseNoMains, 0, 3 * time.Minute, "ready_check roll_call done", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, dir := news(t)
				s := &sender{}
				for _, a := range tt.away {
					s.away = append(s.away, spell{minute(o, a[0]), minute(o, a[1])})
				}
				r, l := &room{mains: true, length: time.Hour}, &ledger{}
				g := beginWith(t, r, r, l, o, dir, &config.Config{}, onTheAir(r, s))
				for _, d := range tt.dark {
					for i, on := range []bool{false, true} {
						time.AfterFunc(time.Until(minute(o, d[i])), func() { r.mu.Lock(); r.mains = on; r.mu.Unlock() })
					}
				}
				time.Sleep(15 * time.Minute)
				g.stop()
				got := result(t, l)
				if got.Cause != tt.cause || got.Live == nil || got.LengthMS != 180000 {
					t.Fatalf("result %+v", got)
				}
				// The displays take half a minute to light again.
				slack := 500 * time.Millisecond
				if len(tt.dark) > 0 && tt.live > 0 {
					slack = 40 * time.Second
				}
				sum := got.Live.summary()
				if off := tt.live - sum.Live; off < -slack || off > slack {
					t.Errorf("%v live, want %v", sum.Live, tt.live)
				}
				if off := sum.Fallback + sum.Frozen + sum.Dark - tt.other; off < -slack || off > slack {
					t.Errorf("%v not live, want %v", sum.Fallback+sum.Frozen+sum.Dark, tt.other)
				}
				if all := sum.Live + sum.Fallback + sum.Frozen + sum.Dark; (all - o.Duration).Abs() > 200*time.Millisecond {
					t.Errorf("the account is of %v, the lesson of %v", all, o.Duration)
				}
				if p := phases(l); p != tt.phases {
					t.Errorf("phases %q", p)
				}
				if e := events(t, l); e != tt.events {
					t.Errorf("events %q", e)
				}
				if len(tt.dark) == 0 && (len(s.begins) != 1 || !s.begins[0].Equal(o.Start)) {
					t.Errorf("begun for %v, want once for %v", s.begins, o.Start)
				}
				for _, f := range g.show.faults.List() {
					if strings.HasPrefix(f.Code, "fault.live") {
						t.Errorf("%v stands", f)
					}
				}
				if r.State().Loaded != "" {
					t.Errorf("%s is still on the screen", r.State().Loaded)
				}
			})
		})
	}
}

// What a dead program had shown counts, and what was between is dark.
func TestLiveLessonOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := news(t)
		r, l, s := &room{mains: true, length: time.Hour}, &ledger{}, &sender{}
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, onTheAir(r, s))
		time.Sleep(time.Until(o.Start.Add(65 * time.Second)))
		g.stop()
		time.Sleep(20 * time.Second)
		g = beginWith(t, r, r, l, o, dir, &config.Config{}, onTheAir(r, s))
		time.Sleep(10 * time.Minute)
		g.stop()
		got := result(t, l)
		sum := got.Live.summary()
		// Its last ten seconds were not on record.
		if got.Cause != lesson.CauseLivePartly || sum.Live < 144*time.Second || sum.Live > 160*time.Second || (sum.Live+sum.Dark-o.Duration).Abs() > 200*time.Millisecond {
			t.Errorf("result %+v, account %+v", got, sum)
		}
	})
}

// An emergency gets the player at once, and the live lesson goes on in its own time.
func TestEmergencyDuringLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := news(t)
		r, l, s := &room{mains: true, length: 20 * time.Second}, &ledger{}, &sender{}
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, onTheAir(r, s))
		time.Sleep(time.Until(o.Start.Add(time.Minute)))
		flood(g, "flood", 0)
		time.Sleep(10 * time.Second)
		if got := r.State(); !strings.HasSuffix(got.Loaded, "mains.go") || !got.Playing {
			t.Errorf("%q is on the screen", got.Loaded)
		}
		r.do(func() {
			if len(r.started) != 2 {
				t.Errorf("started %v: the live programme and the emergency, once each, were wanted", r.started)
			}
		})
		time.Sleep(5 * time.Minute)
		g.stop()
		for _, rec := range l.list(firmware.KindLesson) {
			var n resultNote
			_ = json.Unmarshal(rec.Data, &n)
			if rec.Lesson != o.ID {
				continue
			}
			if late := rec.Wall.Sub(o.End()); late < 0 || late > time.Second {
				t.Errorf("ended %v after its end", late)
			}
			if n.Cause != lesson.CauseLivePartly {
				t.Errorf("result %+v", n)
			}
			return
		}
		t.Error("the live lesson has no result")
	})
}

// A source that cannot be opened is told and tried again.
func TestLiveSourceIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := news(t)
		r, l, s := &room{mains: true, length: time.Hour}, &ledger{}, &sender{err: errors.New("no such network card")}
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, onTheAir(r, s))
		time.Sleep(time.Until(o.Start.Add(time.Minute)))
		stands := slices.ContainsFunc(g.show.faults.List(), func(f firmware.Fault) bool {
			return f.Code == "fault.live.source" && f.Args["cause"] == "no such network card"
		})
		s.mu.Lock()
		opened := s.opened
		s.err = nil
		s.mu.Unlock()
		if !stands || opened < 10 || opened > 14 {
			t.Errorf("opened %d times in two minutes, fault stands: %v", opened, stands)
		}
		time.Sleep(5 * time.Minute)
		g.stop()
		if got := result(t, l); got.Cause != lesson.CauseLivePartly || got.Live.Live < 100_000 {
			t.Errorf("result %+v", got)
		}
	})
}

// A channel that ends by itself is opened again, and not in a frenzy.
func TestLiveChannelThatDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := news(t)
		r, l, s := &room{mains: true, length: time.Hour}, &ledger{}, &sender{dies: time.Second}
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, onTheAir(r, s))
		time.Sleep(time.Until(o.Start.Add(time.Minute)))
		s.mu.Lock()
		opened := s.opened
		s.dies = 0
		s.mu.Unlock()
		if opened < 20 || opened > 60 {
			t.Errorf("opened %d times in two minutes", opened)
		}
		time.Sleep(5 * time.Minute)
		g.stop()
		if got := result(t, l); got.Cause != lesson.CauseLivePartly || got.Live.Live < 110_000 {
			t.Errorf("result %+v, account %+v", got, got.Live)
		}
	})
}

// A channel whose player was taken back neither shows nor stops anything any more.
func TestTakenBack(t *testing.T) {
	r := &room{length: time.Hour}
	l := &lent{theatre: r, item: newDesk(r, plain, slog.New(slog.DiscardHandler)).item}
	if err := l.Preload(t.Context(), "http://127.0.0.1:1/live", 0); err != nil {
		t.Fatal(err)
	}
	l.back()
	if err := l.Preload(t.Context(), "x", 0); !errors.Is(err, errTakenBack) {
		t.Errorf("preload: %v", err)
	}
	if err := l.Play(t.Context()); !errors.Is(err, errTakenBack) {
		t.Errorf("play: %v", err)
	}
	if err := l.Stop(t.Context()); err != nil || r.State().Loaded == "" {
		t.Errorf("stop: %v, %q is loaded", err, r.State().Loaded)
	}
}

// The clock is set before the begin: the channel begins by the new time.
func TestLiveBeginMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := &room{}, &sender{}
		log := slog.New(slog.DiscardHandler)
		b := newBroadcast(s.open, r, func(f string, at time.Duration) player.Item { return player.Item{File: f, At: at} }, nil, func(string, string, any) {}, fault.New(log, func(string, string, any) {}), time.Now, log)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = b.Run(ctx) })
		o := firmware.Occasion{ID: "n", Live: firmware.Live{Source: "udp://:5004"}, Start: time.Now()}
		for _, left := range []time.Duration{time.Minute, time.Minute, 30 * time.Second} {
			b.want(o, true, left)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Minute)
		b.want(o, true, -time.Minute)
		time.Sleep(time.Second)
		cancel()
		wg.Wait()
		if len(s.begins) != 2 || s.begins[0].Sub(s.begins[1]).Round(time.Second) != 30*time.Second {
			t.Errorf("begun for %v", s.begins)
		}
	})
}
