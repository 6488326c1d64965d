package dish

import (
	"math"
	"math/bits"
)

// ClockMinute is how a feed is turned: by minutes of a clock's face.
const ClockMinute Degrees = 6

const (
	skewProbe = 12.0 // degrees to either side
	mostSkew  = 40.0 // from the start
	goodSkew  = 4.0  // costs 0.02 dB and leaves 23 dB to the other polarisation
	mostTurns = 6
)

// skewing finds the turn of the feed: what comes in of the other polarisation, which is as
// strong as ours or not there, is noise.
type skewing struct {
	over  bool
	seen  []twist
	turn  float64 // where the feed seems to be, degrees from the start
	asked float64 // the last turn
}

// twist is one reading.
type twist struct {
	by, cnr float64 // the turn before it, as asked for
	locked  bool
}

// turnFeed begins with the reading before the feed is turned; clockwise is positive.
func (g *Guide) turnFeed(h held) {
	g.skew = skewing{seen: []twist{{cnr: h.cnr, locked: true}}}
	g.twist(skewProbe)
}

func (g *Guide) twist(by float64) {
	k := &g.skew
	a := Amount{Minutes, math.Max(0.5, math.Round(math.Abs(by)/float64(ClockMinute)*2)/2), ClockMinute}
	o := Order{Do: DoSkew, Forward: by > 0, Amount: a}
	k.asked = o.signed()
	g.ask(o)
}

// turned takes the reading after the feed was turned.
func (g *Guide) turned(h held) {
	k := &g.skew
	k.seen = append(k.seen, twist{k.asked, h.cnr, h.locked})
	best := k.fit(float64(g.o.Threshold))
	off := best - k.turn
	switch {
	case len(k.seen) == 2 && h.cnr < k.seen[0].cnr+1:
		g.twist(-skewProbe - k.turn)
	case math.Abs(off) > goodSkew && len(k.seen) <= mostTurns:
		g.twist(clip(off, mostSkew))
	default:
		g.straight(h)
	}
}

// straight goes on when the feed is straight.
func (g *Guide) straight(h held) {
	k := &g.skew
	k.over = true
	g.phase = PhasePeak
	if !h.locked {
		g.relocate(h)
		return
	}
	// Under another polarisation C/N does not quite follow the beam.
	t, w := &g.trail, float64(g.o.Beamwidth)
	gained := math.Abs(h.cnr - k.seen[0].cnr)
	*t = t.after(h.cnr, 12/w/w, 1.3*math.Hypot(t.sigma[0], t.sigma[1])+0.03*w*gained)
	t.add(g.sampled(sample{}, h))
	if t.fit(g.o) {
		g.next(h)
		return
	}
	g.first()
}

// fit returns where the feed should be, degrees from the start, and sets where it is:
// 1/(C/N) = A/cos² + x·tan², with the place of the peak, A and x by a grid, and each turn
// one way or, less likely, the other.
func (k *skewing) fit(threshold float64) float64 {
	best, least := 0.0, math.Inf(1)
	for flips := range 1 << (len(k.seen) - 1) {
		at, turn := k.places(flips)
		extra := 2 * math.Log(mistakeOdds) * float64(bits.OnesCount(uint(flips)))
		if extra > 5*math.Log(mistakeOdds) || extra > least {
			continue
		}
		if place, v := k.grid(at, threshold); v+extra < least {
			best, least, k.turn = place, v+extra, turn
		}
	}
	return best
}

// places is where the feed was at each reading when the turns of the bits went wrong.
func (k *skewing) places(flips int) (at []float64, turn float64) {
	for i, s := range k.seen {
		if i > 0 && flips>>(i-1)&1 == 1 {
			turn -= s.by
		} else {
			turn += s.by
		}
		at = append(at, turn)
	}
	return at, turn
}

// grid is the place of the peak that fits the readings best.
func (k *skewing) grid(at []float64, threshold float64) (best, least float64) {
	top := math.Inf(-1)
	for _, s := range k.seen {
		if s.locked {
			top = max(top, s.cnr)
		}
	}
	least = math.Inf(1)
	for place := -mostSkew; place <= mostSkew; place++ {
		for up := 0.0; up <= 6; up += 0.5 {
			for _, x := range []float64{0, 0.3, 1} {
				v := place * place / 2000 // about 30° beforehand
				for i, s := range k.seen {
					if v > least {
						break
					}
					v += s.miss(at[i]-place, top+up, x, threshold)
				}
				if v < least {
					best, least = place, v
				}
			}
		}
	}
	return best, least
}

// miss is the square of what a reading is off from that at a place at degrees from the
// peak, whose height is top, in standard deviations of the reading and the hand.
func (s twist) miss(at, top, x, threshold float64) float64 {
	const reading, hand = 0.15, 1.5 // dB, degrees
	cnr := top - noisier(at, top, x)
	slope := (noisier(at+1, top, x) - noisier(at-1, top, x)) / 2
	off := s.cnr - cnr
	if !s.locked {
		off = max(0, cnr-threshold)
	}
	return off * off / (reading*reading + hand*hand*slope*slope)
}

// noisier is by how much C/N is lower than at the peak.
func noisier(off, top, x float64) float64 {
	c := math.Cos(Degrees(min(math.Abs(off), 80)).rad())
	a := math.Pow(10, -top/10)
	return top + 10*math.Log10(a/(c*c)+x*(1/(c*c)-1))
}
