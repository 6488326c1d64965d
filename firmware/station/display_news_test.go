package station

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/text"
	"stationbox/hal"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// hall is a station's projector by PJLink at an emulated one, in real time; its
// lamp is quick.
type hall struct {
	*displays
	world *world.World
	far   *device.Projector
	tcp   *wire.TCP

	mu    sync.Mutex
	steps []string
}

func openHall(t *testing.T, o device.ProjectorOpts) *hall {
	t.Helper()
	h := &hall{world: world.New(world.Opts{
		Loads:     []world.Load{{Name: "projector", Kind: world.ProjectorLoad}},
		Projector: world.ProjectorOpts{Boot: 50 * time.Millisecond, WarmUp: 200 * time.Millisecond, CoolDown: 200 * time.Millisecond},
	})}
	h.world.SetRelay(0, true)
	var err error
	if h.tcp, err = wire.ListenTCP("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	h.far = device.NewProjector(h.world, h.tcp, o)
	cfg := &config.Config{Station: config.Station{StateDir: t.TempDir()}, Loads: []config.Outlet{{Name: "projector", Lamp: true}},
		Projector: config.Projector{Kind: "pjlink", Address: h.tcp.Addr().String(), Input: "31", Load: "projector",
			WarmUp: config.Duration(time.Second), CoolDown: config.Duration(time.Second)}}
	n := needs(t, nil)
	n.put = func(kind, _ string, data any) {
		if s, ok := data.(stepNote); ok && kind == kindStep {
			h.mu.Lock()
			h.steps = append(h.steps, strings.TrimSpace(s.Kind+" "+s.Input))
			h.mu.Unlock()
		}
	}
	h.displays = openDisplays(cfg, n)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = h.far.Run(ctx) })
	all.Go(func() { h.advance(ctx) })
	for _, task := range h.tasks() {
		all.Go(func() { _ = task.Run(ctx) })
	}
	t.Cleanup(func() { cancel(); all.Wait(); _ = h.Close(); _ = h.tcp.Close() })
	h.list[0].keeper.Powered(true)
	return h
}

// advance moves the world in step with the clock.
func (h *hall) advance(ctx context.Context) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	last := time.Now()
	for ctx.Err() == nil {
		now := <-tick.C
		for ; last.Before(now); last = last.Add(10 * time.Millisecond) {
			h.world.DriveEdge(h.world.Time())
			h.world.Advance(h.world.Time() + 10*time.Millisecond)
		}
	}
}

// until waits for a status and says how long that took.
func (h *hall) until(t *testing.T, what string, ok func(display.Status) bool) time.Duration {
	t.Helper()
	began := time.Now()
	for ; time.Since(began) < 30*time.Second; time.Sleep(time.Millisecond) {
		if ok(h.list[0].keeper.Status()) {
			return time.Since(began)
		}
	}
	t.Fatalf("%s: not within 30s: %+v", what, h.list[0].keeper.Status())
	return 0
}

func state(want hal.DisplayState) func(display.Status) bool {
	return func(s display.Status) bool { return s.State == want }
}

func (h *hall) said() []string { h.mu.Lock(); defer h.mu.Unlock(); return slices.Clone(h.steps) }

// A projector that nobody wants yet is asked once a second, one that is as wanted
// every five. One that tells of its changes is seen to change at once.
func TestNoticesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	h := openHall(t, device.ProjectorOpts{Class2: true, Notify: true})
	k := h.list[0].keeper
	h.until(t, "standby", state(hal.DisplayStandby)) // never told a wish, it only watches
	var took []time.Duration
	for range 3 {
		time.Sleep(1100 * time.Millisecond) // news comes one by one
		h.world.ProjectorPower(true)
		took = append(took, h.until(t, "warming", state(hal.DisplayWarming)))
		h.until(t, "on", state(hal.DisplayOn))
		time.Sleep(1100 * time.Millisecond)
		h.world.ProjectorPower(false)
		took = append(took, h.until(t, "cooling", state(hal.DisplayCooling)))
		h.until(t, "standby", state(hal.DisplayStandby))
	}
	slices.Sort(took)
	t.Logf("change to status: median %v, all %v", took[len(took)/2], took)
	if took[len(took)/2] > 200*time.Millisecond {
		t.Errorf("a change is seen after %v", took)
	}
	// What a datagram claims is not believed, and one from elsewhere is not heard.
	c, err := net.Dial("udp", h.tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 20 {
		_, _ = c.Write([]byte("%2POWR=1\r"))
		time.Sleep(20 * time.Millisecond)
		if s := k.Status(); s.State != hal.DisplayStandby {
			t.Fatalf("a datagram made it %v", s.State)
		}
	}
}

