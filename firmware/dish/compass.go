package dish

import (
	"errors"
	"fmt"
	"math"
)

// Pose is one reading of a magnetometer and an accelerometer on one board, along its own
// axes: x forward, y right, z down.
type Pose struct {
	Magnetic [3]float64 // µT
	Up       [3]float64 // g; at rest an accelerometer shows upwards: (0, 0, -1) when level
}

// Yardstick is the field of the Earth where a compass is calibrated, of WMM2025.
type Yardstick struct {
	Total Nanotesla
	Dip   Degrees // below the horizon, in the north positive
}

// Compass turns readings into headings. It never changes and may be shared.
type Compass struct {
	turn  [3][3]float64 // from the magnetometer's to the board's axes, without soft iron
	hard  [3]float64    // µT, what the board's own iron adds
	bias  [3]float64    // g
	gain  [3]float64    // of the accelerometer
	Used  int           // poses that agree
	Noise Degrees       // of a single heading, in the mean of all directions, standard deviation
	Error Degrees       // of the calibration alone
}

// Errors of a calibration.
var (
	ErrFewPoses = errors.New("too few poses")
	ErrFlat     = errors.New("the poses do not cover all directions: turn the board over, and stand it on each side")
	ErrNoField  = errors.New("the readings are not those of the Earth's field: go away from iron and motors")
	ErrVertical = errors.New("no heading: the field or the board's forward axis is upright, or a sensor shows nothing")
)

// Bounds of a calibration.
const (
	// MostPoses bounds the poses of one calibration.
	MostPoses = 5000
	fewPoses  = 20
	// magnetNoise in µT and leanNoise in g are those of usual sensors; they weigh the
	// constraints, the noise itself comes from the fit.
	magnetNoise = 0.25
	leanNoise   = 0.002
	// What boards are like: iron that turns and stretches the field by a fifth, an
	// accelerometer off by 30 mg and 2 %.
	usualIron = 0.25
	usualBias = 0.03
	usualGain = 0.02
	// vagueHeading is the error of the calibration from which on it is none.
	vagueHeading Degrees = 3
	// unlikely is by what factor the constraints may miss more than by noise.
	unlikely = 5
)

// What is fitted, in this order: the turn (9), hard iron (3), bias (3), gain (3).
const (
	atHard = 9
	atBias = 12
	atGain = 15
	known  = 18
)

// calibration holds the constraints of each pose: the field is as strong as the model
// says, gravity is 1, and the angle between them is that of the dip.
type calibration struct {
	poses      []Pose
	total, dip float64   // µT, radians
	w          []float64 // weight of each pose
}

// CalibrateCompass fits hard and soft iron, the turn between the sensors and the
// accelerometer's bias and gain to poses all around, for which no heading is known:
// strength and dip of the field say enough. Poses that disagree are left out. It is good
// to 0.1° to 0.4°; what remains is the noise of a single reading. The errors are
// ErrFewPoses, ErrFlat and ErrNoField, or tell of a number out of range.
func CalibrateCompass(y Yardstick, poses []Pose) (*Compass, error) {
	if err := checkPoses(y, poses); err != nil {
		return nil, err
	}
	f := &calibration{poses: poses, total: float64(y.Total) / 1000, dip: y.Dip.rad(), w: make([]float64, len(poses))}
	g := f.start()
	for i := range f.w {
		f.w[i] = 1
	}
	pr := problem{count: 3*len(poses) + known, step: make([]float64, known), residuals: f.off}
	for i := range pr.step {
		pr.step[i] = 1e-6
	}
	var normal matrix
	for range 6 {
		var err error
		if _, normal, err = pr.minimum(g); err != nil {
			return nil, ErrFlat
		}
		f.weigh(g)
	}
	return f.compass(g, normal)
}

