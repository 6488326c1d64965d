package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// checker judges the values. A key that already has a problem gets no second.
type checker struct {
	*decoder
	cfg    *Config
	dir    string
	broken []string        // lines that were no TOML: missing keys may be on them
	used   map[string]bool // keys that have a problem
}

func row(section string, i int) string { return fmt.Sprintf("%s[%d]", section, i+1) }

func (c *checker) bad(key string, reason, hint phrase) {
	if c.used[key] {
		return
	}
	c.used[key] = true
	c.ps.add(c.at(key), key, reason, hint)
}

func (c *checker) remark(key string, reason, hint phrase) {
	if !c.used[key] {
		c.ps.warn(c.at(key), key, reason, hint)
	}
}

func (c *checker) all() {
	c.late()
	c.station()
	c.mains()
	c.loads()
	c.displays()
	c.panel()
	c.pins()
	c.ports()
	c.rest()
	c.lesson()
	c.schedule()
	c.dish()
	c.paths()
}

// required reports a missing or empty key; example is what to write.
func (c *checker) required(key, value, example string) bool {
	if value != "" {
		return true
	}
	if !c.lost(key) {
		i := strings.LastIndexByte(key, '.')
		section, name := key[:i], key[i+1:]
		c.bad(key, say("config.required"), say("config.required.hint", "section", section, "want", name+" = "+strconv.Quote(example)))
	}
	return false
}

// lost reports whether a missing key may stand on a line that is no TOML, which
// has its own message already.
func (c *checker) lost(key string) bool {
	section, name := key[:strings.LastIndexByte(key, '.')], key[strings.LastIndexByte(key, '.')+1:]
	section, _, _ = strings.Cut(section, "[")
	for _, line := range c.broken {
		if !c.has(key) && (strings.Contains(line, name) || strings.Contains(line, section)) {
			return true
		}
	}
	return false
}

func (c *checker) ints(key string, v, low, high int) {
	if v < low || v > high {
		c.bad(key, say("config.range", "got", v, "low", low, "high", high), phrase{})
	}
}

func (c *checker) times(key string, v Duration, low, high time.Duration) {
	if v.D() < low || v.D() > high {
		c.bad(key, say("config.range", "got", v, "low", low, "high", high), phrase{})
	}
}

