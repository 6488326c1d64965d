package schedule

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/schedule/internal/ical"
)

// ExportOpts says what an exported calendar needs beside the rows.
type ExportOpts struct {
	Name    string    // of the station
	Library string    // folder that the files are named from; "" leaves them as they are
	Now     time.Time // stamp of the file; a row without From is written from this day on
}

// uidDomain marks the events that were rows of ours.
const uidDomain = "@stationbox"

// Properties of ours in an event. Calendar programs keep them.
const (
	propFile     = "X-STATIONBOX-FILE"
	propPriority = "X-STATIONBOX-PRIORITY"
	propHoliday  = "X-STATIONBOX-HOLIDAY" // SKIP or ONLY
	propCounts   = "X-STATIONBOX-COUNTS"  // FALSE
	propOpen     = "X-STATIONBOX-OPEN"    // TRUE: the row had no From
	propMakesUp  = "X-STATIONBOX-MAKES-UP"
	propSource   = "X-STATIONBOX-SOURCE"    // of a live lesson
	propProgram  = "X-STATIONBOX-PROGRAMME" // in that source
	propRecord   = "X-STATIONBOX-RECORD"    // TRUE
)

const (
	localTime = "20060102T150405"
	utcTime   = "20060102T150405Z"
)

// Export returns the rows as an RFC 5545 calendar and the IDs of those that are
// not in it: rows that are never held, and rows that mix rules which one event
// cannot hold. The UID of an event is the ID of its row. What a calendar has no
// word for (holidays, priority, file) is in properties of our own, so that
// Import gives the same rows again; a calendar program shows such a row on the
// holidays too.
func (s *Schedule) Export(o ExportOpts) (file []byte, omitted []string) {
	w := &ical.Writer{}
	w.Line("BEGIN", "VCALENDAR")
	w.Line("VERSION", "2.0")
	w.Line("PRODID", "-//Stationbox//Schedule//EN")
	w.Line("CALSCALE", "GREGORIAN")
	if o.Name != "" {
		w.Line("X-WR-CALNAME", ical.Escape(o.Name))
	}
	s.exportZone(w, o.Now)
	for i := range s.rows {
		if !s.exportRow(w, &s.rows[i], o) {
			omitted = append(omitted, s.rows[i].ID)
		}
	}
	w.Line("END", "VCALENDAR")
	return w.Bytes(), omitted
}

// exportZone describes the zone by its changes from a year ago to five years
// ahead, each written out; rules of summer time change too often to be invented.
func (s *Schedule) exportZone(w *ical.Writer, now time.Time) {
	if s.zone == time.UTC {
		return
	}
	w.Line("BEGIN", "VTIMEZONE")
	w.Line("TZID", s.zone.String())
	t := now.AddDate(-1, 0, 0).In(s.zone)
	_, offset := t.Zone()
	begins := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	exportOffset(w, t, begins, offset, offset)
	for end := now.AddDate(5, 0, 0); ; {
		_, next := t.ZoneBounds()
		if next.IsZero() || next.After(end) {
			break
		}
		_, after := next.Zone()
		// The change is written in the clock that was in force before it.
		exportOffset(w, next, next.UTC().Add(time.Duration(offset)*time.Second), offset, after)
		t, offset = next, after
	}
	w.Line("END", "VTIMEZONE")
}

func exportOffset(w *ical.Writer, t, begins time.Time, from, to int) {
	kind := "STANDARD"
	if t.IsDST() {
		kind = "DAYLIGHT"
	}
	name, _ := t.Zone()
	w.Line("BEGIN", kind)
	w.Line("DTSTART", begins.Format(localTime))
	w.Line("TZOFFSETFROM", utcOffset(from))
	w.Line("TZOFFSETTO", utcOffset(to))
	w.Line("TZNAME", ical.Escape(name))
	w.Line("END", kind)
}

func utcOffset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	out := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		out += fmt.Sprintf("%02d", seconds%60)
	}
	return out
}

// exportRow writes one event and says whether it could.
func (s *Schedule) exportRow(w *ical.Writer, r *row, o ExportOpts) bool {
	rule, ok := r.rrule()
	if !ok {
		return false
	}
	dates := slices.Clone(r.dates)
	from := r.From
	if from == 0 {
		from = DateOf(o.Now.In(s.zone))
		if r.Until != 0 && r.Until < from { // over and done with, but a row
			from = r.Until - horizon
		}
	}
	start, held := s.firstByRule(r, from)
	if !held {
		if rule = ""; len(dates) == 0 {
			return false
		}
		start, dates = dates[0], dates[1:]
	}
	w.Line("BEGIN", "VEVENT")
	w.Line("UID", ical.Escape(r.ID+uidDomain))
	w.Line("DTSTAMP", o.Now.UTC().Format(utcTime))
	w.Line("DTSTART"+s.param(), s.clocks(r, start))
	if r.Duration > 0 {
		w.Line("DURATION", fmt.Sprintf("PT%dS", int(r.Duration/time.Second)))
	}
	if rule != "" {
		if r.Until != 0 {
			d := s.day(r.Until)
			rule += ";UNTIL=" + d.moment(r.At, s.zone).UTC().Format(utcTime)
		}
		w.Line("RRULE", rule)
	}
	if len(dates) > 0 {
		w.Line("RDATE"+s.param(), s.clocks(r, dates...))
	}
	if len(r.except) > 0 {
		w.Line("EXDATE"+s.param(), s.clocks(r, r.except...))
	}
	exportWords(w, r, o, rule != "")
	w.Line("END", "VEVENT")
	return true
}

