package config

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *checker) displays() {
	c.projector()
	c.tv()
}

func (c *checker) projector() {
	p, known := &c.cfg.Projector, projectorTongues()
	c.kind("projector.kind", p.Kind, known)
	if p.Kind == "" {
		return
	}
	c.fedBy("projector.load", p.Load)
	c.times("projector.warm_up", p.WarmUp, 0, 10*time.Minute)
	c.times("projector.cool_down", p.CoolDown, time.Second, 30*time.Minute)
	c.ints("projector.lamp_life", p.LampLife, 0, 100000)
	c.ints("projector.filter_life", p.FilterLife, 0, 100000)
	c.onMA("projector.on_ma", p.OnMA, p.Load)
	if _, ok := known[p.Kind]; !ok {
		c.somewhere("projector.address", "10.0.0.5:4352", p.Address, p.Port)
		return
	}
	if p.Kind != "pjlink" && !c.has("projector.input") {
		p.Input = "hdmi1"
	}
	first := p.Ways()[0]
	c.way("projector", &first, known)
	p.Address, p.Baud, p.Model = first.Address, first.Baud, first.Model
	c.then("projector", p.Then, p.Input, known)
}

func (c *checker) tv() {
	tv, known := &c.cfg.TV, tvTongues()
	for _, keys := range []*[]string{&tv.KeysOn, &tv.KeysOff, &tv.KeysToggle, &tv.KeysInput} {
		if len(*keys) == 0 {
			*keys = nil // [] is as good as nothing
		}
	}
	c.kind("tv.kind", tv.Kind, known)
	if tv.Kind == "" {
		return
	}
	c.fedBy("tv.load", tv.Load)
	c.times("tv.warm_up", tv.WarmUp, 0, 10*time.Minute)
	c.onMA("tv.on_ma", tv.OnMA, tv.Load)
	c.socket()
	if _, ok := known[tv.Kind]; !ok {
		c.somewhere("tv.port", "/dev/ttyUSB0", tv.Address, tv.Port, tv.Device)
		return
	}
	first := tv.Ways()[0]
	c.way("tv", &first, known)
	tv.Address, tv.Baud, tv.Model, tv.Device = first.Address, first.Baud, first.Model, first.Device
	c.then("tv", tv.Then, tv.Input, known)
}

// somewhere wants a display of a kind that is misspelt to be anywhere at all.
func (c *checker) somewhere(key, example string, places ...string) {
	if strings.Join(places, "") == "" {
		c.required(key, "", example)
	}
}

// kind checks the kind of a display, or of a way to it.
func (c *checker) kind(key, kind string, known map[string]tongue) {
	words := slices.Sorted(maps.Keys(known))
	if !strings.Contains(key, "[") {
		words = append(words, "")
	}
	c.choice(key, kind, words...)
}

// then checks the further ways; what they leave out is as with the first.
func (c *checker) then(section string, list []Way, input string, known map[string]tongue) {
	if len(list) > 7 {
		c.bad(section+".then", say("config.ways_many"), phrase{})
	}
	for i := range list {
		w, key := &list[i], wayKey(section, i+1)
		if !c.required(key+".kind", w.Kind, "cec") {
			continue
		}
		c.kind(key+".kind", w.Kind, known)
		t, ok := known[w.Kind]
		if !ok {
			continue
		}
		if !c.has(key+".set_id") && t.ids[0] > 0 || section == "tv" && !c.has(key+".set_id") && w.Kind == "mdc" {
			w.SetID = 1
		}
		if w.Input == "" {
			w.Input = t.usual(input)
		}
		c.way(key, w, known)
	}
}

// usual is the input of a further way that names none.
func (t tongue) usual(first string) string {
	switch {
	case slices.Contains(t.inputs, first), t.inputs == nil && first != "this":
		return first
	case slices.Contains(t.inputs, "this"):
		return "this"
	}
	return "hdmi1"
}

