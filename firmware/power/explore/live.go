package explore

import "stationbox/firmware/power"

// patience is how many ticks I10 allows: the cooling time and the loads that
// shedding ends with, the longest minimum-off time, the start of everything.
const patience = 32

// live walks on from core with good mains, contacts that follow and a person who
// resets: everything wanted must come on, and from there everything unwanted go
// off though the contactor stays closed.
func (m *Model) live(p *power.Plan, core power.State) finding {
	all := uint8(1)<<len(m.Settings.Loads) - 1
	core, relays, ok := m.walk(p, core, true, all)
	if !ok {
		return found("I10", "after %d ticks of good mains: phase %v, cause %v, relays %b", patience, core.Phase, core.Cause, relays)
	}
	always := uint8(0)
	for i, l := range m.Settings.Loads {
		if l.AlwaysOn {
			always |= 1 << i
		}
	}
	core, relays, ok = m.walk(p, core, false, always)
	if !ok {
		return found("I10", "unwanted for %d ticks: phase %v, cause %v, relays %b", patience, core.Phase, core.Cause, relays)
	}
	return finding{}
}

// walk steps with good mains until the contactor is closed with just those relays.
func (m *Model) walk(p *power.Plan, core power.State, want bool, goal uint8) (power.State, uint8, bool) {
	in := power.Input{Elapsed: tick, Sense: senses[0], Reset: true}
	for i := range m.Settings.Loads {
		in.Loads[i] = power.LoadInput{Wanted: want, Report: power.ReportStandby, Known: true}
	}
	var orders power.Orders
	orders.Contactor = core.Commanded()
	for range patience {
		in.Aux = power.ContactOpen
		if orders.Contactor {
			in.Aux = power.ContactClosed
		}
		in.Feed = in.Aux
		core, orders = p.Step(core, in)
		if core.Phase == power.Closed && orders.Relays == goal {
			return core, orders.Relays, true
		}
	}
	return core, orders.Relays, false
}
