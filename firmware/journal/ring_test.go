package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stationbox/firmware"
)

// raw makes a partition of so many segments of 64 blocks.
func raw(t testing.TB, segments int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "partition")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, segments*64*BlockSize); err != nil {
		t.Fatal(err)
	}
	return path
}

// quick opens without waiting for the card.
func quick(path string) (disk, error) { return os.OpenFile(path, os.O_RDWR, 0) }

// presses appends n presses, each the number that its record gets.
func fill(t testing.TB, path string, n int) {
	t.Helper()
	o := opts()
	o.open = quick
	j := open(t, path, o)
	for range n {
		press(t, j, int(j.Stats().Seq)+1)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// A ring that came round keeps all but the segment that it is writing over, on a
// partition and in a folder, and says where it begins.
func TestComesRound(t *testing.T) {
	folder := opts()
	folder.Limit, folder.open = 4*64*BlockSize, quick
	for name, path := range map[string]string{"partition": raw(t, 4), "folder": t.TempDir()} {
		j := open(t, path, folder)
		for i := range 1000 {
			press(t, j, i+1)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		report, err := Check(path)
		if err != nil || report.Last != 1000 || report.First != 1000/64*64-3*64+1 || len(report.Holes)+report.Damaged > 0 {
			t.Errorf("%s: %+v %v", name, report, err)
		}
		for _, after := range []uint64{0, 400, 955, 960, 990, 1000} { // segments begin with 897 and 961
			n := 0
			err = ReadAfter(path, after, func(r firmware.Record) error { n++; return nil })
			if want := min(1000-int(after), report.Records); err != nil || n != want {
				t.Errorf("%s: %d records after %d, want %d: %v", name, n, after, want, err)
			}
		}
		if name == "folder" {
			path = filepath.Join(path, ringName)
		}
		if size, err := sizeOf(path); err != nil || size != 4*64*BlockSize {
			t.Errorf("%s: %d bytes %v", name, size, err)
		}
	}
}

// The first block of a segment is gone, or a write of two blocks was cut so that
// only the second is there: what may have been given away is not given again, and
// what is written behind it is found.
func TestSegmentWithoutItsFirstBlock(t *testing.T) {
	for round, segment := range []int{1, 5} { // the first time, and over what was there before
		for name, harm := range map[string]func(b, old []byte){
			"damaged": func(b, _ []byte) { b[99] ^= 1 },
			"zeroed":  func(b, _ []byte) { clear(b) },
			"not yet": func(b, old []byte) { copy(b, old) },
		} {
			t.Run(fmt.Sprintf("%s, round %d", name, round), func(t *testing.T) {
				path := raw(t, 4)
				fill(t, path, segment*64)
				before := snapshot(t, path)
				o := opts()
				o.open = quick
				j := open(t, path, o)
				if _, err := j.Append(t.Context(), "note", "", strings.Repeat("x", 6000)); err != nil {
					t.Fatal(err)
				}
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				at := segment % 4 * 64
				image := snapshot(t, path)
				harm(image[at*BlockSize:(at+1)*BlockSize], before[at*BlockSize:(at+1)*BlockSize])
				if err := os.WriteFile(path, image, 0o600); err != nil {
					t.Fatal(err)
				}
				j = open(t, path, o)
				rec := press(t, j, 7777)
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				got := numbers(t, path)
				if rec.Seq <= uint64(segment*64+1) || got[rec.Seq] != 7777 || got[uint64(segment*64)] != segment*64 {
					t.Errorf("the press is record %d, found %v", rec.Seq, got[rec.Seq])
				}
				if report, err := Check(path); err != nil || len(report.Holes) != 1 || report.Holes[0].From != uint64(segment*64+1) {
					t.Errorf("%+v %v", report, err)
				}
			})
		}
	}
}

func snapshot(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Forty bits, forty blocks of zeros and forty of garbage, each on a whole journal
// that came round: every one is found and costs at most its own commit.
func TestFortyDamages(t *testing.T) {
	path := raw(t, 4)
	fill(t, path, 600)
	image := snapshot(t, path)
	whole, err := Check(path)
	if err != nil {
		t.Fatal(err)
	}
	harms := map[string]func(r *rand.Rand, b []byte){
		"bit":     func(r *rand.Rand, b []byte) { b[r.IntN(len(b))] ^= 1 << r.IntN(8) },
		"zeros":   func(_ *rand.Rand, b []byte) { clear(b) },
		"garbage": func(r *rand.Rand, b []byte) { _, _ = rand.NewChaCha8([32]byte{byte(r.Uint32())}).Read(b) },
	}
	for name, harm := range harms {
		r := rand.New(rand.NewPCG(5, uint64(len(name))))
		for trial := range 40 {
			bad := append([]byte(nil), image...)
			block := r.IntN(len(bad) / BlockSize)
			harm(r, bad[block*BlockSize:(block+1)*BlockSize])
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			report, err := Check(path)
			old := report.Damaged == 0 && block/64 == 600/64%4 && block%64 >= 600%64 && name == "bit" // of a record given up
			if err != nil || report.Damaged+report.Stained != 1 && !old || whole.Records-report.Records > 1 {
				t.Errorf("%s %d in block %d: %+v %v", name, trial, block, report, err)
			}
			if report.Records < whole.Records && len(report.Holes) != 1 && report.First == whole.First && report.Last == whole.Last {
				t.Errorf("%s %d in block %d shows no hole: %+v", name, trial, block, report)
			}
		}
	}
}

func TestForeignPartition(t *testing.T) {
	for name, put := range map[string]func(b []byte){
		"ext4":     func(b []byte) { b[1080], b[1081] = 0x53, 0xef },
		"FAT":      func(b []byte) { b[510], b[511] = 0x55, 0xaa },
		"squashfs": func(b []byte) { copy(b, "hsqs") },
		"LUKS":     func(b []byte) { copy(b, "LUKS\xba\xbe") },
		"SQLite":   func(b []byte) { copy(b, "SQLite format 3\x00") },
	} {
		path := raw(t, 4)
		image := snapshot(t, path)
		put(image)
		if err := os.WriteFile(path, image, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, opts()); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if string(snapshot(t, path)) != string(image) {
			t.Errorf("%s was written to", name)
		}
	}
	path := raw(t, 2)
	if _, err := Open(path, opts()); !errors.Is(err, ErrTooSmall) {
		t.Errorf("two segments: %v", err)
	}
}

// What others have seen is never given again: the last record, zeroed where no
// ring had been before, tells nothing of itself.
func TestKnown(t *testing.T) {
	path := raw(t, 4)
	fill(t, path, 10)
	o := opts()
	o.Known = 12
	j := open(t, path, o)
	if rec := press(t, j, 1); rec.Seq != 14 { // 13 tells of 11 and 12
		t.Errorf("record %d", rec.Seq)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if report, err := Check(path); err != nil || len(report.Holes) != 1 || report.Holes[0] != (Hole{11, 12}) {
		t.Errorf("%+v %v", report, err)
	}
}

// However often it is closed and opened, and however large the records are, what
// is read is what was written, less what the ring gave up.
func TestRingProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		path := raw(t, 3)
		defer func() { _ = os.Remove(path) }()
		o := opts()
		o.open = quick
		var want []string
		for range rapid.IntRange(1, 3).Draw(rt, "lives") {
			j, err := Open(path, o)
			if err != nil {
				rt.Fatal(err)
			}
			for range rapid.IntRange(0, 30).Draw(rt, "records") {
				size := rapid.SampledFrom([]int{10, 100, 4000, 9000, 50000}).Draw(rt, "size")
				kind := fmt.Sprintf("kind-%d", len(want)+1)
				if _, err := j.Append(t.Context(), kind, "", strings.Repeat("z", size)); err != nil {
					rt.Fatal(err)
				}
				want = append(want, kind)
			}
			if err := j.Close(); err != nil {
				rt.Fatal(err)
			}
		}
		var got []string
		if err := Read(path, func(r firmware.Record) error { got = append(got, r.Kind); return nil }); err != nil {
			rt.Fatal(err)
		}
		if len(want) > 0 && (len(got) == 0 || len(got) > len(want)) {
			rt.Fatalf("%d of %d records", len(got), len(want))
		}
		for i, kind := range got {
			if kind != want[len(want)-len(got)+i] {
				rt.Fatalf("record %d of %d is %s", i, len(got), kind)
			}
		}
		report, err := Check(path)
		if err != nil || report.Damaged+len(report.Holes) > 0 {
			rt.Fatalf("%+v %v", report, err)
		}
	})
}