// Somebody turns the projector to another input in mid-lesson: it is turned back,
// written down, and named as the reason while it lasts.
func TestInputChosenByHandIsTakenBack(t *testing.T) {
	t.Parallel()
	h := openHall(t, device.ProjectorOpts{Class2: true, Notify: true})
	k := h.list[0].keeper
	k.Want(true)
	h.until(t, "our input", func(s display.Status) bool { return s.State == hal.DisplayOn && s.InputIs == "31" })
	if h.far.Snapshot().Input != "31" || slices.Contains(h.said(), display.EventInput) {
		t.Fatalf("shows %+v; %v", h.far.Snapshot(), h.said())
	}
	time.Sleep(5100 * time.Millisecond) // it has had its time to switch
	if err := h.far.Fault("other_input"); err != nil {
		t.Fatal(err)
	}
	h.until(t, "turned back", func(s display.Status) bool { return h.far.Snapshot().Input == "31" })
	h.until(t, "seen to be", func(s display.Status) bool { return s.InputIs == "31" && !s.InputWrong })
	if steps := h.said(); !slices.Contains(steps, "input 11") {
		t.Errorf("written down: %v", steps)
	}
	// A second time within a minute it is left for that minute, and named.
	if err := h.far.Fault("other_input"); err != nil {
		t.Fatal(err)
	}
	h.until(t, "wrong", func(s display.Status) bool { return s.InputWrong })
	f := bright()
	f.Displays = []darkDisplay{darkOf(h.list[0], k.Status(), "")}
	causes := darkIn(text.New("en"), whyDark(f))
	if len(causes) != 1 || causes[0].Code != "dark.input" {
		t.Errorf("why: %+v", causes)
	}
	fs := fault.New(needs(t, nil).log, func(string, string, any) {})
	(&watch{displays: h.displays, faults: fs, now: time.Now}).worn(h.list[0], k.Status())
	if list := fs.List(); len(list) != 1 || list[0].Code != "fault.display.input_wrong" || list[0].Args["is"] != "11" {
		t.Errorf("faults: %+v", list)
	}
	for _, lang := range []string{"zh", "en"} {
		r := h.list[0]
		rep := (&Station{displays: h.displays, tick: time.Now}).displayReport(r)
		if out := rep.text(text.New(lang), time.Now()); !rep.Wrong || rep.Input != "11" || !strings.Contains(out, "11") {
			t.Errorf("%+v\n%s", rep, out)
		}
	}
}

// A port that is taken is a fault and no more.
func TestNoticesWithoutTheirPort(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg := &config.Config{Station: config.Station{StateDir: t.TempDir()}, Loads: []config.Outlet{{Name: "projector", Lamp: true}},
		Projector: config.Projector{Kind: "pjlink", Load: "projector", Address: "127.0.0.1:" + strings.TrimPrefix(taken.LocalAddr().String(), "[::]:")}}
	ds := openDisplays(cfg, needs(t, nil))
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, task := range ds.tasks() {
		all.Go(func() { _ = task.Run(ctx) })
	}
	defer func() { cancel(); all.Wait(); _ = ds.Close() }()
	for end := time.Now().Add(20 * time.Second); ds.list[0].notices[0].Err() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no error")
		}
	}
	say, hint := text.New("en").Fault(firmware.Fault{Code: "fault.display.notices", On: true, Args: map[string]string{"name": "projector", "port": "4352"}})
	if !strings.Contains(say, "4352") || hint == "" || strings.Contains(say, "{") {
		t.Errorf("%q %q", say, hint)
	}
	if deaf := (&opener{doors: &Doors{Dial: (&net.Dialer{}).DialContext}}).noticesOf(cfg.Projector.Ways(), nil); deaf != nil {
		t.Error("a network that is led elsewhere, and notices are heard")
	}
}
