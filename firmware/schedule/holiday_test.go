package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/schedule"
	"stationbox/firmware/text"
)

// The shipped list against the notice of 4 November 2025: days off for each
// feast, and the six Saturdays and Sundays worked for them.
func TestChina(t *testing.T) {
	h := schedule.China()
	off, work := map[string]int{}, []string{}
	for d := date(t, "2026-01-01"); d <= date(t, "2026-12-31"); d++ {
		v, ok := h.On(d)
		switch {
		case !ok:
		case v.Work:
			work = append(work, v.Date.String()[5:])
			if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
				t.Errorf("%s is a workday anyway", d)
			}
		default:
			off[v.Name]++
		}
	}
	want := map[string]int{"元旦": 3, "春节": 9, "清明节": 3, "劳动节": 5, "端午节": 3, "中秋节": 3, "国庆节": 7}
	if fmt.Sprint(off) != fmt.Sprint(want) {
		t.Errorf("days off %v, want %v", off, want)
	}
	if got := strings.Join(work, " "); got != "01-04 02-14 02-28 05-09 09-20 10-10" {
		t.Errorf("workdays %s", got)
	}
	if h.Until() != date(t, "2026-12-31") {
		t.Errorf("the data ends %s", h.Until())
	}
}

func TestParseHolidays(t *testing.T) {
	file := "\ufeff# ours\r\ndate,name,kind\r\n2027-01-01,元旦,holiday\r\n2027-01-32,x,holiday\n\n2027-01-02,,holiday\n2027-01-03,x,feast\n2027-01-01,again,holiday\none,two\n2027-01-04,\xff,holiday\n"
	h, found := schedule.ParseHolidays("h.csv", []byte(file))
	if v, ok := h.On(date(t, "2027-01-01")); !ok || v.Name != "元旦" || v.Work {
		t.Errorf("got %+v", v)
	}
	en, want := text.New("en"), []string{"h.csv:4: no date", "h.csv:6: without a name", "h.csv:7: the third column", "h.csv:8: this day is there already", "h.csv:9: not understood: one,two", "h.csv:10: not understood"}
	if len(found) != len(want) {
		t.Fatalf("findings %v", found)
	}
	for i, f := range found {
		if got := f.In(en); !strings.HasPrefix(got, want[i]) {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
}

func TestHolidaysAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&b, "%s,x,holiday\n", schedule.Date(10000+i))
	}
	_, found := schedule.ParseHolidays("h.csv", []byte(b.String()))
	if len(found) != 200 || found[0].Line != 3001 || found[0].Key != "schedule.holiday.many" {
		t.Errorf("%d findings, first %+v", len(found), found[0])
	}
}

func TestNoHolidays(t *testing.T) {
	var h *schedule.Holidays
	if _, ok := h.On(date(t, "2026-10-01")); ok || h.Until() != 0 {
		t.Error("no list knows a holiday")
	}
}

func FuzzParseHolidays(f *testing.F) {
	f.Add([]byte("date,name,kind\n2026-10-01,国庆节,holiday\n2026-10-10,国庆节,workday\n"))
	f.Add([]byte("\ufeff#\n,,\n2026-02-30,a,holiday\n2026-01-01,\xff,x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, found := schedule.ParseHolidays("x", data)
		lines := strings.Count(string(data), "\n") + 1
		for _, one := range found {
			if one.Line < 1 || one.Line > lines || one.Key == "" {
				t.Errorf("bad finding %+v", one)
			}
		}
		if until := h.Until(); until != 0 {
			if y, _, _ := until.Civil(); y < 1971 {
				t.Errorf("ends %s", until)
			}
		}
	})
}
