package explore

import (
	"math/bits"
	"time"

	"stationbox/firmware/power"
)

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// told compares events with orders.
func (j *judge) told(v *view) finding {
	if v.o.N >= len(v.o.Events) {
		return found("I13", "%d events in one step", v.o.N)
	}
	var on, off uint8
	var kinds [32]int
	for i := range v.o.N {
		e := &v.o.Events[i]
		kinds[e.Kind]++
		switch e.Kind {
		case power.EventLoadOn:
			on |= 1 << e.Load
		case power.EventLoadOff:
			off |= 1 << e.Load
		case power.EventReset, power.EventOpen, power.EventClose, power.EventTrip, power.EventWeld:
		default:
			continue
		}
		if e.Cause == power.CauseNone {
			return found("E", "%v without a cause", e.Kind)
		}
	}
	switch {
	case on&^off != v.start || off&^on != v.stop:
		return found("E", "loads on %b off %b, told on %b off %b", v.start, v.stop, on, off)
	case kinds[power.EventOpen] != count(v.opening) || kinds[power.EventClose] != count(v.closing):
		return found("E", "opening %v and closing %v, told %d and %d", v.opening, v.closing, kinds[power.EventOpen], kinds[power.EventClose])
	case kinds[power.EventTrip] != count(v.trip()):
		return found("E", "a trip is due: %v; told %d times", v.trip(), kinds[power.EventTrip])
	case kinds[power.EventOutage] != count(v.outage && !v.over):
		return found("E", "an outage: %v; told %d times", v.outage && !v.over, kinds[power.EventOutage])
	case !v.o.Contactor && v.core.Cause == power.CauseNone:
		return found("E", "open in phase %v, and no cause is named", v.core.Phase)
	case v.core.Commanded() != v.o.Contactor:
		return found("E", "phase %v, order %v", v.core.Phase, v.o.Contactor)
	}
	return finding{}
}

func (j *judge) curve(v *view) finding {
	if !j.on || !v.o.Contactor {
		return finding{}
	}
	if v.in.Sense.Instant {
		return found("I1", "the envelope is above the instant limit and the contactor stays closed")
	}
	for i, st := range v.set.Stages {
		shedding := st.Under > 0 && !isOutage(st) && (j.shed || v.core.Shed)
		if j.beyond&(1<<i) == 0 || shedding || st.After == 0 && !v.in.Sense.Known {
			continue
		}
		if j.unbroken[i] >= ticks(st.After) {
			return found("I1", "%+v is spent and the contactor stays closed", st)
		}
		if j.sum[i] >= 4*ticks(st.After) {
			return found("I1b", "%+v is spent in pieces and the contactor stays closed", st)
		}
	}
	return j.shedding(v)
}

// shedding judges the time in which an under-voltage keeps only a lamp on.
func (j *judge) shedding(v *view) finding {
	i, l := lampOf(v.set)
	switch {
	case v.core.Shed && !j.shed && !v.under:
		return found("I2", "loads are shed and no under-voltage stage is spent")
	case !v.core.Shed && !j.shed:
	case v.live && (l == nil || (j.relays|v.o.Relays)&(1<<i) == 0):
		return found("I1", "under-voltage is spent, no lamp is on, and the contactor stays closed")
	case v.o.Relays&^(1<<i) != 0:
		return found("I1", "under-voltage is spent and loads without a lamp stay on")
	}
	return finding{}
}

func (j *judge) pulse(v *view) finding {
	s := &v.in.Sense
	switch {
	case v.o.Pulse != (v.o.Contactor && s.Fresh && !v.in.Failed):
		return found("I9", "pulse %v, ordered %v, fresh %v, pins failed %v", v.o.Pulse, v.o.Contactor, s.Fresh, v.in.Failed)
	case v.o.Contactor && v.blind:
		return found("I7", "closed is ordered though blind for %d ticks", j.unseen)
	case v.in.Failed && v.o.Contactor:
		return found("I7", "closed is ordered though the pins cannot be driven")
	}
	return finding{}
}

func (j *judge) closing(v *view) finding {
	switch {
	case !v.closing:
		return finding{}
	case !fresh(&v.in.Sense):
		return found("I7", "closed by a voltage that is not fresh")
	case j.good < goodTicks(v.set):
		return found("I3", "closed after %d good ticks", j.good)
	case j.open < ticks(v.set.MinOff) || j.owed > 0:
		return found("I4", "closed after %d ticks open; %d of its back-off are left", j.open, j.owed)
	case j.locked:
		return found("I4", "closed though %d trips wait for a person", v.set.MaxTrips)
	case v.in.Aux != power.ContactOpen || v.live:
		return found("I8", "closed over a contact that is not open")
	case v.in.Stay != power.CauseNone:
		return found("I4", "closed though everything is to stay off")
	case j.welded || j.fails >= maxFails:
		return found("I8", "closed though a person must come: welded %v, %d failed closings", j.welded, j.fails)
	}
	return finding{}
}

func (j *judge) opening(v *view) finding {
	wishedOff := (j.shed || v.in.Stay != power.CauseNone) && j.relays == 0
	switch {
	case j.on && v.o.Contactor && v.spoiled():
		return found("I3", "goes on closing though the mains has left its band")
	case v.opening && !v.strong() && !v.under && !wishedOff && !v.spoiled():
		return found("I2", "opened without a reason")
	case v.o.Contactor && v.failed && v.in.Aux == power.ContactOpen && inBand(&v.in.Sense):
		return found("I8", "the contactor does not close, or fell off, and nobody is told")
	case !j.on && v.live && j.against > ticks(v.set.MoveTime+weldTime) && v.core.Phase != power.Weld:
		return found("I8", "the contactor does not open and no weld is latched")
	case v.core.Phase == power.NoClose && v.core.Latched && j.fails < maxFails:
		return found("I8", "latched after %d failed closings", j.fails)
	case v.o.Contactor && !v.closing && v.in.Stay != power.CauseNone && v.live && !j.shed && j.relays|v.o.Relays == 0:
		return found("I1", "everything is to stay off, no load is on, and the contactor stays closed")
	case !v.o.Contactor && v.o.Relays != 0:
		return found("I6", "a relay is closed behind an open contactor")
	}
	return finding{}
}

