package dish

import "math"

// ClockMinute is how a feed is turned: by minutes of a clock's face.
const ClockMinute Degrees = 6

const (
	skewProbe = 12.0 // degrees to either side
	mostSkew  = 40.0 // from the start
	goodSkew  = 4.0  // costs 0.02 dB and leaves 23 dB to the other polarisation
	mostTurns = 4
)

// skewing finds the turn of the feed: what comes in of the other polarisation, which is as
// strong as ours or not there, is noise.
type skewing struct {
	over bool
	seen []twist
	turn float64 // where the feed is, degrees from the start, as asked for
}

// twist is one reading.
type twist struct{ at, cnr float64 }

// turnFeed begins with the reading before the feed is turned; clockwise is positive.
func (g *Guide) turnFeed(h held) {
	g.skew = skewing{seen: []twist{{0, h.cnr}}}
	g.twist(skewProbe)
}

func (g *Guide) twist(by float64) {
	k := &g.skew
	a := Amount{Minutes, math.Max(0.5, math.Round(math.Abs(by)/float64(ClockMinute)*2)/2), ClockMinute}
	o := Order{Do: DoSkew, Forward: by > 0, Amount: a}
	k.turn += o.signed()
	g.ask(o)
}

// turned takes the reading after the feed was turned.
func (g *Guide) turned(h held) {
	k := &g.skew
	c := h.cnr
	if !h.locked {
		c = float64(g.o.Threshold) - 1
	}
	k.seen = append(k.seen, twist{k.turn, c})
	if len(k.seen) == 2 {
		if c >= k.seen[0].cnr+1 { // that was the way
			g.straighten(h)
			return
		}
		g.twist(-skewProbe - k.turn)
		return
	}
	g.straighten(h)
}

// straighten turns to the best, or is content.
func (g *Guide) straighten(h held) {
	k := &g.skew
	if off := k.best() - k.turn; math.Abs(off) > goodSkew && len(k.seen) <= mostTurns {
		g.twist(off)
		return
	}
	k.over = true
	g.phase = PhasePeak
	if !h.locked {
		g.relocate(h)
		return
	}
	t := &g.trail
	if gained := h.cnr - k.seen[0].cnr; math.Abs(gained) > 1 {
		// Under another polarisation C/N had not followed the beam.
		*t = trail{c0: h.cnr + 1, c0Sigma: 1.5, before: [2]float64{t.way(0), t.way(1)}}
		t.add(g.sampled(sample{}, h))
		g.first()
		return
	}
	for i := range t.samples {
		t.samples[i].cnr += h.cnr - k.seen[0].cnr
	}
	if t.fit(g.o) {
		g.next(h)
		return
	}
	g.first()
}

// best is where the feed should be: 1/(C/N) = A/cos² + x·tan², with the place of the
// peak, A and x by a grid.
func (k *skewing) best() float64 {
	top := math.Inf(-1)
	for _, s := range k.seen {
		top = max(top, s.cnr)
	}
	best, least := 0.0, math.Inf(1)
	for at := -mostSkew; at <= mostSkew; at++ {
		for up := 0.0; up <= 6; up += 0.5 {
			for _, x := range []float64{0, 0.3, 1} {
				v := at * at / 2000 // about 30° beforehand
				for _, s := range k.seen {
					v += s.miss(at, top+up, x)
				}
				if v < least {
					best, least = at, v
				}
			}
		}
	}
	return best
}

// miss is the square of what a reading is off from the peak at at, of the height top, in
// standard deviations of the reading and the hand.
func (s twist) miss(at, top, x float64) float64 {
	const reading, hand = 0.15, 1.5 // dB, degrees
	at = s.at - at
	slope := (noisier(at+1, top, x) - noisier(at-1, top, x)) / 2
	return math.Pow(s.cnr-top+noisier(at, top, x), 2) / (reading*reading + hand*hand*slope*slope)
}

// noisier is by how much C/N is lower than at the peak.
func noisier(off, top, x float64) float64 {
	c := math.Cos(Degrees(min(math.Abs(off), 80)).rad())
	a := math.Pow(10, -top/10)
	return top + 10*math.Log10(a/(c*c)+x*(1/(c*c)-1))
}
