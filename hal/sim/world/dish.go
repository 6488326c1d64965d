package world

import (
	"math"
	"sync"
	"time"
)

// Pose is how the dish stands: the azimuth of its beam from true north, the
// elevation of its beam, and its roll, all in degrees. Positive roll is
// clockwise seen from behind the dish.
type Pose struct{ Azimuth, Elevation, Roll float64 }

// Bird is a satellite as it is seen from the station, in degrees.
type Bird struct {
	Azimuth, Elevation float64
	Skew               float64 // of its polarisations, as Look gives it
	Orbit              int     // tenths of a degree east of Greenwich
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
	Feed  float64 // how the LNB is turned in the dish, as Bird.Skew
	// Play is how far a hand moves the mount's azimuth and elevation before the dish
	// follows, when it turns back, in degrees.
	Play [2]float64
	// Declination and Dip of the earth's field in degrees, Field in µT: the defaults
	// are those of Beijing, -7.6, 59.4 and 55.
	Declination, Dip, Field float64
	Now                     func() time.Time // of the wind; nil means time.Now
}

// Dish is what is physical about the dish: its mount on its base, its feed, and what is
// between it and the satellites. It is safe for concurrent use.
type Dish struct {
	opts DishOpts

	mu        sync.Mutex
	pose      Pose // on a base that is level, without wind
	way       [2]float64
	feed      float64
	weather   Weather
	sunk      float64 // degrees
	toward    float64 // azimuth
	unplugged bool
}

// Weather is what takes signal away or moves the dish.
type Weather struct {
	Rain float64 // dB
	Tree float64 // dB
	Sun  float64 // dB by which it raises the noise
	Wind float64 // degrees by which it sways the dish
}

// NewDish returns a dish.
func NewDish(o DishOpts) *Dish {
	if o.Beam <= 0 {
		o.Beam = 2
	}
	if o.Field <= 0 {
		o.Declination, o.Dip, o.Field = -7.6, 59.4, 55
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Dish{opts: o, pose: o.Pose, feed: o.Feed, way: [2]float64{1, 1}}
}

// Turn puts the dish so on its mount.
func (d *Dish) Turn(p Pose) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pose = p
}

// Nudge is a hand that moves the mount by so many degrees on both axes: less the play when
// it turns back, which is by how much the dish does not follow.
func (d *Dish) Nudge(azimuth, elevation float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pose.Azimuth += d.follows(0, azimuth)
	d.pose.Elevation += d.follows(1, elevation)
}

func (d *Dish) follows(axis int, by float64) float64 {
	if by == 0 {
		return 0
	}
	if by*d.way[axis] < 0 {
		by = math.Copysign(max(0, math.Abs(by)-d.opts.Play[axis]), by)
	}
	if by != 0 {
		d.way[axis] = by
	}
	return by
}

// TurnFeed turns the LNB by so many degrees, clockwise seen from behind.
func (d *Dish) TurnFeed(by float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.feed += by
}

// SetWeather changes the weather.
func (d *Dish) SetWeather(w Weather) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.weather = w
}

// Weather returns what it is.
func (d *Dish) Weather() Weather {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.weather
}

// Rain takes dB away from everything that is received.
func (d *Dish) Rain(dB float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.weather.Rain = dB
}

// Sink lets the base lean by so many degrees towards an azimuth, and the mast with it.
func (d *Dish) Sink(by, toward float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sunk, d.toward = by, toward
}

// Plug plugs the cable of the LNB in or pulls it.
func (d *Dish) Plug(in bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unplugged = !in
}

// Pose returns how the dish stands now, with its base and in the wind.
func (d *Dish) Pose() Pose {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stands()
}

// Mount returns how the dish stands on its mount, as marks on it tell: without what its base
// and the wind do.
func (d *Dish) Mount() Pose {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pose
}

// stands is where the beam points; d.mu is held. A base that leans towards the dish's
// azimuth lowers its beam, one that leans to its right rolls it clockwise.
func (d *Dish) stands() Pose {
	p := d.pose
	s, c := math.Sincos(rad(d.toward - p.Azimuth))
	p.Azimuth += d.sunk * s * math.Tan(rad(p.Elevation))
	p.Elevation -= d.sunk * c
	p.Roll += d.sunk * s
	if d.weather.Wind > 0 {
		t := float64(d.opts.Now().UnixMilli()) / 1000
		p.Azimuth += d.weather.Wind * math.Sin(2*math.Pi*0.83*t) * math.Sin(2*math.Pi*0.11*t)
		p.Elevation += d.weather.Wind / 2 * math.Sin(2*math.Pi*1.31*t)
	}
	return p
}

