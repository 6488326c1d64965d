package dish

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A guess is cross-elevation and elevation in degrees and the logarithm of A.
type guess []float64

// dips writes by how many dB each reading is weaker than without the Sun.
func (f *transit) dips(g guess, out []float64) {
	axis, strength := boresightOf(g[0], g[1]), math.Exp(min(g[2], 60))
	for i, s := range f.suns {
		half := s.minus(axis).norm() / 2
		out[i] = 10 / math.Ln10 * math.Log1p(strength*f.beam.at(2*math.Asin(min(half, 1))))
	}
}

// boresightOf is the direction that is so many degrees to the right and up.
func boresightOf(right, up float64) vec {
	sr, cr := math.Sincos(right * math.Pi / 180)
	su, cu := math.Sincos(up * math.Pi / 180)
	return vec{sr * cu, su, cr * cu}
}

// levels returns by how much each reading is off from what g says with the clear sky of
// each day that fits best, and what g says.
func (f *transit) levels(g guess) (off, says []float64) {
	off, says = make([]float64, len(f.cnr)), make([]float64, len(f.cnr))
	clear, weight := make([]float64, f.days), make([]float64, f.days)
	f.dips(g, off)
	for i, w := range f.w {
		clear[f.day[i]] += w * (f.cnr[i] + off[i])
		weight[f.day[i]] += w
	}
	for d := range clear {
		clear[d] /= max(weight[d], 1e-9)
	}
	for i := range off {
		says[i] = clear[f.day[i]] - off[i]
		off[i] = f.cnr[i] - says[i]
	}
	return off, says
}

// off writes by how much each reading differs from what g says, weighted.
func (f *transit) off(g []float64, out []float64) {
	off, _ := f.levels(g)
	for i := range out {
		out[i] = math.Sqrt(f.w[i]) * off[i]
	}
}

// fitted is one minimum.
type fitted struct {
	g      guess
	cost   float64
	normal matrix
	noise  float64
}

// find starts on all sides of the satellite with a part of the readings, and goes on
// from the two best minima with all.
func (f *transit) find() (Boresight, error) {
	width := f.beam.step * fillSteps * 180 / math.Pi
	coarse := f.thinned(coarseSights)
	var found []fitted
	for _, start := range starts(width) {
		if m, ok := coarse.from(start, width, 3); ok {
			found = append(found, m)
		}
	}
	best, second := ranked(found, width)
	var last []fitted
	for _, c := range []fitted{best, second} {
		if c.g == nil {
			continue
		}
		if m, ok := f.from(c.g, width, 5); ok {
			last = append(last, m)
		}
	}
	if best, second = ranked(last, width); best.g == nil {
		return Boresight{}, ErrNoSun
	}
	return f.told(best, second, width)
}

// dayScatter is by what factor the noise of days may differ by chance.
const dayScatter = 1.25

// coarseSights is about how many readings the search begins with.
const coarseSights = 250

// thinned returns a fit of every n-th reading.
func (f *transit) thinned(about int) *transit {
	n := max(1, len(f.cnr)/about)
	c := &transit{days: f.days, floor: f.floor, beam: f.beam}
	for i := 0; i < len(f.cnr); i += n {
		c.suns, c.cnr, c.day = append(c.suns, f.suns[i]), append(c.cnr, f.cnr[i]), append(c.day, f.day[i])
	}
	return c
}

// ranked returns the best minimum and the best that is elsewhere.
func ranked(found []fitted, width float64) (best, second fitted) {
	slices.SortFunc(found, func(a, b fitted) int { return cmp.Compare(a.cost, b.cost) })
	for _, m := range found {
		switch {
		case best.g == nil:
			best = m
		case second.g == nil && apart(m.g, best.g) > 0.02*width:
			second = m
		}
	}
	return best, second
}

func apart(a, b guess) float64 { return math.Hypot(a[0]-b[0], a[1]-b[1]) }

// starts are five places; the strength of the Sun is found from anywhere.
func starts(width float64) (list []guess) {
	for _, at := range [][2]float64{{0, 0}, {0.3, 0.3}, {0.3, -0.3}, {-0.3, 0.3}, {-0.3, -0.3}} {
		list = append(list, guess{at[0] * width, at[1] * width, math.Log(10)})
	}
	return list
}

