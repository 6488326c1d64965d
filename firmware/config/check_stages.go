package config

import "time"

// point is a corner of a curve over volts.
type point struct {
	volts int
	time  time.Duration
}

// The ride-through of the ITIC (CBEMA) curve of 2000, in per cent of 220 V: below
// these times a stage would open for what equipment must endure. Steady at 90 to
// 110 %.
var (
	rideOver = []point{ // a stage up to volts must wait for time
		{242, -1}, // 110 %: for ever
		{264, 500 * time.Millisecond},
		{308, 3 * time.Millisecond},
		{440, time.Millisecond},
	}
	rideUnder = []point{ // a stage down to volts must wait for time
		{198, -1}, // 90 %: for ever
		{176, 10 * time.Second},
		{154, 500 * time.Millisecond},
		{0, 20 * time.Millisecond},
	}
	// The latest times of IEC 63052 (EN 50550) for over-voltage, and ours for what
	// starves motors and power supplies.
	mustTripOver  = []point{{275, 15 * time.Second}, {300, 5 * time.Second}, {350, 750 * time.Millisecond}, {400, 200 * time.Millisecond}}
	mustTripUnder = []point{{153, 10 * time.Second}}
)

// fastest is the quickest that any stage can be: the detector needs longer than
// what ITIC asks of equipment far above the band.
const fastest = 3 * time.Millisecond

// Below outageVolts the mains is away, which is no trip: a stage above that must
// leave it the time to be seen as such.
const (
	outageVolts = 22
	outageAfter = 100 * time.Millisecond
)

// stages judges the curve: each stage by itself, each pair, and whether together
// they leave the window between what must be endured and what must be cut.
func (c *checker) stages() {
	g := c.cfg.Guard
	c.limits()
	for i := range g.Stages {
		c.stage(i)
		c.rideThrough(i)
	}
	if len(g.Stages) == 0 {
		return
	}
	for _, p := range mustTripOver {
		c.mustTrip(p, true)
	}
	for _, p := range mustTripUnder {
		c.mustTrip(p, false)
	}
}

// The guard's own table reaches from these limits, and has its instant stage there.
const (
	ownUnder, ownOver, ownInstant = 176, 264, 340
	maxStages                     = 12 // with the outage, which the guard adds
	maxLoads                      = 8
)

// limits judges what the guard could not start with.
func (c *checker) limits() {
	g := c.cfg.Guard
	if len(g.Stages) >= maxStages {
		c.bad(row("guard.stage", maxStages-1), say("config.too_many", "most", maxStages-1), phrase{})
	}
	if len(c.cfg.Loads) > maxLoads {
		c.bad(row("load", maxLoads), say("config.too_many", "most", maxLoads), phrase{})
	}
	if len(g.Stages) > 0 {
		return
	}
	if g.GoodHigh >= ownOver || g.GoodLow < ownUnder {
		c.bad("guard.good_high", say("config.own_table", "low", ownUnder, "high", ownOver), say("config.own_table.hint"))
	}
	if ownInstant*1414/1000 > c.cfg.Mains.FullScale {
		c.bad("mains.full_scale", say("config.full_scale", "got", c.cfg.Mains.FullScale), phrase{})
	}
}

// rideThrough refuses a stage that opens too early.
func (c *checker) rideThrough(i int) {
	s, key := c.cfg.Guard.Stages[i], row("guard.stage", i)
	if (s.Over > 0) == (s.Under > 0) {
		return
	}
	volts, least := endure(s)
	switch {
	case least < 0:
		c.bad(key, say("config.stage_steady", "got", volts), say("config.stage_steady.hint"))
	case s.Under > outageVolts && s.After.D() < outageAfter:
		c.bad(key, say("config.stage_outage", "least", outageAfter), say("config.stage_outage.hint"))
	case s.After.D() < least && least > fastest:
		c.bad(key, say("config.stage_ride", "got", volts, "after", s.After, "least", least), say("config.stage_ride.hint", "least", least))
	}
}

// endure returns the mildest whole volt for which s opens, and how long
// equipment must endure it, negative for ever.
func endure(s Stage) (volts int, least time.Duration) {
	if s.Over > 0 {
		for _, p := range rideOver {
			if s.Over <= p.volts {
				return s.Over, p.time
			}
		}
		return s.Over, 0
	}
	volts = s.Under - 1
	for _, p := range rideUnder {
		if volts >= p.volts {
			return volts, p.time
		}
	}
	return volts, 0
}

// mustTrip wants a stage that opens at p.volts within p.time.
func (c *checker) mustTrip(p point, over bool) {
	best, found := 0, false
	for i, s := range c.cfg.Guard.Stages {
		reaches := over && s.Over > 0 && s.Over <= p.volts || !over && s.Under > p.volts
		if reaches && (!found || s.After.D() < c.cfg.Guard.Stages[best].After.D()) {
			best, found = i, true
		}
	}
	side := "over"
	if !over {
		side = "under"
	}
	hint := say("config.stage_window.hint", "side", side, "volts", p.volts, "latest", p.time)
	switch {
	case !found:
		c.bad(row("guard.stage", 0), say("config.stage_missing", "volts", p.volts, "latest", p.time), hint)
	case c.cfg.Guard.Stages[best].After.D() > p.time:
		c.bad(row("guard.stage", best), say("config.stage_late", "volts", p.volts, "latest", p.time), hint)
	}
}

func (c *checker) stage(i int) {
	g := c.cfg.Guard
	s, key := g.Stages[i], row("guard.stage", i)
	c.times(key+".after", s.After, 0, time.Minute)
	switch {
	case s.Over != 0 && s.Under != 0:
		c.bad(key, say("config.stage_both"), say("config.stage_both.hint"))
		return
	case s.Over == 0 && s.Under == 0:
		c.bad(key, say("config.stage_none"), phrase{})
		return
	case s.Over != 0:
		c.ints(key+".over", s.Over, 1, 1000)
	default:
		c.ints(key+".under", s.Under, 1, 1000)
	}
	if v := s.Over + s.Under; v > 0 && (s.Over != 0 && v <= g.GoodHigh || s.Under != 0 && v >= g.GoodLow+1) {
		c.bad(key, say("config.stage_good", "got", v, "low", g.GoodLow, "high", g.GoodHigh), say("config.stage_good.hint"))
	}
	if peak := s.Over * 1414 / 1000; s.Over > 0 && peak > c.cfg.Mains.FullScale {
		c.bad("mains.full_scale", say("config.full_scale", "got", c.cfg.Mains.FullScale), phrase{})
	}
	for j, o := range g.Stages[:i] {
		c.stagePair(key, s, o, c.at(row("guard.stage", j)))
	}
}

// stagePair compares a stage with one above it in the file.
func (c *checker) stagePair(key string, s, o Stage, line int) {
	if (s.Over != 0) != (o.Over != 0) || o.Over != 0 && o.Under != 0 {
		return
	}
	worse := s.Over > o.Over || s.Under != 0 && s.Under < o.Under
	switch {
	case s.Over == o.Over && s.Under == o.Under:
		c.bad(key, say("config.stage_same", "line", line), say("config.twice.hint"))
	case worse && s.After > o.After:
		c.bad(key, say("config.stage_order", "line", line), say("config.stage_order.hint"))
	case !worse && o.After > s.After:
		c.bad(row("guard.stage", c.stageAt(line)), say("config.stage_order", "line", c.at(key)), say("config.stage_order.hint"))
	}
}

func (c *checker) stageAt(line int) int {
	for i := range c.cfg.Guard.Stages {
		if c.at(row("guard.stage", i)) == line {
			return i
		}
	}
	return 0
}
