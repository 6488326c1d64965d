package dish

import (
	"fmt"
	"math"
	"time"
)

// Identity says whether what is received comes from the wanted satellite.
type Identity uint8

// The identities. The network table of a satellite takes up to ten seconds to come.
const (
	IdentityUnknown Identity = iota
	IdentityRight
	IdentityWrong
)

// Gauge is a sensor's angle; the zero Gauge is unknown.
type Gauge struct {
	Known bool
	Angle Degrees
	Error Degrees // standard deviation of the angle itself, mounting included
}

// Reading is what is known of the dish at one moment.
type Reading struct {
	At         time.Time // when it was true; zero: there is none
	Locked     bool
	CNR        DB // NaN: unknown
	Level      DB // dBm; NaN or 0: unknown
	Right      Identity
	Elevation  Gauge // of the beam, from an inclinometer
	Azimuth    Gauge // true, from a compass
	Moved      bool  // the helper says that the last instruction is carried out
	PaceIsOver bool  // the caller gave up waiting for that; the same as Moved
}

// Phase is how far an alignment has come.
type Phase uint8

// The phases, in their order. Each may fall back to an earlier one.
const (
	PhaseCoarse  Phase = iota // by sensors
	PhaseSearch               // strip by strip
	PhaseClimb                // to where it is about strongest
	PhaseSkew                 // the feed is turned
	PhasePeak                 // the fit says where the peak is
	PhaseTighten              // and verified afterwards
	PhaseDone
)

// String returns the word of the phase that ends its key in the catalogue.
func (p Phase) String() string {
	return [...]string{"coarse", "search", "climb", "skew", "peak", "tighten", "done"}[min(p, PhaseDone)]
}

// Bounds of an alignment.
const (
	// StaleAfter is how old a reading may be.
	StaleAfter = time.Second
	// mostOff is by how much a dish may be off at the start, on either axis.
	mostOff Degrees = 8
	// mostAlignProbes bounds the samples of one fit.
	mostAlignProbes = 13
	// slackDB is the loss by tightening from which on the dish has moved.
	slackDB DB = 0.25
	// identifyFor is how long the satellite may take to say who it is.
	identifyFor = 12 * time.Second
)

// How long the dish rests before it is read: the hand lets go, then readings are
// averaged, longer when hundredths of a decibel count.
const (
	settleFor = 700 * time.Millisecond
	coarseFor = 3 * time.Second
	fineFor   = 30 * time.Second
)

// AlignOpts describe the dish that is aligned.
type AlignOpts struct {
	Beamwidth   Degrees // see Beamwidth
	Azimuth     Degrees // wanted, true; used only with a compass
	Elevation   Degrees // wanted; the azimuth on the sky is shorter by its cosine
	Clear       DB      // C/N of a well-aligned dish; 0: 12
	Threshold   DB      // C/N from which on there is a lock; 0: 5
	NutTurn     Degrees // by which a turn of the elevation nut tips the dish; 0: 1
	AzimuthTurn Degrees // by which a turn of the azimuth screw turns it; 0: there is none, it is turned by a pole across the dish
	Circular    bool    // the polarisation is circular: there is no skew
}

// Check returns ErrDish or ErrOrbit when nothing can be aligned by o.
func (o AlignOpts) Check() error {
	switch {
	case !within(float64(o.Beamwidth), 0.3, 12):
		return fmt.Errorf("%w: a beam of %v degrees (want 0.3 to 12)", ErrDish, float64(o.Beamwidth))
	case !within(float64(o.Azimuth), -180, 360) || !within(float64(o.Elevation), 5, 85):
		return fmt.Errorf("%w to align to: azimuth %v, elevation %v degrees (want 5 to 85)", ErrOrbit, float64(o.Azimuth), float64(o.Elevation))
	case !within(float64(o.Clear), 0, 40) || !within(float64(o.Threshold), 0, 30) || o.Clear != 0 && o.Clear < o.Threshold+1:
		return fmt.Errorf("%w: %v dB in clear sky, lock from %v dB", ErrDish, float64(o.Clear), float64(o.Threshold))
	case !within(float64(o.NutTurn), 0, 5) || !within(float64(o.AzimuthTurn), 0, 5):
		return fmt.Errorf("%w: a turn of the nut %v, of the azimuth screw %v degrees (want 0 to 5)", ErrDish, float64(o.NutTurn), float64(o.AzimuthTurn))
	}
	return nil
}

// Bar is a figure of an Advice; unknown ones are not drawn.
type Bar struct {
	Known bool
	CNR   DB
}

// Voice is what the helper shall hear.
type Voice uint8

