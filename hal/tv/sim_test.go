// Package tv_test runs every television driver against the emulated televisions,
// which share no code with the drivers.
package tv_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal"
	bus "stationbox/hal/cec"
	"stationbox/hal/displaytest"
	light "stationbox/hal/ir"
	"stationbox/hal/line"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/world"
	"stationbox/hal/tv/cec"
	"stationbox/hal/tv/exlink"
	"stationbox/hal/tv/ir"
	"stationbox/hal/tv/lg"
	"stationbox/hal/tv/mdc"
)

// emulated is a television of the simulator.
type emulated interface {
	device.Device
	Snapshot() device.TVView
}

// brand is one driver with its far end.
type brand struct {
	name string
	open func(t *testing.T, w *world.World) (displaytest.Display, emulated)
	// warming is what it says of itself then.
	warming hal.DisplayState
	// after is what State and PowerOff become under a fault; nil where it is not
	// noticed.
	after map[string][2]error
}

func brands() []brand {
	serial := map[string][2]error{
		"silent": {hal.ErrSilent, hal.ErrSilent}, "cut": {hal.ErrGarbled, hal.ErrGarbled}, "unplugged": {hal.ErrGone, hal.ErrGone},
	}
	with := func(more map[string][2]error) map[string][2]error {
		for k, v := range serial {
			more[k] = v
		}
		return more
	}
	refuses := [2]error{hal.ErrRefused, hal.ErrRefused}
	return []brand{
		{"lg", func(t *testing.T, w *world.World) (displaytest.Display, emulated) {
			near, far := wire(t)
			d := device.NewTV(w, far, device.TVOpts{Seed: 1})
			run(t, d.Run)
			return lg.New(near, 1), d
		}, hal.DisplayOn, with(map[string][2]error{})},
		{"exlink", func(t *testing.T, w *world.World) (displaytest.Display, emulated) {
			near, far := wire(t)
			d := device.NewExLinkTV(w, far, device.ExLinkOpts{Seed: 1, Noise: true})
			run(t, d.Run)
			return exlink.New(near, exlink.Opts{Probe: true, RefusalIsStandby: true}), d
		}, hal.DisplayOn, map[string][2]error{"silent": serial["silent"], "unplugged": serial["unplugged"], "refuses": {nil, hal.ErrRefused}}},
		{"mdc", func(t *testing.T, w *world.World) (displaytest.Display, emulated) {
			near, far := wire(t)
			d := device.NewMDCTV(w, far, device.MDCOpts{ID: 3, Seed: 1})
			run(t, d.Run)
			return mdc.New(near, 3), d
		}, hal.DisplayOn, with(map[string][2]error{"refuses": refuses, "as_pc": {}})},
		{"cec", func(t *testing.T, w *world.World) (displaytest.Display, emulated) {
			d := device.NewCECBus(w, device.CECBusOpts{Address: 0x2000})
			adapter := bus.New(func() (bus.Kernel, error) { return d.Open() }, bus.Opts{Follow: true})
			run(t, func(ctx context.Context) error { return adapter.Follow(ctx, func() bool { return true }) })
			return cec.New(adapter), d
		}, hal.DisplayWarming, map[string][2]error{
			"silent": {hal.ErrSilent, nil}, "deaf": {hal.ErrSilent, hal.ErrSilent}, "refuses": refuses,
			"garbled": {hal.ErrGarbled, hal.ErrGarbled}, "nonsense": {hal.ErrGarbled, nil},
			"cut": {hal.ErrSilent, hal.ErrSilent}, "unplugged": {hal.ErrGone, hal.ErrGone},
		}},
		{"ir", func(t *testing.T, w *world.World) (displaytest.Display, emulated) {
			d := device.NewIRTV(w, device.IRTVOpts{})
			return remote(t, d, w, ir.Keys{
				On: []string{"nec:0x4c4"}, Off: []string{"nec:0x4c5"}, Inputs: map[string][]string{"hdmi2": {"nec:0x4cc"}},
			}), d
		}, hal.DisplayOn, map[string][2]error{
			"blocked": {}, "busy": {nil, hal.ErrRefused}, "hangs": {nil, hal.ErrSilent}, "unplugged": {nil, hal.ErrGone},
		}},
		{"ir, one power key, no encoders", func(t *testing.T, w *world.World) (displaytest.Display, emulated) {
			keys := device.SamsungKeys()
			keys[[2]uint32{9, 0x4CC}] = "hdmi2"
			d := device.NewIRTV(w, device.IRTVOpts{Keys: keys, NoCode: true})
			return remote(t, d, w, ir.Keys{
				Toggle: []string{"samsung32:0xe0e040bf"}, Inputs: map[string][]string{"hdmi2": {"nec:0x4cc"}},
			}), d
		}, hal.DisplayOn, map[string][2]error{"blocked": {}}},
	}
}

