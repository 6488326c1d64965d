package schedule

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware/schedule/internal/ical"
)

// maxLength of a lesson, as for a row of the configuration.
const maxLength = 12 * time.Hour

// stamp is a moment on the station's own clock.
type stamp struct {
	date  Date
	at    time.Duration
	shift int  // days that the station's date is ahead of the one written
	same  bool // written for the station's own clock
	there *time.Location
}

// stamp reads one value of a property.
func (in *importer) stamp(p ical.Property, value string) (stamp, error) {
	if kind := strings.ToUpper(p.Params["VALUE"]); kind != "" && kind != "DATE-TIME" || len(value) == 8 {
		return stamp{}, refuse("schedule.ics.all_day", "got", p.Name)
	}
	there, same, err := in.zoneOf(p.Params["TZID"], strings.HasSuffix(value, "Z"))
	if err != nil {
		return stamp{}, err
	}
	t, perr := time.Parse(localTime, strings.TrimSuffix(value, "Z"))
	if perr != nil || t.Year() < 1971 || t.Year() > 2200 {
		return stamp{}, refuse("schedule.ics.time", "got", short(p.Name+" "+value))
	}
	written := DateOf(t)
	if !same {
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, there).In(in.zone)
	}
	h, m, s := t.Clock()
	at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	return stamp{date: DateOf(t), at: at, shift: int(DateOf(t) - written), same: same, there: there}, nil
}

// zoneOf finds the zone a time was written for. A time without one is meant for
// the station's.
func (in *importer) zoneOf(id string, utc bool) (*time.Location, bool, error) {
	if utc {
		return time.UTC, in.zone == time.UTC, nil
	}
	id = strings.TrimPrefix(id, "/")
	if id == "" || id == in.zone.String() {
		return in.zone, true, nil
	}
	if id == "China Standard Time" { // as Windows calls it
		id = "Asia/Shanghai"
	}
	there, err := time.LoadLocation(id)
	if err != nil || id == "Local" {
		return nil, false, refuse("schedule.ics.zone", "got", short(id))
	}
	return there, there.String() == in.zone.String(), nil
}

// when reads the start and the length.
func (in *importer) when(c *ical.Component, e *Entry) (stamp, error) {
	starts := c.Find("DTSTART")
	if len(starts) == 0 {
		return stamp{}, refuse("schedule.ics.no_start")
	}
	start, err := in.stamp(starts[0], starts[0].Value)
	if err != nil {
		return start, err
	}
	e.At = start.at
	length := c.Find("DURATION")
	ends := c.Find("DTEND")
	switch {
	case len(length) > 0 && len(ends) > 0:
		return start, refuse("schedule.ics.twice", "got", "DTEND")
	case len(length) > 0:
		d, ok := parseLength(length[0].Value)
		if !ok {
			return start, refuse("schedule.ics.time", "got", short("DURATION "+length[0].Value))
		}
		e.Duration = d
	case len(ends) > 0:
		end, err := in.stamp(ends[0], ends[0].Value)
		if err != nil {
			return start, err
		}
		e.Duration = in.moment(end).Sub(in.moment(start))
	}
	if e.live() && e.Duration == 0 {
		return start, refuse("schedule.ics.live_length")
	}
	if e.Duration < 0 || e.Duration > maxLength {
		return start, refuse("schedule.ics.length", "got", e.Duration, "most", maxLength)
	}
	return start, nil
}

func (in *importer) moment(t stamp) time.Time {
	on := (&Schedule{zone: in.zone}).day(t.date)
	return on.moment(t.at, in.zone)
}

// parseLength reads an RFC 5545 DURATION up to some days.
func parseLength(s string) (time.Duration, bool) {
	m := regexp.MustCompile(`^\+?P(?:(\d{1,2})W|(?:(\d{1,3})D)?(T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?)$`).FindStringSubmatch(strings.ToUpper(s))
	if m == nil || m[3] == "T" || m[1]+m[2]+m[3] == "" {
		return 0, false
	}
	var d time.Duration
	for i, unit := range map[int]time.Duration{1: 7 * 24 * time.Hour, 2: 24 * time.Hour, 4: time.Hour, 5: time.Minute, 6: time.Second} {
		n, _ := strconv.Atoi("0" + m[i]) // digits only
		d += time.Duration(n) * unit
	}
	return d, true
}

// parallel says whether the clock an event was written for and the station's
// keep the same distance from then on.
func (in *importer) parallel(start stamp) bool {
	t := in.moment(start)
	_, here := t.In(in.zone).ZoneBounds()
	_, there := t.In(start.there).ZoneBounds()
	return here.IsZero() && there.IsZero()
}

// until reads the end of a rule: the last date on which it may fall. A date
// without a time includes that day.
func (in *importer) until(value string, at time.Duration) (Date, bool) {
	if len(value) == 8 {
		t, err := time.Parse("20060102", value)
		return DateOf(t), err == nil && t.Year() < 2200
	}
	t, err := in.stamp(ical.Property{Name: "UNTIL"}, value)
	if err != nil {
		return 0, false
	}
	if in.moment(stamp{date: t.date, at: at}).After(in.moment(t)) {
		return t.date - 1, true
	}
	return t.date, true
}
