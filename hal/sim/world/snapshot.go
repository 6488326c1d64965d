package world

import (
	"math"
)

// Snapshot returns the world as it is.
func (w *World) Snapshot() Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Snapshot{
		At: w.time(), Stalls: w.stalls, StallTotal: w.stalled,
		Mains: w.mainsState(), LoadVolts: w.loadRMS(),
		Contactor: ContactorState{
			Closed: w.con.closed, Driven: w.con.driven, Fault: w.con.fault,
			LastEdge: w.con.lastEdge, MovedAt: w.con.movedAt, Moves: w.con.moves,
		},
		Projector: w.projectorState(),
		TV:        TVState{State: w.tv.state, Answers: w.tv.answers()},
		Loads:     make([]LoadState, len(w.loads)),
		EnergyWh:  w.energy, RoomC: w.room, OverVolt: w.over,
	}
	for i := range w.loads {
		l := &w.loads[i]
		s.Loads[i] = LoadState{Name: l.Name, Relay: l.relay, Powered: l.powered, Amps: l.amps, Watts: l.watts}
		s.TotalAmps += l.amps
		s.TotalWatts += l.watts
	}
	return s
}

func (w *World) mainsState() MainsState {
	m := MainsState{
		Volts: w.lineRMS(), SetVolts: w.line.volts, SetHz: w.line.hz, THD: w.line.thd,
		On: w.line.on(w.time()), ArresterBad: w.line.arresterBad,
	}
	if m.On {
		m.Hz = m.SetHz
	}
	return m
}

func (w *World) projectorState() ProjectorState {
	p := &w.proj
	return ProjectorState{
		State: p.state, LampC: p.lampC, Lamp: p.lamp(), Fan: p.fan, Answers: p.answers(),
		LampHours: p.LampHours, Strikes: p.strikes,
		HotCuts: p.hotCuts, HotCutsOutage: p.cutsOutage, HotStrikes: p.hotStrikes,
	}
}

// Slow is what the front end measures beside the wave.
type Slow struct {
	LoadVolts   float64 // rms behind the contactor
	Amps        [MaxLoads]float64
	ArresterBad bool
	Strikes     uint16 // of the arrester, wraps
	RoomC       float64
}

// Slow returns the newest slow values without allocating.
func (w *World) Slow() Slow {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Slow{LoadVolts: w.loadRMS(), ArresterBad: w.line.arresterBad, Strikes: w.line.strikes, RoomC: w.room}
	for i := range w.loads {
		s.Amps[i] = w.loads[i].amps
	}
	return s
}

// Count returns how many samples the world has made.
func (w *World) Count() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// Samples copies line-side samples in volts into dst, from sample number from
// on, and returns how many. It returns 0 when one of those asked for is not
// made yet or no longer kept (RingLen).
func (w *World) Samples(from uint64, dst []float32) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if from+uint64(len(dst)) > w.n || from+RingLen < w.n {
		return 0
	}
	for i := range dst {
		dst[i] = w.ring[(from+uint64(i))%RingLen]
	}
	return len(dst)
}

// Wave returns the newest n line-side samples in volts, oldest first, fewer
// when the world is younger; at most RingLen.
func (w *World) Wave(n int) []int16 {
	w.mu.Lock()
	defer w.mu.Unlock()
	n = int(min(uint64(max(n, 0)), w.n, RingLen))
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(math.Round(float64(w.ring[(w.n-uint64(n-i))%RingLen])))
	}
	return out
}

// MainsOn returns whether the mains is there.
func (w *World) MainsOn() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.line.on(w.time())
}

// ContactorClosed returns whether the main contacts are closed.
func (w *World) ContactorClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.con.closed
}
