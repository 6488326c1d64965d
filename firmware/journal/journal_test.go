package journal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware"
)

var childDir = flag.String("journal.child", "", "append to this folder until killed")

func opts() Opts {
	return Opts{Station: "370100-014", Boot: "b", Now: time.Now, SegmentSize: 1} // 1: the smallest
}

func open(t testing.TB, dir string, o Opts) *Journal {
	t.Helper()
	j, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func press(t testing.TB, j *Journal, number int) firmware.Record {
	t.Helper()
	rec, err := j.Append(t.Context(), firmware.KindPress, "a", firmware.Press{Number: number, Name: "王秀英", Known: true, Panel: "door"})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// numbers returns the pressed numbers by seq.
func numbers(t testing.TB, dir string) map[uint64]int {
	t.Helper()
	found := map[uint64]int{}
	err := Read(dir, func(r firmware.Record) error {
		var p firmware.Press
		if r.Kind == firmware.KindPress {
			if err := json.Unmarshal(r.Data, &p); err != nil {
				t.Errorf("record %d: %v", r.Seq, err)
			}
			found[r.Seq] = p.Number
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAppendAndReopen(t *testing.T) {
	dir := t.TempDir()
	zone := time.FixedZone("CST", 8*3600)
	o := opts()
	o.Zone = zone
	var seq uint64
	for round := range 3 {
		j := open(t, dir, o)
		for i := range 80 { // more than a segment of 64 blocks
			rec := press(t, j, round*100+i)
			if rec.Seq != seq+1 || rec.Station != o.Station || rec.Boot != "b" || rec.Wall.Location() != zone || rec.MonoNS < 0 {
				t.Fatalf("record %+v after seq %d", rec, seq)
			}
			seq = rec.Seq
		}
		if s := j.Stats(); s.Seq != seq || s.Bytes != 80*BlockSize || !s.Reserve {
			t.Errorf("stats %+v", s)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	report, err := Check(dir)
	if err != nil || report.Records != 240 || report.Damaged != 0 || len(report.Holes) != 0 || report.Segments < 4 {
		t.Errorf("%+v %v", report, err)
	}
}

func TestReadStopsWhenTold(t *testing.T) {
	j := open(t, t.TempDir(), opts())
	press(t, j, 1)
	press(t, j, 2)
	enough, n := errors.New("enough"), 0
	err := j.Scan(func(firmware.Record) error { n++; return enough })
	if err != enough || n != 1 {
		t.Errorf("got %v after %d", err, n)
	}
	if err := Read(filepath.Join(t.TempDir(), "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, opts())
	if _, err := Open(dir, opts()); !errors.Is(err, ErrBusy) {
		t.Errorf("second writer: %v", err)
	}
	press(t, j, 1)
	if len(numbers(t, dir)) != 1 {
		t.Error("a reader beside the writer finds nothing")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), "x", "", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
	open(t, dir, opts())
}

// Presses that come together share a block, and all get their own number.
func TestGroupCommit(t *testing.T) {
	dir := t.TempDir()
	o := opts()
	o.open = slowCard
	j := open(t, dir, o)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() { press(t, j, i+1) })
	}
	wg.Wait()
	if s := j.Stats(); s.Records != 100 || s.Commits > 50 {
		t.Errorf("stats %+v", s)
	}
	seen := map[int]bool{}
	for _, n := range numbers(t, dir) {
		seen[n] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d of 100 presses found", len(seen))
	}
}

type slowFile struct{ disk }

func slowCard(path string) (disk, error) {
	f, err := openDurable(path)
	return slowFile{f}, err
}

func (s slowFile) WriteAt(b []byte, off int64) (int, error) {
	time.Sleep(5 * time.Millisecond)
	return s.disk.WriteAt(b, off)
}

func TestLargeRecord(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, opts())
	press(t, j, 1)
	large := strings.Repeat("课", 15000)
	if _, err := j.Append(t.Context(), "note", "", large); err != nil {
		t.Fatal(err)
	}
	press(t, j, 2)
	if _, err := j.Append(t.Context(), "note", "", strings.Repeat("x", maxRecord)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	found := false
	err := j.Scan(func(r firmware.Record) error {
		var s string
		found = found || r.Kind == "note" && json.Unmarshal(r.Data, &s) == nil && s == large
		return nil
	})
	if err != nil || !found {
		t.Errorf("large record is not back: %v", err)
	}
}

// Whatever happens to one block costs only what was in it; the journal opens
// by itself, says which numbers are gone, says it once, and never gives them
// out again.
func TestDamage(t *testing.T) {
	tests := []struct {
		name string
		harm func(r *rand.Rand, b []byte)
	}{
		{"flipped bit", func(r *rand.Rand, b []byte) { b[r.IntN(200)] ^= 1 << r.IntN(8) }},
		{"garbage", func(r *rand.Rand, b []byte) {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
		}},
		{"zeros", func(_ *rand.Rand, b []byte) { clear(b) }},
		{"torn", func(_ *rand.Rand, b []byte) { clear(b[:512]) }},
		{"half", func(_ *rand.Rand, b []byte) { clear(b[100:]) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, trial := range []int{0, 3, 6, 9} {
				damageOnce(t, tt.harm, trial)
			}
		})
	}
}

func damageOnce(t *testing.T, harm func(*rand.Rand, []byte), trial int) {
	t.Helper()
	dir := t.TempDir()
	j := open(t, dir, opts())
	for i := range 10 {
		press(t, j, i+1)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	hit := trial % 10
	change(t, filepath.Join(dir, ringName), hit, func(b []byte) { harm(rand.New(rand.NewPCG(1, uint64(trial))), b) })
	for round := range 2 {
		j = open(t, dir, opts())
		press(t, j, 100+round)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got := numbers(t, dir)
	lost, news := 0, 0
	for seq := range uint64(10) {
		if n := got[seq+1]; n != 0 && n != int(seq)+1 && n < 100 {
			t.Errorf("trial %d: record %d says %d", trial, seq+1, n)
		} else if n != int(seq)+1 {
			lost++
		}
	}
	holes := 0
	_ = Read(dir, func(r firmware.Record) error {
		if r.Kind == firmware.KindJournalHole {
			holes++
		}
		return nil
	})
	for _, n := range got {
		if n >= 100 {
			news++
		}
	}
	lastZeroed := hit == 9 && holes == 0 // nothing is left that could tell
	if lost != 1 || news != 2 || holes != 1 && !lastZeroed {
		t.Errorf("trial %d: %d lost, %d new, %d holes noted", trial, lost, news, holes)
	}
}

func change(t *testing.T, path string, index int, fn func([]byte)) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fn(data[index*BlockSize : (index+1)*BlockSize])
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTruncated(t *testing.T) {
	for _, size := range []int64{0, 100, BlockSize, 3*BlockSize + 17, 9 * BlockSize} {
		dir := t.TempDir()
		j := open(t, dir, opts())
		for i := range 10 {
			press(t, j, i+1)
		}
		_ = j.Close()
		if err := os.Truncate(filepath.Join(dir, ringName), size); err != nil {
			t.Fatal(err)
		}
		j = open(t, dir, opts())
		press(t, j, 100)
		_ = j.Close()
		whole := int(size / BlockSize)
		got := numbers(t, dir)
		if len(got) != whole+1 {
			t.Errorf("cut to %d bytes: %d records, want %d", size, len(got), whole+1)
		}
		fill(t, dir, 80) // into the next segment
		if report, err := Check(dir); err != nil || report.Damaged+len(report.Holes) > 0 || report.Records != whole+81 {
			t.Errorf("cut to %d bytes and filled: %+v %v", size, report, err)
		}
	}
}

// TestChild is the process that TestKilled kills.
func TestChild(t *testing.T) {
	if *childDir == "" {
		t.Skip("started by TestKilled")
	}
	j, err := Open(*childDir, opts())
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; ; i++ {
		rec, err := j.Append(context.Background(), firmware.KindPress, "a", firmware.Press{Number: i})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("acked %d %d\n", rec.Seq, i)
	}
}

func TestKilled(t *testing.T) {
	dir := t.TempDir()
	acked := map[uint64]int{}
	for round := range 4 {
		killOnce(t, dir, acked, 20+round*17)
	}
	got := numbers(t, dir)
	for seq, n := range acked {
		if got[seq] != n {
			t.Errorf("acknowledged record %d (%d) is %d", seq, n, got[seq])
		}
	}
	report, err := Check(dir)
	if err != nil || report.Damaged > 0 || len(report.Holes) > 0 || len(got) > len(acked)+8*4 {
		t.Errorf("%d acknowledged, %d found, %+v %v", len(acked), len(got), report, err)
	}
}

func killOnce(t *testing.T, dir string, acked map[uint64]int, after int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-journal.child="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var seq uint64
		var number int
		if _, err := fmt.Sscanf(lines.Text(), "acked %d %d", &seq, &number); err == nil {
			acked[seq] = number
		}
		if n == after {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // killed
	if len(acked) == 0 {
		t.Fatal("the child wrote nothing")
	}
}

func BenchmarkAppend(b *testing.B) {
	j, err := Open(b.TempDir(), Opts{Station: "370100-014", Boot: "0123456789abcdef", Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	for b.Loop() {
		if _, err := j.Append(b.Context(), firmware.KindPress, "party-2026-11-23", firmware.Press{Number: 12, Name: "王秀英", Known: true}); err != nil {
			b.Fatal(err)
		}
	}
	s := j.Stats()
	b.ReportMetric(float64(s.Bytes)/float64(s.Records), "file-B/append")
}
