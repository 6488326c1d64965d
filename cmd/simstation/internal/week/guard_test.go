package week

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/link"
	"stationbox/firmware/power"
	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// The guard's times here. Its steps may be long, so samples are stale later and
// contacts may take longer than in life.
const (
	slowest    = 1800 * time.Millisecond // a step, and the pause between two statuses: after two seconds the station takes it for dead
	guardStale = 2500 * time.Millisecond
	guardMove  = 3 * time.Second
	driveHold  = 2500 * time.Millisecond
	reportGood = 5 * time.Second // as firmware/power has it
)

// guard is the guard's core with its eyes and hands in the world and the real
// socket server to the station. Its memory outlives it, as a file does.
type guard struct {
	world *world.World
	plan  *power.Plan
	loads []power.Load

	mu     sync.Mutex
	alive  bool
	state  power.State
	server *link.Server
	boot   string
	seq    uint64 // of events
	told   uint64 // of statuses
	tellAt time.Time
	want   firmware.GuardWant
	wantAt time.Time
	reset  uint64
	last   time.Duration // world time of the last step
}

func newGuard(w *world.World, loads []power.Load) (*guard, error) {
	plan, err := power.NewPlan(power.Settings{Stale: guardStale, MoveTime: guardMove, Loads: loads})
	if err != nil {
		return nil, err
	}
	return &guard{world: w, plan: plan, loads: loads, state: plan.Cold()}, nil
}

// start lets the guard begin anew from its memory and serve the station at l
// until ctx ends, when it is dead.
func (g *guard) start(ctx context.Context, boot string, l net.Listener) {
	g.mu.Lock()
	g.state = g.plan.Restart(g.state, 0) // the wall clock tells nothing after a power cut
	g.alive, g.boot, g.seq, g.want, g.wantAt = true, boot, 0, firmware.GuardWant{}, time.Time{}
	g.last = g.world.Time()
	g.server = link.NewServer(g.take, link.ServerOpts{})
	server := g.server
	g.mu.Unlock()
	_ = server.Serve(ctx, l)
	g.mu.Lock()
	g.alive = false
	g.mu.Unlock()
	for i := range g.loads { // the pins fall when their owner is gone
		g.world.SetRelay(i, false)
	}
}

func (g *guard) take(w firmware.GuardWant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.Seq > g.want.Seq {
		g.want, g.wantAt = w, time.Now()
	}
}

// calm says whether nothing will happen soon, so that steps may be long.
func (g *guard) calm() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.alive {
		return true
	}
	for i := range g.loads {
		if g.state.Loads[i].On || g.state.Loads[i].Cool > 0 || g.want.Loads[g.loads[i].Name] {
			return false
		}
	}
	return g.state.Phase == power.Closed && !g.state.Alarm
}

// step does one Step of the core on the world as it is.
func (g *guard) step(s world.Snapshot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.alive {
		return
	}
	in := g.input(s)
	before := g.state.Phase
	next, orders := g.plan.Step(g.state, in)
	g.state = next
	if orders.Pulse {
		g.world.DriveEdge(s.At)
	}
	for i := range g.loads {
		g.world.SetRelay(i, orders.Relays&(1<<i) != 0)
	}
	for _, e := range orders.Events[:orders.N] {
		g.tell(e)
	}
	if now := time.Now(); orders.N > 0 || before != next.Phase || now.Sub(g.tellAt) >= slowest-100*time.Millisecond {
		g.tellAt = now
		g.server.Status(g.status(s, &in))
	}
}

func (g *guard) input(s world.Snapshot) power.Input {
	elapsed := s.At - g.last
	g.last = s.At
	mv := int32(s.Mains.Volts * 1000)
	in := power.Input{Elapsed: elapsed, Reset: g.want.Reset > g.reset,
		Sense: power.Sense{Fresh: true, Known: true, Span: elapsed, MV: mv, PeakMV: mv, Instant: mv >= g.plan.Instant()}}
	g.reset = max(g.reset, g.want.Reset)
	in.Aux, in.Feed = contact(s.Contactor.Closed), contact(s.LoadVolts > 50)
	if g.want.Storm {
		in.Stay = power.CauseStorm
	}
	fresh := time.Since(g.wantAt) <= reportGood
	for i, l := range g.loads {
		li := power.LoadInput{Wanted: g.want.Loads[l.Name], Known: true, Current: int32(s.Loads[i].Amps * 1000)}
		if fresh {
			li.Report = reports[g.want.Displays[l.Name]]
		}
		in.Loads[i] = li
	}
	return in
}

// reports are what a display's state says of its lamp, as firmware/power has it.
var reports = map[hal.DisplayState]power.Report{
	hal.DisplayStandby: power.ReportStandby, hal.DisplayCooling: power.ReportCooling,
	hal.DisplayWarming: power.ReportBusy, hal.DisplayOn: power.ReportBusy, hal.DisplayFault: power.ReportBusy,
}

func contact(closed bool) power.Contact {
	if closed {
		return power.ContactClosed
	}
	return power.ContactOpen
}

func (g *guard) tell(e power.Event) {
	g.seq++
	out := firmware.GuardEvent{Boot: g.boot, Seq: g.seq, Wall: time.Now(), Kind: e.Kind.String(), Cause: e.Cause.String(), MV: int64(e.MV), LastedMS: e.Lasted.Milliseconds()}
	if e.Load >= 0 {
		out.Load = g.loads[e.Load].Name
	}
	g.server.Event(out)
}

func (g *guard) status(s world.Snapshot, in *power.Input) firmware.GuardStatus {
	g.told++
	st := firmware.GuardStatus{Boot: g.boot, Seq: g.told, State: firmware.GuardState(g.state.Phase.String()), Cause: g.state.Cause.String(),
		MainsMV: int64(in.Sense.MV), MainsOK: true, MainsMHz: 50_000, Contactor: g.state.Commanded(),
		AuxClosed: s.Contactor.Closed, AuxKnown: true, FeedMV: int64(s.LoadVolts * 1000), FeedOK: true, WantSeq: g.want.Seq, Reset: g.reset}
	for i, l := range g.loads {
		ls := &g.state.Loads[i]
		st.Loads = append(st.Loads, firmware.LoadStatus{Name: l.Name, Wanted: in.Loads[i].Wanted, On: ls.On, Held: ls.Held.String(),
			CurrentMA: int64(in.Loads[i].Current), CurrentOK: true, OnForMS: ls.OnFor.Milliseconds(), CoolLeftMS: ls.Cool.Milliseconds()})
	}
	return st
}

// String describes g for a failing test.
func (g *guard) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return fmt.Sprintf("guard %v %v loads %+v", g.state.Phase, g.state.Cause, g.state.Loads[:len(g.loads)])
}
