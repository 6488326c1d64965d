package player

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// endTolerance is by how much a complete programme may end before its stated
// duration: sound and picture rarely have the same length. Of a very short one it
// is half.
const endTolerance = time.Second

// view is what mpv has told over the present connection.
type view struct {
	entry     int64 // playlist entry that mpv works on
	restarted bool  // its first frame is there
	endEntry  int64 // newest entry that ended
	endReason string
	endError  string
	complaint string // newest error message of mpv
	noScreen  bool   // the video output could not be opened
	grumbles  int    // messages logged for this entry

	position time.Duration
	known    bool // position is of this entry
	moved    time.Time
	duration time.Duration
	fps      float64
	stream   bool // it has no length of its own
	video    bool // the programme has a moving picture, shown or not
	vo, ao   bool
	decoded  bool // a frame of the programme came out of its decoder
	paused   bool
	byItself bool // mpv paused, which it does at an end
	eof      bool

	loud   float64 // LUFS that the meter said, at loudAt
	loudAt time.Time

	leapt  time.Duration // leapt over
	base   time.Duration // position when frames were counted last
	frames float64       // shown by position
	late   drops         // of these, what its output dropped because it was late
	bad    drops         // and what its decoder did not give out

	issued  int       // item that mpv was told to show
	since   time.Time // when
	current int64     // its playlist entry
	ahead   []int64   // entries of the items that follow, as far as mpv knows them
	gone    int       // entries before the present one
	settled int       // item that this mpv shows
	idle    bool      // mpv has nothing to play
}

// over says whether the present entry ended and mpv does not go on to the next.
func (v *view) over() bool {
	return v.endEntry == v.current && (len(v.ahead) == 0 || v.endReason == "redirect" || v.idle)
}

// beginLocked forgets what mpv told of the item before.
func (v *view) beginLocked(at time.Duration) {
	v.duration, v.frames, v.base, v.known, v.stream, v.settled = 0, 0, at, false, false, 0
	v.leapt, v.loudAt = 0, time.Time{}
	v.late.begin()
	v.bad.begin()
}

// framesShown is the frames that passed on a configured screen, by position
// and frame rate, less those that mpv says it dropped.
func (v *view) framesShown() int64 {
	return max(0, int64(v.frames+0.5)-v.late.ours()-v.bad.ours())
}

// drops is one of mpv's counters of frames that were not shown. Mpv begins it
// anew now and then: with a file, after a seek.
type drops struct {
	count  int64 // of this programme
	before int64 // of these, before we were connected
	last   int64 // what mpv said
	known  bool
}

// see takes in what mpv says.
func (d *drops) see(data json.RawMessage) {
	var n int64
	if json.Unmarshal(data, &n) != nil || n < 0 || n > 1<<40 {
		return // no programme
	}
	grown := n - d.last
	if grown < 0 {
		grown = n
	}
	d.count, d.last = d.count+grown, n
	if !d.known {
		d.known, d.before = true, d.count
	}
}

// begin counts for a new programme.
func (d *drops) begin() { d.count, d.before = 0, 0 }

func (d *drops) ours() int64 { return d.count - d.before }

// frameTime is the distance of two frames.
func (v *view) frameTime() time.Duration {
	if !(v.fps >= 1 && v.fps <= 1000) {
		return 0
	}
	return time.Duration(float64(time.Second) / v.fps)
}

// why is mpv's explanation of the newest end.
func (v *view) why() string {
	if v.endReason == "redirect" {
		return "a list or a folder, not a programme"
	}
	text := v.endReason
	if v.endError != "" {
		text = v.endError
	}
	if v.complaint != "" {
		text += " (" + strings.TrimSpace(v.complaint) + ")"
	}
	return text
}

// pixels is set when a frame of the programme has been decoded: of a picture that
// cannot be, mpv counts no frame as dropped, and its position follows the sound.
const pixels = "video-params/pixelformat"

// onScreen says whether the frames of the programme reach a screen.
func (v *view) onScreen() bool { return v.vo && v.decoded }

// watched are the properties whose changes mpv reports.
func watched() []string {
	return []string{"pause", "eof-reached", "vo-configured", "current-ao", "duration", "time-pos",
		"idle-active", "container-fps", "frame-drop-count", "decoder-frame-drop-count", pixels}
}

