package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/schedule/internal/ical"
)

// maxDates bounds the dates and the exceptions of one event.
const maxDates = 1000

// Import reads the events of an RFC 5545 calendar as rows for a station in
// zone. An event is taken in whole or not at all: what a row cannot hold exactly
// is refused, with the UID of the event, its line and the reason among the
// findings. The error wraps hal.ErrGarbled and comes when the file is no calendar.
//
// A row's ID is the UID of an event that Export wrote, else "ics-" and a hash of
// the UID, so that the same event has the same ID for ever. The file is the
// event's LOCATION when that is the name of a video, because a person can write
// it in a calendar program, else X-STATIONBOX-FILE. A single occasion that was moved or cancelled becomes an
// exception, and a row of its own where it was moved to.
func Import(data []byte, zone *time.Location) ([]Entry, []Finding, error) {
	root, err := ical.Parse(data)
	if err != nil {
		return nil, nil, err
	}
	in := importer{zone: zone, byUID: map[string]int{}}
	var moved []*ical.Component
	for _, c := range root.Children {
		switch {
		case c.Name != "VEVENT":
		case len(c.Find("RECURRENCE-ID")) > 0:
			moved = append(moved, c)
		default:
			in.try(c, in.event)
		}
	}
	for _, c := range moved {
		in.try(c, in.override)
	}
	return in.entries, in.found, nil
}

type importer struct {
	zone    *time.Location
	entries []Entry
	found   []Finding
	byUID   map[string]int // to entries; -1 for a refused event
}

// try takes one event in or writes down why not.
func (in *importer) try(c *ical.Component, take func(*ical.Component, string) error) {
	uid := c.Text("UID")
	err := whole(c, uid)
	if err == nil {
		err = take(c, uid)
	}
	var why *refusal
	if !errors.As(err, &why) {
		return
	}
	if _, known := in.byUID[uid]; !known {
		in.byUID[uid] = -1
	}
	if len(in.found) < maxFindings {
		in.found = append(in.found, Finding{Entry: short(uid), Line: c.Line, Key: why.key, Args: why.args})
	}
}

// whole refuses what is damaged or said twice.
func whole(c *ical.Component, uid string) error {
	if c.Broken > 0 {
		return refuse("schedule.ics.line", "line", c.Broken)
	}
	if uid == "" {
		return refuse("schedule.ics.no_uid")
	}
	for _, name := range []string{"UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID"} {
		if len(c.Find(name)) > 1 {
			return refuse("schedule.ics.twice", "got", name)
		}
	}
	if len(c.Find("EXRULE")) > 0 {
		return refuse("schedule.ics.rule", "got", "EXRULE")
	}
	return nil
}

// event takes in an event that is not a change of another one.
func (in *importer) event(c *ical.Component, uid string) error {
	if _, twice := in.byUID[uid]; twice {
		return refuse("schedule.ics.uid_twice")
	}
	if strings.EqualFold(c.Text("STATUS"), "CANCELLED") {
		in.byUID[uid] = -1
		return nil
	}
	e := Entry{ID: idOf(uid)}
	if err := words(c, &e); err != nil {
		return err
	}
	start, err := in.when(c, &e)
	if err != nil {
		return err
	}
	if err := in.recur(c, &e, start); err != nil {
		return err
	}
	if slices.ContainsFunc(in.entries, func(old Entry) bool { return old.ID == e.ID }) {
		return refuse("schedule.ics.id_taken")
	}
	in.byUID[uid] = len(in.entries)
	in.entries = append(in.entries, e)
	return nil
}

// override takes in the change of a single occasion.
func (in *importer) override(c *ical.Component, uid string) error {
	i, known := in.byUID[uid]
	if !known || i < 0 {
		return refuse("schedule.ics.no_series")
	}
	id := c.Find("RECURRENCE-ID")[0]
	if id.Params["RANGE"] != "" {
		return refuse("schedule.ics.range")
	}
	series := &in.entries[i]
	was, err := in.stamp(id, id.Value)
	if err != nil {
		return err
	}
	probe := newRow(*series)
	if on := plainDay(was.date); was.at != series.At || !probe.falls(&on) {
		return refuse("schedule.ics.no_series")
	}
	if strings.EqualFold(c.Text("STATUS"), "CANCELLED") {
		series.Except = append(series.Except, was.date)
		return nil
	}
	y, m, d := was.date.Civil()
	e := *series
	e.ID = series.ID + "-moved-" + time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format("20060102")
	e.Days, e.Monthly, e.Except, e.From, e.Until, e.Every, e.Duration = nil, nil, nil, 0, 0, 0, 0
	if err := words(c, &e); err != nil {
		return err
	}
	start, err := in.when(c, &e)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(in.entries, func(old Entry) bool { return old.ID == e.ID }) {
		return refuse("schedule.ics.id_taken")
	}
	e.Dates = []Date{start.date}
	series.Except = append(series.Except, was.date)
	in.entries = append(in.entries, e)
	return nil
}

