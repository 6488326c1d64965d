// Package firmware holds the words that the rooms below it share: the lesson
// as it stands in the calendar, the member, the record in the journal, the
// fault that a person is told of, and what guard and station say to each other.
// Words only: it decides nothing and opens nothing.
package firmware

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Occasion is one dated showing of a lesson, computed from the schedule. Its
// ID is stable: the same row of the schedule on the same day gives the same ID
// after every restart.
type Occasion struct {
	ID       string        `json:"id"`    // "party-2026-11-23"
	Title    string        `json:"title"` // shown and spoken, as the administrator wrote it
	File     string        `json:"file"`  // path of the video in the library
	Start    time.Time     `json:"start"` // in the station's zone
	Duration time.Duration `json:"-"`     // length of the slot; playback that is late may run until Start+Duration+lateness

	Live Live `json:"live,omitzero"` // where it comes from when it is live; File is what is shown while it does not come, or ""
}

// Live is a programme that somebody else sends at its own time. Its zero value
// is none: the lesson is a film.
type Live struct {
	Source    string `json:"source"`              // its address: "udp://239.1.2.3:5004", "rtp://:5004", "http://host/live.m3u8"
	Programme uint16 `json:"programme,omitempty"` // number in the stream; 0: the first
	Record    bool   `json:"record,omitempty"`    // kept as a film for a make-up lesson
}

// IsLive says whether the lesson comes from elsewhere at its own time: it neither
// waits nor is made longer.
func (o Occasion) IsLive() bool { return o.Live.Source != "" }

// End is the planned end of the slot.
func (o Occasion) End() time.Time { return o.Start.Add(o.Duration) }

// Member is one person who may press a number.
type Member struct {
	Number int    `json:"number"` // 1..9999, what is typed on the panel
	Name   string `json:"name"`
	Branch string `json:"branch,omitempty"`
	// Household is the number of the family, or its head, as the village writes it.
	Household string `json:"household,omitempty"`
	Card      string `json:"card,omitempty"` // number of the card that is held to a reader, as CardNumber writes it
}

// CardNumber is the number of a card as it is compared: readers write the same card
// with or without leading zeros, and letters large or small.
func CardNumber(s string) string {
	return strings.ToUpper(strings.TrimLeft(strings.TrimSpace(s), "0"))
}

// Record is one entry of the journal. Station, Boot and Seq together name it
// for ever, so that it can reach the hub exactly once.
type Record struct {
	Station string          `json:"station"`
	Boot    string          `json:"boot"` // random, new at each start of the station program
	Seq     uint64          `json:"seq"`  // 1, 2, 3 … over the whole journal, never reused
	Wall    time.Time       `json:"wall"` // with the station's zone offset
	MonoNS  int64           `json:"mono_ns"`
	Kind    string          `json:"kind"`             // one of the Kind… constants
	Lesson  string          `json:"lesson,omitempty"` // Occasion.ID where it belongs to one
	Data    json.RawMessage `json:"data,omitempty"`
}

// The kinds of record.
const (
	KindBoot        = "boot"         // the station program started: {"version","pid"}
	KindPress       = "press"        // somebody confirmed a number: Press
	KindHead        = "head"         // somebody pressed the one big button: Head
	KindPhase       = "phase"        // a lesson went to another phase: Phase
	KindPosition    = "position"     // where the playing lesson is: {"position_ms"}
	KindLesson      = "lesson"       // how a lesson ended: LessonResult
	KindFault       = "fault"        // a Fault began or ended
	KindPower       = "power"        // an event of the guard: GuardEvent
	KindCommand     = "command"      // a person did something by console, shell or page: {"args","by"}
	KindRelayTest   = "relay_test"   // outcome of a relay test
	KindDisplay     = "display"      // a display changed its observed state: {"name","from","to"}
	KindRollOpen    = "roll_open"    // attendance opened
	KindRollClose   = "roll_close"   // attendance closed: {"present"}
	KindJournalHole = "journal_hole" // records found damaged at open: {"from","to"}
	KindClock       = "clock"        // the clock follows another source, jumped, or began a new era
	KindCorrection  = "correction"   // the administrator corrected a roll: Correction
	KindMark        = "mark"         // presses of a roll that the administrator is to look at: Mark
	KindVerdict     = "mark_verdict" // the administrator did: Verdict
	KindQuestion    = "question"     // a question was put to the room: Question
	KindAnswer      = "answer"       // somebody answered it by button: Answer
	KindOutcome     = "outcome"      // it is over: Outcome
)

// Press is the data of a KindPress record.
type Press struct {
	Number int    `json:"number"`
	Name   string `json:"name,omitempty"` // empty when the number is not in the roster
	Known  bool   `json:"known"`          // in the roster
	Panel  string `json:"panel"`          // "keypad", "card", "buttons"
	Card   string `json:"card,omitempty"` // held to the reader instead of a number
}

// Head is the data of a KindHead record: one person more, of whom nobody knows the
// name.
type Head struct {
	Panel string `json:"panel"`
}

// Fault is something wrong, told to people. Code is a key of the text
// catalogue ("fault.projector.silent"); Args fill it in. Codes are never reused
// for another meaning.
type Fault struct {
	Code string            `json:"code"`
	Args map[string]string `json:"args,omitempty"`
	On   bool              `json:"on"` // true when it begins, false when it is over
}

// String is for logs; people get the text of the catalogue.
func (f Fault) String() string { return fmt.Sprintf("%s %v on=%v", f.Code, f.Args, f.On) }