// way checks one way and fills in what is usual for its kind.
func (c *checker) way(key string, w *Way, known map[string]tongue) {
	t := known[w.Kind]
	c.foreign(key, *w, t)
	model := c.modelOf(key, w)
	if model != nil {
		t.baud = cmpOr(model.Baud, 9600)
		t.port, t.tcp = model.Transport == "serial", ""
		if model.Transport == "tcp" {
			t.tcp = noPort
			if model.TCPPort > 0 {
				t.tcp = strconv.Itoa(model.TCPPort)
			}
		}
		t.inputs = slices.Sorted(maps.Keys(model.Input))
	}
	c.reachable(key, w, t)
	if t.ids != [2]int{} {
		c.ints(key+".set_id", w.SetID, t.ids[0], t.ids[1])
	}
	if t.keys {
		c.remote(key, w)
	}
	if t.inputs == nil && t.code == "" {
		return // the model has none, or could not be read
	}
	if !slices.Contains(t.inputs, w.Input) && (t.code == "" || !regexp.MustCompile(t.code).MatchString(w.Input)) {
		list := make([]string, 0, len(t.inputs)+1)
		for _, in := range t.inputs {
			list = append(list, strconv.Quote(in))
		}
		if t.example != "" {
			list = append(list, t.example)
		}
		c.bad(key+".input", say("config.choice", "got", strconv.Quote(w.Input)), say("config.allowed", "list", strings.Join(list, ", ")))
	}
}

func cmpOr(v, other int) int {
	if v == 0 {
		return other
	}
	return v
}

// foreign reports keys that a kind of way does not take: they would be silently
// without effect.
func (c *checker) foreign(key string, w Way, t tongue) {
	for _, k := range []struct {
		name  string
		set   bool
		takes bool
	}{
		{"address", w.Address != "", t.tcp != ""},
		{"port", w.Port != "", t.port},
		{"baud", w.Baud != 0, t.port},
		{"device", w.Device != "", t.device != ""},
		{"password", w.Password != "", t.pass},
		{"set_id", w.SetID > 1, t.ids != [2]int{}},
		{"model", w.Model != "", w.Kind == "other"},
		{"probe", w.Probe, t.probe},
		{"keys_on", len(w.KeysOn) > 0, t.keys},
		{"keys_off", len(w.KeysOff) > 0, t.keys},
		{"keys_toggle", len(w.KeysToggle) > 0, t.keys},
		{"keys_input", len(w.KeysInput) > 0, t.keys},
	} {
		if k.set && !k.takes && c.has(key+"."+k.name) {
			c.bad(key+"."+k.name, say("config.way_foreign", "kind", strconv.Quote(w.Kind)), say("config.way_foreign.hint"))
		}
	}
}

// reachable wants one place: an address, a serial line or a device file.
func (c *checker) reachable(key string, w *Way, t tongue) {
	switch {
	case t.device != "":
		if w.Device == "" {
			w.Device = t.device
		}
		if !strings.HasPrefix(w.Device, "/") {
			c.bad(key+".device", say("config.way_device", "got", strconv.Quote(w.Device)), say("config.write", "want", strconv.Quote(t.device)))
		}
	case w.Address != "" && w.Port != "" && t.tcp != "" && t.port:
		c.bad(key+".address", say("config.way_both"), say("config.way_both.hint"))
	case w.Address != "" && t.tcp != "", t.tcp != "" && !t.port:
		c.address(key+".address", w, t.tcp)
	case t.port:
		if w.Baud == 0 {
			w.Baud = t.baud
		}
		if w.Baud != 0 {
			c.baud(key+".baud", w.Baud)
		}
		c.required(key+".port", w.Port, "/dev/ttyUSB0")
	}
}

// noPort stands for the usual TCP port of what has none: the address names it.
const noPort = "-"

