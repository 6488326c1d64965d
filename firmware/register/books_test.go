package register_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/register"
	"stationbox/firmware/text"
)

var update = flag.Bool("update", false, "write testdata anew")

// golden compares what a folder has in name with testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s line %d:\n got %s\nwant %s", name, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", name, len(g), len(w))
}

// The books of a synthetic October in both languages. Each line of testdata was looked
// at by a person; -update writes it anew.
func TestOctober(t *testing.T) {
	s, o := october(t)
	m := build(t, s, o)
	for _, lang := range []string{"zh", "en"} {
		dir := filepath.Join(t.TempDir(), "m")
		if _, err := register.Write(dir, m, text.New(lang), aHand(1), false); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, b := range m.Books(text.New(lang)) {
			raw, err := os.ReadFile(filepath.Join(dir, b.Key+".csv"))
			must(t, err)
			fmt.Fprintf(&all, "== %s\n%s\n%s\n%s\n%s\n", b.Title, strings.Join(b.Facts, "\n"), strings.ReplaceAll(strings.TrimPrefix(string(raw), "\ufeff"), "\r\n", "\n"), strings.Join(b.Notes, "\n"), b.Warn)
		}
		golden(t, "october."+lang+".txt", all.String())
		if lang == "zh" {
			page, err := os.ReadFile(filepath.Join(dir, register.HTMLFile))
			must(t, err)
			golden(t, "october.html", string(page))
		}
		if strings.Contains(all.String(), "register.") {
			t.Errorf("%s: a key instead of a sentence: %s", lang, all.String()[strings.Index(all.String(), "register."):][:80])
		}
	}
}

func TestOctoberInNumbers(t *testing.T) {
	s, o := october(t)
	m := build(t, s, o)
	if len(m.Lessons) != 9 || m.Quota.Done != 268*time.Minute || m.Quota.Called != 7 || m.Quota.Lessons != 7 {
		t.Errorf("%d lessons, quota %+v", len(m.Lessons), m.Quota)
	}
	if len(m.Holes) != 1 || m.Holes[0].To-m.Holes[0].From != 36 || m.Holes[0].After.Day() != 13 || m.Holes[0].Before.Day() != 16 {
		t.Errorf("holes %+v", m.Holes)
	}
	if m.Unreadable != 1 || m.Omitted != 0 {
		t.Errorf("%d unreadable, %d omitted", m.Unreadable, m.Omitted)
	}
	if len(m.Faults) != 3 || m.Faults[0].From.Month() != time.September || m.Faults[0].Restart.IsZero() || m.Faults[1].To.IsZero() || !m.Faults[2].Open() {
		t.Errorf("faults %+v", m.Faults)
	}
	if len(m.Corrections) != 3 || m.Corrections[0].Counts || !m.Corrections[1].Counts || m.Corrections[1].To != 60 || m.Corrections[2].Do != "void" {
		t.Errorf("corrections %+v", m.Corrections)
	}
	if h := m.Safety.High; h == nil || h.MV != 271_300 || m.Safety.Low.MV != 168_200 || m.Safety.Cooled != 7 || m.Safety.Counts["trip"] != 1 || m.Safety.Strikes != 7 {
		t.Errorf("safety %+v", m.Safety)
	}
	if len(m.Duty) != 8 || m.Duty[0].Open() != 50*time.Minute+20*time.Second || m.Duty[6].Commands != 2 {
		t.Errorf("duty %+v", m.Duty)
	}
	if len(m.Branches) != 4 || m.Branches[0].Possible != 15*7 {
		t.Errorf("branches %+v", m.Branches)
	}
}

// little is a month with one lesson.
func little(t *testing.T, fill func(s *stream, at func(minute int) time.Time)) *register.Month {
	t.Helper()
	z := zone(t)
	s := &stream{boot: "b"}
	fill(s, func(minute int) time.Time {
		return time.Date(2026, 10, 31, 23, 0, 0, 0, z).Add(time.Duration(minute) * time.Minute)
	})
	return build(t, s, register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October, Members: []firmware.Member{{Number: 1, Name: "甲", Branch: "A"}, {Number: 2, Name: "乙"}}})
}

func onRoll(l register.Lesson) string {
	var list []string
	for _, e := range l.Present {
		s := fmt.Sprint(e.Number, e.Name)
		if e.Late {
			s += " late"
		}
		if e.Corrected {
			s += " corrected"
		}
		if e.As != "" {
			s += " as " + e.As
		}
		list = append(list, s)
	}
	return fmt.Sprintf("%s / %d guests / %d heads / %d absent", strings.Join(list, ", "), len(l.Guests), l.Heads, len(l.Absent))
}