func wanted(v *view, i int) bool {
	return v.in.Stay == power.CauseNone && (v.in.Loads[i].Wanted || v.set.Loads[i].AlwaysOn)
}

func (j *judge) starts(v *view) finding {
	if v.start == 0 {
		return finding{}
	}
	i := bits.TrailingZeros8(v.start)
	switch l := &v.set.Loads[i]; {
	case bits.OnesCount8(v.start) > 1:
		return found("I6", "two loads start in one step")
	case v.closing || !j.lived:
		return found("I6", "%s starts before the contactor has shown closed", l.Name)
	case !inBand(&v.in.Sense) || !fresh(&v.in.Sense):
		return found("I6", "%s starts in mains that is not good", l.Name)
	case j.gap < ticks(l.OnDelay):
		return found("I6", "%s starts %d ticks after the one before", l.Name, j.gap)
	case !wanted(v, i) || v.in.Loads[i].Failed:
		return found("I6", "%s starts unwanted, or by a relay that failed", l.Name)
	case j.shed:
		return found("I6", "%s starts while under-voltage sheds, or %d trips wait for a person", l.Name, v.set.MaxTrips)
	}
	for k, l := range v.set.Loads[:i] {
		if wanted(v, k) && v.o.Relays&(1<<k) == 0 && !v.in.Loads[k].Failed && !l.Lamp {
			return found("I6", "%s starts before %s", v.set.Loads[i].Name, l.Name)
		}
	}
	return finding{}
}

// stops judges loads that go off while the contactor stays closed.
func (j *judge) stops(v *view) finding {
	if v.stop == 0 || !v.o.Contactor {
		return finding{}
	}
	byWish := 0
	for i, l := range v.set.Loads {
		if v.stop&(1<<i) == 0 || v.in.Loads[i].Failed {
			continue
		}
		byWish++
		if wanted(v, i) && !j.shed && !v.core.Shed {
			return found("I6", "%s stops though it is wanted", l.Name)
		}
		for k := i + 1; k < len(v.set.Loads); k++ {
			later, in := &v.set.Loads[k], &v.in.Loads[k]
			mayGo := !later.Lamp || j.cold(later, in)
			if v.o.Relays&(1<<k) != 0 && !wanted(v, k) && mayGo {
				return found("I6", "%s stops before %s", l.Name, later.Name)
			}
		}
	}
	if byWish > 1 {
		return found("I6", "two loads stop in one step")
	}
	return finding{}
}

func (j *judge) lamp(v *view) finding {
	i, l := lampOf(v.set)
	if l == nil {
		return finding{}
	}
	bit, in := uint8(1)<<i, &v.in.Loads[i]
	excused := in.Failed || v.opening && v.strong()
	switch {
	case v.stop&bit != 0 && !excused && !j.cold(l, in):
		return found("I5", "%s is cut: report %d, current %d mA known %v, hot %v", l.Name, in.Report, in.Current, in.Known, j.hot)
	case v.start&bit != 0 && j.hot:
		return found("I5", "a hot %s gets mains", l.Name)
	}
	return finding{}
}

// expire is a trip that was an hour ago.
func (j *judge) expire() { j.trips = max(0, j.trips-1) }

// restart judges the state with which a dead guard begins again, and goes on
// from there. No time passes, whatever the clock says.
func (j *judge) restart(m *Model, core *power.State, gone time.Duration) finding {
	set := &m.Settings
	if j.on {
		j.open = 0
		j.locked = j.locked || int(j.trips) >= set.MaxTrips
	}
	j.on, j.lived, j.shed, j.relays = false, false, false, 0
	j.good, j.unseen, j.against, j.gap, j.beyond = 0, 0, 0, 0, 0
	j.sum, j.unbroken = [4]int8{}, [4]int8{}
	j.strike = 0
	if j.fails < maxFails {
		j.fails = 0
	}
	id := "I12"
	if gone > 0 {
		id = "I11"
	}
	owed := time.Duration(max(j.owed, ticks(set.MinOff))) * tick
	waits := core.Phase == power.Lockout || core.Phase == power.Weld || core.Phase == power.NoClose && core.Latched
	switch {
	case core.Commanded() || core.Loads != offLoads(core):
		return found(id, "something is on at the start")
	case core.Wait < owed:
		return found(id, "waits %v after a restart; %v was left", core.Wait, owed)
	case core.TripCount() != int(j.trips):
		return found(id, "%d trips are remembered; there were %d", core.TripCount(), j.trips)
	case j.locked && !waits, j.welded && core.Phase != power.Weld, j.fails >= maxFails && !waits:
		return found(id, "phase %v; locked %v, welded %v, %d closings failed", core.Phase, j.locked, j.welded, j.fails)
	}
	if i, l := lampOf(set); l != nil && j.hot && core.Loads[i].Cool < time.Duration(ticks(l.CoolTime)-j.dark)*tick {
		return found(id, "the lamp must cool for %v after a restart; %d of %v had passed", core.Loads[i].Cool, j.dark, l.CoolTime)
	}
	return finding{}
}

// offLoads is what of the loads of s may be kept over a restart.
func offLoads(s *power.State) (loads [power.MaxLoads]power.LoadState) {
	for i := range loads {
		loads[i].Cool = s.Loads[i].Cool
	}
	return loads
}
