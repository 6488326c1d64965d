package power

import (
	"log/slog"
	"slices"
	"time"
)

// Evidence is a Replay with the black box of the loop beside it: it makes the
// same Records, and says of each event what the guard does next.
type Evidence struct {
	*Replay
	box     *blackBox
	epoch   time.Time
	told    []Told
	seq     uint64
	records []*Record
}

// Told is one event of an Evidence and what follows it.
type Told struct {
	Happened
	Next Next
}

// NewEvidence returns an Evidence for NewReplay's arguments, except that the plan
// is made of settings. Records have times as if the first sample had been taken
// at epoch.
func NewEvidence(settings Settings, fullScale int, cold bool, epoch time.Time) (*Evidence, error) {
	plan, err := NewPlan(settings)
	if err != nil {
		return nil, err
	}
	r := NewReplay(plan, fullScale, cold)
	return &Evidence{
		Replay: r, epoch: epoch,
		box: newBlackBox("none", "replay", fullScale, settings, plan, r.quality, slog.New(slog.DiscardHandler)),
	}, nil
}

// Limits are those of the settings, as in every Record.
func (e *Evidence) Limits() Limits { return e.box.limits }

// Frame plays one frame that came in time and returns what the guard orders.
func (e *Evidence) Frame(f *Frame) Orders {
	n := len(e.events)
	o := e.Replay.Frame(f)
	e.box.take(f, &e.in, e.epoch.Add(e.at))
	e.tell(n)
	e.collect()
	return o
}

// tell numbers the events from n on.
func (e *Evidence) tell(n int) {
	for _, h := range e.events[n:] {
		e.seq++
		e.box.note(h.Event, e.seq, &e.state)
		e.told = append(e.told, Told{Happened: h, Next: e.plan.next(&e.state)})
	}
}

// collect does what the keeper does, at once.
func (e *Evidence) collect() {
	for i := range e.box.slot {
		c := &e.box.slot[i]
		if !c.yours.Load() {
			continue
		}
		if c.whole {
			e.records = append(e.records, e.box.record(c))
		}
		c.yours.Store(false)
	}
}

// Finish ends the replay and returns everything that happened and every Record,
// both in order of time.
func (e *Evidence) Finish() ([]Told, []*Record) {
	n := len(e.events)
	e.quality.Finish()
	e.disturbances()
	e.tell(n)
	e.box.finish()
	e.collect()
	slices.SortStableFunc(e.told, func(a, b Told) int { return int(a.At - b.At) })
	slices.SortStableFunc(e.records, func(a, b *Record) int { return a.Wall.Compare(b.Wall) })
	return e.told, e.records
}
