package power

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"stationbox/firmware"
)

// Source gives the frames of the front end in order. Next waits until the
// deadline at most and then returns an error; it allocates nothing unless it
// fails.
type Source interface {
	Next(deadline time.Time) (Frame, error)
}

// Drive is the main contactor. Pulse holds it for another 100 to 300 ms and must
// not wait; Release says that no pulse follows soon; Aux reads the auxiliary
// contact, bounded.
type Drive interface {
	Pulse() error
	Release() error
	Aux() (closed, known bool, err error)
}

// Relay is one load relay. Both calls are bounded.
type Relay interface {
	Set(on bool) error
	On() (bool, error)
}

// Outlet is told what the guard does. Neither call may wait.
type Outlet interface {
	Status(firmware.GuardStatus)
	Event(firmware.GuardEvent)
}

// Opts are the choices of a Loop; the zero value is right, but without Boot the
// station cannot tell one start of the guard from the next.
type Opts struct {
	Boot      string   // new at each start
	FullScale int      // volts of sample 32768, default 800
	Notes     []string // standing remarks to show in every status
	Memory    string   // file of the durable memory; "" for none
	Events    string   // folder of the black box's files; "" for none
	Meter     Meter    // slow second source; nil for none
	// MeterVolts is up to where the meter can measure, default 255: a PZEM is blind
	// in an over-voltage and not to blame for it.
	MeterVolts int
	Witnesses  Witnesses
	// HoldArrester keeps the contactor open while the surge arrester has failed or
	// says nothing.
	HoldArrester bool
	Log          *slog.Logger
	Now          func() time.Time // default time.Now; its monotonic part is what counts
}

// Bounds of the loop.
const (
	frameWait  = 10 * time.Millisecond  // a Step without a frame comes this often
	slowStale  = 500 * time.Millisecond // a slow value of the front end is good for this long
	pinsGone   = 100 * time.Millisecond // an auxiliary contact that cannot be read for this long
	queueRoom  = 256                    // events that wait for the reporter
	liveAbove  = 500                    // 0.1 V behind the contactor: it is closed
	deadBelow  = 200                    // 0.1 V behind the contactor: it is open
	statusTick = 200 * time.Millisecond
)

// Loop is a running guard around one Plan.
type Loop struct {
	plan   *Plan
	load   []Load
	opts   Opts
	log    *slog.Logger
	now    func() time.Time
	source Source
	drive  Drive
	outlet Outlet
	eyes   eyes
	hands  hands
	wish   atomic.Pointer[wish]
	meter  *meterWatch
	keeper keeper
	box    *blackBox
	*bystander

	// Of the goroutine in Run alone.
	sampler  *Sampler
	supply   *supply
	state    State
	in       Input
	last     time.Time
	lastMV   Sense
	sinceMV  time.Duration
	slow     [SlowStrikes + 1]slowValue
	reset    uint64
	arrester arrester
	travels  travels
	starter  starter
	closing  bool          // pulses hold the contactor
	pulsed   time.Time     // last
	relays   uint8         // ordered last
	failing  time.Duration // for how long pulses have failed
	news     [4]Event      // of this turn, besides those of the core
	nNews    int

	mu     sync.Mutex
	snap   snapshot
	queue  [queueRoom]queued
	queueN uint64 // events ever queued
	wake   chan struct{}
}

// slowValue is a slow value of the front end.
type slowValue struct {
	raw   uint16
	age   time.Duration
	known bool
}

// queued is an event on its way to the reporter.
type queued struct {
	Event
	at time.Time
}

// snapshot is what the rest of the program may see of the loop.
type snapshot struct {
	state    State
	at       time.Time
	sense    Sense // the newest known voltage
	known    bool  // and it is young
	aux      Contact
	loads    [MaxLoads]LoadInput
	wishSeq  uint64
	reset    uint64
	trips    uint64 // trips since the start
	arrester arrester
	travels  travels
	feed     slowValue
	frontEnd bool // failed its self test
}