// The voices.
const (
	VoiceNone   Voice = iota // no signal, or nothing known
	VoiceSignal              // pitch follows Now
	VoiceWrong               // another satellite
)

// Advice is what the helper shall do and see. There is always exactly one Order.
type Advice struct {
	Phase     Phase
	Order     Order
	Now, Best Bar // C/N; Best since the start or since the dish was last moved away for good
	Level     Bar // dBm
	Offset    Gauge
	Voice     Voice
	Stale     bool // readings stopped: Now is unknown
	Moves     int  // asked for so far
}

// Guide leads one helper to the peak. It opens nothing and knows no clock: readings and
// the time come in by Step. It must be used from one goroutine.
type Guide struct {
	o      AlignOpts
	phase  Phase
	order  Order
	last   Reading
	moves  int
	best   Bar
	rest   resting
	found  finding   // the search
	trail  trail     // the fit
	asked  sample    // the move whose sample is not yet there
	near   nearing   // the last phase
	undone bool      // the last move took the one before back
	begun  time.Time // of the first reading
	skew   skewing
	ready  DB  // C/N before the bolts were tightened
	tries  int // in the coarse phase
	lost   int // holds without a lock in a row, after the search
}

// NewGuide returns a guide for one dish. Error: see AlignOpts.Check.
func NewGuide(o AlignOpts) (*Guide, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Threshold == 0 {
		o.Threshold = 5
	}
	if o.Clear == 0 {
		o.Clear = max(12, o.Threshold+4)
	}
	if o.NutTurn == 0 {
		o.NutTurn = 1
	}
	g := &Guide{o: o}
	g.hold(coarseFor)
	return g, nil
}

// resting is a dish that nobody touches while it is read.
type resting struct {
	active         bool
	from           time.Time // zero: the next reading begins it
	length         time.Duration
	count, locked  int
	cnr, cnr2      float64
	inclined       float64
	inclinations   int
	turned         float64 // from the first azimuth
	azimuth        Degrees // the first
	azimuths       int
	right, foreign bool
}

// held is what a rest brought.
type held struct {
	locked    bool
	cnr       float64 // mean
	sigma     float64 // of the mean
	elevation Gauge
	azimuth   Gauge
	right     Identity
	at        float64 // seconds since the first reading
}

// hold tells the helper to let go and begins to average.
func (g *Guide) hold(length time.Duration) {
	g.order = Order{Do: DoHold}
	g.rest = resting{active: true, length: length}
}

// ask tells the helper to move the dish.
func (g *Guide) ask(o Order) {
	g.order = o
	g.rest = resting{}
	g.asked = sample{}
	if !o.Do.moves() {
		return
	}
	g.moves++
	if o.Do == DoTurn || o.Do == DoTip {
		g.asked.axis, g.asked.by = g.done()
	}
}

// Step takes a reading, at the latest once a second one with or without At, and returns
// what to do now. Readings that are not newer than the last one change nothing.
func (g *Guide) Step(now time.Time, r Reading) Advice {
	fresh := g.take(now, r)
	if now.Sub(g.last.At) > StaleAfter || now.Before(g.last.At.Add(-StaleAfter)) {
		if g.rest.active {
			g.rest = resting{active: true, length: g.rest.length} // averaged anew when they are back
		}
		a := g.advice()
		a.Stale, a.Now, a.Level, a.Voice, a.Offset = true, Bar{}, Bar{}, VoiceNone, Gauge{}
		a.Order = Order{Do: DoWaitForReadings}
		return a
	}
	switch {
	case g.rest.active && fresh:
		g.average(r)
	case !g.rest.active && g.order.Do == DoSweep && fresh && g.caught(r):
		g.found.stopped = true
		g.hold(coarseFor)
	case !g.rest.active && (r.Moved || r.PaceIsOver):
		g.hold(g.restLength())
	}
	return g.advice()
}

// take keeps a reading that is newer and from no future.
func (g *Guide) take(now time.Time, r Reading) bool {
	if r.At.IsZero() || !r.At.After(g.last.At) || r.At.After(now.Add(StaleAfter)) {
		return false
	}
	if r.Locked && !within(float64(r.CNR), -30, 60) {
		r.CNR = DB(math.NaN())
	}
	if g.begun.IsZero() {
		g.begun = r.At
	}
	g.last = r
	if !r.Locked || r.Right == IdentityRight {
		g.found.ignore = false
	}
	if r.counts() && r.Right != IdentityWrong && !g.found.ignore && (!g.best.Known || r.CNR > g.best.CNR) {
		g.best = Bar{true, r.CNR}
	}
	return true
}

