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
	"stationbox/firmware/card"
	"stationbox/firmware/command"
	"stationbox/firmware/journal"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/telemetry"
	"stationbox/hal"
)

// within waits for something that other goroutines do.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never %s", what)
		}
	}
}

// The lessons of a member are asked of the ledger, which is made anew when somebody
// has damaged it.
func TestMemberYear(t *testing.T) {
	st := counter(t)
	st.cfg.Station.StateDir = t.TempDir()
	if err := st.journal.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if st.journal, err = journal.Open(st.cfg.JournalDir(), journal.Opts{Station: st.cfg.Station.ID, Boot: "b", Now: st.now, Log: st.log}); err != nil {
		t.Fatal(err)
	}
	st.roll = newRollbook()
	st.roll.roster, _, _ = attendance.ParseRoster([]byte("number,name\n12,王秀英\n"))
	for _, lesson := range []string{"party-2026-11-16", "party-2026-11-23", "party-2026-11-23"} {
		if _, err := st.journal.Append(t.Context(), firmware.KindPress, lesson, firmware.Press{Number: 12, Name: "王秀英", Known: true, Panel: "keypad"}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(args ...string) command.Reply {
		return command.Answer(t.Context(), st.table(), st.env("en", "shell"), append([]string{"member"}, args...))
	}
	if r := ask("12"); r.Code == command.CodeOK || !strings.Contains(r.Text, "still being made") {
		t.Errorf("before: %s", r.Text)
	}
	for round := range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := st.keepBooks(ctx); err != nil {
				t.Error(err)
			}
		})
		within(t, "open", func() bool { return st.books.get() != nil })
		if r := ask("12", "2026"); r.Code != command.CodeOK || strings.Count(r.Text, "\n") != 3 || !strings.Contains(r.Text, "12 王秀英  2026: 2 lessons") || !strings.Contains(r.Text, "party-2026-11-16") {
			t.Errorf("round %d: %s", round, r.Text)
		}
		if r := ask("7"); !strings.Contains(r.Text, ": 0 lessons") {
			t.Errorf("a stranger: %s", r.Text)
		}
		cancel()
		wg.Wait()
		if err := os.WriteFile(filepath.Join(st.cfg.Station.StateDir, "ledger.db"), []byte(strings.Repeat("damaged ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{nil, {"x"}, {"0"}, {"12", "99"}, {"1", "2026", "3"}} {
		if r := ask(args...); r.Code == command.CodeOK {
			t.Errorf("%v: %s", args, r.Text)
		}
	}
}

// What is measured is kept in a ring of its own, with the minute before an event.
func TestMeasure(t *testing.T) {
	st := counter(t)
	st.cfg.Station.StateDir, st.shocks = t.TempDir(), make(chan string, 16)
	begun := time.Now()
	st.now = func() time.Time { return begun.Add(20 * time.Since(begun)) }
	st.clock = nil
	mono := func() time.Duration { return time.Since(begun) }
	g := firmware.GuardStatus{MainsOK: true, MainsMV: 221_000, MainsMHz: 50_010, Loads: []firmware.LoadStatus{{Name: "tv", CurrentMA: 410, CurrentOK: true}}}
	values := func() []int32 { return st.measured(hal.Reading[firmware.GuardStatus]{Value: g, At: time.Now()}) }
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := st.measure(ctx, mono, values); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(2500 * time.Millisecond)
	st.shock(firmware.GuardEvent{Kind: "trip"})
	time.Sleep(500 * time.Millisecond)
	cancel()
	wg.Wait()
	kinds := map[string]int{}
	err := journal.Read(filepath.Join(st.cfg.Station.StateDir, "telemetry"), func(r firmware.Record) error {
		kinds[r.Kind]++
		var roll telemetry.Rollup
		if r.Kind == telemetry.KindRollup && json.Unmarshal(r.Data, &roll) == nil {
			if mv := roll.Channels["mains_mv"]; mv.Mean != 221_000 || mv.Known < 1 {
				t.Errorf("mains %+v", mv)
			}
			if ma := roll.Channels["tv_ma"]; ma.Max != 410 {
				t.Errorf("tv %+v", ma)
			}
			if ma := roll.Channels["projector_ma"]; ma.Known != 0 {
				t.Errorf("projector %+v", ma)
			}
		}
		return nil
	})
	if err != nil || kinds[telemetry.KindRaw] != 1 || kinds[telemetry.KindRollup] < 1 {
		t.Errorf("records %v, %v", kinds, err)
	}
	for range 100 { // nobody listens: nothing waits
		st.shock(firmware.GuardEvent{Kind: "trip"})
	}
	for _, v := range st.measured(hal.Reading[firmware.GuardStatus]{}) {
		if v != telemetry.Unknown {
			t.Errorf("of a guard that says nothing: %d", v)
		}
	}
}

// What was written is put down when the program ends, and the status tells it.
func TestCardIsWatched(t *testing.T) {
	st := counter(t)
	st.cfg.Station.StateDir = t.TempDir()
	l := &ledger{}
	st.scribe = newScribe(l, st.log, func(error) {})
	st.faults = fault.New(st.log, st.scribe.put)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = st.scribe.Run(t.Context()) })
	wg.Go(func() {
		if err := st.watchCard(ctx); err != nil {
			t.Error(err)
		}
	})
	if _, err := card.New(st.cfg.Station.StateDir, st.now(), card.Opts{System: os.DirFS("/")}); err != nil {
		cancel()
		t.Skipf("the kernel does not say on which device this machine's folders are: %v", err)
	}
	within(t, "looked at", func() bool { _, ok := st.card.known(); return ok })
	cancel()
	within(t, "on record", func() bool { return len(l.list(card.KindDay)) == 1 })
}

// strict is a journal that takes nothing from who has ended, as the real one.
type strict struct{ ledger }

func (s *strict) Append(ctx context.Context, kind, id string, data any) (firmware.Record, error) {
	if ctx.Err() != nil {
		return firmware.Record{}, ctx.Err()
	}
	return s.ledger.Append(ctx, kind, id, data)
}

// Nothing that was handed over before the end is lost by it.
func TestScribeWritesItsLastWords(t *testing.T) {
	for range 200 {
		l := &strict{}
		s := newScribe(l, slog.New(slog.DiscardHandler), func(error) {})
		ctx, cancel := context.WithCancel(t.Context())
		for range 5 {
			s.put("word", "", nil)
		}
		cancel()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(l.list("word")); n != 5 {
			t.Fatalf("%d of 5 words are on record", n)
		}
	}
}
