package village

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/firmware/config"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/scenario"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// Where the village is: a field south of Jinan. The magnetic field there is that of
// WMM2025 for November 2026.
const (
	siteLatitude, siteLongitude, siteHeight = 36.6512, 117.1201, 30
	siteDeclination, siteDip, siteField     = -6.97, 55.42, 53.14
)

// The dish and the transponder that it stays on. 70 wavelengths by the diameter is the
// beam.
const (
	dishDiameter = 1.2
	dishMHz      = 12500
	dishBeam     = 70 * 299.792458 / dishMHz / dishDiameter
	dishRate     = 27500 // thousand symbols a second
	dishOrbit    = 1220  // tenths of a degree east: what it is to look at
	dishPlay     = 0.05  // degrees of the mount
	adapterName  = "adapter0"
	busName      = "i2c-1"
)

// sky is what can be received, positions and names as of the station's own list of
// satellites. The neighbours use the same frequencies, so that a wrong one can be caught.
func sky() []world.Bird {
	var birds []world.Bird
	for i, s := range []struct {
		name    string
		orbit   int
		clear   float64
		service string
	}{
		{"亚洲9号", dishOrbit, 14, "远程教育"},
		{"中星6A", 1250, 13, "购物"},
		{"中星6B", 1155, 13.5, "综艺"},
	} {
		b := world.Bird{Orbit: s.orbit, Network: s.name, Carriers: []world.Carrier{{
			KHz: 1000 * dishMHz, Horizontal: true, Rate: 1000 * dishRate, ClearDB: s.clear, Stream: uint16(1 + i), Services: []string{s.service}}}}
		b.Azimuth, b.Elevation, b.Skew = world.Look(siteLatitude, siteLongitude, siteHeight, float64(s.orbit)/10)
		birds = append(birds, b)
	}
	return birds
}

// dishFar is the dish with what hangs on it.
type dishFar struct {
	world   *world.Dish
	card    *device.DVBCard
	incline *device.Incline
	compass *device.Compass
	servers []*wire.FileServer
}

// newDish returns a dish that somebody has aligned.
func (v *Village) newDish() *world.Dish {
	birds := sky()
	target := birds[0]
	return world.NewDish(world.DishOpts{
		Pose:  world.Pose{Azimuth: target.Azimuth, Elevation: target.Elevation},
		Birds: birds, Beam: dishBeam, Feed: target.Skew, Play: [2]float64{dishPlay, dishPlay},
		Declination: siteDeclination, Dip: siteDip, Field: siteField, Now: v.now,
	})
}

// plugInDish puts the sensors on the dish: the receiver's device files and the compass's
// bus behind sockets, as the pins are, the inclinometer on its line.
func (v *Village) plugInDish(f *far, line device.Port) error {
	d, seed := v.newDish(), uint64(v.o.Seed)
	f.dish = dishFar{
		world: d, card: device.NewDVBCard(d, device.DVBCardOpts{Now: v.now, Seed: seed}),
		incline: device.NewIncline(d, line, device.InclineOpts{Seed: seed}),
	}
	var err error
	if f.dish.compass, err = device.NewCompass(d, device.CompassOpts{Chip: v.cfg.Dish.Compass.Chip, TempC: 20, Seed: seed}); err != nil {
		return err
	}
	if err := os.MkdirAll(v.wirePath(adapterName), 0o755); err != nil {
		return fmt.Errorf("receiver: %w", err)
	}
	for _, name := range []string{"frontend0", "demux0", "dvr0"} {
		s, err := wire.ListenFile(filepath.Join(v.wirePath(adapterName), name), func() (wire.File, error) { return cardFile(f.dish.card.Open(name)) })
		if err != nil {
			return err
		}
		f.serve(s)
	}
	s, err := wire.ListenBus(v.wirePath(busName), f.dish.compass)
	if err != nil {
		return err
	}
	f.serve(s)
	return nil
}