// Hears returns the strongest carrier at kHz in the sky, of the satellite that it
// comes from, and its C/N; nothing there is nil.
func (d *Dish) Hears(kHz int, horizontal bool, rate int, s2 bool) (bird *Bird, carrier *Carrier, dB float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unplugged {
		return nil, nil, 0
	}
	p := d.stands()
	for i := range d.opts.Birds {
		b := &d.opts.Birds[i]
		loss := d.weather.Rain + d.weather.Tree + d.weather.Sun + pattern(apart(p, b)/d.opts.Beam)
		for j := range b.Carriers {
			c := &b.Carriers[j]
			if abs(c.KHz-kHz) > 2000 || c.Horizontal != horizontal || c.S2 != s2 || abs(c.Rate-rate) > rate/100 {
				continue
			}
			if got := crossed(c.ClearDB-loss, d.feed+p.Roll-b.Skew); carrier == nil || got > dB {
				bird, carrier, dB = b, c, got
			}
		}
	}
	return bird, carrier, dB
}

// Noise returns by how many decibels the weather raises the noise in the beam: the Sun by
// all that it costs, rain by the part that is its own warmth, 275 K of what it takes away
// beside the 120 K of a clear sky and the LNB.
func (d *Dish) Noise() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.weather.Sun + rainNoise(d.weather.Rain)
}

// rainNoise finds the part of noise in what rain costs: the attenuation that, with the
// noise it makes, is the loss.
func rainNoise(loss float64) float64 {
	warmth := func(attenuation float64) float64 {
		return 10 * math.Log10(1+275.0/120*(1-math.Pow(10, -attenuation/10)))
	}
	low, high := 0.0, max(loss, 0)
	for range 50 {
		if mid := (low + high) / 2; mid+warmth(mid) < loss {
			low = mid
		} else {
			high = mid
		}
	}
	return warmth(low)
}

// pattern is what a dish loses that many beamwidths off: 12 dB times the square in its main
// beam, and an envelope of side lobes that falls with 25 dB a decade (as of ITU-R S.580).
func pattern(beams float64) float64 {
	if beams < math.Sqrt2 {
		return 12 * beams * beams
	}
	return 24 + 25*math.Log10(beams/math.Sqrt2)
}

// crossed is the C/N in a feed that is turned by off degrees: what comes in of the other
// polarisation, which is as strong, is noise.
func crossed(dB, off float64) float64 {
	s, c := math.Sincos(rad(off))
	return dB + 20*math.Log10(max(math.Abs(c), 1e-6)) - 10*math.Log10(1+math.Pow(10, dB/10)*s*s)
}

// apart is the angle between the beam and b in degrees.
func apart(p Pose, b *Bird) float64 {
	se, ce := math.Sincos(rad(p.Elevation))
	sb, cb := math.Sincos(rad(b.Elevation))
	return degrees(math.Acos(min(1, se*sb+ce*cb*math.Cos(rad(p.Azimuth-b.Azimuth)))))
}

// Field returns the earth's magnetic field in µT along the axes of a box on the
// dish: x forward, level with the ground, y to the right, z down.
func (d *Dish) Field() (x, y, z float64) {
	p := d.Pose()
	s, c := math.Sincos(rad(p.Azimuth - d.opts.Declination))
	down, level := math.Sincos(rad(d.opts.Dip))
	return d.opts.Field * level * c, -d.opts.Field * level * s, d.opts.Field * down
}

// DishState is how it is with the dish.
type DishState struct {
	Pose    Pose
	Feed    float64 // as Bird.Skew
	Weather Weather
	Sunk    float64
	Plugged bool
	Birds   []BirdState // in the order of DishOpts.Birds
}

// BirdState is how the dish stands towards a satellite, in degrees on the sky.
type BirdState struct {
	Orbit     int
	Right, Up float64 // by how much the beam points to the right of it, and above it
	Skew      float64 // by how much the feed is turned too far clockwise
}

// Off is the angle between the beam and the satellite.
func (b BirdState) Off() float64 { return math.Hypot(b.Right, b.Up) }

// Snapshot returns how it is with the dish.
func (d *Dish) Snapshot() DishState {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := DishState{Pose: d.stands(), Feed: d.feed, Weather: d.weather, Sunk: d.sunk, Plugged: !d.unplugged}
	for i := range d.opts.Birds {
		b := &d.opts.Birds[i]
		s.Birds = append(s.Birds, BirdState{
			Orbit: b.Orbit,
			Right: math.Remainder(s.Pose.Azimuth-b.Azimuth, 360) * math.Cos(rad(b.Elevation)),
			Up:    s.Pose.Elevation - b.Elevation, Skew: s.Feed + s.Pose.Roll - b.Skew,
		})
	}
	return s
}

func abs(n int) int { return max(n, -n) }
