package explore

import (
	"math/rand/v2"
	"testing"

	"stationbox/firmware/power"
)

// TestProjectionKeepsDecisions walks at random with the whole State and with the
// projected one: what is ordered and told stays the same for ever.
func TestProjectionKeepsDecisions(t *testing.T) {
	for _, m := range Models() {
		plan, err := power.NewPlan(m.Settings)
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 300 {
			whole, small := plan.Cold(), project(plan.Cold())
			for n := range 300 {
				st := m.stimuli[rnd.IntN(len(m.stimuli))]
				if rnd.IntN(3) > 0 {
					st = m.stimuli[rnd.IntN(3)] // good mains more often
				}
				if st.kind != stimulusStep {
					continue // ages of trips are freer here than in truth
				}
				if st.follow || rnd.IntN(4) > 0 {
					st.in.Aux = power.ContactOpen
					if whole.Commanded() {
						st.in.Aux = power.ContactClosed
					}
					st.in.Feed = st.in.Aux
				}
				var a, b power.Orders
				whole, a = plan.Step(whole, st.in)
				small, b = plan.Step(small, st.in)
				small = project(small)
				if plain(a) != plain(b) || project(whole) != small {
					t.Fatalf("%s, step %d: %v\n%+v\n%+v", m.Name, n, &st, a, b)
				}
			}
		}
	}
}

// plain is o without the numbers that are only told.
func plain(o power.Orders) power.Orders {
	for i := range o.Events {
		o.Events[i].MV, o.Events[i].Lasted = 0, 0
	}
	return o
}

// TestStepAllocatesNothingInAnyPhase is I13 along a random walk.
func TestStepAllocatesNothingInAnyPhase(t *testing.T) {
	for _, m := range Models() {
		plan, err := power.NewPlan(m.Settings)
		if err != nil {
			t.Fatal(err)
		}
		rnd, s := rand.New(rand.NewPCG(3, 4)), plan.Cold()
		if n := testing.AllocsPerRun(20_000, func() {
			s, _ = plan.Step(s, m.stimuli[rnd.IntN(len(m.stimuli))].in)
		}); n != 0 {
			t.Errorf("%s: %v allocations", m.Name, n)
		}
	}
}

// TestJudgeIsAwake lets the judge see a guard that closes at once: it must object,
// with a trace.
func TestJudgeIsAwake(t *testing.T) {
	m := contactorModel()
	m.Settings.GoodTime = 1 // the guard waits less than the judge is told below
	plan, err := power.NewPlan(m.Settings)
	if err != nil {
		t.Fatal(err)
	}
	told := contactorModel()
	told.Settings.GoodTime = 4 * tick
	n := node{project(plan.Cold()), newJudge(&told)}
	good := stimulus{in: power.Input{Elapsed: tick, Sense: senses[0], Aux: power.ContactOpen, Feed: power.ContactOpen}}
	for range 10 {
		var broken finding
		if n, broken = told.take(plan, n, &good); broken.id != "" {
			if broken.id != "I3" {
				t.Errorf("objects by %s: %s", broken.id, broken.detail)
			}
			return
		}
	}
	t.Error("no objection")
}
