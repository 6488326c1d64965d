package world

import (
	"math"
	"sync"
)

// Pose is how the dish stands: the azimuth of its beam from true north, the
// elevation of its beam, and its roll, all in degrees. Positive roll is
// clockwise seen from behind the dish.
type Pose struct{ Azimuth, Elevation, Roll float64 }

// Bird is a satellite as it is seen from the station, in degrees.
type Bird struct {
	Azimuth, Elevation float64
	Orbit              int // tenths of a degree east of Greenwich
	Network            string
	Carriers           []Carrier
}

// Carrier is one transponder of a Bird.
type Carrier struct {
	KHz        int  // in the sky
	Horizontal bool // or left
	Rate       int  // symbols a second
	S2         bool
	ClearDB    float64 // C/N under a clear sky of a dish that stands right
	Stream     uint16
	Services   []string
}

// DishOpts are the options of NewDish.
type DishOpts struct {
	Pose  Pose
	Birds []Bird
	Beam  float64 // width at 3 dB in degrees, default 2
	// Declination and Dip of the earth's field in degrees, Field in µT: the defaults
	// are those of Beijing, -7.6, 59.4 and 55.
	Declination, Dip, Field float64
}

// Dish is what is physical about the dish. It is safe for concurrent use.
type Dish struct {
	opts DishOpts

	mu   sync.Mutex
	pose Pose
	rain float64 // dB
}

// NewDish returns a dish.
func NewDish(o DishOpts) *Dish {
	if o.Beam <= 0 {
		o.Beam = 2
	}
	if o.Field <= 0 {
		o.Declination, o.Dip, o.Field = -7.6, 59.4, 55
	}
	return &Dish{opts: o, pose: o.Pose}
}

// Turn moves the dish.
func (d *Dish) Turn(p Pose) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pose = p
}

// Rain takes dB away from everything that is received.
func (d *Dish) Rain(dB float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rain = dB
}

// Pose returns how the dish stands.
func (d *Dish) Pose() Pose {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pose
}

// Hears returns the strongest carrier at kHz in the sky, of the satellite that it
// comes from, and its C/N; nothing there is nil.
func (d *Dish) Hears(kHz int, horizontal bool, rate int, s2 bool) (bird *Bird, carrier *Carrier, dB float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.opts.Birds {
		b := &d.opts.Birds[i]
		off := apart(d.pose, b) / d.opts.Beam
		loss := d.rain + min(12*off*off, 60)
		for j := range b.Carriers {
			c := &b.Carriers[j]
			if abs(c.KHz-kHz) > 2000 || c.Horizontal != horizontal || c.S2 != s2 || abs(c.Rate-rate) > rate/100 {
				continue
			}
			if got := c.ClearDB - loss; carrier == nil || got > dB {
				bird, carrier, dB = b, c, got
			}
		}
	}
	return bird, carrier, dB
}

// apart is the angle between the beam and b in degrees.
func apart(p Pose, b *Bird) float64 {
	se, ce := math.Sincos(rad(p.Elevation))
	sb, cb := math.Sincos(rad(b.Elevation))
	return math.Acos(min(1, se*sb+ce*cb*math.Cos(rad(p.Azimuth-b.Azimuth)))) * 180 / math.Pi
}

// Field returns the earth's magnetic field in µT along the axes of a box on the
// dish: x forward, level with the ground, y to the right, z down.
func (d *Dish) Field() (x, y, z float64) {
	p := d.Pose()
	s, c := math.Sincos(rad(p.Azimuth - d.opts.Declination))
	down, level := math.Sincos(rad(d.opts.Dip))
	return d.opts.Field * level * c, -d.opts.Field * level * s, d.opts.Field * down
}

func rad(degrees float64) float64 { return degrees * math.Pi / 180 }

func abs(n int) int { return max(n, -n) }
