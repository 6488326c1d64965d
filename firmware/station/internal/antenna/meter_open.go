package antenna

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/hal"
	"stationbox/hal/compass"
	"stationbox/hal/incline"
	"stationbox/hal/line"
	"stationbox/hal/modbus"
	"stationbox/hal/tuner"
	"stationbox/hal/tuner/psi"
)

// transponder is what a correct configuration has the receiver stay on.
func transponder(t config.Tuner) tuner.Transponder {
	tp := tuner.Transponder{Frequency: megahertz(t.Frequency), SymbolRate: 1000 * t.SymbolRate,
		Polarization: map[string]psi.Polarization{"h": psi.Horizontal, "v": psi.Vertical, "l": psi.Left, "r": psi.Right}[t.Polarization]}
	if t.System == "dvb-s2" {
		tp.System, tp.Modulation = tuner.DVBS2, tuner.PSK8
	}
	return tp
}

func megahertz(f config.Megahertz) physic.Frequency {
	return physic.Frequency(math.Round(float64(f) * float64(physic.MegaHertz)))
}

// tunerOpts are how the receiver is connected.
func (m *Meter) tunerOpts() tuner.Opts {
	t := m.cfg.Tuner
	o := tuner.Opts{LNB: tuner.Universal(), Switch: tuner.Switch{Committed: t.SwitchPort}, Unpowered: !t.Powered, Now: m.tick}
	if list := m.cfg.Oscillators(); len(list) == 1 {
		o.LNB = tuner.Single(megahertz(list[0]))
	}
	if t.SymbolRate < slowRate {
		o.LockTime = 2 * slowLock
	}
	return o
}

// A symbol rate below slowRate thousand a second takes longer to lock than slowLock.
const (
	slowRate = 5000
	slowLock = 5 * time.Second
)

// runTuner tunes the receiver and asks it until ctx ends; then the LNB has no voltage.
func (m *Meter) runTuner(ctx context.Context) error {
	u := m.doors.Receiver(m.cfg.Tuner.Adapter, m.tunerOpts())
	defer func() {
		if err := u.Close(); err != nil {
			m.log.Warn("dish receiver", "err", err)
		}
	}()
	defer m.cable.lend(u)()
	watch, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { m.watchTables(watch, u) })
	defer wg.Wait() // before Close
	defer stop()
	w := newLockWatch(m, u)
	defer m.rec.stands(nil, w.own, false, false)
	defer w.leave()
	m.signal.run(ctx, pace{signalEvery, signalQuick, &m.haste}, m.tick, w.read, func(on bool, cause string) {
		m.faults.Set(on, "fault.dish.tuner", "", "cause", cause)
		if on { // nobody knows of the lock
			m.faults.Set(false, "fault.dish.no_lock", "")
		}
	})
	return nil
}

// runIncline asks the inclinometer until ctx ends.
func (m *Meter) runIncline(ctx context.Context) error {
	c := m.cfg.Incline
	port := m.doors.Serial(c.Port, line.Opts{Name: "incline", Log: m.log})
	defer func() { _ = port.Close() }()
	s := incline.NewSerial(port, incline.Opts{Now: m.tick})
	if c.Kind == "modbus" {
		s = incline.NewModbus(modbus.New(port, modbus.Opts{}), c.Address, incline.Opts{Now: m.tick})
	}
	mount := incline.Mount{Down: c.Down, Elevation: physic.Angle(float64(c.Zero+m.cfg.Offset) * float64(physic.Degree))}
	if c.Raise == "roll" {
		mount.Raise = incline.Roll
	}
	m.tilt.run(ctx, pace{tiltEvery, tiltQuick, &m.haste}, m.tick, func(ctx context.Context) (hal.Reading[tilt], error) {
		r, err := s.Read(ctx)
		return hal.Reading[tilt]{Value: tiltOf(mount, r.Value), At: r.At}, err
	}, func(on bool, cause string) { m.faults.Set(on, "fault.dish.incline", "", "cause", cause) })
	return nil
}

func tiltOf(m incline.Mount, t incline.Tilt) tilt {
	el, roll := m.Dish(t)
	out := tilt{Elevation: degreesOf(el), Roll: degreesOf(roll), Celsius: math.NaN(), Shaken: t.Shaken}
	if t.Temperature != 0 {
		out.Celsius = t.Temperature.Celsius()
	}
	return out
}

func degreesOf(a physic.Angle) dish.Degrees {
	return dish.Degrees(float64(a) / float64(physic.Degree))
}

// fieldOff is by which part a field may differ from the Earth's: more is iron.
const fieldOff = 0.3

// runCompass asks the compass until ctx ends. Its heading is from true north.
func (m *Meter) runCompass(ctx context.Context) error {
	bus, closeBus := m.doors.Bus(m.cfg.Compass.Bus)
	defer func() { _ = closeBus() }()
	axes := m.cfg.Compass.Directions()
	c, err := compass.New(bus, compass.Opts{Chip: compass.Chip(m.cfg.Compass.Chip), Now: m.tick,
		Axes: compass.Axes{Forward: compass.Axis(axes[0]), Right: compass.Axis(axes[1]), Down: compass.Axis(axes[2])}})
	if err != nil {
		return err
	}
	model := dish.WMM2025()
	m.heading.run(ctx, pace{headingEvery, headingQuick, &m.haste}, m.tick, func(ctx context.Context) (hal.Reading[dish.Degrees], error) {
		earth, err := model.At(placeOf(m.cfg), dish.DecimalYear(m.now()))
		if err != nil {
			return hal.Reading[dish.Degrees]{}, err
		}
		r, err := c.Read(ctx)
		if err != nil {
			return hal.Reading[dish.Degrees]{}, err
		}
		h, err := headingOf(r.Value, earth)
		return hal.Reading[dish.Degrees]{Value: turned(h + dish.Degrees(m.cfg.Compass.Turn)), At: r.At}, err
	}, func(on bool, cause string) { m.faults.Set(on, "fault.dish.compass", "", "cause", cause) })
	return nil
}

// headingOf is where a level board looks, from true north. A field that is not the
// Earth's is an error: beside iron there is no heading.
func headingOf(f compass.Field, earth dish.Field) (dish.Degrees, error) {
	const nano = float64(physic.NanoTesla)
	if have, want := float64(f.Strength())/nano, float64(earth.Total); math.Abs(have-want) > fieldOff*want {
		return 0, fmt.Errorf("compass: field %.0f µT where the Earth has %.0f, iron or a magnet beside it: %w", have/1000, want/1000, hal.ErrGarbled)
	}
	return dish.Degrees(math.Atan2(-float64(f.Right), float64(f.Forward))*180/math.Pi) + earth.Declination, nil
}

// turned brings an angle to 0 … 360.
func turned(d dish.Degrees) dish.Degrees {
	r := math.Mod(float64(d), 360)
	if r < 0 {
		r += 360
	}
	return dish.Degrees(r)
}

// nearestTurn is by how much a is more than b, -180 … 180.
func nearestTurn(a, b dish.Degrees) dish.Degrees {
	return dish.Degrees(math.Remainder(float64(a-b), 360))
}
