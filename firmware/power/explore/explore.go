// Package explore searches the whole state space of the power guard's core. It
// steps the real Plan.Step breadth-first through everything that a small world
// can do at every moment, and lets a judge look on that sees only what an
// instrument at the terminals would see: inputs, orders and told events.
//
// It promises that a clean Result has met every state which the Model can reach,
// each with every input of the Model, and that the trace of a Violation is as
// short as any. It never says anything about times or loads that the Model does
// not have; random tests with real times are in package power.
package explore

import (
	"fmt"
	"io"
	"slices"

	"stationbox/firmware/power"
)

// Result is what an exploration found.
type Result struct {
	Model       string
	States      int // different states of core and judge together
	Transitions int // steps taken
	Depth       int // ticks to the farthest state
	Violations  []Violation
}

// Violation is one broken invariant with a shortest way to it.
type Violation struct {
	Invariant Invariant
	Detail    string
	Trace     []string // inputs from the start on, each with what came of it
}

// node is one state of the search. It is comparable.
type node struct {
	core  power.State
	judge judge
}

// step is how a node was met first.
type step struct {
	from int32 // -1: the start
	by   int32 // number of the stimulus
}

// search is one exploration in progress.
type search struct {
	m      *Model
	plan   *power.Plan
	nodes  []node
	steps  []step
	table  []int32 // open addressing: number of the node plus 1, 0 for empty
	result Result
	most   int
}

// Run explores m until nothing new is found, or until most different invariants
// are broken; 0 means all of them.
func Run(m Model, most int) (Result, error) {
	plan, err := power.NewPlan(m.Settings)
	if err != nil {
		return Result{}, err
	}
	if most <= 0 {
		most = len(invariants)
	}
	s := &search{m: &m, plan: plan, table: make([]int32, 1<<16), most: most}
	s.result.Model = m.Name
	s.add(node{core: project(plan.Cold()), judge: newJudge(&m)}, step{from: -1})
	for level := 0; level < len(s.nodes); {
		end := len(s.nodes)
		for ; level < end && len(s.result.Violations) < s.most; level++ {
			s.expand(int32(level))
		}
		if len(s.result.Violations) >= s.most {
			break
		}
		s.result.Depth++
	}
	s.result.States = len(s.nodes)
	return s.result, nil
}

// expand takes every step out of node n.
func (s *search) expand(n int32) {
	here := s.nodes[n]
	if broken := s.m.live(s.plan, here.core); broken.id != "" {
		s.violate(n, -1, broken)
	}
	for i := range s.m.stimuli {
		next, broken := s.m.take(s.plan, here, &s.m.stimuli[i])
		s.result.Transitions++
		if broken.id != "" {
			s.violate(n, int32(i), broken)
			continue
		}
		s.add(next, step{n, int32(i)})
	}
}

// take is one step of core and judge together.
func (m *Model) take(p *power.Plan, n node, st *stimulus) (node, finding) {
	switch st.kind {
	case stimulusRestart:
		core := p.Restart(n.core, st.gone)
		broken := n.judge.restart(m, &core, st.gone)
		return node{project(core), n.judge}, broken
	case stimulusExpire:
		expire(&n.core)
		n.judge.expire()
	}
	in := st.in
	if st.follow {
		in.Aux = power.ContactOpen
		if n.judge.on {
			in.Aux = power.ContactClosed
		}
		in.Feed = in.Aux
	}
	core, orders := p.Step(n.core, in)
	broken := n.judge.see(m, &in, &core, &orders)
	return node{project(core), n.judge}, broken
}

// add puts n into the table when it is new.
func (s *search) add(n node, how step) {
	mask := uint64(len(s.table) - 1)
	at := hash(&n) & mask
	for ; s.table[at] != 0; at = (at + 1) & mask {
		if s.nodes[s.table[at]-1] == n {
			return
		}
	}
	s.nodes = append(s.nodes, n)
	s.steps = append(s.steps, how)
	s.table[at] = int32(len(s.nodes))
	if 2*len(s.nodes) > len(s.table) {
		s.grow()
	}
}

func (s *search) grow() {
	s.table = make([]int32, 4*len(s.table))
	mask := uint64(len(s.table) - 1)
	for i := range s.nodes {
		at := hash(&s.nodes[i]) & mask
		for s.table[at] != 0 {
			at = (at + 1) & mask
		}
		s.table[at] = int32(i + 1)
	}
}

// violate notes the first and so the shortest way to break each invariant.
func (s *search) violate(n, by int32, f finding) {
	if slices.ContainsFunc(s.result.Violations, func(v Violation) bool { return v.Invariant.ID == f.id }) {
		return
	}
	v := Violation{Detail: f.detail, Trace: s.trace(n, by)}
	for _, inv := range invariants {
		if inv.ID == f.id {
			v.Invariant = inv
		}
	}
	s.result.Violations = append(s.result.Violations, v)
}

// trace plays the way to n again, and by after it.
func (s *search) trace(n, by int32) []string {
	var way []int32
	if by >= 0 {
		way = append(way, by)
	}
	for ; s.steps[n].from >= 0; n = s.steps[n].from {
		way = append(way, s.steps[n].by)
	}
	slices.Reverse(way)
	at, lines := s.nodes[0], []string{}
	for i, by := range way {
		st := &s.m.stimuli[by]
		at, _ = s.m.take(s.plan, at, st)
		lines = append(lines, fmt.Sprintf("%2d %-60s %v, contactor %v, relays %b", i+1, st, at.core.Phase, at.judge.on, at.judge.relays))
	}
	return lines
}

// Print writes r for people.
func (r *Result) Print(w io.Writer) {
	fmt.Fprintf(w, "%s: %d states, %d transitions, depth %d, %d invariants violated\n",
		r.Model, r.States, r.Transitions, r.Depth, len(r.Violations))
	for _, v := range r.Violations {
		fmt.Fprintf(w, "\n%s %s: %s\n  %s\n", v.Invariant.ID, v.Invariant.Name, v.Invariant.Sentence, v.Detail)
		for _, line := range v.Trace {
			fmt.Fprintln(w, "  ", line)
		}
	}
}
