package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// DishChannel is a programme of the dish's satellite that lessons come from. Without a
// frequency of its own it is on the transponder of the tuner.
type DishChannel struct {
	Name         string    `toml:"name"` // not digits alone; unique
	Frequency    Megahertz `toml:"frequency_mhz"`
	SymbolRate   int       `toml:"symbol_rate"`
	Polarization string    `toml:"polarization"`
	System       string    `toml:"system"`
	Service      int       `toml:"service"` // service id; 0: the first of the transponder
}

// dvbScheme begins the address of a lesson that comes by the station's own dish.
const dvbScheme = "dvb:"

// DishAddress says whether a live address is a channel of the station's own dish, and what
// is written there: nothing for the first programme of the tuner's transponder, digits for
// the service of that id on it, else a name of a DishChannel.
func DishAddress(url string) (channel string, ok bool) { return strings.CutPrefix(url, dvbScheme) }

// Received returns the channel that a DishAddress names, with the transponder that it is
// on. It is false for a name that is not in the configuration, and for a service id that
// is none.
func (d Dish) Received(channel string) (DishChannel, bool) {
	own := DishChannel{Frequency: d.Tuner.Frequency, SymbolRate: d.Tuner.SymbolRate, Polarization: d.Tuner.Polarization, System: d.Tuner.System}
	if channel == "" {
		return own, true
	}
	if onlyDigits(channel) {
		n, err := strconv.ParseUint(channel, 10, 16)
		own.Service = int(n)
		return own, err == nil && n > 0
	}
	for _, c := range d.Channels {
		if !strings.EqualFold(c.Name, channel) {
			continue
		}
		if c.Frequency == 0 {
			own.Name, own.Service = c.Name, c.Service
			return own, true
		}
		return c, true
	}
	return DishChannel{}, false
}

func onlyDigits(s string) bool { return regexp.MustCompile(`^[0-9]+$`).MatchString(s) }

// cableOf returns where the frequency f comes out of the LNB.
func (d Dish) cableOf(f Megahertz) Megahertz {
	list := d.Oscillators()
	switch {
	case len(list) == 0:
		return 0
	case len(list) == 2 && f >= universalBorder:
		return Megahertz(math.Abs(float64(f - list[1])))
	}
	return Megahertz(math.Abs(float64(f - list[0])))
}

// mostChannels bounds the channels of a dish.
const mostChannels = 64

func (c *checker) channels() {
	list := c.cfg.Dish.Channels
	c.ints("dish.channel", len(list), 0, mostChannels)
	lines := map[string]int{}
	for i, ch := range list {
		key := row("dish.channel", i)
		if !c.required(key+".name", ch.Name, "cetv") {
			continue
		}
		name := strings.ToLower(ch.Name)
		switch line := lines[name]; {
		case onlyDigits(name):
			c.bad(key+".name", say("config.channel_digits", "got", strconv.Quote(ch.Name)), say("config.channel_digits.hint"))
		case line > 0:
			c.bad(key+".name", say("config.id_twice", "got", strconv.Quote(ch.Name), "line", line), say("config.id_twice.hint"))
		}
		lines[name] = c.at(key + ".name")
		c.ints(key+".service", ch.Service, 0, 65535)
		if c.has(key+".frequency_mhz") && ch.Frequency != 0 {
			c.carrier(key, ch.Frequency, ch.SymbolRate, ch.Polarization, ch.System)
			continue
		}
		if ch.SymbolRate != 0 || ch.Polarization != "" { // half a transponder is not the tuner's
			c.present(key+".frequency_mhz", "12500")
		}
	}
}

// carrier checks where a transponder is; key is its section.
func (c *checker) carrier(key string, f Megahertz, rate int, polarization, system string) {
	d := c.cfg.Dish
	c.choice(key+".system", system, "dvb-s", "dvb-s2")
	c.present(key+".symbol_rate", "43200")
	if c.required(key+".polarization", polarization, "h") {
		c.choice(key+".polarization", polarization, "h", "v", "l", "r")
	}
	if c.has(key + ".symbol_rate") {
		c.rate(key+".symbol_rate", rate)
	}
	if out := d.cableOf(f); c.has(key+".frequency_mhz") && len(d.Oscillators()) > 0 && !(out >= cableLow && out <= cableHigh) {
		c.bad(key+".frequency_mhz", say("config.cable", "got", f, "out", out, "low", cableLow, "high", cableHigh), say("config.cable.hint"))
	}
}

// dishURL checks the address of a lesson that comes by the dish.
func (c *checker) dishURL(key, channel string) {
	d := c.cfg.Dish
	switch _, known := d.Received(channel); {
	case d.Tuner.Adapter == "" && !c.lost("dish.tuner.adapter"):
		c.bad(key, say("config.dvb_tuner"), say("config.dvb_tuner.hint"))
	case known:
	case onlyDigits(channel):
		c.bad(key, say("config.range", "got", channel, "low", 1, "high", 65535), say("config.live_url.hint"))
	default:
		c.bad(key, say("config.dvb_channel", "got", strconv.Quote(channel)), c.channelMeant(channel))
	}
}

func (c *checker) channelMeant(channel string) phrase {
	var names []string
	for _, ch := range c.cfg.Dish.Channels {
		names = append(names, ch.Name)
	}
	switch near := nearest(channel, names); {
	case near != "":
		return say("config.did_you_mean", "want", strconv.Quote(dvbScheme+near))
	case len(names) > 0:
		return say("config.allowed", "list", strings.Join(names, ", "))
	}
	return say("config.dvb_channel.hint")
}
