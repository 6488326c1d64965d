package station

import (
	"encoding/json"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/schedule"
)

// calendar knows the occasions.
type calendar interface {
	Between(from, to time.Time) []firmware.Occasion
}

// timekeeper knows what time it is and how far to trust it.
type timekeeper interface {
	Plan() clock.Plan
	Status() clock.Status
	Mono() time.Duration
}

// kindMakeUp and kindEmergency are records of what people ordered: a row of the
// calendar, and an occasion before all others, whose empty ID calls it off.
const (
	kindMakeUp    = "make_up"
	kindEmergency = "emergency"
)

// emergencyNote is the data of a kindEmergency record.
type emergencyNote struct {
	firmware.Occasion
	LengthMS int64  `json:"length_ms"`
	By       string `json:"by,omitempty"`
}

// agenda is the calendar of the files with what people added.
type agenda struct {
	files *schedule.Schedule

	mu   sync.Mutex
	full *schedule.Schedule
}

func newAgenda(files *schedule.Schedule) *agenda { return &agenda{files: files, full: files} }

// add makes the calendar anew with what m remembers.
func (a *agenda) add(m *memory) {
	full := a.files.With(m.makeUps...)
	a.mu.Lock()
	a.full = full
	a.mu.Unlock()
}

func (a *agenda) now() *schedule.Schedule {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.full
}

// Between is calendar.
func (a *agenda) Between(from, to time.Time) []firmware.Occasion { return a.now().Between(from, to) }

// remember takes in a record about the calendar.
func (m *memory) remember(r firmware.Record) {
	switch r.Kind {
	case kindMakeUp:
		var e schedule.Entry
		if json.Unmarshal(r.Data, &e) == nil && e.ID != "" && len(m.makeUps) < maxMakeUps {
			m.makeUps = append(m.makeUps, e)
			// It may have been missed before: its occasion has the same ID.
			delete(m.lessons, e.ID)
			delete(m.phases, e.ID)
		}
	case kindEmergency:
		var n emergencyNote
		if json.Unmarshal(r.Data, &n) == nil {
			n.Duration = time.Duration(n.LengthMS) * time.Millisecond
			m.emergency = n.Occasion
		}
	}
}

// maxMakeUps bounds the make-up lessons that are remembered.
const maxMakeUps = 1000
