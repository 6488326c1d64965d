package register

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"stationbox/firmware"
)

// Kinds of record that other rooms name.
const (
	kindCorrection = "correction"
	kindReady      = "ready_check"
	kindExercise   = "exercise"
	kindStorm      = "storm"
	kindLive       = "live"
	kindMakeUp     = "make_up"
	kindEmergency  = "emergency"
)

// reach is how far from the month the records of its lessons may lie.
const reach = 48 * time.Hour

// recordID names a record of a station.
type recordID struct {
	boot string
	seq  uint64
}

// collector gathers a month out of records.
type collector struct {
	o        Opts
	from, to time.Time
	m        *Month
	roster   map[int]firmware.Member
	words    map[string]string // one copy of each
	kept     map[recordID]bool

	lessons     map[string]*gather
	corrections map[recordID][]correction // of a press
	said        map[string][]correction   // of the roll of a lesson
	changes     int
	holes       map[[2]uint64]bool
	faults      faultBook
	duty        map[string]*DutyDay
	begun       time.Time // of the journal's very first record; zero: it is gone
	lastSeq     uint64
	lastWall    time.Time
}

// Build makes the month of o out of the records of its station. The error is that of
// scan. Records that cannot be read are counted, those of other stations passed over.
func Build(o Opts, scan Scan) (*Month, error) {
	c := newCollector(o)
	if err := scan(func(r firmware.Record) error {
		c.feed(r)
		return nil
	}); err != nil {
		return nil, err
	}
	return c.month(), nil
}

func newCollector(o Opts) *collector {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	from := time.Date(o.Year, o.Month, 1, 0, 0, 0, 0, o.Zone)
	c := &collector{o: o, from: from, to: from.AddDate(0, 1, 0), roster: map[int]firmware.Member{}, words: map[string]string{}, kept: map[recordID]bool{},
		lessons: map[string]*gather{}, corrections: map[recordID][]correction{}, said: map[string][]correction{}, holes: map[[2]uint64]bool{}, duty: map[string]*DutyDay{}}
	c.o.Members = slices.Clone(o.Members)
	for i, m := range c.o.Members {
		m.Name, m.Branch = clean(m.Name), clean(m.Branch)
		c.o.Members[i], c.roster[m.Number] = m, m
	}
	slices.SortFunc(c.o.Members, func(a, b firmware.Member) int { return cmp.Compare(a.Number, b.Number) })
	c.m = &Month{Opts: c.o, From: c.from, To: c.to, Safety: Safety{Counts: map[string]int{}}}
	return c
}

func (c *collector) in(t time.Time) bool { return !t.Before(c.from) && t.Before(c.to) }
func (c *collector) near(t time.Time) bool {
	return !t.Before(c.from.Add(-reach)) && t.Before(c.to.Add(reach))
}

// word is clean with one copy of each word.
func (c *collector) word(s string) string {
	if w, ok := c.words[s]; ok {
		return w
	}
	w := clean(s)
	if len(c.words) < mostRecords {
		c.words[s] = w
	}
	return w
}

// read decodes the data of r and counts what cannot be.
func (c *collector) read(r firmware.Record, v any) bool {
	if err := json.Unmarshal(r.Data, v); err != nil {
		if c.in(r.Wall) {
			c.m.Unreadable++
		}
		return false
	}
	return true
}

// keep says whether r is new and there is room for it.
func (c *collector) keep(r firmware.Record) bool {
	id := recordID{c.word(r.Boot), r.Seq}
	switch {
	case c.kept[id]:
		return false
	case len(c.kept) >= mostRecords:
		c.m.Omitted++
		return false
	}
	c.kept[id] = true
	return true
}

func (c *collector) feed(r firmware.Record) {
	if r.Station != c.o.Station {
		return
	}
	r.Wall = r.Wall.In(c.o.Zone)
	if r.Seq == 1 {
		c.begun = r.Wall
	}
	if r.Seq > c.lastSeq {
		c.gap(r)
		c.count(r)
		c.lastSeq, c.lastWall = r.Seq, r.Wall
	}
	switch r.Kind {
	case firmware.KindLesson:
		c.result(r)
	case firmware.KindFault, firmware.KindBoot:
		c.fault(r)
	case kindCorrection:
		c.correct(r)
	case firmware.KindPress, firmware.KindHead, firmware.KindRollOpen, firmware.KindRollClose:
		if c.near(r.Wall) && c.keep(r) {
			c.attend(r)
		}
	case kindLive:
		if c.near(r.Wall) && c.keep(r) {
			c.live(r)
		}
	default:
		if c.in(r.Wall) {
			c.happened(r)
		}
	}
}

