package explore

import (
	"fmt"
	"time"

	"stationbox/firmware/power"
)

// finding is a broken invariant, or none.
type finding struct{ id, detail string }

func found(id, format string, args ...any) finding {
	return finding{id, fmt.Sprintf(format, args...)}
}

// judge follows a run from outside: inputs, orders, events. All of its times are
// in ticks, sums in quarters of a tick; all of them saturate.
type judge struct {
	on       bool  // ordered closed before
	relays   uint8 // ordered closed before
	lived    bool  // contacts have shown closed since the closing
	shed     bool  // under-voltage tripped; closed for a lamp alone
	locked   bool  // a person must come for the trips,
	welded   bool  // for the weld,
	fails    int8  // or for so many closings that failed
	good     int8  // unbroken good mains
	unseen   int8  // since a fresh voltage
	open     int8  // since order and contacts were both open
	owed     int8  // off time that is left since the order to open
	against  int8  // ticks in a row in which the contacts contradict the order
	trips    int8  // within the hour
	gap      int8  // since a load or the contactor went on
	beyond   uint8 // stages whose limit is passed
	unbroken [4]int8
	sum      [4]int8
	strike   int8 // the lamp may have burned for this long
	dark     int8 // it was surely dark for this long
	hot      bool
}

// saturated is more than any number of ticks that is compared here.
const saturated = 4

func newJudge(m *Model) judge {
	return judge{owed: ticks(m.Settings.MinOff)}
}

// ticks rounds up.
func ticks(d time.Duration) int8 { return int8((d + tick - 1) / tick) }

func up(n int8) int8 { return min(n+1, saturated) }

// view is one step as the judge sees it.
type view struct {
	set     *power.Settings
	in      *power.Input
	core    *power.State
	o       *power.Orders
	live    bool // something shows the contactor closed
	closing bool
	opening bool
	blind   bool
	over    bool  // an over-voltage stage is spent,
	outage  bool  // the outage stage,
	under   bool  // an under-voltage stage
	failed  bool  // the contacts give a reason to open
	met     bool  // the contacts had shown closed before
	start   uint8 // relays that close now
	stop    uint8 // relays that open now
}

// spoiled says whether the mains left its band while the contactor was on its way.
func (v *view) spoiled() bool { return !v.met && v.in.Sense.Known && !inBand(&v.in.Sense) }

// strong is a reason to open that asks no lamp.
func (v *view) strong() bool { return v.over || v.outage || v.blind || v.in.Failed || v.failed }

// trip says whether this step must count a trip.
func (v *view) trip() bool {
	return v.over || v.under && !v.outage && !v.blind && !v.in.Failed
}

// see judges one step.
func (j *judge) see(m *Model, in *power.Input, core *power.State, o *power.Orders) finding {
	v := &view{set: &m.Settings, in: in, core: core, o: o}
	v.live = in.Aux == power.ContactClosed || in.Feed == power.ContactClosed
	v.closing, v.opening = o.Contactor && !j.on, !o.Contactor && j.on
	v.start, v.stop = o.Relays&^j.relays, j.relays&^o.Relays
	j.watch(v)
	j.integrate(v)
	v.met = j.lived
	j.contradict(v)
	j.heat(v)
	f := j.person(v)
	for n := 0; n < looks && f.id == ""; n++ {
		f = j.look(v, n)
	}
	j.conclude(v)
	return f
}

const looks = 8

// look is one of the judgements. They are no list of functions, which would put
// every view on the heap.
func (j *judge) look(v *view, n int) finding {
	switch n {
	case 0:
		return j.told(v)
	case 1:
		return j.curve(v)
	case 2:
		return j.pulse(v)
	case 3:
		return j.closing(v)
	case 4:
		return j.opening(v)
	case 5:
		return j.starts(v)
	case 6:
		return j.stops(v)
	}
	return j.lamp(v)
}

func inBand(s *power.Sense) bool {
	return s.Known && !s.Instant && s.MV >= goodLow && s.MV <= goodHigh
}

func fresh(s *power.Sense) bool { return s.Fresh && s.Known }

func goodTicks(set *power.Settings) int8 { return ticks(set.GoodTime + set.Slot) }

// watch keeps the times of mains and samples.
func (j *judge) watch(v *view) {
	s := &v.in.Sense
	j.unseen = up(j.unseen)
	v.blind = j.unseen > ticks(v.set.Stale)
	switch {
	case v.blind:
		j.good = 0
	case inBand(s):
		j.good = up(j.good)
	case s.Known || s.Instant:
		j.good = 0
	}
	told := v.live || v.in.Aux != power.ContactOpen // a contactor that fell off restores nothing
	if j.shed && told && j.good >= goodTicks(v.set) && int(j.trips) < v.set.MaxTrips && v.in.Stay == power.CauseNone {
		j.shed, j.sum, j.unbroken = false, [4]int8{}, [4]int8{}
	}
	j.gap, j.open, j.owed = up(j.gap), up(j.open), max(0, j.owed-1)
	if j.on || v.live {
		j.open = 0
	}
}

