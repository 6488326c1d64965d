package station

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
	"stationbox/firmware/proof"
	"stationbox/firmware/station/internal/fault"
	"stationbox/hal"
	"stationbox/media/player"
)

// evening is a lesson before a prover, with a clock of its own.
type evening struct {
	t      *testing.T
	dir    string
	told   []firmware.Fault
	o      firmware.Occasion
	at     time.Time
	p      *prover
	record uint64
}

func newEvening(t *testing.T) *evening {
	e := &evening{t: t, dir: t.TempDir(), at: time.Date(2026, 11, 23, 19, 30, 0, 0, time.FixedZone("CST", 8*3600))}
	film := filepath.Join(e.dir, "party.mp4")
	if err := os.WriteFile(film, []byte("a film"), 0o644); err != nil {
		t.Fatal(err)
	}
	e.o = firmware.Occasion{ID: "party-2026-11-23", Title: "党课", File: film, Start: e.at, Duration: 45 * time.Minute}
	e.boot()
	return e
}

// boot starts the program, or starts it again.
func (e *evening) boot() {
	f := fault.New(slog.New(slog.DiscardHandler), func(_, _ string, data any) { e.told = append(e.told, data.(firmware.Fault)) })
	e.p = newProver(proverOpts{stateDir: e.dir, station: "370100-014", boot: "b", tv: "tv", projector: "projector",
		tick: func() time.Time { return e.at }, faults: f, log: slog.New(slog.DiscardHandler)})
}

func (e *evening) feed(kind string, data any) {
	e.record++
	raw, err := json.Marshal(data)
	if err != nil {
		e.t.Fatal(err)
	}
	e.p.feed(firmware.Record{Seq: e.record, Wall: e.at, Kind: kind, Lesson: e.o.ID, Data: raw})
}

func (e *evening) press(numbers ...int) {
	for _, n := range numbers {
		e.feed(firmware.KindPress, firmware.Press{Number: n, Known: n < 90})
	}
}

// play lets d of the lesson pass, ten rounds a second.
func (e *evening) play(d time.Duration, from time.Duration, phase lesson.Phase) {
	for past := time.Duration(0); past < d; past += 100 * time.Millisecond {
		e.at = e.at.Add(100 * time.Millisecond)
		st := firmware.GuardStatus{State: firmware.GuardClosed, Contactor: true, FeedMV: 220_000, FeedOK: true,
			Loads: []firmware.LoadStatus{{Name: "tv", On: true, CurrentMA: 500, CurrentOK: true}, {Name: "projector", On: true, CurrentMA: 1200, CurrentOK: true}, {Name: "speakers", On: true, CurrentMA: 90, CurrentOK: true}},
			Meter: &firmware.MeterStatus{VoltageMV: 220_000, CurrentMA: 2000, PowerMW: 396_000}}
		pos := from
		if phase == lesson.Playing {
			pos += past
		}
		pl := player.Status{Alive: true, Loaded: e.o.File, Playing: phase == lesson.Playing, Position: pos, FramesShown: int64(pos / (40 * time.Millisecond)), FramesDropped: int64(pos / time.Minute)}
		e.p.sample(e.at, e.o, phase, hal.Reading[firmware.GuardStatus]{Value: st, At: e.at}, pl, pl.Loaded == e.o.File)
	}
}

// hash lets Run read what was asked for and save.
func (e *evening) hash() {
	for file, ok := e.p.next(); ok; file, ok = e.p.next() {
		_, err := e.p.hashes.Sum(e.t.Context(), file)
		e.p.done(file, err)
	}
	e.p.store()
}

func (e *evening) end(played time.Duration) (json.RawMessage, proof.Record) {
	b := e.p.end(e.at, e.o, lesson.History{Started: true, StartedAt: e.o.Start}, lesson.CausePlayed, played, 45*time.Minute, 0, trust{source: "rtc", bound: 1500 * time.Millisecond, bounded: true, era: 1})
	r, err := proof.Verify(b, proof.PublicKeys(e.dir).Find)
	if err != nil {
		e.t.Fatalf("%v: %s", err, b)
	}
	return b, r
}

func (e *evening) standing() string {
	var codes []string
	for _, f := range e.p.faults.List() {
		codes = append(codes, f.Code)
	}
	return strings.Join(codes, " ")
}

