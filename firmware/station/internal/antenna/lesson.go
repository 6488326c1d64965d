package antenna

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	"stationbox/hal"
	"stationbox/hal/tuner"
	"stationbox/media/live"
)

// Lesson is a lesson that comes by the dish; without an id there is none.
type Lesson struct {
	id, title string
	channel   config.DishChannel
}

// reception is what is wished of the receiver and how that stands. The receiver has one
// owner, the goroutine of runTuner; everybody else says here what is wished, and finds
// here whether it is received.
type reception struct {
	mu     sync.Mutex
	wish   Lesson
	tuner  *tuner.Tuner
	at     tuner.Transponder // where it was tuned to, but for a drift of the LNB
	locked bool
	away   bool      // at is not the transponder of the dish's log
	why    dish.Loss // of the wish, "": not lost
	suns   []schedule.Span
	wake   context.CancelFunc // who looks at the tables; nil: nobody yet
}

// want replaces the wish.
func (r *reception) want(l Lesson) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wish.id != l.id {
		r.why = ""
	}
	r.wish = l
}

func (r *reception) wanted() Lesson {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wish
}

// stands is said by the owner after each look.
func (r *reception) stands(u *tuner.Tuner, at tuner.Transponder, locked, away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tuner, r.at, r.locked, r.away = u, at, locked, away
}

// tunedTo returns the receiver when it has a lock on at, else nil.
func (r *reception) tunedTo(at tuner.Transponder) *tuner.Tuner {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.locked || r.at != at {
		return nil
	}
	return r.tuner
}

// elsewhere says whether what is received is not what the dish's log is about.
func (r *reception) elsewhere() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.away
}

func (r *reception) setWhy(why dish.Loss) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.why = why
}

// loss is why the lesson id is not received now, "" when it is or nobody knows.
func (r *reception) loss(id string) dish.Loss {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wish.id != id {
		return ""
	}
	return r.why
}

func (r *reception) setSuns(list []schedule.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.suns = list
}

func (r *reception) foretold() []schedule.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.suns
}

// sunIn says whether a sun outage is foretold between from and to.
func (r *reception) sunIn(from, to time.Time) bool {
	for _, s := range r.foretold() {
		if s.From.Before(to) && s.To.After(from) {
			return true
		}
	}
	return false
}

// transponderOf is where a channel of a correct configuration is.
func transponderOf(c config.DishChannel) tuner.Transponder {
	return transponder(config.Tuner{Frequency: c.Frequency, SymbolRate: c.SymbolRate, Polarization: c.Polarization, System: c.System})
}

// errChannel means that a lesson names a channel which is not in the configuration, as a
// calendar file may.
var errChannel = errors.New("no such channel of the dish")

// channelOf finds the channel that a lesson comes by; false when it does not come by the
// dish.
func channelOf(d config.Dish, source string) (config.DishChannel, bool, error) {
	name, ok := config.DishAddress(source)
	if !ok {
		return config.DishChannel{}, false, nil
	}
	c, known := d.Received(name)
	if !known {
		return c, true, fmt.Errorf("%w: %q", errChannel, name)
	}
	return c, true, nil
}

// Programme is the number of a lesson's programme: its own, or else its channel's.
func Programme(d config.Dish, l firmware.Live) uint16 {
	c, ok, err := channelOf(d, l.Source)
	if l.Programme == 0 && ok && err == nil {
		return uint16(c.Service)
	}
	return l.Programme
}

// TunerSource opens a channel by its name for package live; nil for a station without a
// receiver.
func (m *Meter) TunerSource(programme uint16) func(name string) (live.Source, error) {
	if !m.Receives() {
		return nil
	}
	return func(name string) (live.Source, error) {
		c, known := m.cfg.Received(name)
		if !known {
			return nil, fmt.Errorf("%w: %q", errChannel, name)
		}
		return live.FromFeed("dvb:"+name, func(ctx context.Context) (live.Feed, error) {
			return m.feed(ctx, transponderOf(c), programme)
		}), nil
	}
}

