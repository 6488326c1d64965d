package witness

import (
	"math"
	"time"
)

// Heard is what can be said of a stretch of a lesson.
type Heard string

// The verdicts.
const (
	Unknown  Heard = "unknown"
	WasHeard Heard = "heard"
	NotHeard Heard = "not heard"
)

// Reason is why a verdict is Unknown.
type Reason string

// The reasons.
const (
	Deaf      Reason = "deaf"      // the microphone gives nothing at all
	Flat      Reason = "flat"      // the film is silent there, always equally loud, or has no trace
	Doubtful  Reason = "doubtful"  // neither like the film nor unlike it
	Ambiguous Reason = "ambiguous" // as much like another part of the film
	Drowned   Reason = "drowned"   // so much else is to be heard that the film may hide in it
)

// Window is 30 s of the film and whether the room heard them.
type Window struct {
	From, To time.Duration // of the film
	Heard    Heard
	Why      Reason        // of Unknown
	Match    float64       // best correlation of the two envelopes, −1 to 1
	Beyond   float64       // by how much it is better than with other parts of the film
	Lag      time.Duration // of the best, from the film to the microphone
}

// How windows are judged. The limits lie between what TestRoom finds for a film
// that is there, a match of 0.76 and more at equal noise, and for one that is not:
// of 4830 windows in rooms with other sound 2.9 % match by 0.4, 0.5 % by 0.6 and,
// as music matches other music but its own other parts as well, 0.1 % with Beyond.
const (
	heardMatch  = 0.6
	heardBeyond = 0.1
	otherMatch  = 0.35 // less is not like the film

	windowBlocks = 300  // of 100 ms: 30 s have some ten sentences
	windowHop    = 100  // from one window to the next
	smooth       = 4    // blocks: as long as the momentary loudness
	lagLeast     = -2   // blocks: a position that is told late
	lagMost      = 20   // blocks: the sound delay of a display, and the room
	decoyNear    = 30   // blocks: nearer to the best, a film is still like itself
	decoyFar     = 300  // blocks
	depth        = 25.0 // dB below the loudest that count: a room's noise hides the rest
	lively       = 3.0  // dB, standard deviation: a film with less is flat
	steady       = 2.0  // dB: a room with less has its noise only
	audible      = -50.0
	deafDBFS     = -95.0 // below what a converter itself makes
	faint        = 6.0   // dB below what the film had when it was heard

	// blockJump is how far a position may be from where the block before it leads.
	blockJump = 350 * time.Millisecond
)

// Hearing compares a microphone with the trace of a film.
type Hearing struct {
	trace  Trace
	at     time.Duration // end of the newest block
	levels []float64     // dBFS
	gain   float64       // dB from the film to the microphone when it was last heard
	known  bool          // that gain
	share  Share
}

// NewHearing starts to compare. A trace without levels makes all Unknown.
func NewHearing(t Trace) *Hearing { return &Hearing{trace: t} }

// Hear takes the level of the microphone over 100 ms, in dBFS, and where in the
// film the player was at their end. Every ten seconds it returns the window that
// ends there. A position that jumps begins anew; while the film stands still
// nothing is to be fed.
func (h *Hearing) Hear(at time.Duration, dbfs float64) (w Window, ok bool) {
	if away := at - h.at - FineStep; away < -blockJump || away > blockJump {
		h.levels = h.levels[:0]
	}
	h.at = at
	if math.IsNaN(dbfs) || dbfs < -120 {
		dbfs = -120
	}
	h.levels = append(h.levels, min(dbfs, 0))
	if len(h.levels) < windowBlocks {
		return Window{}, false
	}
	w = h.judge()
	h.levels = append(h.levels[:0], h.levels[windowHop:]...)
	h.share.take(w)
	return w, true
}

// Share is what was found so far.
func (h *Hearing) Share() Share { return h.share }

func (h *Hearing) judge() Window {
	m := compare(h.trace, h.at, h.levels)
	w := Window{From: h.at - windowBlocks*FineStep, To: h.at, Heard: Unknown, Match: m.best, Beyond: m.best - m.decoy, Lag: time.Duration(m.lag) * FineStep}
	switch {
	case m.flat:
		w.Why = Flat
	case loudest(h.levels) <= deafDBFS:
		w.Why = Deaf
	case m.best >= heardMatch && w.Beyond < heardBeyond:
		w.Why = Ambiguous
	case m.best >= heardMatch:
		w.Heard = WasHeard
		h.gain, h.known = m.gain, true
	case m.best >= otherMatch:
		w.Why = Doubtful
	case h.known && m.gain < h.gain-faint, m.steady:
		w.Heard = NotHeard
	default:
		w.Why = Drowned
	}
	return w
}

func loudest(c []float64) float64 {
	most := math.Inf(-1)
	for _, v := range c {
		most = max(most, v)
	}
	return most
}
