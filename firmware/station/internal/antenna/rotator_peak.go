package antenna

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"stationbox/firmware/dish"
	"stationbox/hal"
)

// How a sample is taken: after the dish has come to rest, from words of the receiver that
// are younger than that.
const (
	echoSettle = time.Second
	echoWords  = 3
	echoSpan   = 2 * time.Second  // at least, of the words of a sample
	echoUnlock = 10 * time.Second // without a lock for so long is none
	echoBound  = 40 * time.Second
	echoPoll   = 250 * time.Millisecond
	// peakWorse is by how much the peak may be weaker than the best sample in dB.
	peakWorse = 0.5
)

// Why a scan gave nothing.
var (
	errPeakWorse = errors.New("it is weaker there than elsewhere")
	errNoEcho    = errors.New("no reading of the receiver")
	errStranger  = errors.New("another satellite")
)

// echo is what the receiver says of the signal.
type echo struct {
	Locked bool
	CNR    float64 // NaN: it does not tell
	At     time.Time
}

// echo returns the newest word of the receiver; of a nil meter there is none.
func (m *Meter) echo() (echo, error) {
	if m == nil {
		return echo{}, errUnasked
	}
	now := m.tick()
	s, age, err := m.signal.at(now)
	e := echo{Locked: s.Lock.Locked(), CNR: math.NaN(), At: now.Add(-age)}
	if d := decibels(s.CNR); d != nil {
		e.CNR = *d
	}
	return e, err
}

// sample is the mean of the receiver's next words.
func (r *Rotator) sample(ctx context.Context) (locked bool, cnr float64, err error) {
	rested := r.tick().Add(echoSettle)
	var sum float64
	var n int
	last, failed := rested, errNoEcho
	for r.tick().Sub(rested) < echoBound {
		if err := rest(ctx, echoPoll); err != nil {
			return false, 0, err
		}
		e, err := r.meter.echo()
		if err != nil {
			failed = fmt.Errorf("%w: %w", errNoEcho, err)
			continue
		}
		switch {
		case !e.At.After(last):
		case !e.Locked:
			last = e.At
			if n = 0; e.At.Sub(rested) >= echoUnlock {
				return false, 0, nil
			}
			sum = 0
		case math.IsNaN(e.CNR):
			return false, 0, fmt.Errorf("%w in decibels: %w", errNoEcho, hal.ErrRefused)
		default:
			last, sum, n = e.At, sum+e.CNR, n+1
			if n >= echoWords && e.At.Sub(rested) >= echoSpan {
				return true, sum / float64(n), nil
			}
		}
	}
	return false, 0, failed
}

// scanNote is `dish peak live` as -json prints it.
type scanNote struct {
	Satellite string       `json:"satellite"`
	Off       aim          `json:"off"` // that the scan found
	CNR       float64      `json:"cnr_db"`
	Before    *float64     `json:"cnr_before_db"` // nil: there was no lock
	Sigma     dish.Degrees `json:"sigma_deg"`
	Samples   []peakSample `json:"samples"`
	Kept      bool         `json:"kept"` // the alignment record was written
}

type peakSample struct {
	X      dish.Degrees `json:"right_deg"` // on the sky, from where the satellite was thought to be
	Y      dish.Degrees `json:"up_deg"`
	Locked bool         `json:"lock"`
	CNR    *float64     `json:"cnr_db"`
}

// peakOpts are what goes with a scan.
type peakOpts struct {
	own  bool                  // the satellite is the station's, whom the meter knows
	now  func() time.Time      // of the record
	told func(n int, t tryout) // of each sample
}

