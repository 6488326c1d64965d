package register_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/register"
	"stationbox/firmware/text"
)

// drawn is a stream of rolls, presses and corrections in any order, repeats included.
func drawn(t *rapid.T, s *stream, z *time.Location) {
	var presses []firmware.Record
	for range rapid.IntRange(0, 60).Draw(t, "records") {
		lesson := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "lesson")
		day := 10 + int(lesson[0]-'a')
		at := time.Date(2026, 10, day, 19, rapid.IntRange(0, 50).Draw(t, "minute"), 0, 0, z)
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			s.add(at, "roll_open", lesson, obj{"late_after": time.Date(2026, 10, day, 19, 20, 0, 0, z)})
		case 1:
			s.add(at, "roll_close", lesson, obj{})
		case 2:
			s.add(at, "lesson", lesson, obj{"scheduled": time.Date(2026, 10, day, 19, 20, 0, 0, z), "played_ms": rapid.IntRange(0, 3).Draw(t, "played") * 60_000})
		case 3:
			if len(presses) > 0 {
				p := rapid.SampledFrom(presses).Draw(t, "of")
				s.add(at, "correction", "", obj{"boot": p.Boot, "seq": p.Seq, "do": rapid.SampledFrom([]string{"void", "renumber", "restore", "?"}).Draw(t, "do"), "number": rapid.IntRange(0, 7).Draw(t, "number")})
			}
		case 4:
			s.add(at, "correction", lesson, obj{"do": rapid.SampledFrom([]string{"present", "absent", "heads"}).Draw(t, "do"), "number": rapid.IntRange(0, 7).Draw(t, "number"), "known": rapid.Bool().Draw(t, "known"), "heads": 3})
			if len(presses) > 0 { // the same record twice
				s.list = append(s.list, rapid.SampledFrom(presses).Draw(t, "again"))
			}
		default:
			n := rapid.IntRange(1, 6).Draw(t, "number")
			presses = append(presses, s.add(at, "press", lesson, firmware.Press{Number: n, Known: n < 6, Name: "x"}))
		}
	}
}

// What is in the study book is in the summary of the members exactly once, and every
// member is either present or absent.
func TestEveryPressIsInTheSummaryOnce(t *testing.T) {
	z := zone(t)
	rapid.Check(t, func(t *rapid.T) {
		s := &stream{boot: "b"}
		drawn(t, s, z)
		members := []firmware.Member{{Number: 1, Branch: "A"}, {Number: 2, Branch: "B"}, {Number: 3}, {Number: 7}} // 4 and 5 have left
		m, err := register.Build(register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October, Members: members}, s.scan)
		if err != nil {
			t.Fatal(err)
		}
		lessons, late, spent := map[int]int{}, map[int]int{}, map[int]time.Duration{}
		for _, l := range m.Lessons {
			on := map[int]bool{}
			for _, e := range l.Present {
				if on[e.Number] {
					t.Fatalf("%d is twice on the roll of %s", e.Number, l.ID)
				}
				on[e.Number] = true
				lessons[e.Number]++
				spent[e.Number] += l.Minutes()
				if e.Late {
					late[e.Number]++
				}
			}
			for _, a := range l.Absent {
				if on[a.Number] {
					t.Fatalf("%d is absent and present at %s", a.Number, l.ID)
				}
				on[a.Number] = true
			}
			for _, p := range members {
				if l.Called && !on[p.Number] {
					t.Fatalf("%d is neither present nor absent at %s", p.Number, l.ID)
				}
			}
		}
		seen := map[int]bool{}
		for _, p := range m.Members {
			if seen[p.Number] || p.Lessons != lessons[p.Number] || p.Late != late[p.Number] || p.Minutes != spent[p.Number] {
				t.Fatalf("%d: twice %v, %d lessons of %d, %d late of %d", p.Number, seen[p.Number], p.Lessons, lessons[p.Number], p.Late, late[p.Number])
			}
			seen[p.Number] = true
		}
		for n := range lessons {
			if !seen[n] {
				t.Fatalf("%d is in no row", n)
			}
		}
	})
}

