package station

import (
	"math"
	"sync"
	"time"

	"stationbox/firmware/proof"
	"stationbox/media/sound"
	"stationbox/media/witness"
)

// observer adds up what the films on the screen really look and sound like, and
// whether the room hears them. Its zero value knows nothing of any film and has no
// microphone; a nil one observes nothing.
type observer struct {
	trace  func(film string) witness.Trace  // what is known of a film, the zero Trace when nothing is; nil: of none
	levels func(after uint64) []sound.Level // of a microphone in the room; nil: there is none
	loud   func() (float64, bool)           // LUFS of what the player gives; nil: nobody knows

	mu      sync.Mutex
	began   time.Time
	traced  bool // the film has a trace
	facts   *witness.Facts
	hearing *witness.Hearing
	level   uint64    // number of the newest level that was taken
	most    float64   // loudest since the look before, NaN: nothing is known
	sum     witnessed // of the films before
}

// witnessed is what was seen and heard, in whole seconds and windows. It only grows.
type witnessed struct {
	SeenS    float64 `json:"seen_s"`   // of which a picture is known
	MotionS  float64 `json:"motion_s"` // in which one that stood still would have been noticed
	SoundS   float64 `json:"sound_s"`
	BlackS   float64 `json:"black_s"`
	FrozenS  float64 `json:"frozen_s"`
	SilentS  float64 `json:"silent_s"`
	Heard    int     `json:"heard"`
	NotHeard int     `json:"not_heard"`
	Masked   int     `json:"masked"` // windows in which other sound may have hidden the film
}

// plus and minus are by members.
func (w witnessed) plus(o witnessed) witnessed {
	return witnessed{w.SeenS + o.SeenS, w.MotionS + o.MotionS, w.SoundS + o.SoundS, w.BlackS + o.BlackS, w.FrozenS + o.FrozenS, w.SilentS + o.SilentS, w.Heard + o.Heard, w.NotHeard + o.NotHeard, w.Masked + o.Masked}
}

func (w witnessed) minus(o witnessed) witnessed {
	return witnessed{w.SeenS - o.SeenS, w.MotionS - o.MotionS, w.SoundS - o.SoundS, w.BlackS - o.BlackS, w.FrozenS - o.FrozenS, w.SilentS - o.SilentS, w.Heard - o.Heard, w.NotHeard - o.NotHeard, w.Masked - o.Masked}
}

// verdict is whether the room heard it.
func (w witnessed) verdict() witness.Heard {
	return witness.Share{Heard: w.Heard, NotHeard: w.NotHeard, Why: map[witness.Reason]int{witness.Drowned: w.Masked}}.Verdict()
}

// seen is that part of a signed record.
func (w witnessed) seen() *proof.Seen {
	s := &proof.Seen{}
	if w.SeenS > 0 {
		s.BlackS = new(int64(math.Round(w.BlackS)))
	}
	if w.MotionS > 0 {
		s.FrozenS = new(int64(math.Round(w.FrozenS)))
	}
	if w.SoundS > 0 {
		s.SilentS = new(int64(math.Round(w.SilentS)))
	}
	switch w.verdict() {
	case witness.WasHeard:
		s.Heard = "yes"
	case witness.NotHeard:
		s.Heard = "no"
	}
	return s
}

// begin begins with a film; "" ends the one before.
func (o *observer) begin(film string, now time.Time) {
	if o == nil {
		return
	}
	var t witness.Trace
	if o.trace != nil && film != "" {
		t = o.trace(film)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sum = o.all()
	o.began, o.facts, o.hearing, o.most = now, nil, nil, math.NaN()
	if film == "" {
		return
	}
	o.facts, o.traced = witness.NewFacts(t, witness.Limits{}), t.Film != [32]byte{}
	if o.levels != nil && len(t.Levels) > 0 {
		o.hearing = witness.NewHearing(t)
		if list := o.levels(o.level); len(list) > 0 { // of before
			o.level = list[len(list)-1].N
		}
	}
}

// listen takes in a second of sound: what the player gives, and what the room has
// heard meanwhile. at is where the film is at now.
func (o *observer) listen(at time.Duration, now time.Time) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.loud != nil {
		if l, ok := o.loud(); ok && !(o.most >= l) { // also when it is NaN
			o.most = l
		}
	}
	if o.hearing == nil {
		return
	}
	for _, l := range o.levels(o.level) {
		o.level = l.N
		if pos := at - now.Sub(l.At); pos >= 0 {
			o.hearing.Hear(pos, l.DBFS)
		}
	}
}

// look takes in a look at the picture.
func (o *observer) look(luma, motion float64, at time.Duration, now time.Time) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.facts == nil {
		return
	}
	if !o.traced {
		motion = math.NaN() // a page of a lesson stands still as long as it likes
	}
	o.facts.Add(witness.Sample{At: now.Sub(o.began), Film: at, Luma: luma, Motion: motion, Loud: o.most})
	o.most = math.NaN()
}

// all is what was witnessed so far; o.mu is held.
func (o *observer) all() witnessed {
	w := o.sum
	if o.facts != nil {
		f := o.facts.Summary()
		w = w.plus(witnessed{SeenS: f.SeenS, SoundS: f.HeardS, BlackS: f.BlackS, FrozenS: f.FrozenS, SilentS: f.SilentS})
		if o.traced {
			w.MotionS += f.SeenS
		}
	}
	if o.hearing != nil {
		s := o.hearing.Share()
		w = w.plus(witnessed{Heard: s.Heard, NotHeard: s.NotHeard, Masked: s.Why[witness.Drowned] + s.Why[witness.Doubtful]})
	}
	return w
}

// totals is what was witnessed since the program began.
func (o *observer) totals() witnessed {
	if o == nil {
		return witnessed{}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all()
}

// wrong is what is wrong with the film that is on now, and for how long; what the
// film itself is like is not wrong. unheard says that the room does not hear it.
func (o *observer) wrong() (l witness.Lasting, unheard bool) {
	if o == nil {
		return witness.Lasting{}, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.facts != nil {
		l = o.facts.Lasting()
	}
	return l, o.hearing != nil && o.hearing.Share().Verdict() == witness.NotHeard
}
