// Package display keeps one TV or projector as it is wanted. It asks the device
// for its state, sends a command only when the answer differs from the wish and
// the device can obey it, and never resends blindly: a lamp that cools is left
// to cool, a device that is busy is asked again later.
//
// It promises that every question is bounded, that what it reports was said by
// the device and carries its age, and that a device that hangs delays nobody
// but its own keeper. It never switches mains; that is the guard's.
package display

import (
	"context"
	"errors"
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
	Input     string        // input to select once the picture is on; "" leaves it
	Poll      time.Duration // between questions while something changes, default 1s
	Rest      time.Duration // between questions while all is as wanted, default 5s
	Resend    time.Duration // after a command that had no effect, default 20s
	Call      time.Duration // bound on one call, default 4s
	MaxResend int           // fruitless commands before Status says so, default 5
	// BlindOn allows a power-on command to a device that is silent: some TVs
	// answer nothing in standby. Never set it for a projector.
	BlindOn bool
	Log     *slog.Logger
	Now     func() time.Time // default time.Now, for tests
	// Changed, if not nil, is called from Run's goroutine when the observed
	// state changes. asked is false when the device went on by itself.
	Changed func(from, to hal.DisplayState, asked bool)
}

// Status is what a Keeper knows.
type Status struct {
	Name     string
	Wanted   bool
	State    hal.DisplayState // DisplayUnknown when the device does not answer
	At       time.Time        // of State
	Err      error            // why State is unknown or the last command failed; nil when all is well
	Attempts int              // commands sent since the wish last changed or was last fulfilled
	Stubborn bool             // MaxResend commands had no effect
}

// Keeper keeps one display. Make one with New and start Run once.
type Keeper struct {
	name string
	dev  Device
	opts Opts
	wake chan struct{}

	mu      sync.Mutex
	told    bool // Want was called: until then nothing is sent, so that a restart in mid-lesson disturbs nothing
	wanted  bool
	fed     bool // Powered was called: until then the state is unknown, not off
	powered bool
	st      Status

	// Run's own.
	lastCmd  time.Time
	lastWant bool
	sentOn   bool
	inputSet bool
}

// New returns a keeper for dev, which people know as name. Nothing is sent
// before Run.
func New(name string, dev Device, opts Opts) *Keeper {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&opts.Poll, time.Second)
	def(&opts.Rest, 5*time.Second)
	def(&opts.Resend, 20*time.Second)
	def(&opts.Call, 4*time.Second)
	if opts.MaxResend == 0 {
		opts.MaxResend = 5
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Keeper{name: name, dev: dev, opts: opts, wake: make(chan struct{}, 1), st: Status{Name: name}}
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
	k.fed, k.powered = true, yes
	k.mu.Unlock()
	if changed {
		k.nudge()
	}
}

// Status returns what is known now.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.st
}

func (k *Keeper) nudge() {
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
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.wake:
		case <-timer.C:
		}
		if k.round(ctx) {
			timer.Reset(k.opts.Rest)
		} else {
			timer.Reset(k.opts.Poll)
		}
	}
}

// round asks once, commands at most once, and says whether all is as wanted.
func (k *Keeper) round(ctx context.Context) (settled bool) {
	k.mu.Lock()
	told, wanted, fed, powered := k.told, k.wanted, k.fed, k.powered
	k.mu.Unlock()
	if wanted != k.lastWant {
		k.lastWant, k.lastCmd = wanted, time.Time{}
		k.setAttempts(0)
	}
	if !fed {
		return false
	}
	if !powered {
		k.inputSet, k.sentOn = false, false
		k.observe(hal.DisplayOff, nil)
		return !wanted
	}
	state, err := k.ask(ctx)
	if err != nil && ctx.Err() != nil {
		return false
	}
	k.observe(state, err)
	if !told {
		return false
	}
	if k.asWanted(wanted, state) {
		k.setAttempts(0)
		return k.selectInput(ctx, wanted)
	}
	k.command(ctx, wanted, state, err)
	return false
}

func (k *Keeper) ask(ctx context.Context) (hal.DisplayState, error) {
	ctx, cancel := context.WithTimeout(ctx, k.opts.Call)
	defer cancel()
	return k.dev.State(ctx)
}

func (k *Keeper) asWanted(wanted bool, s hal.DisplayState) bool {
	if wanted {
		return s == hal.DisplayOn
	}
	return s == hal.DisplayStandby || s == hal.DisplayOff
}

// command sends what brings the device towards the wish, if it can obey now and
// the last command has had its time.
func (k *Keeper) command(ctx context.Context, wanted bool, s hal.DisplayState, asked error) {
	blind := s == hal.DisplayUnknown && k.opts.BlindOn && wanted && errors.Is(asked, hal.ErrSilent)
	able := blind || (wanted && s == hal.DisplayStandby) || (!wanted && s == hal.DisplayOn)
	now := k.opts.Now()
	if !able || (!k.lastCmd.IsZero() && now.Sub(k.lastCmd) < k.opts.Resend) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, k.opts.Call)
	defer cancel()
	send := k.dev.PowerOff
	if wanted {
		send = k.dev.PowerOn
		k.sentOn = true
	}
	err := send(ctx)
	k.lastCmd = now
	k.opts.Log.Info("display commanded", "display", k.name, "on", wanted, "state", s, "err", err)
	k.mu.Lock()
	k.st.Attempts++
	k.st.Stubborn = k.st.Attempts >= k.opts.MaxResend
	if err != nil && asked == nil && !errors.Is(err, hal.ErrRefused) {
		k.st.Err = err
	}
	k.mu.Unlock()
	k.nudgeSoon(err)
}

// nudgeSoon lets a refused command be tried again at the next poll rather than
// after Resend: refused means busy.
func (k *Keeper) nudgeSoon(err error) {
	if errors.Is(err, hal.ErrRefused) {
		k.lastCmd = k.opts.Now().Add(k.opts.Poll - k.opts.Resend)
	}
}

// selectInput chooses the input once after each power-on and says whether there
// is nothing left to do.
func (k *Keeper) selectInput(ctx context.Context, wanted bool) bool {
	if !wanted {
		k.inputSet, k.sentOn = false, false
		return true
	}
	if k.inputSet || k.opts.Input == "" {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, k.opts.Call)
	defer cancel()
	err := k.dev.Input(ctx, k.opts.Input)
	if err == nil {
		k.inputSet = true
		return true
	}
	k.mu.Lock()
	k.st.Err = err
	k.mu.Unlock()
	return false
}

func (k *Keeper) observe(s hal.DisplayState, err error) {
	k.mu.Lock()
	from := k.st.State
	k.st.State, k.st.At, k.st.Err = s, k.opts.Now(), err
	k.mu.Unlock()
	if from == s {
		return
	}
	if s != hal.DisplayOn {
		k.inputSet = false
	}
	k.opts.Log.Info("display changed", "display", k.name, "from", from, "to", s, "err", err)
	if k.opts.Changed != nil {
		lit := s == hal.DisplayOn || s == hal.DisplayWarming
		k.opts.Changed(from, s, !lit || k.sentOn || k.lastWant)
	}
}

func (k *Keeper) setAttempts(n int) {
	k.mu.Lock()
	k.st.Attempts = n
	k.st.Stubborn = n >= k.opts.MaxResend
	k.mu.Unlock()
}
