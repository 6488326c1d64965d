package dish

import "math"

// skewing finds the turn of the feed by three readings.
type skewing struct {
	over   bool
	before float64 // C/N when it began
	at     [3]float64
	cnr    [3]float64
	count  int
	turn   float64 // where the feed is, degrees from the start, as asked for
}

const (
	// ClockMinute is how a feed is turned: by minutes of a clock's face.
	ClockMinute Degrees = 6
	skewProbe           = 12.0 // degrees to either side
	mostSkew            = 30.0
)

func (k *skewing) begin(g *Guide, h held) {
	*k = skewing{before: h.cnr, count: 1}
	k.cnr[0] = h.cnr
	k.ask(g, skewProbe)
}

// ask turns the feed; clockwise is positive.
func (k *skewing) ask(g *Guide, by float64) {
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
	if k.over { // the last turn is done
		g.skewed(h, c)
		return
	}
	k.at[k.count], k.cnr[k.count] = k.turn, c
	k.count++
	if k.count == 2 {
		k.ask(g, -skewProbe-k.turn)
		return
	}
	k.over = true
	k.ask(g, k.best()-k.turn)
}

// best is where C/N is highest: noise over signal goes with the square of the tangent of
// the angle, so that its reciprocal is a parabola near the best.
func (k *skewing) best() float64 {
	var inv [3]float64
	for i, c := range k.cnr {
		inv[i] = math.Pow(10, -c/10)
	}
	// The parabola through three points.
	a, b, c := k.at[0], k.at[1], k.at[2]
	d1, d2 := (inv[1]-inv[0])/(b-a), (inv[2]-inv[0])/(c-a)
	bend := (d1 - d2) / (b - c)
	if !(bend > 0) {
		best := 0
		for i := range k.cnr {
			if k.cnr[i] > k.cnr[best] {
				best = i
			}
		}
		return k.at[best]
	}
	return clip(a-(d1-bend*(b-a))/(2*bend), mostSkew)
}

// skewed goes on with the peak: earlier samples are as much better as this one is.
func (g *Guide) skewed(h held, c float64) {
	g.phase = PhasePeak
	t := &g.trail
	if !h.locked {
		g.relocate(h)
		return
	}
	for i := range t.samples {
		t.samples[i].cnr += c - g.skew.before
	}
	t.c0 += c - g.skew.before
	if t.fit(g.o) {
		g.next(h)
		return
	}
	g.first()
}
