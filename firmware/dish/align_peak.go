package dish

import "math"

// Near the peak C/N says nothing of where the dish is; on a flank it does. So each axis is
// led to a flank at a distance that is known by the loss there, and from there to the peak
// by one move. Hands miss that move by a part h of it: the shorter, the better; the
// shorter, the less exactly the loss tells where the move begins. With a loss of b·x² dB
// (b = 12/beamwidth²) and an error c of C/N, the errors c/(2·b·x) and h·x are least in sum
// at x² = c/(2·b·h), and then the square of both is h·c/b. That is what words can reach
// without an inclinometer: 0.012° on each axis at a beam of 1.4°, 0.026° at one of 2.95°,
// and where a hand trembles comes on top. The move comes always from the same side, so
// that the backlash of the screw is taken up.

// nearing is how far an axis has come.
type nearing struct {
	stage  [2]stage
	redone [2]int
	begun  bool // a long rest was made
}

type stage uint8

const (
	stageNew      stage = iota
	stageFlank          // on its way to the flank, or there
	stageOpposite       // on the other; only with an inclinometer
	stageLanded
	stageOver
)

// Bounds of the last phase.
const (
	mostPatience = 38   // moves, after which what was reached has to do
	mostRedone   = 5    // times that it is
	redoFrom     = 1.3  // of the error that can be reached
	fineNoise    = 0.01 // error in dB of the C/N of a long rest, against the one before
	takeUp       = 0.15 // degrees by which a move goes too far to take up the backlash
)

// patience is after how many moves an axis is led to its peak directly; the azimuth comes
// last.
func patience(axis int) int {
	if axis == 0 {
		return 34
	}
	return 27
}

// flank is how far from the peak the last move begins, on the sky.
func (g *Guide) flank(axis int) float64 {
	w := float64(g.o.Beamwidth)
	if g.tilts(axis) {
		return 0.3 * w // the inclinometer tells the way back
	}
	return math.Sqrt(fineNoise * w * w / 12 / (2 * handError))
}

// tilts says whether an inclinometer follows the axis.
func (g *Guide) tilts(axis int) bool {
	return axis == 1 && g.trail.samples[len(g.trail.samples)-1].tilt.Known
}

// peak asks for the next move of the axis that is not yet at its peak.
func (g *Guide) peak(h held) {
	n := &g.near
	if g.moves >= mostPatience {
		g.tighten(h)
		return
	}
	if !n.begun {
		n.begun = true
		g.hold(fineFor)
		return
	}
	for _, axis := range [...]int{1, 0} {
		if g.lead(axis) {
			return
		}
	}
	g.tighten(h)
}

// lead asks for the next move of one axis; it is false when there is none.
func (g *Guide) lead(axis int) bool {
	n, t := &g.near, &g.trail
	e, s := t.est[axis], t.sigma[axis]
	l := max(g.flank(axis), min(1.2*s, firstProbe*float64(g.o.Beamwidth)))
	if g.tilts(axis) {
		return g.leadByTilt(axis, e, l)
	}
	best := math.Hypot(handError*math.Sqrt2*g.flank(axis), tremble)
	late := g.moves >= patience(axis)
	switch {
	case n.stage[axis] == stageOver:
		return false
	case late && math.Abs(e) > 1.5*best:
		n.stage[axis] = stageOver
		g.move(axis, t.asked(axis, -e), DoNothing)
	case n.stage[axis] == stageNew && !late, n.stage[axis] == stageFlank && !late && (t.way(axis) < 0 || math.Abs(e+l) > 0.5*l):
		n.stage[axis] = stageFlank
		g.toFlank(axis, e, l)
	case n.stage[axis] == stageFlank && !late:
		n.stage[axis] = stageLanded
		g.move(axis, -e, DoNothing)
	case !late && n.redone[axis] < mostRedone && (e > 0.8*best || s > redoFrom*best):
		n.redone[axis]++
		n.stage[axis] = stageFlank
		g.toFlank(axis, e, l)
	case !late && e < -0.6*best:
		g.move(axis, -e, DoNothing)
	default:
		n.stage[axis] = stageOver
		t.settled()
		return false
	}
	return true
}

// toFlank leads to the flank at -l, the last move forward.
func (g *Guide) toFlank(axis int, e, l float64) {
	t := &g.trail
	back := t.way(axis) < 0
	to := -l
	if back && e > -l-takeUp/2 || !back && e > -1.4*l {
		to = -l - takeUp
	}
	g.move(axis, t.asked(axis, to-e), DoNothing)
}

// leadByTilt goes to both flanks and then to the middle, as often as the inclinometer
// says that the hand has missed.
func (g *Guide) leadByTilt(axis int, e, l float64) bool {
	n := &g.near
	to := 0.0
	switch n.stage[axis] {
	case stageNew:
		n.stage[axis], to = stageFlank, -l
	case stageFlank:
		n.stage[axis], to = stageOpposite, l
	case stageOpposite:
		n.stage[axis] = stageLanded
		g.trail.tilted()
	default:
		const most = 6
		if math.Abs(e) < 0.012 || n.redone[axis] >= most {
			return false
		}
		n.redone[axis]++
	}
	g.move(axis, g.trail.asked(axis, to-e), DoNothing)
	return true
}
