// Package display keeps one TV or projector as it is wanted. A Keeper asks for the
// state, sends a command only when the state differs from the wish and the device
// can obey it, and never resends blindly: a lamp that cools is left to cool, a
// device that is busy is asked again later. A Chain is a device that can be reached
// in several ways, say CEC, then RS-232, then infrared, then its socket: a command
// counts when the display says so or its current does, and when neither does the
// next way is tried and the failure told.
//
// It promises that every call is bounded, also of a driver that hangs in the
// kernel; that what it reports was said by the device or measured, and carries its
// age and its proof; that what nothing proves is unknown; and that a device that
// hangs delays nobody but its own keeper. It never switches mains; that is the
// guard's, who is asked for it.
package display

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"stationbox/hal"
)

// Device is a TV or a projector. Every call is bounded by its context and by
// the driver's own time-out. Errors wrap the hal errors.
type Device interface {
	State(ctx context.Context) (hal.DisplayState, error)
	PowerOn(ctx context.Context) error
	PowerOff(ctx context.Context) error
	Input(ctx context.Context, name string) error
}

// Opts are the habits of a Keeper; the zero value is right for most devices.
type Opts struct {
	Input     string        // input to show while the picture is on; "" leaves it
	Poll      time.Duration // between questions while something changes, default 1s
	Rest      time.Duration // between questions while all is as wanted, default 5s
	Resend    time.Duration // after a command that had no effect, default 20s
	Call      time.Duration // bound on one call, default 4s
	MaxResend int           // fruitless commands before Status says so, default 5
	// BlindOn allows a power-on command to a device that is silent: some TVs
	// answer nothing in standby. Never set it for a projector.
	BlindOn bool
	// BlindOff allows a power-off command to a device that is silent and was told
	// to go on before.
	BlindOff bool
	// WarmUp is how long the model usually takes from command to picture; default
	// 30s. It bounds what is learned, see Lead.
	WarmUp time.Duration
	Kind   string // the model, as far as the configuration knows it
	// Details is how often a display that is on is asked for its wear and its
	// troubles; default 10m.
	Details time.Duration
	// UndoGap is the least time between two times of putting out what went on by
	// itself; default 5m. After UndoMost times, default 3, it is left on.
	UndoGap  time.Duration
	UndoMost int
	// Look is how often a display that is on is asked which input it shows, if it
	// can tell; default 10s.
	Look time.Duration
	// InputGap is the least time between two times of taking the input back that
	// somebody changed; default 1m. After InputMost times, default 3, it is left.
	InputGap  time.Duration
	InputMost int
	Memory    *Memory // what is kept over restarts; nil keeps nothing
	Log       *slog.Logger
	Now       func() time.Time // default time.Now, for tests
	// Changed, if not nil, is called from Run's goroutine when the observed
	// state changes. asked is false when the device went on by itself.
	Changed func(from, to hal.DisplayState, asked bool)
	// Told, if not nil, hears from Run's goroutine what became of commands.
	Told func(Event)
}

// Status is what a Keeper knows.
type Status struct {
	Name     string
	Wanted   bool
	Fed      bool             // it has mains
	State    hal.DisplayState // DisplayUnknown when the device does not answer
	By       string           // what proves State: ByReply, ByWatts, or ""
	At       time.Time        // of State
	Err      error            // why State is unknown or the last command failed; nil when all is well
	InputErr error            // why the input could not be selected; nil when it was, or need not be
	// InputIs is the input that it shows, as it calls it; "" when it does not tell.
	InputIs string
	// InputWrong means that it says it shows another input than Opts.Input, and
	// InputLeft that this is left so, because somebody chose it too often.
	InputWrong, InputLeft bool
	Attempts              int           // commands sent since the wish last changed or was last fulfilled
	Stubborn              bool          // MaxResend commands had no effect
	Unasked               bool          // it is on by itself
	Left                  bool          // and left on, because it went on too often
	Hot                   bool          // in standby, but its lamp may be hot and is left to cool
	Lead                  time.Duration // from command to picture
	Learned               bool          // Lead was measured, not configured
	Details               hal.Reading[hal.DisplayDetails]
	Ways                  []WayStatus
}

