// Package config turns station.toml into a checked Config. An unknown key, a
// missing value and a value that cannot be are errors with the line, the reason
// and a suggestion; all of them are reported at once and nothing is started.
// It opens no device and reads no environment.
package config

import (
	"fmt"
	"time"
)

// Duration is a time.Duration written like "1m30s" in the file.
type Duration time.Duration

// D returns d as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String returns d as it is written in the file.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes d as it is written in the file.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote; a number without a unit is an
// error.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("duration %q: want a time with its unit such as 10s", b)
	}
	*d = Duration(v)
	return nil
}

// Config is one station, for guard and station alike. Paths are absolute or
// relative to the folder of the file; Load makes them absolute.
type Config struct {
	Station   Station   `toml:"station"`
	GPIO      GPIO      `toml:"gpio"`
	Mains     Mains     `toml:"mains"`
	Meter     Meter     `toml:"meter"`
	Guard     Guard     `toml:"guard"`
	UPS       UPS       `toml:"ups"`
	Contactor Contactor `toml:"contactor"`
	Loads     []Outlet  `toml:"load"`
	Projector Projector `toml:"projector"`
	TV        TV        `toml:"tv"`
	Panel     Panel     `toml:"panel"`
	Player    Player    `toml:"player"`
	Side      Side      `toml:"side"`
	Sound     Sound     `toml:"sound"`
	Console   Console   `toml:"console"`
	Page      Page      `toml:"page"`
	Library   Library   `toml:"library"`
	Live      Live      `toml:"live"`
	Roster    Roster    `toml:"roster"`
	Lesson    Lesson    `toml:"lesson"`
	Exercise  Exercise  `toml:"exercise"`
	Clock     Clock     `toml:"clock"`
	Calendar  Calendar  `toml:"calendar"`
	Dish      Dish      `toml:"dish"`
	Schedule  []Entry   `toml:"schedule"`

	// Models are the files that ways of kind "other" name, by their path.
	Models map[string]*Model `toml:"-"`

	// Warnings are what Load found that starts nothing wrong but should be
	// known: a video that is not there yet, a station without a roster.
	Warnings []Problem `toml:"-"`

	zone *time.Location
}

// Station names the station and its folders.
type Station struct {
	ID       string `toml:"id"`        // "370100-014", letters, digits and dashes
	Name     string `toml:"name"`      // shown to people
	Zone     string `toml:"zone"`      // IANA zone, default "Asia/Shanghai"
	Language string `toml:"language"`  // "zh" (default) or "en"
	StateDir string `toml:"state_dir"` // journal and other durable files
	RunDir   string `toml:"run_dir"`   // sockets and files that need not survive a reboot
}

// GPIO says where the pins are.
type GPIO struct {
	// Chip is "/dev/gpiochip0" for lines of this kernel, or "unix:PATH" for a pin server.
	Chip string `toml:"chip"`
}

// Mains is the wave front end on a serial line.
type Mains struct {
	Port      string `toml:"port"`
	Baud      int    `toml:"baud"`       // default 460800
	FullScale int    `toml:"full_scale"` // volts at sample 32768, default 800
	Present   string `toml:"present"`    // pin of a mains-present module, low while mains is there; "" if not wired
}

// Meter is the slow energy meter that cross-checks the front end.
type Meter struct {
	Kind    string `toml:"kind"` // "pzem004t", "cse7766", "hlw8032", or "" for none
	Port    string `toml:"port"`
	Address int    `toml:"address"` // of a pzem004t: 1..247, or 248 for "any", default 248
}

// Guard holds limits and times of the power guard. Volts are rms.
type Guard struct {
	GoodLow  int      `toml:"good_low"`  // default 190
	GoodHigh int      `toml:"good_high"` // default 250
	GoodTime Duration `toml:"good_time"` // unbroken good mains before closing, default 60s
	Slot     Duration `toml:"slot"`      // added to GoodTime; default by the number at the end of the station's id
	MinOff   Duration `toml:"min_off"`   // default 60s
	MaxTrips int      `toml:"max_trips"` // trips within an hour that lock out, default 5
	Stale    Duration `toml:"stale"`     // no sample for this long is blind, default 100ms
	Arrester string   `toml:"arrester"`  // "tell" (default) or "hold": nothing closes without a surge arrester in order
	// Stages; empty means the default table.
	Stages []Stage `toml:"stage"`

	// RandomSlot says that the station has no number yet and takes a random slot.
	RandomSlot bool `toml:"-"`
}

// UPS names the pins of the supply of this computer: contacts that are closed (low)
// while all is well, so that a cut wire alarms; "" if not wired.
type UPS struct {
	OnBattery string `toml:"on_battery"`
	Low       string `toml:"low"`
}

// Stage opens the contactor when the one-cycle rms stays at or above Over, or
// below Under, for After. Exactly one of Over and Under is set.
type Stage struct {
	Over  int      `toml:"over"`
	Under int      `toml:"under"`
	After Duration `toml:"after"`
}

// Contactor names the pins of the main contactor.
type Contactor struct {
	Drive    string   `toml:"drive"`     // retriggerable drive: pulses hold it closed
	AuxNO    string   `toml:"aux_no"`    // auxiliary contact, closed (low) when the contactor is closed
	AuxNC    string   `toml:"aux_nc"`    // mirror contact, closed (low) when it is open; "" if not wired
	MoveTime Duration `toml:"move_time"` // command to auxiliary contact, default 300ms
	Hold     Duration `toml:"hold"`      // least time that the drive holds after a pulse, default 136ms
}

