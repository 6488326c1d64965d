package schedule_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/schedule"
	"stationbox/firmware/text"
)

func TestCheck(t *testing.T) {
	mon := []time.Weekday{time.Monday}
	lengths := func(file string) (time.Duration, bool) { return 50 * time.Minute, file == "long.mp4" }
	sun := []schedule.Span{{From: at(t, "2026-10-12 13:05:00"), To: at(t, "2026-10-12 13:15:00")}}
	tests := []struct {
		name string
		rows []schedule.Entry
		want []string
	}{
		{"nothing", []schedule.Entry{{ID: "a", Days: mon, At: hm(9, 0), Duration: time.Hour}}, nil},
		{"monthly runs into weekly", []schedule.Entry{
			{ID: "a", Days: mon, At: hm(9, 0), Duration: time.Hour},
			{ID: "b", Monthly: []schedule.Monthly{{Day: 5}}, At: hm(9, 59), Duration: time.Hour}}, []string{`b: overlaps a on 2026-10-05 at 09:59:00`}},
		{"of different priority", []schedule.Entry{
			{ID: "a", Days: mon, At: hm(9, 0), Duration: time.Hour},
			{ID: "b", Monthly: []schedule.Monthly{{Day: 5}}, At: hm(9, 59), Duration: time.Hour, Priority: 1}}, nil},
		{"excepted", []schedule.Entry{
			{ID: "a", Days: mon, At: hm(9, 0), Duration: time.Hour, Except: []schedule.Date{date(t, "2026-12-07")}},
			{ID: "b", Dates: []schedule.Date{date(t, "2026-12-07")}, At: hm(9, 59), Duration: time.Hour}}, nil},
		{"alternate weeks", []schedule.Entry{
			{ID: "a", Days: mon, At: hm(9, 0), Duration: time.Hour, Every: 2, From: date(t, "2026-09-07")},
			{ID: "b", Days: mon, At: hm(9, 0), Duration: time.Hour, Every: 2, From: date(t, "2026-09-14")}}, nil},
		{"the film runs over the slot", []schedule.Entry{{ID: "a", Days: mon, At: hm(9, 0), Duration: 45 * time.Minute, File: "long.mp4"}}, []string{"a: the film lasts 50m0s, its slot 45m0s"}},
		{"a film without slot runs into the next", []schedule.Entry{
			{ID: "a", Days: mon, At: hm(9, 0), File: "long.mp4"},
			{ID: "b", Days: mon, At: hm(9, 45), Duration: time.Minute}}, []string{"b: overlaps a on 2026-09-21"}},
		{"live in a sun outage", []schedule.Entry{{ID: "a", Days: mon, At: hm(12, 30), Duration: time.Hour, Kind: schedule.KindLive}}, []string{"a: sun outage 2026-10-12 13:05:00–13:15:00"}},
		{"film in a sun outage", []schedule.Entry{{ID: "a", Days: mon, At: hm(12, 30), Duration: time.Hour}}, []string{"a: warning: sun outage"}},
		{"over before the sun", []schedule.Entry{{ID: "a", Days: mon, At: hm(12, 0), Duration: time.Hour, Kind: schedule.KindLive}}, nil},
		{"past dates", []schedule.Entry{{ID: "a", Dates: []schedule.Date{date(t, "2026-01-05"), date(t, "2026-12-01")}, At: hm(9, 0)}}, []string{"a: warning: 1 of its dates are past, the first 2026-01-05"}},
		{"never again", []schedule.Entry{{ID: "a", Days: mon, Until: date(t, "2026-09-01"), At: hm(9, 0)}}, []string{"a: warning: is never held within 400 days"}},
		{"holidays end", []schedule.Entry{{ID: "a", Days: mon, At: hm(9, 0), Holiday: schedule.SkipHolidays}, {ID: "b", Days: mon, At: hm(10, 0), Holiday: schedule.OnlyHolidays}}, nil},
	}
	en := text.New("en")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := schedule.New(tt.rows, zone(t, "Asia/Shanghai")).WithHolidays(schedule.China())
			var got []string
			for _, f := range s.Check(schedule.CheckOpts{Now: at(t, "2026-09-20 08:00:00"), Lengths: lengths, Outages: sun}) {
				got = append(got, f.In(en))
			}
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCheckHolidayData(t *testing.T) {
	s := schedule.New([]schedule.Entry{{ID: "a", Days: []time.Weekday{time.Monday}, At: hm(9, 0), Holiday: schedule.SkipHolidays}}, zone(t, "Asia/Shanghai"))
	en := text.New("en")
	say := func(s *schedule.Schedule, now string) string {
		list := s.Check(schedule.CheckOpts{Now: at(t, now)})
		if len(list) != 1 {
			t.Fatalf("%s: %v", now, list)
		}
		return list[0].In(en)
	}
	if got := say(s.WithHolidays(schedule.China()), "2026-11-02 08:00:00"); !strings.HasPrefix(got, "warning: holiday data ends 2026-12-31") {
		t.Errorf("got %q", got)
	}
	if got := s.WithHolidays(schedule.China()).Check(schedule.CheckOpts{Now: at(t, "2026-10-31 08:00:00")}); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	if got := say(s, "2026-06-01 08:00:00"); !strings.Contains(got, "there is no list") {
		t.Errorf("got %q", got)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	csv := write("h.csv", "2026-11-24,村庆,holiday\nnonsense\n")
	ics := write("l.ics", strings.Replace(event("DTSTART:20261125T090000", "LOCATION:a.mp4", "SUMMARY:A"), "END:VCALENDAR",
		"BEGIN:VEVENT\r\nUID:party@stationbox\r\nDTSTART:20261126T090000\r\nLOCATION:b.mp4\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:z\r\nEND:VEVENT\r\nEND:VCALENDAR", 1))
	rows := []schedule.Entry{{ID: "party", Days: []time.Weekday{time.Tuesday}, At: hm(9, 0), Holiday: schedule.SkipHolidays}}
	s, found := schedule.Open(rows, zone(t, "Asia/Shanghai"), schedule.Sources{Holidays: csv, Calendar: ics, Library: "/lib"})
	var keys []string
	for _, f := range found {
		keys = append(keys, f.Key+" "+filepath.Base(f.File))
	}
	if want := []string{"schedule.holiday.row h.csv", "schedule.ics.no_file l.ics", "schedule.ics.id_taken l.ics"}; !slices.Equal(keys, want) {
		t.Errorf("findings %q", keys)
	}
	list := s.Between(at(t, "2026-11-24 00:00:00"), at(t, "2026-11-30 00:00:00"))
	if len(list) != 1 || list[0].Title != "A" || list[0].File != "/lib/a.mp4" {
		t.Errorf("got %v", list)
	}
}

// A file that is missing, too large or no calendar costs no lesson of the rows.
func TestOpenWithoutFiles(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := []schedule.Entry{{ID: "party", Days: []time.Weekday{time.Tuesday}, At: hm(9, 0)}}
	for _, path := range []string{filepath.Join(dir, "none"), large, dir} {
		s, found := schedule.Open(rows, nil, schedule.Sources{Holidays: path, Calendar: path})
		if len(found) != 2 || found[0].Key != "schedule.file" || len(s.Entries()) != 1 {
			t.Errorf("%s: %v", path, found)
		}
	}
	if s, found := schedule.Open(rows, nil, schedule.Sources{Holidays: "china"}); len(found) != 0 || len(s.Entries()) != 1 {
		t.Errorf("shipped list: %v", found)
	}
	if _, found := schedule.Open(rows, nil, schedule.Sources{}); len(found) != 0 {
		t.Errorf("no files: %v", found)
	}
}
