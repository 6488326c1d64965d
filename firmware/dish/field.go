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

// degree of the World Magnetic Model.
const degree = 12

// MagneticModel is a model of the Earth's magnetic field with its change of five
// years. It never changes and may be shared.
type MagneticModel struct {
	Name  string
	From  float64 // decimal year of its coefficients, from which it holds
	Until float64 // decimal year at which it expires

	g, h, gRate, hRate [degree + 1][degree + 1]float64 // nT, nT a year; [degree][order]
}

// Field is the magnetic field at a place.
type Field struct {
	Declination Degrees // of the needle, east of true north
	Inclination Degrees // below the horizon
	Horizontal  Nanotesla
	North       Nanotesla
	East        Nanotesla
	Down        Nanotesla
	Total       Nanotesla
	Drift       Degrees // of the declination in a year
	Sigma       Degrees // one standard deviation of the declination, by the model's own statement
}

// ErrExpired means that the model does not hold at that time.
var ErrExpired = errors.New("outside the years of the magnetic model")

//go:embed data/wmm2025.cof
var wmmFile string

var wmm2025 = sync.OnceValues(func() (*MagneticModel, error) { return DecodeMagneticModel(wmmFile) })

// WMM2025 returns the World Magnetic Model of 2025, which expires in 2030.
func WMM2025() *MagneticModel {
	m, err := wmm2025()
	if err != nil {
		panic(err) // the file is part of the program, and of its tests
	}
	return m
}

// mostModel bounds the file of a model.
const mostModel = 64 << 10

// DecodeMagneticModel reads the coefficients in the form in which NOAA gives them out,
// WMM.COF: a line with year and name, then "degree order g h g' h'".
func DecodeMagneticModel(file string) (*MagneticModel, error) {
	if len(file) > mostModel {
		return nil, fmt.Errorf("magnetic model: more than %d bytes", mostModel)
	}
	m := &MagneticModel{}
	read := 0
	for i, line := range strings.Split(file, "\n") {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || strings.HasPrefix(f[0], "9999"):
			continue
		case m.Name == "":
			if err := m.head(f); err != nil {
				return nil, fmt.Errorf("magnetic model: line %d: %w", i+1, err)
			}
		default:
			if err := m.row(f); err != nil {
				return nil, fmt.Errorf("magnetic model: line %d: %w", i+1, err)
			}
			read++
		}
	}
	if want := degree * (degree + 3) / 2; read != want {
		return nil, fmt.Errorf("magnetic model: %d rows, want %d", read, want)
	}
	return m, nil
}

func (m *MagneticModel) head(f []string) error {
	if len(f) < 2 {
		return errors.New("year and name are missing")
	}
	year, err := strconv.ParseFloat(f[0], 64)
	if err != nil || !within(year, 1900, 2200) {
		return fmt.Errorf("year %q", f[0])
	}
	m.Name, m.From, m.Until = f[1], year, year+5
	return nil
}

func (m *MagneticModel) row(f []string) error {
	if len(f) != 6 {
		return fmt.Errorf("%d numbers, want 6", len(f))
	}
	n, errN := strconv.Atoi(f[0])
	k, errK := strconv.Atoi(f[1])
	if errN != nil || errK != nil || n < 1 || n > degree || k < 0 || k > n {
		return fmt.Errorf("degree %q, order %q", f[0], f[1])
	}
	for i, into := range []*[degree + 1][degree + 1]float64{&m.g, &m.h, &m.gRate, &m.hRate} {
		v, err := strconv.ParseFloat(f[2+i], 64)
		if err != nil || !within(v, -1e6, 1e6) {
			return fmt.Errorf("number %q", f[2+i])
		}
		into[n][k] = v
	}
	return nil
}

// DecimalYear returns t as a year with its fraction.
func DecimalYear(t time.Time) float64 {
	t = t.UTC()
	start := time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	return float64(t.Year()) + float64(t.Sub(start))/float64(start.AddDate(1, 0, 0).Sub(start))
}

