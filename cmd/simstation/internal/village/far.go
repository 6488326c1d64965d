package village

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// far is everything on the other end of the wires.
type far struct {
	world     *world.World
	pins      *wire.Pins
	frontend  *device.FrontEnd
	meter     *device.Meter
	projector *device.Projector
	tv        *device.TV
	panel     *device.Keypad
	lamp      *device.Output
	buzzer    *device.Output
	contactor *device.Contactor
	opto      device.Opto
	ups       device.UPS
	console   *device.Console
	dish      dishFar

	devices []device.Device
	closers []func() error // in the order of opening
}

// close takes the wires away, the newest first.
func (f *far) close() error {
	var errs []error
	for i := len(f.closers) - 1; i >= 0; i-- {
		errs = append(errs, f.closers[i]())
	}
	f.closers = nil
	return errors.Join(errs...)
}

// raiseFar builds world, wires and devices and lets them run.
func (v *Village) raiseFar() error {
	v.far = &far{world: v.newWorld()}
	if err := v.plugIn(v.far); err != nil {
		return fmt.Errorf("far ends: %w", err)
	}
	f := v.far
	f.devices = []device.Device{f.frontend, f.meter, f.projector, f.tv, f.panel, f.contactor, f.pins, f.opto, f.ups, f.dish.card, f.dish.incline, f.dish.compass}
	v.goRun("pin server", f.pins.Serve)
	for _, d := range []interface {
		device.Device
		Run(context.Context) error
	}{f.meter, f.projector, f.tv, f.panel, f.console, f.dish.incline} {
		v.goRun(d.Name(), d.Run)
	}
	for _, s := range f.dish.servers {
		v.goRun("dish", s.Serve)
	}
	v.goRun("world", v.runWorld)
	return nil
}

// runWorld moves the world in step with real time, and looks at the contacts
// after each step.
func (v *Village) runWorld(ctx context.Context) error {
	return v.far.world.Run(ctx, v.now, v.far.frontend.Tick, v.far.contactor.Tick, v.far.opto.Tick, v.far.ups.Tick, v.lookAtContacts)
}

func (v *Village) newWorld() *world.World {
	t := v.tuning
	o := world.Opts{
		Seed: uint64(v.o.Seed), Hold: 250 * time.Millisecond, Volts: t.Volts, THD: t.THD / 100,
		Projector: world.ProjectorOpts{WarmUp: t.WarmUp, CoolDown: t.CoolDown, Boot: time.Second, LampHours: t.LampHours, AutoOn: t.AutoOn},
		TV:        world.TVOpts{WarmUp: t.TVWarmUp, Boot: time.Second},
	}
	for _, l := range outlets() {
		o.Loads = append(o.Loads, world.Load{Name: l.name, Kind: l.kind, Amps: l.amps})
	}
	return world.New(o)
}

// plugIn opens the wires and puts the devices on their ends.
func (v *Village) plugIn(f *far) error {
	var err error
	pty := func(name string) *wire.PTY {
		if err != nil {
			return nil
		}
		var p *wire.PTY
		if p, err = wire.OpenPTY(v.wirePath(name)); err == nil {
			f.closers = append(f.closers, p.Close)
		}
		return p
	}
	frontend, meter, tv, console, incline := pty("frontend"), pty("meter"), pty("tv"), pty("console"), pty("incline")
	if err != nil {
		return err
	}
	tcp, err := wire.ListenTCP("127.0.0.1:0")
	if err != nil {
		return err
	}
	f.closers = append(f.closers, tcp.Close)
	v.cfg.Projector.Address = tcp.Addr().String()
	if f.pins, err = wire.ListenPins(v.wirePath("pins"), wire.PinOpts{Log: v.log}); err != nil {
		return err
	}
	f.closers = append(f.closers, f.pins.Close)
	f.frontend = device.NewFrontEnd(f.world, frontend, device.FrontEndOpts{FullScale: v.cfg.Mains.FullScale})
	f.meter = device.NewMeter(f.world, meter, device.MeterOpts{Address: 1})
	f.projector = device.NewProjector(f.world, tcp, device.ProjectorOpts{Password: v.cfg.Projector.Password, Name: "XGA-2100", Class2: true, Notify: true})
	f.tv = device.NewTV(f.world, tv, device.TVOpts{SetID: v.cfg.TV.SetID, MuteInStandby: v.tuning.MuteTV})
	f.console = device.NewConsole(console)
	v.plugInPins(f)
	return v.plugInDish(f, incline)
}

func (v *Village) plugInPins(f *far) {
	f.opto = device.NewOpto(f.world, f.pins, pinPresent)
	f.ups = device.NewUPS(f.world, f.pins, pinBattery, pinLow)
	f.panel = device.NewKeypad(f.pins, device.KeypadOpts{Rows: panelRows(), Cols: panelCols(), Seed: uint64(v.o.Seed)})
	f.lamp = device.NewOutput(f.pins, "lamp", pinLamp)
	f.buzzer = device.NewOutput(f.pins, "buzzer", pinBuzzer)
	var relays []string
	for _, l := range outlets() {
		relays = append(relays, l.relay)
	}
	f.contactor = device.NewContactor(f.world, f.pins, device.ContactorOpts{Drive: pinDrive, AuxNO: pinAuxNO, AuxNC: pinAuxNC, Relays: relays})
}

// device returns the device of that name, or nil.
func (f *far) device(name string) device.Device {
	for _, d := range f.devices {
		if d.Name() == name {
			return d
		}
	}
	return nil
}
