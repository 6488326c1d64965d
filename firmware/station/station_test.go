package station

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/journal"
)

// cold is a machine that has just been switched on and knows no time.
type cold struct{ wall time.Time }

func (c cold) Mono() time.Duration { return 20 * time.Second }

func (c cold) Kernel() (clock.Kernel, error) {
	return clock.Kernel{Wall: c.wall, Mono: c.Mono()}, nil
}

func (c cold) Boot() string { return "cold" }

// The journal writes of its holes when it opens: not with a time before that of
// what is in it, though the clock has forgotten everything.
func TestHoleIsNotDatedBack(t *testing.T) {
	dir := t.TempDir()
	cfg := config.Default()
	cfg.Station.ID, cfg.Station.StateDir, cfg.Station.RunDir = "370100-014", filepath.Join(dir, "state"), filepath.Join(dir, "run")
	cfg.Clock.RTC, cfg.Sound.Device = "", "none"
	built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	newest := built.Add(30 * 24 * time.Hour)
	log := slog.New(slog.DiscardHandler)
	j, err := journal.Open(cfg.JournalDir(), journal.Opts{Station: "370100-014", Boot: "old", Now: func() time.Time { return newest }, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := j.Append(t.Context(), firmware.KindBoot, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(cfg.JournalDir(), "*"))
	flipped := false
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil || len(b) < 3*journal.BlockSize {
			continue
		}
		b[journal.BlockSize+100] ^= 1 // the second record
		if flipped = true; os.WriteFile(name, b, 0o600) != nil {
			t.Fatal(err)
		}
		break
	}
	if !flipped {
		t.Fatalf("nothing to damage in %v", files)
	}
	st, err := New(&cfg, Opts{Built: built, Log: log, Now: time.Now, Doors: Doors{System: cold{built}}})
	if err != nil {
		t.Fatal(err)
	}
	holes := 0
	err = st.journal.Scan(func(r firmware.Record) error {
		if r.Kind == firmware.KindJournalHole {
			if holes++; r.Wall.Before(newest) {
				t.Errorf("the hole is dated %v, the records before it %v", r.Wall, newest)
			}
		}
		return nil
	})
	if err != nil || holes != 1 {
		t.Errorf("%d holes, %v", holes, err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}
