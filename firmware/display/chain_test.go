package display_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/display"
	"stationbox/hal"
	"stationbox/hal/displaytest"
)

// told keeps the events of a keeper.
type told struct {
	mu   sync.Mutex
	list []string
}

func (e *told) hear(ev display.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, strings.TrimSpace(fmt.Sprintf("%s %s %s", ev.Kind, ev.Way, ev.By)))
}

func (e *told) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.list, "; ")
}

func TestChainKeepsTheContract(t *testing.T) {
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		s := &set{}
		chain := display.NewChain([]display.Way{{Name: "serial", Dev: s.serial(t)}}, display.ChainOpts{})
		return displaytest.Bench{Display: chain, Far: s, States: []hal.DisplayState{hal.DisplayStandby, hal.DisplayOn}, Input: "hdmi2", Wire: "91"}
	})
}

// evening switches a TV on and off by a chain.
func TestWays(t *testing.T) {
	measured := func(s *set) display.Current { return display.Current{MA: s.ma, On: 300, Standby: 100} }
	unknown := func(*set) display.Current { return display.Current{} }
	tests := []struct {
		name    string
		set     *set
		current func(*set) display.Current
		ways    string // of "cec", "serial", "ir"
		sent    string
		told    string // events until it is on and off again
		end     hal.DisplayState
	}{
		{"the first way works", &set{}, unknown, "cec serial", "cec true, cec false", "proved cec reply; proved cec reply", hal.DisplayStandby},
		{"CEC is ignored, RS-232 takes over", &set{deafCEC: true}, unknown, "cec serial",
			"cec 04 ignored, cec 82 ignored, serial true, serial false", "failed cec; proved serial reply; proved serial reply", hal.DisplayStandby},
		{"CEC says standby for ever", &set{deafCEC: true, frozen: 1}, unknown, "cec serial",
			"cec 04 ignored, cec 82 ignored, serial true, serial false", "failed cec; proved serial reply; proved serial reply", hal.DisplayStandby},
		{"CEC says going on for ever", &set{deafCEC: true, frozen: 2}, unknown, "cec serial",
			"cec 04 ignored, cec 82 ignored, serial true, serial false", "failed cec; proved serial reply; proved serial reply", hal.DisplayStandby},
		{"CEC is switched off, RS-232 takes over at once", &set{deadCEC: true}, unknown, "cec serial",
			"serial true, serial false", "failed cec; proved serial reply; proved serial reply", hal.DisplayStandby},
		{"mute in standby: told blindly, proved by its answer", &set{mute: true}, unknown, "serial",
			"serial true, serial false", "proved serial reply", hal.DisplayUnknown},
		{"mute in standby, proved by its current", &set{mute: true}, measured, "serial",
			"serial true, serial false", "proved serial reply; proved serial watts", hal.DisplayStandby},
		{"infrared is blind: the current proves it", &set{deafCEC: true, deaf: true}, measured, "cec serial ir",
			"cec 04 ignored, cec 82 ignored, serial 01 ignored, ir true, ir false", "failed cec; failed serial; proved ir reply; proved ir reply", hal.DisplayStandby},
		{"infrared alone", &set{}, measured, "ir", "ir true, ir false", "proved ir watts; proved ir watts", hal.DisplayStandby},
		{"infrared that nothing proves presses no toggle", &set{}, unknown, "ir", "", "failed ir", hal.DisplayUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, ev := tt.set, &told{}
				cur := tt.current(s)
				var ways []display.Way
				for _, name := range strings.Fields(tt.ways) {
					w := display.Way{Name: name}
					switch name {
					case "cec":
						w.Dev, w.Acks = s.cec(), true
					case "serial":
						w.Dev = s.serial(t)
					case "ir":
						w.Mute, w.Dev = true, s.remote(t, cur.State)
					}
					ways = append(ways, w)
				}
				k := run(t, display.NewChain(ways, display.ChainOpts{Current: cur}), display.Opts{BlindOn: true, BlindOff: true, Told: func(e display.Event) {
					if e.Kind != display.EventLearned {
						ev.hear(e)
					}
				}})
				k.Powered(true)
				k.Want(true)
				time.Sleep(2 * time.Minute)
				if want := tt.sent != ""; s.isOn() != want {
					t.Errorf("after two minutes the set is on: %v", !want)
				}
				k.Want(false)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if got := k.Status(); got.State != tt.end || s.isOn() {
					t.Errorf("it ends as %v (%v), on %v; want %v", got.State, got.Err, s.isOn(), tt.end)
				}
				if got := s.commands(); got != tt.sent {
					t.Errorf("sent\n%q, want\n%q", got, tt.sent)
				}
				if got := strings.ReplaceAll(ev.String(), "failed ir; ", ""); got != tt.told {
					t.Errorf("told\n%q, want\n%q", got, tt.told)
				}
			})
		})
	}
}

