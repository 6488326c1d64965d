package station

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/text"
	"stationbox/hal"
	"stationbox/media/library"
	"stationbox/media/player"
)

// ledger is a journal in memory; it can refuse.
type ledger struct {
	mu      sync.Mutex
	records []firmware.Record
	refuse  error
}

func (l *ledger) Append(_ context.Context, kind, id string, data any) (firmware.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return firmware.Record{}, l.refuse
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return firmware.Record{}, err
	}
	r := firmware.Record{Seq: uint64(len(l.records) + 1), Wall: time.Now(), Kind: kind, Lesson: id, Data: raw}
	l.records = append(l.records, r)
	return r, nil
}

func (l *ledger) list(kind string) []firmware.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []firmware.Record
	for _, r := range l.records {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}

// room is everything around a showing: guard, player, projector, voice, panel.
type room struct {
	mu      sync.Mutex
	mains   bool
	loads   bool
	lit     time.Time // since when the projector is wanted on
	file    string
	item    player.Item // as it was loaded last
	since   time.Time   // film running since, zero when paused
	pos     time.Duration
	length  time.Duration
	refuse  error
	held    bool // the guard keeps the projector's mains for its lamp
	always  bool // there is a receiver whose load is always on
	silent  bool // the guard does not answer
	said    []string
	lamps   []string
	started []time.Time
}

func (r *room) Status() hal.Reading[firmware.GuardStatus] {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := firmware.GuardStatus{State: firmware.GuardTrip, MainsOK: r.mains, Loads: []firmware.LoadStatus{{Name: "projector", On: r.loads && r.mains}}}
	if r.mains {
		st.State, st.Contactor = firmware.GuardClosed, true
	}
	if r.always {
		st.Loads = append(st.Loads, firmware.LoadStatus{Name: "receiver", On: r.mains})
	}
	if r.silent {
		return hal.Reading[firmware.GuardStatus]{}
	}
	return hal.Reading[firmware.GuardStatus]{Value: st, At: time.Now()}
}

func (r *room) Want(w firmware.GuardWant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loads = w.Loads["projector"] || r.loads && r.held
}

func (r *room) position() time.Duration {
	p := r.pos
	if !r.since.IsZero() {
		p += time.Since(r.since)
	}
	return min(p, r.length)
}

func (r *room) State() player.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.position()
	st := player.Status{Alive: true, Loaded: r.file, Position: p, Duration: r.length, FrameTime: 40 * time.Millisecond, Playing: !r.since.IsZero() && p < r.length}
	st.Paused, st.EOF = r.since.IsZero(), r.file != "" && p >= r.length
	st.Complete = st.EOF
	return st
}

// plain does nothing to the sound of a film.
func plain(string) library.Loudness { return library.Loudness{} }

func (r *room) PreloadItem(_ context.Context, i player.Item) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		return r.refuse
	}
	r.item, r.file, r.pos, r.since = i, i.File, i.At, time.Time{}
	return nil
}

func (r *room) Play(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since = time.Now()
	r.started = append(r.started, r.since)
	return nil
}

func (r *room) Pause(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pos, r.since = r.position(), time.Time{}
	return nil
}

func (r *room) Stop(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.file = ""
	return nil
}

func (r *room) Show(context.Context, int, string) error { return nil }
func (r *room) Hide(context.Context, int) error         { return nil }
func (r *room) Events() <-chan player.Event             { return nil }

func (r *room) say(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, s)
}
func (r *room) Bell()                   { r.say("bell") }
func (r *room) Beep(bool)               {}
func (r *room) PlayFile(n string) error { r.say(n); return nil }
func (r *room) lamp(s string)           { r.mu.Lock(); r.lamps = append(r.lamps, s); r.mu.Unlock() }
func (r *room) Ack()                    { r.lamp("ack") }
func (r *room) Reject()                 { r.lamp("reject") }
func (r *room) Fault()                  { r.lamp("fault") }

// beamer is the projector of the room.
type beamer struct{ r *room }

func (b beamer) State(context.Context) (hal.DisplayState, error) {
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	if b.r.lit.IsZero() {
		return hal.DisplayStandby, nil
	}
	if time.Since(b.r.lit) < 30*time.Second {
		return hal.DisplayWarming, nil
	}
	return hal.DisplayOn, nil
}
func (b beamer) PowerOn(context.Context) error {
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	b.r.lit = time.Now()
	return nil
}
func (b beamer) PowerOff(context.Context) error {
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	b.r.lit = time.Time{}
	return nil
}
func (b beamer) Input(context.Context, string) error { return nil }

