package station

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/journal"
	"stationbox/firmware/lesson"
	"stationbox/firmware/text"
)

// TestTrialGivesWayToALesson: what somebody tries at a display ends when a lesson
// needs it.
func TestTrialGivesWayToALesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, _, begin := dayRig(t, byClock)
		g := begin()
		if g.show.whileIdle(t.Context(), func(context.Context) { time.Sleep(time.Minute) }) {
			t.Error("interrupted while nothing is on")
		}
		if !g.show.whileIdle(t.Context(), func(ctx context.Context) { <-ctx.Done() }) {
			t.Error("not interrupted")
		}
		if got := time.Now().Format("15:04"); got != "11:58" {
			t.Errorf("interrupted at %s, the ready check begins at 11:58", got)
		}
		g.stop()
	})
}

// counter is a station of which only the commands work, an hour after a lesson
// that was missed.
func counter(t *testing.T) *Station {
	t.Helper()
	cfg := referenceConfig(t, "", "")
	cal, _ := calendarOf(cfg, cfg.Location())
	at := time.Date(2026, 11, 23, 21, 30, 0, 0, cfg.Location())
	log := slog.New(slog.DiscardHandler)
	st := &Station{cfg: cfg, zone: cfg.Location(), words: text.New("en"), log: log, now: func() time.Time { return at }, tick: time.Now, agenda: newAgenda(cal)}
	var err error
	if st.journal, err = journal.Open(filepath.Join(t.TempDir(), "journal"), journal.Opts{Station: "s", Boot: "b", Now: st.now, Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.journal.Close() })
	n := resultNote{Title: "党课", Scheduled: at.Add(-2 * time.Hour), Cause: lesson.CauseNoMains}
	if _, err := st.journal.Append(t.Context(), firmware.KindLesson, "party-2026-11-23", n); err != nil {
		t.Fatal(err)
	}
	st.scribe = newScribe(st.journal, log, func(error) {})
	st.showing = &showing{asked: make(chan asked, 1), mem: newMemory(), now: st.now, cal: st.agenda, scribe: st.scribe}
	return st
}

// TestAcceptedMakeUpIsInTheScheduleThatIsShown, and one without a place is not
// accepted.
func TestAcceptedMakeUpIsInTheScheduleThatIsShown(t *testing.T) {
	st := counter(t)
	const id = "party-2026-11-23-makeup"
	if _, err := st.runMakeUp(t.Context(), st.env("en", "shell"), []string{id}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.runStorm(t.Context(), st.env("en", "shell"), []string{"on"}); err == nil || !strings.Contains(err.Error(), "did not take the order") {
		t.Errorf("when nobody took it: %v", err)
	}
	st.showing.take()
	env := st.env("en", "shell")
	found := 0
	for _, o := range env.Between(st.now(), st.now().AddDate(0, 0, 31)) {
		if o.ID == id {
			found++
		}
	}
	p, err := env.Plan(st.now(), st.now().AddDate(0, 0, 31))
	for _, s := range p.Slots {
		if s.ID == id {
			found++
		}
	}
	if err != nil || found != 2 || len(p.MakeUps) != 0 {
		t.Errorf("found %d times in two, still proposed: %+v, %v", found, p.MakeUps, err)
	}

	st = counter(t)
	st.cfg.Calendar.MakeUpFrom, st.cfg.Calendar.MakeUpUntil = "08:00", "08:01"
	if r, err := st.runMakeUp(t.Context(), st.env("en", "shell"), []string{id}); err == nil || len(st.showing.asked) > 0 {
		t.Errorf("accepted without a place: %+v", r)
	}
}

// TestForceIsOnRecord: who set the time against the station's advice.
func TestForceIsOnRecord(t *testing.T) {
	st := counter(t)
	st.clock = clock.NewKeeper(clock.New(clock.Opts{Zone: st.zone}), clock.Linux{}, clock.KeeperOpts{Path: filepath.Join(t.TempDir(), "clock.json"), Log: st.log,
		Note: func(string, clock.Event) {}, Fault: func(bool, string, string, ...string) {}})
	if r, err := st.runTimeSet(t.Context(), st.env("en", "shell"), []string{"force", "nonsense"}); err != nil || r.Code == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if n := <-st.scribe.queue; fmt.Sprint(n.data) != "map[args:[time set force nonsense] by:shell]" {
		t.Errorf("record %v", n.data)
	}
}
