package lesson

import (
	"math"
	"time"

	"stationbox/firmware"
)

// Call is one of the roll calls of a lesson.
type Call int

// The roll calls, in the order in which the record of a lesson has them.
const (
	CallStart Call = iota
	CallMiddle
	CallEnd
	Calls = 3
)

// String returns the word of c in text keys ("lesson.call.middle").
func (c Call) String() string {
	names := [...]string{"start", "middle", "end"}
	if c < 0 || int(c) >= len(names) {
		return "?"
	}
	return names[c]
}

// Window is when a roll call is held, in the time of the film: a lesson that
// stood still for an hour has its middle where the film has it. Before its first
// picture the film stands at 0. To belongs to what follows.
type Window struct {
	Call     Call
	From, To time.Duration
}

const (
	startCall  = 10 * time.Minute
	middleCall = 5 * time.Minute // before and after half of the film
	endCall    = 5 * time.Minute
	short      = 20 * time.Minute // films shorter than this have no middle
)

// Windows lists the roll calls of the occasion o: at the start from the bell to
// ten minutes into the film, in the middle, and in the last five minutes until
// the roll is closed. length is the film's, or 0 for that of the slot. They do
// not overlap: what begins first lasts.
func Windows(o firmware.Occasion, length time.Duration) []Window {
	if length <= 0 {
		length = o.Duration
	}
	if length <= 0 {
		return []Window{{CallStart, 0, math.MaxInt64}} // nobody knows where its end is
	}
	end := Window{CallEnd, max(0, length-endCall), math.MaxInt64}
	if length < short {
		end.From = max(end.From, length/2)
		return []Window{{CallStart, 0, min(startCall, end.From)}, end}
	}
	middle := Window{CallMiddle, max(length/2-middleCall, startCall), min(length/2+middleCall, end.From)}
	return []Window{{CallStart, 0, startCall}, middle, end}
}

// CallAt is the roll call to which a press belongs when the film stands at
// position; ok is false between them.
func CallAt(windows []Window, position time.Duration) (Call, bool) {
	position = max(position, 0)
	for _, w := range windows {
		if position >= w.From && position < w.To {
			return w.Call, true
		}
	}
	return 0, false
}
