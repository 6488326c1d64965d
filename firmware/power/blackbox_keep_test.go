package power

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var quietLog = slog.New(slog.DiscardHandler)

// listed are the names of the folder, without their time.
func listed(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func readRecord(t *testing.T, path string) *Record {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 16<<10 {
		t.Errorf("%d bytes", len(b))
	}
	r, err := ParseRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestKeeperWritesTwice: once when the wave is here, for the power may fail, and
// once when everything is; it is one file.
func TestKeeperWritesTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "events")
	b, m := newBench(t, dir), inside(0, 0, 0)
	b.frames(m, 400)
	b.event(EventTrip, CauseOver)
	b.frames(m, 100)
	b.sweep()
	names := listed(t, dir)
	if !slices.Equal(names, []string{"20261123T120001.000Z-boot-1.json"}) {
		t.Fatalf("%v", names)
	}
	if r := readRecord(t, filepath.Join(dir, names[0])); r.Whole || r.Acts[0].Kind != "trip" || r.Seq != 1 || r.Boot != "boot" {
		t.Errorf("%+v", r.Acts)
	}
	b.event(EventWeld, CauseWelded)
	b.frames(m, 2000)
	b.sweep()
	names = listed(t, dir)
	if len(names) != 2 {
		t.Fatalf("%v", names)
	}
	r := readRecord(t, filepath.Join(dir, names[0]))
	if !r.Whole || !slices.Equal(kindsOf(r), []string{"trip", "weld"}) {
		t.Errorf("whole %v, %v", r.Whole, kindsOf(r))
	}
	if b.unsafe.Load() {
		t.Error("counts as unsafe")
	}
}

// TestRecordOfEverythingIsSmall: as many acts and gaps as can be are 16 KiB.
func TestRecordOfEverythingIsSmall(t *testing.T) {
	b, m := newBench(t, "x"), inside(0.6, 9, 399)
	for i := range 800 {
		b.play(m.frame(b.n), i%9/8)
	}
	for range maxActs {
		b.event(EventNoClose, CauseNotClosing)
	}
	b.frames(m, 2000)
	for _, r := range b.handed() {
		out, err := json.Marshal(r)
		if err != nil || len(out) > 16<<10 {
			t.Errorf("%d bytes, %v", len(out), err)
		}
		if got, err := ParseRecord(out); err != nil || !slices.Equal(got.Wave.Samples, r.Wave.Samples) || !slices.Equal(got.Fine.Hi, r.Fine.Hi) || len(got.Acts) != len(r.Acts) {
			t.Errorf("not what was written: %v", err)
		}
	}
}

// TestKeeperOnAFullCard: the write fails as on a full card; the loop goes on,
// the remark stands, and what was kept in memory is written when there is room.
func TestKeeperOnAFullCard(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	dir := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(dir, tempName)); err != nil {
		t.Fatal(err)
	}
	b, m := newBench(t, dir), inside(0, 0, 0)
	b.frames(m, 400)
	b.event(EventTrip, CauseOver)
	b.frames(m, 100)
	b.sweep()
	if !b.unsafe.Load() || b.failed != 1 || len(listed(t, dir)) != 0 {
		t.Fatalf("unsafe %v, failed %d, %v", b.unsafe.Load(), b.failed, listed(t, dir))
	}
	if err := os.Symlink("/dev/full", filepath.Join(dir, tempName)); err != nil {
		t.Fatal(err)
	}
	b.frames(m, 2000)
	b.sweep()
	b.frames(m, 4000) // the loop does not care
	if !b.unsafe.Load() || b.failed != 2 {
		t.Errorf("unsafe %v, failed %d", b.unsafe.Load(), b.failed)
	}
	b.sweep() // the failed write has removed its temporary file: there is room
	names := listed(t, dir)
	if b.unsafe.Load() || len(names) != 1 || !readRecord(t, filepath.Join(dir, names[0])).Whole {
		t.Errorf("unsafe %v, %v", b.unsafe.Load(), names)
	}
}

func TestKeeperWithoutAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b, m := newBench(t, filepath.Join(file, "events")), inside(0, 0, 0)
	b.frames(m, 400)
	for range slots + 2 {
		b.event(EventTrip, CauseOver)
		b.frames(m, 2200)
		b.sweep()
	}
	if !b.unsafe.Load() || b.dropped.Load() != 2 {
		t.Errorf("unsafe %v, dropped %d", b.unsafe.Load(), b.dropped.Load())
	}
}

