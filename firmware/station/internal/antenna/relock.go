package antenna

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/hal"
	"stationbox/hal/tuner"
)

// kindRelock is the record of what happened to the signal of a lesson by the dish.
const kindRelock = "relock"

// The events of a relockNote.
const (
	signalLost  = "lost"
	signalTried = "tried"
	signalBack  = "back"
	signalEnded = "ended" // the lesson, before it was back
)

// relockNote is the data of a kindRelock record.
type relockNote struct {
	Event  string      `json:"event"`
	Why    dish.Loss   `json:"why"`
	Remedy dish.Remedy `json:"remedy,omitempty"`
	Shift  int         `json:"shift_mhz,omitempty"`
	Round  int         `json:"round,omitempty"`
	ForMS  int64       `json:"for_ms"`           // since the loss
	Doctor dish.Cause  `json:"doctor,omitempty"` // why, by the minutes before; of an end
	Cause  string      `json:"cause,omitempty"`  // why a remedy could not be done
}

const (
	// mostRelockNotes bounds the records of tries for one lesson.
	mostRelockNotes = 100
	// unpowered is how long an LNB is left without voltage: its supply is empty by then.
	unpowered = time.Second
)

// lockWatch keeps the receiver on its transponder, and for a lesson on that lesson's.
type lockWatch struct {
	meter *Meter
	tuner *tuner.Tuner
	own   tuner.Transponder // without a lesson
	want  tuner.Transponder
	tuned time.Time // zero: it is to be tuned
	lost  time.Time // since when there is no lock; zero: there is one, or nobody knows

	lesson Lesson
	relock *dish.Relock
	away   dish.Step // the loss that stands with the newest remedy; zero: none
	doctor dish.Cause
	seen   time.Time // by the doctor
	notes  int
}

func newLockWatch(m *Meter, u *tuner.Tuner) *lockWatch {
	own := transponder(m.cfg.Tuner)
	return &lockWatch{meter: m, tuner: u, own: own, want: own, relock: dish.NewRelock()}
}

// read tunes when that is due, asks, and does something about a lock that a lesson needs.
func (w *lockWatch) read(ctx context.Context) (hal.Reading[tuner.Status], error) {
	w.turn()
	r, err := w.ask(ctx)
	w.meter.rec.stands(w.tuner, w.want, err == nil && r.Value.Lock.Locked(), w.want != w.own)
	if w.lesson.id != "" && !w.meter.moved() {
		w.supervise(ctx, lookoutOf(r.Value, err))
	}
	if err != nil { // it may be another one that answers next, or have lost its settings
		w.tuned, w.lost = time.Time{}, time.Time{}
		w.meter.sender.heard(false)
		return r, err
	}
	w.judge(r.Value.Lock)
	w.meter.sender.heard(r.Value.Lock.Locked())
	return r, nil
}

// turn takes up what is wished.
func (w *lockWatch) turn() {
	wish := w.meter.rec.wanted()
	if wish.id != w.lesson.id {
		w.leave()
		w.lesson, w.notes = wish, 0
	}
	want := w.own
	if wish.id != "" {
		want = transponderOf(wish.channel)
	}
	if want != w.want {
		w.want, w.tuned, w.lost, w.relock = want, time.Time{}, time.Time{}, dish.NewRelock()
		w.meter.rec.stands(w.tuner, want, false, want != w.own)
	}
}

// ask tunes a receiver that is not tuned, and asks. Without a lesson to watch over it is
// tuned again each minute without a lock.
func (w *lockWatch) ask(ctx context.Context) (hal.Reading[tuner.Status], error) {
	now := w.meter.tick()
	moved := w.meter.moved() // tuning would stop the readings for seconds
	if w.tuned.IsZero() || w.lesson.id == "" && !moved && !w.lost.IsZero() && now.Sub(w.tuned) >= tuneAgain {
		if err := w.tune(ctx, w.relock.Shift()); err != nil {
			return hal.Reading[tuner.Status]{}, err
		}
	}
	return w.tuner.Status(ctx)
}