// The order in which records of several places come does not matter, but for the gaps
// and for whether the roll was closed.
func TestOrderOfCorrections(t *testing.T) {
	z := zone(t)
	rapid.Check(t, func(t *rapid.T) {
		s := &stream{boot: "b"}
		var presses []firmware.Record
		for n := range 6 {
			presses = append(presses, s.add(time.Date(2026, 10, 3, 19, n, 0, 0, z), "press", "a", firmware.Press{Number: n + 1, Known: true}))
		}
		for range rapid.IntRange(1, 6).Draw(t, "corrections") {
			p := rapid.SampledFrom(presses).Draw(t, "of")
			s.add(p.Wall.Add(time.Hour), "correction", "", obj{"boot": p.Boot, "seq": p.Seq, "do": rapid.SampledFrom([]string{"void", "renumber", "restore"}).Draw(t, "do"), "number": rapid.IntRange(1, 6).Draw(t, "number")})
		}
		say := func() string {
			m, err := register.Build(register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October, Members: people()[:6]}, s.scan)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("%+v %+v %+v", m.Lessons[0].Present, m.Corrections, m.Members)
		}
		want := say()
		s.list = rapid.Permutation(s.list).Draw(t, "order")
		if got := say(); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}

// Foreign JSON in a record never stops the books, and what they print is printable.
func FuzzForeignRecords(f *testing.F) {
	s, _ := october(f)
	seeds := map[string]bool{}
	for _, r := range s.list {
		if !seeds[r.Kind] {
			f.Add(r.Kind, r.Lesson, []byte(r.Data), r.Wall.Unix())
		}
		seeds[r.Kind] = true
	}
	for _, kind := range []string{"lesson", "press", "power", "fault", "display", "relay_test", "clock", "command", "journal_hole", "live", "exercise", "make_up", "correction", "roll_open", "ready_check", "boot"} {
		f.Add(kind, "x", []byte(`{"number":1e99,"title":7,"proof":{"key":"k","sha256":"\ud800","present":[1,2]},"live":{},"scheduled":"2026-10-05T10:00:00Z","from":1,"to":18446744073709551615,"seq":3,"args":["=1",null]}`), int64(1790000000))
	}
	f.Add("fault", "\x00=a", []byte(`null`), int64(1790900000))
	z := zone(f)
	words := map[string]*text.Catalogue{"zh": text.New("zh"), "en": text.New("en")}
	f.Fuzz(func(t *testing.T, kind, lesson string, data []byte, unix int64) {
		if unix < -1<<33 || unix > 1<<37 {
			return
		}
		st := &stream{boot: "b"}
		at := time.Unix(unix, 0).In(z)
		for range 3 {
			st.add(at, kind, lesson, json.RawMessage(`{}`))
			st.list[len(st.list)-1].Data = data
			st.add(at, "roll_open", lesson, obj{})
			st.add(at, "press", lesson, firmware.Press{Number: 1, Known: true})
		}
		m, err := register.Build(register.Opts{Station: stationID, Zone: z, Year: at.Year(), Month: at.Month(), Members: people()[:3]}, st.scan)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range words {
			for _, b := range m.Books(c) {
				for _, row := range b.Rows {
					if len(row) != len(b.Columns) {
						t.Fatalf("%s: %d cells in %d columns", b.Key, len(row), len(b.Columns))
					}
				}
				checkCSV(t, b)
			}
		}
	})
}

// A busy month keeps within its bounds, and says how much is not in the books.
func TestBusyMonth(t *testing.T) {
	z := zone(t)
	start := time.Date(2026, 9, 28, 0, 0, 0, 0, z)
	scan := func(fn func(firmware.Record) error) error {
		for n := 1; n <= 50_000; n++ {
			at := start.Add(time.Duration(n) * time.Minute)
			r := firmware.Record{Station: stationID, Boot: fmt.Sprint(n / 1000), Seq: uint64(n), Wall: at, Kind: "press", Lesson: "l" + at.Format("0102-15"), Data: fmt.Appendf(nil, `{"number":%d,"known":true,"name":"n"}`, n%60+1)}
			if n%2 == 0 {
				r.Kind, r.Data = "power", []byte(`{"kind":"mains_bad","mv":190000}`)
			}
			if err := fn(r); err != nil {
				return err
			}
		}
		return nil
	}
	m, err := register.Build(register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October, Members: people()}, scan)
	must(t, err)
	if want := 31*720 - 20_000; len(m.Events) != 20_000 || m.Omitted < want || m.Omitted > 2*want {
		t.Errorf("%d events, %d omitted, want about %d", len(m.Events), m.Omitted, want)
	}
	for _, b := range m.Books(text.New("en")) {
		if b.Key == "corrections" && !strings.Contains(strings.Join(b.Notes, " "), fmt.Sprint(m.Omitted)) {
			t.Errorf("it is not said: %v", b.Notes)
		}
	}
}
