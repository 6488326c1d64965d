package attendance

import (
	"encoding/json"

	"stationbox/firmware"
)

// Marked is a mark with what the administrator found.
type Marked struct {
	firmware.Mark
	Verdict *firmware.Verdict `json:"verdict,omitempty"` // nil: nobody has looked yet
}

// MostMarks bounds the marks of a lesson.
const MostMarks = 20

// mark takes in a mark or a verdict.
func (r *Roll) mark(rec firmware.Record) {
	if rec.Kind == firmware.KindMark {
		var m firmware.Mark
		if json.Unmarshal(rec.Data, &m) == nil && m.ID > 0 && len(r.marks) < MostMarks {
			r.marks = append(r.marks, Marked{Mark: m})
		}
		return
	}
	var v firmware.Verdict
	if json.Unmarshal(rec.Data, &v) != nil {
		return
	}
	for i := range r.marks {
		if r.marks[i].ID == v.Mark {
			r.marks[i].Verdict = &v
		}
	}
}

// Marks returns the marks of the lesson, the oldest first.
func (r *Roll) Marks() []Marked { return append([]Marked(nil), r.marks...) }