// Receives says whether the station has a receiver.
func (m *Meter) Receives() bool { return m != nil && m.cfg.Tuner.Adapter != "" }

// lockLook is how often who waits for a lock looks.
const lockLook = 250 * time.Millisecond

// feed waits until the owner of the receiver has a lock on at, and streams from there.
func (m *Meter) feed(ctx context.Context, at tuner.Transponder, programme uint16) (live.Feed, error) {
	for {
		if u := m.rec.tunedTo(at); u != nil {
			s, err := u.Stream(ctx, tuner.Choice{Programme: programme})
			if errors.Is(err, tuner.ErrNoProgramme) { // whose tables are these?
				m.lookAgain()
			}
			if err != nil {
				return nil, err
			}
			return satFeed{s}, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockLook):
		}
	}
}

// lookAgain has the tables looked at soon.
func (m *Meter) lookAgain() {
	m.rec.mu.Lock()
	defer m.rec.mu.Unlock()
	if m.rec.wake != nil {
		m.rec.wake()
	}
}

// rest waits between two looks at the tables, until lookAgain or ctx ends.
func (m *Meter) rest(ctx context.Context, wait time.Duration) {
	ctx, wake := context.WithCancel(ctx)
	defer wake()
	m.rec.mu.Lock()
	m.rec.wake = wake
	m.rec.mu.Unlock()
	m.haste.rest(ctx, wait, tablesQuick)
}

// satFeed is a live.Feed: silence is no end.
type satFeed struct{ *tuner.Stream }

// Read is live.Feed.
func (f satFeed) Read(ctx context.Context, b []byte) (int, error) {
	n, err := f.Stream.Read(ctx, b)
	if errors.Is(err, hal.ErrSilent) {
		return 0, nil
	}
	return n, err
}

// Want says which lesson the receiver is to work for; the zero Lesson is none.
func (m *Meter) Want(l Lesson) { m.rec.want(l) }

// Foretell says when the Sun will stand behind the satellite.
func (m *Meter) Foretell(suns []schedule.Span) { m.rec.setSuns(suns) }

// Loss is why the lesson id is not received now, "" when it is or nobody knows.
func (m *Meter) Loss(id string) dish.Loss { return m.rec.loss(id) }

// NextLesson is the lesson for which the receiver is to work: the one that is on, or else the
// next one that comes by the dish.
func NextLesson(d config.Dish, o firmware.Occasion, phase lesson.Phase, ahead func() []firmware.Occasion) Lesson {
	switch phase {
	case lesson.ReadyCheck, lesson.WarmUp, lesson.RollCall, lesson.Playing, lesson.Paused:
		if l := satOf(d, o); l.id != "" {
			return l
		}
	}
	for _, next := range ahead() {
		if l := satOf(d, next); l.id != "" && next.ID != o.ID {
			return l
		}
	}
	return Lesson{}
}

// satOf is o when it comes by the dish.
func satOf(d config.Dish, o firmware.Occasion) Lesson {
	c, ok, err := channelOf(d, o.Live.Source)
	if o.ID == "" || !ok || err != nil {
		return Lesson{}
	}
	return Lesson{o.ID, o.Title, c}
}

// SignalFor answers the ready check about o: whether the dish receives, and whether the
// Sun stays out of its way. A day before any lock counts, for there is one receiver.
func (m *Meter) SignalFor(which lesson.Round, o firmware.Occasion) (signal, sun lesson.Answer) {
	if !m.Receives() {
		return lesson.Unasked, lesson.Unasked
	}
	c, ok, err := channelOf(m.cfg, o.Live.Source)
	if !ok || err != nil {
		return lesson.Unasked, lesson.Unasked
	}
	sun = lesson.Of(!m.rec.sunIn(o.Start, o.Start.Add(o.Duration)))
	s, _, err := m.signal.at(m.tick())
	switch {
	case err != nil:
		return lesson.No, sun
	case which == lesson.DayBefore:
		return lesson.Of(s.Lock.Locked()), sun
	}
	return lesson.Of(m.rec.tunedTo(transponderOf(c)) != nil), sun
}
