package dish

import "math"

// finding is a search strip by strip, around a mark that the helper made at the start.
type finding struct {
	begun          bool
	reachX, reachY Degrees // half of the field, on the horizon and upwards
	step           Degrees // from strip to strip
	strip          int     // 0, 1 … up, then -1, -2 … down
	right          bool    // the way of the sweep
	ends           int     // of this strip that were reached
	stopped        bool    // in the middle of a sweep
	resumed        int     // sweeps of this strip that went on after a stop
	tipped         bool    // the last move went to the next strip
	ignore         bool    // a signal of another satellite, until it is gone
	back           int     // times that the dish was turned back slowly
	after          Do      // has to be told with the next sweep
	rounds         int     // in which all strips were swept
	straightened   int     // corrections of this strip by the inclinometer
	shift          Degrees // of all the strips
}

const (
	mostCoarse  = 4 // moves by the sensors
	mostBack    = 4
	mostResumed = 3

	mostStraightened = 2
)

// coarse moves by the sensors before the search.
func (g *Guide) coarse(h held) {
	g.tries++
	if e := h.elevation; e.Known && g.tries <= mostCoarse {
		if off := g.o.Elevation - e.Angle; math.Abs(float64(off)) > max(0.3, float64(e.Error)) {
			g.ask(g.o.tip(Degrees(clip(float64(off), 2*float64(mostOff)))))
			return
		}
	}
	if a := h.azimuth; a.Known && g.tries <= mostCoarse {
		off := math.Remainder(float64(g.o.Azimuth-a.Angle), 360)
		if math.Abs(off) > max(1, float64(a.Error)) {
			g.ask(g.o.turn(Degrees(clip(off, 2*float64(mostOff)))))
			return
		}
	}
	g.search(h)
}

func clip(v, most float64) float64 { return max(-most, min(most, v)) }

// search begins the strips.
func (g *Guide) search(h held) {
	g.phase, g.found = PhaseSearch, g.field(h, 0)
	g.sweep()
}

// field is what is to be searched: what a sensor left is two and a half of its errors,
// and the offset at which the coarse phase is content.
func (g *Guide) field(h held, rounds int) finding {
	f := finding{begun: true, ignore: g.found.ignore, reachX: mostOff, reachY: mostOff, right: true, rounds: rounds}
	if e := h.elevation; e.Known {
		f.reachY = min(mostOff, max(0.3, e.Error)+e.Error*5/2)
	}
	if a := h.azimuth; a.Known {
		f.reachX = min(mostOff, max(1, a.Error)+a.Error*5/2)
	}
	half := OffAt(g.o.Clear-g.o.Threshold, g.o.Beamwidth)
	f.step = half * 3 / 2
	if rounds > 0 { // it may have slipped between two strips
		f.step = half
	}
	return f
}

// strips is how many there are above the middle, and as many below.
func (f *finding) strips() int {
	return max(0, int(math.Ceil(float64((f.reachY-f.step/2)/f.step))))
}

// half is how far the strip goes to either side of the mark.
func (f *finding) half() Degrees {
	y := max(0, math.Abs(float64(f.strip))-0.5) * float64(f.step/f.reachY)
	return f.reachX * Degrees(math.Sqrt(max(0.1, 1-y*y)))
}

// sweep turns along the strip, a fourth farther than it is long: hands are that inexact.
func (g *Guide) sweep() {
	f := &g.found
	g.phase = PhaseSearch
	f.stopped, f.back = false, 0
	g.ask(Order{Do: DoSweep, Forward: f.right, FromMark: true, Amount: sweepAmount(f.half() * 5 / 4), After: f.after})
	f.after = DoNothing
}

func sweepAmount(d Degrees) Amount {
	unit, size := Fingers, FingerWidth
	if d >= HandWidth {
		unit, size = Hands, HandWidth
	}
	return Amount{unit, math.Ceil(2*float64(d/size)-0.01) / 2, size}
}

// caught says whether a sweep is to be stopped.
func (g *Guide) caught(r Reading) bool {
	return r.Locked && (r.Right == IdentityRight || r.Right == IdentityUnknown && !g.found.ignore)
}

// elsewhere goes on after another satellite.
func (g *Guide) elsewhere(h held) {
	g.best = Bar{} // it was that of the other one
	if g.phase == PhaseCoarse && g.tries < mostCoarse {
		g.coarse(h)
		g.order.After, g.found.ignore = DoWrong, true
		return
	}
	if !g.found.begun {
		g.found = g.field(h, 0)
	}
	g.found.ignore, g.found.after, g.found.tipped = true, DoWrong, false
	g.sweep()
}

// missed is a rest without a lock: after a tip, past the satellite, or at the strip's end.
func (g *Guide) missed(h held) {
	f := &g.found
	switch {
	case f.tipped && f.straightened < mostStraightened && g.astray(h):
		f.straightened++
	case f.tipped:
		f.tipped = false
		g.sweep()
	case f.stopped && f.back < mostBack:
		f.back++
		f.right = !f.right
		width := 0.5 + 0.5*float64(min(f.back, 2))
		g.ask(Order{Do: DoSweep, Forward: f.right, Amount: Amount{Fingers, width, FingerWidth}, After: DoLost})
	case f.stopped && f.resumed < mostResumed:
		f.resumed++
		g.sweep()
	default:
		f.right = !f.right
		f.ends++
		if f.strip == 0 && f.ends == 1 { // from the mark only one half was swept
			g.sweep()
			return
		}
		g.nextStrip()
	}
}

// astray asks for a correction when the inclinometer says that the dish is not at its
// strip.
func (g *Guide) astray(h held) bool {
	f := &g.found
	off := g.o.Elevation + Degrees(f.strip)*f.step + f.shift - h.elevation.Angle
	if !h.elevation.Known || math.Abs(float64(off)) < float64(f.step)/3 {
		return false
	}
	g.ask(g.o.tip(off))
	return true
}

func (g *Guide) nextStrip() {
	f := &g.found
	n := f.strips()
	f.ends, f.resumed, f.straightened, f.stopped, f.tipped = 0, 0, 0, false, true
	switch {
	case f.strip >= 0 && f.strip < n:
		f.strip++
		g.ask(g.o.tip(f.step))
	case f.strip == n && n > 0:
		f.strip = -1
		o := g.o.tip(-f.step)
		o.FromMark = true
		g.ask(o)
	case f.strip > -n && f.strip < 0:
		f.strip--
		g.ask(g.o.tip(-f.step))
	default: // all of them brought nothing
		right := f.right
		*f = g.field(held{elevation: g.last.Elevation, azimuth: g.last.Azimuth}, f.rounds+1)
		f.right, f.tipped, f.ends, f.shift = right, true, 1, f.step/2
		o := g.o.tip(f.step / 2)
		o.FromMark, o.After = true, DoAgain
		g.ask(o)
	}
}

// relocate searches around where a signal was lost.
func (g *Guide) relocate(h held) {
	if !g.found.begun {
		g.found = g.field(h, 0)
	}
	g.phase = PhaseSearch
	g.found.stopped, g.found.tipped, g.found.back, g.found.resumed = true, false, 0, 0
	g.missed(h)
}
