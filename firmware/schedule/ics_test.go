package schedule_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/schedule"
	"stationbox/firmware/text"
	"stationbox/hal"
)

var exportNow = time.Date(2026, 9, 20, 8, 0, 0, 0, time.UTC)

// event wraps lines into a calendar of one event.
func event(lines ...string) string {
	return strings.Join(append(append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:abc@example"}, lines...), "END:VEVENT", "END:VCALENDAR", ""), "\r\n")
}

func TestImport(t *testing.T) {
	base := []string{"SUMMARY:党课", "LOCATION:party.mp4"}
	shanghai := "DTSTART;TZID=Asia/Shanghai:20261123T193000" // a Monday
	tests := []struct {
		name  string
		lines []string
		want  []string // starts in October 2026 to January 2027, at most four
	}{
		{"once", []string{shanghai}, []string{"11-23 19:30"}},
		{"weekly", []string{shanghai, "RRULE:FREQ=WEEKLY"}, []string{"11-23 19:30", "11-30 19:30", "12-07 19:30", "12-14 19:30"}},
		{"two days, count", []string{shanghai, "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;COUNT=3"}, []string{"11-23 19:30", "11-26 19:30", "11-30 19:30"}},
		{"every second week, until", []string{shanghai, "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261207T113000Z"}, []string{"11-23 19:30", "12-07 19:30"}},
		{"until a second before", []string{shanghai, "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261207T112959Z"}, []string{"11-23 19:30"}},
		{"daily with exceptions", []string{shanghai, "RRULE:FREQ=DAILY;COUNT=4", "EXDATE;TZID=Asia/Shanghai:20261124T193000,20261126T193000"}, []string{"11-23 19:30", "11-25 19:30"}},
		{"daily each 14", []string{shanghai, "RRULE:FREQ=DAILY;INTERVAL=14;COUNT=2"}, []string{"11-23 19:30", "12-07 19:30"}},
		{"fourth Monday", []string{shanghai, "RRULE:FREQ=MONTHLY;BYDAY=4MO"}, []string{"11-23 19:30", "12-28 19:30", "01-25 19:30"}},
		{"fourth Monday as Outlook has it", []string{shanghai, "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=4"}, []string{"11-23 19:30", "12-28 19:30", "01-25 19:30"}},
		{"day of the month", []string{shanghai, "RRULE:FREQ=MONTHLY"}, []string{"11-23 19:30", "12-23 19:30", "01-23 19:30"}},
		{"added date", []string{shanghai, "RDATE;TZID=Asia/Shanghai:20261201T193000"}, []string{"11-23 19:30", "12-01 19:30"}},
		{"UTC, which is the same all year", []string{"DTSTART:20261123T113000Z", "RRULE:FREQ=WEEKLY;COUNT=2"}, []string{"11-23 19:30", "11-30 19:30"}},
		{"UTC of the day before", []string{"DTSTART:20261122T230000Z", "RRULE:FREQ=WEEKLY;BYDAY=SU;COUNT=2"}, []string{"11-23 07:00", "11-30 07:00"}},
		{"no zone is the station's", []string{"DTSTART:20261123T193000"}, []string{"11-23 19:30"}},
		{"the zone as Windows calls it", []string{"DTSTART;TZID=China Standard Time:20261123T193000"}, []string{"11-23 19:30"}},
		{"another zone, once", []string{"DTSTART;TZID=Europe/Berlin:20261123T123000"}, []string{"11-23 19:30"}},
		{"folded and quoted", []string{"DTSTART;TZID=\"Asia/Shang", " hai\";VALUE=DATE-TIME:202611", "\t23T193000"}, []string{"11-23 19:30"}},
		{"the location counts before the old file", []string{shanghai, "X-STATIONBOX-FILE:old.mp4"}, []string{"11-23 19:30"}},
		{"cancelled", []string{shanghai, "STATUS:CANCELLED"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, bad, err := schedule.Import([]byte(event(append(base, tt.lines...)...)), zone(t, "Asia/Shanghai"))
			if err != nil || len(bad) > 0 {
				t.Fatal(err, bad)
			}
			var got []string
			for _, o := range schedule.New(rows, zone(t, "Asia/Shanghai")).Between(at(t, "2026-10-01 00:00:00"), at(t, "2027-02-01 00:00:00")) {
				if o.Title != "党课" || o.File != "party.mp4" {
					t.Fatalf("got %+v", o)
				}
				got = append(got, o.Start.Format("01-02 15:04"))
			}
			if got = got[:min(len(got), 4)]; !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// What a row cannot hold exactly is refused with the reason, and nothing of it
// is taken in.
func TestImportRefuses(t *testing.T) {
	start, place := "DTSTART;TZID=Asia/Shanghai:20261123T193000", "LOCATION:party.mp4"
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"no start", []string{place}, "has no start"},
		{"all day", []string{place, "DTSTART;VALUE=DATE:20261123"}, "no time of day"},
		{"no file", []string{start}, "put it into the location"},
		{"a place that is no file", []string{start, "LOCATION:村委会"}, "names no file"},
		{"file outside", []string{start, "X-STATIONBOX-FILE:../../etc/shadow.mp4"}, "not in the library"},
		{"absolute file", []string{start, "X-STATIONBOX-FILE:/etc/shadow"}, "not in the library"},
		{"zone", []string{place, "DTSTART;TZID=Moon/Base:20261123T193000"}, "unknown time zone Moon/Base"},
		{"zone by path", []string{place, "DTSTART;TZID=../../etc/passwd:20261123T193000"}, "unknown time zone"},
		{"summer time elsewhere", []string{place, "DTSTART;TZID=Europe/Berlin:20261123T123000", "RRULE:FREQ=WEEKLY"}, "Europe/Berlin does not keep step"},
		{"a day of the month that is another one here", []string{place, "DTSTART:20261122T230000Z", "RRULE:FREQ=MONTHLY"}, "MONTHLY"},
		{"yearly", []string{start, place, "RRULE:FREQ=YEARLY"}, "FREQ=YEARLY"},
		{"hours", []string{start, place, "RRULE:FREQ=DAILY;BYHOUR=9"}, "BYHOUR=9"},
		{"every third day", []string{start, place, "RRULE:FREQ=DAILY;INTERVAL=3"}, "DAILY"},
		{"weeks that begin on Wednesday", []string{start, place, "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;WKST=WE"}, "WEEKLY"},
		{"count and until", []string{start, place, "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20261201T000000Z"}, "COUNT=2"},
		{"first day is not in the rule", []string{start, place, "RRULE:FREQ=WEEKLY;BYDAY=TU"}, "first day"},
		{"rule twice", []string{start, place, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"}, "RRULE is there twice"},
		{"ends before it begins", []string{start, place, "DTEND;TZID=Asia/Shanghai:20261123T180000"}, "-1h30m0s"},
		{"a day long", []string{start, place, "DURATION:P1D"}, "24h"},
		{"odd length", []string{start, place, "DURATION:45"}, "DURATION 45"},
		{"added date at another time", []string{start, place, "RDATE;TZID=Asia/Shanghai:20261201T080000"}, "20261201T080000"},
		{"broken line", []string{start, place, "ATTENDEE;X=abc"}, "line 7"},
		{"13th month", []string{place, "DTSTART:20261323T193000"}, "not understood"},
		{"month of all days", []string{start, place, "RRULE:FREQ=MONTHLY;BYMONTHDAY=0"}, "BYMONTHDAY=0"},
		{"change of nothing", []string{start, place, "RECURRENCE-ID:20261123T193000"}, "not there"},
		{"priority", []string{start, place, "X-STATIONBOX-PRIORITY:99"}, "99"},
		{"live from nowhere", []string{start, "DURATION:PT1H", "X-STATIONBOX-SOURCE:中星6B"}, "no address of a live programme"},
		{"live for ever", []string{start, "X-STATIONBOX-SOURCE:udp://239.1.2.3:5004"}, "needs a length"},
		{"live of no programme", []string{start, "DURATION:PT1H", "X-STATIONBOX-SOURCE:udp://239.1.2.3:5004", "X-STATIONBOX-PROGRAMME:70000"}, "70000"},
	}
	en := text.New("en")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, bad, err := schedule.Import([]byte(event(tt.lines...)), zone(t, "Asia/Shanghai"))
			if err != nil || len(rows) != 0 || len(bad) != 1 {
				t.Fatalf("rows %v, findings %v, error %v", rows, bad, err)
			}
			if got := bad[0].In(en); !strings.Contains(got, tt.want) || !strings.HasPrefix(got, "abc@example: ") || !en.Has(bad[0].Key) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// One bad event costs only itself.
func TestImportKeepsTheOthers(t *testing.T) {
	file := "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Asia/Shanghai\nEND:VTIMEZONE\n" +
		"BEGIN:VEVENT\nUID:bad\nDTSTART:2026\nLOCATION:a.mp4\nEND:VEVENT\n" +
		"BEGIN:VEVENT\nUID:good@stationbox\nDTSTART:20261123T193000\nX-STATIONBOX-FILE:a.mp4\nBEGIN:VALARM\nnonsense\nEND:VALARM\nEND:VEVENT\n" +
		"BEGIN:VEVENT\nUID:good@stationbox\nDTSTART:20261124T193000\nX-STATIONBOX-FILE:a.mp4\nEND:VEVENT\nEND:VCALENDAR\n"
	rows, bad, err := schedule.Import([]byte(file), zone(t, "Asia/Shanghai"))
	if err != nil || len(rows) != 1 || rows[0].ID != "good" || len(bad) != 2 || bad[0].Line != 5 || bad[1].Key != "schedule.ics.uid_twice" {
		t.Errorf("rows %v, findings %v, error %v", rows, bad, err)
	}
	for _, broken := range []string{"", "BEGIN:VEVENT\nEND:VEVENT\n", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", "BEGIN:VCALENDAR\n", strings.Repeat("x", 2<<20)} {
		if _, _, err := schedule.Import([]byte(broken), time.UTC); !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("%.20q: %v", broken, err)
		}
	}
}

// A calendar program moves one occasion and deletes another: the series has two
// exceptions, and the moved one is a row of its own that keeps its file.
func TestImportMovedOccasion(t *testing.T) {
	file := "BEGIN:VCALENDAR\n" +
		"BEGIN:VEVENT\nUID:party@stationbox\nRECURRENCE-ID;TZID=Asia/Shanghai:20261130T193000\nDTSTART;TZID=Asia/Shanghai:20261201T090000\nSUMMARY:moved\nEND:VEVENT\n" +
		"BEGIN:VEVENT\nUID:party@stationbox\nDTSTART;TZID=Asia/Shanghai:20261123T193000\nDURATION:PT45M\nRRULE:FREQ=WEEKLY;COUNT=4\nSUMMARY:party\nX-STATIONBOX-FILE:p.mp4\nEND:VEVENT\n" +
		"BEGIN:VEVENT\nUID:party@stationbox\nRECURRENCE-ID;TZID=Asia/Shanghai:20261207T193000\nDTSTART;TZID=Asia/Shanghai:20261207T193000\nSTATUS:CANCELLED\nEND:VEVENT\n" +
		"END:VCALENDAR\n"
	rows, bad, err := schedule.Import([]byte(file), zone(t, "Asia/Shanghai"))
	if err != nil || len(bad) > 0 {
		t.Fatal(err, bad)
	}
	var got []string
	for _, o := range schedule.New(rows, zone(t, "Asia/Shanghai")).Between(at(t, "2026-11-01 00:00:00"), at(t, "2027-11-01 00:00:00")) {
		got = append(got, o.ID+" "+o.File+" "+o.Start.Format("01-02 15:04"))
	}
	want := []string{"party-2026-11-23 p.mp4 11-23 19:30", "party-moved-20261130-2026-12-01 p.mp4 12-01 09:00", "party-2026-12-14 p.mp4 12-14 19:30"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// Whatever the rows: exported and imported again they are the same calendar,
// holidays, priorities and all, and the second export is the first.
func TestExportImport(t *testing.T) {
	zones := []*time.Location{zone(t, "Asia/Shanghai"), zone(t, "Europe/Berlin"), time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		var rows []schedule.Entry
		for i := range rapid.IntRange(1, 5).Draw(t, "rows") {
			rows = append(rows, drawEntry(t, fmt.Sprintf("r%d", i)))
		}
		s := schedule.New(rows, z).WithHolidays(schedule.China())
		file, omitted := s.Export(schedule.ExportOpts{Now: exportNow})
		kept := slices.DeleteFunc(rows, func(e schedule.Entry) bool { return slices.Contains(omitted, e.ID) })
		s = schedule.New(kept, z).WithHolidays(schedule.China())
		read, bad, err := schedule.Import(file, z)
		if err != nil || len(bad) > 0 {
			t.Fatalf("%v %v\n%s", err, bad, file)
		}
		again := schedule.New(read, z).WithHolidays(schedule.China())
		for _, from := range []time.Time{exportNow.AddDate(0, -1, 0), exportNow.AddDate(0, 2, 0), exportNow.AddDate(1, 0, 0)} {
			want, got := s.Plan(from, from.AddDate(0, 3, 0)), again.Plan(from, from.AddDate(0, 3, 0))
			for i := range want {
				if want[i].Kind == "" {
					want[i].Kind = schedule.KindStudy
				}
			}
			if !slices.Equal(want, got) {
				t.Fatalf("want %v\ngot  %v\n%s", want, got, file)
			}
		}
		if second, _ := again.Export(schedule.ExportOpts{Now: exportNow}); !bytes.Equal(file, second) {
			t.Fatalf("first\n%s\nsecond\n%s", file, second)
		}
	})
}

func TestExportFile(t *testing.T) {
	s := schedule.New([]schedule.Entry{
		{ID: "party", Title: "党课：乡村振兴，第一讲；关于农村电子商务与合作社的经验交流", File: "/lib/a/party.mp4", Days: []time.Weekday{time.Sunday, time.Monday}, At: hm(19, 30), Duration: 45 * time.Minute},
		{ID: "mixed", Days: []time.Weekday{time.Monday}, Monthly: []schedule.Monthly{{Day: 5}}},
	}, zone(t, "Asia/Shanghai"))
	file, omitted := s.Export(schedule.ExportOpts{Name: "王村", Library: "/lib", Now: exportNow})
	if !slices.Equal(omitted, []string{"mixed"}) {
		t.Errorf("left out: %v", omitted)
	}
	for line := range strings.SplitSeq(string(file), "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	for _, want := range []string{"UID:party@stationbox\r\n", "DTSTART;TZID=Asia/Shanghai:20260920T193000\r\n", "RRULE:FREQ=WEEKLY;BYDAY=MO,SU\r\n", "X-STATIONBOX-FILE:a/party.mp4\r\n", "LOCATION:a/party.mp4\r\n", "TZOFFSETTO:+0800\r\n", "DURATION:PT2700S\r\n"} {
		if !strings.Contains(string(file), want) {
			t.Errorf("no %q in\n%s", want, file)
		}
	}
}

// peer asks python-icalendar and dateutil; without them the test is skipped at
// home and fails where CI is set.
func peer(t *testing.T, file []byte, from, to time.Time) map[string][]string {
	t.Helper()
	var out []byte
	err := errors.New("no python3")
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		cmd := exec.Command(python, "testdata/peer.py", from.Format("2006-01-02T15:04:05"), to.Format("2006-01-02T15:04:05"))
		cmd.Stdin = bytes.NewReader(file)
		cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
		var msg bytes.Buffer
		cmd.Stderr = &msg
		if out, err = cmd.Output(); err == nil {
			break
		}
		if !strings.Contains(msg.String(), "ModuleNotFoundError") && msg.Len() > 0 {
			t.Fatalf("peer: %s\n%s", msg.String(), file)
		}
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3-icalendar is missing: ", err)
		}
		t.Skip("python3-icalendar is missing: ", err)
	}
	days := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if id, rest, _ := strings.Cut(strings.TrimSpace(line), " "); id != "" {
			days[id] = append(days[id], rest)
		}
	}
	return days
}

// A calendar of all kinds of rows, read by an independent program, has the same
// days and titles as ours.
func TestExportAgreesWithPeer(t *testing.T) {
	for _, name := range []string{"Asia/Shanghai", "Europe/Berlin"} {
		z := zone(t, name)
		gen := rapid.Custom(func(t *rapid.T) schedule.Entry { return drawEntry(t, "x") })
		var rows []schedule.Entry
		for i := range 150 {
			e := gen.Example(i)
			e.ID, e.Title, e.Holiday, e.Priority = fmt.Sprintf("r%d", i), fmt.Sprintf("第%d课，“%s”;\\", i, strings.Repeat("乡", i)), 0, 0
			if e.At < 4*time.Hour {
				e.At += 4 * time.Hour
			}
			rows = append(rows, e)
		}
		s := schedule.New(rows, z)
		file, omitted := s.Export(schedule.ExportOpts{Now: exportNow})
		from := time.Date(2026, 9, 21, 0, 0, 0, 0, z)
		days := peer(t, file, from, from.AddDate(1, 0, 0).Add(-time.Second))
		ours := map[string][]string{}
		for _, slot := range s.Plan(from, from.AddDate(1, 0, 0)) {
			if slot.Held() && !slices.Contains(omitted, slot.Entry) {
				ours[slot.Entry] = append(ours[slot.Entry], slot.Occasion.Start.Format("2006-01-02T15:04:05"))
			}
		}
		if len(days["="]) != 150-len(omitted) || len(ours) < 75 {
			t.Fatalf("%d events there, %d held here, %d left out", len(days["="]), len(ours), len(omitted))
		}
		for _, e := range rows {
			if uid := e.ID + "@stationbox"; !slices.Equal(days[uid], ours[e.ID]) {
				t.Errorf("%s %+v:\npeer %v\nours %v", name, e, days[uid], ours[e.ID])
			}
			if title := e.ID + "@stationbox " + e.Title; !slices.Contains(days["="], title) && !slices.Contains(omitted, e.ID) {
				t.Errorf("title %q is not there", title)
			}
		}
	}
}

// Random rules as calendar programs write them: what we take in has the days
// that the peer finds.
func TestImportAgreesWithPeer(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	z := zone(t, "Asia/Shanghai")
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:Asia/Shanghai\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0800\r\nTZOFFSETTO:+0800\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")
	for i := range 600 {
		start := time.Date(2026, time.Month(1+rnd.Intn(12)), 1+rnd.Intn(28), 4+rnd.Intn(19), rnd.Intn(60), 0, 0, z)
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:u%d@stationbox\r\nSUMMARY:x\r\nLOCATION:x.mp4\r\nDTSTART;TZID=Asia/Shanghai:%s\r\nRRULE:%s\r\nEND:VEVENT\r\n",
			i, start.Format("20060102T150405"), randomRule(rnd, start))
	}
	b.WriteString("END:VCALENDAR\r\n")
	rows, bad, err := schedule.Import([]byte(b.String()), z)
	if err != nil || len(rows) < 300 || len(rows)+len(bad) != 600 {
		t.Fatalf("%d taken in, %d refused, error %v", len(rows), len(bad), err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, z)
	days := peer(t, []byte(b.String()), from, from.AddDate(2, 0, 0).Add(-time.Second))
	s := schedule.New(rows, z)
	ours := map[string][]string{}
	for _, slot := range s.Plan(from, from.AddDate(2, 0, 0)) {
		ours[slot.Entry] = append(ours[slot.Entry], slot.Occasion.Start.Format("2006-01-02T15:04:05"))
	}
	for _, e := range rows {
		if !slices.Equal(ours[e.ID], days[e.ID+"@stationbox"]) {
			t.Errorf("%+v:\npeer %v\nours %v", e, days[e.ID+"@stationbox"], ours[e.ID])
		}
	}
}

func randomRule(rnd *rand.Rand, start time.Time) string {
	days := []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
	own := days[start.Weekday()]
	rule := ""
	switch rnd.Intn(6) {
	case 0:
		rule = "FREQ=DAILY"
	case 1:
		rule = "FREQ=WEEKLY;BYDAY=" + own + "," + days[rnd.Intn(7)]
	case 2:
		rule = "FREQ=MONTHLY;BYMONTHDAY=" + fmt.Sprint(start.Day()) + ",31"
	case 3:
		rule = fmt.Sprintf("FREQ=MONTHLY;BYDAY=%d%s", (start.Day()-1)/7+1, own)
	case 4:
		rule = fmt.Sprintf("FREQ=MONTHLY;BYDAY=%s;BYSETPOS=%d", own, (start.Day()-1)/7+1)
	default:
		rule = "FREQ=MONTHLY;BYDAY=" + own
	}
	if rnd.Intn(2) == 0 {
		rule += fmt.Sprintf(";INTERVAL=%d", 1+rnd.Intn(4))
	}
	switch rnd.Intn(3) {
	case 0:
		rule += fmt.Sprintf(";COUNT=%d", 1+rnd.Intn(30))
	case 1:
		rule += ";UNTIL=" + start.AddDate(0, 0, rnd.Intn(400)).Add(time.Duration(rnd.Intn(3)-1)*time.Hour+time.Hour).UTC().Format("20060102T150405Z")
	}
	if rnd.Intn(2) == 0 {
		rule += ";WKST=" + []string{"MO", "SU", "WE"}[rnd.Intn(3)]
	}
	return rule
}

// Whatever the bytes: no panic, and what is taken in can be asked, exported and
// read again.
func FuzzImport(f *testing.F) {
	s := schedule.New(busyVillage()[:20], time.UTC)
	file, _ := s.Export(schedule.ExportOpts{Now: exportNow})
	f.Add(file)
	f.Add([]byte(event("DTSTART;TZID=Asia/Shanghai:20261123T193000", "LOCATION:a.mp4", "RRULE:FREQ=MONTHLY;BYDAY=-1MO,2TU;INTERVAL=7;COUNT=5000")))
	f.Add([]byte(event("DTSTART:20261123T193000Z", "X-STATIONBOX-FILE:a;b\\,c", "RDATE:20261124T193000Z", "EXDATE:20261123T193000Z", "DURATION:P1W")))
	f.Add([]byte(event("ATTENDEE;X=abc", "DTSTART:", "RRULE:FREQ=WEEKLY;BYDAY=;UNTIL=")))
	z := zone(f, "Asia/Shanghai")
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, bad, err := schedule.Import(data, z)
		for _, b := range bad {
			if b.Key == "" || b.Line == 0 {
				t.Errorf("a finding without reason or line: %+v", b)
			}
		}
		if err != nil {
			return
		}
		cal := schedule.New(rows, z)
		cal.Plan(exportNow, exportNow.AddDate(0, 1, 0))
		file, _ := cal.Export(schedule.ExportOpts{Now: exportNow})
		if _, bad, err := schedule.Import(file, z); err != nil || len(bad) > 0 {
			t.Errorf("our own export is refused: %v %v\n%s", err, bad, file)
		}
	})
}
