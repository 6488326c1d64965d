package config

import "time"

// setDefaults fills the defaults of a Config or of one row before the file is
// read over it.
func setDefaults(v any) {
	switch v := v.(type) {
	case *Config:
		*v = defaults()
	case *Outlet:
		v.OnDelay, v.StandbyMA = seconds(2), 100
	case *Entry:
		v.Every, v.Holiday, v.Kind, v.Counts = 1, "play", "study", true
	}
}

func seconds(n int) Duration { return Duration(time.Duration(n) * time.Second) }

func defaults() Config {
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
			MaxTrips: 5, Stale: Duration(100 * time.Millisecond),
		},
		Contactor: Contactor{MoveTime: Duration(300 * time.Millisecond)},
		Projector: Projector{Input: "31", WarmUp: seconds(45), CoolDown: seconds(120)},
		TV:        TV{SetID: 1, Input: "hdmi1", WarmUp: seconds(15)},
		Player:    Player{Program: "mpv", Video: "drm", Audio: "auto"},
		Sound:     Sound{Device: "default"},
		Console:   Console{Baud: 115200},
		Library:   Library{Dir: "/var/lib/stationbox/lessons"},
		Calendar:  Calendar{Holidays: "china", Target: 245, MakeUpFrom: "08:00", MakeUpUntil: "22:00"},
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
	for i := range cfg.Loads {
		l := &cfg.Loads[i]
		if l.Lamp && !c.has(row("load", i)+".cool_time") {
			l.CoolTime = seconds(90)
		}
	}
}
