package config

import (
	_ "embed"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// SatelliteList is the file of satellites.
type SatelliteList struct {
	Date   string      `toml:"date"`   // when somebody last looked at the list as a whole
	Source string      `toml:"source"` // where it is from
	List   []Satellite `toml:"satellite"`
}

// Satellite is where one stands over the equator.
type Satellite struct {
	Name      string  `toml:"name"`
	Also      string  `toml:"also"`      // its other name, "中星6B"
	Longitude Degrees `toml:"longitude"` // east positive
	Date      string  `toml:"date"`      // when it stood there; "": that of the list
}

// Seen returns the day on which the satellite was known to stand there; zero when that
// was not written down, as for a position.
func (s Satellite) Seen() time.Time {
	t, _ := Day(s.Date)
	return t
}

const (
	mostSatelliteFile = 256 << 10
	mostSatellites    = 1000
)

//go:embed satellites.toml
var satelliteFile []byte

// Satellites returns the list that comes with the program.
func Satellites() SatelliteList {
	list, _ := ParseSatellites(satelliteFile) // a test reads it
	return list
}

// ParseSatellites reads a list of satellites. It is to be used only when there are no
// problems.
func ParseSatellites(data []byte) (SatelliteList, []Problem) {
	ps := &problems{}
	var list SatelliteList
	d := &decoder{ps: ps, lines: map[string]int{}}
	root, broken := parseTree(data, ps)
	d.table(reflect.ValueOf(&list).Elem(), root, "")
	c := &checker{decoder: d, broken: broken, used: map[string]bool{}}
	if len(list.List) > mostSatellites {
		c.bad("satellite", say("config.range", "got", len(list.List), "low", 1, "high", mostSatellites), phrase{})
		return SatelliteList{}, ps.sorted()
	}
	for _, p := range ps.list {
		c.used[p.Key] = true
	}
	c.list(&list)
	return list, ps.sorted()
}

func (c *checker) list(list *SatelliteList) {
	c.date("date", list.Date)
	seen := map[string]bool{}
	for i := range list.List {
		s, key := &list.List[i], row("satellite", i)
		c.required(key+".name", s.Name, "ChinaSat 6B")
		if !c.has(key + ".longitude") {
			c.bad(key+".longitude", say("config.required"), say("config.required.hint", "section", "satellite", "want", "longitude = 115.5"))
		}
		c.floats(key+".longitude", float64(s.Longitude), -180, 180)
		c.date(key+".date", s.Date)
		if s.Date == "" {
			s.Date = list.Date
		}
		for _, name := range []string{plainName(s.Name), plainName(s.Also)} {
			if seen[name] && name != "" {
				c.bad(key+".name", say("config.satellite_twice", "got", strconv.Quote(s.Name)), phrase{})
			}
			seen[name] = true
		}
	}
}

// Names returns the names, not the other ones.
func (l SatelliteList) Names() []string {
	var names []string
	for _, s := range l.List {
		names = append(names, s.Name)
	}
	return names
}

// Find returns the satellite of a name, whatever its spaces, dashes and capitals; or
// the position itself that s writes down: "115.5E", "30 W", "东经115.5".
func (l SatelliteList) Find(s string) (Satellite, bool) {
	want := plainName(s)
	for _, sat := range l.List {
		if want != "" && (plainName(sat.Name) == want || plainName(sat.Also) == want) {
			return sat, true
		}
	}
	lon, ok := position(s)
	return Satellite{Name: s, Longitude: lon}, ok
}

// plainName drops what people write differently: "ChinaSat-6B", "中星6b", "中星12号".
func plainName(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "", "号", "").Replace(strings.ToLower(s))
}

// position reads a longitude that says whether it is east or west.
func position(s string) (Degrees, bool) {
	s = strings.NewReplacer(" ", "", "°", "", "度", "").Replace(strings.TrimSpace(s))
	east := regexp.MustCompile(`^(?:东经([0-9.]+)|([0-9.]+)[Ee])$`).FindStringSubmatch(s)
	west := regexp.MustCompile(`^(?:西经([0-9.]+)|([0-9.]+)[Ww])$`).FindStringSubmatch(s)
	sign, m := 1.0, east
	if m == nil {
		sign, m = -1, west
	}
	if m == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(m[1]+m[2], 64)
	return Degrees(math.Copysign(v, sign)), err == nil && v <= 180
}
