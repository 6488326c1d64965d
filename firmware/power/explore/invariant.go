package explore

// Invariant is something that must hold in every state.
type Invariant struct {
	ID, Name, Sentence string
}

var invariants = []Invariant{
	{"I1", "must trip", "A stage whose limit is passed without a break for its time opens the contactor; an under-voltage one may leave a hot lamp on, alone."},
	{"I1b", "must trip on chatter", "The same when the time is gathered in pieces, against an integral of the judge's own."},
	{"I2", "must not trip", "Nothing opens the contactor but a spent stage, blindness, failed pins, contacts that contradict the order, a closing whose mains turns bad, the end of shedding, or, once no load is on, the wish that all stay off."},
	{"I3", "good time", "Nothing closes before unbroken good mains for the good time and the slot, and a closing whose mains turns bad is given up."},
	{"I4", "minimum off", "Nothing closes before the minimum-off time, doubled by trips, has passed since order and contacts were open, whatever happened between; a lock-out ends by a person alone."},
	{"I5", "lamp", "A lamp loses mains cold, or by over-voltage, outage, weld or the loss of what the guard stands on; hot it gets none."},
	{"I6", "order", "Loads start one by one, in order, after their delays, in good mains; they stop one by one in reverse; no relay is closed behind an open contactor."},
	{"I7", "blind", "Without a fresh voltage for the stale time the contactor is open and stays so."},
	{"I8", "weld", "Nothing closes over a contact that is not open; a contactor that does not open, or not close, is told and latched until a person comes."},
	{"I9", "pulse", "A pulse is given exactly when closed is ordered, a fresh frame was processed and the pins can be driven."},
	{"I10", "liveness", "From every state good mains, working contacts and a technician lead to closed with all loads, in bounded time."},
	{"I11", "clock", "A wall clock that leaps while the guard is down shortens no wait and cools no lamp."},
	{"I12", "restart", "A guard that died starts with everything off, its trips counted and its latches set."},
	{"I13", "bounded", "A step fits its events into the room it has and needs no allocation."},
	{"E", "told", "Every change of an order has its event, with a cause."},
}

// Invariants returns what is judged, in order. I13's allocations are counted by
// a test, and that no State can hold a wall clock is I11's other half.
func Invariants() []Invariant { return append([]Invariant(nil), invariants...) }
