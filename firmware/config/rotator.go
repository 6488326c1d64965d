package config

import (
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Rotator is what turns the dish by motors.
type Rotator struct {
	Driver       string   `toml:"driver"`  // "rotctld", "diseqc" or "" for none
	Address      string   `toml:"address"` // of rotctld, host:port
	MinAzimuth   Degrees  `toml:"min_azimuth"`
	MaxAzimuth   Degrees  `toml:"max_azimuth"`
	MinElevation Degrees  `toml:"min_elevation"`
	MaxElevation Degrees  `toml:"max_elevation"`
	Reach        Degrees  `toml:"reach"` // of diseqc, to either side of the meridian
	Tolerance    Degrees  `toml:"tolerance"`
	Backlash     Degrees  `toml:"backlash"`
	MoveTime     Duration `toml:"move_time"`
	Listen       string   `toml:"listen"` // address of our own rotctld; "" for none
}

// rotator checks the motors of the dish.
func (c *checker) rotator() {
	r := c.cfg.Dish.Rotator
	c.choice("dish.rotator.driver", r.Driver, "rotctld", "diseqc", "")
	c.floats("dish.rotator.min_azimuth", float64(r.MinAzimuth), -180, 450)
	c.floats("dish.rotator.max_azimuth", float64(r.MaxAzimuth), float64(r.MinAzimuth)+1, 450)
	c.floats("dish.rotator.min_elevation", float64(r.MinElevation), -10, 90)
	c.floats("dish.rotator.max_elevation", float64(r.MaxElevation), float64(r.MinElevation)+1, 180)
	c.floats("dish.rotator.reach", float64(r.Reach), 1, 85)
	c.floats("dish.rotator.tolerance", float64(r.Tolerance), 0.02, 5)
	c.floats("dish.rotator.backlash", float64(r.Backlash), 0, 5)
	c.times("dish.rotator.move_time", r.MoveTime, 10*time.Second, 15*time.Minute)
	switch r.Driver {
	case "rotctld":
		c.rotctld()
	case "diseqc":
		c.positioner()
	}
	if r.Listen != "" {
		c.rotatorFace()
	}
}

// rotctld checks where it is.
func (c *checker) rotctld() {
	address := c.cfg.Dish.Rotator.Address
	if !c.required("dish.rotator.address", address, "127.0.0.1:4533") {
		return
	}
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || !portNumber(port) {
		c.bad("dish.rotator.address", say("config.rotator_address", "got", strconv.Quote(address)), say("config.rotator_address.hint"))
	}
}

// positioner checks that there is a cable with voltage for it.
func (c *checker) positioner() {
	if t := c.cfg.Dish.Tuner; t.Adapter == "" || !t.Powered {
		c.bad("dish.rotator.driver", say("config.rotator_cable"), say("config.rotator_cable.hint"))
	}
}

// rotatorFace checks where others may turn the dish: it has no password.
func (c *checker) rotatorFace() {
	r := c.cfg.Dish.Rotator
	if r.Driver == "diseqc" || r.Driver == "" { // a positioner has neither azimuth nor elevation
		c.bad("dish.rotator.listen", say("config.rotator_face", "got", strconv.Quote(r.Driver)), say("config.rotator_face.hint"))
		return
	}
	host, port, err := net.SplitHostPort(r.Listen)
	addr, addrErr := netip.ParseAddr(host)
	if err != nil || addrErr != nil || !portNumber(port) {
		c.bad("dish.rotator.listen", say("config.rotator_listen", "got", strconv.Quote(r.Listen)), say("config.rotator_listen.hint"))
		return
	}
	if !addr.IsLoopback() {
		c.remark("dish.rotator.listen", say("config.rotator_open", "got", strconv.Quote(r.Listen)), say("config.rotator_open.hint"))
	}
}

func portNumber(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535
}