// The way that worked is the first to be tried next time, also after a restart.
func TestTheWayThatWorkedIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "displays.json")
		const all = "cec 04 ignored, cec 82 ignored, serial true"
		for i, want := range []string{all, "serial true", "serial true", all} {
			time.Sleep([]time.Duration{0, 5 * time.Hour, 5 * time.Hour, 7 * time.Hour}[i])
			s := &set{deafCEC: true}
			mem := display.OpenMemory(path, slog.New(slog.DiscardHandler))
			ways := []display.Way{{Name: "cec", Dev: s.cec(), Acks: true}, {Name: "serial", Dev: s.serial(t)}}
			k := run(t, display.NewChain(ways, display.ChainOpts{}), display.Opts{BlindOn: true, Memory: mem})
			k.Powered(true)
			k.Want(true)
			time.Sleep(time.Minute)
			if got := s.commands(); got != want {
				t.Errorf("start %d: sent %q, want %q", i+1, got, want)
			}
		}
	})
}

// plug is the socket of the set.
type plug struct{ cuts atomic.Int64 }

func (p *plug) State(context.Context) (hal.DisplayState, error) {
	return hal.DisplayUnknown, hal.ErrSilent
}
func (p *plug) PowerOn(context.Context) error       { p.cuts.Add(1); return nil }
func (p *plug) PowerOff(context.Context) error      { return hal.ErrRefused }
func (p *plug) Input(context.Context, string) error { return hal.ErrRefused }

func TestTheSocketIsTheLastResort(t *testing.T) {
	for _, tt := range []struct {
		name string
		lamp bool
		set  *set
		want int
	}{
		{"a TV that nothing wakes", false, &set{deafCEC: true, deaf: true}, 2}, // in forty minutes
		{"a TV that wakes", false, &set{deafCEC: true}, 0},
		{"a lamp never", true, &set{deafCEC: true, deaf: true}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := tt.set, &plug{}
				ways := []display.Way{{Name: "socket", Dev: p, Socket: true}, {Name: "cec", Dev: s.cec(), Acks: true}, {Name: "serial", Dev: s.serial(t)}}
				k := run(t, display.NewChain(ways, display.ChainOpts{Lamp: tt.lamp}), display.Opts{BlindOn: !tt.lamp})
				k.Powered(true)
				k.Want(true)
				time.Sleep(40 * time.Minute)
				synctest.Wait()
				if int(p.cuts.Load()) != tt.want {
					t.Errorf("mains was taken %d times, want %d", p.cuts.Load(), tt.want)
				}
				if st := k.Status(); st.State != hal.DisplayOn && !st.Stubborn {
					t.Errorf("nobody is told: %+v", st)
				}
				if n := strings.Count(s.commands(), "ignored"); n > 60 {
					t.Errorf("%d fruitless commands in forty minutes", n)
				}
			})
		})
	}
}

