package live

import "time"

// EventKind is what happened.
type EventKind string

// The kinds of event.
const (
	// Joined: frames of the programme come in, the first time or after Lost.
	Joined EventKind = "joined"
	// Live: the live picture is on the screen for the first time.
	Live EventKind = "live"
	// Frozen: the live picture on the screen does not go on, see Reason; For is how
	// long ago the last frame came.
	Frozen EventKind = "frozen"
	// Fallback: the fallback file is on the screen; For is the time since the last
	// frame of the live picture came, or since it should have begun.
	Fallback EventKind = "fallback"
	// NoFallback: there is none, or it cannot be played: the screen is black.
	NoFallback EventKind = "no_fallback"
	// Lost: nothing of the programme has come for so long that the source is
	// opened anew; said once until Joined.
	Lost EventKind = "lost"
	// Stable: the stream has been good for long enough; For is how long.
	Stable EventKind = "stable"
	// Back: the live picture is on the screen again; For is how long it was not.
	Back EventKind = "back"
	// Unshowable: the stream came in well, but the player did not show it.
	Unshowable EventKind = "unshowable"
	// RecordBegun: a recording is written to File, under its provisional name.
	RecordBegun EventKind = "record_begun"
	// RecordDone: the recording in File is whole; For is its time, Reason is
	// ReasonLimit when it had to end before the lesson.
	RecordDone EventKind = "record_done"
	// RecordFailed: a recording broke off; what there is of it keeps its
	// provisional name.
	RecordFailed EventKind = "record_failed"
)

// Reason is why something happened.
type Reason string

// The reasons.
const (
	ReasonSilent      Reason = "silent"       // nothing comes in
	ReasonNoProgramme Reason = "no_programme" // what comes in is not the wanted programme
	ReasonNoFrames    Reason = "no_frames"    // the programme comes in without new frames
	ReasonDamaged     Reason = "damaged"      // one packet of twenty is missing, or more
	ReasonScrambled   Reason = "scrambled"    // its picture cannot be read without a key
	ReasonStill       Reason = "still"        // the player's picture stands still although frames come in
	ReasonEnded       Reason = "ended"        // the player gave the stream up
	ReasonPlayer      Reason = "player"       // the player is being replaced
	ReasonLate        Reason = "late"         // it was not there when it should have begun
	ReasonLimit       Reason = "limit"        // the recording has its greatest size, or the disk is full
)

// Event is something that happened to a channel.
type Event struct {
	Kind   EventKind
	At     time.Time
	Reason Reason
	For    time.Duration
	File   string // of the recording
	Detail string // an English sentence for the log
}

// Showing is what is on the screen.
type Showing string

// What can be on the screen.
const (
	ShowsNothing  Showing = "nothing"
	ShowsLive     Showing = "live"
	ShowsFallback Showing = "fallback"
)

// Status is what is known of a channel right now.
type Status struct {
	Showing   Showing
	Receiving bool      // new frames of the programme come in
	GoodSince time.Time // zero: not good now
	Lost      uint64    // packets missing so far
	Recording string    // file that is being written, "" when none
	Problem   error     // why the source could not be opened last time, nil when it is open
}

// Outcome is the verdict about a showing.
type Outcome string

// The verdicts.
const (
	// Whole: the live picture moved on the screen for all but a fiftieth of the time.
	Whole Outcome = "whole"
	// Partly: it was replaced by the fallback, frozen or dark for longer than that.
	Partly Outcome = "partly"
	// Never: the live picture was never on the screen.
	Never Outcome = "never"
)

// Summary is the account of a showing. Live, Fallback, Frozen and Dark add up to
// its whole time.
type Summary struct {
	Live          time.Duration // the live picture moved on a screen
	Fallback      time.Duration // the fallback moved on a screen
	Frozen        time.Duration // the live picture stood still
	Dark          time.Duration // nothing was on a screen
	LongestFreeze time.Duration // until it moved again or the fallback was there
	Freezes       int           // Frozen events
	Switches      int           // to the fallback
	Lost          uint64        // packets missing, by continuity counters, before and during the showing
	Packets       uint64        // of the programme
	Garbage       uint64        // bytes that were no stream
	Outcome       Outcome
}

// judge sets the verdict.
func (s *Summary) judge() {
	whole := s.Live + s.Fallback + s.Frozen + s.Dark
	switch {
	case s.Live == 0:
		s.Outcome = Never
	case whole-s.Live <= whole/50:
		s.Outcome = Whole
	default:
		s.Outcome = Partly
	}
}

// Plus is the account of two parts of one lesson, between which the station or
// the mains was away; what lay between is to be entered as Dark.
func (s Summary) Plus(o Summary) Summary {
	s.Live += o.Live
	s.Fallback += o.Fallback
	s.Frozen += o.Frozen
	s.Dark += o.Dark
	s.LongestFreeze = max(s.LongestFreeze, o.LongestFreeze)
	s.Freezes += o.Freezes
	s.Switches += o.Switches
	s.Lost += o.Lost
	s.Packets += o.Packets
	s.Garbage += o.Garbage
	s.judge()
	return s
}