// idOf makes the ID of a row out of a UID.
func idOf(uid string) string {
	id, ours := strings.CutSuffix(uid, uidDomain)
	if ours && regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`).MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(uid))
	return "ics-" + hex.EncodeToString(sum[:6])
}

// words reads what is no time. What is not said stays as it is in e.
func words(c *ical.Component, e *Entry) error {
	if title := strings.Join(strings.Fields(c.Text("SUMMARY")), " "); title != "" {
		e.Title = title
	}
	if file := fileOf(c); file != "" {
		e.File = file
	}
	if err := liveOf(c, e); err != nil {
		return err
	}
	switch {
	case e.File == "" && !e.live():
		return refuse("schedule.ics.no_file")
	case e.File != "" && !filepath.IsLocal(e.File):
		return refuse("schedule.ics.file", "got", short(e.File))
	}
	if e.Title == "" {
		e.Title = e.File
	}
	for kind := range strings.SplitSeq(c.Text("CATEGORIES"), ",") {
		if kind = strings.ToLower(strings.TrimSpace(kind)); kind == KindStudy || kind == KindFilm || kind == KindLive {
			e.Kind = kind
		}
	}
	if v := c.Text(propPriority); v != "" {
		n, ok := number(v, 0, 9)
		if !ok {
			return refuse("schedule.ics.priority", "got", short(v))
		}
		e.Priority = n
	}
	switch strings.ToUpper(c.Text(propHoliday)) {
	case "SKIP":
		e.Holiday = SkipHolidays
	case "ONLY":
		e.Holiday = OnlyHolidays
	}
	e.Uncounted = e.Uncounted || strings.EqualFold(c.Text(propCounts), "FALSE")
	if of := c.Text(propMakesUp); of != "" {
		e.MakesUp = short(of)
	}
	return nil
}

// liveOf reads where a live lesson comes from. It lasts as long as the event, so
// an event without a length is none.
func liveOf(c *ical.Component, e *Entry) error {
	source := strings.TrimSpace(c.Text(propSource))
	if source == "" {
		return nil
	}
	if u, err := url.Parse(source); err != nil || u.Scheme == "" || u.Host == "" {
		return refuse("schedule.ics.source", "got", short(source))
	}
	n := 0
	if v := c.Text(propProgram); v != "" {
		var ok bool
		if n, ok = number(v, 0, math.MaxUint16); !ok {
			return refuse("schedule.ics.programme", "got", short(v))
		}
	}
	e.Kind = KindLive
	e.Live = firmware.Live{Source: source, Programme: uint16(n), Record: strings.EqualFold(c.Text(propRecord), "TRUE")}
	return nil
}

// fileOf returns the file that an event names. The location is what a person
// sees and changes in a calendar program, so it counts before our own property.
func fileOf(c *ical.Component) string {
	if place := strings.TrimSpace(c.Text("LOCATION")); isVideo(place) {
		return place
	}
	return strings.TrimSpace(c.Text(propFile))
}

func isVideo(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp4", ".mkv", ".ts", ".mpg", ".mpeg", ".avi", ".mov", ".webm", ".flv", ".wmv":
		return true
	}
	return false
}

// recur reads on which days the event is held.
func (in *importer) recur(c *ical.Component, e *Entry, start stamp) error {
	rules := c.Find("RRULE")
	if len(rules) == 0 {
		e.Dates = []Date{start.date}
	} else if err := in.rule(rules[0].Value, e, start); err != nil {
		return err
	}
	for _, p := range c.Find("RDATE") {
		for v := range strings.SplitSeq(p.Value, ",") {
			t, err := in.stamp(p, v)
			if err != nil {
				return err
			}
			if t.at != e.At {
				return refuse("schedule.ics.other_time", "got", short(v))
			}
			e.Dates = append(e.Dates, t.date)
		}
	}
	for _, p := range c.Find("EXDATE") {
		for v := range strings.SplitSeq(p.Value, ",") {
			t, err := in.stamp(p, v)
			if err != nil {
				return err
			}
			if t.at == e.At { // another time excepts nothing
				e.Except = append(e.Except, t.date)
			}
		}
	}
	if len(e.Dates) > maxDates || len(e.Except) > maxDates {
		return refuse("schedule.ics.many", "most", maxDates)
	}
	if len(rules) > 0 && strings.EqualFold(c.Text(propOpen), "TRUE") {
		e.From = 0
	}
	slices.Sort(e.Dates)
	e.Dates = slices.Compact(e.Dates)
	return nil
}

func (in *importer) rule(value string, e *Entry, start stamp) error {
	r, err := parseRecurrence(value)
	if err != nil {
		return err
	}
	if !start.same && !in.parallel(start) {
		return refuse("schedule.ics.other_zone", "got", start.there.String())
	}
	if err := r.apply(e, start.date, start.shift); err != nil {
		return err
	}
	ok := true
	switch {
	case r.count > 0:
		e.Until, ok = lastOf(*e, r.count)
	case r.until != "":
		e.Until, ok = in.until(r.until, e.At)
		ok = ok && e.Until >= e.From
	}
	if !ok {
		return refuse("schedule.ics.rule", "got", short(value))
	}
	return nil
}