// A projector that refuses for five minutes, hangs up, or answers in the wrong case
// is no reason to give up, nor to hammer.
func TestDifficultProjectors(t *testing.T) {
	tests := []struct {
		name  string
		far   *beamer
		after func(*beamer) // two minutes later
		sent  string
		in    time.Duration // on by then
	}{
		{"refuses for five minutes", &beamer{}, nil, "on", 6*time.Minute + 30*time.Second},
		{"closes the connection", &beamer{closes: true}, func(b *beamer) { b.closes = false }, "on", 4 * time.Minute},
		{"answers in the wrong case", &beamer{lower: true}, nil, "on", time.Minute},
		{"is still cooling", &beamer{state: hal.DisplayCooling}, func(b *beamer) { b.state = hal.DisplayStandby }, "on", 4 * time.Minute},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tt.far
				if b.warm = 40 * time.Second; b.state == hal.DisplayUnknown {
					b.state = hal.DisplayStandby
				}
				if i == 0 {
					b.refuses = time.Now().Add(5 * time.Minute)
				}
				k := run(t, display.NewChain([]display.Way{{Name: "pjlink", Dev: b.driver()}}, display.ChainOpts{Lamp: true, Resend: 10 * time.Second}), display.Opts{Input: "31"})
				k.Powered(true)
				k.Want(true)
				time.Sleep(2 * time.Minute)
				if tt.after != nil {
					b.set(tt.after)
				}
				time.Sleep(tt.in - 2*time.Minute)
				if got := k.Status(); got.State != hal.DisplayOn || got.By != display.ByReply || got.Stubborn {
					t.Errorf("after %v: %+v", tt.in, got)
				}
				if b.commands() != tt.sent || b.hot > 0 {
					t.Errorf("sent %q, %d hot strikes; want %q", b.commands(), b.hot, tt.sent)
				}
			})
		})
	}
}

// A projector that accepts nothing but answers its state is told ever more seldom.
func TestRefusedCommandsBecomeSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lamp{state: hal.DisplayStandby}
		busy := refusing{l, new(atomic.Int64)}
		k := run(t, display.NewChain([]display.Way{{Name: "x", Dev: busy}}, display.ChainOpts{Lamp: true}), display.Opts{})
		k.Powered(true)
		k.Want(true)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if n := busy.n.Load(); n < 10 || n > 25 {
			t.Errorf("told %d times in five minutes", n)
		}
	})
}

type refusing struct {
	*lamp
	n *atomic.Int64
}

func (r refusing) PowerOn(context.Context) error { r.n.Add(1); return hal.ErrRefused }

// A lamp is never struck while it may be hot, whatever the answers, the current and
// the wishes.
func TestALampIsNeverStruckHot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &beamer{state: hal.DisplayStandby, warm: 30 * time.Second}
		second := &beamer{state: hal.DisplayStandby, warm: time.Second} // a second way that knows nothing and answers standby
		second.set(func(s *beamer) { s.closes = true })
		ways := []display.Way{{Name: "lan", Dev: b.driver()}, {Name: "serial", Dev: second.driver()}}
		k := run(t, display.NewChain(ways, display.ChainOpts{Lamp: true, Resend: 10 * time.Second}), display.Opts{})
		k.Powered(true)
		for i := range 12 {
			k.Want(i%2 == 0)
			time.Sleep(time.Duration(20+7*i) * time.Second)
			if i == 5 {
				b.set(func(b *beamer) { b.refuses = time.Now().Add(30 * time.Second) })
			}
		}
		if b.hot > 0 || b.commands() == "" {
			t.Errorf("%d hot strikes; sent %q", b.hot, b.commands())
		}
	})
}

