package power

import (
	"math"
	"slices"
	"testing"
	"time"
)

// mains is a wave of 50 Hz whose rms is volts(t); sample n of it is at(n).
type mains func(t float64) float64

func (m mains) at(n int) int16 {
	t := float64(n) / float64(sampleRate)
	v := m(t) * math.Sqrt2 * math.Sin(2*math.Pi*50*t) * 32768 / 800
	return int16(max(-32768, min(32767, math.Round(v))))
}

func (m mains) frame(n int) *Frame {
	f := &Frame{Value: SlowInvalid}
	for i := range f.Samples {
		f.Samples[i] = m.at(n*FrameSamples + i)
	}
	return f
}

// inside is 220 V, and volts from…to.
func inside(from, to, volts float64) mains {
	return func(t float64) float64 {
		if t >= from && t < to {
			return volts
		}
		return 220
	}
}

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func replayed(t *testing.T, m mains, seconds float64) ([]Told, []*Record) {
	t.Helper()
	e, err := NewEvidence(Settings{}, 800, false, epoch)
	if err != nil {
		t.Fatal(err)
	}
	for n := range int(seconds / FrameTime.Seconds()) {
		e.Frame(m.frame(n))
	}
	return e.Finish()
}

func kindsOf(r *Record) (kinds []string) {
	for _, a := range r.Acts {
		kinds = append(kinds, a.Kind)
	}
	return kinds
}

func actOf(t *testing.T, r *Record, kind string) Act {
	t.Helper()
	for _, a := range r.Acts {
		if a.Kind == kind {
			return a
		}
	}
	t.Fatalf("no %s in %v", kind, kindsOf(r))
	return Act{}
}

// TestBoxedTrip: swell, trip, opening and the contact that follows are one file,
// and its wave is the one that was played, sample by sample.
func TestBoxedTrip(t *testing.T) {
	m := inside(1.2, 99, 402)
	_, records := replayed(t, m, 8)
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	r := records[0]
	if got := kindsOf(r); !slices.Equal(got, []string{"trip", "open", "swell", "contact_open"}) && !slices.Equal(got, []string{"swell", "trip", "open", "contact_open"}) {
		t.Errorf("acts %v", got)
	}
	middle := int(r.Wall.Sub(epoch) / SampleTime)
	if math.Abs(float64(middle)-1.2*8000) > 160 {
		t.Errorf("middle at sample %d", middle)
	}
	for i, v := range r.Wave.Samples {
		if want := m.at(middle - aroundSamples + i); v != want {
			t.Fatalf("sample %d is %d; want %d", i, v, want)
		}
	}
	if a := actOf(t, r, "swell"); !a.Ongoing || math.Abs(float64(middle)*125+float64(a.AtUS)-1.2e6) > 5000 {
		t.Errorf("swell %+v, middle at sample %d", a, middle)
	}
	trip, open, contact := actOf(t, r, "trip"), actOf(t, r, "open"), actOf(t, r, "contact_open")
	if trip.Cause != "over_voltage_instant" || math.Abs(float64(trip.MV)-402_000) > 4000 || trip.AtUS != open.AtUS || trip.Seq == 0 {
		t.Errorf("trip %+v, open %+v", trip, open)
	}
	if d := contact.AtUS - open.AtUS; d < 190_000 || d > 210_000 {
		t.Errorf("contact %d µs after the order", d)
	}
	if !r.Whole || r.Next.Phase != "trip" || r.Next.Contactor || r.Next.WaitMS != 60_000 || r.Next.Trips != 1 || r.Next.MaxTrips != 5 {
		t.Errorf("whole %v, next %+v", r.Whole, r.Next)
	}
	volts := func(c *Curve, after float64) (float64, float64) {
		i := (int64(1000*after) - c.FromMS) / c.StepMS
		return float64(c.Lo[i]) / 10, float64(c.Hi[i]) / 10
	}
	for _, c := range []*Curve{&r.Fine, &r.Coarse} {
		lo, hi := volts(c, -0.5)
		if lo < 219 || hi > 221 {
			t.Errorf("before: %v…%v V", lo, hi)
		}
		if lo, hi := volts(c, 4.5); lo < 400 || hi > 404 {
			t.Errorf("after: %v…%v V", lo, hi)
		}
		if lo, _ := volts(c, -1.9); c.StepMS == 20 && lo != -0.1 {
			t.Errorf("%v V before the first sample", lo)
		}
	}
}