// At returns the field at a place in a decimal year. Up to 850 km high; the error is
// ErrExpired outside the model's years.
func (m *MagneticModel) At(p Place, year float64) (Field, error) {
	if !within(year, m.From, m.Until) {
		return Field{}, fmt.Errorf("%w: %s holds from %.1f to %.1f, not in %.2f", ErrExpired, m.Name, m.From, m.Until, year)
	}
	at := p.horizon().at
	flat := math.Hypot(at.x, at.y)
	r, geocentric := at.norm(), math.Atan2(at.z, flat)
	now, rate := m.sum(p.Longitude.rad(), geocentric, r, year-m.From)
	psi := geocentric - p.Latitude.rad()
	now, rate = now.tilted(psi), rate.tilted(psi)
	return fieldOf(now, rate), nil
}

// axes is a field north, east and down.
type axes struct{ north, east, down float64 }

func (a axes) tilted(psi float64) axes {
	s, c := math.Sincos(psi)
	return axes{a.north*c - a.down*s, a.east, a.north*s + a.down*c}
}

func fieldOf(now, rate axes) Field {
	h := math.Hypot(now.north, now.east)
	return Field{
		Declination: degrees(math.Atan2(now.east, now.north)),
		Inclination: degrees(math.Atan2(now.down, h)),
		Horizontal:  Nanotesla(h),
		North:       Nanotesla(now.north),
		East:        Nanotesla(now.east),
		Down:        Nanotesla(now.down),
		Total:       Nanotesla(math.Hypot(h, now.down)),
		Drift:       degrees((now.north*rate.east - now.east*rate.north) / (h * h)),
		Sigma:       Degrees(math.Hypot(0.26, 5417/h)), // WMM2025 technical report, error model
	}
}

// geomagnetic is the radius that the coefficients are referred to.
const geomagnetic = 6_371_200.0

// sum adds the spherical harmonics, Schmidt semi-normalised, of the field and of its
// change a year, at a geocentric place.
func (m *MagneticModel) sum(longitude, latitude, r, years float64) (now, rate axes) {
	p, dp, over := legendre(math.Pi/2 - latitude)
	ratio := geomagnetic / r
	scale := ratio * ratio
	for n := 1; n <= degree; n++ {
		scale *= ratio
		for k := 0; k <= n; k++ {
			s, c := math.Sincos(float64(k) * longitude)
			add := func(into *axes, g, h float64) {
				into.north += scale * (g*c + h*s) * dp[n][k]
				into.east += scale * float64(k) * (g*s - h*c) * over[n][k]
				into.down -= scale * float64(n+1) * (g*c + h*s) * p[n][k]
			}
			add(&now, m.g[n][k]+years*m.gRate[n][k], m.h[n][k]+years*m.hRate[n][k])
			add(&rate, m.gRate[n][k], m.hRate[n][k])
		}
	}
	return now, rate
}

// legendre returns the associated Legendre functions of cos theta, Schmidt
// semi-normalised, their derivatives by theta, and over: those of an order of at least 1
// divided by sin theta, which has a limit at the poles.
func legendre(theta float64) (p, dp, over [degree + 1][degree + 1]float64) {
	s, c := math.Sincos(theta)
	p[0][0] = 1
	for n := 1; n <= degree; n++ {
		for k := 0; k < n; k++ {
			a := math.Sqrt(float64(n*n - k*k))
			p[n][k] = float64(2*n-1) * c * p[n-1][k]
			dp[n][k] = float64(2*n-1) * (c*dp[n-1][k] - s*p[n-1][k])
			over[n][k] = float64(2*n-1) * c * over[n-1][k]
			if n > 1 && k < n-1 {
				b := math.Sqrt(float64((n-1)*(n-1) - k*k))
				p[n][k] -= b * p[n-2][k]
				dp[n][k] -= b * dp[n-2][k]
				over[n][k] -= b * over[n-2][k]
			}
			p[n][k], dp[n][k], over[n][k] = p[n][k]/a, dp[n][k]/a, over[n][k]/a
		}
		f := 1.0
		if n > 1 {
			f = math.Sqrt(1 - 1/float64(2*n))
		}
		over[n][n] = f * p[n-1][n-1]
		p[n][n] = s * over[n][n]
		dp[n][n] = f * (s*dp[n-1][n-1] + c*p[n-1][n-1])
	}
	return p, dp, over
}
