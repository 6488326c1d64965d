package dish

import (
	"fmt"
	"math"
	"slices"
)

// misses returns by how many standard deviations each pose misses its constraints.
func (f *calibration) misses(g []float64) []float64 {
	kept := f.w
	f.w = slices.Repeat([]float64{1}, len(f.poses))
	out := make([]float64, 3*len(f.poses)+known)
	f.off(g, out)
	f.w = kept
	sizes := make([]float64, len(f.poses))
	for i := range sizes {
		sizes[i] = math.Sqrt(squares(out[3*i:3*i+3]) / 3)
	}
	return sizes
}

// scale is by what factor the sensors are noisier than usual ones, by the middle miss.
func scale(sizes []float64) float64 {
	sorted := slices.Sorted(slices.Values(sizes))
	return sorted[len(sorted)/2] / 0.888 // of the root of chi square with 3 degrees, by 3
}

// weigh leaves out the poses that miss by far more than the middle one: iron was near,
// or the board was moved.
func (f *calibration) weigh(g []float64) {
	sizes := f.misses(g)
	limit := 4 * max(scale(sizes), 0.3)
	for i, v := range sizes {
		t := v / limit
		f.w[i] = max(0, 1-t*t*t*t)
	}
}

// compass makes a compass of what was fitted, or says why it is none.
func (f *calibration) compass(g []float64, normal matrix) (*Compass, error) {
	sizes := f.misses(g)
	noisier := scale(sizes)
	c := &Compass{hard: [3]float64(g[atHard:atBias]), bias: [3]float64(g[atBias:atGain]), gain: [3]float64(g[atGain:known])}
	for i := range 3 {
		c.turn[i] = [3]float64(g[3*i : 3*i+3])
	}
	for _, w := range f.w {
		if w > 0.3 {
			c.Used++
		}
	}
	switch {
	case dotted(c.turn[0], crossed(c.turn[1], c.turn[2])) <= 0:
		return nil, fmt.Errorf("%w: they are mirrored; an axis or the dip has the wrong sign", ErrNoField)
	case noisier > unlikely:
		return nil, fmt.Errorf("%w: off by %.1f times the noise", ErrNoField, noisier)
	case c.Used < fewPoses || 4*c.Used < 3*len(f.poses):
		return nil, fmt.Errorf("%w: only %d of %d poses agree", ErrNoField, c.Used, len(f.poses))
	}
	inverse, err := normal.inverse()
	if err != nil {
		return nil, ErrFlat
	}
	flat := f.total * math.Cos(f.dip)
	noise := math.Hypot(magnetNoise/flat, leanNoise*math.Tan(f.dip))
	c.Noise = degrees(max(noisier, 0.3) * noise)
	c.Error = degrees(max(noisier, 1) * f.spread(g, inverse))
	if !(c.Error < vagueHeading) {
		return nil, fmt.Errorf("%w (headings good to %.1f degrees only)", ErrFlat, float64(c.Error))
	}
	return c, nil
}

// spread returns the standard deviation of a heading that comes of the calibration's own
// error, in the mean of a board that lies about level in all directions.
func (f *calibration) spread(g []float64, inverse matrix) float64 {
	var sum float64
	const directions = 12
	for i := range directions {
		s, c := math.Sincos(2 * math.Pi * float64(i) / directions)
		p := f.reading(g, [3]float64{f.total * math.Cos(f.dip) * c, f.total * math.Cos(f.dip) * s, f.total * math.Sin(f.dip)})
		base, slope := headingOf(g, p), make([]float64, known)
		moved := slices.Clone(g)
		for k := range slope {
			const step = 1e-5
			moved[k] += step
			slope[k] = math.Remainder(headingOf(moved, p)-base, 2*math.Pi) / step
			moved[k] = g[k]
		}
		for k := range slope {
			sum += slope[k] * inner(inverse[k], slope)
		}
	}
	return math.Sqrt(sum / directions)
}

// reading is what the sensors show when the board is level and the field is as given.
func (f *calibration) reading(g []float64, field [3]float64) Pose {
	normal, b := newMatrix(3), make([]float64, 3)
	for i := range 3 {
		for j := range 3 {
			b[i] += g[3*j+i] * field[j]
			for k := range 3 {
				normal[i][j] += g[3*k+i] * g[3*k+j]
			}
		}
	}
	var p Pose
	if l, err := normal.cholesky(); err == nil {
		copy(p.Magnetic[:], l.solved(b))
	}
	for i := range 3 {
		p.Magnetic[i] += g[atHard+i]
		p.Up[i] = g[atBias+i]
	}
	p.Up[2] -= 1 / g[atGain+2]
	return p
}

// headingOf is the angle from magnetic north to the board's forward axis, in radians.
func headingOf(g []float64, p Pose) float64 {
	field, up := corrected(g, p)
	east := crossed(field, up) // down × field
	north := crossed(east, [3]float64{-up[0], -up[1], -up[2]})
	u := length(up)
	return math.Atan2(east[0]*u, north[0])
}

// Heading returns where the board's forward axis points, from true north clockwise,
// 0 … 360, whatever its tilt. The error is ErrVertical when there is no such direction.
func (c *Compass) Heading(p Pose, declination Degrees) (Degrees, error) {
	if err := p.check(); err != nil {
		return 0, err
	}
	g := make([]float64, 0, known)
	for _, row := range c.turn {
		g = append(g, row[:]...)
	}
	g = append(append(append(g, c.hard[:]...), c.bias[:]...), c.gain[:]...)
	field, up := corrected(g, p)
	flat := length(crossed(field, up)) / max(length(field)*length(up), 1e-9)
	if !within(length(up), 0.5, 1.5) || flat < 0.02 || math.Abs(up[0]) > 0.9998*length(up) {
		return 0, ErrVertical
	}
	h := math.Mod(float64(degrees(headingOf(g, p))+declination)+720, 360)
	return Degrees(h), nil
}
