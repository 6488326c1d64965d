package village

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/hal/sim/scenario"
	"stationbox/hal/sim/world"
)

// tuning is what a script may set of the world itself, with keys that begin
// with "world.".
type tuning struct {
	WarmUp    time.Duration `toml:"warm_up"` // of the projector
	CoolDown  time.Duration `toml:"cool_down"`
	TVWarmUp  time.Duration `toml:"tv_warm_up"`
	Volts     float64       `toml:"volts"`
	THD       float64       `toml:"thd"` // per cent
	LampHours float64       `toml:"lamp_hours"`
	AutoOn    bool          `toml:"auto_on"`            // the lamp strikes when mains comes
	MuteTV    bool          `toml:"tv_mute_in_standby"` // says nothing in standby
}

// outlets are the loads in the order of their current channels.
type outlet struct {
	name, relay string
	kind        world.LoadKind
	amps        float64
	order       int // place in the order of switching on
}

func outlets() []outlet {
	return []outlet{
		{"projector", "GPIO13", world.ProjectorLoad, 0, 2},
		{"tv", "GPIO6", world.TVLoad, 0, 1},
		{"receiver", "GPIO5", world.Plain, 0.11, 0},
		{"speakers", "GPIO19", world.Plain, 0.25, 3},
	}
}

// The pins of the village.
const (
	pinDrive, pinAuxNO, pinAuxNC = "GPIO17", "GPIO27", "GPIO22"
	pinLamp, pinBuzzer           = "GPIO21", "GPIO26"
	pinPresent                   = "GPIO9"
	pinBattery, pinLow           = "GPIO18", "GPIO11"
)

func panelRows() [4]string { return [4]string{"GPIO23", "GPIO24", "GPIO25", "GPIO8"} }
func panelCols() [4]string { return [4]string{"GPIO7", "GPIO12", "GPIO16", "GPIO20"} }

// members are the people on the roster of the village.
func members() []firmware.Member {
	names := []string{"王秀英", "李建国", "张桂兰", "刘德福", "陈小梅", "赵铁柱", "孙玉珍", "周长河"}
	numbers := []int{1, 2, 3, 5, 8, 12, 21, 35}
	list := make([]firmware.Member, len(names))
	for i := range names {
		list[i] = firmware.Member{Number: numbers[i], Name: names[i], Branch: "王家村支部", Household: fmt.Sprintf("%d组%d号", i/4+1, i/2+1)}
	}
	return list
}

// wirePath is where the far end of a wire shows itself.
func (v *Village) wirePath(name string) string { return filepath.Join(v.dir, "wires", name) }

// configure makes the configuration of the village with what the script sets;
// ports that are not known yet come later.
func (v *Village) configure() error {
	v.cfg = v.baseConfig()
	v.tuning = tuning{WarmUp: 8 * time.Second, CoolDown: 8 * time.Second, TVWarmUp: 3 * time.Second, LampHours: 1234}
	var errs []error
	for _, s := range v.o.Script.Sets {
		if err := v.apply(s); err != nil {
			errs = append(errs, &scenario.Error{Line: s.Line, Text: err.Error()})
		}
	}
	return errors.Join(errs...)
}

func (v *Village) apply(s scenario.Set) error {
	if key, ok := strings.CutPrefix(s.Key, "world."); ok {
		return setKey(reflect.ValueOf(&v.tuning).Elem(), []string{key}, s.Value)
	}
	return setKey(reflect.ValueOf(&v.cfg).Elem(), strings.Split(s.Key, "."), s.Value)
}

func seconds(n float64) config.Duration { return config.Duration(n * float64(time.Second)) }

// baseConfig is a village in a hurry: a real one waits longer everywhere.
func (v *Village) baseConfig() config.Config {
	rows, cols := panelRows(), panelCols()
	sound := v.o.Sound
	if sound == "" {
		sound = "none"
	}
	c := config.Default()
	c.Station.ID, c.Station.Name, c.Station.Language = "370100-014", "王家村远程教育站点", v.words.Lang()
	c.Station.StateDir, c.Station.RunDir = filepath.Join(v.dir, "state"), filepath.Join(v.dir, "run")
	c.Clock.RTC, c.Clock.SystemBound = "", seconds(1) // the host keeps the time
	c.GPIO.Chip = "unix:" + v.wirePath("pins")
	c.Mains.Port, c.Mains.Present = v.wirePath("frontend"), pinPresent
	c.UPS = config.UPS{OnBattery: pinBattery, Low: pinLow}
	c.Meter = config.Meter{Kind: "pzem004t", Port: v.wirePath("meter"), Address: 1}
	c.Guard.GoodTime, c.Guard.Slot = seconds(3), 0 // there is no other village
	c.Guard.MinOff, c.Guard.Stale = seconds(5), seconds(0.215)
	c.Contactor.Drive, c.Contactor.AuxNO, c.Contactor.AuxNC, c.Contactor.Hold = pinDrive, pinAuxNO, pinAuxNC, seconds(0.25)
	c.Loads = baseLoads()
	c.Projector.Kind, c.Projector.Load, c.Projector.WarmUp, c.Projector.CoolDown = "pjlink", "projector", seconds(10), seconds(10)
	c.TV.Kind, c.TV.Port, c.TV.Load, c.TV.WarmUp = "lg", v.wirePath("tv"), "tv", seconds(6)
	c.Panel = config.Panel{Rows: rows[:], Cols: cols[:], Lamp: pinLamp, Buzzer: pinBuzzer}
	c.Player.Video, c.Player.Audio = "x11", "null"
	c.Player.Args = []string{fmt.Sprintf("--geometry=%dx%d+0+0", screenWidth, screenHeight)}
	c.Sound.Device = sound
	c.Console.Port = v.wirePath("console")
	c.Library.Dir, c.Roster.File = filepath.Join(v.dir, "library"), filepath.Join(v.dir, "roster.csv")
	v.dishConfig(&c.Dish)
	c.Lesson = config.Lesson{ReadyBefore: seconds(25), BellBefore: seconds(10), WarmMargin: seconds(5), LateLimit: seconds(60)}
	return c
}

