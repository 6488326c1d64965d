package register

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"slices"
	"time"

	"stationbox/firmware"
)

// gather is what is known of a lesson while records come.
type gather struct {
	Lesson
	late    time.Time // a first press after it is late
	closed  bool      // the roll, by the newest record of it
	presses []press
	rolls   []span
	first   time.Time // of anything
}

type span struct{ from, to time.Time }

// press is a number that was pressed.
type press struct {
	firmware.Press
	id     recordID
	at     time.Time
	closed bool // the roll was
}

// gathered is the lesson id, nil when there are too many.
func (c *collector) gathered(id string, at time.Time) *gather {
	id = c.word(id)
	g := c.lessons[id]
	if g != nil {
		return g
	}
	if id == "" || len(c.lessons) >= mostLessons {
		if id != "" {
			c.m.Omitted++
		}
		return nil
	}
	g = &gather{first: at}
	g.ID = id
	c.lessons[id] = g
	return g
}

// resultData is the data of a KindLesson record as far as the books need it.
type resultData struct {
	Title     string          `json:"title"`
	File      string          `json:"file"`
	Scheduled time.Time       `json:"scheduled"`
	Started   time.Time       `json:"started"`
	PlayedMS  int64           `json:"played_ms"`
	LengthMS  int64           `json:"length_ms"`
	Cause     string          `json:"cause"`
	Relative  bool            `json:"relative"`
	Live      *liveData       `json:"live"`
	Proof     json.RawMessage `json:"proof"`
}

type liveData struct {
	Live     int64 `json:"live_ms"`
	Fallback int64 `json:"fallback_ms"`
	Frozen   int64 `json:"frozen_ms"`
	Dark     int64 `json:"dark_ms"`
}

// mostShown bounds how often a lesson can have ended.
const mostShown = 20

// longest is the longest time that a record may claim.
const longest = 24 * time.Hour

