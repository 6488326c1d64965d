package config

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func (c *checker) loads() {
	names, channels := map[string]int{}, map[int]int{}
	for i, l := range c.cfg.Loads {
		key := row("load", i)
		if c.required(key+".name", l.Name, "tv") {
			c.word(key+".name", l.Name)
		}
		if line := names[l.Name]; line > 0 && l.Name != "" {
			c.bad(key+".name", say("config.load_twice", "got", strconv.Quote(l.Name), "line", line), say("config.load_twice.hint"))
		}
		names[l.Name] = c.at(key + ".name")
		c.required(key+".relay", l.Relay, "GPIO17")
		c.ints(key+".channel", l.Channel, 0, 4)
		if line := channels[l.Channel]; line > 0 && l.Channel != 0 {
			c.bad(key+".channel", say("config.channel_twice", "got", l.Channel, "line", line), say("config.channel_twice.hint"))
		}
		channels[l.Channel] = c.at(key + ".channel")
		if l.Lamp && l.Channel == 0 {
			c.bad(key+".channel", say("config.lamp_channel"), say("config.lamp_channel.hint"))
		}
		c.times(key+".on_delay", l.OnDelay, 0, 5*time.Minute)
		c.times(key+".operate", l.Operate, 0, 100*time.Millisecond)
		c.times(key+".release", l.Release, 0, 100*time.Millisecond)
		c.ints(key+".standby_ma", l.StandbyMA, 1, 10000)
		c.times(key+".cool_time", l.CoolTime, 0, 30*time.Minute)
	}
}

// fedBy checks that a display names a load of the file.
func (c *checker) fedBy(key, name string) {
	if !c.required(key, name, "tv") {
		return
	}
	if _, ok := c.cfg.LoadNamed(name); ok {
		return
	}
	names := make([]string, 0, len(c.cfg.Loads))
	for _, l := range c.cfg.Loads {
		names = append(names, l.Name)
	}
	hint := phrase{}
	if near := nearest(name, names); near != "" {
		hint = say("config.did_you_mean", "want", strconv.Quote(near))
	} else if len(names) > 0 {
		hint = say("config.allowed", "list", strings.Join(names, ", "))
	}
	c.bad(key, say("config.no_load", "got", strconv.Quote(name)), hint)
}

// use is a place of the file that takes something there is only once.
type use struct{ key, value string }

func (c *checker) pins() {
	chip := c.cfg.GPIO.Chip
	if !strings.HasPrefix(chip, "/dev/") && (!strings.HasPrefix(chip, "unix:") || chip == "unix:") {
		c.bad("gpio.chip", say("config.chip", "got", strconv.Quote(chip)), say("config.chip.hint"))
	}
	if path, ok := strings.CutPrefix(chip, "unix:"); ok {
		c.abs(&path)
		c.cfg.GPIO.Chip = "unix:" + path
	}
	k := c.cfg.Contactor
	c.required("contactor.drive", k.Drive, "GPIO17")
	c.required("contactor.aux_no", k.AuxNO, "GPIO27")
	uses := []use{{"contactor.drive", k.Drive}, {"contactor.aux_no", k.AuxNO}, {"contactor.aux_nc", k.AuxNC},
		{"mains.present", c.cfg.Mains.Present}, {"ups.on_battery", c.cfg.UPS.OnBattery}, {"ups.low", c.cfg.UPS.Low}}
	for i, l := range c.cfg.Loads {
		uses = append(uses, use{row("load", i) + ".relay", l.Relay})
	}
	for i, p := range c.cfg.Panel.Rows {
		uses = append(uses, use{row("panel.rows", i), p})
	}
	for i, p := range c.cfg.Panel.Cols {
		uses = append(uses, use{row("panel.cols", i), p})
	}
	for i, p := range c.cfg.Panel.Pins {
		uses = append(uses, use{row("panel.pins", i), p})
	}
	uses = append(uses, c.cfg.Panel.busPins(chip)...)
	uses = append(uses, use{"panel.lamp", c.cfg.Panel.Lamp}, use{"panel.buzzer", c.cfg.Panel.Buzzer})
	first := map[string]string{}
	for _, u := range uses {
		c.pin(u, first)
	}
}

func (c *checker) pin(u use, first map[string]string) {
	if u.value == "" {
		return
	}
	m := regexp.MustCompile(`^GPIO(0|[1-9][0-9]{0,2})$`).FindStringSubmatch(u.value)
	if m == nil {
		c.bad(u.key, say("config.pin", "got", strconv.Quote(u.value)), pinHint(u.value))
		return
	}
	if other := first[u.value]; other != "" {
		c.bad(u.key, say("config.pin_twice", "got", u.value, "other", other, "line", c.at(other)), say("config.pin_twice.hint"))
		return
	}
	first[u.value] = u.key
	if c.cfg.GPIO.Chip != "/dev/gpiochip0" {
		return
	}
	switch n, _ := strconv.Atoi(m[1]); {
	case n < 2 || n > 27:
		c.remark(u.key, say("config.pin_header"), phrase{})
	case n < 9 && (u.key == "contactor.drive" || strings.HasSuffix(u.key, ".relay")):
		// GPIO0 to 8 are pulled up when the board starts: before any program of
		// ours runs, that may be "on".
		c.remark(u.key, say("config.pin_pulled_up", "got", u.value), say("config.pin_pulled_up.hint"))
	}
}

