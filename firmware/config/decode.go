package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// decoder fills the Config from the tree and remembers where each key stood.
type decoder struct {
	ps    *problems
	lines map[string]int // "load[2].relay" -> line; only keys that are in the file
}

// at returns the line of key, or of the nearest section around it.
func (d *decoder) at(key string) int {
	for key != "" {
		if line := d.lines[key]; line > 0 {
			return line
		}
		i := strings.LastIndexByte(key, '.')
		if i < 0 {
			i = strings.LastIndexByte(key, '[')
		}
		key = key[:max(i, 0)]
	}
	return 0
}

func (d *decoder) has(key string) bool { return d.lines[key] > 0 }

func fieldOf(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("toml"); tag == key && tag != "-" {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("toml"); tag != "" && tag != "-" {
			keys = append(keys, tag)
		}
	}
	return keys
}

func (d *decoder) table(into reflect.Value, n *node, path string) {
	for _, key := range n.keys {
		child, name := n.table[key], join(path, key)
		field := fieldOf(into, key)
		if !field.IsValid() {
			d.unknown(into.Type(), child, path, key)
			continue
		}
		d.lines[name] = child.line
		d.value(field, child, name)
	}
}

func (d *decoder) unknown(t reflect.Type, n *node, path, key string) {
	reason, hint := say("config.unknown"), phrase{}
	if path == "" && n.kind != unstable.String && n.table != nil || n.kind == unstable.ArrayTable {
		reason = say("config.unknown_section")
	}
	keys := keysOf(t)
	switch near := nearest(key, keys); {
	case near != "":
		hint = say("config.did_you_mean", "want", near)
	case sectionOf(key) != "":
		hint = say("config.belongs", "section", sectionOf(key))
	default:
		hint = say("config.allowed", "list", strings.Join(keys, ", "))
	}
	d.ps.add(n.line, join(path, key), reason, hint)
}

// sectionOf returns the only section that has key, or "".
func sectionOf(key string) string {
	var found []string
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		section := t.Field(i).Type
		if section.Kind() == reflect.Slice {
			section = section.Elem()
		}
		if section.Kind() != reflect.Struct || t.Field(i).Tag.Get("toml") == "-" {
			continue
		}
		for _, k := range keysOf(section) {
			if k == key {
				found = append(found, t.Field(i).Tag.Get("toml"))
			}
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

func (d *decoder) value(into reflect.Value, n *node, path string) {
	if into.Type() == reflect.TypeFor[Duration]() {
		d.duration(into, n, path)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.section(into, n, path)
	case reflect.Slice:
		d.slice(into, n, path)
	case reflect.String:
		if n.kind != unstable.String {
			d.wrong(n, path, "config.want_text", textIn(path, n.text))
			return
		}
		into.SetString(n.text)
	case reflect.Bool:
		if n.kind != unstable.Bool {
			d.wrong(n, path, "config.want_bool", boolIn(n.text))
			return
		}
		into.SetBool(n.text == "true")
	case reflect.Int:
		v, err := strconv.ParseInt(strings.ReplaceAll(n.text, "_", ""), 0, 32)
		if n.kind != unstable.Integer || err != nil {
			d.wrong(n, path, "config.want_int", intIn(n.text))
			return
		}
		into.SetInt(v)
	case reflect.Float64:
		v, err := strconv.ParseFloat(strings.ReplaceAll(n.text, "_", ""), 64)
		if n.kind != unstable.Float && n.kind != unstable.Integer || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			d.wrong(n, path, "config.want_number", numberIn(n.text))
			return
		}
		into.SetFloat(v)
	}
}

func (d *decoder) section(into reflect.Value, n *node, path string) {
	switch n.kind {
	case unstable.Table:
		d.table(into, n, path)
	case unstable.ArrayTable:
		d.ps.add(n.line, path, say("config.section_once"), say("config.section_once.hint", "key", path))
	default:
		d.ps.add(n.line, path, say("config.not_table"), say("config.not_table.hint", "key", path))
	}
}

func (d *decoder) slice(into reflect.Value, n *node, path string) {
	tables := into.Type().Elem().Kind() == reflect.Struct
	switch {
	case tables && n.kind == unstable.Table:
		d.ps.add(n.line, path, say("config.section_list"), say("config.section_list.hint", "key", path))
		return
	case tables && n.kind != unstable.ArrayTable && n.kind != unstable.Array:
		d.ps.add(n.line, path, say("config.not_table"), say("config.not_table.hint", "key", path))
		return
	case !tables && n.kind != unstable.Array:
		d.wrong(n, path, "config.want_list", "["+n.got()+"]")
		return
	}
	out := reflect.MakeSlice(into.Type(), len(n.list), len(n.list))
	for i, child := range n.list {
		name := fmt.Sprintf("%s[%d]", path, i+1)
		d.lines[name] = child.line
		setDefaults(out.Index(i).Addr().Interface())
		d.value(out.Index(i), child, name)
	}
	into.Set(out)
}

func (d *decoder) duration(into reflect.Value, n *node, path string) {
	v, err := time.ParseDuration(n.text)
	if n.kind == unstable.String && err == nil {
		into.SetInt(int64(v))
		return
	}
	d.wrong(n, path, "config.want_duration", durationIn(n.text))
}

// wrong reports a value of the wrong type and marks the key as seen, so that
// no second message says that it is missing. want "" leaves out the hint.
func (d *decoder) wrong(n *node, path, reason, want string) {
	hint := phrase{}
	if want != "" && n.kind != unstable.Table {
		hint = say("config.write", "want", want)
	}
	d.ps.add(n.line, path, say(reason, "got", n.got()), hint)
}

// textIn quotes what was written; a bare number where a pin belongs is a pin.
func textIn(path, s string) string {
	name, _, _ := strings.Cut(path[strings.LastIndexByte(path, '.')+1:], "[")
	if _, err := strconv.Atoi(s); err == nil && index([]string{"relay", "drive", "aux_no", "aux_nc", "lamp", "buzzer", "rows", "cols"}, name) >= 0 {
		s = "GPIO" + s
	}
	return strconv.Quote(s)
}

func boolIn(s string) string {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1", "是":
		return "true"
	case "false", "no", "off", "0", "否":
		return "false"
	}
	return ""
}

func intIn(s string) string {
	if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && f == float64(int32(f)) {
		return strconv.Itoa(int(f))
	}
	return ""
}

// numberIn returns the number that s begins with, as in "36.65N" or "1.2m".
func numberIn(s string) string {
	return regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?`).FindString(strings.TrimSpace(s))
}

func durationIn(s string) string {
	s = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), " ", "")
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return strconv.Quote(s + "s")
	}
	s = strings.NewReplacer("minutes", "m", "minute", "m", "min", "m", "seconds", "s", "second", "s", "sec", "s",
		"hours", "h", "hour", "h", "分钟", "m", "分", "m", "小时", "h", "毫秒", "ms", "秒", "s").Replace(s)
	if _, err := time.ParseDuration(s); err == nil {
		return strconv.Quote(s)
	}
	return `"10s", "5m"`
}
