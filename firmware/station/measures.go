package station

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/card"
	"stationbox/firmware/journal"
	"stationbox/firmware/telemetry"
	"stationbox/hal"
)

// cardEvery is how often the card is looked at.
const cardEvery = time.Minute

// cardWatch is what is known of the memory card.
type cardWatch struct {
	mu   sync.Mutex
	life card.Life
	some bool
}

func (c *cardWatch) set(l card.Life) {
	c.mu.Lock()
	c.life, c.some = l, true
	c.mu.Unlock()
}

// known is the newest estimate of the card's life.
func (c *cardWatch) known() (card.Life, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life, c.some
}

// watchCard looks after the memory card until ctx ends. A card of which the kernel
// says nothing is not watched.
func (st *Station) watchCard(ctx context.Context) error {
	w, err := card.New(st.cfg.Station.StateDir, st.now(), card.Opts{System: os.DirFS("/")})
	if err != nil {
		st.log.Info("card: not watched", "err", err)
		<-ctx.Done()
		return nil
	}
	if err := st.journal.Scan(func(r firmware.Record) error {
		if r.Kind == card.KindDay {
			w.Feed(r)
		}
		return nil
	}); err != nil {
		st.log.Warn("card", "err", err)
	}
	tick := time.NewTicker(cardEvery)
	defer tick.Stop()
	for day := st.now().Day(); ; {
		now, writes := st.now(), writesOf(st.journal.Stats())
		for _, f := range w.Look(now, writes) {
			var args []string
			for name, value := range f.Args {
				args = append(args, name, value)
			}
			st.faults.Set(f.On, f.Code, "", args...)
		}
		st.card.set(w.Life(now))
		if now.Day() != day || ctx.Err() != nil {
			day = now.Day()
			if d, ok := w.EndDay(now, writes); ok {
				st.scribe.put(card.KindDay, "", d)
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		select {
		case <-ctx.Done(): // what was written until now is put down
		case <-tick.C:
		}
	}
}

func writesOf(s journal.Stats) card.Writes {
	return card.Writes{Records: s.Records, Commits: s.Commits, Bytes: s.Bytes, Failures: s.Failures, Slow: s.Slow, WorstMS: s.WorstMS, LastError: s.LastError}
}

// channels are what is measured each second, in the order of measured.
func (st *Station) channels() []string {
	list := []string{"mains_mv", "mains_mhz", "feed_mv"}
	for _, l := range st.cfg.Loads {
		list = append(list, l.Name+"_ma")
	}
	return list
}

// measured are the values of now; what is not known is telemetry.Unknown.
func (st *Station) measured(guard hal.Reading[firmware.GuardStatus]) []int32 {
	values := make([]int32, 3+len(st.cfg.Loads))
	for i := range values {
		values[i] = telemetry.Unknown
	}
	g, known := guard.Fresh(st.tick(), guardAge)
	if !known {
		return values
	}
	set := func(i int, ok bool, v int64) {
		if ok && v >= 0 && v <= math.MaxInt32 {
			values[i] = int32(v)
		}
	}
	set(0, g.MainsOK || g.MainsMV > 0, g.MainsMV)
	set(1, g.MainsOK, g.MainsMHz)
	set(2, g.FeedOK, g.FeedMV)
	for i, l := range st.cfg.Loads {
		for _, have := range g.Loads {
			if have.Name == l.Name {
				set(3+i, have.CurrentOK, have.CurrentMA)
			}
		}
	}
	return values
}

// telemetryRing is the size of the telemetry's own ring, so that it never pushes a
// press out: more than a year.
const telemetryRing = 256 << 20

// measure keeps what is measured until ctx ends: a block in ten minutes, and the last
// minute of an event of the guard.
func (st *Station) measure(ctx context.Context, mono func() time.Duration, values func() []int32) error {
	j, err := journal.Open(filepath.Join(st.cfg.Station.StateDir, "telemetry"), journal.Opts{Station: st.cfg.Station.ID, Boot: newBoot(), Now: st.now, Mono: mono, Log: st.log, Limit: telemetryRing})
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	own := newScribe(j, st.log, func(error) {}) // the journal's fault says it
	ownCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { _ = own.Run(ownCtx) })
	defer func() { stop(); wg.Wait() }()
	rec, err := telemetry.New(st.channels(), own.put, telemetry.Opts{})
	if err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			rec.Flush()
			return nil
		case cause := <-st.shocks:
			rec.Event(st.now(), cause)
		case <-tick.C:
			rec.Sample(st.now(), values())
		}
	}
}

// shock says that something happened to the mains; it never waits.
func (st *Station) shock(e firmware.GuardEvent) {
	select {
	case st.shocks <- e.Kind:
	default:
	}
}