// one is a calendar of one occasion.
type one struct{ o firmware.Occasion }

func (c one) Between(from, to time.Time) []firmware.Occasion {
	if c.o.Start.Before(from) || !c.o.Start.Before(to) {
		return nil
	}
	return []firmware.Occasion{c.o}
}

// steady is a clock that is right.
type steady struct{ began time.Time }

func (c steady) Plan() clock.Plan     { return clock.Plan{Mode: clock.ByClock} }
func (c steady) Status() clock.Status { return clock.Status{Level: clock.Good} }
func (c steady) Mono() time.Duration  { return time.Since(c.began) }

// rig is a station program without its drivers, on a room and a ledger that
// outlive it.
type rig struct {
	show *showing
	roll *rollbook
	stop func()
}

func begin(t *testing.T, r *room, l *ledger, o firmware.Occasion, runDir string) rig {
	t.Helper()
	return beginWith(t, r, r, l, o, runDir, &config.Config{})
}

func beginWith(t *testing.T, r *room, g mainsGuard, l *ledger, o firmware.Occasion, runDir string, cfg *config.Config, tune ...func(*showing)) rig {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	sc := newScribe(l, log, func(error) {})
	fl := fault.New(log, sc.put)
	keeper := display.New("projector", beamer{r}, display.Opts{})
	screens := []screen{{"projector", "projector", keeper}}
	d := newDesk(r, plain, log)
	roster, _, err := attendance.ParseRoster([]byte("number,name\n12,王秀英\n7,李建国\n"))
	if err != nil {
		t.Fatal(err)
	}
	rb := newRollbook()
	mem := newMemory()
	for _, rec := range l.records {
		mem.feed(rec)
		rb.feed(rec)
	}
	words := text.New("zh")
	rb.journal, rb.roster, rb.panel, rb.voice, rb.faults, rb.words, rb.log, rb.now, rb.tick = l, roster, r, r, fl, words, log, time.Now, time.Now
	show := &showing{cal: one{o}, clock: steady{time.Now()}, tick: time.Now, times: lesson.Times{Ready: 2 * time.Minute, Bell: time.Minute, WarmUp: 45 * time.Second, LateLimit: 5 * time.Minute, Preload: 10 * time.Second, Closing: 8 * time.Second},
		mem: mem, scribe: sc, guard: g, screens: screens, loads: []string{"projector"}, desk: d, voice: r, roll: rb, faults: fl, words: words,
		place: "柳树屯", stateDir: runDir, log: log, now: time.Now, mark: newBookmark(runDir, log),
		requests: newRequests(cfg), asked: make(chan asked, 8)}
	show.prover = newProver(proverOpts{stateDir: runDir, station: "370100-014", boot: "b", projector: "projector", tick: time.Now, faults: fl, log: log})
	show.player, rb.prover = r, show.prover
	for _, rec := range l.records {
		show.prover.feed(rec)
	}
	for _, f := range tune {
		f(show)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	runs := []func(context.Context) error{sc.Run, keeper.Run, d.Run, rb.Run, show.prover.Run, show.Run}
	if show.air != nil {
		runs = append(runs, show.air.Run)
	}
	for _, run := range runs {
		wg.Go(func() { _ = run(ctx) })
	}
	return rig{show, rb, func() { cancel(); wg.Wait() }}
}

func occasion(t *testing.T, in time.Duration) (firmware.Occasion, string) {
	t.Helper()
	dir := t.TempDir()
	film := filepath.Join(dir, "film.mp4")
	if err := os.WriteFile(film, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return firmware.Occasion{ID: "party-1", Title: "第一课", File: film, Start: time.Now().Add(in), Duration: 3 * time.Minute}, dir
}

func phases(l *ledger) string {
	var out []string
	for _, r := range l.list(firmware.KindPhase) {
		var n phaseNote
		_ = json.Unmarshal(r.Data, &n)
		out = append(out, string(n.Phase))
	}
	return strings.Join(out, " ")
}

func result(t *testing.T, l *ledger) resultNote {
	t.Helper()
	rs := l.list(firmware.KindLesson)
	if len(rs) != 1 {
		t.Fatalf("%d lesson records, want 1", len(rs))
	}
	var n resultNote
	if err := json.Unmarshal(rs[0].Data, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
