package station

import (
	"context"
	"net"
	"time"

	"periph.io/x/conn/v3/i2c"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/command"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/antenna"
	"stationbox/hal/remote"
	"stationbox/hal/tuner"
)

// What the station has to do with its dish: it opens the ways to its sensors and motors,
// says which lesson comes by it, and lends the room to who aligns it.

// openDish opens nothing yet. losses are those of the journal.
func (st *Station) openDish(losses *antenna.LossBook) {
	needs := antenna.Needs{Doors: st.doors.dish(), Faults: st.faults, Put: st.scribe.put, Log: st.log, Now: st.now, Tick: st.tick,
		Clock: func() clock.Level { return st.clock.Status().Level }, Taker: st.clock, Losses: losses, Zone: st.zone}
	st.dish = antenna.OpenMeter(st.cfg, needs)
	st.rotator = antenna.OpenRotator(st.cfg, needs, st.dish)
}

// tvName is the television among the displays: a projector's lamp is not struck for a
// meter.
const tvName = "tv"

// openAligner lets people align the dish; without sensors it says why not.
func (st *Station) openAligner() func() bool {
	o := antenna.AlignerOpts{Rotator: st.rotator, Busy: func() bool { return st.showing.busy() }, Words: st.words, Log: st.log}
	if st.speakers.room != nil {
		o.Voice = st.speakers.room
	}
	if st.easel != nil {
		o.Show = st.easel.meter
	}
	st.aligner = antenna.NewAligner(st.dish, o)
	return st.aligner.Active
}

// lit says whether a display is on for the alignment of the dish: the television, between
// lessons.
func (s *showing) lit(sc screen, ord lesson.Orders) bool {
	return sc.name == tvName && s.aligns != nil && s.aligns() && (ord.Phase == lesson.Idle || ord.Phase == lesson.Done)
}

// alignWithin runs "dish align" for who talks through env.Talk.
func (st *Station) alignWithin(ctx context.Context, env *command.Env, ask command.AlignAsk) (command.Result, error) {
	if st.dish == nil {
		return command.Result{}, env.Failed("cmd.dish.no_sensors")
	}
	return st.aligner.Converse(ctx, env, ask)
}

// ofDish is a command without arguments that asks the sensors of the dish.
func (st *Station) ofDish(run func(*antenna.Meter, *command.Env) (command.Result, error)) func(context.Context, *command.Env, []string) (command.Result, error) {
	return func(_ context.Context, env *command.Env, args []string) (command.Result, error) {
		switch {
		case len(args) > 0:
			return command.Result{}, env.Misused("cmd.too_many", "got", args[0])
		case st == nil:
			return command.Result{}, env.Failed("cmd.not_running")
		case st.dish == nil:
			return command.Result{}, env.Failed("cmd.dish.no_sensors")
		}
		return run(st.dish, env)
	}
}

// motors turn the dish for the commands; outside the running station there are none.
func (st *Station) motors() antenna.Motors {
	if st == nil {
		return antenna.Motors{}
	}
	return antenna.Motors{Running: true, Rotator: st.rotator}
}

const (
	// satAhead is how long before its lesson a channel is tuned to and watched over.
	satAhead = 30 * time.Minute
	satEvery = 2 * time.Second
	sunEvery = 24 * time.Hour
)

// watchSatellite tells the owner of the receiver which lesson is next, until ctx ends.
func (st *Station) watchSatellite(ctx context.Context) error {
	defer st.dish.Want(antenna.Lesson{})
	tick := time.NewTicker(satEvery)
	defer tick.Stop()
	var foretold time.Time
	for {
		now := st.now()
		if st.clock.Status().Level == clock.Good && now.Sub(foretold).Abs() >= sunEvery {
			foretold = now
			suns, _ := antenna.Outages("", st.cfg, now) // station check tells what is wrong
			st.dish.Foretell(suns)
		}
		o, phase, _ := st.showing.glance()
		st.dish.Want(antenna.NextLesson(st.cfg.Dish, o, phase, func() []firmware.Occasion { return st.ahead(now) }))
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// ahead are the lessons of the next half hour, by a clock that is trusted.
func (st *Station) ahead(now time.Time) []firmware.Occasion {
	if st.clock.Plan().Mode != clock.ByClock {
		return nil
	}
	return st.agenda.Between(now, now.Add(satAhead))
}

// dish are the doors to the sensors and motors of the dish.
func (d *Doors) dish() antenna.Doors {
	return antenna.Doors{Receiver: d.receiver, Serial: d.serial, Bus: d.i2c, Connect: d.connect, Listen: d.socket}
}

func (d *Doors) receiver(adapter string, o tuner.Opts) *tuner.Tuner {
	if d.Tuner != nil {
		return tuner.New(d.Tuner, adapter, o)
	}
	if _, far := remote.Path(adapter); far {
		return tuner.New(farFile, adapter, o)
	}
	return tuner.Open(adapter, o)
}

// farFile opens a device file behind a socket.
func farFile(name string) (tuner.Kernel, error) {
	f, err := remote.Open(name)
	if err != nil {
		return nil, err // not a nil file
	}
	return f, nil
}

// i2c returns a bus and what closes it.
func (d *Doors) i2c(name string) (i2c.Bus, func() error) {
	if d.I2C != nil {
		return d.I2C(name), func() error { return nil }
	}
	if _, far := remote.Path(name); far {
		bus := remote.NewBus(name)
		return bus, bus.Close
	}
	bus := &i2cBus{name: name}
	return bus, bus.Close
}

// connect reaches another program over the network.
func (d *Doors) connect(ctx context.Context, address string) (net.Conn, error) {
	if d.Dial != nil {
		return d.Dial(ctx, "tcp", address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

// socket opens the address at which other programs turn the dish.
func (d *Doors) socket(address string) (net.Listener, error) {
	if d.Listen != nil {
		return d.Listen(address)
	}
	return net.Listen("tcp", address)
}
