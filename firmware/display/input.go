package display

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"stationbox/hal"
)

// InputTeller is a Device that also tells which input it shows.
type InputTeller interface {
	// Shows asks which input is selected and says whether it is that one, named as
	// Input takes it, and what the display calls it. What cannot be told apart is an
	// error, never a guess.
	Shows(ctx context.Context, name string) (shown bool, is string, err error)
}

// inputPatience is how many refusals in a row are trouble: a quarter of a minute of
// them.
const inputPatience = 5

// inputSettle is how long a display may take to switch, and to say so.
const inputSettle = 5 * time.Second

// input is what a keeper remembers of the input. Run's own.
type input struct {
	set    bool      // selected, or seen to be, since it went on
	chosen time.Time // when it was selected last
	looked time.Time // when it was asked for last
	due    time.Time // not selected again before, after failures
	fails  int       // to select it, in a row
	taken  time.Time // when it was taken back last
	times  int       // how often, by this wish
}

// gone forgets what holds only while the display is on.
func (in *input) gone() {
	in.set, in.fails, in.due, in.looked = false, 0, time.Time{}, time.Time{}
}

// mind keeps the input as it should be and says whether it is, as far as anybody
// knows.
func (k *Keeper) mind(ctx context.Context) bool {
	if k.opts.Input == "" {
		return true
	}
	now := k.opts.Now()
	if !k.input.set && now.Before(k.input.due) {
		return false
	}
	k.mu.Lock()
	wrong, left := k.st.InputWrong, k.st.InputLeft
	k.mu.Unlock()
	if k.input.set && (!wrong || left) && within(k.input.looked, now, k.opts.Look) {
		return true
	}
	k.input.looked = now
	shown, is, err := k.chain.shows(ctx, k.opts.Input)
	if ctx.Err() != nil {
		return false
	}
	known := err == nil
	// One that has just been told, or is not told yet, is not wrong yet.
	settled := k.input.set && !within(k.input.chosen, now, inputSettle)
	k.seen(is, known && !shown && (wrong || settled))
	switch {
	case known && shown:
		k.input.set = true
		k.chose(nil)
		return true
	case !k.input.set:
		return k.choose(ctx) && !known
	case known && k.mayTake(now, is):
		k.choose(ctx)
	case known && !settled:
		k.lookWhenSettled()
	}
	return !known
}

// choose selects the input, ever less often while that fails.
func (k *Keeper) choose(ctx context.Context) bool {
	err := k.chain.Input(ctx, k.opts.Input)
	now := k.opts.Now()
	if k.input.set = err == nil; err == nil {
		k.input.chosen, k.input.fails = now, 0
		k.lookWhenSettled()
	} else {
		k.input.fails++
		k.input.due = now.Add(min(k.opts.Poll<<min(k.input.fails-1, 6), time.Minute))
	}
	k.opts.Log.Info("display input selected", "display", k.name, "input", k.opts.Input, "err", err)
	k.chose(err)
	return err == nil
}

// lookWhenSettled makes the next look due when the display has had its time.
func (k *Keeper) lookWhenSettled() {
	k.input.looked = k.input.chosen.Add(inputSettle - k.opts.Look)
}

// mayTake says whether an input that somebody chose may be taken back now.
func (k *Keeper) mayTake(now time.Time, is string) bool {
	switch {
	case within(k.input.chosen, now, inputSettle), within(k.input.taken, now, k.opts.InputGap):
		return false
	case k.input.times >= k.opts.InputMost:
		k.leaveInput(is)
		return false
	}
	k.input.times++
	k.input.taken = now
	k.tell(Event{Kind: EventInput, Input: is})
	return true
}

// seen notes which input is shown.
func (k *Keeper) seen(is string, wrong bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.st.InputIs, k.st.InputWrong, k.st.InputLeft = is, wrong, k.st.InputLeft && wrong
}

// chose notes what became of selecting. A display that has only just gone on may
// refuse for a while: that is no trouble yet.
func (k *Keeper) chose(err error) {
	if errors.Is(err, hal.ErrRefused) && k.input.fails < inputPatience {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.st.InputErr = err
	if err != nil {
		k.st.Err = err
	}
}

// leaveInput says once that another input is left.
func (k *Keeper) leaveInput(is string) {
	k.mu.Lock()
	was := k.st.InputLeft
	k.st.InputLeft = true
	k.mu.Unlock()
	if !was {
		k.tell(Event{Kind: EventInputLeft, Input: is})
	}
}

// errNoInput means that no way tells which input is shown.
var errNoInput = fmt.Errorf("input: no way tells it: %w", hal.ErrRefused)

// shows asks the way that answers, or else another that does and can tell.
func (c *Chain) shows(ctx context.Context, name string) (shown bool, is string, err error) {
	err = errNoInput
	asked := make([]bool, len(c.ways))
	for _, i := range slices.Concat([]int{c.ears}, c.order()) {
		r := c.ways[i]
		dev, tells := r.Dev.(InputTeller)
		if asked[i] || !tells || r.Mute || r.fails > 0 || ctx.Err() != nil {
			continue
		}
		asked[i] = true
		if shown, is, err = c.showsBy(ctx, r, dev, name); err == nil {
			return shown, is, nil
		}
	}
	return false, "", err
}

func (c *Chain) showsBy(ctx context.Context, r *reach, dev InputTeller, name string) (bool, string, error) {
	if r.Input != "" && name != "" {
		name = r.Input
	}
	type answer struct {
		shown bool
		is    string
	}
	got := make(chan answer, 1)
	err := r.call(ctx, c.opts.Call, func(ctx context.Context) error {
		shown, is, err := dev.Shows(ctx, name)
		got <- answer{shown, is}
		return err
	})
	if err != nil {
		return false, "", err
	}
	a := <-got
	if len(a.is) > 64 {
		return false, "", errors.New("input: name too long")
	}
	return a.shown, a.is, nil
}