func TestWhatTheCurrentSays(t *testing.T) {
	ma := func(v int64) display.Current {
		return display.Current{MA: func() (int64, bool) { return v, v >= 0 }, On: 1000, Standby: 100}
	}
	tests := []struct {
		name    string
		said    hal.DisplayState
		silent  bool
		lamp    bool
		ma      int64 // -1: not known
		want    hal.DisplayState
		by      string
		problem bool
	}{
		{"says on, draws", hal.DisplayOn, false, false, 1500, hal.DisplayOn, display.ByReply, false},
		{"a TV says on and draws nothing", hal.DisplayOn, false, false, 20, hal.DisplayStandby, display.ByWatts, false},
		{"a lamp says on and draws nothing", hal.DisplayOn, false, true, 20, hal.DisplayUnknown, "", true},
		{"a TV says standby and draws", hal.DisplayStandby, false, false, 1500, hal.DisplayOn, display.ByWatts, false},
		{"a lamp says standby and draws", hal.DisplayStandby, false, true, 1500, hal.DisplayCooling, display.ByWatts, false},
		{"silent, draws", 0, true, false, 1500, hal.DisplayOn, display.ByWatts, false},
		{"silent, draws nothing", 0, true, false, 20, hal.DisplayStandby, display.ByWatts, false},
		{"silent, in between", 0, true, false, 500, hal.DisplayUnknown, "", true},
		{"silent, not measured", 0, true, false, -1, hal.DisplayUnknown, "", true},
		{"says standby, not measured", hal.DisplayStandby, false, true, -1, hal.DisplayStandby, display.ByReply, false},
		{"says standby long after light, fan on", hal.DisplayStandby, false, true, 500, hal.DisplayStandby, display.ByReply, false},
		{"warming", hal.DisplayWarming, false, true, 1500, hal.DisplayWarming, display.ByReply, false},
		{"fault", hal.DisplayFault, false, true, 20, hal.DisplayFault, display.ByReply, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := run(t, display.NewChain([]display.Way{{Name: "x", Dev: &lamp{state: tt.said, silent: tt.silent}}},
					display.ChainOpts{Lamp: tt.lamp, Current: ma(tt.ma)}), display.Opts{})
				k.Powered(true)
				synctest.Wait()
				if got := k.Status(); got.State != tt.want || got.By != tt.by || (got.Err != nil) != tt.problem {
					t.Errorf("state %v by %q, %v; want %v by %q", got.State, got.By, got.Err, tt.want, tt.by)
				}
			})
		})
	}
}

// A lamp that has just gone out and draws for its fan is not cold, though it says
// standby: BenQ and Optoma know no cooling.
func TestAFanThatRunsIsCooling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var draws atomic.Int64
		draws.Store(1500)
		l := &lamp{state: hal.DisplayOn}
		k := run(t, display.NewChain([]display.Way{{Name: "x", Dev: l}}, display.ChainOpts{Lamp: true, CoolDown: 2 * time.Minute,
			Current: display.Current{MA: func() (int64, bool) { return draws.Load(), true }, On: 1000, Standby: 100}}), display.Opts{})
		k.Powered(true)
		time.Sleep(5 * time.Second)
		l.mu.Lock()
		l.state = hal.DisplayStandby
		l.mu.Unlock()
		draws.Store(300)
		k.Want(true)
		time.Sleep(90 * time.Second)
		if s := k.Status(); s.State != hal.DisplayCooling || l.commands() != "" {
			t.Errorf("state %v, sent %q", s.State, l.commands())
		}
		draws.Store(50)
		time.Sleep(10 * time.Second)
		if l.commands() != "on" {
			t.Errorf("cold, but sent %q", l.commands())
		}
	})
}

func TestUnaskedPowerOnIsUndoneAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ev := &set{}, &told{}
		k := run(t, display.NewChain([]display.Way{{Name: "serial", Dev: s.serial(t)}}, display.ChainOpts{}), display.Opts{BlindOn: true, Told: ev.hear})
		k.Powered(true)
		k.Want(false)
		time.Sleep(10 * time.Second)
		s.Become(hal.DisplayOn)
		time.Sleep(10 * time.Second)
		if s.isOn() {
			t.Error("it was not put out")
		}
		for i := range 30 { // somebody insists for half an hour
			s.Become(hal.DisplayOn)
			time.Sleep(time.Minute)
			if n := strings.Count(s.commands(), "serial false"); i == 2 && n != 1 {
				t.Errorf("put out %d times in three minutes", n)
			}
		}
		if n := strings.Count(s.commands(), "serial false"); n != 3 || !k.Status().Left || !s.isOn() {
			t.Errorf("put out %d times, left %v, on %v; want 3 times, then left on", n, k.Status().Left, s.isOn())
		}
		if !strings.HasPrefix(ev.String(), "unasked  reply; proved serial reply; unasked") || strings.Count(ev.String(), "left") != 1 {
			t.Errorf("told %q", ev)
		}
		k.Want(true) // a lesson
		time.Sleep(time.Minute)
		k.Want(false)
		time.Sleep(time.Minute)
		if s.isOn() || k.Status().Unasked {
			t.Error("after a lesson it is put out as ever")
		}
	})
}

// counted counts what a lamp is asked and told.
type counted struct {
	*lamp
	asked, on atomic.Int64
}

func (c *counted) State(ctx context.Context) (hal.DisplayState, error) {
	c.asked.Add(1)
	return c.lamp.State(ctx)
}