func (c *collector) count(r firmware.Record) {
	if !c.in(r.Wall) {
		return
	}
	if c.m.First == 0 {
		c.m.First = r.Seq
	}
	c.m.Last = r.Seq
	c.m.Records++
}

// gap notes records that are lost between the one before and r, when they may be of
// the month.
func (c *collector) gap(r firmware.Record) {
	if r.Seq == c.lastSeq+1 || r.Wall.Before(c.from) || !c.lastWall.IsZero() && !c.lastWall.Before(c.to) {
		return
	}
	c.hole(Hole{From: c.lastSeq + 1, To: r.Seq - 1, After: c.lastWall, Before: r.Wall, Overwritten: c.lastSeq == 0})
}

func (c *collector) hole(h Hole) {
	switch span := [2]uint64{h.From, h.To}; {
	case c.holes[span]:
	case len(c.holes) >= mostHoles:
		c.m.Omitted++
	default:
		c.holes[span] = true
		c.m.Holes = append(c.m.Holes, h)
	}
}

// correction is the data of a record that corrects a press or a roll.
type correction struct {
	Boot   string    `json:"boot"`
	Seq    uint64    `json:"seq"`
	Do     string    `json:"do"`
	Number int       `json:"number"`
	Name   string    `json:"name"`
	Known  bool      `json:"known"` // on the roster
	Heads  int       `json:"heads"`
	At     time.Time `json:"at"` // when the lesson was
	By     string    `json:"by"`
	Why    string    `json:"why"`

	at  time.Time
	own uint64
}

// What a correction does: the first three are about a press, the others about the roll
// of the record's lesson, and outrank them.
const (
	doVoid     = "void"
	doRenumber = "renumber"
	doRestore  = "restore"
	doPresent  = "present"
	doAbsent   = "absent"
	doHeads    = "heads"
)

// correct keeps a correction of any time: it may have come long after the month, and
// before its press where records come from several places.
func (c *collector) correct(r firmware.Record) {
	var n correction
	if !c.read(r, &n) {
		return
	}
	if c.changes >= mostCorrections {
		c.m.Omitted++
		return
	}
	n.Boot, n.By, n.Why, n.Do, n.Name, n.at, n.own = c.word(n.Boot), c.word(n.By), clean(n.Why), clean(n.Do), clean(n.Name), r.Wall, r.Seq
	roll := n.Do == doPresent || n.Do == doAbsent || n.Do == doHeads
	switch {
	case roll && r.Lesson != "":
		c.said[c.word(r.Lesson)] = c.queue(c.said[c.word(r.Lesson)], n)
	default:
		id := recordID{n.Boot, n.Seq}
		c.corrections[id] = c.queue(c.corrections[id], n)
	}
}

// queue adds a correction to those of the same thing, by their numbers, once.
func (c *collector) queue(list []correction, n correction) []correction {
	if slices.ContainsFunc(list, func(o correction) bool { return o.own == n.own }) {
		return list
	}
	c.changes++
	list = append(list, n)
	slices.SortFunc(list, func(a, b correction) int { return cmp.Compare(a.own, b.own) })
	return list
}

// month puts together what was gathered.
func (c *collector) month() *Month {
	m := c.m
	c.plan()
	c.attendance()
	c.faults.close(c)
	c.people()
	for _, a := range c.o.Arrivals {
		if c.in(a.At) {
			a.Title, a.Source = clean(a.Title), clean(a.Source)
			m.Receptions = append(m.Receptions, Reception{At: a.At.In(c.o.Zone), Title: a.Title, What: "register.reception.film", Arrival: &a})
		}
	}
	slices.SortStableFunc(m.Receptions, func(a, b Reception) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(m.Events, func(a, b Event) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(m.Holes, func(a, b Hole) int { return cmp.Compare(a.From, b.From) })
	slices.SortStableFunc(m.Corrections, func(a, b Correction) int { return cmp.Compare(a.Seq, b.Seq) })
	c.days()
	return m
}
