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
	missed   time.Duration // unseen before the newest voltage
	past     past
}

func newJudge(s power.Settings) *judge {
	return &judge{s: s, stages: power.DefaultStages(), inWindow: true}
}

// see returns the broken invariant of one step, or "".
func (j *judge) see(in *power.Input, o *power.Orders) string {
	j.watch(in)
	defer func() { j.before, j.begun = *o, true }()
	return cmp.Or(j.contactor(in, o), j.curve(in, o), j.lamps(in, o), j.relays(in, o), j.minutes(in, o))
}

func (j *judge) watch(in *power.Input) {
	s := &in.Sense
	j.unseen += in.Elapsed
	inBand := s.Known && !s.Instant && s.MV >= 190_000 && s.MV <= 250_000
	switch {
	case inBand:
		j.good += in.Elapsed
	case s.Known || s.Instant:
		j.good = 0
	}
	if j.unseen > 100*time.Millisecond {
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
	j.missed = wasUnseen
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

// TestInvariants plays long random days against the judge, with short times.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := village()
		s.MaxTrips = rapid.IntRange(1, 5).Draw(t, "trips")
		s.Loads[projector].CoolTime = time.Duration(rapid.IntRange(1, 8).Draw(t, "cool")) * time.Second
		s.MinOff = time.Duration(rapid.IntRange(1, 6).Draw(t, "minoff")) * time.Second
		p := newPlayer(t, s)
		for range rapid.IntRange(3, 20).Draw(t, "scenes") {
			scene(t, p, []int{5, 15, 60, 150, 300, 900, 2000, 4000, 4000})
		}
	})
}

// TestInvariantsOfRealDays is the same with the constants of a real village: a
// minute of good mains, a minute off and more with every trip, five trips an hour,
// a lamp that cools for a minute and a half. At least a million steps.
func TestInvariantsOfRealDays(t *testing.T) {
	alone(t)
	steps, most := 0, 24
	if race {
		most = 1
	}
	rapid.Check(t, func(t *rapid.T) {
		p := newPlayer(t, real(time.Duration(rapid.IntRange(0, 29).Draw(t, "slot"))*4*time.Second))
		for range rapid.IntRange(1, most).Draw(t, "scenes") {
			scene(t, p, []int{5, 60, 150, 600, 4000, 12_000, 90_000, 150_000, 300_000, 300_000, 600_000})
		}
		steps += p.steps
	})
	t.Logf("%d steps", steps)
	if steps < 1_000_000 && !race {
		t.Errorf("%d steps; want a million", steps)
	}
}

// real is village with the default times, and a receiver that comes and goes.
func real(slot time.Duration) power.Settings {
	s := village()
	s.GoodTime, s.MinOff, s.MaxTrips, s.Slot = time.Minute, time.Minute, 5, slot
	s.Loads[tv].OnDelay, s.Loads[projector].OnDelay, s.Loads[receiver].OnDelay = 3*time.Second, 3*time.Second, 2*time.Second
	s.Loads[projector].CoolTime, s.Loads[receiver].AlwaysOn = 90*time.Second, false
	return s
}

// player is a bench and its judge.
type player struct {
	*bench
	judge *judge
	steps int
}

// newPlayer begins as at boot or, half of the time, closed for long.
func newPlayer(t *rapid.T, s power.Settings) *player {
	plan, err := power.NewPlan(s)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{bench: newBench(plan), judge: newJudge(s)}
	if rapid.Bool().Draw(t, "warm") {
		p.state = plan.Warm()
		p.in.Aux, p.in.Feed = power.ContactClosed, power.ContactClosed
		p.judge.before.Contactor, p.judge.good, p.judge.past.lived = true, time.Hour, true
		p.judge.past.started = -time.Hour
	} else {
		p.judge.past.owed = s.MinOff
	}
	return p
}

// die is a crash, and a start after a time that the wall clock says has passed.
func (p *player) die(t *rapid.T) {
	gone := rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Minute, 2 * time.Hour}).Draw(t, "gone")
	p.state = p.plan.Restart(p.state, gone)
	p.orders = power.Orders{}
	if broken := p.judge.restart(&p.state, gone); broken != "" {
		t.Fatalf("at %v, restart after %v: %s", p.at, gone, broken)
	}
}

// scene is some time in which nothing changes but what it begins with.
func scene(t *rapid.T, b *player, lengths []int) {
	in, j := &b.in, b.judge
	if rapid.IntRange(0, 15).Draw(t, "dies") == 15 {
		b.die(t)
	}
	v := rapid.SampledFrom([]int32{220, 220, 220, 220, 220, 220, 220, 220, 0, 21, 100, 153, 160, 175, 180, 189, 200, 249, 251, 263, 266, 280, 305, 345}).Draw(t, "volts")
	lasts := time.Duration(rapid.SampledFrom(lengths).Draw(t, "ms")) * time.Millisecond
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
	samples := rapid.SampledFrom([]string{"fine", "fine", "fine", "fine", "fine", "fine", "fine", "fine", "fine", "fine", "none", "unknown", "late", "some", "envelope"}).Draw(t, "samples")
	chatter := rapid.SampledFrom([]int{0, 0, 0, 0, 2, 3, 5}).Draw(t, "chatter")
	n := 0
	for began := b.at; b.at < began+lasts; n++ {
		in.Elapsed = power.FrameTime
		if b.at > began+2*time.Second {
			in.Elapsed = 4 * power.FrameTime // three frames in four are lost, and nothing changes
		}
		in.Sense = power.Sense{Fresh: true, Known: true, Span: in.Elapsed, MV: v * 1000}
		if chatter > 0 && n/20%chatter == 0 {
			in.Sense.MV = 220_000
		}
		switch {
		case samples == "none", samples == "some" && n%3 > 0:
			in.Elapsed = 10 * time.Millisecond
			in.Sense = power.Sense{}
		case samples == "unknown":
			in.Sense.Known, in.Sense.MV = false, 0
		case samples == "late":
			in.Sense.Fresh = false
		case samples == "envelope" && n == 40:
			in.Sense.Instant, in.Sense.PeakMV = true, 400_000
		}
		now := *in
		b.step()
		b.steps++
		for _, e := range b.orders.Events[:b.orders.N] {
			t.Logf("at %v: %v, %v", b.at, e.Kind, e.Cause.Word())
		}
		if broken := j.see(&now, &b.orders); broken != "" {
			t.Fatalf("at %v, phase %v, cause %v, %d V for %v in this scene: %s",
				b.at, b.state.Phase, b.state.Cause.Word(), now.Sense.MV/1000, b.at-began, broken)
		}
	}
}

// TestLiveness is I10: whatever happened, with good mains, working contacts and
// a technician the contactor closes and what is wanted starts.
func TestLiveness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := village()
		s.MaxTrips = 5
		b := newPlayer(t, s)
		for range rapid.IntRange(1, 8).Draw(t, "scenes") {
			scene(t, b, []int{5, 15, 60, 150, 300, 900, 2000, 4000, 4000})
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