// remote is a blind driver that is told what the set draws.
func remote(t *testing.T, d *device.IRTV, w *world.World, keys ir.Keys) *ir.TV {
	t.Helper()
	tv, err := ir.New(light.New(func() (light.Kernel, error) { return d.Open() }, light.Opts{}), keys, ir.Opts{
		Measured: func(context.Context) (hal.DisplayState, error) {
			switch amps := w.Snapshot().Loads[0].Amps; {
			case amps > 0.1:
				return hal.DisplayOn, nil
			case amps > 0:
				return hal.DisplayStandby, nil
			}
			return hal.DisplayOff, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tv
}

// port is the far end of a wire in memory; a pipe that is closed is a pulled plug.
type port struct {
	net.Conn
	out chan struct{} // full: unplugged
}

func (p *port) ReadContext(ctx context.Context, b []byte) (int, error) {
	stop := context.AfterFunc(ctx, func() { _ = p.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	return p.Read(b)
}

func (p *port) Unplug() {
	select {
	case p.out <- struct{}{}:
	default:
	}
}

func (p *port) Replug() error {
	select {
	case <-p.out:
	default:
	}
	return nil
}

// wire joins a line and a device, with time enough for a slow answer.
func wire(t *testing.T) (*line.Port, *port) {
	t.Helper()
	near, end := net.Pipe()
	far := &port{Conn: end, out: make(chan struct{}, 1)}
	l := line.New(func() (io.ReadWriteCloser, error) {
		if len(far.out) > 0 {
			return nil, errors.New("unplugged")
		}
		return &cable{near, far}, nil
	}, line.Opts{Name: "wire", Timeout: 500 * time.Millisecond})
	t.Cleanup(func() { _ = l.Close(); _ = near.Close(); _ = end.Close() })
	return l, far
}

// cable is the near end; closing it leaves the pipe for the next plug.
type cable struct {
	net.Conn
	far *port
}

func (c *cable) Write(b []byte) (int, error) {
	if len(c.far.out) > 0 {
		return 0, io.ErrClosedPipe
	}
	return c.Conn.Write(b)
}

func (c *cable) Close() error { return nil }

func run(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// village returns a world in which the TV has mains and is awake.
func village() *world.World {
	w := world.New(world.Opts{Loads: []world.Load{{Name: "tv", Kind: world.TVLoad}}, TV: world.TVOpts{Boot: 50 * time.Millisecond, WarmUp: 300 * time.Millisecond}})
	w.SetRelay(0, true)
	hold(w, 500*time.Millisecond)
	return w
}

// hold advances w by d with the contactor held; the TV needs 300 ms to warm up.
func hold(w *world.World, d time.Duration) {
	for end := w.Time() + d; w.Time() < end; {
		w.DriveEdge(w.Time())
		w.Advance(w.Time() + 10*time.Millisecond)
	}
}

func TestEveryTVThroughALesson(t *testing.T) {
	for _, b := range brands() {
		t.Run(b.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := village()
				tv, far := b.open(t, w)
				is := func(when string, want hal.DisplayState) {
					t.Helper()
					if got, err := tv.State(t.Context()); got != want || err != nil {
						t.Errorf("%s: %v, %v; want %v (%v)", when, got, err, want, far)
					}
				}
				do := func(what string, err error) {
					t.Helper()
					if err != nil {
						t.Errorf("%s: %v (%v)", what, err, far)
					}
				}
				is("at first", hal.DisplayStandby)
				do("on", tv.PowerOn(t.Context()))
				hold(w, 50*time.Millisecond)
				is("a moment later", b.warming)
				hold(w, 500*time.Millisecond)
				is("warm", hal.DisplayOn)
				do("input", tv.Input(t.Context(), "hdmi2"))
				if v := far.Snapshot(); v.State != "on" || v.Input != "hdmi2" {
					t.Errorf("shows %+v", v)
				}
				time.Sleep(time.Minute)
				do("off", tv.PowerOff(t.Context()))
				hold(w, 50*time.Millisecond)
				is("at last", hal.DisplayStandby)
			})
		})
	}
}

// What somebody chooses with the remote control is told by those that can.
func TestShows(t *testing.T) {
	tells := map[string]bool{"lg": true, "mdc": true, "cec": true}
	for _, b := range brands() {
		t.Run(b.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := village()
				tv, far := b.open(t, w)
				teller, ok := tv.(interface {
					Shows(ctx context.Context, input string) (bool, string, error)
				})
				if ok != tells[b.name] {
					t.Fatalf("tells its input: %v", ok)
				}
				if !ok {
					return
				}
				w.TVPower(true)
				hold(w, 500*time.Millisecond)
				if err := tv.Input(t.Context(), "hdmi2"); err != nil {
					t.Fatal(err)
				}
				shown, is, err := teller.Shows(t.Context(), "hdmi2")
				if b.name == "cec" { // it was told, and has not said that it did so
					shown = shown || errors.Is(err, hal.ErrRefused)
					err = nil
				}
				if !shown || err != nil {
					t.Errorf("chosen by us: %v (%q), %v", shown, is, err)
				}
				if err := far.Fault("other_input"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if shown, is, err := teller.Shows(t.Context(), "hdmi2"); shown || err != nil || is == "" {
					t.Errorf("chosen by hand: %v (%q), %v; it shows %+v", shown, is, err, far.Snapshot())
				}
				if _, _, err := teller.Shows(t.Context(), "no such input"); err == nil {
					t.Error("no such input, and no error")
				}
			})
		})
	}
}

func TestEveryTVUnderEveryFault(t *testing.T) {
	for _, b := range brands() {
		for kind, want := range b.after {
			t.Run(b.name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := village()
					tv, far := b.open(t, w)
					if _, err := tv.State(t.Context()); err != nil {
						t.Fatal(err)
					}
					w.TVPower(true)
					hold(w, 500*time.Millisecond)
					if err := far.Fault(kind); err != nil {
						t.Fatal(err)
					}
					began := time.Now()
					got, err := tv.State(t.Context())
					if !errors.Is(err, want[0]) || err != nil && got != hal.DisplayUnknown {
						t.Errorf("State = %v, %v; want %v", got, err, want[0])
					}
					if err := tv.PowerOff(t.Context()); !errors.Is(err, want[1]) {
						t.Errorf("PowerOff = %v, want %v", err, want[1])
					}
					if d := time.Since(began); d > 8*time.Second {
						t.Errorf("two calls took %v", d)
					}
					if err := far.Fault("none"); err != nil {
						t.Fatal(err)
					}
					time.Sleep(20 * time.Second) // longer than every back-off
					w.TVPower(true)
					hold(w, 500*time.Millisecond)
					if got, err := tv.State(t.Context()); got != hal.DisplayOn || err != nil {
						t.Errorf("mended: %v, %v", got, err)
					}
				})
			})
		}
	}
}

