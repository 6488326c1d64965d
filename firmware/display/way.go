package display

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stationbox/hal"
)

// Way is one way to reach a display: a cable and a language, a remote control,
// or, as the last resort, its socket.
type Way struct {
	Name  string // "cec /dev/cec0", as people know it
	Dev   Device
	Input string // what its Input takes; "" passes on what the keeper is told
	// Mute means that it can be told and not asked: what it did is proved by the
	// current or not at all.
	Mute bool
	// Acks means that the display confirms what it hears, so that silence means it
	// was not reached. Without it a silent command may have been obeyed.
	Acks bool
	// Early means that it says "on" already while it warms up: its warm-up is not
	// measured.
	Early bool
	// Socket means that PowerOn takes mains away and gives it back. It is tried
	// when all else has failed, for no lamp, and seldom.
	Socket bool
}

// Detailer is a Device that also tells wear and troubles.
type Detailer interface {
	Details(ctx context.Context) (hal.DisplayDetails, error)
}

// The kinds of proof.
const (
	ByReply = "reply" // the display said so
	ByWatts = "watts" // its current says so
)

// WayStatus is what is known of one way.
type WayStatus struct {
	Name     string           `json:"name"`
	State    hal.DisplayState `json:"state"`             // what it answered last, or unknown
	Answered time.Time        `json:"answered,omitzero"` // when it answered last
	Proved   time.Time        `json:"proved,omitzero"`   // when a command by it came true
	By       string           `json:"by,omitempty"`      // the proof of that
	Failed   time.Time        `json:"failed,omitzero"`   // when a command by it came to nothing
	Problem  string           `json:"problem,omitempty"` // of the newest call; "" when it went well
}

// reach is a way with what is remembered of it. Run's own, but for st.
type reach struct {
	Way
	st    WayStatus
	turn  chan struct{} // taken while a call is under way
	fails int           // questions without an answer, in a row
	rest  time.Time     // asked again then
}

// errBusy is a call that was not made, because the one before has not returned.
var errBusy = fmt.Errorf("still busy with an earlier call: %w", hal.ErrSilent)

// call runs one call of the driver and returns when it ends, or with the context:
// a driver that hangs in the kernel is left alone and its way is silent until it
// returns. So at most one goroutine for each way ever waits.
func (r *reach) call(ctx context.Context, bound time.Duration, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	select {
	case r.turn <- struct{}{}:
	default:
		cancel()
		return fmt.Errorf("%s: %w", r.Name, errBusy)
	}
	done := make(chan error, 1)
	go func() {
		err := sheltered(ctx, fn)
		cancel()
		<-r.turn
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	// A driver that keeps its bound is about to return; only one that does not is
	// left behind.
	grace := time.NewTimer(200 * time.Millisecond)
	defer grace.Stop()
	select {
	case err := <-done:
		return err
	case <-grace.C:
		return fmt.Errorf("%s: hangs: %w", r.Name, hal.ErrSilent)
	}
}

// sheltered turns a panic of a driver into an error of its way.
func sheltered(ctx context.Context, fn func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("driver: panic: %v: %w", p, hal.ErrGarbled)
		}
	}()
	return fn(ctx)
}

// heard notes the outcome of a question.
func (r *reach) heard(s hal.DisplayState, err error, now time.Time) {
	r.st.State, r.st.Problem = s, ""
	if err != nil {
		r.st.Problem = err.Error()
	}
	if err == nil || errors.Is(err, hal.ErrRefused) {
		r.st.Answered, r.fails, r.rest = now, 0, time.Time{}
		return
	}
	r.fails++
	r.rest = now.Add(min(time.Second<<min(r.fails, 6), time.Minute))
}
