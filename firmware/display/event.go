package display

import "time"

// Event is something that became of a command.
type Event struct {
	Kind string        `json:"kind"` // one of the Event… constants
	Way  string        `json:"way,omitempty"`
	On   bool          `json:"on"`
	By   string        `json:"by,omitempty"`      // proof: ByReply or ByWatts
	Took time.Duration `json:"took_ns,omitempty"` // from command to proof
	// Input is the one that it shows, as it calls it.
	Input string `json:"input,omitempty"`
	Err   string `json:"err,omitempty"`
}

// The kinds of events.
const (
	EventProved  = "proved"  // a command by this way came true
	EventFailed  = "failed"  // nothing showed that it did: the next way is tried
	EventSocket  = "socket"  // mains is taken away and given back
	EventUnasked = "unasked" // it went on by itself
	EventLeft    = "left"    // it went on by itself so often that it is left on
	EventLearned = "learned" // a warm-up was measured
	// EventInput: somebody chose another input, ours is selected again.
	EventInput = "input"
	// EventInputLeft: somebody did so often that it is left.
	EventInputLeft = "input_left"
)