// peak looks for the strongest direction around centre, which is a true one, teaches the
// mount what it finds and turns the dish there. When that fails the mount is taught
// nothing and the dish goes back to the centre, or stands where it was stopped. The caller
// has the claim.
func (r *Rotator) peak(ctx context.Context, centre aim, beam dish.Degrees, o peakOpts) (scanNote, error) {
	r.meter.haste.set(true)
	defer r.meter.haste.set(false)
	s := &peakScan{width: float64(beam), elevation: centre.Elevation, polar: r.polar()}
	old := r.offset()
	for x, y, more := s.next(); more; x, y, more = s.next() {
		t, err := r.tryOut(ctx, s, centre, x, y)
		if ctx.Err() != nil {
			err = errMountStopped
		}
		if err != nil {
			return s.note(), err
		}
		s.add(t)
		o.told(len(s.tried), t)
	}
	p, err := s.summit()
	if err == nil {
		err = r.verify(ctx, s, centre, p, o)
	}
	if err == nil {
		err = r.teach(old.plus(s.aim(float64(p.Azimuth), float64(p.Elevation))), o.now())
	}
	n := s.note()
	if ctx.Err() != nil {
		return n, errMountStopped
	}
	if err != nil {
		return n, errors.Join(err, r.turn(ctx, centre))
	}
	n.Off, n.Sigma, n.CNR = r.offset().minus(old), p.Sigma, s.tried[len(s.tried)-1].CNR
	return n, nil
}

// tryOut takes a sample x, y from the centre: where the mount has come to, which is not
// quite where it was sent.
func (r *Rotator) tryOut(ctx context.Context, s *peakScan, centre aim, x, y float64) (tryout, error) {
	if err := r.turn(ctx, centre.plus(s.aim(x, y))); err != nil {
		return tryout{}, err
	}
	where, err := r.where(ctx)
	if err != nil {
		return tryout{}, err
	}
	t := s.from(where.minus(centre))
	t.Locked, t.CNR, err = r.sample(ctx)
	return t, err
}

// verify takes the last sample where the fit has the peak.
func (r *Rotator) verify(ctx context.Context, s *peakScan, centre aim, p dish.Summit, o peakOpts) error {
	t, err := r.tryOut(ctx, s, centre, float64(p.Azimuth), float64(p.Elevation))
	if err != nil {
		return err
	}
	best, _ := s.best()
	s.add(t)
	o.told(len(s.tried), t)
	if !t.Locked || t.CNR < best.CNR-peakWorse {
		return errPeakWorse
	}
	if o.own {
		return r.recognise(ctx)
	}
	return nil
}

// recognise waits a while for the tables to say whose signal it is. A broadcaster who does
// not say is believed.
func (r *Rotator) recognise(ctx context.Context) error {
	for begun := r.tick(); r.tick().Sub(begun) < identifyBound; {
		switch who, _, _ := r.meter.sender.now(); who {
		case dish.IdentityRight:
			return nil
		case dish.IdentityWrong:
			return errStranger
		}
		if err := rest(ctx, echoPoll); err != nil {
			return err
		}
	}
	return nil
}

// aim is by how much the mount turns for x, y on the sky.
func (s *peakScan) aim(x, y float64) aim {
	if s.polar {
		return aim{Hour: dish.Degrees(x)}
	}
	return aim{Azimuth: dish.Degrees(x / math.Cos(float64(s.elevation)*math.Pi/180)), Elevation: dish.Degrees(y)}
}

// from is the other way.
func (s *peakScan) from(a aim) tryout {
	if s.polar {
		return tryout{X: float64(a.Hour)}
	}
	turned := math.Remainder(float64(a.Azimuth), 360)
	return tryout{X: turned * math.Cos(float64(s.elevation)*math.Pi/180), Y: float64(a.Elevation)}
}

// note tells of the samples.
func (s *peakScan) note() scanNote {
	n := scanNote{Samples: []peakSample{}}
	for _, t := range s.tried {
		p := peakSample{X: dish.Degrees(t.X), Y: dish.Degrees(t.Y), Locked: t.Locked}
		if t.Locked {
			p.CNR = &t.CNR
		}
		n.Samples = append(n.Samples, p)
	}
	if len(s.tried) > 0 && s.tried[0].Locked {
		n.Before = &s.tried[0].CNR
	}
	return n
}
