package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/cmd/simstation/internal/machine"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// The pins and loads of every village. The lamp is the last load; villages of an
// even type have none.
const (
	driveWire, noWire, ncWire = "GPIO17", "GPIO27", "GPIO22"
	spareWire                 = "GPIO4" // for the canary
	lampLoad                  = "projector"
)

func relayWires() []string { return []string{"GPIO5", "GPIO6", "GPIO13"} }

// rig is one light village: a world, the far ends of the wires that a guard has,
// the real guard, and a peer at its socket. There is no picture and no sound.
type rig struct {
	dir     string
	setup   setup
	now     func() time.Time
	world   *world.World
	pins    *wire.Pins
	tap     *tap
	front   *device.FrontEnd
	meter   *device.Meter
	con     *device.Contactor
	aux     *liar
	guard   *program
	station *program
	peer    *peer
	book    notebook
	ledger  ledger
	late    machine.Delays
	log     *os.File
	loads   []string
	mounted bool        // the state folder is a small file system of its own
	pinsBad atomic.Bool // the pin server is broken on purpose
	stained bool        // the guard remembers what the next injection must not find
	owed    int         // trips that the guard may remember since its memory was fresh
	ticked  time.Time
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	closers []func() error
}

// setup is how a village differs from others.
type setup struct {
	number int // its type
	seed   uint64
	bin    string
	hold   time.Duration // of the drive
	broken time.Duration // hold of a drive that is none, or 0
	stale  time.Duration // of the guard
	rules  rules
}

// raise builds a village in dir and starts its guard.
func raise(dir string, s setup, now func() time.Time) (*rig, error) {
	v := &rig{dir: dir, setup: s, now: now, ledger: ledger{rules: s.rules}}
	if err := v.build(); err != nil {
		return nil, errors.Join(err, v.close())
	}
	return v, nil
}

func (v *rig) build() error {
	for _, sub := range []string{"run", "state", "library"} {
		if err := os.MkdirAll(filepath.Join(v.dir, sub), 0o755); err != nil {
			return err
		}
	}
	v.mount()
	var err error
	if v.log, err = os.Create(filepath.Join(v.dir, "log")); err != nil {
		return err
	}
	v.closers = append(v.closers, v.log.Close)
	v.makeWorld()
	if err := v.plugIn(); err != nil {
		return err
	}
	if err := v.writeConfig(); err != nil {
		return err
	}
	v.makePrograms()
	ctx, cancel := context.WithCancel(context.Background())
	v.cancel = cancel
	v.wg.Go(func() { _ = v.pins.Serve(ctx) })
	v.wg.Go(func() { _ = v.meter.Run(ctx) })
	v.wg.Go(func() { _ = v.world.Run(ctx, v.now, v.front.Tick, v.aux.tick, v.look) })
	v.wg.Go(func() { v.peer.run(ctx) })
	v.wg.Go(func() { v.prick(ctx) })
	return v.guard.start()
}

// mount gives the state folder a file system that can be filled. Where that is
// not permitted a full disk is played by a folder in the way of the new file.
func (v *rig) mount() {
	dir := filepath.Join(v.dir, "state")
	if unix.Mount("stationbox", dir, "tmpfs", 0, "size=24m") != nil {
		return
	}
	v.mounted = true
	v.closers = append(v.closers, func() error { return unix.Unmount(dir, unix.MNT_DETACH) })
}

func (v *rig) makeWorld() {
	o := world.Opts{
		Seed: v.setup.seed, Hold: v.setup.hold, Stuck: v.setup.broken, Band: [2]float64{goodLow, goodHigh},
		Projector: world.ProjectorOpts{WarmUp: 300 * time.Millisecond, CoolDown: 300 * time.Millisecond, Boot: 20 * time.Millisecond, AutoOn: true},
		Loads:     []world.Load{{Name: "receiver", Amps: 0.11}, {Name: "tv", Amps: 0.4}},
	}
	if v.setup.number%2 == 1 {
		o.Loads = append(o.Loads, world.Load{Name: lampLoad, Kind: world.ProjectorLoad})
	}
	for _, l := range o.Loads {
		v.loads = append(v.loads, l.Name)
	}
	v.world = world.New(o)
}

func (v *rig) wire(name string) string { return filepath.Join(v.dir, name) }

