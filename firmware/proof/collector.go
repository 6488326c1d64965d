package proof

import "time"

// Sample is what was seen at one moment of a lesson, about once a second.
type Sample struct {
	At      time.Time // of a clock that is never set
	Playing bool      // the film moves
	Begun   bool      // its first picture has been on the screen

	TVMA, ProjectorMA *int64 // mA rms; nil: not known, or no such load
	MV                *int64 // mV rms that the loads get
	Factor            *float64
	Shown, Dropped    *int64 // counters of the player; they start again with it
}

// Collector makes the measured fields of a record out of samples. It takes the
// same memory for a minute as for a day, and its JSON is what survives a restart
// of the program: a new Collector with the old JSON goes on. Its zero value is
// ready. It is for one goroutine.
type Collector struct {
	TV        Histogram `json:"tv"`
	Projector Histogram `json:"projector"`
	ByVolts   bool      `json:"by_volts,omitempty"` // some watts are volts times amperes
	Shown     counter   `json:"shown"`
	Dropped   counter   `json:"dropped"`
	Pauses    int64     `json:"pauses,omitempty"`
	PausedMS  int64     `json:"paused_ms,omitempty"`
	Begun     bool      `json:"begun,omitempty"`
	Standing  bool      `json:"standing,omitempty"` // after its beginning the film stands still

	last     time.Time
	factor   float64 // newest
	factorAt time.Time
}

const (
	// silence is how long nobody may have looked before that time counts as a
	// pause: nobody can say that anything was shown then.
	silence = 10 * time.Second
	// factorAge is how long a power factor stands for what the meter does not say.
	factorAge = time.Minute
)

// Feed takes in one sample.
func (c *Collector) Feed(s Sample) {
	since := time.Duration(0)
	if !c.last.IsZero() {
		since = max(0, s.At.Sub(c.last))
	}
	c.last = s.At
	if s.Factor != nil && *s.Factor > 0 && *s.Factor <= 1 {
		c.factor, c.factorAt = *s.Factor, s.At
	}
	c.time(s, since)
	c.Shown.feed(s.Shown)
	c.Dropped.feed(s.Dropped)
	if s.Playing {
		c.measure(&c.TV, s, s.TVMA)
		c.measure(&c.Projector, s, s.ProjectorMA)
	}
}

// Away says that the program was not running for d of a lesson that had begun;
// a Collector that was read from JSON does not know. It counts as a pause.
func (c *Collector) Away(d time.Duration) {
	if !c.Begun || d <= silence {
		return
	}
	if !c.Standing {
		c.Pauses++
	}
	c.Standing = true
	c.PausedMS += d.Milliseconds()
}

// time counts pauses.
func (c *Collector) time(s Sample, since time.Duration) {
	if c.Begun && (c.Standing || since > silence) {
		c.PausedMS += since.Milliseconds()
	}
	stands := s.Begun && !s.Playing
	if c.Begun && !c.Standing && (stands || since > silence) {
		c.Pauses++
	}
	c.Begun = c.Begun || s.Begun
	c.Standing = stands
}

// measure adds the watts of one load. A meter that was heard within a minute
// gives the factor by which volts times amperes are more than watts.
func (c *Collector) measure(h *Histogram, s Sample, ma *int64) {
	if ma == nil || s.MV == nil || *ma < 0 || *s.MV < 0 {
		return
	}
	va := float64(*ma) * float64(*s.MV) / 1e6
	if c.factorAt.IsZero() || s.At.Sub(c.factorAt) > factorAge {
		c.ByVolts = true
		h.Add(int64(va + 0.5))
		return
	}
	h.Add(int64(va*c.factor + 0.5))
}

// Fill writes what was measured into r.
func (c *Collector) Fill(r *Record) {
	r.TV, r.Projector = c.TV.Watts(), c.Projector.Watts()
	switch {
	case r.TV == nil && r.Projector == nil:
		r.Power = ""
	case c.ByVolts:
		r.Power = "va"
	default:
		r.Power = "meter"
	}
	r.Shown, r.Dropped = c.Shown.total(), c.Dropped.total()
	r.Pauses, r.PausedS = c.Pauses, c.PausedMS/1000
}

// counter adds up a count that begins again when what counts is restarted.
type counter struct {
	Sum   int64 `json:"sum"`
	Known bool  `json:"known"`

	last int64
	seen bool // in this life: after a restart the first value has no predecessor
}

func (c *counter) feed(n *int64) {
	if n == nil || *n < 0 {
		return
	}
	switch {
	case c.seen && *n >= c.last:
		c.Sum += *n - c.last
	case c.seen, !c.Known:
		c.Sum += *n
	}
	c.last, c.seen, c.Known = *n, true, true
}

func (c *counter) total() *int64 {
	if !c.Known {
		return nil
	}
	return new(c.Sum)
}