// pinHint guesses the pin out of "17", "gpio17", "BCM17", "GPIO 17".
func pinHint(got string) phrase {
	m := regexp.MustCompile(`^(?i:gpio|bcm|pin|io)?[ _-]?0*([0-9]{1,3})$`).FindStringSubmatch(strings.TrimSpace(got))
	if m == nil {
		return say("config.pin.hint")
	}
	return say("config.did_you_mean", "want", strconv.Quote("GPIO"+m[1]))
}

func (c *checker) ports() {
	first := map[string]string{}
	meter := c.cfg.Meter
	uses := []use{{"mains.port", c.cfg.Mains.Port}}
	if meter.Kind != "" {
		uses = append(uses, use{"meter.port", meter.Port})
	}
	for i, w := range c.cfg.TV.Ways() {
		uses = append(uses, use{wayKey("tv", i) + ".port", w.Port})
	}
	for i, w := range c.cfg.Projector.Ways() {
		uses = append(uses, use{wayKey("projector", i) + ".port", w.Port})
	}
	uses = append(uses, use{"console.port", c.cfg.Console.Port}, use{"dish.incline.port", c.cfg.Dish.Incline.Port})
	for _, u := range uses {
		if other := first[u.value]; other != "" && u.value != "" {
			c.bad(u.key, say("config.port_twice", "got", strconv.Quote(u.value), "other", other, "line", c.at(other)), say("config.port_twice.hint"))
		}
		first[u.value] = u.key
	}
}

func (c *checker) rest() {
	p := c.cfg.Player
	c.required("player.program", p.Program, "mpv")
	c.choice("player.video", p.Video, "drm", "gpu", "x11", "null")
	c.screenOf("player", Side{Video: p.Video, Display: p.Display, Device: p.Device, Connector: p.Connector, Mode: p.Mode, EDID: p.EDID})
	if s := c.cfg.Side; s.Video != "" {
		c.choice("side.video", s.Video, "drm", "gpu", "x11", "null")
		c.screenOf("side", s)
		if s.Video == "drm" && p.Video == "drm" && s.Device == p.Device {
			c.bad("side.device", say("config.side_device", "got", strconv.Quote(s.Device)), say("config.side_device.hint"))
		}
	}
	c.baud("console.baud", c.cfg.Console.Baud)
	c.exercise()
	c.timekeeping()
	c.page()
}

func (c *checker) exercise() {
	x := c.cfg.Exercise
	c.times("exercise.every", x.Every, 0, 90*24*time.Hour)
	c.times("exercise.for", x.For, time.Minute, 4*time.Hour)
	if _, ok := x.Clock(); !ok {
		c.bad("exercise.at", say("config.at", "got", strconv.Quote(x.At)), say("config.at.hint"))
	}
}

var (
	connectorName = regexp.MustCompile(`^[A-Za-z]+(-[A-Za-z]+)*-[0-9]+$`)
	modeName      = regexp.MustCompile(`^[0-9]{3,5}x[0-9]{3,5}(@[0-9]{2,3}(\.[0-9]{1,3})?)?$`)
)

// screenOf checks what is forced upon a display; section is where it stands.
func (c *checker) screenOf(section string, s Side) {
	for _, key := range []struct{ name, got string }{{"device", s.Device}, {"connector", s.Connector}, {"mode", s.Mode}, {"edid", s.EDID}} {
		if key.got != "" && s.Video != "drm" {
			c.bad(section+"."+key.name, say("config.drm_only", "got", strconv.Quote(s.Video)), phrase{})
		}
	}
	if s.Video == "x11" {
		c.required(section+".display", s.Display, ":0")
	}
	if s.Device != "" && !strings.HasPrefix(s.Device, "/dev/dri/") {
		c.bad(section+".device", say("config.card", "got", strconv.Quote(s.Device)), say("config.card.hint"))
	}
	if s.Connector != "" && !connectorName.MatchString(s.Connector) {
		c.bad(section+".connector", say("config.connector", "got", strconv.Quote(s.Connector)), say("config.connector.hint"))
	}
	if s.Mode != "" && !modeName.MatchString(s.Mode) {
		c.bad(section+".mode", say("config.mode", "got", strconv.Quote(s.Mode)), say("config.mode.hint"))
	}
	switch {
	case s.EDID == "":
	case s.Connector == "":
		c.bad(section+".edid", say("config.edid_where", "section", section), say("config.connector.hint"))
	case !modeName.MatchString(s.EDID) && !filepath.IsAbs(s.EDID):
		c.bad(section+".edid", say("config.edid", "got", strconv.Quote(s.EDID)), say("config.edid.hint"))
	}
}
