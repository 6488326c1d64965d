package power_test

import (
	"slices"
	"testing"
	"time"

	"stationbox/firmware/power"
)

// TestTownComesBackOneVillageAtATime gives 29 villages their mains back in the
// same moment: the transformer must not see two of their switches close in the
// same second.
func TestTownComesBackOneVillageAtATime(t *testing.T) {
	alone(t)
	const villages, turn = 29, 10 * time.Second // of firmware/config: contactor and four loads
	var closings []time.Duration
	for n := range villages {
		s := power.Settings{Slot: time.Duration(n+1) * turn}
		for _, name := range []string{"receiver", "tv", "projector", "speakers"} {
			s.Loads = append(s.Loads, power.Load{Name: name, OnDelay: 2 * time.Second, AlwaysOn: true})
		}
		plan, err := power.NewPlan(s)
		if err != nil {
			t.Fatal(err)
		}
		closings = append(closings, comesBack(plan, 8*time.Minute)...)
	}
	if len(closings) != villages*5 {
		t.Fatalf("%d closings; want %d", len(closings), villages*5)
	}
	slices.Sort(closings)
	for i := range closings[1:] {
		if gap := closings[i+1] - closings[i]; gap < time.Second {
			t.Fatalf("two closings within %v, at %v", gap, closings[i])
		}
	}
	t.Logf("the last village is back after %v", closings[len(closings)-1])
}

// TestTownStaysApartAfterTripsAndStorms: the town trips together, once more within
// the hour, and has a storm that ends for all in the same moment; each time the
// longer wait, whichever it is, must keep the villages apart.
func TestTownStaysApartAfterTripsAndStorms(t *testing.T) {
	alone(t)
	const villages = 29
	var closings []time.Duration
	for n := range villages {
		plan, err := power.NewPlan(power.Settings{Slot: time.Duration(n+1) * 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		v := town{plan: plan, state: plan.Cold(), mv: 220_000}
		v.run(8 * time.Minute)
		for range 3 {
			v.mv = 280_000
			v.run(time.Second)
			v.mv = 220_000
			v.run(10 * time.Minute)
		}
		v.stay = power.CauseStorm
		v.run(20 * time.Minute)
		v.stay = power.CauseNone
		v.run(8 * time.Minute)
		if len(v.closed) != 5 {
			t.Fatalf("village %d closed at %v; want five times", n, v.closed)
		}
		closings = append(closings, v.closed...)
	}
	slices.Sort(closings)
	for i := range closings[1:] {
		if gap := closings[i+1] - closings[i]; gap < time.Second {
			t.Fatalf("two closings within %v, at %v", gap, closings[i])
		}
	}
}

// town is one village of it.
type town struct {
	plan   *power.Plan
	state  power.State
	now    time.Duration
	mv     int32
	stay   power.Cause
	closed []time.Duration
}

func (v *town) run(span time.Duration) {
	const step = 20 * time.Millisecond
	for end := v.now + span; v.now < end; v.now += step {
		in := power.Input{Elapsed: step, Stay: v.stay, Aux: power.ContactOpen,
			Sense: power.Sense{Fresh: true, Known: true, Span: step, MV: v.mv}}
		if v.state.Commanded() {
			in.Aux = power.ContactClosed
		}
		in.Feed = in.Aux
		var o power.Orders
		v.state, o = v.plan.Step(v.state, in)
		for _, e := range o.Events[:o.N] {
			if e.Kind == power.EventClose {
				v.closed = append(v.closed, v.now)
			}
		}
	}
}

// comesBack returns when a guard that boots into good mains closes its contactor
// and its loads.
func comesBack(plan *power.Plan, last time.Duration) (closings []time.Duration) {
	state := plan.Cold()
	in := power.Input{Elapsed: power.FrameTime, Sense: power.Sense{Fresh: true, Known: true, Span: power.FrameTime, MV: 220_000}}
	for now := time.Duration(0); now < last; now += power.FrameTime {
		in.Aux = power.ContactOpen
		if state.Commanded() {
			in.Aux = power.ContactClosed
		}
		in.Feed = in.Aux
		var o power.Orders
		state, o = plan.Step(state, in)
		for _, e := range o.Events[:o.N] {
			if e.Kind == power.EventClose || e.Kind == power.EventLoadOn {
				closings = append(closings, now)
			}
		}
	}
	return closings
}
