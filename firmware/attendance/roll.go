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
	ResultFirst     Result = iota // counted now
	ResultAgain                   // counted before
	ResultLate                    // counted now, after LateAfter
	ResultUnknown                 // the number is not in the roster; kept, not counted
	ResultClosed                  // the roll is not open; kept, not counted
	ResultCorrected               // the administrator has said that the number is not there; kept, not counted
)

// String returns the English word of r, as used in JSON and in text keys
// ("attendance.first").
func (r Result) String() string {
	names := [...]string{"first", "again", "late", "unknown", "closed", "corrected"}
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
	SlotMS    int64     `json:"slot_ms,omitempty"`   // planned length of the lesson, which has its roll calls by it until its end tells better
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
	Guest   bool      `json:"guest,omitempty"` // not in the roster
	At      time.Time `json:"at,omitzero"`     // first press; zero: never pressed, the administrator has added it
	Late    bool      `json:"late,omitempty"`
	Presses int       `json:"presses"`
	Seq     uint64    `json:"seq"` // journal record of the first press, or of the correction that added it

	Absent    bool       `json:"absent,omitempty"`     // does not count, by a correction
	Corrected *Corrected `json:"corrected,omitempty"`  // the newest correction; nil: none
	Calls     []bool     `json:"calls,omitempty"`      // pressed at which roll call, in their order: see Roll.Attended
	LeftEarly bool       `json:"left_early,omitempty"` // pressed before, but not at the roll call of the end, which was held
}

// Counts reports whether the entry counts as somebody present: a known number that was
// pressed, or whoever the administrator says was there.
func (e Entry) Counts() bool {
	if e.Corrected != nil && e.Corrected.Do == firmware.CorrectPresent {
		return true
	}
	return e.Known && !e.Absent
}

// Roll is the attendance of one lesson. It is made of journal records alone:
// applying the same records gives the same roll. It is for one goroutine.
type Roll struct {
	Lesson string
	Title  string
	Opened time.Time // first opening; zero: never
	Closed time.Time // last closing; zero: open, or never opened

	open  bool
	late  time.Time
	seen  uint64
	heads int
	byNum map[int]*Entry
	order []*Entry

	headsSaid *Corrected
	presses   []made
	voided    map[pressID]said
	said      map[int]said // of numbers
	marks     []Marked
	film      film
}

// NewRoll returns the empty roll of a lesson.
func NewRoll(lesson string) *Roll {
	return &Roll{Lesson: lesson, byNum: map[int]*Entry{}, voided: map[pressID]said{}, said: map[int]said{}}
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
	ours := rec.Lesson == r.Lesson || rec.Lesson == "" && rec.Kind == firmware.KindCorrection
	if !ours || rec.Seq != 0 && rec.Seq <= r.seen {
		return Entry{}, 0, false
	}
	r.seen = max(r.seen, rec.Seq)
	switch rec.Kind {
	case firmware.KindRollOpen:
		r.opened(rec)
	case firmware.KindRollClose:
		r.open, r.Closed = false, rec.Wall
	case firmware.KindCorrection:
		r.correct(rec)
	case firmware.KindMark, firmware.KindVerdict:
		r.mark(rec)
	case firmware.KindPosition, firmware.KindLesson:
		r.film.feed(rec)
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
		r.Title, r.late, r.film.slot = o.Title, o.LateAfter, time.Duration(o.SlotMS)*time.Millisecond
	}
	if r.Opened.IsZero() {
		r.Opened = rec.Wall
	}
	r.open, r.Closed = true, time.Time{}
}

// made is a press that was made while the roll was open.
type made struct {
	firmware.Press
	id     pressID
	at     time.Time
	stands time.Duration // where the film stood
	late   bool
}

// pressID names a press for ever.
type pressID struct {
	boot string
	seq  uint64
}

// mostPresses bounds the presses of one lesson that are kept one by one. Beyond, only
// the first of a number is: no roll needs more than 9,999 of those.
const mostPresses = 8192

func (r *Roll) press(p firmware.Press, rec firmware.Record) (Entry, Result) {
	if !r.open {
		return Entry{Number: p.Number, Name: p.Name, Known: p.Known, At: rec.Wall, Seq: rec.Seq}, ResultClosed
	}
	m := made{p, pressID{rec.Boot, rec.Seq}, rec.Wall, r.film.stands, !r.late.IsZero() && rec.Wall.After(r.late)}
	if e := r.byNum[p.Number]; len(r.presses) < mostPresses || e == nil || e.Presses == 0 {
		r.presses = append(r.presses, m)
	}
	return r.count(m)
}

// count puts a press on the roll.
func (r *Roll) count(m made) (Entry, Result) {
	e := r.entry(m.Number, m.Name, m.Known, m.id.seq)
	enrolled := e.Presses > 0 && !e.Known && m.Known // into the roster, since the press before
	again := e.Presses > 0 && !enrolled || e.Counts()
	if e.Presses == 0 || enrolled {
		e.Name, e.Known, e.Guest = m.Name, m.Known, !m.Known
		e.At, e.Late, e.Seq = m.at, m.late && m.Known, m.id.seq
	}
	e.Presses++
	if r.said[m.Number].Do != firmware.CorrectAbsent {
		e.Absent = false
	}
	switch {
	case e.Absent:
		return *e, ResultCorrected
	case !e.Counts():
		return *e, ResultUnknown
	case again:
		return *e, ResultAgain
	case e.Late:
		return *e, ResultLate
	}
	return *e, ResultFirst
}

// entry returns that of a number, which it makes when there is none.
func (r *Roll) entry(number int, name string, known bool, seq uint64) *Entry {
	if e := r.byNum[number]; e != nil {
		return e
	}
	e := &Entry{Number: number, Name: name, Known: known, Guest: !known, Seq: seq, Absent: true}
	r.byNum[number] = e
	r.order = append(r.order, e)
	return e
}

// Open reports whether presses count now.
func (r *Roll) Open() bool { return r.open }

// Present returns how many people count, with the heads.
func (r *Roll) Present() int {
	n := r.Heads()
	for _, e := range r.order {
		if e.Counts() {
			n++
		}
	}
	return n
}

// Heads returns how many came of whom nobody knows the name: presses of the one big
// button, or what the administrator has said and the presses since.
func (r *Roll) Heads() int { return r.heads }

// HeadsCorrected is the newest correction of the heads, nil for none.
func (r *Roll) HeadsCorrected() *Corrected { return r.headsSaid }

func (r *Roll) head() Result {
	if !r.open {
		return ResultClosed
	}
	r.heads++
	return ResultFirst
}

// Has reports whether number counts.
func (r *Roll) Has(number int) bool {
	e := r.byNum[number]
	return e != nil && e.Counts()
}

// Find returns the entry of number.
func (r *Roll) Find(number int) (Entry, bool) {
	e := r.byNum[number]
	if e == nil {
		return Entry{}, false
	}
	return *e, true
}

// Entries returns the roll in the order of first presses, unknown numbers and those
// that a correction took away included.
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
