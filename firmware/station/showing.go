package station

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/display"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/antenna"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/text"
	"stationbox/hal"
	"stationbox/media/notice"
	"stationbox/media/player"
)

// voice is the station's own sound; every call returns at once.
type voice interface {
	Bell()
	PlayFile(name string) error
	Beep(ok bool)
}

// mainsGuard is the guard as the lesson needs it.
type mainsGuard interface {
	Status() hal.Reading[firmware.GuardStatus]
	Want(firmware.GuardWant)
}

// screen is a display with the load that feeds it.
type screen struct {
	name   string
	load   string
	keeper *display.Keeper
}

// guardAge is how old the guard's word may be.
const guardAge = 3 * time.Second

// showing carries out what package lesson decides. It owns the loop that asks
// "what should be true now?" and hands the answers to the desk, the displays,
// the guard and the roll, none of which it waits for.
type showing struct {
	cal      calendar
	times    lesson.Times
	mem      *memory
	scribe   *scribe
	guard    mainsGuard
	screens  []screen
	warm     func() time.Duration                  // from the command to the displays to their picture, as they taught; nil: as configured
	cut      func(load string, now time.Time) bool // mains is to be taken from it now; nil: never
	loads    []string                              // all loads, wanted on during a lesson
	kept     map[string]bool                       // those that are on whenever mains is good
	desk     *desk
	voice    voice
	dish     *antenna.Meter // nil: no sensors
	roll     *rollbook
	faults   *fault.Book
	words    *text.Catalogue
	place    string // name of the station
	stateDir string
	log      *slog.Logger
	now      func() time.Time // what time it is; may be set
	tick     func() time.Time // for ages and spans; is never set
	clock    timekeeper
	course   course // of Run alone
	easel    *easel
	side     *side        // nil: there is one screen
	aligns   func() bool  // somebody aligns the dish and looks at the television; nil: nobody
	wall     *notice.Wall // what the village publishes; nil: nothing
	soon     struct {
		at   time.Time
		list []firmware.Occasion
	} // of Run alone
	air      *broadcast
	mark     *bookmark
	prover   *prover
	shelf    *shelf
	player   interface{ State() player.Status }
	requests *requests
	asked    chan asked
	wake     chan struct{} // for nudge

	mu       sync.Mutex
	occ      firmware.Occasion
	phase    lesson.Phase
	why      string          // cause that the phase waits for or ended by
	override map[string]bool // loads of a relay test
	looked   time.Time       // at the occasions of the next day
	booted   time.Time
	lastPos  time.Time
	lastWant time.Time
	orders   lesson.Orders
}

// Run decides until ctx ends. The order to begin is given within a millisecond
// or so of its moment, because the loop sleeps until then. That moment is one
// picture before the start: the first picture stands on the screen since the
// film was loaded, and the player holds it for its time before the second comes.
func (s *showing) Run(ctx context.Context) error {
	s.booted = s.tick()
	s.settle(ctx)
	s.restore(s.now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-s.wake:
		}
		timer.Reset(s.round())
	}
}

