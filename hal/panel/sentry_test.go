package panel

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"pgregory.net/rapid"
)

// stampedRow is a row whose edges carry their times.
type stampedRow struct {
	row
	edges chan edge
}

type edge struct {
	l  gpio.Level
	at time.Duration
}

func (r stampedRow) NextEdge(timeout time.Duration) (gpio.Level, time.Duration, bool) {
	select {
	case e := <-r.edges:
		return e.l, e.at, true
	case <-time.After(timeout):
		return gpio.Low, 0, false
	}
}

// laggard is a panel with stamped rows that can be kept from its pins.
type laggard struct {
	*matrix
	panel *Matrix
}

// stamp is the clock of the edges in a bubble.
func stamp() time.Duration { return time.Since(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)) }

// lagging runs a panel on stamped rows in a bubble.
func lagging(fail func(string, ...any), script func(l laggard)) {
	m := &matrix{}
	m.open()
	rows, cols := m.pins()
	for i := range rows {
		r := stampedRow{row{m: m, n: i}, make(chan edge, 4096)}
		m.edges[i] = r.edges
		rows[i] = r
	}
	p, err := NewMatrix(rows, cols, Opts{Edges: stamp})
	if err != nil {
		fail("%v", err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	// Off the beat of the panel's own looks: in a bubble a touch would fall between two
	// rows of one far too often.
	time.Sleep(203 * time.Millisecond)
	script(laggard{m, p})
	time.Sleep(time.Second)
	cancel()
	if err := <-ended; err != nil {
		fail("%v", err)
	}
}

// tap presses a key for some time.
func (l laggard) tap(cell int, hold time.Duration) {
	l.press(cell)
	time.Sleep(hold)
	l.let(cell)
	time.Sleep(100 * time.Millisecond)
}

// TestMissedPressesAreTold: a press for which the panel had no turn is never passed
// over in silence, and what was no press is not told.
func TestMissedPressesAreTold(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		do   func(l laggard)
		want string
	}{
		"nothing": {func(l laggard) { l.tap(0, 80*ms) }, "1/1"},
		"came and went at rest": {func(l laggard) {
			l.tap(0, 80*ms)
			l.stall(200*ms, 0)
			l.tap(1, 80*ms)
			time.Sleep(100 * ms)
			l.tap(2, 80*ms)
		}, "1/1!3/3"},
		"still down when it has a turn": {func(l laggard) {
			l.stall(100*ms, 0)
			l.tap(1, 110*ms)
		}, "2/2"},
		"a touch without a turn": {func(l laggard) {
			l.stall(100*ms, 0)
			l.tap(1, 5*ms)
		}, ""},
		"bounces without a turn": {func(l laggard) {
			l.stall(100*ms, 0)
			for range 5 {
				l.press(1)
				time.Sleep(3 * ms)
				l.let(1)
				time.Sleep(ms)
			}
		}, ""},
		"seen for a moment": {func(l laggard) {
			l.press(1)
			time.Sleep(7 * ms)
			l.stall(40*ms, 0)
			time.Sleep(25 * ms)
			l.let(1)
		}, "!"},
		"up again when it is looked for": {func(l laggard) {
			l.stall(100*ms, 4)
			l.tap(1, 80*ms)
		}, "!"},
		"another while one is down": {func(l laggard) {
			l.press(0)
			time.Sleep(50 * ms)
			l.stall(150*ms, 0)
			l.tap(2, 70*ms)
			l.let(0)
		}, "1!/1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lagging(t.Fatalf, func(l laggard) {
					tt.do(l)
					time.Sleep(300 * ms)
					if got := heard(l.panel); got != tt.want {
						t.Errorf("heard %q, want %q", got, tt.want)
					}
				})
			})
		})
	}
}

// TestPressIsDatedByItsEdge: with no turn for 60 ms the key has the time at which it
// was pressed all the same.
func TestPressIsDatedByItsEdge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lagging(t.Fatalf, func(l laggard) {
			l.stall(60*time.Millisecond, 0)
			pressed := time.Now()
			l.tap(1, 90*time.Millisecond)
			if k := <-l.panel.Keys(); k.Rune != '2' || k.At.Sub(pressed).Abs() > time.Millisecond {
				t.Errorf("%c at %v after the press", k.Rune, k.At.Sub(pressed))
			}
		})
	})
}

// TestNothingIsLostInSilence: however often and long the panel has no turn, between
// two keys that it tells without a mark no press was lost.
func TestNothingIsLostInSilence(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		holds := rapid.SliceOfN(rapid.IntRange(60, 200), 20, 20).Draw(r, "hold")
		pauses := rapid.SliceOfN(rapid.IntRange(80, 400), 20, 20).Draw(r, "pause")
		stalls := rapid.SliceOfN(rapid.IntRange(0, 300), 20, 20).Draw(r, "stall")
		said := ""
		synctest.Test(t, func(*testing.T) {
			lagging(r.Errorf, func(l laggard) {
				for i := range holds {
					if d := stalls[i]; d > 100 {
						l.stall(time.Duration(d-100)*time.Millisecond, 0)
					}
					l.press(i % 16)
					time.Sleep(time.Duration(holds[i]) * time.Millisecond)
					l.let(i % 16)
					time.Sleep(time.Duration(pauses[i]) * time.Millisecond)
				}
				time.Sleep(300 * time.Millisecond)
				said = heard(l.panel)
			})
		})
		for _, run := range strings.Split(said, "!") {
			last := -1
			for i, k := range []rune(run) {
				if k == '/' || i > 0 && run[i-1] == '/' {
					continue
				}
				n := strings.IndexRune(DefaultLayout, k)
				if last >= 0 && n != (last+1)%16 {
					r.Fatalf("%s: %c follows %c", said, k, DefaultLayout[last])
				}
				last = n
			}
		}
	})
}

// A row that is low again after a bounce, whose newest edge is still on the way, has
// been so only since it told that it was high.
func TestWakeWithinABounce(t *testing.T) {
	s := sentry{least: 15 * time.Millisecond}
	s.sleep(1000 * time.Millisecond)
	s.edge(2, gpio.Low, 1040*time.Millisecond)
	if s.edge(2, gpio.High, 1041*time.Millisecond) {
		t.Error("a bounce is a press that was missed")
	}
	rows := s.wake(1043*time.Millisecond, 1<<2)
	if f := rows[2]; !f.low || f.known || f.at != 1041*time.Millisecond {
		t.Errorf("%+v", f)
	}
	if rows[0].low {
		t.Error("a row that is high woke it")
	}
}
