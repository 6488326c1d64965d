package schedule_test

import (
	"fmt"
	"slices"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/schedule"
)

func date(t testing.TB, s string) schedule.Date {
	t.Helper()
	d, err := schedule.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func hm(h, m int) time.Duration { return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute }

// held returns the days on which a single row is held from 2026-01-01 on.
func held(s *schedule.Schedule, days int) []string {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out []string
	for _, o := range s.Between(from, from.AddDate(0, 0, days)) {
		out = append(out, o.Start.Format("01-02"))
	}
	return out
}

func TestRows(t *testing.T) {
	mon := []time.Weekday{time.Monday}
	tests := []struct {
		name string
		e    schedule.Entry
		days int
		want []string
	}{
		{"weekly", schedule.Entry{Days: mon}, 20, []string{"01-05", "01-12", "01-19"}},
		{"range", schedule.Entry{Days: mon, From: date(t, "2026-01-12"), Until: date(t, "2026-01-19")}, 40, []string{"01-12", "01-19"}},
		{"exception", schedule.Entry{Days: mon, Except: []schedule.Date{date(t, "2026-01-12")}}, 20, []string{"01-05", "01-19"}},
		{"second weeks", schedule.Entry{Days: []time.Weekday{time.Monday, time.Sunday}, Every: 2, From: date(t, "2026-01-08")}, 32, []string{"01-11", "01-19", "01-25"}},
		{"the fifth", schedule.Entry{Monthly: []schedule.Monthly{{Day: 5}}}, 100, []string{"01-05", "02-05", "03-05", "04-05"}},
		{"the 31st", schedule.Entry{Monthly: []schedule.Monthly{{Day: 31}}}, 152, []string{"01-31", "03-31", "05-31"}},
		{"last day", schedule.Entry{Monthly: []schedule.Monthly{{Day: -1}}}, 100, []string{"01-31", "02-28", "03-31"}},
		{"first Monday", schedule.Entry{Monthly: []schedule.Monthly{{Nth: 1, Weekday: time.Monday}}}, 100, []string{"01-05", "02-02", "03-02", "04-06"}},
		{"last Friday", schedule.Entry{Monthly: []schedule.Monthly{{Nth: -1, Weekday: time.Friday}}}, 90, []string{"01-30", "02-27", "03-27"}},
		{"second months", schedule.Entry{Monthly: []schedule.Monthly{{Day: 5}}, Every: 2, From: date(t, "2026-02-01")}, 160, []string{"02-05", "04-05", "06-05"}},
		{"dates", schedule.Entry{Dates: []schedule.Date{date(t, "2026-03-03"), date(t, "2026-01-02")}}, 100, []string{"01-02", "03-03"}},
		{"dates beside the rule and its range", schedule.Entry{Days: mon, Until: date(t, "2026-01-05"), Dates: []schedule.Date{date(t, "2026-01-20")}}, 40, []string{"01-05", "01-20"}},
		{"not on holidays", schedule.Entry{Days: []time.Weekday{time.Thursday}, Holiday: schedule.SkipHolidays}, 20, []string{"01-08", "01-15"}},
		{"holidays only", schedule.Entry{Days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, Holiday: schedule.OnlyHolidays}, 40, []string{"01-01", "01-02", "01-03"}},
		{"a date that is written out is held on a holiday", schedule.Entry{Dates: []schedule.Date{date(t, "2026-01-01")}, Holiday: schedule.SkipHolidays}, 20, []string{"01-01"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.e.ID, tt.e.At = "x", hm(19, 30)
			s := schedule.New([]schedule.Entry{tt.e}, zone(t, "Asia/Shanghai")).WithHolidays(schedule.China())
			if got := held(s, tt.days); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// A chain: the lesson loses to the meeting, the meeting to the drill, and then
// the lesson has its place after all.
func TestPriorities(t *testing.T) {
	mon := []time.Weekday{time.Monday}
	s := schedule.New([]schedule.Entry{
		{ID: "lesson", Days: mon, At: hm(19, 0), Duration: time.Hour},
		{ID: "meeting", Days: mon, At: hm(19, 30), Duration: 2 * time.Hour, Priority: 1, Except: []schedule.Date{date(t, "2026-11-30")}},
		{ID: "drill", Dates: []schedule.Date{date(t, "2026-11-23")}, At: hm(21, 0), Duration: time.Hour, Priority: 2},
	}, zone(t, "Asia/Shanghai"))
	var got []string
	for _, slot := range s.Plan(at(t, "2026-11-16 00:00:00"), at(t, "2026-12-01 00:00:00")) {
		got = append(got, fmt.Sprintf("%s %s %s", slot.Occasion.ID, slot.Skipped, slot.By))
	}
	want := []string{
		"lesson-2026-11-16 schedule.skip.priority meeting-2026-11-16", "meeting-2026-11-16  ",
		"lesson-2026-11-23  ", "meeting-2026-11-23 schedule.skip.priority drill-2026-11-23", "drill-2026-11-23  ",
		"lesson-2026-11-30  ", "meeting-2026-11-30 schedule.skip.except ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if o, ok := s.Due(at(t, "2026-11-16 19:15:00")); ok {
		t.Errorf("a lesson that gave way is due: %v", o)
	}
}

// A chain that begins before the range: the answer is the same as in a wide one.
func TestPlanDoesNotDependOnTheRange(t *testing.T) {
	on := []schedule.Date{date(t, "2026-11-23")}
	s := schedule.New([]schedule.Entry{
		{ID: "lesson", Dates: on, At: hm(23, 0), Duration: time.Hour},
		{ID: "meeting", Dates: on, At: hm(19, 30), Duration: 4 * time.Hour, Priority: 1},
		{ID: "drill", Dates: on, At: hm(18, 0), Duration: 2 * time.Hour, Priority: 2},
	}, zone(t, "Asia/Shanghai"))
	if list := s.Between(at(t, "2026-11-23 23:00:00"), at(t, "2026-11-24 00:00:00")); len(list) != 1 {
		t.Errorf("asked for its own hour alone, the lesson gives way: %v", list)
	}
}

// One that begins when the other ends does not overlap it.
func TestOneAfterTheOther(t *testing.T) {
	on := []schedule.Date{date(t, "2026-11-23")}
	s := schedule.New([]schedule.Entry{
		{ID: "before", Dates: on, At: hm(18, 0), Duration: time.Hour},
		{ID: "important", Dates: on, At: hm(19, 0), Duration: time.Hour, Priority: 1},
		{ID: "after", Dates: on, At: hm(20, 0), Duration: time.Hour},
	}, zone(t, "Asia/Shanghai"))
	if list := s.Between(at(t, "2026-11-23 00:00:00"), at(t, "2026-11-24 00:00:00")); len(list) != 3 {
		t.Errorf("got %v", list)
	}
}

// Where clocks are changed at midnight, the lesson of that day is at its hour.
func TestClocksChangeAtMidnight(t *testing.T) {
	for _, name := range []string{"America/Havana", "Asia/Beirut", "Africa/Cairo", "America/Asuncion"} {
		z := zone(t, name)
		s := schedule.New([]schedule.Entry{{ID: "x", Days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, At: hm(9, 0)}}, z)
		from := time.Date(2022, 1, 1, 0, 0, 0, 0, z)
		for _, o := range s.Between(from, from.AddDate(2, 0, 0)) {
			if o.Start.Format("-2006-01-02 15:04") != o.ID[1:]+" 09:00" {
				t.Errorf("%s: %s starts at %s", name, o.ID, o.Start)
			}
		}
	}
}

// The reason a slot is not held is told, with the holiday's name; the swapped
// workday is named too.
func TestHolidayIsNamed(t *testing.T) {
	s := schedule.New([]schedule.Entry{{ID: "x", Days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, At: hm(9, 0), Holiday: schedule.SkipHolidays}}, zone(t, "Asia/Shanghai")).
		WithHolidays(schedule.China())
	plan := s.Plan(at(t, "2026-10-07 00:00:00"), at(t, "2026-10-11 00:00:00"))
	if len(plan) != 4 || plan[0].Skipped != schedule.SkipHoliday || plan[0].By != "国庆节" || !plan[1].Held() || !plan[3].Held() || !plan[3].Day.Work {
		t.Errorf("got %+v", plan)
	}
}

// drawEntry makes a row of any kind. Times are in whole minutes.
func drawEntry(t *rapid.T, id string) schedule.Entry {
	base := int(schedule.NewDate(2026, 9, 1))
	day := func(name string) schedule.Date { return schedule.Date(base + rapid.IntRange(0, 120).Draw(t, name)) }
	some := func(name string, most int) []schedule.Date {
		list := make([]schedule.Date, rapid.IntRange(0, most).Draw(t, name+"s"))
		for i := range list {
			list[i] = day(name)
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	e := schedule.Entry{ID: id, Title: "课；" + id, File: id + ".mp4", At: time.Duration(rapid.IntRange(0, 1439).Draw(t, "at")) * time.Minute,
		Duration: time.Duration(rapid.IntRange(0, 240).Draw(t, "duration")) * time.Minute, Except: some("except", 6),
		Holiday: rapid.SampledFrom([]schedule.HolidayRule{0, 0, 1, 2}).Draw(t, "holiday"), Priority: rapid.IntRange(0, 2).Draw(t, "priority")}
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		e.Days = rapid.SliceOfNDistinct(rapid.Map(rapid.IntRange(0, 6), func(i int) time.Weekday { return time.Weekday(i) }), 1, 5, rapid.ID).Draw(t, "days")
		slices.Sort(e.Days)
	case 1:
		if rapid.Bool().Draw(t, "nth") {
			e.Monthly = []schedule.Monthly{{Nth: rapid.SampledFrom([]int{1, 2, 3, 4, 5, -1, -2}).Draw(t, "which"), Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday"))}}
			break
		}
		e.Monthly = []schedule.Monthly{{Day: rapid.SampledFrom([]int{1, 5, 15, 29, 30, 31, -1, -2}).Draw(t, "number")}}
	default:
		e.Dates = append(some("date", 5), day("date"))
	}
	if len(e.Dates) == 0 {
		e.Dates = some("date", 3)
		if rapid.Bool().Draw(t, "ranged") {
			e.From = day("from")
			e.Every = rapid.IntRange(0, 3).Draw(t, "every")
			if rapid.Bool().Draw(t, "ends") {
				e.Until = e.From + schedule.Date(rapid.IntRange(0, 90).Draw(t, "until"))
			}
		}
	}
	slices.Sort(e.Dates)
	e.Dates = slices.Compact(e.Dates)
	if e.Duration > 0 && rapid.Bool().Draw(t, "live") {
		e.Kind = schedule.KindLive
		e.Live = firmware.Live{Source: "udp://239.1.2.3:5004?a=b;c,d", Programme: rapid.Uint16().Draw(t, "programme"), Record: rapid.Bool().Draw(t, "record")}
		e.File = rapid.SampledFrom([]string{"", e.File}).Draw(t, "fallback")
	}
	return e
}

// judged is a slot as the oracle sees it.
type judged struct {
	id, skipped string
	start, end  time.Time
	priority    int
	row         int
}

// oracle goes day by day with package time and compares each slot with each.
func oracle(rows []schedule.Entry, z *time.Location, from, to time.Time) []judged {
	var all []judged
	first := from.In(z).AddDate(0, 0, -8)
	for i := range int(to.Sub(from).Hours()/24) + 18 {
		d := time.Date(first.Year(), first.Month(), first.Day()+i, 12, 0, 0, 0, time.UTC)
		for n, e := range rows {
			if j, ok := judge(e, d, z); ok {
				j.row = n
				all = append(all, j)
			}
		}
	}
	sort.SliceStable(all, func(a, b int) bool {
		if !all[a].start.Equal(all[b].start) {
			return all[a].start.Before(all[b].start)
		}
		return false
	})
	for p := 2; p >= 0; p-- {
		for i := range all {
			for k := range all {
				a, b := &all[i], all[k]
				if a.priority == p && b.priority > p && a.skipped == "" && b.skipped == "" && a.start.Before(b.end) && b.start.Before(a.end) {
					a.skipped = schedule.SkipPriority
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(j judged) bool { return j.start.Before(from) || !j.start.Before(to) })
}

func judge(e schedule.Entry, d time.Time, z *time.Location) (judged, bool) {
	day := schedule.DateOf(d)
	written := slices.Contains(e.Dates, day)
	inRange := day >= e.From && (e.Until == 0 || day <= e.Until)
	from := time.Unix(int64(e.From)*86400, 0).UTC()
	every := max(e.Every, 1)
	byRule := false
	for _, w := range e.Days {
		monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7).Truncate(24 * time.Hour) }
		weeks := int(monday(d).Sub(monday(from)).Hours()) / 24 / 7
		byRule = byRule || w == d.Weekday() && weeks%every == 0
	}
	for _, m := range e.Monthly {
		months := (d.Year()-from.Year())*12 + int(d.Month()-from.Month())
		byRule = byRule || isMonthly(m, d) && months%every == 0
	}
	if !written && (!byRule || !inRange) {
		return judged{}, false
	}
	wall := d.Add(-12 * time.Hour).Add(e.At)
	var start time.Time
	for _, near := range []time.Duration{-14 * time.Hour, 14 * time.Hour} {
		_, offset := wall.Add(near).In(z).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(z)
		if t.Format("200601021504") == wall.Format("200601021504") && (start.IsZero() || t.Before(start)) {
			start = t
		}
	}
	if start.IsZero() {
		return judged{}, false
	}
	j := judged{id: e.ID + d.Format("-2006-01-02"), start: start, end: start.Add(max(e.Duration, time.Second)), priority: e.Priority}
	off := slices.Contains([]string{"2026-09-25", "2026-09-26", "2026-09-27", "2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04", "2026-10-05", "2026-10-06", "2026-10-07"}, d.Format(time.DateOnly))
	switch {
	case slices.Contains(e.Except, day):
		j.skipped = schedule.SkipExcept
	case written || e.Holiday == schedule.PlayOnHolidays:
	case e.Holiday == schedule.OnlyHolidays && !off:
		return judged{}, false
	case e.Holiday == schedule.SkipHolidays && off:
		j.skipped = schedule.SkipHoliday
	}
	return j, true
}

func isMonthly(m schedule.Monthly, d time.Time) bool {
	var days []int // of the month that fit, in order
	for n := 1; n <= 31; n++ {
		t := time.Date(d.Year(), d.Month(), n, 12, 0, 0, 0, time.UTC)
		if t.Month() == d.Month() && (m.Nth == 0 || t.Weekday() == m.Weekday) {
			days = append(days, n)
		}
	}
	i := m.Nth + m.Day
	if i < 0 {
		i += len(days) + 1
	}
	return i >= 1 && i <= len(days) && days[i-1] == d.Day()
}

// Whatever the rows, the zone and the range: the plan is what a plain search day
// by day finds; IDs are unique; and it does not depend on the range asked for.
func TestPlanAgreesWithOracle(t *testing.T) {
	zones := []*time.Location{zone(t, "Asia/Shanghai"), zone(t, "Europe/Berlin"), zone(t, "America/St_Johns"), time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		var rows []schedule.Entry
		for i := range rapid.IntRange(1, 6).Draw(t, "rows") {
			e := drawEntry(t, fmt.Sprintf("r%d", i))
			if z.String() != "Asia/Shanghai" && e.At < 4*time.Hour {
				e.At += 4 * time.Hour // clocks that are changed have a test of their own
			}
			rows = append(rows, e)
		}
		s := schedule.New(rows, z).WithHolidays(schedule.China())
		from := time.Date(2026, 9, 1, 0, 0, 0, 0, z).Add(time.Duration(rapid.IntRange(0, 100*24*60).Draw(t, "from")) * time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(0, 40*24*60).Draw(t, "length")) * time.Minute)
		want := oracle(rows, z, from, to)
		got := s.Plan(from, to)
		if len(got) != len(want) {
			t.Fatalf("%d slots, want %d\n%v\n%v", len(got), len(want), got, want)
		}
		ids := map[string]bool{}
		for i, w := range want {
			g := got[i]
			if g.Occasion.ID != w.id || !g.Occasion.Start.Equal(w.start) || g.Skipped != w.skipped || ids[w.id] {
				t.Fatalf("slot %d: %s %s %q, want %s %s %q", i, g.Occasion.ID, g.Occasion.Start, g.Skipped, w.id, w.start, w.skipped)
			}
			ids[w.id] = true
			consistent(t, s, g)
		}
	})
}

// consistent holds a held slot against Due, Next and Around.
func consistent(t *rapid.T, s *schedule.Schedule, g schedule.Slot) {
	if !g.Held() {
		return
	}
	o := g.Occasion
	if due, ok := s.Due(o.Start); !ok || !due.Start.Equal(o.Start) {
		t.Fatalf("%s is not due at its start: %v", o.ID, due)
	}
	if next, ok := s.Next(o.Start.Add(-time.Nanosecond)); !ok || !next.Start.Equal(o.Start) {
		t.Fatalf("%s is not next before its start: %v", o.ID, next)
	}
	if !slices.Contains(s.Around(o.Start.Add(-time.Hour), time.Hour, 0), o) {
		t.Fatalf("%s is not around an hour before", o.ID)
	}
}

func TestNextLooksFarAhead(t *testing.T) {
	s := schedule.New([]schedule.Entry{{ID: "x", Dates: []schedule.Date{date(t, "2027-12-01")}, At: hm(9, 0)}}, zone(t, "Asia/Shanghai"))
	if o, ok := s.Next(at(t, "2026-11-23 00:00:00")); !ok || o.ID != "x-2027-12-01" {
		t.Errorf("got %v", o)
	}
	if o, ok := s.Next(at(t, "2027-12-01 09:00:00")); ok {
		t.Errorf("got %v after the last", o)
	}
}

func TestDate(t *testing.T) {
	for _, s := range []string{"2026-02-29", "2026-13-01", "26-1-1", "", "1969-01-01", "2026-01-01 "} {
		if d, err := schedule.ParseDate(s); err == nil {
			t.Errorf("%q is taken for %v", s, d)
		}
	}
	d := date(t, "2028-02-29")
	if text, err := d.MarshalText(); err != nil || string(text) != "2028-02-29" || d.Weekday() != time.Tuesday {
		t.Errorf("got %s %v %v", text, d.Weekday(), err)
	}
	if s := schedule.Date(0).String(); s != "" {
		t.Errorf("no date is %q", s)
	}
	if w := schedule.Date(-1).Weekday(); w != time.Wednesday {
		t.Errorf("1969-12-31 is a %v", w)
	}
}

// busyVillage has 200 rows of every kind.
func busyVillage() []schedule.Entry {
	var rows []schedule.Entry
	for i := range 200 {
		e := schedule.Entry{ID: fmt.Sprintf("r%d", i), At: hm(i%24, i%60), Duration: 45 * time.Minute, Priority: i % 3, Holiday: schedule.HolidayRule(i % 3)}
		switch i % 4 {
		case 0:
			e.Monthly = []schedule.Monthly{{Day: i%28 + 1}}
		case 1:
			e.Dates = []schedule.Date{schedule.NewDate(2026, 1, i)}
		default:
			e.Days = []time.Weekday{time.Weekday(i % 7)}
		}
		rows = append(rows, e)
	}
	return rows
}

func BenchmarkBetweenYear200Rows(b *testing.B) {
	s := schedule.New(busyVillage(), zone(b, "Asia/Shanghai")).WithHolidays(schedule.China())
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		if len(s.Between(from, from.AddDate(1, 0, 0))) < 1000 {
			b.Fatal("too few occasions")
		}
	}
}

func BenchmarkDue200Rows(b *testing.B) {
	s := schedule.New(busyVillage(), zone(b, "Asia/Shanghai")).WithHolidays(schedule.China())
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for b.Loop() {
		s.Due(now)
	}
}