func checkPoses(y Yardstick, poses []Pose) error {
	switch {
	case !within(float64(y.Total), 15_000, 80_000):
		return fmt.Errorf("field %v nT: want 15000 to 80000", float64(y.Total))
	case !within(float64(y.Dip), -88, 88):
		return fmt.Errorf("dip %v degrees: want -88 to 88", float64(y.Dip))
	case len(poses) < fewPoses:
		return fmt.Errorf("%w: %d, want %d", ErrFewPoses, len(poses), fewPoses)
	case len(poses) > MostPoses:
		return fmt.Errorf("%d poses: want %d at most", len(poses), MostPoses)
	}
	for i, p := range poses {
		if err := p.check(); err != nil {
			return fmt.Errorf("pose %d: %w", i+1, err)
		}
	}
	return nil
}

func (p Pose) check() error {
	for i := range 3 {
		if !within(p.Magnetic[i], -2000, 2000) || !within(p.Up[i], -4, 4) {
			return fmt.Errorf("%v µT, %v g", p.Magnetic, p.Up)
		}
	}
	return nil
}

// start is the sphere through the readings: its middle is the hard iron.
func (f *calibration) start() []float64 {
	g := make([]float64, known)
	normal, b := newMatrix(4), make([]float64, 4)
	for _, p := range f.poses {
		row := [4]float64{2 * p.Magnetic[0], 2 * p.Magnetic[1], 2 * p.Magnetic[2], f.total}
		square := p.Magnetic[0]*p.Magnetic[0] + p.Magnetic[1]*p.Magnetic[1] + p.Magnetic[2]*p.Magnetic[2]
		for i := range row {
			b[i] += row[i] * square
			for j := range row {
				normal[i][j] += row[i] * row[j]
			}
		}
	}
	for i := range 3 {
		g[4*i], g[atGain+i] = 1, 1
	}
	l, err := normal.cholesky()
	if err != nil {
		return g // flat: the fit will say so
	}
	middle := l.solved(b)
	copy(g[atHard:], middle[:3])
	radius := math.Sqrt(math.Abs(middle[3]*f.total + middle[0]*middle[0] + middle[1]*middle[1] + middle[2]*middle[2]))
	for i := range 3 {
		g[4*i] = f.total / max(radius, f.total/3)
	}
	return g
}

// corrected returns field and up along the board's axes, in µT and g.
func corrected(g []float64, p Pose) (field, up [3]float64) {
	for i := range 3 {
		for j := range 3 {
			field[i] += g[3*i+j] * (p.Magnetic[j] - g[atHard+j])
		}
		up[i] = g[atGain+i] * (p.Up[i] - g[atBias+i])
	}
	return field, up
}

// off writes what each pose misses of its three constraints, and what the whole is off
// from a usual board, in standard deviations.
func (f *calibration) off(g, out []float64) {
	angleNoise := math.Hypot(magnetNoise/f.total, leanNoise)
	for i, p := range f.poses {
		field, up := corrected(g, p)
		m, u := length(field), length(up)
		w := math.Sqrt(f.w[i])
		out[3*i] = w * (m - f.total) / magnetNoise
		out[3*i+1] = w * (u - 1) / leanNoise
		// The angle from up to the field is 90° and the dip.
		angle := math.Atan2(length(crossed(field, up)), dotted(field, up))
		out[3*i+2] = w * (angle - math.Pi/2 - f.dip) / angleNoise
	}
	rest := out[3*len(f.poses):]
	for i := range known {
		switch {
		case i < atHard && i%4 == 0:
			rest[i] = (g[i] - 1) / usualIron
		case i < atHard:
			rest[i] = g[i] / usualIron
		case i < atBias:
			rest[i] = g[i] / 1000
		case i < atGain:
			rest[i] = g[i] / usualBias
		default:
			rest[i] = (g[i] - 1) / usualGain
		}
	}
}

func length(a [3]float64) float64 { return math.Sqrt(dotted(a, a)) }

func dotted(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func crossed(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}
