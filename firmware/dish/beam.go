package dish

import (
	"errors"
	"fmt"
	"math"

	"periph.io/x/conn/v3/physic"
)

// lightSpeed is in metres a second.
const lightSpeed = 299_792_458.0

// ErrDish means that there is no such dish.
var ErrDish = errors.New("no such dish")

// Beamwidth returns the full width of a dish's beam between the points where it is 3 dB
// weaker, by 70·λ/D, the usual figure for a feed that spares the rim.
func Beamwidth(diameter Metres, f physic.Frequency) (Degrees, error) {
	hertz := float64(f) / float64(physic.Hertz)
	if !within(float64(diameter), 0.1, 100) || !within(hertz, 1e8, 1e12) {
		return 0, fmt.Errorf("%w: %v m at %v", ErrDish, diameter, f)
	}
	return Degrees(70 * lightSpeed / hertz / float64(diameter)), nil
}

// PointingLoss returns what a dish loses that points off by off, as long as it is
// within its main beam.
func PointingLoss(off, beamwidth Degrees) DB {
	q := float64(off / beamwidth)
	return DB(12 * q * q)
}

// OffAt returns how far off a dish points that loses loss.
func OffAt(loss DB, beamwidth Degrees) Degrees {
	return beamwidth * Degrees(math.Sqrt(max(0, float64(loss))/12))
}

// SkewLoss returns what a feed loses that is turned by off out of the polarisation.
func SkewLoss(off Degrees) DB { return DB(-20 * math.Log10(math.Abs(math.Cos(off.rad())))) }

// CrossPolar returns by how much the wrong polarisation is weaker than the right one in
// a feed that is turned by off.
func CrossPolar(off Degrees) DB { return DB(-20 * math.Log10(math.Abs(math.Tan(off.rad())))) }

// RimTilt returns by how much less than the satellite's elevation the rim of an offset
// dish leans back: an inclinometer laid over the rim, 0 when it is upright, reads
// elevation - RimTilt. The rim of a section of a paraboloid by a cylinder lies in a
// plane whose slope is the cosine of its width by its height.
func RimTilt(width, height Metres) (Degrees, error) {
	if !within(float64(width), 0.1, 100) || !within(float64(height), float64(width), 2*float64(width)) {
		return 0, fmt.Errorf("%w: rim %v m wide, %v m high", ErrDish, width, height)
	}
	return degrees(math.Acos(float64(width / height))), nil
}
