package config

import (
	"regexp"
	"strconv"
	"strings"
)

// Megahertz is a frequency of the file.
type Megahertz float64

// Tuner is the receiver that watches the dish. It stays on one transponder.
type Tuner struct {
	Adapter      string    `toml:"adapter"`       // "/dev/dvb/adapter0", "unix:PATH/adapter0", or "" for none
	Frequency    Megahertz `toml:"frequency_mhz"` // from the satellite
	SymbolRate   int       `toml:"symbol_rate"`   // thousand symbols a second
	Polarization string    `toml:"polarization"`  // "h", "v", "l" or "r"
	System       string    `toml:"system"`        // "dvb-s" (default) or "dvb-s2"
	LNB          string    `toml:"lnb"`           // "universal", or an oscillator in MHz; "": by the band
	SwitchPort   int       `toml:"switch_port"`   // DiSEqC, 1 to 4; 0: none
	Powered      bool      `toml:"powered"`       // feeds the LNB; default true
}

// Incline is the inclinometer on the dish.
type Incline struct {
	Port    string  `toml:"port"`    // "" for none
	Kind    string  `toml:"kind"`    // "serial" (default) or "modbus"
	Address int     `toml:"address"` // of a Modbus slave, default 80
	Raise   string  `toml:"raise"`   // "pitch" (default) or "roll": what changes when the dish is raised
	Down    bool    `toml:"down"`    // it falls when the dish is raised
	Zero    Degrees `toml:"zero"`    // added, besides the offset of the dish
}

// Compass is the magnetic chip on the dish.
type Compass struct {
	Bus  string  `toml:"bus"`  // I²C, a number or "unix:PATH"; "" for none
	Chip string  `toml:"chip"` // "": whichever answers
	Axes string  `toml:"axes"` // of the chip: forward, right, down
	Turn Degrees `toml:"turn"` // added to the heading
}

// Directions returns the three axes of a correct configuration: forward, right, down.
func (c Compass) Directions() [3]string {
	var out [3]string
	copy(out[:], strings.Fields(c.Axes))
	return out
}

// Oscillators returns those of the LNB: one, or those of a universal LNB's two bands.
// It is empty for an LNB that cannot be.
func (d Dish) Oscillators() []Megahertz {
	lnb := d.Tuner.LNB
	if lnb == "" {
		lnb = "universal"
		if d.Band == "c" {
			lnb = "5150"
		}
	}
	if lnb == "universal" {
		return []Megahertz{9750, 10600}
	}
	if v, err := strconv.ParseFloat(lnb, 64); err == nil && v >= 1000 && v <= 25000 {
		return []Megahertz{Megahertz(v)}
	}
	return nil
}

// Cable returns where the transponder comes out of the LNB.
func (d Dish) Cable() Megahertz { return d.cableOf(d.Tuner.Frequency) }

// universalBorder is from where a universal LNB wants its upper band.
const universalBorder = 11700

// Limits of what goes over the cable, and of what is sent.
const (
	cableLow, cableHigh = 950, 2150
	slowRate, fastRate  = 100, 60_000 // thousand symbols a second
)

func (c *checker) tuner() {
	d := &c.cfg.Dish
	t := d.Tuner
	c.choice("dish.tuner.system", t.System, "dvb-s", "dvb-s2")
	c.ints("dish.tuner.switch_port", t.SwitchPort, 0, 4)
	if len(d.Oscillators()) == 0 {
		c.bad("dish.tuner.lnb", say("config.lnb", "got", strconv.Quote(t.LNB)), say("config.lnb.hint"))
	}
	if t.Adapter == "" {
		return
	}
	if !regexp.MustCompile(`^(unix:)?/.*adapter[0-9]+$`).MatchString(t.Adapter) {
		c.bad("dish.tuner.adapter", say("config.adapter", "got", strconv.Quote(t.Adapter)), say("config.adapter.hint"))
	}
	c.present("dish.tuner.frequency_mhz", "12500")
	c.carrier("dish.tuner", t.Frequency, t.SymbolRate, t.Polarization, t.System)
}

// rate checks a symbol rate; who wrote symbols is told that thousands are meant.
func (c *checker) rate(key string, v int) {
	hint := phrase{}
	if v/1000 >= slowRate && v/1000 <= fastRate {
		hint = say("config.write", "want", v/1000)
	}
	if v < slowRate || v > fastRate {
		c.bad(key, say("config.range", "got", v, "low", slowRate, "high", fastRate), hint)
	}
}

func (c *checker) incline() {
	n := c.cfg.Dish.Incline
	c.choice("dish.incline.kind", n.Kind, "serial", "modbus")
	c.choice("dish.incline.raise", n.Raise, "pitch", "roll")
	c.ints("dish.incline.address", n.Address, 1, 247)
	c.floats("dish.incline.zero", float64(n.Zero), -90, 90)
}

func (c *checker) compass() {
	m := c.cfg.Dish.Compass
	c.choice("dish.compass.chip", m.Chip, "qmc5883l", "hmc5883l", "qmc5883p", "")
	c.floats("dish.compass.turn", float64(m.Turn), -180, 180)
	if !rightHanded(m.Axes) {
		c.bad("dish.compass.axes", say("config.axes", "got", strconv.Quote(m.Axes)), say("config.axes.hint"))
	}
}

// rightHanded says whether s names each axis of a chip once, as only a mirror would not
// have to: forward, right and down are right-handed, as the chip's own are.
func rightHanded(s string) bool {
	words := strings.Fields(s)
	if len(words) != 3 {
		return false
	}
	sign, order := 1, ""
	for _, w := range words {
		if !regexp.MustCompile(`^[+-][xyz]$`).MatchString(w) {
			return false
		}
		if w[0] == '-' {
			sign = -sign
		}
		order += w[1:]
	}
	even := strings.Contains("xyzxy", order)
	odd := strings.Contains("zyxzy", order)
	return even && sign > 0 || odd && sign < 0
}