func TestRoll(t *testing.T) {
	open := func(s *stream, at func(int) time.Time) {
		s.add(at(0), "roll_open", "a", obj{"title": "课", "late_after": at(5)})
	}
	press := func(s *stream, at time.Time, n int, known bool) firmware.Record {
		return s.add(at, "press", "a", firmware.Press{Number: n, Known: known, Name: "记录"})
	}
	fix := func(s *stream, of firmware.Record, do string, n int) {
		s.add(of.Wall.AddDate(0, 0, 20), "correction", "", obj{"boot": of.Boot, "seq": of.Seq, "do": do, "number": n, "by": "page"})
	}
	tests := []struct {
		name string
		fill func(s *stream, at func(int) time.Time)
		want string
	}{
		{"counted once", func(s *stream, at func(int) time.Time) {
			open(s, at)
			press(s, at(1), 1, true)
			press(s, at(2), 1, true)
		}, "1甲 as 记录 / 0 guests / 0 heads / 1 absent"},
		{"late, and after midnight", func(s *stream, at func(int) time.Time) {
			open(s, at)
			press(s, at(5), 1, true)
			press(s, at(70), 2, true)
		}, "1甲 as 记录, 2乙 late as 记录 / 0 guests / 0 heads / 0 absent"},
		{"nobody's number and heads", func(s *stream, at func(int) time.Time) {
			open(s, at)
			press(s, at(1), 9, false)
			press(s, at(1), 9, false)
			s.add(at(1), "head", "a", obj{})
			s.add(at(1), "head", "a", obj{})
		}, " / 1 guests / 2 heads / 2 absent"},
		{"a card that nobody has", func(s *stream, at func(int) time.Time) {
			open(s, at)
			s.add(at(1), "press", "a", obj{"card": "CAFE"})
		}, " / 0 guests / 0 heads / 2 absent"},
		{"after the roll is closed", func(s *stream, at func(int) time.Time) {
			open(s, at)
			s.add(at(3), "roll_close", "a", obj{"present": 0})
			press(s, at(4), 1, true)
			s.add(at(4), "head", "a", obj{})
		}, " / 0 guests / 0 heads / 2 absent"},
		{"opened again", func(s *stream, at func(int) time.Time) {
			open(s, at)
			s.add(at(3), "roll_close", "a", obj{})
			open(s, at)
			press(s, at(4), 1, true)
		}, "1甲 as 记录 / 0 guests / 0 heads / 1 absent"},
		{"the opening is lost", func(s *stream, at func(int) time.Time) { press(s, at(4), 1, true) }, "1甲 as 记录 / 0 guests / 0 heads / 1 absent"},
		{"void: the next press of the same counts", func(s *stream, at func(int) time.Time) {
			open(s, at)
			fix(s, press(s, at(1), 1, true), "void", 0)
			press(s, at(6), 1, true)
		}, "1甲 late as 记录 / 0 guests / 0 heads / 1 absent"},
		{"renumbered to a member", func(s *stream, at func(int) time.Time) {
			open(s, at)
			fix(s, press(s, at(1), 9, false), "renumber", 2)
		}, "2乙 corrected / 0 guests / 0 heads / 1 absent"},
		{"renumbered to nobody", func(s *stream, at func(int) time.Time) {
			open(s, at)
			fix(s, press(s, at(1), 1, true), "renumber", 9)
		}, " / 1 guests / 0 heads / 2 absent"},
		{"renumbered to nonsense", func(s *stream, at func(int) time.Time) {
			open(s, at)
			fix(s, press(s, at(1), 1, true), "renumber", -4)
		}, "1甲 as 记录 / 0 guests / 0 heads / 1 absent"},
		{"the newest correction counts", func(s *stream, at func(int) time.Time) {
			open(s, at)
			p := press(s, at(1), 1, true)
			fix(s, p, "void", 0)
			fix(s, p, "renumber", 2)
			fix(s, p, "restore", 0)
		}, "1甲 corrected as 记录 / 0 guests / 0 heads / 1 absent"},
	}
	said := func(s *stream, at time.Time, do string, number, heads int) {
		s.add(at, "correction", "a", obj{"do": do, "number": number, "heads": heads, "known": number < 9, "by": "page", "at": at})
	}
	tests = append(tests, []struct {
		name string
		fill func(s *stream, at func(int) time.Time)
		want string
	}{
		{"said to be there", func(s *stream, at func(int) time.Time) {
			open(s, at)
			said(s, at(30), "present", 2, 0)
		}, "2乙 corrected / 0 guests / 0 heads / 1 absent"},
		{"said to be there, and pressed", func(s *stream, at func(int) time.Time) {
			open(s, at)
			press(s, at(6), 2, true)
			said(s, at(30), "present", 2, 0)
		}, "2乙 late corrected as 记录 / 0 guests / 0 heads / 1 absent"},
		{"said not to be there, whoever pressed", func(s *stream, at func(int) time.Time) {
			open(s, at)
			press(s, at(1), 1, true)
			press(s, at(2), 1, true)
			said(s, at(30), "absent", 1, 0)
		}, " / 0 guests / 0 heads / 2 absent"},
		{"outranks the correction of a press, the newest counts", func(s *stream, at func(int) time.Time) {
			open(s, at)
			said(s, at(20), "absent", 1, 0)
			said(s, at(21), "present", 1, 0)
			fix(s, press(s, at(1), 1, true), "void", 0)
		}, "1甲 corrected / 0 guests / 0 heads / 1 absent"},
		{"a guest who was there", func(s *stream, at func(int) time.Time) {
			open(s, at)
			said(s, at(20), "present", 77, 0)
		}, " / 1 guests / 0 heads / 2 absent"},
		{"heads", func(s *stream, at func(int) time.Time) {
			open(s, at)
			s.add(at(1), "head", "a", obj{})
			said(s, at(20), "heads", 0, 9)
			said(s, at(21), "heads", 0, 5)
			said(s, at(22), "heads", 0, -1)
		}, " / 0 guests / 5 heads / 2 absent"},
		{"nothing else is there", func(s *stream, at func(int) time.Time) {
			said(s, at(20), "present", 1, 0)
		}, "1甲 corrected / 0 guests / 0 heads / 1 absent"},
	}...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := little(t, tt.fill)
			if len(m.Lessons) != 1 {
				t.Fatalf("%d lessons", len(m.Lessons))
			}
			if got := onRoll(m.Lessons[0]); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A lesson is of the month of its planned time, however late its record came, and its
// longest showing counts.
func TestLessonsOfTheMonth(t *testing.T) {
	m := little(t, func(s *stream, at func(int) time.Time) {
		s.add(at(200), "lesson", "a", obj{"title": "A", "scheduled": at(0), "cause": "lesson.cause.cut", "played_ms": 60_000})
		s.add(at(9000), "lesson", "a", obj{"title": "A", "scheduled": at(0), "cause": "lesson.cause.played", "played_ms": 180_000})
		s.add(at(9001), "lesson", "b", obj{"title": "B", "scheduled": at(60), "cause": "lesson.cause.played", "played_ms": 180_000})
		s.add(at(1), "lesson", "c", obj{"title": "C", "scheduled": at(1), "played_ms": int64(1) << 60})
		s.add(at(2), "lesson", "emergency-x", obj{"title": "X", "scheduled": at(2), "played_ms": 600_000})
	})
	var got []string
	for _, l := range m.Lessons {
		got = append(got, fmt.Sprint(l.Title, len(l.Showings), l.Minutes()))
	}
	if s := strings.Join(got, " "); s != "A2 3m0s C1 0s X1 10m0s" {
		t.Errorf("got %s", s)
	}
	if m.Quota.Done != 13*time.Minute {
		t.Errorf("done %v", m.Quota.Done)
	}
}

// A lesson of the timetable without a record is shown, but for those of before there was
// a station and those that are still to come.
func TestPlannedWithoutARecord(t *testing.T) {
	z := zone(t)
	day := func(d int) time.Time { return time.Date(2026, 10, d, 19, 0, 0, 0, z) }
	for seq, want := range map[uint64]string{0: "10 20", 7: "5 10 20"} {
		s := &stream{boot: "b", seq: seq}
		s.add(day(8), "boot", "", obj{})
		s.add(day(15), "lesson", "p15", obj{"scheduled": day(15)})
		o := register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October, Made: day(21)}
		for _, d := range []int{-3, 5, 10, 15, 20, 25, 35} {
			o.Planned = append(o.Planned, firmware.Occasion{ID: fmt.Sprint("p", d), Start: day(d)})
		}
		var got []string
		for _, l := range build(t, s, o).Lessons {
			if len(l.Showings) == 0 {
				got = append(got, fmt.Sprint(l.Scheduled.Day()))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("first record #%d: %v, want %s", seq+1, got, want)
		}
	}
}

// The journal begins within the month: what was before is said to be gone.
func TestBeginsLate(t *testing.T) {
	m := little(t, func(s *stream, at func(int) time.Time) {
		s.seq = 500
		s.add(at(0), "boot", "", obj{"version": "1"})
	})
	if len(m.Holes) != 1 || !m.Holes[0].Overwritten || m.Holes[0].To != 500 {
		t.Errorf("holes %+v", m.Holes)
	}
	for _, lang := range []string{"zh", "en"} {
		for _, b := range m.Books(text.New(lang)) {
			if b.Key != "corrections" && !strings.Contains(b.Warn, "500") {
				t.Errorf("%s %s: %q", lang, b.Key, b.Warn)
			}
		}
	}
}

// A month in which the clocks change has the offset at each time.
func TestClocksChange(t *testing.T) {
	z, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	s := &stream{boot: "b"}
	s.add(time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), "boot", "", obj{"version": "1"})
	s.add(time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), "boot", "", obj{"version": "2"})
	m := build(t, s, register.Opts{Station: stationID, Zone: z, Year: 2026, Month: time.October})
	dir := filepath.Join(t.TempDir(), "m")
	_, err = register.Write(dir, m, text.New("en"), aHand(1), false)
	must(t, err)
	page, err := os.ReadFile(filepath.Join(dir, register.HTMLFile))
	must(t, err)
	for _, want := range []string{"10-25 02:30:00 &#43;02:00", "10-25 02:30:00 &#43;01:00"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %s", want)
		}
	}
}

