package power_test

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/power"
)

// judge follows a run from outside and knows nothing of the core's State but
// what an instrument at the terminals would see: inputs and orders.
type judge struct {
	s        power.Settings
	good     time.Duration // unbroken good mains
	unseen   time.Duration
	open     time.Duration // since order and contacts were both open
	stages   []power.Stage
	beyond   [power.MaxStages]time.Duration
	dark     [power.MaxLoads]time.Duration // since the lamp was surely off
	strike   [power.MaxLoads]time.Duration // it may have burned for this long
	hot      [power.MaxLoads]bool
	before   power.Orders
	begun    bool
	inWindow bool // never beyond any limit of the curve
	trips    int
}

func newJudge(s power.Settings) *judge {
	return &judge{s: s, stages: power.DefaultStages(), inWindow: true}
}

// see returns the broken invariant of one step, or "".
func (j *judge) see(in *power.Input, o *power.Orders) string {
	j.watch(in)
	defer func() { j.before, j.begun = *o, true }()
	return cmp.Or(j.contactor(in, o), j.curve(in, o), j.lamps(in, o), j.relays(in, o))
}

func (j *judge) watch(in *power.Input) {
	s := &in.Sense
	j.unseen += in.Elapsed
	limit := 100 * time.Millisecond
	if s.Late {
		limit = 200 * time.Millisecond
	}
	inBand := s.Known && !s.Instant && s.MV >= 190_000 && s.MV <= 250_000
	switch {
	case inBand:
		j.good += in.Elapsed
	case s.Known || s.Instant:
		j.good = 0
	}
	if j.unseen > limit {
		j.good = 0
	}
	if s.Known && (s.MV < 176_000 || s.MV >= 263_700) || s.Instant {
		j.inWindow = false
	}
	j.open += in.Elapsed
	if j.before.Contactor || in.Aux == power.ContactClosed || in.Feed == power.ContactClosed {
		j.open = 0
	}
}

func (j *judge) contactor(in *power.Input, o *power.Orders) string {
	closing := o.Contactor && !j.before.Contactor
	wasUnseen := j.unseen
	if in.Sense.Fresh && in.Sense.Known {
		j.unseen = 0
	}
	switch {
	case o.Pulse && (!in.Sense.Fresh || !o.Contactor || in.Failed):
		return "I9: a pulse without a fresh frame, an order, or pins"
	case closing && j.good < j.s.GoodTime+j.s.Slot:
		return fmt.Sprintf("I3: closed after %v of good mains", j.good)
	case closing && j.open < j.s.MinOff:
		return fmt.Sprintf("I4: closed after %v open", j.open)
	case closing && (in.Aux != power.ContactOpen || in.Feed == power.ContactClosed):
		return "I8: closed over a contact that is not open"
	case closing && in.Failed:
		return "closed without pins"
	case o.Contactor && wasUnseen > 200*time.Millisecond:
		return fmt.Sprintf("I7: closed though blind for %v", wasUnseen)
	case !o.Contactor && o.Relays != 0:
		return "I6: a relay is closed behind an open contactor"
	}
	return ""
}

// curve is I1 and I2: it must open when a limit is passed for long enough
// without a break, and must not trip when none ever was.
func (j *judge) curve(in *power.Input, o *power.Orders) string {
	for i, st := range j.stages {
		s := &in.Sense
		passed := st.Over > 0 && s.MV >= int32(st.Over)*1000 || st.Under > 0 && s.MV < int32(st.Under)*1000
		if !s.Known || !passed || !j.before.Contactor {
			j.beyond[i] = 0
			continue
		}
		j.beyond[i] += s.Span
		shed := st.Under > 22
		if o.Contactor && !shed && j.beyond[i] > st.After+10*time.Millisecond {
			return fmt.Sprintf("I1: %+v passed for %v and still closed", st, j.beyond[i])
		}
	}
	for _, e := range o.Events[:o.N] {
		if e.Kind == power.EventTrip {
			j.trips++
		}
	}
	if j.inWindow && j.trips > 0 {
		return "I2: a trip though no limit was ever passed"
	}
	return ""
}

// lamps is I5: a lamp is cut only cold, or for a strong reason.
func (j *judge) lamps(in *power.Input, o *power.Orders) string {
	strong := !o.Contactor && j.before.Contactor
	for _, e := range o.Events[:o.N] {
		if e.Kind == power.EventOpen && (e.Cause == power.CauseUnder || e.Cause == power.CauseUnwanted) {
			strong = false
		}
	}
	for i, l := range j.s.Loads {
		if !l.Lamp {
			continue
		}
		was, is := j.before.Relays&(1<<i) != 0, o.Relays&(1<<i) != 0
		li := &in.Loads[i]
		small := li.Known && li.Current <= int32(l.StandbyMA)
		j.heat(i, in.Elapsed, was, li.Report == power.ReportCooling || small && li.Report != power.ReportBusy)
		if was && !is && !strong && !li.Failed {
			if li.Report != power.ReportStandby || !small || j.hot[i] {
				return fmt.Sprintf("I5: %s cut: report %v, current %d %v, hot %v", l.Name, li.Report, li.Current, li.Known, j.hot[i])
			}
		}
		if is && !was && j.hot[i] {
			return fmt.Sprintf("I5: hot lamp of %s got mains", l.Name)
		}
	}
	return ""
}

// heat is a lamp that is hot when it may have burned for three seconds, and cold
// when it was surely dark for its cooling time altogether.
func (j *judge) heat(i int, dt time.Duration, on, dark bool) {
	if on && !dark {
		j.strike[i] += dt
		if j.strike[i] >= 3*time.Second {
			j.hot[i], j.dark[i] = true, 0
		}
		return
	}
	j.strike[i] = 0
	j.dark[i] += dt
	if j.dark[i] >= j.s.Loads[i].CoolTime {
		j.hot[i] = false
	}
}

