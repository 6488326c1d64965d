package antenna

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/firmware/dish"
	"stationbox/hal"
	"stationbox/hal/rotctl"
	"stationbox/hal/tuner"
)

// aim is where a mount stands or goes: azimuth and elevation, or of a polar mount the
// angle about the Earth's axis.
type aim struct {
	Azimuth   dish.Degrees `json:"az_true_deg"`
	Elevation dish.Degrees `json:"el_deg"`
	Hour      dish.Degrees `json:"hour_deg"` // from the meridian, to the east positive
}

func (a aim) plus(b aim) aim {
	return aim{a.Azimuth + b.Azimuth, a.Elevation + b.Elevation, a.Hour + b.Hour}
}

func (a aim) minus(b aim) aim {
	return aim{a.Azimuth - b.Azimuth, a.Elevation - b.Elevation, a.Hour - b.Hour}
}

// farthest is by how much a and b differ on the axis on which they differ most.
func (a aim) farthest(b aim) dish.Degrees {
	d := a.minus(b)
	return max(abs(d.Azimuth), abs(d.Elevation), abs(d.Hour))
}

func abs(d dish.Degrees) dish.Degrees { return max(d, -d) }

// mount is what turns the dish. Turn and Park begin to move and return. Each call is
// bounded in time. The axes that it does not have are 0.
type mount interface {
	Turn(ctx context.Context, a aim) error
	Park(ctx context.Context) error
	Stop(ctx context.Context) error
	// Where returns where the motors stand by their own scale; a mount that does not tell
	// reckons by time.
	Where(ctx context.Context) (aim, error)
}

// rotctld is a mount behind Hamlib's daemon.
type rotctld struct{ client *rotctl.Client }

func (m rotctld) Turn(ctx context.Context, a aim) error { return m.client.Turn(ctx, positionOf(a)) }
func (m rotctld) Park(ctx context.Context) error        { return m.client.Park(ctx) }
func (m rotctld) Stop(ctx context.Context) error        { return m.client.Stop(ctx) }

func (m rotctld) Where(ctx context.Context) (aim, error) {
	r, err := m.client.Position(ctx)
	return aimOf(r.Value), err
}

func positionOf(a aim) rotctl.Position {
	return rotctl.Position{Azimuth: angleOf(a.Azimuth), Elevation: angleOf(a.Elevation)}
}

func aimOf(p rotctl.Position) aim {
	return aim{Azimuth: degreesOf(p.Azimuth), Elevation: degreesOf(p.Elevation)}
}

func angleOf(d dish.Degrees) physic.Angle {
	return physic.Angle(math.Round(float64(d) * float64(physic.Degree)))
}

// cable lends the receiver of a running meter to who speaks to a motor on its cable.
type cable struct {
	mu    sync.Mutex
	tuner *tuner.Tuner // nil: not open
}

// lend makes u the receiver until back is called.
func (c *cable) lend(u *tuner.Tuner) (back func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tuner = u
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.tuner = nil
	}
}

func (c *cable) send(ctx context.Context, tp tuner.Transponder, frame []byte) error {
	c.mu.Lock()
	u := c.tuner
	c.mu.Unlock()
	if u == nil {
		return fmt.Errorf("motor on the cable: the receiver is not open: %w", hal.ErrGone)
	}
	return u.Send(ctx, tp, frame)
}

// motorPace is what the slowest positioner turns in a second, at 13 V; motorStart is how
// long it takes to begin.
const (
	motorPace  = dish.Degrees(1)
	motorStart = 2 * time.Second
)

// positioner is a polar mount on the receiver's cable. It answers nothing, so where it
// stands is reckoned, at the slowest pace that such motors have.
type positioner struct {
	send  func(ctx context.Context, frame []byte) error
	tick  func() time.Time
	reach dish.Degrees

	mu       sync.Mutex
	from, to dish.Degrees
	known    bool // from is
	at       time.Time
}

func (m *positioner) Turn(ctx context.Context, a aim) error {
	frame, err := tuner.MotorAngle(angleOf(a.Hour))
	if err != nil {
		return err
	}
	return m.begin(ctx, frame, a.Hour)
}

func (m *positioner) Park(ctx context.Context) error { return m.begin(ctx, tuner.MotorReference(), 0) }

// begin sends and reckons from here; from a place unknown the way is the longest.
func (m *positioner) begin(ctx context.Context, frame []byte, to dish.Degrees) error {
	if err := m.send(ctx, frame); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	from := m.reckoned()
	if !m.known {
		from = -m.reach
		if to < 0 {
			from = m.reach
		}
	}
	m.from, m.to, m.known, m.at = from, to, true, m.tick()
	return nil
}

// Stop leaves it somewhere between. A receiver that is gone has taken the voltage along, so
// that the motor stands.
func (m *positioner) Stop(ctx context.Context) error {
	err := m.send(ctx, tuner.MotorStop())
	if err != nil && !errors.Is(err, hal.ErrGone) {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil || m.reckoned() != m.to {
		m.known = false
	}
	return nil
}

// errNowhere means that a positioner was not sent anywhere yet.
var errNowhere = errors.New("where the motor stands is unknown until it was sent somewhere")

func (m *positioner) Where(context.Context) (aim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known {
		return aim{}, errNowhere
	}
	return aim{Hour: m.reckoned()}, nil
}

// reckoned is where it stands at the latest; the lock is held.
func (m *positioner) reckoned() dish.Degrees {
	went := m.tick().Sub(m.at) - motorStart
	way := m.to - m.from
	part := dish.Degrees(max(0, went.Seconds())) * motorPace
	if part >= abs(way) {
		return m.to
	}
	return m.from + dish.Degrees(math.Copysign(float64(part), float64(way)))
}
