package antenna

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/station/internal/work"
)

// How often the station looks at what its dish's log says.
const (
	judgeFirst = 30 * time.Minute // after the start
	judgeEvery = 24 * time.Hour
)

// judgeDaily looks once a day how the dish stands, by its own log, until ctx ends.
func (m *Meter) judgeDaily(ctx context.Context) {
	wait := judgeFirst
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if wait = judgeEvery; m.clock() != clock.Good {
			wait = judgeFirst
			continue
		}
		if err := work.Guarded(ctx, m.judge); err != nil && ctx.Err() == nil {
			m.log.Warn("dish", "err", err)
		}
	}
}

// judge fits the seasons that are over, looks how the mount stands, and tells of both.
func (m *Meter) judge(ctx context.Context) error {
	err := m.fitSeasons()
	m.tellSun()
	return errors.Join(err, m.judgeMount(ctx))
}

// fitSeasons makes the record of the newest season when it is over and has none.
func (m *Meter) fitSeasons() error {
	seasons, err := transitSeasons(m.dir)
	if err != nil || len(seasons) == 0 {
		return err
	}
	h := seasons[len(seasons)-1]
	notes, err := readTransitNotes(m.dir)
	if slices.ContainsFunc(notes, func(n transitNote) bool { return n.Season == h.String() }) {
		return nil
	}
	list, errList := passagesOf(m.cfg, h)
	if err = errors.Join(err, errList); len(list) == 0 || m.now().Before(list[len(list)-1].To.Add(transitOver)) {
		return err
	}
	n, errFit := measureSeason(m.cfg, m.dir, h, m.now())
	if errFit != nil {
		return errors.Join(err, errFit)
	}
	m.log.Info("dish by the Sun", "season", n.Season, "refused", n.Refused, "cross", n.Cross, "elevation", n.Elevation, "sigma", n.Sigma, "loss", n.Loss)
	return errors.Join(err, keepTransit(m.dir, n))
}

// tellSun makes a fault of a dish that loses much by pointing beside its satellite.
func (m *Meter) tellSun() {
	n := measuredBySun(m.dir, m.now())
	if n == nil || n.Loss <= transitLoss {
		m.faults.Set(false, "fault.dish.transit", "")
		return
	}
	m.faults.Set(true, "fault.dish.transit", "", "loss", figure(float64(n.Loss), 1), "date", n.To.UTC().Format(time.DateOnly),
		"deg", fmt.Sprintf("%.2f", float64(n.off())))
}