// TestSixtyDaysOfCEC: a TV that sleeps so deeply that it takes its hot-plug signal
// away, whose driver is unloaded now and then and whose user presses keys, is woken
// and put to sleep every day. Its days are short.
func TestSixtyDaysOfCEC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := village()
		far := device.NewCECBus(w, device.CECBusOpts{DropsHotPlug: true})
		adapter := bus.New(func() (bus.Kernel, error) { return far.Open() }, bus.Opts{Follow: true})
		tv := cec.New(adapter)
		run(t, func(ctx context.Context) error { return adapter.Follow(ctx, func() bool { return true }) })
		rng := rand.New(rand.NewPCG(1, 2))
		for day := range 60 {
			if err := tv.PowerOn(t.Context()); err != nil {
				t.Fatalf("day %d: on: %v", day, err)
			}
			hold(w, 500*time.Millisecond)
			time.Sleep(5 * time.Second)
			if got, err := tv.State(t.Context()); got != hal.DisplayOn || err != nil {
				t.Fatalf("day %d: %v, %v", day, got, err)
			}
			if v := far.Snapshot(); v.Input != "hdmi1" { // asked by the set, answered by Follow
				t.Fatalf("day %d: shows %+v", day, v)
			}
			for range rng.IntN(100) {
				far.Say(0x04, 0x44, byte(rng.UintN(256)))
			}
			if day%7 == 3 {
				_ = far.Fault("unplugged")
				time.Sleep(time.Minute)
				_ = far.Fault("none")
			}
			time.Sleep(time.Hour)
			if err := tv.PowerOff(t.Context()); err != nil {
				t.Fatalf("day %d: off: %v", day, err)
			}
			if _, err := tv.State(t.Context()); !errors.Is(err, hal.ErrSilent) {
				t.Fatalf("day %d: asleep: %v", day, err)
			}
			time.Sleep(time.Hour)
		}
	})
}
