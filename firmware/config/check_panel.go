package config

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// maxButtons is how many buttons a panel can have.
const maxButtons = 64

// maxSeats is how many places a room can have.
const maxSeats = 9999

func (c *checker) panel() {
	p := &c.cfg.Panel
	for _, list := range []*[]string{&p.Rows, &p.Cols, &p.Pins, &p.Expander} {
		if len(*list) == 0 {
			*list = nil // [] is as good as nothing
		}
	}
	c.choice("panel.kind", p.Kind, "matrix", "usb", "buttons", "one", "")
	if p.None() {
		c.remark("panel.kind", say("config.no_panel"), say("config.no_panel.hint"))
	}
	if p.Seats < 0 || p.Seats > maxSeats {
		c.bad("panel.seats", say("config.panel_seats", "got", p.Seats, "most", maxSeats), phrase{})
	}
	c.strangers()
	switch p.Kind {
	case "matrix":
		c.matrix()
	case "usb":
		if c.required("panel.device", p.Device, "/dev/input/by-id/…-event-kbd") {
			c.inputDevice("panel.device", p.Device)
		}
	case "one":
		c.count("panel.pins", len(p.Pins), 1)
	case "buttons":
		c.buttons()
	}
	if p.CardReader == "" {
		return
	}
	c.inputDevice("panel.card_reader", p.CardReader)
	if p.Kind == "usb" && strings.EqualFold(p.Device, p.CardReader) {
		c.bad("panel.card_reader", say("config.panel_same"), say("config.panel_same.hint"))
	}
}

func (c *checker) count(key string, got, want int) {
	if got != want {
		c.bad(key, say("config.pins_count", "want", want, "got", got), phrase{})
	}
}

// strangers are keys that the kind of panel has no use for.
func (c *checker) strangers() {
	p := c.cfg.Panel
	if c.used["panel.kind"] {
		return
	}
	for _, k := range []struct {
		key   string
		given bool
		kinds string
	}{
		{"rows", p.Rows != nil, "matrix"}, {"cols", p.Cols != nil, "matrix"}, {"device", p.Device != "", "usb"},
		{"pins", p.Pins != nil, "buttons one"}, {"expander", p.Expander != nil, "buttons matrix"},
	} {
		if k.given && (p.Kind == "" || !strings.Contains(k.kinds, p.Kind)) {
			c.bad("panel."+k.key, say("config.panel_other", "kind", strconv.Quote(p.Kind)), say("config.panel_other.hint"))
		}
	}
}

// inputDevice checks the name of an input device, as package evdev takes it.
func (c *checker) inputDevice(key, name string) {
	path := filepath.IsAbs(name) && filepath.Clean(name) == name
	switch {
	case len(name) > 200 || !path && !regexp.MustCompile(`^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}(/.+)?$`).MatchString(name):
		c.bad(key, say("config.panel_device", "got", strconv.Quote(name)), say("config.panel_device.hint"))
	case regexp.MustCompile(`^/dev/input/event[0-9]+$`).MatchString(name):
		c.remark(key, say("config.panel_event", "got", name), say("config.panel_device.hint"))
	}
}

// matrix checks where the 4×4 keys are.
func (c *checker) matrix() {
	p := c.cfg.Panel
	switch {
	case len(p.Expander) == 0:
		c.count("panel.rows", len(p.Rows), 4)
		c.count("panel.cols", len(p.Cols), 4)
	case len(p.Rows)+len(p.Cols) > 0:
		c.bad("panel.expander", say("config.panel_matrix_both"), say("config.panel_matrix_both.hint"))
	case len(p.Expander) > 1:
		c.bad("panel.expander", say("config.panel_matrix_chip", "got", len(p.Expander)), phrase{})
	default:
		c.chips()
	}
}

// buttons checks where single buttons are.
func (c *checker) buttons() {
	p := c.cfg.Panel
	if len(p.Pins) > 0 && len(p.Expander) > 0 {
		c.bad("panel.expander", say("config.panel_both"), say("config.panel_both.hint"))
		return
	}
	if len(p.Expander) == 0 {
		c.someButtons("panel.pins", len(p.Pins))
		return
	}
	if inputs, whole := c.chips(); whole {
		c.someButtons("panel.expander", inputs)
	}
}

// chips checks port expanders and their bus, and counts their contacts; whole is false
// when that cannot be told.
func (c *checker) chips() (inputs int, whole bool) {
	p := c.cfg.Panel
	c.required("panel.bus", p.Bus, "1")
	whole = true
	taken := map[string]bool{}
	for i, chip := range p.Expander {
		key := row("panel.expander", i)
		kind, addr, _ := strings.Cut(chip, ":")
		if !chipName.MatchString(chip) {
			whole = false
			c.bad(key, say("config.panel_chip", "got", strconv.Quote(chip)), say("config.panel_chip.hint"))
			continue
		}
		if taken[addr] {
			c.bad(key, say("config.panel_chip_twice", "got", addr), say("config.panel_chip_twice.hint"))
		}
		taken[addr] = true
		inputs += map[string]int{"mcp23017": 14, "pcf8574": 8}[kind]
	}
	return inputs, whole
}

// chipName is a port expander and its address: 20 to 27, of a PCF8574A 38 to 3f.
var chipName = regexp.MustCompile(`^(mcp23017:0x2[0-7]|pcf8574:0x(2[0-7]|3[89a-f]))$`)

func (c *checker) someButtons(key string, got int) {
	if got < 1 || got > maxButtons {
		c.bad(key, say("config.panel_buttons", "most", maxButtons, "got", got), phrase{})
	}
}

// busPins are the pins of a Raspberry Pi that its usual I2C bus takes.
func (p Panel) busPins(chip string) []use {
	if len(p.Expander) == 0 || p.Bus != "1" || chip != "/dev/gpiochip0" {
		return nil
	}
	return []use{{"panel.bus", "GPIO2"}, {"panel.bus", "GPIO3"}}
}