// nudge lets Run decide at once: while nothing is on it looks but every two seconds.
func (s *showing) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// settle waits at most two seconds for the first word of guard and player, so
// that a restart in mid-lesson does not take "not heard yet" for "not there".
func (s *showing) settle(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for s.tick().Sub(s.booted) < 2*time.Second {
		_, guard := s.guard.Status().Fresh(s.tick(), guardAge)
		if guard && s.desk.outcome().up {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round decides once and returns how long to sleep.
func (s *showing) round() time.Duration {
	now := s.now()
	s.take()
	if s.warm != nil && !s.busy() { // within a lesson nothing is put off or brought forward
		s.times.WarmUp = s.warm()
	}
	s.exercise(now)
	o, ok := s.current(now)
	var ord lesson.Orders
	var f lesson.Facts
	var lead time.Duration
	if ok {
		f = s.facts(now, o)
		lead = s.lead(o)
		ord = lesson.Decide(now.Add(lead), o, s.timesFor(o), s.history(now, o.ID), f)
	} else {
		ord = lesson.Orders{Phase: lesson.Idle}
		f = s.facts(now, o) // powers the displays' keepers
	}
	s.carryOut(now, o, ord, f)
	s.hold(now, o)
	const step, idle = 100 * time.Millisecond, 2 * time.Second
	if !ok {
		return idle
	}
	if left := o.Start.Sub(s.now()) - lead; left > 0 && left < step {
		return left
	}
	return step
}

// lead is how long before the start the film is let go: one picture of it, when
// it stands ready.
func (s *showing) lead(o firmware.Occasion) time.Duration {
	if out := s.desk.outcome(); out.key == o.ID && out.loaded {
		return min(out.frame, 100*time.Millisecond)
	}
	return 0
}

// carryOut makes the orders true, quickest first: the picture must not wait for
// anything else.
func (s *showing) carryOut(now time.Time, o firmware.Occasion, ord lesson.Orders, f lesson.Facts) {
	h := s.mem.lessons[o.ID]
	w := wish{key: o.ID, run: ord.Run && ord.End == "", lines: s.easel.want(s.sight(now, o, ord))}
	switch {
	case o.IsLive():
		w.live = ord.Load && ord.End == "" && (ord.Run || now.Before(o.Start) && f.MainsGood)
	case ord.Load || ord.Farewell:
		w.file, w.at = o.File, s.resumeAt(o.ID, h)
	}
	s.desk.want(w)
	s.air.want(o, w.live, o.Start.Sub(now))
	for _, sc := range s.screens {
		sc.keeper.Want(ord.Displays || s.lit(sc, ord))
	}
	s.wantPower(now, ord)
	s.beside(now, o, ord)
	s.attend(o, ord, h)
	s.changePhase(o, ord, f)
	s.follow(o, ord)
	s.readiness(now, o, f)
	s.prover.sample(now, o, ord.Phase, s.guard.Status(), s.player.State(), s.shows(o))
	if ord.End != "" && !h.Ended {
		s.end(o, ord)
	}
}

func (s *showing) resumeAt(id string, h lesson.History) time.Duration {
	if !h.Started {
		return 0
	}
	return max(h.Position, s.mark.get(id))
}

// wantPower sends the whole wish to the guard, at every change and each second,
// because what the displays report goes stale.
func (s *showing) wantPower(now time.Time, ord lesson.Orders) {
	s.mu.Lock()
	override, changed := s.override, s.orders.Power != ord.Power
	s.mu.Unlock()
	tick := s.tick()
	if !changed && tick.Sub(s.lastWant) < 500*time.Millisecond {
		return
	}
	s.lastWant = tick
	want := firmware.GuardWant{Loads: map[string]bool{}, Displays: map[string]hal.DisplayState{}}
	for _, l := range s.loads {
		want.Loads[l] = ord.Power
		if on, ok := override[l]; ok {
			want.Loads[l] = on
		}
		if s.cut != nil && s.cut(l, tick) {
			want.Loads[l] = false
		}
	}
	for _, sc := range s.screens {
		if s.lit(sc, ord) {
			want.Loads[sc.load] = true
		}
		if st := sc.keeper.Status(); tick.Sub(st.At) < guardAge+10*time.Second {
			want.Displays[sc.load] = st.State
		}
	}
	s.requests.add(&want, now, s.mem)
	s.guard.Want(want)
}

// attend opens and closes the roll, and rings and calls once, when it is open on
// the card.
func (s *showing) attend(o firmware.Occasion, ord lesson.Orders, h lesson.History) {
	s.roll.open(o, ord.Roll && ord.End == "")
	if !ord.Ring || h.RollOpened || !s.roll.opened(o.ID) {
		return
	}
	h.RollOpened = true
	s.mem.lessons[o.ID] = h
	s.voice.Bell()
	s.say("roll-call")
}

// say plays a spoken prompt; a missing one is a fault, not a silence.
func (s *showing) say(name string) {
	err := s.voice.PlayFile(name)
	s.faults.Set(err != nil, "fault.sound.prompt", name)
}

func (s *showing) changePhase(o firmware.Occasion, ord lesson.Orders, f lesson.Facts) {
	why := waitsFor(ord, f)
	s.mu.Lock()
	from, fromID := s.phase, s.occ.ID
	s.occ, s.phase, s.why, s.orders = o, ord.Phase, why, ord
	if fromID != o.ID {
		from = ""
	}
	s.mu.Unlock()
	if from == ord.Phase || o.ID == "" || ord.Phase == lesson.Idle || s.mem.phases[o.ID] == ord.Phase {
		return
	}
	s.log.Info("phase", "lesson", o.ID, "from", from, "to", ord.Phase, "why", why)
	s.note(firmware.KindPhase, o.ID, phaseNote{Phase: ord.Phase, From: s.mem.phases[o.ID], Why: why, Relative: s.course.relative.ID == o.ID})
	if ord.Phase == lesson.Paused {
		s.say("power-lost")
	}
}

// follow remembers where the film is: each second for a restart of the program,
// every ten seconds on the card for a power cut.
func (s *showing) follow(o firmware.Occasion, ord lesson.Orders) {
	now, out := s.tick(), s.desk.outcome()
	if ord.Phase != lesson.Playing || out.key != o.ID {
		return
	}
	if o.IsLive() {
		if now.Sub(s.lastPos) >= 10*time.Second {
			s.lastPos = now
			s.note(firmware.KindPosition, o.ID, positionNote{PositionMS: max(0, s.now().Sub(o.Start)).Milliseconds(), Live: s.aired(o)})
		}
		return
	}
	if !out.running {
		return
	}
	s.mark.set(o.ID, out.position, now)
	if now.Sub(s.lastPos) >= 10*time.Second {
		s.lastPos = now
		s.note(firmware.KindPosition, o.ID, positionNote{PositionMS: out.position.Milliseconds()})
	}
}

// end closes the lesson with its record.
func (s *showing) end(o firmware.Occasion, ord lesson.Orders) {
	h, out := s.mem.lessons[o.ID], s.desk.outcome()
	played := out.position
	if out.key != o.ID {
		played = h.Position
	}
	length, aired := out.length, s.aired(o)
	switch {
	case aired != nil:
		played, length = aired.summary().Live, o.Duration
	case ord.End == lesson.CausePlayed:
		played = length
	}
	s.note(firmware.KindLesson, o.ID, resultNote{Title: o.Title, File: o.File, Scheduled: o.Start, Started: h.StartedAt,
		PlayedMS: played.Milliseconds(), LengthMS: length.Milliseconds(), Present: s.roll.present(o.ID), Cause: ord.End, Live: aired, Losses: s.dish.LossesOf(o.ID),
		Relative: s.course.relative.ID == o.ID, Proof: s.prove(o, h, ord.End, played, length)})
	s.log.Info("lesson ended", "lesson", o.ID, "cause", ord.End, "played", played, "present", s.roll.present(o.ID))
	if ord.End == lesson.CausePlayed {
		s.say("lesson-ends")
	}
	s.faults.Over(readyFault, o.ID)
	s.faults.Set(ord.End != lesson.CausePlayed, "fault.lesson.not_shown", "", "title", o.Title, "cause", ord.End)
}

// aired is the account of a live lesson, nil of any other.
func (s *showing) aired(o firmware.Occasion) *accountNote {
	if !o.IsLive() {
		return nil
	}
	return accountOf(s.air.account(s.now(), o))
}

// prove makes the signed record of a lesson that ends.
func (s *showing) prove(o firmware.Occasion, h lesson.History, cause string, played, length time.Duration) json.RawMessage {
	st := s.clock.Status()
	var spare time.Duration
	if a := s.aired(o); a != nil {
		spare = a.summary().Fallback
	}
	return s.prover.end(s.now(), o, h, cause, played, length, spare, trust{
		source: st.Source.String(), bound: st.Bound, bounded: st.Bound < clock.Unbounded, era: st.Era, relative: s.course.relative.ID == o.ID,
	})
}

// note remembers a record at once and lets the scribe write it.
func (s *showing) note(kind, id string, data any) {
	s.mem.feed(inMemory(kind, id, data, s.now()))
	s.scribe.put(kind, id, data)
	switch kind {
	case kindMakeUp:
		if a, ok := s.cal.(*agenda); ok {
			a.add(s.mem)
		}
	case kindEmergency:
		s.alarm()
	}
}

// wantLoad lets a relay test switch one load by the guard's own rules; nil ends it.
func (s *showing) wantLoad(override map[string]bool) {
	s.mu.Lock()
	s.override = override
	s.mu.Unlock()
	s.nudge()
}

// busy says whether a lesson needs the equipment now.
func (s *showing) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase != lesson.Idle && s.phase != lesson.Done && s.phase != ""
}

// whileIdle does something that needs the equipment, until it is done or a lesson
// needs it, and says whether a lesson did.
func (s *showing) whileIdle(ctx context.Context, do func(context.Context)) (interrupted bool) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for !interrupted {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				interrupted = s.busy()
			}
		}
		cancel()
	})
	do(ctx)
	cancel()
	wg.Wait()
	return interrupted
}

// ordered is what should be true now.
func (s *showing) ordered() lesson.Orders {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.orders
}

// shown is the lesson whose picture is on the screen, and how much of it is over, 0
// to 1; "" when the picture is of none.
func (s *showing) shown() (id string, part float64) {
	o, phase, _ := s.glance()
	if phase != lesson.Playing || !s.shows(o) {
		return "", 0
	}
	if o.IsLive() {
		return o.ID, s.now().Sub(o.Start).Seconds() / max(1, o.Duration.Seconds())
	}
	st := s.player.State()
	return o.ID, st.Position.Seconds() / max(1, st.Duration.Seconds())
}

// glance is what the status needs to know.
func (s *showing) glance() (firmware.Occasion, lesson.Phase, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.occ, s.phase, s.why
}
