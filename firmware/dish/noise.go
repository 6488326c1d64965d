package dish

import "math"

// BeamFill returns which part of a beam, taken as a Gaussian, a uniform disc fills whose
// middle is off by off, 0 … 1.
func BeamFill(beamwidth, off, radius Degrees) float64 {
	k := 4 * math.Ln2 / float64(beamwidth*beamwidth)
	const steps = 128 // even, for Simpson's rule
	var sum float64
	for i := range steps + 1 {
		u := math.Pi * (float64(i)/steps - 0.5)
		s, c := math.Sincos(u)
		x := float64(off) + float64(radius)*s
		weight := 2.0 + 2*float64(i%2)
		if i == 0 || i == steps {
			weight = 1
		}
		sum += weight * math.Exp(-k*x*x) * math.Erf(math.Sqrt(k)*float64(radius)*c) * float64(radius) * c
	}
	return math.Sqrt(k/math.Pi) * sum * math.Pi / steps / 3
}

// SunNoise returns by how much C/N falls when the Sun, of a brightness in kelvin at the
// frequency received, is off from the axis of a beam, for a system noise temperature
// in kelvin and the part of its power that the dish puts into the main beam (0 … 1).
// The quiet Sun has some 9,000 to 20,000 K in the Ku band and up to 45,000 K in the
// C band, of the wide disc that is seen there.
func SunNoise(beamwidth, off, radius Degrees, brightness, efficiency, system float64) DB {
	return DB(10 * math.Log10(1+efficiency*BeamFill(beamwidth, off, radius)*brightness/system))
}
