package station

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
	"stationbox/firmware/proof"
	"stationbox/firmware/station/internal/fault"
	"stationbox/hal"
	"stationbox/media/player"
)

// proverOpts is what a prover needs.
type proverOpts struct {
	stateDir, station, boot string
	tv, projector           string           // names of their loads, "" for none
	tick                    func() time.Time // for ages and spans; is never set
	observer                *observer
	album                   *album
	faults                  *fault.Book
	log                     *slog.Logger
}

// prover measures a lesson while it runs and signs its record. No call of it
// but Run waits for the card.
type prover struct {
	proverOpts
	key    *proof.Key
	hashes *proof.Hashes
	wake   chan struct{}

	mu      sync.Mutex
	now     progress              // of the lesson that is measured
	checked map[string]proof.Film // as they were at their readiness check
	resumed bool                  // now is from the card and has not been gone on with
	sampled time.Time
	stored  time.Time
	dirty   bool
	seq     uint64
	hash    []string         // films to be read
	failed  map[string]error // films that could not be read

	roll     string // lesson of presses
	presses  []pressed
	position map[string]time.Duration // of the newest lesson only
}

// saved is what survives a restart of the program.
type saved struct {
	Now     progress              `json:"now"`
	Checked map[string]proof.Film `json:"checked"`
}

// progress is what was measured of a lesson so far.
type progress struct {
	Lesson    string          `json:"lesson"`
	Wall      time.Time       `json:"wall"`
	Changed   bool            `json:"changed,omitempty"`
	Collector proof.Collector `json:"collector"`
	Witness   witnessed       `json:"witness"`

	before witnessed // what the observer had seen when this program began to measure, less what was seen by one before it
}

// pressed is a press and where the film stood.
type pressed struct {
	number int
	at     time.Duration
}

const (
	mostPresses = 8192 // of one lesson
	mostChecked = 64
	storeEvery  = time.Minute
	meterAge    = 5000 // ms that a reading of the meter counts
)

// newProver opens or makes the station's key. It never fails: a record signed by
// a key that could not be kept is better than none, and the fault says so.
func newProver(o proverOpts) *prover {
	p := &prover{proverOpts: o, wake: make(chan struct{}, 1), failed: map[string]error{}, position: map[string]time.Duration{}}
	p.hashes = proof.OpenHashes(filepath.Join(o.stateDir, "hashes.json"), proof.HashOpts{})
	var err error
	p.key, err = proof.OpenKey(o.stateDir)
	p.fault(err, "fault.proof.key")
	var was saved
	if proof.Load(p.savedFile(), &was) != nil || was.Checked == nil {
		was = saved{Checked: map[string]proof.Film{}}
	}
	p.now, p.checked = was.Now, was.Checked
	p.resumed = p.now.Lesson != ""
	return p
}

func (p *prover) savedFile() string { return filepath.Join(p.stateDir, "lesson-proof.json") }

func (p *prover) fault(err error, code string) {
	cause := ""
	if err != nil {
		cause = err.Error()
	}
	p.faults.Set(err != nil, code, "", "cause", cause)
}

// feed takes in a record of the journal: all old ones at boot, and each press and
// opening of the roll when it is on the card.
func (p *prover) feed(r firmware.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq = max(p.seq, r.Seq)
	switch r.Kind {
	case firmware.KindRollOpen:
		if r.Lesson != p.roll {
			p.roll, p.presses = r.Lesson, nil
		}
	case firmware.KindPosition:
		var n positionNote
		if json.Unmarshal(r.Data, &n) == nil {
			p.stands(r.Lesson, time.Duration(n.PositionMS)*time.Millisecond)
		}
	case firmware.KindHead:
		if r.Lesson == p.roll && len(p.presses) < mostPresses { // each head is another one
			p.presses = append(p.presses, pressed{-len(p.presses) - 1, p.position[r.Lesson]})
		}
	case firmware.KindPress:
		var n firmware.Press
		if json.Unmarshal(r.Data, &n) == nil && n.Known && r.Lesson == p.roll && len(p.presses) < mostPresses {
			p.presses = append(p.presses, pressed{n.Number, p.position[r.Lesson]})
		}
	}
}

// stands remembers where the film of a lesson is.
func (p *prover) stands(id string, at time.Duration) {
	if _, same := p.position[id]; !same {
		clear(p.position)
	}
	p.position[id] = at
}

func (p *prover) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// sample is called at every round of the lesson's loop; it measures once a
// second while the film runs or stands still after its first picture. now is the
// station's clock; shows says that the player's picture is the lesson's.
func (p *prover) sample(now time.Time, o firmware.Occasion, phase lesson.Phase, guard hal.Reading[firmware.GuardStatus], pl player.Status, shows bool) {
	if phase != lesson.Playing && phase != lesson.Paused || pl.EOF || o.ID == "" {
		return
	}
	tick := p.tick()
	p.mu.Lock()
	if p.now.Lesson == o.ID && !p.resumed && tick.Sub(p.sampled) < time.Second {
		p.mu.Unlock()
		return
	}
	began := p.begin(now, o)
	p.sampled = tick
	s := p.look(tick, guard)
	s.Playing = pl.Playing && shows && phase == lesson.Playing
	s.Begun = p.now.Collector.Begun || s.Playing
	if o.IsLive() {
		p.stands(o.ID, max(0, now.Sub(o.Start)))
	}
	if shows {
		if !o.IsLive() {
			p.stands(o.ID, pl.Position)
		}
		s.Shown, s.Dropped = new(pl.FramesShown), new(pl.FramesDropped)
	}
	p.now.Collector.Feed(s)
	p.now.Witness = p.observer.totals().minus(p.now.before)
	p.now.Wall = now
	if tick.Sub(p.stored) >= storeEvery {
		p.stored, p.dirty = tick, true
		p.nudge()
	}
	p.mu.Unlock()
	if began {
		p.read(o.File) // when no check had it read
	}
}

