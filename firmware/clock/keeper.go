package clock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"stationbox/firmware"
)

// Kind is the kind of the records that the Keeper writes: Event.
const Kind = "clock"

// Event is the data of a record about the clock.
type Event struct {
	What   string    `json:"what"` // source, jump, era; stepped, battery, rtc_set
	From   Source    `json:"from"` // followed before
	To     Source    `json:"to"`   // followed now
	Era    uint32    `json:"era"`  // now
	Before time.Time `json:"before,omitzero"`
	After  time.Time `json:"after,omitzero"`         // the same moment
	Bound  *int64    `json:"bound_ms"`               // ± of After; null if unknown
	Mono   int64     `json:"mono_ns"`                // since power-on
	By     int64     `json:"by_ms,omitempty"`        // stepped, rtc_set: how far
	Detail string    `json:"detail,omitempty"`       // battery: the outcome
	Cause  string    `json:"cause,omitempty"`        // a key of the text catalogue
	Kernel time.Time `json:"kernel_time,omitzero"`   // stepped: what the kernel's clock says now
	Read   time.Time `json:"hardware_time,omitzero"` // battery, rtc_set: what the hardware clock read
}

// The times of the Keeper.
const (
	tick      = 10 * time.Second
	saveEvery = 10 * time.Minute // a bound on the wear of the card
	saveSoon  = time.Minute      // and on that of a clock that changes its mind
	rtcEvery  = 10 * time.Minute
	rtcOff    = 2 * time.Second // the hardware clock is set when it is further off
	rtcGood   = time.Minute     // by a time that is at least so good
	stepTold  = time.Second
	eventsMax = 64
)

// KeeperOpts are the settings of a Keeper.
type KeeperOpts struct {
	Path  string        // of the saved state; "" keeps nothing
	RTC   HardwareClock // nil for none
	Built time.Time     // as in Opts
	// SystemBound, if not 0, takes the kernel's wall clock for right within it
	// although the kernel does not say so: for a machine whose host keeps the time.
	// While somebody has stepped that clock away it is not believed.
	SystemBound time.Duration
	Rule        Rule          // "" is Wait
	Need        time.Duration // 0 is five minutes
	After       time.Duration // relative showing after power-on; 0 is 30 minutes
	Booted      time.Duration // monotonic time of power-on, where that is not 0
	Log         *slog.Logger  // nil discards
	// Note is told of what belongs into the journal, Fault of every fault that
	// begins or ends. Both are called from Run only and must not block.
	Note  func(kind string, e Event)
	Fault func(on bool, code, thing string, args ...string)
}

// Keeper feeds a Clock: with the saved state, the hardware clock, the kernel, and
// what is offered by others. It saves the state, keeps the hardware clock right and
// tells of everything that is wrong.
type Keeper struct {
	clock *Clock
	sys   System
	o     KeeperOpts
	log   *slog.Logger
	boot  string
	poke  chan struct{}

	mu     sync.Mutex // what is below
	rtc    rtcMemory
	rtcErr error         // of the newest call, nil while it answers
	events []Event       // not yet told
	due    time.Duration // save when the last time is so long ago

	// Of Run and NewKeeper only.
	plan     knownState
	began    Lived         // as NewKeeper found it
	known    time.Time     // what was shown before the power cut
	resumed  bool          // there was no power cut
	found    *reading      // of the hardware clock after power-on
	judged   bool          // found was compared with a good time
	compared time.Duration // when the hardware clock was last, 0: not yet
	kernel   Kernel
	stepped  bool // the kernel's clock was stepped and is still off
	saved    time.Duration
	loadErr  error
	saveErr  error
	told     map[string][]string
}

// NewKeeper reads the saved state, the hardware clock and the kernel, so that the
// time is as right as it can be before anything else begins. It fails never: what
// is wrong is told by Run. clk must be new.
func NewKeeper(clk *Clock, sys System, o KeeperOpts) *Keeper {
	k := &Keeper{clock: clk, sys: sys, o: o, log: o.Log, boot: sys.Boot(), poke: make(chan struct{}, 1), told: map[string][]string{}}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	if k.o.Need <= 0 {
		k.o.Need = defaultNeed
	}
	if k.o.After <= 0 {
		k.o.After = 30 * time.Minute
	}
	k.load()
	k.askKernel() // first: a hardware clock that is ahead need not be slowed down for then
	k.firstReading()
	return k
}

// Now is the time for the schedule, for records and for people: in the station's
// zone, without a monotonic part. It costs one call of the kernel.
func (k *Keeper) Now() time.Time { return k.clock.Now(k.sys.Mono()) }

// Mono is the time since power-on, for spans.
func (k *Keeper) Mono() time.Duration { return k.sys.Mono() }