func baseLoads() []config.Outlet {
	all := outlets()
	loads := make([]config.Outlet, len(all))
	for i, o := range all {
		l := config.DefaultOutlet()
		l.Name, l.Relay, l.Channel, l.OnDelay = o.name, o.relay, i+1, seconds(0.5)
		if o.kind == world.ProjectorLoad {
			l.Lamp, l.CoolTime = true, seconds(10)
		}
		loads[o.order] = l
	}
	return loads
}

// scheduleScript turns the lessons of the script into rows of the schedule.
func (v *Village) scheduleScript() {
	for i, l := range v.o.Script.Lessons {
		v.rows = append(v.rows, v.row(fmt.Sprintf("lesson-%d", i+1), v.clock.real(l.At), l))
	}
}

// row is a lesson at a real time as a row of the weekly schedule: with the
// weekday that it has in the zone of the station, also past midnight.
func (v *Village) row(id string, at time.Time, l scenario.Lesson) config.Entry {
	at = at.In(v.zone())
	e := config.DefaultEntry()
	e.ID, e.Title, e.File, e.Duration = id, l.Title, l.File, config.Duration(l.Length)
	e.Days, e.At = []string{strings.ToLower(at.Weekday().String()[:3])}, at.Format("15:04:05")
	if l.Live {
		e.Kind, e.URL, e.File = "live", v.headend.address(), l.Spare
	}
	return e
}

// zone is that of the station, or the one without surprises.
func (v *Village) zone() *time.Location {
	zone, err := time.LoadLocation(v.cfg.Station.Zone)
	if err != nil {
		return time.FixedZone("CST", 8*3600)
	}
	return zone
}

// configPath is the file that guard and station read.
func (v *Village) configPath() string { return filepath.Join(v.dir, "station.toml") }

// writeConfig writes station.toml and the roster as they should be now.
func (v *Village) writeConfig() error {
	cfg := v.cfg
	v.mu.Lock()
	cfg.Schedule = slices.Clone(v.rows)
	v.mu.Unlock()
	data, err := toml.Marshal(tree(reflect.ValueOf(cfg)))
	if err != nil {
		return fmt.Errorf("station.toml: %w", err)
	}
	if err := replaceFile(v.configPath(), data); err != nil {
		return err
	}
	var roster strings.Builder
	roster.WriteString("number,name,branch,household\n")
	for _, m := range members() {
		fmt.Fprintf(&roster, "%d,%s,%s,%s\n", m.Number, m.Name, m.Branch, m.Household)
	}
	return replaceFile(cfg.Roster.File, []byte(roster.String()))
}

func replaceFile(name string, data []byte) error {
	if err := os.WriteFile(name+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// tree turns a configuration into tables: everything, also what is zero, which
// may differ from a default. Empty lists say nothing.
func tree(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		table := map[string]any{}
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("toml")
			empty := v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0
			if name != "" && name != "-" && !empty {
				table[name] = tree(v.Field(i))
			}
		}
		return table
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = tree(v.Index(i))
		}
		return list
	}
	if d, ok := v.Interface().(config.Duration); ok {
		return d.D().String()
	}
	return v.Interface()
}

// setKey sets the field that path leads to. A list of named tables is entered
// by name: load.projector.cool_time.
func setKey(v reflect.Value, path []string, value string) error {
	if len(path) == 0 {
		return setValue(v, value)
	}
	switch v.Kind() {
	case reflect.Struct:
		field, ok := fieldNamed(v, path[0])
		if !ok {
			return fmt.Errorf("set: there is no key %q here: one of %s", path[0], strings.Join(keys(v), " "))
		}
		return setKey(field, path[1:], value)
	case reflect.Slice:
		for i := range v.Len() {
			if name, ok := fieldNamed(v.Index(i), "name"); ok && name.String() == path[0] {
				return setKey(v.Index(i), path[1:], value)
			}
		}
		return fmt.Errorf("set: nothing is called %q here", path[0])
	}
	return fmt.Errorf("set: nothing below it is called %q", path[0])
}

func fieldNamed(v reflect.Value, name string) (reflect.Value, bool) {
	if v.Kind() != reflect.Struct {
		return reflect.Value{}, false
	}
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("toml"); tag == name && tag != "-" {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func keys(v reflect.Value) []string {
	var list []string
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("toml"); tag != "" && tag != "-" {
			list = append(list, tag)
		}
	}
	return list
}

func setValue(v reflect.Value, value string) error {
	switch v.Interface().(type) {
	case config.Duration, time.Duration:
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("set: %q is not a length of time such as 10s", value)
		}
		v.SetInt(int64(d))
		return nil
	case []string:
		v.Set(reflect.ValueOf(strings.Split(value, ",")))
		return nil
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(value)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(value)
		v.SetBool(b)
	case reflect.Int:
		var n int64
		n, err = strconv.ParseInt(value, 10, 32)
		v.SetInt(n)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(value, 64)
		v.SetFloat(f)
	default:
		return errors.New("set: this is not a single value")
	}
	if err != nil {
		return fmt.Errorf("set: %q does not fit: a %v is wanted", value, v.Kind())
	}
	return nil
}
