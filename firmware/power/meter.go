package power

import (
	"context"
	"errors"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/hal"
)

// Meter is the slow second source. Read is bounded by its context; its errors
// wrap hal.ErrSilent, hal.ErrGone, hal.ErrGarbled or ErrMeterRange.
type Meter interface {
	Read(ctx context.Context) (MeterReading, error)
}

// ErrMeterRange means that a meter is at the end of what it can measure.
var ErrMeterRange = errors.New("outside the meter's range")

// MeterReading is one reading of the meter.
type MeterReading struct {
	VoltageMV, CurrentMA, PowerMW, EnergyWh, MHz int64
}

// Judgement of the meter.
const (
	meterEvery    = time.Second
	meterWithin   = 1500 * time.Millisecond
	meterLow      = 85_000  // mV; outside low…high a PZEM is blind and not to blame
	meterHigh     = 255_000 // unless Opts.MeterVolts says more
	meterDiffers  = 8_000   // mV between meter and front end
	meterMoved    = 4_000   // mV by which the mains must move to call a meter frozen
	meterPatience = 5       // readings in a row before a fault
)

// meterWatch compares the meter with the front end.
type meterWatch struct {
	meter Meter
	high  int64 // mV up to which it can measure

	mu      sync.Mutex
	reading hal.Reading[MeterReading]
	fault   Cause

	// Of the goroutine in runMeter alone.
	suspect Cause
	times   int
	same    int64 // mains in mV when the reading began to repeat itself
}

func newMeterWatch(m Meter, volts int) *meterWatch {
	return &meterWatch{meter: m, high: max(meterHigh, int64(volts)*1000)}
}

// runMeter asks the meter every second.
func (l *Loop) runMeter(ctx context.Context) {
	if l.meter.meter == nil {
		return
	}
	tick := time.NewTicker(meterEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.askMeter(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (l *Loop) askMeter(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, meterWithin)
	defer cancel()
	r, err := l.meter.meter.Read(ctx)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	s := l.snapshot()
	mains := int64(-1)
	if s.known {
		mains = int64(s.sense.MV)
	}
	if cause, changed := l.meter.judge(r, err, mains, l.now()); changed {
		l.post(Event{Kind: EventMeter, Cause: cause, Load: -1, MV: int32(r.VoltageMV)}, l.now())
	}
}

// judge keeps the reading and says whether the meter's fault has changed. mains
// is the front end's rms in mV, -1 when unknown.
func (m *meterWatch) judge(r MeterReading, err error, mains int64, now time.Time) (Cause, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seems := m.seems(r, err, mains)
	if err == nil {
		m.reading = hal.Reading[MeterReading]{Value: r, At: now}
	}
	if seems == CauseTurn { // cannot be judged now
		return CauseNone, false
	}
	if seems != m.suspect {
		m.suspect, m.times = seems, 0
	}
	m.times++
	if seems == m.fault || m.times < meterPatience && seems != CauseNone {
		return CauseNone, false
	}
	m.fault = seems
	if seems == CauseNone {
		return CauseMeterOK, true
	}
	return seems, true
}

// seems is what one reading looks like, CauseTurn when it proves nothing.
func (m *meterWatch) seems(r MeterReading, err error, mains int64) Cause {
	judged := mains >= meterLow && mains <= m.high
	switch {
	case err != nil && !judged:
		return CauseTurn
	case errors.Is(err, ErrMeterRange):
		return CauseMeterRange
	case errors.Is(err, hal.ErrGarbled):
		return CauseMeterGarbled
	case err != nil:
		return CauseMeterSilent
	case r != m.reading.Value:
		m.same = mains
	case judged && m.same >= 0 && abs(mains-m.same) > meterMoved:
		return CauseMeterFrozen
	}
	if judged && abs(r.VoltageMV-mains) > meterDiffers {
		return CauseMeterDiffers
	}
	return CauseNone
}

func abs(v int64) int64 { return max(v, -v) }

// status is what people see of the meter, nil without one.
func (m *meterWatch) status(now time.Time) *firmware.MeterStatus {
	if m.meter == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	st := &firmware.MeterStatus{Fault: m.fault.String()}
	if m.reading.At.IsZero() {
		st.AgeMS = -1
		if st.Fault == "" {
			st.Fault = CauseMeterSilent.String()
		}
		return st
	}
	r := m.reading.Value
	st.AgeMS = now.Sub(m.reading.At).Milliseconds()
	st.VoltageMV, st.CurrentMA, st.PowerMW, st.EnergyWh, st.MHz = r.VoltageMV, r.CurrentMA, r.PowerMW, r.EnergyWh, r.MHz
	return st
}
