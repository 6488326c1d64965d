package config

import (
	"regexp"
	"strconv"
	"time"
)

// setDefaults fills the defaults of a Config or of one row before the file is
// read over it.
func setDefaults(v any) {
	switch v := v.(type) {
	case *Config:
		*v = Default()
	case *Outlet:
		*v = DefaultOutlet()
	case *Entry:
		*v = DefaultEntry()
	case *DishChannel:
		v.System = Default().Dish.Tuner.System
	}
}

// DefaultOutlet returns a load with the defaults of its keys.
func DefaultOutlet() Outlet {
	return Outlet{
		OnDelay: seconds(2), StandbyMA: 100,
		Operate: Duration(8 * time.Millisecond), Release: Duration(4 * time.Millisecond),
	}
}

// DefaultEntry returns a row of the schedule with the defaults of its keys.
func DefaultEntry() Entry { return Entry{Every: 1, Holiday: "play", Kind: "study", Counts: true} }

func seconds(n int) Duration { return Duration(time.Duration(n) * time.Second) }

// Default returns a configuration with the defaults of all keys; what has none is
// empty.
func Default() Config {
	return Config{
		Station: Station{
			Zone: "Asia/Shanghai", Language: "zh",
			StateDir: "/var/lib/stationbox", RunDir: "/run/stationbox",
		},
		GPIO:  GPIO{Chip: "/dev/gpiochip0"},
		Mains: Mains{Baud: 460800, FullScale: 800},
		Meter: Meter{Address: 248},
		Guard: Guard{
			GoodLow: 190, GoodHigh: 250, GoodTime: seconds(60), MinOff: seconds(60),
			MaxTrips: 5, Stale: Duration(100 * time.Millisecond), Arrester: "tell",
		},
		Contactor: Contactor{MoveTime: Duration(300 * time.Millisecond), Hold: Duration(136 * time.Millisecond)},
		Projector: Projector{Input: "31", WarmUp: seconds(45), CoolDown: seconds(120)},
		TV:        TV{SetID: 1, Input: "hdmi1", WarmUp: seconds(15)},
		Panel:     Panel{Bus: "1"},
		Player:    Player{Program: "mpv", Video: "drm", Audio: "auto"},
		Sound:     Sound{Device: "default", Calls: "room"},
		Console:   Console{Baud: 115200},
		Clock: Clock{
			RTC: "/dev/rtc0", Untrusted: "wait", RelativeAfter: seconds(30 * 60), Need: seconds(5 * 60),
		},
		Exercise: Exercise{Every: seconds(7 * 24 * 3600), For: seconds(20 * 60), At: "10:00"},
		Library:  Library{Dir: "/var/lib/stationbox/lessons", Board: "pi4", Reserve: 1024, KeepDays: 30},
		Calendar: Calendar{Holidays: "china", Target: 245, MakeUpFrom: "08:00", MakeUpUntil: "22:00"},
		Dish: Dish{
			Band:    "ku",
			Tuner:   Tuner{System: "dvb-s", Powered: true},
			Incline: Incline{Kind: "serial", Address: 80, Raise: "pitch"},
			Compass: Compass{Axes: "+x +y +z"},
			Rotator: Rotator{MaxAzimuth: 360, MaxElevation: 90, Reach: 65, Tolerance: 0.2, Backlash: 0.3, MoveTime: seconds(180)},
		},
		Lesson: Lesson{
			ReadyBefore: seconds(30 * 60), BellBefore: seconds(5 * 60),
			WarmMargin: seconds(30), LateLimit: seconds(15 * 60),
		},
	}
}

// late fills the defaults that depend on other keys.
func (c *checker) late() {
	cfg := c.cfg
	if cfg.Station.Name == "" {
		cfg.Station.Name = cfg.Station.ID
	}
	if p := &cfg.Panel; p.Kind == "" && len(p.Rows)+len(p.Cols) > 0 {
		p.Kind = "matrix"
	}
	for i := range cfg.Loads {
		l := &cfg.Loads[i]
		if l.Lamp && !c.has(row("load", i)+".cool_time") {
			l.CoolTime = seconds(90)
		}
	}
	if !c.has("guard.slot") {
		c.slot()
	}
}

// slot spreads the villages of a town that all get mains back in the same
// moment: each has ten seconds, in which the usual four loads follow the contactor,
// before the next begins. A station without a number takes a moment by chance.
func (c *checker) slot() {
	cfg := c.cfg
	digits := regexp.MustCompile(`[0-9]{1,9}$`).FindString(cfg.Station.ID)
	number, err := strconv.Atoi(digits)
	if err != nil {
		cfg.Guard.RandomSlot = true
		return
	}
	cfg.Guard.Slot = Duration(time.Duration(number%slotVillages) * slotTurn)
}

// A town has some 29 villages; numbers beyond 60 begin anew, so that nobody waits
// for longer than some minutes.
const (
	slotVillages = 60
	slotTurn     = 10 * time.Second
)
