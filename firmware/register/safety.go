package register

import (
	"cmp"
	"slices"
	"time"

	"stationbox/firmware"
)

// Safety is what the month says of the safety of the equipment.
type Safety struct {
	Relays    []RelayTest    // the newest of each load
	Counts    map[string]int // of the guard's events, by their kind
	Strikes   int64          // of the arrester as it counts itself, ever; 0: not told
	Arrester  string         // newest cause of a change of its contact; "": none
	OutageFor time.Duration
	High, Low *Volts // outside the good band, extremes; nil: the mains never left it
	Cooled    int    // cool-downs that came to their end
	CutShort  int    // that lost their mains before it
	Exercises int
	Checks    int // before lessons
	ChecksBad int
	Starts    int // of the station program
}

// Volts is a voltage and its time.
type Volts struct {
	MV int64
	At time.Time
}

// RelayTest is the test of the relay of one load.
type RelayTest struct {
	At      time.Time
	Load    string
	On, Off bool // it did as it was told
}

func (t RelayTest) key() string {
	switch {
	case !t.On:
		return "register.relay.no_on"
	case !t.Off:
		return "register.relay.no_off"
	}
	return "register.relay.ok"
}

// mostLoads bounds the relays and the kinds that a month can name.
const mostLoads = 64

func (s *Safety) power(g firmware.GuardEvent, e Event) {
	if _, known := s.Counts[g.Kind]; known || len(s.Counts) < mostLoads {
		s.Counts[g.Kind]++
	}
	switch g.Kind {
	case "strike":
		s.Strikes = max(s.Strikes, g.Count)
	case "arrester":
		s.Arrester = e.Why
	case "outage":
		s.OutageFor += e.Lasted
		return
	case "interruption", "meter_fault":
		return
	}
	s.volts(e)
}

// nominal tells a high voltage from a low one.
const nominal = 220_000

// volts notes an extreme of an event. An outage has none: it is no voltage.
func (s *Safety) volts(e Event) {
	v := &Volts{e.MV, e.At}
	switch {
	case e.MV == 0:
	case e.MV > nominal && (s.High == nil || e.MV > s.High.MV):
		s.High = v
	case e.MV < nominal && (s.Low == nil || e.MV < s.Low.MV):
		s.Low = v
	}
}

func (s *Safety) relay(t RelayTest) {
	i := slices.IndexFunc(s.Relays, func(o RelayTest) bool { return o.Load == t.Load })
	switch {
	case i >= 0:
		s.Relays[i] = t
	case len(s.Relays) < mostLoads:
		s.Relays = append(s.Relays, t)
		slices.SortFunc(s.Relays, func(a, b RelayTest) int { return cmp.Compare(a.Load, b.Load) })
	}
}

// display follows cool-downs: a display that loses its mains while it cools was cut
// short; one that goes on again has not come to its end.
func (s *Safety) display(from, to string) {
	if from == "cooling" {
		switch to {
		case "standby":
			s.Cooled++
		case "off":
			s.CutShort++
		}
	}
}

// DutyDay is what a day's records say of somebody at the station.
type DutyDay struct {
	Day          time.Time
	Rolls        []Span // the roll was open
	Commands     int    // that people gave
	FirstCommand time.Time
	LastCommand  time.Time
	Lessons      []string // their titles
}

// Span is from one time to another; To is zero when it is not on record.
type Span struct{ From, To time.Time }

// Open is how long the roll was open on that day.
func (d DutyDay) Open() time.Duration {
	var sum time.Duration
	for _, s := range d.Rolls {
		if s.To.After(s.From) {
			sum += min(s.To.Sub(s.From), longest)
		}
	}
	return sum
}

// day is that of t.
func (c *collector) day(t time.Time) *DutyDay {
	key := t.Format(time.DateOnly)
	d := c.duty[key]
	if d == nil {
		d = &DutyDay{Day: time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, c.o.Zone)}
		c.duty[key] = d
	}
	return d
}

// days makes the duty record.
func (c *collector) days() {
	for _, l := range c.m.Lessons {
		for _, s := range c.lessons[l.ID].rolls {
			d := c.day(s.from)
			if to := s.to; to.IsZero() && len(l.Showings) > 0 {
				s.to = l.Showings[len(l.Showings)-1].End // the roll's end is lost, that of the lesson is not
			}
			d.Rolls = append(d.Rolls, Span{s.from, s.to})
			if !slices.Contains(d.Lessons, l.Title) {
				d.Lessons = append(d.Lessons, l.Title)
			}
		}
	}
	for _, d := range c.duty {
		slices.SortFunc(d.Rolls, func(a, b Span) int { return a.From.Compare(b.From) })
		c.m.Duty = append(c.m.Duty, *d)
	}
	slices.SortFunc(c.m.Duty, func(a, b DutyDay) int { return a.Day.Compare(b.Day) })
}