// lasting reads milliseconds of a record; nonsense is 0.
func lasting(ms int64) time.Duration {
	if ms < 0 || ms > longest.Milliseconds() {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// result notes how a lesson ended. One that was missed may be written down days later,
// so that its planned time says of which month it is.
func (c *collector) result(r firmware.Record) {
	var n resultData
	if !c.read(r, &n) {
		return
	}
	planned := n.Scheduled.In(c.o.Zone)
	if !c.in(planned) && !(n.Scheduled.IsZero() && c.in(r.Wall)) || !c.keep(r) {
		return
	}
	g := c.gathered(r.Lesson, r.Wall)
	if g == nil || len(g.Showings) >= mostShown {
		c.m.Omitted++
		return
	}
	g.Title = cmp.Or(clean(n.Title), g.Title)
	if !n.Scheduled.IsZero() {
		g.Scheduled = planned
	}
	s := Showing{End: r.Wall, Cause: c.word(n.Cause), Played: lasting(n.PlayedMS), Length: lasting(n.LengthMS), Relative: n.Relative, Seq: r.Seq}
	if !n.Started.IsZero() {
		s.Start = n.Started.In(c.o.Zone)
	}
	if n.File != "" {
		s.File = clean(filepath.Base(n.File))
	}
	if n.Live != nil {
		s.Live = &Live{lasting(n.Live.Live), lasting(n.Live.Fallback), lasting(n.Live.Frozen), lasting(n.Live.Dark)}
		c.m.Receptions = append(c.m.Receptions, Reception{At: r.Wall, Lesson: g.ID, Title: g.Title, Seq: r.Seq, What: "register.reception.account",
			Args: []any{"live", minutes(s.Live.Live), "spare", minutes(s.Live.Fallback), "frozen", minutes(s.Live.Frozen), "dark", minutes(s.Live.Dark)}})
	}
	s.Proof = c.proof(n.Proof)
	g.Showings = append(g.Showings, s)
}

// proof reads what a signed record says.
func (c *collector) proof(raw json.RawMessage) *Proof {
	var n struct {
		SHA256  string    `json:"sha256"`
		Key     string    `json:"key"`
		Present [3]*int64 `json:"present"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &n) != nil || n.Key == "" {
		return nil
	}
	sum := sha256.Sum256(raw)
	p := &Proof{Key: c.word(n.Key), Mark: hex.EncodeToString(sum[:8]), SHA256: clean(n.SHA256), Calls: n.Present}
	if c.o.Judge != nil {
		p.Checked, p.Problem = true, c.o.Judge(raw)
	}
	return p
}

// attend takes in a record of a roll.
func (c *collector) attend(r firmware.Record) {
	g := c.gathered(r.Lesson, r.Wall)
	if g == nil {
		return // a press while nothing was on
	}
	switch r.Kind {
	case firmware.KindRollOpen:
		c.opened(g, r)
	case firmware.KindRollClose:
		if n := len(g.rolls); n > 0 && g.rolls[n-1].to.IsZero() {
			g.rolls[n-1].to = r.Wall
		}
		g.closed, g.Closed = true, r.Wall
	case firmware.KindHead:
		if !g.closed {
			g.Heads++
		}
	case firmware.KindPress:
		p := press{id: recordID{c.word(r.Boot), r.Seq}, at: r.Wall, closed: g.closed}
		if c.read(r, &p.Press) && p.Number >= 1 && p.Number <= 9999 { // a card that nobody has is no number
			p.Name, p.Panel, p.Card = c.word(p.Name), c.word(p.Panel), ""
			g.presses = append(g.presses, p)
		}
	}
}

func (c *collector) opened(g *gather, r firmware.Record) {
	var n struct {
		Title string    `json:"title"`
		Late  time.Time `json:"late_after"`
	}
	if c.read(r, &n) {
		g.Title = cmp.Or(g.Title, clean(n.Title))
		if g.late = n.Late; g.Scheduled.IsZero() && !n.Late.IsZero() {
			g.Scheduled = n.Late.In(c.o.Zone)
		}
	}
	if g.Opened.IsZero() {
		g.Opened = r.Wall
	}
	g.closed, g.Closed = false, time.Time{}
	if n := len(g.rolls); n == 0 || !g.rolls[n-1].to.IsZero() {
		g.rolls = append(g.rolls, span{from: r.Wall})
	}
}

// plan adds the lessons of the timetable of which there is no record. Before its first
// record there was no station.
func (c *collector) plan() {
	for _, o := range c.o.Planned {
		if !c.in(o.Start) || o.Start.Before(c.begun) || c.lessons[c.word(o.ID)] != nil || !c.o.Made.IsZero() && o.Start.After(c.o.Made) {
			continue
		}
		if g := c.gathered(o.ID, o.Start); g != nil {
			g.Title, g.Scheduled = clean(o.Title), o.Start.In(c.o.Zone)
		}
	}
}

// attendance settles the lessons of the month: who is on the roll after the newest
// corrections.
func (c *collector) attendance() {
	found := map[recordID]bool{}
	for id, list := range c.said { // the rest of a lesson may be lost
		if at := cmp.Or(list[0].At, list[0].at); c.lessons[id] == nil && c.in(at) {
			c.gathered(id, at.In(c.o.Zone))
		}
	}
	for _, g := range c.lessons {
		if g.Scheduled.IsZero() {
			g.Scheduled = cmp.Or(g.Opened, g.first)
		}
		if !c.in(g.Scheduled) {
			for _, p := range g.presses {
				found[p.id] = true // corrected in the books of another month
			}
			continue
		}
		c.settle(g, found)
		g.Study = c.o.Counts == nil || c.o.Counts(g.ID)
		c.m.Lessons = append(c.m.Lessons, g.Lesson)
	}
	slices.SortFunc(c.m.Lessons, func(a, b Lesson) int {
		return cmp.Or(a.Scheduled.Compare(b.Scheduled), cmp.Compare(a.ID, b.ID))
	})
	for id, list := range c.corrections {
		if !found[id] && c.in(list[len(list)-1].at) {
			c.note(list, press{}, Lesson{})
		}
	}
}

// seat is a number as it was known: one that was nobody's when it was pressed does not
// become that of whoever got it later.
type seat struct {
	number int
	known  bool
}

// settle makes the roll of a lesson.
func (c *collector) settle(g *gather, found map[recordID]bool) {
	slices.SortStableFunc(g.presses, func(a, b press) int { return cmp.Compare(a.id.seq, b.id.seq) })
	on := map[seat]bool{}
	for _, p := range g.presses {
		list := c.corrections[p.id]
		if found[p.id] = true; len(list) > 0 {
			c.note(list, p, g.Lesson)
		}
		e, known, counts := c.effective(p, list)
		at := seat{e.Number, known}
		if !counts || on[at] {
			continue
		}
		on[at] = true
		if !known {
			g.Guests = append(g.Guests, e)
			continue
		}
		e.Late = !g.late.IsZero() && e.At.After(g.late)
		g.Present = append(g.Present, e)
	}
	c.amend(g, on)
	g.Called = !g.Opened.IsZero() || len(g.Present)+len(g.Guests)+g.Heads > 0
	if !g.Called {
		return
	}
	for _, m := range c.o.Members {
		if !on[seat{m.Number, true}] {
			g.Absent = append(g.Absent, m)
		}
	}
}

// people sums the month up for each person and each branch.
func (c *collector) people() {
	m, rows := c.m, map[int]*MemberMonth{}
	for _, p := range c.o.Members {
		rows[p.Number] = &MemberMonth{Member: p, Listed: true}
	}
	m.Quota.Target = c.o.Target
	for _, l := range m.Lessons {
		if l.Study && l.Minutes() > 0 {
			m.Quota.Done += l.Minutes()
			m.Quota.Lessons++
		}
		if l.Called {
			m.Quota.Called++
		}
		for _, e := range l.Present {
			p := rows[e.Number]
			if p == nil {
				p = &MemberMonth{Member: firmware.Member{Number: e.Number, Name: e.Name, Branch: e.Branch}}
				rows[e.Number] = p
			}
			p.Lessons++
			p.Minutes += l.Minutes()
			if e.Late {
				p.Late++
			}
		}
	}
	for _, p := range rows {
		m.Members = append(m.Members, *p)
	}
	slices.SortFunc(m.Members, func(a, b MemberMonth) int {
		if a.Listed != b.Listed {
			return map[bool]int{true: -1, false: 1}[a.Listed]
		}
		return cmp.Compare(a.Number, b.Number)
	})
	m.Branches = branches(m.Members, m.Quota.Called)
}

func branches(members []MemberMonth, called int) []BranchMonth {
	rows := map[string]*BranchMonth{}
	for _, p := range members {
		b := rows[p.Branch]
		if b == nil {
			b = &BranchMonth{Branch: p.Branch}
			rows[p.Branch] = b
		}
		if p.Listed {
			b.Members++
			b.Possible += called
			b.Attended += p.Lessons
			b.Minutes += p.Minutes
		}
	}
	var list []BranchMonth
	for _, b := range rows {
		if b.Members > 0 {
			list = append(list, *b)
		}
	}
	slices.SortFunc(list, func(a, b BranchMonth) int { return cmp.Compare(a.Branch, b.Branch) })
	return list
}

func minutes(d time.Duration) int { return int(d.Minutes() + 0.5) }
