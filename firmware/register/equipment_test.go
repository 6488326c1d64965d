package register_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/register"
	"stationbox/firmware/text"
)

// A month out of records that came twice is the month.
func TestRecordsTwice(t *testing.T) {
	s, o := october(t)
	want := build(t, s, o)
	s.list = append(s.list, s.list...)
	got := build(t, s, o)
	for i, b := range got.Books(text.New("en")) {
		if w := want.Books(text.New("en"))[i]; fmt.Sprintf("%+v", rows(b)) != fmt.Sprintf("%+v", rows(w)) {
			t.Errorf("%s: %d rows, want %d", b.Key, len(b.Rows), len(w.Rows))
		}
	}
	if got.Records != want.Records {
		t.Errorf("%d records, want %d", got.Records, want.Records)
	}
}

func rows(b register.Book) []string {
	var list []string
	for _, r := range b.Rows {
		for _, c := range r {
			s := c.Text + c.At.String()
			if c.Num != nil {
				s += fmt.Sprint(*c.Num)
			}
			list = append(list, s)
		}
	}
	return list
}

// Records of another station are nobody's business here.
func TestAnotherStation(t *testing.T) {
	s, o := october(t)
	for i := range s.list {
		s.list[i].Station = "another"
	}
	o.Planned = nil
	if m := build(t, s, o); m.Records+len(m.Lessons)+len(m.Events)+len(m.Faults)+len(m.Corrections) != 0 {
		t.Errorf("%d records, %d lessons, %d events", m.Records, len(m.Lessons), len(m.Events))
	}
}

