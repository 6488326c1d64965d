package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/ledger"
)

// about is a correction of a number.
func about(seq uint64, lesson, do string, number int, at time.Time) firmware.Record {
	return record(seq, firmware.KindCorrection, lesson, firmware.Correction{Do: do, Number: number, Known: true, At: at, By: "李", Why: "看见了"})
}

// Presence without a press: it counts when the lesson was, the newest word counts, and
// it does not matter in what order the records come.
func TestPresenceWithoutAPress(t *testing.T) {
	at := begin.Add(-40 * 24 * time.Hour) // the lesson was long before the correction
	records := []firmware.Record{
		press(1, "a", 7), press(2, "a", 8),
		about(3, "a", firmware.CorrectPresent, 30, at), // never pressed
		about(4, "a", firmware.CorrectAbsent, 7, at),   // somebody else pressed
		about(5, "a", firmware.CorrectAbsent, 8, at), about(6, "a", firmware.CorrectPresent, 8, at),
		about(7, "a", firmware.CorrectPresent, 31, at), about(8, "a", firmware.CorrectAbsent, 31, at),
		press(9, "a", 7), // pressed again: the administrator's word stands
		press(10, "a", 9), correct(11, 10, firmware.CorrectRenumber, 7),
		about(12, "b", firmware.CorrectPresent, 30, time.Time{}), about(13, "", firmware.CorrectPresent, 44, at), about(14, "a", firmware.CorrectPresent, 0, at),
		record(15, firmware.KindCorrection, "a", firmware.Correction{Do: firmware.CorrectHeads, Heads: 9}),
	}
	for name, order := range map[string][]firmware.Record{"as made": records, "backwards": backwards(records), "twice": append(slices.Clone(records), records...)} {
		l := open(t)
		for _, r := range order {
			if err := l.Apply(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprint(roll(t, l, "a"), roll(t, l, "b")); got != "[8 30] [30]" {
			t.Errorf("%s: %s", name, got)
		}
		then, err := l.MemberYear(t.Context(), home, 30, at, begin)
		if err != nil || len(then) != 1 || !then[0].First.Equal(at) {
			t.Errorf("%s: presence in the month of the lesson: %+v %v", name, then, err)
		}
	}
}

// What the ledger has kept of a lesson makes the roll that the journal makes, and both
// count the same people, whatever was corrected.
func TestRollOfTheLedgerIsThatOfTheJournal(t *testing.T) {
	l, last := open(t), uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		last++
		lesson := fmt.Sprint("lesson-", last)
		records := []firmware.Record{record(last, firmware.KindRollOpen, lesson, attendance.Open{Title: "第一课", SlotMS: 3600_000})}
		var pressed []uint64
		for range rapid.IntRange(1, 25).Draw(rt, "records") {
			last++
			seq := last
			number := rapid.IntRange(1, 5).Draw(rt, "number")
			switch rapid.IntRange(0, 7).Draw(rt, "kind") {
			case 0, 1:
				do := rapid.SampledFrom([]string{firmware.CorrectPresent, firmware.CorrectAbsent}).Draw(rt, "do")
				records = append(records, about(seq, lesson, do, number, begin))
			case 2, 3:
				if len(pressed) == 0 {
					records = append(records, record(seq, firmware.KindHead, lesson, firmware.Head{}))
					continue
				}
				do := rapid.SampledFrom([]string{firmware.CorrectVoid, firmware.CorrectRestore, firmware.CorrectRenumber}).Draw(rt, "do")
				c := correct(seq, rapid.SampledFrom(pressed).Draw(rt, "press"), do, number)
				c.Data = []byte(strings.Replace(string(c.Data), `"by"`, `"known":true,"by"`, 1))
				records = append(records, c)
			case 4:
				records = append(records, record(seq, firmware.KindPosition, lesson, map[string]int64{"position_ms": int64(seq) * 60000}))
			default:
				records, pressed = append(records, press(seq, lesson, number)), append(pressed, seq)
			}
		}
		if err := l.Apply(t.Context(), records...); err != nil {
			rt.Fatal(err)
		}
		made, err := attendance.Build(lesson, func(fn func(firmware.Record) error) error { return source(records...)(0, fn) })
		if err != nil {
			rt.Fatal(err)
		}
		kept, err := attendance.Build(lesson, func(fn func(firmware.Record) error) error { return l.Of(t.Context(), home, lesson, fn) })
		if err != nil {
			rt.Fatal(err)
		}
		a, _ := json.Marshal(made.Entries())
		b, _ := json.Marshal(kept.Entries())
		if !bytes.Equal(a, b) || made.Heads() != kept.Heads() {
			rt.Fatalf("journal %s\nledger  %s", a, b)
		}
		var counted []int
		for _, e := range made.Entries() {
			if e.Counts() {
				counted = append(counted, e.Number)
			}
		}
		slices.Sort(counted)
		if got := roll(t, l, lesson); !slices.Equal(got, counted) {
			rt.Fatalf("the ledger counts %v, the roll %v", got, counted)
		}
	})
}

// A question is asked beside a program that writes.
func TestReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if _, err := ledger.OpenReader(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no ledger: %v", err)
	}
	l, err := ledger.Open(path, ledger.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := l.Apply(t.Context(), press(1, "a", 7)); err != nil {
		t.Fatal(err)
	}
	r, err := ledger.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := roll(t, r, "a"); len(got) != 1 || r.Close() != nil {
		t.Errorf("roll %v", got)
	}
}
