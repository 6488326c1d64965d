package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/journal"
	"stationbox/firmware/ledger"
)

const home = "370100-014"

var (
	begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("CST", 8*3600))
	end   = begin.AddDate(1, 0, 0)
)

func record(seq uint64, kind, lesson string, data any) firmware.Record {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return firmware.Record{Station: home, Boot: "b", Seq: seq, Wall: begin.Add(time.Duration(seq) * time.Minute), Kind: kind, Lesson: lesson, Data: raw}
}

func press(seq uint64, lesson string, number int) firmware.Record {
	return record(seq, firmware.KindPress, lesson, firmware.Press{Number: number, Name: "王秀英", Known: true})
}

func correct(seq, of uint64, do string, number int) firmware.Record {
	return record(seq, firmware.KindCorrection, "", firmware.Correction{Boot: "b", Seq: of, Do: do, Number: number, By: "李"})
}

func source(records ...firmware.Record) ledger.Source {
	return func(after uint64, fn func(firmware.Record) error) error {
		for _, r := range records {
			if r.Seq > after {
				if err := fn(r); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func open(t testing.TB) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.db"), ledger.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// roll is who was at a lesson.
func roll(t testing.TB, l *ledger.Ledger, lesson string) []int {
	t.Helper()
	list, err := l.Roll(t.Context(), home, lesson)
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int
	for _, a := range list {
		numbers = append(numbers, a.Number)
	}
	return numbers
}

func TestCorrections(t *testing.T) {
	records := []firmware.Record{
		press(1, "a", 7), press(2, "a", 8), press(3, "a", 9), press(4, "a", 9), press(5, "b", 7),
		correct(6, 1, firmware.CorrectVoid, 0), correct(7, 2, firmware.CorrectRenumber, 80),
		correct(8, 5, firmware.CorrectVoid, 0), correct(9, 5, firmware.CorrectRestore, 0),
		record(10, firmware.KindPress, "a", "no press"), record(11, firmware.KindCorrection, "", 5),
		correct(12, 99, firmware.CorrectVoid, 0), record(13, firmware.KindLesson, "a", map[string]int{"present": 2}),
	}
	for name, order := range map[string][]firmware.Record{"as made": records, "backwards": backwards(records), "twice": append(slices.Clone(records), records...)} {
		l := open(t)
		for _, r := range order {
			if err := l.Apply(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprint(roll(t, l, "a"), roll(t, l, "b"), roll(t, l, "c")); got != "[9 80] [7] []" {
			t.Errorf("%s: %s", name, got)
		}
		year, err := l.MemberYear(t.Context(), home, 7, begin, end)
		if err != nil || len(year) != 1 || year[0].Lesson != "b" || !year[0].First.Equal(records[4].Wall) {
			t.Errorf("%s: year %+v %v", name, year, err)
		}
		month, err := l.TownMonth(t.Context(), begin, end)
		if err != nil || fmt.Sprint(month) != "[{370100-014 7 1} {370100-014 9 1} {370100-014 80 1}]" {
			t.Errorf("%s: month %v %v", name, month, err)
		}
		lessons, err := l.Lessons(t.Context(), begin, end, 10)
		if err != nil || len(lessons) != 1 || lessons[0].Lesson != "a" {
			t.Errorf("%s: lessons %v %v", name, lessons, err)
		}
	}
}

func backwards(records []firmware.Record) []firmware.Record {
	records = slices.Clone(records)
	slices.Reverse(records)
	return records
}

// Over a link that loses requests, loses answers and repeats, the hub has every
// record once, byte for byte.
func TestUploadExactlyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		station, hub := open(t), open(t)
		defer func() { _ = errors.Join(station.Close(), hub.Close()) }()
		n := rapid.IntRange(1, 8).Draw(rt, "records")
		var made []firmware.Record
		for seq := range uint64(n) {
			made = append(made, press(seq+1, "a", int(seq)+1))
		}
		next := uint64(n)
		for upto := uint64(0); upto < uint64(n); {
			if err := station.Sync(t.Context(), home, source(made...)); err != nil {
				rt.Fatal(err)
			}
			batch, err := station.Pending(t.Context(), home, rapid.IntRange(1, 4).Draw(rt, "batch"))
			if err != nil {
				rt.Fatal(err)
			}
			if rapid.IntRange(0, 4).Draw(rt, "request") == 0 {
				continue
			}
			if err := hub.Apply(t.Context(), batch...); err != nil {
				rt.Fatal(err)
			}
			if rapid.IntRange(0, 3).Draw(rt, "answer") == 0 {
				continue
			}
			if upto, err = hub.Applied(t.Context(), home); err != nil {
				rt.Fatal(err)
			}
			next++
			made = append(made, record(next, ledger.KindUploaded, "", ledger.Uploaded{Upto: upto}))
		}
		got, err := hub.Records(t.Context(), home, 0, 1000)
		if err != nil || len(got) < n {
			rt.Fatalf("the hub has %d of %d: %v", len(got), n, err)
		}
		for i, r := range got[:n] {
			a, _ := json.Marshal(r)
			b, _ := json.Marshal(made[i])
			if !bytes.Equal(a, b) {
				rt.Errorf("record %s is %s at the hub", b, a)
			}
		}
		if len(roll(t, hub, "a")) != n {
			rt.Errorf("%v", roll(t, hub, "a"))
		}
	})
}

// Whatever is done to the file, the ledger answers as the journal says, or says
// that it is damaged; what the journal's ring has given up is saved where it can be.
func TestDamagedIsMadeAnew(t *testing.T) {
	var records []firmware.Record
	for seq := range uint64(500) {
		records = append(records, press(seq+1, "a", int(seq)+1))
	}
	harms := map[string]func(r *rand.Rand, b []byte) []byte{
		"garbage":   func(*rand.Rand, []byte) []byte { return bytes.Repeat([]byte("garbage"), 1000) },
		"truncated": func(_ *rand.Rand, b []byte) []byte { return b[:len(b)/2] },
		"zero page": func(r *rand.Rand, b []byte) []byte {
			page := 1 + r.IntN(len(b)/4096-1)
			clear(b[page*4096 : (page+1)*4096])
			return b
		},
		"other schema": func(_ *rand.Rand, b []byte) []byte { b[63] = 9; return b },
		"none":         func(_ *rand.Rand, b []byte) []byte { return b },
	}
	for name, harm := range harms {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			l, err := ledger.OpenSure(t.Context(), path, home, source(records...), ledger.Opts{})
			if err == nil {
				err = l.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, harm(rand.New(rand.NewPCG(1, 2)), b), 0o600); err != nil {
				t.Fatal(err)
			}
			kept := source(records[200:]...) // the ring has come round
			l, err = ledger.OpenSure(t.Context(), path, home, kept, ledger.Opts{})
			if err == nil && l.Check(t.Context()) != nil {
				if err = l.Close(); err == nil {
					l, err = ledger.Rebuild(t.Context(), path, home, kept, ledger.Opts{})
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			if err := l.Check(t.Context()); err != nil {
				t.Error(err)
			}
			got := roll(t, l, "a")
			if len(got) < 300 || got[len(got)-1] != 500 || name == "none" && len(got) != 500 || name == "other schema" && len(got) != 500 {
				t.Errorf("%d members", len(got))
			}
		})
	}
}

// A bit that SQLite itself does not see is seen: each record has its sum.
func TestFlippedBitOfARecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.OpenSure(t.Context(), path, home, source(press(1, "a", 7)), ledger.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Check(t.Context()), l.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(`"number":7`))
	b[at+9] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err = ledger.Open(path, ledger.Opts{}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := l.Check(t.Context()); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("not seen: %v", err)
	}
}

// Made of a real journal, beside one who writes.
func TestOfTheJournal(t *testing.T) {
	dir := t.TempDir()
	j, err := journal.Open(filepath.Join(dir, "journal"), journal.Opts{Station: home, Boot: "b", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	from := func(after uint64, fn func(firmware.Record) error) error {
		return journal.ReadAfter(filepath.Join(dir, "journal"), after, fn)
	}
	l, err := ledger.OpenSure(t.Context(), filepath.Join(dir, "ledger.db"), home, from, ledger.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for n := range 20 {
		if _, err := j.Append(t.Context(), firmware.KindPress, "a", firmware.Press{Number: n + 1}); err != nil {
			t.Fatal(err)
		}
		if n%7 == 0 {
			if err := l.Sync(t.Context(), home, from); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Sync(t.Context(), home, from); err != nil {
		t.Fatal(err)
	}
	applied, err := l.Applied(t.Context(), home)
	if err != nil || applied != 20 || len(roll(t, l, "a")) != 20 {
		t.Errorf("applied %d, %v", applied, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Apply(ctx, press(99, "a", 1)); err == nil {
		t.Error("a call that was given up has succeeded")
	}
}