func TestBoxedDisturbances(t *testing.T) {
	tests := []struct {
		name    string
		m       mains
		seconds float64
		want    [][]string
		check   func(t *testing.T, r []*Record)
	}{
		{"quiet", inside(0, 0, 0), 8, nil, nil},
		{"short dip", inside(2, 2.1, 150), 9, [][]string{{"dip"}}, func(t *testing.T, r []*Record) {
			if a := r[0].Acts[0]; a.Ongoing || a.Seq == 0 || math.Abs(float64(a.LastedUS)-100_000) > 10_000 || math.Abs(float64(a.MV)-150_000) > 1000 || r[0].Next != (Next{}) {
				t.Errorf("%+v %+v", a, r[0].Next)
			}
		}},
		{"an interruption is no dip too", inside(2, 2.08, 5), 9, [][]string{{"interruption"}}, nil},
		{"a dip longer than a file is in two", inside(2, 10, 185), 16, [][]string{{"dip"}, {"dip"}}, func(t *testing.T, r []*Record) {
			begin, end := r[0].Acts[0], r[1].Acts[0]
			if !begin.Ongoing || end.Ongoing || end.LastedUS < 7_990_000 || end.AtUS > -7_990_000 || end.Seq == 0 {
				t.Errorf("%+v, %+v", begin, end)
			}
		}},
		{"150 ms apart share a file", func(t float64) float64 {
			return min(inside(2, 2.06, 170)(t), inside(2.15, 2.2, 160)(t))
		}, 9, [][]string{{"dip", "dip"}}, nil},
		{"a second apart do not", func(t float64) float64 {
			return min(inside(2, 2.06, 170)(t), inside(3, 3.06, 160)(t))
		}, 10, [][]string{{"dip"}, {"dip"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, records := replayed(t, tt.m, tt.seconds)
			var got [][]string
			for _, r := range records {
				got = append(got, kindsOf(r))
			}
			if !slices.EqualFunc(got, tt.want, slices.Equal) {
				t.Fatalf("%v; want %v", got, tt.want)
			}
			if tt.check != nil {
				tt.check(t, records)
			}
		})
	}
}

// bench is a black box with all that stands around it in the loop.
type bench struct {
	*blackBox
	det     *Detector
	sampler *Sampler
	q       *Quality
	state   State
	in      Input
	now     time.Time
	n       int
	seq     uint64
}

func newBench(t *testing.T, dir string) *bench {
	t.Helper()
	plan, err := NewPlan(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{det: NewDetector(800, plan.Instant()), state: plan.Warm(), now: epoch}
	b.sampler, b.q = NewSampler(b.det), NewQuality(b.det)
	b.blackBox = newBlackBox(dir, "boot", 800, Settings{}, plan, b.q, quietLog)
	return b
}

// play takes a frame after lost others; nil is 10 ms of silence.
func (b *bench) play(f *Frame, lost int) {
	if f == nil {
		b.in.Elapsed = frameWait
		b.in.Sense = b.sampler.Silence(frameWait)
	} else {
		b.in.Elapsed = FrameTime * time.Duration(1+lost)
		f.Lost = lost
		b.in.Sense = b.sampler.Take(f, b.in.Elapsed)
		b.q.Take(f)
		b.n += 1 + lost
	}
	b.now = b.now.Add(b.in.Elapsed)
	b.take(f, &b.in, b.now)
}

func (b *bench) frames(m mains, n int) {
	for range n {
		b.play(m.frame(b.n), 0)
	}
}

func (b *bench) event(k Kind, c Cause) {
	b.seq++
	b.note(Event{Kind: k, Cause: c, Load: -1}, b.seq, &b.state)
}

// handed returns what the keeper has been given, as it would write it.
func (b *bench) handed() (records []*Record) {
	for i := range b.slot {
		if c := &b.slot[i]; c.yours.Load() {
			records = append(records, b.record(c))
			c.yours.Store(false)
		}
	}
	return records
}

// TestBoxIsBounded: a chattering mains, and a card that takes nothing any more,
// leave room for what the guard does.
func TestBoxIsBounded(t *testing.T) {
	b := newBench(t, "x")
	chatter := mains(func(t float64) float64 { return 220 - 60*float64(int(t*2.5)%2) })
	b.frames(chatter, 4000)
	busy := 0
	for i := range b.slot {
		if b.slot[i].yours.Load() || b.pend[i].on {
			busy++
		}
	}
	if busy != slots-reserved || b.dropped.Load() == 0 {
		t.Errorf("%d of %d places taken by dips, %d dropped", busy, slots, b.dropped.Load())
	}
	b.event(EventTrip, CauseUnder)
	b.frames(chatter, 100)
	found := false
	for _, r := range b.handed() {
		found = found || slices.ContainsFunc(r.Acts, func(a Act) bool { return a.Kind == "trip" && a.AtUS == 0 })
	}
	if !found {
		t.Error("no file of the trip")
	}
}

// TestBoxRationsChatter: a card that takes everything gets few files of it.
func TestBoxRationsChatter(t *testing.T) {
	b := newBench(t, "x")
	chatter := mains(func(t float64) float64 { return 220 - 60*float64(int(t*2.5)%2) })
	files := 0
	for range 120 * 4 {
		b.frames(chatter, 100)
		for _, r := range b.handed() {
			if r.Whole {
				files++
			}
		}
	}
	if files < boxedAtOnce || files > boxedAtOnce+3 {
		t.Errorf("%d files in two minutes", files)
	}
}

func TestBoxOfAStop(t *testing.T) {
	b, m := newBench(t, "x"), inside(0, 0, 0)
	b.frames(m, 400)
	b.event(EventOpen, CauseStopping)
	b.finish()
	if r := b.handed(); len(r) != 0 {
		t.Errorf("the end of the program made %v", kindsOf(r[0]))
	}
	b.event(EventTrip, CauseOver)
	b.frames(m, 4)
	b.event(EventOpen, CauseStopping)
	b.finish()
	if r := b.handed(); len(r) != 1 || !r[0].Whole || len(r[0].Acts) != 2 || r[0].Wave.Gaps[0][1] != 2*aroundSamples {
		t.Errorf("%d records at the end", len(r))
	}
}

func TestBoxAllocatesNothing(t *testing.T) {
	b, m := newBench(t, "x"), mains(func(t float64) float64 { return 220 - 60*float64(int(t*2.5)%2) })
	var wave [6400]*Frame // 16 s
	for i := range wave {
		wave[i] = m.frame(i)
	}
	n, handed := 0, 0
	if a := testing.AllocsPerRun(20_000, func() {
		b.play(wave[n%len(wave)], n%997/990)
		if n%1300 == 1299 {
			b.play(nil, 0)
			b.event(EventTrip, CauseUnder)
		}
		for i := range b.slot {
			if b.slot[i].yours.Load() {
				b.slot[i].yours.Store(false)
				handed++
			}
		}
		n++
	}); a != 0 {
		t.Errorf("%v allocations a frame", a)
	}
	if handed < 10 {
		t.Errorf("only %d captures: nothing was measured", handed)
	}
}

func TestNoBoxKeepsNothing(t *testing.T) {
	b := newBench(t, "")
	b.frames(inside(0.5, 0.6, 400), 400)
	b.event(EventTrip, CauseInstant)
	b.finish()
	if b.blackBox != nil {
		t.Error("a black box without a folder")
	}
}

func BenchmarkBoxFrame(b *testing.B) {
	plan, err := NewPlan(Settings{})
	if err != nil {
		b.Fatal(err)
	}
	box := newBlackBox("x", "boot", 800, Settings{}, plan, NewQuality(NewDetector(800, 0)), quietLog)
	f := inside(0, 0, 0).frame(0)
	in := Input{Elapsed: FrameTime, Sense: Sense{Known: true, MV: 220_000}}
	for b.Loop() {
		box.take(f, &in, epoch)
	}
}
