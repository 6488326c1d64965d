package week

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/power"
	"stationbox/firmware/station"
	"stationbox/hal"
	"stationbox/hal/cec"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

var (
	projectorAt = netip.MustParseAddrPort("10.0.0.5:4352")
	guardAt     = netip.MustParseAddrPort("127.0.0.1:1")
	commandsAt  = netip.MustParseAddrPort("127.0.0.1:2")
)

// nature is what is peculiar to one village for its whole week.
type nature struct {
	tv        string // "cec", "lg", "deaf": its CEC is off and the serial line is the second way
	muteTV    bool   // says nothing in standby
	ups       bool   // the box lives through an outage
	rule      string // of a clock that is not trusted: "wait" or "relative"
	rows      []config.Entry
	lengths   map[string]time.Duration
	zone      string
	quirks    device.Quirks
	rtc       bool // there is a hardware clock
	deadRTC   bool
	muteRTC   bool
	networked bool          // there is a time server
	visited   bool          // a technician who installed the box brought one along for its first minutes
	coolDown  time.Duration // of the projector, by the configuration; 0: as usual
}

// village is one box with its surroundings and its life.
type village struct {
	t     *testing.T
	n     nature
	rng   *rand.Rand
	log   *slog.Logger
	truth truth
	dir   string

	world     *world.World
	guard     *guard
	net       *wire.Local
	cord      *wire.Cord
	bus       *device.CECBus
	lg        *device.TV
	projector *device.Projector
	machine   *machine
	player    *projectionist

	mu       sync.Mutex
	film     []span      // shown
	lit      []span      // a display was on
	cuts     []time.Time // mains was taken from a hot lamp while the line had some
	troubles []trouble

	// Of the goroutine of fate.
	due       []event
	boots     int
	guards    lifetime
	station   lifetime
	dark      bool // an outage is on
	unknowing int  // number of the trouble that the box does not know the time; 0: it does
}

// span is a stretch of bubble time.
type span struct {
	from, until time.Time
	what        string
	at          time.Duration // of a film: where it began
}

// trouble is what may excuse a lesson from a moment to another.
type trouble struct {
	span
	costs bool // the lesson, not only its punctuality
}

// lifetime is something that runs until it is ended.
type lifetime struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func live(run func(context.Context)) lifetime {
	ctx, cancel := context.WithCancel(context.Background())
	l := lifetime{cancel, make(chan struct{})}
	go func() { defer close(l.done); run(ctx) }()
	return l
}

// end ends it and waits; what does not run ends at once.
func (l *lifetime) end() {
	if l.cancel == nil {
		return
	}
	l.cancel()
	<-l.done
	*l = lifetime{}
}

func (l *lifetime) lives() bool { return l.cancel != nil }