func (j *judge) relays(_ *power.Input, o *power.Orders) string {
	fresh := o.Relays &^ j.before.Relays
	if fresh&(fresh-1) != 0 {
		return "I6: two loads started in one step"
	}
	if fresh != 0 && !j.before.Contactor {
		return "I6: a load started with the contactor"
	}
	return ""
}

// TestInvariants plays long random days against the judge.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := village()
		s.Loads[projector].CoolTime = time.Duration(rapid.IntRange(1, 8).Draw(t, "cool")) * time.Second
		s.MinOff = time.Duration(rapid.IntRange(1, 6).Draw(t, "minoff")) * time.Second
		plan, err := power.NewPlan(s)
		if err != nil {
			t.Fatal(err)
		}
		b, j := newBench(plan), newJudge(s)
		if rapid.Bool().Draw(t, "warm") {
			b.state = plan.Warm()
			b.in.Aux, b.in.Feed = power.ContactClosed, power.ContactClosed
			j.before.Contactor, j.good = true, time.Hour
		}
		for range rapid.IntRange(3, 20).Draw(t, "scenes") {
			scene(t, b, j)
		}
	})
}

// scene is some time in which nothing changes but what it begins with.
func scene(t *rapid.T, b *bench, j *judge) {
	in := &b.in
	v := rapid.SampledFrom([]int32{220, 220, 220, 220, 220, 220, 220, 220, 0, 21, 100, 153, 160, 175, 180, 189, 200, 249, 251, 263, 266, 280, 305, 345}).Draw(t, "volts")
	lasts := time.Duration(rapid.SampledFrom([]int{5, 15, 60, 150, 300, 900, 2000, 4000, 4000}).Draw(t, "ms")) * time.Millisecond
	for i := range j.s.Loads {
		l := &in.Loads[i]
		l.Wanted = rapid.Bool().Draw(t, "wanted")
		l.Known = true
		switch rapid.SampledFrom([]string{"burns", "burns", "fan", "standby", "standby", "anything"}).Draw(t, "display") {
		case "burns":
			l.Report, l.Current = power.ReportBusy, 1200
		case "fan":
			l.Report, l.Current = power.ReportCooling, 400
		case "standby":
			l.Report, l.Current = power.ReportStandby, 50
		case "anything":
			l.Report = power.Report(rapid.IntRange(0, 3).Draw(t, "report"))
			l.Known = rapid.IntRange(0, 5).Draw(t, "known") > 0
			l.Current = rapid.SampledFrom([]int32{0, 50, 100, 101, 400, 1200}).Draw(t, "ma")
		}
		l.Failed = rapid.IntRange(0, 40).Draw(t, "relay") == 40
	}
	in.Reset = rapid.IntRange(0, 6).Draw(t, "reset") == 6
	in.Failed = rapid.IntRange(0, 40).Draw(t, "pins") == 40
	b.follow = rapid.IntRange(0, 14).Draw(t, "follows") < 14
	if !b.follow {
		in.Aux = power.Contact(rapid.IntRange(0, 2).Draw(t, "aux"))
		in.Feed = power.Contact(rapid.IntRange(0, 2).Draw(t, "feed"))
	}
	samples := rapid.SampledFrom([]string{"fine", "fine", "fine", "fine", "fine", "fine", "fine", "fine", "fine", "fine", "none", "unknown", "late", "some"}).Draw(t, "samples")
	n := 0
	for end := b.at + lasts; b.at < end; n++ {
		in.Elapsed = power.FrameTime
		in.Sense = power.Sense{Fresh: true, Known: true, Span: power.FrameTime, MV: v * 1000}
		switch {
		case samples == "none", samples == "some" && n%3 > 0:
			in.Elapsed = 10 * time.Millisecond
			in.Sense = power.Sense{}
		case samples == "unknown":
			in.Sense.Known, in.Sense.MV = false, 0
		case samples == "late":
			in.Sense.Fresh, in.Sense.Late = false, true
		}
		now := *in
		b.step()
		if broken := j.see(&now, &b.orders); broken != "" {
			t.Fatalf("at %v, phase %v, cause %v: %s", b.at, b.state.Phase, b.state.Cause, broken)
		}
	}
}

// TestLiveness is I10: whatever happened, with good mains, working contacts and
// a technician the contactor closes and what is wanted starts.
func TestLiveness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := village()
		plan, err := power.NewPlan(s)
		if err != nil {
			t.Fatal(err)
		}
		b, j := newBench(plan), newJudge(s)
		for range rapid.IntRange(1, 8).Draw(t, "scenes") {
			scene(t, b, j)
		}
		b.follow, b.in.Failed, b.in.Reset = true, false, false
		for i := range s.Loads {
			b.in.Loads[i] = power.LoadInput{Wanted: true, Known: true}
		}
		b.coarse(20 * time.Second) // the longest back-off, and the cooling time
		b.in.Reset = true
		b.coarse(15 * time.Second)
		if b.state.Phase != power.Closed || b.orders.Relays != 7 {
			t.Fatalf("phase %v, cause %v, relays %b", b.state.Phase, b.state.Cause, b.orders.Relays)
		}
	})
}

// coarse steps with 220 V in steps of 20 ms.
func (b *bench) coarse(d time.Duration) {
	for end := b.at + d; b.at < end; {
		b.in.Elapsed = 20 * time.Millisecond
		b.in.Sense = power.Sense{Fresh: true, Known: true, Span: b.in.Elapsed, MV: 220_000}
		b.step()
	}
}
