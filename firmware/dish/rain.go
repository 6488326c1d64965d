package dish

import (
	"fmt"
	"math"

	"periph.io/x/conn/v3/physic"
)

// bell is one of the terms of ITU-R P.838-3: a·exp(-((log f - b)/c)²).
type bell struct{ a, b, c float64 }

// curve is a sum of bells with its straight line m·log f + c.
type curve struct {
	bells []bell
	m, c  float64
}

func (k curve) at(logF float64) float64 {
	v := k.m*logF + k.c
	for _, t := range k.bells {
		q := (logF - t.b) / t.c
		v += t.a * math.Exp(-q*q)
	}
	return v
}

// rainCurves are tables 1 to 4 of ITU-R P.838-3: the logarithm of k, and alpha, for
// horizontal and vertical polarisation.
func rainCurves() (kH, kV, aH, aV curve) {
	return curve{[]bell{{-5.33980, -0.10008, 1.13098}, {-0.35351, 1.26970, 0.45400}, {-0.23789, 0.86036, 0.15354}, {-0.94158, 0.64552, 0.16817}}, -0.18961, 0.71147},
		curve{[]bell{{-3.80595, 0.56934, 0.81061}, {-3.44965, -0.22911, 0.51059}, {-0.39902, 0.73042, 0.11899}, {0.50167, 1.07319, 0.27195}}, -0.16398, 0.63297},
		curve{[]bell{{-0.14318, 1.82442, -0.55187}, {0.29591, 0.77564, 0.19822}, {0.32177, 0.63773, 0.13164}, {-5.37610, -0.96230, 1.47828}, {16.1721, -3.29980, 3.43990}}, 0.67849, -1.95537},
		curve{[]bell{{-0.07771, 2.33840, -0.76284}, {0.56727, 0.95545, 0.54039}, {-0.20238, 1.14520, 0.26809}, {-48.2991, 0.791669, 0.116226}, {48.5833, 0.791459, 0.116479}}, -0.053739, 0.83433}
}

// Rain returns how many dB a kilometre a wave loses in rain, by ITU-R P.838-3. The rate
// is in mm/h; tilt is the angle of the polarisation from the horizontal: 0 for
// horizontal, 90 for vertical, 45 for circular. 1 to 1000 GHz.
func Rain(f physic.Frequency, elevation, tilt Degrees, rate float64) (DB, error) {
	gigahertz := float64(f) / float64(physic.GigaHertz)
	if !within(gigahertz, 1, 1000) || !within(rate, 0, 1000) || !within(float64(elevation), 0, 90) {
		return 0, fmt.Errorf("rain of %v mm/h at %v and %v degrees: out of the range of ITU-R P.838", rate, f, float64(elevation))
	}
	logF := math.Log10(gigahertz)
	ckH, ckV, caH, caV := rainCurves()
	kH, kV := math.Pow(10, ckH.at(logF)), math.Pow(10, ckV.at(logF))
	aH, aV := caH.at(logF), caV.at(logF)
	c := math.Cos(elevation.rad())
	mix := c * c * math.Cos(2*tilt.rad())
	k := (kH + kV + (kH-kV)*mix) / 2
	alpha := (kH*aH + kV*aV + (kH*aH-kV*aV)*mix) / (2 * k)
	return DB(k * math.Pow(rate, alpha)), nil
}