func newVillage(t *testing.T, seed uint64, start time.Time, n nature, log *slog.Logger) *village {
	v := &village{t: t, n: n, rng: rand.New(rand.NewPCG(seed, 0x7ee4)), log: log, truth: truth{time.Until(start)}, dir: tempDir(t)}
	for _, dir := range []string{"state", "run", "lib"} {
		if err := os.MkdirAll(filepath.Join(v.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name := range n.lengths {
		if err := os.WriteFile(filepath.Join(v.dir, "lib", name), []byte("a film called "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	v.world = world.New(world.Opts{Seed: seed, Waveless: true, Stuck: driveHold,
		Loads:     []world.Load{{Name: "tv", Kind: world.TVLoad}, {Name: "projector", Kind: world.ProjectorLoad}},
		Projector: world.ProjectorOpts{WarmUp: 35 * time.Second, CoolDown: 90 * time.Second, Boot: 8 * time.Second},
		TV:        world.TVOpts{WarmUp: 6 * time.Second, Boot: 3 * time.Second}})
	var err error
	v.guard, err = newGuard(v.world, []power.Load{{Name: "tv", Channel: 1, OnDelay: 2 * time.Second},
		{Name: "projector", Channel: 2, OnDelay: 2 * time.Second, Lamp: true, StandbyMA: 100, CoolTime: 90 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	v.net, v.cord = wire.NewLocal(), wire.NewCord()
	tcp, err := v.net.Listen(projectorAt)
	if err != nil {
		t.Fatal(err)
	}
	v.projector = device.NewProjector(v.world, tcp, device.ProjectorOpts{Class2: true, Quirks: n.quirks, Seed: seed})
	v.lg = device.NewTV(v.world, v.cord, device.TVOpts{Baud: -1, MuteInStandby: n.muteTV, Seed: seed})
	v.bus = device.NewCECBus(v.world, device.CECBusOpts{IgnoresStandby: v.rng.IntN(4) == 0, DropsHotPlug: v.rng.IntN(4) == 0})
	if n.tv == "deaf" {
		if err := v.bus.Fault("deaf"); err != nil {
			t.Fatal(err)
		}
	}
	chip := &chip{truth: v.truth, dead: n.deadRTC, mute: n.muteRTC, lost: n.deadRTC, reset: time.Now()}
	v.machine = &machine{truth: v.truth, chip: chip, network: n.networked || n.visited}
	v.player = newProjectionist(n.lengths, func(file string, at, until time.Time, from time.Duration) {
		v.mu.Lock()
		v.film = append(v.film, span{at, until, file, from})
		v.mu.Unlock()
	})
	return v
}

// tempDir is in memory where there is such a place: nothing here is about the disk.
func tempDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "week-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// config is the station as a technician would have written it.
func (v *village) config() *config.Config {
	c := config.Default()
	c.Station.ID, c.Station.Name, c.Station.Zone = "370100-014", "王家村", v.n.zone
	c.Station.StateDir, c.Station.RunDir, c.Library.Dir = filepath.Join(v.dir, "state"), filepath.Join(v.dir, "run"), filepath.Join(v.dir, "lib")
	c.Sound.Device, c.Sound.Prompts = "none", ""
	c.Clock.Untrusted = v.n.rule
	if !v.n.rtc {
		c.Clock.RTC = ""
	}
	for _, name := range []string{"tv", "projector"} {
		o := config.DefaultOutlet()
		o.Name, o.Lamp = name, name == "projector"
		c.Loads = append(c.Loads, o)
	}
	c.Projector.Kind, c.Projector.Address, c.Projector.Load = "pjlink", projectorAt.String(), "projector"
	if v.n.coolDown > 0 {
		c.Projector.CoolDown = config.Duration(v.n.coolDown)
	}
	c.TV.Load, c.TV.Kind, c.TV.Port, c.TV.Baud = "tv", "lg", "/dev/ttyUSB0", 9600
	if v.n.tv != "lg" {
		c.TV.Kind, c.TV.Port, c.TV.Device = "cec", "", "/dev/cec0"
		c.TV.Then = []config.Way{{Kind: "lg", Port: "/dev/ttyUSB0", Baud: 9600, SetID: 1, Input: "hdmi1"}}
	}
	c.Schedule = v.n.rows
	return &c
}

func (v *village) doors() station.Doors {
	d := station.Doors{
		Guard:    func(ctx context.Context) (net.Conn, error) { return v.net.Dial(ctx, "tcp", guardAt.String()) },
		Commands: func() (net.Listener, error) { return v.net.Open(commandsAt) },
		Dial:     v.net.Dial,
		Serial:   func(string) (io.ReadWriteCloser, error) { return v.cord.Open() },
		CEC:      func(string) (cec.Kernel, error) { return v.bus.Open() },
		System:   v.machine,
		Player:   v.player,
	}
	if v.n.rtc {
		d.RTC = v.machine.chip
	}
	return d
}

// powerOn starts the box: its guard at once, its station when Linux is up.
func (v *village) powerOn() {
	if v.guards.lives() {
		return
	}
	v.boots++
	var name [8]byte
	name[0], name[1] = byte(v.boots>>8), byte(v.boots)
	boot := hex.EncodeToString(name[:])
	v.machine.power(boot)
	if v.shaky() {
		v.ignorance()
	}
	l, err := v.net.Open(guardAt)
	if err != nil {
		v.t.Fatal(err)
	}
	v.guards = live(func(ctx context.Context) { v.guard.start(ctx, boot, l) })
	v.after(20*time.Second, "station up", v.stationUp)
}

func (v *village) stationUp() {
	if v.station.lives() || !v.guards.lives() {
		return
	}
	st, err := station.New(v.config(), station.Opts{Version: "week", Built: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Log: v.log, Now: time.Now, Doors: v.doors()})
	if err != nil {
		v.t.Errorf("station does not start: %v", err)
		return
	}
	v.station = live(func(ctx context.Context) {
		if err := st.Run(ctx); err != nil {
			v.t.Errorf("station ended: %v", err)
		}
	})
}

// kill ends the station as kill -9 does: what it still writes in dying never
// happened.
func (v *village) kill() {
	if !v.station.lives() {
		return
	}
	state, kept := filepath.Join(v.dir, "state"), filepath.Join(v.dir, "kept")
	if err := os.CopyFS(kept, os.DirFS(state)); err != nil {
		v.t.Fatal(err)
	}
	v.station.end()
	if err := os.RemoveAll(state); err != nil {
		v.t.Fatal(err)
	}
	if err := os.Rename(kept, state); err != nil {
		v.t.Fatal(err)
	}
}

// powerOff takes the mains from the box: all dies at once.
func (v *village) powerOff() {
	if !v.guards.lives() {
		return
	}
	v.kill()
	v.guards.end()
	v.player.die()
	v.machine.chip.powerLost()
	if err := os.RemoveAll(filepath.Join(v.dir, "run")); err != nil {
		v.t.Fatal(err)
	}
}

// heart lets the world and the guard go on until ctx ends: ten steps a second
// while something is on, long ones otherwise.
func (v *village) heart(ctx context.Context) {
	const slow, quick = slowest, 100 * time.Millisecond
	began := time.Now()
	dark, cuts := true, 0
	for ctx.Err() == nil {
		step := quick
		if v.guard.calm() {
			step = slow
		}
		time.Sleep(step)
		v.world.Advance(time.Since(began))
		s := v.world.Snapshot()
		v.guard.step(s)
		if own := s.Projector.HotCuts - s.Projector.HotCutsOutage; own > cuts {
			v.cuts, cuts = append(v.cuts, time.Now()), own
		}
		if on := s.Projector.Lamp || s.TV.State == hal.DisplayOn || s.TV.State == hal.DisplayWarming; on == dark {
			v.light(on)
			dark = !on
		}
	}
	if !dark {
		v.light(false)
	}
}

// light notes that a display came on, or that none is on any more.
func (v *village) light(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if on {
		v.lit = append(v.lit, span{from: time.Now()})
		return
	}
	v.lit[len(v.lit)-1].until = time.Now()
}

// event is something that fate has in store.
type event struct {
	at   time.Time // bubble
	what string
	do   func()
}

// after lets something happen after a time.
func (v *village) after(d time.Duration, what string, do func()) { v.on(time.Now().Add(d), what, do) }

// on lets something happen at a moment; what is of the same moment keeps its order.
func (v *village) on(at time.Time, what string, do func()) {
	i := len(v.due)
	for i > 0 && v.due[i-1].at.After(at) {
		i--
	}
	v.due = append(v.due[:i], append([]event{{at, what, do}}, v.due[i:]...)...)
}

// until lets fate work until a moment.
func (v *village) until(end time.Time) {
	for len(v.due) > 0 && v.due[0].at.Before(end) {
		e := v.due[0]
		v.due = v.due[1:]
		time.Sleep(time.Until(e.at))
		v.log.Warn("FATE", "what", e.what)
		e.do()
	}
	time.Sleep(time.Until(end))
}

// excuse notes a trouble from now.
func (v *village) excuse(d time.Duration, costs bool, what string) {
	v.troubles = append(v.troubles, trouble{span{from: time.Now(), until: time.Now().Add(d), what: what}, costs})
}

// truthLog writes the time outside before each line.
func truthLog(w io.Writer, ahead time.Duration) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			a.Value = slog.StringValue(a.Value.Time().Add(ahead).In(time.FixedZone("CST", 8*3600)).Format("Mon 15:04:05.000"))
		}
		return a
	}}))
}

// String describes v for a failing test.
func (v *village) String() string {
	return fmt.Sprintf("%+v\n%v\n%v\n%v", v.n, v.guard, v.projector, v.bus)
}