// counts says whether the reading has a C/N of a locked signal.
func (r Reading) counts() bool { return r.Locked && !math.IsNaN(float64(r.CNR)) }

func (g *Guide) restLength() time.Duration {
	if g.phase == PhasePeak || g.phase == PhaseTighten {
		return fineFor
	}
	return coarseFor
}

// average adds a reading to the rest and decides when it is over.
func (g *Guide) average(r Reading) {
	rest := &g.rest
	if rest.from.IsZero() {
		rest.from = r.At
	}
	if r.At.Sub(rest.from) < settleFor {
		return
	}
	rest.count++
	rest.right = rest.right || r.Right == IdentityRight
	rest.foreign = rest.foreign || r.Locked && r.Right == IdentityWrong
	if r.counts() {
		rest.locked++
		rest.cnr += float64(r.CNR)
		rest.cnr2 += float64(r.CNR * r.CNR)
	}
	if r.Elevation.Known {
		rest.inclined += float64(r.Elevation.Angle)
		rest.inclinations++
	}
	if r.Azimuth.Known {
		if rest.azimuths == 0 {
			rest.azimuth = r.Azimuth.Angle
		}
		rest.turned += math.Remainder(float64(r.Azimuth.Angle-rest.azimuth), 360)
		rest.azimuths++
	}
	took := r.At.Sub(rest.from)
	unsure := 2*rest.locked > rest.count && !rest.right && !rest.foreign
	if took < settleFor+rest.length || unsure && g.phase <= PhaseSearch && took < identifyFor {
		return
	}
	h := rest.result(r)
	h.at = rest.from.Add(took / 2).Sub(g.begun).Seconds()
	g.rest = resting{}
	g.decide(h)
}

func (rest *resting) result(r Reading) held {
	h := held{locked: 2*rest.locked > rest.count, elevation: r.Elevation, azimuth: r.Azimuth}
	if rest.locked > 0 {
		n := float64(rest.locked)
		h.cnr = rest.cnr / n
		spread := math.Sqrt(max(0, rest.cnr2/n-h.cnr*h.cnr))
		h.sigma = max(0.005, max(spread, 0.05)/math.Sqrt(n))
	}
	if rest.inclinations > 0 {
		h.elevation = Gauge{Known: true, Angle: Degrees(rest.inclined / float64(rest.inclinations)), Error: r.Elevation.Error}
	}
	if rest.azimuths > 0 {
		h.azimuth = Gauge{Known: true, Angle: rest.azimuth + Degrees(rest.turned/float64(rest.azimuths)), Error: r.Azimuth.Error}
	}
	switch {
	case rest.foreign:
		h.right = IdentityWrong
	case rest.right:
		h.right = IdentityRight
	}
	return h
}

// decide says what comes after a rest.
func (g *Guide) decide(h held) {
	if h.locked && h.right == IdentityWrong && g.phase != PhaseDone {
		g.elsewhere(h)
		return
	}
	if h.locked && g.phase <= PhaseSearch {
		g.climbFrom(h)
		return
	}
	switch g.phase {
	case PhaseCoarse:
		g.coarse(h)
	case PhaseSearch:
		g.missed(h)
	case PhaseClimb, PhasePeak:
		g.fine(h)
	case PhaseSkew:
		g.turned(h)
	case PhaseTighten:
		g.verify(h)
	case PhaseDone:
		g.ask(Order{Do: DoDone})
	}
}

// verify looks whether the bolts moved the dish.
func (g *Guide) verify(h held) {
	if h.locked && h.cnr >= float64(g.ready-slackDB) {
		g.phase = PhaseDone
		g.ask(Order{Do: DoDone, Lost: max(0, g.ready-DB(h.cnr))})
		return
	}
	g.phase = PhasePeak
	g.trail, g.near = g.trail.again(), nearing{}
	g.fine(h)
	g.order.After = DoSlack
}

func (g *Guide) advice() Advice {
	a := Advice{Phase: g.phase, Order: g.order, Best: g.best, Moves: g.moves}
	r := g.last
	if r.counts() {
		a.Now = Bar{true, r.CNR}
	}
	if within(float64(r.Level), -200, 50) && r.Level != 0 {
		a.Level = Bar{true, r.Level}
	}
	switch {
	case a.Now.Known && (r.Right == IdentityWrong || r.Right == IdentityUnknown && g.found.ignore):
		a.Voice = VoiceWrong
	case a.Now.Known:
		a.Voice = VoiceSignal
	}
	if s := g.trail.now; s.Known && g.phase >= PhaseClimb {
		a.Offset = s
	}
	return a
}
