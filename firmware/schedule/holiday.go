package schedule

import (
	"bytes"
	_ "embed" // the shipped list
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed holidays/china.csv
var chinaCSV []byte

// Holiday is a day off, or a workday that was swapped for one.
type Holiday struct {
	Date Date
	Name string
	Work bool // a Saturday or Sunday on which people work
}

// Holidays is what is known of the public holidays. It never changes and may be
// shared; a nil one knows none.
type Holidays struct {
	days map[Date]Holiday
	last int // year of the last row
}

// maxHolidays bounds a list: about sixty years.
const maxHolidays = 3000

// China returns the shipped list for mainland China. It holds what the State
// Council has announced, which is 2026; see Until.
func China() *Holidays {
	h, _ := ParseHolidays("china.csv", chinaCSV) // a test reads it
	return h
}

// ParseHolidays reads a list "date,name,kind" with kind holiday or workday, in
// UTF-8. Empty lines, lines that begin with # and a heading are passed over. Rows
// that are not understood are left out and reported with their line; file names
// the list in them.
func ParseHolidays(file string, data []byte) (*Holidays, []Finding) {
	h := &Holidays{days: map[Date]Holiday{}}
	var found []Finding
	lines := bytes.Split(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\n"))
	heading := true
	for i, raw := range lines {
		line := strings.TrimSpace(string(raw))
		if line == "" || line[0] == '#' {
			continue
		}
		if heading && strings.HasPrefix(line, "date,") {
			heading = false
			continue
		}
		heading = false
		key := h.add(line)
		if key == "" {
			continue
		}
		found = append(found, Finding{File: file, Line: i + 1, Key: key, Args: []any{"got", short(line)}})
		if len(found) == maxFindings {
			break
		}
	}
	return h, found
}

// add takes one row in and returns the key of what is wrong with it, or "".
func (h *Holidays) add(line string) string {
	cells := strings.Split(line, ",")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if len(cells) != 3 || !utf8.ValidString(line) {
		return "schedule.holiday.row"
	}
	d, err := ParseDate(cells[0])
	_, twice := h.days[d]
	switch {
	case err != nil:
		return "schedule.holiday.date"
	case cells[1] == "":
		return "schedule.holiday.name"
	case cells[2] != "holiday" && cells[2] != "workday":
		return "schedule.holiday.kind"
	case twice:
		return "schedule.holiday.twice"
	case len(h.days) == maxHolidays:
		return "schedule.holiday.many"
	}
	h.days[d] = Holiday{Date: d, Name: cells[1], Work: cells[2] == "workday"}
	year, _, _ := d.Civil()
	h.last = max(h.last, year)
	return ""
}

// On returns what is special about d, and false when nothing is known to be.
func (h *Holidays) On(d Date) (Holiday, bool) {
	if h == nil {
		return Holiday{}, false
	}
	v, ok := h.days[d]
	return v, ok
}

// off returns what is special about d and whether it is a day off.
func (h *Holidays) off(d Date) (Holiday, bool) {
	v, ok := h.On(d)
	return v, ok && !v.Work
}

// Until returns the last day that the list speaks of, no date when it is empty.
// Holidays are announced by whole years, so this is the last day of the year of
// the last row.
func (h *Holidays) Until() Date {
	if h == nil || h.last == 0 {
		return 0
	}
	return NewDate(h.last, time.December, 31)
}

func short(s string) string {
	const most = 60
	s = strings.ToValidUTF8(s, "�")
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