// from goes downhill from one start, leaving out in turns what is too near the limit of
// the lock and what is far off.
func (f *transit) from(g guess, width float64, rounds int) (fitted, bool) {
	f.w = slices.Repeat([]float64{1}, len(f.cnr))
	pr := problem{len(f.cnr), []float64{1e-5, 1e-5, 1e-5}, f.off}
	m := fitted{g: slices.Clone(g)}
	for range rounds {
		var err error
		if m.cost, m.normal, err = pr.minimum(m.g); err != nil || !f.plausible(m.g, width) {
			return fitted{}, false
		}
		m.noise = f.weigh(m.g)
	}
	m.cost = f.worth(m)
	return m, true
}

func (f *transit) plausible(g guess, width float64) bool {
	return math.Hypot(g[0], g[1]) < farthest*width && within(g[2], -7, 12)
}

// weigh sets the weights by the distances from what g says, and returns the noise.
func (f *transit) weigh(g guess) float64 {
	off, says := f.levels(g)
	var sizes []float64
	for i := range off {
		if f.w[i] > 0 {
			sizes = append(sizes, math.Abs(off[i]))
		}
	}
	if len(sizes) == 0 {
		return math.Inf(1)
	}
	slices.Sort(sizes)
	noise := max(1.4826*sizes[len(sizes)/2], 0.05) // a tuner counts in tenths
	for i := range off {
		t := off[i] / noise / 5
		f.w[i] = max(0, 1-t*t)
		f.w[i] *= f.w[i]
		if says[i] < f.floor+overFloor*noise {
			f.w[i] = 0
		}
	}
	f.doubt(off)
	return noise
}

// doubt takes weight from the days that fit worse than the middle one: there it rained.
func (f *transit) doubt(off []float64) {
	sum, weight := make([]float64, f.days), make([]float64, f.days)
	for i, w := range f.w {
		if w > 0 {
			v := min(math.Abs(off[i]), 1)
			sum[f.day[i]], weight[f.day[i]] = sum[f.day[i]]+v*v, weight[f.day[i]]+1
		}
	}
	var all []float64
	for d := range sum {
		sum[d] /= max(weight[d], 1)
		if weight[d] > 0 {
			all = append(all, sum[d])
		}
	}
	if len(all) < 3 {
		return
	}
	slices.Sort(all)
	usual := all[(len(all)-1)/2]
	for i := range f.w {
		if k := usual * dayScatter / max(sum[f.day[i]], 1e-9); k < 1 {
			f.w[i] *= k * k * k
		}
	}
}

// worth is the sum of the squares of what all readings are off, so that minima with
// other weights can be compared; those far off count alike.
func (f *transit) worth(m fitted) float64 {
	off, _ := f.levels(m.g)
	var sum float64
	for _, v := range off {
		v = min(math.Abs(v), 1)
		sum += v * v
	}
	return sum
}

// told makes an answer of the best minimum, or says why there is none.
func (f *transit) told(m, second fitted, width float64) (Boresight, error) {
	inverse, err := m.normal.inverse()
	if err != nil {
		return Boresight{}, ErrNoSun
	}
	b := Boresight{CrossElevation: Degrees(m.g[0]), Elevation: Degrees(m.g[1]), Noise: DB(m.noise),
		Depth: DB(10 / math.Ln10 * math.Log1p(math.Exp(m.g[2])))}
	deepest, seen, dips := make([]float64, f.days), 0.0, make([]float64, len(f.cnr))
	f.dips(m.g, dips)
	for i, d := range dips {
		if f.w[i] > 0 {
			b.Used++
			deepest[f.day[i]] = max(deepest[f.day[i]], d)
			seen += d * d
		}
	}
	for _, d := range deepest {
		if d > 3*m.noise {
			b.Days++
		}
	}
	b.Sigma = Degrees(m.noise * math.Sqrt(max(inverse[0][0], inverse[1][1])))
	switch {
	case seen < clearDip*clearDip*m.noise*m.noise || b.Days == 0:
		return Boresight{}, ErrNoSun
	case second.g != nil && (second.cost-m.cost)/(m.noise*m.noise) < 16:
		return Boresight{}, ErrTwoWays
	case b.Days < 2:
		return Boresight{}, ErrTwoWays
	case !(float64(b.Sigma) < vague*width):
		return Boresight{}, fmt.Errorf("%w clearly enough: good to %.2f degrees only", ErrNoSun, float64(b.Sigma))
	}
	return b, nil
}