// Status says how far to trust the clock now.
func (k *Keeper) Status() Status { return k.clock.Status(k.sys.Mono()) }

// Plan says what the schedule may do now, by the rule of the configuration.
func (k *Keeper) Plan() Plan {
	mono := k.sys.Mono()
	return Decide(k.clock.Status(mono), k.o.Need, k.o.Rule, k.o.Booted, mono, k.o.After)
}

// Offer takes in that a source says it is wall now, give or take bound. Errors as
// of Clock.Observe: they are for whoever offered it. It may be called from any
// goroutine.
func (k *Keeper) Offer(s Source, wall time.Time, bound time.Duration) error {
	return k.OfferAt(Observation{Source: s, Wall: wall, Bound: bound, Mono: k.sys.Mono()})
}

// OfferAt is Offer for a word that was heard at its Mono.
func (k *Keeper) OfferAt(o Observation) error {
	change, err := k.clock.Observe(o)
	k.changed(change)
	return err
}

// Recall takes in the newest record of the journal, by its number; era may be 0.
// It must come before the first record is written.
func (k *Keeper) Recall(newest time.Time, era uint32) {
	k.changed(k.clock.Recall(Memory{Shown: newest, Era: era}, k.sys.Mono()))
}

// changed keeps a change for the record and has it saved.
func (k *Keeper) changed(c Change) {
	if c.What == "" {
		return
	}
	k.event(Event{What: c.What, From: c.From, To: c.To, Era: c.Era, Before: c.Before, After: c.After, Bound: millis(c.Bound), Mono: int64(c.Mono)})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.due = min(k.due, saveSoon)
	if c.What == ChangeEra {
		k.due = 0
	}
}

// event keeps e until Run tells it; of too many the oldest are dropped.
func (k *Keeper) event(e Event) {
	k.mu.Lock()
	if len(k.events) >= eventsMax {
		k.events = k.events[1:]
	}
	k.events = append(k.events, e)
	k.mu.Unlock()
	select {
	case k.poke <- struct{}{}:
	default:
	}
}

// stamped fills in an event that changes no time.
func (k *Keeper) stamped(what string) Event {
	s := k.Status()
	return Event{What: what, From: s.Source, To: s.Source, Era: s.Era, Bound: millis(s.Bound), Mono: int64(k.sys.Mono())}
}

func (k *Keeper) load() {
	if k.o.Path == "" {
		return
	}
	s, err := readState(k.o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		k.loadErr = err
		k.log.Error("clock state unreadable, only the build time is known", "err", err)
		return
	}
	k.rtc, k.known, k.plan = s.RTC, s.Shown, s.Known
	mono := k.sys.Mono()
	if k.resumed = s.Boot != "" && s.Boot == k.boot && s.Mono <= mono; k.resumed {
		k.clock.resume(&s)
		k.began = Lived{k.plan.Good, k.plan.Adrift, true}
		return
	}
	k.plan = k.plan.next(s.Mono)
	k.began = Lived{k.plan.Good, k.plan.Adrift, true}
	k.clock.Recall(s.memory(), mono)
}

// Lived is what a station knows of its life before the program began.
type Lived struct {
	Good   time.Time     // newest time, to ten minutes, that was good for the plan; zero: there was none
	Adrift time.Duration // for how long the box was on since then, before this power-on
	Known  bool          // there was a saved state to read this from
}

// Lived is for whoever must tell what was missed before the program began.
func (k *Keeper) Lived() Lived { return k.began }

// Run keeps the clock until ctx ends, then saves once more.
func (k *Keeper) Run(ctx context.Context) error {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		k.round(ctx)
		select {
		case <-ctx.Done():
			k.flush()
			k.save(true)
			return nil
		case <-t.C:
			k.askKernel()
			k.firstReading()
		case <-k.poke:
		}
	}
}

// round does what is due and tells what is to be told.
func (k *Keeper) round(ctx context.Context) {
	k.keepRTC(ctx)
	k.flush()
	k.tellFaults()
	k.save(false)
}

// askKernel follows the kernel's clock while that is synchronised and notices
// when somebody steps it.
func (k *Keeper) askKernel() {
	now, err := k.sys.Kernel()
	if err != nil {
		k.log.Warn("kernel clock", "err", err)
		return
	}
	last := k.kernel
	k.kernel = now
	by := now.Wall.Sub(last.Wall) - (now.Mono - last.Mono)
	if !last.Wall.IsZero() && (by > stepTold || by < -stepTold) {
		e := k.stamped("stepped")
		e.By, e.Kernel = by.Milliseconds(), now.Wall
		k.event(e)
		k.log.Warn("kernel clock stepped", "by", by, "synced", now.Synced)
		k.stepped = true
	}
	truth, bound, _ := k.clock.trueTime(now.Mono)
	off := time.Duration(truth - now.Wall.UnixNano())
	if now.Synced || bound != Unbounded && max(off, -off) <= bound+stepTold {
		k.stepped = false
	}
	switch {
	case now.Synced:
		k.offerKernel(now, now.Bound)
	case k.o.SystemBound > 0 && !k.stepped:
		k.offerKernel(now, k.o.SystemBound)
	}
}

