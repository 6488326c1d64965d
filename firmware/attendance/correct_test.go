package attendance_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
)

func (d *day) correct(minute int, c firmware.Correction) firmware.Record {
	if c.By == "" {
		c.By = "王主任"
	}
	return d.add(firmware.KindCorrection, "a", minute, c)
}

// state is what can be seen of a roll, in a form that can be compared.
func state(r *attendance.Roll) string {
	raw, _ := json.Marshal(r.Attended([]attendance.Window{{From: 0, To: time.Minute}, {From: time.Minute, To: time.Hour}}))
	marks, _ := json.Marshal(r.Marks())
	return fmt.Sprint(string(raw), string(marks), r.Present(), r.Heads(), r.Open(), r.Length())
}

func TestCorrectionsOnTheRoll(t *testing.T) {
	d := &day{}
	d.add(firmware.KindRollOpen, "a", 0, attendance.Open{LateAfter: noon.Add(5 * time.Minute)})
	d.press(1, 12, true)
	d.press(2, 7, true)
	d.press(3, 99, false)
	d.press(6, 8, true)
	d.correct(10, firmware.Correction{Do: firmware.CorrectAbsent, Number: 12, Why: "在外地"})
	d.correct(11, firmware.Correction{Do: firmware.CorrectPresent, Number: 30, Name: "张三", Known: true})
	d.correct(12, firmware.Correction{Do: firmware.CorrectPresent, Number: 99})
	d.correct(13, firmware.Correction{Do: firmware.CorrectAbsent, Number: 31, Known: true})
	d.correct(14, firmware.Correction{Seq: 3, Do: firmware.CorrectRenumber, Number: 17, Name: "赵德柱", Known: true})
	d.correct(15, firmware.Correction{Seq: 5, Do: firmware.CorrectVoid})
	d.add(firmware.KindHead, "a", 16, firmware.Head{})
	d.correct(17, firmware.Correction{Do: firmware.CorrectHeads, Heads: 4})
	d.add(firmware.KindHead, "a", 18, firmware.Head{})
	for _, bad := range []firmware.Correction{{Do: "blink", Number: 12}, {Do: firmware.CorrectPresent}, {Do: firmware.CorrectHeads, Heads: -1}, {Do: firmware.CorrectVoid, Seq: 77}, {Do: firmware.CorrectRenumber, Seq: 2}} {
		d.correct(19, bad)
	}
	d.add(firmware.KindCorrection, "", 20, firmware.Correction{Do: firmware.CorrectPresent, Number: 12}) // of no lesson
	d.add(firmware.KindCorrection, "a", 20, 5)

	r, err := attendance.Build("a", d.scan)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, e := range r.Entries() {
		do := "-"
		if e.Corrected != nil {
			do = e.Corrected.Do
		}
		got += fmt.Sprint(e.Number, e.Name, " ", e.Counts(), " ", do, " ", e.Presses, "; ")
	}
	want := "12n12 false absent 1; 7n7 false renumber 0; 17赵德柱 true - 1; 99n99 true present 1; 8n8 false void 0; 30张三 true present 0; 31 false absent 0; "
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Heads() != 5 || r.Present() != 8 || r.HeadsCorrected() == nil {
		t.Errorf("%d heads, %d present", r.Heads(), r.Present())
	}
	if e, ok := r.Find(12); !ok || e.Corrected.Why != "在外地" || e.Corrected.By != "王主任" || !e.Corrected.At.Equal(noon.Add(10*time.Minute)) || e.At.IsZero() {
		t.Errorf("12 is %+v", e)
	}
	if _, ok := r.Find(500); ok {
		t.Error("500 is on the roll")
	}
	if absent := r.Absent([]firmware.Member{{Number: 12}, {Number: 30}}); len(absent) != 1 || absent[0].Number != 12 {
		t.Errorf("absent %v", absent)
	}
}

// The newest correction counts, also against presses after it.
func TestNewestCorrectionCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, r := &day{}, attendance.NewRoll("a")
		r.Add(d.add(firmware.KindRollOpen, "a", 0, attendance.Open{}))
		said, pressed := map[int]string{}, map[int]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			n := rapid.IntRange(1, 6).Draw(t, "number")
			if do := rapid.SampledFrom([]string{"", firmware.CorrectPresent, firmware.CorrectAbsent}).Draw(t, "do"); do != "" {
				said[n] = do
				r.Add(d.correct(1, firmware.Correction{Do: do, Number: n, Known: n < 5}))
				continue
			}
			pressed[n] = true
			_, res, _ := r.Add(d.press(1, n, n < 5))
			if refused := said[n] == firmware.CorrectAbsent; refused != (res == attendance.ResultCorrected) {
				t.Fatalf("%d, said %q: %v", n, said[n], res)
			}
		}
		for n := 1; n <= 6; n++ {
			want := said[n] == firmware.CorrectPresent || said[n] == "" && pressed[n] && n < 5
			if r.Has(n) != want {
				t.Fatalf("%d counts: %v, said %q, pressed %v", n, r.Has(n), said[n], pressed[n])
			}
		}
	})
}