func (v *rig) plugIn() error {
	front, err := wire.OpenPTY(v.wire("frontend"))
	if err != nil {
		return err
	}
	v.closers = append(v.closers, front.Close)
	slow, err := wire.OpenPTY(v.wire("meter"))
	if err != nil {
		return err
	}
	v.closers = append(v.closers, slow.Close)
	if v.pins, err = wire.ListenPins(v.wire("pins"), wire.PinOpts{}); err != nil {
		return err
	}
	v.closers = append(v.closers, v.pins.Close)
	v.tap = &tap{PTY: front, now: v.world.Clock, rng: rand.New(rand.NewPCG(v.setup.seed, 0x7a9)), nth: 1}
	v.front = device.NewFrontEnd(v.world, v.tap, device.FrontEndOpts{})
	v.meter = device.NewMeter(v.world, slow, device.MeterOpts{})
	v.con = device.NewContactor(v.world, v.pins, device.ContactorOpts{Drive: driveWire, Relays: relayWires()[:len(v.loads)]})
	v.aux = &liar{no: noWire, nc: ncWire, truth: v.world.ContactorClosed}
	v.aux.touch = v.pins.Attach(v.aux)
	v.pins.Watch(driveWire, func(high bool) { v.book.add(v.world.Clock(), drivePin, 0, high) })
	for i := range v.loads {
		v.pins.Watch(relayWires()[i], func(high bool) { v.book.add(v.world.Clock(), relayPin, i, high) })
	}
	return nil
}

func (v *rig) makePrograms() {
	config := v.wire("station.toml")
	life := func(on bool) func() { return func() { v.book.add(v.world.Clock(), guardLife, 0, on) } }
	v.guard = &program{argv: []string{filepath.Join(v.setup.bin, "guard"), "-config", config}, out: v.log, born: life(true), died: life(false)}
	v.station = &program{argv: []string{filepath.Join(v.setup.bin, "station"), "run", "-config", config}, out: v.log, born: func() {}, died: func() {}}
	wants := map[string]bool{}
	for _, l := range v.loads {
		wants[l] = true
	}
	v.peer = newPeer(v.wire("run/guard.sock"), wants)
}

// look is the last tick of the world: it takes its events, and notes how late
// the world itself is.
func (v *rig) look() {
	for _, e := range v.world.TakeEvents() {
		take(&v.book, e, v.loads)
	}
	now := v.now()
	if !v.ticked.IsZero() {
		v.late.Note(now, now.Sub(v.ticked)-world.Step)
	}
	v.ticked = now
}

// judgeAll follows everything that was seen so far.
func (v *rig) judgeAll() []string { return v.ledger.follow(v.book.take(v.world.Time())) }

// memoryFile is the guard's.
func (v *rig) memoryFile() string { return v.wire("state/guard.json") }

// newFile is what the guard writes before it takes the place of an old file.
func (v *rig) newFile() string { return v.wire("state/new.tmp") }

// remembered is how many trips the guard has on its card; 0 when that cannot be
// read.
func (v *rig) remembered() int {
	var m struct {
		Trips []int64 `json:"trips_ns"`
	}
	b, err := os.ReadFile(v.memoryFile())
	if err != nil || json.Unmarshal(b, &m) != nil {
		return 0
	}
	return len(m.Trips)
}

// refresh ends the guard and starts one that remembers nothing.
func (v *rig) refresh() error {
	v.guard.kill()
	for _, name := range []string{v.memoryFile(), v.newFile(), v.filler()} {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	v.stained, v.owed = false, 0
	return v.guard.start()
}

// filler is what fills the disk.
func (v *rig) filler() string { return v.wire("state/filler") }

// close ends everything, programs first.
func (v *rig) close() error {
	for _, p := range []*program{v.station, v.guard} {
		if p != nil {
			_ = p.signal(unix.SIGCONT)
			p.kill()
		}
	}
	if v.cancel != nil {
		v.cancel()
	}
	var errs []error
	for i := len(v.closers) - 1; i >= 0; i-- {
		errs = append(errs, v.closers[i]())
	}
	v.wg.Wait()
	return errors.Join(errs...)
}

// writeConfig writes the shortest honest configuration of this village.
func (v *rig) writeConfig() error {
	text := fmt.Sprintf(configHead, v.wire("state"), v.wire("run"), v.wire("pins"), v.wire("frontend"), v.wire("meter"),
		v.setup.stale, driveWire, noWire, ncWire, v.setup.stale+40*time.Millisecond, v.wire("library"))
	for i, l := range v.loads {
		text += fmt.Sprintf("[[load]]\nname = %q\nrelay = %q\nchannel = %d\non_delay = \"100ms\"\n", l, relayWires()[i], i+1)
		switch {
		case l == lampLoad:
			text += "lamp = true\ncool_time = \"1s\"\n"
		default:
			text += "always_on = true\n"
		}
	}
	return os.WriteFile(v.wire("station.toml"), []byte(text), 0o644)
}

// The good band and the shortest times that a configuration may have.
const (
	goodLow, goodHigh = 190, 250
	goodTime, minOff  = time.Second, time.Second
)

const configHead = `[station]
id = "370100-014"
state_dir = %q
run_dir = %q
[gpio]
chip = "unix:%s"
[mains]
port = %q
[meter]
kind = "pzem004t"
port = %q
address = 1
[guard]
good_time = "1s"
min_off = "1s"
slot = "0s"
max_trips = 10
stale = "%v"
[contactor]
drive = %q
aux_no = %q
aux_nc = %q
hold = "%v"
[sound]
device = "none"
[library]
dir = %q
`
