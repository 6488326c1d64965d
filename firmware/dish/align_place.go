package dish

import "math"

// place is one answer of a fit.
type place struct {
	cost    float64
	p       []float64
	inverse matrix
	flips   uint // bit by sample
}

// fit says where the dish points now. It is false when the samples say nothing.
func (t *trail) fit(o AlignOpts) bool {
	f := &trailFit{trail: t, bend: 12 / float64(o.Beamwidth*o.Beamwidth), threshold: float64(o.Threshold)}
	f.weigh()
	found := f.places(o, nil)
	if len(found) == 0 {
		return false
	}
	const doubtful = 8 // twice the logarithm of the odds of a mistake
	if _, known := f.flips(); least(found).cost-known > doubtful {
		found = f.mistakes(o, found)
	}
	best := least(found)
	f.flip(best.flips)
	t.settle(f, best, found)
	return true
}

func least(found []place) place {
	best := found[0]
	for _, c := range found {
		if c.cost < best.cost {
			best = c
		}
	}
	return best
}

// flips is the bits of the moves that are held for mistaken, and what they cost.
func (f *trailFit) flips() (bits uint, cost float64) {
	for i := range f.samples {
		if f.samples[i].flipped {
			bits |= 1 << i
			cost += 2 * math.Log(mistakeOdds)
		}
	}
	return bits, cost
}

// places goes downhill in each quadrant and adds what it finds.
func (f *trailFit) places(o AlignOpts, found []place) []place {
	bits, extra := f.flips()
	for _, q := range [][2]int{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}} {
		p := f.begin(float64(o.Beamwidth), q[0], q[1])
		pr := problem{count: f.residualCount(), step: make([]float64, len(p)), residuals: f.residuals}
		for i := range pr.step {
			pr.step[i] = 1e-5
		}
		pr.step[atDrift] = 1e-8
		cost, normal, err := pr.minimum(p)
		if err != nil {
			continue
		}
		if inverse, err := normal.inverse(); err == nil {
			found = append(found, place{cost + extra, p, inverse, bits})
		}
	}
	return found
}

// mistakes tries for each of the last moves whether it went the wrong way, alone or
// besides those that are already held for mistaken.
func (f *trailFit) mistakes(o AlignOpts, found []place) []place {
	const last = 6
	known, _ := f.flips()
	tried := map[uint]bool{known: true}
	try := func(flips uint) {
		if !tried[flips] {
			tried[flips] = true
			f.flip(flips)
			found = f.places(o, found)
		}
	}
	try(0)
	for i := max(1, len(f.samples)-last); i < len(f.samples); i++ {
		if f.samples[i].by != 0 {
			try(1 << i)
			try(known ^ 1<<i)
		}
	}
	f.flip(known)
	return found
}

// flip sets which moves are held for mistaken.
func (f *trailFit) flip(flips uint) {
	for i := range f.samples {
		f.samples[i].flipped = flips>>i&1 == 1
	}
}

// settle takes the best place over; the others add to its error as far as they are likely.
func (t *trail) settle(f *trailFit, best place, found []place) {
	t.est, t.sigma = f.end(best)
	t.play = [2]float64{math.Abs(best.p[atBackX]), math.Abs(best.p[atBackY])}
	t.gap = f.path(best.p, func(int, float64, float64) {})
	t.top, t.topErr = best.p[atTop], math.Sqrt(best.inverse[atTop][atTop])
	t.tilt = Gauge{true, Degrees(best.p[atTilt]), Degrees(math.Sqrt(best.inverse[atTilt][atTilt]))}
	var weight float64
	var sum [2]float64
	for _, c := range found {
		w := math.Exp((best.cost - c.cost) / 2)
		if w < 1e-3 {
			continue
		}
		f.flip(c.flips)
		est, sigma := f.end(c)
		weight += w
		for axis := range sum {
			d := est[axis] - t.est[axis]
			sum[axis] += w * (d*d + sigma[axis]*sigma[axis])
		}
	}
	f.flip(best.flips)
	for axis := range sum {
		t.sigma[axis] = math.Sqrt(sum[axis] / weight)
	}
	t.now = Gauge{Known: true, Angle: Degrees(math.Hypot(t.est[0], t.est[1])), Error: Degrees(math.Hypot(t.sigma[0], t.sigma[1]))}
}

// end is the last place and its error, which is that of the first place and of all the
// moves since.
func (f *trailFit) end(c place) (est, sigma [2]float64) {
	f.path(c.p, func(_ int, x, y float64) { est = [2]float64{x, y} })
	for axis := range sigma {
		slope := make([]float64, len(c.p))
		q := append([]float64(nil), c.p...)
		for k := range q {
			q[k] += 1e-5
			f.path(q, func(_ int, x, y float64) { slope[k] = ([2]float64{x, y}[axis] - est[axis]) / 1e-5 })
			q[k] = c.p[k]
		}
		var v float64
		for i := range slope {
			v += slope[i] * inner(c.inverse[i], slope)
		}
		sigma[axis] = math.Sqrt(max(0, v))
	}
	return est, sigma
}