func (c *counted) PowerOn(ctx context.Context) error { c.on.Add(1); return c.lamp.PowerOn(ctx) }

// A lamp is told by a way that answers, not by one that is dead.
func TestALampIsToldWhereItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lamp{state: hal.DisplayStandby}
		dead, good := &counted{lamp: &lamp{silent: true}}, &counted{lamp: l}
		k := run(t, display.NewChain([]display.Way{{Name: "dead", Dev: dead}, {Name: "good", Dev: good}}, display.ChainOpts{Lamp: true}), display.Opts{})
		k.Powered(true)
		k.Want(true)
		time.Sleep(time.Minute)
		if dead.on.Load() != 0 || good.on.Load() != 1 || k.Status().State != hal.DisplayOn {
			t.Errorf("told %d times by the dead way, %d by the good one: %v", dead.on.Load(), good.on.Load(), k.Status().State)
		}
	})
}

func TestDeadWaysAreAskedEverMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &counted{lamp: &lamp{silent: true}}, &counted{lamp: &lamp{silent: true}}
		k := run(t, display.NewChain([]display.Way{{Name: "first", Dev: first}, {Name: "second", Dev: second}}, display.ChainOpts{Lamp: true}), display.Opts{})
		k.Powered(true)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := second.asked.Load(); n < 5 || n > 20 {
			t.Errorf("the second was asked %d times in ten minutes", n)
		}
	})
}

// A lamp that can be told and not asked is left alone for its time of cooling,
// whatever its current says.
func TestALampThatTellsNothingHasItsTimeToCool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var draws atomic.Int64
		draws.Store(1500)
		l := &lamp{state: hal.DisplayStandby}
		k := run(t, display.NewChain([]display.Way{{Name: "x", Dev: l, Mute: true}}, display.ChainOpts{Lamp: true, CoolDown: 2 * time.Minute,
			Current: display.Current{MA: func() (int64, bool) { return draws.Load(), true }, On: 1000, Standby: 100}}), display.Opts{})
		k.Powered(true)
		time.Sleep(3 * time.Second)
		draws.Store(20)
		k.Want(true)
		time.Sleep(100 * time.Second)
		if l.commands() != "" {
			t.Errorf("100 s after its light: sent %q", l.commands())
		}
		time.Sleep(time.Minute)
		if !strings.HasPrefix(l.commands(), "on") {
			t.Errorf("160 s after its light: sent %q", l.commands())
		}
	})
}

// stone hangs for ever, in the kernel, whatever the context.
type stone struct{}

func (stone) State(context.Context) (hal.DisplayState, error) { select {} }
func (stone) PowerOn(context.Context) error                   { select {} }
func (stone) PowerOff(context.Context) error                  { select {} }
func (stone) Input(context.Context, string) error             { select {} }

// A driver that never returns costs one call's bound; the next way serves.
func TestADriverThatHangsForEver(t *testing.T) {
	s := &set{}
	k := run(t, display.NewChain([]display.Way{{Name: "stone", Dev: &stone{}}, {Name: "serial", Dev: s.serial(t)}}, display.ChainOpts{Call: 10 * time.Millisecond, Resend: 50 * time.Millisecond}),
		display.Opts{BlindOn: true, Poll: time.Millisecond})
	k.Powered(true)
	k.Want(true)
	for end := time.Now().Add(10 * time.Second); k.Status().State != hal.DisplayOn; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not on: %+v", k.Status())
		}
	}
	if w := k.Status().Ways[0]; !strings.Contains(w.Problem, "hangs") && !strings.Contains(w.Problem, "busy") {
		t.Errorf("way one: %+v", w)
	}
}

type faulty struct{ *lamp }

func (faulty) State(context.Context) (hal.DisplayState, error) { panic("driver") }

func TestADriverThatPanics(t *testing.T) {
	c := display.NewChain([]display.Way{{Name: "x", Dev: &faulty{}}}, display.ChainOpts{})
	if s, err := c.State(t.Context()); s != hal.DisplayUnknown || !errors.Is(err, hal.ErrGarbled) {
		t.Errorf("State = %v, %v", s, err)
	}
}