// handle takes an event of mpv, on the reader's goroutine.
func (p *Player) handle(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m.Event {
	case "property-change":
		p.propertyLocked(m)
		return
	case "log-message":
		p.grumbleLocked(m)
		return
	case "start-file":
		// Entries of a wish that was replaced may still begin.
		for p.view.issued == p.want.id && slices.Contains(p.view.ahead, m.Entry) {
			p.advanceLocked()
		}
		p.view.entry, p.view.restarted, p.view.known, p.view.grumbles = m.Entry, false, false, 0
		p.view.complaint, p.view.noScreen, p.view.decoded = "", false, false
	case "playback-restart":
		p.view.restarted = true
	case "end-file":
		p.view.endEntry, p.view.endReason, p.view.endError = m.Entry, m.Reason, m.FileError
	default:
		return
	}
	p.notifyLocked()
}

// grumbleLocked logs mpv's errors, a few per programme: damaged media have
// thousands.
func (p *Player) grumbleLocked(m message) {
	const most = 10
	p.view.complaint = m.Prefix + ": " + m.Text
	p.view.grumbles++
	// mpv has no error code of its own for this.
	p.view.noScreen = p.view.noScreen || strings.Contains(m.Text, "video_out (--vo)")
	if p.view.grumbles <= most {
		p.log.Info("player: mpv says", "from", m.Prefix, "text", m.Text, "file", p.want.file)
	}
}

func (p *Player) propertyLocked(m message) {
	v := &p.view
	switch m.Name {
	case "time-pos":
		p.movedLocked(m.Data)
		return
	case "pause":
		v.paused, v.moved = isTrue(m.Data), p.o.Now()
		v.byItself = v.paused && !p.want.paused
	case "idle-active":
		v.idle = isTrue(m.Data)
	case "eof-reached":
		v.eof = isTrue(m.Data)
	case "vo-configured":
		v.vo = isTrue(m.Data)
	case pixels:
		// Gone at the end of an entry, before mpv says that it has ended.
		v.decoded = v.decoded || isSet(m.Data)
	case "current-ao":
		v.ao = isSet(m.Data)
	case "duration":
		d, err := seconds(m.Data)
		if err != nil || v.stream {
			return // not loaded: the last known one stays
		}
		v.duration = d
	case "container-fps":
		_ = json.Unmarshal(m.Data, &v.fps) // unknown stays 0
		return
	case "frame-drop-count":
		v.late.see(m.Data)
		return
	case "decoder-frame-drop-count":
		v.bad.see(m.Data)
		return
	}
	p.notifyLocked()
}

// movedLocked follows the position; a step forward of a playing programme is
// progress, and the first one is its start.
func (p *Player) movedLocked(data json.RawMessage) {
	v := &p.view
	pos, err := seconds(data)
	if err != nil {
		return
	}
	step := pos - v.position
	first := !v.known
	v.position, v.known = pos, true
	if v.settled == 0 || v.settled != p.want.id || v.entry != v.current {
		return
	}
	p.reachLocked(pos)
	if first || v.paused && !v.eof || step <= 0 || step > 2*time.Second {
		return
	}
	if v.onScreen() {
		v.frames += step.Seconds() * v.fps
	}
	if !p.want.started {
		p.want.started = true
		p.emitLocked(Event{Kind: Started})
		p.notifyLocked()
	}
	if pos-v.base > time.Second {
		p.crashes = 0
	}
}

// reachLocked moves the present item to a position. What it leaps over faster than
// time goes by was not shown: at the end of a file that has a head only, mpv says
// that it stands where the head says.
func (p *Player) reachLocked(pos time.Duration) {
	v, now := &p.view, p.o.Now()
	if leap := pos - p.want.at; leap > now.Sub(v.moved)+endTolerance {
		v.leapt += leap
	}
	if pos != p.want.at {
		v.moved = now
	}
	p.want.at = max(0, pos)
}

func isTrue(data json.RawMessage) bool { return string(data) == "true" }

// isSet says whether a property has a value at all.
func isSet(data json.RawMessage) bool {
	s := string(data)
	return s != "" && s != "null" && s != "false" && s != `""`
}
