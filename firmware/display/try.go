package display

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stationbox/hal"
)

// What a trial does.
const (
	TryState = "state"
	TryOn    = "on"
	TryOff   = "off"
	TryInput = "input"
)

// TrialStep is one thing that a trial did by one way, and what came of it.
type TrialStep struct {
	Way    string           `json:"way"`
	Do     string           `json:"do"`   // one of the Try… constants
	Told   bool             `json:"told"` // a command was sent; not when it was as wanted already
	State  hal.DisplayState `json:"state"`
	By     string           `json:"by,omitempty"` // what proves it; "" when nothing does
	Proved bool             `json:"proved"`
	Took   time.Duration    `json:"took_ns"`
	Err    string           `json:"err,omitempty"`
}

// trial is a technician's question to Run.
type trial struct {
	do, input string
	way       int // -1: all
	ctx       context.Context
	done      chan trialResult
}

type trialResult struct {
	steps []TrialStep
	err   error
}

// ErrNoMains is a trial of a display that has no mains.
var ErrNoMains = errors.New("the display has no mains")

// Try does one thing by each way, or by the way with that number from 0, and says
// what answered. It takes the place of keeping meanwhile, and leaves the display
// alone for two minutes afterwards, unless the wish changes. The rules for lamps
// hold for it too. Errors: ErrNoMains, or that of ctx.
func (k *Keeper) Try(ctx context.Context, do, input string, way int) ([]TrialStep, error) {
	t := &trial{do: do, input: input, way: way, ctx: ctx, done: make(chan trialResult, 1)}
	select {
	case k.asked <- t:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case r := <-t.done:
		return r.steps, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// try runs in Run's goroutine and ends with either context.
func (k *Keeper) try(ctx context.Context, t *trial) trialResult {
	k.mu.Lock()
	fed := k.powered
	k.mu.Unlock()
	if !fed {
		return trialResult{err: ErrNoMains}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	var steps []TrialStep
	for i, r := range k.chain.ways {
		if r.Socket && t.do != TryOn || t.way >= 0 && t.way != i || r.Socket && t.way < 0 {
			continue
		}
		steps = append(steps, k.step(ctx, r, t))
	}
	if t.do != TryState {
		k.held = k.opts.Now().Add(2 * time.Minute)
		k.sentOn = k.sentOn || t.do == TryOn
	}
	return trialResult{steps: steps}
}

// step does one thing by one way.
func (k *Keeper) step(ctx context.Context, r *reach, t *trial) TrialStep {
	began := k.opts.Now()
	s := TrialStep{Way: r.Name, Do: t.do}
	told, err := k.act(ctx, r, t)
	s.Told = told
	if err == nil {
		err = k.look(ctx, r, &s, began)
	}
	if err != nil {
		s.Err = err.Error()
	}
	s.Took = k.opts.Now().Sub(began)
	return s
}

// errNotNow is a command to a lamp that is not where it can obey.
var errNotNow = errors.New("not told: the display is not in a state to obey")

// errHot is a command to light a lamp that may be hot.
var errHot = errors.New("not told: the lamp may be hot, it has had mains for too short a time to cool")

// act sends the command of a trial, unless all is as wanted already, and says
// whether it did. A lamp, and a toggle, obey the usual rules.
func (k *Keeper) act(ctx context.Context, r *reach, t *trial) (told bool, err error) {
	if t.do == TryState {
		return false, nil
	}
	state, err := k.chain.State(ctx)
	k.observe(state, k.chain.by, err)
	want := hal.DisplayOn
	if t.do == TryOn {
		want = hal.DisplayStandby
	}
	if t.do != TryInput && reached(t.do == TryOn, state) {
		return false, nil
	}
	if k.chain.opts.Lamp && state != want {
		return false, fmt.Errorf("%w (%v)", errNotNow, state)
	}
	if t.do == TryOn && !k.mayStrike() {
		return false, errHot
	}
	return true, r.call(ctx, k.opts.Call, func(ctx context.Context) error {
		switch t.do {
		case TryOn:
			k.sentOn = true
			return r.Dev.PowerOn(ctx)
		case TryOff:
			return r.Dev.PowerOff(ctx)
		}
		if r.Input != "" && t.input == "" {
			return r.Dev.Input(ctx, r.Input)
		}
		return r.Dev.Input(ctx, t.input)
	})
}

// look asks until the command of a trial has come true, or for as long as the
// model may take: by the same way, and by the current.
func (k *Keeper) look(ctx context.Context, r *reach, s *TrialStep, began time.Time) error {
	tick := time.NewTicker(k.opts.Poll)
	defer tick.Stop()
	for {
		said, err := hal.DisplayUnknown, errMute
		if !r.Mute && !r.Socket {
			said, err = k.chain.ask(ctx, r)
		}
		s.State, s.By, err = judge(said, err, k.chain.opts.Current.draw(), k.chain.opts.Lamp, false)
		s.Proved = s.By != ""
		switch s.Do {
		case TryOn, TryOff:
			cools := s.Do == TryOff && s.State == hal.DisplayCooling
			s.Proved = s.Proved && (cools || reached(s.Do == TryOn, s.State))
		default:
			return err
		}
		if s.Proved || k.opts.Now().Sub(began) > k.opts.WarmUp+k.opts.Resend {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
