package config

import "time"

// Clock says what the station does about the time.
type Clock struct {
	RTC           string   `toml:"rtc"`            // hardware clock, default "/dev/rtc0"; "" for none
	Untrusted     string   `toml:"untrusted"`      // without a trusted time: "wait" (default) or "relative"
	RelativeAfter Duration `toml:"relative_after"` // "relative": the next lesson begins so long after power-on, default 30m
	Need          Duration `toml:"need"`           // error up to which the schedule may run, default 5m
	SystemBound   Duration `toml:"system_bound"`   // take the kernel's clock for right within this; 0: only if it says so
}

func (c *checker) timekeeping() {
	k := c.cfg.Clock
	c.choice("clock.untrusted", k.Untrusted, "wait", "relative")
	c.times("clock.relative_after", k.RelativeAfter, 0, 24*time.Hour)
	c.times("clock.need", k.Need, time.Second, time.Hour)
	c.times("clock.system_bound", k.SystemBound, 0, time.Hour)
}
