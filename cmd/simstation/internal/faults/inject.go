package faults

import (
	"context"
	"fmt"
	"os"
	"time"

	"stationbox/cmd/simstation/internal/machine"
	"stationbox/firmware"
)

// Times of an injection.
const (
	settle    = 250 * time.Millisecond // after it, in which its effect may still show
	closeMost = 15 * time.Second       // to the closed contactor with its loads, after whatever was
	lateMost  = 40 * time.Millisecond  // the simulator being later than this makes an injection worthless
	busyMost  = 0.25                   // share of the time in which programs wait for a processor, beyond which a failure says nothing
)

// result is what one injection came to.
type result struct {
	Seed     uint64    `json:"seed"`
	Kind     string    `json:"kind"`
	Phase    string    `json:"phase"`
	Village  int       `json:"village"` // its type
	Text     string    `json:"text"`
	Wrong    []string  `json:"wrong,omitempty"`
	LateMS   float64   `json:"simulator_late_ms"`
	Busy     float64   `json:"machine_busy"`         // share of the time in which programs waited for a processor
	Said     []string  `json:"guard_said,omitempty"` // with something wrong: what the guard told of meanwhile
	Judged   bool      `json:"judged"`
	Tries    int       `json:"tries"`
	findings []finding // what the claims came to
}

// inject does one injection and judges it.
func (v *rig) inject(ctx context.Context, p plan, canary *machine.Delays) result {
	begun, waited := v.now(), machine.Waited()
	r := result{Seed: p.seed, Kind: p.kind.name, Phase: p.phase.String(), Village: v.setup.number}
	a := &act{ctx: ctx, v: v, rng: p.rng}
	v.book.forget(v.world.Time())
	_, before := v.peer.state(v.now())
	if err := v.enter(a, p.phase); err != nil {
		a.wrong = append(a.wrong, err.Error())
		v.stained = true
	} else {
		p.kind.do(a)
		rest(ctx, settle)
	}
	r.Text = a.say()
	v.judge(a, &r, before)
	late := max(v.late.Worst(begun), canary.Worst(begun))
	r.LateMS = float64(late.Microseconds()) / 1000
	r.Busy = (machine.Waited() - waited).Seconds() / v.now().Sub(begun).Seconds()
	r.Judged = late <= lateMost && (len(r.Wrong) == 0 || r.Busy <= busyMost)
	if len(r.Wrong) > 0 {
		r.Said = v.peer.saidSince(begun)
	}
	if err := v.mend(); err != nil {
		r.Wrong = append(r.Wrong, "not mended: "+err.Error())
	}
	return r
}

// judge fills in what was wrong with a; before is how many trips had been told.
func (v *rig) judge(a *act, r *result, before int) {
	for _, c := range a.claims {
		closed, moves := v.book.movesSince(c.from)
		f := c.hold(closed, moves)
		r.findings = append(r.findings, f)
		if f.wrong != "" {
			r.Wrong = append(r.Wrong, f.wrong)
		}
	}
	if a.err != nil {
		r.Wrong = append(r.Wrong, "not done: "+a.err.Error())
	}
	r.Wrong = append(r.Wrong, a.wrong...)
	r.Wrong = append(r.Wrong, v.judgeAll()...)
	r.Wrong = append(r.Wrong, v.judgeTrips(a.trips, before)...)
	if err := v.guard.takeCrash(); err != nil {
		r.Wrong = append(r.Wrong, "guard "+err.Error())
	}
}

// judgeTrips compares the trips that the guard told of, and has on its card,
// with those that the mains may have caused.
func (v *rig) judgeTrips(allowed, before int) []string {
	var wrong []string
	v.owed += allowed
	_, after := v.peer.state(v.now())
	if after-before > allowed {
		wrong = append(wrong, fmt.Sprintf("%d trips told, %d could come from the mains", after-before, allowed))
	}
	if n := v.remembered(); n > v.owed {
		wrong = append(wrong, fmt.Sprintf("%d trips on the card, %d could come from the mains", n, v.owed))
	}
	return wrong
}

// mend makes everything whole again, whatever was done.
func (v *rig) mend() error {
	v.tap.set(flowing, 0)
	v.tap.once(0, 0, 0, nil)
	v.aux.tell(honest)
	v.world.SetVolts(220)
	v.world.SetHz(50)
	v.peer.leave(false)
	if len(v.loads) > 2 {
		v.peer.want(lampLoad, true)
	}
	v.station.kill()
	for _, err := range []error{v.tap.Replug(), v.meter.Fault("none"), v.pins.Fault("none"), os.RemoveAll(v.filler())} {
		if err != nil {
			return err
		}
	}
	v.pinsBad.Store(false)
	if st, _ := v.peer.state(v.now()); v.stained || latched(st) {
		return v.refresh()
	}
	return v.guard.start()
}

// latched says whether a guard in st would keep the next injection waiting.
func latched(st firmware.GuardState) bool {
	switch st {
	case firmware.GuardLockout, firmware.GuardWeld, firmware.GuardNoClose, firmware.GuardTrip:
		return true
	}
	return false
}

// enter leads the village to the phase in which the harm is to come.
func (v *rig) enter(a *act, p phase) error {
	if err := v.await(a.ctx, "closed with its loads", v.allOn); err != nil {
		return err
	}
	switch p {
	case cooling:
		if len(v.loads) > 2 {
			v.peer.want(lampLoad, false)
		}
		a.wait(a.between(300, 600))
	case qualify, closing:
		return v.reopen(a, p)
	case tripped:
		v.world.Swing(350, 60*time.Millisecond)
		a.trips++
		v.stained = true
		if err := v.await(a.ctx, "open after over-voltage", func() bool { return !v.world.ContactorClosed() }); err != nil {
			return err
		}
		a.wait(a.between(0, 600))
	default:
		a.wait(a.between(0, 100))
	}
	return a.ctx.Err()
}

// reopen lets the guard count good mains anew, and comes back while it counts
// or when it has begun to pulse.
func (v *rig) reopen(a *act, p phase) error {
	v.world.Outage(250 * time.Millisecond)
	if err := v.await(a.ctx, "open after an outage", func() bool { return !v.world.ContactorClosed() }); err != nil {
		return err
	}
	if p == qualify {
		a.wait(a.between(0, 900))
		return a.ctx.Err()
	}
	since := v.world.Time()
	err := v.await(a.ctx, "pulses after an outage", func() bool {
		_, ok := v.book.firstDriveAfter(since)
		return ok
	})
	a.wait(a.between(0, 80))
	return err
}

// allOn says whether the contactor is closed and so are all load relays. A lamp
// that must cool first comes later.
func (v *rig) allOn() bool {
	s := v.world.Snapshot()
	on := s.Contactor.Closed
	for _, l := range s.Loads {
		on = on && l.Relay
	}
	return on
}

// await waits for something that must come by itself.
func (v *rig) await(ctx context.Context, what string, is func() bool) error {
	for end := v.now().Add(closeMost); v.now().Before(end); rest(ctx, 5*time.Millisecond) {
		if is() {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	st, _ := v.peer.state(v.now())
	return fmt.Errorf("not %s within %v; the guard says %q", what, closeMost, st)
}