func (c *checker) choice(key, v string, words ...string) {
	if index(words, v) >= 0 {
		return
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	hint := say("config.allowed", "list", strings.Join(quoted, ", "))
	if near := nearest(v, words); near != "" {
		hint = say("config.did_you_mean", "want", strconv.Quote(near))
	}
	c.bad(key, say("config.choice", "got", strconv.Quote(v)), hint)
}

func (c *checker) baud(key string, v int) {
	list := []string{"1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200", "230400", "460800", "921600"}
	if index(list, strconv.Itoa(v)) < 0 {
		c.bad(key, say("config.choice", "got", v), say("config.allowed", "list", strings.Join(list, ", ")))
	}
}

func (c *checker) word(key, v string) {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`).MatchString(v) || len(v) > 64 {
		c.bad(key, say("config.station_id", "got", strconv.Quote(v)), phrase{})
	}
}

func (c *checker) station() {
	s := &c.cfg.Station
	if c.required("station.id", s.ID, "370100-014") {
		c.word("station.id", s.ID)
	}
	c.choice("station.language", s.Language, "zh", "en")
	zone, err := time.LoadLocation(s.Zone)
	if err != nil || s.Zone == "" || s.Zone == "Local" {
		c.bad("station.zone", say("config.zone", "got", strconv.Quote(s.Zone)), say("config.zone.hint"))
		return
	}
	c.cfg.zone = zone
}

// pulseGap is how far apart two rising edges of the drive, which alone hold it, may
// be around a silence: one change of each kind before and after. A guard that is
// blind for longer than the drive holds would pulse a contactor that has fallen back on.
const pulseGap = 35 * time.Millisecond

func (c *checker) mains() {
	m, g := c.cfg.Mains, c.cfg.Guard
	c.required("mains.port", m.Port, "/dev/ttyAMA1")
	c.baud("mains.baud", m.Baud)
	c.ints("mains.full_scale", m.FullScale, 400, 4000)
	c.choice("meter.kind", c.cfg.Meter.Kind, "pzem004t", "cse7766", "hlw8032", "")
	if c.cfg.Meter.Kind != "" {
		c.required("meter.port", c.cfg.Meter.Port, "/dev/ttyAMA2")
	}
	c.ints("meter.address", c.cfg.Meter.Address, 1, 248)
	c.ints("guard.good_low", g.GoodLow, 80, 240)
	c.ints("guard.good_high", g.GoodHigh, 200, 300)
	if g.GoodLow >= g.GoodHigh {
		c.bad("guard.good_low", say("config.band"), phrase{})
	}
	c.times("guard.good_time", g.GoodTime, time.Second, time.Hour)
	c.times("guard.slot", g.Slot, 0, time.Hour)
	c.times("guard.min_off", g.MinOff, time.Second, time.Hour)
	c.ints("guard.max_trips", g.MaxTrips, 1, 10)
	c.times("contactor.hold", c.cfg.Contactor.Hold, 60*time.Millisecond, 300*time.Millisecond)
	if c.cfg.UPS.Low != "" && c.cfg.UPS.OnBattery == "" {
		c.bad("ups.low", say("config.ups_low"), say("config.ups_low.hint"))
	}
	c.times("guard.stale", g.Stale, 20*time.Millisecond, 250*time.Millisecond)
	if most := c.cfg.Contactor.Hold.D() - pulseGap; g.Stale.D() > most {
		c.bad("guard.stale", say("config.stale", "got", g.Stale, "hold", c.cfg.Contactor.Hold), say("config.stale.hint", "most", most))
	}
	c.times("contactor.move_time", c.cfg.Contactor.MoveTime, 250*time.Millisecond, 5*time.Second)
	c.choice("guard.arrester", g.Arrester, "tell", "hold")
	c.stages()
}

// abs makes a path of the file absolute against the folder of the file.
func (c *checker) abs(path *string) {
	if *path != "" && !filepath.IsAbs(*path) {
		*path = filepath.Join(c.dir, *path)
	}
}

func (c *checker) paths() {
	cfg := c.cfg
	for _, p := range []*string{&cfg.Station.StateDir, &cfg.Station.RunDir, &cfg.Library.Dir, &cfg.Roster.File, &cfg.Sound.Prompts} {
		c.abs(p)
	}
	c.required("station.state_dir", cfg.Station.StateDir, "/var/lib/stationbox")
	c.required("station.run_dir", cfg.Station.RunDir, "/run/stationbox")
	if n := len(cfg.CommandSocket()); n > 107 {
		c.bad("station.run_dir", say("config.path_long", "got", n), say("config.path_long.hint"))
	}
	if cfg.Roster.File == "" {
		c.remark("roster.file", say("config.no_roster"), say("config.no_roster.hint"))
	} else {
		c.exists("roster.file", cfg.Roster.File, false)
	}
	if cfg.Sound.Prompts != "" {
		c.exists("sound.prompts", cfg.Sound.Prompts, true)
	}
	c.sound()
	c.library()
	if !c.exists("library.dir", cfg.Library.Dir, true) {
		return
	}
	for i, e := range cfg.Schedule {
		if e.File != "" {
			c.exists(row("schedule", i)+".file", filepath.Join(cfg.Library.Dir, e.File), false)
		}
	}
}

// sound wants a device behind every place that is to be heard, and one of its own.
func (c *checker) sound() {
	s := c.cfg.Sound
	c.choice("sound.calls", s.Calls, "room", "village", "both")
	switch {
	case s.Village == "" && (s.Calls == "village" || s.Calls == "both"):
		c.bad("sound.calls", say("config.no_village", "got", s.Calls), say("config.no_village.hint"))
	case s.Village != "" && s.Village == s.Device && s.Device != "none":
		c.bad("sound.village", say("config.same_speaker", "got", s.Village), say("config.same_speaker.hint"))
	}
}

func (c *checker) library() {
	l := c.cfg.Library
	c.required("library.dir", l.Dir, "/var/lib/stationbox/lessons")
	c.choice("library.board", l.Board, "pi4", "pi5", "pi3", "zero2")
	c.ints("library.budget_mb", l.Budget, 0, 4<<20)
	c.ints("library.reserve_mb", l.Reserve, 64, 1<<20)
	c.ints("library.keep_days", l.KeepDays, 1, 366)
}

// exists remarks on a file or folder that is not there: it may still come
// before the lesson, so it stops nothing.
func (c *checker) exists(key, path string, dir bool) bool {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() == dir {
		return true
	}
	kind := "config.no_file"
	if dir {
		kind = "config.no_dir"
	}
	c.remark(key, say(kind, "got", path), say(kind+".hint"))
	return false
}
