package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/config"
)

func TestScheduleMistakes(t *testing.T) {
	refuses(t, reference(t), func(_ *testing.T, file string) string { return file }, []mistake{
		{"date", `"2027-05-12"]`, `"2027-5-12"]`, []string{"schedule[4].dates[2]", `did you mean "2027-05-12"`}},
		{"Chinese date", `"2027-05-12"]`, `"2027年5月12日"]`, []string{`did you mean "2027-05-12"`}},
		{"no such day", `"2027-05-12"]`, `"2027-02-29"]`, []string{"schedule[4].dates[2]", "is not a date", `write "2026-12-01"`}},
		{"empty date", `"2027-05-12"]`, `""]`, []string{"schedule[4].dates[2]", "is not a date"}},
		{"date twice", `"2027-05-12"]`, `"2026-12-01"]`, []string{"schedule[4].dates[2]", "is there twice"}},
		{"exception", `except = ["2026-10-05"]`, `except = ["10-05"]`, []string{"schedule[3].except[1]"}},
		{"until before from", `until = "2026-12-31"`, `until = "2026-08-31"`, []string{"schedule[3].until", "is before from (2026-09-01)"}},
		{"monthly", `monthly = "5" `, `monthly = "0" `, []string{"schedule[3].monthly", `"first mon"`}},
		{"monthly word", `monthly = "5" `, `monthly = "sixth mon" `, []string{"schedule[3].monthly"}},
		{"monthly number", `monthly = "5" `, `monthly = 5 `, []string{"schedule[3].monthly", `write "5"`}},
		{"monthly mixed", `monthly = "5" `, `monthly = "5, first mon" `, []string{"schedule[3].monthly", "cannot be in one row"}},
		{"monthly and days", `monthly = "5" `, "days = [\"mon\"]\nmonthly = \"5\" ", []string{"schedule[3].monthly", "days of the week"}},
		{"every without from", `# every = 1 `, `every = 2 `, []string{"schedule[1].every", "needs from"}},
		{"every never", `# every = 1 `, `every = 0 `, []string{"schedule[1].every", "not between 1 and 52"}},
		{"holiday word", `# holiday = "play"`, `holiday = "skipp"`, []string{"schedule[1].holiday", `did you mean "skip"`}},
		{"priority", `# priority = 0`, `priority = 10`, []string{"schedule[1].priority", "not between 0 and 9"}},
		{"kind", `# kind = "study"`, `kind = "movie"`, []string{"schedule[1].kind", "film"}},
		{"live from nowhere", "# kind = \"study\"  ", "kind = \"live\"  ", []string{"schedule[1].url", "udp://239.1.2.3:5004"}},
		{"live by a word", "# kind = \"study\"  ", "url = \"CCTV-7\"\nkind = \"live\"  ", []string{"schedule[1].url", `"CCTV-7" is no address`}},
		{"live programme", "# kind = \"study\"  ", "url = \"udp://239.1.2.3:5004\"\nprogram = 65536\nkind = \"live\"  ", []string{"schedule[1].program", "65535"}},
		{"live for ever", "duration = \"45m\"", "url = \"udp://239.1.2.3:5004\"\nkind = \"live\"", []string{"schedule[1].duration", "needs a duration"}},
		{"a film with an address", "duration = \"45m\"", "url = \"udp://239.1.2.3:5004\"\nduration = \"45m\"", []string{"schedule[1].url", "for live lessons only"}},
		{"a film that is recorded", "duration = \"45m\"", "record = true\nduration = \"45m\"", []string{"schedule[1].record", "for live lessons only"}},
		{"file outside", `file = "drill.mp4"`, `file = "../drill.mp4"`, []string{"schedule[4].file", "not in the library"}},
		{"target", `# target = 245`, `target = -1`, []string{"calendar.target"}},
		{"window", `# make_up_until = "22:00"`, `make_up_until = "08:00"`, []string{"calendar.make_up_until", "later than make_up_from"}},
		{"window clock", `# make_up_until = "22:00"`, `make_up_until = "10pm"`, []string{"calendar.make_up_until", "is not a time of day"}},
		{"weekly rows of one priority", "days = [\"sat\"]\nat = \"09:00\"", "days = [\"thu\"]\nat = \"19:45\"", []string{"schedule[2]", `overlaps "party"`}},
	})
}

// Rows of different priority may overlap: that is what the priority is for. Rows
// that are not simply weekly are the calendar's to compare.
func TestOverlapThatIsMeant(t *testing.T) {
	for _, extra := range []string{"priority = 1", `every = 2` + "\n" + `from = "2026-09-01"`, `except = ["2026-09-03"]`, `holiday = "skip"`} {
		file := strings.Replace(reference(t), "days = [\"sat\"]\nat = \"09:00\"", "days = [\"thu\"]\nat = \"19:45\"\n"+extra, 1)
		if _, problems := parse(t, file); len(config.Errors(problems)) > 0 {
			t.Errorf("%s: %v", extra, problems)
		}
	}
}

func TestHolidayNeedsAList(t *testing.T) {
	file := strings.Replace(reference(t), `# holiday = "play"`, `holiday = "skip"`, 1)
	file = strings.Replace(file, `# holidays = "china"`, `holidays = ""`, 1)
	_, problems := parse(t, file)
	if errs := config.Errors(problems); len(errs) != 1 || !strings.Contains(errs[0].String(), `schedule[1].holiday: there is no list of holidays`) {
		t.Errorf("got %v", errs)
	}
}

func TestScheduleRows(t *testing.T) {
	cfg, problems := parse(t, reference(t))
	if errs := config.Errors(problems); len(errs) > 0 || len(cfg.Schedule) != 4 {
		t.Fatal(errs)
	}
	lines := strings.Split(reference(t), "\n")
	for _, e := range cfg.Schedule {
		if lines[e.Line-1] != "[[schedule]]" {
			t.Errorf("%s: line %d is %q", e.ID, e.Line, lines[e.Line-1])
		}
	}
	if e := cfg.Schedule[1]; e.Every != 1 || e.Holiday != "play" || e.Kind != "study" || !e.Counts || cfg.Schedule[3].Counts {
		t.Errorf("defaults of a row: %+v", e)
	}
	if cfg.Calendar.Target != 245 || cfg.Calendar.Holidays != "china" {
		t.Errorf("defaults of the calendar: %+v", cfg.Calendar)
	}
}

func TestMonthDays(t *testing.T) {
	got, ok := config.Entry{Monthly: "5, 15,last , first mon,last fri"}.MonthDays()
	want := []config.MonthDay{{Day: 5, Weekday: 0}, {Day: 15}, {Day: -1}, {Nth: 1, Weekday: time.Monday}, {Nth: -1, Weekday: time.Friday}}
	if !ok || !slices.Equal(got, want) {
		t.Errorf("got %v %v", got, ok)
	}
	for _, bad := range []string{"32", "first", "mon", "first  ", "5,,6", "-1", "last sunday"} {
		if days, ok := (config.Entry{Monthly: bad}).MonthDays(); ok {
			t.Errorf("%q is taken for %v", bad, days)
		}
	}
}