// integrate keeps the judge's own sums of the curve, with the written leak of a
// quarter. A voltage that is unknown for a moment stays where it was.
func (j *judge) integrate(v *view) {
	if !j.on {
		j.beyond, j.sum, j.unbroken = 0, [4]int8{}, [4]int8{}
		return
	}
	s := &v.in.Sense
	v.over = s.Instant
	for i, st := range v.set.Stages {
		bit := uint8(1) << i
		if s.Known {
			j.beyond &^= bit
			if passed(st, s.MV) {
				j.beyond |= bit
			}
		}
		n := int8(s.Span / tick)
		if j.beyond&bit == 0 {
			j.sum[i], j.unbroken[i] = max(0, j.sum[i]-n), 0
			continue
		}
		j.unbroken[i] = min(j.unbroken[i]+n, ticks(st.After))
		j.sum[i] = min(j.sum[i]+4*n, 4*ticks(st.After))
		if j.sum[i] < 4*ticks(st.After) || !s.Known && st.After == 0 {
			continue
		}
		v.over = v.over || st.Over > 0
		v.outage = v.outage || isOutage(st)
		v.under = v.under || st.Under > 0 && !isOutage(st) && !j.shed
	}
}

func passed(st power.Stage, mv int32) bool {
	return st.Over > 0 && mv >= int32(st.Over)*1000 || st.Under > 0 && mv < int32(st.Under)*1000
}

func isOutage(st power.Stage) bool { return st.Under > 0 && st.Under <= 22 }

// contradict counts how long the contacts say otherwise than the order.
func (j *judge) contradict(v *view) {
	unknown := v.in.Aux != power.ContactOpen && v.in.Feed == power.ContactUnknown
	switch {
	case v.live == j.on:
		j.against = 0
		if j.on && !j.lived {
			j.lived, j.gap = true, 0
		}
		wish := v.in.Stay != power.CauseNone && !v.spoiled() && !v.over && !v.outage && !v.under && !v.blind && !v.in.Failed
		if j.on && (v.o.Contactor || wish) {
			j.fails = 0
		}
	case j.lived && unknown: // proves nothing once it was closed
	case j.lived && !inBand(&v.in.Sense): // a coil drops in a dip
		j.against = 0
	default:
		j.against = up(j.against)
	}
	v.failed = j.on && !v.live && j.against >= ticks(v.set.MoveTime)
}

// heat is a lamp that is hot when it may have burned for long enough to strike,
// and cold when it was surely dark for its cooling time altogether.
func (j *judge) heat(v *view) {
	i, l := lampOf(v.set)
	if l == nil {
		return
	}
	li := &v.in.Loads[i]
	dark := li.Report == power.ReportCooling || small(l, li) && li.Report != power.ReportBusy
	if j.relays&(1<<i) != 0 && !dark {
		j.strike++
		if j.strike >= ticks(strikeTime) {
			j.strike, j.hot, j.dark = ticks(strikeTime), true, 0
		}
		return
	}
	j.strike = 0
	if j.dark = up(j.dark); j.dark >= ticks(l.CoolTime) {
		j.hot, j.dark = false, 0
	}
}

func small(l *power.Load, in *power.LoadInput) bool {
	return in.Known && in.Current <= int32(l.StandbyMA)
}

// lampOf is the only lamp load of a Model.
func lampOf(set *power.Settings) (int, *power.Load) {
	for i := range set.Loads {
		if set.Loads[i].Lamp {
			return i, &set.Loads[i]
		}
	}
	return 0, nil
}

// cold says whether the lamp is proved cold.
func (j *judge) cold(l *power.Load, in *power.LoadInput) bool {
	return in.Report == power.ReportStandby && small(l, in) && !j.hot
}

// conclude carries the step over into the judge's memory.
func (j *judge) conclude(v *view) {
	if fresh(&v.in.Sense) {
		j.unseen = 0
	}
	minOff := ticks(v.set.MinOff)
	if v.trip() {
		j.trips = min(j.trips+1, power.MaxTrips)
	}
	if v.closing {
		j.lived, j.against = false, 0
	}
	if v.opening {
		j.owed = minOff
		if v.trip() || j.shed {
			j.owed = minOff << min(max(j.trips-1, 0), maxDoubled)
			j.locked = int(j.trips) >= v.set.MaxTrips
		}
		j.against, j.lived = 0, false
	}
	j.shed = v.o.Contactor && (j.shed || v.core.Shed)
	if v.start != 0 {
		j.gap = 0
	}
	j.on, j.relays = v.o.Contactor, v.o.Relays
}

// person follows what the guard tells of latches, and of the person who ends them.
func (j *judge) person(v *view) finding {
	for i := range v.o.N {
		switch v.o.Events[i].Kind {
		case power.EventWeld:
			j.welded = true
			if j.against <= ticks(v.set.MoveTime+weldTime) {
				return found("I8", "a weld is latched after %d ticks", j.against)
			}
		case power.EventNoClose:
			j.fails = min(j.fails+1, maxFails)
		case power.EventReset:
			if !v.in.Reset {
				return found("I4", "a latch ended without a person")
			}
			if j.welded && v.live {
				return found("I8", "a reset ended a weld that is still there")
			}
			j.welded, j.locked, j.fails, j.trips = false, false, 0, 0
			j.against = min(j.against, 1)
		}
	}
	return finding{}
}
