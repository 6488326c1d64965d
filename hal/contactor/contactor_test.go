package contactor

import (
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"pgregory.net/rapid"

	"stationbox/hal"
)

// line is a pin that can fail and that remembers what was done to it.
type line struct {
	gpio.PinIO
	L      gpio.Level
	levels []gpio.Level
	posted int
	pull   gpio.Pull
	err    error
}

func (l *line) Out(v gpio.Level) error {
	if l.err != nil {
		return l.err
	}
	l.levels = append(l.levels, v)
	l.L = v
	return nil
}

func (l *line) Post(v gpio.Level) error {
	l.posted++
	return l.Out(v)
}

func (l *line) In(pull gpio.Pull, _ gpio.Edge) error {
	l.pull = pull
	return l.err
}

func (l *line) Read() gpio.Level { return l.L }

func (l *line) Level() (gpio.Level, error) { return l.L, l.err }

// edges counts the changes of the line, from low at the start.
func (l *line) edges() int {
	n, was := 0, gpio.Low
	for _, v := range l.levels {
		if v != was {
			n++
		}
		was = v
	}
	return n
}

// bench is a contactor on lines, with its own clock.
type bench struct {
	*Contactor
	drive, no, nc *line
	now           time.Time
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{drive: &line{}, no: &line{}, nc: &line{}, now: time.Unix(1000, 0)}
	b.set(false)
	c, err := New(b.drive, b.no, b.nc, Opts{Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	b.Contactor = c
	return b
}

// set moves the contacts: closed is low.
func (b *bench) set(closed bool) { b.no.L, b.nc.L = gpio.Level(!closed), gpio.Level(closed) }

func TestNewIsOpen(t *testing.T) {
	b := newBench(t)
	if !slices.Equal(b.drive.levels, []gpio.Level{gpio.Low}) {
		t.Fatalf("drive went %v, want low only", b.drive.levels)
	}
	if b.no.pull != gpio.PullUp || b.nc.pull != gpio.PullUp {
		t.Fatal("contacts without pull-up")
	}
}

func TestNewErrors(t *testing.T) {
	bad := errors.New("no such line")
	cases := map[string]struct {
		drive, no, nc gpio.PinIO
		want          error
	}{
		"no drive":    {nil, &line{}, nil, hal.ErrGone},
		"no contact":  {&line{}, nil, nil, hal.ErrGone},
		"drive fails": {&line{err: bad}, &line{}, nil, bad},
		"NO fails":    {&line{}, &line{err: bad}, &line{}, bad},
		"NC fails":    {&line{}, &line{}, &line{err: bad}, bad},
	}
	for name, c := range cases {
		got, err := New(c.drive, c.no, c.nc, Opts{})
		if got != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
		if d, ok := c.drive.(*line); ok && err != nil && len(d.levels) > 0 {
			t.Errorf("%s: drive driven %v all the same", name, d.levels)
		}
	}
}

func TestPulseIsOneChange(t *testing.T) {
	b := newBench(t)
	for n := 1; n <= 5; n++ {
		if err := b.Pulse(); err != nil {
			t.Fatal(err)
		}
		if b.drive.edges() != n {
			t.Fatalf("%d changes after %d pulses", b.drive.edges(), n)
		}
		b.now = b.now.Add(Gap - time.Nanosecond)
		if err := b.Pulse(); err != nil || b.drive.edges() != n {
			t.Fatalf("a pulse too soon: %v, %d changes", err, b.drive.edges())
		}
		b.now = b.now.Add(time.Nanosecond)
	}
	if b.drive.posted != 5 {
		t.Fatalf("%d pulses waited for a confirmation", 5-b.drive.posted)
	}
}

// TestPlainPins: pins that only know periph's interfaces do as well.
func TestPlainPins(t *testing.T) {
	drive, contact := &line{}, &line{}
	c, err := New(struct{ gpio.PinOut }{drive}, struct{ gpio.PinIn }{contact}, nil, Opts{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Pulse(); err != nil || drive.L != gpio.High || drive.posted != 0 {
		t.Fatalf("pulse: %v, drive %v", err, drive.L)
	}
	if closed, known, err := c.Aux(); !closed || !known || err != nil {
		t.Fatalf("aux: %v, %v, %v", closed, known, err)
	}
}

func TestFailedPulseIsTriedAgain(t *testing.T) {
	b := newBench(t)
	b.drive.err = hal.ErrSilent
	if err := b.Pulse(); !errors.Is(err, hal.ErrSilent) {
		t.Fatalf("pulse: %v", err)
	}
	b.drive.err = nil
	if err := b.Pulse(); err != nil || b.drive.L != gpio.High {
		t.Fatalf("pulse after the failure: %v, drive %v", err, b.drive.L)
	}
}

func TestReleaseRests(t *testing.T) {
	b := newBench(t)
	_ = b.Pulse()
	b.now = b.now.Add(Fresh - time.Millisecond)
	if err := b.Release(); err != nil || b.drive.L != gpio.Low {
		t.Fatalf("release: %v, drive %v", err, b.drive.L)
	}
	before := b.drive.edges()
	_ = b.Release()
	_ = b.Release()
	if b.drive.edges() != before {
		t.Fatal("releasing again is a pulse")
	}
}

// TestLateReleaseDoesNotHoldOn: a guard that went blind releases when the last
// pulse is old; a change then would hold the contactor for another 300 ms.
func TestLateReleaseDoesNotHoldOn(t *testing.T) {
	b := newBench(t)
	_ = b.Pulse()
	b.now = b.now.Add(100 * time.Millisecond)
	before := b.drive.edges()
	if err := b.Release(); err != nil || b.drive.edges() != before {
		t.Fatalf("release: %v, %d changes", err, b.drive.edges()-before)
	}
	if err := b.Pulse(); err != nil || b.drive.edges() != before+1 {
		t.Fatalf("next pulse: %v, %d changes", err, b.drive.edges()-before)
	}
}

func TestReleaseError(t *testing.T) {
	b := newBench(t)
	_ = b.Pulse()
	b.drive.err = hal.ErrGone
	if err := b.Release(); !errors.Is(err, hal.ErrGone) {
		t.Fatalf("release: %v", err)
	}
}

// TestOnlyPulsesPulse: whatever the order of calls, failures and pauses, the
// line changes at a Pulse, or at a Release within Fresh of one, and never else.
func TestOnlyPulsesPulse(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		lastPulse := time.Time{}
		for range rapid.IntRange(1, 60).Draw(rt, "calls") {
			b.now = b.now.Add(time.Duration(rapid.IntRange(0, 30).Draw(rt, "pause")) * time.Millisecond)
			b.drive.err = nil
			if rapid.Bool().Draw(rt, "fails") {
				b.drive.err = hal.ErrSilent
			}
			before := b.drive.edges()
			switch rapid.SampledFrom([]string{"pulse", "release", "aux"}).Draw(rt, "call") {
			case "pulse":
				soon := b.now.Sub(lastPulse) < Gap
				if err := b.Pulse(); (err == nil && !soon) != (b.drive.edges() == before+1) {
					rt.Fatalf("pulse %v made %d changes", err, b.drive.edges()-before)
				} else if err == nil && !soon {
					lastPulse = b.now
				}
			case "release":
				_ = b.Release()
				if b.drive.edges() != before && b.now.Sub(lastPulse) >= Fresh {
					rt.Fatalf("release %v after the last pulse is a pulse", b.now.Sub(lastPulse))
				}
			default:
				_, _, _ = b.Aux()
				if b.drive.edges() != before {
					rt.Fatal("aux is a pulse")
				}
			}
		}
	})
}

func TestAux(t *testing.T) {
	open, shut := gpio.High, gpio.Low
	cases := map[string]struct {
		no, nc        gpio.Level
		for_          time.Duration
		noErr, ncErr  error
		closed, known bool
		err           error
	}{
		"closed":            {no: shut, nc: open, closed: true, known: true},
		"open":              {no: open, nc: shut, known: true},
		"moving":            {no: open, nc: open, for_: Settle},
		"both open":         {no: open, nc: open, for_: Settle + time.Millisecond, err: ErrWiring},
		"both closed":       {no: shut, nc: shut, for_: time.Hour, err: ErrWiring},
		"NO cannot be read": {no: shut, nc: open, noErr: hal.ErrSilent, err: hal.ErrSilent},
		"NC cannot be read": {no: shut, nc: open, ncErr: hal.ErrGone, err: hal.ErrGone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.no.L, b.nc.L, b.no.err, b.nc.err = c.no, c.nc, c.noErr, c.ncErr
			_, _, _ = b.Aux()
			b.now = b.now.Add(c.for_)
			closed, known, err := b.Aux()
			if closed != c.closed || known != c.known || !errors.Is(err, c.err) {
				t.Fatalf("%v, %v, %v, want %v, %v, %v", closed, known, err, c.closed, c.known, c.err)
			}
		})
	}
}

func TestAuxForgivesEachMove(t *testing.T) {
	b := newBench(t)
	for range 10 {
		b.no.L, b.nc.L = gpio.High, gpio.High
		_, _, err1 := b.Aux()
		b.now = b.now.Add(Settle - time.Millisecond)
		_, known, err2 := b.Aux()
		if known || err1 != nil || err2 != nil {
			t.Fatalf("moving: %v, %v, %v", known, err1, err2)
		}
		b.set(true)
		if closed, known, err := b.Aux(); !closed || !known || err != nil {
			t.Fatalf("arrived: %v, %v, %v", closed, known, err)
		}
	}
}

func TestAuxWithoutMirror(t *testing.T) {
	no := &line{}
	c, err := New(&line{}, no, nil, Opts{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		no.L = gpio.Level(!want)
		if closed, known, err := c.Aux(); closed != want || !known || err != nil {
			t.Errorf("aux: %v, %v, %v, want %v", closed, known, err, want)
		}
	}
	no.err = hal.ErrGone
	if _, known, err := c.Aux(); known || !errors.Is(err, hal.ErrGone) {
		t.Errorf("aux of a lost line: %v, %v", known, err)
	}
}

func TestNilContactor(t *testing.T) {
	var c *Contactor
	_, known, err := c.Aux()
	for name, e := range map[string]error{"pulse": c.Pulse(), "release": c.Release(), "aux": err} {
		if !errors.Is(e, hal.ErrGone) || known {
			t.Errorf("%s of nil: %v", name, e)
		}
	}
}

func TestPulseAllocatesNothing(t *testing.T) {
	b := newBench(t)
	b.drive.levels = make([]gpio.Level, 0, 10000)
	if n := testing.AllocsPerRun(1000, func() { _ = b.Pulse(); _ = b.Release() }); n != 0 {
		t.Fatalf("allocates %v times", n)
	}
}
