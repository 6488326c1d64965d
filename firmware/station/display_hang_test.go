package station

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// rock is a display whose every call hangs: with its context when polite, else for
// ever.
type rock struct{ polite bool }

func (r rock) hang(ctx context.Context) error {
	if !r.polite {
		select {}
	}
	<-ctx.Done()
	return hal.ErrSilent
}

func (r rock) State(ctx context.Context) (hal.DisplayState, error) { return 0, r.hang(ctx) }
func (r rock) PowerOn(ctx context.Context) error                   { return r.hang(ctx) }
func (r rock) PowerOff(ctx context.Context) error                  { return r.hang(ctx) }
func (r rock) Input(ctx context.Context, _ string) error           { return r.hang(ctx) }

// A display that hangs delays neither the film nor the other display.
func TestHangingDisplayDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		ctx, cancel := context.WithCancel(t.Context())
		k := display.New("tv", rock{polite: true}, display.Opts{BlindOn: true})
		done := make(chan struct{})
		go func() { defer close(done); _ = k.Run(ctx) }()
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, func(s *showing) {
			s.screens = append(s.screens, screen{"tv", "projector", k})
		})
		time.Sleep(9 * time.Minute)
		g.stop()
		cancel()
		<-done
		if want := o.Start.Add(-40 * time.Millisecond); len(r.started) != 1 || !r.started[0].Equal(want) {
			t.Errorf("film let go at %v, want once at %v", r.started, want)
		}
		if got := result(t, l); got.Cause != lesson.CausePlayed {
			t.Errorf("result %+v", got)
		}
	})
}

// BenchmarkHangingDisplay is one turn of the loop that decides, in mid-lesson, with
// and without a display that hangs for ever in its driver. worst-ms is the longest
// of all turns; on a machine that is busy with other programs it is theirs.
func BenchmarkHangingDisplay(b *testing.B) {
	for _, hanging := range []bool{false, true} {
		name := map[bool]string{false: "without", true: "hanging"}[hanging]
		b.Run(name, func(b *testing.B) {
			show := decider(b, hanging)
			var turns []time.Duration
			for b.Loop() {
				began := time.Now()
				show.round()
				turns = append(turns, time.Since(began))
			}
			slices.Sort(turns)
			ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
			b.ReportMetric(ms(turns[len(turns)*999/1000]), "p99.9-ms")
			b.ReportMetric(ms(turns[len(turns)-1]), "worst-ms")
		})
	}
}

func decider(b *testing.B, hanging bool) *showing {
	b.Helper()
	log := slog.New(slog.DiscardHandler)
	dir := b.TempDir()
	r, l := &room{mains: true, loads: true, length: time.Hour, lit: time.Now().Add(-time.Hour)}, &ledger{}
	sc := newScribe(l, log, func(error) {})
	keepers := []*display.Keeper{display.New("projector", beamer{r}, display.Opts{})}
	screens := []screen{{"projector", "projector", keepers[0]}}
	if hanging {
		keepers = append(keepers, display.New("tv", rock{}, display.Opts{BlindOn: true, Call: 50 * time.Millisecond, Poll: time.Millisecond}))
		screens = append(screens, screen{"tv", "projector", keepers[1]})
	}
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(cancel)
	for _, k := range keepers {
		k.Powered(true)
		k.Want(true)
		go func() { _ = k.Run(ctx) }()
	}
	go func() { _ = sc.Run(ctx) }()
	rb, words, d := newRollbook(), text.New("zh"), newDesk(r, plain, log)
	rb.journal, rb.panel, rb.voice, rb.faults, rb.words, rb.log, rb.now, rb.tick = l, r, r, fault.New(log, sc.put), words, log, time.Now, time.Now
	o := firmware.Occasion{ID: "party-1", Title: "第一课", File: filepath.Join(dir, "film.mp4"), Start: time.Now().Add(time.Minute), Duration: time.Hour}
	pr := newProver(proverOpts{stateDir: dir, station: "370100-014", boot: "b", projector: "projector", tick: time.Now, faults: rb.faults, log: log})
	rb.prover = pr
	return &showing{prover: pr, player: r, cal: one{o}, clock: steady{time.Now()}, tick: time.Now, times: lesson.Times{Ready: 2 * time.Minute, Bell: 5 * time.Second, WarmUp: 90 * time.Second, LateLimit: 5 * time.Minute, Preload: 10 * time.Second, Closing: 8 * time.Second},
		mem: newMemory(), scribe: sc, guard: r, screens: screens, loads: []string{"projector"}, desk: d, voice: r, roll: rb, faults: rb.faults, words: words,
		place: "柳树屯", stateDir: dir, log: log, now: time.Now, mark: newBookmark(dir, log), requests: newRequests(&config.Config{}), asked: make(chan asked, 8)}
}
