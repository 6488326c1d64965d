package firmware

import "time"

// What a Correction does. The first three are about one press, the others about the
// roll of the record's lesson, and need no press.
const (
	CorrectVoid     = "void"     // the press does not count
	CorrectRenumber = "renumber" // it was of Number
	CorrectRestore  = "restore"  // it counts after all, as it was made
	CorrectPresent  = "present"  // Number was there, whether or not it was pressed
	CorrectAbsent   = "absent"   // Number was not there, whoever pressed it
	CorrectHeads    = "heads"    // Heads came of whom nobody knows the name
)

// Correction is the data of a KindCorrection record. What is corrected stays in the
// journal as it is. The newest correction of a press, of a number and of the heads
// counts, and one of a number outranks those of its presses.
type Correction struct {
	Boot   string    `json:"boot,omitempty"` // of the press
	Seq    uint64    `json:"seq,omitempty"`  // of the press; 0: it is about a number or the heads
	Do     string    `json:"do"`             // one of the Correct… constants
	Number int       `json:"number,omitempty"`
	Name   string    `json:"name,omitempty"`  // of Number; empty when it is not in the roster
	Known  bool      `json:"known,omitempty"` // Number is in the roster
	Heads  int       `json:"heads,omitempty"`
	At     time.Time `json:"at,omitzero"` // when the lesson was: a presence counts in that month, not in that of the correction
	By     string    `json:"by"`
	Why    string    `json:"why,omitempty"`
}

// Reasons of a Mark.
const (
	MarkFast      = "fast"      // numbers came faster than people can take turns
	MarkEven      = "even"      // they came as evenly as one hand types
	MarkAscending = "ascending" // they came as a list has them, evenly or fast
	MarkBlock     = "block"     // neighbouring numbers, faster than people can take turns
	MarkSeats     = "seats"     // there are more of them than places in the room
)

// Mark is the data of a KindMark record: a remark about presses, for the administrator
// to look at. It accuses nobody and changes no roll.
type Mark struct {
	ID      int       `json:"id"` // 1, 2, 3 … within the lesson
	Reason  string    `json:"reason"`
	Numbers []int     `json:"numbers"` // in the order of the presses, at most 200
	Count   int       `json:"count"`   // how many there were
	Panel   string    `json:"panel,omitempty"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	GapMS   int64     `json:"gap_ms,omitempty"` // from one to the next, in the middle
	Seats   int       `json:"seats,omitempty"`  // with MarkSeats
}

// Verdict is the data of a KindVerdict record: what the administrator found about a
// mark. The newest of a mark counts. The roll is changed by a Correction alone.
type Verdict struct {
	Mark      int    `json:"mark"`
	Confirmed bool   `json:"confirmed"` // false: all is well
	By        string `json:"by"`
	Why       string `json:"why,omitempty"`
}
