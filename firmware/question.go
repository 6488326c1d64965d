package firmware

import "time"

// Question is the data of a KindQuestion record: a quiz, or a vote whose answers are
// sealed.
type Question struct {
	ID      string    `json:"id"`
	Text    string    `json:"text"`
	Options []string  `json:"options"`         // 2 to 4, of the letters A, B, C, D
	Right   string    `json:"right,omitempty"` // letter of the right one; "" for none, as in a vote
	Vote    bool      `json:"vote,omitempty"`
	Until   time.Time `json:"until"`
	By      string    `json:"by,omitempty"`
}

// Answer is the data of a KindAnswer record. The newest of a number counts.
type Answer struct {
	Question string `json:"question"`
	Number   int    `json:"number"`
	Name     string `json:"name,omitempty"`
	Choice   string `json:"choice,omitempty"` // letter, of a quiz
	Sealed   []byte `json:"sealed,omitempty"` // letter, of a vote: see package quiz
}

// Outcome is the data of a KindOutcome record, complete in itself.
type Outcome struct {
	Question
	Counts   []int  `json:"counts"`           // of each option
	Answered int    `json:"answered"`         // numbers that answered
	Void     bool   `json:"void,omitempty"`   // a vote that nobody can count: its key is gone
	Closed   string `json:"closed,omitempty"` // who ended it before its time
}