// New returns a guard that is off. relays are those of settings.Loads, in the
// same order. Nothing is driven before Run.
func New(settings Settings, source Source, drive Drive, relays []Relay, outlet Outlet, opts Opts) (*Loop, error) {
	plan, err := NewPlan(settings)
	if err != nil {
		return nil, err
	}
	if len(relays) != len(settings.Loads) {
		return nil, fmt.Errorf("guard: %d relays for %d loads", len(relays), len(settings.Loads))
	}
	l := &Loop{
		plan: plan, load: settings.Loads, opts: opts, log: opts.Log, now: opts.Now,
		source: source, drive: drive, outlet: outlet, wake: make(chan struct{}, 1),
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.now == nil {
		l.now = time.Now
	}
	l.sampler = NewSampler(NewDetector(either(opts.FullScale, 800), plan.Instant()))
	l.supply = newSupply(l.sampler.det)
	l.box = newBlackBox(opts.Events, opts.Boot, either(opts.FullScale, 800), settings, plan, l.supply.Quality, l.log)
	l.eyes = eyes{drive: drive, now: l.now, log: l.log}
	l.hands = newHands(relays, l.log)
	l.meter = newMeterWatch(opts.Meter, opts.MeterVolts)
	l.bystander = newBystander(opts.Witnesses)
	l.keeper = newKeeper(opts.Memory, l.load, l.log)
	l.wish.Store(&wish{})
	was := l.keeper.recall(plan, l.now())
	l.state, l.reset = was.state, was.reset
	l.arrester = newArrester(opts.HoldArrester, was.strikes)
	l.travels.Closing, l.travels.Opening = was.closing, was.opening
	l.snap = snapshot{state: l.state, reset: l.reset, at: l.now(), arrester: l.arrester, travels: l.travels}
	return l, nil
}

// Run guards until ctx ends, then opens everything and returns ctx's error. It
// returns early only when everything cannot be switched off at the start.
func (l *Loop) Run(ctx context.Context) error {
	if err := l.allOff(); err != nil {
		return fmt.Errorf("guard: start: %w", err)
	}
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	for _, run := range []func(context.Context){l.eyes.run, l.hands.run, l.report, l.keep, l.runMeter, l.runWitnesses, l.box.run} {
		group.Go(func() { run(beside) })
	}
	l.begin()
	l.guard(ctx)
	l.end()
	stop()
	group.Wait()
	return ctx.Err()
}

// allOff makes the boot state true.
func (l *Loop) allOff() error {
	err := l.drive.Release()
	for _, r := range l.hands.relays {
		err = errors.Join(err, r.Set(false))
	}
	return err
}

func (l *Loop) begin() {
	l.last = l.now()
	l.post(Event{Kind: EventStart, Load: -1}, l.last)
}

// guard is the loop itself. It allocates nothing while frames come.
func (l *Loop) guard(ctx context.Context) {
	var f Frame
	for ctx.Err() == nil {
		deadline := l.last.Add(frameWait)
		got, err := l.source.Next(deadline)
		if err == nil {
			f = got
			l.turn(&f, l.now())
			continue
		}
		l.idle(ctx, deadline)
		l.turn(nil, l.now())
	}
}

// idle waits for the rest of a Next that failed early.
func (l *Loop) idle(ctx context.Context, deadline time.Time) {
	rest := deadline.Sub(l.now())
	if rest <= 0 {
		return
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// turn is one Step with its consequences; f is nil when no frame came.
func (l *Loop) turn(f *Frame, now time.Time) {
	elapsed := max(0, now.Sub(l.last))
	l.last = now
	l.gather(f, elapsed, now)
	l.box.take(f, &l.in, now)
	before := l.state.Commanded()
	next, orders := l.plan.Step(l.state, l.in)
	l.state = next
	l.obey(&orders, before, now)
	l.show(&orders, now)
}

// tell keeps an event for the end of the turn.
func (l *Loop) tell(e Event, ok bool) {
	if ok && l.nNews < len(l.news) {
		l.news[l.nNews] = e
		l.nNews++
	}
}

// obey carries out orders.
func (l *Loop) obey(o *Orders, before bool, now time.Time) {
	if o.Relays != l.relays {
		l.hands.order(o.Relays, l.moment(o, before))
		l.relays = o.Relays
	}
	pulse := o.Pulse && l.starter.ready(l.sampler.det, &l.travels.Closing, l.in.Elapsed)
	if pulse {
		l.pulsed = now
	}
	switch {
	case pulse && l.drive.Pulse() != nil:
		l.failing += max(l.in.Elapsed, time.Nanosecond)
	case pulse, !o.Contactor:
		l.failing = 0
	}
	if o.Contactor && !l.closing && l.starter.begun || before && !o.Contactor && l.closing {
		l.closing = o.Contactor
		if o.Contactor || now.Sub(l.pulsed) < travelFresh {
			l.travels.order(o.Contactor, now)
			l.eyes.hurry(now)
		}
	}
	if !o.Contactor {
		l.starter.stop()
	}
	if before && !o.Contactor {
		_ = l.drive.Release() // without it the missing pulses open too
	}
}

// moment is how long the relays wait for the zero crossing. Only one load that
// moves by plan waits, or one whose relay failed; what opens the contactor does not.
func (l *Loop) moment(o *Orders, before bool) time.Duration {
	changed := o.Relays ^ l.relays
	if !before || !o.Contactor || changed&(changed-1) != 0 || l.state.Alarm {
		return 0
	}
	load := &l.load[bits.TrailingZeros8(changed)]
	if o.Relays&changed != 0 {
		return l.sampler.det.soon(either(load.Operate, OperateTime))
	}
	return l.sampler.det.soon(either(load.Release, ReleaseTime))
}

// end opens everything in the order of a clean stop.
func (l *Loop) end() {
	before := l.state.Commanded()
	next, orders := l.plan.Stop(l.state)
	l.state, l.nNews = next, 0
	l.obey(&orders, before, l.now())
	l.show(&orders, l.now())
	l.box.finish()
}
