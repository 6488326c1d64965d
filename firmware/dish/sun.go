package dish

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Constants of the Sun's way.
const (
	astronomicalUnit = 149_597_870_700.0
	lightDay         = 499.004784 // seconds for one astronomical unit
	day              = 86400.0
	millennium       = 365250 * day
	// dynamicLag is TT - UTC since 2017. The Sun moves 0.04" a second, so leap seconds
	// to come do not matter.
	dynamicLag = 69.184
	// SunRadius is half of the Sun's width, seen from the Earth at its mean distance.
	SunRadius Degrees = 0.2666
)

const arcsec = math.Pi / (180 * 3600)

// since returns the seconds from 2000-01-01 12:00 UTC, to some 0.1 µs.
func since(t time.Time) float64 {
	d := t.Sub(time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)) // saturates after 292 years
	return d.Seconds()
}

func moment(sec float64) time.Time {
	whole := math.Floor(sec)
	return time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(whole)*time.Second + time.Duration((sec-whole)*1e9))
}

// spin is the Earth rotation angle of IAU 2000 at sec, with UT1 = UTC (within 0.9 s,
// 14" of an hour angle; forecasts of the difference do not reach far).
func spin(sec float64) float64 {
	d := sec / day
	_, part := math.Modf(d)
	return 2 * math.Pi * math.Mod(0.7790572732640+0.00273781191135448*d+part, 1)
}

// spinRate is how fast the Earth turns, in radians a second.
const spinRate = 2 * math.Pi * 1.00273781191135448 / day

// Sun returns where the middle of the Sun stands, without refraction. It takes UT1 for
// UTC. The error is below 0.0001 degrees from 1972 to 2060; the time must be within
// 250 years of 2000.
func Sun(t time.Time, p Place) (azimuth, elevation Degrees) {
	h := p.horizon()
	sec := since(t)
	azimuth, elevation, _ = h.angles(apparentSun(sec).turned(spin(sec)).minus(h.at))
	return azimuth, elevation
}

// apparentSun returns the Sun as it is seen from the middle of the Earth, light time and
// aberration included, in metres. Its equator is that of date, and its longitudes are
// counted from where the Earth rotation angle is, so that turned(spin) makes it a
// vector of the turning Earth.
func apparentSun(sec float64) vec {
	tt := sec + dynamicLag
	e := theEarth()
	far := e.distance.at(tt / millennium)
	// The Sun's aberration is that it is seen where it was, relative to the Earth.
	t := (tt - lightDay*far) / millennium
	v := equatorial(polar(e.longitude.at(t)+math.Pi, -e.latitude.at(t), e.distance.at(t)*astronomicalUnit))
	return ofDate(v, 10*tt/millennium)
}

// equatorial turns a vector of VSOP87 into the mean equator and equinox of J2000 (FK5),
// by the matrix that comes with VSOP87.
func equatorial(v vec) vec {
	return vec{
		v.x + 0.000000440360*v.y - 0.000000190919*v.z,
		-0.000000479966*v.x + 0.917482137087*v.y - 0.397776982902*v.z,
		0.397776982902*v.y + 0.917482137087*v.z,
	}
}

// ofDate applies precession (IAU 2006, Capitaine, Wallace & Chapront 2003) and nutation
// to a vector of J2000, at t centuries TT, and counts longitudes from the Earth
// rotation angle.
func ofDate(v vec, t float64) vec {
	zeta := (2.650545 + t*(2306.083227+t*(0.2988499+t*0.01801828))) * arcsec
	z := (-2.650545 + t*(2306.077181+t*(1.0927348+t*0.01826837))) * arcsec
	theta := t * (2004.191903 - t*(0.4294934+t*0.04182264)) * arcsec
	v = v.turned(-zeta).tippedY(theta).turned(-z)

	mean := (84381.406 - t*(46.836769+t*(0.0001831-t*0.00200340))) * arcsec
	dPsi, dEps, node := nutation(t)
	v = v.tippedX(mean).turned(-dPsi).tippedX(-mean - dEps)

	// Sidereal time less Earth rotation angle, equation of the equinoxes included.
	origins := (0.014506+t*(4612.156534+t*1.3915817))*arcsec + dPsi*math.Cos(mean) + 0.00264*arcsec*math.Sin(node)
	return v.turned(origins)
}

func (a vec) tippedX(rad float64) vec {
	s, c := math.Sincos(rad)
	return vec{a.x, c*a.y + s*a.z, c*a.z - s*a.y}
}

func (a vec) tippedY(rad float64) vec {
	s, c := math.Sincos(rad)
	return vec{c*a.x - s*a.z, a.y, c*a.z + s*a.x}
}