// Outlet is one relay-switched load, in the order in which loads are switched on.
type Outlet struct {
	Name      string   `toml:"name"`       // "tv", "projector", "receiver", …; unique
	Relay     string   `toml:"relay"`      // pin
	Channel   int      `toml:"channel"`    // current channel of the front end, 1..4; 0 none
	OnDelay   Duration `toml:"on_delay"`   // after the load before it, default 2s
	Lamp      bool     `toml:"lamp"`       // has a lamp that must cool: off only after proof of standby
	StandbyMA int      `toml:"standby_ma"` // standby current at most this, default 100
	CoolTime  Duration `toml:"cool_time"`  // minimum cool-down after lamp off, default 90s when Lamp
	Operate   Duration `toml:"operate"`    // order to closed contact of its relay, default 8ms
	Release   Duration `toml:"release"`    // order to open contact of its relay, default 4ms
	AlwaysOn  bool     `toml:"always_on"`  // on whenever mains is good, wanted or not
}

// Player is the video player program.
type Player struct {
	Program string   `toml:"program"` // default "mpv"
	Video   string   `toml:"video"`   // mpv's video output: "drm" (default), "x11", "gpu"
	Audio   string   `toml:"audio"`   // mpv's audio device: "auto" (default), "alsa/…", "null"
	Display string   `toml:"display"` // X display for video = "x11", for instance ":7"
	Args    []string `toml:"args"`    // further options, as on mpv's command line

	Connector string `toml:"connector"` // with "drm": "HDMI-A-1"; "" takes the first one that is connected
	Mode      string `toml:"mode"`      // with "drm": "1920x1080@50"; "" takes what the display prefers
	Device    string `toml:"device"`    // with "drm": "/dev/dri/card1"; "" takes the first card with a display
	EDID      string `toml:"edid"`      // with "drm": what the connector is forced to, "1920x1080@50" or a file; "": the display's own
}

// Side is a second screen with a picture of its own: the board with who has come,
// also while the film runs on the first one.
type Side struct {
	Video     string `toml:"video"`     // as in [player]; "" for no second screen (default)
	Display   string `toml:"display"`   // as in [player]
	Device    string `toml:"device"`    // with "drm": a card other than the player's
	Connector string `toml:"connector"` // as in [player]
	Mode      string `toml:"mode"`      // as in [player]
	EDID      string `toml:"edid"`      // as in [player]
}

// Sound is the station's own voice, beside the programme.
type Sound struct {
	Device  string `toml:"device"`  // part of an ALSA device name; "default"; "none" is silent and says so
	Village string `toml:"village"` // the same of the village loudspeaker; "" for none (default)
	Calls   string `toml:"calls"`   // where bell and prompts are heard: "room" (default), "village", "both"
	Prompts string `toml:"prompts"` // folder of spoken prompts (48 kHz mono s16 WAV)

	// Microphone is part of an ALSA device name, "" for none (default). What it hears is
	// never kept: only how loud it is, ten times a second, beside how loud the film is.
	Microphone string `toml:"microphone"`
}

// Console is the technician's line.
type Console struct {
	Port string `toml:"port"` // serial device; "" for none
	Baud int    `toml:"baud"` // default 115200
}

// Live is how live programmes come to the station.
type Live struct {
	Interface string `toml:"interface"` // network card of multicast, "eth0"; "": by the routing table
}

// Library is where the lessons are, what films are checked for, and what gives
// way when there is no room for a new one.
type Library struct {
	Dir      string   `toml:"dir"`
	Board    string   `toml:"board"`      // "pi4" (default), "pi5", "pi3" or "zero2"
	Budget   int      `toml:"budget_mb"`  // MiB that all lessons may take, 0 (default): as much as the reserve leaves
	Reserve  int      `toml:"reserve_mb"` // MiB of the card that stay free, default 1024
	KeepDays int      `toml:"keep_days"`  // films in the calendar of so many days never give way, default 30
	Keep     []string `toml:"keep"`       // nor do these: lessons, or films in dir
}

// Roster is who may sign in.
type Roster struct {
	File string `toml:"file"` // CSV or XLSX: number,name,branch,household,card
}

// Exercise gives mains at regular intervals to equipment that stands idle, as the
// rules of the stations ask, so that damp does not spoil it.
type Exercise struct {
	Every Duration `toml:"every"` // equipment that was off for so long; default 168h, 0: never
	For   Duration `toml:"for"`   // default 20m
	At    string   `toml:"at"`    // time of day, default "10:00"
}

// Clock returns the time of day, and false when it is none.
func (x Exercise) Clock() (time.Duration, bool) { return Entry{At: x.At}.Clock() }

// Lesson holds the times around a lesson.
type Lesson struct {
	ReadyBefore Duration `toml:"ready_before"` // ready check, default 30m
	BellBefore  Duration `toml:"bell_before"`  // bell, call to the roll, attendance opens; default 5m
	WarmMargin  Duration `toml:"warm_margin"`  // added to the warm-up of the slowest display, default 30s
	LateLimit   Duration `toml:"late_limit"`   // start at most this late, default 15m
}