// TestKeeperRun writes what comes, and at the end what is left.
func TestKeeperRun(t *testing.T) {
	dir := t.TempDir()
	b, m := newBench(t, dir), inside(0, 0, 0)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.keepFiles(ctx) }()
	b.frames(m, 400)
	b.event(EventTrip, CauseOver)
	b.frames(m, 10)
	b.finish()
	stop()
	<-done
	if names := listed(t, dir); len(names) != 1 {
		t.Errorf("%v", names)
	}
}

func TestMakeRoom(t *testing.T) {
	tests := []struct {
		name  string
		files int
		bytes int
		size  int64
		left  int
		first string
	}{
		{"few", 10, 1000, 1000, 10, "0000.json"},
		{"too many", 205, 10, 10, maxFiles - 1, "0006.json"},
		{"too large", 100, 100_000, 16 << 10, 83, "0017.json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			body := []byte(strings.Repeat("x", tt.bytes))
			for i := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.json", i)), body, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "0000.txt"), body, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := makeRoom(dir, "9999.json", tt.size); err != nil {
				t.Fatal(err)
			}
			names := slices.DeleteFunc(listed(t, dir), func(n string) bool { return n == "0000.txt" })
			if len(names) != tt.left || names[0] != tt.first {
				t.Errorf("%d left, first %s", len(names), names[0])
			}
		})
	}
}

func TestMakeRoomSaysWhatIsWrong(t *testing.T) {
	if err := makeRoom(filepath.Join(t.TempDir(), "none"), "x", 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func goodRecord() *Record {
	return &Record{
		Version: 1, Boot: "b", Wall: epoch, FullScale: 800, Acts: []Act{{Kind: "trip", MV: 402_000}},
		Limits: Limits{GoodLow: 190, GoodHigh: 250, Stages: []StageOf{{Over: 340}}},
		Wave:   Trace{Rate: 8000, Before: 2, Samples: Samples{1, 2, 3, 4}, Gaps: [][2]int{{1, 2}}},
		Fine:   Curve{FromMS: -20, StepMS: 20, Lo: Samples{2200, -1}, Hi: Samples{2210, -1}},
		Coarse: Curve{StepMS: 200},
	}
}

func TestParseRecordRefuses(t *testing.T) {
	tests := []struct {
		name   string
		damage func(r *Record)
	}{
		{"version", func(r *Record) { r.Version = 2 }},
		{"no acts", func(r *Record) { r.Acts = nil }},
		{"full scale", func(r *Record) { r.FullScale = 0 }},
		{"no wave", func(r *Record) { r.Wave.Samples = nil }},
		{"gap backwards", func(r *Record) { r.Wave.Gaps = [][2]int{{3, 2}} }},
		{"gap beyond the end", func(r *Record) { r.Wave.Gaps = [][2]int{{3, 5}} }},
		{"middle beyond the end", func(r *Record) { r.Wave.Before = 5 }},
		{"halves of a curve", func(r *Record) { r.Fine.Hi = r.Fine.Hi[:1] }},
		{"no step", func(r *Record) { r.Coarse.StepMS = 0 }},
		{"time", func(r *Record) { r.Wall = time.Time{} }},
		{"a year later", func(r *Record) { r.Acts[0].AtUS = 365 * 24 * 3600 * 1e6 }},
		{"a billion volts", func(r *Record) { r.Acts[0].MV = 1e12 }},
		{"limit", func(r *Record) { r.Limits.Stages[0].Over = -1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := goodRecord()
			b, _ := json.Marshal(r)
			if _, err := ParseRecord(b); err != nil {
				t.Fatalf("the good one: %v", err)
			}
			tt.damage(r)
			b, _ = json.Marshal(r)
			if _, err := ParseRecord(b); err == nil {
				t.Error("believed")
			}
		})
	}
}

func FuzzRecord(f *testing.F) {
	b, _ := json.Marshal(goodRecord())
	f.Add(b)
	f.Add([]byte(`{"version":1,"wave":{"samples":"AAA="}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRecord(b)
		if err != nil {
			return
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRecord(out)
		if err != nil || !slices.Equal(again.Wave.Samples, r.Wave.Samples) {
			t.Fatalf("what was believed is not believed again: %v", err)
		}
	})
}
