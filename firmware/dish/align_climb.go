package dish

import "math"

// Lengths of a climb, as parts of the beam's width.
const (
	firstProbe = 0.25
	longest    = 0.7 // move
	nearPeak   = 0.3 // where the feed may be turned
)

// climbFrom begins where a search or luck has found the satellite.
func (g *Guide) climbFrom(h held) {
	g.phase = PhaseClimb
	g.lost = 0
	g.trail = trail{c0: float64(g.o.Clear), c0Sigma: 4}
	if g.found.right {
		g.trail.way[0] = 1
	} else if g.found.begun {
		g.trail.way[0] = -1
	}
	g.trail.add(sample{locked: true, cnr: h.cnr, sigma: h.sigma, tilt: h.elevation})
	g.first()
}

// first asks for the two moves that make three samples around.
func (g *Guide) first() {
	t := &g.trail
	reach := firstProbe * float64(g.o.Beamwidth)
	if t.lockedCount() < 2 {
		g.move(0, math.Copysign(reach, t.way[0]), DoNothing)
		return
	}
	g.move(1, math.Copysign(reach, t.way[1]), DoNothing)
}

// move asks for a move by degrees on the sky.
func (g *Guide) move(axis int, by float64, after Do) {
	o := g.o.tip(Degrees(by))
	if axis == 0 {
		o = g.o.turn(Degrees(by / math.Cos(g.o.Elevation.rad())))
	}
	o.After = after
	g.ask(o)
}

// done is the move that was asked for last, on the sky.
func (g *Guide) done() (axis int, by float64) {
	if g.order.Do == DoTip {
		return 1, g.order.signed()
	}
	return 0, g.order.signed() * math.Cos(g.o.Elevation.rad())
}

// fine takes the sample at the end of a move and asks for the next.
func (g *Guide) fine(h held) {
	t := &g.trail
	if g.asked.by != 0 {
		g.asked.reversed = g.asked.by*t.way[g.asked.axis] < 0
		t.way[g.asked.axis] = g.asked.by
	}
	s := g.asked
	g.asked = sample{}
	s.locked, s.cnr, s.sigma, s.tilt = h.locked, h.cnr, h.sigma, h.elevation
	t.add(s)
	if !h.locked {
		g.back(h, s)
		return
	}
	g.lost = 0
	if t.lockedCount() < 3 {
		g.first()
		return
	}
	if !t.fit(g.o) {
		g.first()
		return
	}
	g.next(h)
}

// back undoes the move that lost the signal, and searches when that does not bring it
// back.
func (g *Guide) back(h held, s sample) {
	const most = 2
	g.lost++
	if g.lost >= most || s.by == 0 {
		g.relocate(h)
		return
	}
	g.move(s.axis, -s.by, DoLost)
}

// next asks for what brings the dish nearer to the peak, or tells more of where it is.
func (g *Guide) next(h held) {
	t, w := &g.trail, float64(g.o.Beamwidth)
	if g.phase == PhaseClimb && math.Hypot(t.est[0], t.est[1]) < nearPeak*w && max(t.sigma[0], t.sigma[1]) < nearPeak*w {
		g.phase = PhasePeak
		if !g.o.Circular && !g.skew.over {
			g.phase = PhaseSkew
			g.turnFeed(h)
			return
		}
	}
	axis := 0
	if math.Hypot(t.est[1], t.sigma[1]) > math.Hypot(t.est[0], t.sigma[0]) {
		axis = 1
	}
	e, s := t.est[axis], t.sigma[axis]
	switch {
	case g.moves >= mostPatience:
		g.tighten(h)
	case math.Abs(e) > 0.4*g.goal() && math.Abs(e) > 0.7*s:
		g.move(axis, clip(-g.careful(e, s), longest*w), DoNothing)
	case s > g.goal() && g.moves < patience:
		g.move(axis, math.Copysign(g.flank(s), t.way[axis]), DoNothing)
	default:
		g.tighten(h)
	}
}

// After so many moves nothing more is tried out, and after some more what was reached has
// to do.
const (
	patience     = 34
	mostPatience = 38
)

// fineNoise is the error of the mean C/N of a long rest, in dB.
const fineNoise = 0.01

// lastMoves is in how many moves the last step is gone: hands miss each by a part of it,
// now too much, now too little.
const lastMoves = 2

// lastStep is how far from the peak the last but these samples are best taken: nearer C/N
// tells less of where the dish is, farther hands miss by more.
func (g *Guide) lastStep() float64 {
	bend := 12 / float64(g.o.Beamwidth*g.o.Beamwidth)
	return math.Sqrt(fineNoise / (2 * bend * handError / math.Sqrt(lastMoves)))
}

// goal is the standard deviation on each axis that hands can reach.
func (g *Guide) goal() float64 {
	return max(float64(goodEnough), 1.6*handError/math.Sqrt(lastMoves)*g.lastStep())
}

// flank is how far to go from about the peak to learn more of where it is: the less is
// known, the farther.
func (g *Guide) flank(sigma float64) float64 {
	return min(firstProbe*float64(g.o.Beamwidth), max(g.lastStep(), 2*sigma))
}

// careful leaves the last step of a long way, and goes half of that when a hand would
// miss by too much.
func (g *Guide) careful(e, sigma float64) float64 {
	last := g.lastStep()
	switch {
	case math.Abs(e) > 2*last:
		return e - math.Copysign(last, e)
	case handError*math.Abs(e) > float64(goodEnough) && sigma < math.Abs(e)/3:
		return e / lastMoves
	}
	return e
}

func (g *Guide) tighten(h held) {
	g.phase = PhaseTighten
	g.ready = DB(h.cnr)
	g.ask(Order{Do: DoTighten})
}
