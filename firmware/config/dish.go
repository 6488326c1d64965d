package config

import (
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
)

// Degrees is an angle of the file.
type Degrees float64

// Metres is a length of the file.
type Metres float64

// Gigahertz is a frequency of the file.
type Gigahertz float64

// Dish is where the dish stands, what it looks at and how large it is. A station
// without this section has none.
type Dish struct {
	Latitude   Degrees   `toml:"latitude"`  // north positive
	Longitude  Degrees   `toml:"longitude"` // east positive
	Height     Metres    `toml:"height"`    // above the sea
	Satellite  string    `toml:"satellite"` // a name of the list of satellites, or a position such as "115.5E"
	Satellites string    `toml:"satellites"`
	Diameter   Metres    `toml:"diameter"`
	Band       string    `toml:"band"`      // "ku" (default) or "c"
	Frequency  Gigahertz `toml:"frequency"` // of the channel, from the satellite; 0: see Channel
	Offset     Degrees   `toml:"offset"`    // by which the rim of an offset dish leans back less than the beam

	Tuner   Tuner   `toml:"tuner"`
	Incline Incline `toml:"incline"`
	Compass Compass `toml:"compass"`
	Rotator Rotator `toml:"rotator"`

	// Channels are what lessons may come from besides the tuner's transponder.
	Channels []DishChannel `toml:"channel"`

	target Satellite
	list   *SatelliteList
}

// Set says whether there is a dish; a list of channels alone is none.
func (d Dish) Set() bool {
	d.target, d.list, d.Channels = Satellite{}, nil, nil
	return !reflect.DeepEqual(d, Default().Dish)
}

// Target returns the satellite of a correct configuration.
func (d Dish) Target() Satellite { return d.target }

// List returns the satellites to choose from.
func (d Dish) List() SatelliteList {
	if d.list == nil {
		return Satellites()
	}
	return *d.list
}

// Channel returns the frequency to reckon with: that of the channel or, without one,
// the lowest of the band, where the beam is widest and a sun outage the longest.
func (d Dish) Channel() Gigahertz {
	switch {
	case d.Frequency > 0:
		return d.Frequency
	case d.Band == "c":
		return 3.4
	}
	return 10.7
}

func (c *checker) dish() {
	d := &c.cfg.Dish
	if !d.Set() {
		return
	}
	c.present("dish.latitude", "36.651")
	c.present("dish.longitude", "117.120")
	c.present("dish.diameter", "1.2")
	if math.Abs(float64(d.Latitude)) > 90 && math.Abs(float64(d.Longitude)) <= 90 {
		c.bad("dish.latitude", say("config.range", "got", d.Latitude, "low", -90, "high", 90), say("config.swapped"))
	}
	c.floats("dish.latitude", float64(d.Latitude), -90, 90)
	c.floats("dish.longitude", float64(d.Longitude), -180, 180)
	c.floats("dish.height", float64(d.Height), -500, 9000)
	if c.has("dish.diameter") {
		c.floats("dish.diameter", float64(d.Diameter), 0.3, 20)
	}
	c.choice("dish.band", d.Band, "ku", "c")
	if d.Frequency != 0 {
		c.floats("dish.frequency", float64(d.Frequency), 1, 50)
	}
	c.floats("dish.offset", float64(d.Offset), 0, 60)
	c.target()
	c.tuner()
	c.channels()
	c.incline()
	c.compass()
	c.rotator()
}

// present reports a number that is missing; example is what to write.
func (c *checker) present(key, example string) {
	if !c.has(key) && !c.lost(key) {
		i := strings.LastIndexByte(key, '.')
		c.bad(key, say("config.required"), say("config.required.hint", "section", key[:i], "want", key[i+1:]+" = "+example))
	}
}

func (c *checker) floats(key string, v, low, high float64) {
	if !(v >= low && v <= high) {
		c.bad(key, say("config.range", "got", v, "low", low, "high", high), phrase{})
	}
}

// target finds the satellite in the list, or reads its position.
func (c *checker) target() {
	d := &c.cfg.Dish
	list, ok := c.satellites()
	if !c.required("dish.satellite", d.Satellite, "ChinaSat 6B") || !ok {
		return
	}
	d.list = &list
	if d.target, ok = list.Find(d.Satellite); ok {
		return
	}
	hint := say("config.satellite.hint", "list", strings.Join(list.Names(), ", "))
	if near := nearest(d.Satellite, list.Names()); near != "" {
		hint = say("config.did_you_mean", "want", strconv.Quote(near))
	}
	c.bad("dish.satellite", say("config.satellite", "got", strconv.Quote(d.Satellite)), hint)
}

// satellites reads the list that the configuration names, or the one of the program.
func (c *checker) satellites() (SatelliteList, bool) {
	path := &c.cfg.Dish.Satellites
	if *path == "" {
		return Satellites(), true
	}
	c.abs(path)
	info, err := os.Stat(*path)
	if err == nil && info.Size() > mostSatelliteFile {
		c.bad("dish.satellites", say("config.file_large", "got", *path), phrase{})
		return SatelliteList{}, false
	}
	data, err := os.ReadFile(*path)
	if err != nil {
		c.bad("dish.satellites", say("config.no_file", "got", *path), say("config.no_file.hint"))
		return SatelliteList{}, false
	}
	list, found := ParseSatellites(data)
	for _, p := range found {
		c.bad("dish.satellites", say("config.in_file", "file", *path, "what", p.String()), phrase{})
		return SatelliteList{}, false
	}
	return list, true
}