// address checks the network address of a way and adds its usual port.
func (c *checker) address(key string, w *Way, port string) {
	example := "10.0.0.5:" + port
	if port == noPort {
		example = "10.0.0.5:8000"
	}
	if !c.required(key, w.Address, example) {
		return
	}
	full, ok := hostPort(w.Address, port)
	if !ok || port == noPort && full != w.Address {
		c.bad(key, say("config.address", "got", strconv.Quote(w.Address)), say("config.write", "want", strconv.Quote(example)))
		return
	}
	w.Address = full
}

// remote checks the keys of a remote control as far as their form goes.
func (c *checker) remote(key string, w *Way) {
	if len(w.KeysToggle) == 0 && (len(w.KeysOn) == 0 || len(w.KeysOff) == 0) {
		c.bad(key+".keys_on", say("config.way_keys"), say("config.way_keys.hint"))
	}
	form := regexp.MustCompile(`^([a-z0-9_-]+:0[xX][0-9A-Fa-f]{1,8}|raw(@[0-9]{4,6})?:[0-9]+(,[0-9]+)*)$`)
	for _, row := range []struct {
		name string
		keys []string
	}{{"keys_on", w.KeysOn}, {"keys_off", w.KeysOff}, {"keys_toggle", w.KeysToggle}, {"keys_input", w.KeysInput}} {
		for _, k := range row.keys {
			if !form.MatchString(k) {
				c.bad(key+"."+row.name, say("config.way_key", "got", strconv.Quote(k)), say("config.write", "want", `"nec:0x408", "raw:9000,4500,560"`))
			}
		}
	}
}

// onMA checks the current that proves a display to be on.
func (c *checker) onMA(key string, v int, name string) {
	l, ok := c.cfg.LoadNamed(name)
	if v == 0 || !ok {
		return
	}
	c.ints(key, v, 1, 20000)
	switch {
	case l.Channel == 0:
		c.bad(key, say("config.on_ma_blind", "load", strconv.Quote(name)), say("config.on_ma_blind.hint"))
	case v <= l.StandbyMA:
		c.bad(key, say("config.on_ma_low", "got", v, "standby", l.StandbyMA), say("config.on_ma_low.hint"))
	}
}

// socket lets mains be taken from a TV as the last resort, never from a lamp.
func (c *checker) socket() {
	tv := c.cfg.TV
	l, ok := c.cfg.LoadNamed(tv.Load)
	switch {
	case !tv.Socket || !ok:
	case l.Lamp, c.cfg.Projector.Kind != "" && c.cfg.Projector.Load == tv.Load:
		c.bad("tv.socket", say("config.socket_lamp", "load", strconv.Quote(tv.Load)), say("config.socket_lamp.hint"))
	case l.AlwaysOn:
		c.bad("tv.socket", say("config.socket_always", "load", strconv.Quote(tv.Load)), say("config.socket_always.hint"))
	}
}

// modelMost bounds the file of a model.
const modelMost = 64 << 10

// modelOf reads the model of a way of kind "other" and reports its mistakes with
// their lines; nil when there is none.
func (c *checker) modelOf(key string, w *Way) *Model {
	if w.Kind != "other" {
		return nil
	}
	key += ".model"
	if !c.required(key, w.Model, "sharp-aquos.toml") {
		return nil
	}
	c.abs(&w.Model)
	info, err := os.Stat(w.Model)
	if err == nil && info.Size() > modelMost {
		c.bad(key, say("config.model_large", "got", w.Model), phrase{})
		return nil
	}
	data, err := os.ReadFile(w.Model)
	if err != nil {
		c.bad(key, say("config.no_file", "got", w.Model), say("config.model.hint"))
		return nil
	}
	m, found := ParseModel(data)
	for _, p := range found {
		p.Key = key + " (" + filepath.Base(w.Model) + ":" + strconv.Itoa(p.Line) + ") " + p.Key
		p.Line = c.at(key)
		c.ps.list = append(c.ps.list, p)
		c.used[key] = true
	}
	if len(found) > 0 {
		return nil
	}
	if c.cfg.Models == nil {
		c.cfg.Models = map[string]*Model{}
	}
	c.cfg.Models[w.Model] = m
	return m
}
