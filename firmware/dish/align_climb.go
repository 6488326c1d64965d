package dish

import "math"

// Lengths of a climb, as parts of the beam's width.
const (
	firstProbe = 0.25
	longest    = 0.7  // move
	nearPeak   = 0.3  // where the feed may be turned
	puzzled    = 0.35 // error from which on a move is undone
)

// climbFrom begins where a search or luck has found the satellite.
func (g *Guide) climbFrom(h held) {
	g.phase = PhaseClimb
	g.lost = 0
	g.near = nearing{}
	g.trail = trail{c0: float64(g.o.Clear), c0Sigma: 4}
	if g.found.right {
		g.trail.before[0] = 1
	} else if g.found.begun {
		g.trail.before[0] = -1
	}
	g.trail.add(g.sampled(sample{}, h))
	g.first()
}

// sampled completes a move by what the rest at its end brought.
func (g *Guide) sampled(s sample, h held) sample {
	s.locked, s.cnr, s.sigma, s.at = h.locked, h.cnr, h.sigma, h.at
	if s.tilt = h.elevation; s.tilt.Known {
		s.tilt.Angle -= g.o.Elevation
	}
	if s.compass = h.azimuth; s.compass.Known {
		cos := Degrees(math.Cos(g.o.Elevation.rad()))
		s.compass.Angle = cos * Degrees(math.Remainder(float64(s.compass.Angle-g.o.Azimuth), 360))
		s.compass.Error *= cos
	}
	return s
}

// first asks for the two moves that make three samples around.
func (g *Guide) first() {
	t := &g.trail
	reach := firstProbe * float64(g.o.Beamwidth)
	if t.lockedCount() < 2 {
		g.move(0, math.Copysign(reach, t.way(0)), DoNothing)
		return
	}
	g.move(1, math.Copysign(reach, t.way(1)), DoNothing)
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
	s := g.sampled(g.asked, h)
	g.asked = sample{}
	t.add(s)
	if !h.locked {
		g.back(h, s)
		return
	}
	g.lost = 0
	if t.lockedCount() < 3 && t.sigma0[0] == 0 || !t.fit(g.o) {
		g.first()
		return
	}
	if t.sigma[s.axis] > puzzled*float64(g.o.Beamwidth) && g.phase == PhasePeak && s.by != 0 && !g.undone {
		g.undone = true // that was not where it was sent: back to where it was
		g.move(s.axis, -s.by, DoNothing)
		return
	}
	g.undone = false
	g.next(h)
}

// back undoes the move that lost the signal, and searches when that does not bring it
// back. The move may have been one in the wrong direction.
func (g *Guide) back(h held, s sample) {
	const most = 3
	t := &g.trail
	g.lost++
	if g.lost >= most || s.by == 0 {
		g.relocate(h)
		return
	}
	by := -s.by
	if t.lockedCount() >= 2 && t.fit(g.o) {
		by = clip(t.asked(s.axis, -t.est[s.axis]), float64(g.o.Beamwidth))
	}
	g.move(s.axis, by, DoLost)
}

// next asks for what brings the dish nearer to the peak, or tells more of where it is.
func (g *Guide) next(h held) {
	t, w := &g.trail, float64(g.o.Beamwidth)
	if g.phase == PhaseClimb {
		if math.Hypot(t.est[0], t.est[1]) > nearPeak*w || max(t.sigma[0], t.sigma[1]) > nearPeak*w {
			g.climb()
			return
		}
		g.phase = PhasePeak
		if !g.o.Circular && !g.skew.over {
			g.phase = PhaseSkew
			g.turnFeed(h)
			return
		}
	}
	g.peak(h)
}

// climb moves on the axis of which least is known.
func (g *Guide) climb() {
	t, w := &g.trail, float64(g.o.Beamwidth)
	axis := 0
	if math.Hypot(t.est[1], t.sigma[1]) > math.Hypot(t.est[0], t.sigma[0]) {
		axis = 1
	}
	e, s := t.est[axis], t.sigma[axis]
	if math.Abs(e) > s || math.Abs(e) > nearPeak*w {
		g.move(axis, clip(-e, longest*w), DoNothing)
		return
	}
	g.move(axis, math.Copysign(firstProbe*w, t.way(axis)), DoNothing)
}

func (g *Guide) tighten(h held) {
	g.phase = PhaseTighten
	g.ready = DB(h.cnr)
	g.ask(Order{Do: DoTighten})
}