func TestProverLesson(t *testing.T) {
	e := newEvening(t)
	e.p.prepare(e.o.File)
	if f := e.p.film(e.o.File); !f.There || f.Readable != lesson.Unasked || f.Same != lesson.Yes {
		t.Errorf("before it is read: %+v", f)
	}
	e.hash()
	if f := e.p.film(e.o.File); f.Readable != lesson.Yes || f.Complete != lesson.Yes {
		t.Errorf("when it is read: %+v", f)
	}
	e.feed(firmware.KindRollOpen, struct{}{})
	e.press(1, 2, 3, 3, 99)
	e.play(20*time.Minute, 0, lesson.Playing)
	e.press(1, 2)
	e.play(90*time.Second, 20*time.Minute, lesson.Paused)
	e.play(25*time.Minute, 20*time.Minute, lesson.Playing)
	e.press(1)
	_, r := e.end(45 * time.Minute)
	if *r.Present[0] != 3 || *r.Present[1] != 2 || *r.Present[2] != 1 {
		t.Errorf("present %d/%d/%d, want 3/2/1", *r.Present[0], *r.Present[1], *r.Present[2])
	}
	if want := (proof.Watts{99, 99, 99}); *r.TV != want || r.Power != "meter" {
		t.Errorf("TV %v by %s, want %v", *r.TV, r.Power, want)
	}
	if want := (proof.Watts{238, 238, 238}); *r.Projector != want {
		t.Errorf("projector %v, want %v", *r.Projector, want)
	}
	if r.Pauses != 1 || r.PausedS < 89 || r.PausedS > 91 || *r.Shown < 67400 || *r.Shown > 67500 || *r.Dropped != 44 {
		t.Errorf("%d pauses of %d s, %d shown, %d dropped", r.Pauses, r.PausedS, *r.Shown, *r.Dropped)
	}
	if r.SHA256 != "eb4d67fa94a1035e41117b2890d6281a1ad461ac0c9cfa6d3c0e94256a08532f" || *r.Bytes != 6 || r.Changed || r.File != "party.mp4" || *r.Seq != int64(e.record) {
		t.Errorf("film: %+v", r)
	}
	if s := e.standing(); s != "" {
		t.Errorf("faults: %s", s)
	}
}

// TestProverRestart: a power cut in mid-lesson loses a minute of measurement at
// most, and none of the presses.
func TestProverRestart(t *testing.T) {
	e := newEvening(t)
	e.feed(firmware.KindRollOpen, struct{}{})
	e.press(1, 2)
	e.play(20*time.Minute, 0, lesson.Playing)
	e.feed(firmware.KindPosition, positionNote{PositionMS: 20 * 60_000})
	e.press(2)
	e.hash()
	e.at = e.at.Add(10 * time.Minute)
	e.boot()
	e.record = 0 // the journal is read again
	e.feed(firmware.KindRollOpen, struct{}{})
	e.press(1, 2)
	e.feed(firmware.KindPosition, positionNote{PositionMS: 20 * 60_000})
	e.press(2)
	e.play(25*time.Minute, 20*time.Minute, lesson.Playing)
	_, r := e.end(45 * time.Minute)
	if r.Pauses != 1 || r.PausedS < 600 || r.PausedS > 661 || *r.Present[0] != 2 || *r.Present[1] != 1 || *r.Present[2] != 0 || *r.Shown < 60_000 {
		t.Errorf("%d pauses of %d s, present %d/%d/%d, %d shown", r.Pauses, r.PausedS, *r.Present[0], *r.Present[1], *r.Present[2], *r.Shown)
	}
	e.hash()
	e.boot()
	if e.p.now.Lesson != "" {
		t.Error("a lesson that ended is gone on with")
	}
}

// TestProverRestartWithTheClockSet: the pause is neither less than nothing nor years.
func TestProverRestartWithTheClockSet(t *testing.T) {
	for _, jump := range []time.Duration{-3 * time.Hour, 5 * 365 * 24 * time.Hour} {
		e := newEvening(t)
		e.play(2*time.Minute, 0, lesson.Playing)
		e.hash()
		e.at = e.at.Add(jump)
		e.boot()
		e.play(time.Minute, 2*time.Minute, lesson.Playing)
		if _, r := e.end(3 * time.Minute); r.PausedS < 0 || r.PausedS > 24*3600 {
			t.Errorf("jump %v: %d s of pause", jump, r.PausedS)
		}
	}
}

func TestProverNoticesAChangedFilm(t *testing.T) {
	change := func(e *evening) {
		if err := os.WriteFile(e.o.File, []byte("another"), 0o644); err != nil {
			e.t.Fatal(err)
		}
	}
	for name, run := range map[string]func(*evening){
		"before it is read":    func(e *evening) { change(e); e.play(time.Minute, 0, lesson.Playing) },
		"after it was read":    func(e *evening) { e.hash(); change(e); e.play(time.Minute, 0, lesson.Playing) },
		"before a restart":     func(e *evening) { e.hash(); e.boot(); change(e); e.play(time.Minute, 0, lesson.Playing) },
		"while it was playing": func(e *evening) { e.hash(); e.play(time.Minute, 0, lesson.Playing); change(e) },
	} {
		t.Run(name, func(t *testing.T) {
			e := newEvening(t)
			e.p.prepare(e.o.File)
			run(e)
			if f := e.p.film(e.o.File); f.Same != lesson.No {
				t.Errorf("the readiness check does not see it: %+v", f)
			}
			_, r := e.end(time.Minute)
			if !r.Changed || *r.Bytes != 6 {
				t.Errorf("changed %v, %d bytes", r.Changed, *r.Bytes)
			}
			if !strings.Contains(e.standing(), "fault.proof.changed") && name != "while it was playing" {
				t.Errorf("faults: %s", e.standing())
			}
		})
	}
}