// wobble is one term of the nutation: multiples of the five arguments, then the sine in
// longitude and the cosine in obliquity, in 0.1 mas.
type wobble struct {
	l, lp, f, d, node float64
	psi, eps          float64
}

// wobbles are the terms of the IAU 2000 nutation above 4 mas (IERS Conventions 2010,
// tables 5.3a and b); those left out add up to less than 0.03".
func wobbles() [21]wobble {
	return [21]wobble{
		{0, 0, 0, 0, 1, -172064, 92052}, {0, 0, 2, -2, 2, -13171, 5730}, {0, 0, 2, 0, 2, -2276, 978}, {0, 0, 0, 0, 2, 2075, -897},
		{0, 1, 0, 0, 0, 1476, 74}, {0, 1, 2, -2, 2, -517, 224}, {1, 0, 0, 0, 0, 711, -7}, {0, 0, 2, 0, 1, -387, 201},
		{1, 0, 2, 0, 2, -301, 129}, {0, -1, 2, -2, 2, 216, -96}, {0, 0, 2, -2, 1, 128, -69}, {-1, 0, 2, 0, 2, 123, -53},
		{-1, 0, 0, 2, 0, 157, -1}, {1, 0, 0, 0, 1, 63, -33}, {-1, 0, 0, 0, 1, -58, 31}, {-1, 0, 2, 2, 2, -60, 26},
		{1, 0, 2, 0, 1, -52, 26}, {-2, 0, 2, 0, 1, 46, -24}, {0, 0, 0, 2, 0, 63, -1}, {0, 0, 2, 2, 2, -39, 16}, {-2, 0, 0, 2, 0, -48, 0},
	}
}

// nutation returns the nutation in longitude and obliquity, and the Moon's node, at t
// centuries TT; the arguments are those of Simon et al. 1994.
func nutation(t float64) (dPsi, dEps, node float64) {
	turn := func(at, rate float64) float64 { return math.Mod(at+rate*t, 1296000) * arcsec }
	l, lp := turn(485868.249036, 1717915923.2178), turn(1287104.79305, 129596581.0481)
	f, d := turn(335779.526232, 1739527262.8478), turn(1072260.70369, 1602961601.2090)
	node = turn(450160.398036, -6962890.5431)
	for _, w := range wobbles() {
		s, c := math.Sincos(w.l*l + w.lp*lp + w.f*f + w.d*d + w.node*node)
		dPsi += w.psi * s
		dEps += w.eps * c
	}
	return dPsi * 1e-4 * arcsec, dEps * 1e-4 * arcsec, node
}

// wave is one term of the Earth's way around the Sun.
type wave struct {
	power                  int
	amplitude, phase, rate float64
}

// waves is one coordinate of the Earth's way.
type waves []wave

func (list waves) at(t float64) float64 {
	powers := [6]float64{1, t, t * t, t * t * t, t * t * t * t, t * t * t * t * t}
	var v float64
	for _, w := range list {
		v += w.amplitude * powers[w.power] * math.Cos(w.phase+w.rate*t)
	}
	return v
}

// ellipse is the Earth's way around the Sun, at thousands of years TT from J2000:
// ecliptic longitude and latitude in radians, distance in astronomical units.
type ellipse struct{ longitude, latitude, distance waves }

//go:embed data/earth.txt
var earthFile string

var decodedEarth = sync.OnceValues(func() (ellipse, error) { return decodeEllipse(earthFile) })

func theEarth() ellipse {
	e, err := decodedEarth()
	if err != nil {
		panic(err) // the file is part of the program, and of its tests
	}
	return e
}

func decodeEllipse(file string) (ellipse, error) {
	var e ellipse
	into := map[string]*waves{"L": &e.longitude, "B": &e.latitude, "R": &e.distance}
	for i, line := range strings.Split(file, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) != 5 || into[f[0]] == nil {
			return ellipse{}, fmt.Errorf("earth.txt:%d: want L, B or R and four numbers", i+1)
		}
		power, err := strconv.Atoi(f[1])
		a, errA := strconv.ParseFloat(f[2], 64)
		phase, errP := strconv.ParseFloat(f[3], 64)
		rate, errR := strconv.ParseFloat(f[4], 64)
		if err := errors.Join(err, errA, errP, errR); err != nil || power < 0 || power > 5 {
			return ellipse{}, fmt.Errorf("earth.txt:%d: power %q: %w", i+1, f[1], err)
		}
		*into[f[0]] = append(*into[f[0]], wave{power, a, phase, rate})
	}
	return e, nil
}