func (k *Keeper) offerKernel(now Kernel, bound time.Duration) {
	if err := k.OfferAt(Observation{Source: NTP, Wall: now.Wall, Bound: bound, Mono: now.Mono}); err != nil {
		k.log.Warn("kernel clock", "err", err)
	}
}

// flush hands the events over.
func (k *Keeper) flush() {
	k.mu.Lock()
	list := k.events
	k.events = nil
	k.mu.Unlock()
	for _, e := range list {
		k.log.Info("clock", "what", e.What, "from", e.From, "to", e.To, "before", e.Before, "after", e.After, "era", e.Era)
		if k.o.Note != nil {
			k.o.Note(Kind, e)
		}
	}
}

// save writes the state when it is due: at the start, every ten minutes, after a
// change of trust when the last time is a minute ago, at once for a new era; and
// again at every tick after a failure.
func (k *Keeper) save(now bool) {
	mono := k.sys.Mono()
	k.mu.Lock()
	now = now || mono-k.saved >= k.due
	if now {
		k.due = saveEvery
	}
	rtc := k.rtc
	k.mu.Unlock()
	if k.o.Path == "" || !now {
		return
	}
	s := k.clock.snapshot(mono)
	if k.Plan().Mode == ByClock {
		k.plan = knownState{Good: s.Shown, GoodMono: mono}
	}
	s.Boot, s.RTC, s.Known = k.boot, rtc, k.plan
	err := writeState(k.o.Path, &s)
	if err != nil && k.saveErr == nil {
		k.log.Error("clock state", "err", err)
	}
	k.saved, k.saveErr = mono, err
	if err != nil {
		k.mu.Lock()
		k.due = 0
		k.mu.Unlock()
	}
}

// tellFaults compares what is wrong with what was told.
func (k *Keeper) tellFaults() {
	wrong := map[string][]string{}
	for _, f := range k.Faults() {
		args := []string{f.Code, f.Args["name"]}
		for _, name := range faultArgs {
			if v, ok := f.Args[name]; ok {
				args = append(args, name, v)
			}
		}
		wrong[f.Code+" "+f.Args["name"]] = args
	}
	if k.o.Fault != nil {
		for key, args := range k.told {
			if _, still := wrong[key]; !still {
				k.o.Fault(false, args[0], args[1])
			}
		}
		for _, args := range wrong {
			k.o.Fault(true, args[0], args[1], args[2:]...)
		}
	}
	k.told = wrong
}

// faultArgs are the places of the sentences, in the order in which they are told.
var faultArgs = []string{"time", "other", "other_time", "apart", "cause", "source"}

// Faults lists what is wrong now. It is for Run and for tests without it.
func (k *Keeper) Faults() []firmware.Fault {
	mono := k.sys.Mono()
	list := k.clock.Conflicts(mono)
	add := func(on bool, code string, args ...string) {
		if !on {
			return
		}
		f := firmware.Fault{Code: code, On: true, Args: map[string]string{}}
		for i := 0; i+1 < len(args); i += 2 {
			f.Args[args[i]] = args[i+1]
		}
		list = append(list, f)
	}
	k.mu.Lock()
	rtc, rtcErr := k.rtc, k.rtcErr
	k.mu.Unlock()
	plan := k.Plan()
	add(plan.Mode != ByClock, "fault.clock.untrusted", "source", "clock.source."+k.Status().Source.String(), "cause", plan.Reason)
	add(rtc.Battery == batteryDead, "fault.clock.battery", "cause", rtc.Cause)
	add(rtc.Battery == batteryLow, "fault.clock.battery_low")
	add(rtcErr != nil, "fault.clock.rtc", "cause", errText(rtcErr))
	add(k.loadErr != nil, "fault.clock.state", "cause", errText(k.loadErr))
	add(k.saveErr != nil, "fault.clock.save", "cause", errText(k.saveErr))
	add(k.stepped, "fault.clock.stepped", "time", stamp(k.kernel.Wall.In(k.clock.zone)))
	return list
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprint(err)
}

// millis is d as JSON writes it: null when it is unbounded.
func millis(d time.Duration) *int64 {
	if d == Unbounded {
		return nil
	}
	ms := d.Milliseconds()
	return &ms
}