// TestProverMissed: a lesson that was never shown has its record all the same.
func TestProverMissed(t *testing.T) {
	e := newEvening(t)
	e.o.File = filepath.Join(e.dir, "none.mp4")
	b := e.p.end(e.at, e.o, lesson.History{}, lesson.CauseNoFile, 0, 0, 0, trust{source: "none", relative: true})
	r, err := proof.Verify(b, proof.PublicKeys(e.dir).Find)
	if err != nil || r.Started != nil || r.SHA256 != "" || r.Bytes != nil || r.TV != nil || r.Present != [3]*int64{} || r.LengthMS != nil || r.Clock.BoundMS != nil || !r.Relative {
		t.Errorf("%v: %s", err, b)
	}
	if f := e.p.film(e.o.File); f.There {
		t.Errorf("film: %+v", f)
	}
}

func TestProverDamagedKey(t *testing.T) {
	e := newEvening(t)
	old, _ := e.end(0)
	if err := os.WriteFile(filepath.Join(e.dir, "station.key"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.boot()
	if s := e.standing(); s != "fault.proof.key" {
		t.Errorf("faults: %s", s)
	}
	_, r := e.end(0)
	if keys := (proofBook{dir: e.dir}).Keys(); len(keys) != 2 || keys[0].Current == keys[1].Current {
		t.Errorf("keys: %+v", keys)
	}
	if p, err := (proofBook{dir: e.dir}).Check(old, ""); err != nil || p.Problem != "" || p.Key == r.Key {
		t.Errorf("a record of the old key: %+v, %v", p, err)
	}
}

// TestProverRun reads and saves in the background, and ends.
func TestProverRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvening(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.p.Run(ctx) }()
		e.p.prepare(e.o.File)
		synctest.Wait()
		if f := e.p.film(e.o.File); f.Readable != lesson.Yes {
			t.Errorf("not read: %+v", f)
		}
		if _, err := os.Stat(e.p.savedFile()); err != nil {
			t.Errorf("not saved: %v", err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestProofBook(t *testing.T) {
	e := newEvening(t)
	good, _ := e.end(45 * time.Minute)
	other := e.o
	other.ID = "party-2026-11-30"
	next := e.p.end(e.at, other, lesson.History{}, lesson.CauseMissed, 0, 0, 0, trust{})
	forged := json.RawMessage(strings.Replace(string(good), `"pauses":0`, `"pauses":1`, 1))
	var records []firmware.Record
	add := func(id string, proof json.RawMessage) {
		raw, err := json.Marshal(map[string]any{"title": "党课", "cause": lesson.CausePlayed, "proof": proof})
		if proof == nil {
			raw, err = json.Marshal(map[string]any{"title": "党课", "cause": lesson.CauseCut})
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, firmware.Record{Seq: uint64(len(records) + 1), Kind: firmware.KindLesson, Lesson: id, Data: raw})
	}
	add("party-2026-11-16", nil) // before the station signed
	add(e.o.ID, good)
	add(other.ID, nil)
	add(e.o.ID, good)
	add("party-2026-12-07", next)
	add("party-2026-12-14", forged)
	add("party-2026-12-21", json.RawMessage(`{"v":1}`))
	book := proofBook{dir: e.dir, scan: func(fn func(firmware.Record) error) error {
		for _, r := range records {
			if err := fn(r); err != nil {
				return err
			}
		}
		return nil
	}}
	list, err := book.Lessons(100)
	var got []string
	for _, p := range list {
		got = append(got, p.Lesson+" "+p.Problem)
	}
	want := []string{"party-2026-11-23 ", "party-2026-11-30 lesson.proof.missing", "party-2026-11-23 lesson.proof.twice", "party-2026-12-07 lesson.proof.moved",
		"party-2026-12-14 lesson.proof.signature", "party-2026-12-21 lesson.proof.form"}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v\n got %q\nwant %q", err, got, want)
	}
	if list, err := book.Lessons(2); err != nil || len(list) != 2 || list[1].Seq != 7 {
		t.Errorf("the newest two: %+v, %v", list, err)
	}
	pub := filepath.Join(t.TempDir(), "town.pub")
	if err := os.WriteFile(pub, proof.PublicPEM(e.p.key.Public), 0o644); err != nil {
		t.Fatal(err)
	}
	bare := proofBook{dir: t.TempDir()}
	if p, err := bare.Check(good, pub); err != nil || p.Problem != "" || p.Title != "党课" {
		t.Errorf("by a key in a file: %+v, %v", p, err)
	}
	if p, err := bare.Check(good, ""); err != nil || p.Problem != "lesson.proof.key" {
		t.Errorf("without a key: %+v, %v", p, err)
	}
	if _, err := bare.Check(good, filepath.Join(e.dir, "party.mp4")); err == nil {
		t.Error("a film is a key")
	}
}
