package antenna

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/hal"
	"stationbox/hal/tuner"
)

// Paces, bounds and ages of the dish's sensors.
const (
	signalEvery  = 2 * time.Second
	tiltEvery    = 2 * time.Second
	headingEvery = 5 * time.Second
	sensorBound  = 20 * time.Second // on one question; tuning takes 13 s at most
	sensorAge    = 15 * time.Second // an older reading is unknown
	sensorLost   = 30 * time.Second // a sensor that fails for so long is a fault
	sensorBack   = 30 * time.Second // the longest wait before a sensor that fails is asked again
	noLockTime   = time.Minute
	tuneAgain    = time.Minute // without a lock
)

// Meter asks the sensors of the dish, each in a goroutine of its own, and keeps what
// they said last. Nobody waits for it: who wants a reading takes the newest, which is
// unknown when it is old or the last question failed. It decides nothing about a lesson.
type Meter struct {
	cfg    config.Dish
	doors  Doors
	faults *fault.Book
	put    func(kind, lesson string, data any)
	log    *slog.Logger
	now    func() time.Time
	tick   func() time.Time
	dir    string             // of the log
	clock  func() clock.Level // how far now is to be trusted
	taker  TimeTaker          // of the broadcast's time; nil: nobody
	zone   *time.Location

	rec    reception // what lessons want of the receiver
	losses *LossBook // of lessons
	ward   ward

	signal  gauge[tuner.Status]
	tilt    gauge[tilt]
	heading gauge[dish.Degrees]
	haste   haste       // while the dish is aligned
	turning atomic.Bool // by motors
	sender  identity    // of what is received

	cable cable // of the receiver
}

// tilt is how the dish stands by its inclinometer.
type tilt struct {
	Elevation, Roll dish.Degrees
	Celsius         float64 // of the sensor; NaN: unknown
	Shaken          bool    // by the wind
}

// OpenMeter returns nil for a station without sensors on its dish. It opens nothing.
func OpenMeter(cfg *config.Config, n Needs) *Meter {
	d := cfg.Dish
	if d.Tuner.Adapter == "" && d.Incline.Port == "" && d.Compass.Bus == "" {
		return nil
	}
	m := &Meter{cfg: d, doors: n.Doors, faults: n.Faults, put: n.Put, log: n.Log, now: n.Now, tick: n.Tick, clock: n.Clock, taker: n.Taker, zone: n.Zone, losses: n.Losses, dir: dishDir(cfg)}
	m.signal.news = make(chan struct{}, 1)
	return m
}

// dishDir is where the log and the alignment are kept.
func dishDir(cfg *config.Config) string { return filepath.Join(cfg.Station.StateDir, "dish") }

// Tasks are the goroutines; none of a nil meter.
func (m *Meter) Tasks() []work.Task {
	if m == nil {
		return nil
	}
	var list []work.Task
	if m.cfg.Tuner.Adapter != "" {
		list = append(list, work.Task{Name: "dish receiver", Run: work.At(work.Gentle, m.runTuner)}, work.Task{Name: "dish log", Run: work.At(work.Gentle, m.runLog)})
	}
	if m.cfg.Incline.Port != "" {
		list = append(list, work.Task{Name: "dish inclinometer", Run: work.At(work.Gentle, m.runIncline)})
	}
	if m.cfg.Compass.Bus != "" {
		list = append(list, work.Task{Name: "dish compass", Run: work.At(work.Gentle, m.runCompass)})
	}
	return list
}

// turns says whether motors turn the dish; a nil meter does not care.
func (m *Meter) turns(on bool) {
	if m != nil {
		m.turning.Store(on)
	}
}

// moved says whether somebody or a motor turns the dish: the lock comes and goes, and a
// motor on the cable needs its voltage.
func (m *Meter) moved() bool {
	hurried, _ := m.haste.is()
	return hurried || m.turning.Load()
}

// gauge is the newest word of one sensor. Its zero value has not been asked.
type gauge[T any] struct {
	mu      sync.Mutex
	reading hal.Reading[T]
	err     error
	news    chan struct{} // rung at every reading, for who waits for it; nil: nobody
}

// errUnasked means that a sensor was not asked yet, errOld that its answer is old: the
// next one is late.
var (
	errUnasked = errors.New("not asked yet")
	errOld     = errors.New("the last reading is old")
)

// set keeps a reading, or forgets the one before because of err.
func (g *gauge[T]) set(r hal.Reading[T], err error) {
	if err != nil {
		r = hal.Reading[T]{}
	}
	g.mu.Lock()
	g.reading, g.err = r, err
	g.mu.Unlock()
	select {
	case g.news <- struct{}{}:
	default:
	}
}

// at returns the reading and its age, or why there is none.
func (g *gauge[T]) at(now time.Time) (v T, age time.Duration, err error) {
	g.mu.Lock()
	r, why := g.reading, g.err
	g.mu.Unlock()
	v, fresh := r.Fresh(now, sensorAge)
	switch {
	case why != nil:
		return v, 0, why
	case r.At.IsZero():
		return v, 0, errUnasked
	case !fresh:
		return v, 0, errOld
	}
	return v, now.Sub(r.At), nil
}

// run asks until ctx ends: at its pace, and after an error later and later. fault is
// told when the sensor has failed for sensorLost, and when it answers again.
func (g *gauge[T]) run(ctx context.Context, p pace, tick func() time.Time, read func(context.Context) (hal.Reading[T], error), fault func(on bool, cause string)) {
	wait := p.every
	var failing time.Time
	for {
		r, err := askOnce(ctx, read)
		if ctx.Err() != nil {
			g.set(r, ctx.Err())
			return
		}
		g.set(r, err)
		now := tick()
		switch {
		case err == nil:
			wait, failing = p.every, time.Time{}
			fault(false, "")
		case failing.IsZero():
			failing = now
		default:
			wait = min(2*wait, sensorBack)
			if now.Sub(failing) >= sensorLost {
				fault(true, err.Error())
			}
		}
		p.haste.rest(ctx, wait, p.quick)
	}
}

// askOnce asks once, within the bound.
func askOnce[T any](ctx context.Context, read func(context.Context) (hal.Reading[T], error)) (hal.Reading[T], error) {
	ctx, cancel := context.WithTimeout(ctx, sensorBound)
	defer cancel()
	return read(ctx)
}

// decibels are nil when they are no measurement.
func decibels(v tuner.Value) *float64 {
	d, ok := v.DB()
	if !ok {
		return nil
	}
	f := float64(d)
	return &f
}