// A roll with corrections, films and marks that is rebuilt after a restart at any record
// is the roll that went on.
func TestRestartWithCorrections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, live := &day{}, attendance.NewRoll("a")
		live.Add(d.add(firmware.KindRollOpen, "a", 0, attendance.Open{SlotMS: 3600_000}))
		for range rapid.IntRange(0, 30).Draw(t, "records") {
			n := rapid.IntRange(1, 6).Draw(t, "number")
			var rec firmware.Record
			switch rapid.IntRange(0, 8).Draw(t, "kind") {
			case 0:
				rec = d.correct(1, firmware.Correction{Do: rapid.SampledFrom([]string{firmware.CorrectPresent, firmware.CorrectAbsent}).Draw(t, "do"), Number: n})
			case 1:
				rec = d.correct(1, firmware.Correction{Do: rapid.SampledFrom([]string{firmware.CorrectVoid, firmware.CorrectRestore, firmware.CorrectRenumber}).Draw(t, "do"),
					Seq: uint64(rapid.IntRange(1, len(d.records)).Draw(t, "press")), Number: n, Known: true})
			case 2:
				rec = d.add(firmware.KindPosition, "a", 1, map[string]int{"position_ms": n * 20_000})
			case 3:
				rec = d.add(firmware.KindMark, "a", 1, firmware.Mark{ID: n, Reason: firmware.MarkFast})
			case 4:
				rec = d.add(firmware.KindVerdict, "a", 1, firmware.Verdict{Mark: n, Confirmed: n%2 == 0, By: "x"})
			case 5:
				rec = d.add(firmware.KindHead, "a", 1, firmware.Head{})
			default:
				rec = d.press(1, n, n < 5)
			}
			live.Add(rec)
			again, err := attendance.Build("a", d.scan)
			if err != nil || state(again) != state(live) {
				t.Fatalf("rebuilt %s\nlive    %s", state(again), state(live))
			}
		}
	})
}

// Presses without end keep no more than they must, and no number is lost.
func TestManyPresses(t *testing.T) {
	d, r := &day{}, attendance.NewRoll("a")
	r.Add(d.add(firmware.KindRollOpen, "a", 0, attendance.Open{}))
	for range 9000 {
		r.Add(d.press(1, 7, true))
	}
	r.Add(d.press(2, 8, true))
	r.Add(d.correct(3, firmware.Correction{Do: firmware.CorrectPresent, Number: 9}))
	if r.Present() != 3 || !r.Has(8) {
		t.Errorf("%d present: %+v", r.Present(), r.Entries())
	}
}

func TestAttended(t *testing.T) {
	windows := []attendance.Window{{From: 0, To: 10 * time.Minute}, {From: 25 * time.Minute, To: 35 * time.Minute}, {From: 55 * time.Minute, To: time.Hour}}
	tests := []struct {
		name    string
		presses string // number@minute of the film
		voids   bool   // the third press was taken back
		want    string // who left early
	}{
		{"the call of the end was held", "1@1 2@1 3@30 1@56 2@57", false, "[3]"},
		{"nobody pressed at the end", "1@1 2@1 3@30", false, "[]"},
		{"one of five is not a call", "1@1 2@1 3@1 4@1 5@1 1@56", false, "[]"},
		{"one of four is", "1@1 2@1 3@1 4@1 1@56", false, "[2 3 4]"},
		{"who came at the end has not left", "1@1 2@56 3@56 1@57", false, "[]"},
		{"between the calls", "1@20 2@1 2@57", false, "[]"},
		{"a guest counts for nothing", "99@1 2@1 2@57", false, "[]"},
		{"a press that was taken back", "1@1 2@1 1@56 2@56", true, "[1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &day{}
			d.add(firmware.KindRollOpen, "a", 0, attendance.Open{SlotMS: (time.Hour).Milliseconds()})
			var n, at int
			rest := tt.presses + " "
			for {
				if k, _ := fmt.Sscanf(rest, "%d@%d ", &n, &at); k != 2 {
					break
				}
				rest = rest[len(fmt.Sprintf("%d@%d ", n, at)):]
				d.add(firmware.KindPosition, "a", at, map[string]int{"position_ms": at * 60_000})
				d.press(at, n, n < 99)
			}
			if tt.voids {
				d.correct(60, firmware.Correction{Do: firmware.CorrectVoid, Seq: 7})
			}
			d.correct(61, firmware.Correction{Do: firmware.CorrectPresent, Number: 50, Known: true})
			r, err := attendance.Build("a", d.scan)
			if err != nil || r.Length() != time.Hour {
				t.Fatal(err, r.Length())
			}
			left := []int{}
			for _, e := range r.Attended(windows) {
				if e.LeftEarly {
					left = append(left, e.Number)
				}
			}
			if got := fmt.Sprint(left); got != tt.want {
				t.Errorf("left early %s, want %s", got, tt.want)
			}
			for _, e := range r.Attended(windows[:1]) {
				if e.LeftEarly {
					t.Errorf("with one call %d has left", e.Number)
				}
			}
			r.Attended(nil)
		})
	}
}

// The record of how the lesson ended knows the length of the film better than the plan.
func TestLengthOfTheFilm(t *testing.T) {
	d := &day{}
	d.add(firmware.KindRollOpen, "a", 0, attendance.Open{SlotMS: 3600_000})
	d.add(firmware.KindLesson, "a", 50, map[string]int{"played_ms": 2_700_000, "length_ms": 2_700_000})
	d.add(firmware.KindPosition, "a", 51, "no position")
	if r, _ := attendance.Build("a", d.scan); r.Length() != 45*time.Minute {
		t.Errorf("length %v", r.Length())
	}
}
