package sound

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Result is what happened to the tone of a card test.
type Result string

// The results. Only a person knows whether a loudspeaker is wired to the card.
const (
	Played   Result = "played"   // the device took the tone in about its time
	NoDevice Result = "none"     // it could not be opened
	CutShort Result = "cut"      // it went away while it played, or took the tone too slowly
	TooFast  Result = "too_fast" // it took the tone much faster than it sounds: it plays into nothing
	IntoNone Result = "off"      // it plays into nothing because Opts say so
)

// Report says how a card test went.
type Report struct {
	Device string        `json:"device"` // as the card calls itself
	Result Result        `json:"result"`
	Took   time.Duration `json:"took_ns"` // for the tone's second
	Err    error         `json:"-"`       // why it was not played
}

const (
	testOpen   = 5 * time.Second // to open
	testPoll   = 5 * time.Millisecond
	testLength = time.Second // of the tone; it may take twice as long
)

// TestCard plays a tone of one second, 1 kHz at −12 dBFS, on the device of Opts,
// which nobody else may have open, and says what happened. It takes at most ten
// seconds.
func TestCard(ctx context.Context, o Opts) Report {
	s := Open(o)
	r := s.Test(ctx)
	if err := s.Close(); err != nil && r.Err == nil {
		r.Err = err
	}
	return r
}

// Test is TestCard on a device that is open, while nothing else sounds.
func (s *Sound) Test(ctx context.Context) Report {
	if err := ctx.Err(); err != nil { // the device may be open already
		return Report{Device: s.o.Device, Result: NoDevice, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, testOpen)
	defer cancel()
	var st State
	settled := func(now State) bool { st = now; return now.Open || !errors.Is(now.Problem, errNotYet) }
	if !s.wait(ctx, settled) || !st.Open {
		return Report{Device: s.o.Device, Result: NoDevice, Err: st.Problem}
	}
	began := s.o.Now()
	s.Play(testTone())
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 2*testLength)
	defer cancel()
	ended := s.wait(ctx, func(now State) bool { return !now.Busy || now.Opened != st.Opened })
	r := Report{Device: st.Device, Took: s.o.Now().Sub(began)}
	switch now := s.State(); {
	case !now.Open || now.Opened != st.Opened:
		r.Result, r.Err = CutShort, fmt.Errorf("sound %s: it went away", st.Device)
	case !ended:
		r.Result, r.Err = CutShort, fmt.Errorf("sound %s: %w", st.Device, errDead)
	case now.Silent:
		r.Result = IntoNone
	case r.Took < testLength*6/10: // the device's buffer takes a tenth of it at once
		r.Result, r.Err = TooFast, fmt.Errorf("sound %s: takes %v of sound in %v: it plays into nothing", st.Device, testLength, r.Took)
	default:
		r.Result = Played
	}
	return r
}

// wait polls the state until it is as wanted; false when ctx ends before.
func (s *Sound) wait(ctx context.Context, ok func(State) bool) bool {
	tick := time.NewTicker(testPoll)
	defer tick.Stop()
	for !ok(s.State()) {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}
