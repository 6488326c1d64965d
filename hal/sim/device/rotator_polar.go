package device

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"stationbox/hal/sim/world"
)

// PolarMotorOpts are the options of NewPolarMotor.
type PolarMotorOpts struct {
	Latitude float64 // of the station, degrees
	Speed    float64 // degrees a second about the polar axis, default 2 (at 18 V)
	Reach    float64 // to either side of the meridian, default 65
	Off      float64 // degrees by which the mount is turned about its axis, unknown to anybody
}

// PolarMotor is a DiSEqC positioner on the cable of a DVBCard: it turns the dish about an
// axis parallel to the Earth's. It answers nothing. It understands
//
//	E0 31 60        stop
//	E0 31 68 xx     east, xx 0: until the limit, else 256-xx steps of 1/16 degree
//	E0 31 69 xx     west
//	E0 31 6B xx     go to place xx: only 0, the meridian, is known
//	E0 31 6E yz zz  go to an angle: y is E to the east or D to the west, zzz sixteenths
//
// Its faults: stalled, and deaf (it hears no order).
type PolarMotor struct {
	knob
	dish *world.Dish
	card *DVBCard
	opts PolarMotorOpts

	lock        sync.Mutex
	angle, goal float64 // to the east
	heard       int     // frames
	at          time.Time
}

var _ Device = (*PolarMotor)(nil)

// NewPolarMotor returns a motor that looks at the meridian, and turns the dish there.
func NewPolarMotor(dish *world.Dish, card *DVBCard, o PolarMotorOpts) *PolarMotor {
	if o.Speed <= 0 {
		o.Speed = 2
	}
	if o.Reach <= 0 {
		o.Reach = 65
	}
	m := &PolarMotor{dish: dish, card: card, opts: o, at: time.Now()}
	m.knob = newKnob("motor", nil, "stalled", "deaf")
	m.point()
	return m
}

// Run hears and turns until ctx ends.
func (m *PolarMotor) Run(ctx context.Context) error {
	for sleep(ctx, 50*time.Millisecond) {
		m.lock.Lock()
		m.advance()
		m.lock.Unlock()
	}
	return nil
}

// Angle returns where it stands, to the east of the meridian.
func (m *PolarMotor) Angle() float64 {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.angle
}

// advance takes what was said since and turns; the lock is held.
func (m *PolarMotor) advance() {
	now := time.Now()
	step := m.opts.Speed * now.Sub(m.at).Seconds()
	m.at = now
	volts, _, frames := m.card.Cable()
	fault := m.FaultName()
	for _, f := range frames[m.heard:] {
		if b, err := hex.DecodeString(strings.ReplaceAll(f, " ", "")); err == nil && fault != "deaf" && volts > 0 {
			m.obey(b)
		}
	}
	m.heard = len(frames)
	if volts == 0 || fault == "stalled" {
		return
	}
	way := m.goal - m.angle
	m.angle += math.Copysign(min(step, math.Abs(way)), way)
	m.point()
}

func (m *PolarMotor) obey(b []byte) {
	if len(b) < 3 || b[0] != 0xE0 || b[1] != 0x31 {
		return
	}
	reach := m.opts.Reach
	switch {
	case b[2] == 0x60:
		m.goal = m.angle
	case (b[2] == 0x68 || b[2] == 0x69) && len(b) == 4:
		way := reach * 2
		if b[3] != 0 {
			way = float64(256-int(b[3])) / 16
		}
		if b[2] == 0x69 {
			way = -way
		}
		m.goal = m.angle + way
	case b[2] == 0x6B && len(b) == 4 && b[3] == 0:
		m.goal = 0
	case b[2] == 0x6E && len(b) == 5:
		m.goal = float64(int(b[3]&15)<<8|int(b[4])) / 16
		if b[3]>>4 == 0xD {
			m.goal = -m.goal
		}
	}
	m.goal = min(max(m.goal, -reach), reach)
}

// point turns the dish to where the mount has it look on the arc of the satellites: over
// the equator at the radius of their orbit, the motor's angle about the polar axis away
// from the meridian.
func (m *PolarMotor) point() {
	const orbit, earth = 42164.17, 6378.137
	lat, turn := m.opts.Latitude*math.Pi/180, (m.angle+m.opts.Off)*math.Pi/180
	s, c := math.Sincos(turn)
	// From the mount at (earth·cos lat, 0) outwards by d, until the orbit is met.
	x := earth * math.Cos(lat)
	d := -x*c + math.Sqrt(orbit*orbit-x*x*s*s)
	east, out, north := d*s, d*c, -earth*math.Sin(lat)
	up := out*math.Cos(lat) + north*math.Sin(lat)
	level := -out*math.Sin(lat) + north*math.Cos(lat)
	p := m.dish.Pose()
	p.Azimuth = math.Mod(math.Atan2(east, level)*180/math.Pi+360, 360)
	p.Elevation = math.Atan2(up, math.Hypot(east, level)) * 180 / math.Pi
	m.dish.Turn(p)
}

// String describes m.
func (m *PolarMotor) String() string {
	return fmt.Sprintf("motor: %.2f degrees east, fault %s", m.Angle(), m.FaultName())
}
