package config

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a card without zone files must still know its own zone

	"stationbox/firmware/text"
)

// Load reads and checks the file at path. The error is an *Invalid with every
// mistake, or says why the file cannot be read. Paths in the Config are
// absolute; remarks are in Warnings.
func Load(path string) (*Config, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	data, err := os.ReadFile(abs)
	if err != nil {
		ps := &problems{}
		why := err
		if pe, ok := err.(*os.PathError); ok {
			why = pe.Err
		}
		ps.add(0, "", say("config.read", "why", why), say(""))
		return nil, &Invalid{File: path, Problems: ps.sorted()}
	}
	cfg, found := Parse(data, filepath.Dir(abs))
	if len(Errors(found)) > 0 {
		return nil, &Invalid{File: path, Problems: found}
	}
	return cfg, nil
}

// Parse checks data as the content of a file in the folder dir. All problems
// come at once, ordered by line; the Config is to be used only when
// Errors(problems) is empty.
func Parse(data []byte, dir string) (*Config, []Problem) {
	cfg := &Config{}
	setDefaults(cfg)
	ps := &problems{}
	d := &decoder{ps: ps, lines: map[string]int{}}
	root, broken := parseTree(data, ps)
	d.table(reflect.ValueOf(cfg).Elem(), root, "")
	c := &checker{decoder: d, cfg: cfg, dir: dir, broken: broken, used: map[string]bool{}}
	for _, p := range ps.list {
		c.used[p.Key] = true
	}
	c.all()
	found := ps.sorted()
	for _, p := range found {
		if p.Warning {
			cfg.Warnings = append(cfg.Warnings, p)
		}
	}
	return cfg, found
}

// Location returns the zone of the station, never nil.
func (c *Config) Location() *time.Location {
	if c.zone == nil {
		if zone, err := time.LoadLocation(c.Station.Zone); err == nil {
			return zone
		}
		return time.UTC
	}
	return c.zone
}

// GuardSocket returns the path of the guard's socket.
func (c *Config) GuardSocket() string { return filepath.Join(c.Station.RunDir, "guard.sock") }

// CommandSocket returns the path of the station's command socket.
func (c *Config) CommandSocket() string { return filepath.Join(c.Station.RunDir, "station.sock") }

// JournalDir returns the folder of the journal.
func (c *Config) JournalDir() string { return filepath.Join(c.Station.StateDir, "journal") }

// LoadNamed returns the load called name.
func (c *Config) LoadNamed(name string) (Outlet, bool) {
	for _, l := range c.Loads {
		if l.Name == name {
			return l, true
		}
	}
	return Outlet{}, false
}

// Weekdays returns the days of e; words that are no day are left out.
func (e Entry) Weekdays() []time.Weekday {
	var days []time.Weekday
	for _, d := range e.Days {
		if i := index(dayNames(), d); i >= 0 {
			days = append(days, time.Weekday((i+1)%7))
		}
	}
	return days
}

// Clock returns At as the time since midnight on the wall clock, and false when
// it is no time of day.
func (e Entry) Clock() (time.Duration, bool) {
	parts := strings.Split(e.At, ":")
	if len(parts) != 2 && len(parts) != 3 {
		return 0, false
	}
	limits := [3]int{23, 59, 59}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || len(p) != 2 || v < 0 || v > limits[i] {
			return 0, false
		}
		n[i] = v
	}
	return time.Duration(n[0])*time.Hour + time.Duration(n[1])*time.Minute + time.Duration(n[2])*time.Second, true
}

func dayNames() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }

func index(list []string, s string) int {
	for i, v := range list {
		if v == s {
			return i
		}
	}
	return -1
}

// hostPort reports whether s is a host with a port, the port being optional
// when there is a default.
func hostPort(s, port string) (string, bool) {
	if s == "" || strings.ContainsAny(s, " /") {
		return s, false
	}
	host, p, err := net.SplitHostPort(s)
	if err != nil {
		return net.JoinHostPort(strings.Trim(s, "[]"), port), strings.Count(s, ":") != 1
	}
	n, err := strconv.Atoi(p)
	return s, err == nil && host != "" && n > 0 && n < 65536
}

// Describe checks the file at path and returns what `station check` prints in
// the language of c: each problem on its own line, then the verdict. It is ok
// when there are no mistakes; remarks may be among the problems then.
func Describe(path string, c *text.Catalogue) (report string, found []Problem, ok bool) {
	cfg, err := Load(path)
	var bad *Invalid
	if errors.As(err, &bad) {
		return bad.In(c) + "\n", bad.Problems, false
	}
	if err != nil { // Load has no other error
		return err.Error() + "\n", nil, false
	}
	lines := (&Invalid{File: path, Problems: cfg.Warnings}).lines(func(p Problem) string { return p.In(c) })
	return strings.Join(append(lines, c.Say("config.fine")), "\n") + "\n", cfg.Warnings, true
}
