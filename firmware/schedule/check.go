package schedule

import (
	"time"
)

// Span is a stretch of time, To not included.
type Span struct {
	From, To time.Time
}

func (a Span) overlaps(b Span) bool { return a.From.Before(b.To) && b.From.Before(a.To) }

// CheckOpts is what Check compares the calendar with.
type CheckOpts struct {
	Now     time.Time
	Lengths Lengths // nil knows none
	Outages []Span  // when the sun will stand behind the satellite
	Days    int     // how far ahead; default 400
}

// holidayWarning is how long before its end the list of holidays is remarked on.
const holidayWarning = 60

// Check returns what is wrong with the calendar from now on: rows of equal
// priority that overlap, lessons longer than their slot, lessons in a sun
// outage, dates that are past, rows that are never held, and a list of holidays
// that ends soon. Each is reported once a row, or once a pair of rows.
func (s *Schedule) Check(o CheckOpts) []Finding {
	if o.Days == 0 {
		o.Days = horizon
	}
	c := checking{s: s, o: o, told: map[string]bool{}}
	c.slots = s.Plan(o.Now, o.Now.AddDate(0, 0, o.Days))
	c.rows()
	c.overlaps()
	c.outages()
	c.holidays()
	return c.found[:min(len(c.found), maxFindings)]
}

type checking struct {
	s     *Schedule
	o     CheckOpts
	slots []Slot
	found []Finding
	told  map[string]bool
}

// once adds a finding unless one with the same mark is there.
func (c *checking) once(mark string, f Finding) {
	if c.told[mark] {
		return
	}
	c.told[mark] = true
	c.found = append(c.found, f)
}

func (c *checking) rows() {
	today := DateOf(c.o.Now.In(c.s.zone))
	seen := map[string]bool{}
	for _, slot := range c.slots {
		seen[slot.Entry] = true
	}
	for _, r := range c.s.rows {
		if length, ok := c.length(r.Entry); ok && r.Duration > 0 && length > r.Duration {
			c.once("long "+r.ID, Finding{Entry: r.ID, Key: "schedule.check.long", Args: []any{"length", length, "slot", r.Duration}})
		}
		past := 0
		for past < len(r.dates) && r.dates[past] < today {
			past++
		}
		if past > 0 && r.MakesUp == "" {
			c.once("past "+r.ID, Finding{Entry: r.ID, Key: "schedule.check.past", Args: []any{"date", r.dates[0], "count", past}, Warning: true})
		}
		if !seen[r.ID] && past == 0 {
			c.once("never "+r.ID, Finding{Entry: r.ID, Key: "schedule.check.never", Args: []any{"days", c.o.Days}, Warning: true})
		}
	}
}

func (c *checking) length(e Entry) (time.Duration, bool) {
	if c.o.Lengths == nil {
		return 0, false
	}
	return c.o.Lengths(e.File)
}

// span is what a slot occupies, by the length of its file when the row names none.
func (c *checking) span(slot Slot) Span {
	start := slot.Occasion.Start
	return Span{start, start.Add(c.o.Lengths.of(slot.Occasion.Duration, slot.Occasion.File, time.Second))}
}

// overlaps goes through the slots in order and keeps those that still last.
func (c *checking) overlaps() {
	var lasting []Slot
	for _, slot := range c.slots {
		if !slot.Held() {
			continue
		}
		kept := lasting[:0]
		for _, earlier := range lasting {
			if !c.span(earlier).overlaps(c.span(slot)) {
				continue
			}
			kept = append(kept, earlier)
			// Of different priorities only the length of a file can still overlap.
			c.once("overlap "+earlier.Entry+" "+slot.Entry, Finding{Entry: slot.Entry, Key: "schedule.check.overlap",
				Args: []any{"other", earlier.Entry, "date", DateOf(slot.Occasion.Start), "at", slot.Occasion.Start}})
		}
		lasting = append(kept, slot)
	}
}

func (c *checking) outages() {
	for _, slot := range c.slots {
		if !slot.Held() {
			continue
		}
		for _, out := range c.o.Outages {
			if !c.span(slot).overlaps(out) {
				continue
			}
			// A film in the library plays on; what comes over the dish does not.
			c.once("sun "+slot.Entry, Finding{Entry: slot.Entry, Key: "schedule.check.sun", Warning: slot.Kind != KindLive,
				Args: []any{"date", DateOf(slot.Occasion.Start), "from", out.From.In(c.s.zone), "to", out.To.In(c.s.zone)}})
		}
	}
}

func (c *checking) holidays() {
	until := c.s.holidays.Until()
	for _, r := range c.s.rows {
		switch {
		case r.Holiday == PlayOnHolidays:
		case until == 0:
			c.once("holidays "+r.ID, Finding{Entry: r.ID, Key: "schedule.check.no_holidays"})
		case until < DateOf(c.o.Now.In(c.s.zone))+holidayWarning:
			c.once("holidays", Finding{Key: "schedule.check.holidays_end", Args: []any{"date", until}, Warning: true})
		}
	}
}