// tune tunes that many MHz beside the right frequency. Without a lock the receiver goes on
// trying, and Status says how far it came.
func (w *lockWatch) tune(ctx context.Context, shift int) error {
	tp := w.want
	tp.Frequency += megahertz(config.Megahertz(shift))
	if err := w.tuner.Tune(ctx, tp); err != nil && !errors.Is(err, hal.ErrSilent) {
		return err
	}
	w.tuned = w.meter.tick()
	return nil
}

// judge tells of a lock that is lost for a minute, unless somebody is at the dish and
// turns it.
func (w *lockWatch) judge(l tuner.Lock) {
	now := w.meter.tick()
	switch {
	case l.Locked():
		w.lost = time.Time{}
		w.meter.faults.Set(false, "fault.dish.no_lock", "")
	case w.lost.IsZero():
		w.lost = now
	case now.Sub(w.lost) >= noLockTime && !w.meter.moved():
		w.meter.faults.Set(true, "fault.dish.no_lock", "", "satellite", w.meter.cfg.Target().Name)
	}
}

// lookoutOf is a reading as the supervisor takes it.
func lookoutOf(s tuner.Status, err error) dish.Lookout {
	l := dish.Lookout{Answers: err == nil, CNR: dish.DB(math.NaN()), Level: math.NaN()}
	if err != nil {
		return l
	}
	l.Locked, l.Carrier = s.Lock.Locked(), s.Lock&(tuner.Carrier|tuner.Viterbi|tuner.Sync) != 0
	if v, ok := s.CNR.DB(); ok {
		l.CNR = dish.DB(v)
	}
	if v, ok := s.Level.DB(); ok {
		l.Level = float64(v)
	}
	return l
}

// supervise does what the supervisor of the lock wants.
func (w *lockWatch) supervise(ctx context.Context, l dish.Lookout) {
	m := w.meter
	now := m.now()
	l.Sun = m.rec.sunIn(now, now.Add(time.Second))
	l.Foreign = m.faults.Standing("fault.dish.satellite")
	s := w.relock.Watch(m.tick(), l)
	switch {
	case s.Back:
		w.over(signalBack, s)
	case s.Began:
		w.away, w.doctor, w.seen = s, "", m.tick()
		w.note(relockNote{Event: signalLost, Why: s.Why})
	case s.Remedy != dish.RemedyNone:
		w.away.Why, w.away.Remedy = s.Why, s.Remedy
		err := w.remedy(ctx, s)
		n := relockNote{Event: signalTried, Why: s.Why, Remedy: s.Remedy, Shift: s.Shift, Round: s.Round}
		if err != nil {
			n.Cause = err.Error()
		}
		w.note(n)
	}
	if w.consult(m.tick()) || s.Remedy != dish.RemedyNone {
		w.say()
	}
}

// consult asks the doctor when that is due, and says whether there is news.
func (w *lockWatch) consult(now time.Time) bool {
	if w.away.Why == "" || now.Sub(w.away.Since) < doctorAfter || now.Sub(w.seen) < doctorEvery || w.meter.rec.elsewhere() {
		return false
	}
	w.seen = now
	c, sure := w.meter.doctor()
	if !sure || c == w.doctor {
		return false
	}
	w.doctor = c
	return true
}

