// Package ir presses the keys of a television's remote control. It is the last
// resort: light is one way, so nothing that the set is or does is ever known from
// here. State is DisplayUnknown with hal.ErrSilent, unless somebody measures the
// set's current and says so through Opts.Measured; only measured watts prove that
// a key was obeyed.
//
// Keys for on and for off, which many sets have and few remote controls show, are
// pressed as often as asked. A single power key toggles: pressed once too often it
// switches off what should be on. So a toggle is pressed only when the measured
// state is the other one, and not again while the set may still be on its way;
// where nothing is measured it is refused, or with Opts.UnprovenToggle pressed
// once for each change of mind. That is wrong whenever somebody else used the
// remote control, and after a restart of this program.
//
// A key is written as package ir reads it, for instance "nec:0x408"; a row of keys
// for one input is pressed with Opts.Gap between them.
package ir

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/hal"
)

// Light sends keys; *ir.Sender is one.
type Light interface {
	// Check returns what is wrong with key, or nil.
	Check(key string) error
	// Send presses key once.
	Send(ctx context.Context, key string) error
}

// Keys are what the buttons of one model send. On and Off, or Toggle, must be
// there.
type Keys struct {
	On, Off []string            // discrete keys
	Toggle  []string            // one key for both; not used when On and Off are there
	Inputs  map[string][]string // the rows of keys that select an input, by its name
}

// MaxRow is how many keys one row may have, so that a call stays short.
const MaxRow = 8

// Opts are the optional settings of a TV.
type Opts struct {
	// Measured tells from the set's own current whether it is on or in standby.
	// Its errors are passed on.
	Measured func(ctx context.Context) (hal.DisplayState, error)
	// UnprovenToggle presses the toggle key also where nothing is measured.
	UnprovenToggle bool
	// Gap is the pause between two keys of a row; 0 means 300 ms.
	Gap time.Duration
	// Settle is how long after a toggle its effect is waited for; 0 means 15 s.
	Settle time.Duration
	// Now is the clock of Settle; nil means time.Now.
	Now func() time.Time
}

// TV is one set. Its methods may be called from several goroutines.
//
// Errors of all methods: those of its Light, hal.ErrSilent when nothing is known,
// and hal.ErrRefused when a toggle must not be pressed.
type TV struct {
	light Light
	keys  Keys
	opts  Opts

	mu      sync.Mutex
	toggled time.Time // zero: never
	wish    bool      // of the last toggle
}

// New returns the set in front of light. All mistakes in keys are reported at
// once.
func New(light Light, keys Keys, o Opts) (*TV, error) {
	if o.Gap <= 0 {
		o.Gap = 300 * time.Millisecond
	}
	if o.Settle <= 0 {
		o.Settle = 15 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := check(light, keys); err != nil {
		return nil, err
	}
	return &TV{light: light, keys: keys, opts: o}, nil
}

func check(light Light, k Keys) error {
	var bad []error
	if (len(k.On) == 0 || len(k.Off) == 0) && len(k.Toggle) == 0 {
		bad = append(bad, errors.New("no keys for on and off, and no toggle"))
	}
	rows := map[string][]string{"on": k.On, "off": k.Off, "toggle": k.Toggle}
	for name, row := range k.Inputs {
		rows["input "+name] = row
		if len(row) == 0 {
			bad = append(bad, fmt.Errorf("input %s: no keys", name))
		}
	}
	for name, row := range rows {
		if len(row) > MaxRow {
			bad = append(bad, fmt.Errorf("%s: %d keys, more than %d", name, len(row), MaxRow))
		}
		for _, key := range row {
			if err := light.Check(key); err != nil {
				bad = append(bad, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	slices.SortFunc(bad, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(bad...)
}

// State returns what is measured. With an error, and always without Opts.Measured,
// the state is DisplayUnknown.
func (t *TV) State(ctx context.Context) (hal.DisplayState, error) {
	if t.opts.Measured == nil {
		return hal.DisplayUnknown, fmt.Errorf("tv: infrared brings no answer and nothing is measured: %w", hal.ErrSilent)
	}
	s, err := t.opts.Measured(ctx)
	if err != nil {
		return hal.DisplayUnknown, fmt.Errorf("tv: measured state: %w", err)
	}
	return s, nil
}

// PowerOn presses the key for on. No error means that the light was lit, or that
// the set is measured to be on already.
func (t *TV) PowerOn(ctx context.Context) error { return t.power(ctx, true) }

// PowerOff presses the key for off. No error means that the light was lit, or
// that the set is measured to be in standby already.
func (t *TV) PowerOff(ctx context.Context) error { return t.power(ctx, false) }

func (t *TV) power(ctx context.Context, on bool) error {
	if len(t.keys.On) > 0 && len(t.keys.Off) > 0 {
		if on {
			return t.press(ctx, t.keys.On)
		}
		return t.press(ctx, t.keys.Off)
	}
	t.mu.Lock()
	toggled, wish := t.toggled, t.wish
	t.mu.Unlock()
	need, err := t.mustToggle(ctx, on, toggled, wish)
	if err != nil || !need {
		return err
	}
	t.mu.Lock()
	t.toggled, t.wish = t.opts.Now(), on // also when the light fails: it may have been lit
	t.mu.Unlock()
	return t.press(ctx, t.keys.Toggle)
}

// mustToggle decides whether the toggle key brings what is wished.
func (t *TV) mustToggle(ctx context.Context, on bool, toggled time.Time, wish bool) (bool, error) {
	if t.opts.Measured == nil {
		switch {
		case !t.opts.UnprovenToggle:
			return false, fmt.Errorf("tv: one key for on and off, and nothing is measured: not pressed: %w", hal.ErrRefused)
		case !toggled.IsZero() && wish == on:
			return false, fmt.Errorf("tv: the one key for on and off was pressed for this already: %w", hal.ErrRefused)
		}
		return true, nil
	}
	s, err := t.State(ctx)
	if err != nil {
		return false, err
	}
	lit := s == hal.DisplayOn || s == hal.DisplayWarming
	switch since := t.opts.Now().Sub(toggled); {
	case lit == on && (lit || s == hal.DisplayStandby):
		return false, nil
	case !lit && s != hal.DisplayStandby:
		return false, fmt.Errorf("tv: measured %v: the one key for on and off is not pressed: %w", s, hal.ErrRefused)
	case !toggled.IsZero() && since < t.opts.Settle:
		return false, fmt.Errorf("tv: pressed %v ago, still measured %v: %w", since.Round(time.Second), s, hal.ErrRefused)
	}
	return true, nil
}

// Input presses the row of keys that selects input.
func (t *TV) Input(ctx context.Context, input string) error {
	row, ok := t.keys.Inputs[input]
	if !ok {
		var known []string
		for name := range t.keys.Inputs {
			known = append(known, name)
		}
		slices.Sort(known)
		return fmt.Errorf("tv: input %q: no keys for it; there are keys for: %s", input, strings.Join(known, ", "))
	}
	return t.press(ctx, row)
}

// press sends a row of keys.
func (t *TV) press(ctx context.Context, row []string) error {
	for i, key := range row {
		if i > 0 && !rest(ctx, t.opts.Gap) {
			return fmt.Errorf("tv: %d of %d keys pressed: %w", i, len(row), hal.ErrSilent)
		}
		if err := t.light.Send(ctx, key); err != nil {
			return fmt.Errorf("tv: key %d of %d: %w", i+1, len(row), err)
		}
	}
	return nil
}

// rest waits for d and reports whether ctx let it.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
