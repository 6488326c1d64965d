package dish

import (
	"math"
	"slices"
	"time"
)

// mountPath is how one quantity went hour by hour on its way from the first days to the
// last ones.
type mountPath struct {
	change float64
	at     []time.Time
	along  []float64 // in the direction of the change, from 0
	beside []float64 // across it; empty for what has no direction
	steps  []mountStep
}

type mountStep struct {
	at   time.Time
	size float64
}

// A step is a difference between the means of stepSpan before and after a moment: a day, so
// that what comes and goes with the hours falls out.
const (
	stepSpan = 24 * time.Hour
	stepPart = 0.2 // of the change that a step is at least: else it is a slope
	mostStep = 8
)

// along is the path of the inclination in the direction of its change.
func (m *mountTrace) along() mountPath {
	size := math.Hypot(m.el.change, m.lean.change)
	y, x := m.el.change/size, m.lean.change/size
	p := mountPath{change: size}
	for i := range m.hours {
		h := &m.hours[i]
		if !math.IsNaN(h.Elevation + h.Lean) {
			p.at = append(p.at, h.At)
			p.along = append(p.along, h.Elevation*y+h.Lean*x)
			p.beside = append(p.beside, h.Elevation*x-h.Lean*y)
		}
	}
	p.find()
	return p
}

// pathOf is the path of one quantity that changed by change.
func (m *mountTrace) pathOf(get func(*Posture) float64, change float64) mountPath {
	p := mountPath{change: math.Abs(change)}
	for i := range m.hours {
		if v := get(&m.hours[i]); !math.IsNaN(v) {
			p.at = append(p.at, m.hours[i].At)
			p.along = append(p.along, v*math.Copysign(1, change))
		}
	}
	p.find()
	return p
}

// find looks for the largest steps, one after the other.
func (p *mountPath) find() {
	gaps := p.differences()
	var sizes []float64
	for _, g := range gaps {
		if !math.IsNaN(g) {
			sizes = append(sizes, math.Abs(g))
		}
	}
	if len(sizes) == 0 {
		return
	}
	least := max(stepPart*p.change, 4*1.4826*median(sizes))
	for range mostStep {
		best := -1
		for i, g := range gaps {
			if !math.IsNaN(g) && (best < 0 || math.Abs(g) > math.Abs(gaps[best])) {
				best = i
			}
		}
		if best < 0 || math.Abs(gaps[best]) < least {
			break
		}
		p.steps = append(p.steps, mountStep{p.at[best], gaps[best]})
		for i := range gaps {
			if p.at[i].Sub(p.at[best]).Abs() < stepSpan {
				gaps[i] = math.NaN()
			}
		}
	}
	slices.SortFunc(p.steps, func(a, b mountStep) int { return a.at.Compare(b.at) })
}

// differences are, for each hour, the mean of the day from it on less that of the day
// before; NaN where one of them has less than half of its hours.
func (p *mountPath) differences() []float64 {
	sums := make([]float64, len(p.along)+1)
	for i, v := range p.along {
		sums[i+1] = sums[i] + v
	}
	out := make([]float64, len(p.along))
	from, to := 0, 0
	for i := range p.along {
		for p.at[i].Sub(p.at[from]) > stepSpan {
			from++
		}
		for to < len(p.at) && p.at[to].Sub(p.at[i]) < stepSpan {
			to++
		}
		before, after := i-from, to-i
		if out[i] = math.NaN(); before >= fewHours && after >= fewHours {
			out[i] = (sums[to]-sums[i])/float64(after) - (sums[i]-sums[from])/float64(before)
		}
	}
	return out
}

// stepped is the part of the change that came by steps.
func (p *mountPath) stepped() float64 {
	var sum float64
	for _, s := range p.steps {
		sum += s.size
	}
	return sum / p.change
}

// straight says that the way went along one line: to neither side by more than a third.
func (p *mountPath) straight() bool {
	n := len(p.beside)
	if n == 0 {
		return true
	}
	middle := median(p.beside[:max(1, n/8)])
	var off []float64
	for _, v := range p.beside {
		off = append(off, math.Abs(v-middle))
	}
	return median(off) < 0.35*p.change
}

// onset is when it began: with the first step, or where a line that is level first and
// rises from then on fits best.
func (p *mountPath) onset(m *mountTrace) time.Time {
	if len(p.steps) > 0 && p.stepped() >= 0.5 {
		return p.steps[0].at
	}
	const pieces = 60
	best, least := time.Time{}, math.Inf(1)
	for k := range pieces - 5 {
		i := k * len(p.at) / pieces
		if cost := p.kinked(i); cost < least {
			best, least = p.at[i], cost
		}
	}
	return best
}

// kinked is the rest of the squares when the path is level up to i and a slope from there.
func (p *mountPath) kinked(i int) float64 {
	var n, x, y, xx, xy, yy float64
	for j, v := range p.along {
		t := max(0, p.at[j].Sub(p.at[i]).Hours())
		n, x, y, xx, xy, yy = n+1, x+t, y+v, xx+t*t, xy+t*v, yy+v*v
	}
	sxx, sxy, syy := xx-x*x/n, xy-x*y/n, yy-y*y/n
	if sxx <= 0 {
		return syy
	}
	return syy - sxy*sxy/sxx
}

// lasted is how long the change took, as far as the log goes.
func (p *mountPath) lasted(onset time.Time, m *mountTrace) time.Duration {
	return m.hours[len(m.hours)-1].At.Sub(onset)
}

// How wind is told: by hours that shake several times as much as the calm ones, and take C/N
// along.
const (
	windTimes   = 3
	windLeast   = 0.05 // degrees
	windFlutter = 0.3  // dB
	windShare   = 0.03 // of the hours
)

// shaken is the verdict on a dish that the wind shakes.
func (m *mountTrace) shaken() (MountVerdict, bool) {
	var shakes, flutters []float64
	for _, h := range m.hours {
		if !math.IsNaN(h.Shake + h.Flutter) {
			shakes, flutters = append(shakes, h.Shake), append(flutters, h.Flutter)
		}
	}
	if len(shakes) < fewDays*fewHours {
		return MountVerdict{}, false
	}
	slices.Sort(shakes)
	slices.Sort(flutters)
	calm, still := shakes[len(shakes)/3], flutters[len(flutters)/3]
	v := MountVerdict{State: MountWind, Confidence: 0.8}
	n, most, loss := 0, 0.0, 0.0
	for _, h := range m.hours {
		if h.Shake > max(windLeast, windTimes*calm) && h.Flutter > max(windFlutter, 2*still) {
			if n++; v.Onset.IsZero() {
				v.Onset = h.At
			}
			most, loss = max(most, h.Shake), max(loss, h.Flutter)
		}
	}
	v.Clues = append(m.standing(), Clue{"windy_hours", float64(n)}, Clue{"shakes", most}, Clue{"flutters", loss})
	return v, float64(n) >= windShare*float64(len(shakes))
}
