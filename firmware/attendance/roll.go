package attendance

import (
	"encoding/json"
	"sort"
	"time"

	"stationbox/firmware"
)

// Result is what a press meant to the roll.
type Result uint8

// The results of a press.
const (
	ResultFirst   Result = iota // counted now
	ResultAgain                 // counted before
	ResultLate                  // counted now, after LateAfter
	ResultUnknown               // the number is not in the roster; kept, not counted
	ResultClosed                // the roll is not open; kept, not counted
)

// String returns the English word of r, as used in JSON and in text keys
// ("attendance.first").
func (r Result) String() string {
	names := [...]string{"first", "again", "late", "unknown", "closed"}
	if int(r) < len(names) {
		return names[r]
	}
	return "?"
}

// Counted reports whether the press put somebody on the roll now.
func (r Result) Counted() bool { return r == ResultFirst || r == ResultLate }

// Open is the data of a firmware.KindRollOpen record.
type Open struct {
	Title     string    `json:"title,omitempty"`
	LateAfter time.Time `json:"late_after,omitzero"` // a first press after it is late; zero: nobody is late
}

// Close is the data of a firmware.KindRollClose record.
type Close struct {
	Present int `json:"present"`
}

// Entry is one number on the roll.
type Entry struct {
	Number  int       `json:"number"`
	Name    string    `json:"name,omitempty"`
	Known   bool      `json:"known"`
	At      time.Time `json:"at"` // first press
	Late    bool      `json:"late,omitempty"`
	Presses int       `json:"presses"`
	Seq     uint64    `json:"seq"` // journal record of the first press
}

// Roll is the attendance of one lesson. It is made of journal records alone:
// applying the same records gives the same roll. It is for one goroutine.
type Roll struct {
	Lesson string
	Title  string
	Opened time.Time // first opening; zero: never
	Closed time.Time // last closing; zero: open, or never opened

	open    bool
	late    time.Time
	seen    uint64
	present int
	heads   int
	byNum   map[int]*Entry
	order   []*Entry
}

// NewRoll returns the empty roll of a lesson.
func NewRoll(lesson string) *Roll {
	return &Roll{Lesson: lesson, byNum: map[int]*Entry{}}
}

// Build returns the roll of lesson out of the records that scan hands over,
// such as those of journal.Read.
func Build(lesson string, scan func(func(firmware.Record) error) error) (*Roll, error) {
	r := NewRoll(lesson)
	err := scan(func(rec firmware.Record) error {
		r.Add(rec)
		return nil
	})
	return r, err
}

// Latest returns the lesson whose roll was opened last, or "" when there is
// none.
func Latest(scan func(func(firmware.Record) error) error) (string, error) {
	lesson := ""
	err := scan(func(rec firmware.Record) error {
		if rec.Kind == firmware.KindRollOpen {
			lesson = rec.Lesson
		}
		return nil
	})
	return lesson, err
}

// Add applies one record. The result counts only when ok: the record is a
// press of this lesson that was not applied before. The entry is a copy.
func (r *Roll) Add(rec firmware.Record) (entry Entry, result Result, ok bool) {
	if rec.Lesson != r.Lesson || rec.Seq != 0 && rec.Seq <= r.seen {
		return Entry{}, 0, false
	}
	r.seen = max(r.seen, rec.Seq)
	switch rec.Kind {
	case firmware.KindRollOpen:
		r.opened(rec)
	case firmware.KindRollClose:
		r.open, r.Closed = false, rec.Wall
	case firmware.KindHead:
		return Entry{At: rec.Wall, Seq: rec.Seq}, r.head(), true
	case firmware.KindPress:
		var p firmware.Press
		if json.Unmarshal(rec.Data, &p) != nil || p.Number <= 0 {
			return Entry{}, 0, false
		}
		entry, result = r.press(p, rec)
		return entry, result, true
	}
	return Entry{}, 0, false
}

func (r *Roll) opened(rec firmware.Record) {
	var o Open
	if json.Unmarshal(rec.Data, &o) == nil {
		r.Title, r.late = o.Title, o.LateAfter
	}
	if r.Opened.IsZero() {
		r.Opened = rec.Wall
	}
	r.open, r.Closed = true, time.Time{}
}

func (r *Roll) press(p firmware.Press, rec firmware.Record) (Entry, Result) {
	if !r.open {
		return Entry{Number: p.Number, Name: p.Name, Known: p.Known, At: rec.Wall, Seq: rec.Seq}, ResultClosed
	}
	e := r.byNum[p.Number]
	if e != nil {
		e.Presses++
		if !e.Known {
			return *e, ResultUnknown
		}
		return *e, ResultAgain
	}
	e = &Entry{Number: p.Number, Name: p.Name, Known: p.Known, At: rec.Wall, Presses: 1, Seq: rec.Seq}
	r.byNum[p.Number] = e
	r.order = append(r.order, e)
	if !p.Known {
		return *e, ResultUnknown
	}
	r.present++
	e.Late = !r.late.IsZero() && rec.Wall.After(r.late)
	if e.Late {
		return *e, ResultLate
	}
	return *e, ResultFirst
}

// Open reports whether presses count now.
func (r *Roll) Open() bool { return r.open }

// Present returns how many known people are on the roll, and heads.
func (r *Roll) Present() int { return r.present + r.heads }

// Heads returns how many came of whom nobody knows the name: presses of the one big
// button.
func (r *Roll) Heads() int { return r.heads }

func (r *Roll) head() Result {
	if !r.open {
		return ResultClosed
	}
	r.heads++
	return ResultFirst
}

// Has reports whether number has been counted.
func (r *Roll) Has(number int) bool {
	e := r.byNum[number]
	return e != nil && e.Known
}

// Entries returns the roll in the order of first presses, unknown numbers
// included.
func (r *Roll) Entries() []Entry {
	list := make([]Entry, len(r.order))
	for i, e := range r.order {
		list[i] = *e
	}
	return list
}

// Absent returns those of members who are not on the roll, by number.
func (r *Roll) Absent(members []firmware.Member) []firmware.Member {
	var absent []firmware.Member
	for _, m := range members {
		if !r.Has(m.Number) {
			absent = append(absent, m)
		}
	}
	sort.Slice(absent, func(i, j int) bool { return absent[i].Number < absent[j].Number })
	return absent
}
