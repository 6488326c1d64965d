package station

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/lesson"
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
	fl := newFaults(log, sc.put)
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

func TestWholeLesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(150 * time.Second)
		for _, k := range "12#7#12#99#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(6 * time.Minute)
		g.stop()
		if got, want := phases(l), "ready_check roll_call playing closing cool_down done"; got != want {
			t.Errorf("phases %q, want %q", got, want)
		}
		// Let go one picture early, so that the second stands at the start.
		if want := o.Start.Add(-40 * time.Millisecond); len(r.started) != 1 || !r.started[0].Equal(want) {
			t.Errorf("film let go at %v, want once at %v", r.started, want)
		}
		if got := result(t, l); got.Cause != lesson.CausePlayed || got.Present != 2 || got.PlayedMS != 180000 {
			t.Errorf("result %+v", got)
		}
		if got, want := strings.Join(r.lamps, " "), "ack ack ack reject"; got != want {
			t.Errorf("lamps %q, want %q", got, want)
		}
		if got := len(l.list(firmware.KindPress)); got != 4 {
			t.Errorf("%d presses on record, want 4", got)
		}
		if n := len(slices.DeleteFunc(slices.Clone(r.said), func(s string) bool { return s != "bell" })); n != 1 {
			t.Errorf("bell rang %d times: %v", n, r.said)
		}
		if !r.lit.IsZero() || r.loads {
			t.Error("something is still on after the lesson")
		}
	})
}

func TestRestartInMidLesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(150 * time.Second)
		for _, k := range "12#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(90 * time.Second)
		g.stop()
		time.Sleep(2 * time.Second) // the film runs on by itself
		g = begin(t, r, l, o, dir)
		for _, k := range "7#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(5 * time.Minute)
		g.stop()
		if len(r.started) != 1 {
			t.Errorf("film begun %d times, want once", len(r.started))
		}
		if got := result(t, l); got.Cause != lesson.CausePlayed || got.Present != 2 {
			t.Errorf("result %+v", got)
		}
		if got, want := phases(l), "ready_check roll_call playing closing cool_down done"; got != want {
			t.Errorf("phases %q, want %q", got, want)
		}
	})
}

func TestRestartOfStationAndPlayer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(4 * time.Minute) // a minute of film
		g.stop()
		r.mu.Lock()
		r.file, r.since, r.pos = "", time.Time{}, 0
		r.mu.Unlock()
		g = begin(t, r, l, o, dir)
		time.Sleep(3 * time.Second)
		st := r.State()
		if got := st.Position; got < 58*time.Second || got > 66*time.Second {
			t.Errorf("film goes on at %v, want about a minute", got)
		}
		g.stop()
	})
}

func TestMainsLostAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		set := func(on bool) {
			r.mu.Lock()
			r.mains = on
			if !on {
				r.lit = time.Time{}
			}
			r.mu.Unlock()
		}
		time.Sleep(4 * time.Minute)
		set(false)
		time.Sleep(time.Minute)
		if st := r.State(); st.Playing || st.Position > 65*time.Second {
			t.Errorf("film runs on to %v without mains", st.Position)
		}
		set(true)
		time.Sleep(5 * time.Minute)
		g.stop()
		if got := result(t, l); got.Cause != lesson.CausePlayed {
			t.Errorf("result %+v", got)
		}
		if got, want := phases(l), "ready_check roll_call playing paused playing closing cool_down done"; got != want {
			t.Errorf("phases %q, want %q", got, want)
		}
	})
}

func TestUnplayableFilmSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute, refuse: player.ErrUnplayable}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(10 * time.Minute)
		if fs := g.show.faults.list(); len(fs) == 0 || fs[0].Code != "fault.lesson.not_shown" {
			t.Errorf("faults %v", fs)
		}
		g.stop()
		if got := result(t, l); got.Cause != lesson.CauseNoFile {
			t.Errorf("result %+v", got)
		}
	})
}

func TestUnrecordedPressIsNotAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(30 * time.Second)
		l.mu.Lock()
		l.refuse = errors.New("input/output error")
		l.mu.Unlock()
		for _, k := range "12#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(5 * time.Second)
		g.stop()
		if got := strings.Join(r.lamps, " "); got != "fault" {
			t.Errorf("lamps %q, want fault", got)
		}
	})
}

// TestRestOfANumberSignsNobodyIn: after a key that may have been missed nobody is
// signed in by what is left of a number, and who typed it hears so.
func TestRestOfANumberSignsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(30 * time.Second)
		for _, k := range []key{{r: '3'}, {missed: true}, {r: '5'}, {r: '#'}, {r: '1'}, {r: '2', missed: true}, {r: '#'}, {r: '1'}} {
			k.at = time.Now()
			g.roll.keys <- k
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(20 * time.Second) // the last one waits for the rest in vain
		for _, k := range "12#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(5 * time.Second)
		g.stop()
		if got := l.list(firmware.KindPress); len(got) != 1 || !strings.Contains(string(got[0].Data), `"number":12,`) {
			t.Errorf("signed in: %v", got)
		}
		if got := strings.Count(strings.Join(r.lamps, " "), "reject"); got != 5 {
			t.Errorf("refused %d times, want 5: %v", got, r.lamps)
		}
	})
}

func TestSleptThroughIsOnRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		l.records = append(l.records, known(time.Now()))
		time.Sleep(2 * time.Hour)
		g := begin(t, r, l, o, dir)
		time.Sleep(10 * time.Second)
		g.stop()
		if got := result(t, l); got.Cause != lesson.CauseMissed {
			t.Errorf("result %+v", got)
		}
	})
}