func TestGaps(t *testing.T) {
	z := zone(t)
	day := func(month, d int) time.Time { return time.Date(2026, time.Month(month), d, 8, 0, 0, 0, z) }
	tests := []struct {
		name string
		seqs map[uint64]time.Time
		want string
	}{
		{"none", map[uint64]time.Time{1: day(9, 1), 2: day(10, 1), 3: day(10, 2)}, ""},
		{"one record", map[uint64]time.Time{1: day(10, 1), 3: day(10, 2)}, "2-2"},
		{"over the beginning", map[uint64]time.Time{1: day(9, 1), 5: day(10, 2)}, "2-4"},
		{"over the end", map[uint64]time.Time{1: day(10, 30), 5: day(11, 2)}, "2-4"},
		{"over all of it", map[uint64]time.Time{1: day(9, 30), 5: day(11, 2)}, "2-4"},
		{"before", map[uint64]time.Time{1: day(9, 1), 5: day(9, 2), 6: day(10, 1)}, ""},
		{"after", map[uint64]time.Time{1: day(10, 1), 2: day(11, 1), 9: day(11, 2)}, ""},
	}
	for _, tt := range tests {
		s := &stream{boot: "b"}
		for seq := range uint64(10) {
			if at, ok := tt.seqs[seq]; ok {
				s.seq = seq - 1
				s.add(at, "boot", "", obj{})
			}
		}
		var got []string
		for _, h := range build(t, s, register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October}).Holes {
			got = append(got, fmt.Sprintf("%d-%d", h.From, h.To))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

func TestFaults(t *testing.T) {
	z := zone(t)
	day := func(month, d int) time.Time { return time.Date(2026, time.Month(month), d, 8, 0, 0, 0, z) }
	type entry struct {
		at   time.Time
		code string // "": a restart
		on   bool
	}
	tests := []struct {
		name    string
		entries []entry
		want    string
	}{
		{"begins and ends", []entry{{day(10, 1), "x", true}, {day(10, 2), "x", false}}, "x 10-01 to 10-02"},
		{"stands", []entry{{day(10, 1), "x", true}}, "x 10-01 open"},
		{"from before until after", []entry{{day(9, 1), "x", true}, {day(11, 2), "x", false}}, "x 09-01 open"},
		{"over before", []entry{{day(9, 1), "x", true}, {day(9, 2), "x", false}}, ""},
		{"later", []entry{{day(11, 1), "x", true}}, ""},
		{"found again after a restart", []entry{{day(10, 1), "x", true}, {day(10, 5), "", true}, {day(10, 5), "x", true}}, "x 10-01 open"},
		{"not found again", []entry{{day(10, 1), "x", true}, {day(10, 5), "", true}, {day(10, 7), "", true}}, "x 10-01 restart 10-05"},
		{"restart before the month", []entry{{day(9, 1), "x", true}, {day(9, 5), "", true}, {day(10, 5), "", true}}, ""},
		{"ended only", []entry{{day(10, 1), "x", false}}, ""},
		{"two", []entry{{day(10, 2), "y", true}, {day(10, 1), "x", true}, {day(10, 3), "y", false}}, "x 10-01 open; y 10-02 to 10-03"},
	}
	for _, tt := range tests {
		s := &stream{boot: "b"}
		for _, e := range tt.entries {
			if e.code == "" {
				s.add(e.at, "boot", "", obj{})
				continue
			}
			s.add(e.at, "fault", "", firmware.Fault{Code: e.code, On: e.on})
		}
		var got []string
		for _, f := range build(t, s, register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October}).Faults {
			said := f.Fault.Code + " " + f.From.Format("01-02")
			switch {
			case f.Open():
				said += " open"
			case !f.To.IsZero():
				said += " to " + f.To.Format("01-02")
			default:
				said += " restart " + f.Restart.Format("01-02")
			}
			got = append(got, said)
		}
		if strings.Join(got, "; ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// The safety sheet: extremes of what is a voltage, the newest relay test of each load,
// cool-downs by how they ended.
func TestSafety(t *testing.T) {
	m := little(t, func(s *stream, at func(int) time.Time) {
		for _, e := range []firmware.GuardEvent{{Kind: "outage", MV: 12_000, LastedMS: 60_000}, {Kind: "interruption", MV: 9_000}, {Kind: "mains_bad", MV: 170_000}, {Kind: "dip", MV: 150_000},
			{Kind: "swell", MV: 250_000}, {Kind: "mains_bad", MV: 245_000}, {Kind: "meter_fault", MV: 400_000}, {Kind: "trip", MV: -5}, {Kind: "arrester", Cause: "guard.cause.arrester_open"}} {
			s.add(at(0), "power", "", e)
		}
		for _, on := range []bool{false, true} {
			s.add(at(1), "relay_test", "", obj{"load": "tv", "on": on, "off": true})
		}
		for _, to := range []string{"standby", "off", "on", "unknown", "standby"} {
			s.add(at(2), "display", "", obj{"name": "projector", "from": "cooling", "to": to})
		}
	})
	f := m.Safety
	if f.High.MV != 250_000 || f.Low.MV != 150_000 || f.OutageFor != time.Minute || f.Counts["mains_bad"] != 2 {
		t.Errorf("%+v %+v %+v", f, f.High, f.Low)
	}
	if len(f.Relays) != 1 || !f.Relays[0].On || f.Cooled != 2 || f.CutShort != 1 || f.Arrester != "guard.cause.arrester_open" {
		t.Errorf("%+v", f)
	}
}

// What is no study does not count for the quota, and is in the books all the same.
func TestWhatCounts(t *testing.T) {
	s, o := october(t)
	o.Counts = func(id string) bool { return id != "party-2026-10-02" }
	m := build(t, s, o)
	if m.Quota.Done != (268-45)*time.Minute || m.Quota.Lessons != 6 || len(m.Lessons) != 9 || m.Quota.Called != 7 {
		t.Errorf("%+v, %d lessons", m.Quota, len(m.Lessons))
	}
}

func TestHarmlessCells(t *testing.T) {
	for in, want := range map[string]string{"=1": "'=1", " =1": "' =1", "\u00a0=1": "'\u00a0=1", "\t1": "'\t1", "\"-1": "'\"-1", "a=1": "a=1", "—": "—", "": "", "10-02": "10-02"} {
		var out strings.Builder
		must(t, register.WriteCSV(&out, register.Book{Columns: []register.Column{{Name: "n"}}, Rows: [][]register.Cell{{{Text: in}}}}))
		if got := out.String(); !strings.Contains(strings.ReplaceAll(got, `""`, `"`), want) || strings.Contains(got, "'") != strings.HasPrefix(want, "'") {
			t.Errorf("%q: %q", in, got)
		}
	}
	minus := -3.5
	var out strings.Builder
	must(t, register.WriteCSV(&out, register.Book{Columns: []register.Column{{Name: "n"}}, Rows: [][]register.Cell{{{Num: &minus}}}}))
	if !strings.HasSuffix(out.String(), "\r\n-3.5\r\n") {
		t.Errorf("a number: %q", out.String())
	}
}

// A year of lessons does not fit on one sheet across: the first columns stand on each.
func TestManyLessons(t *testing.T) {
	z := zone(t)
	s := &stream{boot: "b"}
	for d := 1; d <= 31; d++ {
		at := time.Date(2026, 10, d, 19, 0, 0, 0, z)
		s.add(at, "roll_open", fmt.Sprint("l", d), obj{"title": "课", "late_after": at})
	}
	m := build(t, s, register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October, Members: people()[:2]})
	books := m.Books(text.New("zh"))
	i := slices.IndexFunc(books, func(b register.Book) bool { return b.Key == "attendance" })
	if got := len(books[i].Columns); got != 3+31+1 {
		t.Errorf("%d columns", got)
	}
	var page strings.Builder
	must(t, register.WriteHTML(&page, m, text.New("zh"), "key"))
	if got := strings.Count(page.String(), "签到册"); got < 4 { // cover and sheets
		t.Errorf("the attendance book is on %d sheets", got)
	}
	if got := strings.Count(page.String(), "<td>王秀英</td>"); got < 3+1 {
		t.Errorf("a name is on %d sheets", got)
	}
}