// serve takes note of a server.
func (f *far) serve(s *wire.FileServer) {
	f.dish.servers = append(f.dish.servers, s)
	f.closers = append(f.closers, s.Close)
}

// cardFile keeps a nil file from becoming one that is not nil.
func cardFile(f *device.DVBFile, err error) (wire.File, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// unhang ends a fault of the receiver that nobody can wait for at the end.
func (f *far) unhang() {
	if f != nil && f.dish.card != nil {
		_ = f.dish.card.Fault("none") // it knows that one
	}
}

// dishConfig is the section of station.toml.
func (v *Village) dishConfig(d *config.Dish) {
	d.Latitude, d.Longitude, d.Height = siteLatitude, siteLongitude, siteHeight
	d.Satellite, d.Diameter, d.Band, d.Frequency = "AsiaSat 9", dishDiameter, "ku", dishMHz/1000.0
	d.Tuner.Adapter = "unix:" + v.wirePath(adapterName)
	d.Tuner.Frequency, d.Tuner.SymbolRate, d.Tuner.Polarization = dishMHz, dishRate, "h"
	d.Incline.Port = v.wirePath("incline")
	d.Compass.Bus, d.Compass.Chip = "unix:"+v.wirePath(busName), "qmc5883l"
}

// harmDish does to the dish what a script says.
func (v *Village) harmDish(do scenario.Action) {
	d := v.far.dish.world
	switch a := do.(type) {
	case scenario.Dish:
		p := d.Mount()
		p.Azimuth, p.Elevation = p.Azimuth+a.Right, p.Elevation+a.Up
		d.Turn(p)
		d.TurnFeed(a.Skew)
	case scenario.Weather:
		before := setWeather(d, a.What, a.Amount)
		v.later(a.For, func() { setWeather(d, a.What, before) })
	case scenario.Sink:
		d.Sink(a.Degrees, a.Toward)
	case scenario.Cable:
		d.Plug(a.In)
	}
}

// setWeather changes one of the kinds of weather and returns what it was.
func setWeather(d *world.Dish, what string, to float64) (before float64) {
	w := d.Weather()
	kind := map[string]*float64{"rain": &w.Rain, "tree": &w.Tree, "sun": &w.Sun, "wind": &w.Wind}[what]
	before, *kind = *kind, to
	d.SetWeather(w)
	return before
}

// checkFault says which faults people are told of now, and whether code is one of them.
func (v *Village) checkFault(code string) (is string, ok bool) {
	var now []FaultState
	if raw := part(v.answers.latest(v.now()), "faults"); raw != nil {
		read(raw, &now)
	}
	codes := make([]string, 0, len(now))
	for _, f := range now {
		codes = append(codes, f.Code)
	}
	return "[" + strings.Join(codes, " ") + "]", slices.Contains(codes, code)
}

// checkAnswer asks the station a command and looks for a text in what it says, whose
// quotation marks, which a script cannot write, and gaps do not count.
func (v *Village) checkAnswer(args []string) (is string, ok bool) {
	a, err := ask(v.socket(), v.words.Lang(), 3*time.Second, strings.Fields(args[0])...)
	if err != nil {
		return err.Error(), false
	}
	is = strings.Join(strings.Fields(strings.ReplaceAll(a.Text, `"`, "")), " ")
	return is, strings.Contains(is, args[1])
}

// reportDish says how the dish stands.
func (v *Village) reportDish(r *report.Report) {
	d := v.far.dish.world
	r.DishOffDeg = d.Snapshot().Birds[0].Off()
	if b, dB := hears(d); b != nil && b.Orbit == dishOrbit {
		r.DishCNRDB = round(dB, 100)
	}
	r.AlignKept = v.alignmentKept()
	v.aligned.mu.Lock()
	defer v.aligned.mu.Unlock()
	r.AlignMoves, r.AlignDone = v.aligned.moves, v.aligned.done
}
