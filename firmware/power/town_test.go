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
