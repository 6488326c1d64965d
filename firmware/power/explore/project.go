package explore

import (
	"time"

	"stationbox/firmware/power"
)

// Numbers of the specification, written here anew: the judge must not share
// them with the core.
const (
	calmTime   = 200 * time.Millisecond
	weldTime   = 200 * time.Millisecond // on top of the contactor's own
	strikeTime = 2 * time.Second
	maxDoubled = 3
	maxFails   = 3
)

// plenty is longer than any time that a Model compares with an age or a
// contradiction of contacts.
const plenty = 3 * tick

// project takes from s what no later decision depends on, so that the number of
// states is finite. Each line says why it may; TestProjectionKeepsDecisions
// walks with and without it and finds the same orders.
//
//   - Cause and the Lasted of an alarm are told to people and never read back;
//     what is kept is whether there is a cause.
//   - Extreme is read only for its side of the good band.
//   - OnFor is shown and never read back.
//   - OnGap and OffGap are compared with delays, Unseen, Move and Calm with
//     limits, all shorter than plenty; beyond it they are all alike.
//   - The age of a trip counts only when it passes an hour. Here every trip is
//     one tick old, and the oldest is made to expire at any moment by a stimulus:
//     that is more than the real ages can do, never less.
func project(s power.State) power.State {
	s.Lasted = 0
	if s.Cause != power.CauseNone {
		s.Cause = power.CauseWanted
	}
	switch {
	case !s.Alarm:
		s.Extreme = 0
	case s.Extreme > goodHigh:
		s.Extreme = goodHigh + 1
	default:
		s.Extreme = goodLow - 1
	}
	s.OnGap, s.OffGap = min(s.OnGap, plenty), min(s.OffGap, plenty)
	s.Unseen, s.Move, s.Calm = min(s.Unseen, plenty), min(s.Move, plenty), min(s.Calm, plenty)
	for i, age := range s.Trips {
		if age > 0 {
			s.Trips[i] = tick
		}
	}
	for i := range s.Loads {
		s.Loads[i].OnFor = 0
	}
	return s
}

// expire makes the oldest trip an hour old, so that the next Step drops it.
func expire(s *power.State) {
	for i := len(s.Trips) - 1; i >= 0; i-- {
		if s.Trips[i] > 0 {
			s.Trips[i] = time.Hour
			return
		}
	}
}

// hash mixes what differs most between nodes. It need not see everything: equal
// nodes have equal hashes, and nodes are compared whole.
func hash(n *node) uint64 {
	c, j := &n.core, &n.judge
	h := uint64(14695981039346656037)
	mix := func(v uint64) { h = (h ^ v ^ h>>29) * 0x9E3779B97F4A7C15 }
	mix(uint64(c.Good) ^ uint64(c.Unseen)<<20)
	mix(uint64(c.Wait) ^ uint64(c.Move)<<20)
	mix(uint64(c.OnGap) ^ uint64(c.OffGap)<<20)
	mix(uint64(c.Calm) ^ uint64(c.Extreme)<<30 ^ uint64(c.Phase)<<8 ^ uint64(c.Beyond)<<16 ^ uint64(c.NoCloses)<<24 ^
		bit(c.Confirmed, 1) ^ bit(c.Shed, 2) ^ bit(c.Latched, 3) ^ bit(c.Alarm, 4))
	for i := range 4 {
		mix(uint64(c.Charge[i]) ^ uint64(j.sum[i])<<40 ^ uint64(j.unbroken[i])<<48 ^ bit(c.Trips[i] > 0, 60))
	}
	for i := range 2 {
		l := &c.Loads[i]
		mix(uint64(l.Burn) ^ uint64(l.Cool)<<20 ^ uint64(l.Held)<<56 ^ bit(l.On, 63))
	}
	mix(uint64(j.good) ^ uint64(j.unseen)<<8 ^ uint64(j.open)<<16 ^ uint64(j.owed)<<24 ^ uint64(j.against)<<32 ^
		uint64(j.trips)<<40 ^ uint64(j.gap)<<48 ^ uint64(j.relays)<<56)
	mix(uint64(j.strike) ^ uint64(j.dark)<<8 ^ uint64(j.beyond)<<16 ^ uint64(j.fails)<<24 ^
		bit(j.on, 32) ^ bit(j.lived, 33) ^ bit(j.shed, 34) ^ bit(j.locked, 35) ^ bit(j.welded, 36) ^ bit(j.hot, 37))
	return h ^ h>>32
}

func bit(on bool, n int) uint64 {
	if on {
		return 1 << n
	}
	return 0
}
