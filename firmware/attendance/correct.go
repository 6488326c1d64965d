package attendance

import (
	"encoding/json"
	"time"

	"stationbox/firmware"
)

// Corrected is how the administrator corrected a number or the heads.
type Corrected struct {
	Do  string    `json:"do"` // one of the firmware.Correct… constants
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`  // of the correction
	Seq uint64    `json:"seq"` // its journal record
}

// said is a correction with its record.
type said struct {
	firmware.Correction
	at  time.Time
	seq uint64
}

func (s said) shown() *Corrected { return &Corrected{s.Do, s.By, s.Why, s.at, s.seq} }

// correct applies a correction: the newest of a press, of a number and of the heads
// counts. One that cannot be read, or of a press of another lesson, changes nothing.
func (r *Roll) correct(rec firmware.Record) {
	s := said{at: rec.Wall, seq: rec.Seq}
	if json.Unmarshal(rec.Data, &s.Correction) != nil {
		return
	}
	ours := rec.Lesson == r.Lesson
	switch s.Do {
	case firmware.CorrectHeads:
		if ours && s.Heads >= 0 {
			r.heads, r.headsSaid = s.Heads, s.shown()
		}
		return
	case firmware.CorrectPresent, firmware.CorrectAbsent:
		if !ours || s.Number <= 0 {
			return
		}
		r.said[s.Number] = s
	case firmware.CorrectVoid, firmware.CorrectRenumber, firmware.CorrectRestore:
		id := pressID{s.Boot, s.Seq}
		if !r.has(id) || s.Do == firmware.CorrectRenumber && s.Number <= 0 {
			return
		}
		r.voided[id] = s
	default:
		return // of a newer program
	}
	r.rebuild()
}

func (r *Roll) has(id pressID) bool {
	for _, m := range r.presses {
		if m.id == id {
			return true
		}
	}
	return false
}

// rebuild makes the entries anew of the presses and what was said about them.
func (r *Roll) rebuild() {
	numbers := r.order
	r.byNum, r.order = map[int]*Entry{}, nil
	for _, m := range r.presses {
		r.settle(m)
	}
	for _, old := range numbers { // those without a press in the order in which they were added
		r.apply(old.Number)
	}
	for number := range r.said { // at most one of them is new
		r.apply(number)
	}
}

// settle counts a press as it was corrected. A press that does not count leaves its
// number on the roll, so that people see that there was one.
func (r *Roll) settle(m made) {
	s, ok := r.voided[m.id]
	if ok && s.Do != firmware.CorrectRestore {
		e := r.entry(m.Number, m.Name, m.Known, m.id.seq)
		e.Corrected = s.shown()
	}
	if ok && s.Do == firmware.CorrectVoid {
		return
	}
	if ok && s.Do == firmware.CorrectRenumber {
		m.Number, m.Name, m.Known = s.Number, s.Name, s.Known
	}
	r.count(m)
	r.apply(m.Number)
}

// apply lets what was said about a number count.
func (r *Roll) apply(number int) {
	s, ok := r.said[number]
	if !ok {
		return
	}
	e := r.entry(number, s.Name, s.Known, s.seq)
	e.Absent = s.Do == firmware.CorrectAbsent
	e.Corrected = s.shown()
}