// begin makes o the lesson that is measured, and says whether it is a film that was
// not yet.
func (p *prover) begin(now time.Time, o firmware.Occasion) bool {
	if p.now.Lesson == o.ID {
		if p.resumed {
			p.now.Collector.Away(min(max(now.Sub(p.now.Wall), 0), recent)) // the clock may have been set
			p.now.before = p.observer.totals().minus(p.now.Witness)
			p.resumed = false
		}
		return false
	}
	p.now, p.resumed = progress{Lesson: o.ID, before: p.observer.totals()}, false
	if o.IsLive() {
		return false
	}
	film, err := proof.Look(o.File)
	p.now.Changed = err == nil && !p.base(o.File, film).Same(film)
	p.faults.Set(p.now.Changed, "fault.proof.changed", filepath.Base(o.File))
	return true
}

// look takes the electrical readings out of what the guard says.
func (p *prover) look(tick time.Time, guard hal.Reading[firmware.GuardStatus]) proof.Sample {
	s := proof.Sample{At: tick}
	st, known := guard.Fresh(tick, guardAge)
	if !known {
		return s
	}
	m := st.Meter
	heard := m != nil && m.Fault == "" && m.AgeMS <= meterAge
	switch {
	case st.FeedOK:
		s.MV = &st.FeedMV
	case heard:
		s.MV = &m.VoltageMV
	case st.MainsOK && st.Contactor:
		s.MV = &st.MainsMV
	}
	if heard && m.VoltageMV > 0 && m.CurrentMA > 0 && m.PowerMW > 0 {
		s.Factor = new(min(1, float64(m.PowerMW)*1000/(float64(m.VoltageMV)*float64(m.CurrentMA))))
	}
	for i, l := range st.Loads {
		switch {
		case !l.On || !l.CurrentOK:
		case l.Name == p.tv:
			s.TVMA = &st.Loads[i].CurrentMA
		case l.Name == p.projector:
			s.ProjectorMA = &st.Loads[i].CurrentMA
		}
	}
	return s
}

// trust is what is known of the time.
type trust struct {
	source   string // "ntp", "rtc" …
	bound    time.Duration
	bounded  bool // false: nobody knows how wrong it can be
	era      uint32
	relative bool // this lesson began a set time after power-on
}

// end makes the signed record of a lesson that ends now. played and length are
// of the film; length is 0 when it is not known, and spare is how long another film
// was shown instead of a live picture. It may be called for a lesson
// that was never shown.
func (p *prover) end(now time.Time, o firmware.Occasion, h lesson.History, cause string, played, length, spare time.Duration, t trust) json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := proof.Record{Station: p.station, Boot: p.boot, Lesson: o.ID, Title: o.Title, Scheduled: &o.Start, Ended: &now,
		Clock: proof.Clock{Source: t.source, Era: int64(t.era)}, Relative: t.relative, PlayedMS: played.Milliseconds(), Cause: cause}
	if p.seq > 0 {
		r.Seq = new(int64(p.seq))
	}
	if h.Started {
		r.Started = &h.StartedAt
	}
	if t.bounded {
		r.Clock.BoundMS = new(t.bound.Milliseconds())
	}
	if length > 0 {
		r.LengthMS = new(length.Milliseconds())
	}
	if p.now.Lesson == o.ID {
		p.now.Collector.Fill(&r)
		r.Seen = p.now.Witness.seen()
		r.Changed = p.now.Changed
		p.now, p.dirty = progress{}, true
		p.nudge()
	}
	if r.Seen == nil {
		r.Seen = &proof.Seen{}
	}
	r.Seen.Pics = p.album.close(o.ID)
	if o.IsLive() {
		r.Seen.LiveS, r.Seen.SpareS = new(int64(played/time.Second)), new(int64(spare/time.Second))
		r.File = o.Live.Source
	} else {
		p.describe(&r, o.File)
	}
	r.Present = p.present(o, played, length)
	return proof.Sign(r, p.key)
}

// present counts different people in each roll call that was held.
func (p *prover) present(o firmware.Occasion, played, length time.Duration) [lesson.Calls]*int64 {
	var out [lesson.Calls]*int64
	if p.roll != o.ID || o.ID == "" {
		return out
	}
	windows := lesson.Windows(o, length)
	for _, w := range windows {
		if w.Call == lesson.CallStart || played >= w.From {
			out[w.Call] = new(int64(0))
		}
	}
	seen := map[[2]int]bool{}
	for _, s := range p.presses {
		call, ok := lesson.CallAt(windows, s.at)
		if who := [2]int{int(call), s.number}; ok && out[call] != nil && !seen[who] {
			seen[who] = true
			*out[call]++
		}
	}
	return out
}
