package display

import (
	"context"
	"errors"
	"time"

	"stationbox/hal"
)

// round asks once, commands at most once, and says whether all is as wanted.
func (k *Keeper) round(ctx context.Context) (settled bool) {
	k.mu.Lock()
	told, wanted, fed, powered := k.told, k.wanted, k.fed, k.powered
	k.mu.Unlock()
	if wanted != k.lastWant {
		k.turn(wanted)
	}
	k.freshen(k.opts.Now())
	if !fed {
		return false
	}
	if !powered {
		k.sentOn, k.struck = false, time.Time{}
		k.chain.begin(wanted)
		k.due = time.Time{}
		k.observe(hal.DisplayOff, "", nil)
		return !wanted
	}
	state, err := k.chain.State(ctx)
	if err != nil && ctx.Err() != nil {
		return false
	}
	k.observe(state, k.chain.by, err)
	if !told || k.opts.Now().Before(k.held) {
		return false
	}
	if reached(wanted, state) {
		k.setAttempts(0)
		return k.settle(ctx, wanted)
	}
	k.command(ctx, wanted, state, err)
	return false
}

// turn takes in a new wish.
func (k *Keeper) turn(wanted bool) {
	k.lastWant, k.due, k.undos, k.undone = wanted, time.Time{}, 0, time.Time{}
	k.input = input{}
	k.held = time.Time{}
	k.chain.begin(wanted)
	k.setAttempts(0)
	k.setUnasked(false)
}

// command sends what brings the device towards the wish, if it can obey now and
// the last command has had its time.
func (k *Keeper) command(ctx context.Context, wanted bool, s hal.DisplayState, asked error) {
	now := k.opts.Now()
	if !k.able(wanted, s, asked) || now.Before(k.due) || !k.mayUndo(now) {
		return
	}
	if wanted {
		k.sentOn = true
	}
	wait, err := k.chain.send(ctx, wanted)
	k.due = now.Add(wait)
	if k.struck = (time.Time{}); wanted && s == hal.DisplayStandby && err == nil {
		k.struck = now
	}
	k.opts.Log.Info("display commanded", "display", k.name, "on", wanted, "state", s, "err", err)
	k.mu.Lock()
	k.st.Attempts++
	k.st.Stubborn = k.st.Attempts >= k.opts.MaxResend
	if err != nil && asked == nil && !errors.Is(err, hal.ErrRefused) {
		k.st.Err = err
	}
	k.mu.Unlock()
}

// able says whether the device can obey now. A lamp only from the state that it
// has told; a TV that says nothing may be told all the same.
func (k *Keeper) able(wanted bool, s hal.DisplayState, asked error) bool {
	unreached := errors.Is(asked, hal.ErrSilent) || errors.Is(asked, hal.ErrGone)
	switch {
	case wanted && s == hal.DisplayUnknown:
		return k.opts.BlindOn && unreached
	case wanted:
		return s == hal.DisplayStandby && k.mayStrike() || k.chain.stuck(2*k.opts.WarmUp+30*time.Second)
	case s == hal.DisplayUnknown:
		return k.opts.BlindOff && unreached && k.sentOn && k.chain.untried()
	}
	return s == hal.DisplayOn
}

// mayUndo says whether a display that went on by itself may be put out now.
func (k *Keeper) mayUndo(now time.Time) bool {
	k.mu.Lock()
	unasked := k.st.Unasked
	k.mu.Unlock()
	if !unasked || within(k.undone, now, k.opts.Resend) {
		return true
	}
	if within(k.undone, now, k.opts.UndoGap) {
		return false
	}
	if k.undos >= k.opts.UndoMost {
		k.setLeft()
		return false
	}
	k.undos++
	k.undone = now
	return true
}

// settle is what is left to do when the state is as wanted: the input, and details
// now and then. It says whether nothing is left.
func (k *Keeper) settle(ctx context.Context, wanted bool) bool {
	if !wanted {
		k.sentOn = false
		k.setUnasked(false)
		return true
	}
	done := k.mind(ctx)
	if k.input.set || k.opts.Input == "" || k.input.fails > 0 {
		k.detail(ctx)
	}
	return done
}

func (k *Keeper) observe(s hal.DisplayState, by string, err error) {
	now := k.opts.Now()
	k.mu.Lock()
	from := k.st.State
	k.st.State, k.st.By, k.st.At, k.st.Err = s, by, now, err
	k.mu.Unlock()
	k.cools(from, s, now)
	if s != hal.DisplayOn {
		k.input.gone()
		k.seen("", false)
	}
	if from == s {
		return
	}
	k.opts.Log.Info("display changed", "display", k.name, "from", from, "to", s, "by", by, "err", err)
	asked := !lit(s) || k.sentOn || k.lastWant
	if k.opts.Changed != nil {
		k.opts.Changed(from, s, asked)
	}
	k.measure(s, now)
	if !asked && (from == hal.DisplayStandby || from == hal.DisplayOff) {
		k.setUnasked(true)
		k.tell(Event{Kind: EventUnasked, On: true, By: by})
	}
}

// measure learns how long the warm-up took that has just ended.
func (k *Keeper) measure(s hal.DisplayState, now time.Time) {
	if s != hal.DisplayOn || k.struck.IsZero() {
		return
	}
	took := now.Sub(k.struck)
	k.struck = time.Time{}
	if k.chain.ways[k.chain.ears].Early || k.chain.by != ByReply || took > 4*k.opts.WarmUp {
		return
	}
	k.mu.Lock()
	model := k.model
	k.mu.Unlock()
	k.opts.Memory.Learn(model, took, now)
	if model != k.opts.Kind { // for the time before it tells its model again
		k.opts.Memory.Learn(k.opts.Kind, took, now)
	}
	k.tell(Event{Kind: EventLearned, On: true, Took: took})
}

// tell passes on what became of a command; what worked is remembered.
func (k *Keeper) tell(e Event) {
	if e.Kind == EventProved {
		k.opts.Memory.Works(k.name, e.Way, k.opts.Now())
	}
	k.opts.Log.Info("display event", "display", k.name, "kind", e.Kind, "way", e.Way, "on", e.On, "by", e.By, "took", e.Took, "err", e.Err)
	if k.opts.Told != nil {
		k.opts.Told(e)
	}
}

func (k *Keeper) setAttempts(n int) {
	k.mu.Lock()
	k.st.Attempts = n
	k.st.Stubborn = n >= k.opts.MaxResend
	k.mu.Unlock()
}

func (k *Keeper) setUnasked(yes bool) {
	k.mu.Lock()
	k.st.Unasked, k.st.Left = yes, k.st.Left && yes
	k.mu.Unlock()
}

// setLeft says once that it is left on.
func (k *Keeper) setLeft() {
	k.mu.Lock()
	was := k.st.Left
	k.st.Left = true
	k.mu.Unlock()
	if !was {
		k.tell(Event{Kind: EventLeft, On: true})
	}
}