// No cell of a CSV file is a formula to a spreadsheet, and none of the page is markup.
func TestInjection(t *testing.T) {
	bad := []string{"=1+1", "+A1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", `"=1"`, "'=1", "<script>alert(1)</script>", "a\x00\x1b[31mb", "x\u202e=1"}
	m := little(t, func(s *stream, at func(int) time.Time) {
		for i, name := range bad {
			id := fmt.Sprint("a", i)
			s.add(at(0), "roll_open", id, obj{"title": name})
			s.add(at(1), "press", id, firmware.Press{Number: 9 + i, Known: true, Name: name})
			s.add(at(1), "command", "", obj{"args": []string{name}, "by": name})
			s.add(at(2), "lesson", id, obj{"title": name, "scheduled": at(0), "cause": name})
			s.add(at(3), "power", "", obj{"kind": name, "load": name, "cause": name})
			s.add(at(3), "fault", "", obj{"code": name, "args": obj{"name": name}, "on": true})
		}
	})
	for _, b := range m.Books(text.New("en")) {
		checkCSV(t, b)
	}
	dir := filepath.Join(t.TempDir(), "m")
	_, err := register.Write(dir, m, text.New("en"), aHand(1), false)
	must(t, err)
	page, err := os.ReadFile(filepath.Join(dir, register.HTMLFile))
	must(t, err)
	if strings.Contains(string(page), "<script") || strings.ContainsAny(string(page), "\x00\x1b\u202e") || !strings.Contains(string(page), "&lt;script&gt;") {
		t.Error("markup or control characters in the page")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "members.csv"))
	must(t, err)
	for _, want := range []string{"'=1+1", "'@SUM(A1)", "'-2+3", "'＝1+1", "'+A1"} {
		if !strings.Contains(string(raw), ","+want+",") {
			t.Errorf("%s is not in members.csv:\n%s", want, raw)
		}
	}
}

// checkCSV reads a book's file as a program does and looks for formulas.
func checkCSV(t *testing.T, b register.Book) {
	t.Helper()
	var out strings.Builder
	must(t, register.WriteCSV(&out, b))
	body, marked := strings.CutPrefix(out.String(), "\ufeff")
	if !marked || strings.Count(body, "\n") != strings.Count(body, "\r\n") {
		t.Errorf("%s: no byte order mark, or a line end that is not CRLF", b.Key)
	}
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != len(b.Rows)+1 {
		t.Fatalf("%s: %d rows of %d, %v", b.Key, len(rows), len(b.Rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if s := strings.TrimLeft(cell, " \"\u3000"); s != "" && strings.ContainsRune("=+-@＝＋－＠\t\r", []rune(s)[0]) {
				t.Errorf("%s: the cell %q is a formula", b.Key, cell)
			}
		}
	}
}
