package antenna

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"stationbox/firmware/clock"
	"stationbox/hal"
	"stationbox/hal/tuner"
	"stationbox/hal/tuner/psi"
)

// How the tables of the broadcast are looked at.
const (
	tablesAfter = 10 * time.Second // of a lock
	tablesEvery = time.Hour
	tablesAgain = 2 * time.Minute // after one that did not come
	tableBound  = 40 * time.Second
	// orbitOff is from how many degrees on a satellite is another one: they stand two to
	// three apart, and tables round to tenths.
	orbitOff = 0.6
	// servicesNamed is how many channels are told of.
	servicesNamed = 5
	// broadcastBound is what the time of a broadcast may be wrong by, on its way through
	// coder and satellite.
	broadcastBound = 5 * time.Second
	// timeOff is by how much a broadcast may be off a clock that is good: some send local
	// time where UTC belongs.
	timeOff = time.Hour
)

// TimeTaker takes the word of a source of time, and tells how good the time is.
type TimeTaker interface {
	OfferAt(clock.Observation) error
	Status() clock.Status
	Mono() time.Duration
}

// watchTables looks now and then, while there is a lock, whose tables are received and
// what time they say. It shares the receiver with its owner and ends with ctx.
func (m *Meter) watchTables(ctx context.Context, u *tuner.Tuner) {
	wait := tablesAfter
	for {
		m.rest(ctx, wait)
		if ctx.Err() != nil {
			return
		}
		wait = tablesAfter
		s, _, err := m.signal.at(m.tick())
		if err != nil || !s.Lock.Locked() {
			continue
		}
		wait = tablesEvery
		if on, _ := m.haste.is(); on { // for who aligns the dish; the fault can wait
			m.identify(ctx, u)
			continue
		}
		if err := errors.Join(m.checkSatellite(ctx, u), m.hearTime(ctx, u)); err != nil {
			m.log.Info("dish tables", "err", err)
			wait = tablesAgain
		}
	}
}

// table asks for one table within its bound.
func table[T any](ctx context.Context, get func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, tableBound)
	defer cancel()
	return get(ctx)
}

// checkSatellite compares where the broadcast says that it comes from with where the
// dish shall point. A broadcaster may be wrong, so the fault names the channels too.
func (m *Meter) checkSatellite(ctx context.Context, u *tuner.Tuner) error {
	pat, err := table(ctx, u.Programs)
	if err != nil {
		return err
	}
	nit, err := table(ctx, u.Network)
	if err != nil {
		return err
	}
	orbit, said := nit.Position(pat.Stream)
	if !said {
		m.faults.Set(false, "fault.dish.satellite", "")
		return nil
	}
	want := m.cfg.Target()
	if m.mine(orbit) {
		m.faults.Set(false, "fault.dish.satellite", "")
		return nil
	}
	sdt, err := table(ctx, u.Services)
	if err != nil {
		m.log.Info("dish tables", "err", err) // the fault is told without the channels
	}
	m.faults.Set(true, "fault.dish.satellite", "", "got", orbit.String(), "want", want.Name, "list", channels(sdt))
	return nil
}

// mine says whether a position is that of the satellite to which the dish shall point.
func (m *Meter) mine(orbit psi.Orbit) bool {
	return math.Abs(math.Remainder(float64(orbit)/10-float64(m.cfg.Target().Longitude), 360)) <= orbitOff
}

// channels names the first few.
func channels(t psi.SDT) string {
	var names []string
	for _, s := range t.Services {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names[:min(len(names), servicesNamed)], ", ")
}

// hearTime offers the broadcaster's time to the clock, which knows how far to trust it:
// not while the dish may point at a stranger.
func (m *Meter) hearTime(ctx context.Context, u *tuner.Tuner) error {
	if m.taker == nil || m.faults.Standing("fault.dish.satellite") {
		return nil
	}
	r, err := table(ctx, func(ctx context.Context) (hal.Reading[psi.Time], error) { return u.Time(ctx) })
	if err != nil {
		return err
	}
	if off := r.Value.UTC.Sub(m.now()).Abs(); m.clock() == clock.Good && off > timeOff {
		m.log.Warn("time of the broadcast is not taken", "utc", r.Value.UTC, "off", off)
		return nil
	}
	heard := m.taker.Mono() - m.tick().Sub(r.At)
	err = m.taker.OfferAt(clock.Observation{Source: clock.Satellite, Wall: r.Value.UTC, Bound: broadcastBound, Mono: heard})
	if err != nil { // a better source says otherwise, which the clock tells of
		m.log.Info("time of the broadcast", "utc", r.Value.UTC, "err", err)
	}
	return nil
}