// remedy does it. Without a lock at its end nothing is wrong yet.
func (w *lockWatch) remedy(ctx context.Context, s dish.Step) error {
	var err error
	switch s.Remedy {
	case dish.RemedyPower:
		if err = w.tuner.Off(ctx); err == nil {
			pause(ctx, unpowered)
		}
	case dish.RemedyRestart:
		err = w.tuner.Restart(ctx)
	}
	return errors.Join(err, w.tune(ctx, s.Shift))
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// say tells people while the signal is away why, and what is being done.
func (w *lockWatch) say() {
	cause := "dish.loss." + string(w.away.Why)
	if w.doctor != "" {
		cause = "cmd.dish.cause." + string(w.doctor)
	}
	w.meter.rec.setWhy(w.away.Why)
	w.meter.faults.Set(w.away.Why != "", "fault.dish.relock", w.lesson.id, "title", w.lesson.title,
		"cause", cause, "remedy", "dish.remedy."+string(w.away.Remedy))
}

// over ends the loss that stands.
func (w *lockWatch) over(event string, s dish.Step) {
	if w.away.Why == "" {
		return
	}
	w.note(relockNote{Event: event, Why: w.away.Why, Remedy: s.Remedy, Shift: s.Shift, Round: s.Round, Doctor: w.doctor})
	w.away, w.doctor = dish.Step{}, ""
}

// leave ends the watch over a lesson.
func (w *lockWatch) leave() {
	if w.lesson.id == "" {
		return
	}
	w.over(signalEnded, dish.Step{})
	w.meter.rec.setWhy("")
	w.meter.faults.Set(false, "fault.dish.relock", w.lesson.id)
	w.relock = dish.NewRelock()
}

// note writes down what happened, and keeps the account of the lesson.
func (w *lockWatch) note(n relockNote) {
	n.ForMS = w.meter.tick().Sub(w.away.Since).Milliseconds()
	if w.away.Since.IsZero() {
		n.ForMS = 0
	}
	w.meter.losses.add(w.lesson.id, n)
	w.notes++
	if n.Event == signalTried && w.notes > mostRelockNotes {
		return
	}
	w.meter.log.Info("dish signal", "lesson", w.lesson.id, "event", n.Event, "why", n.Why, "remedy", n.Remedy, "shift", n.Shift, "cause", n.Cause)
	w.meter.put(kindRelock, w.lesson.id, n)
}

// LossNote is how often and how long the signal of a lesson was away, in its record.
type LossNote struct {
	Why   dish.Loss `json:"why"`
	Times int       `json:"times"`
	ForMS int64     `json:"for_ms"`
	// Doctor is what the doctor made of the last of them, "" when it was not sure.
	Doctor dish.Cause `json:"doctor,omitempty"`
}

// mostLossBooks bounds the lessons whose losses are kept.
const mostLossBooks = 16

// LossBook keeps why and how long the signal was away, by lesson. It is made by feeding
// it every record, old ones at boot and new ones as they are written.
type LossBook struct {
	mu    sync.Mutex
	known map[string][]LossNote
}

// NewLossBook returns one without losses.
func NewLossBook() *LossBook { return &LossBook{known: map[string][]LossNote{}} }

// Feed takes in an old record.
func (b *LossBook) Feed(r firmware.Record) {
	var n relockNote
	if r.Kind == kindRelock && json.Unmarshal(r.Data, &n) == nil {
		b.add(r.Lesson, n)
	}
}

// add takes in what happened. A loss counts when it is over.
func (b *LossBook) add(lesson string, n relockNote) {
	if n.Event != signalBack && n.Event != signalEnded {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	list, known := b.known[lesson]
	if !known && len(b.known) >= mostLossBooks {
		clear(b.known)
	}
	i := slices.IndexFunc(list, func(l LossNote) bool { return l.Why == n.Why })
	if i < 0 {
		i, list = len(list), append(list, LossNote{Why: n.Why})
	}
	list[i].Times++
	list[i].ForMS += max(n.ForMS, 0)
	if n.Doctor != "" {
		list[i].Doctor = n.Doctor
	}
	slices.SortFunc(list, func(a, b LossNote) int { return strings.Compare(string(a.Why), string(b.Why)) })
	b.known[lesson] = list
}

// of is the account of a lesson; nil for one that lost nothing.
func (b *LossBook) of(lesson string) []LossNote {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.known[lesson])
}

// LossesOf is the account of a lesson.
func (m *Meter) LossesOf(id string) []LossNote {
	if m == nil {
		return nil
	}
	return m.losses.of(id)
}
