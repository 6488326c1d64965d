package attendance_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestKeys(t *testing.T) {
	tests := []struct{ name, keys, want string }{
		{"number and hash", "12#", "12"},
		{"leading zeros", "0012#", "12"},
		{"star clears", "9*12#", "12"},
		{"hash alone", "#", "reject"},
		{"number zero", "00#", "reject"},
		{"five digits", "12345#", "reject reject"},
		{"six digits", "123456#", "reject reject"},
		{"a hash was missed", "3!5#", "reject reject"}, // ! is where keys were missed
		{"the last digit was missed", "1!#2#", "reject reject 2"},
		{"the first digit was missed", "!2#5#", "reject 5"},
		{"missed while nobody types", "7#!_8#", "7 8"},
		{"missed and begun anew", "3!*35#", "reject 35"},
		{"too slow after a miss", "1!2_3#", "reject 3"},
		{"then again", "12345*7#", "reject 7"},
		{"two people", "7#8#", "7 8"},
		{"letters are ignored", "1A2D#", "12"},
		{"too slow", "1_2#", "2"}, // _ waits longer than Patience
		{"just in time", "1-2#", "12"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var k attendance.Keys
			var got []string
			at := noon
			for _, r := range tt.keys {
				switch r {
				case '_':
					at = at.Add(attendance.Patience + time.Millisecond)
					continue
				case '-':
					at = at.Add(attendance.Patience)
					continue
				}
				stroke, n := attendance.StrokeIgnored, 0
				if r == '!' {
					stroke = k.Miss(at)
				} else {
					stroke, n = k.Press(r, at)
				}
				switch stroke {
				case attendance.StrokeNumber:
					got = append(got, fmt.Sprint(n))
				case attendance.StrokeReject:
					got = append(got, "reject")
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%s: got %q, want %q", tt.keys, s, tt.want)
			}
		})
	}
}

// TestSlowTypistHearsIt: digits that are thrown away for their age are told once.
func TestSlowTypistHearsIt(t *testing.T) {
	var k attendance.Keys
	if got := k.Expire(noon); got != attendance.StrokeIgnored {
		t.Errorf("nothing typed: %v", got)
	}
	k.Press('1', noon)
	late := noon.Add(attendance.Patience + time.Second)
	for i, want := range []attendance.Stroke{attendance.StrokeReject, attendance.StrokeIgnored} {
		if early := k.Expire(noon.Add(attendance.Patience)); early != attendance.StrokeIgnored {
			t.Errorf("in time: %v", early)
		}
		if got := k.Expire(late); got != want {
			t.Errorf("look %d: %v, want %v", i, got, want)
		}
	}
	k.Miss(noon)
	if got := k.Expire(late); got != attendance.StrokeIgnored {
		t.Errorf("a miss with nothing typed: %v", got)
	}
}

// day is a little journal.
type day struct{ records []firmware.Record }

func (d *day) add(kind, lesson string, minute int, data any) firmware.Record {
	raw, _ := json.Marshal(data)
	rec := firmware.Record{
		Seq: uint64(len(d.records) + 1), Kind: kind, Lesson: lesson,
		Wall: noon.Add(time.Duration(minute) * time.Minute), Data: raw,
	}
	d.records = append(d.records, rec)
	return rec
}

func (d *day) press(minute, number int, known bool) firmware.Record {
	return d.add(firmware.KindPress, "a", minute, firmware.Press{Number: number, Name: fmt.Sprint("n", number), Known: known})
}

func (d *day) scan(fn func(firmware.Record) error) error {
	for _, r := range d.records {
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

func TestRoll(t *testing.T) {
	d, r := &day{}, attendance.NewRoll("a")
	add := func(rec firmware.Record, want attendance.Result) {
		t.Helper()
		_, got, ok := r.Add(rec)
		if !ok || got != want {
			t.Errorf("press %s: got %v %v, want %v", rec.Data, got, ok, want)
		}
	}
	add(d.press(-1, 1, true), attendance.ResultClosed)
	r.Add(d.add(firmware.KindRollOpen, "a", 0, attendance.Open{Title: "第一课", LateAfter: noon.Add(10 * time.Minute)}))
	add(d.press(1, 12, true), attendance.ResultFirst)
	add(d.press(2, 12, true), attendance.ResultAgain)
	add(d.press(3, 99, false), attendance.ResultUnknown)
	add(d.press(3, 99, false), attendance.ResultUnknown)
	add(d.press(11, 7, true), attendance.ResultLate)
	if _, _, ok := r.Add(d.add(firmware.KindPress, "b", 12, firmware.Press{Number: 1, Known: true})); ok {
		t.Error("a press of another lesson was taken")
	}
	if _, _, ok := r.Add(d.records[2]); ok {
		t.Error("the same record was taken twice")
	}
	r.Add(d.add(firmware.KindRollClose, "a", 40, attendance.Close{Present: 2}))
	add(d.press(41, 8, true), attendance.ResultClosed)

	if r.Present() != 2 || len(r.Entries()) != 3 || r.Entries()[0].Number != 12 || r.Entries()[0].Presses != 2 || !r.Entries()[2].Late {
		t.Errorf("roll: %d %+v", r.Present(), r.Entries())
	}
	absent := r.Absent([]firmware.Member{{Number: 9}, {Number: 12}, {Number: 8}})
	if len(absent) != 2 || absent[0].Number != 8 {
		t.Errorf("absent: %v", absent)
	}
	if latest, _ := attendance.Latest(d.scan); latest != "a" {
		t.Errorf("latest is %q", latest)
	}
}

// A roll rebuilt after a restart at any record is the roll that went on.
func TestRestart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &day{}
		live := attendance.NewRoll("a")
		for range rapid.IntRange(0, 40).Draw(t, "records") {
			var rec firmware.Record
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				rec = d.add(firmware.KindRollOpen, "a", 0, attendance.Open{})
			case 1:
				rec = d.add(firmware.KindRollClose, "a", 0, attendance.Close{})
			default:
				n := rapid.IntRange(1, 6).Draw(t, "number")
				rec = d.press(0, n, n < 5)
			}
			live.Add(rec)
			again, err := attendance.Build("a", d.scan)
			if err != nil || again.Present() != live.Present() || again.Open() != live.Open() ||
				fmt.Sprint(again.Entries()) != fmt.Sprint(live.Entries()) {
				t.Fatalf("rebuilt %v, live %v", again.Entries(), live.Entries())
			}
		}
	})
}

// TestEnrolledDuringTheLesson: who pressed while the roster did not know them is on the
// roll by the next press, and by one only, in the roll that a restart makes too.
func TestEnrolledDuringTheLesson(t *testing.T) {
	d, r := &day{}, attendance.NewRoll("a")
	r.Add(d.add(firmware.KindRollOpen, "a", 0, attendance.Open{}))
	for i, tt := range []struct {
		known bool
		want  attendance.Result
	}{{false, attendance.ResultUnknown}, {true, attendance.ResultFirst}, {true, attendance.ResultAgain}, {false, attendance.ResultAgain}} {
		if _, got, ok := r.Add(d.press(i+1, 7, tt.known)); !ok || got != tt.want {
			t.Errorf("press %d: %v, want %v", i+1, got, tt.want)
		}
	}
	again, err := attendance.Build("a", d.scan)
	if err != nil || again.Present() != 1 || r.Present() != 1 {
		t.Errorf("%d present, after a restart %d, %v", r.Present(), again.Present(), err)
	}
	if e := again.Entries()[0]; !e.Known || e.Guest || e.Name != "n7" || !e.At.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("%+v", e)
	}
}