// Keeper keeps one display. Make one with New and start Run once.
type Keeper struct {
	name  string
	chain *Chain
	opts  Opts
	wake  chan struct{}
	news  chan struct{}
	asked chan *trial

	mu      sync.Mutex
	told    bool // Want was called: until then nothing is sent, so that a restart in mid-lesson disturbs nothing
	wanted  bool
	fed     bool // Powered was called: until then the state is unknown, not off
	powered bool
	fedAt   time.Time // since then it has mains, or has none, as far as is known
	cold    bool      // the lamp, for sure
	leave   func()    // ends the question after details that is under way
	st      Status

	// Run's own.
	due      time.Time // of the next command
	lastWant bool
	sentOn   bool
	input    input
	heeded   time.Time // where questions that came of news, one each Poll, would be by now
	fresh    bool      // there is news that nothing was asked after yet
	struck   time.Time // command from standby whose warm-up is measured
	model    string
	detailed time.Time // details were asked for
	undone   time.Time // it was put out after it had gone on by itself
	undos    int
	held     time.Time // left alone until then, after a trial
}

// New returns a keeper for dev, which people know as name; dev may be a Chain.
// Nothing is sent before Run.
func New(name string, dev Device, opts Opts) *Keeper {
	def(&opts.Poll, time.Second)
	def(&opts.Rest, 5*time.Second)
	def(&opts.Resend, 20*time.Second)
	def(&opts.Call, 4*time.Second)
	def(&opts.WarmUp, 30*time.Second)
	def(&opts.Details, 10*time.Minute)
	def(&opts.UndoGap, 5*time.Minute)
	def(&opts.Look, 10*time.Second)
	def(&opts.InputGap, time.Minute)
	if opts.MaxResend == 0 {
		opts.MaxResend = 5
	}
	if opts.UndoMost == 0 {
		opts.UndoMost = 3
	}
	if opts.InputMost == 0 {
		opts.InputMost = 3
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Memory == nil {
		opts.Memory = &Memory{}
	}
	k := &Keeper{name: name, opts: opts, model: opts.Kind, wake: make(chan struct{}, 1), news: make(chan struct{}, 1), asked: make(chan *trial), st: Status{Name: name}}
	chain, ok := dev.(*Chain)
	if !ok {
		chain = NewChain([]Way{{Name: name, Dev: dev}}, ChainOpts{Lamp: !opts.BlindOn, Call: opts.Call, Resend: opts.Resend, Now: opts.Now})
	}
	chain.opts.Told = k.tell
	chain.Recall(opts.Memory.Worked(name))
	k.chain = chain
	return k
}

// Want sets whether the display should show a picture. It returns at once. A
// keeper that was never told a wish only watches.
func (k *Keeper) Want(on bool) {
	k.mu.Lock()
	changed := k.wanted != on || !k.told
	k.told, k.wanted = true, on
	k.st.Wanted = on
	k.mu.Unlock()
	if changed {
		k.nudge()
	}
}

// Powered tells whether the display has mains. Without mains it is off and is
// asked nothing; before anybody has told, it is unknown.
func (k *Keeper) Powered(yes bool) {
	k.mu.Lock()
	changed := k.powered != yes || !k.fed
	if changed {
		k.switched(yes)
	}
	k.fed, k.powered = true, yes
	k.st.Fed = yes
	k.mu.Unlock()
	if changed {
		k.nudge()
	}
}

// Status returns what is known now.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	st := k.st
	k.mu.Unlock()
	st.Ways = k.chain.Ways()
	st.Lead, st.Learned = k.lead()
	return st
}

// Lead returns how long before a picture is needed the display is to be told: the
// median of the newest warm-ups of its model, at least half and at most twice
// Opts.WarmUp, which is the answer while none was measured.
func (k *Keeper) Lead() time.Duration {
	lead, _ := k.lead()
	return lead
}

func (k *Keeper) lead() (lead time.Duration, learned bool) {
	k.mu.Lock()
	model := k.model
	k.mu.Unlock()
	return k.opts.Memory.Lead(k.opts.WarmUp, model, k.opts.Kind)
}

// nudge makes Run look at once.
func (k *Keeper) nudge() {
	k.mu.Lock()
	if k.leave != nil {
		k.leave()
	}
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run asks and commands until ctx ends and returns nil. It sends nothing on the
// way out: what the display should do without a station is the guard's affair.
func (k *Keeper) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var next time.Time // when timer is due
	for {
		select {
		case <-ctx.Done():
			return nil
		case t := <-k.asked:
			t.done <- k.try(ctx, t)
		case <-k.news:
			if now := k.opts.Now(); k.heed(now) > 0 {
				next = sooner(next, now.Add(k.heed(now)))
				timer.Reset(next.Sub(now))
				continue
			}
		case <-k.wake:
		case <-timer.C:
		}
		rest := k.opts.Poll
		if k.round(ctx) {
			rest = k.opts.Rest
		}
		next = k.opts.Now().Add(rest)
		timer.Reset(rest)
	}
}