// exportWords writes what is no time.
func exportWords(w *ical.Writer, r *row, o ExportOpts, ruled bool) {
	w.Line("SUMMARY", ical.Escape(r.Title))
	if r.Kind != "" {
		w.Line("CATEGORIES", ical.Escape(r.Kind))
	}
	file := r.File
	if rel, err := filepath.Rel(o.Library, file); err == nil && o.Library != "" && filepath.IsLocal(rel) {
		file = rel
	}
	if isVideo(file) {
		w.Line("LOCATION", ical.Escape(file))
	}
	if file != "" || !r.live() {
		w.Line(propFile, ical.Escape(file))
	}
	exportLive(w, r.Live)
	if r.Priority != 0 {
		w.Line(propPriority, strconv.Itoa(r.Priority))
	}
	switch r.Holiday {
	case SkipHolidays:
		w.Line(propHoliday, "SKIP")
	case OnlyHolidays:
		w.Line(propHoliday, "ONLY")
	}
	if r.Uncounted {
		w.Line(propCounts, "FALSE")
	}
	if ruled && r.From == 0 {
		w.Line(propOpen, "TRUE")
	}
	if r.MakesUp != "" {
		w.Line(propMakesUp, ical.Escape(r.MakesUp))
	}
}

// exportLive writes where a live lesson comes from.
func exportLive(w *ical.Writer, l firmware.Live) {
	if l.Source == "" {
		return
	}
	w.Line(propSource, ical.Escape(l.Source))
	if l.Programme != 0 {
		w.Line(propProgram, strconv.Itoa(int(l.Programme)))
	}
	if l.Record {
		w.Line(propRecord, "TRUE")
	}
}

// searched is how many days the first occasion of a rule is looked for: a rule
// for every twelfth month has one by then.
const searched = 4000

func (s *Schedule) firstByRule(r *row, from Date) (Date, bool) {
	if r.mask == 0 && len(r.Monthly) == 0 {
		return 0, false
	}
	for d := from; d < from+searched && (r.Until == 0 || d <= r.Until); d++ {
		if on := s.day(d); r.byRule(&on) {
			return d, true
		}
	}
	return 0, false
}

// param is the zone of a time.
func (s *Schedule) param() string {
	if s.zone == time.UTC {
		return ""
	}
	return ";TZID=" + s.zone.String()
}

// clocks writes the row's time of day on dates.
func (s *Schedule) clocks(r *row, dates ...Date) string {
	layout := localTime
	if s.zone == time.UTC {
		layout = utcTime
	}
	out := make([]string, len(dates))
	for i, d := range dates {
		out[i] = time.Unix(int64(d)*86400, 0).UTC().Add(r.At).Format(layout)
	}
	return strings.Join(out, ",")
}

// rrule writes the rule of the row, "" when it has none, and false when one
// event cannot hold it.
func (r *row) rrule() (string, bool) {
	every := ""
	if r.every > 1 {
		every = ";INTERVAL=" + strconv.Itoa(r.every)
	}
	switch {
	case r.mask != 0 && len(r.Monthly) > 0:
		return "", false
	case r.mask != 0:
		var days []string
		for i := range 7 {
			if d := (i + 1) % 7; r.mask&(1<<d) != 0 {
				days = append(days, dayWords[d])
			}
		}
		return "FREQ=WEEKLY" + every + ";BYDAY=" + strings.Join(days, ","), true
	case len(r.Monthly) == 0:
		return "", true
	}
	var days, weekdays []string
	for _, m := range r.Monthly {
		if m.Day != 0 {
			days = append(days, strconv.Itoa(m.Day))
			continue
		}
		weekdays = append(weekdays, strconv.Itoa(m.Nth)+dayWords[m.Weekday])
	}
	switch {
	case len(days) > 0 && len(weekdays) > 0:
		return "", false
	case len(days) > 0:
		return "FREQ=MONTHLY" + every + ";BYMONTHDAY=" + strings.Join(days, ","), true
	}
	return "FREQ=MONTHLY" + every + ";BYDAY=" + strings.Join(weekdays, ","), true
}

// dayWords are the days as RFC 5545 writes them, Sunday first.
var dayWords = [7]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
