package station

import (
	"encoding/json"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	"stationbox/firmware/station/internal/antenna"
)

// phaseNote is the data of a KindPhase record.
type phaseNote struct {
	Phase lesson.Phase `json:"phase"`
	From  lesson.Phase `json:"from,omitempty"`
	Why   string       `json:"why,omitempty"` // a key of the text catalogue

	Relative bool `json:"relative,omitempty"` // as in resultNote
}

// positionNote is the data of a KindPosition record.
type positionNote struct {
	PositionMS int64        `json:"position_ms"`
	Live       *accountNote `json:"live,omitempty"` // of a live lesson, whose position is the time since its start
}

// resultNote is the data of a KindLesson record: how a lesson ended, complete in
// itself.
type resultNote struct {
	Title     string    `json:"title"`
	File      string    `json:"file"`
	Scheduled time.Time `json:"scheduled"`
	Started   time.Time `json:"started,omitzero"`
	PlayedMS  int64     `json:"played_ms"`
	LengthMS  int64     `json:"length_ms"`
	Present   int       `json:"present"`
	Cause     string    `json:"cause"` // a key of the text catalogue

	Live     *accountNote       `json:"live,omitempty"`     // of a live lesson: played_ms is what of it was live
	Losses   []antenna.LossNote `json:"losses,omitempty"`   // of the signal of the dish, by their reasons
	Relative bool               `json:"relative,omitempty"` // some time after power-on, by no trusted clock

	Proof json.RawMessage `json:"proof,omitempty"` // the signed record
}

// memory is what the journal remembers of the lessons of the last days. It is
// made by feeding it every record, old ones at boot and new ones as they are
// written, so that there is one way of remembering.
type memory struct {
	lessons map[string]lesson.History
	phases  map[string]lesson.Phase
	guard   firmware.GuardEvent // newest event of the guard on record
	first   time.Time           // of the oldest record
	used    time.Time           // the equipment was on last, in a lesson or an exercise

	storm, exercise span   // asked for
	relative        string // newest lesson that was shown by no trusted clock

	accounts  map[string]accountNote // of live lessons
	makeUps   []schedule.Entry       // accepted by people
	emergency firmware.Occasion      // ordered; without an ID: none
	newest    time.Time              // of the newest record, by its number
	lived     clock.Lived            // before this program, as the clock knows it
	era       uint32                 // of the newest record about the clock
}

func newMemory() *memory {
	return &memory{lessons: map[string]lesson.History{}, phases: map[string]lesson.Phase{}, accounts: map[string]accountNote{}}
}

// feed takes in one record. Records with data it does not understand are left
// alone: a newer program wrote them.
func (m *memory) feed(r firmware.Record) {
	if m.first.IsZero() || r.Wall.Before(m.first) {
		m.first = r.Wall
	}
	m.newest = r.Wall
	h := m.lessons[r.Lesson]
	switch r.Kind {
	case kindMakeUp, kindEmergency:
		m.remember(r)
		return
	case firmware.KindClock:
		var e clock.Event
		if json.Unmarshal(r.Data, &e) == nil {
			m.era = e.Era
		}
		return
	case firmware.KindPower:
		var e firmware.GuardEvent
		if json.Unmarshal(r.Data, &e) == nil {
			m.guard = e
		}
		return
	case firmware.KindPhase:
		var n phaseNote
		if json.Unmarshal(r.Data, &n) != nil {
			return
		}
		if before := n.Phase == lesson.ReadyCheck || n.Phase == lesson.WarmUp || n.Phase == lesson.RollCall; before && h.Ended && !h.Started {
			h = lesson.History{} // it was given up, and lies ahead again
		}
		m.phases[r.Lesson] = n.Phase
		if n.Phase == lesson.Playing && !h.Started {
			h.Started, h.StartedAt = true, r.Wall
		}
		h.CooledDown = h.CooledDown || n.Phase == lesson.Done
		if n.Relative {
			m.relative = r.Lesson
		}
	case firmware.KindPosition:
		var n positionNote
		if json.Unmarshal(r.Data, &n) != nil {
			return
		}
		h.Position = time.Duration(n.PositionMS) * time.Millisecond
		if n.Live != nil {
			m.aired(r.Lesson, *n.Live)
		}
	case firmware.KindRollOpen:
		h.RollOpened = true
	case kindReady:
		var n readyNote
		if json.Unmarshal(r.Data, &n) != nil {
			return
		}
		h.CheckedDay = h.CheckedDay || n.Round == lesson.DayBefore
		h.CheckedSoon = h.CheckedSoon || n.Round != lesson.DayBefore
	case firmware.KindLesson:
		h.Ended, h.EndedAt = true, r.Wall
		if h.Started {
			m.used = r.Wall
		}
	case kindStorm:
		m.storm = spanOf(r)
	case kindExercise:
		m.exercise = spanOf(r)
		m.used = m.exercise.until
	default:
		return
	}
	if r.Lesson != "" {
		m.lessons[r.Lesson] = h
	}
}

// aired remembers how a live lesson stands.
func (m *memory) aired(id string, n accountNote) {
	if _, known := m.accounts[id]; !known && len(m.accounts) >= mostAccounts {
		clear(m.accounts)
	}
	m.accounts[id] = n
}

// span is the time of a request, by the clock that stood when it was made.
type span struct{ from, until time.Time }

// holds says whether the request stands at now. When the clock has been set back
// to before it was made nobody can tell how long it has stood, and it is over.
func (p span) holds(now time.Time) bool { return !now.Before(p.from) && now.Before(p.until) }

// spanOf is the span of a request on record, never more than a day.
func spanOf(r firmware.Record) span {
	var n untilNote
	if json.Unmarshal(r.Data, &n) != nil || n.Until.Sub(r.Wall) > maxStorm {
		return span{}
	}
	return span{r.Wall, n.Until}
}

// lastUsed is when the equipment was on last; a new station counts from its first
// record.
func (m *memory) lastUsed() time.Time {
	if m.used.IsZero() {
		return m.first
	}
	return m.used
}

// inMemory makes the record that the scribe will write, for remembering it at once.
func inMemory(kind, lessonID string, data any, now time.Time) firmware.Record {
	raw, err := json.Marshal(data)
	if err != nil {
		raw = nil // our own notes always encode
	}
	return firmware.Record{Wall: now, Kind: kind, Lesson: lessonID, Data: raw}
}
