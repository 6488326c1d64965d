package player

import "time"

// Status is what the player knows of mpv right now. While mpv is being
// replaced, Alive is false and the rest says what will be shown again.
type Status struct {
	Alive     bool          `json:"alive"`             // mpv runs and answers
	Version   string        `json:"version,omitempty"` // "mpv 0.35.1"
	Loaded    string        `json:"loaded,omitempty"`  // file that is on the screen, "" when black
	Position  time.Duration `json:"position_ns"`
	Duration  time.Duration `json:"duration_ns"` // by the file's own word; 0 when unknown, and for a stream
	FrameTime time.Duration `json:"frame_ns"`    // between two frames; 0 when unknown
	Paused    bool          `json:"paused"`      // by Preload or Pause, not at the end
	Playing   bool          `json:"playing"`     // moving
	EOF       bool          `json:"eof"`         // the last frame is held
	Complete  bool          `json:"complete"`    // at EOF: as in the event Ended
	Queued    int           `json:"queued"`      // items that follow
	// Still is for how long nothing has moved although it should: the source gives
	// nothing, or mpv hangs. From StillBound on it is not Playing.
	Still time.Duration `json:"still_ns"`
	// Blind: it has a picture, but ran without a screen, or none of it could be decoded;
	// it will not be Complete.
	Blind       bool  `json:"blind"`
	FramesShown int64 `json:"frames_shown"`
	// FramesDropped is how many frames mpv says it did not show, because its output
	// was late or its decoder could not; it begins anew when mpv is replaced.
	FramesDropped int64 `json:"frames_dropped"`
	VOConfigured  bool  `json:"vo_configured"` // mpv has a picture on a screen
	AOConfigured  bool  `json:"ao_configured"` // mpv has an open sound device
	// LUFS is the momentary loudness of what is played, at most two and a half seconds
	// old; nil when nobody knows it: nothing plays, or it has no sound.
	LUFS     *float64 `json:"lufs"`
	Restarts int      `json:"restarts"`      // of mpv, since Run began
	PID      int      `json:"pid,omitempty"` // of mpv
	Problem  error    `json:"-"`             // why it is not Alive
}

// StillBound is for how long a playing programme may stand before it counts as
// still: longer than any frame.
const StillBound = time.Second

// EventKind is what happened.
type EventKind string

// The kinds of event.
const (
	// Started: the first frame after Preload and Play moved.
	Started EventKind = "started"
	// Ended: the programme is over, see Reason and Complete.
	Ended EventKind = "ended"
	// Died: mpv is gone or was killed because it hung.
	Died EventKind = "died"
	// Restarted: a new mpv shows what the old one showed.
	Restarted EventKind = "restarted"
	// Stalled: mpv did not answer, or its picture stood still; it is replaced.
	Stalled EventKind = "stalled"
	// NoPicture: a programme with a picture goes on without a screen, or with a picture
	// that cannot be decoded.
	NoPicture EventKind = "no_picture"
)

// Why a programme ended.
const (
	ReasonEOF   = "eof"   // mpv came to the end of what it could read
	ReasonStop  = "stop"  // Stop or another Preload
	ReasonError = "error" // mpv gave up, or died too often at the same place
)

// Event is something that happened in the player.
type Event struct {
	Kind     EventKind
	At       time.Time
	File     string
	Position time.Duration
	Duration time.Duration
	Reason   string // of Ended: one of the Reason constants
	Complete bool   // of Ended: it reached its full length, with a picture on the screen if it has one; never of a stream
	Detail   string // an English sentence for the log
}

// State returns the newest known status, at most one frame old while playing.
func (p *Player) State() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{Alive: p.link != nil, Version: p.version, Restarts: p.restarts, PID: p.pid, Problem: p.problem,
		VOConfigured: p.view.vo, AOConfigured: p.view.ao}
	if p.want.file == "" || p.settled != p.want.gen {
		return s
	}
	s.Loaded, s.Position, s.Duration = p.want.file, p.want.at, p.view.duration
	s.EOF, s.Paused, s.Queued = p.want.ended, p.want.paused && !p.want.ended, len(p.want.next)
	s.Complete, s.Blind = p.want.complete, p.want.blind
	s.FramesShown, s.FrameTime = p.view.framesShown(), p.view.frameTime()
	s.FramesDropped = p.view.late.count + p.view.bad.count
	s.Playing = s.Alive && p.view.settled == p.want.id && !p.view.paused && !p.want.ended
	if s.Playing {
		s.Still = max(0, p.o.Now().Sub(p.view.moved))
		s.Playing = s.Still < StillBound
	}
	if v := &p.view; s.Playing && p.o.Now().Sub(v.loudAt) < meterAge {
		s.LUFS = new(v.loud)
	}
	return s
}

// emitLocked queues an event; when nobody reads, the oldest goes.
func (p *Player) emitLocked(e Event) {
	e.At = p.o.Now()
	if e.File == "" {
		e.File, e.Position, e.Duration = p.want.file, p.want.at, p.view.duration
	}
	for {
		select {
		case p.events <- e:
			return
		default:
		}
		select {
		case <-p.events:
		default:
		}
	}
}

// endLocked says once that the programme of the wish is over.
func (p *Player) endLocked(reason, detail string) {
	if p.want.file == "" || p.want.ended || p.settled != p.want.gen {
		return
	}
	p.want.ended = true
	length := p.view.duration
	whole := length > 0 && p.want.at-p.view.leapt >= length-min(endTolerance, length/2)
	p.want.blind = p.want.blind || p.view.video && !p.view.onScreen()
	p.want.complete = reason == ReasonEOF && whole && !p.want.blind
	p.emitLocked(Event{Kind: Ended, Reason: reason, Detail: detail, Complete: p.want.complete})
}
